#include "compiler/reuse/macs.h"
#include "compiler/reuse/words.h"

#include "base/error.h"

#include <assert.h>

struct macs {
    struct reuse *r;
    const struct reuse_layer *layer;
    const struct reuse_tail *tail;
    struct mac_plan *plan;
    int memories[MAC_BANKS];
    int *entries;                    /* [rows] where a row stands in its bank's memory */
    struct mac_fields *fields;       /* [engines][units] */
    int *lasts, *biases, *places;    /* [engines] fields */
    int *captures;                   /* [engines] memories */
    bool adds_bias;                  /* in the loop: it has one column a cycle */
    bool picks;                      /* in step, from whole rows: without a memory */
    int *inputs;                     /* [units][MAC_PORTS] in step: what all engines get; -1 */
    int *pairs;                      /* [units] the same together */
    struct mac_multiples *multiples; /* [units] the same, where there are no multipliers */
    struct word_field *weights;      /* [engines][units] of loadable ones */
};

/* What a unit gets each cycle. */
struct mac_fields {
    int64_t *weights; /* [cycles] w1, where there is no multiplier left; else NULL */
    int weight, high; /* w1; of pairs what stands above its bits: w2, or w2 - 1 where w1 < 0 */
    int address[MAC_PORTS];
};

static struct program *program_of(const struct macs *m)
{
    return m->r->rewrite.program;
}

/* The stored integer as a number. */
static int integer_of(const struct macs *m, int value)
{
    struct program *p = program_of(m);
    int fraction = op_fraction(&p->ops[value]);
    return fraction ? program_add_op(p, OP_SHIFT, &value, 1, fraction) : value;
}

/* ---- inputs ---- */

/* The same, wrapped to the bits of the plan's inputs where other forms have left it wider. */
static int input_of(const struct macs *m, int value)
{
    struct program *p = program_of(m);
    struct format format = format_of_interval(m->plan->input_lo, m->plan->input_hi, 0);
    value = integer_of(m, value);
    if (p->ops[value].lo >= m->plan->input_lo && p->ops[value].hi <= m->plan->input_hi)
        return value;
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return program_add_quantize(p, value, format);
}

/* Whole values one after the other into a memory. */
static void fill_memory(struct macs *m, int bank)
{
    struct reuse *r = m->r;
    struct program *p = program_of(m);
    int count = 0;
    int *all = arena_alloc(&r->rewrite.arena, (size_t)m->layer->rows + 1, sizeof *all);
    for (int i = 0; i < m->layer->rows; i++) {
        if (!m->layer->is_used[i] || m->plan->bank[i] != bank) continue;
        m->entries[i] = count;
        all[++count] = input_of(m, m->layer->operands[i]);
    }
    m->memories[bank] =
        program_add_memory(p, m->layer->name, count, m->plan->input_lo, m->plan->input_hi, 0, NULL);
    bool has_ram = r->options->target->ram_bits > 0;
    p->memories[m->memories[bank]].kind = has_ram ? MEMORY_BLOCK : MEMORY_REGISTERS;
    reuse_begin_block(r, m->layer, ".fill", count);
    int value = all[1], place = program_add_const(p, 0, 0);
    if (count > 1) {
        place = all[0] = reuse_index(r);
        value = program_add_op(p, OP_PICK, all, count + 1, 0);
    }
    program_add_store(p, m->memories[bank], place, value, program_add_const(p, 1, 0));
}

/* Where all rows stand. */
static void find_inputs(struct macs *m)
{
    m->entries = arena_alloc(&m->r->rewrite.arena, (size_t)m->layer->rows, sizeof *m->entries);
    for (int bank = 0; bank < m->plan->banks; bank++) {
        m->memories[bank] = -1;
        bool is_whole = false;
        for (int i = 0; i < m->layer->rows; i++) {
            if (!m->layer->is_used[i] || m->plan->bank[i] != bank) continue;
            struct reuse_place place = m->r->places[layer_operand(m->r, m->layer, i)];
            assert(m->memories[bank] < 0 || m->memories[bank] == place.memory);
            m->memories[bank] = place.memory;
            m->entries[i] = place.entry;
            is_whole = place.memory < 0;
        }
        m->picks = is_whole && m->plan->in_step;
        if (is_whole && !m->picks) fill_memory(m, bank);
    }
}

/* ---- constants of each cycle ---- */

static int row_of(const struct macs *m, int engine, int cycle, int unit, int port)
{
    return mac_slot(m->plan, engine, cycle, unit)->rows[port];
}

