#!/usr/bin/env python3
"""same_netlist.py BEFORE.json AFTER.json TOP: whether boards/flow/carry_cells.c left the function of each net what it was, LUT by LUT: each cell is still
there; a LUT gives the same for all values of the nets that either reads; what is new is a LUT that hands a register its input on, or a first carry
that is the net it stands for. Prints how many of either are new."""
import itertools, json, sys
before, after = (json.load(open(name))["modules"][sys.argv[3]]["cells"] for name in sys.argv[1:3])
LUT = ["I0", "I1", "I2", "I3"]
net = lambda cell, pin: cell["connections"][pin][0] if cell["connections"].get(pin) else "0"
value = lambda bit, values: values[bit] if isinstance(bit, int) else int(bit == "1")
def give(cell, values):
    row = sum(value(net(cell, pin), values) << i for i, pin in enumerate(LUT))
    return int(cell["parameters"]["LUT_INIT"], 2) >> row & 1
def inputs(cell): return {net(cell, pin) for pin in LUT} - {"0", "1", "x"}
def fail(name, why): sys.exit(f"{name}: {why}")
new = {name: cell for name, cell in after.items() if name not in before}
drivers = {net(cell, "O" if cell["type"] == "SB_LUT4" else "CO"): (name, cell) for name, cell in new.items()}
used = set()
for name, old in before.items():
    cell = after.get(name) or fail(name, "is gone")
    if cell["type"] != old["type"]: fail(name, "is another cell")
    if cell["type"] == "SB_LUT4":
        nets = sorted(inputs(cell) | inputs(old))
        for values in itertools.product((0, 1), repeat=len(nets)):
            if give(cell, dict(zip(nets, values))) != give(old, dict(zip(nets, values))): fail(name, "gives something else")
    for pin, bits in old["connections"].items():
        now = cell["connections"].get(pin)
        if now == bits or cell["type"] == "SB_LUT4" and pin in LUT: continue
        source, driver = drivers.get(now[0], (None, None))
        used.add(source)
        if source is None: fail(name, f"{pin} is another net")
        if driver["type"] == "SB_LUT4":
            if pin != "D" or any(give(driver, {n: v if n == bits[0] else w for n in inputs(driver)}) != v for v in (0, 1) for w in (0, 1)): fail(name, "has another input")
        elif pin != "CI" or [net(driver, "I0"), net(driver, "I1"), net(driver, "CI")] != [bits[0], "0", "1"]: fail(name, "has another carry")
if used != set(new): fail(sorted(set(new) - used)[0], "is new and nobody reads it")
print(sum(c["type"] == "SB_LUT4" for c in new.values()), "LUTs and", sum(c["type"] == "SB_CARRY" for c in new.values()), "carries are new")
