# Register bits of pipelined networks beside level cutting of the same operations at equal latency.
REGISTER_CASES ?= 40 80 120
BENCH_PARTS += bench-registers

$(BUILD)/bench/registers: bench/registers.c $(foreach m,boards compiler model data base,$(BUILD)/lib/lib$(m).a)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(call pkg_cflags,boards) -o $@ $< $(filter %.a,$^) $(call pkg_libs,boards compiler model data base) -lm

bench-registers: $(BUILD)/bench/registers $(BUILD)/sluice ## register bits beside level cutting at equal latency
	@if [ -e "$(EMULATE_ZOO)" ]; then for f in $(REGISTER_CASES); do \
	    $(BUILD)/sluice compile $(EMULATE_ZOO) --board ulx3s-85f --input-format 'fixed<8,4>' --clock-mhz $$f --out $(BUILD)/bench/tagger_$$f --quiet || exit 1; done; \
	    $(BUILD)/bench/registers ecp5 $(REGISTER_CASES:%=$(BUILD)/bench/tagger_%/program.sluice); \
	else echo "registers: the zoo's tagger is not there (../shared): not measured"; fi
	@if [ -e $(BUILD)/jets/train/model.onnx ]; then for f in $(REGISTER_CASES); do \
	    $(BUILD)/sluice compile $(BUILD)/jets/train/model.onnx --board hx8k-evn --clock-mhz $$f --out $(BUILD)/bench/jets_$$f --quiet || exit 1; done; \
	    $(BUILD)/bench/registers ice40-hx $(REGISTER_CASES:%=$(BUILD)/bench/jets_%/program.sluice); \
	else echo "registers: the example is not trained (make demo): not measured"; fi
.PHONY: bench-registers
