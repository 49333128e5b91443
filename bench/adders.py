"""Adder graphs of random matrices, ours beside alkaid's: adders.py SLUICE [FOLDER] [SEEDS].

Rows are inputs of 8 signed bits; adder bits of both by the formula in compiler/adders/adders.h. Seconds
are those of the processor, for the matrix alone. The peer is called from its package only, and left
out when it is not there."""
import json, subprocess, sys, time
from math import exp, log, log2
import numpy as np

try:
    from alkaid.cmvm import cmvm_solve
except ImportError:
    cmvm_solve = None

CASES = [(16, 16, 4, 0), (16, 16, 6, 0), (16, 16, 8, 0), (32, 32, 4, 0), (32, 32, 6, 0), (32, 32, 8, 0),
         (64, 64, 4, 0), (64, 64, 6, 0), (64, 64, 8, 0),
         (64, 32, 6, .5), (64, 32, 6, .75), (16, 64, 6, .5), (16, 64, 6, .75), (128, 64, 6, .5), (128, 64, 6, .75)]


def matrix(rows, columns, bits, zeros, seed):
    r = np.random.default_rng(seed)
    w = r.integers(-2**(bits - 1) + 1, 2**(bits - 1), (rows, columns)).astype(np.float32)
    return w * (r.random((rows, columns)) >= zeros) if zeros else w


def top_bit(lo, hi, low):
    a, b = round(lo / 2.0**low), round(hi / 2.0**low)
    width = max(1, b.bit_length()) if a >= 0 else max((-a - 1).bit_length(), b.bit_length() if b > 0 else 0) + 1
    return low + width - 1


def adder_bits(a, b, result, shift, subtracts):
    """a, b, result: (lo, hi, step) with result = a +- b * 2^shift."""
    low_a, low_b = round(log2(a[2])), round(log2(b[2])) + shift
    top_a, top_b = top_bit(a[0], a[1], low_a), top_bit(b[0], b[1], low_b - shift) + shift
    if not subtracts and (top_a < low_b and a[0] >= 0 or top_b < low_a and b[0] >= 0):
        return 0
    return top_bit(result[0], result[1], min(low_a, low_b)) - (low_b if subtracts else max(low_a, low_b)) + 1


def peer(w):
    """Adder bits, adders, depth in adders, seconds."""
    start = time.process_time()
    stages = cmvm_solve(w, qintervals=[(-128., 127., 1.)] * len(w), latencies=[0.] * len(w))
    seconds = time.process_time() - start
    bits = adders = 0
    levels = None
    for stage in stages:
        depth = []
        for op in stage.ops:
            if op.opcode in (0, 1):
                a, b = (stage.ops[i] for i in op.addr[:2])
                bits += adder_bits(a.qint, b.qint, op.qint, op.data[0], op.opcode == 1)
                adders += 1
                depth.append(max(depth[i] for i in op.addr[:2]) + 1)
            else:  # an input of the stage
                depth.append(levels[op.data[0]] if levels else 0)
        levels = [depth[i] if i >= 0 else 0 for i in stage.out_idxs]
    return bits, adders, max(levels), seconds


def ours(sluice, w, folder, extra):
    path = f'{folder}/w.npy'
    np.save(path, w.astype(np.int64))
    out = subprocess.run([sluice, 'adders', path, '--input-format', 'fixed<8,8>', '--json'] + extra,
                         capture_output=True, text=True, check=True)
    r = json.loads(out.stdout)
    return r['adder_bits'], r['adders'], r['depth'], r['seconds']


def main():
    sluice, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else '.'
    seeds = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    extra = sys.argv[4:]
    if cmvm_solve is None:
        print('peer: alkaid cannot be imported here: not measured')
    print('matrix            zero seed |  bits adders depth seconds |  peer adders depth seconds | bits   time')
    ratios, times = [], []
    for rows, columns, bits, zeros in CASES:
        for seed in range(1, seeds + 1):
            w = matrix(rows, columns, bits, zeros, seed)
            b, a, d, s = ours(sluice, w, folder, extra)
            line = f'{rows:3} x {columns:3} x {bits} bit {zeros:5.0%} {seed:4} | {b:5} {a:6} {d:5} {s:7.3f} |'
            if cmvm_solve:
                pb, pa, pd, ps = peer(w)
                ratios.append(b / pb)
                times.append(s / ps)
                line += f' {pb:5} {pa:6} {pd:5} {ps:7.3f} | {ratios[-1]:.3f} {times[-1]:6.3f}'
            print(line, flush=True)
    if ratios:
        mean = exp(sum(map(log, ratios)) / len(ratios))
        print(f'geometric mean of bits {mean:.3f}, worst {max(ratios):.3f}; of time {exp(sum(map(log, times)) / len(times)):.3f}')
    b, a, d, s = ours(sluice, matrix(128, 128, 8, 0, 1), folder, extra)
    print(f'128 x 128 x 8 bit: {b} bits, {a} adders, depth {d}, {s:.3f} s (the peer, 90-240 s, is left out)')


if __name__ == "__main__":
    main()
