#!/bin/bash
# The clock that latency mode chooses, and a schedule that is tightened when the placed design misses its clock.
. "$(dirname "$0")/lib.sh"
cat >fast.yaml <<EOF
name: fast
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 6000}
output: logits
input: {format: 5}
layers:
  - {kind: dense, units: 8, weights: 4}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {epochs: 3, quantized_epochs: 3, batch: 256, learning_rate: 0.01}
target: {board: hx8k-evn, optimize: latency}
verify: {random_events: 200, gate_level_events: 100}
EOF
check "train" "$sluice" train fast.yaml
check "latency mode" "$sluice" compile fast.yaml
ns() { python3 -c "print($(json "$1/compile.json" latency_cycles) / $(json "$1/compile.json" clock_mhz) * 1e3)"; }
check "a multiple of the crossing rate" python3 -c "import sys; sys.exit($(json build/fast/compile.json clock_mhz) % 40 != 0)"
chosen=$(ns build/fast)
for clock in 40 120; do # what the PLL makes of 12 MHz
    check "at $clock MHz" "$sluice" compile build/fast/train/model.onnx --board hx8k-evn --clock-mhz $clock --out at$clock
    check "no fewer ns at $clock MHz" python3 -c "import sys; sys.exit(not $chosen <= $(ns at$clock) + 1e-9)"
done
# copy NAME SED: the same job under another name, trained already.
copy() { sed "s/^name: fast/name: $1/; $2" fast.yaml >"$1.yaml"; mkdir -p "build/$1" && cp -r build/fast/train* "build/$1/"; }
copy crowded 's/optimize: latency/optimize: latency, pins_free: true/; $a budget: {events_per_crossing: 4}'
check "several events a crossing" "$sluice" compile crowded.yaml
check "the clock takes them" python3 -c "import sys; sys.exit(not $(json build/crowded/compile.json clock_mhz) >= 160)"
copy odd '$a budget: {bunch_crossing_mhz: 7.001}'
refuse "no clock that the board can make" "hx8k-evn cannot make a multiple of the crossing rate, 7.001 MHz" "$sluice" compile odd.yaml

if ! command -v nextpnr-ice40 >/dev/null; then echo "skip nextpnr-ice40 is not there"; finish; fi
# A home whose fabric is said to be faster than it is.
mkdir home && cp -r "$top/boards" "$top/rtl" home/
sed -i 's/"delay_margin": [0-9.]*/"delay_margin": 1/; s/"setup": [0-9.]*/"setup": 0.2/; s/"route": [0-9.]*/"route": 0.2/' home/boards/targets/ice40-hx.json
copy hasty 's/optimize: latency/clock_mhz: 120, seeds: 1/'
export SLUICE_HOME=$work/home
check "a hasty schedule" "$sluice" compile hasty.yaml
before=$(json build/hasty/compile.json latency_cycles)
check "verified" "$sluice" verify hasty.yaml
check "built" "$sluice" build hasty.yaml
check "it was scheduled again" python3 -c "
import json
tries = json.load(open('build/hasty/build.json'))['tries']
assert len(tries) > 1 and tries[0]['fmax_mhz'] < 120 <= tries[-1]['fmax_mhz'], tries
assert tries[0]['latency_cycles'] == $before < tries[-1]['latency_cycles'], tries
assert [t['delay_scale'] for t in tries] == sorted(t['delay_scale'] for t in tries), tries
compiled = json.load(open('build/hasty/compile.json'))
assert compiled['latency_cycles'] == tries[-1]['latency_cycles'] and compiled['delay_scale'] == tries[-1]['delay_scale']
assert json.load(open('build/hasty/verify.json'))['latency_cycles_measured'] == tries[-1]['latency_cycles']
assert json.load(open('build/hasty/build.json'))['gate_level']['mismatches'] == 0"
check "the report names every try" sh -c "'$sluice' report hasty.yaml; grep -q 'try 2' build/hasty/report.txt"
sed -i 's/seeds: 1/seeds: 1, retries: 0/' hasty.yaml
check "compiled anew" "$sluice" compile hasty.yaml
refuse "no further try, no clock" "MHz reached, 120.0 MHz asked" "$sluice" build hasty.yaml --quiet
finish
