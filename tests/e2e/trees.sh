#!/bin/bash
# Ensembles of trees from events to verified hardware: each method, each kind of input; equal scores in onnxruntime;
# models of other libraries with their own margins; what is refused.
. "$(dirname "$0")/lib.sh"
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
models=$top/tests/models/trees
jets=$top/examples/jets

# ours, theirs: equal numbers in two NPY files of doubles with a header of one size.
same_numbers() { python3 -c 'import sys
def read(path):
    data = open(path, "rb").read()
    return data[10 + int.from_bytes(data[8:10], "little"):]
sys.exit(read(sys.argv[1]) != read(sys.argv[2]))' "$1" "$2"; }

# job NAME INPUT TREES [LINE...]
job() {
    local name=$1 input=$2 trees=$3; shift 3
    { printf 'name: %s\n' "$name"
      case " $* " in *" data: "*) ;; *) echo "data: {train: $jets/jets_hlf_train.npz, test: $jets/jets_hlf_test.npz, max_events: 4000}" ;; esac
      printf 'input: {%s}\ntrees: {%s}\ntarget: {board: ulx3s-85f}\nverify: {random_events: 500, test_events: 1000}\n' "$input" "$trees"
      printf '%s\n' "$@"; } >"$name.yaml"
    check "$name: train" "$sluice" train "$name.yaml"
    check "$name: compile" "$sluice" compile "$name.yaml"
    check "$name: verify" "$sluice" verify "$name.yaml"
}
accuracy_above() { python3 -c "import sys; sys.exit(not $(json "build/$1/physics.json" accuracy_hardware) > $2)"; }

job each 'format: 6' 'method: boosting, rounds: 4, depth: 3, leaf_bits: 3'
check "each: it decides well" accuracy_above each 0.6
check "each: a model file with trees" grep -q TreeEnsembleRegressor build/each/model.onnx
job joint 'format: 4, edges: quantile' 'method: boosting, growth: symmetric, outputs: joint, rounds: 6, depth: 4, leaf_bits: 2' 'output: argmax'
check "joint: it decides well" accuracy_above joint 0.58
check "joint: the host's edges" json build/joint/interface.json input.fields.0.host_edges
job forest 'format: 5' 'method: random_forest, rounds: 6, depth: 4, leaf_bits: 4'
job ada 'format: 5' 'method: adaboost, rounds: 5, depth: 2'
job isolation 'format: 5' 'method: isolation_forest, rounds: 6, depth: 5, leaf_bits: 4'
job encoder 'format: 4' 'method: autoencoder, rounds: 2, depth: 3, background: 1'
python3 - <<'EOF'
import math, random
random.seed(5)
with open("line.csv", "w") as f:
    f.write("a,b,c,y\n")
    for _ in range(3000):
        a, b, c = (random.uniform(-3, 3) for _ in range(3))
        f.write("%s,%.5f,%.5f,%.5f\n" % ("nan" if random.random() < 0.1 else "%.5f" % a, b, c, math.sin(a) * b + c))
EOF
job lacking 'format: 5, edges: quantile' 'method: boosting, rounds: 8, depth: 3, leaf_bits: 5' 'data: {train: line.csv, labels: y, missing: true}'
check "lacking: missing values have a code" test "$(json build/lacking/interface.json input.fields.0.missing)" = True

# ---- trees taken in turn
job walked 'format: 5' 'method: boosting, rounds: 12, depth: 4, leaf_bits: 3' 'budget: {events_per_crossing: 0.01}' 'output: argmax'
sed "s|^target.*|target: {board: hx8k-evn, reuse: 60}|; s|^name.*|name: walked60\nmodel: build/walked/train/model.onnx|; /^trees:/d; s|test_events: 1000|test_events: 300, gate_level_events: 60|" walked.yaml >walked60.yaml
check "walked: compile" "$sluice" compile walked60.yaml
check "walked: one engine" test "$(json build/walked60/compile.json layers.0.reuse.form) $(json build/walked60/compile.json layers.0.reuse.engines)" = "walked 1"
check "walked: an event every 60 cycles" test "$(json build/walked60/compile.json interval_cycles)" = 60
check "walked: fewer cells, block memories" python3 -c "
import json
one, other = (json.load(open('build/%s/compile.json' % n))['estimate'] for n in ('walked', 'walked60'))
assert other['cells'] < 0.6 * one['cells'] and other['bram'] > 4 and one['bram'] == 0, (one, other)"
check "walked: verify, with gaps" "$sluice" verify walked60.yaml
check "walked: no mismatch" test "$(json build/walked60/verify.json mismatches)" = 0
check "walked: the same decisions" bash -c "'$sluice' emulate build/walked --events '$jets/jets_hlf_test.npz' --out a.npy &&
    '$sluice' emulate build/walked60 --events '$jets/jets_hlf_test.npz' --out b.npy && cmp a.npy b.npy"
