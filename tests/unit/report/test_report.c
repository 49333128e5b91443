/* A whole report from fragments: keys, numbers, text, page, and what happens when parts are
 * missing, hostile or broken. */
#include "tests/unit/report/fixture.h"

#include "base/process.h"

static void assert_number(const cJSON *json, const char *path, double expected)
{
    double value = json_number(json, path, NAN);
    if (isnan(expected) ? !cJSON_IsNull(json_find(json, path)) : !(fabs(value - expected) < 1e-9))
        fail_msg("%s is %.12g, not %.12g", path, value, expected);
}

static void test_complete_numbers(void **state)
{
    (void)state;
    copy_complete();
    assert_true(run().met);
    cJSON *json = report();
    assert_number(json, "schema", 1);
    assert_string_equal(json_string(json, "name", ""), "sample");
    assert_number(json, "timing.clock_mhz", 120);
    assert_number(json, "timing.latency_cycles", 15);
    assert_number(json, "timing.interval_cycles", 1);
    assert_number(json, "timing.latency_ns", 125);
    assert_number(json, "timing.fmax_mhz", 131.26);
    assert_number(json, "timing.latency_bx", 5);
    assert_number(json, "timing.slack_ns", 1000 / 120.0 - 1000 / 131.26);
    assert_string_equal(json_string(json, "resources.source", ""), "placed");
    assert_number(json, "resources.cells", 4711);
    assert_number(json, "resources.cells_available", 7680);
    assert_number(json, "resources.lut4", 3815);
    assert_number(json, "predicted.lut4", 3702);
    assert_number(json, "physics.accuracy_hardware", 0.6554);
    assert_number(json, "verify.float_max_abs_error", 2.71484375);
    assert_number(json, "program.adder_bits", 2012);
    assert_number(json, "seconds.compile", 0.214);
    assert_number(json, "layers.0.sparsity", 1 - 118 / 512.0);
    assert_number(json, "layers.1.latency_ns", 5 / 0.12);
    assert_true(cJSON_IsTrue(json_find(json, "budget.met")));
    assert_null(json_find(json, "physics.roc")); /* pictures stay in the fragments */
    cJSON_Delete(json);
}

static void test_keys_are_fixed(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "schema",
        "timing.clock_mhz",
        "timing.latency_cycles",
        "timing.interval_cycles",
        "timing.latency_ns",
        "timing.fmax_mhz",
        "timing.latency_bx",
        "resources.source",
        "resources.cells",
        "resources.cells_available",
        "resources.lut4",
        "resources.ff",
        "resources.carry",
        "resources.bram",
        "resources.dsp",
        "physics.accuracy_float",
        "physics.accuracy_quantized",
        "physics.accuracy_hardware",
        "physics.auc",
        "verify.events",
        "verify.mismatches",
        "verify.float_max_abs_error",
        "program.operations",
        "program.adder_bits",
        "program.depth",
        "seconds.train",
        "seconds.compile",
        "seconds.verify",
        "seconds.build",
        "budget.met",
        "budget.reason",
    };
    static const char *const fragments[] = {"train.json",  "compile.json", "interface.json",
                                            "verify.json", "build.json",   "physics.json"};
    /* With any one fragment alone every key is there, known or null. */
    for (size_t f = 0; f < sizeof fragments / sizeof *fragments; f++) {
        for (size_t g = 0; g < sizeof fragments / sizeof *fragments; g++)
            unlink(in_folder(fragments[g]));
        copy_fragment(fragments[f]);
        assert_true(run().met);
        cJSON *json = report();
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (!json_find(json, keys[i])) fail_msg("%s alone: no key %s", fragments[f], keys[i]);
        cJSON_Delete(json);
    }
}

static void test_text_is_golden(void **state)
{
    (void)state;
    copy_complete();
    run();
    assert_golden(contents("report.txt"), "tests/golden/report.txt");
}

static void test_same_bytes_again(void **state)
{
    (void)state;
    static const char *const names[] = {"report.json", "report.txt", "report.html"};
    const char *first[3];
    copy_complete();
    run();
    for (int i = 0; i < 3; i++)
        first[i] = contents(names[i]);
    run();
    for (int i = 0; i < 3; i++)
        assert_string_equal(contents(names[i]), first[i]);
}

