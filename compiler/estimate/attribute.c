/* Attribution of costs to blocks, neurons and weights: sets of readers and of arguments per block.
 */
#include "compiler/estimate/attribute.h"

#include "compiler/estimate/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A set per operation of one block, as rows of bits. */
struct sets {
    int words;
    uint64_t *bits;
};

/* One block's work, in an arena of its own. */
struct sharing {
    struct attribution *to;
    const struct program *program;
    const struct block *block;
    struct arena arena;
    int block_number, first_neuron, neurons;
    int arguments;     /* number 0 is the constants */
    int *argument_of;  /* [op_count] number, or 0 */
    int *arguments_at; /* [arguments] op */
    struct sets readers, terms;
    int64_t *shares; /* [arguments][neurons] */
    int *saved;      /* [arguments][neurons] */
    const int *sources;
};

static uint64_t *row(const struct sets *sets, int i)
{
    return sets->bits + (size_t)i * (size_t)sets->words;
}

static void set_bit(uint64_t *bits, int i)
{
    bits[i / 64] |= (uint64_t)1 << i % 64;
}

/* Whether there was something to add. */
static bool join(const struct sets *sets, int into, int from)
{
    uint64_t *a = row(sets, into), *b = row(sets, from), fresh = 0;
    for (int w = 0; w < sets->words; w++) {
        fresh |= b[w] & ~a[w];
        a[w] |= b[w];
    }
    return fresh != 0;
}

/* Members in ascending order, written to list[]; returns their number. */
static int members(const struct sets *sets, int i, int *list)
{
    int count = 0;
    for (int w = 0; w < sets->words; w++)
        for (int b = 0; b < 64; b++)
            if (row(sets, i)[w] >> b & 1) list[count++] = w * 64 + b;
    return count;
}

static struct sets sets_new(struct arena *arena, int rows, int size)
{
    struct sets sets = {.words = (size + 63) / 64};
    sets.bits = arena_alloc(arena, (size_t)rows * (size_t)sets.words + 1, sizeof *sets.bits);
    return sets;
}

static int64_t part(int64_t units, int sharers, int k)
{
    return units / sharers + (k < units % sharers);
}

static void add_cost(struct cost *sum, const struct cost *cost)
{
    for (int k = 0; k < COST_KINDS; k++)
        sum->units[k] += cost->units[k];
}

static bool is_inside(const struct block *block, int value)
{
    return value >= block->first && value < block->end;
}

/* ---- what each operation costs, and who is needed ---- */

static struct cost *op_costs(struct arena *arena, const struct program *p, const struct target *t)
{
    size_t count = (size_t)p->op_count + 1;
    struct cost *costs = arena_alloc(arena, count, sizeof *costs);
    long *registers = arena_alloc(arena, count, sizeof *registers);
    double *packed = arena_alloc(arena, count, sizeof *packed);
    program_register_bits(p, registers);
    estimate_packed_bits(p, t, packed);
    for (int i = 0; i < p->op_count; i++) {
        double luts = op_lut4(p, i, t);
        double ff =
            t->ff_of_values * (double)registers[i] + t->ff_of_memories * op_memory_bits(p, i);
        double cells =
            estimate_cells(luts, ff, packed[i], t->ff_of_states * op_state_bits(p, i), t);
        costs[i].units[COST_ADDER_BITS] = (int64_t)op_adder_bits(p, i) * ATTRIBUTE_UNITS;
        costs[i].units[COST_REGISTER_BITS] = (int64_t)registers[i] * ATTRIBUTE_UNITS;
        costs[i].units[COST_LUT4] = llround(luts * ATTRIBUTE_UNITS);
        costs[i].units[COST_CELLS] = llround(cells * ATTRIBUTE_UNITS);
    }
    return costs;
}

/* Where a value has what it depends on beside its operands: a state of the update, a load of the
 * memory's store; -1: nowhere. */
static int *find_sources(struct arena *arena, const struct program *p)
{
    int *sources = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *sources);
    int *stores = arena_alloc(arena, (size_t)p->memory_count + 1, sizeof *stores);
    for (int m = 0; m < p->memory_count; m++)
        stores[m] = -1;
    for (int v = 0; v < p->op_count; v++) {
        sources[v] = -1;
        if (p->ops[v].code == OP_UPDATE) sources[p->operands[p->ops[v].operands]] = v;
        if (p->ops[v].code == OP_STORE) stores[p->ops[v].immediate] = v;
    }
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_LOAD) sources[v] = stores[p->ops[v].immediate];
    return sources;
}

/* Operand k of a value; behind the last what find_sources() gave. -1: no more. */
static int dependency(const struct program *p, const int *sources, int value, int k)
{
    const struct op *op = &p->ops[value];
    return k < op->operand_count    ? p->operands[op->operands + k]
           : k == op->operand_count ? sources[value]
                                    : -1;
}