check "walked: its bitstream" "$sluice" build walked60.yaml
check "walked: gate level agrees" test "$(json build/walked60/build.json gate_level.mismatches)" = 0
"$sluice" report walked60.yaml >report.txt 2>&1
check "walked: the report counts block memories" grep -qE '^  bram +[1-9]' build/walked60/report.txt
check "walked: the report says how" grep -q 'walked, 1 of 60 trees at once' build/walked60/report.txt
refuse "walked: factor beyond the trees" 'reuse 61: layer trees has 60 trees; factors from 1 to 60 work$' "$sluice" compile walked60.yaml --reuse 61
refuse "walked: no such layer" 'reuse of layer dense1: the only layer to share is trees$' "$sluice" compile walked60.yaml --layer-reuse dense1=2
sed "s|walked|deep|; s|rounds: 12, depth: 4|rounds: 20, depth: 6|; s|ulx3s-85f|icestick, reuse: 25|" walked.yaml >deep.yaml
check "deep: train" "$sluice" train deep.yaml
refuse "memories that the part lacks" 'reuse 25: the tables of layer trees need [0-9]+ block memories, the part has 12; give it a larger' "$sluice" compile deep.yaml
sed 's|rounds: 8, depth: 3|rounds: 40, depth: 5|; s|lacking|lacking_turns|; s|85f|85f, reuse: 20|' lacking.yaml >turns.yaml
echo 'budget: {events_per_crossing: 0.01}' >>turns.yaml
check "missing values: train" "$sluice" train turns.yaml
check "missing values: compile" "$sluice" compile turns.yaml
check "missing values: two engines" test "$(json build/lacking_turns/compile.json layers.0.reuse.engines)" = 2
check "missing values find their way through tables" "$sluice" verify turns.yaml

# ---- tables that are loaded at run time: another training's image is that training
sed 's|rounds: 12|rounds: 12, row_fraction: 0.8|; s|^name.*|name: again|' walked.yaml >again.yaml
sed 's|rounds: 12|rounds: 13|; s|^name.*|name: more|' walked.yaml >more.yaml
sed 's|depth: 4|depth: 5|; s|^name.*|name: deeper|' walked.yaml >deeper.yaml
for n in again more deeper; do check "$n: train" "$sluice" train $n.yaml; done
check "again: compile" "$sluice" compile again.yaml
sed 's|reuse: 60|reuse: 30, weights: loadable|; s|^name.*|name: loaded|; s|hx8k-evn|ulx3s-85f|' walked60.yaml >loaded.yaml
check "loaded: compile" "$sluice" compile loaded.yaml
check "loaded: tables of two engines" test "$(json build/loaded/load.json trees.engines) $(json build/loaded/load.json trees.depth)" = "2 4"
check "loaded: its own image" "$sluice" image walked.yaml --for build/loaded --out own.img
check "loaded: another training's image" "$sluice" image again.yaml --for build/loaded --out again.img
events="--events $jets/jets_hlf_test.npz"
check "loaded: itself" bash -c "'$sluice' emulate build/loaded $events --out b.npy && cmp a.npy b.npy && '$sluice' emulate build/loaded $events --image own.img --out b.npy && cmp a.npy b.npy"
check "loaded: the other training" bash -c "'$sluice' emulate build/again $events --out a.npy && '$sluice' emulate build/loaded $events --image again.img --out b.npy && cmp a.npy b.npy"
check "loaded: verify with random words" "$sluice" verify loaded.yaml
check "loaded: verify with the other training" "$sluice" verify loaded.yaml --image again.img
check "loaded: no mismatch" test "$(json build/loaded/verify.json mismatches)" = 0
refuse "loaded: too many trees" 'more/train/model.onnx: tree 60 is one more for score 0 than the compiled network has room for' "$sluice" image more.yaml --for build/loaded --out no.img
refuse "loaded: too deep" 'its trees have up to 5 levels, the compiled network.s tables 4' "$sluice" image deeper.yaml --for build/loaded --out no.img
refuse "loaded: other formats" 'differs from the compiled network' "$sluice" image each.yaml --for build/loaded --out no.img
refuse "loaded: no factor" 'loadable trees need a reuse factor of at least 2; give it one, such as --reuse 60' "$sluice" compile loaded.yaml --reuse 1
xgb=$models/xgboost_3_2_binary.json
check "loaded: an XGBoost model" "$sluice" compile "$xgb" --input-bits 12 --calibrate "$models/x.npy" --leaf-bits 12 --board ulx3s-85f --reuse 4 --weights loadable --out lx
check "loaded: CatBoost's trees in it" "$sluice" image "$models/catboost_binary.json" --for lx --out cat.img
check "loaded: verify with CatBoost's" "$sluice" verify lx --events "$models/x.npy" --image cat.img
refuse "loaded: leaves beyond the format" 'lightgbm_nomissing_zero.txt: layer trees: the leaf of tree [0-9]+ has .*, which is none that may be loaded: fixed<12,1>' \
    "$sluice" image "$models/lightgbm_nomissing_zero.txt" --for lx --out no.img
