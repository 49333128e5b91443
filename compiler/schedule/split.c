/* A min or max that takes longer than a period becomes a comparison and a choice, with room for a
 * register between them. */
#include "compiler/optimize/rewrite.h"
#include "compiler/schedule/schedule.h"

struct splitting {
    const struct target *target;
    double period;
};

static bool is_too_slow(const struct splitting *s, const struct program *p, int value)
{
    enum op_code code = p->ops[value].code;
    return (code == OP_MIN || code == OP_MAX) && op_delay_ns(p, value, s->target) > s->period;
}

static int split(struct rewrite *r, int value)
{
    const struct op *op = &r->old->ops[value];
    if (!is_too_slow(r->pass, r->old, value)) return rewrite_copy(r, value);
    int a = rewrite_operand(r, op, 0), b = rewrite_operand(r, op, 1);
    int is_less = program_add2(r->program, OP_LT, a, b, 0);
    int choice[3] = {is_less, op->code == OP_MIN ? a : b, op->code == OP_MIN ? b : a};
    int chosen = program_add_op(r->program, OP_SELECT, choice, 3, 0);
    program_narrow(r->program, chosen, op->lo, op->hi);
    return chosen;
}

struct program *schedule_split(const struct program *old, const struct target *target,
                               double period)
{
    struct splitting s = {target, period};
    for (int v = 0; v < old->op_count; v++)
        if (is_too_slow(&s, old, v)) return rewrite_program(old, split, &s);
    return NULL;
}
