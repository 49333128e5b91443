/* Trained parameters as networks of model/network.h. */
#include "model/shrink.h"
#include "trainer/nn/widths.h"
#include "trainer/session.h"
#include "trainer/settings.h"

#include <assert.h>
#include <stdlib.h>

static double *columns_copy(struct network *network, const real *from, size_t rows, size_t columns,
                            size_t stride)
{
    double *to = arena_alloc(&network->arena, rows * columns, sizeof *to);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            to[i * columns + j] = (double)from[i * stride + j];
    return to;
}

/* A quantizer for every element of a rows x columns tensor, given one for its columns. */
static struct quantizer expand(struct network *network, const struct column_quantizer *q, int rows,
                               int columns)
{
    struct quantizer out = {0};
    if (!q->active) return out;
    out.count = q->quantizer.count == 1 ? 1 : rows * columns;
    out.formats = arena_alloc(&network->arena, (size_t)out.count, sizeof *out.formats);
    for (int i = 0; i < out.count; i++)
        out.formats[i] = quantizer_at(&q->quantizer, i % columns);
    return out;
}

static struct network *start_network(const struct session *s)
{
    struct network *network = calloc(1, sizeof *network);
    assert(network);
    const struct events *e = s->events;
    size_t features = (size_t)e->features;
    network->name = arena_strdup(&network->arena, s->config->name);
    int at = network_add(network, LAYER_INPUT, "input", -1, e->features);
    if (s->config->standardise) {
        at = network_add(network, LAYER_AFFINE, "standardise", at, e->features);
        struct layer *l = &network->layers[at];
        l->scale = arena_alloc(&network->arena, features, sizeof(double));
        l->offset = arena_alloc(&network->arena, features, sizeof(double));
        memcpy(l->scale, s->scale, features * sizeof(double));
        memcpy(l->offset, s->offset, features * sizeof(double));
    }
    if (e->feature_names) {
        network->feature_names = arena_alloc(&network->arena, features, sizeof(char *));
        for (size_t i = 0; i < features; i++)
            network->feature_names[i] = arena_strdup(&network->arena, e->feature_names[i]);
    }
    return network;
}

static void name_classes(struct network *network, const struct session *s)
{
    const struct events *e = s->events;
    int outputs = network_output(network)->size;
    if (!s->classes || !e->class_names || outputs != e->classes) return;
    network->class_names = arena_alloc(&network->arena, (size_t)outputs, sizeof(char *));
    for (int i = 0; i < outputs; i++)
        network->class_names[i] = arena_strdup(&network->arena, e->class_names[i]);
}

static int add_quant(struct network *network, const char *of, int input, int size,
                     struct quantizer q)
{
    if (q.count == 0) return input;
    char name[80];
    snprintf(name, sizeof name, "%s_quant", of);
    int at = network_add(network, LAYER_QUANT, name, input, size);
    network->layers[at].quant = q;
    return at;
}

/* ---- Learned widths: what is exported is the exact number, its format where it was rounded
 * -------
 */

/* The format of x, which has `fraction` bits, with as few bits as hold it. */
static struct format format_of(double x, int fraction)
{
    int64_t n = (int64_t)ldexp(x, fraction);
    if (n == 0) return format_make(true, 1, 1);
    for (; n % 2 == 0; n /= 2)
        fraction--;
    struct format f = format_of_interval(n < 0 ? n : -1, n < 0 ? 0 : n, fraction);
    return f;
}

static struct quantizer exact_formats(struct network *network, const struct nn *nn,
                                      const struct nn_widths *widths, const real *used, int rows,
                                      int columns)
{
    struct quantizer q = {.count = rows * columns};
    q.formats = arena_alloc(&network->arena, (size_t)q.count, sizeof *q.formats);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            q.formats[i * columns + j] = format_of((double)used[(ptrdiff_t)i * widths->columns + j],
                                                   widths_fraction(nn, widths, i, j));
    return q;
}

