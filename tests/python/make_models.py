"""Makes the small model files of tests/models: what others' exporters write, in many shapes.

    make_models.py [FOLDER, default tests/models]

tests/models/NAME.onnx with NAME.x.npy and NAME.y.npy (the outputs of the packages qonnx and onnxruntime), and
tests/models/bad/NAME.onnx, which the reader must refuse. Needs numpy, onnx, onnxruntime and qonnx. The same
versions give the same bytes; tests/unit/model/test_onnx_files.c reads the results.
"""
import pathlib
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

warnings.filterwarnings("ignore")
FLOAT = np.float32
INPUTS, HIDDEN, OUTPUTS, EVENTS = 4, 3, 2, 40
QUANT_DOMAIN = "qonnx.custom_op.general"


class Graph:
    """Nodes and initializers in the making; tensors are named by a running number."""

    def __init__(self, rename=lambda name: name, quant_domain=QUANT_DOMAIN, constants="initializer"):
        self.nodes, self.initializers, self.number = [], [], 0
        self.rename, self.quant_domain, self.constants = rename, quant_domain, constants

    def fresh(self, hint):
        self.number += 1
        return self.rename(f"{hint}_{self.number}")

    def constant(self, value, dtype=FLOAT, hint="const"):
        name, value = self.fresh(hint), np.asarray(value, dtype=dtype)
        if self.constants == "node":
            self.node("Constant", [], output=name, value=numpy_helper.from_array(value, name))
        elif self.constants == "listed":  # in float_data and int64_data instead of raw_data
            kind = TensorProto.INT64 if dtype == np.int64 else TensorProto.FLOAT
            self.initializers.append(helper.make_tensor(name, kind, value.shape, value.ravel().tolist()))
        else:
            self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def node(self, op, inputs, output=None, domain="", **attributes):
        output = output or self.fresh(op.lower())
        self.nodes.append(helper.make_node(op, inputs, [output], name=self.rename(f"{op}_{len(self.nodes)}"),
                                           domain=domain, **attributes))
        return output

    def quant(self, x, scale, bits, signed=1, narrow=0, mode="ROUND", zero=0.0, bits_dtype=FLOAT):
        inputs = [x] + [v if isinstance(v, str) else self.constant(v, dtype)
                        for v, dtype in ((scale, FLOAT), (zero, FLOAT), (bits, bits_dtype))]
        return self.node("Quant", inputs, domain=self.quant_domain, signed=signed, narrow=narrow, rounding_mode=mode)

    def model(self, output, outputs=OUTPUTS, x_shape=(1, INPUTS), opset=13, y_shape=None, extra_inputs=(), value_info=()):
        graph = helper.make_graph(
            self.nodes, self.rename("graph"),
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, x_shape), *extra_inputs],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, y_shape or (1, outputs))], self.initializers,
            value_info=list(value_info))
        return helper.make_model(graph, ir_version=8, opset_imports=[
            helper.make_opsetid("", opset), helper.make_opsetid(self.quant_domain, 1)])


RNG = np.random.default_rng(20240503)
W1 = np.round(RNG.normal(size=(INPUTS, HIDDEN)), 3)
B1 = np.round(RNG.normal(size=HIDDEN), 3)
W2 = np.round(RNG.normal(size=(HIDDEN, OUTPUTS)), 3)
B2 = np.round(RNG.normal(size=OUTPUTS), 3)
X = (np.round(RNG.normal(size=(EVENTS, INPUTS)) * 2 * 32) / 32).astype(FLOAT)


def dense(g, x, w, b):
    w = g.quant(g.constant(w, hint="weights"), 0.125, 6, narrow=1)
    b = g.quant(g.constant(b, hint="bias"), 0.25, 5)
    return g.node("Add", [g.node("MatMul", [x, w]), b])


def two_layers(g, first=dense, second=dense, between=lambda g, x: x):
    x = g.quant("x", 0.25, 6)
    x = between(g, first(g, x, W1, B1))
    x = g.quant(g.node("Relu", [x]), 0.25, 5, signed=0, mode="FLOOR")
    return second(g, between(g, x), W2, B2)


def gemm(g, x, w, b, alpha=1.0, beta=1.0):
    w = g.quant(g.constant(w.T / alpha), 0.125 / alpha, 6, narrow=1)
    b = g.quant(g.constant(b / beta), 0.25 / beta, 5)
    return g.node("Gemm", [x, w, b], transB=1, alpha=alpha, beta=beta)


