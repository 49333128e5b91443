#!/bin/bash
# Reuse factors: from the job file to the simulated hardware, by layer and for all; what is refused.
. "$(dirname "$0")/lib.sh"
job() { # NAME TARGET-KEYS LAYER-KEYS
    cat >"$1.yaml" <<EOF
name: $1
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 4000}
output: logits
input: {format: 5}
layers:
  - {kind: dense, units: 8, weights: 4$3}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {epochs: 3, quantized_epochs: 4, batch: 256, learning_rate: 0.01}
target: {$2}
budget: {events_per_crossing: 0.04}
verify: {test_events: 300, random_events: 200, gate_level_events: 100}
EOF
}
job unrolled "board: hx8k-evn, clock_mhz: 60" ""
check train "$sluice" train unrolled.yaml
check compile "$sluice" compile unrolled.yaml
model=build/unrolled/train/model.onnx
job shared "board: hx8k-evn, clock_mhz: 60, reuse: 32" ""
sed -i "s|^output|model: $model\noutput|" shared.yaml
check "compile with reuse" "$sluice" compile shared.yaml
d=build/shared
check "interval within the factor" sh -c "i=\$(python3 -c 'import json; print(json.load(open(\"$d/compile.json\"))[\"interval_cycles\"])'); [ \$i -gt 1 ] && [ \$i -le 32 ]"
check "smaller" python3 -c "
import json
a, b = (json.load(open('build/%s/compile.json' % n))['estimate']['cells'] for n in ('unrolled', 'shared'))
assert b < 0.8 * a, (a, b)"
check "verify to the cycle" "$sluice" verify shared.yaml
check "no mismatch" test "$(json $d/verify.json mismatches)" = 0
check "same scores" sh -c "python3 - <<'EOF'
import struct
head = b\"{'descr': '<f8', 'fortran_order': False, 'shape': (200, 16), }\"
head += b' ' * (-(len(head) + 11) % 64) + b'\n'
import random
random.seed(3)
open('x.npy', 'wb').write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head +
    struct.pack('<3200d', *[random.gauss(0, 300) for _ in range(3200)]))
EOF
'$sluice' emulate build/unrolled --events x.npy --out a.npy && '$sluice' emulate build/shared --events x.npy --out b.npy && cmp a.npy b.npy"
"$sluice" report shared.yaml >report.txt 2>&1
check "report names the factor" grep -qE 'dense1 +32 +[0-9]+ ' build/shared/report.txt
check "report names the slowest layer" grep -q 'interval set by' build/shared/report.txt
check "build" "$sluice" build shared.yaml
for family in "$top"/sim/cells_*.v; do
    check "each cell of $(basename "$family" .v) has one model" test -z "$(sed -n 's/^module \([A-Za-z0-9_]*\).*/\1/p' "$family" | sort | uniq -d)"
done
check "gate level agrees" test "$(json $d/build.json gate_level.mismatches)" = 0
check "layer of its own factor" "$sluice" compile shared.yaml --reuse 2 --layer-reuse dense2=10
check "its factor in compile.json" test "$(json $d/compile.json layers.1.reuse.factor)" = 10
job own "board: hx8k-evn, clock_mhz: 60" ", reuse: 32"
check "train with a layer's factor" "$sluice" train own.yaml
check "compile with a layer's factor" "$sluice" compile own.yaml
check "interval of that layer" test "$(json build/own/compile.json interval_layer)" = dense1
check "auto within a budget" "$sluice" compile shared.yaml --reuse auto --max-lut4 600
check "auto is the fastest within it" python3 -c "
import json
c = json.load(open('$d/compile.json'))
assert c['estimate']['lut4'] <= 600 and c['interval_cycles'] <= 60 / (40 * 0.04) and c['reuse_auto'], c
assert 2 < c['latency_cycles'] < 40, c"
check "auto is exact" "$sluice" verify shared.yaml
check "auto with room is unrolled" "$sluice" compile shared.yaml --reuse auto
check "as without" test "$(json $d/compile.json latency_cycles)" = "$(json build/unrolled/compile.json latency_cycles)"
refuse "budget of LUT4" '^sluice: reuse auto: no factors meet the budget; the nearest are estimated at [0-9]+ LUT4 \(at most 60\); layer dense1 has the most: [0-9]+ LUT4; it can be met with [0-9]+ LUT4' \
    "$sluice" compile shared.yaml --reuse auto --max-lut4 60
check "what is said can be met" "$sluice" compile shared.yaml --reuse auto --max-lut4 "$(sed 's/.*met with \([0-9]*\) LUT4.*/\1/' last.err)"
refuse "budget of time" 'a latency of 33.4 ns \(at most 10\); layer dense1 has the most: a latency of 16.7 ns; it can be met with a latency of 33.4 ns$' \
    "$sluice" compile shared.yaml --reuse auto --latency-ns 10
refuse "neither a factor nor auto" "reuse maybe: it is auto, or a number from 1 to 1048576" \
    sh -c "sed 's/reuse: 32/reuse: maybe/' shared.yaml >maybe.yaml; '$sluice' compile maybe.yaml"
refuse "factor beyond the products" 'reuse 200: the largest layer, dense1, has 16 x 8 products; at most 128 works$' \
    "$sluice" compile shared.yaml --reuse 200
refuse "layer's factor beyond its products" 'layer dense2: reuse 41: it has 8 x 5 products; factors from 1 to 40 work, the nearest is 40$' \
    "$sluice" compile shared.yaml --layer-reuse dense2=41
refuse "unknown layer" 'reuse of layer dense9: there is no dense layer of that name; there are dense1, dense2$' \
    "$sluice" compile shared.yaml --layer-reuse dense9=2
refuse "no list of factors" "give LAYER=FACTOR" "$sluice" compile shared.yaml --layer-reuse dense1
sed 's/0.04/1/' shared.yaml >fast.yaml
check "compile again" "$sluice" compile fast.yaml
refuse "interval beyond the crossing" 'a crossing comes every 1 cycles, but the network takes an event every [0-9]+, set by layer dense1$' "$sluice" verify fast.yaml --quiet
finish
