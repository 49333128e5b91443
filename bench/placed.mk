# Placed networks beside the peers' figures. The tagger takes 40 minutes and is not part of `make bench`.
BENCH_PARTS += bench-placed

bench-placed: $(BUILD)/sluice ## logic cells a placed network takes for an adder bit
	bench/placed.sh $(BUILD)/sluice jets
bench-tagger: $(BUILD)/sluice ecp5-tools ## the zoo's jet tagger placed on an ECP5-85F (40 minutes)
	bench/placed.sh $(BUILD)/sluice tagger
.PHONY: bench-placed bench-tagger
