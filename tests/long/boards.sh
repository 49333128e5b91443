#!/bin/bash
# A bitstream for each of the boards that the issue names, from one small network; ECP5 by the WebAssembly tools.
. "$(dirname "$0")/../e2e/lib.sh"
model=$top/tests/models/plain.onnx
for board in icebreaker hx8k-evn ulx3s-25f ulx3s-85f colorlight-i5; do
    check "$board compiles" "$sluice" compile "$model" --board $board --out $board
    check "$board builds" "$sluice" build $board
    check "$board has a bitstream" test -s "$board/$(json $board/build.json bitstream)"
    check "$board gates agree" test "$(json $board/build.json gate_level.mismatches)" = 0
    check "$board sized without pins" "$sluice" build $board --pins-free
    check "$board wrapper reported apart" json $board/build.json wrapper_cells
done
finish
