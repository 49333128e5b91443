/* Products of weights that are known beforehand, without multipliers: radix-4 digits that stand in
 * the ROM as they are used, so that nothing is recoded (after Booth, "A signed binary
 * multiplication technique" (1951), with fixed digits).
 *
 * A digit has two bits: 0, 1, -2, -1 times the value for codes 0 to 3, so each bit of a partial
 * product is a function of the code and two bits of the value. The highest digit may have 2 instead
 * of -2. Negative multiples are complements; the 1 that they lack comes in as a carry, which has
 * the weight of the digit and so costs nothing in the chain that adds the digit. */
#include "compiler/reuse/macs.h"

#include <assert.h>

enum { DIGITS_MOST = 31 };

struct digits {
    int count;
    bool is_high; /* the highest is one of 0, 1, 2, -1 */
};

/* Smallest and largest weights of so many digits. */
static void range_of(struct digits digits, int64_t *lo, int64_t *hi)
{
    int64_t top = (int64_t)1 << (2 * (digits.count - 1)), below = (top - 1) / 3;
    *lo = (digits.is_high ? -top : -2 * top) - 2 * below;
    *hi = (digits.is_high ? 2 * top : top) + below;
}

static struct digits digits_for(int64_t weight_lo, int64_t weight_hi)
{
    for (struct digits d = {1, false};; d.count++) {
        for (int high = 0; high < 2; high++) {
            int64_t lo, hi;
            d.is_high = high;
            range_of(d, &lo, &hi);
            if (lo <= weight_lo && weight_hi <= hi) return d;
        }
        assert(d.count < DIGITS_MOST);
    }
}

int mac_digits(int64_t lo, int64_t hi)
{
    return digits_for(lo, hi).count;
}

/* Two bits for each digit. All digits but the highest are what the rest leaves modulo 4. */
static int64_t code_of(int64_t weight, struct digits digits)
{
    int64_t code = 0;
    for (int k = 0; k < digits.count; k++) {
        int64_t digit = k + 1 < digits.count ? ((weight + 2) & 3) - 2 : weight;
        code |= (digit & 3) << (2 * k);
        weight = (weight - digit) / 4;
    }
    assert(weight == 0);
    return code;
}

/* 2 * value with all its bits, so that its complement is less by 1. */
static int twice_of(struct program *p, int value)
{
    struct format format = p->ops[value].format;
    int width = format.width_bits;
    int parts[2] = {program_add_const(p, 0, 0),
                    program_add_slice(p, value, 0, bits_format(width, false))};
    int all = program_add_op(p, OP_CONCAT, parts, 2, 0);
    if (p->ops[all].format.width_bits <= width) return all; /* the highest bit is always 0 */
    return program_add_slice(p, all, 0, bits_format(width + 1, format.is_signed));
}

static int complement_of(struct program *p, int value)
{
    return program_add2(p, OP_SUB, program_add_const(p, -1, 0), value, 0);
}

struct mac_multiples mac_multiples(struct program *p, int value)
{
    int twice = twice_of(p, value);
    return (struct mac_multiples){value, twice, complement_of(p, value), complement_of(p, twice)};
}

/* One digit's multiple, and whether it lacks 1 (-1: never). */
static struct mac_term add_digit(struct program *p, int codes, int k, bool is_high,
                                 const struct mac_multiples *value)
{
    int bits = p->ops[codes].format.width_bits - 2 * k;
    int low = program_add_slice(p, codes, 2 * k, bits_format(1, false));
    if (bits == 1) { /* never negative */
        int multiples[3] = {low, program_add_const(p, 0, 0), value->once};
        return (struct mac_term){program_add_op(p, OP_PICK, multiples, 3, 0), -1};
    }
    int code = program_add_slice(p, codes, 2 * k, bits_format(2, false));
    int multiples[5] = {code, program_add_const(p, 0, 0), value->once,
                        is_high ? value->twice : value->minus_twice, value->minus_once};
    int high = program_add_slice(p, codes, 2 * k + 1, bits_format(1, false));
    return (struct mac_term){program_add_op(p, OP_PICK, multiples, 5, 0),
                             is_high ? program_add2(p, OP_AND, high, low, 0) : high};
}

/* sum + digit * 4^k, with the digit's carry. */
static int add_shifted(struct program *p, int sum, struct mac_term digit, int k)
{
    if (digit.carry < 0) return program_add2(p, OP_ADD, sum, digit.value, 2 * k);
    int carry = program_add_op(p, OP_SHIFT, &digit.carry, 1, 2 * k);
    int operands[3] = {carry, sum, digit.value};
    return program_add_op(p, OP_ADC, operands, 3, 2 * k);
}

struct mac_term mac_multiply(struct reuse *r, const int64_t *weights, int cycles,
                             const struct mac_multiples *value)
{
    struct program *p = r->rewrite.program;
    int64_t lo = weights[0], hi = weights[0];
    int64_t *codes = arena_alloc(&r->rewrite.arena, (size_t)cycles, sizeof *codes);
    for (int t = 0; t < cycles; t++) {
        if (weights[t] < lo) lo = weights[t];
        if (weights[t] > hi) hi = weights[t];
    }
    if (lo == hi)
        return (struct mac_term){
            program_add2(p, OP_MUL, program_add_const(p, lo, 0), value->once, 0), -1};
    struct digits digits = digits_for(lo, hi);
    for (int t = 0; t < cycles; t++)
        codes[t] = code_of(weights[t], digits);
    int code = reuse_constant(r, "weight", codes, 0);
    struct mac_term sum = {-1, -1};
    for (int k = 0; k < digits.count; k++) {
        struct mac_term digit =
            add_digit(p, code, k, digits.is_high && k + 1 == digits.count, value);
        if (k == 0)
            sum = digit;
        else
            sum.value = add_shifted(p, sum.value, digit, k);
    }
    return sum;
}
