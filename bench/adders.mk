# Adder graphs beside alkaid's (PyPI, in a venv under build/; both measured in the same run).
PEER_VENV = $(BUILD)/venv-peers
ADDER_SEEDS ?= 3
BENCH_PARTS += bench-adders

bench-adders: $(BUILD)/sluice ## adder bits and time of random matrices beside alkaid (PyPI, in a venv)
	@test -x $(PEER_VENV)/bin/python || python3 -m venv $(PEER_VENV)
	@mkdir -p $(BUILD)/bench
	@if $(PEER_VENV)/bin/python -c 'import alkaid' 2>/dev/null || \
	    $(PEER_VENV)/bin/pip install -q numpy 'alkaid>=0.8.0.post1,<0.9' 2>/dev/null || \
	    $(PEER_VENV)/bin/python -c 'import numpy' 2>/dev/null; then \
	    $(PEER_VENV)/bin/python bench/adders.py $(BUILD)/sluice $(BUILD)/bench $(ADDER_SEEDS); \
	else echo "adders: pip cannot install numpy and alkaid: not measured"; fi
.PHONY: bench-adders
