/* The delay model: an operation is some levels of LUTs and carry chains, each behind a route. */
#include "compiler/schedule/schedule.h"

#include <assert.h>

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* LUT levels that reduce n signals to one. */
static int levels_for(int n, const struct target *target)
{
    int levels = 0;
    for (; n > 1; n = (n + target->lut_inputs - 1) / target->lut_inputs)
        levels++;
    return levels;
}

static double lut_levels(int levels, const struct target *target)
{
    return levels * (target->route_ns + target->lut_ns);
}

static double carry_chain(int bits, const struct target *target)
{
    return target->route_ns + target->carry_base_ns + bits * target->carry_per_bit_ns;
}

static bool is_zero_const(const struct op *op)
{
    return op->lo == 0 && op->hi == 0;
}

/* Whether a comparison only looks at a sign: a < 0 or 0 <= a. */
static bool reads_sign(const struct program *p, const struct op *op)
{
    return (op->code == OP_LT && is_zero_const(program_operand(p, op, 1))) ||
           (op->code == OP_LE && is_zero_const(program_operand(p, op, 0))) ||
           ((op->code == OP_MAX || op->code == OP_MIN) &&
            (is_zero_const(program_operand(p, op, 0)) || is_zero_const(program_operand(p, op, 1))));
}

/* Bits of a comparison: from the lowest of both operands to the top of the wider. */
static int compare_bits(const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0), *b = program_operand(p, op, 1);
    if (is_zero_const(a) || is_zero_const(b)) {
        const struct op *other = is_zero_const(a) ? b : a;
        return other->format.width_bits;
    }
    int low = larger(op_fraction(a), op_fraction(b));
    int high = larger(a->format.integer_bits, b->format.integer_bits);
    return high + low > 0 ? high + low : 1;
}

/* How many top bits decide whether a quantizer limits; 0 when it never does. */
static int limit_bits(const struct program *p, const struct op *op)
{
    if (op->format.overflow == OVERFLOW_WRAP) return 0;
    const struct op *a = program_operand(p, op, 0);
    int above = a->format.integer_bits - op->format.integer_bits;
    return above > 0 ? above + 1 : 1;
}

/* Whether rounding needs an incrementer. */
static bool increments(const struct program *p, const struct op *op)
{
    return op->format.rounding != ROUND_TRN &&
           op_fraction(program_operand(p, op, 0)) > op_fraction(op);
}

bool op_has_carry(const struct program *p, int value)
{
    return op_carry_bits(p, value) > 0;
}

int op_carry_bits(const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    switch (op->code) {
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB:
    case OP_NEG: return op_adder_bits(p, value);
    case OP_LT:
    case OP_LE:
    case OP_MIN:
    case OP_MAX: return reads_sign(p, op) ? 0 : compare_bits(p, op);
    case OP_QUANTIZE: return increments(p, op) ? op->format.width_bits + 1 : 0;
    case OP_MUL: return op->format.width_bits;
    default: return 0;
    }
}

/* A subtrahend's inverters, where the carry chain does not invert. */
static double inverter(const struct program *p, const struct op *op, const struct target *target)
{
    (void)p;
    bool pays = op_subtracts(op) || op->code == OP_NEG;
    return pays && !target->carry_inverts_for_free ? lut_levels(1, target) : 0;
}

static double quantize_delay(const struct program *p, int value, const struct target *target)
{
    const struct op *op = &p->ops[value];
    double delay = 0;
    if (increments(p, op))
        delay += carry_chain(op_carry_bits(p, value), target) +
                 (op->format.rounding == ROUND_RND ? 0 : lut_levels(1, target));
    int top = limit_bits(p, op);
    if (top)
        delay += lut_levels(top > target->lut_inputs - 2 ? levels_for(top, target) + 1 : 1, target);
    return delay;
}

double table_delay_ns(int address_bits, const struct target *target)
{
    int beyond = larger(address_bits - target->lut_inputs, 0);
    return lut_levels(1 + (beyond + 1) / 2, target);
}

bool op_is_merged_complement(const struct program *p, int value)
{
    if (!op_is_complement(p, value)) return false;
    return op_is_sum(program_operand(p, &p->ops[value], 1));
}

/* A comparison is a subtraction whose operand is inverted in front of the chain where the carry
 * cannot do that, and whose sign takes a LUT behind it (measured: 30-48 % above the chain alone).
 */
static double compare_delay(int carry, const struct target *target)
{
    if (!carry) return 0;
    return carry_chain(carry, target) + lut_levels(target->carry_inverts_for_free ? 1 : 2, target);
}

double op_delay_ns(const struct program *p, int value, const struct target *target)
{
    const struct op *op = &p->ops[value];
    int carry = op_carry_bits(p, value);
    if (op_is_complement(p, value))
        return op_is_merged_complement(p, value) ? 0 : lut_levels(1, target);
    switch (op->code) {
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB:
    case OP_NEG: return carry ? carry_chain(carry, target) + inverter(p, op, target) : 0;
    case OP_LT:
    case OP_LE: return compare_delay(carry, target);
    case OP_EQ: return lut_levels(levels_for(2 * compare_bits(p, op), target), target);
    case OP_MIN:
    case OP_MAX: return compare_delay(carry, target) + lut_levels(1, target);
    case OP_SELECT:
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_NOT: return lut_levels(1, target);
    case OP_QUANTIZE: return quantize_delay(p, value, target);
    case OP_TABLE: return table_delay_ns(program_operand(p, op, 0)->format.width_bits, target);
    case OP_POPCOUNT: {
        int bits = program_operand(p, op, 0)->format.width_bits;
        return lut_levels(1, target) * (1 + levels_for(bits, target));
    }
    case OP_MUL: {
        int bits = program_operand(p, op, 1)->format.width_bits, levels = 1;
        while (1 << levels < bits)
            levels++;
        return levels * carry_chain(carry, target);
    }
    case OP_LUT: return lut_levels(op->operand_count > target->lut_inputs ? 2 : 1, target);
    case OP_INPUT:
    case OP_CONST:
    case OP_SHIFT:
    case OP_MATVEC:
    case OP_RESULT:
    case OP_CONCAT:
    case OP_SLICE: return 0;
    case OP_COUNT: break;
    }
    assert(!"an operation");
    return 0;
}

double stage_delay_ns(const struct program *p, const struct target *target)
{
    struct arena arena = {0};
    double *arrival = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *arrival), longest = 0;
    for (int i = 0; i < p->op_count; i++) {
        const struct op *op = &p->ops[i];
        for (int k = 0; k < op->operand_count; k++) {
            int operand = p->operands[op->operands + k];
            const struct op *x = &p->ops[operand];
            if (x->code != OP_CONST && x->stage == op->stage && arrival[operand] > arrival[i])
                arrival[i] = arrival[operand];
        }
        arrival[i] += op_delay_ns(p, i, target);
        if (arrival[i] > longest) longest = arrival[i];
    }
    arena_free(&arena);
    return longest;
}