refuse "loaded: other sizes" 'has 5 features and 3 scores, the compiled network 5 and 1' "$sluice" image "$models/xgboost_3_2_multi_missing.ubj" --for lx --out no.img
refuse "loaded: thresholds as inputs" 'other trees that are loaded have other thresholds; use --input-bits' \
    "$sluice" compile "$xgb" --input-format thresholds --calibrate "$models/x.npy" --board ulx3s-85f --reuse 4 --weights loadable --out no

check "the same job twice gives the same file" bash -c "cp build/each/train/model.onnx first.onnx && '$sluice' train each.yaml && cmp first.onnx build/each/train/model.onnx"

# ---- onnxruntime
python=$build/venv-qonnx/bin/python
if "$python" -c 'import onnxruntime' 2>/dev/null; then
    make -s -C "$top" BUILD="$build" "$build/tools/model_eval" >make.log 2>&1
    "$python" -c 'import sys, numpy as np
np.save("x.npy", np.load(sys.argv[1])["x"][:3000].astype(np.float64))' "$jets/jets_hlf_test.npz"
    for name in each joint forest ada isolation encoder; do
        check "$name: our scores" "$build/tools/model_eval" "build/$name/train/model.onnx" x.npy "$name.npy" logits
        check "$name: equal scores in onnxruntime" "$python" "$top/tests/python/trees_check.py" "build/$name/train/model.onnx" x.npy "$name.npy"
    done
    # the comparison itself must be able to fail
    refuse "wrong scores are seen" '^FAIL .*: [0-9]+ of 3000 events differ' "$python" "$top/tests/python/trees_check.py" build/each/train/model.onnx x.npy forest.npy
else
    echo "skip onnxruntime: tests/e2e/qonnx.sh installs it"
fi

# ---- other libraries' models: margins, then a visible quantization
check "an XGBoost model" "$sluice" compile "$models/xgboost_3_2_binary.json" --input-bits 12 --calibrate "$models/x.npy" --leaf-bits 12 --board icebreaker --out xgb
check "it says what quantizing changes" test "$(json xgb/compile.json quantization.events)" = 60
check "its margins are XGBoost's" bash -c "'$sluice' emulate xgb --events '$models/x.npy' --reference float --out float.npy"
check "bit by bit" same_numbers float.npy "$models/xgboost_3_2_binary.y.npy"
check "its hardware is the quantized model" "$sluice" verify xgb --events "$models/x.npy"
check "its bitstream" "$sluice" build xgb
check "a LightGBM model, no threshold rounded" "$sluice" compile "$models/lightgbm_multi_missing.txt" --input-format thresholds --calibrate "$models/x_missing.npy" --board ulx3s-85f --out lgb
check "missing values go through the hardware" "$sluice" verify lgb --events "$models/x_missing.npy"
check "the same margins" "$sluice" emulate lgb --events "$models/x_missing.npy" --reference float --out float.npy
check "bit by bit" same_numbers float.npy "$models/lightgbm_multi_missing.y.npy"
for file in catboost_multi.json tmva_adaboost.xml conifer_multi.json sklearn_forest.onnx; do
    check "$file" "$sluice" compile "$models/$file" --input-bits 10 --calibrate "$models/x.npy" --board ulx3s-85f --out other
    check "$file: verify" "$sluice" verify other --events "$models/x.npy"
done

# ---- examples, as far as their data is here
magic=$top/../shared/data/magic/magic_15000.npz
if [ -e "$magic" ]; then
    check "magic_bdt: train" "$sluice" train "$top/examples/magic_bdt/job.yaml"
    check "magic_bdt: a threshold for the background" "$sluice" compile "$top/examples/magic_bdt/job.yaml"
    check "magic_bdt: verify" "$sluice" verify "$top/examples/magic_bdt/job.yaml"
else
    echo "skip magic_bdt: $magic is not there"
fi
finish
