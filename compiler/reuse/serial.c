/* A layer digit-serially: every value is a stream of digits of d bits, lowest first, one a cycle.
 *
 * An adder takes a digit of each operand and a carry, and gives a digit and the next carry, which a
 * register keeps: d bits of logic where the unrolled form has the whole width. Streams are two's
 * complement modulo 2^(d T), T the trip count, so operands are sign-extended by the registers that
 * hand them out, and a shift by k bits is a delay by k / d digits, with the rest of the bits taken
 * from two neighbouring digits. All carried registers fall back to their first value between events,
 * so the low digits of a delayed stream are zeros without any logic, and a subtraction is an addition
 * of inverted digits to a carry that starts as one. (Hartley and Corbett, "Digit-serial processing
 * techniques" (1990); Parhi, "VLSI Digital Signal Processing Systems" (1999), chapter 13.) */
#include "compiler/reuse/internal.h"

#include "compiler/adders/adders.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

/* A value as a stream: its digit of this iteration; the lowest bit of digit 0 weighs 2^low. */
struct stream {
    int digit; /* value, -1: none */
    int low;
};

/* A stream some digits later: what was made of it already. */
struct delay {
    int digit;    /* of the stream itself */
    int delayed;  /* value of the register */
    int next;     /* the stream one digit earlier than this register: what it takes */
};

struct serial {
    struct reuse *r;
    const struct reuse_layer *layer;
    int bits, cycles; /* of a digit; of the loop */
    struct stream *rows;
    int *states; /* [rows] what is left of the input */
    struct delay *delays;
    int delay_count;
    size_t delay_capacity;
    int index, zero, one; /* values: the iteration, constant bits */
};

static struct program *program_of(const struct serial *s)
{
    return s->r->rewrite.program;
}

static const struct op *op_of(const struct serial *s, int value)
{
    return &program_of(s)->ops[value];
}

static struct format bits_format(int width, int fraction)
{
    return format_make(false, width, width - fraction);
}

/* The low bits of a value, exactly so many. */
static int low_bits(const struct serial *s, int value, int width)
{
    struct format format = bits_format(width, 0);
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return program_add_quantize(program_of(s), value, format);
}

/* ---- delays ---- */

/* The stream's digit of one iteration before; 0 in the first. */
static int delay_one(struct serial *s, int digit)
{
    for (int i = 0; i < s->delay_count; i++)
        if (s->delays[i].digit == digit) return s->delays[i].delayed;
    int state = program_add_state(program_of(s), s->zero, 0, ((int64_t)1 << s->bits) - 1);
    int delayed = low_bits(s, state, s->bits);
    program_add_update(program_of(s), state, digit);
    s->delays = array_grow(s->delays, &s->delay_capacity, (size_t)s->delay_count + 1,
                           sizeof *s->delays);
    s->delays[s->delay_count++] = (struct delay){digit, delayed, state};
    return delayed;
}

/* The digit of stream * 2^shift: shift / d digits later, and the rest between two digits. */
static int shifted(struct serial *s, int digit, int shift)
{
    struct program *p = program_of(s);
    for (; shift >= s->bits; shift -= s->bits)
        digit = delay_one(s, digit);
    if (shift == 0) return digit;
    int before = delay_one(s, digit);
    int parts[2] = {program_add_slice(p, before, s->bits - shift, bits_format(shift, 0)),
                    program_add_slice(p, digit, 0, bits_format(s->bits - shift, 0))};
    return program_add_op(p, OP_CONCAT, parts, 2, 0);
}

/* ---- adders ---- */

/* a + b, or a - b, with the lowest bit at the lower of both. */
static struct stream add(struct serial *s, struct stream a, struct stream b, bool subtract)
{
    struct program *p = program_of(s);
    int low = a.low < b.low ? a.low : b.low;
    int x = shifted(s, a.digit, a.low - low), y = shifted(s, b.digit, b.low - low);
    if (subtract) {
        y = low_bits(s, y, s->bits);
        y = program_add_op(p, OP_NOT, &y, 1, 0);
    }
    int carry = program_add_state(p, subtract ? s->one : s->zero, 0, 1);
    int sum = program_add_op(p, OP_ADC, (int[]){carry, x, y}, 3, 0);
    int over = program_add_op(p, OP_SHIFT, &sum, 1, -s->bits);
    program_add_update(p, carry, low_bits(s, over, 1));
    return (struct stream){low_bits(s, sum, s->bits), low};
}

/* ---- inputs ---- */

