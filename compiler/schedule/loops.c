/* Stages of programs with loops: the earliest ones under differences.
 *
 * Beside the delays, a loop's own rules are differences of stages too (op_distance(), and between a
 * store and the loads that read what it wrote), some of them equalities: a recurrence, from a state
 * to its update, is one stage. So the earliest stages are longest paths in a graph with cycles of
 * length zero; a cycle of positive length is a recurrence too slow for the clock. */
#include "compiler/schedule/schedule.h"

#include "base/arena.h"
#include "base/error.h"

#include <limits.h>
#include <stdlib.h>

struct scheduling {
    const struct program *program;
    const struct target *target;
    double period, clock_mhz;
    enum compile_optimize optimize;
    double *delays;
    struct precedence *precedences;
    size_t count, capacity;
    double *path; /* as in schedule.c: of an ancestor, 0 where not reached */
    int *stages;
};

static void add_precedence(struct scheduling *s, int from, int to, int distance)
{
    s->precedences = array_grow(s->precedences, &s->capacity, s->count + 1, sizeof *s->precedences);
    s->precedences[s->count++] = (struct precedence){from, to, distance};
}

_Noreturn static void fail_recurrence(const struct scheduling *s, int value)
{
    const struct program *p = s->program;
    fail("block %s: what it carries from cycle to cycle (%%%d) takes longer than a cycle of %g MHz "
         "on %s; ask for a slower clock or narrower formats",
         p->blocks[program_block_of(p, value)].name, value, s->clock_mhz, s->target->name);
}

/* A state that starts from a value is loaded through a multiplexer. */
static double load_delay(const struct scheduling *s, int state)
{
    const struct op *op = &s->program->ops[state];
    bool constant = program_operand(s->program, op, 0)->code == OP_CONST;
    return constant ? 0 : s->target->route_ns + s->target->lut_ns;
}

/* A digit-serial adder is smallest with registers around it: synthesis tools turn chained ones into
 * fewer levels of more LUTs. */
static bool stands_alone(const struct scheduling *s, int value)
{
    const struct op *op = &s->program->ops[value];
    return s->optimize != OPTIMIZE_LATENCY && (op->code == OP_ADC || op->code == OP_SBB) &&
           op->format.width_bits <= 3 &&
           value_in_loop(s->program, value);
}

static void find_delays(struct scheduling *s)
{
    const struct program *p = s->program;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        double delay = op_delay_ns(p, v, s->target);
        if (op->code == OP_UPDATE) delay = load_delay(s, p->operands[op->operands]);
        if (delay > s->period)
            fail("block %s: one %s of %d bits takes %.2f ns on %s, too slow for %g MHz; ask for at "
                 "most %.0f MHz or narrow it",
                 p->blocks[program_block_of(p, v)].name, op_rows[op->code].name,
                 op->format.width_bits, delay + s->target->clk_to_q_ns + s->target->setup_ns,
                 s->target->name, s->clock_mhz,
                 1000 / (delay + s->target->clk_to_q_ns + s->target->setup_ns) - 0.5);
        if (stands_alone(s, v) && delay < 0.51 * s->period) delay = 0.51 * s->period;
        s->delays[v] = delay;
    }
}

/* Whether operand k is read through no register at all: its logic goes on into the op's. */
static bool is_direct(const struct program *p, int value, int k)
{
    return op_distance(p, value, k) == 0;
}

static bool is_early(const struct program *p, const struct op *op, int k)
{
    return k == 0 && (op->code == OP_STATE || op_reads_block(p, op));
}

/* Reaches operand k of op i on a path of `path` ns; returns the lowest operand reached. */
static void reach(struct scheduling *s, int i, int k, double path, int *lowest)
{
    const struct program *p = s->program;
    int a = p->operands[p->ops[i].operands + k];
    double longer = path + s->delays[a] + 1e-12; /* not 0: reached */
    if (longer > s->path[a]) s->path[a] = longer;
    if (a < *lowest) *lowest = a;
}

/* Walks the ancestors that were reached, latest first: those too far lie `base` + 1 stages before.
 */
static void walk(struct scheduling *s, int value, int lowest, int base)
{
    const struct program *p = s->program;
    for (int i = value - 1; i >= lowest; i--) {
        const struct op *op = &p->ops[i];
        double path = s->path[i];
        s->path[i] = 0;
        if (path == 0 || op->code == OP_CONST) continue;
        if (path > s->period) {
            add_precedence(s, i, value, base + 1);
            continue;
        }
        for (int k = 0; k < op->operand_count; k++)
            if (is_direct(p, i, k)) reach(s, i, k, path, &lowest);
    }
}

static void find_precedences(struct scheduling *s, int value)
{
    const struct program *p = s->program;
    const struct op *op = &p->ops[value];
    int lowest = value;
    for (int k = 0; k < op->operand_count; k++) {
        int distance = op_distance(p, value, k);
        if (distance == INT_MIN) continue;
        add_precedence(s, p->operands[op->operands + k], value, distance);
        if (distance == 0) reach(s, value, k, s->delays[value], &lowest);
    }
    walk(s, value, lowest, 0);
    /* What is read a cycle early ends its path in the memory or in front of the state's register. */
    if (op->operand_count && is_early(p, op, 0) && op_distance(p, value, 0) == 1) {
        lowest = value;
        reach(s, value, 0, op->code == OP_STATE ? load_delay(s, value) : 0, &lowest);
        walk(s, value, lowest, 1);
    }
    if (op->code == OP_UPDATE) add_precedence(s, value, p->operands[op->operands], 0);
}

