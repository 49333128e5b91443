/* Stages from delays: precedences, the least latency, the fewest registers. */
#include "compiler/schedule/schedule.h"

#include "base/arena.h"
#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct scheduling {
    const struct program *program;
    const struct target *target;
    double period; /* ns for logic between two register ranks */
    double *delays;
    struct precedence *precedences;
    size_t count, capacity;
    /* While one operation's ancestors are walked: the longest path from an ancestor's start to its
     * end, 0 where not reached. */
    double *path;
    int *stages;
};

static void add_precedence(struct scheduling *s, int from, int to, int distance)
{
    s->precedences = array_grow(s->precedences, &s->capacity, s->count + 1, sizeof *s->precedences);
    s->precedences[s->count++] = (struct precedence){from, to, distance};
}

_Noreturn static void fail_clock(const struct scheduling *s, int value, double clock_mhz)
{
    const struct program *p = s->program;
    const struct op *op = &p->ops[value];
    double path = s->delays[value] + s->target->clk_to_q_ns + s->target->setup_ns;
    fail("block %s: one %s of %d bits takes %.2f ns on %s, too slow for %g MHz; ask for at most "
         "%.0f MHz or narrow it",
         p->blocks[program_block_of(p, value)].name, op_rows[op->code].name, op->format.width_bits,
         path, s->target->name, clock_mhz, 1000 / path - 0.5);
}

/* Delays of every operation. For the smallest area two carry chains never share a stage: each then
 * counts for more than half of the period. */
static void find_delays(struct scheduling *s, const struct compile_options *options)
{
    for (int i = 0; i < s->program->op_count; i++) {
        double delay = op_delay_ns(s->program, i, s->target);
        if (delay > s->period) {
            s->delays[i] = delay;
            fail_clock(s, i, options->clock_mhz);
        }
        bool alone = options->optimize == OPTIMIZE_AREA && op_has_carry(s->program, i);
        if (alone && delay < 0.51 * s->period) delay = 0.51 * s->period;
        s->delays[i] = delay;
    }
}

/* Precedences that end at `value`: 0 from each operand, 1 from each ancestor whence the logic up to
 * and with `value` is longer than a period. Ancestors are walked from the latest index down, each
 * with its longest path; beyond one that is too far nothing more is learnt. */
static void find_precedences(struct scheduling *s, int value)
{
    const struct program *p = s->program;
    int lowest = value;
    if (op_is_merged_complement(p, value)) /* in the same LUTs, so in the same stage */
        add_precedence(s, value, p->operands[p->ops[value].operands + 1], 0);
    s->path[value] = s->delays[value];
    for (int i = value; i >= lowest; i--) {
        const struct op *op = &p->ops[i];
        bool reached = i == value || s->path[i] > 0;
        double path = s->path[i];
        s->path[i] = 0;
        if (!reached || op->code == OP_CONST) continue;
        if (path > s->period) {
            add_precedence(s, i, value, 1);
            continue;
        }
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k];
            if (p->ops[a].code == OP_CONST) continue;
            if (i == value) add_precedence(s, a, value, 0);
            /* The least positive number stands for "reached with no delay at all". */
            double longer = path + s->delays[a] + 1e-12;
            if (longer > s->path[a]) s->path[a] = longer;
            if (a < lowest) lowest = a;
        }
    }
}

/* The earliest stages; precedences are sorted by where they end. */
static int earliest_stages(struct scheduling *s)
{
    int last = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct precedence *e = &s->precedences[i];
        int stage = s->stages[e->from] + e->distance;
        if (stage > s->stages[e->to]) s->stages[e->to] = stage;
    }
    for (int i = 0; i < s->program->op_count; i++)
        if (s->stages[i] > last) last = s->stages[i];
    return last + 1;
}

/* The program with stages filled in. */
static struct program *with_stages(const struct program *old, const int *stages, int latency,
                                   double clock_mhz)
{
    struct arena arena = {0};
    struct program *p = program_new_like(old);
    int *map = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *map);
    for (int b = 0; b < old->block_count; b++) {
        program_begin_block(p, old->blocks[b].name, old->blocks[b].kind);
        for (int i = old->blocks[b].first; i < old->blocks[b].end; i++) {
            map[i] = program_copy_op(p, old, i, map);
            p->ops[map[i]].stage = stages[i];
        }
    }
    for (int i = 0; i < old->output_count; i++)
        program_add_output(p, old->outputs[i].name, map[old->outputs[i].value]);
    p->latency_cycles = latency;
    p->interval_cycles = 1;
    p->clock_mhz = clock_mhz;
    arena_free(&arena);
    return p;
}

struct program *schedule_program(const struct program *old, const struct compile_options *options)
{
    const struct target *target = options->target;
    if (options->clock_mhz > target->max_clock_mhz)
        fail("a clock of %g MHz is beyond the %g MHz of %s", options->clock_mhz,
             target->max_clock_mhz, target->name);
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct scheduling s = {.program = old, .target = target};
    s.period = 1000 / options->clock_mhz - target->clk_to_q_ns - target->setup_ns;
    s.delays = arena_alloc(&arena, count, sizeof *s.delays);
    s.path = arena_alloc(&arena, count, sizeof *s.path);
    s.stages = arena_alloc(&arena, count, sizeof *s.stages);
    find_delays(&s, options);
    int latency;
    if (old->op_count > SCHEDULE_LARGE) {
        latency = schedule_large(old, s.delays, s.period, s.stages);
    } else {
        for (int i = 0; i < old->op_count; i++)
            find_precedences(&s, i);
        latency = earliest_stages(&s);
        schedule_fewest_registers(old, s.precedences, s.count, latency, s.stages);
    }
    struct program *program = with_stages(old, s.stages, latency, options->clock_mhz);
    free(s.precedences);
    arena_free(&arena);
    return program;
}
