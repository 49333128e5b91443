/* Trained parameters as networks of model/network.h. */
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

static int add_dense(struct network *network, const struct nn *nn, const struct nn_op *op,
                     const char *name, int input)
{
    int at = network_add(network, LAYER_DENSE, name, input, op->outputs);
    struct layer *l = &network->layers[at];
    size_t inputs = (size_t)op->inputs, outputs = (size_t)op->outputs, stride = (size_t)op->columns;
    /* Where signed digits are limited, the limited weights are the model's. */
    const real *weights = op->weight_quant.active && op->digits > 0
                              ? op->used_weights
                              : nn->parameters + op->weights.first;
    l->weights = columns_copy(network, weights, inputs, outputs, stride);
    l->weight_quant = expand(network, &op->weight_quant, op->inputs, op->outputs);
    if (op->bias.count) {
        l->bias = columns_copy(network, nn->parameters + op->bias.first, 1, outputs, stride);
        l->bias_quant = expand(network, &op->bias_quant, 1, op->outputs);
    }
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
    default: assert(activation == ACTIVATION_TANH); return LAYER_TANH;
    }
}

static int add_op(struct network *network, const struct session *s, const struct nn *nn,
                  const struct nn_op *op, int input)
{
    char name[64];
    train_layer_name(s->config, op->layer, name);
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
    return add_quant(network, name, at, op->outputs, expand(network, &op->quant, 1, op->outputs));
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

static int widest(const struct column_quantizer *q)
{
    int bits = 0;
    for (int i = 0; q->active && i < q->quantizer.count; i++)
        if (q->quantizer.formats[i].width_bits > bits) bits = q->quantizer.formats[i].width_bits;
    return bits;
}

struct train_layer_summary *export_summaries(struct arena *arena, const struct session *s,
                                             const struct nn *nn, int *count)
{
    struct train_layer_summary *rows =
        arena_alloc(arena, (size_t)s->config->layer_count, sizeof *rows);
    *count = 0;
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind == OP_ACTIVATION && *count) rows[*count - 1].output_bits = widest(&op->quant);
        if (op->kind != OP_DENSE) continue;
        struct train_layer_summary *row = &rows[(*count)++];
        char name[64];
        train_layer_name(s->config, op->layer, name);
        *row = (struct train_layer_summary){.name = arena_strdup(arena, name),
                                            .inputs = op->inputs,
                                            .outputs = op->outputs,
                                            .weights = (long)op->inputs * op->outputs,
                                            .weight_bits = widest(&op->weight_quant)};
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++) {
                real w = op->used_weights[(ptrdiff_t)k * op->columns + j];
                row->nonzero += w != 0;
                if (op->weight_quant.active)
                    row->digits +=
                        weight_digits_of((int64_t)(w * op->weight_quant.inverse_step[j]));
            }
    }
    return rows;
}
