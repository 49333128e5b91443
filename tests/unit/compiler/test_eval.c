/* The interpreter against a slow evaluator written down from the table of operations alone (128-bit
 * integers, one value at a time), and its quantizer against that of model/format.c. */
#include "random_program.h"

#include "base/error.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

__extension__ typedef __int128 int128;

static int128 up(int128 n, int shift)
{
    assert_true(shift >= 0 && (shift < 64 || n == 0));
    return n ? n * ((int128)1 << shift) : 0;
}

static int128 bits(int64_t n, int width)
{
    return n < 0 ? n + ((int128)1 << width) : n;
}

static int128 eval_result(const struct program *p, const struct op *op, const int64_t *values)
{
    const struct op *matvec = program_operand(p, op, 0);
    const struct matrix *m = &p->matrices[matvec->immediate];
    /* Finer than any product here, then down to the result's fraction: nothing may be lost. */
    int fine = 40;
    int128 sum = m->bias ? up(m->bias[op->immediate], fine - m->bias_fraction_bits) : 0;
    for (int row = 0; row < m->rows; row++) {
        const struct op *a = program_operand(p, matvec, row);
        int128 product = (int128)m->integers[row * m->columns + op->immediate] *
                         values[p->operands[matvec->operands + row]];
        sum += up(product, fine - op_fraction(a) - m->fraction_bits);
    }
    int128 grain = (int128)1 << (fine - op_fraction(op));
    assert_true(sum % grain == 0);
    return sum / grain;
}

/* Real numbers aligned to `fraction`. */
struct aligned {
    int128 a, b, c;
};

static int128 eval_op(const struct program *p, const struct op *op, const int64_t *values,
                      const int64_t *inputs)
{
    int64_t n[3] = {0};
    int f[3] = {0}, w[3] = {0}, shift = (int)op->immediate;
    for (int i = 0; i < op->operand_count && i < 3; i++) {
        n[i] = values[p->operands[op->operands + i]];
        f[i] = op_fraction(program_operand(p, op, i));
        w[i] = program_operand(p, op, i)->format.width_bits;
    }
    int F = op_fraction(op), fine = f[0] > f[1] ? f[0] : f[1];
    bool two = op->operand_count == 2;
    int128 a = two ? up(n[0], fine - f[0]) : n[0], b = two ? up(n[1], fine - f[1]) : n[1];
    switch (op->code) {
    case OP_INPUT: return inputs[op->immediate];
    case OP_CONST: return op->immediate;
    case OP_ADD: return up(n[0], F - f[0]) + up(n[1], F - f[1] + shift);
    case OP_SUB: return up(n[0], F - f[0]) - up(n[1], F - f[1] + shift);
    case OP_ADC: return up(n[1], F - f[1]) + up(n[2], F - f[2] + shift) + up(n[0], F - f[0]);
    case OP_SBB: return up(n[1], F - f[1]) - up(n[2], F - f[2] + shift) - up(n[0], F - f[0]);
    case OP_NEG: return -(int128)n[0];
    case OP_SHIFT: return n[0];
    case OP_MUL: return (int128)n[0] * n[1];
    case OP_MATVEC: return 0;
    case OP_RESULT: return eval_result(p, op, values);
    case OP_QUANTIZE: return program_quantize_integer(n[0], f[0], op->format);
    case OP_LT: return a < b;
    case OP_LE: return a <= b;
    case OP_EQ: return a == b;
    case OP_SELECT: return n[0] ? up(n[1], F - f[1]) : up(n[2], F - f[2]);
    case OP_MIN: return a < b ? a : b;
    case OP_MAX: return a > b ? a : b;
    case OP_TABLE: return p->tables[op->immediate].entries[n[0] - p->tables[op->immediate].first];
    case OP_AND: return n[0] & n[1];
    case OP_OR: return n[0] | n[1];
    case OP_XOR: return n[0] ^ n[1];
    case OP_NOT:
        return program_operand(p, op, 0)->format.is_signed ? -1 - n[0]
                                                           : ((int128)1 << w[0]) - 1 - n[0];
    case OP_POPCOUNT: {
        int ones = 0;
        for (int128 rest = bits(n[0], w[0]); rest; rest >>= 1)
            ones += rest & 1;
        return ones;
    }
    case OP_CONCAT: {
        int128 whole = 0;
        for (int i = 0, offset = 0; i < op->operand_count; i++) {
            int width = program_operand(p, op, i)->format.width_bits;
            whole += bits(values[p->operands[op->operands + i]], width) * ((int128)1 << offset);
            offset += width;
        }
        return whole;
    }
    case OP_LUT: {
        uint64_t table = (uint64_t)op->immediate;
        for (int i = op->operand_count - 1; i >= 0; i--) { /* keep the half that operand i says */
            uint64_t half = (uint64_t)1 << (1 << i);
            table = values[p->operands[op->operands + i]] ? table / half : table % half;
        }
        return table % 2;
    }
    case OP_SLICE: {
        int128 window = (int128)1 << op->format.width_bits;
        int128 part = (bits(n[0], w[0]) / ((int128)1 << op->immediate)) % window;
        return op->format.is_signed && part >= window / 2 ? part - window : part;
    }
    case OP_COUNT: break;
    }
    fail_msg("an operation without a meaning");
    return 0;
}

