/* The cycles of a scheduled program: what its stages and memories have to keep
 * (docs/reference/program.md, Schedule). */
#include "compiler/program/internal.h"

#include <limits.h>
#include <stdlib.h>

#define REASON(...) (snprintf(reason, size, __VA_ARGS__), reason)

int op_read_cycles(const struct program *p, const struct op *op)
{
    if (op->code == OP_TABLE) return p->tables[op->immediate].in_block;
    if (op->code != OP_LOAD) return 0;
    const struct memory *memory = &p->memories[op->immediate];
    return memory_is_corrected(p, memory) ? 1 + p->correction_cycles : memory->kind == MEMORY_BLOCK;
}

int op_distance(const struct program *p, int value, int k)
{
    const struct op *op = &p->ops[value];
    int a = p->operands[op->operands + k];
    if (p->ops[a].code == OP_CONST) return INT_MIN;
    int early = k > 0 ? 0 : op->code == OP_STATE ? 1 : op_read_cycles(p, op);
    const struct block *mine = &p->blocks[program_block_of(p, value)];
    if (a >= mine->first) return early;
    const struct block *its = &p->blocks[program_block_of(p, a)];
    bool is_held = block_is_loop(its) || (block_is_loop(mine) && op->code != OP_STATE);
    return (its->trip - 1) * its->interval + early + is_held;
}

/* ---- memories ---- */

/* A write or a read of an entry by an iteration. */
struct access {
    int cycle;
    int64_t entry;
};

static int find_store(const struct program *p, int memory)
{
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_STORE && p->ops[v].immediate == memory) return v;
    return -1;
}

/* The enabled iterations of a store, in order; returns their number. */
static int list_writes(struct statics *statics, const struct program *p, int store,
                       struct access *writes)
{
    const struct op *op = &p->ops[store];
    const int64_t *entry = statics_of(statics, p->operands[op->operands]);
    const int64_t *enable = statics_of(statics, p->operands[op->operands + 2]);
    int trip = p->blocks[program_block_of(p, store)].trip, count = 0;
    int addresses = p->ops[p->operands[op->operands]].code == OP_CONST,
        conditions = p->ops[p->operands[op->operands + 2]].code == OP_CONST;
    for (int i = 0; i < trip; i++)
        if (enable[conditions ? 0 : i])
            writes[count++] = (struct access){op->stage + i, entry[addresses ? 0 : i]};
    return count;
}

/* The write that iteration i of the load reads: the last before it in the order of the program. */
static const struct access *find_write(const struct program *p, int load, int i, int store,
                                       const struct access *writes, int count, int64_t entry)
{
    bool together = program_block_of(p, load) == program_block_of(p, store);
    int latest = together ? p->ops[store].stage + i - (store > load) : INT_MAX;
    for (int k = count - 1; k >= 0; k--)
        if (writes[k].cycle <= latest && writes[k].entry == entry) return &writes[k];
    return NULL;
}

/* Everything about one memory. */
struct memory_use {
    const struct program *p;
    struct statics *statics;
    int memory, store, count;
    struct access *writes;
    struct arena arena;
};

static bool use_init(struct memory_use *u, const struct program *p, struct statics *statics,
                     int memory)
{
    *u = (struct memory_use){
        .p = p, .statics = statics, .memory = memory, .store = find_store(p, memory)};
    if (u->store < 0) return false;
    int trip = p->blocks[program_block_of(p, u->store)].trip;
    u->writes = arena_alloc(&u->arena, (size_t)trip + 1, sizeof *u->writes);
    u->count = list_writes(statics, p, u->store, u->writes);
    return true;
}

/* Calls `function` with each read of the memory and the write that it reads; a NULL answer goes on.
 */
typedef const char *read_function(struct memory_use *u, int load, struct access read,
                                  const struct access *write, void *data);
