#!/bin/bash
# An interrupted training goes on where it stopped and ends with the same bytes; an existing result survives a failed run.
. "$(dirname "$0")/lib.sh"
job() {
    cat <<EOF
name: $1
data: {train: $top/examples/jets/jets_hlf_test.npz}
layers:
  - {kind: dense, units: 32, weights: 5}
  - {kind: batchnorm}
  - {kind: relu, format: 5}
  - {kind: dropout, rate: 0.1}
  - {kind: dense, units: 5, weights: 5}
training: {epochs: 60, quantized_epochs: 60, batch: 64, checkpoint_every: 0}
pruning: {sparsity: 0.5}
EOF
}
job whole >whole.yaml
job piece >piece.yaml
check "uninterrupted" "$sluice" train whole.yaml --quiet
interrupted=no
for wait in 0.8 0.4 0.2 0.1; do
    rm -rf build/piece
    "$sluice" train piece.yaml 2>err & pid=$!
    sleep $wait; kill -INT $pid 2>/dev/null; wait $pid; status=$?
    [ $status -ne 0 ] && [ -s build/piece/train/checkpoint ] && { interrupted=yes; break; }
done
check "interrupted, with a checkpoint" test $interrupted = yes
check "a line says that it was interrupted" grep -q "interrupted" err
check "no model yet" test ! -e build/piece/train/model.onnx
check "resumed" "$sluice" train piece.yaml --quiet
sed -i 's/piece/whole/' build/piece/train.json
check "the same model to the byte" sh -c 'sed s/piece/whole/ build/piece/train/model.onnx | cmp - build/whole/train/model.onnx'
check "the checkpoint is gone" test ! -e build/piece/train/checkpoint
cp build/whole/train/model.onnx kept.onnx
sed -i 's/units: 5/units: 4/' whole.yaml
refuse "a wrong job" 'sluice: ' "$sluice" train whole.yaml --quiet
check "leaves the old model" cmp kept.onnx build/whole/train/model.onnx
finish
