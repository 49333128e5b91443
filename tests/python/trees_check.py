"""Runs a model file with trees in onnxruntime and compares with outputs computed by Sluice.

    trees_check.py MODEL.onnx X.npy Y.npy

X holds events, Y what Sluice's quantized reference gave for them before a final softmax or sigmoid, one row an
event. Every number must be equal. Prints one line; exit status 1 when the two disagree.
"""
import sys

import numpy as np
import onnx
import onnxruntime


def drop_link(model):
    """The graph without what turns scores into probabilities."""
    last = model.graph.node[-1]
    if last.op_type in ("Softmax", "Sigmoid"):
        model.graph.output[0].name = last.input[0]
        model.graph.node.remove(last)
    return model


def main():
    path, x, expected = sys.argv[1], np.load(sys.argv[2]), np.load(sys.argv[3])
    model = drop_link(onnx.load(path))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    kind = np.float64 if "double" in entry.type else np.float32
    found = session.run(None, {entry.name: x.astype(kind)})[0].reshape(len(x), -1).astype(np.float64)
    operators = {node.op_type for node in model.graph.node}
    if not operators & {"TreeEnsembleRegressor", "TreeEnsembleClassifier"}:
        sys.exit(f"FAIL {path}: no operator of trees among {sorted(operators)}")
    if found.shape != expected.shape:
        sys.exit(f"FAIL {path}: onnxruntime gives shape {found.shape}, Sluice {expected.shape}")
    wrong = (found != expected).any(axis=1)
    if wrong.any():
        event = int(np.argmax(wrong))
        sys.exit(f"FAIL {path}: {wrong.sum()} of {len(x)} events differ; event {event}: onnxruntime "
                 f"{found[event].tolist()}, Sluice {expected[event].tolist()}")
    print(f"ok {path}: {len(x)} events, all equal")


main()