/* Whether the value leaves its block to be of use. */
static bool *find_leaving(struct arena *arena, const struct program *p, const int *sources)
{
    size_t count = (size_t)p->op_count + 1;
    bool *leaves = arena_alloc(arena, count, sizeof *leaves);
    bool *live = arena_alloc(arena, count, sizeof *live);
    program_find_live(p, true, live);
    for (int i = 0; i < p->output_count; i++)
        leaves[p->outputs[i].value] = true;
    for (int b = 0; b < p->block_count; b++)
        for (int v = p->blocks[b].first; v < p->blocks[b].end; v++)
            for (int k = 0, a; live[v] && (a = dependency(p, sources, v, k)) >= 0; k++)
                if (!is_inside(&p->blocks[b], a) && p->ops[a].code != OP_CONST) leaves[a] = true;
    return leaves;
}

/* ---- one block ---- */

/* Which neurons read each operation: backwards, and again while a loop's iterations read what later
 * operations of those before them gave. */
static void find_readers(struct sharing *s)
{
    int first = s->block->first;
    s->readers = sets_new(&s->arena, s->block->end - first, s->neurons);
    for (int n = 0; n < s->neurons; n++)
        set_bit(row(&s->readers, s->to->neurons[s->first_neuron + n].value - first), n);
    for (bool grew = true; grew;) {
        grew = false;
        for (int v = s->block->end - 1; v >= first; v--)
            for (int k = 0, a; (a = dependency(s->program, s->sources, v, k)) >= 0; k++)
                if (is_inside(s->block, a))
                    grew |= join(&s->readers, a - first, v - first) && a > v;
    }
}

static void add_argument(struct sharing *s, int value)
{
    if (s->program->ops[value].code == OP_CONST || s->argument_of[value]) return;
    s->argument_of[value] = s->arguments;
    s->arguments_at[s->arguments++] = value;
}

static void find_arguments(struct sharing *s)
{
    const struct program *p = s->program;
    s->arguments = 1;
    s->argument_of = arena_alloc(&s->arena, (size_t)p->op_count + 1, sizeof(int));
    s->arguments_at = arena_alloc(&s->arena, (size_t)p->op_count + 1, sizeof(int));
    s->arguments_at[0] = -1;
    for (int v = s->block->first; v < s->block->end; v++) {
        if (p->ops[v].code == OP_INPUT) add_argument(s, v);
        for (int k = 0, a; (a = dependency(p, s->sources, v, k)) >= 0; k++)
            if (!is_inside(s->block, a)) add_argument(s, a);
    }
}

/* Which arguments each operation depends on: forwards, again as long as a loop carries more back.
 * Numbers of iterations and the words of memories that nothing writes count as constants. */
static void find_terms(struct sharing *s)
{
    int first = s->block->first;
    find_arguments(s);
    s->terms = sets_new(&s->arena, s->block->end - first, s->arguments);
    for (bool grew = true; grew;) {
        grew = false;
        for (int v = first; v < s->block->end; v++) {
            const struct op *op = &s->program->ops[v];
            if (op->operand_count == 0 || (op->code == OP_LOAD && s->sources[v] < 0))
                set_bit(row(&s->terms, v - first), s->argument_of[v]);
            for (int k = 0, a; (a = dependency(s->program, s->sources, v, k)) >= 0; k++) {
                if (!is_inside(s->block, a))
                    set_bit(row(&s->terms, v - first), s->argument_of[a]);
                else
                    grew |= join(&s->terms, v - first, a - first) && a > v;
            }
        }
    }
}

/* The argument that an operand depends on alone; -1: several. */
static int only_term(const struct sharing *s, int value, int *list)
{
    if (!is_inside(s->block, value)) return s->argument_of[value];
    return members(&s->terms, value - s->block->first, list) == 1 ? list[0] : -1;
}

/* Adders of one neuron alone that become wires without one of their arguments. */
static void add_saved(struct sharing *s, int value, int neuron, int *list)
{
    const struct op *op = &s->program->ops[value];
    int before = -1;
    for (int k = 0; k < op->operand_count; k++) {
        int term = only_term(s, s->program->operands[op->operands + k], list);
        if (term < 0 || term == before) continue;
        s->saved[(size_t)term * (size_t)s->neurons + (size_t)neuron] +=
            op_adder_bits(s->program, value);
        before = term;
    }
}

