/* The stages of fewest registers at a given latency, exactly.
 *
 * With s(v) a value's stage and m(v) >= s(u) the last stage of its readers u, the registers cost
 * sum of width(v) * (m(v) - s(v)), under differences s(to) - s(from) >= distance: the dual of a
 * minimum-cost flow, and an L-natural-convex function. From the earliest stages upwards, moving the
 * set of variables that gains most by one, again and again, therefore ends in the optimum (Murota,
 * "Discrete Convex Analysis", 2003, section 10.3); each such set is a maximum closure: one minimum
 * cut.
 *
 * The register right behind the LUT that makes a bit is free on every fabric here, so a bit with
 * logic starts to cost one stage later; all register bits count a little, to break ties. */
#include "compiler/schedule/schedule.h"

#include "base/arena.h"
#include "compiler/schedule/maxflow.h"

#include <limits.h>
#include <stdlib.h>

enum { ALONE = 8, ANY = 1 };

/* Variables: s(v) is number v; the end of v's pass-through bits op_count + v; of its logic bits
 * 2 * op_count + v. */
struct retiming {
    const struct program *program;
    const struct precedence *precedences;
    size_t precedence_count;
    int latency, count; /* count: variables */
    int *place;         /* [count] the stage of each variable */
    long *weight;       /* [count] gain (stages) or loss (ends) of moving it up by one */
    bool *is_fixed;
    struct maxflow *flow;
};

/* Bits of a value that leave a LUT; the others are wires from its operands. */
static int logic_bits(const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    int bits = op->format.width_bits;
    if (op_is_complement(p, value)) return bits;
    switch (op->code) {
    case OP_INPUT:
    case OP_CONST:
    case OP_SHIFT:
    case OP_SLICE:
    case OP_UPDATE:
    case OP_STORE:
    case OP_CONCAT: return 0;
    case OP_SELECT: {
        uint64_t changed;
        return op_changed_bits(p, value, &changed);
    }
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB:
    case OP_NEG: return op_adder_bits(p, value) < bits ? op_adder_bits(p, value) : bits;
    case OP_QUANTIZE:
        return op->format.rounding == ROUND_TRN && op->format.overflow == OVERFLOW_WRAP ? 0 : bits;
    default: return bits;
    }
}

/* How many stages before the op it reads operand k from the operand's own chain of registers; -1 if
 * from a hold, whose registers do not grow with the distance. */
static int reads_chain(const struct program *p, int value, int k)
{
    const struct op *op = &p->ops[value];
    int a = p->operands[op->operands + k];
    bool has_loops = value_in_loop(p, value) || value_in_loop(p, a);
    if (has_loops && program_block_of(p, value) != program_block_of(p, a)) return -1;
    return k == 0 ? op_read_cycles(p, op) : 0;
}

static void raise_end(struct retiming *r, int end, int stage)
{
    if (r->place[end] < stage) r->place[end] = stage;
}

static void init_variables(struct retiming *r, const int *stages)
{
    const struct program *p = r->program;
    int n = p->op_count;
    for (int v = 0; v < n; v++) {
        const struct op *op = &p->ops[v];
        bool held = op->code != OP_CONST && op->code != OP_MATVEC;
        int logic = held ? logic_bits(p, v) : 0, width = held ? op->format.width_bits : 0;
        r->place[v] = r->place[n + v] = stages[v];
        r->place[2 * n + v] = stages[v] + 1;
        r->weight[2 * n + v] = ALONE * (long)logic;
        r->weight[n + v] = ALONE * (long)(width - logic) + ANY * (long)width;
        r->weight[v] = r->weight[n + v] + r->weight[2 * n + v];
        r->is_fixed[v] = op->code == OP_INPUT || op->code == OP_CONST;
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k], early = reads_chain(p, v, k);
            if (early < 0) continue;
            raise_end(r, n + a, stages[v] - early);
            raise_end(r, 2 * n + a, stages[v] - early);
        }
    }
    for (int i = 0; i < p->output_count; i++) {
        int a = p->outputs[i].value;
        if (value_in_loop(p, a)) continue;
        raise_end(r, n + a, r->latency);
        raise_end(r, 2 * n + a, r->latency);
    }
}

/* If `from` moves up by one, so must `to` that is to stay `distance` above it. */
static void bind(struct retiming *r, int from, int to, int distance)
{
    if (r->place[to] == r->place[from] + distance) maxflow_add(r->flow, from, to, LONG_MAX / 4);
}

static void build_flow(struct retiming *r)
{
    const struct program *p = r->program;
    int n = p->op_count, source = r->count, sink = r->count + 1;
    maxflow_clear(r->flow);
    for (int v = 0; v < r->count; v++) {
        bool is_stage = v < n;
        if (is_stage && !r->is_fixed[v] && r->weight[v])
            maxflow_add(r->flow, source, v, r->weight[v]);
        if (!is_stage && r->weight[v]) maxflow_add(r->flow, v, sink, r->weight[v]);
        int trip = is_stage ? p->blocks[program_block_of(p, v)].trip : 0;
        int highest = r->latency - trip;
        if (r->place[v] >= highest || r->is_fixed[v]) maxflow_add(r->flow, v, sink, LONG_MAX / 4);
    }
    for (int v = 0; v < n; v++) {
        const struct op *op = &p->ops[v];
        bind(r, v, n + v, 0);
        bind(r, v, 2 * n + v, 1);
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k], early = reads_chain(p, v, k);
            if (early < 0) continue;
            bind(r, v, n + a, -early);
            bind(r, v, 2 * n + a, -early);
        }
    }
    for (size_t i = 0; i < r->precedence_count; i++)
        bind(r, r->precedences[i].from, r->precedences[i].to, r->precedences[i].distance);
}

/* Moves the best set up by one stage; false when no set gains. */
static bool improve(struct retiming *r)
{
    build_flow(r);
    long gain = 0;
    for (int v = 0; v < r->program->op_count; v++)
        if (!r->is_fixed[v]) gain += r->weight[v];
    if (maxflow_run(r->flow, r->count, r->count + 1) >= gain) return false;
    for (int v = 0; v < r->count; v++)
        r->place[v] += maxflow_is_source_side(r->flow, v);
    return true;
}

void schedule_fewest_registers(const struct program *program, const struct precedence *precedences,
                               size_t precedence_count, int latency, int *stages)
{
    struct arena arena = {0};
    struct retiming r = {.program = program,
                         .precedences = precedences,
                         .precedence_count = precedence_count,
                         .latency = latency,
                         .count = 3 * program->op_count};
    size_t count = (size_t)r.count + 1;
    r.place = arena_alloc(&arena, count, sizeof *r.place);
    r.weight = arena_alloc(&arena, count, sizeof *r.weight);
    r.is_fixed = arena_alloc(&arena, count, sizeof *r.is_fixed);
    r.flow = maxflow_new(r.count + 2);
    init_variables(&r, stages);
    while (improve(&r)) {
    }
    for (int v = 0; v < program->op_count; v++)
        stages[v] = r.place[v];
    maxflow_free(r.flow);
    arena_free(&arena);
}
