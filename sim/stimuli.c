/* Making events: see stimuli.h. */
#include "sim/stimuli.h"

#include "data/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const stimulus_names[STIMULUS_KINDS] = {"test", "random", "corner", "overflow"};

enum {
    MOST_LONE_INPUTS = 128, /* inputs that get corner events of their own */
    MOST_TARGETS = 512,     /* accumulators driven to their ends */
    FAR_EVENTS = 64
};
/* Operations that hill climbing may evaluate in all, about a second. */
static const double climbing_budget = 1e9;

struct maker {
    const struct program *program;
    struct random random;
    int n;
    double *made;
    size_t capacity;
    long count;
};

static double *new_row(struct maker *m)
{
    m->made =
        array_grow(m->made, &m->capacity, (size_t)(m->count + 1) * (size_t)m->n, sizeof *m->made);
    return m->made + m->count++ * m->n;
}

static const struct op *input_op(const struct maker *m, int i)
{
    return &m->program->ops[m->program->inputs[i].value];
}

static double raw_of(const struct maker *m, int i, int64_t integer)
{
    return program_raw_value(m->program, i, integer);
}

static int64_t random_integer(struct maker *m, int i)
{
    const struct op *op = input_op(m, i);
    return op->lo + (int64_t)random_below(&m->random, (uint64_t)(op->hi - op->lo) + 1);
}

static void add_random(struct maker *m, long events)
{
    for (long e = 0; e < events; e++) {
        double *row = new_row(m);
        int style = (int)(e % 4);
        for (int i = 0; i < m->n; i++) {
            const struct op *op = input_op(m, i);
            int64_t integer = random_integer(m, i);
            if (style == 2) integer /= 8; /* near zero */
            if (style == 3) {
                int64_t choice[4] = {op->lo, op->hi, 0, integer};
                integer = choice[random_below(&m->random, 4)];
            }
            if (integer < op->lo) integer = op->lo;
            row[i] = raw_of(m, i, integer);
        }
    }
}

/* One event: even elements at `even`, odd ones at `odd`, element `lone` (-1: none) at `own`; -1
 * least, 1 greatest. */
static void add_corner(struct maker *m, int even, int odd, int lone, int own)
{
    double *row = new_row(m);
    for (int i = 0; i < m->n; i++) {
        const struct op *op = input_op(m, i);
        int end = i == lone ? own : i % 2 ? odd : even;
        int64_t zero = op->lo > 0 ? op->lo : op->hi < 0 ? op->hi : 0;
        row[i] = raw_of(m, i, end < 0 ? op->lo : end > 0 ? op->hi : zero);
    }
}

static void add_corners(struct maker *m)
{
    for (int even = -1; even <= 1; even++)
        for (int odd = -1; odd <= 1; odd++)
            add_corner(m, even, odd, -1, 0);
    for (int i = 0; i < m->n && i < MOST_LONE_INPUTS; i++)
        for (int end = -1; end <= 1; end += 2) {
            add_corner(m, 0, 0, i, end);
            add_corner(m, -end, -end, i, end);
        }
}

/* Raw values beyond what the formats hold, from a step outside to absurd ones. */
static void add_far(struct maker *m)
{
    static const double factors[] = {1.001, 1.5, 2, 10, 1000, 1e9};
    for (int e = 0; e < FAR_EVENTS; e++) {
        double *row = new_row(m);
        double factor = factors[(size_t)e % (sizeof factors / sizeof *factors)];
        for (int i = 0; i < m->n; i++) {
            const struct op *op = input_op(m, i);
            double low = raw_of(m, i, op->lo), high = raw_of(m, i, op->hi),
                   middle = (low + high) / 2;
            double half = (high - low) / 2 * factor;
            uint64_t where = e < 12 ? (uint64_t)(e % 2) : random_below(&m->random, 3);
            row[i] = where == 0   ? middle + half
                     : where == 1 ? middle - half
                                  : raw_of(m, i, random_integer(m, i));
        }
    }
}

/* Spreads the influence that op v has on the target to v's operands: its derivative, roughly, in
 * real units. */
