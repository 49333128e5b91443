/* Formats: text, ranges, and the quantizer against an oracle in integers. */
#include "model/format.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_prints_and_parses(void **state)
{
    (void)state;
    char text[FORMAT_TEXT_BYTES];
    for (int r = 0; r < ROUNDING_COUNT; r++)
        for (int o = 0; o < OVERFLOW_COUNT; o++)
            for (int w = 1; w <= FORMAT_MAX_BITS; w += 31) {
                struct format f = format_make(w % 2, w, 5 - w), back;
                f.rounding = (enum rounding)r;
                f.overflow = (enum overflow)o;
                format_print(f, text);
                assert_true(format_parse(text, &back, NULL, 0));
                assert_true(format_equal(f, back));
            }
    format_print(format_make(true, 8, 4), text);
    assert_string_equal(text, "fixed<8,4>");
    struct format f;
    assert_true(format_parse(" ufixed< 6 , 0 , TRN , WRAP >", &f, NULL, 0));
    assert_true(!f.is_signed && f.width_bits == 6 && f.integer_bits == 0);
    assert_true(f.rounding == ROUND_TRN && f.overflow == OVERFLOW_WRAP);
    assert_true(format_parse("fixed<3,-2,RND_CONV>", &f, NULL, 0));
    assert_true(f.rounding == ROUND_RND_CONV && f.overflow == OVERFLOW_SAT && f.integer_bits == -2);
}

static void test_refuses_bad_text(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "a format starts with fixed< or ufixed<"},
        {"int<8>", "a format starts with fixed< or ufixed<"},
        {"fixed<8>", "expected fixed<width,integer bits>"},
        {"ufixed<8.5,4>", "expected ufixed<width,integer bits>"},
        {"fixed<0,0>", "width 0 is outside 1..63"},
        {"fixed<64,4>", "width 64 is outside 1..63"},
        {"fixed<8,101>", "101 integer bits are outside -100..100"},
        {"fixed<8,4,ROUND>", "'ROUND' is not a rounding mode"},
        {"fixed<8,4,RND,CLIP>", "'CLIP' is not an overflow mode"},
        {"fixed<8,4", "expected '>' at ''"},
        {"fixed<8,4>x", "'x' follows the format"},
        {"fixed<99999999999999999999,4>", "expected fixed<width,integer bits>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct format f;
        char reason[100] = "";
        assert_false(format_parse(cases[i][0], &f, reason, sizeof reason));
        assert_string_equal(reason, cases[i][1]);
    }
}

static void test_interval(void **state)
{
    (void)state;
    static const struct {
        int64_t lo, hi;
        bool is_signed;
        int width;
    } cases[] = {{0, 0, false, 1},  {0, 1, false, 1},          {0, 7, false, 3},
                 {3, 8, false, 4},  {-1, 0, true, 1},          {-1, 1, true, 2},
                 {-8, 7, true, 4},  {-8, 8, true, 5},          {-9, 7, true, 5},
                 {-5, -2, true, 4}, {0, INT64_MAX, false, 63}, {INT64_MIN, 0, true, 64}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct format f = format_of_interval(cases[i].lo, cases[i].hi, 3);
        assert_int_equal(f.is_signed, cases[i].is_signed);
        assert_int_equal(f.width_bits, cases[i].width);
        assert_int_equal(format_fraction_bits(f), 3);
        assert_true(f.rounding == ROUND_RND && f.overflow == OVERFLOW_SAT);
    }
    assert_int_equal(format_max(format_make(false, 63, 63)), INT64_MAX);
    assert_int_equal(format_min(format_make(true, 63, 63)), -((int64_t)1 << 62));
    struct format symmetric = format_make(true, 1, 1);
    symmetric.overflow = OVERFLOW_SAT_SYM;
    assert_int_equal(format_min(symmetric), 0);
}

/* numerator / 8 rounded to an integer. */
static int64_t oracle_round(enum rounding rounding, int64_t numerator)
{
    int64_t low = numerator >= 0 ? numerator / 8 : -((-numerator + 7) / 8);
    int64_t rest = numerator - 8 * low; /* eighths above low */
    switch (rounding) {
    case ROUND_TRN: return low;
    case ROUND_TRN_ZERO: return numerator / 8;
    case ROUND_RND: return rest >= 4 ? low + 1 : low;
    case ROUND_RND_MIN_INF: return rest > 4 ? low + 1 : low;
    case ROUND_RND_ZERO: return rest > 4 || (rest == 4 && low < 0) ? low + 1 : low;
    case ROUND_RND_INF: return rest > 4 || (rest == 4 && low >= 0) ? low + 1 : low;
    default: return rest > 4 || (rest == 4 && low % 2 != 0) ? low + 1 : low;
    }
}

