/* See shrink.h: constants forwards, dependence backwards, then the arrays are cut. */
#include "model/shrink.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What is known of a layer's elements. */
struct facts {
    bool *constant, *needed;
    double *value; /* of a constant */
};

static double used_weight(const struct layer *layer, int row, int column)
{
    int element = row * layer->size + column;
    return quantizer_apply(&layer->weight_quant, element, layer->weights[element]);
}

/* A format for a number that is to be kept as it is, with the modes of the others. */
static struct format exact_format(double x, struct format like)
{
    int exponent, bits = 0;
    double m = frexp(fabs(x), &exponent);
    while (m != floor(m)) {
        m *= 2;
        bits++;
    }
    struct format f = format_make(true, bits + 1, exponent + 1);
    f.rounding = like.rounding;
    f.overflow = like.overflow;
    return f;
}

/* Biases of their own with a format each, so that constants can be added to them. */
static void open_bias(struct network *network, struct layer *layer)
{
    size_t size = (size_t)layer->size;
    if (!layer->bias) layer->bias = arena_alloc(&network->arena, size, sizeof(double));
    if (layer->bias_quant.count != 1) return;
    struct format one = layer->bias_quant.formats[0];
    layer->bias_quant.formats = arena_alloc(&network->arena, size, sizeof one);
    layer->bias_quant.count = layer->size;
    for (size_t j = 0; j < size; j++)
        layer->bias_quant.formats[j] = one;
}

/* The bias of output j with the constant input i in it. */
static double folded(const struct layer *layer, const struct facts *in, int i, int j)
{
    double bias = layer->bias ? quantizer_apply(&layer->bias_quant, j, layer->bias[j]) : 0;
    return bias + used_weight(layer, i, j) * in->value[i];
}

/* Whether the biases hold that exactly: they are float32 numbers. */
static bool folds(const struct layer *layer, const struct facts *in, int i)
{
    for (int j = 0; j < layer->size; j++) {
        double sum = folded(layer, in, i, j);
        if (network_float32(sum) != sum) return false;
    }
    return true;
}

/* Constant inputs of a dense layer go into its biases, and are read no more. */
static void fold_constants(struct network *network, struct layer *layer, const struct facts *in)
{
    int inputs = network->layers[layer->input].size;
    for (int i = 0; i < inputs; i++) {
        if (!in->constant[i] || !folds(layer, in, i)) continue;
        for (int j = 0; j < layer->size; j++) {
            double w = used_weight(layer, i, j), sum = folded(layer, in, i, j);
            layer->weights[i * layer->size + j] = 0;
            if (w == 0 || in->value[i] == 0) continue;
            open_bias(network, layer);
            layer->bias[j] = sum;
            if (layer->bias_quant.count)
                layer->bias_quant.formats[j] = exact_format(sum, layer->bias_quant.formats[0]);
        }
    }
}

static void find_constant_sums(const struct network *network, const struct layer *layer,
                               struct facts *out)
{
    int inputs = network->layers[layer->input].size;
    for (int j = 0; j < layer->size; j++) {
        out->constant[j] = true;
        for (int i = 0; i < inputs; i++)
            out->constant[j] = out->constant[j] && used_weight(layer, i, j) == 0;
        out->value[j] = layer->bias ? quantizer_apply(&layer->bias_quant, j, layer->bias[j]) : 0;
    }
}

static double elementwise(const struct layer *layer, int j, double x)
{
    double scale, offset;
    switch (layer->kind) {
    case LAYER_QUANT: return format_quantize(quantizer_at(&layer->quant, j), x);
    case LAYER_RELU: return x > 0 ? x : 0;
    case LAYER_LEAKY_RELU: return x >= 0 ? x : network_float32(layer->alpha) * x;
    case LAYER_SIGMOID: return 1 / (1 + exp(-x));
    case LAYER_TANH: return tanh(x);
    case LAYER_SIGN: return x >= 0 ? 1 : -1;
    default: network_affine(layer, j, true, &scale, &offset); return scale * x + offset;
    }
}

static void find_constants(struct network *network, struct facts *facts)
{
    for (int l = 1; l < network->layer_count; l++) {
        struct layer *layer = &network->layers[l];
        const struct facts *in = &facts[layer->input];
        struct facts *out = &facts[l];
        if (layer->kind == LAYER_SOFTMAX) continue;
        if (layer->kind == LAYER_DENSE) {
            fold_constants(network, layer, in);
            find_constant_sums(network, layer, out);
            continue;
        }
        for (int j = 0; j < layer->size; j++) {
            out->constant[j] = in->constant[j];
            if (in->constant[j]) out->value[j] = elementwise(layer, j, in->value[j]);
        }
    }
}

