#!/bin/bash
# Whole iCE40 boards with the soft core, as the cells that are placed: the firmware boots in its block memories, finds its image whole, plays the
# stored events through the network and answers over the UART; on UP5K the fall-back's image is loaded into the SPRAM and computes stored events.
. "$(dirname "$0")/../e2e/lib.sh"
for tool in yosys nextpnr-ice40 verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
for part in frame frame_crc; do check "$part compiles for the host" cc -std=c11 -O2 -c "$top/runtime/$part.c"; done
cat >pll.v <<'EOF2'
// The PLL hands its input on, so that the bench drives the network's clock.
module SB_PLL40_CORE (input wire REFERENCECLK, RESETB, BYPASS, output wire PLLOUTGLOBAL, LOCK);
    parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0;
    assign PLLOUTGLOBAL = REFERENCECLK;
    assign LOCK = 1'b1;
endmodule
module SB_PLL40_PAD (input wire PACKAGEPIN, RESETB, BYPASS, output wire PLLOUTGLOBAL, LOCK);
    parameter FEEDBACK_PATH = "", DIVR = 0, DIVF = 0, DIVQ = 0, FILTER_RANGE = 0;
    assign PLLOUTGLOBAL = PACKAGEPIN;
    assign LOCK = 1'b1;
endmodule
EOF2
for case in "icebreaker 40" "hx8k-evn 120"; do
    board=${case% *}
    check "$board compiles" "$sluice" compile "$top/tests/models/plain.onnx" --board $board --clock-mhz ${case#* } --out $board
    "$sluice" build $board --control core --seeds 1 --retries 0 >$board.log 2>&1 # whether the clock is met is not the question here
    check "$board builds" test -s $board/build/design.json
    check "$board: the cells as Verilog" yosys -q -p "read_json $board/build/design.json; hierarchy -top top; write_verilog -noattr $board.v"
    check "$board: nothing but cells is left" sh -c "! grep -q '^ *always\|^ *reg ' $board.v"
    check "$board: the bench compiles" verilator -O3 --cc --exe --build -Wno-fatal -Wno-lint -Wno-style -CFLAGS "-O1 -I$top/runtime" --Mdir bench_$board \
        --top-module top "$work/$board.v" "$top/sim/cells_ice40.v" "$top/boards/flow/spram_model.v" pll.v "$top/tests/trigger/gates_bench.cpp" "$work/frame.o" "$work/frame_crc.o"
    divide=$(sed -n 's/.*FILTER_RANGE.*\.DIVIDE(\([0-9]*\)).*/\1/p' $board/build/top.v) # by flip-flops behind the PLL
    bit=$(python3 -c "print(round(${divide:-1} * $(json $board/build.json timing.clock_mhz) * 1e6 / $(json $board/build.json core.uart_baud)))")
    image=$(ls $board/build/fallback.bin 2>/dev/null)
    bench_$board/Vtop $bit $image >$board.bench
    cat $board.bench
    grep -q '^not ok' $board.bench && failures=$((failures + 1))
    check "$board: the bench ends" grep -q "it was not the watchdog" $board.bench
done
check "the core of the UP5K computes events" grep -q "^ok the core computes" icebreaker.bench
finish
