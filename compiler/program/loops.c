/* Loops in the checker: every iteration's intervals, one after the other.
 *
 * In an iteration `index` is a number, so what a table gives for it is one, too: sums of products
 * with constants from a ROM get the intervals that they have when written out. A value's interval
 * has to hold all of its iterations' intervals. Memories keep an interval for each entry. */
#include "compiler/program/internal.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REASON(...) (snprintf(reason, size, __VA_ARGS__), reason)

struct entry {
    bool written;
    int64_t lo, hi;
};

struct loop_check {
    const struct program *program;
    struct linear_forms *forms;
    struct arena arena;
    struct entry **entries; /* of each memory */
    int memory_count;
    size_t capacity;
};

/* One block being run. */
struct run {
    struct loop_check *check;
    const struct block *block;
    struct program shadow; /* the program with the intervals of this iteration */
    struct entry *hulls;   /* of the block's values; written: some iteration was there */
    int *updates;          /* of the block's states, -1 */
    bool *is_claim;        /* narrower than the rule gives by the hulls of the operands */
    int iteration;
    char *reason;
    size_t size;
};

struct loop_check *loop_check_new(const struct program *p)
{
    struct loop_check *check = calloc(1, sizeof *check);
    if (!check) fail("out of memory");
    check->program = p;
    check->forms = linear_new(p);
    return check;
}

void loop_check_free(struct loop_check *check)
{
    if (!check) return;
    linear_free(check->forms);
    free(check->entries);
    arena_free(&check->arena);
    free(check);
}

/* Entries of memories that are new since the last block. */
static void find_memories(struct loop_check *check)
{
    const struct program *p = check->program;
    check->entries = array_grow(check->entries, &check->capacity, (size_t)p->memory_count + 1,
                                sizeof *check->entries);
    for (; check->memory_count < p->memory_count; check->memory_count++) {
        const struct memory *m = &p->memories[check->memory_count];
        check->entries[check->memory_count] =
            arena_alloc(&check->arena, (size_t)m->entries, sizeof(struct entry));
    }
}

static const char *complain(struct run *r, int value, const char *what)
{
    snprintf(r->reason, r->size, "%%%d (%s): %s%s", value, op_rows[r->shadow.ops[value].code].name,
             what, r->block->trip > 1 ? " (in a loop)" : "");
    return r->reason;
}

/* Each state of the block has one update, behind it. */
static const char *find_updates(struct run *r, int *wrong)
{
    const struct program *p = r->check->program;
    const struct block *b = r->block;
    for (int v = b->first; v < b->end; v++)
        r->updates[v - b->first] = -1;
    for (int v = b->first; v < b->end; v++) {
        const struct op *op = &p->ops[v];
        *wrong = v;
        if (op->code == OP_INDEX && op->immediate != b->trip)
            return complain(r, v, "not the trip count of its block");
        if (b->trip == 1 && (op->code == OP_STATE || op->code == OP_UPDATE))
            return complain(r, v, "not in a loop");
        if (op->code != OP_UPDATE) continue;
        int state = p->operands[op->operands];
        if (state < b->first) return complain(r, v, "its state is in another block");
        if (r->updates[state - b->first] >= 0) return complain(r, v, "the state has an update");
        r->updates[state - b->first] = v;
    }
    for (int v = b->first; v < b->end; v++) {
        *wrong = v;
        if (p->ops[v].code != OP_STATE) continue;
        if (r->updates[v - b->first] < 0) return complain(r, v, "nothing updates it");
        if (p->operands[p->ops[v].operands] >= b->first &&
            p->ops[p->operands[p->ops[v].operands]].code != OP_CONST)
            return complain(r, v, "its first value is made in the loop itself");
    }
    return NULL;
}

static bool is_static(const struct op *op)
{
    return op->lo == op->hi;
}

/* The entry that a load or store of this iteration is about; NULL: `what` is wrong. */
static struct entry *find_entry(struct run *r, const struct op *op, const char **what)
{
    const struct op *address = program_operand(&r->shadow, op, 0);
    *what = "its address does not follow from constants and the iteration alone";
    if (!is_static(address)) return NULL;
    *what = "there is no such entry";
    if (address->lo < 0 || address->lo >= r->shadow.memories[op->immediate].entries) return NULL;
    return &r->check->entries[op->immediate][address->lo];
}

/* A loadable memory may hold anything of its interval in every entry, so that it does not matter
 * which is read: op_infer() has bounded the address. */
static const char *run_loadable(struct run *r, struct op *op)
{
    struct format format;
    const char *what = op_infer(&r->shadow, op, &format, &op->lo, &op->hi);
    if (what || op->operand_count == 1) return what;
    const struct op *condition = program_operand(&r->shadow, op, 1);
    if (!condition->hi) op->lo = op->hi = 0;
    return NULL;
}

