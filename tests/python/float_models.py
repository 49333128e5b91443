"""Float models as others write them, with events and what they compute there: float_models.py FOLDER.

scikit-learn's through its own converter; graphs in the form that PyTorch and Keras export are built
node by node. NAME.onnx, NAME.npz (x, y) and NAME.scores.npy (before a last softmax or sigmoid).
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skl2onnx import to_onnx

folder = sys.argv[1]
rng = np.random.default_rng(1)
x = (rng.normal(size=(3000, 4)) * [1, 5, 0.1, 2] + [3, 0, 1, -2]).astype(np.float32)
y = ((x[:, 0] - 3) * x[:, 1] > 0).astype(int) + (x[:, 3] > -1)
z = (x - x.mean(0)) / x.std(0)


def save(name, model, labels, scores):
    with open(f"{folder}/{name}.onnx", "wb") as f:
        f.write(model.SerializeToString())
    np.savez(f"{folder}/{name}.npz", x=x, y=labels)
    np.save(f"{folder}/{name}.scores.npy", np.asarray(scores, dtype=np.float64))


def forward(mlp, values):
    """scikit-learn's network before its last activation."""
    act = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh, "logistic": lambda v: 1 / (1 + np.exp(-v))}
    for i, (w, b) in enumerate(zip(mlp.coefs_, mlp.intercepts_)):
        values = values @ w + b
        if i + 1 < len(mlp.coefs_):
            values = act[mlp.activation](values)
    return values


common = {"learning_rate_init": 0.01, "max_iter": 40, "random_state": 1}
clf = MLPClassifier((12, 8), **common)
pipe = make_pipeline(StandardScaler(), clf).fit(x, y)
save("sklearn_pipeline", to_onnx(pipe, x[:1]), y, forward(clf, pipe[0].transform(x)))
save("sklearn_classes", to_onnx(pipe, x[:1], options={id(clf): {"zipmap": False}}), y, forward(clf, pipe[0].transform(x)))
binary = MLPClassifier((8,), activation="tanh", **common)
pipe = make_pipeline(StandardScaler(), binary).fit(x, (y > 0).astype(int))
save("sklearn_binary", to_onnx(pipe, x[:1]), (y > 0).astype(int), forward(binary, pipe[0].transform(x)))
target = z[:, 0] * 0.5 + np.abs(z[:, 1])
reg = MLPRegressor(hidden_layer_sizes=(8,), activation="logistic", **common)
pipe = make_pipeline(StandardScaler(), reg).fit(x, target)
save("sklearn_regression", to_onnx(pipe, x[:1]), target, forward(reg, pipe[0].transform(x)))


def tensor(name, value):
    return numpy_helper.from_array(np.asarray(value, dtype=np.float32), name)


def graph(name, nodes, tensors, shape, opset):
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch_size"] + shape)]
    outputs = [helper.make_tensor_value_info("output", TensorProto.FLOAT, None)]
    made = helper.make_graph(nodes, name, inputs, outputs, tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)])


w1, w2, w3 = (rng.normal(size=s) * 0.6 for s in ((12, 4), (8, 12), (3, 8)))
b1, b2, b3 = (rng.normal(size=s) * 0.3 for s in (12, 8, 3))
mean, var, gamma, beta = x.mean(0), x.var(0), rng.uniform(0.5, 1.5, 4), rng.normal(size=4) * 0.2
bn = gamma * (x - mean) / np.sqrt(var + 1e-5) + beta
hidden = bn @ w1.T + b1
mean1, var1 = hidden.mean(0), hidden.var(0)
h1 = (hidden - mean1) / np.sqrt(var1 + 1e-5)
h1 = np.where(h1 >= 0, h1, 0.01 * h1)
scores = np.maximum(h1 @ w2.T + b2, 0) @ w3.T + b3
# torch.onnx.export of Sequential(BatchNorm1d, Linear, BatchNorm1d, LeakyReLU, Linear, ReLU, Linear)
nodes = [
    helper.make_node("BatchNormalization", ["input", "0.weight", "0.bias", "0.running_mean", "0.running_var"], ["/0/out"], epsilon=1e-5),
    helper.make_node("Gemm", ["/0/out", "1.weight", "1.bias"], ["/1/Gemm_output_0"], alpha=1.0, beta=1.0, transB=1),
    helper.make_node("BatchNormalization", ["/1/Gemm_output_0", "ones", "zeros", "2.mean", "2.var"], ["/2/out"], epsilon=1e-5),
    helper.make_node("LeakyRelu", ["/2/out"], ["/3/out"], alpha=0.01),
    helper.make_node("Gemm", ["/3/out", "4.weight", "4.bias"], ["/4/out"], transB=1),
    helper.make_node("Relu", ["/4/out"], ["/5/out"]),
    helper.make_node("Gemm", ["/5/out", "6.weight", "6.bias"], ["output"], transB=1),
]
tensors = [tensor("0.weight", gamma), tensor("0.bias", beta), tensor("0.running_mean", mean), tensor("0.running_var", var),
           tensor("1.weight", w1), tensor("1.bias", b1), tensor("ones", np.ones(12)), tensor("zeros", np.zeros(12)),
           tensor("2.mean", mean1), tensor("2.var", var1), tensor("4.weight", w2), tensor("4.bias", b2),
           tensor("6.weight", w3), tensor("6.bias", b3)]
save("torch_like", graph("main_graph", nodes, tensors, [4], 17), scores.argmax(1), scores)
# tf2onnx's Sequential(Flatten, Dense tanh, Dense relu, Dense softmax), two by two inputs
shape = numpy_helper.from_array(np.array([-1, 4], dtype=np.int64), "shape")
nodes = [
    helper.make_node("Reshape", ["input", "shape"], ["flat"]),
    helper.make_node("MatMul", ["flat", "k0"], ["m0"]), helper.make_node("Add", ["m0", "c0"], ["a0"]), helper.make_node("Tanh", ["a0"], ["t0"]),
    helper.make_node("MatMul", ["t0", "k1"], ["m1"]), helper.make_node("Add", ["m1", "c1"], ["a1"]), helper.make_node("Relu", ["a1"], ["t1"]),
    helper.make_node("MatMul", ["t1", "k2"], ["m2"]), helper.make_node("Add", ["m2", "c2"], ["a2"]), helper.make_node("Softmax", ["a2"], ["s"], axis=-1),
    helper.make_node("Identity", ["s"], ["output"]),
]
k0 = w1.T / x.std(0)[:, None]
c0 = b1 - (x.mean(0) / x.std(0)) @ w1.T
tensors = [shape, tensor("k0", k0), tensor("c0", c0), tensor("k1", w2.T), tensor("c1", b2), tensor("k2", w3.T), tensor("c2", b3)]
scores = np.maximum(np.tanh(x @ k0 + c0) @ w2.T + b2, 0) @ w3.T + b3
save("keras_like", graph("tf2onnx", nodes, tensors, [2, 2], 13), scores.argmax(1), scores)
print("onnx", onnx.__version__)
