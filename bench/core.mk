# The soft core beside PyPI's picorv32: size, clock, cycles of one program (both measured in the same run).
BENCH_PARTS += bench-core

picorv32: | $(BUILD)/deps.stamp ## the second core of the tests and benchmarks, from PyPI, in a venv
	@test -x $(PEER_VENV)/bin/python || python3 -m venv $(PEER_VENV)
	@$(PEER_VENV)/bin/python -c 'import pythondata_cpu_picorv32' 2>/dev/null || $(PEER_VENV)/bin/python -m pip install -q pythondata-cpu-picorv32
.PHONY: picorv32

bench-core: ## cells, clock and cycles of the soft core beside picorv32 (PyPI, in a venv)
	-@$(MAKE) --no-print-directory picorv32
	@bench/rv32i/measure $(BUILD)/bench/rv32i $$($(PEER_VENV)/bin/python -c \
	    'import pythondata_cpu_picorv32 as p; print(p.data_file("picorv32.v"))' 2>/dev/null)
.PHONY: bench-core
