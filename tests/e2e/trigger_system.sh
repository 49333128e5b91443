#!/bin/bash
# The trigger system around a network, in several shapes: random episodes against a model in C, every counter, record and stored word compared;
# the bridge between the clocks; faults put into both, each of which must be found.
. "$(dirname "$0")/lib.sh"
. "$top/tests/trigger/lib.sh"
command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
check "the model compiles" build_model
check "class_number: the bench compiles" build_bench class_number "$top/rtl" "$shape_class_number"
check "class_number: 60 episodes" class_number/Vtrigger_system 60 1

faults=$("$trigger/insert-bugs" "$top/rtl" "$trigger/bugs.txt" "$PWD/broken")
faulty="every_cycle three_cycles"
for shape in $faulty; do
    values=shape_$shape
    check "$shape: the bench compiles" build_bench $shape "$PWD/broken" "${!values}" -CFLAGS -DFAULTS
    check "$shape: 60 episodes" $shape/Vtrigger_system 60 1 0
done
check "at least 52 faults" test "$faults" -ge 52
check_faults "$faults" "$trigger/bugs.txt" 2 any_shape
# One that was there once, and that chance found in one run of 24.
unasked=$(grep -v '^#' "$trigger/bugs.txt" | grep -n 'stored instead of what the host writes' | cut -d: -f1)
for seed in 2 3 4; do
    for shape in $faulty; do check "$shape: that fault, seed $seed" sh -c "! $shape/Vtrigger_system 25 $seed $unasked && $shape/Vtrigger_system 25 $seed 0"; done
done

faults=$("$top/tests/rv32i/insert-bugs" "$top/rtl/bus_bridge.v" "$trigger/bridge_bugs.txt" bus_bridge.v)
check "the bench of the bridge compiles" build_bridge
check "20,000 accesses between unrelated clocks" bridge/Vbus_bridge 20000 1 0
check_faults "$faults" "$trigger/bridge_bugs.txt" 1 bridge/Vbus_bridge 5000 1
check "in three copies that vote: the bench compiles" build_bench voted "$top/rtl" "$shape_three_cycles" -GVOTED=1
check "in three copies that vote: 60 episodes" voted/Vtrigger_system 60 1
for voted in 0 1; do
    check "upsets, VOTED $voted: the bench compiles" verilator -O3 --cc --exe --build -Wno-fatal --public-flat-rw -CFLAGS "-DVOTED=$voted" \
        -y "$top/rtl" -GVOTED=$voted --Mdir upsets$voted --top-module decision "$top/rtl/decision.v" "$trigger/upsets.cpp"
    check "upsets, VOTED $voted" upsets$voted/Vdecision
done
finish
