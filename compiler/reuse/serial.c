/* A layer digit-serially.
 *
 * An adder takes a digit of each operand and a carry, and gives a digit and the next carry, which a
 * register keeps: d bits of logic where the unrolled form has the whole width. Streams are two's
 * complement modulo 2^(d T), T the trip count, so operands are sign-extended by the registers that
 * hand them out, and a shift by k bits is a delay by k / d digits, with the rest of the bits taken
 * from two neighbouring digits. All carried registers fall back to their first value between
 * events, so the low digits of a delayed stream are zeros without any logic. (Hartley and Corbett,
 * "Digit-serial processing techniques" (1990); Parhi, "VLSI Digital Signal Processing Systems"
 * (1999), chapter 13.) */
#include "compiler/reuse/serial.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

/* ---- the plan ---- */

static int row_low(const struct reuse *r, const struct reuse_layer *layer, int row)
{
    const struct op *x = &r->rewrite.old->ops[layer_operand(r, layer, row)];
    return -op_fraction(x) - layer->matrix->fraction_bits;
}

/* False if sums would be too long. */
static bool solve(struct reuse *r, const struct reuse_layer *layer, struct serial_plan *plan)
{
    struct arena *arena = &r->rewrite.arena;
    struct adder_problem problem = {0};
    size_t rows = (size_t)layer->rows, columns = (size_t)layer->columns;
    struct adder_input *inputs = arena_alloc(arena, rows, sizeof *inputs);
    int64_t *weights = arena_alloc(arena, rows * columns, sizeof *weights);
    plan->row_of = arena_alloc(arena, rows, sizeof *plan->row_of);
    plan->column_of = arena_alloc(arena, columns, sizeof *plan->column_of);
    for (int j = 0; j < layer->columns; j++)
        if (layer->results[j] >= 0) plan->column_of[problem.columns++] = j;
    for (int i = 0; i < layer->rows; i++) {
        if (!layer->is_used[i]) continue;
        const struct op *x = &r->rewrite.old->ops[layer_operand(r, layer, i)];
        inputs[problem.rows] = (struct adder_input){x->lo, x->hi, row_low(r, layer, i)};
        for (int j = 0; j < problem.columns; j++)
            weights[(size_t)problem.rows * (size_t)problem.columns + (size_t)j] =
                layer_weight(layer, i, plan->column_of[j]);
        plan->row_of[problem.rows++] = i;
    }
    problem.inputs = inputs;
    problem.weights = weights;
    if (!adder_problem_fits(&problem)) return false;
    struct adder_options options;
    adder_options_init(&options);
    options.is_serial = true;
    options.extra_depth = ADDER_DEPTH_ANY;
    options.effort = 64;
    plan->graph = adder_solve(&problem, &options);
    return true;
}

/* Lowest bit and sign of a column's stream, bias included. */
static void measure_column(struct reuse *r, const struct reuse_layer *layer,
                           const struct serial_plan *plan, struct serial_column *column, int j)
{
    const struct adder_output *out = &plan->graph->outputs[j];
    const struct op *result = &r->rewrite.old->ops[layer->results[column->column]];
    column->low = -op_fraction(result);
    if (out->node >= 0)
        column->low = plan->graph->unit + plan->graph->nodes[out->node].low + out->shift;
    column->rest = layer->bias[column->column];
    column->top = format_of_interval(result->lo, result->hi, 0).width_bits - op_fraction(result);
    if (result->lo >= 0) column->top++; /* a sign all the same */
}

struct serial_plan *serial_plan(struct reuse *r, const struct reuse_layer *layer)
{
    struct arena *arena = &r->rewrite.arena;
    struct serial_plan *plan = arena_alloc(arena, 1, sizeof *plan);
    if (!solve(r, layer, plan)) return NULL;
    size_t columns = (size_t)plan->graph->columns;
    plan->columns = arena_alloc(arena, columns, sizeof *plan->columns);
    plan->constants =
        arena_alloc(arena, (size_t)plan->graph->node_count + 1, sizeof *plan->constants);
    for (int i = 0; i < plan->graph->node_count; i++)
        plan->sums += plan->graph->nodes[i].kind != ADDER_INPUT;
    plan->low = INT16_MAX;
    for (int j = 0; j < plan->graph->columns; j++) {
        struct serial_column *column = &plan->columns[j];
        column->column = plan->column_of[j];
        column->value = -1;
        measure_column(r, layer, plan, column, j);
        if (plan->graph->outputs[j].node < 0) continue;
        if (column->low < plan->low) plan->low = column->low;
        if (column->rest.integer && -column->rest.fraction_bits < plan->low)
            plan->low = -column->rest.fraction_bits;
    }
    for (int j = 0; j < plan->graph->columns; j++)
        if (plan->graph->outputs[j].node >= 0 &&
            plan->columns[j].top - plan->low > plan->bits_needed)
            plan->bits_needed = plan->columns[j].top - plan->low;
    return plan;
}

