/* A layer digit by digit: x = sum over k of 2^(d k) x_k, d bits each, so
 *
 *   W x + b = sum over k of 2^(d k) (W x_k) + b
 *
 * One adder graph of W, narrow because the digits are, takes a digit of every input a cycle, lowest
 * first. What it gives is added to a running sum whose low d bits are final and go to a register of
 * their own; the rest goes on. The sum starts as the bias. Signed inputs are processed as x +
 * 2^(W-1), their sign bit inverted, and the bias takes that back. */
#include "compiler/reuse/internal.h"

#include "compiler/adders/emit_graph.h"

#include "base/error.h"

#include <assert.h>

struct digits {
    struct reuse *r;
    const struct reuse_layer *layer;
    int bits, cycles;    /* of a digit; of the loop */
    int *states;         /* [rows] what is left of the input */
    int *digits;         /* [rows] */
    int *sums;           /* [columns] of the graph, this cycle's */
    struct dyadic *bias; /* [columns] */
};

static const struct op *op_of(const struct digits *d, int value)
{
    return &d->r->rewrite.program->ops[value];
}

static int width_of(const struct digits *d, int value)
{
    return op_of(d, value)->format.width_bits;
}

static struct format bits_format(int width, int fraction)
{
    return format_make(false, width, width - fraction);
}

/* The low bits of a value's integer, exactly so many, as an unsigned number of that fraction. */
static int low_bits(struct digits *d, int value, int width, int fraction)
{
    struct program *p = d->r->rewrite.program;
    struct format format = bits_format(width, 0);
    int from = op_fraction(op_of(d, value));
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    if (from) value = program_add_op(p, OP_SHIFT, &value, 1, from);
    value = program_add_quantize(p, value, format);
    return fraction ? program_add_op(p, OP_SHIFT, &value, 1, -fraction) : value;
}

static void choose_width(struct digits *d, int cycles)
{
    int widest = 1;
    for (int i = 0; i < d->layer->rows; i++)
        if (d->layer->is_used[i] && width_of(d, d->layer->operands[i]) > widest)
            widest = width_of(d, d->layer->operands[i]);
    d->bits = (widest + cycles - 1) / cycles;
    d->cycles = (widest + d->bits - 1) / d->bits;
    if (d->cycles < 2) d->cycles = 2; /* a loop all the same */
}

/* x + 2^(W-1) of a signed x, in unsigned bits of the same fraction: the sign bit inverted; the bias
 * loses what that adds. */
static int make_unsigned(struct digits *d, int row)
{
    struct program *p = d->r->rewrite.program;
    int x = d->layer->operands[row], fraction = op_fraction(op_of(d, x)), width = width_of(d, x);
    if (!op_of(d, x)->format.is_signed) return x;
    int sign = program_add_slice(p, x, width - 1, bits_format(1, 0));
    int flipped = program_add_op(p, OP_NOT, &sign, 1, 0);
    if (width > 1) {
        int low = program_add_slice(p, x, 0, bits_format(width - 1, 0));
        flipped = program_add_op(p, OP_CONCAT, (int[]){low, flipped}, 2, 0);
    }
    for (int j = 0; j < d->layer->columns; j++) {
        struct dyadic product,
            weight = dyadic_make(-layer_weight(d->layer, row, j), d->layer->matrix->fraction_bits);
        bool fits =
            dyadic_mul(weight, dyadic_make((int64_t)1 << (width - 1), fraction), &product) &&
            dyadic_add(d->bias[j], product, &d->bias[j]);
        assert(fits); /* the result's interval bounds it */
        (void)fits;
    }
    return low_bits(d, flipped, width, fraction);
}

/* What is left of an input behind its lowest digit. Where digits fill the width exactly, the top
 * one may stay: it is never reached, and a register that keeps its bits needs no logic. */
