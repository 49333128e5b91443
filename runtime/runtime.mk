# The firmware of the soft core, and the runtime as a library for another RV32 core. Needs gcc-riscv64-unknown-elf.
RISCV ?= riscv64-unknown-elf-
# firmware.flags: a line for every file, a line for a firmware in one piece, which is a fifth smaller.
RISCV_WARN := -Wall -Wextra -Wconversion -Wstrict-prototypes -Wmissing-prototypes
RISCV_CFLAGS = $(shell head -n 1 runtime/firmware.flags) $(RISCV_WARN)
RUNTIME := $(BUILD)/runtime

firmware: $(RUNTIME)/firmware.hex $(RUNTIME)/firmware_loader.hex $(RUNTIME)/libsluice_runtime.a $(RUNTIME)/host/libsluice_runtime.a ## the soft core's firmware and runtime library (needs gcc-riscv64-unknown-elf)
	$(RISCV)size $(RUNTIME)/firmware.elf $(RUNTIME)/firmware_loader.elf $(RUNTIME)/libsluice_runtime.a && size $(RUNTIME)/host/libsluice_runtime.a
$(RUNTIME)/%.o: runtime/%.c $(wildcard runtime/*.h) | $(BUILD)/deps.stamp
	@mkdir -p $(@D)
	$(Q)$(RISCV)gcc $(RISCV_CFLAGS) -c $< -o $@
$(RUNTIME)/libsluice_runtime.a: $(RUNTIME)/frame.o $(RUNTIME)/frame_crc.o $(RUNTIME)/monitor.o
	$(Q)rm -f $@; $(RISCV)ar rcs $@ $^
$(RUNTIME)/host/%.o: runtime/%.c $(wildcard runtime/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(WARN) $(CFLAGS) -c $< -o $@
$(RUNTIME)/host/libsluice_runtime.a: $(addprefix $(RUNTIME)/host/,frame.o frame_crc.o monitor.o)
	$(Q)rm -f $@; ar rcs $@ $^
FIRMWARE_SOURCES := $(addprefix runtime/,start.S main.c line.c shell.c trigger.c frame.c monitor.c)
$(RUNTIME)/firmware.elf: $(FIRMWARE_SOURCES) $(wildcard runtime/*.h) runtime/link.ld runtime/firmware.flags | $(BUILD)/deps.stamp
	@mkdir -p $(@D)
	$(Q)$(RISCV)gcc @runtime/firmware.flags $(RISCV_WARN) -T runtime/link.ld -o $@ $(FIRMWARE_SOURCES) -lgcc
# The one that boots where larger firmware is loaded into an SPRAM (loader.h).
$(RUNTIME)/firmware_loader.elf: $(FIRMWARE_SOURCES) runtime/loader.c $(wildcard runtime/*.h) runtime/link.ld runtime/firmware.flags runtime/loader.flags | $(BUILD)/deps.stamp
	@mkdir -p $(@D)
	$(Q)$(RISCV)gcc @runtime/firmware.flags @runtime/loader.flags -Wl,--defsym=data_origin=0x4000fc00 $(RISCV_WARN) -T runtime/link.ld -o $@ $(FIRMWARE_SOURCES) runtime/loader.c -lgcc
# Words, one a line, and behind them the CRC-32 of all but words 0 to 15, which gzip computes.
$(RUNTIME)/%.hex: $(RUNTIME)/%.elf
	$(Q)$(RISCV)objcopy -O binary $< $(@:.hex=.bin)
	$(Q)tail -c +65 $(@:.hex=.bin) | gzip -c | tail -c 8 | head -c 4 >> $(@:.hex=.bin)
	$(Q)od -An -v -tx4 -w4 --endian=little $(@:.hex=.bin) | tr -d ' ' > $@
install: install-firmware
install-firmware:
	install -d $(DESTDIR)$(PREFIX)/share/sluice/runtime
	install -m 644 runtime/*.[chS] runtime/link.ld runtime/*.flags $(DESTDIR)$(PREFIX)/share/sluice/runtime/ # for builds with the fall-back
	@if command -v $(RISCV)gcc >/dev/null; then \
	    $(MAKE) --no-print-directory firmware >/dev/null && install -m 644 $(RUNTIME)/firmware.hex $(RUNTIME)/firmware_loader.hex $(DESTDIR)$(PREFIX)/share/sluice/runtime/; \
	else echo "the soft core's firmware is left out: $(RISCV)gcc is not there (Debian package gcc-riscv64-unknown-elf)"; fi
.PHONY: firmware install-firmware
