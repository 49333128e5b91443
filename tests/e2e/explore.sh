#!/bin/bash
# Exploration: a curve of reuse factors and widths, each point verified; one that fails leaves the others.
. "$(dirname "$0")/lib.sh"
job() { # NAME KEYS
    cat >"$1.yaml" <<EOT
name: $1
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
input: {format: 5}
$2
target: {board: hx8k-evn, clock_mhz: 60}
budget: {events_per_crossing: 0.1}
verify: {test_events: 200, random_events: 100, gate_level_events: 0}
EOT
}
training='training: {epochs: 2, quantized_epochs: 2, batch: 256, learning_rate: 0.01}'
job small "layers:
  - {kind: dense, units: 6, weights: 4}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
$training"
refuse "without a model" 'train/model.onnx: not there; run `sluice train` first' "$sluice" explore small.yaml
check train "$sluice" train small.yaml
"$sluice" explore small.yaml --reuse 1,12,500 >table 2>err; status=$?
check "a point that fails is told" test $status -eq 1
check "the others are in the table" test "$(grep -c ' exact' table)" = 2
check "why it failed" grep -q 'reuse 500: the largest layer, dense1, has 16 x 6 products; at most 96 works' table
d=build/small/explore
check "files" test -s $d/explore.csv -a -s $d/explore.html -a -s $d/explore.json
check "curve" python3 -c "
import csv, json
rows = list(csv.DictReader(open('$d/explore.csv')))
assert [r['reuse'].strip() for r in rows] == ['1', '12', '500'], rows
a, b, c = rows
assert float(b['lut4']) < float(a['lut4']) and float(b['latency_ns']) > float(a['latency_ns'])
assert [r['exact'] for r in rows] == ['1', '1', '0'] and [r['pareto'] for r in rows] == ['1', '1', '0']
one = json.load(open('$d/reuse12/verify.json'))
assert one['mismatches'] == 0 and one['latency_cycles_measured'] == float(b['latency_cycles']), one"
check "interval over the budget is said" sh -c "'$sluice' explore small.yaml --reuse 48 | grep -q 'exact; over the budget: interval'"
check "the page stands alone" python3 "$top/tests/unit/report/check_html.py" $d/explore.html
check "widths, built" "$sluice" explore small.yaml --bits 2,4 --reuse 6 --build --json
check "widths are trained" python3 -c "
import json
a, b = json.load(open('$d/explore.json'))['points']
assert a['exact'] and b['exact'] and a['bits'] == 2 and b['bits'] == 4 and a['lut4'] < b['lut4'], (a, b)
assert a['placed']['lut4'] > 0 and b['placed']['fmax_mhz'] > 0, (a, b)"
job given "model: build/small/train/model.onnx"
refuse "widths of a quantized model" 'brings formats of its own' "$sluice" explore given.yaml --bits 4
job wide "layers:
  - {kind: dense, units: 5, weights: learned 6}
$training"
"$sluice" explore wide.yaml --bits 4 --reuse 1 >table 2>err
check "learned widths" grep -q 'the layer learns its widths' table
refuse "no list" '^sluice: --reuse 1,x: it is whole numbers from 1 to 1048576' "$sluice" explore small.yaml --reuse 1,x
refuse "a list for one" '^sluice: --reuse 1,2: one factor' "$sluice" compile small.yaml --reuse 1,2
sed '/^data/d' small.yaml >bare.yaml
refuse "no events" 'no events to verify with' "$sluice" explore bare.yaml
finish
