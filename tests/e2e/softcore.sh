#!/bin/bash
# The program as C for a soft core: every golden event under qemu-riscv32, both forms and both instruction sets, networks,
# reuse factors and trees; the report's table; what is refused; and a wrong golden score is found.
. "$(dirname "$0")/lib.sh"
models=$top/tests/models
compile() { local name=$1; shift; check "$name: compile" "$sluice" compile "$@" --board ulx3s-85f --out "$name" --quiet; }
cat >job.yaml <<END
name: tagger
data: {train: $top/examples/jets/jets_hlf_test.npz, max_events: 3000}
input: {format: 5}
layers:
  - {kind: dense, units: 12, weights: 4}
  - {kind: relu, format: 4}
  - {kind: dense, units: 5, weights: 4}
training: {epochs: 2, quantized_epochs: 3, batch: 256, learning_rate: 0.01}
target: {board: ulx3s-85f}
soft_core: {isa: rv32im}
END
sed 's/^name.*/name: learned/; s/weights: 4/weights: learned 8/; s/format: 4/format: learned 6/; s/^soft_core.*/pruning: {}/; s/quantized_epochs: 3/quantized_epochs: 4, frontier_points: 1, target_lut4: 2000, anneal_epochs: 1, search_tries: 0, search_further: 0/' job.yaml >learned.yaml
sed 's/^name.*/name: trees/; /^layers/,/^training/d; s/^soft_core.*/trees: {method: boosting, rounds: 4, depth: 3, leaf_bits: 3}/' job.yaml >trees.yaml
check "train" "$sluice" train job.yaml
check "compile" "$sluice" compile job.yaml
check "train trees" "$sluice" train trees.yaml
check "compile trees" "$sluice" compile trees.yaml
check "train learned widths" "$sluice" train learned.yaml
check "compile learned widths" "$sluice" compile learned.yaml
model=build/tagger/train/model.onnx
compile reused $model --reuse 16 --output argmax
compile soft $model --output softmax
compile levels $models/bipolar_layers.onnx
compile missing $models/trees/lightgbm_multi_missing.txt --input-format thresholds --output argmax
check "the C is the same twice" sh -c "'$sluice' softcore reused --quiet && cp reused/soft_core/model.c first.c && '$sluice' softcore reused --quiet && cmp first.c reused/soft_core/model.c"
check "integers only, no library" sh -c "! grep -E 'float|double|malloc|stdio|int64_t' build/*/c/*.c reused/soft_core/*/*.c"
check "the C compiles on its own" sh -c "cc -std=c99 -ffreestanding -pedantic -Wall -Wextra -Wconversion -Werror -c reused/soft_core/model.c -o alone.o"
refuse "an unknown instruction set" "isa rv64: .*rv32i, rv32im" "$sluice" softcore reused --isa rv64
refuse "loops where there are none" "no matrix" "$sluice" softcore build/trees --form loops
refuse "not compiled" "run .sluice compile" "$sluice" softcore "$models"
sed -i 's/rv32im/rv64/' job.yaml
refuse "an unknown instruction set of a job" "job.yaml:[0-9]+: .*rv32i, rv32im" "$sluice" softcore job.yaml
sed -i 's/rv64/rv32im/' job.yaml

if ! command -v riscv64-unknown-elf-gcc >/dev/null || ! command -v qemu-riscv32 >/dev/null; then
    check "without the tools the files are there" test -s reused/soft_core/golden.h
    echo "skip running it: riscv64-unknown-elf-gcc or qemu-riscv32 is not there (Debian packages gcc-riscv64-unknown-elf, qemu-user)"
    finish
fi
for d in build/tagger build/learned build/trees reused soft levels missing; do
    check "$d: rv32i" "$sluice" softcore $d --isa rv32i
    check "$d: rv32im" "$sluice" softcore $d --isa rv32im
    check "$d: both forms equal" python3 -c "
import json
s = json.load(open('$d/soft_core.json'))
assert s['events'] >= 100 and s['forms'], s
for f in s['forms']: assert f['equal'] and f['instructions'] > 5 and f['text'] > 20 and f['bss'] == 0, f"
done
# c/NAME.c, the program as the fabric has it: loops of reuse factors, truth tables of trees.
fabric() { # FOLDER NAME
    riscv64-unknown-elf-gcc -march=rv32i -mabi=ilp32 -O2 -std=c99 -ffreestanding -nostdlib -nostartfiles -static -w -I"$1/c" \
        "$1/soft_core/start.S" "$1/soft_core/bench.c" "$1/c/$2.c" -lgcc -o fabric.elf && qemu-riscv32 ./fabric.elf
}
check "reused: there are loops" grep -q 'for (int i = 0; i < ' reused/c/model.c
check "reused: c/ on rv32i" fabric reused model
check "trees: c/ on rv32i" fabric build/trees trees
check "learned: c/ on rv32i" fabric build/learned learned
check "the form asked for" sh -c "'$sluice' softcore build/tagger --form loops && grep -qE '(weights|columns)_0' build/tagger/soft_core/tagger.c"
check "the smaller one where memory is short" sh -c "'$sluice' softcore build/tagger --memory 700 && grep -qE '(weights|columns)_0' build/tagger/soft_core/tagger.c"
check "the job: softcore" "$sluice" softcore job.yaml
check "report" sh -c "'$sluice' report job.yaml; grep -A2 'Soft core (rv32im)' build/tagger/report.txt | grep -q instructions"
check "report.json" test "$(json build/tagger/report.json soft_core.isa)" = rv32im
check "report.html" grep -q 'id="soft_core"' build/tagger/report.html
check "compile removes what is stale" sh -c "'$sluice' compile job.yaml && test ! -e build/tagger/soft_core.json"

# The bench by hand: it passes, and fails when one golden score is another.
bench() { (cd reused/soft_core && riscv64-unknown-elf-gcc -march=rv32i -mabi=ilp32 -O2 -std=c99 -ffreestanding -nostdlib -nostartfiles -static -w \
    start.S bench.c model.c -lgcc -o bench.elf && qemu-riscv32 ./bench.elf); }
check "the bench passes" bench
sed -i '/golden_out/{n;s/{\([0-9]*\)},/{1 - \1},/}' reused/soft_core/golden.h # of the first event
check "the bench fails on a wrong golden score" sh -c "! ($(declare -f bench); bench)"
finish
