#!/bin/bash
# The soft core, longer: 8 million random instructions beside the C model, half of them with M and counters, and the model beside
# qemu-riscv32 on ten programs.
. "$(dirname "$0")/../e2e/lib.sh"
. "$top/tests/rv32i/lib.sh"
check "the model compiles" build_model
check "the bench compiles" build_bench plain "$top/rtl/rv32i.v"
check "the bench of the core with M and counters compiles" build_bench extended "$top/rtl/rv32i.v" -DEXTENDED
for core in plain extended; do
    for seed in 1 2 3; do check "$core, lockstep, a million instructions, seed $seed" $core/Vrv32i random 1000000 "$seed"; done
    check "$core, lockstep, a million instructions, memory of one cycle" $core/Vrv32i fast 1000000 4
done
if command -v qemu-riscv32 >/dev/null; then
    check "the comparison with qemu compiles" cc -std=c11 -O1 -o qemu_check "$rv32i/qemu_check.c" model.o
    for seed in $(seq 1 10); do check "the model equals qemu-riscv32, seed $seed" compare_qemu "$seed" 16000; done
else
    echo "skip qemu-riscv32 is not there (Debian package qemu-user)"
fi
finish
