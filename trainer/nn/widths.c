/* Width parameters: where they are, what formats they mean, their gradients. See widths.h. */
#include "trainer/nn/widths.h"

#include "base/error.h"
#include "trainer/settings.h"

#include <stdlib.h>

#define R(x) ((real)(x))

static const real ln2 = R(0.69314718055994530942);

/* 2^n for whole n. */
static inline real power_of_two(real n)
{
#ifdef TRAIN_DOUBLE
    return ldexp(1, (int)n);
#else
    int32_t bits = ((int32_t)n + 127) * (1 << 23);
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
#endif
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static struct span width_span(struct nn *nn, const struct nn_widths *w)
{
    size_t count = PAD;
    if (w->grain == GRAIN_EACH) count = (size_t)w->rows * (size_t)w->columns;
    if (w->grain == GRAIN_CHANNEL) count = (size_t)w->columns;
    struct span span = {nn->trainable, count};
    nn->trainable += count;
    return span;
}

static void add_widths(struct nn *nn, struct nn_widths *w, enum train_grain grain, int rows,
                       int columns, bool has_range)
{
    *w = (struct nn_widths){.learned = true, .grain = grain, .rows = rows, .columns = columns};
    w->fraction = width_span(nn, w);
    if (has_range) w->range = width_span(nn, w);
}

static struct column_quantizer learned_rows(struct arena *arena, int columns)
{
    struct column_quantizer q = {.columns = columns};
    q.overflow = OVERFLOW_SAT;
    real **rows[] = {&q.inverse_step, &q.step,     &q.lowest,  &q.highest,
                     &q.modulus,      &q.smallest, &q.largest, &q.shift};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i] = arena_alloc(arena, (size_t)columns, sizeof(real));
    for (int j = 0; j < columns; j++)
        q.inverse_step[j] = q.step[j] = 1;
    return q;
}

/* Whether rounding to nearest can be had from the bias of the dense operation before `op`. */
static struct nn_op *takes_half(struct nn *nn, const struct nn_op *op)
{
    struct nn_op *before = op == nn->ops ? NULL : &nn->ops[op - nn->ops - 1];
    bool commutes = op->activation == ACTIVATION_LINEAR || op->activation == ACTIVATION_RELU;
    return before && commutes && before->kind == OP_DENSE && before->bias.count ? before : NULL;
}

static void add_activation_widths(struct nn *nn, const struct train_config *config,
                                  struct nn_op *op)
{
    struct train_format format = train_layer_output(config, op->layer);
    if (format.kind != TRAIN_FORMAT_LEARNED) return;
    add_widths(nn, &op->widths, format.grain, 1, op->columns, true);
    op->range_learned = !config->range_from_data;
    op->is_signed = arena_alloc(&nn->arena, (size_t)op->columns, sizeof *op->is_signed);
    op->quant = learned_rows(&nn->arena, op->columns);
    struct nn_op *before = takes_half(nn, op);
    if (before) before->half = op->quant.shift;
    op->quant.rounding = before ? ROUND_TRN : ROUND_RND;
}

static void add_dense_widths(struct nn *nn, const struct train_config *config, struct nn_op *op)
{
    struct train_format weights = train_layer_weights(config, op->layer);
    struct train_format bias = train_layer_bias(config, op->layer);
    if (weights.kind == TRAIN_FORMAT_LEARNED)
        add_widths(nn, &op->weight_widths, weights.grain, op->inputs, op->columns, false);
    if (bias.kind == TRAIN_FORMAT_LEARNED && op->bias.count)
        add_widths(nn, &op->bias_widths, bias.grain, 1, op->columns, false);
}

void widths_add(struct nn *nn, const struct train_config *config, struct nn_op *op)
{
    if (op->kind == OP_ACTIVATION) add_activation_widths(nn, config, op);
    if (op->kind == OP_DENSE) add_dense_widths(nn, config, op);
}

