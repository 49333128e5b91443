# The emulator on the zoo's jet tagger (../shared; else the example, if it was trained), beside alkaid's.
EMULATE_ZOO := $(wildcard ../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx)
BENCH_PARTS += bench-emulate

$(BUILD)/bench/emulate: bench/emulate.c $(foreach m,sim compiler model data base,$(BUILD)/lib/lib$(m).a)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -o $@ $< $(filter %.a,$^) $(call pkg_libs,sim compiler model data base) -lpthread -lm

bench-emulate: $(BUILD)/bench/emulate $(BUILD)/sluice ## events a second of the emulator on one core, beside alkaid's
	@if [ -n "$(EMULATE_ZOO)" ]; then \
	    $(BUILD)/sluice compile $(EMULATE_ZOO) --board ulx3s-85f --input-format 'fixed<8,4>' --out $(BUILD)/bench/tagger --quiet && \
	    $(BUILD)/bench/emulate $(BUILD)/bench/tagger/program.sluice $(BUILD)/bench/emulation; \
	elif [ -e $(BUILD)/jets/program.sluice ]; then \
	    $(BUILD)/bench/emulate $(BUILD)/jets/program.sluice $(BUILD)/bench/emulation; \
	else echo "emulate: neither ../shared nor a trained example is there: not measured"; fi
	@if [ -z "$(EMULATE_ZOO)" ]; then echo "peer: the zoo's tagger is not there: not measured"; else \
	    test -x $(PEER_VENV)/bin/python || python3 -m venv $(PEER_VENV); \
	    if $(PEER_VENV)/bin/python -c 'import alkaid, onnx' 2>/dev/null || \
	        $(PEER_VENV)/bin/pip install -q numpy onnx 'alkaid>=0.8.0.post1,<0.9' 2>/dev/null; then \
	        $(PEER_VENV)/bin/python bench/emulate_peer.py $(EMULATE_ZOO) $(BUILD)/bench/emulation/peer 2>$(BUILD)/bench/emulate.log || \
	            echo "peer: the script failed: $(BUILD)/bench/emulate.log"; \
	    else echo "peer: pip cannot install numpy, onnx and alkaid: not measured"; fi; fi
.PHONY: bench-emulate
