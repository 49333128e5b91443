#!/bin/bash
# Projects for HLS tools: every golden event with gcc and g++ (clang and hls4ml's ap_types where they are), networks with and without
# reuse factors, activations from tables, argmax and trees; the bench that fails; sizes; what is refused.
. "$(dirname "$0")/lib.sh"
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
warn="-Wall -Wextra -Wconversion -Wshadow -Werror -Wno-unknown-pragmas"
# bench FOLDER: its own test bench with all warnings, in its language.
bench() {
    local source; source=$(ls "$1" | grep -vE 'golden|test|host|_ap' | grep -E '\.(c|cpp)$')
    case $source in
    *.cpp) g++ -std=c++11 -O1 $warn -Wno-attributes "$1/$source" "$1/test.cpp" -o "$1/t" && "$1/t" ;;
    *) cc -std=c99 -pedantic -O1 $warn "$1/$source" "$1/test.c" -o "$1/t" && "$1/t" ;;
    esac
}
job() { # NAME OUTPUT FIRST-ACTIVATION MORE-KEYS-OF-THE-FIRST-LAYER
    cat >"$1.yaml" <<END
name: $1
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
output: $2
input: {format: 5}
layers:
  - {kind: dense, units: 12, weights: 4$4}
  - {kind: $3, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {epochs: 1, quantized_epochs: 1, batch: 256, learning_rate: 0.01}
target: {board: ulx3s-85f}
END
    check "$1: train" "$sluice" train "$1.yaml" --quiet
    check "$1: compile" "$sluice" compile "$1.yaml" --quiet
}
job relu argmax relu ''
job tanh logits tanh ', format: 8'
check "trees: compile" "$sluice" compile "$top/tests/models/trees/xgboost_2_1_binary.json" --input-format thresholds --board ulx3s-85f --name trees --out build/trees --quiet
project() { # JOB TOOL FLAGS...: written and passed
    local name=$1 tool=$2; shift 2
    check "$name, $tool $*: written" "$sluice" hls "build/$name" --tool "$tool" "$@" --quiet
    check "$name, $tool $*: its bench passes" bench "build/$name/hls/$tool"
}
for tool in vitis oneapi catapult bambu; do
    project relu $tool
    project relu $tool --reuse 8
done
project relu vitis --form loops
project tanh catapult --form loops
project tanh vitis --layer-reuse dense1=24,dense2=1
project trees bambu --language c++
for file in vitis/run_hls.tcl oneapi/build.sh oneapi/host.cpp catapult/catapult.tcl bambu/run_bambu.sh; do
    check "$file is filled in" sh -c "test -s build/relu/hls/$file && ! grep -nE '@[A-Z_]+@' build/relu/hls/${file%/*}/*"
done
check "the README says what was not run" grep -q "have not been run in AMD Vitis HLS" build/relu/hls/vitis/README.md
check "kernels: resource, table, argmax" sh -c "grep -q 'cycles, .* multipliers' build/tanh/hls/vitis/tanh.c && grep -q 'through a table' build/tanh/hls/vitis/tanh.c && '$sluice' hls build/relu --tool vitis --reuse 8 --quiet && grep -q 'largest of 5 scores' build/relu/hls/vitis/relu.c"
check "the same twice" sh -c "cp build/relu/hls/vitis/relu.c first.c && '$sluice' hls build/relu --tool vitis --reuse 8 --quiet && cmp first.c build/relu/hls/vitis/relu.c"
check "as JSON" sh -c "'$sluice' hls build/relu --tool vitis --reuse 8 --json --quiet >hls.json && python3 -c 'import json; p = json.load(open(\"hls.json\")); assert p[\"equal\"] and p[\"layers\"][0][\"reuse\"] * p[\"layers\"][0][\"multipliers\"] == 192, p'"
check "integers only" sh -c "! grep -E 'float|double|malloc' build/*/hls/*/relu.c build/*/hls/*/tanh.c"

# The bench fails when one golden score is another: in each language.
for d in relu/hls/vitis relu/hls/catapult; do
    sed -i '/golden_out/{n;s/{\([0-9]*\)},/{1 - \1},/}' build/$d/golden.h
    bench build/$d >flipped.log 2>&1; status=$?
    check "$d: the bench fails on a wrong golden score" sh -c "test $status -eq 1 && grep -q ', 1 outputs differ' flipped.log"
done

refuse "no tool" "tool is missing: one of vitis" "$sluice" hls build/relu
refuse "an unknown tool" "must be one of vitis, oneapi, catapult, bambu" "$sluice" hls build/relu --tool xls
refuse "a factor that would be changed" "reuse 7 would leave multipliers idle; the nearest that work are 6 and 8" "$sluice" hls build/tanh --tool vitis --layer-reuse dense1=7
refuse "more than there is to share" "at most 192" "$sluice" hls build/tanh --tool vitis --layer-reuse dense1=193
refuse "a layer that is not there" "no such dense layer" "$sluice" hls build/tanh --tool vitis --layer-reuse dense7=2
refuse "reuse unrolled" "wants loops" "$sluice" hls build/tanh --tool vitis --reuse 2 --form straight
refuse "ap_fixed in C" "needs --language c\+\+" "$sluice" hls build/tanh --tool vitis --ap-fixed
refuse "ap_fixed where there is none" "has no ap_fixed" "$sluice" hls build/tanh --tool catapult --ap-fixed

zoo=$top/../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx
if [ -e "$zoo" ]; then
    check "zoo: compile" "$sluice" compile "$zoo" --board ulx3s-85f --input-format 'fixed<8,4>' --out zoo --quiet
    check "zoo: unrolled" sh -c "'$sluice' hls zoo --tool vitis --quiet && cp zoo/hls/vitis/*jettagging.c unrolled.c"
    check "zoo: reuse 64" "$sluice" hls zoo --tool vitis --reuse 64 --quiet
    check "zoo: the resource kernels keep their loop, 1/8 of the bytes" sh -c "test \$((8 * \$(wc -c <zoo/hls/vitis/qkeras_jettagging.c))) -le \$(wc -c <unrolled.c)"
else echo "skip the zoo's tagger: ../shared is not there"; fi

if command -v clang >/dev/null; then
    check "clang" sh -c "cd build/tanh/hls/vitis && clang -std=c99 -w tanh.c test.c -o clang-test && ./clang-test"
else echo "skip clang is not there"; fi

types=$(ls -d "$build"/venv-hls/lib/python3*/site-packages/hls4ml/templates/vivado/ap_types 2>/dev/null | head -1)
if [ -z "$types" ]; then
    python3 -m venv "$build/venv-hls" >/dev/null 2>&1 && "$build/venv-hls/bin/pip" install -q --no-deps hls4ml >/dev/null 2>&1
    types=$(ls -d "$build"/venv-hls/lib/python3*/site-packages/hls4ml/templates/vivado/ap_types 2>/dev/null | head -1)
fi
if [ -n "$types" ]; then
    for name in relu tanh trees; do
        check "$name: ap_fixed ports" "$sluice" hls build/$name --tool vitis --language c++ --ap-fixed --quiet
        check "$name: ap_fixed ports give the golden scores" sh -c "cd build/$name/hls/vitis && g++ -std=c++11 -O1 -w -isystem '$types' $name*.cpp test_ap.cpp -o test_ap && ./test_ap"
    done
    sed -i '/golden_out/{n;s/{\([0-9]*\)},/{1 - \1},/}' build/relu/hls/vitis/golden.h
    check "ap_fixed: the bench fails on a wrong golden score" sh -c "cd build/relu/hls/vitis && g++ -std=c++11 -O1 -w -isystem '$types' relu.cpp test_ap.cpp -o test_ap && ! ./test_ap"
else echo "skip ap_fixed: hls4ml's ap_types cannot be had from PyPI"; fi
finish
