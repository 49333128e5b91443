#!/bin/bash
# Others' float models: read, formats chosen after training, verified; fine-tuned with learned widths. The example's
# model file is in the tree; models made in a venv (scikit-learn from PyPI) are skipped where pip cannot have it.
. "$(dirname "$0")/lib.sh"
build=${BUILD:-$top/build}
jets=$top/examples/jets/jets_hlf_train.npz
model=$top/examples/sklearn/tagger.onnx
check "the example's model compiles with formats chosen on events" sh -c \
    "'$sluice' compile '$model' --board ulx3s-85f --calibrate '$jets' --out tagger >table"
check "with a row for each layer, and little lost" python3 - <<'PY'
import json
rows = json.load(open("tagger/compile.json"))["post_training"]
assert len(rows) == 4 and len(open("table").read().splitlines()) == 6
assert all(r["accuracy"] > 0.66 and r["agreement"] > 0.95 for r in rows), rows
assert rows[0]["weights"] == "exact" and rows[1]["output"].startswith("ufixed<8,")
PY
check "fewer bits cost more" sh -c "'$sluice' compile '$model' --board ulx3s-85f --calibrate '$jets' --weight-bits 3 \
    --activation-bits 3 --input-bits 4 --out coarse >/dev/null && python3 -c \"
import json
a, b = (json.load(open(d + '/compile.json')) for d in ('tagger', 'coarse'))
assert b['post_training'][-1]['accuracy'] < a['post_training'][-1]['accuracy'] - 0.01
assert b['program']['adder_bits'] < a['program']['adder_bits'] / 2\""
cat >fine.yaml <<EOF
name: fine
data: {train: $jets, max_events: 8000}
training: {init: $model, quantized_epochs: 40, batch: 256, quantized_learning_rate: 0.004, target_lut4: 900,
           frontier_points: 3, anneal_epochs: 6, search_tries: 1, search_further: 1}
target: {board: icebreaker}
verify: {test_events: 400, random_events: 100}
EOF
check "training starts from it" "$sluice" train fine.yaml
check "compile" "$sluice" compile fine.yaml
check "verify" "$sluice" verify fine.yaml
check "small and still good" python3 - <<'PY'
import json
p, c = json.load(open("build/fine/physics.json")), json.load(open("build/fine/compile.json"))
assert p["host_softmax"] and p["auc"] > 0.8
assert p["accuracy_hardware"] > 0.55 and c["estimate"]["lut4"] <= 900, (p["accuracy_hardware"], c["estimate"])
PY
sed 's/max_events: 8000}/max_events: 8000}\nlayers: [{kind: dense, units: 7, weights: learned}, {kind: relu}, {kind: dense, units: 5, weights: learned}]/' fine.yaml >other.yaml
refuse "layers that are not the model's" 'has 32 neurons here' "$sluice" train other.yaml
refuse "a width that is none" 'a width is 2 to 24 bits' "$sluice" compile "$model" --board ulx3s-85f --calibrate "$jets" --weight-bits 1 --out bad
refuse "a model that is quantized already" 'the model is quantized already' "$sluice" train fine.yaml --init build/fine/train/model.onnx

venv=$build/venv-float wanted=$top/tests/python/float-requirements.txt
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    if python3 -m venv "$venv" >venv.log 2>&1 && "$venv/bin/pip" install -q -r "$wanted" >pip.log 2>&1; then cp "$wanted" "$venv/installed.txt"; fi
fi
if ! cmp -s "$wanted" "$venv/installed.txt"; then
    echo "skip models made in a venv: pip cannot install scikit-learn and skl2onnx"
    finish
fi
check "models are made in a venv" "$venv/bin/python" -W ignore "$top/tests/python/float_models.py" .
for name in sklearn_pipeline sklearn_classes sklearn_binary sklearn_regression torch_like keras_like; do
    check "$name compiles" "$sluice" compile $name.onnx --board ulx3s-85f --calibrate $name.npz --weight-bits 10 \
        --activation-bits 10 --input-bits 10 --clock-mhz 80 --out $name
    check "$name verifies" "$sluice" verify $name --events $name.npz --random-events 50
    check "$name: the float reference is the model" sh -c "'$sluice' emulate $name --events $name.npz --reference float --out y.npy --quiet && \
        '$venv/bin/python' -c \"
import numpy as np
y, s = np.load('y.npy'), np.load('$name.scores.npy').reshape(3000, -1)
assert y.shape == s.shape, (y.shape, s.shape)
assert np.abs(y - s).max() < 1e-3 * np.abs(s).max(), np.abs(y - s).max()\""
    check "$name: 10 bits lose little" sh -c "'$sluice' emulate $name --events $name.npz --out y.npy --quiet && '$venv/bin/python' -c \"
import numpy as np
y, s = np.load('y.npy'), np.load('$name.scores.npy').reshape(3000, -1)
assert np.sqrt(((y - s)**2).mean()) < 0.05 * s.std(), np.sqrt(((y - s)**2).mean()) / s.std()\""
done
finish