static const char *each_read(struct memory_use *u, int load, read_function *function, void *data)
{
    const struct program *p = u->p;
    const struct op *op = &p->ops[load];
    int address = p->operands[op->operands];
    const int64_t *entry = statics_of(u->statics, address);
    int condition = op->operand_count > 1 ? p->operands[op->operands + 1] : -1;
    const int64_t *reads = condition >= 0 ? statics_of(u->statics, condition) : NULL;
    bool constant = p->ops[address].code == OP_CONST;
    int trip = p->blocks[program_block_of(p, load)].trip;
    for (int i = 0; i < trip; i++) {
        if (reads && !reads[p->ops[condition].code == OP_CONST ? 0 : i]) continue;
        struct access read = {op->stage + i, entry[constant ? 0 : i]};
        const struct access *write =
            find_write(p, load, i, u->store, u->writes, u->count, read.entry);
        const char *what = write ? function(u, load, read, write, data) : "reads nothing";
        if (what) return what;
    }
    return NULL;
}

static const char *add_distance(struct memory_use *u, int load, struct access read,
                                const struct access *write, void *data)
{
    int *range = data, distance = read.cycle - write->cycle;
    (void)u, (void)load;
    if (distance < range[0]) range[0] = distance;
    if (distance > range[1]) range[1] = distance;
    return NULL;
}

bool load_distances(struct statics *statics, int load, int *least, int *most)
{
    struct memory_use u;
    const struct program *p = statics_program(statics);
    int range[2] = {INT_MAX, INT_MIN};
    if (!use_init(&u, p, statics, (int)p->ops[load].immediate)) return false;
    each_read(&u, load, add_distance, range);
    *least = range[0];
    *most = range[1];
    arena_free(&u.arena);
    return true;
}

/* Whether the slot keeps what was written until it is read, whatever the distance of events. */
static const char *check_slot(struct memory_use *u, int load, struct access read,
                              const struct access *write, void *data)
{
    const struct memory *m = &u->p->memories[u->memory];
    int buffers = m->slots > m->entries ? m->slots / m->entries : 1;
    int turn = buffers * u->p->interval_cycles;
    (void)load, (void)data;
    for (int k = 0; k < u->count; k++) {
        const struct access *other = &u->writes[k];
        if (other->entry % m->slots != read.entry % m->slots) continue;
        if (other->cycle > write->cycle && other->cycle < read.cycle)
            return "its slot is written again before it reads";
        if (other->cycle + turn < read.cycle)
            return "the next event writes its slot before it reads";
        if (other->cycle - turn >= write->cycle) return "the event before writes its slot late";
    }
    return NULL;
}

bool memory_slots_fit(struct statics *statics, int memory)
{
    const struct program *p = statics_program(statics);
    struct memory_use u;
    bool fit = true;
    if (use_init(&u, p, statics, memory) && p->memories[memory].kind != MEMORY_DELAY)
        for (int v = 0; v < p->op_count && fit; v++)
            if (p->ops[v].code == OP_LOAD && p->ops[v].immediate == memory)
                fit = !each_read(&u, v, check_slot, NULL);
    arena_free(&u.arena);
    return fit;
}

static const char *check_load(struct memory_use *u, int load)
{
    const struct memory *m = &u->p->memories[u->memory];
    int range[2] = {INT_MAX, INT_MIN};
    const char *what = each_read(u, load, add_distance, range);
    if (what) return what;
    if (range[0] < 1 + (m->kind == MEMORY_BLOCK)) return "it reads before the entry is written";
    if (m->kind == MEMORY_DELAY)
        return range[0] == range[1] ? NULL : "its iterations need different delays";
    return each_read(u, load, check_slot, NULL);
}