static void share_op(struct sharing *s, int value, const struct cost *cost, int *readers,
                     int *terms)
{
    struct attribution *to = s->to;
    int local = value - s->block->first;
    int sharers = members(&s->readers, local, readers);
    int parts = members(&s->terms, local, terms);
    int64_t adder_units = cost->units[COST_ADDER_BITS];
    if (sharers == 0) { /* nobody's */
        add_cost(&to->unused, cost);
        return;
    }
    to->sharers[value] = sharers;
    if (to->neuron_of[value] < 0) to->neuron_of[value] = s->first_neuron + readers[0];
    add_cost(&to->blocks[s->block_number], cost);
    for (int k = 0; k < sharers; k++) {
        struct neuron_cost *neuron = &to->neurons[s->first_neuron + readers[k]];
        for (int c = 0; c < COST_KINDS; c++)
            neuron->cost.units[c] += part(cost->units[c], sharers, k);
        if (!adder_units) continue;
        int64_t share = part(adder_units, sharers, k);
        for (int t = 0; t < parts; t++)
            s->shares[(size_t)terms[t] * (size_t)s->neurons + (size_t)readers[k]] +=
                part(share, parts, t);
    }
    if (!adder_units || sharers > 1) return;
    to->neurons[s->first_neuron + readers[0]].own_adder_bits += adder_units;
    add_saved(s, value, readers[0], terms);
}

static void keep_weights(struct sharing *s, size_t *capacity)
{
    struct attribution *to = s->to;
    for (int n = 0; n < s->neurons; n++)
        for (int a = 0; a < s->arguments; a++) {
            size_t at = (size_t)a * (size_t)s->neurons + (size_t)n;
            if (!s->shares[at]) continue;
            to->weights = array_grow(to->weights, capacity, (size_t)to->weight_count + 1,
                                     sizeof *to->weights);
            to->weights[to->weight_count++] = (struct weight_cost){.neuron = s->first_neuron + n,
                                                                   .argument = s->arguments_at[a],
                                                                   .share = s->shares[at],
                                                                   .saved = s->saved[at]};
        }
}

static void share_block(struct sharing *s, const struct cost *costs, size_t *capacity)
{
    find_readers(s);
    find_terms(s);
    size_t pairs = (size_t)s->arguments * (size_t)s->neurons + 1;
    s->shares = arena_alloc(&s->arena, pairs, sizeof *s->shares);
    s->saved = arena_alloc(&s->arena, pairs, sizeof *s->saved);
    int *readers = arena_alloc(&s->arena, (size_t)s->neurons + 1, sizeof *readers);
    int *terms = arena_alloc(&s->arena, (size_t)s->arguments + 1, sizeof *terms);
    for (int n = 0; n < s->neurons; n++)
        s->to->neuron_of[s->to->neurons[s->first_neuron + n].value] = s->first_neuron + n;
    for (int v = s->block->first; v < s->block->end; v++)
        share_op(s, v, &costs[v], readers, terms);
    keep_weights(s, capacity);
}

struct attribution *attribute_costs(const struct program *p, const struct target *target)
{
    struct attribution *to = calloc(1, sizeof *to);
    if (!to) abort();
    struct arena scratch = {0};
    size_t count = (size_t)p->op_count + 1, capacity = 0;
    struct cost *costs = op_costs(&scratch, p, target);
    int *sources = find_sources(&scratch, p);
    bool *leaves = find_leaving(&scratch, p, sources);
    to->blocks = arena_alloc(&to->arena, (size_t)p->block_count + 1, sizeof *to->blocks);
    to->neurons = arena_alloc(&to->arena, count, sizeof *to->neurons);
    to->neuron_of = arena_alloc(&to->arena, count, sizeof *to->neuron_of);
    to->sharers = arena_alloc(&to->arena, count, sizeof *to->sharers);
    for (int v = 0; v < p->op_count; v++) {
        add_cost(&to->total, &costs[v]);
        to->neuron_of[v] = -1;
    }
    for (int b = 0; b < p->block_count; b++) {
        struct sharing s = {
            .to = to, .program = p, .block = &p->blocks[b], .block_number = b, .sources = sources};
        s.first_neuron = to->neuron_count;
        for (int v = s.block->first; v < s.block->end; v++)
            if (leaves[v])
                to->neurons[to->neuron_count++] = (struct neuron_cost){.block = b, .value = v};
        s.neurons = to->neuron_count - s.first_neuron;
        share_block(&s, costs, &capacity);
        arena_free(&s.arena);
    }
    struct estimate_guards guards = {0};
    if (p->protect) guards = estimate_find_guards(p, target);
    to->control.units[COST_LUT4] = llround(guards.luts * ATTRIBUTE_UNITS);
    to->control.units[COST_CELLS] =
        llround(estimate_cells(guards.luts, p->latency_cycles + guards.registers, 0, 0, target) *
                ATTRIBUTE_UNITS);
    add_cost(&to->total, &to->control);
    arena_free(&scratch);
    return to;
}

void attribution_free(struct attribution *attribution)
{
    if (!attribution) return;
    free(attribution->weights);
    arena_free(&attribution->arena);
    free(attribution);
}
