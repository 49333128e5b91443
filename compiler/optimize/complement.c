/* Subtractions by complements, where the carry chain does not invert.
 *
 * There a - b costs an inverter per bit of b, unless b comes complemented from the LUTs that make
 * it: -b = (-1 - b) + 1 in steps of b, and -1 - b is all its bits inverted. The 1 goes into a
 * constant that the same sum already adds.
 *
 * A sum is a tree of add, sub, neg and shift whose inner values have one reader each. Changed are
 * the differences whose subtrahend is an inner value, in trees with a constant among their leaves.
 */
#include "compiler/lower/dyadic.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/program/linear.h"

#include <assert.h>

/* A value's part in the tree it is in: root = ... + sign * 2^shift * value. */
struct place {
    int root; /* -1: not in a tree */
    int shift;
    bool negative;
};

struct complement {
    const int *users;
    struct place *places; /* [old op_count] */
    int *constant;        /* [old op_count] of a root: an add or sub that has a const operand */
    struct dyadic *corrections; /* [old op_count] of such an operation: goes to its constant */
    bool *changed;              /* [old op_count] of a sub: becomes an addition of a complement */
    struct linear_forms *forms;
};

static bool is_sum(enum op_code code)
{
    return code == OP_ADD || code == OP_SUB || code == OP_SHIFT || code == OP_NEG;
}

/* Operand number of the nonzero constant that an add or sub has; -1: none. */
static int constant_operand(const struct program *p, const struct op *op)
{
    for (int k = 0; k < 2 && (op->code == OP_ADD || op->code == OP_SUB); k++)
        if (program_operand(p, op, k)->code == OP_CONST && program_operand(p, op, k)->lo) return k;
    return -1;
}

/* Where operand k of the value in `place` stands. */
static struct place operand_place(const struct op *op, int k, struct place place)
{
    if ((op->code == OP_SUB && k == 1) || op->code == OP_NEG) place.negative = !place.negative;
    if (k == 1 || op->code == OP_SHIFT) place.shift += (int)op->immediate;
    return place;
}

/* Whether operand a belongs to the tree of its reader v: a loop's trees end with it. */
static bool is_inner(const struct program *p, const struct complement *c, int v, int a)
{
    bool together = program_block_of(p, a) == program_block_of(p, v) ||
                    (!value_in_loop(p, a) && !value_in_loop(p, v));
    return c->users[a] == 1 && together;
}

/* Gives every sum its place, readers before operands, and every root an addition of a constant. */
static void find_trees(const struct program *p, struct complement *c)
{
    for (int v = p->op_count - 1; v >= 0; v--) {
        const struct op *op = &p->ops[v];
        if (!is_sum(op->code)) continue;
        struct place *place = &c->places[v];
        if (place->root < 0) *place = (struct place){v, 0, false};
        if (constant_operand(p, op) >= 0) c->constant[place->root] = v;
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k];
            if (is_sum(p->ops[a].code) && is_inner(p, c, v, a))
                c->places[a] = operand_place(op, k, *place);
        }
    }
}

/* d moved from one place of a tree to another: the same contribution to the root, negated. */
static struct dyadic moved_against(struct dyadic d, struct place from, struct place to)
{
    if (from.negative == to.negative) d.integer = -d.integer;
    d.fraction_bits -= from.shift - to.shift;
    return d;
}

static void choose(const struct program *p, struct complement *c)
{
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        if (op->code != OP_SUB) continue;
        int b = p->operands[op->operands + 1], adds = c->constant[c->places[v].root];
        bool inner = is_inner(p, c, v, b) && (p->ops[b].code == OP_ADD || p->ops[b].code == OP_SUB);
        if (!inner || adds < 0) continue;
        const struct op *constant = &p->ops[adds];
        struct place to = operand_place(constant, constant_operand(p, constant), c->places[adds]);
        /* a + (-1 - b) * 2^shift is one step of b * 2^shift less than the difference. */
        struct dyadic step = dyadic_make(-1, op_fraction(&p->ops[b]) - (int)op->immediate), sum;
        if (!dyadic_add(c->corrections[adds], moved_against(step, c->places[v], to), &sum))
            continue;
        const struct op *value = program_operand(p, constant, constant_operand(p, constant));
        struct dyadic corrected;
        if (!dyadic_add(sum, dyadic_make(value->lo, op_fraction(value)), &corrected)) continue;
        c->corrections[adds] = sum;
        c->changed[v] = true;
    }
}

/* The constant operand with its correction. */
static int corrected(struct rewrite *r, const struct op *constant, struct dyadic correction)
{
    struct dyadic sum;
    bool fits = dyadic_add(dyadic_make(constant->lo, op_fraction(constant)), correction, &sum);
    assert(fits); /* choose() tried it */
    (void)fits;
    return program_add_const(r->program, sum.integer, sum.fraction_bits);
}

static int complement_op(struct rewrite *r, int value)
{
    struct complement *c = r->pass;
    struct program *p = r->program;
    const struct op *op = &r->old->ops[value];
    if (!c->forms) c->forms = linear_new(p);
    if (op->code != OP_ADD && op->code != OP_SUB)
        return value_in_loop(r->old, value) ? rewrite_copy(r, value) : rewrite_again(r, value);
    int operands[2] = {rewrite_operand(r, op, 0), rewrite_operand(r, op, 1)};
    if (c->corrections[value].integer) {
        int k = constant_operand(r->old, op);
        operands[k] = corrected(r, program_operand(r->old, op, k), c->corrections[value]);
    }
    enum op_code code = op->code;
    if (c->changed[value]) {
        int ones = program_add_const(p, -1, op_fraction(program_operand(r->old, op, 1)));
        operands[1] = program_add2(p, OP_SUB, ones, operands[1], 0);
        code = OP_ADD;
    }
    int sum = program_add2(p, code, operands[0], operands[1], op->immediate);
    int64_t lo, hi;
    linear_interval(c->forms, sum, &lo, &hi);
    /* The sum itself is what it was, so it keeps what a loop's iterations give. */
    if (value_in_loop(r->old, value) && c->places[value].root == value) {
        if (op->lo > lo) lo = op->lo;
        if (op->hi < hi) hi = op->hi;
    }
    program_narrow(p, sum, lo, hi);
    return sum;
}

struct program *optimize_complement(const struct program *old, const struct target *target)
{
    if (target->carry_inverts_for_free) return rewrite_program(old, rewrite_copy, NULL);
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct complement c = {
        .users = count_users(&arena, old),
        .places = arena_alloc(&arena, count, sizeof *c.places),
        .constant = arena_alloc(&arena, count, sizeof *c.constant),
        .corrections = arena_alloc(&arena, count, sizeof *c.corrections),
        .changed = arena_alloc(&arena, count, sizeof *c.changed),
    };
    for (size_t i = 0; i < count; i++) {
        c.places[i].root = -1;
        c.constant[i] = -1;
    }
    find_trees(old, &c);
    choose(old, &c);
    struct program *program = rewrite_loops(old, complement_op, &c);
    linear_free(c.forms);
    arena_free(&arena);
    return program;
}
