/* Prices of hardware and their gradients. See price.h. */
#include "trainer/nn/price.h"

#include "trainer/nn/widths.h"

#include <assert.h>

#define R(x) ((real)(x))

enum { FLOAT_BITS = 16 }; /* of elements that are not quantized, for want of better */

/* Adder bits and LUT4 of a few hundred compiled networks: a term costs its element's bits and
 * about two positions more, and saves both once for each neuron; ReLU and saturation take little
 * more than a LUT for each bit. */
static const double starting_coefficients[PRICE_COUNT][PRICE_FEATURES] = {
    [PRICE_EBOPS] = {1, 0, 0, 0},
    [PRICE_ADDER_BITS] = {0.9, 2, -7, 0},
    [PRICE_LUT4] = {1, 2, -7, 1.3},
};

/* ---- One dense operation ----------------------------------------------------------------------
 */

/* The elements it reads and the activation behind it. */
struct surroundings {
    const struct nn_op *source, *behind; /* learned activations, or NULL */
    real *bits;                          /* [inputs] */
};

static const struct nn_op *neighbour(const struct nn *nn, int dense, int direction)
{
    int i = dense + direction;
    while (i >= 0 && i < nn->op_count && nn->ops[i].kind == OP_DROPOUT)
        i += direction;
    return i >= 0 && i < nn->op_count ? &nn->ops[i] : NULL;
}

static struct surroundings look_around(struct arena *arena, const struct nn *nn, int dense)
{
    const struct nn_op *op = &nn->ops[dense];
    const struct nn_op *from = neighbour(nn, dense, -1), *to = neighbour(nn, dense, 1);
    struct surroundings s = {.source = from && from->widths.learned ? from : NULL,
                             .behind = to && to->widths.learned ? to : NULL,
                             .bits = arena_alloc(arena, (size_t)op->inputs, sizeof(real))};
    bool is_sign = from && from->kind == OP_ACTIVATION && from->activation == ACTIVATION_SIGN;
    const struct quantizer *fixed = from ? &from->quant.quantizer : &nn->input_quant;
    for (int i = 0; i < op->inputs; i++) {
        int bits = fixed->count ? quantizer_at(fixed, i).width_bits : is_sign ? 1 : FLOAT_BITS;
        s.bits[i] = R(s.source ? widths_bits(nn, from, i) : bits);
    }
    return s;
}

/* Exponent of a number that is not 0: floor(log2 |w|). */
static inline real exponent_of(real w)
{
#ifdef TRAIN_DOUBLE
    return logb(w);
#else
    int32_t bits;
    memcpy(&bits, &w, sizeof bits);
    return (real)((bits >> 23 & 255) - 127);
#endif
}

/* A row of weights: their terms and d terms / d fraction bits. */
struct row {
    real *fraction, *terms, *slope; /* [columns] */
};

static struct row row_alloc(struct arena *arena, int columns)
{
    struct row row;
    row.fraction = arena_alloc(arena, (size_t)columns, sizeof(real));
    row.terms = arena_alloc(arena, (size_t)columns, sizeof(real));
    row.slope = arena_alloc(arena, (size_t)columns, sizeof(real));
    return row;
}

/* Fraction bits of row `number`; of weights that are not learned, enough for all of them. */
static void row_fractions(const struct nn *nn, const struct nn_widths *w, int number, int columns,
                          real *fraction)
{
    const real *f = nn->parameters + w->fraction.first;
    if (w->grain == GRAIN_EACH) f += (ptrdiff_t)number * columns;
    for (int j = 0; j < columns; j++)
        fraction[j] = w->learned ? real_rint(w->grain == GRAIN_TENSOR ? f[0] : f[j]) : R(16);
}

static void row_terms(enum train_price kind, int columns, const real *w, struct row *row)
{
    const real rest = kind == PRICE_EBOPS ? R(1) : R(1.0 / 3);
    for (int j = 0; j < columns; j++) {
        real bits = exponent_of(w[j]) + row->fraction[j] + 1;
        row->terms[j] = w[j] != 0 ? bits : R(0);
        row->slope[j] = bits > R(1.5) ? rest : R(1);
        row->slope[j] = w[j] != 0 ? row->slope[j] : R(0);
    }
    if (kind == PRICE_EBOPS) return;
    for (int j = 0; j < columns; j++) {
        int32_t n = (int32_t)(w[j] * R(65536));
        row->terms[j] = R(__builtin_popcount((unsigned)n ^ 3 * (unsigned)n));
    }
}

