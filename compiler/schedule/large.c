/* Stages of large programs, in time linear in their operations: every operation as early as it can
 * be, then, from the outputs back, as late as its readers allow where that saves register bits. Not
 * the fewest registers as registers.c finds them, but what trees of tens of thousands of truth
 * tables need: comparisons move behind the registers of the few inputs that they read, sums stay
 * where they are. */
#include "compiler/schedule/schedule.h"

#include "base/arena.h"

#include <stdlib.h>

struct placing {
    const struct program *program;
    double *delays;
    double period;
    int *stages;
    double *ends;     /* when an operation's result is there, after the start of its stage */
    int *last;        /* the stage that its readers want it in at the latest ... */
    double *deadline; /* ... and when, in there */
    int *readers;
};

static bool is_timed(const struct program *p, int value)
{
    return p->ops[value].code != OP_CONST;
}

static void place_early(struct placing *w, int value)
{
    const struct program *p = w->program;
    const struct op *op = &p->ops[value];
    int stage = 0;
    double start = 0;
    for (int i = 0; i < op->operand_count; i++) {
        int a = p->operands[op->operands + i];
        if (!is_timed(p, a)) continue;
        if (w->stages[a] > stage || (w->stages[a] == stage && w->ends[a] > start)) {
            stage = w->stages[a];
            start = w->ends[a];
        }
        w->readers[a]++;
    }
    w->ends[value] = start + w->delays[value];
    if (w->ends[value] > w->period) {
        stage++;
        w->ends[value] = w->delays[value];
    }
    w->stages[value] = stage;
}

/* Register bits that moving the value by one stage saves: its own, less the share of its operands'
 * that it then has to answer for. */
static double gain_of(const struct placing *w, int value)
{
    const struct program *p = w->program;
    const struct op *op = &p->ops[value];
    double gain = op->format.width_bits;
    for (int i = 0; i < op->operand_count; i++) {
        int a = p->operands[op->operands + i];
        if (is_timed(p, a)) gain -= (double)p->ops[a].format.width_bits / w->readers[a];
    }
    return gain;
}

static void place_late(struct placing *w, int value)
{
    const struct program *p = w->program;
    const struct op *op = &p->ops[value];
    int stage = w->last[value];
    double end = w->deadline[value];
    if (end < w->delays[value]) {
        stage--;
        end = w->period;
    }
    if (stage > w->stages[value] && op->code != OP_INPUT && gain_of(w, value) > 0) {
        w->stages[value] = stage;
        w->ends[value] = end;
    }
    double start = w->ends[value] - w->delays[value];
    for (int i = 0; i < op->operand_count; i++) {
        int a = p->operands[op->operands + i];
        if (w->stages[value] > w->last[a]) continue;
        if (w->stages[value] < w->last[a] || start < w->deadline[a]) w->deadline[a] = start;
        w->last[a] = w->stages[value];
    }
}

int schedule_large(const struct program *p, const struct target *target, double period, int *stages)
{
    struct arena arena = {0};
    size_t count = (size_t)p->op_count + 1;
    struct placing w = {.program = p, .period = period, .stages = stages};
    w.delays = arena_alloc(&arena, count, sizeof *w.delays);
    w.ends = arena_alloc(&arena, count, sizeof *w.ends);
    w.last = arena_alloc(&arena, count, sizeof *w.last);
    w.deadline = arena_alloc(&arena, count, sizeof *w.deadline);
    w.readers = arena_alloc(&arena, count, sizeof *w.readers);
    int latency = 1;
    for (int v = 0; v < p->op_count; v++) {
        w.delays[v] = op_delay_ns(p, v, target);
        place_early(&w, v);
        if (is_timed(p, v) && stages[v] + 1 > latency) latency = stages[v] + 1;
    }
    for (int v = 0; v < p->op_count; v++) {
        w.last[v] = latency - 1;
        w.deadline[v] = period;
    }
    for (int v = p->op_count; v-- > 0;)
        place_late(&w, v);
    arena_free(&arena);
    return latency;
}
