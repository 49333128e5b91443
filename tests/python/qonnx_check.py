"""Runs model files in the Python package qonnx and compares with outputs computed by Sluice.

    qonnx_check.py MODEL.onnx X.npy Y.npy [--logits] [--tolerance T] [--fraction F]
    qonnx_check.py --folder FOLDER

X holds events, Y what Sluice's quantized reference gave for them, one row an event; a folder holds any number of
NAME.onnx, NAME.x.npy, NAME.y.npy. Without options every number must be equal. --logits compares what enters a
final Softmax. --tolerance T lets numbers differ by T (for sigmoid, tanh and softmax, whose float32 values differ
in the last places), --fraction F lets that share of the events exceed it (for models whose exact sums do not fit
float32's 24 bits). Prints one line; exit status 1 when the two disagree.
"""
import argparse
import pathlib
import sys
import warnings

import numpy as np
import onnx
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

# qonnx warns about the old domain name and about shapes that a file leaves out; both are expected
warnings.filterwarnings("ignore")


def set_batch(model, events):
    """Gives every tensor that depends on the graph's input `events` rows instead of one."""
    graph = model.graph
    initializers = {tensor.name for tensor in graph.initializer}
    variable = {value.name for value in graph.input} - initializers
    for node in graph.node:
        if any(name in variable for name in node.input):
            variable.update(node.output)
    for value in [*graph.input, *graph.output, *graph.value_info]:
        shape = value.type.tensor_type.shape.dim
        if value.name in variable and len(shape) > 1:
            shape[0].dim_value = events
    return model


def drop_softmax(model):
    last = model.graph.node[-1]
    if last.op_type == "Softmax":
        model.graph.output[0].name = last.input[0]
        for value in list(model.graph.value_info):
            if value.name == last.input[0]:
                model.graph.value_info.remove(value)
        model.graph.node.remove(last)
    return model


def run(path, x, logits):
    model = onnx.load(path)
    if logits:
        model = drop_softmax(model)
    model = ModelWrapper(set_batch(model, len(x)))
    if not model.check_all_tensor_shapes_specified():
        model = model.transform(InferShapes())
    name = next(v.name for v in model.graph.input if model.get_initializer(v.name) is None)
    y = execute_onnx(model, {name: x.astype(np.float32)})[model.graph.output[0].name]
    return y.reshape(len(x), -1).astype(np.float64)


def compare(model, x_path, y_path, options):
    """Events compared, events that differ, largest difference; ends the program when too many differ."""
    x, expected = np.load(x_path), np.load(y_path)
    if len(x) == 0 or expected.shape[0] != len(x):
        sys.exit(f"FAIL {model}: {len(x)} events, outputs of shape {expected.shape}")
    found = run(model, x, options.logits)
    if found.shape != expected.shape:
        sys.exit(f"FAIL {model}: qonnx gives shape {found.shape}, Sluice {expected.shape}")
    difference = np.abs(found - expected)
    wrong = ~(difference <= options.tolerance).all(axis=1)
    if wrong.sum() > options.fraction * len(x):
        event = int(np.argmax(wrong))
        sys.exit(f"FAIL {model}: {wrong.sum()} of {len(x)} events differ; event {event}: x {x[event].tolist()}, "
                 f"qonnx {found[event].tolist()}, Sluice {expected[event].tolist()}")
    return len(x), int(wrong.sum()), float(difference.max())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("paths", nargs="*", help="MODEL.onnx X.npy Y.npy")
    parser.add_argument("--folder")
    parser.add_argument("--logits", action="store_true")
    parser.add_argument("--tolerance", type=float, default=0)
    parser.add_argument("--fraction", type=float, default=0)
    options = parser.parse_args()
    if options.folder:
        models = sorted(pathlib.Path(options.folder).glob("*.onnx"))
        cases = [(m, m.with_suffix(".x.npy"), m.with_suffix(".y.npy")) for m in models]
    elif len(options.paths) == 3:
        cases = [tuple(options.paths)]
    else:
        parser.error("MODEL.onnx X.npy Y.npy, or --folder FOLDER")
    if not cases:
        sys.exit(f"FAIL {options.folder}: no model files")
    results = [compare(*case, options) for case in cases]
    what = cases[0][0] if len(cases) == 1 else f"{len(cases)} models"
    print(f"ok {what}: {sum(r[0] for r in results)} events, {sum(r[1] for r in results)} beyond "
          f"{options.tolerance:g}, largest difference {max(r[2] for r in results):.3g}")


main()
