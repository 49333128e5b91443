/* Scheduling, as far as loops go. */
#include "compiler/schedule/schedule.h"

#include "base/arena.h"
#include "base/error.h"

#include <limits.h>
#include <stdlib.h>

void schedule_memories(const struct program *p, struct precedence **precedences, size_t *count,
                       size_t *capacity)
{
    struct arena arena = {0};
    /* Distances without the stages that an earlier schedule may have given. */
    struct program bare = *p;
    bare.ops = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *bare.ops);
    for (int v = 0; v < p->op_count; v++) {
        bare.ops[v] = p->ops[v];
        bare.ops[v].stage = 0;
    }
    struct statics *statics = statics_new(&bare);
    int *stores = arena_alloc(&arena, (size_t)p->memory_count + 1, sizeof *stores);
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_STORE) stores[p->ops[v].immediate] = v;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        int least, most;
        if (op->code != OP_LOAD || !load_distances(statics, v, &least, &most)) continue;
        *precedences = array_grow(*precedences, capacity, *count + 1, sizeof **precedences);
        (*precedences)[(*count)++] =
            (struct precedence){stores[op->immediate], v, 1 + op_read_cycles(p, op) - least};
    }
    statics_free(statics);
    arena_free(&arena);
}

void schedule_lift_statics(const struct program *p, const struct precedence *precedences,
                           size_t count, int *stages)
{
    struct arena arena = {0};
    struct statics *statics = statics_new(p);
    int *latest = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *latest);
    for (int v = 0; v < p->op_count; v++)
        latest[v] = INT_MAX;
    for (size_t i = count; i-- > 0;) { /* sorted by where they end: readers first */
        const struct precedence *e = &precedences[i];
        if (e->from >= e->to || p->ops[e->from].code == OP_CONST) continue;
        if (latest[e->to] != INT_MAX && statics_of(statics, e->to) && latest[e->to] > stages[e->to])
            stages[e->to] = latest[e->to];
        int stage = stages[e->to] - e->distance;
        if (stage < latest[e->from]) latest[e->from] = stage;
    }
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_INDEX && latest[v] != INT_MAX && latest[v] > stages[v])
            stages[v] = latest[v];
    statics_free(statics);
    arena_free(&arena);
}

void schedule_choose_slots(struct program *p)
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
