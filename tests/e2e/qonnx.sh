#!/bin/bash
# Model files run in the Python package qonnx give our numbers: every rounding and overflow mode, whole
# networks, others' files. The packages come from PyPI into build/venv-qonnx; without them the checks are skipped.
# Usage: tests/e2e/qonnx.sh [MODEL.onnx EVENTS.npy [option of qonnx_check.py ...]]; with a model, only that is compared.
. "$(dirname "$0")/lib.sh"
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
case ${1:-} in "" | /*) ;; *) echo "usage: absolute paths are wanted, not $1" >&2; exit 1 ;; esac
venv=$build/venv-qonnx

skip() {
    echo "skip qonnx: $1"
    exit 0
}
command -v python3 >/dev/null || skip "python3 is not installed"
if ! cmp -s "$top/tests/python/requirements.txt" "$venv/installed.txt"; then
    python3 -m venv "$venv" >"$work/venv.log" 2>&1 || skip "python3 -m venv failed (Debian: python3-venv)"
    "$venv/bin/pip" install -q -r "$top/tests/python/requirements.txt" >"$work/pip.log" 2>&1 ||
        skip "pip cannot install the packages: $(grep -m1 -i error "$work/pip.log")"
    cp "$top/tests/python/requirements.txt" "$venv/installed.txt"
fi
make -s -C "$top" BUILD="$build" "$build/tools/model_eval" "$build/tools/model_cases" >"$work/make.log" 2>&1 || {
    echo "not ok the tools of the comparison build"
    tail -5 "$work/make.log"
    exit 1
}
qonnx_check() { "$venv/bin/python" "$top/tests/python/qonnx_check.py" "$@"; }

# compare NAME MODEL X MODE [OPTION...]: our outputs against qonnx's.
compare() {
    local name=$1 model=$2 x=$3 mode=$4
    shift 4
    "$build/tools/model_eval" "$model" "$x" "$work/y.npy" "$mode" || {
        echo "not ok $name"
        failures=$((failures + 1))
        return
    }
    check "$name" qonnx_check "$model" "$x" "$work/y.npy" "$@"
}
if [ $# -gt 0 ]; then
    model=$1 x=$2
    shift 2
    compare "$(basename "$model") in qonnx" "$model" "$x" logits --logits "$@"
    finish
fi

"$build/tools/model_cases" "$work/cases" || failures=1
check "every rounding and overflow mode, and whole networks, in qonnx" qonnx_check --folder "$work/cases"
# the comparison itself must be able to fail
cp "$work/cases/quant_RND_SAT_0.onnx" "$work/cases/quant_TRN_SAT_0.onnx"
refuse "a wrong rounding mode is seen" "^FAIL .*quant_TRN_SAT_0.onnx: [0-9]+ of 408 events differ" qonnx_check --folder "$work/cases"

tagger=$top/../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx
if [ -e "$tagger" ]; then
    "$venv/bin/python" -c 'import sys, numpy as np
r = np.random.default_rng(1)
np.save(sys.argv[1], np.round(r.normal(size=(2000, 16)) * 128) / 64)' "$work/x.npy"
    compare "the zoo's tagger, logits exactly" "$tagger" "$work/x.npy" logits --logits
    compare "the zoo's tagger, softmax" "$tagger" "$work/x.npy" quantized --tolerance 1e-6
    "$build/tools/model_eval" --rewrite "$tagger" "$work/again.onnx"
    compare "the zoo's tagger, rewritten" "$work/again.onnx" "$work/x.npy" logits --logits
else
    echo "skip the zoo's tagger: $tagger is not there"
fi
finish
