/* Which points of an exploration are marked, and its files. */
#include "tests/unit/report/fixture.h"

#include "base/json.h"
#include "report/explore.h"

static void add_point(cJSON *points, double ns, double lut4, double bits, double accuracy,
                      bool exact)
{
    cJSON *p = cJSON_CreateObject();
    json_add_number(p, "latency_ns", ns);
    json_add_number(p, "lut4", lut4);
    json_add_number(p, "bits", bits);
    json_add_number(p, "accuracy_hardware", accuracy);
    cJSON_AddBoolToObject(p, "exact", exact);
    cJSON_AddItemToArray(points, p);
}

static void check_marks(cJSON *points, const char *expected)
{
    report_explore_mark(points);
    for (int i = 0; expected[i]; i++) {
        const cJSON *p = cJSON_GetArrayItem(points, i);
        assert_int_equal(cJSON_IsTrue(json_find(p, "pareto")), expected[i] == '*');
    }
    cJSON_Delete(points);
}

static void test_pareto(void **state)
{
    (void)state;
    cJSON *points = cJSON_CreateArray();
    add_point(points, 10, 1000, NAN, 0.6, true);
    add_point(points, 10, 1000, NAN, 0.6, true); /* the same again */
    add_point(points, 20, 500, NAN, 0.6, true);
    add_point(points, 30, 500, NAN, 0.6, true); /* slower than the one before */
    add_point(points, 5, 100, NAN, 0.6, false); /* not verified: no one's rival */
    add_point(points, NAN, NAN, NAN, NAN, false);
    add_point(points, 40, 400, NAN, 0.6, true);
    check_marks(points, "*-*---*");
}

static void test_pareto_with_widths(void **state)
{
    (void)state;
    cJSON *points = cJSON_CreateArray();
    add_point(points, 10, 500, 3, 0.60, true);
    add_point(points, 10, 1000, 6, 0.65, true); /* larger, but more accurate */
    add_point(points, 20, 1000, 6, 0.64, true);
    add_point(points, 10, 900, 4, 0.60, true); /* no more accurate than the first */
    check_marks(points, "**--");
}

static void test_pareto_of_one_width_ignores_accuracy(void **state)
{
    (void)state;
    cJSON *points = cJSON_CreateArray();
    add_point(points, 10, 500, 6, 0.60, true);
    add_point(points, 10, 900, 6, 0.65, true);
    check_marks(points, "*-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pareto),
        cmocka_unit_test(test_pareto_with_widths),
        cmocka_unit_test(test_pareto_of_one_width_ignores_accuracy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