def transposed(g, x, w, b):
    w = g.node("Transpose", [g.quant(g.constant(w.T), 0.125, 6, narrow=1)], perm=[1, 0])
    return g.node("Add", [g.quant(g.constant(b), 0.25, 5), g.node("MatMul", [x, w])])


def no_operations(g, x):
    size = HIDDEN
    x = g.node("Identity", [x])
    x = g.node("Dropout", [x, g.constant(0.5)])
    x = g.node("Reshape", [x, g.constant([1, size], np.int64)])
    x = g.node("Flatten", [x])
    return g.node("Cast", [x], to=TensorProto.FLOAT)


def shared():
    """One scale, one zero point and one bit width for everything; initializers listed as inputs too."""
    g = Graph()
    scale, zero, bits = g.constant(0.25), g.constant(0), g.constant(6, np.int64)
    q = lambda x: g.quant(x, scale, bits, zero=zero)
    same = q(g.constant(np.round(RNG.normal(size=(INPUTS, INPUTS)), 3)))
    x = q("x")
    for _ in range(2):
        x = q(g.node("MatMul", [x, g.node("Identity", [same])]))
    listed = [helper.make_tensor_value_info(i.name, i.data_type, i.dims) for i in g.initializers]
    return g.model(x, INPUTS, extra_inputs=listed)


def per_channel():
    """Scales and ranges as tensors; clamps by Clip, Min and Max in their various orders."""
    g = Graph()
    x = g.node("Max", ["x", g.constant([-0.5, -2, 0, 0])])
    x = g.node("Min", [g.constant([[0.25, 1.5, 3, 1]]), x])
    x = g.quant(x, [[0.25, 0.5, 1, 1]], 3)
    w = g.quant(g.constant(W1), np.exp2([-3.0, -2, -1]), 4, narrow=1)
    x = g.node("MatMul", [x, w])
    x = g.node("Clip", [x, g.constant(0), g.constant(7.5)])
    x = g.quant(x, 0.5, 6)
    x = g.node("MatMul", [x, g.quant(g.constant(W2), np.exp2(np.arange(6).reshape(HIDDEN, OUTPUTS) - 6.0), 5)])
    return g.model(x)


def standardised():
    g = Graph(constants="node")
    x = g.node("Sub", ["x", g.constant([0.5, -1, 0.25, 2])])
    x = g.node("Div", [x, g.constant([0.5, 1, 2, 4])])
    x = g.quant(x, 0.25, 6, mode="DOWN")
    x = g.node("Sub", [g.constant(np.array(3.0)), x])
    x = g.node("Mul", [g.constant([[1, 2, 0.5, -1]]), x])
    return g.model(g.quant(x, 0.5, 6, mode="HALF_UP"), INPUTS)


def rounding_nodes():
    """Half a step added before FLOOR, subtracted before CEIL, in the ways that others may write it."""
    g = Graph()
    x = g.quant(g.node("Add", [g.constant(np.array(0.25)), "x"]), 0.5, 4, mode="floor")
    x = g.quant(g.node("Add", [x, g.constant(np.full((1, INPUTS), -0.5))]), 1, 4, mode="CEIL")
    x = g.node("MatMul", [x, g.quant(g.node("Sub", [g.constant(W1), g.constant(np.array(0.0625))]), 0.125, 5, mode="CEIL")])
    return g.model(x, HIDDEN)


def activations():
    g = Graph()
    x = g.quant("x", 0.25, 6)
    x = g.node("BatchNormalization", [x] + [g.constant(v) for v in
               ([1, 0.5, 2, 1.5], [0.5, 0, -1, 0.25], [0.1, -0.2, 0.3, 0], [1, 2, 0.5, 4])], epsilon=0.001)
    x = g.node("LeakyRelu", [x], alpha=0.125)
    x = g.node("Tanh", [g.node("MatMul", [x, g.constant(W1)])])
    x = g.node("Sigmoid", [g.node("MatMul", [x, g.constant(W2)])])
    return g.model(g.node("Softmax", [x], axis=-1))


