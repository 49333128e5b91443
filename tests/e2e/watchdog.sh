#!/bin/bash
# The core's system: the watchdog, interrupts, and accesses to what stands around a network.
. "$(dirname "$0")/lib.sh"
command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
command -v riscv64-unknown-elf-gcc >/dev/null || { echo "skip riscv64-unknown-elf-gcc is not there (Debian package gcc-riscv64-unknown-elf)"; finish; }
check "the program assembles" riscv64-unknown-elf-gcc -march=rv32i -misa-spec=2.2 -mabi=ilp32 -nostdlib -Wl,-Ttext=0 -Wl,--no-warn-rwx-segments \
    -o watchdog.elf "$top/tests/trigger/watchdog.S"
riscv64-unknown-elf-objcopy -O binary watchdog.elf watchdog.bin
od -An -v -tx4 -w4 --endian=little watchdog.bin | tr -d ' ' >watchdog.hex
check "the bench compiles" verilator -O3 --cc --exe --build -Wno-fatal -Wno-lint -Wno-style --x-initial unique -CFLAGS -O1 -y "$top/rtl" -I"$top/rtl" \
    -GMEMORY_FILE="\"$PWD/watchdog.hex\"" -GUART_DIVIDER=4 --Mdir bench --top-module core_system "$top/rtl/core_system.v" "$top/tests/trigger/watchdog_bench.cpp"
bench/Vcore_system >bench.log
cat bench.log
grep -q '^not ok' bench.log && failures=$((failures + 1))
check "the bench ends" grep -q "nothing is taken for another" bench.log
finish
