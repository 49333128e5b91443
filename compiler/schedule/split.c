/* Operations that take longer than a period, in two: a min or max becomes a comparison and a
 * choice, a quantizer that rounds and limits becomes one that rounds and one that limits. A
 * register fits between them. */
#include "compiler/optimize/rewrite.h"
#include "compiler/schedule/schedule.h"

struct splitting {
    const struct target *target;
    double period;
};

/* What rounding a quantizer's operand to its fraction gives, with room for a carry; false if the
 * quantizer does not both round and limit, or the format would be too wide. */
static bool rounded_format(const struct program *p, const struct op *op, struct format *format)
{
    const struct op *a = program_operand(p, op, 0);
    int integer_bits = a->format.integer_bits + 1;
    *format = (struct format){.width_bits = integer_bits + op_fraction(op),
                              .integer_bits = integer_bits,
                              .is_signed = a->format.is_signed,
                              .rounding = op->format.rounding,
                              .overflow = OVERFLOW_WRAP};
    return op->format.rounding != ROUND_TRN && op->format.overflow != OVERFLOW_WRAP &&
           op_fraction(a) > op_fraction(op) && format->width_bits > 0 &&
           format->width_bits <= FORMAT_MAX_BITS;
}

static bool is_split(const struct splitting *s, const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    struct format format;
    bool can = op->code == OP_MIN || op->code == OP_MAX ||
               (op->code == OP_QUANTIZE && rounded_format(p, op, &format));
    return can && op_delay_ns(p, value, s->target) > s->period;
}

static int split_limit(struct rewrite *r, const struct op *op)
{
    int a = rewrite_operand(r, op, 0), b = rewrite_operand(r, op, 1);
    int is_less = program_add2(r->program, OP_LT, a, b, 0);
    int choice[3] = {is_less, op->code == OP_MIN ? a : b, op->code == OP_MIN ? b : a};
    return program_add_op(r->program, OP_SELECT, choice, 3, 0);
}

static int split_quantize(struct rewrite *r, const struct op *op)
{
    struct format format;
    rounded_format(r->old, op, &format);
    int rounded = program_add_quantize(r->program, rewrite_operand(r, op, 0), format);
    return program_add_quantize(r->program, rounded, op->format);
}

static int split(struct rewrite *r, int value)
{
    const struct op *op = &r->old->ops[value];
    if (!is_split(r->pass, r->old, value)) return rewrite_copy(r, value);
    int made = op->code == OP_QUANTIZE ? split_quantize(r, op) : split_limit(r, op);
    program_narrow(r->program, made, op->lo, op->hi);
    return made;
}

struct program *schedule_split(const struct program *old, const struct target *target,
                               double period)
{
    struct splitting s = {target, period};
    for (int v = 0; v < old->op_count; v++)
        if (is_split(&s, old, v)) return rewrite_program(old, split, &s);
    return NULL;
}