/* The column that an engine is at; -1: none. */
static int column_of(const struct macs *m, int engine, int cycle, int *number, bool *is_last)
{
    for (int k = 0; k < m->plan->counts[engine]; k++) {
        const struct mac_column *c = &m->plan->columns[engine * m->plan->most_columns + k];
        if (cycle < c->first || cycle >= c->first + c->cycles) continue;
        *number = k;
        *is_last = cycle == c->first + c->cycles - 1;
        return c->column;
    }
    *number = 0;
    *is_last = false;
    return -1;
}

static int64_t *integers(const struct macs *m)
{
    return arena_alloc(&m->r->rewrite.arena, (size_t)m->plan->cycles, sizeof(int64_t));
}

/* The unit's weights are loaded. */
static void note_weights(struct macs *m, int engine, int unit, const int64_t *weights)
{
    const struct mac_plan *plan = m->plan;
    struct load_cell *cells =
        arena_alloc(&m->r->rewrite.arena, (size_t)plan->cycles, sizeof *cells);
    for (int t = 0; t < plan->cycles; t++) {
        int number, row = row_of(m, engine, t, unit, 0);
        bool is_last;
        cells[t] = (struct load_cell){LOAD_BIAS, -1, 0};
        if (row >= 0)
            cells[t] = (struct load_cell){row, column_of(m, engine, t, &number, &is_last),
                                          mac_shift(m->r, m->layer, plan, row)};
    }
    m->weights[engine * plan->units + unit] =
        (struct word_field){plan->weight_lo, plan->weight_hi, weights, cells};
}

static void load_weights(struct macs *m)
{
    int count = m->plan->engines * m->plan->units;
    int *values = arena_alloc(&m->r->rewrite.arena, (size_t)count, sizeof *values);
    const char *name = arena_printf(&m->r->rewrite.arena, "%s.weights", m->layer->name);
    words_add(m->r, m->layer, name, m->weights, count, 0, values);
    for (int i = 0; i < count; i++)
        m->fields[i].weight = values[i];
}

/* Of a cycle without a row the address stays, so that nothing switches. */
static void add_unit(struct macs *m, int engine, int unit)
{
    struct mac_fields *f = &m->fields[engine * m->plan->units + unit];
    int64_t *weight = integers(m), *high = integers(m), *address[MAC_PORTS];
    for (int port = 0; port < m->plan->ports; port++)
        address[port] = integers(m);
    for (int t = 0; t < m->plan->cycles; t++) {
        int number;
        bool is_last;
        int column = column_of(m, engine, t, &number, &is_last);
        int64_t w[MAC_PORTS] = {0, 0};
        for (int port = 0; port < m->plan->ports; port++) {
            int row = row_of(m, engine, t, unit, port);
            address[port][t] = row >= 0 ? m->entries[row] : t ? address[port][t - 1] : 0;
            if (row >= 0 && column >= 0) w[port] = mac_weight(m->r, m->layer, m->plan, row, column);
        }
        weight[t] = w[0];
        high[t] = w[1] - (w[0] < 0);
    }
    bool has_multiplier = m->r->options->target->dsp_a_bits && m->r->multipliers_left > 0;
    if (m->weights)
        note_weights(m, engine, unit, weight);
    else if (has_multiplier || m->plan->ports == 2)
        f->weight = reuse_constant(m->r, "weight", weight, 0);
    else
        f->weights = weight;
    m->r->multipliers_left -= f->weights == NULL;
    if (m->plan->ports == 2) f->high = reuse_constant(m->r, "weight", high, 0);
    for (int port = 0; port < m->plan->ports && !m->picks; port++)
        f->address[port] = reuse_constant(m->r, "address", address[port], 0);
}

static void add_engine(struct macs *m, int engine)
{
    int64_t *last = integers(m), *place = integers(m), *bias = integers(m);
    int fraction = m->plan->weight_fraction + m->plan->input_fraction;
    for (int t = 0; t < m->plan->cycles; t++) {
        int number;
        bool is_last;
        int column = column_of(m, engine, t, &number, &is_last);
        last[t] = is_last;
        place[t] = number;
        if (column >= 0 && m->adds_bias) dyadic_on_grid(m->layer->bias[column], fraction, &bias[t]);
    }
    m->lasts[engine] = reuse_constant(m->r, "last", last, 0);
    m->places[engine] = reuse_constant(m->r, "place", place, 0);
    m->biases[engine] = reuse_constant(m->r, "bias", bias, 0);
    for (int u = 0; u < m->plan->units; u++)
        add_unit(m, engine, u);
}

/* ---- products ---- */

