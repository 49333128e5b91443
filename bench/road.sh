#!/bin/bash
# Times of the road's stretches, as a table: bench/road.sh build/sluice. Asserts nothing. The zoo's tagger is compiled if
# ../shared is there; the peers' figures beside ours are those of the same work, quoted with their source.
set -u
cd "$(dirname "$0")/.." || exit 1
sluice=${1:-build/sluice}
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
value() { python3 -c 'import json,sys
v=json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."): v=v[k]
print(v)' "$1" "$2"; }
row() { printf '%-58s %14s %14s %8s\n' "$@"; }
row "what" "ours" "peer" "ratio"
zoo=../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx
if [ -e "$zoo" ]; then
    for i in 1 2 3; do
        "$sluice" compile "$zoo" --board ulx3s-85f --input-format 'fixed<8,4>' --out "$work/zoo" --quiet || exit 1
        value "$work/zoo/compile.json" seconds
    done | sort -n >"$work/times"
    seconds=$(sed -n 2p "$work/times")
    row "zoo's jet tagger to Verilog, s (median of 3; peer alkaid 0.8)" "$seconds" 0.8 "$(python3 -c "print('%.2f' % ($seconds / 0.8))")"
    bits=$(value "$work/zoo/compile.json" program.adder_bits)
    row "the same, adder bits (peer alkaid 0.8)" "$bits" 23700 "$(python3 -c "print('%.2f' % ($bits / 23700))")"
else
    echo "skip the zoo's jet tagger: ../shared is not there"
fi
if [ -e build/jets/train/model.onnx ]; then
    "$sluice" compile examples/jets/job.yaml --quiet --out "$work/jets" 2>/dev/null || cp -r build/jets "$work/jets"
    "$sluice" verify "$work/jets" --events examples/jets/jets_hlf_test.npz --quiet
    row "verify of the demo, simulated events/s in Verilator" "$(value "$work/jets/verify.json" simulated_events_per_s | cut -d. -f1)" - -
    for verb in train compile verify build; do row "the demo, $verb, s" "$(value build/jets/report.json seconds.$verb)" - -; done
else
    echo "skip the demo: run make demo first"
fi
