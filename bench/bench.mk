# Figures, ours beside the peers', as tables; nothing here asserts anything. One part at a time: times are compared.
bench: ## every benchmark, one after the other, peers beside ours where they can be had
	@$(MAKE) --no-print-directory -j1 bench-road bench-train $(BENCH_PARTS)
bench-road: $(BUILD)/sluice ## times of compile, verify and the demo
	bench/road.sh $(BUILD)/sluice
.PHONY: bench bench-road
