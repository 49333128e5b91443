#!/bin/bash
# Campaigns of ten thousand upsets each, on a network with loadable weights, on loadable trees and on an unrolled network: what
# protection promises holds, and what it is for is there without it.
. "$(dirname "$0")/../e2e/lib.sh"
job() { # NAME MODEL-KEYS TARGET-KEYS
    cat >"$1.yaml" <<EOT
name: $1
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
output: logits
$2
target: {$3}
budget: {events_per_crossing: 0.01}
verify: {test_events: 300, random_events: 200, faults: 10000}
EOT
}
layers='layers:
  - {kind: dense, units: 16, weights: 5}
  - {kind: relu, format: 5}
  - {kind: dense, units: 5, weights: 5}
training: {seed: 1, epochs: 2, quantized_epochs: 2, batch: 256, learning_rate: 0.01}'
job network "input: {format: 6}
$layers" "board: ulx3s-85f, clock_mhz: 80, reuse: 64, weights: loadable"
job forest "input: {format: 8}
trees: {method: boosting, rounds: 4, depth: 4}" "board: ulx3s-85f, clock_mhz: 100, reuse: 10, weights: loadable"
job unrolled "input: {format: 6}
$layers" "board: hx8k-evn, clock_mhz: 60"
holds() { # NAME PROTECT: the promises of it
    python3 -c "
import json, sys
f = json.load(open('build/$1/faults.json'))
kinds = {k['kind']: k for k in f['kinds']}
assert f['protect'] == '$2' and sum(k['flips'] for k in f['kinds']) == 10000, f
control, weights = kinds['control'], kinds.get('weights')
if 'tmr' in '$2': assert control['corrected'] == control['flips'] > 0, control
else: assert control['silent'] + control['detected'] > control['flips'] / 10, control
if 'ecc' in '$2': assert weights['silent'] == weights['detected'] == 0 < weights['corrected'], weights
elif weights: assert weights['silent'] > 0 == weights['corrected'], weights
assert kinds['data']['silent'] > 0, kinds['data']"
}
for name in network forest unrolled; do
    check "$name: train" "$sluice" train $name.yaml
    for protect in none tmr ecc tmr+ecc; do
        case $name$protect in unrolled*ecc) continue ;; esac
        check "$name, $protect: compile" "$sluice" compile $name.yaml --protect $protect
        check "$name, $protect: verify and flip" "$sluice" verify $name.yaml
        check "$name, $protect: as promised" holds $name $protect
    done
done
finish
