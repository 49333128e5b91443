#!/bin/bash
# Other jobs than the demo's: CSV with text labels and one decision bit, regression, tanh and leaky ReLU, init, install.
. "$(dirname "$0")/lib.sh"
python3 - <<'EOF'
import math, random
random.seed(3)
with open("cut.csv", "w") as f:
    f.write("x0,x1,x2,kind\n")
    for _ in range(4000):
        x = [random.gauss(0, 1) for _ in range(3)]
        f.write("%.5f,%.5f,%.5f,%s\n" % (*x, "signal" if x[0] * x[1] + x[2] > 0 else "background"))
with open("line.csv", "w") as f:
    f.write("a,b,y\n")
    for _ in range(4000):
        a, b = random.uniform(-3, 3), random.uniform(-3, 3)
        f.write("%.5f,%.5f,%.5f\n" % (a, b, math.tanh(a) + 0.3 * b))
EOF
cat >cut.yaml <<EOF
name: cut
data: {train: cut.csv, labels: kind}
output: threshold
threshold: 0.25
layers:
  - {kind: dense, units: 8, weights: 5}
  - {kind: leaky_relu, alpha: 0.25, format: 6}
  - {kind: dense, units: 1, weights: 5}
  - {kind: sigmoid, format: none}
training: {epochs: 15, quantized_epochs: 10, batch: 64}
target: {board: icebreaker}
budget: {latency_ns: 1000}
EOF
check "train on CSV" "$sluice" train cut.yaml
check "compile to a decision bit" "$sluice" compile cut.yaml
check "verify the decision bit" "$sluice" verify cut.yaml
check "one bit leaves the chip" test "$(json build/cut/interface.json output.bits)" = 1
check "it decides well" python3 -c "import sys; sys.exit(not $(json build/cut/physics.json accuracy_hardware) > 0.8)"
check "class names from the file" test "$(json build/cut/physics.json class_names.1)" = signal
cat >line.yaml <<EOF
name: line
data: {train: line.csv, labels: y}
layers:
  - {kind: dense, units: 8, weights: 6}
  - {kind: tanh, format: "fixed<7,1>"}
  - {kind: dense, units: 1, weights: 6}
training: {epochs: 20, quantized_epochs: 20, batch: 64, loss: huber, optimizer: adamw}
target: {board: ulx3s-25f}
EOF
sed -i 's/weights: 6}\n  - {kind: tanh/weights: 6, format: 8}\n&/' line.yaml
python3 - <<'EOF'
text = open("line.yaml").read()
open("line.yaml", "w").write(text.replace("units: 8, weights: 6}", 'units: 8, weights: 6, format: "8"}'))
EOF
check "train a regression" "$sluice" train line.yaml
check "compile tanh as a table" "$sluice" compile line.yaml
check "verify the regression" "$sluice" verify line.yaml
for levels in binary ternary power_of_two; do
    cat >coarse.yaml <<EOF
name: coarse
data: {train: cut.csv, labels: kind}
output: argmax
layers:
  - {kind: dense, units: 24, weights: $levels}
  - {kind: batchnorm}
  - {kind: sign}
  - {kind: dense, units: 12, weights: $levels}
  - {kind: batchnorm}
  - {kind: relu, format: 2}
  - {kind: dense, units: 2, weights: $levels}
training: {epochs: 20, quantized_epochs: 40, batch: 64}
target: {board: ulx3s-25f}
EOF
    check "train $levels weights, signs and two-bit activations" "$sluice" train coarse.yaml
    check "compile them" "$sluice" compile coarse.yaml
    check "verify them" "$sluice" verify coarse.yaml
    check "they decide well" python3 -c "import sys; sys.exit(not $(json build/coarse/physics.json accuracy_hardware) > 0.75)"
done
check "init writes a job" "$sluice" init cut.csv --out fresh.yaml --board icebreaker
refuse "init never overwrites" 'is there already' "$sluice" init cut.csv --out fresh.yaml
sed -i 's/^  epochs: .*/  epochs: 3/; s/^  quantized_epochs: .*/  quantized_epochs: 3/' fresh.yaml
sed -i '1i name: fresh' fresh.yaml
check "the written job trains" "$sluice" train fresh.yaml
check "and compiles" "$sluice" compile fresh.yaml
check "an unmet budget is exit status 1" sh -c "sed -i 's/latency_ns: 1000/latency_ns: 1/' fresh.yaml; '$sluice' compile fresh.yaml && ! '$sluice' report fresh.yaml 2>err && grep -q 'latency' err"
check "install" make -s -C "$top" install DESTDIR="$work/root" PREFIX=/usr
check "the installed command finds its boards" sh -c "cd / && '$work/root/usr/bin/sluice' list boards | grep -q hx8k-evn"
check "the installed command compiles" sh -c "cd '$work' && root/usr/bin/sluice compile build/cut/train/model.onnx --board hx8k-evn --out inst"
zoo=$top/../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx
if [ -e "$zoo" ]; then
    check "the zoo's jet tagger compiles" "$sluice" compile "$zoo" --board ulx3s-85f --input-format 'fixed<8,4>' --out zoo
    python3 - <<'EOF'
import random, struct
random.seed(1)
body = b"".join(struct.pack("<f", random.gauss(0, 2)) for _ in range(400 * 16))
head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (400, 16), }"
head += b" " * (-(len(head) + 11) % 64) + b"\n"
open("z.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body)
EOF
    check "the zoo's jet tagger verifies" "$sluice" verify zoo --events z.npy
else
    echo "skip the zoo's jet tagger: ../shared is not there"
fi
finish
