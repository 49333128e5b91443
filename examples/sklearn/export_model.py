"""Trains scikit-learn's MLP on the jets of examples/jets and writes it as plain float ONNX: tagger.onnx.

    python3 -m venv venv && venv/bin/pip install scikit-learn skl2onnx
    venv/bin/python export_model.py

The file is in this folder already: job.yaml works without Python.
"""
import os

import numpy as np
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

here = os.path.dirname(os.path.abspath(__file__))
jets = os.path.join(here, "..", "jets", "jets_hlf_%s.npz")
train, test = np.load(jets % "train"), np.load(jets % "test")
mlp = MLPClassifier((32, 16), batch_size=512, learning_rate_init=3e-3, max_iter=30, random_state=1)
model = make_pipeline(StandardScaler(), mlp).fit(train["x"], train["y"])
print("accuracy on the test events: %.4f" % model.score(test["x"], test["y"]))
onnx = to_onnx(model, train["x"][:1].astype(np.float32), options={id(mlp): {"zipmap": False}})
with open(os.path.join(here, "tagger.onnx"), "wb") as f:
    f.write(onnx.SerializeToString())