void serial_plan_free(struct serial_plan *plan)
{
    if (plan) adder_graph_free(plan->graph);
}

/* ---- inputs ---- */

/* Digits of an input that is there whole, sign-extended by the state that shifts them down. */
static struct stream take_row(struct serial *s, int row)
{
    struct program *p = serial_program(s);
    int x = s->layer->operands[row];
    struct format format = p->ops[x].format;
    int fraction = format_fraction_bits(format);
    int64_t span = (int64_t)1 << (format.width_bits - format.is_signed);
    int state = program_add_state(p, x, format.is_signed ? -span : 0, span - 1);
    struct format rest = format_of_interval((format.is_signed ? -span : 0) >> s->bits,
                                            (span - 1) >> s->bits, fraction);
    rest.rounding = ROUND_TRN;
    rest.overflow = OVERFLOW_WRAP;
    int integer = program_add_op(p, OP_SHIFT, &state, 1, fraction);
    int digit = serial_low_bits(s, integer, s->bits);
    int down = program_add_op(p, OP_SHIFT, &state, 1, -s->bits);
    program_add_update(p, state, program_add_quantize(p, down, rest));
    return (struct stream){digit, -fraction};
}

/* ---- sums ---- */

static struct stream add(struct serial *s, struct stream a, struct stream b, bool subtracts,
                         struct node_constants constants)
{
    struct program *p = serial_program(s);
    int low = a.low < b.low ? a.low : b.low;
    int x = serial_shift(s, a.digit, a.low - low, constants.fill_a);
    int y = serial_shift(s, b.digit, b.low - low, constants.fill_b);
    int carry = program_add_state(p, constants.sets_carry ? s->one : s->zero, 0, 1);
    int sum = program_add_op(p, subtracts ? OP_SBB : OP_ADC, (int[]){carry, x, y}, 3, 0);
    int over = program_add_op(p, OP_SHIFT, &sum, 1, -s->bits); /* 1, or -1 of a difference */
    program_add_update(p, carry, serial_low_bits(s, over, 1));
    return (struct stream){serial_low_bits(s, sum, s->bits), low};
}

/* Streams of all nodes. */
static struct stream *make_streams(struct serial *s, const struct serial_plan *plan)
{
    const struct adder_graph *graph = plan->graph;
    struct stream *streams =
        arena_alloc(&s->r->rewrite.arena, (size_t)graph->node_count + 1, sizeof *streams);
    for (int i = 0; i < graph->node_count; i++) {
        const struct adder_node *node = &graph->nodes[i];
        if (node->kind == ADDER_INPUT) {
            int row = plan->row_of[node->a], old = layer_operand(s->r, s->layer, row);
            streams[i] = s->r->streams[old] ? serial_read_window(s, old) : take_row(s, row);
            streams[i].low -= s->layer->matrix->fraction_bits;
            continue;
        }
        struct stream a = streams[node->a], b = streams[node->b];
        a.low += node->shift_a;
        b.low += node->shift_b;
        streams[i] = add(s, a, b, node->kind == ADDER_DIFFERENCE, plan->constants[i]);
    }
    return streams;
}

/* A constant as a stream from 2^low up: a table of its digits. */
static struct stream constant_stream(struct serial *s, struct dyadic constant, int low)
{
    struct arena *arena = &s->r->rewrite.arena;
    int64_t *digits = arena_alloc(arena, (size_t)s->cycles, sizeof *digits), integer;
    bool fits = dyadic_on_grid(constant, -low, &integer);
    assert(fits); /* the result's interval bounds it */
    (void)fits;
    for (int i = 0; i < s->cycles; i++) {
        int down = i * s->bits;
        digits[i] = (integer >> (down > 63 ? 63 : down)) & (((int64_t)1 << s->bits) - 1);
    }
    return (struct stream){serial_table(s, "constant", digits, s->bits), low};
}

