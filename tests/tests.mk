# The tests: units (plain and under the sanitizers), end-to-end scripts, and the long ones.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all
E2E := $(filter-out tests/e2e/lib.sh,$(wildcard tests/e2e/*.sh))
E2E_LONG := $(wildcard tests/long/*.sh)

test: $(BUILD)/sluice $(RUNTIME)/firmware.hex $(RUNTIME)/firmware_loader.hex unit-bins asan-bins test-tools ## run every test but the long ones
	tests/run $(BUILD)/logs $(TEST_BINS) $(TESTS:tests/unit/%.c=$(BUILD)/asan/unit/%) $(E2E)
test-unit: unit-bins ## run the unit tests alone
	tests/run $(BUILD)/logs $(TEST_BINS)
test-long: $(BUILD)/sluice $(RUNTIME)/firmware.hex $(RUNTIME)/firmware_loader.hex test-tools ## run the long tests
	tests/run $(BUILD)/logs $(E2E_LONG)
# What the tests use and Debian has not, from PyPI, one after the other as two share a folder; without a network the tests skip what needs it.
test-tools: | $(BUILD)/deps.stamp
	@for part in ecp5-tools gowin-tools ice40-tools picorv32; do $(MAKE) --no-print-directory $$part >$(BUILD)/$$part.log 2>&1 || \
	    echo "$$part: cannot be had from PyPI, the tests go on without; see $(BUILD)/$$part.log"; done
prove: ## prove the soft core by bounded model checking (minutes; the AXI-Stream wrapper's proof is in make test)
	tests/run $(BUILD)/logs $(wildcard tests/prove/*.sh)
asan-bins: | $(BUILD)/deps.stamp
	@mkdir -p $(BUILD)/asan && touch $(BUILD)/asan/deps.stamp
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/asan OPT=-O1 SANITIZE='$(SANITIZERS)' unit-bins
.PHONY: test test-unit test-long test-tools prove asan-bins

golden: $(BUILD)/sluice ## rewrite the golden error lines, printing what changes
	GOLDEN=write tests/e2e/errors.sh
	cp tests/golden/report.txt $(BUILD)/report.before
	$(MAKE) $(BUILD)/unit/report/test_report && SLUICE_GOLDEN=update $(BUILD)/unit/report/test_report
	-diff $(BUILD)/report.before tests/golden/report.txt
.PHONY: golden