static void add_row_gradient(const struct nn_widths *w, int number, int columns, const real *slope,
                             real factor, real *gradient)
{
    real *g = gradient + w->fraction.first, sum = 0;
    if (!w->learned) return;
    if (w->grain == GRAIN_EACH) g += (ptrdiff_t)number * columns;
    for (int j = 0; j < columns; j++) {
        if (w->grain != GRAIN_TENSOR) g[j] += factor * slope[j];
        sum += slope[j];
    }
    if (w->grain == GRAIN_TENSOR) g[0] += factor * sum;
}

/* Adds derivatives[i] by element i's bits; elements of no bits have none to lose. */
static void add_activation_gradient(const struct nn *nn, const struct nn_op *op,
                                    const real *derivatives, real *gradient)
{
    for (int i = 0; op && i < op->outputs; i++) {
        if (widths_bits(nn, op, i) == 0) continue;
        size_t at = op->widths.grain == GRAIN_TENSOR ? 0 : (size_t)i;
        gradient[op->widths.fraction.first + at] += derivatives[i];
        if (op->range_learned) gradient[op->widths.range.first + at] += derivatives[i];
    }
}

/* Features of one dense operation; with a gradient, the derivatives of its price. */
static void eval_layer(const struct nn *nn, int dense, enum train_price kind, double *features,
                       const double *coefficients, double weight, real *gradient)
{
    const struct nn_op *op = &nn->ops[dense];
    struct arena arena = {0};
    struct surroundings s = look_around(&arena, nn, dense);
    struct row row = row_alloc(&arena, op->columns);
    real *neurons = arena_alloc(&arena, (size_t)op->columns, sizeof(real));
    real *by_bits = arena_alloc(&arena, (size_t)op->inputs + (size_t)op->outputs, sizeof(real));
    memset(features, 0, PRICE_FEATURES * sizeof *features);
    for (int i = 0; i < op->inputs; i++) {
        real sum = 0;
        row_fractions(nn, &op->weight_widths, i, op->columns, row.fraction);
        row_terms(kind, op->columns, op->used_weights + (ptrdiff_t)i * op->columns, &row);
        for (int j = 0; j < op->columns; j++) {
            sum += row.terms[j];
            neurons[j] += row.terms[j];
        }
        features[PRICE_TERM_BITS] += (double)(sum * s.bits[i]);
        features[PRICE_TERMS] += (double)sum;
        if (!gradient) continue;
        double dear = coefficients[PRICE_TERM_BITS] * (double)s.bits[i] + coefficients[PRICE_TERMS];
        add_row_gradient(&op->weight_widths, i, op->columns, row.slope, R(weight * dear), gradient);
        by_bits[i] = R(weight * coefficients[PRICE_TERM_BITS]) * sum;
    }
    if (gradient) add_activation_gradient(nn, s.source, by_bits, gradient);
    if (op->bias.count) {
        row_fractions(nn, &op->bias_widths, 0, op->columns, row.fraction);
        row_terms(PRICE_EBOPS, op->columns, op->used_bias, &row);
        for (int j = 0; j < op->outputs; j++)
            features[PRICE_TERMS] += row.terms[j] > 0;
        if (gradient)
            add_row_gradient(&op->bias_widths, 0, op->columns, row.slope,
                             R(weight * coefficients[PRICE_TERMS]), gradient);
    }
    for (int j = 0; j < op->outputs; j++) {
        features[PRICE_NEURONS] += neurons[j] > 0;
        if (s.behind) features[PRICE_ACTIVATION_BITS] += widths_bits(nn, s.behind, j);
        by_bits[j] = R(weight * coefficients[PRICE_ACTIVATION_BITS]);
    }
    if (gradient) add_activation_gradient(nn, s.behind, by_bits, gradient);
    arena_free(&arena);
}

/* ---- The model --------------------------------------------------------------------------------
 */

