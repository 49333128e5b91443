#!/bin/bash
# A bitstream for each board, from one small network, with the player and with the soft core in control; prints a table.
# ECP5 and Gowin by the WebAssembly tools. CONTROLS and BOARDS choose a part of it.
. "$(dirname "$0")/../e2e/lib.sh"
model=$top/tests/models/plain.onnx
boards=${BOARDS:-$("$sluice" list boards --json | python3 -c 'import json, sys; print(" ".join(row["name"] for row in json.load(sys.stdin)["boards"]))')}
check "at least 18 boards" sh -c "test -n '${BOARDS:-}' || test $(wc -w <<<"$boards") -ge 18"
rows=""
for board in $boards; do
    for control in ${CONTROLS:-player core}; do
        # What stands around the network with a core is slower than that.
        clock=
        if [ $control = core ]; then
            case $(sed -n 's/.*"target": "\(.*\)".*/\1/p' "$top/boards/$board.json") in
                ecp5) clock="--clock-mhz 80" ;; ice40-hx) clock="--clock-mhz 96" ;; ice40-lp) clock="--clock-mhz 64" ;;
                ice40-up) clock="--clock-mhz 30" ;; g*) clock="--clock-mhz 40" ;;
            esac
        fi
        rm -rf $board
        check "$board, $control, compiles" "$sluice" compile "$model" --board $board $clock --out $board
        [ $control = player ] || grep -q '"tx": "[^"]' "$top/boards/$board.json" || { echo "skip $board has no UART: no control core"; continue; }
        if [ $board,$control = icestick,core ]; then # 1,280 cells and 16 block memories
            refuse "$board, $control, says that it does not fit" "control core does not fit on icestick" "$sluice" build $board --control $control --quiet
            continue
        fi
        check "$board, $control, builds" "$sluice" build $board --control $control
        [ -e $board/build.json ] || continue
        result=$board/build.json
        check "$board, $control, has a bitstream" test -s "$board/$(json $result bitstream)"
        check "$board, $control, gates agree" test "$(json $result gate_level.mismatches)" = 0
        check "$board, $control, reaches its clock" test "$(json $result timing.met)" = True
        case $control,$(sed -n 's/.*"target": "\(.*\)".*/\1/p' "$top/boards/$board.json") in
            core,ice40-up) check "$board has the software fall-back for its SPRAM" test -s $board/build/fallback.bin ;;
        esac
        rows="$rows| $board | $control | $(json $result resources.cells) | $(json $result wrapper_cells) | $(json $result timing.clock_mhz) | $(printf %.1f "$(json $result timing.fmax_mhz)") | $(stat -c %s "$board/$(json $result bitstream)") | $(printf %.0f "$(json $result seconds)") |"$'\n'
    done
    check "$board sized without pins" "$sluice" build $board --pins-free
    check "$board wrapper reported apart" json $board/build.json wrapper_cells
done
printf '\n| board | control | cells of the network | around it | MHz asked | reached | bytes of the bitstream | s |\n|---|---|---|---|---|---|---|---|\n%s' "$rows"
finish