/* Digits of the inputs, sign-extended by the state that shifts them down. */
static void take_row(struct serial *s, int row)
{
    struct program *p = program_of(s);
    int x = s->layer->operands[row], width = op_of(s, x)->format.width_bits;
    struct format format = op_of(s, x)->format;
    int64_t span = (int64_t)1 << (format.is_signed ? width - 1 : width);
    int state = program_add_state(p, x, format.is_signed ? -span : 0, span - 1);
    s->states[row] = state;
    s->rows[row] = (struct stream){low_bits(s, program_add_op(p, OP_SHIFT, &state, 1,
                                                              op_fraction(op_of(s, x))),
                                            s->bits),
                                   -op_fraction(op_of(s, x)) - s->layer->matrix->fraction_bits};
}

/* floor(x / 2^d), the sign kept. */
static void shift_row(struct serial *s, int row)
{
    struct program *p = program_of(s);
    int state = s->states[row];
    const struct op *x = op_of(s, state);
    struct format format = format_of_interval(x->lo >> s->bits, x->hi >> s->bits, op_fraction(x));
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    int shifted_down = program_add_op(p, OP_SHIFT, &state, 1, -s->bits);
    program_add_update(p, state, program_add_quantize(p, shifted_down, format));
}

/* ---- the graph ---- */

/* The layer's adder graph; rows and columns of it are those that matter. */
struct layer_graph {
    struct adder_graph *graph;
    int *row_of, *column_of;
    int columns;
};

static int row_low(const struct serial *s, int row)
{
    return -op_fraction(op_of(s, s->layer->operands[row])) - s->layer->matrix->fraction_bits;
}

static struct layer_graph solve(struct serial *s)
{
    struct rewrite *w = &s->r->rewrite;
    const struct reuse_layer *layer = s->layer;
    struct adder_problem problem = {0};
    size_t rows = (size_t)layer->rows, columns = (size_t)layer->columns;
    struct adder_input *inputs = arena_alloc(&w->arena, rows, sizeof *inputs);
    int64_t *weights = arena_alloc(&w->arena, rows * columns, sizeof *weights);
    struct layer_graph g = {.row_of = arena_alloc(&w->arena, rows, sizeof(int)),
                            .column_of = arena_alloc(&w->arena, columns, sizeof(int))};
    for (int j = 0; j < layer->columns; j++)
        if (layer->results[j] >= 0) g.column_of[g.columns++] = j;
    problem.columns = g.columns;
    for (int i = 0; i < layer->rows; i++) {
        if (!layer->is_used[i]) continue;
        const struct op *x = op_of(s, layer->operands[i]);
        inputs[problem.rows] = (struct adder_input){x->lo, x->hi, row_low(s, i)};
        for (int j = 0; j < g.columns; j++)
            weights[(size_t)problem.rows * (size_t)g.columns + (size_t)j] =
                layer_weight(layer, i, g.column_of[j]);
        g.row_of[problem.rows++] = i;
    }
    problem.inputs = inputs;
    problem.weights = weights;
    if (!adder_problem_fits(&problem))
        fail("%s: weights or operands of too different sizes for sums of 58 bits; quantize coarser",
             layer->name);
    struct adder_options options;
    adder_options_init(&options);
    options.is_serial = true;
    options.effort = 16;
    g.graph = adder_solve(&problem, &options);
    return g;
}

/* Bits of a column's stream, from its lowest bit to the sign. */
static int column_bits(const struct serial *s, const struct layer_graph *g, int column)
{
    const struct adder_output *out = &g->graph->outputs[column];
    int j = g->column_of[column], top;
    const struct op *result = &s->r->rewrite.old->ops[s->layer->results[j]];
    int low = -s->layer->bias[j].fraction_bits;
    if (!s->layer->bias[j].integer) low = -op_fraction(result);
    if (out->node >= 0) {
        int of_node = g->graph->unit + g->graph->nodes[out->node].low + out->shift;
        if (of_node < low) low = of_node;
    }
    top = format_of_interval(result->lo, result->hi, 0).width_bits - op_fraction(result);
    return top > low ? top - low : 1;
}

static void choose_width(struct serial *s, const struct layer_graph *g, int cycles)
{
    int widest = 1;
    for (int column = 0; column < g->columns; column++) {
        int bits = column_bits(s, g, column);
        if (bits > widest) widest = bits;
    }
    s->bits = (widest + cycles - 1) / cycles;
    s->cycles = (widest + s->bits - 1) / s->bits;
}

