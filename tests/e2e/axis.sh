#!/bin/bash
# The AXI-Stream wrapper: proved (bounded check and induction) for several latencies, intervals and stalls; simulated around
# a network with every event compared; and whatever is broken in it is found by the one or the other.
. "$(dirname "$0")/lib.sh"
command -v yosys >/dev/null || { echo "skip Yosys is not there"; finish; }

# prove FILE LATENCY INTERVAL STALL [OPTIONS of sat]
prove() {
    yosys -q -l proof.log -p "read_verilog -formal -DFORMAL $1
        chparam -set LATENCY_CYCLES $2 -set INTERVAL_CYCLES $3 -set STALL_CYCLES $4 -set OUT_BITS 5 axis_shell
        hierarchy -top axis_shell; proc; flatten; memory_map; opt -full
        sat -prove-asserts -set-assumes -tempinduct -seq 0 -maxsteps 8 ${5:-} -verify axis_shell"
}
shell=$top/rtl/axis_shell.v
for case in "1 1 0" "2 1 0" "3 1 2" "3 2 0" "4 3 1" "2 5 0" "9 1 0" "6 2 7"; do
    check "proof by induction, latency interval stall $case" prove "$shell" $case
done
check "bounded check of 20 cycles" prove "$shell" 2 1 1 "-tempinduct-baseonly -maxsteps 20"

# broken NAME LATENCY INTERVAL STALL SED: a fault of the shell that the proof must refuse, over an edit that took place.
broken() {
    sed "$5" "$shell" >broken.v
    if cmp -s broken.v "$shell"; then echo "not ok $1: nothing was edited"; failures=$((failures + 1)); return; fi
    if prove broken.v "$2" "$3" "$4" >/dev/null 2>&1 || ! grep -q "proof did fail" proof.log; then
        echo "not ok $1 is found"; failures=$((failures + 1))
    else echo "ok $1 is found"; fi
}
broken "a depth too small by one" 2 1 0 's/+ 2 + STALL_CYCLES/+ 1 + STALL_CYCLES/'
broken "no look at the credits" 2 1 0 's/~credits_q\[CREDIT_BITS-1\] & rested/rested/'
broken "a credit too many" 2 1 0 's/ALL_CREDITS  = FIFO_DEPTH - 1/ALL_CREDITS  = FIFO_DEPTH/'
broken "credits that a reset leaves" 2 1 0 '0,/if (rst_i)/s//if (1'"'b0"')/'
broken "a credit lost when both sides move" 2 1 0 's/start_o != give/start_o | give/'
broken "a credit given back at the read" 2 1 0 's/= m_valid_o & m_ready_i/= fetch/'
broken "half the rate" 2 1 0 's/(~valid_q | m_ready_i)/~valid_q/'
broken "a result overwritten in a stall" 2 1 0 's/stored & (~valid_q | m_ready_i)/stored/'
broken "a result withdrawn in a stall" 2 1 0 's/fetch | (valid_q & ~m_ready_i)/fetch/'
broken "full taken for empty" 1 1 0 's/stored = write_q != read_q/stored = write_q[ADDRESS_BITS-1:0] != read_q[ADDRESS_BITS-1:0]/'
broken "a read at the wrong address" 2 1 0 's/: memory\[read_q/: memory[write_q/'
broken "a write too early" 3 2 0 's/if (result_valid_i) write_q/if (start_o) write_q/'
broken "an interval too short" 4 3 1 's/AGAIN = INTERVAL_CYCLES - 2/AGAIN = INTERVAL_CYCLES - 3/'
broken "an event accepted in reset" 2 1 0 's/ & rested & ~rst_i/ \& rested/'

command -v verilator >/dev/null || { echo "skip Verilator is not there"; finish; }
compile() { "$sluice" compile "$top/tests/models/plain.onnx" --board hx8k-evn --out net "$@"; }
verify() { "$sluice" verify net --events "$top/tests/models/x.npy" --random-events 300; }
check "compile with the wrapper" compile --wrapper axi-stream --stall-cycles 5
check "clean under Verilator's lint" sh -c 'cd net/rtl && verilator --lint-only -Wall --top-module plain_axis $(cat axis.f)'
check "every event right with gaps and stalls" verify
check "it says so" test "$(json net/verify.json axis.mismatches)" = 0
check "more than every event four times" test "$(json net/verify.json axis.transfers)" -gt $((4 * $(json net/verify.json events)))
check "two cycles more" test "$(json net/verify.json axis.latency_cycles_measured)" -eq $(($(json net/compile.json latency_cycles) + 2))
# seen NAME PATTERN FILE SED: a fault that the simulation must see.
seen() {
    cp "net/rtl/$3" kept.v; sed -i "$4" "net/rtl/$3"
    if cmp -s kept.v "net/rtl/$3"; then echo "not ok $1: nothing was edited"; failures=$((failures + 1))
    else refuse "$1 is seen" "$2" sh -c "'$sluice' verify net --events '$top/tests/models/x.npy' --random-events 300 --quiet"; fi
    cp kept.v "net/rtl/$3"
}
seen "a path through the wrapper" "first: path" axis_shell.v 's/~credits_q\[CREDIT_BITS-1\] & rested/(~credits_q[CREDIT_BITS-1] | give) \& rested/'
seen "padding that is not zero" "first: value" plain_axis.v 's/{7.d0, result}/{7'"'d1"', result}/'
check "compile without the wrapper" compile
check "no wrapper is left" sh -c '! ls net/rtl | grep axis'
refuse "a stall without a wrapper" "stall-cycles 5 needs --wrapper axi-stream" compile --stall-cycles 5
refuse "an unknown wrapper" "wrapper: 'wishbone' is not known" compile --wrapper wishbone
finish