static void compare_program(struct random *random, const struct program *p, long events)
{
    size_t ins = (size_t)events * (size_t)p->input_count,
           outs = (size_t)events * (size_t)p->output_count;
    int64_t *inputs = calloc(ins, 8), *outputs = calloc(outs, 8);
    int64_t *values = calloc((size_t)p->op_count, 8), *trace = calloc((size_t)p->op_count, 8);
    random_inputs(random, p, events, inputs);
    program_eval(p, inputs, events, outputs);
    for (long event = 0; event < events; event++) {
        const int64_t *in = inputs + event * p->input_count;
        for (int value = 0; value < p->op_count; value++) {
            const struct op *op = &p->ops[value];
            int128 n = eval_op(p, op, values, in);
            if (n < op->lo || n > op->hi) {
                fail_msg("%%%d (%s) is %lld, outside [%lld, %lld]", value, op_rows[op->code].name,
                         (long long)n, (long long)op->lo, (long long)op->hi);
            }
            values[value] = (int64_t)n;
        }
        for (int i = 0; i < p->output_count; i++)
            assert_int_equal(outputs[event * p->output_count + i], values[p->outputs[i].value]);
        if (event > 20) continue;
        program_eval_trace(p, in, trace);
        for (int value = 0; value < p->op_count; value++)
            if (trace[value] != values[value])
                fail_msg("%%%d (%s): trace %lld, expected %lld", value,
                         op_rows[p->ops[value].code].name, (long long)trace[value],
                         (long long)values[value]);
    }
    free(inputs);
    free(outputs);
    free(values);
    free(trace);
}

static void test_random_programs(void **state)
{
    (void)state;
    long count[OP_COUNT] = {0}, modes[ROUNDING_COUNT][OVERFLOW_COUNT] = {{0}};
    for (uint64_t seed = 0; seed < 120; seed++) {
        struct random random = random_init(seed);
        struct program *p = random_program(&random, seed % 2 ? random_wide : random_narrow);
        program_check(p, "random_program");
        for (int value = 0; value < p->op_count; value++) {
            const struct op *op = &p->ops[value];
            count[op->code]++;
            if (op->code == OP_QUANTIZE) modes[op->format.rounding][op->format.overflow]++;
        }
        compare_program(&random, p, 300);
        program_free(p);
    }
    for (int code = 0; code < OP_COUNT; code++)
        if (count[code] < 20) fail_msg("%s came %ld times only", op_rows[code].name, count[code]);
    for (int i = 0; i < ROUNDING_COUNT; i++)
        for (int j = 0; j < OVERFLOW_COUNT; j++)
            assert_true(modes[i][j] >= 10);
}

/* One quantizer by both implementations. */
static void compare_quantizers(int64_t a, int fraction, struct format format)
{
    int64_t ours = program_quantize_integer(a, fraction, format);
    int64_t theirs =
        format_to_integer(format, format_quantize(format, ldexp((double)a, -fraction)));
    if (ours == theirs) return;
    char text[FORMAT_TEXT_BYTES];
    format_print(format, text);
    fail_msg("%lld * 2^-%d to %s: compiler %lld, model %lld", (long long)a, fraction, text,
             (long long)ours, (long long)theirs);
}

