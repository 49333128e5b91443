"""The frontier of the jets, ours beside the peers': frontier.py SLUICE JOB FOLDER [--picture SVG] [--place] [--keep].

JOB is trained into FOLDER (--keep: it was, before). Each point of the frontier is compiled for the HX8K at
120 MHz and all test events are run through the program; no training and no choice of points saw them. The
peers' designs are quoted: HGQ2 0.2 with alkaid 0.8 on the same jets, adder bits by the formula in
compiler/adders/adders.h, cells placed on the same part; each of theirs is a training of its own.
--place: ours that reach the peers' accuracies go through place-and-route, too."""
import json, os, resource, subprocess, sys, time
import numpy as np

TEST = 'examples/jets/jets_hlf_test.npz'
PUBLIC = '../shared/data/jsc/jsc_hlf_500.npz'
# accuracy, adder bits, logic cells, MHz, ns, epochs
PEERS = [(.654, 1356, 2983, 61, 163, 1000), (.664, 3455, 6691, 71, 210, 700), (.671, 5955, 11044, None, None, 700)]
PEER_EPOCH_SECONDS, PEER_WARM_UP = 0.13, 7  # on two cores with nothing beside it


def sluice(*arguments):
    done = subprocess.run([sys.argv[1], *arguments, '--quiet'], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip() or 'failed: ' + ' '.join(arguments))


def read(path):
    with open(path) as f:
        return json.load(f)


def accuracy(program, events, labels, work):
    np.save(f'{work}/x.npy', events)
    sluice('emulate', program, '--events', f'{work}/x.npy', '--out', f'{work}/y.npy')
    return float((np.load(f'{work}/y.npy').argmax(1) == labels).mean())


def measure(folder, work):
    """The points of the frontier, cheapest first, with test accuracy and compiled cost."""
    test = np.load(TEST)
    points = []
    for p in reversed(read(f'{folder}/frontier.json')['points']):
        out = f"{work}/{os.path.basename(p['file'])[:-5]}"
        sluice('compile', f"{folder}/{p['file']}", '--board', 'hx8k-evn', '--clock-mhz', '120', '--out', out)
        c = read(f'{out}/compile.json')
        points.append({'file': p['file'], 'out': out, 'validation': p['accuracy'], 'bits': c['program']['adder_bits'],
                       'lut4': c['estimate']['lut4'], 'cells': c['estimate']['cells'], 'ns': c['latency_cycles'] / .12,
                       'test': accuracy(out, test['x'], test['y'], work)})
    return points


def at_least(points, level):
    return next((p for p in points if p['test'] >= level), None)


def table(points):
    print(f"{'point':16} {'adder bits':>10} {'lut4':>7} {'cells':>7} {'ns':>6} {'validation':>11} {'test':>8}   (cells: estimate)")
    for p in points:
        print(f"{p['file']:16} {p['bits']:10} {p['lut4']:7.0f} {p['cells']:7.0f} {p['ns']:6.1f} {p['validation']:10.2%} {p['test']:8.2%}")


def place(p, board, clock):
    """Placed cells, MHz reached and ns of a point, or None."""
    out = f"{p['out']}-{board}"
    done = subprocess.run([sys.argv[1], 'compile', f"{sys.argv[3]}/{p['file']}", '--board', board, '--clock-mhz', clock, '--out', out,
                           '--quiet'], capture_output=True, text=True)
    if done.returncode == 0:
        subprocess.run([sys.argv[1], 'build', out, '--quiet'], capture_output=True, text=True)
    if not os.path.exists(f'{out}/build.json'):
        return None
    b, c = read(f'{out}/build.json'), read(f'{out}/compile.json')
    return b['resources']['cells'], b['timing']['fmax_mhz'], c['latency_cycles'] / b['timing']['clock_mhz'] * 1e3