def bipolar_layers():
    """Weights and activations that are a scale or its negative."""
    g = Graph()
    bipolar = lambda x, scale: g.node("BipolarQuant", [x, g.constant(scale)], domain=QUANT_DOMAIN)
    x = g.quant("x", 0.25, 6)
    w = bipolar(g.constant(W1), np.exp2([[-3.0, 0, 1]]))
    x = bipolar(g.node("MatMul", [x, w]), np.array(1.0))
    x = g.node("BatchNormalization", [x] + [g.constant(v) for v in
               ([1, 0.5, 2], [0.5, 0, -1], [0.5, -0.25, 0.25], [4, 1, 0.25])], epsilon=0.0)
    x = bipolar(x, [[0.5, 1, 0.25]])
    w = g.node("Transpose", [bipolar(g.constant(W2.T), np.array(0.3))], perm=[1, 0])
    return g.model(g.node("Add", [g.node("MatMul", [x, w]), g.quant(g.constant(B2), 0.25, 5)]))


def flattened_input():
    g = Graph()
    x = g.node("Flatten", ["x"])
    x = g.node("MatMul", [g.quant(x, 0.25, 6), g.quant(g.constant(W1), 0.25, 4)])
    return g.model(x, HIDDEN, x_shape=(1, 2, 2))


def reordered():
    g = Graph()
    output = two_layers(g)
    g.nodes.reverse()
    return g.model(output)


def one_file(build, **options):
    g = Graph(**options)
    return g.model(build(g))


SCRAMBLE = {}
def scramble(name):
    return SCRAMBLE.setdefault(name, f"{(len(SCRAMBLE) * 7919 + 5) % 10007}::é/{len(SCRAMBLE)}")


GOOD = {
    "plain": lambda: one_file(two_layers),
    "renamed": lambda: one_file(two_layers, rename=scramble),
    "unnamed": lambda: strip_names(one_file(two_layers)),
    "reordered": reordered,
    "constant_nodes": lambda: one_file(two_layers, constants="node"),
    "listed_data": lambda: one_file(two_layers, constants="listed", quant_domain="finn.custom_op.general"),
    "gemm": lambda: one_file(lambda g: two_layers(g, gemm, gemm)),
    "gemm_factors": lambda: one_file(lambda g: two_layers(g, lambda *a: gemm(*a, alpha=0.5, beta=4.0))),
    "transposed": lambda: one_file(lambda g: two_layers(g, transposed, transposed)),
    "no_operations": lambda: one_file(lambda g: two_layers(g, between=no_operations)),
    "shared": shared,
    "per_channel": per_channel,
    "standardised": standardised,
    "rounding_nodes": rounding_nodes,
    "activations": activations,
    "bipolar_layers": bipolar_layers,
    "flattened_input": flattened_input,
}


def strip_names(model):
    for node in model.graph.node:
        node.name = ""
    return model


# ---- files to refuse ---------------------------------------------------------------------------

def on_input(build, **options):
    def make():
        g = Graph()
        return g.model(build(g), INPUTS, **options)
    return make


def conv():
    g = Graph()
    x = g.node("Conv", ["x", g.constant(np.ones((1, 1, 2)))])
    return g.model(x, x_shape=(1, 1, 4), y_shape=(1, 1, 3))


def two_outputs():
    model = one_file(two_layers)
    model.graph.output.append(helper.make_tensor_value_info(model.graph.node[0].output[0], TensorProto.FLOAT, (1, 4)))
    return model


def cycle():
    g = Graph()
    g.nodes.append(helper.make_node("Add", ["x", "b"], ["a"], name="first"))
    g.nodes.append(helper.make_node("Relu", ["a"], ["b"], name="second"))
    return g.model("b", INPUTS)


def external():
    model = one_file(two_layers)
    tensor = model.graph.initializer[3]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "weights.bin"
    return model


def short_data():
    model = one_file(two_layers)
    tensor = next(t for t in model.graph.initializer if t.name.startswith("weights"))
    tensor.raw_data = tensor.raw_data[:-4]
    return model


def huge_shape():
    model = one_file(two_layers)
    tensor = next(t for t in model.graph.initializer if t.name.startswith("weights"))
    tensor.dims[0] = tensor.dims[1] = 1 << 40
    return model


def defined_twice():
    model = one_file(two_layers)
    model.graph.node.append(model.graph.node[0])
    return model


def unused_tail(g):
    g.node("Relu", ["nowhere"])
    return g.node("Relu", ["x"])