/* The aligned stream of a column: the graph's output, what is left of the bias, its sign. */
static int column_digit(struct serial *s, const struct serial_plan *plan,
                        const struct stream *streams, int j)
{
    const struct adder_output *out = &plan->graph->outputs[j];
    const struct serial_column *column = &plan->columns[j];
    if (out->node < 0) return -1;
    struct stream sum = streams[out->node];
    sum.low += out->shift;
    if (column->rest.integer) {
        struct stream first = constant_stream(s, column->rest, plan->low);
        sum = add(s, first, sum, false, (struct node_constants){false, 0, 0});
    }
    int digit = serial_shift(s, sum.digit, sum.low - plan->low, column->fill);
    return out->negative ? program_add_op(serial_program(s), OP_NOT, &digit, 1, 0) : digit;
}

static void place_constants(struct serial *s, struct serial_plan *plan)
{
    int64_t *bias =
        arena_alloc(&s->r->rewrite.arena, (size_t)plan->graph->columns + 1, sizeof *bias);
    for (int j = 0; j < plan->graph->columns; j++) {
        struct serial_column *column = &plan->columns[j];
        bool fits = dyadic_on_grid(column->rest, -plan->low, &bias[j]);
        assert(fits); /* the grid is as fine as the biases */
        (void)fits;
        /* b - x = not (x - b - 1) */
        if (plan->graph->outputs[j].negative) bias[j] = -bias[j] - 1;
        column->rest = dyadic_make(bias[j], -plan->low);
    }
    serial_place_constants(s->r, plan, bias, s->bits * s->cycles);
}

/* ---- results ---- */

/* All digits side by side, which the last iteration completes, as the result's integer. */
static int collect(struct serial *s, const struct serial_plan *plan, int digit,
                   const struct op *result)
{
    struct program *p = serial_program(s);
    int width = s->bits * (s->cycles - 1), bits = digit;
    if (width > 0) {
        int kept = program_add_state(p, s->zero, 0, (int64_t)(((uint64_t)1 << width) - 1));
        int next = bits;
        if (s->cycles > 2) {
            struct format rest = format_make(false, width - s->bits, width - s->bits);
            next = program_add_slice(p, kept, s->bits, rest);
            next = program_add_op(p, OP_CONCAT, (int[]){next, bits}, 2, 0);
        }
        program_add_update(p, kept, next);
        bits = program_add_op(p, OP_CONCAT, (int[]){kept, bits}, 2, 0);
    }
    int below = -plan->low - op_fraction(result); /* finer than the result's grid: zeros */
    if (below < 0) {                              /* coarser */
        int *parts = arena_alloc(&s->r->rewrite.arena, (size_t)(1 - below), sizeof *parts);
        for (int i = 0; i < -below; i++)
            parts[i] = s->zero;
        parts[-below] = bits;
        bits = program_add_op(p, OP_CONCAT, parts, 1 - below, 0);
        below = 0;
    }
    struct format whole = format_of_interval(result->lo, result->hi, op_fraction(result));
    return program_add_slice(p, bits, below, whole);
}

void serial_emit(struct reuse *r, const struct reuse_layer *layer, struct serial_plan *plan,
                 int bits, int cycles, int *results)
{
    struct rewrite *w = &r->rewrite;
    struct serial s = {.r = r, .layer = layer, .bits = bits, .cycles = cycles, .index = -1};
    bool keeps_windows = false;
    reuse_begin_block(r, layer, "", cycles);
    s.zero = program_add_const(w->program, 0, 0);
    s.one = program_add_const(w->program, 1, 0);
    place_constants(&s, plan);
    struct stream *streams = make_streams(&s, plan);
    int *digits = arena_alloc(&w->arena, (size_t)plan->graph->columns + 1, sizeof *digits);
    for (int j = 0; j < plan->graph->columns; j++) {
        const struct serial_column *column = &plan->columns[j];
        const struct op *result = &w->old->ops[layer->results[column->column]];
        digits[j] = column_digit(&s, plan, streams, j);
        keeps_windows = keeps_windows || column->value >= 0;
        if (digits[j] < 0)
            results[column->column] =
                program_add_const(w->program, result->lo, op_fraction(result));
        else if (column->value < 0)
            results[column->column] = collect(&s, plan, digits[j], result);
    }
    if (keeps_windows) serial_keep_windows(&s, plan, digits);
    free(s.delays);
    free(s.tables);
}