static const char *memory_verify(const struct program *p, struct statics *statics, int memory,
                                 int *value, char *reason, size_t size)
{
    struct memory_use u;
    const char *what = NULL;
    if (!use_init(&u, p, statics, memory)) return NULL;
    for (int v = 0; v < p->op_count && !what; v++) {
        if (p->ops[v].code != OP_LOAD || p->ops[v].immediate != memory) continue;
        *value = v;
        what = check_load(&u, v);
    }
    arena_free(&u.arena);
    return what ? REASON("%%%d (load %s): %s", *value, p->memories[memory].name, what) : NULL;
}

/* ---- stages ---- */

static const char *op_verify(const struct program *p, int value, char *reason, size_t size)
{
    const struct op *op = &p->ops[value];
    const char *name = op_rows[op->code].name;
    if ((p->latency_cycles == 0) != (op->stage < 0))
        return REASON("%%%d (%s): stage %d in a program of latency %d", value, name, op->stage,
                      p->latency_cycles);
    if (op->stage < 0) return NULL;
    if (op->code == OP_INPUT && op->stage > 0)
        return REASON("%%%d (input): stage %d, not 0", value, op->stage);
    if (op->stage == 0 && (value_in_loop(p, value) || op->code >= OP_INDEX))
        return REASON("%%%d (%s): stage 0 of what a loop's control reaches", value, name);
    bool is_loadable = op->code == OP_LOAD && p->memories[op->immediate].contents;
    if (is_loadable && load_read_stage(p, op) < 1)
        return REASON("%%%d (load): a loadable memory is read in cycle %d, before the event has "
                      "its bank",
                      value, load_read_stage(p, op));
    if ((op->code == OP_LOAD || op->code == OP_STORE) && !is_loadable && !program_has_loops(p))
        return REASON("%%%d (%s): a memory in a program without loops", value, name);
    for (int k = 0; k < op->operand_count; k++) {
        int distance = op_distance(p, value, k), from = program_operand(p, op, k)->stage;
        if (distance == INT_MIN || op->stage - from >= distance) continue;
        if (distance == 0)
            return REASON("%%%d (%s): stage %d, before its operand's %d", value, name, op->stage,
                          from);
        return REASON("%%%d (%s): stage %d, its operand's is %d and should be %d before", value,
                      name, op->stage, from, distance);
    }
    if (op->code == OP_UPDATE && op->stage != program_operand(p, op, 0)->stage)
        return REASON("%%%d (update): stage %d, its state's is %d", value, op->stage,
                      program_operand(p, op, 0)->stage);
    return NULL;
}

static const char *stages_verify(const struct program *p, int *wrong, char *reason, size_t size)
{
    int last = -1, longest = 1;
    for (int b = 0; b < p->block_count; b++)
        if (p->blocks[b].trip > longest) longest = p->blocks[b].trip;
    if (p->latency_cycles < 0 || p->interval_cycles < 1 ||
        (p->latency_cycles && p->interval_cycles < longest))
        return REASON("latency %d, interval %d, the longest block %d", p->latency_cycles,
                      p->interval_cycles, longest);
    for (int b = 0; b < p->block_count; b++)
        for (int value = p->blocks[b].first; value < p->blocks[b].end; value++) {
            if (p->ops[value].code == OP_CONST) continue; /* wired: its stage says nothing */
            *wrong = value;
            if (op_verify(p, value, reason, size)) return reason;
            int end = p->ops[value].stage + (p->blocks[b].trip - 1) * p->blocks[b].interval;
            if (end > last) last = end;
        }
    *wrong = -1;
    if (p->latency_cycles && last >= 0 && p->latency_cycles != last + 1)
        return REASON("latency %d, last stage %d", p->latency_cycles, last);
    return NULL;
}

const char *timing_verify(const struct program *p, int *value, char *reason, size_t size)
{
    const char *wrong = stages_verify(p, value, reason, size);
    if (wrong || !p->latency_cycles || !p->memory_count) return wrong;
    struct statics *statics = statics_new(p);
    for (int m = 0; m < p->memory_count && !wrong; m++)
        wrong = memory_verify(p, statics, m, value, reason, size);
    statics_free(statics);
    return wrong;
}
