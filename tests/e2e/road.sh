#!/bin/bash
# The whole road on a small network: data to bitstream and report, then each verb alone.
. "$(dirname "$0")/lib.sh"
cat >job.yaml <<EOF
name: mini
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 6000}
output: logits
input: {format: 5}
layers:
  - {kind: dense, units: 6, weights: 3}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 3}
training: {epochs: 6, quantized_epochs: 8, batch: 256, learning_rate: 0.01}
pruning: {sparsity: 0.5}
target: {board: hx8k-evn, clock_mhz: 120}
budget: {latency_ns: 400}
verify: {random_events: 300, gate_level_events: 200}
EOF
check all "$sluice" all job.yaml
d=build/mini
for f in model.onnx float.onnx program.sluice interface.json rtl/mini.v rtl/files.f c/mini.c verify.json build.json report.json report.html report.txt; do
    check "file $f" test -s $d/$f
done
check "bitstream" test -s "$d/$(json $d/build.json bitstream)"
check "no mismatch" test "$(json $d/verify.json mismatches)" = 0
check "events simulated" test "$(json $d/verify.json events)" -gt 300
check "gate level agrees" test "$(json $d/build.json gate_level.mismatches)" = 0
check "placed" test "$(json $d/report.json resources.source)" = placed
check "budget met" test "$(json $d/report.json budget.met)" = True
for key in timing.clock_mhz timing.latency_cycles timing.interval_cycles timing.latency_ns timing.fmax_mhz timing.latency_bx schema \
    resources.cells resources.cells_available resources.lut4 resources.ff resources.carry resources.bram resources.dsp \
    physics.accuracy_float physics.accuracy_quantized physics.accuracy_hardware physics.auc verify.events verify.mismatches \
    verify.float_max_abs_error program.operations program.adder_bits program.depth seconds.train seconds.compile \
    seconds.verify seconds.build budget.reason; do
    check "report key $key" json $d/report.json $key
done
check "hardware equals quantized" test "$(json $d/report.json physics.accuracy_hardware)" = "$(json $d/report.json physics.accuracy_quantized)"
check "better than chance" python3 -c "import sys; sys.exit(not $(json $d/report.json physics.accuracy_hardware) > 0.3)"
check "explain" sh -c "'$sluice' explain job.yaml >explained && awk 'length > 100 { exit 1 }' explained && grep -q 'Critical path as placed' explained"
check "explained costs add up" sh -c "'$sluice' explain $d --json >explain.json && python3 -c '
import json
e = json.load(open(\"explain.json\"))
for kind in (\"adder_bits\", \"register_bits\", \"lut4\", \"cells\"):
    rest = e[\"control\"][kind] + e[\"unused\"][kind]
    for part in (e[\"layers\"], e[\"neurons\"]):
        assert abs(sum(row[kind] for row in part) + rest - e[\"total\"][kind]) < 1e-6, kind
assert abs(sum(w[\"adder_bits\"] for w in e[\"weights\"]) - e[\"total\"][\"adder_bits\"]) < 1e-6
assert all(w[\"weight\"] is not None for w in e[\"weights\"])
assert any(row[\"value\"] is not None for row in e[\"placed_path\"][\"steps\"])'"
check "explained total is the program's" test "$(json explain.json total.adder_bits)" = "$(json $d/report.json program.adder_bits)"

# the verbs without a job, on the model that was trained
python3 - "$top/examples/jets/jets_hlf_test.npz" <<'EOF'
import io, struct, sys, zipfile
raw = zipfile.ZipFile(sys.argv[1]).read("x.npy")
size = struct.unpack("<H", raw[8:10])[0]
body = raw[10 + size:][: 500 * 16 * 4]
head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (500, 16), }"
head += b" " * (-(len(head) + 11) % 64) + b"\n"
open("x.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + body)
EOF
check "compile alone" "$sluice" compile $d/model.onnx --board icebreaker --out alone
check "emulate" "$sluice" emulate alone --events x.npy --out y.npy
check "quantized reference" "$sluice" emulate alone --events x.npy --out q.npy --reference quantized
check "program equals reference to the byte" cmp y.npy q.npy
check "float reference" "$sluice" emulate alone --events x.npy --out f.npy --reference float
check "float differs" sh -c '! cmp -s y.npy f.npy'
# machine code, from 200,000 events on, and the interpreter
python3 - <<'PYTHON'
body = open("x.npy", "rb").read()[128:]
head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (200000, 16), }"
head += b" " * (-(len(head) + 11) % 64) + b"\n"
open("many.npy", "wb").write(b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head + body * 400)
PYTHON
check "emulate as machine code" "$sluice" emulate alone --events many.npy --out n.npy --histogram n.csv
check "interpreted" "$sluice" emulate alone --events many.npy --out i.npy --histogram i.csv --interpreter
check "machine code equals interpreter to the byte" cmp n.npy i.npy
check "histograms are equal" cmp n.csv i.csv
check "every event is in the histogram" sh -c "awk -F, 'NR > 1 { n[\$1] += \$4 } END { for (o in n) if (n[o] != 200000) exit 1; exit length(n) != 5 }' n.csv"
if command -v cc >/dev/null; then check "machine code is kept" sh -c "ls alone/emulate/native-*.so && '$sluice' emulate alone --events x.npy --out k.npy --json | grep '\"cached\"' && cmp k.npy y.npy"; fi
check "verify alone" "$sluice" verify alone --events x.npy
check "report before build" "$sluice" report alone
check "explain before build" sh -c "'$sluice' explain alone --json | grep -q '\"placed_path\".*null'"
check "estimate" test "$(json alone/report.json resources.source)" = estimate
check "same input, same bytes" sh -c "'$sluice' compile $d/model.onnx --board icebreaker --out again && diff -r alone/rtl again/rtl && cmp alone/program.sluice again/program.sluice && diff -r alone/c again/c"
check "argmax" "$sluice" compile $d/model.onnx --board icebreaker --output argmax --out arg
check "argmax verifies" "$sluice" verify arg --events x.npy
check "softmax" "$sluice" compile $d/model.onnx --board hx8k-evn --output softmax --out soft
check "softmax is in the hardware" test "$(json soft/compile.json softmax_left_out) $(json soft/compile.json output)" = "False softmax"
check "softmax verifies" "$sluice" verify soft --events x.npy
check "softmax close to the real one" python3 -c "import sys; sys.exit(not 0 < $(json soft/verify.json float_mean_abs_error) < 0.2)"
check "softmax emulates" sh -c "'$sluice' emulate soft --events x.npy --out ys.npy && '$sluice' emulate soft --events x.npy --out qs.npy --reference quantized && cmp ys.npy qs.npy"
check "softmax again from its own model" sh -c "'$sluice' compile soft/model.onnx --board hx8k-evn --output softmax --out soft_again && cmp soft/model.onnx soft_again/model.onnx && cmp soft/program.sluice soft_again/program.sluice"
check "fabric standardisation" "$sluice" compile $d/model.onnx --board ulx3s-25f --standardise fabric --input-bits 14 --calibrate x.npy --out fab
check "fabric verifies" "$sluice" verify fab --events x.npy
check "diff" sh -c "'$sluice' diff $d/report.json alone/report.json | grep -q resources"
check "generated C compiles" gcc -std=c11 -Wall -Wextra -Werror -c alone/c/*.c -o /dev/null

# a bench that can fail: a wrong constant in one module of the network
sed -i 's/ + / - /' alone/rtl/*dense*.v
refuse "broken hardware is caught" 'mismatch' "$sluice" verify alone --events x.npy --quiet
finish
