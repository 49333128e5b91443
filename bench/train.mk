# Training speed: ours, and Keras and HGQ2 on JAX beside it in the same run (a venv under build/).
BENCH_EVENTS ?= $(firstword $(wildcard examples/jets/data/jets_hlf_train.npz examples/jets/jets_hlf_train.npz \
                  ../shared/data/pythia_jets/jets_hlf_train.npz))
BENCH_VENV = $(BUILD)/bench-venv

$(BUILD)/bench/train: bench/train.c $(foreach m,trainer model data base,$(BUILD)/lib/lib$(m).a)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(call pkg_cflags,trainer) -o $@ $< $(filter %.a,$^) $(call pkg_libs,trainer model data base) $(LIBS_trainer) -lm

bench-train: $(BUILD)/bench/train ## training speed beside Keras and HGQ2 on JAX (PyPI, in a venv)
	$(BUILD)/bench/train $(BENCH_EVENTS)
	@test -x $(BENCH_VENV)/bin/python || python3 -m venv $(BENCH_VENV)
	@if $(BENCH_VENV)/bin/python -c 'import hgq' 2>/dev/null || \
	    $(BENCH_VENV)/bin/pip install -q numpy keras jax hgq2 2>/dev/null; then \
	    $(BENCH_VENV)/bin/python bench/train_peers.py $(BENCH_EVENTS) 2>/dev/null || echo "peers: the script failed"; \
	else echo "peers: pip cannot install keras, jax and hgq2: not measured"; fi
.PHONY: bench-train
