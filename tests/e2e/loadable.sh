#!/bin/bash
# Weights that are loaded at run time: from the job file to the simulated hardware, another training's image into it, and what
# is refused.
. "$(dirname "$0")/lib.sh"
job() { # NAME SEED TARGET-KEYS LAYER-KEYS UNITS WEIGHTS
    cat >"$1.yaml" <<EOF
name: $1
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
output: logits
input: {format: 5}
layers:
  - {kind: dense, units: ${5:-8}, weights: ${6:-4}$4}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {seed: $2, epochs: 2, quantized_epochs: 2, batch: 256, learning_rate: 0.01}
target: {board: ulx3s-85f, clock_mhz: 80, $3}
budget: {events_per_crossing: 0.04}
verify: {test_events: 200, random_events: 100}
EOF
}
job a 1 "reuse: 32, weights: loadable" ""
job b 7 "reuse: 1" ""
job wide 1 "reuse: 1" "" 8 5
job large 1 "reuse: 1" "" 9
for n in a b wide large; do check "train $n" "$sluice" train $n.yaml; done
for n in a b wide large; do check "compile $n" "$sluice" compile $n.yaml; done
check "weights and biases of both layers have addresses" python3 -c "
import json
m = json.load(open('build/a/load.json'))
assert [x['name'] for x in m['layers']] == ['dense1', 'dense2'] and m['layers'][0]['weights']['least'] == -8, m['layers']
held = [c for x in m['memories'] if x['layer'] == 'dense1' for w in x['cells'] for c in zip(*[iter(w)] * 3)]
assert sorted(c[:2] for c in held if c[0] >= 0) == [(i, j) for i in range(16) for j in range(8)]
assert sorted(c[1] for c in held if c[0] < 0 <= c[1]) == list(range(8))"
check "all products count" test "$(json build/a/compile.json layers.0.reuse.products)" = 128

# The image of b in a's hardware is b.
check "image" "$sluice" image b.yaml --for build/a --out b.img
check "image from a folder, the same" sh -c "'$sluice' image build/b --for build/a --out again.img && cmp b.img again.img"
check "image of its own" "$sluice" image build/a --for build/a --out a.img
check "the file is as documented" python3 -c "
import json, struct, zlib
b, m = open('b.img', 'rb').read(), json.load(open('build/a/load.json'))
assert struct.unpack('<I', b[-4:])[0] == zlib.crc32(b[:-4])
magic, version, size, ranges, ident, zero = struct.unpack('<8sIIIQI', b[:32])
assert (magic, version, size, ranges) == (b'sluiceld', 1, 4, len(m['memories'])) and '%016x' % ident == m['id']
at = 32
for x in m['memories']:
    base, count = struct.unpack_from('<II', b, at)
    assert (base, count) == (x['base'], x['words'])
    assert all(w >> x['width'] == 0 for w in struct.unpack_from('<%dI' % count, b, at + 8))
    at += 8 + 4 * count
assert at == len(b) - 4"
check "events" python3 -c "
import random, struct
head = b\"{'descr': '<f8', 'fortran_order': False, 'shape': (200, 16), }\"
head += b' ' * (-(len(head) + 11) % 64) + b'\n'
random.seed(3)
open('x.npy', 'wb').write(b'\x93NUMPY\x01\x00' + struct.pack('<H', len(head)) + head +
    struct.pack('<3200d', *[random.gauss(0, 300) for _ in range(3200)]))"
for n in a b; do check "scores of $n" "$sluice" emulate build/$n --events x.npy --out $n.npy; done
check "a with a's image" sh -c "'$sluice' emulate build/a --events x.npy --image a.img --out y.npy && cmp a.npy y.npy"
check "a with b's image is b" sh -c "'$sluice' emulate build/a --events x.npy --image b.img --out y.npy && cmp b.npy y.npy"
check "and not a" sh -c "! cmp -s a.npy b.npy"
check "verify: random words, while events go on" "$sluice" verify a.yaml
check "no mismatch" test "$(json build/a/verify.json mismatches)" = 0
check "verify: b's image" "$sluice" verify a.yaml --image b.img
cp -r build/a build/broken
sed -i 's/turns = swap_q && wait_q == [^;]*;/turns = swap_q;/' build/broken/rtl/a.v
refuse "a swap in mid-event is seen" 'loading, full rate: .*' "$sluice" verify build/broken --events x.npy --quiet

