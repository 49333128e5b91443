#!/bin/bash
# The core's system once more, as the netlist of iCE40 cells that Yosys makes of it with the firmware in its block memories.
. "$(dirname "$0")/../e2e/lib.sh"
for tool in yosys verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware compiles" make -C "$top" --no-print-directory BUILD="$work/build" firmware
for part in frame frame_crc; do check "$part compiles for the host" cc -std=c11 -O2 -c "$top/runtime/$part.c"; done
awk 'NR == 2 { $0 = "12345678" } NR == 5 { $0 = "00002000" } { print }' build/runtime/firmware.hex >firmware.hex
check "synthesis" yosys -q -l yosys.log -p "read_verilog -I$top/rtl $top/rtl/core_system.v $top/rtl/rv32i.v $top/rtl/uart.v $top/rtl/byte_fifo.v
    synth_ice40 -device hx -abc9 -top core_system; write_verilog -noattr gates.v"
check "nothing but cells is left" sh -c '! grep -q "always\|reg " gates.v'
check "the bench compiles" verilator -O3 --cc --exe --build -Wno-fatal -Wno-lint -Wno-style -CFLAGS "-O1 -I$top/runtime" --Mdir bench \
    --top-module core_system "$work/gates.v" "$top/sim/cells_ice40.v" "$top/tests/rv32i/system_bench.cpp" "$work/frame.o" "$work/frame_crc.o"
bench/Vcore_system 0 >bench.log
cat bench.log
grep -q '^not ok' bench.log && failures=$((failures + 1))
check "the bench ends" grep -q "nothing was asked twice" bench.log
finish
