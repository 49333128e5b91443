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
check "in three copies that vote: the bench compiles" build_bench voted "$top/rtl" "$shape_three_cycles" -GVOTED=1
check "in three copies that vote: 60 episodes" voted/Vtrigger_system 60 1
for voted in 0 1; do
    check "upsets, VOTED $voted: the bench compiles" verilator -O3 --cc --exe --build -Wno-fatal --public-flat-rw -CFLAGS "-DVOTED=$voted" \
        -y "$top/rtl" -GVOTED=$voted --Mdir upsets$voted --top-module decision "$top/rtl/decision.v" "$trigger/upsets.cpp"
    check "upsets, VOTED $voted" upsets$voted/Vdecision
done
finish
