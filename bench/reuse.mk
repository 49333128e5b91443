# Reuse factors of the zoo's tagger. Placing takes most of an hour, so it is not part of `make bench`.
bench-reuse: $(BUILD)/sluice ecp5-tools ## the zoo's jet tagger at reuse factors 1 to 256, on ECP5, HX8K and UP5K (an hour)
	python3 bench/reuse.py $(BUILD)/sluice $(BUILD)/bench/reuse
bench-reuse-pruned: $(BUILD)/sluice ecp5-tools ## the same with three quarters of the weights pruned
	@test -x $(PEER_VENV)/bin/python || python3 -m venv $(PEER_VENV)
	@$(PEER_VENV)/bin/python -c 'import onnx' 2>/dev/null || $(PEER_VENV)/bin/pip install -q numpy onnx
	$(PEER_VENV)/bin/python bench/reuse.py $(BUILD)/sluice $(BUILD)/bench/reuse-pruned pruned
.PHONY: bench-reuse bench-reuse-pruned