/* The whole row whose turn it is on a unit of all engines. */
static int pick_input(struct macs *m, int unit, int port)
{
    struct program *p = program_of(m);
    struct arena *arena = &m->r->rewrite.arena;
    int *all = arena_alloc(arena, (size_t)m->layer->rows + 1, sizeof *all), count = 0;
    int *place = arena_alloc(arena, (size_t)m->layer->rows, sizeof *place);
    int64_t *chosen = integers(m);
    for (int t = 0; t < m->plan->cycles; t++) {
        int row = row_of(m, 0, t, unit, port);
        if (row >= 0 && !place[row]) {
            all[++count] = input_of(m, m->layer->operands[row]);
            place[row] = count;
        }
        chosen[t] = row >= 0 ? place[row] - 1 : t ? chosen[t - 1] : 0;
    }
    if (count == 0) return program_add_const(p, 0, 0);
    if (count == 1) return all[1];
    all[0] = reuse_constant(m->r, "address", chosen, 0);
    return integer_of(m, program_add_op(p, OP_PICK, all, count + 1, 0));
}

static int read_input(struct macs *m, const struct mac_fields *f, int unit, int port)
{
    int bank = 0;
    if (m->picks) return pick_input(m, unit, port);
    if (m->plan->banks > 1) bank = m->plan->ports == 1 ? unit % m->plan->banks : port;
    if (m->memories[bank] < 0) return program_add_const(program_of(m), 0, 0); /* no row is there */
    int address = f->address[port];
    return integer_of(m, program_add_load(program_of(m), m->memories[bank], address));
}

static int load_input(struct macs *m, const struct mac_fields *f, int unit, int port)
{
    int *shared = &m->inputs[unit * MAC_PORTS + port];
    if (!m->plan->in_step) return read_input(m, f, unit, port);
    if (*shared < 0) *shared = read_input(m, f, unit, port);
    return *shared;
}

/* floor(value / 2^shift), wrapped: bits from `shift` on, with sign bits above the value's own. */
static int wrapped(const struct macs *m, int value, int shift, struct format format)
{
    struct program *p = program_of(m);
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    if (shift) value = program_add_op(p, OP_SHIFT, &value, 1, -shift);
    return program_add_quantize(p, value, format);
}

/* w1 + w2 * 2^shift: w1, its sign in the bits between, what stands above. */
static int pair_weights(struct macs *m, const struct mac_fields *f)
{
    struct program *p = program_of(m);
    int low = f->weight, high = f->high;
    struct format low_format = p->ops[low].format, high_format = p->ops[high].format;
    int width = low_format.width_bits, shift = m->plan->shift, count = 0;
    int *parts = arena_alloc(&m->r->rewrite.arena, (size_t)shift + 2, sizeof *parts);
    parts[count++] = program_add_slice(p, low, 0, bits_format(width, false));
    int sign = low_format.is_signed ? program_add_slice(p, low, width - 1, bits_format(1, false))
                                    : program_add_const(p, 0, 0);
    for (int i = width; i < shift; i++)
        parts[count++] = sign;
    parts[count++] = program_add_slice(p, high, 0, bits_format(high_format.width_bits, false));
    int all = program_add_op(p, OP_CONCAT, parts, count, 0);
    return wrapped(m, all, 0, bits_format(shift + high_format.width_bits, high_format.is_signed));
}

/* x2 + x1 * 2^shift */
static int pair_inputs(struct macs *m, int first, int second)
{
    struct program *p = program_of(m);
    int shift = m->plan->shift, width = p->ops[second].format.width_bits;
    if (p->ops[first].format.is_signed || p->ops[second].format.is_signed)
        return program_add2(p, OP_ADD, second, first, shift);
    int parts[3] = {second, program_add_const(p, 0, 0), first}, count = 1;
    int *all = arena_alloc(&m->r->rewrite.arena, (size_t)shift + 2, sizeof *all);
    all[0] = second;
    for (int i = width; i < shift; i++)
        all[count++] = parts[1];
    all[count++] = first;
    return program_add_op(p, OP_CONCAT, all, count, 0);
}

