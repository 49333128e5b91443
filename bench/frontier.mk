# The frontier of the jets: accuracy against adder bits and cells, beside the peers' designs.
BENCH_PARTS += bench-frontier
FRONTIER_JOB = examples/jets/job.yaml
FRONTIER = $(PEER_VENV)/bin/python bench/frontier.py $(BUILD)/sluice

frontier-venv:
	@test -x $(PEER_VENV)/bin/python || python3 -m venv $(PEER_VENV)
	@$(PEER_VENV)/bin/python -c 'import numpy' 2>/dev/null || $(PEER_VENV)/bin/pip install -q numpy

frontier: $(BUILD)/sluice frontier-venv ## train the jets' frontier and draw the README's picture of it
	$(FRONTIER) $(FRONTIER_JOB) $(BUILD)/frontier --picture docs/images/frontier.svg

bench-frontier: $(BUILD)/sluice frontier-venv ## accuracy against adder bits and placed cells, and training time, beside HGQ2 with alkaid
	$(FRONTIER) bench/frontier.yaml $(BUILD)/frontier-short
	$(FRONTIER) $(FRONTIER_JOB) $(BUILD)/frontier --place
.PHONY: frontier frontier-venv bench-frontier