/* An element of no bits has one here, and no weight behind it reads it. */
static struct quantizer learned_formats(struct network *network, const struct nn *nn,
                                        const struct nn_op *op)
{
    struct quantizer q = {.count = op->outputs};
    q.formats = arena_alloc(&network->arena, (size_t)q.count, sizeof *q.formats);
    for (int j = 0; j < op->outputs; j++) {
        int bits = widths_bits(nn, op, j), fraction = widths_fraction(nn, &op->widths, 0, j);
        if (bits == 0) bits = 1, fraction = 0;
        q.formats[j] = format_make(op->is_signed[j], bits, bits - fraction);
        q.formats[j].rounding = op->quant.rounding;
    }
    return q;
}

/* The learned activation whose elements a dense operation reads; NULL: none right before it. */
static const struct nn_op *learned_source(const struct nn *nn, const struct nn_op *op)
{
    const struct nn_op *before = op > nn->ops ? op - 1 : NULL;
    while (before && before->kind == OP_DROPOUT)
        before = before > nn->ops ? before - 1 : NULL;
    return before && before->widths.learned ? before : NULL;
}

static int add_dense(struct network *network, const struct nn *nn, const struct nn_op *op,
                     const char *name, int input)
{
    int at = network_add(network, LAYER_DENSE, name, input, op->outputs);
    struct layer *l = &network->layers[at];
    size_t inputs = (size_t)op->inputs, outputs = (size_t)op->outputs, stride = (size_t)op->columns;
    /* Where signed digits or signs are what counts, the limited weights are the model's. */
    bool exact = op->weight_widths.learned || op->weight_quant.binary ||
                 (op->weight_quant.active && op->digits > 0);
    const real *weights = exact ? op->used_weights : nn->parameters + op->weights.first;
    l->weights = columns_copy(network, weights, inputs, outputs, stride);
    l->weight_quant = op->weight_widths.learned
                          ? exact_formats(network, nn, &op->weight_widths, op->used_weights,
                                          op->inputs, op->outputs)
                          : expand(network, &op->weight_quant, op->inputs, op->outputs);
    const struct nn_op *source = learned_source(nn, op);
    for (int i = 0; source && i < op->inputs; i++)
        for (int j = 0; widths_bits(nn, source, i) == 0 && j < op->outputs; j++)
            l->weights[i * op->outputs + j] = 0;
    if (!op->bias.count) return at;
    const real *bias = op->bias_widths.learned ? op->used_bias : nn->parameters + op->bias.first;
    l->bias = columns_copy(network, bias, 1, outputs, stride);
    l->bias_quant = op->bias_widths.learned ? exact_formats(network, nn, &op->bias_widths,
                                                            op->used_bias, 1, op->outputs)
                                            : expand(network, &op->bias_quant, 1, op->outputs);
    return at;
}

static int add_batchnorm(struct network *network, const struct nn *nn, const struct nn_op *op,
                         const char *name, int input)
{
    int at = network_add(network, LAYER_BATCHNORM, name, input, op->outputs);
    struct layer *l = &network->layers[at];
    size_t outputs = (size_t)op->outputs;
    l->gamma = columns_copy(network, nn->parameters + op->gamma.first, 1, outputs, outputs);
    l->beta = columns_copy(network, nn->parameters + op->beta.first, 1, outputs, outputs);
    l->mean = columns_copy(network, nn->parameters + op->mean.first, 1, outputs, outputs);
    l->variance = columns_copy(network, nn->parameters + op->variance.first, 1, outputs, outputs);
    l->epsilon = nn_batchnorm_epsilon;
    return at;
}

static enum layer_kind activation_layer(enum activation activation)
{
    switch (activation) {
    case ACTIVATION_RELU: return LAYER_RELU;
    case ACTIVATION_LEAKY_RELU: return LAYER_LEAKY_RELU;
    case ACTIVATION_SIGMOID: return LAYER_SIGMOID;
    case ACTIVATION_SIGN: return LAYER_SIGN;
    default: assert(activation == ACTIVATION_TANH); return LAYER_TANH;
    }
}

