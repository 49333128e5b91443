/* Stages from delays: precedences, the least latency, the fewest registers. */
#include "compiler/schedule/schedule.h"

#include "base/arena.h"
#include "base/error.h"
#include "compiler/schedule/arrival.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct scheduling {
    const struct program *program;
    struct program *again; /* NULL, or the program when it had to be split */
    const struct target *target;
    const struct compile_options *options;
    double period; /* ns for logic between two register ranks */
    bool sums_stand_alone;
    struct precedence *precedences;
    size_t count, capacity;
    int *first_reader, *readers; /* readers[first_reader[v]..first_reader[v + 1]) */
    int *stages;
    /* While the logic behind one operation is walked: the values reached, by number. */
    struct arrival *reached; /* [slots] */
    int *slots;              /* [op_count] of a value in reached[], -1 */
    bool *is_waiting;        /* [op_count] in heap[] */
    int *heap;               /* values to look at, the lowest first */
    int heap_count, slot_count;
    size_t slot_capacity;
    int *seen; /* [slots] the value in each */
    const struct arrival **operands;
};

static void add_precedence(struct scheduling *s, int from, int to, int distance)
{
    s->precedences = array_grow(s->precedences, &s->capacity, s->count + 1, sizeof *s->precedences);
    s->precedences[s->count++] = (struct precedence){from, to, distance};
}

_Noreturn static void fail_clock(const struct scheduling *s, int value)
{
    const struct program *p = s->program;
    const struct op *op = &p->ops[value];
    double path = op_delay_ns(p, value, s->target) + s->target->clk_to_q_ns + s->target->setup_ns;
    fail("block %s: one %s of %d bits takes %.2f ns on %s, too slow for %g MHz; ask for at most "
         "%.0f MHz or narrow it",
         p->blocks[program_block_of(p, value)].name, op_rows[op->code].name, op->format.width_bits,
         path, s->target->name, s->options->clock_mhz, 1000 / path - 0.5);
}

static void find_readers(struct scheduling *s, struct arena *arena)
{
    const struct program *p = s->program;
    size_t count = (size_t)p->op_count + 2;
    s->first_reader = arena_alloc(arena, count, sizeof *s->first_reader);
    s->readers = arena_alloc(arena, (size_t)p->operand_count + 1, sizeof *s->readers);
    for (int v = 0; v < p->op_count; v++)
        for (int k = 0; k < p->ops[v].operand_count; k++)
            s->first_reader[p->operands[p->ops[v].operands + k] + 2]++;
    for (int v = 2; v <= p->op_count + 1; v++)
        s->first_reader[v] += s->first_reader[v - 1];
    for (int v = 0; v < p->op_count; v++)
        for (int k = 0; k < p->ops[v].operand_count; k++)
            s->readers[s->first_reader[p->operands[p->ops[v].operands + k] + 1]++] = v;
}

/* ---- the logic behind one operation ---- */

static void heap_push(struct scheduling *s, int value)
{
    if (s->is_waiting[value]) return;
    s->is_waiting[value] = true;
    int i = s->heap_count++;
    for (; i > 0 && s->heap[(i - 1) / 2] > value; i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = value;
}

static int heap_pop(struct scheduling *s)
{
    int top = s->heap[0], last = s->heap[--s->heap_count], i = 0;
    for (int child; (child = 2 * i + 1) < s->heap_count; i = child) {
        if (child + 1 < s->heap_count && s->heap[child + 1] < s->heap[child]) child++;
        if (s->heap[child] >= last) break;
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = last;
    s->is_waiting[top] = false;
    return top;
}

static void push_readers(struct scheduling *s, int value)
{
    for (int i = s->first_reader[value]; i < s->first_reader[value + 1]; i++)
        heap_push(s, s->readers[i]);
}

/* The value's bits as they come from what is reached of its operands in its own cycle (at the
 * source, from all of them at once). */
static struct arrival reach_of(struct scheduling *s, int value, bool is_source)
{
    const struct program *p = s->program;
    const struct op *op = &p->ops[value];
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k], slot = s->slots[a];
        if (is_source)
            s->operands[k] = p->ops[a].code == OP_CONST ? NULL : &arrival_zero;
        else
            s->operands[k] = slot < 0 || op_distance(p, value, k) ? NULL : &s->reached[slot];
    }
    struct arrival arrival;
    op_arrival(p, value, s->target, s->operands, &arrival);
    return arrival;
}

