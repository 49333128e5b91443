/* The vectorised quantizer against format_quantize(), calibration, canonical signed digits. */
#include "data/random.h"
#include "trainer/nn/quantizer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

/* Values that sit on, just above and just below every half step, and random ones. */
static float awkward_value(struct random *random, struct format f)
{
    double step = format_step(f), range = ldexp(step, f.width_bits);
    switch (random_below(random, 4)) {
    case 0: return (float)((random_uniform(random) - 0.5) * 4 * range);
    case 1: return (float)((random_uniform(random) - 0.5) * 4 * step);
    default: {
        float x = (float)(0.5 * step * floor((random_uniform(random) - 0.5) * 5 * range / step));
        uint64_t side = random_below(random, 3);
        return side == 0 || x == 0 ? x : nextafterf(x, side == 1 ? INFINITY : -INFINITY);
    }
    }
}

static void check_formats(struct format *formats, int count, struct random *random)
{
    enum { ROWS = 40, COLUMNS = 2 * PAD };
    struct arena arena = {0};
    struct quantizer quantizer = {count, formats};
    struct column_quantizer q = quantizer_columns(&arena, &quantizer, COLUMNS);
    real *z = arena_alloc(&arena, (size_t)ROWS * COLUMNS, sizeof *z);
    real *y = arena_alloc(&arena, (size_t)ROWS * COLUMNS, sizeof *y);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        z[i] = awkward_value(random, quantizer_at(&quantizer, i % COLUMNS));
    for (int relu = 0; relu < 2; relu++) {
        activation_forward(relu ? ACTIVATION_RELU : ACTIVATION_LINEAR, 0, &q, ROWS, COLUMNS, z, y);
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            double x = relu && z[i] < 0 ? 0 : (double)z[i];
            double expected = format_quantize(quantizer_at(&quantizer, i % COLUMNS), x);
            if ((double)y[i] != expected) {
                char text[FORMAT_TEXT_BYTES];
                format_print(quantizer_at(&quantizer, i % COLUMNS), text);
                fail_msg("%s of %.17g: %.17g, expected %.17g", text, x, (double)y[i], expected);
            }
        }
    }
    arena_free(&arena);
}

static void test_all_modes(void **state)
{
    (void)state;
    struct random random = random_init(3);
    const int widths[][2] = {{1, 1}, {2, -3}, {4, 2}, {7, 9}, {12, 3}, {24, 1}};
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        for (int overflow = 0; overflow < OVERFLOW_COUNT; overflow++)
            for (int is_signed = 0; is_signed < 2; is_signed++)
                for (int w = 0; w < 6; w++) {
                    struct format formats[2 * PAD];
                    for (int j = 0; j < 2 * PAD; j++) {
                        formats[j] = format_make(is_signed, widths[w][0], widths[w][1] + j % 3);
                        formats[j].rounding = (enum rounding)rounding;
                        formats[j].overflow = (enum overflow)overflow;
                    }
                    check_formats(formats, 1, &random);
                    check_formats(formats, 2 * PAD, &random);
                }
}

static double error_of(struct format f, const real *values, long count)
{
    double sum = 0;
    for (long i = 0; i < count; i++)
        sum += pow(format_quantize(f, (double)values[i]) - (double)values[i], 2);
    return sum;
}

static void test_calibration(void **state)
{
    (void)state;
    enum { COUNT = 4000 };
    struct random random = random_init(5);
    static real values[COUNT];
    for (int i = 0; i < COUNT; i++)
        values[i] = (real)random_normal(&random);
    values[17] = 30;
    struct format f = format_make(true, 6, 0);
    struct format all = calibrate_format(f, values, COUNT, CALIBRATION_MAXIMUM, 0);
    assert_true(all.integer_bits == 6); /* 30 < 32 */
    struct format most = calibrate_format(f, values, COUNT, CALIBRATION_PERCENTILE, 99);
    assert_true(most.integer_bits == 3); /* 99 % of |x| below 2.6 */
    struct format best = calibrate_format(f, values, COUNT, CALIBRATION_MSE, 0);
    for (int bits = -6; bits < 10; bits++) {
        struct format other = f;
        other.integer_bits = bits;
        assert_true(error_of(best, values, COUNT) <= error_of(other, values, COUNT));
    }
    f.overflow = OVERFLOW_WRAP; /* must not wrap on what it saw */
    assert_true(calibrate_format(f, values, COUNT, CALIBRATION_MSE, 0).integer_bits == 6);
    const real zeros[3] = {0};
    assert_true(calibrate_format(f, zeros, 3, CALIBRATION_MSE, 0).width_bits == 6);
    const real edge[1] = {-4}; /* fits fixed<W,3> exactly */
    assert_true(
        calibrate_format(format_make(true, 6, 0), edge, 1, CALIBRATION_MAXIMUM, 0).integer_bits ==
        3);
}

/* Fewest +-2^k terms that sum to n, by breadth. */
static int fewest_terms(int n, int limit)
{
    if (n == 0) return 0;
    if (limit == 0) return 100;
    int best = 100;
    for (int k = 0; k < 10; k++)
        for (int sign = -1; sign <= 1; sign += 2) {
            int terms = 1 + fewest_terms(n - sign * (1 << k), limit - 1);
            if (terms < best) best = terms;
        }
    return best;
}

static void test_signed_digits(void **state)
{
    (void)state;
    for (int n = -100; n <= 100; n++) {
        const int digits = weight_digits_of(n);
        assert_true(digits <= 3 ? fewest_terms(n, 3) == digits : fewest_terms(n, 3) == 100);
        for (int limit = 1; limit <= 3; limit++) {
            int64_t near = csd_nearest(n, limit, INT64_MAX);
            assert_true(weight_digits_of(near) <= limit);
            int64_t within = csd_nearest(n, limit, llabs(n)); /* as a format of that range has it */
            assert_true(llabs(within) <= llabs(n) && weight_digits_of(within) <= limit);
            for (int64_t other = -256; other <= 256; other++)
                if (weight_digits_of(other) <= limit)
                    assert_true(llabs(near - n) <= llabs(other - n));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_modes),
        cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_signed_digits),
    };
    return cmocka_run_group_tests_name("quantizer", tests, NULL, NULL);
}
