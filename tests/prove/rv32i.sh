#!/bin/bash
# The soft core, proved: no program of up to CYCLES cycles from reset, whatever registers hold, the bus answers and interrupts do, makes
# it do anything but what tests/rv32i/rvfi_check.v says. And some of the faults of bugs.txt, which the proof must find.
. "$(dirname "$0")/../e2e/lib.sh"
rv32i=$top/tests/rv32i
cycles=${CYCLES:-14}
command -v yosys-abc >/dev/null || { echo "skip yosys-abc is not there (Debian package yosys)"; finish; }
check "every instruction, $cycles cycles" "$rv32i/prove" proof "$cycles"
check "the core with M and counters, $cycles cycles" env DEFINES=-DEXTENDED "$rv32i/prove" extended "$cycles"
check "faults to insert" "$rv32i/insert-bugs" "$top/rtl/rv32i.v" "$rv32i/bugs.txt" rv32i.v
for fault in ${FAULTS:-1 3 5 9 14 25}; do
    name=$(grep -v '^#' "$rv32i/bugs.txt" | sed -n "${fault}p" | sed 's/ ~ .*//')
    "$rv32i/prove" "fault$fault" 9 rv32i.v "$fault" >verdict.log 2>&1
    if grep -q "was asserted" verdict.log; then echo "ok fault found: $name"
    else echo "not ok fault found: $name"; failures=$((failures + 1)); fi
done
finish
