#!/bin/bash
# iCE40: cells around the network that hold only a carry get a LUT in addition, and registers that take a carry come into its chain, in the network too
# (boards/flow/carry_cells.c): fewer cells, and every net's function is what it was.
. "$(dirname "$0")/lib.sh"
for tool in yosys nextpnr-ice40; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
jets_job carries 1 8 "board: hx8k-evn, clock_mhz: 120"
check "trains" "$sluice" train carries.yaml --out shared
check "compiles" "$sluice" compile carries.yaml --out shared
check "builds" "$sluice" build carries.yaml --out shared --seeds 1 --retries 0
name=top
cp -r shared/build shared/before
(cd shared/before && rm design.json && yosys -Q -T top.ys >/dev/null 2>&1 && rm network.json && yosys -Q -T network.ys >/dev/null 2>&1)
check "some are shared" sh -c "! cmp -s shared/before/design.json shared/build/design.json"
check "no net has another function" python3 "$top/tests/flow/same_netlist.py" shared/before/design.json shared/build/design.json "$name"
cat last.log
python3 - shared/build/design.json "$name" >broken.json <<'EOF2'
import json, sys
netlist = json.load(open(sys.argv[1]))
lut = next(c for c in netlist["modules"][sys.argv[2]]["cells"].values() if c["type"] == "SB_LUT4" and c["connections"]["I3"][0] != "0")
lut["parameters"]["LUT_INIT"] = "".join("10"[int(b)] for b in lut["parameters"]["LUT_INIT"])
print(json.dumps(netlist))
EOF2
check "another function is seen" sh -c "! python3 '$top/tests/flow/same_netlist.py' shared/before/design.json broken.json $name"
cells() { nextpnr-ice40 --hx8k --package ct256 --json "$1" --top "$name" --pack-only --pcf-allow-unconstrained 2>&1 | sed -n 's/.*ICESTORM_LC: *\([0-9]*\).*/\1/p'; }
was=$(cells shared/before/design.json) is=$(cells shared/build/design.json)
echo "$was cells before, $is after"
check "fewer cells" test "$is" -lt "$was"
name=carries
check "no net of the network has another function" python3 "$top/tests/flow/same_netlist.py" shared/before/network.json shared/build/network.json "$name"
cat last.log
was=$(cells shared/before/network.json) is=$(cells shared/build/network.json)
echo "$was cells of the network before, $is after"
check "fewer cells in the network" test "$is" -lt "$was"
finish
