#!/bin/bash
# Images over the line of the simulated board: words wider than 32 bits, which go in parts.
. "$(dirname "$0")/lib.sh"
for tool in verilator riscv64-unknown-elf-gcc; do command -v $tool >/dev/null || { echo "skip $tool is not there"; finish; }; done
check "the firmware is there" make -s -C "$top" firmware
models=$top/tests/models/trees
check "trees with words of 33 bits" "$sluice" compile "$models/xgboost_3_2_binary.json" --input-format 'fixed<30,10>' --calibrate "$models/x.npy" --leaf-bits 12 \
    --board ulx3s-25f --clock-mhz 40 --reuse 4 --weights loadable --out wide
check "which they are" test "$(json wide/load.json data_bits)" = 33
check "the image of other trees" "$sluice" image "$models/catboost_binary.json" --for wide --out other.img
check "the trees that were built" "$sluice" run wide --events 500 --distinct 256 --stream 50
cp wide/run_scores.csv built.csv
check "the image, loaded and swapped" "$sluice" run wide --events 500 --distinct 256 --stream 50 --image other.img
check "the image's answers are others" sh -c "! cmp -s built.csv wide/run_scores.csv"
finish
