/* Columns of constant matrices as integer weights of the operands' stored integers. */
#include "compiler/program/internal.h"

static int trailing_zeros(int64_t n)
{
    return n ? __builtin_ctzll((unsigned long long)n) : 0;
}

/* n * 2^-from as a multiple of 2^-to: the integer, if it is one of at most 63 bits. */
static bool restate(int64_t n, int from, int to, int64_t *result)
{
    int128 wide = 0;
    if (n == 0 || to >= from) {
        if (!shift_up(n, n ? to - from : 0, &wide) || !interval_fits(wide, wide)) return false;
    } else {
        if (from - to > trailing_zeros(n)) return false;
        wide = n >> (from - to);
    }
    *result = (int64_t)wide;
    return true;
}

const struct matrix *result_matrix(const struct program *p, const struct op *result)
{
    return &p->matrices[program_operand(p, result, 0)->immediate];
}

static int64_t entry_of(const struct program *p, const struct op *result, int row)
{
    const struct op *a = program_operand(p, program_operand(p, result, 0), row);
    const struct matrix *m = result_matrix(p, result);
    return a->lo == 0 && a->hi == 0 ? 0
                                    : m->integers[(int64_t)row * m->columns + result->immediate];
}

static int loadable_fraction(const struct program *p, const struct op *result)
{
    const struct op *matvec = program_operand(p, result, 0);
    const struct matrix *m = result_matrix(p, result);
    bool any = m->bias;
    int fraction = m->bias ? m->bias_fraction_bits : 0;
    for (int row = 0; row < m->rows; row++) {
        const struct op *a = program_operand(p, matvec, row);
        int f = op_fraction(a) + m->fraction_bits;
        if (op_is_zero(a) || (any && f <= fraction)) continue;
        fraction = f;
        any = true;
    }
    return fraction;
}

int result_fraction(const struct program *p, const struct op *result)
{
    const struct op *matvec = program_operand(p, result, 0);
    const struct matrix *m = result_matrix(p, result);
    if (m->is_loadable) return loadable_fraction(p, result);
    bool any = false;
    int fraction = 0;
    int64_t bias = m->bias ? m->bias[result->immediate] : 0;
    if (bias) fraction = m->bias_fraction_bits - trailing_zeros(bias), any = true;
    for (int row = 0; row < m->rows; row++) {
        int64_t weight = entry_of(p, result, row);
        if (!weight) continue;
        int f = op_fraction(program_operand(p, matvec, row)) + m->fraction_bits -
                trailing_zeros(weight);
        if (!any || f > fraction) fraction = f;
        any = true;
    }
    return fraction;
}

bool result_weight(const struct program *p, const struct op *result, int fraction, int row,
                   int64_t *weight)
{
    const struct op *a = program_operand(p, program_operand(p, result, 0), row);
    return restate(entry_of(p, result, row),
                   op_fraction(a) + result_matrix(p, result)->fraction_bits, fraction, weight);
}

bool result_bias(const struct program *p, const struct op *result, int fraction, int64_t *bias)
{
    const struct matrix *m = result_matrix(p, result);
    return restate(m->bias ? m->bias[result->immediate] : 0, m->bias_fraction_bits, fraction, bias);
}