def compare(points, placing):
    print('\nat the peers\' accuracies (the cheapest of our points that reaches them on the test events)')
    print(f"{'test accuracy':>14} {'ours':>8} | {'adder bits':>10} {'peer':>6} {'ratio':>6} | "
          f"{'placed':>7} {'peer':>6} {'ratio':>6} | {'MHz, ns':>14} {'peer':>10}")
    for level, bits, cells, mhz, ns, _ in PEERS:
        p = at_least(points, level)
        if not p:
            print(f'{level:14.1%} none of our points')
            continue
        line = f"{level:14.1%} {p['test']:8.2%} | {p['bits']:10} {bits:6} {p['bits'] / bits:6.2f} | "
        built = place(p, 'hx8k-evn', '120') if placing else None
        line += f'{built[0]:7} {cells:6} {built[0] / cells:6.2f} | ' if built else f"{'-':>7} {cells:6} {'-':>6} | "
        line += f'{built[1]:7.1f} {built[2]:6.1f} ' if built else f"{'-':>14} "
        print(line + (f'{mhz:5} {ns:4}' if mhz else '      does not fit'), flush=True)


def public(points, work):
    """Real jets that no training of ours saw."""
    if not os.path.exists(PUBLIC):
        print('skip the public jets: ../shared is not there')
        return
    d = np.load(PUBLIC)
    best = points[-1]
    a = accuracy(best['out'], d['x_physical'].astype(np.float32), d['y'], work)
    error = (a * (1 - a) / len(d['y']))**.5
    print(f"\n500 real jets of the public set, point {best['file']}: {a:.1%} +- {error:.1%} (float MLP trained on the same jets: 76.6 +- 1.9 %)")


def draw(points, path):
    x = [p['bits'] for p in points] + [p[1] for p in PEERS]
    y = [100 * p['test'] for p in points] + [100 * p[0] for p in PEERS]
    data = ''.join(f"{p['bits']} {100 * p['test']:.3f}\n" for p in points)
    peers = ''.join(f'{p[1]} {100 * p[0]:.1f}\n' for p in PEERS)
    script = f"""set terminal svg size 720,400 font 'sans-serif,12' background rgb 'white'
set output '{path}'
set logscale x
set xrange [{min(x) * .9}:{max(x) * 1.1}]
set yrange [{min(y) - .2}:{max(y) + .2}]
set grid linecolor rgb '#dddddd'
set key right bottom
set xlabel 'adder bits of the compiled network'
set ylabel 'accuracy on 20,000 test jets, %'
set xtics (500, 700, 1000, 1500, 2000, 3000, 5000, 7000)
$ours << EOD
{data}EOD
$peers << EOD
{peers}EOD
plot $ours using 1:2 with linespoints linewidth 1.5 pointtype 7 pointsize 0.5 linecolor rgb '#1f5fa8' title 'Sluice, one run', \\
     $peers using 1:2 with linespoints linewidth 1.2 dashtype 2 pointtype 5 pointsize 0.7 linecolor rgb '#c0552b' title 'HGQ2 0.2 + alkaid 0.8'
"""
    subprocess.run(['gnuplot'], input=script, text=True, check=True)
    print(f'picture: {path}')


def main():
    job, folder, flags = sys.argv[2], sys.argv[3], sys.argv[4:]
    work = f'{folder}/points'
    os.makedirs(work, exist_ok=True)
    if '--keep' not in flags:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
        sluice('train', job, '--out', folder)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall, processor = time.time() - start, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    points = measure(folder, work)
    table(points)
    compare(points, '--place' in flags)
    if '--keep' not in flags:
        peer = PEER_WARM_UP + PEER_EPOCH_SECONDS * sum(p[5] for p in PEERS)
        print(f'\ntraining to the whole frontier: {wall:.0f} s, or {processor / 2:.0f} s of two processors; the three designs '
              f'of the peer: {peer:.0f} s; ratio {processor / 2 / peer:.2f}')
    public(points, work)
    if '--picture' in flags:
        draw(points, flags[flags.index('--picture') + 1])


if __name__ == '__main__':
    main()