static struct mac_term add_product(struct macs *m, int engine, int unit)
{
    struct program *p = program_of(m);
    const struct mac_fields *f = &m->fields[engine * m->plan->units + unit];
    int shift = m->plan->shift, first = load_input(m, f, unit, 0);
    if (f->weights) {
        struct mac_multiples *multiples = &m->multiples[unit];
        if (!multiples->twice || !m->plan->in_step) *multiples = mac_multiples(p, first);
        return mac_multiply(m->r, f->weights, m->plan->cycles, multiples);
    }
    if (m->plan->ports == 1)
        return (struct mac_term){program_add2(p, OP_MUL, f->weight, first, 0), -1};
    int second = load_input(m, f, unit, 1), inputs = m->pairs[unit];
    if (inputs < 0 || !m->plan->in_step) m->pairs[unit] = inputs = pair_inputs(m, first, second);
    int product = program_add2(p, OP_MUL, pair_weights(m, f), inputs, 0);
    /* The low part is negative where its sign, the bit below, is set: then 1 is missing above. */
    return (struct mac_term){wrapped(m, product, shift, bits_format(shift, true)),
                             wrapped(m, product, shift - 1, bits_format(1, false))};
}

static struct mac_term add_terms(struct macs *m, struct mac_term a, struct mac_term b)
{
    struct program *p = program_of(m);
    if (a.carry < 0)
        return (struct mac_term){program_add2(p, OP_ADD, a.value, b.value, 0), b.carry};
    int operands[3] = {a.carry, a.value, b.value};
    return (struct mac_term){program_add_op(p, OP_ADC, operands, 3, 0), b.carry};
}

/* All products of this cycle, as a tree. */
static struct mac_term add_products(struct macs *m, int engine)
{
    int count = m->plan->units;
    struct mac_term *terms = arena_alloc(&m->r->rewrite.arena, (size_t)count, sizeof *terms);
    for (int u = 0; u < count; u++)
        terms[u] = add_product(m, engine, u);
    for (; count > 1; count = (count + 1) / 2) {
        for (int i = 0; i < count / 2; i++)
            terms[i] = add_terms(m, terms[2 * i], terms[2 * i + 1]);
        if (count % 2) terms[count / 2] = terms[count - 1];
    }
    return terms[0];
}

/* ---- sums ---- */

/* Whether biases are whole multiples of the products' steps. */
static bool has_coarse_biases(const struct macs *m)
{
    int fraction = m->plan->weight_fraction + m->plan->input_fraction;
    for (int j = 0; j < m->layer->columns; j++)
        if (m->layer->bias[j].integer && m->layer->bias[j].fraction_bits > fraction) return false;
    return true;
}

/* The engine's sum, kept for the drain when a column is done. */
static void add_sum(struct macs *m, int engine)
{
    struct program *p = program_of(m);
    int bits = m->plan->sum_bits;
    struct format format = bits_format(bits, true);
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    int64_t half = (int64_t)1 << (bits - 1);
    struct mac_term term = add_products(m, engine);
    int zero = program_add_const(p, 0, 0), last = m->lasts[engine];
    struct mac_term other = {m->biases[engine], -1};
    if (m->plan->accumulates) other.value = program_add_state(p, zero, -half, half - 1);
    int sum = program_add_quantize(p, add_terms(m, term, other).value, format);
    if (m->plan->accumulates) {
        int next = program_add_op(p, OP_SELECT, (int[]){last, zero, sum}, 3, 0);
        program_add_update(p, other.value, next);
    }
    m->captures[engine] =
        program_add_memory(p, "sum", m->plan->counts[engine], -half, half - 1, 0, NULL);
    p->memories[m->captures[engine]].kind = MEMORY_REGISTERS;
    program_add_store(p, m->captures[engine], m->places[engine], sum, last);
}

/* ---- the drain ---- */

/* How many columns an engine has ended before a cycle. */
static int columns_before(const struct mac_plan *plan, int engine, int cycle)
{
    int count = 0;
    for (int k = 0; k < plan->counts[engine]; k++) {
        const struct mac_column *c = &plan->columns[engine * plan->most_columns + k];
        count += c->first + c->cycles - 1 < cycle;
    }
    return count;
}

/* The sum whose turn it is; in the cycles of other engines the one that is there. */
static int load_sum(struct macs *m, int engine, int pipeline)
{
    const struct mac_plan *plan = m->plan;
    int cycles = plan->drain.cycles, handed = 0;
    int64_t *place = arena_alloc(&m->r->rewrite.arena, (size_t)cycles, sizeof *place);
    for (int i = 0; i < cycles; i++) {
        bool is_chosen = plan->drain_engine[pipeline * cycles + i] == engine;
        place[i] = is_chosen ? handed++ : columns_before(plan, engine, plan->drain_start + i) - 1;
    }
    int address = reuse_constant(m->r, "place", place, 0);
    return program_add_load(program_of(m), m->captures[engine], address);
}

