"""Model to Verilog, and events a second: ours beside conifer and XGBoost on the same ensembles.

trees_speed.py BUILD TRAIN.npz TEST.npz
"""
import json
import os
import sys
import time

import numpy as np
import xgboost
from trees_common import find_conifer, run, write_conifer

EVENTS, BITS = 1000000, 12


def processor_seconds(call, tries=3):
    best = 1e30
    for _ in range(tries):
        start = time.process_time()
        call()
        best = min(best, time.process_time() - start)
    return best


def children_seconds(call):
    before = os.times()
    call()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def row(what, ours, peer, ratio):
    print(f"{what:66s} {ours:>14} {peer:>20} {ratio:8.2f}", flush=True)


def main():
    build, train, test = sys.argv[1:4]
    folder = f"{build}/bench/trees_speed"
    os.makedirs(folder, exist_ok=True)
    data = np.load(train)
    x, y = data["x"].astype(np.float32), data["y"]
    np.save(f"{folder}/x.npy", x[:20000].astype(np.float64))
    events = np.random.default_rng(1).normal(size=(EVENTS, x.shape[1])).astype(np.float32) * x.std(0) + x.mean(0)
    np.save(f"{folder}/events.npy", events.astype(np.float32))
    conifer = find_conifer()
    print(f"{'what':66s} {'ours':>14} {'peer':>20} {'ratio':>8}")
    for depth, rounds in ((3, 10), (4, 20), (6, 200)):
        name = f"{5 * rounds} trees of depth {depth}"
        model = xgboost.XGBClassifier(n_estimators=rounds, max_depth=depth, learning_rate=0.3, tree_method="hist", n_jobs=1).fit(x, y)
        model.save_model(f"{folder}/{depth}.json")
        out = f"{folder}/depth{depth}"
        seconds = children_seconds(lambda: run(f"{build}/sluice", "compile", f"{folder}/{depth}.json", "--input-bits", str(BITS),
                                               "--calibrate", f"{folder}/x.npy", "--leaf-bits", "12", "--output", "argmax",
                                               "--board", "ulx3s-85f", "--out", out, "--quiet"))
        wall = json.load(open(f"{out}/compile.json"))["seconds"]
        peer = processor_seconds(lambda: write_conifer(conifer, model.get_booster(), f"{folder}/conifer{depth}"), 1) if conifer else float("nan")
        row(f"{name}: model file to Verilog, s of processor", f"{seconds:.3f}", f"conifer {peer:.3f}", seconds / peer)
        print(f"    of these {wall:.3f} s (wall) in the compiler: {json.load(open(out + '/compile.json'))['estimate']['lut4']:,.0f} LUT4 estimated")
        rate = 0
        for _ in range(3):  # both threads' processor time; reading the file and writing the classes included
            text = run(f"{build}/sluice", "emulate", out, "--events", f"{folder}/events.npy", "--out", f"{folder}/classes.npy", "--json")
            rate = max(rate, EVENTS / json.loads(text)["cpu_seconds"])
        booster = model.get_booster()
        booster.set_param({"nthread": 1})
        theirs = EVENTS / processor_seconds(lambda: booster.inplace_predict(events, predict_type="margin"))
        row(f"{name}: raw events/s of one core", f"{rate:.3g}", f"XGBoost {theirs:.3g}", rate / theirs)


main()
