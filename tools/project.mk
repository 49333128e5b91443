# What a user does with the whole: the demo, a bench, installing, formatting.
PREFIX ?= /usr/local
DESTDIR ?=

demo: $(BUILD)/sluice ## train the jet tagger, verify it, build its bitstream, write the report
	$(BUILD)/sluice all $(JOB)
	@echo; cat $(BUILD)/jets/report.txt; echo; echo "the page: $(BUILD)/jets/report.html   the bitstream: $(BUILD)/jets/build/"

install: $(BUILD)/sluice ## install under PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/sluice/boards/targets $(DESTDIR)$(PREFIX)/share/sluice/rtl $(DESTDIR)$(PREFIX)/share/sluice/sim $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/sluice $(DESTDIR)$(PREFIX)/bin/sluice
	install -m 644 boards/*.json $(DESTDIR)$(PREFIX)/share/sluice/boards/
	install -m 644 boards/targets/*.json $(DESTDIR)$(PREFIX)/share/sluice/boards/targets/
	install -d $(DESTDIR)$(PREFIX)/share/sluice/runtime/soft_core
	install -d $(DESTDIR)$(PREFIX)/share/sluice/hls_templates
	install -m 644 hls_templates/* $(DESTDIR)$(PREFIX)/share/sluice/hls_templates/
	install -m 644 runtime/soft_core/* $(DESTDIR)$(PREFIX)/share/sluice/runtime/soft_core/
	install -m 644 $(wildcard rtl/*.v rtl/*.vh) $(DESTDIR)$(PREFIX)/share/sluice/rtl/
	install -m 644 $(wildcard sim/*.cpp sim/*.v sim/*.h) $(DESTDIR)$(PREFIX)/share/sluice/sim/
	$(BUILD)/sluice --manual > $(DESTDIR)$(PREFIX)/share/man/man1/sluice.1

format: ## clang-format every C file
	clang-format -i $(shell git ls-files '*.c' '*.h')

docs: $(BUILD)/sluice ## make again the pages that come from the code's tables
	$(BUILD)/sluice list keys > docs/reference/job-keys.md
	tools/dependency-table > docs/reference/dependencies.md
	tools/register-map verilog > rtl/registers.vh
	tools/register-map events > rtl/event_registers.vh
	tools/register-map c > runtime/registers.h
	tools/register-map docs > docs/reference/registers.md
	$(BUILD)/sluice list keys >/dev/null && tools/supported-table $(BUILD)/sluice > $(BUILD)/supported.md
	sed -i -e '/<!-- supported -->/,/<!-- end -->/{/<!-- supported -->/!{/<!-- end -->/!d}}' README.md
	sed -i -e '/<!-- supported -->/r $(BUILD)/supported.md' README.md
.PHONY: demo install format docs