static int pick_sum(struct macs *m, int pipeline)
{
    struct program *p = program_of(m);
    const struct mac_plan *plan = m->plan;
    int cycles = plan->drain.cycles, count = 0;
    int64_t *chosen = arena_alloc(&m->r->rewrite.arena, (size_t)cycles, sizeof *chosen);
    int *all = arena_alloc(&m->r->rewrite.arena, (size_t)plan->engines + 1, sizeof *all);
    for (int e = pipeline; e < plan->engines; e += plan->drain.pipelines)
        all[++count] = load_sum(m, e, pipeline);
    if (count == 1) return all[1];
    for (int i = 0; i < cycles; i++) {
        int e = plan->drain_engine[pipeline * cycles + i];
        chosen[i] = e < 0 ? 0 : (e - pipeline) / plan->drain.pipelines;
    }
    all[0] = reuse_constant(m->r, "control", chosen, 0);
    return program_add_op(p, OP_PICK, all, count + 1, 0);
}

/* The loaded bias of the column whose turn it is. */
static int load_bias(struct macs *m, int pipeline)
{
    const struct matrix *matrix = m->layer->matrix;
    const int *columns = drain_columns(&m->plan->drain, pipeline);
    int cycles = m->plan->drain.cycles, value;
    struct arena *arena = &m->r->rewrite.arena;
    int64_t *integers_ = arena_alloc(arena, (size_t)cycles, sizeof *integers_);
    struct load_cell *cells = arena_alloc(arena, (size_t)cycles, sizeof *cells);
    for (int i = 0; i < cycles; i++) {
        cells[i] = (struct load_cell){LOAD_BIAS, columns[i], 0};
        if (columns[i] >= 0) integers_[i] = matrix->bias[columns[i]];
    }
    struct word_field field = {matrix->bias_lo, matrix->bias_hi, integers_, cells};
    words_add(m->r, m->layer, arena_printf(arena, "%s.bias", m->layer->name), &field, 1,
              matrix->bias_fraction_bits, &value);
    return value;
}

static void add_drain(struct macs *m)
{
    struct program *p = program_of(m);
    int fraction = m->plan->weight_fraction + m->plan->input_fraction;
    drain_begin(m->r, m->layer, &m->plan->drain);
    for (int q = 0; q < m->plan->drain.pipelines; q++) {
        int sum = pick_sum(m, q);
        if (fraction) sum = program_add_op(p, OP_SHIFT, &sum, 1, -fraction);
        bool is_loaded = m->layer->matrix->is_loadable;
        if (is_loaded && m->layer->matrix->bias)
            sum = program_add2(p, OP_ADD, sum, load_bias(m, q), 0);
        drain_add(m->r, m->layer, m->tail, &m->plan->drain, q, sum,
                  m->adds_bias || is_loaded ? NULL : m->layer->bias);
    }
    drain_end(m->r, m->layer, m->tail);
}

void mac_emit(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail,
              struct mac_plan *plan)
{
    struct arena *arena = &r->rewrite.arena;
    size_t engines = (size_t)plan->engines;
    struct macs m = {.r = r, .layer = layer, .tail = tail, .plan = plan};
    m.fields = arena_alloc(arena, engines * (size_t)plan->units, sizeof *m.fields);
    m.lasts = arena_alloc(arena, engines, sizeof *m.lasts);
    m.biases = arena_alloc(arena, engines, sizeof *m.biases);
    m.places = arena_alloc(arena, engines, sizeof *m.places);
    m.captures = arena_alloc(arena, engines, sizeof *m.captures);
    m.inputs = arena_alloc(arena, (size_t)plan->units * MAC_PORTS, sizeof *m.inputs);
    m.multiples = arena_alloc(arena, (size_t)plan->units, sizeof *m.multiples);
    m.pairs = arena_alloc(arena, (size_t)plan->units, sizeof *m.pairs);
    for (int u = 0; u < plan->units; u++)
        m.pairs[u] = m.inputs[u * MAC_PORTS] = m.inputs[u * MAC_PORTS + 1] = -1;
    bool is_loadable = layer->matrix->is_loadable;
    if (is_loadable)
        m.weights = arena_alloc(arena, engines * (size_t)plan->units, sizeof *m.weights);
    m.adds_bias = !plan->accumulates && !is_loadable && has_coarse_biases(&m);
    find_inputs(&m);
    reuse_begin_block(r, layer, "", plan->cycles);
    for (int e = 0; e < plan->engines; e++)
        add_engine(&m, e);
    if (is_loadable) load_weights(&m);
    for (int e = 0; e < plan->engines; e++)
        add_sum(&m, e);
    add_drain(&m);
}