static int shift_down(struct digits *d, int state)
{
    struct program *p = d->r->rewrite.program;
    int width = width_of(d, state), rest = width - d->bits, fraction = op_fraction(op_of(d, state));
    if (rest <= 0) return program_add_const(p, 0, fraction);
    if (width != d->bits * d->cycles)
        return program_add_slice(p, state, d->bits, bits_format(rest, fraction));
    int parts[2] = {program_add_slice(p, state, d->bits, bits_format(rest, 0)),
                    program_add_slice(p, state, rest, bits_format(d->bits, 0))};
    int all = program_add_op(p, OP_CONCAT, parts, 2, 0);
    return program_add_slice(p, all, 0, bits_format(width, fraction));
}

/* States and digits of all inputs; first[row] are their values from outside the loop. */
static void take_digits(struct digits *d, const int *first)
{
    struct program *p = d->r->rewrite.program;
    for (int i = 0; i < d->layer->rows; i++) {
        if (!d->layer->is_used[i]) continue;
        int width = width_of(d, first[i]), bits = width < d->bits ? width : d->bits;
        d->states[i] = program_add_state(p, first[i], 0, (int64_t)(((uint64_t)1 << width) - 1));
        d->digits[i] = program_add_slice(p, d->states[i], 0, bits_format(bits, 0));
    }
}

/* The adder graph of the columns that are read, over the digits. */
static void add_graph(struct digits *d)
{
    struct rewrite *w = &d->r->rewrite;
    const struct reuse_layer *layer = d->layer;
    size_t rows = (size_t)layer->rows, columns = (size_t)layer->columns;
    struct adder_problem problem = {0};
    struct adder_operand *operands = arena_alloc(&w->arena, rows, sizeof *operands);
    struct adder_input *inputs = arena_alloc(&w->arena, rows, sizeof *inputs);
    int64_t *weights = arena_alloc(&w->arena, rows * columns, sizeof *weights);
    int *column_of = arena_alloc(&w->arena, columns, sizeof *column_of);
    int *results = arena_alloc(&w->arena, columns, sizeof *results);
    for (int j = 0; j < layer->columns; j++)
        if (layer->results[j] >= 0) column_of[problem.columns++] = j;
    for (int i = 0; i < layer->rows; i++) {
        if (!layer->is_used[i]) continue;
        int fraction = op_fraction(op_of(d, d->states[i])) + layer->matrix->fraction_bits;
        int row = problem.rows++;
        operands[row] = (struct adder_operand){d->digits[i], -fraction};
        inputs[row] = (struct adder_input){0, op_of(d, d->digits[i])->hi, -fraction};
        for (int j = 0; j < problem.columns; j++)
            weights[(size_t)row * (size_t)problem.columns + (size_t)j] =
                layer_weight(layer, i, column_of[j]);
    }
    problem.inputs = inputs;
    problem.weights = weights;
    if (!adder_problem_fits(&problem))
        fail("%s: weights or operands of too different sizes for sums of 58 bits; quantize coarser",
             layer->name);
    struct adder_options options;
    adder_options_init(&options);
    options.subtractor_price = d->r->options->target->carry_inverts_for_free ? 1 : 2;
    struct adder_graph *graph = adder_solve(&problem, &options);
    adder_graph_emit(graph, w->program, d->r->forms, operands, results);
    adder_graph_free(graph);
    for (int j = 0; j < problem.columns; j++)
        d->sums[column_of[j]] = results[j];
}

/* floor(n / 2^bits), at the same fraction. */
static int drop_digit(struct digits *d, int value)
{
    struct program *p = d->r->rewrite.program;
    const struct op *x = op_of(d, value);
    struct format format = format_of_interval(x->lo >> d->bits, x->hi >> d->bits, op_fraction(x));
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    int shifted = program_add_op(p, OP_SHIFT, &value, 1, -d->bits);
    return program_add_quantize(p, shifted, format);
}

/* Interval of the running sum before an addition, the same for all cycles. */
struct running {
    int64_t lo, hi;
};

static struct running find_running(const struct digits *d, int sum, int64_t bias, int fraction)
{
    int up = fraction - op_fraction(op_of(d, sum));
    int64_t lo = op_of(d, sum)->lo * ((int64_t)1 << up),
            hi = op_of(d, sum)->hi * ((int64_t)1 << up);
    struct running all = {bias, bias};
    for (bool grows = true; grows;) {
        int64_t next_lo = (all.lo + lo) >> d->bits, next_hi = (all.hi + hi) >> d->bits;
        grows = next_lo < all.lo || next_hi > all.hi;
        if (next_lo < all.lo) all.lo = next_lo;
        if (next_hi > all.hi) all.hi = next_hi;
    }
    return all;
}