/* A digit-serial adder is smallest with registers around it, where that is possible: synthesis
 * tools turn chained ones into fewer levels of more LUTs. */
static bool is_digit_sum(const struct scheduling *s, int value)
{
    const struct op *op = &s->program->ops[value];
    return (op->code == OP_ADC || op->code == OP_SBB) && op->format.width_bits <= 3 &&
           value_in_loop(s->program, value);
}

/* Whether the value cannot be in the source's stage. For the smallest area no two carry chains are.
 */
static bool is_beyond(const struct scheduling *s, int value, int source,
                      const struct arrival *arrival)
{
    const struct program *p = s->program;
    if (arrival_latest(p, value, arrival) > s->period) return true;
    if (s->sums_stand_alone && is_digit_sum(s, source) && is_digit_sum(s, value)) return true;
    return s->options->optimize == OPTIMIZE_AREA && op_has_carry(p, source) &&
           op_has_carry(p, value);
}

/* What is read a cycle early ends its path in a memory or in front of a state's register. */
static void find_early(struct scheduling *s, int source, int reader)
{
    const struct program *p = s->program;
    const struct op *op = &p->ops[reader];
    int a = op->operand_count ? p->operands[op->operands] : reader;
    int early = op->code == OP_STATE ? 1 : op_read_cycles(p, op);
    if (a == reader || s->slots[a] < 0 || !early || op_distance(p, reader, 0) != early) return;
    double end = arrival_latest(p, a, &s->reached[s->slots[a]]);
    if (op->code == OP_STATE) end += state_load_ns(p, reader, s->target);
    if (end > s->period) add_precedence(s, source, reader, early + 1);
}

/* Precedences that begin at `source`: 1 to each value whose logic from the source's operands on
 * takes longer than a period; beyond one that is too far nothing more is learnt. */
static void find_beyond(struct scheduling *s, int source)
{
    const struct program *p = s->program;
    if (p->ops[source].code == OP_CONST || p->ops[source].code == OP_MATVEC) return;
    struct arrival arrival = reach_of(s, source, true);
    s->slot_count = 0;
    heap_push(s, source);
    for (int value; s->heap_count;) {
        value = heap_pop(s);
        if (value != source) {
            find_early(s, source, value);
            arrival = reach_of(s, value, false);
        }
        if (arrival_latest(p, value, &arrival) < 0) continue; /* on no path */
        if (value != source && is_beyond(s, value, source, &arrival)) {
            add_precedence(s, source, value, 1);
            continue;
        }
        s->reached = array_grow(s->reached, &s->slot_capacity, (size_t)s->slot_count + 1,
                                sizeof *s->reached);
        s->reached[s->slot_count] = arrival;
        s->slots[value] = s->slot_count;
        s->seen[s->slot_count++] = value;
        push_readers(s, value);
    }
    for (int i = 0; i < s->slot_count; i++)
        s->slots[s->seen[i]] = -1;
}

static void find_precedences(struct scheduling *s)
{
    const struct program *p = s->program;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        for (int k = 0; k < op->operand_count && op->code != OP_CONST; k++) {
            int a = p->operands[op->operands + k];
            if (p->ops[a].code != OP_CONST) add_precedence(s, a, v, op_distance(p, v, k));
        }
        if (op->code == OP_UPDATE) add_precedence(s, v, p->operands[op->operands], 0);
        if (op_is_merged_complement(p, v)) /* in the same LUTs, so in the same stage */
            add_precedence(s, v, p->operands[op->operands + 1], 0);
        find_beyond(s, v);
    }
    schedule_memories(p, &s->precedences, &s->count, &s->capacity);
}

/* By the later of the two values: so that a complement, bound to its argument, comes before what
 * follows either. */
static int compare_precedences(const void *a, const void *b)
{
    const struct precedence *x = a, *y = b;
    int x_last = x->from > x->to ? x->from : x->to, y_last = y->from > y->to ? y->from : y->to;
    if (x_last != y_last) return x_last < y_last ? -1 : 1;
    int x_first = x->from < x->to ? x->from : x->to, y_first = y->from < y->to ? y->from : y->to;
    if (x_first != y_first) return x_first < y_first ? -1 : 1;
    return (x->from > y->from) - (x->from < y->from);
}