/* Well-formed, self-contained (check_html.py): skipped without Python. */
static void check_html(void)
{
    const char *const argv[] = {"python3", "tests/unit/report/check_html.py",
                                in_folder("report.html"), NULL};
    if (!process_exists("python3")) {
        print_message("skip html check: no python3\n");
        return;
    }
    int status = process_run(argv, &(struct process_options){.log = in_folder("check.log")});
    if (status != 0) fail_msg("report.html: %s", contents("check.log"));
}

static void test_page(void **state)
{
    (void)state;
    copy_complete();
    run();
    const char *html = contents("report.html");
    check_html();
    assert_contains(html, "Budget met");
    assert_contains(html, "final softmax is not in the hardware");
    assert_contains(html, "4,711 of 7,680");
    assert_contains(html, "accuracy on validation events: float 68.1 %, quantized 65.7 %");
    assert_lacks(html, folder); /* no absolute path */
    if (!process_exists("gnuplot")) return;
    static const char *const plots[] = {"roc",  "scatter",  "deviation",
                                        "loss", "accuracy", "turn_on_0"};
    for (size_t i = 0; i < sizeof plots / sizeof *plots; i++) {
        assert_contains(html, arena_printf(&test_arena, "id=\"%s-gnuplot_canvas\"", plots[i]));
        const char *svg = arena_printf(&test_arena, "plots/%s.svg", plots[i]);
        assert_true(file_exists(in_folder(svg)));
        assert_false(file_exists(in_folder(arena_printf(&test_arena, "%s.part", svg))));
    }
}

static void test_page_without_gnuplot(void **state)
{
    (void)state;
    char *path = arena_strdup(&test_arena, getenv("PATH"));
    copy_complete();
    run();
    setenv("PATH", "/nonexistent", 1);
    run();
    setenv("PATH", path, 1);
    check_html();
    assert_contains(contents("report.html"), "gnuplot is not installed (Debian package");
    assert_lacks(contents("report.html"), "gnuplot_canvas");
    assert_false(file_exists(in_folder("plots/roc.svg"))); /* no picture of other data stays */
}

static void test_partial(void **state)
{
    (void)state;
    copy_fragment("compile.json");
    struct report_verdict verdict = run();
    assert_true(verdict.met);
    assert_contains(verdict.reason, "(not verified, not placed)");
    cJSON *json = report();
    assert_string_equal(json_string(json, "resources.source", ""), "estimate");
    assert_number(json, "resources.cells", 4480);
    assert_number(json, "resources.cells_available", NAN);
    assert_number(json, "timing.fmax_mhz", 138.5);
    assert_number(json, "verify.events", NAN);
    assert_number(json, "physics.auc", NAN);
    assert_number(json, "seconds.build", NAN);
    cJSON_Delete(json);
    const char *html = contents("report.html");
    check_html();
    assert_contains(html, "Within budget so far");
    assert_contains(html, "ROC curves</b> left out: physics.json is not there");
    assert_contains(html, "Training curves</b> left out: train.json is not there");
    assert_contains(contents("report.txt"),
                    "build.json is not there yet (written by `sluice build`)");
}

/* Layers that overlap are charged for what they add, never twice for the same cycle. */
static void test_overlapping_layers_add_up(void **state)
{
    (void)state;
    static const double ends[] = {5, 10, 8}, added[] = {5, 5, 0};
    copy_complete();
    cJSON *json = json_read(in_folder("compile.json")), *layer;
    int index = 0;
    cJSON_ArrayForEach(layer, cJSON_GetObjectItem(json, "layers"))
    {
        cJSON_SetNumberValue(cJSON_GetObjectItem(layer, "start_cycle"), 3 * index);
        cJSON_SetNumberValue(cJSON_GetObjectItem(layer, "end_cycle"), ends[index]);
        index++;
    }
    json_write(in_folder("compile.json"), json);
    cJSON_Delete(json);
    run();
    json = report();
    for (int i = 0; i < 3; i++)
        assert_number(json, arena_printf(&test_arena, "layers.%d.latency_cycles", i), added[i]);
    cJSON_Delete(json);
    check_html();
}

static void test_only_training(void **state)
{
    (void)state;
    copy_fragment("train.json");
    struct report_verdict verdict = run();
    assert_true(verdict.met);
    assert_contains(verdict.reason, "nothing to judge yet");
    cJSON *json = report();
    assert_true(cJSON_IsNull(json_find(json, "budget.met")));
    assert_number(json, "layers.2.sparsity", 1 - 41 / 80.0);
    cJSON_Delete(json);
    check_html();
    assert_contains(contents("report.html"), "Not judged yet");
}

