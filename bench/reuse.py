"""The zoo's 6-bit jet tagger at reuse factors, as a table: reuse.py SLUICE FOLDER [pruned].

Every point is compiled, simulated (10,000 events, back to back and with gaps), and built without pins: synthesised, placed and
routed where PLACED_MOST cells are not exceeded by the estimate. `pruned`: with the smallest three quarters of each layer's weights
set to 0 (needs the Python package onnx)."""
import json, os, subprocess, sys

SLUICE, FOLDER = os.path.abspath(sys.argv[1]), sys.argv[2]
MODEL = os.path.abspath('../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx')
EVENTS = os.path.abspath('examples/jets/jets_hlf_test.npz')
PLACED_MOST = float(os.environ.get('PLACED_MOST', 7700))
GOALS = {2: 20000, 4: 14000, 8: 9000, 16: 6000, 32: 3500, 64: 2000, 256: 900}
POINTS = [('ulx3s-85f', 100, r) for r in (1, 2, 4, 8, 16, 32, 64, 128, 256)] + \
         [('hx8k-evn', 40, r) for r in (32, 64, 128, 256)] + [('icebreaker', 24, r) for r in (64, 128, 256)]
if os.environ.get('REUSE'):  # such as REUSE='hx8k-evn:64 ulx3s-85f:32'
    asked = os.environ['REUSE'].split()
    POINTS = [p for p in POINTS if f'{p[0]}:{p[2]}' in asked]


def prune(source, to):
    import numpy, onnx
    from onnx import numpy_helper
    model = onnx.load(source)
    products = {i for n in model.graph.node if n.op_type in ('MatMul', 'Gemm', 'Quant') for i in n.input[:2]}
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        if tensor.name not in products or weights.ndim != 2:
            continue
        least = numpy.quantile(numpy.abs(weights), 0.75)
        tensor.CopyFrom(numpy_helper.from_array(numpy.where(numpy.abs(weights) < least, 0, weights).astype(weights.dtype), tensor.name))
    onnx.save(model, to)


def read(path):
    try:
        with open(path) as f:
            return json.load(f)
    except OSError:
        return {}


def run(*arguments):
    done = subprocess.run([SLUICE, *arguments, '--quiet'], capture_output=True, text=True)
    return '' if done.returncode == 0 else (done.stderr.strip().splitlines() or ['failed'])[-1]


def point(model, board, mhz, reuse):
    name = f'{board}-{reuse}'
    job, out = f'{FOLDER}/{name}.yaml', f'{FOLDER}/{name}'
    with open(job, 'w') as f:
        f.write(f'name: tagger\nmodel: {model}\ndata: {{train: {EVENTS}}}\ninput: {{format: "fixed<8,4>"}}\noutput: logits\n'
                f'target: {{board: {board}, clock_mhz: {mhz}, reuse: {reuse}, pins_free: true}}\n'
                'budget: {events_per_crossing: 0.001}\nverify: {test_events: 5000, random_events: 5000, gate_level_events: 100}\n')
    wrong = run('compile', job, '--input-format', 'fixed<8,4>', '--out', out)
    if wrong:
        return f'{board:10} {reuse:5}  {wrong}'
    compiled = read(f'{out}/compile.json')
    estimate = compiled['estimate']
    wrong = run('verify', job, '--out', out)
    verify = read(f'{out}/verify.json')
    simulated = f'{verify.get("presentations", 0)}: {verify.get("mismatches", "?")} differ' if not wrong else wrong
    built = {}
    if estimate['cells'] <= PLACED_MOST:
        wrong = run('build', job, '--out', out, '--seeds', '1', '--retries', '0')
        built = read(f'{out}/build.json') if not wrong else {}
        if wrong:
            simulated += '; ' + wrong
    have = built.get('resources', estimate)
    cost = have['lut4'] + 40 * have['dsp']
    goal = GOALS.get(reuse) if board.startswith('ulx3s') else None
    fmax = built.get('fmax_mhz') or built.get('timing', {}).get('fmax_mhz')
    products = sum(layer['reuse']['products'] for layer in compiled['layers'] if layer.get('reuse'))
    return (f'{board:10} {reuse:5} {"placed" if built else "estimate":8} {have["lut4"]:8.0f} {have["dsp"]:4.0f} {have["bram"]:4.0f} {cost:9.0f} '
            f'{goal or "":>7} {f"{cost / goal:.2f}" if goal else "":>6} {f"{fmax:.1f}" if fmax else "":>6} {compiled["interval_cycles"]:5} '
            f'{compiled["latency_cycles"]:7} {products:8}  {simulated}')


def main():
    if not os.path.exists(MODEL):
        print('reuse: the zoo\'s tagger is not there (../shared): not measured')
        return
    os.makedirs(FOLDER, exist_ok=True)
    model = MODEL
    if 'pruned' in sys.argv[3:]:
        model = os.path.abspath(f'{FOLDER}/pruned.onnx')
        prune(MODEL, model)
    print(f'{"board":10} {"reuse":>5} {"":8} {"LUT4":>8} {"DSP":>4} {"RAM":>4} {"LUT4+40D":>9} {"goal":>7} {"ratio":>6} {"MHz":>6} {"II":>5} '
          f'{"latency":>7} {"products":>8}  simulated events')
    for board, mhz, reuse in POINTS:
        print(point(model, board, mhz, reuse), flush=True)


main()
