/* Levels of LUTs and carry chains of operations, and the delays of those that are timed as a whole.
 */
#include "compiler/schedule/arrival.h"
#include "compiler/schedule/schedule.h"

#include <math.h>

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

/* Whether a comparison only looks at a sign: a < 0 or 0 <= a. */
static bool reads_sign(const struct program *p, const struct op *op)
{
    return (op->code == OP_LT && op_is_zero(program_operand(p, op, 1))) ||
           (op->code == OP_LE && op_is_zero(program_operand(p, op, 0))) ||
           ((op->code == OP_MAX || op->code == OP_MIN) &&
            (op_is_zero(program_operand(p, op, 0)) || op_is_zero(program_operand(p, op, 1))));
}

/* Bits of a comparison: from the lowest of both operands to the top of the wider. */
static int compare_bits(const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0), *b = program_operand(p, op, 1);
    if (op_is_zero(a) || op_is_zero(b)) {
        const struct op *other = op_is_zero(a) ? b : a;
        return other->format.width_bits;
    }
    int low = larger(op_fraction(a), op_fraction(b));
    int high = larger(a->format.integer_bits, b->format.integer_bits);
    return high + low > 0 ? high + low : 1;
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

int op_limit_bits(const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    if (op->format.overflow == OVERFLOW_WRAP) return 0;
    const struct op *a = program_operand(p, op, 0);
    int above = a->format.integer_bits - op->format.integer_bits;
    return above > 0 ? above + 1 : 1;
}

int op_limit_levels(int bits, const struct target *target)
{
    return bits > target->lut_inputs - 2 ? levels_for(bits, target) + 1 : 1;
}

/* A quantizer that adds before it limits. */
static double increment_delay(const struct program *p, int value, const struct target *target)
{
    const struct op *op = &p->ops[value];
    int top = op_limit_bits(p, value);
    return carry_chain(op_carry_bits(p, value), target) +
           (op->format.rounding == ROUND_RND ? 0 : lut_levels(1, target)) +
           (top ? lut_levels(op_limit_levels(top, target), target) : 0);
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

/* Out of block memories from the clock: of words of several of them a multiplexer chooses. */
static double block_delay(int words, int width_bits, const struct target *target)
{
    int deep = target_ram_shape(target, words, width_bits).deep;
    return target->ram_clk_to_q_ns +
           (deep > 1 ? lut_levels(levels_for(deep, target) + 1, target) : 0);
}

double correction_delay_ns(const struct program *p, const struct target *target)
{
    double longest = 0;
    for (int i = 0; i < p->memory_count; i++) {
        const struct memory *m = &p->memories[i];
        int bits = memory_word_bits(p, m), check_bits = bits - m->format.width_bits;
        if (!memory_is_corrected(p, m)) continue;
        double read = m->kind == MEMORY_BLOCK ? block_delay(memory_words(m), bits, target) : 0;
        /* parities, the bit that they name, the word with it inverted */
        double correct =
            lut_levels(levels_for(bits / 2, target) + levels_for(check_bits, target) + 1, target);
        double path = p->correction_cycles > 1 ? fmax(read, correct) : read + correct;
        longest = fmax(longest, path);
    }
    return longest;
}

/* From the address, or of a block memory from the clock, to the entry. */
static double load_delay(const struct program *p, const struct op *op, const struct target *target)
{
    const struct memory *m = &p->memories[op->immediate];
    if (memory_is_corrected(p, m)) return op->operand_count > 1 ? lut_levels(1, target) : 0;
    int address_bits = program_operand(p, op, 0)->format.width_bits + (m->contents != NULL);
    double condition = op->operand_count > 1 ? lut_levels(1, target) : 0;
    switch (m->kind) {
    case MEMORY_BLOCK:
        return block_delay(memory_words(m), m->format.width_bits, target) + condition;
    case MEMORY_DELAY: return condition;
    case MEMORY_DISTRIBUTED: return table_delay_ns(address_bits, target) + condition;
    default: return (memory_words(m) > 1 ? table_delay_ns(address_bits, target) : 0) + condition;
    }
}

/* A state that starts from a value is loaded through a multiplexer. */
double state_load_ns(const struct program *p, int state, const struct target *target)
{
    bool is_constant = program_operand(p, &p->ops[state], 0)->code == OP_CONST;
    return is_constant ? 0 : lut_levels(1, target);
}

bool op_uses_dsp(const struct program *p, const struct op *op, const struct target *target)
{
    if (op->code != OP_MUL || !target->dsp_a_bits || !program_has_loops(p)) return false;
    const struct op *a = program_operand(p, op, 0), *b = program_operand(p, op, 1);
    int a_bits = a->format.width_bits + (!a->format.is_signed && !target->dsp_mixes_signs);
    int b_bits = b->format.width_bits + (!b->format.is_signed && !target->dsp_mixes_signs);
    return a_bits <= target->dsp_a_bits && b_bits <= target->dsp_b_bits;
}

double op_whole_delay_ns(const struct program *p, int value, const struct target *target)
{
    const struct op *op = &p->ops[value];
    switch (op->code) {
    case OP_EQ: return lut_levels(levels_for(2 * compare_bits(p, op), target), target);
    case OP_QUANTIZE: return increment_delay(p, value, target);
    case OP_TABLE:
        if (p->tables[op->immediate].in_block)
            return block_delay(p->tables[op->immediate].count, op->format.width_bits, target);
        return table_delay_ns(program_operand(p, op, 0)->format.width_bits, target);
    case OP_PICK: /* a LUT chooses between two, LUTs side by side join by multiplexers */
        if (op_picks_in_one_lut(p, value, target)) return lut_levels(1, target);
        return lut_levels(levels_for(op->operand_count - 1, target) + 1, target);
    case OP_LOAD: return load_delay(p, op, target);
    case OP_UPDATE: return state_load_ns(p, p->operands[op->operands], target);
    case OP_POPCOUNT: {
        int bits = program_operand(p, op, 0)->format.width_bits;
        return lut_levels(1, target) * (1 + levels_for(bits, target));
    }
    case OP_MUL: {
        if (op_uses_dsp(p, op, target)) return target->route_ns + target->dsp_ns;
        int bits = program_operand(p, op, 1)->format.width_bits, levels = 1;
        while (1 << levels < bits)
            levels++;
        return levels * carry_chain(op_carry_bits(p, value), target);
    }
    case OP_LUT: return lut_levels(op->operand_count > target->lut_inputs ? 2 : 1, target);
    default: return 0;
    }
}
