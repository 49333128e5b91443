#!/bin/bash
# The trigger system in all shapes, many episodes; the bridge, many accesses.
. "$(dirname "$0")/../e2e/lib.sh"
. "$top/tests/trigger/lib.sh"
command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
check "the model compiles" build_model
for shape in every_cycle three_cycles class_number wide three_rows apart; do
    values=shape_$shape
    check "$shape: the bench compiles" build_bench $shape "$top/rtl" "${!values}"
    for seed in 1 2 3; do check "$shape: 1,000 episodes, seed $seed" $shape/Vtrigger_system 1000 $seed; done
done
"$top/tests/rv32i/insert-bugs" "$top/rtl/bus_bridge.v" "$trigger/bridge_bugs.txt" bus_bridge.v
check "the bench of the bridge compiles" build_bridge
for seed in 1 2 3; do check "a million accesses between unrelated clocks, seed $seed" bridge/Vbus_bridge 1000000 $seed 0; done
finish
