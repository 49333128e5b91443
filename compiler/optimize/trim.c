/* Bits of sums that no later quantizer can see.
 *
 * A truncating quantizer reads floor(x / 2^d) * 2^d of its argument. In a + b * 2^s the bits of a
 * below the lowest bit of b * 2^s meet no carry, so that if the sum is read from bit d up, a is
 * read from bit min(d, lowest bit of b * 2^s) up: the rest is cut off where it enters, and is not
 * carried through the registers. Floors commute with shift, select, min and max too.
 *
 * A wrapping quantizer reads its argument modulo a power of two, so sums before it need no bit from
 * there up: they are wrapped where they are made. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/program/linear.h"

struct trim {
    int *needed; /* [old op_count] weight of the lowest bit that a reader sees; above the value's
                    own lowest bit only if every reader floors */
    int *above;  /* [old op_count] the lowest power of two that every reader takes it modulo */
    const bool *is_read_bitwise; /* [old op_count] */
    bool widens;                 /* what loops read: nothing can be cut */
    struct linear_forms *forms;
};

enum { UNREAD = 1 << 20 };

static int lowest_bit(const struct op *op)
{
    return -op_fraction(op);
}

static void need(const struct program *p, int *needed, int value, int weight)
{
    int own = lowest_bit(&p->ops[value]);
    if (weight < own) weight = own;
    if (weight < needed[value]) needed[value] = weight;
}

static void need_sum(const struct program *p, int *needed, const struct op *op, int weight)
{
    int a = p->operands[op->operands], b = p->operands[op->operands + 1];
    int shift = (int)op->immediate;
    int low_a = lowest_bit(&p->ops[a]), low_b = lowest_bit(&p->ops[b]) + shift;
    need(p, needed, a, low_a < low_b ? (weight < low_b ? weight : low_b) : low_a);
    if (op->code == OP_ADD && low_b < low_a)
        need(p, needed, b, (weight < low_a ? weight : low_a) - shift);
    else
        need(p, needed, b, low_b - shift);
}

static void need_operands(const struct program *p, int *needed, int value)
{
    const struct op *op = &p->ops[value];
    const int *operands = p->operands + op->operands;
    int weight = needed[value];
    /* Loops are not rewritten: they read all of what they read. */
    switch (value_in_loop(p, value) ? OP_COUNT : op->code) {
    case OP_ADD:
    case OP_SUB: need_sum(p, needed, op, weight); return;
    case OP_QUANTIZE:
        if (op->format.rounding == ROUND_TRN)
            need(p, needed, operands[0], -op_fraction(op));
        else
            need(p, needed, operands[0], -UNREAD);
        return;
    case OP_SHIFT: need(p, needed, operands[0], weight - (int)op->immediate); return;
    case OP_SELECT:
        need(p, needed, operands[0], -UNREAD);
        need(p, needed, operands[1], weight);
        need(p, needed, operands[2], weight);
        return;
    case OP_MIN:
    case OP_MAX:
        need(p, needed, operands[0], weight);
        need(p, needed, operands[1], weight);
        return;
    default:
        for (int k = 0; k < op->operand_count; k++)
            need(p, needed, operands[k], -UNREAD);
    }
}

static void need_below(int *above, int value, int weight)
{
    if (weight > above[value]) above[value] = weight;
}

/* What the readers of a value's operands take them modulo. */
static void need_modulo(const struct program *p, int *above, int value)
{
    const struct op *op = &p->ops[value];
    const int *operands = p->operands + op->operands;
    int weight = above[value];
    /* Loops are not rewritten: they read all of what they read. */
    switch (value_in_loop(p, value) ? OP_COUNT : op->code) {
    case OP_ADD:
    case OP_SUB:
        need_below(above, operands[0], weight);
        need_below(above, operands[1], weight == UNREAD ? UNREAD : weight - (int)op->immediate);
        return;
    case OP_NEG: need_below(above, operands[0], weight); return;
    case OP_SHIFT:
        need_below(above, operands[0], weight == UNREAD ? UNREAD : weight - (int)op->immediate);
        return;
    case OP_SELECT:
        need_below(above, operands[0], UNREAD);
        need_below(above, operands[1], weight);
        need_below(above, operands[2], weight);
        return;
    case OP_QUANTIZE: {
        bool wraps = op->format.rounding == ROUND_TRN && op->format.overflow == OVERFLOW_WRAP;
        need_below(above, operands[0], wraps ? op->format.integer_bits : UNREAD);
        return;
    }
    default:
        for (int k = 0; k < op->operand_count; k++)
            need_below(above, operands[k], UNREAD);
    }
}

/* x without the bits below 2^weight, and modulo 2^above. */
static int cut(struct program *p, int value, int weight, int above)
{
    struct op x = p->ops[value];
    int drop = weight - lowest_bit(&x);
    drop = drop < 0 ? 0 : drop > 62 ? 62 : drop;
    struct format format = format_of_interval(x.lo >> drop, x.hi >> drop, op_fraction(&x) - drop);
    bool wraps = format.integer_bits > above && above + format_fraction_bits(format) >= 2;
    if (drop == 0 && !wraps) return value;
    if (wraps) {
        format.width_bits -= format.integer_bits - above;
        format.integer_bits = above;
    }
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return program_add_quantize(p, value, format);
}

static int trim(struct rewrite *r, int value)
{
    struct trim *trim = r->pass;
    if (!trim->forms) trim->forms = linear_new(r->program);
    enum op_code code = r->old->ops[value].code;
    int again = rewrite_again(r, value);
    if (code == OP_ADD || code == OP_SUB || code == OP_NEG) {
        int64_t lo, hi;
        linear_interval(trim->forms, again, &lo, &hi);
        program_narrow(r->program, again, lo, hi);
    }
    if (trim->needed[value] == UNREAD || code == OP_MATVEC) return again;
    if (trim->is_read_bitwise[value]) return rewrite_same_bits(r, value, again, &trim->widens);
    return cut(r->program, again, trim->needed[value], trim->above[value]);
}

static long adder_bits(const struct program *p)
{
    return program_count(p, 0, p->op_count).adder_bits;
}

struct program *optimize_trim(const struct program *old, const struct target *target)
{
    (void)target;
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct trim pass = {.needed = arena_alloc(&arena, count, sizeof(int)),
                        .above = arena_alloc(&arena, count, sizeof(int)),
                        .is_read_bitwise = find_read_bitwise(&arena, old)};
    for (int i = 0; i < old->op_count; i++) {
        pass.needed[i] = UNREAD;
        pass.above[i] = -UNREAD;
    }
    for (int i = 0; i < old->output_count; i++) {
        need(old, pass.needed, old->outputs[i].value, -UNREAD);
        need_below(pass.above, old->outputs[i].value, UNREAD);
    }
    for (int i = old->op_count - 1; i >= 0; i--) {
        /* What goes into memories or the next iteration is read as well. */
        bool is_kept = old->ops[i].code >= OP_INDEX || value_in_loop(old, i);
        if (pass.needed[i] == UNREAD && !is_kept) continue;
        need_operands(old, pass.needed, i);
        need_modulo(old, pass.above, i);
    }
    struct program *program = rewrite_program(old, trim, &pass);
    linear_free(pass.forms);
    arena_free(&arena);
    /* A cut hides that two terms come from one input, so intervals may widen: not for more bits. */
    bool widens = pass.widens && program_has_loops(old);
    if (adder_bits(program) <= adder_bits(old) && !widens) return program;
    program_free(program);
    return rewrite_program(old, rewrite_copy, NULL);
}