_Noreturn static void fail_recurrence(const struct scheduling *s, int value)
{
    const struct program *p = s->program;
    fail("block %s: what it carries from cycle to cycle (%%%d) takes longer than a cycle of %g MHz "
         "on %s; ask for a slower clock or narrower formats",
         p->blocks[program_block_of(p, value)].name, value, s->options->clock_mhz, s->target->name);
}

/* Control reaches loops from stage 1 on, and a loadable memory in that cycle at the earliest. */
static int least_stage(const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    bool is_loadable = op->code == OP_LOAD && p->memories[op->immediate].contents;
    if (is_loadable) return 1 + op_read_cycles(p, op);
    return value_in_loop(p, value) || op->code >= OP_INDEX;
}

/* The earliest stages that keep all precedences: longest paths in a graph that has cycles where a
 * loop ties values together (a state and its update are of one stage). A cycle longer than that is
 * a recurrence too slow for the clock: -1, and the value in `slow`. */
static int earliest_stages(struct scheduling *s, int *slow)
{
    const struct program *p = s->program;
    int latency = 1;
    long rounds = 0;
    if (s->count) qsort(s->precedences, s->count, sizeof *s->precedences, compare_precedences);
    for (int v = 0; v < p->op_count; v++)
        s->stages[v] = least_stage(p, v);
    for (bool changed = true; changed; rounds++) {
        changed = false;
        for (size_t i = 0; i < s->count; i++) {
            const struct precedence *e = &s->precedences[i];
            int stage = s->stages[e->from] + e->distance;
            if (stage <= s->stages[e->to]) continue;
            s->stages[e->to] = stage;
            changed = true;
            *slow = e->to;
        }
        if (rounds > p->op_count + 2) return -1;
    }
    for (int v = 0; v < p->op_count; v++) {
        int end = s->stages[v] + p->blocks[program_block_of(p, v)].trip;
        if (p->ops[v].code != OP_CONST && end > latency) latency = end;
    }
    return latency;
}

static bool is_large(const struct scheduling *s)
{
    return s->program->op_count > SCHEDULE_LARGE && !program_has_loops(s->program) &&
           !program_has_loadables(s->program);
}

/* Precedences and earliest stages; returns as earliest_stages() does. */
static int find_stages(struct scheduling *s, int *slow)
{
    if (is_large(s)) return schedule_large(s->program, s->target, s->period, s->stages);
    s->sums_stand_alone = s->options->optimize != OPTIMIZE_LATENCY;
    find_precedences(s);
    int latency = earliest_stages(s, slow);
    if (latency > 0 || !s->sums_stand_alone) return latency;
    s->sums_stand_alone = false;
    s->count = 0;
    find_precedences(s);
    return earliest_stages(s, slow);
}

/* The program with stages filled in. */
static struct program *with_stages(const struct program *old, const int *stages, double clock_mhz)
{
    struct arena arena = {0};
    struct program *p = program_new_like(old);
    int *map = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *map);
    p->latency_cycles = p->interval_cycles = 1;
    p->clock_mhz = clock_mhz;
    for (int b = 0; b < old->block_count; b++) {
        const struct block *block = &old->blocks[b];
        program_begin_loop(p, block->name, block->kind, block->trip);
        if (block->trip > p->interval_cycles) p->interval_cycles = block->trip;
        for (int i = block->first; i < block->end; i++) {
            map[i] = program_copy_op(p, old, i, map);
            p->ops[map[i]].stage = stages[i];
            int end = stages[i] + block->trip;
            if (old->ops[i].code != OP_CONST && end > p->latency_cycles) p->latency_cycles = end;
        }
    }
    for (int i = 0; i < old->output_count; i++)
        program_add_output(p, old->outputs[i].name, map[old->outputs[i].value]);
    arena_free(&arena);
    schedule_choose_slots(p);
    return p;
}

