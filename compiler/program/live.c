/* Which values an output depends on. */
#include "compiler/program/internal.h"

#include <assert.h>

struct search {
    const struct program *p;
    bool *live;
    int *stack, count;
};

static void mark(struct search *s, int value)
{
    if (s->live[value]) return;
    s->live[value] = true;
    s->stack[s->count++] = value;
}

/* A result reads those operands of its matvec that have a weight in its column. */
static void mark_result(struct search *s, const struct op *op, bool whole)
{
    const struct program *p = s->p;
    if (whole) {
        mark(s, p->operands[op->operands]);
        return;
    }
    const struct op *matvec = program_operand(p, op, 0);
    for (int i = 0; i < matvec->operand_count; i++) {
        int64_t weight;
        bool fits = result_weight(p, op, op_fraction(op), i, &weight);
        assert(fits); /* a checked program */
        if (fits && (weight || result_matrix(p, op)->is_loadable))
            mark(s, p->operands[matvec->operands + i]);
    }
}

bool op_needs_operand(const struct program *p, const struct op *op, int k)
{
    if (op->code != OP_PICK || k == 0) return true;
    const struct op *index = program_operand(p, op, 0);
    return k - 1 >= index->lo && k - 1 <= index->hi;
}

void program_find_live(const struct program *p, bool whole, bool *live)
{
    struct arena arena = {0};
    size_t count = (size_t)p->op_count + 1;
    struct search s = {p, live, arena_alloc(&arena, count, sizeof(int)), 0};
    int *update = arena_alloc(&arena, count, sizeof *update);
    int *store = arena_alloc(&arena, (size_t)p->memory_count + 1, sizeof *store);
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        live[v] = false;
        if (op->code == OP_UPDATE) update[p->operands[op->operands]] = v;
        if (op->code == OP_STORE) store[op->immediate] = v;
    }
    for (int i = 0; i < p->output_count; i++)
        mark(&s, p->outputs[i].value);
    while (s.count) {
        int v = s.stack[--s.count];
        const struct op *op = &p->ops[v];
        if (op->code == OP_STATE) mark(&s, update[v]);
        if (op->code == OP_LOAD && !p->memories[op->immediate].contents)
            mark(&s, store[op->immediate]);
        if (op->code == OP_RESULT)
            mark_result(&s, op, whole);
        else
            for (int k = 0; k < op->operand_count; k++)
                if (whole || op_needs_operand(p, op, k)) mark(&s, p->operands[op->operands + k]);
    }
    arena_free(&arena);
}
