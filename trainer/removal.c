/* Digits out, the dearest for the loss first: see removal.h. */
#include "trainer/removal.h"

#include "base/error.h"
#include "trainer/nn/columns.h"
#include "trainer/nn/widths.h"

#include <stdlib.h>

enum {
    GRID = 20,       /* weights as whole multiples of 2^-GRID */
    COMPARED = 32,   /* digits compiled and run before some of them go */
    TAKEN = 8,       /* of those */
    MOST_DIGITS = 24 /* of one weight */
};

struct removal {
    struct session *s;
    struct columns *columns;
    struct network *layers[COLUMNS_MOST_LAYERS]; /* each dense layer on its own, for the compiler */
    double costs[COLUMNS_MOST_LAYERS];           /* of these, as they are */
};

/* A digit that could go. */
struct digit {
    struct column_change change;
    real from;                  /* the weight it was found in */
    double loss, saving, ratio; /* loss per look-up table; the smaller the better */
};

/* ---- Layers for the compiler ------------------------------------------------------------------
 */

static struct quantizer formats_of(struct network *n, const struct column_layer *l)
{
    struct quantizer q = {.count = l->outputs};
    q.formats = arena_alloc(&n->arena, (size_t)l->outputs, sizeof *q.formats);
    for (int j = 0; j < l->outputs; j++) {
        int bits = column_bits(l, j);
        q.formats[j] = format_make(l->is_signed[j], bits > 0 ? bits : 1, l->range[j]);
        q.formats[j].rounding = l->truncates ? ROUND_TRN : ROUND_RND;
    }
    return q;
}

static void copy_numbers(struct network *n, const struct column_layer *l)
{
    struct layer *dense = &n->layers[2];
    for (int i = 0; i < l->inputs * l->outputs; i++)
        dense->weights[i] = (double)l->weights[i];
    for (int j = 0; j < l->outputs; j++)
        dense->bias[j] = (double)l->bias[j];
}

static struct network *layer_network(struct columns *columns, int number)
{
    const struct column_layer *l = columns_layer(columns, number);
    const struct column_layer *from = columns_layer(columns, number - 1);
    struct network *n = network_new("layer");
    int at = network_add(n, LAYER_INPUT, "x", -1, l->inputs);
    at = network_add(n, LAYER_QUANT, "x_quant", at, l->inputs);
    n->layers[at].quant = formats_of(n, from);
    at = network_add(n, LAYER_DENSE, "dense", at, l->outputs);
    n->layers[at].weights =
        arena_alloc(&n->arena, (size_t)l->inputs * (size_t)l->outputs, sizeof(double));
    n->layers[at].bias = arena_alloc(&n->arena, (size_t)l->outputs, sizeof(double));
    copy_numbers(n, l);
    if (!l->has_activation) return n;
    if (l->activation == ACTIVATION_RELU) at = network_add(n, LAYER_RELU, "relu", at, l->outputs);
    at = network_add(n, LAYER_QUANT, "quant", at, l->outputs);
    n->layers[at].quant = formats_of(n, l);
    return n;
}

static double layer_cost(const struct session *s, const struct network *layer)
{
    struct compiled_cost cost = compile_cost(layer, s->config->compile, false);
    return s->config->price == PRICE_ADDER_BITS ? cost.total.adder_bits : cost.total.lut4;
}

/* What the change saves when the layer is compiled with it. */
static double compiled_saving(struct removal *r, const struct column_change *c)
{
    const struct column_layer *l = columns_layer(r->columns, c->layer);
    double *weight = &r->layers[c->layer]->layers[2].weights[c->row * l->outputs + c->column];
    double kept = *weight;
    *weight = (double)c->value;
    double saving = r->costs[c->layer] - layer_cost(r->s, r->layers[c->layer]);
    *weight = kept;
    return saving;
}

/* ---- Digits -----------------------------------------------------------------------------------
 */

static long count_digits(struct columns *columns)
{
    long digits = 0;
    for (int n = 0; n < columns->layer_count; n++) {
        const struct column_layer *l = &columns->layers[n];
        for (int i = 0; i < l->inputs * l->outputs; i++)
            digits += weight_digits_of((int64_t)ldexp((double)l->weights[i], GRID));
    }
    return digits;
}

/* The values that weight n has with one digit less. */
static int without_digit(int64_t n, int64_t values[MOST_DIGITS])
{
    int count = 0;
    for (int64_t rest = n, place = 1; rest && count < MOST_DIGITS; place *= 2, rest /= 2) {
        if (rest % 2 == 0) continue;
        int64_t digit = (rest & 3) == 3 ? -1 : 1;
        rest -= digit;
        values[count++] = n - digit * place;
    }
    return count;
}

