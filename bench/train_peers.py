"""Training speed of Keras 3 and HGQ2 on JAX's CPU back end, for `make bench-train`.

The same network, batch and optimizer as bench/train.c. Prints the fastest of a few epochs, compilation left out.
Usage: train_peers.py [EVENTS.npz]
"""
import os
import sys
import time

os.environ["KERAS_BACKEND"] = "jax"
import keras
import numpy as np
from hgq.config import QuantizerConfigScope
from hgq.layers import QDense

SIZES, EPOCHS = (64, 32, 32), 8


def read_events():
    if len(sys.argv) > 1:
        data = np.load(sys.argv[1])
        x, y = data["x"], data["y"]
        return ((x - x.mean(0)) / x.std(0)).astype("float32"), y.astype("int32")
    random = np.random.default_rng(1)
    y = np.arange(100000) % 5
    x = random.normal(size=(100000, 16)) + (np.arange(16) == y[:, None])
    return x.astype("float32"), y.astype("int32")


class Clock(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(time.perf_counter() - self.start)


def measure(what, layers, x, y):
    model = keras.Sequential([keras.Input((16,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss, metrics=["accuracy"])
    clock = Clock()
    model.fit(x, y, batch_size=1024, epochs=EPOCHS, verbose=0, callbacks=[clock])
    best = min(clock.seconds[1:])
    print(f"{what:22s} {best:8.4f} s {len(x) / best:10.3g} events/s", flush=True)


def main():
    x, y = read_events()
    dense = [keras.layers.Dense(n, activation="relu") for n in SIZES] + [keras.layers.Dense(5)]
    measure("Keras on JAX, float", dense, x, y)
    with (
        QuantizerConfigScope(place="all", default_q_type="kbi", b0=6, overflow_mode="SAT_SYM"),
        QuantizerConfigScope(place="datalane", default_q_type="kbi", b0=6, overflow_mode="SAT"),
    ):
        quantized = [QDense(n, activation="relu") for n in SIZES] + [QDense(5)]
    measure("HGQ2 on JAX, 6 bits", quantized, x, y)


main()