/* Where the parameter of (row, column) lies in its span. */
static size_t place(const struct nn_widths *w, int row, int column)
{
    if (w->grain == GRAIN_TENSOR) return 0;
    if (w->grain == GRAIN_CHANNEL) return (size_t)column;
    return (size_t)row * (size_t)w->columns + (size_t)column;
}

void widths_start(struct nn *nn, struct nn_widths *w, const struct quantizer *formats)
{
    real *fraction = nn->parameters + w->fraction.first, *range = nn->parameters + w->range.first;
    for (size_t i = 0; i < w->fraction.count; i++) {
        size_t column = i % (size_t)w->columns;
        if (column >= (size_t)formats->count) column = 0; /* padding, or one for all */
        struct format f = formats->formats[column];
        fraction[i] = R(format_fraction_bits(f));
        if (w->range.count) range[i] = R(f.integer_bits);
    }
}

void widths_start_activation(struct nn *nn, struct nn_op *op, const struct quantizer *formats)
{
    widths_start(nn, &op->widths, formats);
    for (int j = 0; j < op->outputs; j++)
        op->is_signed[j] = quantizer_at(formats, j).is_signed;
    op->quant.active = true;
}

int widths_fraction(const struct nn *nn, const struct nn_widths *w, int row, int column)
{
    return (int)real_rint(nn->parameters[w->fraction.first + place(w, row, column)]);
}

int widths_bits(const struct nn *nn, const struct nn_op *op, int column)
{
    size_t at = op->widths.range.first + place(&op->widths, 0, column);
    int bits = widths_fraction(nn, &op->widths, 0, column) + (int)real_rint(nn->parameters[at]);
    return bits > 0 ? bits : 0;
}

/* ---- Formats from parameters ------------------------------------------------------------------
 */

static void set_formats(struct nn *nn, struct nn_op *op)
{
    struct column_quantizer *q = &op->quant;
    const real *fraction = nn->parameters + op->widths.fraction.first;
    const real *range = nn->parameters + op->widths.range.first;
    for (int j = 0; j < op->outputs; j++) {
        size_t at = place(&op->widths, 0, j);
        real f = real_rint(fraction[at]), bits = f + real_rint(range[at]);
        q->step[j] = power_of_two(-f);
        q->inverse_step[j] = power_of_two(f);
        q->modulus[j] = power_of_two(bits > 0 ? bits : R(0));
        real half = power_of_two(bits - 1);
        q->highest[j] = bits <= 0 ? R(0) : op->is_signed[j] ? half - 1 : 2 * half - 1;
        q->lowest[j] = bits <= 0 || !op->is_signed[j] ? R(0) : -half;
        q->smallest[j] = q->lowest[j] * q->step[j];
        q->largest[j] = q->highest[j] * q->step[j];
        q->shift[j] = q->rounding == ROUND_TRN ? q->step[j] / 2 : R(0);
    }
}

/* used = values rounded to their fraction bits. add: NULL or [columns] that belongs to the value.
 */
static void quantize_values(const struct nn *nn, const struct nn_widths *w, const real *values,
                            const real *add, real *used)
{
    const real *fraction = nn->parameters + w->fraction.first;
    const int columns = w->columns;
    for (int i = 0; i < w->rows; i++) {
        const real *f = w->grain == GRAIN_EACH ? fraction + (ptrdiff_t)i * columns : fraction;
        for (int j = 0; j < columns; j++) {
            real bits = real_rint(w->grain == GRAIN_TENSOR ? fraction[0] : f[j]);
            real x = values[(ptrdiff_t)i * columns + j] + (add ? add[j] : R(0));
            used[(ptrdiff_t)i * columns + j] =
                real_rint(x * power_of_two(bits)) * power_of_two(-bits);
        }
    }
}

void widths_prepare(struct nn *nn)
{
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].quant.active && nn->ops[i].widths.learned) set_formats(nn, &nn->ops[i]);
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        if (op->weight_widths.learned)
            quantize_values(nn, &op->weight_widths, nn->parameters + op->weights.first, NULL,
                            op->used_weights);
        if (op->bias_widths.learned)
            quantize_values(nn, &op->bias_widths, nn->parameters + op->bias.first, op->half,
                            op->used_bias);
    }
}