/* The program, all but itself shared, with a cycle more for corrections where they need it. */
static const struct program *choose_correction(struct arena *arena, const struct program *p,
                                               const struct target *target, double period)
{
    struct program *chosen = arena_alloc(arena, 1, sizeof *chosen);
    if (!(p->protect & PROTECT_ECC)) return p;
    *chosen = *p;
    chosen->correction_cycles = 1;
    if (correction_delay_ns(chosen, target) > period) chosen->correction_cycles = 2;
    return chosen;
}

/* Everything but the stages. */
static void scheduling_init(struct scheduling *s, struct arena *arena, const struct program *p,
                            const struct compile_options *options)
{
    const struct target *target = options->target;
    double period = 1000 / options->clock_mhz - target->clk_to_q_ns - target->setup_ns;
    struct program *again = schedule_split(p, target, period);
    p = choose_correction(arena, again ? again : p, target, period);
    size_t count = (size_t)p->op_count + 1;
    *s = (struct scheduling){
        .program = p, .again = again, .target = target, .options = options, .period = period};
    s->stages = arena_alloc(arena, count, sizeof *s->stages);
    s->slots = arena_alloc(arena, count, sizeof *s->slots);
    s->seen = arena_alloc(arena, count, sizeof *s->seen);
    s->heap = arena_alloc(arena, count, sizeof *s->heap);
    s->is_waiting = arena_alloc(arena, count, sizeof *s->is_waiting);
    s->operands = arena_alloc(arena, (size_t)arrival_operands_most(p), sizeof *s->operands);
    for (int i = 0; i < p->op_count; i++)
        s->slots[i] = -1;
    find_readers(s, arena);
}

static void scheduling_free(struct scheduling *s)
{
    free(s->precedences);
    free(s->reached);
    program_free(s->again);
}

/* The first operation that alone takes longer than a period; -1: none. */
static int find_too_slow(const struct scheduling *s)
{
    for (int v = 0; v < s->program->op_count; v++)
        if (op_delay_ns(s->program, v, s->target) > s->period) return v;
    return -1;
}

struct program *schedule_program(const struct program *old, const struct compile_options *options)
{
    const struct target *target = options->target;
    if (options->clock_mhz > target->max_clock_mhz)
        fail("a clock of %g MHz is beyond the %g MHz of %s", options->clock_mhz,
             target->max_clock_mhz, target->name);
    struct arena arena = {0};
    struct scheduling s;
    scheduling_init(&s, &arena, old, options);
    int slow = find_too_slow(&s);
    if (slow >= 0) fail_clock(&s, slow);
    int latency = find_stages(&s, &slow);
    if (latency < 0) fail_recurrence(&s, slow);
    if (!is_large(&s)) {
        schedule_lift_statics(s.program, s.precedences, s.count, s.stages);
        schedule_fewest_registers(s.program, s.precedences, s.count, latency, s.stages);
    }
    struct program *program = with_stages(s.program, s.stages, options->clock_mhz);
    scheduling_free(&s);
    arena_free(&arena);
    return program;
}

struct program *schedule_roughly(const struct program *old, const struct compile_options *options)
{
    if (options->clock_mhz > options->target->max_clock_mhz) return NULL;
    struct arena arena = {0};
    struct scheduling s;
    scheduling_init(&s, &arena, old, options);
    int slow, latency = 0;
    if (s.period > 0 && find_too_slow(&s) < 0) latency = find_stages(&s, &slow);
    struct program *program = NULL;
    if (latency > 0 && is_large(&s)) {
        program = with_stages(s.program, s.stages, options->clock_mhz);
    } else if (latency > 0) {
        schedule_lift_statics(s.program, s.precedences, s.count, s.stages);
        if (options->target->cells_per_ff > 0)
            schedule_fewest_registers(s.program, s.precedences, s.count, latency, s.stages);
        program = with_stages(s.program, s.stages, options->clock_mhz);
    }
    scheduling_free(&s);
    arena_free(&arena);
    return program;
}

int schedule_latency(const struct program *p, const struct compile_options *options)
{
    if (options->clock_mhz > options->target->max_clock_mhz) return 0;
    struct arena arena = {0};
    struct scheduling s;
    scheduling_init(&s, &arena, p, options);
    int latency = 0, slow;
    if (s.period > 0 && find_too_slow(&s) < 0) latency = find_stages(&s, &slow);
    scheduling_free(&s);
    arena_free(&arena);
    return latency > 0 ? latency : 0;
}
