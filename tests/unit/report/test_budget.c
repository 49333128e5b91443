/* The judgement: each criterion alone missed, met on the edge, and left open. */
#include "tests/unit/report/fixture.h"

/* Reports the complete folder with one number changed. */
static struct report_verdict judge(const char *fragment, const char *path, double value)
{
    copy_complete();
    set_number(fragment, path, value);
    return run();
}

static void assert_missed(struct report_verdict verdict, const char *reason)
{
    if (verdict.met) fail_msg("met, and not: %s", reason);
    assert_string_equal(verdict.reason, reason);
    cJSON *json = report();
    assert_true(cJSON_IsFalse(json_find(json, "budget.met")));
    assert_string_equal(json_string(json, "budget.reason", ""), reason);
    cJSON_Delete(json);
    assert_non_null(strstr(contents("report.txt"), "Budget missed"));
    assert_non_null(strstr(contents("report.html"), "class=\"verdict bad\""));
}

static void test_each_criterion_missed(void **state)
{
    (void)state;
    static const struct {
        const char *fragment, *path;
        double value;
        const char *reason;
    } rows[] = {
        {"verify.json", "mismatches", 3, "3 mismatches in 21,512 simulated events"},
        {"verify.json", "mismatches", 1, "1 mismatch in 21,512 simulated events"},
        {"verify.json", "events", 0, "no event was simulated: nothing is verified"},
        {"verify.json", "reference_mismatches", 2,
         "2 mismatches against the quantized network in double precision"},
        {"verify.json", "latency_cycles_measured", 16,
         "latency measured is 16 cycles, stated are 15"},
        {"build.json", "gate_level.mismatches", 4, "4 mismatches in 1,000 events at gate level"},
        {"build.json", "resources.cells", 9012,
         "does not fit: 9,012 logic cells exceed the part's 7,680 by 1,332"},
        {"build.json", "resources.bram", 33,
         "does not fit: 33 block RAMs exceed the part's 32 by 1"},
        {"build.json", "timing.fmax_mhz", 112.3, "fmax 112.3 MHz is below 120.0 MHz by 7.7 MHz"},
        {"build.json", "timing.fmax_mhz", 119.99,
         "fmax 119.990 MHz is below 120.000 MHz by 0.010 MHz"},
        {"compile.json", "budget.latency_ns", 112.5,
         "latency 125.0 ns exceeds 112.5 ns by 12.5 ns"},
        {"compile.json", "interval_cycles", 4, "event interval 33.3 ns exceeds 25.0 ns by 8.3 ns"},
        {"compile.json", "budget.events_per_crossing", 4,
         "interval of 4 events per crossing 33.3 ns exceeds 25.0 ns by 8.3 ns"},
        {"compile.json", "budget.bunch_crossing_mhz", 150,
         "event interval 8.3 ns exceeds 6.7 ns by 1.7 ns"},
        {"compile.json", "budget.clock_mhz", 150, "fmax 131.3 MHz is below 150.0 MHz by 18.7 MHz"},
        {"compile.json", "budget.max_cells", 4000,
         "4,711 logic cells exceed the budget's 4,000 by 711"},
        {"compile.json", "budget.max_dsp", -1, NULL}, /* asks nothing */
        {"verify.json", "float_max_abs_error", 4.25,
         "largest deviation from float 4.25 exceeds 4.00 by 0.25"},
        {"physics.json", "accuracy_hardware", 0.639,
         "accuracy loss 4.0 points exceeds 3.0 points by 1.0 points"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct report_verdict verdict = judge(rows[i].fragment, rows[i].path, rows[i].value);
        if (rows[i].reason)
            assert_missed(verdict, rows[i].reason);
        else
            assert_true(verdict.met);
    }
}

static void test_flags_of_the_tools(void **state)
{
    (void)state;
    copy_complete();
    set("verify.json", "crossing_ok", cJSON_CreateFalse());
    assert_missed(run(), "the simulation did not keep up with the crossings");
    copy_complete();
    set("build.json", "timing.met", cJSON_CreateFalse());
    assert_missed(run(), "a clock of the design around the network misses its constraint");
}

/* A verdict of verify for a reason that no number shows, and one that another check names. */
static void test_verify_failed(void **state)
{
    (void)state;
    copy_complete();
    set("verify.json", "passed", cJSON_CreateFalse());
    set("verify.json", "reason", cJSON_CreateString("error_o was set"));
    assert_missed(run(), "verify failed: error_o was set");
    set_number("verify.json", "mismatches", 2);
    assert_missed(run(), "2 mismatches in 21,512 simulated events");
}

/* A result that never came has no layer and no element. */
static void test_missing_result(void **state)
{
    (void)state;
    copy_complete();
    set_number("verify.json", "mismatches", 1);
    set("verify.json", "first_mismatch",
        cJSON_Parse("{\"event\":5,\"kind\":\"random\",\"phase\":\"early\",\"fault\":\"missing\","
                    "\"layer\":\"\",\"element\":null,\"expected\":0,\"got\":0}"));
    assert_missed(run(), "1 mismatch in 21,512 simulated events, first in event 5 (missing)");
}

/* The first mismatch is named. */
static void test_first_mismatch(void **state)
{
    (void)state;
    copy_complete();
    set_number("verify.json", "mismatches", 7);
    set("verify.json", "first_mismatch",
        cJSON_Parse(
            "{\"event\":1017,\"layer\":\"dense2\",\"element\":3,\"expected\":12,\"got\":-13}"));
    set("verify.json", "waveform", cJSON_CreateString("verify/mismatch.fst"));
    assert_missed(run(), "7 mismatches in 21,512 simulated events, first in event 1,017, layer "
                         "dense2, element 3");
    assert_non_null(strstr(contents("report.html"), "expected 12, got -13"));
    assert_non_null(strstr(contents("report.txt"), "verify/mismatch.fst"));
}

/* Every miss stands in the one line. */
static void test_several_misses(void **state)
{
    (void)state;
    copy_complete();
    set_number("build.json", "timing.fmax_mhz", 100);
    set_number("compile.json", "budget.latency_ns", 100);
    assert_missed(run(), "fmax 100.0 MHz is below 120.0 MHz by 20.0 MHz; latency 125.0 ns exceeds "
                         "100.0 ns by 25.0 ns");
}

static void test_exactly_on_the_limit_is_met(void **state)
{
    (void)state;
    assert_true(judge("compile.json", "budget.latency_ns", 125).met);
    assert_true(judge("build.json", "timing.fmax_mhz", 120).met);
    assert_true(judge("build.json", "resources.cells", 7680).met);
    assert_true(judge("verify.json", "float_max_abs_error", 4).met);
    /* three cycles of 120 MHz are a crossing of 40 MHz, rounding of 1/120 aside */
    assert_true(judge("compile.json", "interval_cycles", 3).met);
    assert_true(judge("physics.json", "accuracy_hardware", 0.649).met);
}

/* The clock of the board's PLL counts: 39.75 MHz does not keep up with 40. */
static void test_slow_pll(void **state)
{
    (void)state;
    copy_complete();
    set_number("compile.json", "clock_mhz", 40);
    set_number("build.json", "timing.clock_mhz", 39.75);
    struct report_verdict verdict = run();
    assert_false(verdict.met);
    assert_non_null(strstr(verdict.reason, "event interval 25.16 ns exceeds 25.00 ns by 0.16 ns"));
}

/* An estimate never fails a job: only place-and-route can. */
static void test_estimate_is_at_risk(void **state)
{
    (void)state;
    copy_complete();
    unlink(in_folder("build.json"));
    set_number("compile.json", "estimate.fmax_mhz", 101.5);
    struct report_verdict verdict = run();
    assert_true(verdict.met);
    assert_string_equal(verdict.reason, "nothing missed, but estimated fmax 101.5 MHz is below "
                                        "120.0 MHz by 18.5 MHz (not placed)");
    assert_non_null(strstr(contents("report.html"), "Budget at risk"));
}

/* What the caller asks for goes before what compile.json left. */
static void test_options_before_fragment(void **state)
{
    (void)state;
    struct report_options options;
    copy_complete();
    report_options_init(&options);
    options.budget.latency_ns = 120;
    options.budget.float_tolerance = 2;
    struct report_verdict verdict = report_run(folder, &options);
    assert_false(verdict.met);
    assert_string_equal(verdict.reason,
                        "latency 125.0 ns exceeds 120.0 ns by 5.0 ns; largest deviation from float "
                        "2.71 exceeds 2.00 by 0.71");
    cJSON *json = report();
    assert_true(json_number(json, "budget.latency_ns", 0) == 120);
    assert_true(json_number(json, "budget.accuracy_loss", 0) == 3);
    assert_true(cJSON_IsNull(json_find(json, "budget.max_cells")));
    cJSON_Delete(json);
}

/* A reason longer than its buffer is cut at a character, not inside one. */
static void test_long_reason(void **state)
{
    (void)state;
    char name[4001];
    for (size_t i = 0; i < sizeof name - 1; i += 2)
        memcpy(name + i, "\xCE\xB3", 2);
    name[sizeof name - 1] = 0;
    copy_complete();
    cJSON *first = cJSON_CreateObject();
    cJSON_AddNumberToObject(first, "event", 1);
    cJSON_AddStringToObject(first, "layer", name);
    set("verify.json", "first_mismatch", first);
    set_number("verify.json", "mismatches", 1);
    struct report_verdict verdict = run();
    size_t length = strlen(verdict.reason);
    assert_false(verdict.met);
    assert_in_range(length, sizeof verdict.reason - 3, sizeof verdict.reason - 1);
    assert_int_equal((unsigned char)verdict.reason[length - 1], 0xB3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_criterion_missed),
        TEST(test_flags_of_the_tools),
        TEST(test_first_mismatch),
        TEST(test_verify_failed),
        TEST(test_missing_result),
        TEST(test_several_misses),
        TEST(test_exactly_on_the_limit_is_met),
        TEST(test_slow_pll),
        TEST(test_estimate_is_at_risk),
        TEST(test_options_before_fragment),
        TEST(test_long_reason),
    };
    setenv("PATH", "/nonexistent", 1); /* no gnuplot: the judgement needs no pictures */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