/* ---- Gradients --------------------------------------------------------------------------------
 */

static void add_width_gradient(const struct nn_widths *w, const real *values, const real *add,
                               const real *used, const real *g, real *gradient)
{
    real *to = gradient + w->fraction.first;
    for (int i = 0; i < w->rows; i++)
        for (int j = 0; j < w->columns; j++) {
            ptrdiff_t at = (ptrdiff_t)i * w->columns + j;
            real x = values[at] + (add ? add[j] : R(0));
            to[place(w, i, j)] += ln2 * (x - used[at]) * g[at];
        }
}

void widths_gradient(struct nn *nn, real *gradient)
{
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->weight_widths.learned)
            add_width_gradient(&op->weight_widths, nn->parameters + op->weights.first, NULL,
                               op->used_weights, gradient + op->weights.first, gradient);
        if (op->bias_widths.learned)
            add_width_gradient(&op->bias_widths, nn->parameters + op->bias.first, op->half,
                               op->used_bias, gradient + op->bias.first, gradient);
    }
}

static void limit_span(real *values, size_t count, real low, real high)
{
    for (size_t i = 0; i < count; i++) {
        real v = values[i] < low ? low : values[i];
        values[i] = v > high ? high : v;
    }
}

void widths_limit(struct nn *nn)
{
    const real most = R(WIDTHS_MOST_FRACTION);
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        const struct nn_widths *all[] = {&op->weight_widths, &op->bias_widths, &op->widths};
        for (int k = 0; k < 3; k++)
            if (all[k]->learned)
                limit_span(nn->parameters + all[k]->fraction.first, all[k]->fraction.count, -most,
                           most);
        if (!op->widths.learned) continue;
        real *fraction = nn->parameters + op->widths.fraction.first;
        real *range = nn->parameters + op->widths.range.first;
        for (size_t j = 0; j < op->widths.fraction.count; j++) {
            real bits = fraction[j] + range[j];
            if (bits < R(-0.5)) fraction[j] = R(-0.5) - range[j];
            if (bits > R(WIDTHS_MOST_BITS)) fraction[j] = R(WIDTHS_MOST_BITS) - range[j];
        }
    }
}

/* Integer bits, sign included, of a format that holds every value of a column. */
static int bits_that_hold(const real *values, long count, int columns, int column, bool is_signed)
{
    double largest = 0, smallest = 0;
    for (long i = 0; i < count; i++) {
        double v = (double)values[i * columns + column];
        largest = v > largest ? v : largest;
        smallest = v < smallest ? v : smallest;
    }
    int bits = largest > 0 ? ilogb(largest) + 1 : WIDTHS_LEAST_RANGE;
    int below = smallest < 0 ? ilogb(-smallest) + (exp2(ilogb(-smallest)) != -smallest)
                             : WIDTHS_LEAST_RANGE;
    return is_signed ? (bits > below ? bits : below) + 1 : bits;
}

void widths_observe(struct nn *nn, const struct nn_events *events, int margin_bits)
{
    real *values = NULL;
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        if (!op->widths.learned || op->range_learned) continue;
        values =
            realloc(values, ((size_t)events->count * (size_t)op->outputs + 1) * sizeof *values);
        if (!values) fail("out of memory");
        op->quant.active = false;
        nn_collect(nn, events, events->count, i, values);
        op->quant.active = true;
        real *range = nn->parameters + op->widths.range.first;
        bool shared = op->widths.grain == GRAIN_TENSOR;
        for (int j = 0; j < op->outputs; j++) {
            real bits = R(bits_that_hold(values, events->count, op->outputs, j, op->is_signed[j]) +
                          margin_bits);
            size_t at = place(&op->widths, 0, j);
            range[at] = shared && j > 0 && range[at] > bits ? range[at] : bits;
        }
        nn_prepare(nn);
    }
    free(values);
}
