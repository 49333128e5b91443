#!/bin/bash
# Large ensembles of other libraries, made here, against the margins that they give themselves: every XGBoost from 1.0
# to 3.2, LightGBM, CatBoost, scikit-learn, conifer and TMVA's format. Packages come from PyPI; what pip cannot install
# is skipped.
. "$(dirname "$0")/../e2e/lib.sh"
build=${BUILD:-build}
case $build in /*) ;; *) build=$top/$build ;; esac
trees=${TREES:-60}
make_models="$top/tests/python/make_tree_models.py"

# environment FOLDER PACKAGE...: a virtual environment with the packages; fails if pip does.
environment() {
    local folder=$1; shift
    [ "$(cat "$folder/installed.txt" 2>/dev/null)" = "$*" ] && return 0
    python3 -m venv "$folder" >venv.log 2>&1 && "$folder/bin/pip" install -q "$@" >pip.log 2>&1 && echo "$*" >"$folder/installed.txt"
}
# parity NAME PYTHON LIBRARY: models of a library, and ours on them.
parity() {
    check "$1: models" "$2" "$make_models" "$work/$1" "$3" "$trees"
    check "$1: margins" env SLUICE_TREES_FOLDER="$work/$1/" bash -c "cd '$top' && '$build/unit/model/test_import'"
}
make -s -C "$top" BUILD="$build" "$build/unit/model/test_import" >make.log 2>&1 || { echo "not ok the test builds"; exit 1; }
if environment "$build/venv-trees" -r "$top/tests/python/requirements-trees.txt"; then
    for library in xgboost lightgbm catboost sklearn conifer tmva; do
        parity "$library" "$build/venv-trees/bin/python" "$library"
    done
else
    echo "skip the libraries: pip cannot install them: $(grep -m1 -i error pip.log)"
fi
for version in 1.0.2 1.1.1 1.2.1 1.3.3 1.4.2 1.5.2 1.6.2 1.7.6 2.0.3 2.1.4; do
    if environment "$build/venv-xgboost/$version" 'numpy<2' 'scipy<1.13' setuptools "xgboost==$version"; then
        parity "xgboost-$version" "$build/venv-xgboost/$version/bin/python" xgboost
    else
        echo "skip XGBoost $version: pip cannot install it"
    fi
done
finish
