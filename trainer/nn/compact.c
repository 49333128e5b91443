/* Copies of networks, neurons left out. See compact.h. */
#include "trainer/nn/compact.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

/* Which elements of each operation's input and output stay; lists of their old numbers. */
struct selection {
    int count, *elements;
};

static struct selection all_of(struct arena *arena, int count)
{
    struct selection s = {count, arena_alloc(arena, (size_t)count, sizeof(int))};
    for (int i = 0; i < count; i++)
        s.elements[i] = i;
    return s;
}

static bool is_read(const struct nn_op *dense, int row)
{
    const real *w = dense->used_weights + (ptrdiff_t)row * dense->columns;
    for (int j = 0; j < dense->outputs; j++)
        if (w[j] != 0) return true;
    return false;
}

/* Neurons of dense operation `at` that something behind it depends on. */
static struct selection alive(struct arena *arena, const struct nn *nn, int at)
{
    const struct nn_op *op = &nn->ops[at], *reader = NULL, *activation = NULL;
    for (int i = at + 1; i < nn->op_count && !reader; i++) {
        if (nn->ops[i].kind == OP_DENSE) reader = &nn->ops[i];
        if (nn->ops[i].kind == OP_SOFTMAX) break; /* every element counts */
        if (nn->ops[i].kind == OP_ACTIVATION) activation = &nn->ops[i];
    }
    if (!reader) return all_of(arena, op->outputs);
    struct selection s = {0, arena_alloc(arena, (size_t)op->outputs, sizeof(int))};
    for (int j = 0; j < op->outputs; j++) {
        bool silent = activation && activation->widths.learned &&
                      activation->quant.highest[j] == 0 && activation->quant.lowest[j] == 0;
        if (!silent && is_read(reader, j)) s.elements[s.count++] = j;
    }
    if (s.count == 0) s.count = 1;
    return s;
}

/* to[rows][columns] = the selected elements of from, [..][from_columns]. */
static void select_span(struct selection rows, struct selection columns, const real *from,
                        int from_columns, real *to, int to_columns)
{
    for (int i = 0; i < rows.count; i++)
        for (int j = 0; j < columns.count; j++)
            to[(ptrdiff_t)i * to_columns + j] =
                from[(ptrdiff_t)rows.elements[i] * from_columns + columns.elements[j]];
}

static void select_widths(const struct nn_widths *a, const struct nn_widths *b,
                          struct selection rows, struct selection columns, const real *from,
                          real *to)
{
    const struct span from_spans[] = {a->fraction, a->range}, to_spans[] = {b->fraction, b->range};
    struct selection first = {1, (int[]){0}};
    for (int s = 0; s < 2; s++) {
        if (!from_spans[s].count) continue;
        const real *f = from + from_spans[s].first;
        real *t = to + to_spans[s].first;
        if (a->grain == GRAIN_TENSOR)
            t[0] = f[0];
        else
            select_span(a->grain == GRAIN_EACH ? rows : first, columns, f, a->columns, t,
                        b->columns);
    }
}

/* One array that is laid out as the parameters are: the parameters, or a state of the optimizer. */
static void select_parameters(const struct nn *nn, const struct nn *copy,
                              const struct selection *in, const struct selection *out,
                              const real *from, real *to)
{
    struct selection first = {1, (int[]){0}};
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *a = &nn->ops[i], *b = &copy->ops[i];
        if (a->kind == OP_DENSE) {
            select_span(in[i], out[i], from + a->weights.first, a->columns, to + b->weights.first,
                        b->columns);
            if (a->bias.count)
                select_span(first, out[i], from + a->bias.first, 0, to + b->bias.first, 0);
        }
        if (a->kind == OP_BATCHNORM) {
            select_span(first, out[i], from + a->gamma.first, 0, to + b->gamma.first, 0);
            select_span(first, out[i], from + a->beta.first, 0, to + b->beta.first, 0);
        }
        select_widths(&a->weight_widths, &b->weight_widths, in[i], out[i], from, to);
        select_widths(&a->bias_widths, &b->bias_widths, first, out[i], from, to);
        select_widths(&a->widths, &b->widths, first, out[i], from, to);
    }
}

static struct column_quantizer
select_quantizer(struct arena *arena, const struct column_quantizer *q, struct selection columns)
{
    if (!q->active) return *q;
    struct quantizer formats = {.count = q->quantizer.count == 1 ? 1 : columns.count};
    formats.formats = arena_alloc(arena, (size_t)formats.count, sizeof *formats.formats);
    for (int j = 0; j < formats.count; j++)
        formats.formats[j] = quantizer_at(&q->quantizer, columns.elements[j]);
    struct column_quantizer selected = quantizer_columns(arena, &formats, columns.count);
    selected.binary = q->binary;
    return selected;
}

/* What of the parameters is not trained. */
static void select_statistics(const struct nn *nn, const struct nn_op *a, struct nn *copy,
                              const struct nn_op *b, struct selection columns)
{
    struct selection first = {1, (int[]){0}};
    select_span(first, columns, nn->parameters + a->mean.first, 0, copy->parameters + b->mean.first,
                0);
    select_span(first, columns, nn->parameters + a->variance.first, 0,
                copy->parameters + b->variance.first, 0);
}

