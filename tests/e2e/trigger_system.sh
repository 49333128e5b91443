#!/bin/bash
# The trigger system around a network, in several shapes: random episodes against a model in C, every counter, record and stored word compared.
. "$(dirname "$0")/lib.sh"
. "$top/tests/trigger/lib.sh"
command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
check "the model compiles" build_model
for shape in every_cycle three_cycles class_number; do
    values=shape_$shape
    check "$shape: the bench compiles" build_bench $shape "$top/rtl" "${!values}"
    check "$shape: 60 episodes" $shape/Vtrigger_system 60 1
done
finish
