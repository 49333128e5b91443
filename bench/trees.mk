# Ensembles of trees beside XGBoost, LightGBM and conifer (PyPI, in the venv of tests/long/trees.sh), each part in one run.
TREES_VENV = $(BUILD)/venv-trees
TREES_TRAIN ?= $(BENCH_EVENTS)
TREES_TEST ?= $(subst train,test,$(TREES_TRAIN))
BENCH_PARTS += bench-trees

$(BUILD)/bench/trees: bench/trees.c $(foreach m,trainer model data base,$(BUILD)/lib/lib$(m).a)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(call pkg_cflags,trainer) -o $@ $< $(filter %.a,$^) $(call pkg_libs,trainer model data base) $(LIBS_trainer) -lm

bench-trees: bench-trees-train bench-trees-speed bench-trees-fabric ## trees: training, speed and cells beside XGBoost, LightGBM, conifer
bench-trees-train bench-trees-speed bench-trees-fabric: bench-trees-%: $(BUILD)/sluice $(BUILD)/bench/trees
	@if [ -z "$(TREES_TRAIN)" ]; then echo "trees: the jets are not there: not measured"; exit 0; fi; \
	test -x $(TREES_VENV)/bin/python || python3 -m venv $(TREES_VENV); \
	if $(TREES_VENV)/bin/python -c 'import xgboost, lightgbm, conifer' 2>/dev/null || \
	    { $(TREES_VENV)/bin/pip install -q -r tests/python/requirements-trees.txt && \
	      $(TREES_VENV)/bin/pip install -q --no-deps hls4ml; } 2>/dev/null; then \
	    $(TREES_VENV)/bin/python bench/trees_$*.py $(BUILD) $(TREES_TRAIN) $(TREES_TEST); \
	else echo "trees: pip cannot install the peers: not measured"; fi
.PHONY: bench-trees bench-trees-train bench-trees-speed bench-trees-fabric
