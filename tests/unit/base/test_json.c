/* JSON files. */
#include "tests/unit/base/fixture.h"

#include "base/json.h"

#include <math.h>

static void paths_find_values(void **state)
{
    (void)state;
    cJSON *json =
        json_read(put_text("a.json", "{\"timing\": {\"clock_mhz\": 120.5, \"x\": null},\n"
                                     " \"layers\": [{\"name\": \"d1\"}, {\"name\": \"d2\"}]}"));
    assert_true(json_number(json, "timing.clock_mhz", 0) == 120.5);
    assert_true(isnan(json_number(json, "timing.x", NAN)));
    assert_true(json_number(json, "timing.none", 7) == 7);
    assert_true(json_number(json, "timing.clock_mhz.deeper", 7) == 7);
    assert_string_equal(json_string(json, "layers.1.name", "?"), "d2");
    assert_string_equal(json_string(json, "layers.2.name", "?"), "?");
    assert_string_equal(json_string(json, "layers.-1.name", "?"), "?");
    assert_string_equal(json_string(json, "timing.clock_mhz", "?"), "?");
    assert_null(json_find(json, "TIMING"));
    assert_ptr_equal(json_find(json, ""), json);
    cJSON_Delete(json);
}

static void written_is_read_and_the_same_each_time(void **state)
{
    (void)state;
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "third", 1.0 / 3);
    json_add_number(json, "unknown", NAN);
    json_add_number(json, "endless", INFINITY);
    json_add_number(json, "count", 1e6);
    json_write(path_of("b.json"), json);
    const char *first = get_text(path_of("b.json"));
    assert_int_equal(first[strlen(first) - 1], '\n');
    assert_non_null(strstr(first, "1000000"));
    assert_non_null(strstr(first, "null"));
    cJSON *again = json_read(path_of("b.json"));
    assert_true(json_number(again, "third", 0) == 1.0 / 3);
    assert_true(cJSON_IsNull(json_find(again, "unknown")));
    assert_true(cJSON_IsNull(json_find(again, "endless")));
    json_write(path_of("c.json"), again);
    assert_string_equal(get_text(path_of("c.json")), first);
    cJSON_Delete(json);
    cJSON_Delete(again);
}

static void malformed_json_has_a_line(void **state)
{
    (void)state;
    EXPECT_FAIL(json_read(put_text("bad.json", "{\"a\": 1,\n\"b\": oops}\n")),
                "bad.json:2: not valid JSON");
    EXPECT_FAIL(json_read(put_text("cut.json", "{\"a\": [1,\n2,\n")), "cut.json:");
    EXPECT_FAIL(json_read(put_text("more.json", "{}\n{}\n")), "more.json:2: not valid JSON");
    EXPECT_FAIL(json_read(put_text("none.json", "")), "none.json: is empty");
    EXPECT_FAIL(json_read(path_of("absent.json")), "absent.json: cannot read");
    file_write(path_of("nul.json"), "{}\n\0{}", 6);
    EXPECT_FAIL(json_read(path_of("nul.json")), "nul.json:2: not valid JSON");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_find_values),
                                       cmocka_unit_test(written_is_read_and_the_same_each_time),
                                       cmocka_unit_test(malformed_json_has_a_line)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
