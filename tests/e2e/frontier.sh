#!/bin/bash
# Learned widths under a price: the frontier as files, table and picture; picking from it; the picked network compiled and verified.
. "$(dirname "$0")/lib.sh"
cat >jets.yaml <<EOF
name: jets
data: {train: $top/examples/jets/jets_hlf_train.npz, max_events: 12000, validation_fraction: 0.25}
input: {format: learned 8}
layers:
  - {kind: dense, units: 24, weights: learned}
  - {kind: relu, format: learned}
  - {kind: dense, units: 5, weights: learned}
training: {epochs: 5, quantized_epochs: 60, learning_rate: 0.005, batch: 256, target_lut4: 400, frontier_points: 4,
           anneal_epochs: 8, search_tries: 2, teacher_weight: 0.3, noise: 0.02}
target: {board: hx8k-evn}
verify: {random_events: 200, test_events: 500}
EOF
check "train ends with the frontier as a table" sh -c "'$sluice' train jets.yaml 2>log >table && grep -q 'adder bits' table && grep -q '\*' table"
check "a picture" grep -q '<svg' build/jets/plots/frontier.svg
check "points cost less and less and are ever less good" python3 - <<'PY'
import json
p = json.load(open("build/jets/frontier.json"))["points"]
assert len(p) >= 2, p
for a, b in zip(p, p[1:]):
    assert b["lut4"] < a["lut4"] and b["loss"] > a["loss"], (a, b)
PY
check "the target is met by the compiler's own count" python3 - <<'PY'
import json
j = json.load(open("build/jets/frontier.json"))
assert j["points"][j["picked"]]["lut4"] <= 400
PY
check "compile" "$sluice" compile jets.yaml
check "the compiled cost is the one in the table" python3 - <<'PY'
import json
j = json.load(open("build/jets/frontier.json"))
c, p = json.load(open("build/jets/compile.json")), j["points"][j["picked"]]
assert c["program"]["adder_bits"] == p["adder_bits"] and abs(c["estimate"]["lut4"] - p["lut4"]) < 1e-6
assert abs(c["estimate"]["cells"] - p["cells"]) < 1e-6 and c["latency_cycles"] == p["latency_cycles"]
PY
check "verify, no mismatch" "$sluice" verify jets.yaml
check "pick by cost, without training" sh -c "'$sluice' train jets.yaml --pick 'lut4<1200' 2>log && grep -q 'picked frontier/' log"
check "it is the best of those" python3 - <<'PY'
import json
j = json.load(open("build/jets/frontier.json"))
best = min((p["loss"], i) for i, p in enumerate(j["points"]) if p["lut4"] < 1200)[1]
assert j["picked"] == best
PY
check "pick by accuracy" "$sluice" train jets.yaml --pick 'accuracy>0.5, lut4<5000'
check "it is the cheapest of those" python3 - <<'PY'
import json
j = json.load(open("build/jets/frontier.json"))
best = min((p["price"], i) for i, p in enumerate(j["points"]) if p["accuracy"] > 0.5)[1]
assert j["picked"] == best
PY
refuse "nothing meets the bounds" "none of the frontier's" "$sluice" train jets.yaml --pick 'lut4<10'
refuse "an expression of another kind" 'it is bounds such as' "$sluice" train jets.yaml --pick 'smallest'
sed 's/target_lut4: 400/target_lut4: 400, target_ebops: 9/' jets.yaml >two.yaml
refuse "two targets" 'two.yaml:[0-9]*: more than one target' "$sluice" train two.yaml
sed 's/weights: learned}/weights: learned wide}/' jets.yaml >grain.yaml
refuse "an unknown grain" "a learned width is 'learned" "$sluice" train grain.yaml
cat >prune.yaml <<EOF
name: prune
data: {train: $top/examples/jets/jets_hlf_train.npz, max_events: 6000}
layers:
  - {kind: dense, units: 16, weights: 4}
  - {kind: relu, format: 5}
  - {kind: dense, units: 5, weights: 4}
training: {epochs: 3, quantized_epochs: 12, learning_rate: 0.005, batch: 256}
pruning: {method: lottery, sparsity: 0.6, steps: 3}
target: {board: hx8k-evn}
EOF
check "pruning in steps ends with a table" sh -c "'$sluice' train prune.yaml >table 2>log && grep -q 'pruning: lottery' table && [ \$(grep -c '%' table) -eq 4 ]"
check "a row for each step in train.json" test "$(json build/prune/train.json pruning_steps.3.step)" = 3
sed 's/lottery/luck/' prune.yaml >luck.yaml
refuse "an unknown method" "there is no method 'luck'" "$sluice" train luck.yaml
finish
