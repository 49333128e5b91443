#!/bin/bash
# 64-32-32-5 on the smallest board: shared multipliers, whole job to the bitstream.
. "$(dirname "$0")/../e2e/lib.sh"
check "the whole job" "$sluice" all "$top/examples/jets_up5k/job.yaml"
d=build/jets_up5k
check "budget met" test "$(json $d/report.json budget.met)" = True
check "no mismatch" test "$(json $d/verify.json mismatches)" = 0
check "the part's multipliers" test "$(json $d/build.json resources.dsp)" = 8
check "fits" python3 -c "import sys; sys.exit(not $(json $d/build.json resources.cells) < 5280)"
check "gate level agrees" test "$(json $d/build.json gate_level.mismatches)" = 0
finish