static int list_digits(struct removal *r, struct digit *list)
{
    int count = 0;
    for (int n = 0; n < r->columns->layer_count; n++) {
        const struct column_layer *l = &r->columns->layers[n];
        for (int i = 0; i < l->inputs; i++)
            for (int j = 0; j < l->outputs; j++) {
                int64_t values[MOST_DIGITS];
                real w = l->weights[i * l->outputs + j];
                int digits = without_digit((int64_t)ldexp((double)w, GRID), values);
                struct column_change changes[MOST_DIGITS];
                double differences[MOST_DIGITS];
                for (int k = 0; k < digits; k++)
                    changes[k] =
                        (struct column_change){.layer = n,
                                               .row = i,
                                               .column = j,
                                               .value = (real)ldexp((double)values[k], -GRID)};
                if (!digits) continue;
                columns_estimate(r->columns, changes, digits, 4, differences);
                /* About what a digit costs: its element's bits and two more. */
                double bits = column_bits(columns_layer(r->columns, n - 1), i) + 2;
                for (int k = 0; k < digits; k++)
                    list[count++] =
                        (struct digit){changes[k], w, differences[k], bits, differences[k] / bits};
            }
    }
    return count;
}

static int compare_digits(const void *a, const void *b)
{
    const struct digit *x = a, *y = b;
    if (x->ratio != y->ratio) return x->ratio < y->ratio ? -1 : 1;
    const struct column_change *c = &x->change, *d = &y->change;
    if (c->layer != d->layer) return c->layer < d->layer ? -1 : 1;
    if (c->row != d->row) return c->row < d->row ? -1 : 1;
    if (c->column != d->column) return c->column < d->column ? -1 : 1;
    return (c->value > d->value) - (c->value < d->value);
}

/* The true figures of the digits that look best, and these in order. */
static void compare_best(struct removal *r, struct digit *list, int count)
{
    for (int k = 0; k < count; k++) {
        struct digit *d = &list[k];
        d->loss = columns_difference(r->columns, &d->change, INFINITY);
        d->saving = compiled_saving(r, &d->change);
        double saving = d->saving > 0.5 ? d->saving : 0.5;
        d->ratio = d->loss > 0 ? d->loss / saving : d->loss * saving;
    }
    qsort(list, (size_t)count, sizeof *list, compare_digits);
}

/* Whether no other digit of the same weight went before. */
static bool is_current(struct removal *r, const struct digit *d)
{
    const struct column_layer *l = columns_layer(r->columns, d->change.layer);
    return l->weights[d->change.row * l->outputs + d->change.column] == d->from;
}

static void take(struct removal *r, const struct digit *d)
{
    const int n = d->change.layer;
    columns_keep(r->columns, &d->change);
    copy_numbers(r->layers[n], columns_layer(r->columns, n));
}

/* ---- Back into the network --------------------------------------------------------------------
 */

/* Weights that lost all their digits stay 0. */
static void write_weights(struct nn *nn, struct columns *columns)
{
    for (int n = 0; n < columns->layer_count; n++) {
        const struct column_layer *l = &columns->layers[n];
        struct nn_op *op = l->dense;
        if (!op->kept) {
            op->kept = arena_alloc(&nn->arena, op->weights.count, 1);
            memset(op->kept, 1, op->weights.count);
        }
        for (int i = 0; i < l->inputs; i++)
            for (int j = 0; j < l->outputs; j++) {
                size_t at = (size_t)i * (size_t)op->columns + (size_t)j;
                real w = l->weights[i * l->outputs + j];
                if (w != op->used_weights[at]) nn->parameters[op->weights.first + at] = w;
                if (w == 0) nn->parameters[op->weights.first + at] = 0, op->kept[at] = 0;
            }
    }
    nn_prepare(nn);
}

void removal_run(struct session *s, double sparsity)
{
    if (!s->config->compile)
        fail("pruning: method compiler needs a target to compile for; name a board");
    struct removal r = {.s = s};
    uint32_t *order = malloc((size_t)s->train_count * sizeof *order);
    if (!order) fail("out of memory");
    for (long i = 0; i < s->train_count; i++)
        order[i] = (uint32_t)i;
    r.columns = columns_open(s->nn, &s->train, order, s->train_count);
    free(order);
    if (!r.columns)
        fail(
            "pruning: method compiler works on networks of dense layers, each but the last with an "
            "activation, whose weights, biases and activations are all `learned`");
    long digits = count_digits(r.columns);
    if (s->at.first_digits == 0) s->at.first_digits = digits;
    struct digit *list = malloc((size_t)(digits + 1) * sizeof *list);
    if (!list) fail("out of memory");
    for (int n = 0; n < r.columns->layer_count; n++)
        r.layers[n] = layer_network(r.columns, n);
    long wanted = (long)((1 - sparsity) * (double)s->at.first_digits);
    while (digits > wanted) {
        columns_derive(r.columns);
        int count = list_digits(&r, list);
        qsort(list, (size_t)count, sizeof *list, compare_digits);
        if (count > COMPARED) count = COMPARED;
        for (int n = 0; n < r.columns->layer_count; n++)
            r.costs[n] = layer_cost(s, r.layers[n]);
        compare_best(&r, list, count);
        for (int k = 0, taken = 0; k < count && taken < TAKEN && digits > wanted; k++) {
            if (!is_current(&r, &list[k])) continue;
            take(&r, &list[k]);
            taken++;
            digits--;
        }
    }
    write_weights(s->nn, r.columns);
    for (int n = 0; n < r.columns->layer_count; n++)
        network_free(r.layers[n]);
    columns_close(r.columns);
    free(list);
}
