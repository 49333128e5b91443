#!/bin/bash
# Every example's network or ensemble, trained for a few epochs: its C on the soft core in both forms and both instruction sets, and
# its projects for all HLS tools, unrolled and with a reuse factor, each equal to the interpreter on every golden event.
. "$(dirname "$0")/../e2e/lib.sh"
for job in "$top"/examples/*/*.yaml; do
    folder=$(dirname "$job") name=$(basename "$folder")_$(basename "$job" .yaml)
    data=$(sed -n 's/^ *train: //p' "$job")
    [ -e "$folder/$data" ] || { echo "skip $name: $data is not there"; continue; }
    sed -e "s/^name:.*/name: $name/" -e "s#: \([a-z0-9_./]*\.\(npz\|onnx\)\)#: $folder/\1#" \
        -e 's/quantized_epochs: .*/quantized_epochs: 4/;s/^\( *\)epochs: .*/\1epochs: 2/;s/rounds: .*/rounds: 10/' \
        -e 's/^\( *\)pick: .*/\1anneal_epochs: 1/;s/frontier_points: .*/frontier_points: 1/' "$job" >"$name.yaml"
    check "$name: train" "$sluice" train "$name.yaml" --quiet
    check "$name: compile" "$sluice" compile "$name.yaml" --quiet
    [ -e "build/$name/program.sluice" ] || continue
    if command -v riscv64-unknown-elf-gcc >/dev/null && command -v qemu-riscv32 >/dev/null; then
        for isa in rv32i rv32im; do
            check "$name: $isa" "$sluice" softcore "$name.yaml" --isa $isa --quiet
            check "$name: $isa ran" python3 -c "
import json
for form in json.load(open('build/$name/soft_core.json'))['forms']: assert form['equal'], form"
        done
    else echo "skip $name: riscv64-unknown-elf-gcc or qemu-riscv32 is not there"; fi
    for tool in vitis oneapi catapult bambu; do
        check "$name: $tool" "$sluice" hls "$name.yaml" --tool $tool --quiet
        check "$name: $tool, reuse 16" "$sluice" hls "$name.yaml" --tool $tool --reuse 16 --quiet
    done
done
finish
