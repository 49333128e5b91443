# Every form of pruning beside learned widths, in one table.
BENCH_PARTS += bench-pruning
bench-pruning: $(BUILD)/sluice ## every form of pruning on the same jets in one table
	python3 bench/pruning.py $(BUILD)/sluice $(BUILD)/pruning
.PHONY: bench-pruning