static const char *run_memory(struct run *r, struct op *op)
{
    const char *what;
    if (op->code == OP_LOAD && r->shadow.memories[op->immediate].contents)
        return run_loadable(r, op);
    const struct op *condition =
        op->operand_count > 1 ? program_operand(&r->shadow, op, op->operand_count - 1) : NULL;
    if (condition && !is_static(condition))
        return "its condition does not follow from constants and the iteration alone";
    if (op->code == OP_LOAD && condition && !condition->lo) {
        op->lo = op->hi = 0;
        return NULL;
    }
    struct entry *entry = find_entry(r, op, &what);
    if (!entry) return what;
    if (op->code == OP_LOAD) {
        if (!entry->written) return "it reads an entry that no store has written";
        op->lo = entry->lo;
        op->hi = entry->hi;
        return NULL;
    }
    const struct op *value = program_operand(&r->shadow, op, 1);
    op->lo = value->lo;
    op->hi = value->hi;
    if (condition->lo) *entry = (struct entry){true, value->lo, value->hi};
    return NULL;
}

/* The interval of one value in this iteration; NULL or what is wrong. */
static const char *run_op(struct run *r, int value)
{
    struct op *op = &r->shadow.ops[value];
    struct format format;
    switch (op->code) {
    case OP_MATVEC: return NULL;
    case OP_INDEX: op->lo = op->hi = r->iteration; return NULL;
    case OP_LOAD:
    case OP_STORE: return run_memory(r, op);
    case OP_STATE: {
        const struct op *now = r->iteration ? &r->shadow.ops[r->updates[value - r->block->first]]
                                            : program_operand(&r->shadow, op, 0);
        op->lo = now->lo;
        op->hi = now->hi;
        return NULL;
    }
    case OP_UPDATE:
        op->lo = program_operand(&r->shadow, op, 1)->lo;
        op->hi = program_operand(&r->shadow, op, 1)->hi;
        return NULL;
    default: break;
    }
    const char *wrong = op_infer(&r->shadow, op, &format, &op->lo, &op->hi);
    if (wrong || !r->is_claim[value - r->block->first]) return wrong;
    int64_t lo, hi;
    linear_interval(r->check->forms, value, &lo, &hi);
    if (lo > op->lo) op->lo = lo;
    if (hi < op->hi) op->hi = hi;
    return NULL;
}

static void add_hull(struct entry *hull, const struct op *op)
{
    if (!hull->written || op->lo < hull->lo) hull->lo = op->lo;
    if (!hull->written || op->hi > hull->hi) hull->hi = op->hi;
    hull->written = true;
}

static const char *check_hulls(struct run *r, int *wrong)
{
    char *reason = r->reason;
    size_t size = r->size;
    for (int v = r->block->first; v < r->block->end; v++) {
        const struct op *op = &r->check->program->ops[v];
        const struct entry *hull = &r->hulls[v - r->block->first];
        *wrong = v;
        if (op->code == OP_MATVEC || op->code == OP_INPUT) continue;
        if (hull->lo < op->lo || hull->hi > op->hi)
            return REASON("%%%d (%s): interval [%" PRId64 ", %" PRId64 "] is claimed, [%" PRId64
                          ", %" PRId64 "] is what its iterations give",
                          v, op_rows[op->code].name, op->lo, op->hi, hull->lo, hull->hi);
    }
    return NULL;
}

/* Whether the block has anything that only running it can tell. */
static bool needs_run(const struct program *p, const struct block *block)
{
    if (block_is_loop(block)) return true;
    for (int v = block->first; v < block->end; v++)
        if (p->ops[v].code >= OP_INDEX) return true;
    return false;
}

static const char *run_block(struct run *r, int *wrong)
{
    const struct program *p = r->check->program;
    const struct block *b = r->block;
    const char *what = find_updates(r, wrong);
    if (what) return what;
    for (int v = b->first; v < b->end; v++) {
        struct format format;
        int64_t lo, hi;
        const struct op *op = &p->ops[v];
        bool linear = op->code == OP_ADD || op->code == OP_SUB;
        if (linear && !op_infer(p, op, &format, &lo, &hi))
            r->is_claim[v - b->first] = op->lo > lo || op->hi < hi;
    }
    for (r->iteration = 0; r->iteration < b->trip; r->iteration++)
        for (int v = b->first; v < b->end; v++) {
            *wrong = v;
            what = run_op(r, v);
            if (what) return complain(r, v, what);
            add_hull(&r->hulls[v - b->first], &r->shadow.ops[v]);
        }
    return b->trip > 1 ? check_hulls(r, wrong) : NULL;
}

const char *loop_check_block(struct loop_check *check, int block, int *value, char *reason,
                             size_t size)
{
    const struct program *p = check->program;
    struct arena arena = {0};
    struct run r = {
        .check = check, .block = &p->blocks[block], .shadow = *p, .reason = reason, .size = size};
    *value = -1;
    find_memories(check);
    if (!needs_run(p, r.block)) return NULL;
    size_t count = (size_t)(r.block->end - r.block->first) + 1;
    r.shadow.ops = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *p->ops);
    if (p->op_count) memcpy(r.shadow.ops, p->ops, (size_t)p->op_count * sizeof *p->ops);
    r.hulls = arena_alloc(&arena, count, sizeof *r.hulls);
    r.updates = arena_alloc(&arena, count, sizeof *r.updates);
    r.is_claim = arena_alloc(&arena, count, sizeof *r.is_claim);
    const char *what = run_block(&r, value);
    arena_free(&arena);
    return what;
}
