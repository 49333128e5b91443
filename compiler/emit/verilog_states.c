/* What the registers and memories of the emitted Verilog hold, by their names: for a campaign of
 * upsets (sim/faults.h). */
#include "compiler/emit/verilog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const emit_state_names[EMIT_STATE_KINDS] = {"control", "data", "weights", "correction",
                                                        "counters"};

struct named {
    const char *path;
    enum emit_state kind;
};

/* Sorted by path; what is not in it is control, or told by the names of rtl/. */
struct emit_states {
    struct arena arena;
    struct named *all;
    size_t count, capacity;
};

static void add(struct emit_states *s, const char *path, enum emit_state kind)
{
    s->all = array_grow(s->all, &s->capacity, s->count + 1, sizeof *s->all);
    s->all[s->count++] = (struct named){path, kind};
}

static const char *in_block(struct emit_states *s, const struct verilog_plan *plan, int block,
                            const char *name)
{
    return block == VERILOG_TOP
               ? name
               : arena_printf(&s->arena, "u_%s.%s", plan->block_names[block], name);
}

static void add_load(struct emit_states *s, const struct verilog_plan *plan, int value)
{
    const struct op *op = &plan->program->ops[value];
    int block = program_block_of(plan->program, value);
    const char *name = plan->values[value].name;
    bool loads = plan->memories[op->immediate].loads;
    add(s, in_block(s, plan, block, arena_printf(&s->arena, "%s_q0", name)), EMIT_STATE_DATA);
    add(s, in_block(s, plan, block, arena_printf(&s->arena, "%s_ram", name)),
        loads ? EMIT_STATE_WEIGHTS : EMIT_STATE_DATA);
}

/* A table's memory, and the register behind it; not those that are control. */
static void add_table(struct emit_states *s, const struct verilog_plan *plan, int value)
{
    int table = (int)plan->program->ops[value].immediate;
    if (plan->votes_table[table]) return;
    const char *path = in_block(s, plan, program_block_of(plan->program, value),
                                arena_printf(&s->arena, "u_%s", plan->values[value].name));
    add(s, arena_printf(&s->arena, "%s.entries", path), EMIT_STATE_WEIGHTS);
    add(s, arena_printf(&s->arena, "%s.entry_o", path), EMIT_STATE_DATA);
}

/* Memories that a module keeps in one array, or in delays. */
static void add_memory(struct emit_states *s, const struct verilog_plan *plan, int block,
                       int memory)
{
    const struct verilog_memory *m = &plan->memories[memory];
    if (!verilog_reads_memory(plan, block, memory)) return;
    add(s, in_block(s, plan, block, arena_printf(&s->arena, "%s_r", m->name)),
        m->loads ? EMIT_STATE_WEIGHTS : EMIT_STATE_DATA);
    if (plan->program->memories[memory].kind != MEMORY_DELAY) return;
    for (int k = 1; k <= verilog_longest_delay(plan, block, memory); k++)
        add(s, in_block(s, plan, block, arena_printf(&s->arena, "%s_d%d", m->name, k)),
            EMIT_STATE_DATA);
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->path, ((const struct named *)b)->path);
}

struct emit_states *emit_states_new(const struct program *program)
{
    struct emit_states *s = calloc(1, sizeof *s);
    if (!s) abort();
    struct verilog_plan *plan = verilog_plan_new(program);
    struct emit_signal *signals;
    int count = emit_signals(program, &s->arena, &signals);
    for (int i = 0; i < count; i++)
        if (!plan->is_control[signals[i].value]) add(s, signals[i].path, EMIT_STATE_DATA);
    for (int v = 0; v < program->op_count; v++) {
        if (!plan->values[v].live) continue;
        if (program->ops[v].code == OP_LOAD) add_load(s, plan, v);
        if (program->ops[v].code == OP_TABLE) add_table(s, plan, v);
    }
    for (int b = 0; b < program->block_count; b++)
        for (int m = 0; m < program->memory_count; m++)
            add_memory(s, plan, b, m);
    verilog_plan_free(plan);
    for (size_t i = 0; i < s->count; i++)
        s->all[i].path = arena_strdup(&s->arena, s->all[i].path);
    qsort(s->all, s->count, sizeof *s->all, compare);
    return s;
}

void emit_states_free(struct emit_states *s)
{
    free(s->all);
    arena_free(&s->arena);
    free(s);
}

enum emit_state emit_state_of(const struct emit_states *s, const char *path)
{
    struct named key = {path, EMIT_STATE_CONTROL};
    const struct named *found = bsearch(&key, s->all, s->count, sizeof *s->all, compare);
    if (found) return found->kind;
    const char *guard = strstr(path, "guard_"), *dot = strrchr(path, '.');
    if (guard) /* the corrected word is on its way already */
        return dot && !strcmp(dot, ".code_q") ? EMIT_STATE_DATA : EMIT_STATE_CORRECTION;
    bool counts = !strncmp(path, "count_", 6) || !strcmp(path, "upset_q") ||
                  !strcmp(path, "corrected_q") || !strcmp(path, "uncorrectable_q");
    return counts ? EMIT_STATE_COUNTERS : EMIT_STATE_CONTROL;
}