static int add_op(struct network *network, const struct session *s, const struct nn *nn,
                  const struct nn_op *op, int input)
{
    char name[64] = "input";
    if (op->layer >= 0) train_layer_name(s->config, op->layer, name);
    switch (op->kind) {
    case OP_DENSE: return add_dense(network, nn, op, name, input);
    case OP_BATCHNORM: return add_batchnorm(network, nn, op, name, input);
    case OP_SOFTMAX: return network_add(network, LAYER_SOFTMAX, name, input, op->outputs);
    case OP_DROPOUT: return input;
    case OP_ACTIVATION: break;
    }
    int at = input;
    if (op->activation != ACTIVATION_LINEAR) {
        at = network_add(network, activation_layer(op->activation), name, at, op->outputs);
        network->layers[at].alpha = (double)op->alpha;
    }
    return add_quant(network, name, at, op->outputs,
                     op->widths.learned ? learned_formats(network, nn, op)
                                        : expand(network, &op->quant, 1, op->outputs));
}

static struct network *export_nn(const struct session *s, const struct nn *nn)
{
    struct network *network = start_network(s);
    struct column_quantizer input = {.active = nn->input_quant.count > 0,
                                     .quantizer = nn->input_quant};
    int at = add_quant(network, "input", network->layer_count - 1, s->events->features,
                       expand(network, &input, 1, s->events->features));
    for (int i = 0; i < nn->op_count; i++)
        at = add_op(network, s, nn, &nn->ops[i], at);
    int last = s->config->layer_count - 1;
    if (train_contained_in_loss(s->config, last)) {
        char name[64];
        train_layer_name(s->config, last, name);
        bool softmax = s->config->layers[last].kind == TRAIN_SOFTMAX;
        network_add(network, softmax ? LAYER_SOFTMAX : LAYER_SIGMOID, name, at, nn->outputs);
    }
    name_classes(network, s);
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].widths.learned || nn->ops[i].weight_widths.learned) {
            network_shrink(network); /* elements without bits are to go */
            break;
        }
    network_check(network, s->config->name);
    return network;
}

struct network *export_float(const struct session *s)
{
    return export_nn(s, s->float_nn);
}

struct network *export_quantized(const struct session *s, struct nn *nn)
{
    nn_prepare(nn);
    return export_nn(s, nn);
}

static int widest(const struct quantizer *q)
{
    int bits = 0;
    for (int i = 0; i < q->count; i++)
        if (q->formats[i].width_bits > bits) bits = q->formats[i].width_bits;
    return bits;
}

struct train_layer_summary *train_summaries(struct arena *arena, const struct network *network,
                                            int *count)
{
    struct train_layer_summary *rows =
        arena_alloc(arena, (size_t)network->layer_count, sizeof *rows);
    *count = 0;
    for (int l = 1; l < network->layer_count; l++) {
        const struct layer *layer = &network->layers[l];
        if (layer->kind == LAYER_QUANT && *count)
            rows[*count - 1].output_bits = widest(&layer->quant);
        if (layer->kind != LAYER_DENSE) continue;
        int inputs = network->layers[layer->input].size;
        struct train_layer_summary *row = &rows[(*count)++];
        *row = (struct train_layer_summary){.name = arena_strdup(arena, layer->name),
                                            .inputs = inputs,
                                            .outputs = layer->size,
                                            .weights = (long)inputs * layer->size,
                                            .weight_bits = widest(&layer->weight_quant)};
        for (int i = 0; i < inputs * layer->size; i++) {
            double w = quantizer_apply(&layer->weight_quant, i, layer->weights[i]);
            row->nonzero += w != 0;
            if (layer->weight_quant.count)
                row->digits +=
                    weight_digits_of(format_to_integer(quantizer_at(&layer->weight_quant, i), w));
        }
    }
    return rows;
}
