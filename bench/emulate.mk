# The emulator on the zoo's jet tagger (../shared; else the example, if it was trained), beside alkaid's.
EMULATE_ZOO := $(wildcard ../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx)
BENCH_PARTS += bench-emulate

$(BUILD)/bench/emulate: bench/emulate.c $(foreach m,sim compiler model data base,$(BUILD)/lib/lib$(m).a)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $< $(filter %.a,$^) $(call pkg_libs,sim compiler model data base) -lpthread -lm

bench-emulate: $(BUILD)/bench/emulate $(BUILD)/sluice ## events a second of the emulator on one core, beside alkaid's
	@if [ -n "$(EMULATE_ZOO)" ]; then \
	    $(BUILD)/sluice compile $(EMULATE_ZOO) --board ulx3s-85f --input-format 'fixed<8,4>' --out $(BUILD)/bench/tagger --quiet && \
	    $(BUILD)/bench/emulate $(BUILD)/bench/tagger/program.sluice $(BUILD)/bench/emulate.d; \
	elif [ -e $(BUILD)/jets/program.sluice ]; then \
	    $(BUILD)/bench/emulate $(BUILD)/jets/program.sluice $(BUILD)/bench/emulate.d; \
	else echo "emulate: neither ../shared nor a trained example is there: not measured"; fi
	@if [ -z "$(EMULATE_ZOO)" ]; then echo "peer: the zoo's tagger is not there: not measured"; \
	elif ! $(BUILD)/venv-peers/bin/python -c 'import alkaid, onnx' 2>/dev/null; then \
	    echo "peer: build/venv-peers has no alkaid or onnx (PyPI): not measured"; \
	else $(BUILD)/venv-peers/bin/python bench/emulate_peer.py $(EMULATE_ZOO) $(BUILD)/bench/emulate.d/peer 2>/dev/null || \
	    echo "peer: the script failed"; fi
.PHONY: bench-emulate