static void find_needed(const struct network *network, struct facts *facts)
{
    int last = network->layer_count - 1;
    for (int j = 0; j < network->layers[last].size; j++)
        facts[last].needed[j] = true;
    for (int l = last; l > 0; l--) {
        const struct layer *layer = &network->layers[l];
        struct facts *in = &facts[layer->input];
        const bool *out = facts[l].needed;
        int inputs = network->layers[layer->input].size;
        bool any = false;
        for (int i = 0; i < inputs; i++) {
            if (layer->kind != LAYER_DENSE) in->needed[i] = layer->kind == LAYER_SOFTMAX || out[i];
            for (int j = 0; layer->kind == LAYER_DENSE && j < layer->size; j++)
                in->needed[i] = in->needed[i] || (out[j] && used_weight(layer, i, j) != 0);
            any = any || in->needed[i];
        }
        in->needed[0] = in->needed[0] || !any;
    }
}

/* ---- Cutting ----------------------------------------------------------------------------------
 */

static void cut(double *values, int rows, int columns, const bool *row_needed,
                const bool *column_needed)
{
    if (!values) return;
    double *to = values;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            if ((!row_needed || row_needed[i]) && column_needed[j]) *to++ = values[i * columns + j];
}

static void cut_quantizer(struct quantizer *q, int rows, int columns, const bool *row_needed,
                          const bool *column_needed)
{
    if (q->count <= 1) return;
    int kept = 0;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            if ((!row_needed || row_needed[i]) && column_needed[j])
                q->formats[kept++] = q->formats[i * columns + j];
    q->count = kept;
}

/* in_size: of the layer before, uncut. */
static void cut_layer(struct layer *layer, int in_size, const bool *in, const bool *out)
{
    int size = layer->size;
    cut(layer->weights, in_size, size, in, out);
    cut_quantizer(&layer->weight_quant, in_size, size, in, out);
    double *const vectors[] = {layer->bias, layer->scale, layer->offset,  layer->gamma,
                               layer->beta, layer->mean,  layer->variance};
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++)
        cut(vectors[v], 1, size, NULL, out);
    cut_quantizer(&layer->bias_quant, 1, size, NULL, out);
    cut_quantizer(&layer->quant, 1, size, NULL, out);
}

/* Layers before the first dense one keep all their elements, since the inputs do. */
static void keep_front(const struct network *network, struct facts *facts)
{
    for (int l = 0; l < network->layer_count && network->layers[l].kind != LAYER_DENSE; l++)
        for (int j = 0; j < network->layers[l].size; j++)
            facts[l].needed[j] = true;
}

static int shrink_once(struct network *network)
{
    struct arena arena = {0};
    int count = network->layer_count, removed = 0;
    struct facts *facts = arena_alloc(&arena, (size_t)count, sizeof *facts);
    int *sizes = arena_alloc(&arena, (size_t)count, sizeof *sizes);
    for (int l = 0; l < count; l++) {
        size_t size = (size_t)(sizes[l] = network->layers[l].size);
        assert(l == 0 || network->layers[l].input == l - 1);
        facts[l].constant = arena_alloc(&arena, size, sizeof(bool));
        facts[l].needed = arena_alloc(&arena, size, sizeof(bool));
        facts[l].value = arena_alloc(&arena, size, sizeof(double));
    }
    find_constants(network, facts);
    find_needed(network, facts);
    keep_front(network, facts);
    for (int l = 1; l < count; l++) {
        struct layer *layer = &network->layers[l];
        int kept = 0;
        for (int j = 0; j < sizes[l]; j++)
            kept += facts[l].needed[j];
        if (kept == sizes[l] &&
            (layer->kind != LAYER_DENSE || network->layers[l - 1].size == sizes[l - 1]))
            continue;
        cut_layer(layer, sizes[l - 1], facts[l - 1].needed, facts[l].needed);
        if (layer->kind == LAYER_DENSE) removed += sizes[l] - kept;
        layer->size = kept;
    }
    arena_free(&arena);
    return removed;
}

int network_shrink(struct network *network)
{
    int removed = 0, now;
    while ((now = shrink_once(network)) > 0)
        removed += now;
    return removed;
}
