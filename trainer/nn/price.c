/* See price.h. */
#include "trainer/nn/price.h"

#include "trainer/nn/widths.h"

#include <stdlib.h>

#define R(x) ((real)(x))

/* The elements that a dense operation reads: bits, and which learned activation they are of. */
struct source {
    const struct nn_op *op; /* NULL: formats that are not learned */
    real *bits, *row;       /* [inputs]; derivative of the price by the bits */
};

/* Bits of float inputs, for want of better. */
enum { FLOAT_BITS = 16 };

static struct source find_source(struct arena *arena, const struct nn *nn, int dense)
{
    const struct nn_op *op = &nn->ops[dense];
    struct source s = {.bits = arena_alloc(arena, (size_t)op->inputs, sizeof(real)),
                       .row = arena_alloc(arena, (size_t)op->inputs, sizeof(real))};
    int before = dense - 1;
    while (before >= 0 && nn->ops[before].kind == OP_DROPOUT)
        before--;
    const struct nn_op *from = before >= 0 ? &nn->ops[before] : NULL;
    if (from && from->widths.learned) s.op = from;
    const struct quantizer *fixed = from ? &from->quant.quantizer : &nn->input_quant;
    for (int i = 0; i < op->inputs; i++) {
        int bits = FLOAT_BITS;
        if (s.op)
            bits = widths_bits(nn, from, i);
        else if (fixed->count)
            bits = quantizer_at(fixed, i).width_bits;
        s.bits[i] = R(bits);
    }
    return s;
}

/* Derivatives by an activation's bits are those by its fraction bits and its range. */
static void add_source_gradient(const struct source *s, int inputs, double weight, real *gradient)
{
    if (!s->op) return;
    const struct nn_widths *w = &s->op->widths;
    for (int i = 0; i < inputs; i++) {
        if (s->bits[i] == 0) continue;
        size_t at = w->grain == GRAIN_TENSOR ? 0 : (size_t)i;
        real derivative = R(weight) * s->row[i];
        gradient[w->fraction.first + at] += derivative;
        if (s->op->range_learned) gradient[w->range.first + at] += derivative;
    }
}

/* Exponent of a float: floor(log2 |w|), w not 0. */
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

/* Fraction bits of row `row` as columns. */
static const real *fraction_row(const struct nn *nn, const struct nn_widths *w, int row,
                                real *scratch)
{
    const real *f = nn->parameters + w->fraction.first;
    if (w->grain == GRAIN_EACH) return f + (ptrdiff_t)row * w->columns;
    if (w->grain == GRAIN_CHANNEL) return f;
    for (int j = 0; j < w->columns; j++)
        scratch[j] = f[0];
    return scratch;
}

static void add_row_gradient(const struct nn_widths *w, int row, const real *derivative,
                             real factor, real *gradient)
{
    real *g = gradient + w->fraction.first;
    if (w->grain == GRAIN_EACH) g += (ptrdiff_t)row * w->columns;
    real sum = 0;
    for (int j = 0; j < w->columns; j++) {
        if (w->grain != GRAIN_TENSOR) g[j] += factor * derivative[j];
        sum += derivative[j];
    }
    if (w->grain == GRAIN_TENSOR) g[0] += factor * sum;
}

/* Bits of each weight of a row, and d bits / d f. */
static void row_bits(int columns, const real *w, const real *fraction, real *bits, real *slope)
{
    for (int j = 0; j < columns; j++) {
        real b = exponent_of(w[j]) + real_rint(fraction[j]) + 1;
        bits[j] = w[j] != 0 ? b : R(0);
        slope[j] = w[j] != 0 ? R(1) : R(0);
    }
}

static double ebops(const struct nn *nn, int dense, double weight, real *gradient)
{
    const struct nn_op *op = &nn->ops[dense];
    struct arena arena = {0};
    struct source source = find_source(&arena, nn, dense);
    real *scratch = arena_alloc(&arena, 3 * (size_t)op->columns, sizeof(real));
    real *bits = scratch + op->columns, *slope = bits + op->columns;
    double sum = 0;
    for (int i = 0; op->weight_widths.learned && i < op->inputs; i++) {
        const struct nn_widths *w = &op->weight_widths;
        row_bits(op->columns, op->used_weights + (ptrdiff_t)i * op->columns,
                 fraction_row(nn, w, i, scratch), bits, slope);
        for (int j = 0; j < op->columns; j++)
            source.row[i] += bits[j];
        sum += (double)(source.row[i] * source.bits[i]);
        if (gradient) add_row_gradient(w, i, slope, R(weight) * source.bits[i], gradient);
    }
    if (gradient) add_source_gradient(&source, op->inputs, weight, gradient);
    if (op->bias_widths.learned) {
        row_bits(op->columns, op->used_bias, fraction_row(nn, &op->bias_widths, 0, scratch), bits,
                 slope);
        for (int j = 0; j < op->columns; j++)
            sum += (double)bits[j];
        if (gradient) add_row_gradient(&op->bias_widths, 0, slope, R(weight), gradient);
    }
    arena_free(&arena);
    return sum;
}

double price_eval(const struct nn *nn, enum train_price kind, double weight, real *gradient)
{
    double sum = 0;
    (void)kind;
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].kind == OP_DENSE) sum += ebops(nn, i, weight, gradient);
    return sum;
}