static int64_t oracle_limit(struct format f, int64_t n)
{
    int64_t values = (int64_t)1 << f.width_bits;
    int64_t most = f.is_signed ? values / 2 - 1 : values - 1, least = f.is_signed ? -values / 2 : 0;
    switch (f.overflow) {
    case OVERFLOW_WRAP:
        while (n > most)
            n -= values;
        while (n < least)
            n += values;
        return n;
    case OVERFLOW_SAT_ZERO: return n > most || n < least ? 0 : n;
    case OVERFLOW_SAT_SYM: least = f.is_signed ? -most : 0; /* fall through */
    default: return n > most ? most : n < least ? least : n;
    }
}

/* Every eighth of a step over three times the range, for every mode, sign and place of the point.
 */
static void test_quantizes_like_integers(void **state)
{
    (void)state;
    for (int r = 0; r < ROUNDING_COUNT; r++)
        for (int o = 0; o < OVERFLOW_COUNT; o++)
            for (int shape = 0; shape < 2 * 4 * 3; shape++) {
                int width = shape / 6 * 2 + 1 - (shape / 6 == 3);
                struct format f = format_make(shape % 2, width, width + shape / 2 % 3 * 4 - 4);
                f.rounding = (enum rounding)r;
                f.overflow = (enum overflow)o;
                int64_t reach = 8 * 3 * ((int64_t)1 << width);
                for (int64_t k = -reach; k <= reach; k++) {
                    double x = ldexp((double)k, -3 - format_fraction_bits(f));
                    double y = format_quantize(f, x);
                    int64_t expected = oracle_limit(f, oracle_round(f.rounding, k));
                    assert_int_equal(format_to_integer(f, y), expected);
                    assert_false(signbit(y) && y == 0);
                    assert_true(format_quantize(f, y) == y);
                }
            }
}

/* Numbers next to a half, where adding one half first would round wrongly. */
static void test_next_to_a_half(void **state)
{
    (void)state;
    struct format f = format_make(true, 8, 8);
    double below = nextafter(0.5, 0), above = nextafter(0.5, 1);
    static const enum rounding nearest[] = {ROUND_RND, ROUND_RND_ZERO, ROUND_RND_INF,
                                            ROUND_RND_MIN_INF, ROUND_RND_CONV};
    for (size_t i = 0; i < sizeof nearest / sizeof nearest[0]; i++) {
        f.rounding = nearest[i];
        assert_true(format_quantize(f, below) == 0);
        assert_true(format_quantize(f, -below) == 0);
        assert_true(format_quantize(f, above) == 1);
        assert_true(format_quantize(f, -above) == -1);
        assert_true(format_quantize(f, 2 + 4 * (below - 0.5)) == 2);
    }
    f.rounding = ROUND_TRN;
    assert_true(format_quantize(f, -1e-200) == -1);
}

static void test_wide_formats(void **state)
{
    (void)state;
    struct format f = format_make(true, 63, 63);
    assert_true(format_quantize(f, 1e30) == nextafter(0x1p62, 0)); /* 2^62 - 1 is no double */
    assert_true(format_quantize(f, -1e30) == -0x1p62);
    f.overflow = OVERFLOW_SAT_SYM;
    assert_true(format_quantize(f, -1e30) == -nextafter(0x1p62, 0));
    f.overflow = OVERFLOW_WRAP;
    assert_true(format_quantize(f, 0x1p62) == -0x1p62);
    assert_true(format_quantize(f, -1) == -1);
    assert_true(format_quantize(f, 0x1p63 + 0x1p40) == 0x1p40);
    f = format_make(true, 53, 53);
    assert_true(format_quantize(f, 1e30) == 0x1p52 - 1);
}

static void test_row_in_place(void **state)
{
    (void)state;
    double x[37];
    struct format f = format_make(true, 5, 2);
    for (int i = 0; i < 37; i++)
        x[i] = (i - 18) * 0.31;
    for (int i = 0; i < 37; i++) {
        double y[37];
        memcpy(y, x, sizeof y);
        format_quantize_row(f, y, y, i);
        for (int k = 0; k < 37; k++)
            assert_true(y[k] == (k < i ? format_quantize(f, x[k]) : x[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prints_and_parses), cmocka_unit_test(test_refuses_bad_text),
        cmocka_unit_test(test_interval),          cmocka_unit_test(test_quantizes_like_integers),
        cmocka_unit_test(test_next_to_a_half),    cmocka_unit_test(test_wide_formats),
        cmocka_unit_test(test_row_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
