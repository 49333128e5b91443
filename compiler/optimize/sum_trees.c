/* Sum trees of a program. */
#include "compiler/optimize/sum_trees.h"

#include "compiler/optimize/rewrite.h"

/* A quantizer that drops low bits and nothing else. */
static bool only_truncates(const struct program *p, const struct op *op)
{
    if (op->code != OP_QUANTIZE || op->format.rounding != ROUND_TRN) return false;
    const struct op *a = program_operand(p, op, 0);
    int drop = op_fraction(a) - op_fraction(op);
    return drop >= 0 && drop < 62 && op->lo == a->lo >> drop && op->hi == a->hi >> drop;
}

static bool is_inner(const struct program *p, const struct op *op)
{
    return op->code == OP_ADD || op->code == OP_SUB || op->code == OP_SHIFT || op->code == OP_NEG ||
           only_truncates(p, op);
}

/* Operand number of the constant that an operation adds or takes away; -1: none. */
static int constant_operand(const struct program *p, const struct op *op)
{
    if (op->code != OP_ADD && op->code != OP_SUB) return -1;
    if (program_operand(p, op, 1)->code == OP_CONST) return 1;
    return op->code == OP_ADD && program_operand(p, op, 0)->code == OP_CONST ? 0 : -1;
}

int sum_trees_kept(const struct program *p, const struct op *skipped)
{
    return 1 - constant_operand(p, skipped);
}

struct place sum_trees_operand(const struct sum_trees *t, int value, int k)
{
    const struct op *op = &t->program->ops[value];
    struct place place = t->places[value];
    if ((op->code == OP_SUB && k == 1) || op->code == OP_NEG) place.negative = !place.negative;
    if ((op_is_sum(op) && k == 1) || op->code == OP_SHIFT) place.shift += (int)op->immediate;
    int grid = place.shift - op_fraction(op);
    if (op->code == OP_QUANTIZE && grid > place.grid) place.grid = grid;
    return place;
}

/* Takes the constant into its root, if it fits and the grid lets it move. */
static void take_constant(struct sum_trees *t, int value, int k)
{
    const struct op *op = &t->program->ops[value], *c = program_operand(t->program, op, k);
    struct place place = sum_trees_operand(t, value, k);
    struct dyadic constant = dyadic_make(place.negative ? -c->lo : c->lo, op_fraction(c)), sum;
    constant.fraction_bits -= place.shift;
    bool on_grid = place.grid == NO_GRID || -constant.fraction_bits >= place.grid;
    if (!constant.integer || !on_grid || !dyadic_add(t->constants[place.root], constant, &sum))
        return;
    t->constants[place.root] = sum;
    t->is_skipped[value] = true;
}

struct sum_trees sum_trees_find(struct arena *arena, const struct program *p)
{
    size_t count = (size_t)p->op_count + 1;
    struct sum_trees t = {p, arena_alloc(arena, count, sizeof *t.places),
                          arena_alloc(arena, count, sizeof *t.parents),
                          arena_alloc(arena, count, sizeof *t.is_skipped),
                          arena_alloc(arena, count, sizeof *t.constants)};
    const int *users = count_users(arena, p);
    for (size_t i = 0; i < count; i++)
        t.places[i].root = t.parents[i] = -1;
    for (int v = p->op_count - 1; v >= 0; v--) {
        const struct op *op = &p->ops[v];
        bool is_quantizer = op->code == OP_QUANTIZE;
        if (!is_inner(p, op) || (is_quantizer && t.places[v].root < 0)) continue;
        if (t.places[v].root < 0) t.places[v] = (struct place){v, 0, false, NO_GRID};
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k];
            if (users[a] != 1 || !is_inner(p, &p->ops[a])) continue;
            t.places[a] = sum_trees_operand(&t, v, k);
            t.parents[a] = v;
        }
        int k = constant_operand(p, op);
        if (k >= 0) take_constant(&t, v, k);
    }
    return t;
}

int sum_trees_value(const struct sum_trees *t, int operand, int *shift)
{
    const struct program *p = t->program;
    *shift = 0;
    while (t->is_skipped[operand]) {
        const struct op *op = &p->ops[operand];
        int kept = sum_trees_kept(p, op);
        if (kept == 1) *shift += (int)op->immediate;
        operand = p->operands[op->operands + kept];
    }
    return operand;
}
