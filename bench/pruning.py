"""Every form of pruning on the same jets, network and budget of epochs, in one table: pruning.py SLUICE FOLDER.

32-16-5 with 4-bit weights and 5-bit activations, their widths learned only where the method is the price. Accuracies are
those of the validation events; costs are compiled for the HX8K."""
import json, os, subprocess, sys

JETS = os.path.abspath('examples/jets')
METHODS = {'gradual': '', 'magnitude': 'steps: 8', 'lottery': 'steps: 8', 'l1': 'steps: 8, strength: 3.0e-5',
           'group_lasso': 'steps: 8, strength: 1.0e-3', 'neuron': 'steps: 8', 'optimal_brain': 'steps: 8', 'compiler': 'steps: 8'}
LEVEL = .66


def job(method, more, weights, activations, training):
    pruning = f"pruning: {{method: {method}, sparsity: 0.85, scope: global{', ' + more if more else ''}}}\n" if method else ''
    return f"""name: pruning
data: {{train: {JETS}/jets_hlf_train.npz, test: {JETS}/jets_hlf_test.npz}}
input: {{format: 6}}
layers:
  - {{kind: dense, units: 32, weights: {weights}}}
  - {{kind: relu, format: {activations}}}
  - {{kind: dense, units: 16, weights: {weights}}}
  - {{kind: relu, format: {activations}}}
  - {{kind: dense, units: 5, weights: {weights}}}
training: {{epochs: 20, quantized_epochs: 180, learning_rate: 0.005, quantized_learning_rate: 0.002, {training}}}
{pruning}target: {{board: hx8k-evn, clock_mhz: 120}}
"""


def run(folder, name, text):
    out = f'{folder}/{name}'
    os.makedirs(out, exist_ok=True)
    with open(f'{out}/job.yaml', 'w') as f:
        f.write(text)
    done = subprocess.run([sys.argv[1], 'train', f'{out}/job.yaml', '--out', out, '--quiet'], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr.strip())
    with open(f'{out}/train.json') as f:
        return json.load(f), out


def steps_of(train, out):
    """(sparsity, digits, adder bits, LUT4, accuracy) from the dearest to the cheapest."""
    if 'pruning_steps' in train:
        return [(s['sparsity'], s['signed_digits'], s['adder_bits'], s['lut4'], s['val_accuracy']) for s in train['pruning_steps']]
    if os.path.exists(f'{out}/frontier.json'):
        with open(f'{out}/frontier.json') as f:
            return [(1 - p['nonzero_weights'] / 1104, p['signed_digits'], p['adder_bits'], p['lut4'], p['accuracy'])
                    for p in json.load(f)['points']]
    subprocess.run([sys.argv[1], 'compile', f'{out}/job.yaml', '--out', out, '--quiet'], check=True)
    with open(f'{out}/compile.json') as f:
        c = json.load(f)
    sums = [sum(l[k] for l in train['layers']) for k in ('weights', 'nonzero_weights', 'signed_digits')]
    return [(1 - sums[1] / sums[0], sums[2], c['program']['adder_bits'], c['estimate']['lut4'], train['validation_accuracy_quantized'])]


def main():
    folder = os.path.abspath(sys.argv[2])
    print(f"{'method':16} {'steps':>5} | at the end: {'sparsity':>8} {'digits':>7} {'adder bits':>10} {'LUT4':>6} {'accuracy':>9} | "
          f"cheapest of {LEVEL:.0%}: {'adder bits':>10} {'LUT4':>6} {'accuracy':>9}")
    cases = {m: job(m, more, 'learned 4' if m == 'compiler' else 4, 'learned 5' if m == 'compiler' else 5,
                    'width_rate: 0' if m == 'compiler' else 'threads: 2') for m, more in METHODS.items()}
    cases['learned widths'] = job(None, '', 'learned', 'learned', 'target_lut4: 1000, frontier_from: 4000, frontier_points: 6, '
                                  'anneal_epochs: 30, search_tries: 1, search_further: 1').replace('format: 6}', 'format: learned}')
    for name, text in cases.items():
        train, out = run(folder, name.replace(' ', '_'), text)
        steps = steps_of(train, out)
        s, d, bits, lut4, a = steps[-1]
        line = f'{name:16} {len(steps):5} |             {s:8.1%} {d:7} {bits:10.0f} {lut4:6.0f} {a:9.2%} |'
        good = [x for x in steps if x[4] >= LEVEL]
        best = min(good, key=lambda x: x[3]) if good else None
        print(line + (f' {best[2]:26.0f} {best[3]:6.0f} {best[4]:9.2%}' if best else f" {'none':>26}"), flush=True)


if __name__ == '__main__':
    main()