static void spread(const struct program *p, int v, double *influence)
{
    const struct op *op = &p->ops[v];
    const int *operands = p->operands + op->operands;
    double g = influence[v];
    switch (op->code) {
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB:
        operands += op_first_addend(op);
        influence[operands[0]] += g;
        influence[operands[1]] += (op_subtracts(op) ? -g : g) * ldexp(1, (int)op->immediate);
        break;
    case OP_NEG: influence[operands[0]] -= g; break;
    case OP_SHIFT: influence[operands[0]] += g * ldexp(1, (int)op->immediate); break;
    case OP_QUANTIZE: influence[operands[0]] += g; break;
    case OP_MAX:
    case OP_MIN:
        influence[operands[0]] += g;
        influence[operands[1]] += g;
        break;
    case OP_SELECT:
        influence[operands[1]] += g / 2;
        influence[operands[2]] += g / 2;
        break;
    case OP_MUL:
        for (int i = 0; i < 2; i++) {
            const struct op *other = &p->ops[operands[1 - i]];
            influence[operands[i]] +=
                g * (double)(other->lo + other->hi) * format_step(other->format);
        }
        break;
    case OP_RESULT: {
        const struct op *matvec = program_operand(p, op, 0);
        for (int i = 0; i < matvec->operand_count; i++) {
            int64_t weight;
            int x = p->operands[matvec->operands + i];
            if (!result_weight(p, op, op_fraction(op), i, &weight)) continue;
            influence[x] +=
                g * (double)weight * ldexp(1, op_fraction(&p->ops[x]) - op_fraction(op));
        }
        break;
    }
    case OP_TABLE: {
        const struct table *t = &p->tables[op->immediate];
        influence[operands[0]] += t->entries[t->count - 1] >= t->entries[0] ? g : -g;
        break;
    }
    default: break; /* comparisons and bit logic: no direction */
    }
}

/* The events that drive the targets: event 2 t + 1 drives target t up, event 2 t down. */
struct drive {
    struct program probe; /* the program with the targets as its outputs */
    int *targets, count;
    int64_t *inputs, *best;
};

/* By the signs of the weights alone. */
static void start_drive(struct maker *m, struct drive *d)
{
    const struct program *p = m->program;
    double *influence = calloc((size_t)p->op_count, sizeof *influence);
    assert(influence);
    for (int e = 0; e < 2 * d->count; e++) {
        int target = d->targets[e / 2];
        memset(influence, 0, (size_t)p->op_count * sizeof *influence);
        influence[target] = e % 2 ? 1 : -1;
        for (int v = target; v >= 0; v--)
            if (influence[v] != 0) spread(p, v, influence);
        for (int i = 0; i < m->n; i++) {
            double g = influence[p->inputs[i].value];
            const struct op *op = input_op(m, i);
            d->inputs[e * m->n + i] = g > 0 ? op->hi : g < 0 ? op->lo : random_integer(m, i);
        }
    }
    free(influence);
}

/* The value of each event's own target. */
static void eval_targets(const struct drive *d, int64_t *values)
{
    int64_t *all = calloc((size_t)(2 * d->count) * (size_t)d->count, sizeof *all);
    assert(all);
    program_eval(&d->probe, d->inputs, 2 * d->count, all);
    for (int e = 0; e < 2 * d->count; e++)
        values[e] = all[(size_t)e * (size_t)d->count + (size_t)e / 2];
    free(all);
}

/* Flips one input after the other to its other end, and keeps the flip where it drives the event's
 * target further. */
static void climb(struct maker *m, struct drive *d)
{
    int events = 2 * d->count;
    int64_t *values = calloc((size_t)events, sizeof *values),
            *before = calloc((size_t)events, sizeof *before);
    assert(values && before);
    eval_targets(d, d->best);
    double cost = (double)events * m->program->op_count, spent = 0;
    for (int i = 0; i < m->n && spent < climbing_budget; i++, spent += cost) {
        const struct op *op = input_op(m, i);
        for (int e = 0; e < events; e++) {
            int64_t *input = &d->inputs[e * m->n + i];
            before[e] = *input;
            *input = *input == op->hi ? op->lo : op->hi;
        }
        eval_targets(d, values);
        for (int e = 0; e < events; e++) {
            bool further = e % 2 ? values[e] > d->best[e] : values[e] < d->best[e];
            if (further)
                d->best[e] = values[e];
            else
                d->inputs[e * m->n + i] = before[e];
        }
    }
    free(values);
    free(before);
}

