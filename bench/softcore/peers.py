"""The zoo's jet tagger as others' C, beside ours in make bench-softcore: peers.py LOWERED FOLDER.
plain/: loops as onnx2c and TinyML libraries print them: functions for any layer, int8 weights, int32 sums, zeros and all.
emlearn/: what emlearn's generator (PyPI) makes of the same weights: floats, and no quantizers between layers."""
import os, re, sys

lowered, folder = sys.argv[1:3]
text = open(lowered).read()
layers = []
for m in re.finditer(r"matrix \S+ rows (\d+) columns (\d+) fraction (\d+) \{([^}]*)\} bias fraction (\d+) \{([^}]*)\}", text):
    rows, columns, fraction = map(int, m.group(1, 2, 3))
    weights = list(map(int, m.group(4).split()))
    layers.append((rows, columns, fraction, [weights[r * columns:(r + 1) * columns] for r in range(rows)],
                   int(m.group(5)), list(map(int, m.group(6).split()))))
name = re.search(r"^program (\S+)", text, re.M).group(1)
inputs, outputs = layers[0][0], layers[-1][1]
INPUT_FRACTION, HIDDEN_FRACTION, HIDDEN_MAX = 4, 6, 63

def write(kind, code):
    os.makedirs(os.path.join(folder, kind), exist_ok=True)
    open(os.path.join(folder, kind, name + ".c"), "w").write(code)

def numbers(values): return ", ".join(map(str, values))

code = f'''#include "{name}.h"
static void dense(const int8_t *w, const int32_t *b, const int32_t *x, int32_t *y, int inputs, int outputs)
{{
    for (int j = 0; j < outputs; j++) {{
        int32_t sum = b[j];
        for (int i = 0; i < inputs; i++)
            sum += w[j * inputs + i] * x[i];
        y[j] = sum;
    }}
}}
static void requantize(int32_t *x, int count, int drop, int32_t most)
{{
    for (int i = 0; i < count; i++) {{
        int32_t n = x[i] < 0 ? 0 : x[i], low = n & ((1 << drop) - 1), half = 1 << (drop - 1);
        n >>= drop;
        n += low + (n & 1) > half;
        x[i] = n > most ? most : n;
    }}
}}
'''
calls, x, fraction = "", "x", INPUT_FRACTION
for k, (rows, columns, wf, w, bf, b) in enumerate(layers):
    code += f"static const int8_t w{k}[] = {{{numbers(w[i][j] for j in range(columns) for i in range(rows))}}};\n"
    code += f"static const int32_t b{k}[] = {{{numbers(v << (fraction + wf - bf) for v in b)}}};\n"
    calls += f"    int32_t y{k}[{columns}];\n    dense(w{k}, b{k}, {x}, y{k}, {rows}, {columns});\n"
    if k + 1 < len(layers): calls += f"    requantize(y{k}, {columns}, {fraction + wf - HIDDEN_FRACTION}, {HIDDEN_MAX});\n"
    x, fraction = f"y{k}", HIDDEN_FRACTION
code += f'''void {name}_eval(const {name}_in in[{inputs}], {name}_out out[{outputs}])
{{
    int32_t x[{inputs}];
    for (int i = 0; i < {inputs}; i++) x[i] = in[i];
{calls}    for (int i = 0; i < {outputs}; i++) out[i] = ({name}_out){x}[i];
}}
'''
write("plain", code)

try:
    import numpy
    from emlearn import net
except Exception as reason:
    print("emlearn cannot be imported:", reason, file=sys.stderr)
    sys.exit(0)
weights = [numpy.array(w, dtype=float) / 2 ** wf for _, _, wf, w, _, _ in layers]
biases = [numpy.array(b, dtype=float) / 2 ** bf for _, _, _, _, bf, b in layers]
activations = ["relu"] * (len(layers) - 1) + ["identity"]
code = net.c_generate_net_loadable(activations, weights, biases, "peer")
code += f'''
#include "{name}.h"
/* of activations that this network has not */
float expf(float x) {{ return x; }}
float logf(float x) {{ return x; }}
float tanhf(float x) {{ return x; }}
void {name}_eval(const {name}_in in[{inputs}], {name}_out out[{outputs}])
{{
    float x[{inputs}], y[{outputs}];
    for (int i = 0; i < {inputs}; i++) x[i] = in[i] * {1 / 2 ** INPUT_FRACTION}f;
    peer_regress(x, {inputs}, y, {outputs});
    for (int i = 0; i < {outputs}; i++) out[i] = ({name}_out)(y[i] * 2048.0f);
}}
'''
write("emlearn", code)
print(os.path.dirname(net.__file__))
