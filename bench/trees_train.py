"""Training boosted trees: ours (bench/trees.c), XGBoost `hist` and LightGBM on the same events, one after the other.

trees_train.py BUILD TRAIN.npz TEST.npz. The best of three from arrays in memory to the ensemble, the cutting of features
into bins included: processor seconds of one thread, seconds by the clock of two (which other load on the machine lengthens).
"""
import subprocess
import sys
import time

import lightgbm
import numpy as np
import xgboost


def read(path):
    data = np.load(path)
    return np.ascontiguousarray(data["x"], dtype=np.float32), data["y"].astype(np.int32)


def best_of(model, x, y, test_x, test_y, now, tries=3):
    best = 1e30
    for _ in range(tries):
        start = now()
        model.fit(x, y)
        best = min(best, now() - start)
    return best, (model.predict(test_x) == test_y).mean()


def main():
    build, train, test = sys.argv[1:4]
    x, y = read(train)
    test_x, test_y = read(test)
    rows = {}
    for line in subprocess.run([f"{build}/bench/trees", train, test], capture_output=True, text=True, check=True).stdout.splitlines():
        depth, rounds, threads, seconds, processor, accuracy = line.split()
        rows[int(depth), int(rounds), int(threads)] = float(processor if threads == "1" else seconds), float(accuracy)
    print(f"{len(x):,} jets x {x.shape[1]}, {len(set(y))} classes  threads |   ours, s      % | XGBoost, s     % ratio | LightGBM, s     % ratio")
    for (depth, rounds, threads), (seconds, accuracy) in sorted(rows.items()):
        line = f"depth {depth} x {rounds:3} x 5 trees               {threads} | {seconds:9.3f} {100 * accuracy:6.2f}"
        for model in (
            xgboost.XGBClassifier(n_estimators=rounds, max_depth=depth, learning_rate=0.3, tree_method="hist", n_jobs=threads),
            lightgbm.LGBMClassifier(n_estimators=rounds, max_depth=depth, num_leaves=2**depth, learning_rate=0.3, n_jobs=threads, verbose=-1),
        ):
            s, a = best_of(model, x, y, test_x, test_y, time.process_time if threads == 1 else time.perf_counter)
            line += f" | {s:9.3f} {100 * a:6.2f} {seconds / s:5.2f}"
        print(line, flush=True)


main()