/* Loads after the stores that they read from. */
static void find_memory_precedences(struct scheduling *s)
{
    const struct program *p = s->program;
    struct statics *statics = statics_new(p);
    int *stores = calloc((size_t)p->memory_count + 1, sizeof *stores);
    if (!stores) fail("out of memory");
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_STORE) stores[p->ops[v].immediate] = v;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        int least, most;
        if (op->code != OP_LOAD || !load_distances(statics, v, &least, &most)) continue;
        add_precedence(s, stores[op->immediate], v, 1 + op_reads_block(p, op) - least);
    }
    free(stores);
    statics_free(statics);
}

/* Returns the latency. */
static int find_earliest(struct scheduling *s)
{
    const struct program *p = s->program;
    long rounds = 0;
    for (int v = 0; v < p->op_count; v++)
        s->stages[v] = value_in_loop(p, v) || p->ops[v].code >= OP_INDEX;
    for (bool changed = true; changed; rounds++) {
        changed = false;
        for (size_t i = 0; i < s->count; i++) {
            const struct precedence *e = &s->precedences[i];
            int stage = s->stages[e->from] + e->distance;
            if (stage <= s->stages[e->to]) continue;
            s->stages[e->to] = stage;
            changed = true;
            if (rounds > p->op_count + 2) fail_recurrence(s, e->to);
        }
    }
    int latency = 1;
    for (int v = 0; v < p->op_count; v++) {
        int end = s->stages[v] + p->blocks[program_block_of(p, v)].trip;
        if (p->ops[v].code != OP_CONST && end > latency) latency = end;
    }
    return latency;
}

/* What follows from the iteration alone is best made when it is read, which can be many stages
 * behind the first; those are lifted at once, not stage by stage (registers.c). */
static void lift_statics(struct scheduling *s, size_t sorted)
{
    const struct program *p = s->program;
    struct statics *statics = statics_new(p);
    int *latest = malloc(((size_t)p->op_count + 1) * sizeof *latest);
    if (!latest) fail("out of memory");
    for (int v = 0; v < p->op_count; v++)
        latest[v] = INT_MAX;
    for (size_t i = sorted; i-- > 0;) { /* sorted by where they end: readers first */
        const struct precedence *e = &s->precedences[i];
        if (e->from >= e->to || p->ops[e->from].code == OP_CONST) continue;
        if (latest[e->to] != INT_MAX && statics_of(statics, e->to) && latest[e->to] > s->stages[e->to])
            s->stages[e->to] = latest[e->to];
        int stage = s->stages[e->to] - e->distance;
        if (stage < latest[e->from]) latest[e->from] = stage;
    }
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_INDEX && latest[v] != INT_MAX && latest[v] > s->stages[v])
            s->stages[v] = latest[v];
    free(latest);
    statics_free(statics);
}

/* The fewest slots that keep what loads read. */
static void choose_slots(struct program *p)
{
    struct statics *statics = statics_new(p);
    for (int m = 0; m < p->memory_count; m++) {
        struct memory *memory = &p->memories[m];
        if (memory->contents) continue;
        memory->slots = memory->kind == MEMORY_REGISTERS ? 1 : memory->entries;
        while (!memory_slots_fit(statics, m)) {
            bool folded = memory->slots < memory->entries && 2 * memory->slots > memory->entries;
            memory->slots = folded ? memory->entries : 2 * memory->slots;
        }
    }
    statics_free(statics);
}

static struct program *with_stages(const struct scheduling *s)
{
    const struct program *old = s->program;
    struct arena arena = {0};
    struct program *p = program_new_like(old);
    int *map = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *map);
    p->latency_cycles = p->interval_cycles = 1;
    p->clock_mhz = s->clock_mhz;
    for (int b = 0; b < old->block_count; b++) {
        const struct block *block = &old->blocks[b];
        program_begin_loop(p, block->name, block->kind, block->trip);
        if (block->trip > p->interval_cycles) p->interval_cycles = block->trip;
        for (int i = block->first; i < block->end; i++) {
            map[i] = program_copy_op(p, old, i, map);
            p->ops[map[i]].stage = s->stages[i];
            int end = s->stages[i] + block->trip - 1;
            if (old->ops[i].code != OP_CONST && end >= p->latency_cycles)
                p->latency_cycles = end + 1;
        }
    }
    for (int i = 0; i < old->output_count; i++)
        program_add_output(p, old->outputs[i].name, map[old->outputs[i].value]);
    arena_free(&arena);
    choose_slots(p);
    return p;
}

struct program *schedule_loops(const struct program *old, const struct compile_options *options)
{
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct scheduling s = {
        .program = old,
        .target = options->target,
        .clock_mhz = options->clock_mhz,
        .optimize = options->optimize};
    s.period = 1000 / s.clock_mhz - s.target->clk_to_q_ns - s.target->setup_ns;
    s.delays = arena_alloc(&arena, count, sizeof *s.delays);
    s.path = arena_alloc(&arena, count, sizeof *s.path);
    s.stages = arena_alloc(&arena, count, sizeof *s.stages);
    find_delays(&s);
    for (int v = 0; v < old->op_count; v++)
        if (old->ops[v].code != OP_CONST) find_precedences(&s, v);
    size_t sorted = s.count; /* precedences between operands, sorted by reader */
    find_memory_precedences(&s);
    int latency = find_earliest(&s);
    lift_statics(&s, sorted);
    schedule_fewest_registers(old, s.precedences, s.count, latency, s.stages);
    struct program *program = with_stages(&s);
    free(s.precedences);
    arena_free(&arena);
    return program;
}