/* The register of final digits, lowest first when all are there; -1: one cycle, none. */
static int keep_digits(struct digits *d, int sum)
{
    struct program *p = d->r->rewrite.program;
    int width = d->bits * (d->cycles - 1);
    if (width == 0) return -1;
    int digit = low_bits(d, sum, d->bits, 0);
    int kept =
        program_add_state(p, program_add_const(p, 0, 0), 0, (int64_t)(((uint64_t)1 << width) - 1));
    int next = digit;
    if (d->cycles > 2) {
        int rest = program_add_slice(p, kept, d->bits, bits_format(width - d->bits, 0));
        next = program_add_op(p, OP_CONCAT, (int[]){rest, digit}, 2, 0);
    }
    program_add_update(p, kept, next);
    return kept;
}

/* Adds up column j: returns its value, which is whole in the last iteration. */
static int add_up(struct digits *d, int j)
{
    struct program *p = d->r->rewrite.program;
    const struct op *result = &d->r->rewrite.old->ops[d->layer->results[j]];
    int fraction = op_fraction(result), value = d->sums[j];
    int64_t bias;
    if (op_fraction(op_of(d, value)) > fraction) fraction = op_fraction(op_of(d, value));
    if (op_of(d, value)->lo == op_of(d, value)->hi)
        return program_add_const(p, result->lo, op_fraction(result));
    bool fits = dyadic_on_grid(d->bias[j], fraction, &bias);
    assert(fits); /* the result's fraction holds the bias */
    (void)fits;
    struct running all = find_running(d, value, bias, fraction);
    int running = program_add_state(p, program_add_const(p, bias, fraction), all.lo, all.hi);
    int sum = program_add2(p, OP_ADD, running, value, 0);
    int low = keep_digits(d, sum);
    program_add_update(p, running, drop_digit(d, sum));
    struct format whole = format_of_interval(result->lo, result->hi, op_fraction(result));
    if (low < 0) return sum;
    int all_bits = program_add_op(p, OP_CONCAT, (int[]){low, sum}, 2, 0);
    whole.rounding = ROUND_TRN;
    whole.overflow = OVERFLOW_WRAP;
    if (fraction) all_bits = program_add_op(p, OP_SHIFT, &all_bits, 1, -fraction);
    return program_add_quantize(p, all_bits, whole);
}

void digits_emit(struct reuse *r, const struct reuse_layer *layer, int cycles, int *results)
{
    struct rewrite *w = &r->rewrite;
    size_t rows = (size_t)layer->rows, columns = (size_t)layer->columns;
    struct digits d = {.r = r, .layer = layer};
    d.states = arena_alloc(&w->arena, rows, sizeof *d.states);
    d.digits = arena_alloc(&w->arena, rows, sizeof *d.digits);
    d.sums = arena_alloc(&w->arena, columns, sizeof *d.sums);
    d.bias = arena_alloc(&w->arena, columns, sizeof *d.bias);
    int *first = arena_alloc(&w->arena, rows, sizeof *first);
    for (size_t j = 0; j < columns; j++)
        d.bias[j] = layer->bias[j];
    choose_width(&d, cycles);
    reuse_begin_block(r, layer, ".in", 1);
    for (int i = 0; i < layer->rows; i++)
        if (layer->is_used[i]) first[i] = make_unsigned(&d, i);
    reuse_begin_block(r, layer, "", d.cycles);
    take_digits(&d, first);
    add_graph(&d);
    for (int j = 0; j < layer->columns; j++)
        if (layer->results[j] >= 0) results[j] = add_up(&d, j);
    for (int i = 0; i < layer->rows; i++)
        if (layer->is_used[i])
            program_add_update(w->program, d.states[i], shift_down(&d, d.states[i]));
}