/* What a quantizer reads, and the outputs. */
static int find_targets(const struct program *p, int *targets)
{
    char *is_target = calloc((size_t)p->op_count, 1);
    int count = 0;
    assert(is_target);
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_QUANTIZE) is_target[p->operands[p->ops[v].operands]] = 1;
    for (int i = 0; i < p->output_count; i++)
        is_target[p->outputs[i].value] = 1;
    for (int v = 0; v < p->op_count; v++)
        if (is_target[v] && p->ops[v].lo < p->ops[v].hi) targets[count++] = v;
    free(is_target);
    return count;
}

static void add_driven(struct maker *m)
{
    const struct program *p = m->program;
    int *found = calloc((size_t)p->op_count, sizeof *found);
    assert(found);
    int all = find_targets(p, found), step = (all + MOST_TARGETS - 1) / MOST_TARGETS;
    struct drive d = {.probe = *p, .targets = found};
    for (int i = 0; i < all; i += step)
        d.targets[d.count++] = found[i];
    d.probe.output_count = d.count;
    d.probe.outputs = calloc((size_t)d.count + 1, sizeof *d.probe.outputs);
    d.inputs = calloc((size_t)(2 * d.count * m->n) + 1, sizeof *d.inputs);
    d.best = calloc((size_t)(2 * d.count) + 1, sizeof *d.best);
    assert(d.probe.outputs && d.inputs && d.best);
    for (int t = 0; t < d.count; t++)
        d.probe.outputs[t] = (struct port){.name = "target", .value = d.targets[t]};
    if (d.count > 0) start_drive(m, &d);
    if (d.count > 0) climb(m, &d);
    for (int e = 0; e < 2 * d.count; e++) {
        double *row = new_row(m);
        for (int i = 0; i < m->n; i++)
            row[i] = raw_of(m, i, d.inputs[e * m->n + i]);
    }
    free(d.probe.outputs);
    free(d.inputs);
    free(d.best);
    free(found);
}

void stimuli_make(struct stimuli *stimuli, const struct program *program, const double *x,
                  long events, long random_events, uint64_t seed)
{
    struct maker m = {.program = program, .random = random_init(seed), .n = program->input_count};
    *stimuli = (struct stimuli){.x = x};
    stimuli->of_kind[STIMULUS_TEST] = events;
    add_random(&m, random_events);
    stimuli->of_kind[STIMULUS_RANDOM] = m.count;
    long before = m.count;
    add_corners(&m);
    stimuli->of_kind[STIMULUS_CORNER] = m.count - before;
    before = m.count;
    add_far(&m);
    add_driven(&m);
    stimuli->of_kind[STIMULUS_OVERFLOW] = m.count - before;
    stimuli->made = m.made;
    stimuli->count = events + m.count;
    stimuli->inputs = arena_alloc(&stimuli->arena, (size_t)stimuli->count * (size_t)m.n + 1,
                                  sizeof *stimuli->inputs);
    if (events > 0) program_quantize_inputs(program, x, events, stimuli->inputs);
    program_quantize_inputs(program, m.made, m.count, stimuli->inputs + events * m.n);
}

void stimuli_free(struct stimuli *stimuli)
{
    free(stimuli->made);
    arena_free(&stimuli->arena);
}

const double *stimuli_raw(const struct stimuli *stimuli, const struct program *program, long event)
{
    long test = stimuli->of_kind[STIMULUS_TEST];
    return event < test ? stimuli->x + event * program->input_count
                        : stimuli->made + (event - test) * program->input_count;
}

enum stimulus_kind stimuli_kind(const struct stimuli *stimuli, long event, long *number)
{
    int kind = 0;
    for (*number = event; kind < STIMULUS_KINDS - 1 && *number >= stimuli->of_kind[kind]; kind++)
        *number -= stimuli->of_kind[kind];
    return (enum stimulus_kind)kind;
}