BAD = {
    "conv": conv,
    "branch": on_input(lambda g: g.node("Add", [g.node("Relu", ["x"]), "x"])),
    "scale": on_input(lambda g: g.quant("x", 0.3, 6)),
    "bipolar_scale": on_input(lambda g: g.node("BipolarQuant", ["x", g.constant([1, 1, 0, 1])], domain=QUANT_DOMAIN)),
    "zero_point": on_input(lambda g: g.quant("x", 0.25, 6, zero=1.0)),
    "bipolar": on_input(lambda g: g.quant("x", 0.25, 1)),
    "narrow_unsigned": on_input(lambda g: g.quant("x", 0.25, 4, signed=0, narrow=1)),
    "ceil": on_input(lambda g: g.quant("x", 0.25, 4, mode="CEIL")),
    "rounding_mode": on_input(lambda g: g.quant("x", 0.25, 4, mode="STOCHASTIC")),
    "bits": on_input(lambda g: g.quant("x", 0.25, 4.5)),
    "clip_range": on_input(lambda g: g.quant(g.node("Clip", ["x", g.constant(0), g.constant(6)]), 0.5, 8)),
    "computed_scale": on_input(lambda g: g.quant("x", g.node("ReduceMax", ["x"]), 6)),
    "scale_shape": on_input(lambda g: g.quant("x", [0.5, 0.25], 6)),
    "weight_rows": on_input(lambda g: g.node("MatMul", ["x", g.constant(np.ones((3, 4)))])),
    "weight_rank": on_input(lambda g: g.node("MatMul", ["x", g.constant(np.ones((1, 4, 4)))])),
    "matmul_left": on_input(lambda g: g.node("MatMul", [g.constant(np.ones((4, 1))), "x"])),
    "weight_nan": on_input(lambda g: g.node("MatMul", ["x", g.constant(np.full((4, 4), np.nan))])),
    "weight_type": on_input(lambda g: g.node("MatMul", ["x", g.constant(np.ones((4, 4)), np.float16)])),
    "weight_operator": on_input(lambda g: g.node("MatMul", ["x", g.node("Exp", [g.constant(np.ones((4, 4)))])])),
    "gemm_trans_a": on_input(lambda g: g.node("Gemm", ["x", g.constant(np.ones((4, 4)))], transA=1)),
    "gemm_alpha": on_input(lambda g: g.node("Gemm", ["x", g.quant(g.constant(np.ones((4, 4))), 1, 4)], alpha=0.3)),
    "divide_zero": on_input(lambda g: g.node("Div", ["x", g.constant([1, 0, 1, 1])])),
    "softmax_axis": on_input(lambda g: g.node("Softmax", ["x"], axis=0)),
    "variance": on_input(lambda g: g.node("BatchNormalization", ["x"] + [g.constant(np.full(4, v)) for v in (1, 0, 0, -1)])),
    "two_inputs": on_input(lambda g: g.node("Relu", ["x"]),
                           extra_inputs=[helper.make_tensor_value_info("z", TensorProto.FLOAT, (1, 4))]),
    "two_outputs": two_outputs,
    "cycle": cycle,
    "undefined": on_input(unused_tail),
    "defined_twice": defined_twice,
    "constant_output": on_input(lambda g: g.node("Relu", [g.constant(np.ones((1, 4)))])),
    "input_shape": on_input(lambda g: g.node("Relu", ["x"]), x_shape=(1, "features")),
    "external": external,
    "short_data": short_data,
    "huge_shape": huge_shape,
    "domain": on_input(lambda g: g.node("Relu", ["x"], domain="com.example")),
}


def sorted_nodes(model):
    """qonnx wants the nodes in order."""
    known = {v.name for v in model.graph.input} | {t.name for t in model.graph.initializer}
    nodes, left = [], list(model.graph.node)
    while left:
        node = next(n for n in left if all(name in known for name in n.input))
        known.update(node.output)
        nodes.append(node)
        left.remove(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def outputs(model):
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    wrapper = ModelWrapper(sorted_nodes(copy)).transform(InferShapes())
    shape = wrapper.get_tensor_shape("x")
    name = wrapper.graph.output[0].name
    return np.concatenate([execute_onnx(wrapper, {"x": x.reshape(shape)})[name].reshape(1, -1) for x in X])


def save(path, array):
    """As npy of version 1, float64; numpy's own header, no pickling."""
    np.save(path, np.asarray(array, dtype=np.float64), allow_pickle=False)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/models")
    (folder / "bad").mkdir(parents=True, exist_ok=True)
    save(folder / "x.npy", X)
    for name, make in GOOD.items():
        model = make()
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
        save(folder / f"{name}.y.npy", outputs(model))
    for name, make in BAD.items():
        (folder / "bad" / f"{name}.onnx").write_bytes(make().SerializeToString(deterministic=True))


main()