/* What an operation has beside its parameters. */
static void select_settings(struct nn *copy, const struct nn_op *a, struct nn_op *b,
                            struct selection in, struct selection out)
{
    if (a->kind == OP_ACTIVATION) {
        if (a->widths.learned) {
            b->quant.active = a->quant.active;
            for (int j = 0; j < out.count; j++)
                b->is_signed[j] = a->is_signed[out.elements[j]];
        } else {
            b->quant = select_quantizer(&copy->arena, &a->quant, out);
        }
    }
    if (a->kind != OP_DENSE) return;
    b->origin = arena_alloc(&copy->arena, (size_t)out.count, sizeof(int));
    for (int j = 0; j < out.count; j++)
        b->origin[j] = nn_origin(a, out.elements[j]);
    b->digits = a->digits;
    b->weight_quant = select_quantizer(&copy->arena, &a->weight_quant, out);
    b->bias_quant = select_quantizer(&copy->arena, &a->bias_quant, out);
    if (!a->kept) return;
    b->kept = arena_alloc(&copy->arena, b->weights.count, 1);
    memset(b->kept, 1, b->weights.count);
    for (int i = 0; i < in.count; i++)
        for (int j = 0; j < out.count; j++)
            b->kept[(ptrdiff_t)i * b->columns + j] =
                a->kept[(ptrdiff_t)in.elements[i] * a->columns + out.elements[j]];
}

int nn_origin(const struct nn_op *dense, int neuron)
{
    return dense->origin ? dense->origin[neuron] : neuron;
}

/* neurons: of each operation that is a dense one. */
static struct nn *copy_selected(const struct train_config *config, const struct nn *nn,
                                struct pool *pool, struct optimizer *optimizer,
                                const struct selection *neurons)
{
    struct arena arena = {0};
    size_t count = (size_t)nn->op_count;
    struct selection *in = arena_alloc(&arena, count, sizeof *in);
    struct selection *out = arena_alloc(&arena, count, sizeof *out);
    struct train_config small = *config;
    small.layers = arena_alloc(&arena, (size_t)config->layer_count, sizeof *small.layers);
    memcpy(small.layers, config->layers, (size_t)config->layer_count * sizeof *small.layers);
    struct selection now = all_of(&arena, nn->inputs);
    for (int i = 0; i < nn->op_count; i++) {
        in[i] = now;
        if (nn->ops[i].kind == OP_DENSE) {
            now = neurons[i];
            small.layers[nn->ops[i].layer].units = now.count;
        }
        out[i] = now;
    }
    struct nn *copy = nn_init(&small, nn->inputs, nn->loss.classes, true, pool);
    assert(copy->op_count == nn->op_count);
    copy->augment = nn->augment;
    if (nn->augment.zero) {
        real *zero = arena_alloc(&copy->arena, (size_t)nn->input_columns, sizeof *zero);
        copy->augment.zero = memcpy(zero, nn->augment.zero, (size_t)nn->inputs * sizeof *zero);
    }
    copy->input_quant = nn->input_quant;
    copy->input_quant.formats =
        arena_alloc(&copy->arena, (size_t)nn->input_quant.count, sizeof(struct format));
    for (int i = 0; i < nn->input_quant.count; i++)
        copy->input_quant.formats[i] = nn->input_quant.formats[i];
    select_parameters(nn, copy, in, out, nn->parameters, copy->parameters);
    for (int i = 0; i < nn->op_count; i++) {
        select_settings(copy, &nn->ops[i], &copy->ops[i], in[i], out[i]);
        if (nn->ops[i].kind == OP_BATCHNORM)
            select_statistics(nn, &nn->ops[i], copy, &copy->ops[i], out[i]);
    }
    for (int s = 0; optimizer && s < optimizer_states(optimizer->kind); s++) {
        real *state = arena_alloc(&copy->arena, copy->trainable, sizeof *state);
        select_parameters(nn, copy, in, out, optimizer->state[s], state);
        optimizer->state[s] = state;
    }
    nn_prepare(copy);
    arena_free(&arena);
    return copy;
}

struct nn *nn_compact(const struct train_config *config, const struct nn *nn, struct pool *pool,
                      struct optimizer *optimizer)
{
    struct arena arena = {0};
    struct selection *neurons = arena_alloc(&arena, (size_t)nn->op_count, sizeof *neurons);
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].kind == OP_DENSE) neurons[i] = alive(&arena, nn, i);
    struct nn *copy = copy_selected(config, nn, pool, optimizer, neurons);
    arena_free(&arena);
    return copy;
}

struct nn *nn_copy(const struct train_config *config, const struct nn *nn, struct pool *pool)
{
    struct arena arena = {0};
    struct selection *neurons = arena_alloc(&arena, (size_t)nn->op_count, sizeof *neurons);
    for (int i = 0; i < nn->op_count; i++)
        neurons[i] = all_of(&arena, nn->ops[i].outputs);
    struct nn *copy = copy_selected(config, nn, pool, NULL, neurons);
    arena_free(&arena);
    return copy;
}

struct nn *nn_select(const struct train_config *config, const struct nn *nn, struct pool *pool,
                     const int *counts, const int *const *elements)
{
    struct arena arena = {0};
    struct selection *neurons = arena_alloc(&arena, (size_t)nn->op_count, sizeof *neurons);
    int dense = 0;
    for (int i = 0; i < nn->op_count; i++) {
        if (nn->ops[i].kind != OP_DENSE) continue;
        neurons[i] = all_of(&arena, counts[dense]);
        memcpy(neurons[i].elements, elements[dense], (size_t)counts[dense] * sizeof(int));
        dense++;
    }
    struct nn *copy = copy_selected(config, nn, pool, NULL, neurons);
    arena_free(&arena);
    return copy;
}
