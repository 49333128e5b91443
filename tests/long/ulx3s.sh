#!/bin/bash
# The second example: the pruned 64-32-32-5 network on the ULX3S with the 85F, within a point of the float network.
. "$(dirname "$0")/../e2e/lib.sh"
check "the whole job" "$sluice" all "$top/examples/jets_ulx3s/job.yaml"
check "budget met" test "$(json build/jets_ulx3s/report.json budget.met)" = True
check "within a point of 67.9 %" python3 -c "import sys; sys.exit(not $(json build/jets_ulx3s/report.json physics.accuracy_hardware) >= 0.669)"
finish
