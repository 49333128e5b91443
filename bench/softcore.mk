# The zoo's jet tagger (../shared) as C on RV32: our two forms, plain loops, emlearn's generator from PyPI.
SOFTCORE_ZOO := $(wildcard ../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx)
BENCH_PARTS += bench-softcore

bench-softcore: $(BUILD)/sluice ## bytes and instructions an event of generated C on RV32, beside plain loops and emlearn's
	@if [ -z "$(SOFTCORE_ZOO)" ]; then echo "softcore: the zoo's tagger is not there: not measured"; else \
	    test -x $(PEER_VENV)/bin/python || python3 -m venv $(PEER_VENV); \
	    $(PEER_VENV)/bin/python -c 'import emlearn.net' 2>/dev/null || $(PEER_VENV)/bin/pip install -q numpy jinja2 emlearn 2>/dev/null || true; \
	    bench/softcore/measure $(BUILD)/sluice $(SOFTCORE_ZOO) $(PEER_VENV)/bin/python $(BUILD)/bench/softcore; fi
.PHONY: bench-softcore
