# The firmware of the soft core, and the runtime as a library for another RV32 core. Needs gcc-riscv64-unknown-elf.
RISCV ?= riscv64-unknown-elf-
RISCV_CFLAGS := -std=c11 -Os -march=rv32i_zicsr -mabi=ilp32 -ffreestanding -nostdlib -ffunction-sections -fdata-sections -Wall -Wextra -Wconversion \
    -Wstrict-prototypes -Wmissing-prototypes
RUNTIME := $(BUILD)/runtime

firmware: $(RUNTIME)/firmware.hex $(RUNTIME)/libsluice_runtime.a ## the soft core's firmware and runtime library (needs gcc-riscv64-unknown-elf)
	$(RISCV)size $(RUNTIME)/firmware.elf $(RUNTIME)/libsluice_runtime.a
$(RUNTIME)/%.o: runtime/%.c $(wildcard runtime/*.h)
	@mkdir -p $(@D)
	$(Q)$(RISCV)gcc $(RISCV_CFLAGS) -c $< -o $@
$(RUNTIME)/start.o: runtime/start.S
	@mkdir -p $(@D)
	$(Q)$(RISCV)gcc $(RISCV_CFLAGS) -c $< -o $@
$(RUNTIME)/libsluice_runtime.a: $(RUNTIME)/frame.o $(RUNTIME)/monitor.o
	$(Q)rm -f $@; $(RISCV)ar rcs $@ $^
$(RUNTIME)/firmware.elf: $(RUNTIME)/start.o $(RUNTIME)/main.o $(RUNTIME)/libsluice_runtime.a runtime/link.ld
	$(Q)$(RISCV)gcc $(RISCV_CFLAGS) -static -Wl,--gc-sections -Wl,--no-warn-rwx-segments -T runtime/link.ld -o $@ $(filter %.o %.a,$^) -lgcc
$(RUNTIME)/firmware.hex: $(RUNTIME)/firmware.elf
	$(Q)$(RISCV)objcopy -O verilog --verilog-data-width 4 $< $@
.PHONY: firmware
