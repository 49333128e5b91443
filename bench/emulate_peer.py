"""alkaid's emulator on the same network, one core: emulate_peer.py MODEL.onnx FOLDER. Events a second of CPU time; the
package from PyPI is called, nothing else of it is used."""
import sys, time
import numpy as np, onnx
from onnx import numpy_helper
from alkaid.codegen import RTLModel
from alkaid.trace import FVArrayInput, HWConfig, trace
from alkaid.trace.ops import quantize

model = onnx.load(sys.argv[1])
initial = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
weights = {}
for node in model.graph.node:
    if node.op_type == "Quant" and node.input[0] in initial:
        scale, bits = initial[node.input[1]], int(initial[node.input[3]])
        weights[node.output[0]] = np.clip(np.round(initial[node.input[0]] / scale), -2 ** (bits - 1), 2 ** (bits - 1) - 1) * scale
x = FVArrayInput((16,), HWConfig(1, -1, -1))
h = quantize(x, 1, 3, 4, round_mode="TRN", overflow_mode="WRAP")
for layer, (w, b) in enumerate([(6, 7), (4, 5), (2, 3), (0, 1)]):
    h = h @ weights[f"Quant_{w}_out0"] + weights[f"Quant_{b}_out0"]
    if layer < 3:
        h = quantize(np.maximum(h, 0), 0, 0, 6, overflow_mode="SAT", round_mode="RND")
network = trace(x, h)
RTLModel(network, sys.argv[2], "tagger", latency_cutoff=2.0).write()
events = np.random.default_rng(0).integers(-128, 128, (200000, 16)) / 16.0
best = 1e30
for _ in range(3):
    start = time.process_time()
    network.predict(events, n_threads=1)
    best = min(best, time.process_time() - start)
print("%-58s %14.3g" % ("alkaid's emulator: raw doubles to scores", len(events) / best))
