#!/bin/bash
# The soft core: directed cases for each instruction, lockstep with the C model on random programs, the model against
# qemu-riscv32, and faults put into the core that must be found.
. "$(dirname "$0")/lib.sh"
. "$top/tests/rv32i/lib.sh"
check "the model compiles" build_model

if command -v qemu-riscv32 >/dev/null; then
    check "the comparison with qemu compiles" cc -std=c11 -O1 -o qemu_check "$rv32i/qemu_check.c" model.o
    check "the model equals qemu-riscv32" compare_qemu 1 8000
else
    echo "skip qemu-riscv32 is not there (Debian package qemu-user)"
fi

command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
faults=$("$rv32i/insert-bugs" "$top/rtl/rv32i.v" "$rv32i/bugs.txt" rv32i.v)
check "the bench compiles" build_bench plain "$top/rtl/rv32i.v"
check "the bench of the core with M and counters compiles" build_bench extended "$PWD/rv32i.v" -DBUGS -DEXTENDED
for core in plain extended; do
    $core/Vrv32i directed 0 >directed.log
    grep -E '^(ok|not ok)' directed.log
    grep -q '^not ok' directed.log && failures=$((failures + 1))
    check "$core, lockstep, 200,000 instructions, random waits and interrupts" $core/Vrv32i random 200000 1 0
    check "$core, lockstep, memory of one cycle" $core/Vrv32i fast 100000 2 0
done
check "at least 40 faults" test "$faults" -ge 40
for fault in $(seq 1 "$faults"); do
    name=$(grep -v '^#' "$rv32i/bugs.txt" | sed -n "${fault}p" | sed 's/ ~ .*//')
    if extended/Vrv32i random 100000 1 "$fault" >/dev/null && extended/Vrv32i directed "$fault" >/dev/null; then
        echo "not ok fault found: $name"; failures=$((failures + 1))
    else echo "ok fault found: $name"; fi
done
finish
