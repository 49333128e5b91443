/* Values of loops that follow from constants and the iteration alone. */
#include "compiler/program/internal.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

struct statics {
    const struct program *program;
    struct program shadow;
    struct arena arena;
    int64_t **known; /* of each value, NULL: not asked for yet */
    bool *is_asked;
};

struct statics *statics_new(const struct program *p)
{
    struct statics *s = calloc(1, sizeof *s);
    if (!s) fail("out of memory");
    size_t count = (size_t)p->op_count + 1;
    s->program = p;
    s->shadow = *p;
    s->shadow.ops = arena_alloc(&s->arena, count, sizeof *p->ops);
    memcpy(s->shadow.ops, p->ops, (size_t)p->op_count * sizeof *p->ops);
    s->known = arena_alloc(&s->arena, count, sizeof *s->known);
    s->is_asked = arena_alloc(&s->arena, count, sizeof *s->is_asked);
    return s;
}

void statics_free(struct statics *s)
{
    if (!s) return;
    arena_free(&s->arena);
    free(s);
}

const struct program *statics_program(const struct statics *s)
{
    return s->program;
}

/* Puts what the operand is in iteration i into the shadow. */
static void set_operand(struct statics *s, int operand, int i)
{
    struct op *op = &s->shadow.ops[operand];
    if (op->code != OP_CONST) op->lo = op->hi = s->known[operand][i];
}

static bool is_carried(enum op_code code)
{
    return code == OP_STATE || code == OP_UPDATE || code == OP_LOAD || code == OP_STORE ||
           code == OP_MATVEC || code == OP_RESULT || code == OP_INPUT;
}

static bool find(struct statics *s, int value, int64_t *integers)
{
    const struct program *p = s->program;
    const struct op *op = &p->ops[value];
    int block = program_block_of(p, value), trip = p->blocks[block].trip;
    if (is_carried(op->code)) return false;
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k];
        if (p->ops[a].code == OP_CONST) continue;
        if (program_block_of(p, a) != block || !statics_of(s, a)) return false;
    }
    for (int i = 0; i < trip; i++) {
        struct format format;
        int64_t lo = i, hi = i;
        for (int k = 0; k < op->operand_count; k++)
            set_operand(s, p->operands[op->operands + k], i);
        if (op->code != OP_INDEX && op_infer(&s->shadow, &s->shadow.ops[value], &format, &lo, &hi))
            return false;
        if (lo != hi) return false;
        integers[i] = lo;
    }
    return true;
}

const int64_t *statics_of(struct statics *s, int value)
{
    const struct op *op = &s->program->ops[value];
    if (op->code == OP_CONST) return &op->immediate;
    if (s->is_asked[value]) return s->known[value];
    s->is_asked[value] = true;
    int trip = s->program->blocks[program_block_of(s->program, value)].trip;
    int64_t *integers = arena_alloc(&s->arena, (size_t)trip, sizeof *integers);
    return s->known[value] = find(s, value, integers) ? integers : NULL;
}
