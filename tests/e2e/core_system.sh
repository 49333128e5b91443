#!/bin/bash
# The core's system with its firmware, spoken to over its UART, quietly and over a line that changes, loses and doubles bytes.
# CORE: Verilog files of another rv32i, DIVIDER: cycles of a bit (second_core.sh).
. "$(dirname "$0")/lib.sh"
command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
command -v riscv64-unknown-elf-gcc >/dev/null || { echo "skip riscv64-unknown-elf-gcc is not there (Debian package gcc-riscv64-unknown-elf)"; finish; }
check "the firmware compiles" make -C "$top" --no-print-directory BUILD="$work/build" firmware
for part in frame frame_crc; do check "$part compiles for the host" cc -std=c11 -O2 -Wall -Wextra -Wconversion -Werror -c "$top/runtime/$part.c"; done
# NAME FIRMWARE FLAGS...: a bench with that firmware. What a build fills in: the network, its clock, the core's, and the bytes of memory.
build() {
    local name=$1 firmware=$2
    shift 2
    awk 'NR == 2 { $0 = "12345678" } NR == 3 || NR == 4 { $0 = "00002ee0" } NR == 5 { $0 = "00002000" } { print }' build/runtime/$firmware.hex >$firmware.hex
    verilator -O3 --cc --exe --build -Wno-fatal -Wno-lint -Wno-style --x-initial unique -CFLAGS "-O1 -I$top/runtime -DUART_DIVIDER=${DIVIDER:-4}" -y "$top/rtl" \
        -GMEMORY_FILE="\"$work/$firmware.hex\"" -GUART_DIVIDER=${DIVIDER:-4} --Mdir $name --top-module core_system "$top/rtl/core_system.v" ${CORE:-} "$@" \
        "$top/tests/rv32i/system_bench.cpp" "$work/frame.o" "$work/frame_crc.o"
}
run() { # NAME EXCHANGES LAST-CHECK
    $1/Vcore_system $2 >$1.log
    cat $1.log
    grep -q '^not ok' $1.log && failures=$((failures + 1))
    check "$1 ends" grep -q "$3" $1.log
}
check "the bench compiles" build bench firmware
[ -z "${CORE:-}" ] || check "the core is $(basename "${CORE##* }" .v)" grep -rqs "$(basename "${CORE##* }" .v)" bench --include='*.d' --include='*.cpp'
run bench 300 "every exchange ends right"
# With an SPRAM, into which larger firmware is loaded.
check "the bench with an SPRAM compiles" build spram firmware_loader -GSPRAM=1 "$top/boards/flow/spram_model.v" -CFLAGS -DSLUICE_LOADER
run spram 50 "a reset leaves the image as it was"
finish