static const char hostile[] = "<script>alert(1)</script>\"'&\n\x1B[31m\xFF`$(rm)`EOD";

/* Every string of every fragment replaced, keys of `tools` too. */
static void poison(cJSON *json)
{
    for (cJSON *item = json->child; item; item = item->next) {
        if (cJSON_IsString(item)) cJSON_SetValuestring(item, hostile);
        poison(item);
    }
}

static void test_hostile_names(void **state)
{
    (void)state;
    static const char *const names[] = {"train.json",  "compile.json", "interface.json",
                                        "verify.json", "build.json",   "physics.json"};
    copy_complete();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cJSON *json = json_read(in_folder(names[i]));
        poison(json);
        cJSON *tools = cJSON_GetObjectItem(json, "tools");
        if (tools) cJSON_AddStringToObject(tools, hostile, hostile);
        json_write(in_folder(names[i]), json);
        cJSON_Delete(json);
    }
    cJSON *first = cJSON_CreateObject();
    cJSON_AddNumberToObject(first, "event", 1);
    cJSON_AddStringToObject(first, "layer", hostile);
    cJSON_AddStringToObject(first, "fault", hostile);
    cJSON_AddStringToObject(first, "signal", hostile);
    set("verify.json", "first_mismatch", first);
    set("verify.json", "waveform", cJSON_CreateString(hostile));
    set_number("verify.json", "mismatches", 1);
    struct report_verdict verdict = run();
    assert_false(verdict.met);
    assert_null(strchr(verdict.reason, '\n'));
    assert_null(strchr(verdict.reason, 0x1B));
    check_html();
    assert_lacks(contents("report.html"), "<script");
    assert_contains(contents("report.html"), "&lt;script&gt;");
    assert_lacks(contents("report.html"), "\x1B");
    assert_lacks(contents("report.txt"), "\x1B");
    if (process_exists("gnuplot")) assert_contains(contents("report.html"), "roc-gnuplot_canvas");
}

/* Numbers where strings are wanted, strings where numbers, objects where arrays ...: unknown. */
static void test_values_of_other_types(void **state)
{
    (void)state;
    static const char *const wrong[] = {"7",
                                        "\"x\"",
                                        "[]",
                                        "{}",
                                        "[[]]",
                                        "[{}]",
                                        "[1e308,-1e308]",
                                        "null",
                                        "true",
                                        "-1e300",
                                        "[{\"points\":[[1]]},7]"};
    static const char *const names[] = {"train.json",  "compile.json", "interface.json",
                                        "verify.json", "build.json",   "physics.json"};
    char *path = arena_strdup(&test_arena, getenv("PATH"));
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            copy_complete();
            cJSON *json = json_read(in_folder(names[i]));
            for (cJSON *item = json->child, *next; item; item = next) {
                next = item->next;
                cJSON *value = cJSON_Parse(wrong[w]);
                char *name = arena_strdup(&test_arena, item->string);
                assert_true(cJSON_ReplaceItemInObjectCaseSensitive(json, name, value));
            }
            json_write(in_folder(names[i]), json);
            cJSON_Delete(json);
            /* Pictures come from two of the fragments. */
            bool pictures = i == 0 || i == sizeof names / sizeof *names - 1;
            if (!pictures) setenv("PATH", "/nonexistent", 1);
            run();
            setenv("PATH", path, 1);
        }
        check_html();
    }
}

static void test_errors(void **state)
{
    (void)state;
    EXPECT_FAIL(run(), "nothing to report: none of train.json, compile.json");
    write_file("train.json", "[1]");
    EXPECT_FAIL(run(), "train.json: a JSON object is wanted");
    write_file("report.txt", "older");
    write_file("train.json", "{\"name\":\n oops}");
    EXPECT_FAIL(run(), "train.json:2: not valid JSON");
    assert_string_equal(contents("report.txt"), "older");
    assert_false(file_exists(in_folder("report.json")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_complete_numbers),
        TEST(test_keys_are_fixed),
        TEST(test_text_is_golden),
        TEST(test_same_bytes_again),
        TEST(test_page),
        TEST(test_page_without_gnuplot),
        TEST(test_partial),
        TEST(test_overlapping_layers_add_up),
        TEST(test_only_training),
        TEST(test_hostile_names),
        TEST(test_values_of_other_types),
        TEST(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