void price_init(struct price_model *model, enum train_price kind, const struct nn *nn)
{
    *model = (struct price_model){.kind = kind};
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].kind == OP_DENSE && model->layer_count < PRICE_MOST_LAYERS)
            memcpy(model->layers[model->layer_count++].coefficients, starting_coefficients[kind],
                   sizeof starting_coefficients[kind]);
}

void price_features(const struct nn *nn, enum train_price kind,
                    double features[PRICE_MOST_LAYERS][PRICE_FEATURES])
{
    int layer = 0;
    for (int i = 0; i < nn->op_count && layer < PRICE_MOST_LAYERS; i++)
        if (nn->ops[i].kind == OP_DENSE)
            eval_layer(nn, i, kind, features[layer++], starting_coefficients[kind], 0, NULL);
}

double price_eval(const struct price_model *model, const struct nn *nn, double weight,
                  real *gradient)
{
    double sum = 0, features[PRICE_FEATURES];
    int layer = 0;
    for (int i = 0; i < nn->op_count; i++) {
        if (nn->ops[i].kind != OP_DENSE) continue;
        /* Layers beyond the table are priced as the last one in it. */
        const double *c = model->layers[layer].coefficients;
        if (layer < model->layer_count - 1) layer++;
        eval_layer(nn, i, model->kind, features, c, weight, gradient);
        double price = 0;
        for (int f = 0; f < PRICE_FEATURES; f++)
            price += c[f] * features[f];
        sum += price > 0 ? price : 0;
    }
    return sum;
}

/* Solves a small symmetric positive definite system in place (Cholesky); x holds the right side. */
static void solve(int n, double a[][PRICE_FEATURES], double *x)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k];
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
        for (int k = 0; k < i; k++)
            x[i] -= a[i][k] * x[k];
        x[i] /= a[i][i];
    }
    for (int i = n - 1; i >= 0; i--) {
        for (int k = i + 1; k < n; k++)
            x[i] -= a[k][i] * x[k];
        x[i] /= a[i][i];
    }
}

/* Least squares of relative errors over the samples plus (c - c0)^2 / tolerance^2. */
static void fit_layer(struct price_model *model, int layer)
{
    static const double tolerance[PRICE_FEATURES] = {0.5, 1.5, 4, 0.7};
    const double *start = starting_coefficients[model->kind];
    double a[PRICE_FEATURES][PRICE_FEATURES] = {{0}}, x[PRICE_FEATURES] = {0};
    for (int f = 0; f < PRICE_FEATURES; f++)
        a[f][f] = 0.01 / (tolerance[f] * tolerance[f]);
    for (int s = 0; s < model->sample_count; s++) {
        const double *features = model->samples[s].features[layer];
        double cost = model->samples[s].costs[layer], scale = 1 / (cost + 20);
        for (int f = 0; f < PRICE_FEATURES; f++) {
            cost -= start[f] * features[f];
            for (int g = 0; g < PRICE_FEATURES; g++)
                a[f][g] += features[f] * features[g] * scale * scale;
        }
        for (int f = 0; f < PRICE_FEATURES; f++)
            x[f] += features[f] * cost * scale * scale;
    }
    solve(PRICE_FEATURES, a, x);
    double *c = model->layers[layer].coefficients;
    for (int f = 0; f < PRICE_FEATURES; f++)
        c[f] = start[f] + x[f];
    /* A term never pays for itself. */
    if (c[PRICE_TERM_BITS] < 0.1) c[PRICE_TERM_BITS] = 0.1;
    if (c[PRICE_TERMS] < 0.1) c[PRICE_TERMS] = 0.1;
    if (c[PRICE_ACTIVATION_BITS] < 0) c[PRICE_ACTIVATION_BITS] = 0;
}

void price_fit(struct price_model *model, const struct nn *nn, const double *costs)
{
    if (model->kind == PRICE_EBOPS) return;
    if (model->sample_count == PRICE_MOST_SAMPLES)
        memmove(model->samples, model->samples + 1,
                (PRICE_MOST_SAMPLES - 1) * sizeof *model->samples);
    else
        model->sample_count++;
    struct price_sample *sample = &model->samples[model->sample_count - 1];
    price_features(nn, model->kind, sample->features);
    memcpy(sample->costs, costs, (size_t)model->layer_count * sizeof *costs);
    for (int l = 0; l < model->layer_count; l++)
        fit_layer(model, l);
}