/* Streams of all nodes. */
static struct stream *make_streams(struct serial *s, const struct layer_graph *g)
{
    struct stream *streams = arena_alloc(&s->r->rewrite.arena, (size_t)g->graph->node_count + 1,
                                         sizeof *streams);
    for (int i = 0; i < g->graph->node_count; i++) {
        const struct adder_node *node = &g->graph->nodes[i];
        if (node->kind == ADDER_INPUT) {
            streams[i] = s->rows[g->row_of[node->a]];
            continue;
        }
        struct stream a = streams[node->a], b = streams[node->b];
        a.low += node->shift_a;
        b.low += node->shift_b;
        streams[i] = add(s, a, b, node->kind == ADDER_DIFFERENCE);
    }
    return streams;
}

/* The constant as a stream: a table of its digits. */
static struct stream constant_stream(struct serial *s, struct dyadic constant)
{
    struct arena arena = {0};
    int64_t *digits = arena_alloc(&arena, (size_t)s->cycles, sizeof *digits);
    for (int i = 0; i < s->cycles; i++) {
        int down = i * s->bits;
        digits[i] = (constant.integer >> (down > 63 ? 63 : down)) & (((int64_t)1 << s->bits) - 1);
    }
    if (s->index < 0) s->index = program_add_index(program_of(s));
    int table = program_add_table(program_of(s), s->index, "constant", digits,
                                  bits_format(s->bits, 0));
    arena_free(&arena);
    return (struct stream){low_bits(s, table, s->bits), -constant.fraction_bits};
}

/* A column: the graph's output, its sign, and the bias. */
static struct stream column_stream(struct serial *s, const struct layer_graph *g,
                                   const struct stream *streams, int column)
{
    const struct adder_output *out = &g->graph->outputs[column];
    struct dyadic bias = s->layer->bias[g->column_of[column]];
    struct stream sum = {-1, 0};
    if (out->node >= 0) {
        sum = streams[out->node];
        sum.low += out->shift;
    }
    if (!bias.integer && !out->negative) return sum;
    struct stream first = {s->zero, sum.low};
    if (bias.integer) first = constant_stream(s, bias);
    return sum.digit < 0 ? first : add(s, first, sum, out->negative);
}

/* All digits side by side, which the last iteration completes, as the result's integer. */
static int collect(struct serial *s, struct stream stream, const struct op *result)
{
    struct program *p = program_of(s);
    int width = s->bits * (s->cycles - 1), bits = stream.digit;
    if (width > 0) {
        int kept = program_add_state(p, s->zero, 0, (int64_t)(((uint64_t)1 << width) - 1));
        int next = bits;
        if (s->cycles > 2) {
            int rest = program_add_slice(p, kept, s->bits, bits_format(width - s->bits, 0));
            next = program_add_op(p, OP_CONCAT, (int[]){rest, bits}, 2, 0);
        }
        program_add_update(p, kept, next);
        bits = program_add_op(p, OP_CONCAT, (int[]){kept, bits}, 2, 0);
    }
    int below = -stream.low - op_fraction(result); /* zeros, finer than the result's grid */
    assert(below >= 0);
    struct format whole = format_of_interval(result->lo, result->hi, op_fraction(result));
    return program_add_slice(p, bits, below, whole);
}

void serial_emit(struct reuse *r, const struct reuse_layer *layer, int cycles, int *results)
{
    struct rewrite *w = &r->rewrite;
    size_t rows = (size_t)layer->rows;
    struct serial s = {.r = r, .layer = layer, .index = -1};
    s.rows = arena_alloc(&w->arena, rows, sizeof *s.rows);
    s.states = arena_alloc(&w->arena, rows, sizeof *s.states);
    struct layer_graph g = solve(&s);
    choose_width(&s, &g, cycles);
    reuse_begin_block(r, layer, "", s.cycles);
    s.zero = program_add_const(w->program, 0, 0);
    s.one = program_add_const(w->program, 1, 0);
    for (int i = 0; i < layer->rows; i++)
        if (layer->is_used[i]) take_row(&s, i);
    struct stream *streams = make_streams(&s, &g);
    for (int column = 0; column < g.columns; column++) {
        int j = g.column_of[column];
        const struct op *result = &w->old->ops[layer->results[j]];
        struct stream sum = column_stream(&s, &g, streams, column);
        results[j] = sum.digit < 0 ? program_add_const(w->program, result->lo, op_fraction(result))
                                   : collect(&s, sum, result);
    }
    for (int i = 0; i < layer->rows; i++)
        if (layer->is_used[i]) shift_row(&s, i);
    adder_graph_free(g.graph);
    free(s.delays);
}