static void test_quantize_exhaustive(void **state)
{
    (void)state;
    for (int mode = 0; mode < ROUNDING_COUNT * OVERFLOW_COUNT * 2; mode++) {
        for (int width = 1; width <= 6; width++) {
            for (int drop = -4; drop <= 7; drop++) {
                for (int fraction = -3; fraction <= 5; fraction += 4) {
                    struct format f = format_make(mode & 1, width, width - (fraction - drop));
                    f.rounding = (enum rounding)(mode / 2 % ROUNDING_COUNT);
                    f.overflow = (enum overflow)(mode / 2 / ROUNDING_COUNT);
                    for (int64_t a = -300; a <= 300; a++)
                        compare_quantizers(a, fraction, f);
                }
            }
        }
    }
}

/* Large formats: as far as doubles hold the argument (53 bits) and the model's quantizer the
 * result. */
static void test_quantize_random(void **state)
{
    (void)state;
    struct random random = random_init(7);
    for (int i = 0; i < 400000; i++) {
        int width = random_between(&random, 1, 52), fraction = random_between(&random, -30, 60);
        struct format f =
            format_make(random_below(&random, 2), width, width - random_between(&random, -20, 50));
        f.rounding = (enum rounding)random_below(&random, ROUNDING_COUNT);
        f.overflow = (enum overflow)random_below(&random, OVERFLOW_COUNT);
        int64_t a = (int64_t)(random_bits(&random) >> random_between(&random, 12, 63));
        /* Half of the time on or next to a tie. */
        int drop = fraction - format_fraction_bits(f);
        if (random_below(&random, 2) && drop > 0 && drop < 50)
            a = (a >> drop << drop) + ((int64_t)1 << (drop - 1)) + random_between(&random, -1, 1);
        if (a >= (int64_t)1 << 52) a >>= 2;
        compare_quantizers(random_below(&random, 2) ? a : -a, fraction, f);
    }
}

/* The interval rule of quantize is exactly the hull of what the quantizer gives. */
static void test_quantize_interval(void **state)
{
    (void)state;
    struct random random = random_init(11);
    for (int i = 0; i < 60000; i++) {
        struct op source = {.code = OP_INPUT, .stage = -1};
        int fraction = random_between(&random, -4, 8), width = random_between(&random, 1, 7);
        int64_t lo = random_between(&random, -200, 200), hi = lo + random_between(&random, 0, 90);
        source.format = format_of_interval(lo, hi, fraction);
        source.lo = lo, source.hi = hi;
        struct format f =
            format_make(random_below(&random, 2), width, random_between(&random, -6, 12));
        f.rounding = (enum rounding)random_below(&random, ROUNDING_COUNT);
        f.overflow = (enum overflow)random_below(&random, OVERFLOW_COUNT);
        struct op ops[2] = {source, {.code = OP_QUANTIZE, .format = f, .operand_count = 1}};
        int operand = 0;
        struct program p = {.op_count = 2, .ops = ops, .operands = &operand, .operand_count = 1};
        int64_t found_lo, found_hi, least = INT64_MAX, most = INT64_MIN;
        struct format format;
        assert_null(op_infer(&p, &ops[1], &format, &found_lo, &found_hi));
        for (int64_t a = lo; a <= hi; a++) {
            int64_t n = program_quantize_integer(a, fraction, f);
            if (n < least) least = n;
            if (n > most) most = n;
        }
        char text[FORMAT_TEXT_BYTES];
        format_print(f, text);
        if (found_lo > least || found_hi < most)
            fail_msg("[%ld, %ld] f%d to %s: rule [%ld, %ld] misses [%ld, %ld]", (long)lo, (long)hi,
                     fraction, text, (long)found_lo, (long)found_hi, (long)least, (long)most);
        if (found_lo != least || found_hi != most)
            fail_msg("[%ld, %ld] f%d to %s: rule [%ld, %ld], exact is [%ld, %ld]", (long)lo,
                     (long)hi, fraction, text, (long)found_lo, (long)found_hi, (long)least,
                     (long)most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_quantize_exhaustive),
        cmocka_unit_test(test_quantize_random),
        cmocka_unit_test(test_quantize_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
