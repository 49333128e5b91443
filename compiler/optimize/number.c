/* Value numbering: equal operations on equal operands become one. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

/* A hash table of the new program's values, open addressing. */
struct numbering {
    int *slots; /* value + 1, 0: free */
    size_t mask;
};

static uint64_t mix(uint64_t hash, uint64_t x)
{
    hash = (hash ^ x) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

static bool is_commutative(enum op_code code, int64_t immediate)
{
    return (code == OP_ADD && immediate == 0) || code == OP_MUL || code == OP_EQ ||
           code == OP_MIN || code == OP_MAX || code == OP_AND || code == OP_OR || code == OP_XOR;
}

static uint64_t hash_op(const struct program *p, const struct op *op)
{
    uint64_t hash = mix((uint64_t)op->code, (uint64_t)op->immediate);
    for (int i = 0; i < op->operand_count; i++)
        hash = mix(hash, (uint64_t)p->operands[op->operands + i]);
    hash = mix(hash, (uint64_t)op->format.width_bits);
    return mix(hash, (uint64_t)op->format.integer_bits);
}

static bool same_op(const struct program *p, const struct op *a, const struct op *b)
{
    if (a->code != b->code || a->immediate != b->immediate ||
        a->operand_count != b->operand_count || !format_equal(a->format, b->format))
        return false;
    for (int i = 0; i < a->operand_count; i++)
        if (p->operands[a->operands + i] != p->operands[b->operands + i]) return false;
    return true;
}

static int number(struct rewrite *r, int value)
{
    struct numbering *numbering = r->pass;
    struct program *p = r->program;
    int copy = rewrite_copy(r, value);
    struct op *op = &p->ops[copy];
    if (op->code == OP_INPUT || op->code >= OP_INDEX) return copy;
    int *operands = p->operands + op->operands;
    if (is_commutative(op->code, op->immediate) && operands[0] > operands[1]) {
        int other = operands[0];
        operands[0] = operands[1];
        operands[1] = other;
    }
    size_t slot = hash_op(p, op) & numbering->mask;
    for (; numbering->slots[slot]; slot = (slot + 1) & numbering->mask) {
        int known = numbering->slots[slot] - 1;
        if (!same_op(p, &p->ops[known], op)) continue;
        p->op_count--; /* the copy stands at the end: take it back */
        p->operand_count -= op->operand_count;
        p->blocks[p->block_count - 1].end--;
        return known;
    }
    numbering->slots[slot] = copy + 1;
    return copy;
}

struct program *optimize_number(const struct program *old, const struct target *target)
{
    (void)target;
    size_t size = 64;
    while (size < 2 * (size_t)old->op_count)
        size *= 2;
    struct arena arena = {0};
    struct numbering numbering = {arena_alloc(&arena, size, sizeof(int)), size - 1};
    struct program *program = rewrite_program(old, number, &numbering);
    arena_free(&arena);
    return program;
}
