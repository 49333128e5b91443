# Sluice: one non-recursive Makefile; each folder's *.mk adds its own targets. Outputs go under build/.
BUILD  ?= build
JOB    ?= examples/jets/job.yaml
CC     ?= cc
NATIVE ?= -march=native
OPT    ?= -O2
SANITIZE ?=

# Modules from the ground up: a module uses those before it, never those after.
MODULES := base data model compiler trainer sim host boards report cli

PKGS_base := libcjson
PKGS_data := libzip zlib hdf5
PKGS_model := libprotobuf-c expat
PKGS_compiler := zlib
PKGS_trainer := openblas
PKGS_sim :=
PKGS_host :=
PKGS_boards :=
PKGS_report :=
PKGS_cli := libcyaml popt
LIBS_trainer := -lpthread

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -pedantic
CFLAGS ?= $(OPT) -g $(NATIVE)
ALL_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE $(WARN) $(CFLAGS) $(SANITIZE) -I. -I$(BUILD)/generated -MMD -MP

# All processors, unless asked otherwise; V=1 shows the commands.
JOBS := $(shell nproc 2>/dev/null || echo 2)
ifeq (,$(filter -j% --jobserver%,$(MAKEFLAGS)))
MAKEFLAGS += -j$(JOBS)
endif
Q := $(if $(V),,@)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:

help: ## this text
	@echo "Sluice: from events to an FPGA bitstream"; echo
	@cat $(MAKEFILE_LIST) | sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'
	@echo; echo "Variables: BUILD=$(BUILD) JOB=$(JOB) CC=$(CC) OPT='$(OPT)' NATIVE='$(NATIVE)' SANITIZE='$(SANITIZE)'"

# ---- module libraries -------------------------------------------------------------------------
define module_rules
SRC_$(1) := $$(filter-out cli/main.c,$$(wildcard $(1)/*.c $(1)/*/*.c))
OBJ_$(1) := $$(SRC_$(1):%.c=$$(BUILD)/obj/%.o) $$(GENERATED_OBJ_$(1))
$$(BUILD)/lib/lib$(1).a: $$(OBJ_$(1))
	@mkdir -p $$(@D); rm -f $$@
	$$(Q)ar rcs $$@ $$(OBJ_$(1))
endef
GENERATED_OBJ_model = $(BUILD)/obj/generated/onnx.pb-c.o
GENERATED_OBJ_host = $(BUILD)/obj/runtime/frame.o $(BUILD)/obj/runtime/frame_crc.o $(BUILD)/obj/runtime/monitor.o # the firmware's own C
$(foreach m,$(MODULES),$(eval $(call module_rules,$(m))))

# pkg-config runs once per module that is really built, so that `make help` needs nothing installed.
pkg_cflags = $(shell pkg-config --cflags $(PKGS_$(1)) 2>/dev/null)
pkg_libs = $(if $(strip $(foreach m,$(1),$(PKGS_$(m)))),$(shell pkg-config --libs $(foreach m,$(1),$(PKGS_$(m)))))
module_of = $(firstword $(subst /, ,$(1)))

$(BUILD)/obj/%.o: %.c | $(BUILD)/deps.stamp
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(PKGS_$(call module_of,$*)),$(call pkg_cflags,$(call module_of,$*))) $(EXTRA_CFLAGS_$(subst /,_,$*)) -c $< -o $@

# ONNX's own schema, compiled to C; protobuf-c wants it by its plain name.
$(BUILD)/generated/onnx.pb-c.c: /usr/include/onnx/onnx.proto | $(BUILD)/deps.stamp
	@mkdir -p $(@D)
	protoc-c --proto_path=$(<D) --c_out=$(@D) $(<F)
$(BUILD)/generated/onnx.pb-c.h: $(BUILD)/generated/onnx.pb-c.c ;
$(BUILD)/obj/generated/onnx.pb-c.o: $(BUILD)/generated/onnx.pb-c.c
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -O1 $(SANITIZE) -I$(BUILD)/generated -c $< -o $@
$(OBJ_model): | $(BUILD)/generated/onnx.pb-c.h

/usr/include/onnx/onnx.proto: | $(BUILD)/deps.stamp

# ---- the command ------------------------------------------------------------------------------
# Later modules first, for the linker.
reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
up_to = $(if $(filter $(1),$(firstword $(2))),$(1),$(firstword $(2)) $(call up_to,$(1),$(wordlist 2,$(words $(2)),$(2))))
LIBS_ALL := $(foreach m,$(call reverse,$(MODULES)),$(BUILD)/lib/lib$(m).a)

sluice: $(BUILD)/sluice ## build the command build/sluice
$(BUILD)/sluice: $(BUILD)/obj/cli/main.o $(LIBS_ALL)
	@echo "link $@"
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(call pkg_libs,$(MODULES)) $(LIBS_trainer) -lm

include $(wildcard */*.mk)

# ---- unit tests: tests/unit/MODULE/test_NAME.c links MODULE and the modules below it -----------
TESTS := $(wildcard tests/unit/*/test_*.c)
TEST_BINS := $(TESTS:tests/unit/%.c=$(BUILD)/unit/%)
$(BUILD)/unit/%: tests/unit/%.c
	@mkdir -p $(@D)
	@echo "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) $(call pkg_cflags,$(call module_of,$*)) -o $@ $< $(filter %.a,$^) $(call pkg_libs,$(call up_to,$(call module_of,$*),$(MODULES))) -lcmocka $(LIBS_trainer) -lm
define test_rule
$(BUILD)/unit/$(1): $(foreach m,$(call reverse,$(call up_to,$(call module_of,$(1)),$(MODULES))),$(BUILD)/lib/lib$(m).a)
endef
$(foreach t,$(TESTS:tests/unit/%.c=%),$(eval $(call test_rule,$(t))))
unit-bins: $(TEST_BINS)

clean: ## remove build/ (trained models and bitstreams too)
	rm -rf $(BUILD)
.PHONY: help sluice unit-bins clean

-include $(shell find $(BUILD)/obj $(BUILD)/unit -name '*.d' 2>/dev/null)
