/* How numbers and other people's strings are printed. */
#include "tests/unit/report/fixture.h"

#include "report/number.h"

static void test_fixed(void **state)
{
    (void)state;
    assert_string_equal(report_fixed(1234567.891, 2).text, "1,234,567.89");
    assert_string_equal(report_fixed(-412.5, 1).text, "-412.5");
    assert_string_equal(report_fixed(-0.001, 1).text, "0.0"); /* no negative zero */
    assert_string_equal(report_fixed(999.96, 1).text, "1,000.0");
    assert_string_equal(report_fixed(NAN, 1).text, "-");
    assert_string_equal(report_fixed(INFINITY, 1).text, "-");
    assert_string_equal(report_count(100).text, "100");
    assert_string_equal(report_count(-123456).text, "-123,456");
    assert_string_equal(report_count(1e15).text, "1e+15");
    assert_string_equal(report_fixed(999999999999999, 9).text, "999,999,999,999,999.000000000");
}

static void test_other_forms(void **state)
{
    (void)state;
    assert_string_equal(report_percent(0.39214).text, "39.2 %");
    assert_string_equal(report_percent(NAN).text, "-");
    assert_string_equal(report_significant(0.0312512).text, "0.03125");
    assert_string_equal(report_significant(-0.0).text, "0");
    assert_string_equal(report_si(1.2e8).text, "120 M");
    assert_string_equal(report_si(39750000).text, "39.75 M");
    assert_string_equal(report_si(12).text, "12 ");
}

static void test_decimals_show_the_margin(void **state)
{
    (void)state;
    assert_int_equal(report_decimals(12.5), 1);
    assert_int_equal(report_decimals(0.5), 2);
    assert_int_equal(report_decimals(-0.042), 3);
    assert_int_equal(report_decimals(1e-300), 9);
    assert_int_equal(report_decimals(0), 1);
    assert_int_equal(report_decimals(NAN), 1);
}

static void test_escape(void **state)
{
    (void)state;
    assert_string_equal(report_escape(&test_arena, "<a href=\"x\">&'"),
                        "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    assert_string_equal(report_escape(&test_arena, "H\xE2\x86\x92\xCE\xB3\xCE\xB3"),
                        "H\xE2\x86\x92\xCE\xB3\xCE\xB3");
    assert_string_equal(report_clean(&test_arena, "a\x1B[31mb\nc\x7F"), "a [31mb c ");
}

static void test_escape_broken_utf8(void **state)
{
    (void)state;
    const char *mark = "\xEF\xBF\xBD"; /* U+FFFD */
    static const char *const broken[] = {"\xFF", "\xC0", "\xE2\x82", "\xC3", "\xF0\x9F\x98"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(strncmp(report_escape(&test_arena, broken[i]), mark, 3), 0);
    /* overlong, surrogate, beyond U+10FFFF: no byte of them gets through */
    static const char *const forbidden[] = {"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80",
                                            "\xF4\x90\x80\x80"};
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        const char *escaped = report_escape(&test_arena, forbidden[i]);
        assert_int_equal(report_length(escaped), strlen(forbidden[i]));
        for (const char *c = escaped; *c; c += 3)
            assert_int_equal(strncmp(c, mark, 3), 0);
    }
    assert_string_equal(report_clean(&test_arena, "a\xE2\x80\xAE"
                                                  "b"),
                        "a b"); /* right-to-left override */
    assert_string_equal(report_clean(&test_arena, "a\xC2\x9B"
                                                  "b"),
                        "a b"); /* C1 control */
}

static void test_length(void **state)
{
    (void)state;
    assert_int_equal(report_length(""), 0);
    assert_int_equal(report_length("H\xE2\x86\x92\xCE\xB3\xCE\xB3"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_decimals_show_the_margin),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_broken_utf8),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
