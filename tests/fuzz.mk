# The readers of model files under libFuzzer, the address and the undefined-behaviour sanitizers. A reader that fails
# leaves its memory to the process that ends, so that -fork starts a fresh one when memory is short.
FUZZ_SECONDS ?= 3600
FUZZ_CC ?= clang-14
FUZZ_SANITIZE := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -D_GNU_SOURCE

fuzz: ## read damaged model files for an hour (FUZZ_SECONDS); needs clang
	@command -v $(FUZZ_CC) >/dev/null || { echo "make fuzz: $(FUZZ_CC) is missing (Debian: clang-14)"; exit 1; }
	@mkdir -p $(BUILD)/fuzz/corpus $(BUILD)/fuzz/seeds && touch $(BUILD)/fuzz/deps.stamp
	@cp tests/models/*.onnx tests/models/trees/*.json tests/models/trees/*.ubj tests/models/trees/*.txt \
	    tests/models/trees/*.xml tests/models/trees/*.onnx $(wildcard tests/fuzz/corpus/*) $(BUILD)/fuzz/seeds
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=$(FUZZ_CC) OPT=-O1 NATIVE= SANITIZE='$(FUZZ_SANITIZE)' \
	    $(BUILD)/fuzz/fuzz_import
	cd $(BUILD)/fuzz && ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 ./fuzz_import -fork=1 -ignore_ooms=1 \
	    -rss_limit_mb=2500 -timeout=20 -max_len=32768 -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=found- corpus seeds
$(BUILD)/fuzz_import: tests/fuzz/fuzz_import.c $(foreach m,$(call reverse,$(call up_to,model,$(MODULES))),$(BUILD)/lib/lib$(m).a)
	$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -o $@ $< $(filter %.a,$^) $(call pkg_libs,$(call up_to,model,$(MODULES))) -lm
.PHONY: fuzz
