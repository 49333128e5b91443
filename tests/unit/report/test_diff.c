/* What changed between two reports. */
#include "tests/unit/report/fixture.h"

#include "report/diff.h"

/* Prints the difference of two JSON texts into a string. */
static const char *diff(const char *a, const char *b, bool *changed)
{
    write_file("a.json", a);
    write_file("b.json", b);
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    *changed = diff_run(in_folder("a.json"), in_folder("b.json"), stream);
    fclose(stream);
    const char *kept = arena_strdup(&test_arena, text);
    free(text);
    return kept;
}

static void assert_diff(const char *a, const char *b, const char *expected)
{
    bool changed;
    assert_string_equal(diff(a, b, &changed), expected);
    assert_true(changed == (strcmp(expected, "nothing changed\n") != 0));
}

static void test_nothing_changed(void **state)
{
    (void)state;
    assert_diff("{\"schema\":1,\"x\":{\"y\":[1,2,null]}}",
                "{\"x\":{\"y\":[1,2,null]},\"schema\":1}", "nothing changed\n");
}

static void test_columns(void **state)
{
    (void)state;
    assert_diff("{\"schema\":1,\"timing\":{\"latency_ns\":412.5,\"fmax_mhz\":null},\"cells\":4000,"
                "\"name\":\"a\",\"gone\":true,\"zero\":0}",
                "{\"schema\":1,\"timing\":{\"latency_ns\":375,\"fmax_mhz\":131.25},\"cells\":12000,"
                "\"name\":\"b\",\"zero\":0.5,\"new\":[1]}",
                "timing.latency_ns  412.5  ->     375  -37.5 (-9.1 %)\n"
                "timing.fmax_mhz     null  ->  131.25\n"
                "cells              4,000  ->  12,000  +8000 (+200.0 %)\n"
                "name                   a  ->       b\n"
                "gone                true  ->       -  removed\n"
                "zero                   0  ->     0.5  +0.5\n"
                "new.0                  -  ->       1  added\n");
}

/* Layers are matched by name, not by place. */
static void test_rows_by_name(void **state)
{
    (void)state;
    assert_diff(
        "{\"schema\":1,\"layers\":[{\"name\":\"d1\",\"bits\":5},{\"name\":\"d2\",\"bits\":6}]}",
        "{\"schema\":1,\"layers\":[{\"name\":\"d2\",\"bits\":4},{\"name\":\"d1\",\"bits\":5}]}",
        "layers.d2.bits  6  ->  4  -2 (-33.3 %)\n");
}

static void test_trees_against_leaves(void **state)
{
    (void)state;
    assert_diff("{\"schema\":1,\"a\":{},\"b\":[],\"c\":{\"x\":1},\"d\":7}",
                "{\"schema\":1,\"a\":[],\"b\":[],\"c\":5,\"d\":{}}",
                "a       {}  ->  []\n"
                "c  {\"x\":1}  ->   5\n"
                "d        7  ->  {}\n");
}

static void test_long_and_hostile_strings(void **state)
{
    (void)state;
    assert_diff("{\"schema\":1,\"a\\u001b[2J\":\"\"}",
                "{\"schema\":1,\"a\\u001b[2J\":"
                "\"0123456789012345678901234567890123456789012345678901234567890\"}",
                "a [2J    ->  0123456789012345678901234567890123456...\n");
}

static void test_json_form(void **state)
{
    (void)state;
    write_file("a.json", "{\"schema\":1,\"n\":0,\"m\":2}");
    write_file("b.json", "{\"schema\":1,\"n\":4,\"m\":3,\"s\":\"new\"}");
    cJSON *json = diff_json(in_folder("a.json"), in_folder("b.json"));
    assert_int_equal(cJSON_GetArraySize(json_find(json, "changes")), 3);
    assert_string_equal(json_string(json, "changes.0.path", ""), "n");
    assert_true(json_number(json, "changes.0.difference", 0) == 4);
    assert_true(cJSON_IsNull(json_find(json, "changes.0.relative")));
    assert_true(json_number(json, "changes.1.relative", 0) == 0.5);
    assert_string_equal(json_string(json, "changes.2.change", ""), "added");
    assert_true(cJSON_IsNull(json_find(json, "changes.2.a")));
    cJSON_Delete(json);
}

/* Two real reports, given as folders. */
static void test_reports(void **state)
{
    (void)state;
    copy_complete();
    run();
    file_make_folder(in_folder("older"));
    file_copy(in_folder("report.json"), in_folder("older/report.json"));
    set_number("build.json", "resources.lut4", 3702);
    run();
    cJSON *json = diff_json(in_folder("older"), folder);
    assert_int_equal(cJSON_GetArraySize(json_find(json, "changes")), 1);
    assert_string_equal(json_string(json, "changes.0.path", ""), "resources.lut4");
    assert_true(json_number(json, "changes.0.difference", 0) == 3702 - 3815);
    cJSON_Delete(json);
}

static void test_errors(void **state)
{
    (void)state;
    write_file("a.json", "{\"schema\":1}");
    write_file("b.json", "{\"timing\":{}}");
    EXPECT_FAIL(diff_run(in_folder("a.json"), in_folder("b.json"), stdout),
                "b.json: not a report of `sluice report`: it has no `schema`");
    EXPECT_FAIL(diff_run(in_folder("a.json"), in_folder("none.json"), stdout), "none.json");
    write_file("b.json", "[]");
    EXPECT_FAIL(diff_run(in_folder("b.json"), in_folder("a.json"), stdout), "not a report");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_changed),
        TEST(test_columns),
        TEST(test_rows_by_name),
        TEST(test_trees_against_leaves),
        TEST(test_long_and_hostile_strings),
        TEST(test_json_form),
        TEST(test_reports),
        TEST(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