# On the part with the fewest memories: the netlist loads, too; and a bitstream, whose top leaves the port alone.
job small 1 "reuse: 64, weights: loadable, seeds: 1" ""
sed -i 's/ulx3s-85f, clock_mhz: 80/hx8k-evn, clock_mhz: 48/' small.yaml
sed -i "s|^output|model: build/a/train/model.onnx\noutput|" small.yaml
sed -i 's/random_events: 100/random_events: 100, gate_level_events: 50/' small.yaml
check "compile for hx8k" "$sluice" compile small.yaml
check "build, pins free" "$sluice" build small.yaml --pins-free
check "gate level agrees" test "$(json build/small/build.json gate_level.mismatches)" = 0
check "memories are there" test "$(json build/small/build.json resources.bram)" -ge 4
check "build for the board" "$sluice" build small.yaml

# One layer of two; a job's layer key.
job one 1 "reuse: 32" ", loadable: true"
sed -i "s|^output|model: build/a/train/model.onnx\noutput|" one.yaml
sed 's/weights: loadable/weights: "loadable:dense1"/' a.yaml >c.yaml && sed -i 's/^name: a/name: c/' c.yaml
sed -i "s|^output|model: build/a/train/model.onnx\noutput|" c.yaml
check "one layer by name" "$sluice" compile c.yaml
check "only that one" test "$(python3 -c "import json; print(*{m['layer'] for m in json.load(open('build/c/load.json'))['memories']})")" = dense1
refuse "image of a model whose constant layer differs" 'layer dense2 \(dense\) differs from the compiled network' \
    "$sluice" image b.yaml --for build/c --out no.img
check "weights in ROM: nothing to load, no port" sh -c "'$sluice' compile c.yaml --weights rom && ! test -e build/c/load.json && ! grep -q load_ build/c/rtl/c.v"

# Strategy resource: multipliers and memories whatever they cost, in ROM.
check "strategy resource" "$sluice" compile c.yaml --weights rom --strategy resource --reuse 16
check "on multipliers" sh -c "echo '$(json build/c/compile.json layers.0.reuse.form), $(json build/c/compile.json layers.1.reuse.form)' | grep -qE '^multipliers( in step)?, multipliers( in step)?\$'"
check "fewer cycles than inputs" "$sluice" compile c.yaml --weights rom --strategy resource --reuse 4
check "in step" test "$(json build/c/compile.json layers.0.reuse.form)" = "multipliers in step"

model=build/a/train/model.onnx
to="--board ulx3s-85f --clock-mhz 80 --out d"
refuse "no reuse factor" 'layer dense1: loadable weights need a reuse factor of at least 2; give it one, such as --reuse 16$' \
    "$sluice" compile $model $to --weights loadable
refuse "too small a factor" 'layer dense1: loadable weights: its 16 inputs go to memory two a cycle; give it a reuse factor of at least 8$' \
    "$sluice" compile $model $to --weights loadable --reuse 4
refuse "resource without a factor" 'strategy resource needs a reuse factor' "$sluice" compile $model $to --strategy resource
refuse "unknown layer" 'loadable layer dense9: there is no dense layer or ensemble of trees of that name; there are dense1, dense2$' \
    "$sluice" compile $model $to --weights loadable:dense9 --reuse 8
refuse "unknown word" "weights 'ram': give rom, loadable, or loadable:LAYER" "$sluice" compile $model $to --weights ram --reuse 8
refuse "with the wrapper" 'axi-stream: its network has no port to load weights through' \
    "$sluice" compile $model $to --weights loadable --reuse 8 --wrapper axi-stream
refuse "no quantizer" 'layer .*: loadable (weights|biases) need a quantizer' \
    "$sluice" compile "$top/examples/sklearn/tagger.onnx" $to --weights loadable --reuse 8 --input-format 'fixed<8,4>'
refuse "image of another shape" 'layer dense1 is dense of 9, in the compiled network \(dense1\) dense of 8; an image needs a network of the same shape$' \
    "$sluice" image large.yaml --for build/a --out no.img
refuse "image of a wider format" 'layer dense1: the weight .* is none that may be loaded: multiples of 2\^' \
    "$sluice" image wide.yaml --for build/a --out no.img
refuse "for a network with nothing to load" 'nothing in this network can be loaded' "$sluice" image b.yaml --for build/b --out no.img
refuse "no folder" 'image: --for DIR is missing' "$sluice" image b.yaml --out no.img
printf x | dd of=a.img bs=1 seek=50 conv=notrunc 2>/dev/null
refuse "damaged image" 'a.img: damaged: its CRC is wrong' "$sluice" emulate build/a --events x.npy --image a.img --out no.npy
refuse "no image" 'x.npy: not an image' "$sluice" emulate build/a --events x.npy --image x.npy --out no.npy
check "compile for another factor" "$sluice" compile $model --board ulx3s-85f --clock-mhz 80 --out other --weights loadable --reuse 8
refuse "image for another network" 'b.img: made for another network' "$sluice" emulate other --events x.npy --image b.img --out no.npy
check "nothing left behind" sh -c '! test -e no.img && ! test -e no.npy && ! test -e d'
finish
