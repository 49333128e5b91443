#!/bin/bash
# Working points at a rate with a threshold in hardware, turn-on curves, resolution, robustness.
. "$(dirname "$0")/lib.sh"
python3 - <<'PY'
import math, random
random.seed(5)
with open("jets.csv", "w") as f:
    f.write("pt,width,noise,kind\n")
    for i in range(8000):
        signal = random.random() < 0.5
        pt, width = random.expovariate(1 / 30.0) + (15 if signal else 0), random.gauss(2 if signal else 3, 0.7)
        f.write("%.4f,%.4f,%.4f,%s\n" % (pt, width, random.gauss(0, 1), "b_signal" if signal else "a_background"))
with open("line.csv", "w") as f:
    f.write("a,b,y\n")
    for _ in range(4000):
        a, b = random.uniform(-3, 3), random.uniform(-3, 3)
        f.write("%.5f,%.5f,%.5f\n" % (a, b, math.tanh(a) + 0.3 * b))
PY
cat >jets.yaml <<EOF
name: jets
data: {train: jets.csv, labels: kind}
output: threshold
layers:
  - {kind: dense, units: 8, weights: 6}
  - {kind: relu}
  - {kind: dense, units: 1, weights: 6}
  - {kind: sigmoid, format: none}
training: {epochs: 15, quantized_epochs: 15, batch: 64}
target: {board: icebreaker}
physics: {rate_khz: 2000, input_rate_mhz: 40, prescale: 2, set_threshold: true, turn_on: "pt, 1", bins: 6}
EOF
check "train" "$sluice" train jets.yaml
check "compile chooses the threshold on validation events" sh -c "'$sluice' compile jets.yaml 2>log && grep -q 'kHz of background' log"
check "verify" "$sluice" verify jets.yaml
check "report" "$sluice" report jets.yaml
check "the decision keeps about the rate that was asked for" python3 - <<'PY'
import json
p = json.load(open("build/jets/physics.json"))
w = p["working_points"][0]
assert w["chosen_on"] == "decision" and w["class"] == 1
assert 0.5 * 2000 < w["rate_khz"] < 1.5 * 2000, w
assert w["rate_khz_low"] < w["rate_khz"] < w["rate_khz_high"]
assert abs(w["rate_khz"] - 40e3 / 2 * w["background_efficiency"]) < 1e-6
assert 0.2 < w["signal_efficiency"] < 1
assert p["accuracy_hardware_error"] > 0 and p["auc_error"] > 0 and len(p["auc_per_class_error"]) == 2
pt = [c for c in p["turn_on"] if c["feature"] == "pt"][0]["bins"]
assert len(p["turn_on"]) == 2 and len(pt) == 6 and pt[-1]["efficiency"] > pt[0]["efficiency"] + 0.2
rows = {r["what"]: r for r in p["robustness"]}
assert rows["as it is"]["accuracy"] == p["accuracy_hardware"]
assert min(r["change"] for r in p["robustness"]) < -0.02
PY
check "the report says it" grep -q 'Working points' build/jets/report.txt
sed 's/output: threshold/output: logits/' jets.yaml >logits.yaml
refuse "a threshold is set where one is" 'logits.yaml:[0-9]*: set_threshold goes with output: threshold' "$sluice" compile logits.yaml
sed 's/"pt, 1"/"mass"/' jets.yaml >feature.yaml
refuse "an unknown feature is named" "there is no turn_on 'mass'" "$sluice" verify feature.yaml --quiet
cat >line.yaml <<EOF
name: line
data: {train: line.csv, labels: y}
layers:
  - {kind: dense, units: 12, weights: 8}
  - {kind: relu, format: 8}
  - {kind: dense, units: 1, weights: 8}
training: {epochs: 20, quantized_epochs: 20, batch: 64}
target: {board: icebreaker}
physics: {bins: 5}
EOF
check "a regression" "$sluice" train line.yaml
check "compiles" "$sluice" compile line.yaml
check "verifies" "$sluice" verify line.yaml
check "bias and resolution in bins" python3 - <<'PY'
import json
p = json.load(open("build/line/physics.json"))
r = p["regression"][0]
assert len(r["bins"]) == 5 and sum(b["events"] for b in r["bins"]) == p["events"]
assert 0 < r["resolution"] < 0.3 and abs(r["bias"]) < 0.1 and r["bias_error"] > 0
assert p["robustness"][0]["rms_error"] > 0
PY
check "in the report" sh -c "'$sluice' report line.yaml; grep -q Resolution build/line/report.txt"
finish
