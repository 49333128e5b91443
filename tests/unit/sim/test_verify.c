/* Verification end to end on small networks: that it passes what is right, and what it says of what
 * is wrong. */
#include "sim/verify.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "compiler/emit/emit.h"
#include "compiler/optimize/optimize.h"
#include "compiler/schedule/schedule.h"
#include "sim/bench.h"
#include "sim/locate.h"
#include "tests/unit/compiler/random_loops.h"
#include "tests/unit/compiler/random_program.h"
#include "tests/unit/sim/small_program.h"
#include "tests/unit/sim/verify_folder.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANDOM_PROGRAMS = 2, RANDOM_LOOPS = 3, INNER_EVENTS = 8 };

/* Whether some signal carries another value in one event than in the other. */
static bool differ(const struct program *p, const int64_t *one, const int64_t *other)
{
    struct arena arena = {0};
    size_t count = (size_t)p->op_count;
    int64_t *a = arena_alloc(&arena, count, sizeof *a), *b = arena_alloc(&arena, count, sizeof *b);
    struct emit_signal *signals;
    bool any = false;
    program_eval_trace(p, one, a);
    program_eval_trace(p, other, b);
    for (int i = emit_signals(p, &arena, &signals); i-- > 0;)
        any = any || a[signals[i].value] != b[signals[i].value];
    arena_free(&arena);
    return any;
}

/* Every signal that carries a value, in waveforms of single events. Returns in how many of them
 * another event's values are noticed not to be these. */
static int check_inner_values(const struct program *p, const char *folder)
{
    struct arena arena = {0};
    int noticed = 0;
    const char *work = file_join(&arena, folder, "verify");
    int64_t *inputs = arena_alloc(&arena, (size_t)(INNER_EVENTS * p->input_count), sizeof *inputs);
    int64_t *outputs =
        arena_alloc(&arena, (size_t)(INNER_EVENTS * p->output_count), sizeof *outputs);
    struct emit_signal *signals;
    assert_true(emit_signals(p, &arena, &signals) >= p->output_count);
    program_quantize_inputs(p, events, INNER_EVENTS, inputs);
    program_eval(p, inputs, INNER_EVENTS, outputs);
    struct bench_events packed = bench_write_events(&arena, p, work, inputs, outputs, INNER_EVENTS);
    for (int e = 0; e < INNER_EVENTS; e++) {
        struct bench_run run = {.executable = file_join(&arena, work, "bench_trace"),
                                .folder = work,
                                .events = &packed,
                                .first = e,
                                .count = 1,
                                .latency_cycles = p->latency_cycles,
                                .interval_cycles = p->interval_cycles,
                                .crossing_cycles = p->interval_cycles,
                                .trace = file_join(&arena, work, "inner.vcd"),
                                .trace_from =
                                    2, /* the first event comes after two cycles of reset */
                                .trace_to = 2 + (uint64_t)p->latency_cycles};
        static struct bench_verdict verdict;
        struct verify_mismatch mismatch = {0};
        bench_run(&run, &verdict);
        assert_false(verdict.failed);
        locate_mismatch(p, run.trace, inputs + e * p->input_count, &mismatch);
        assert_string_equal(mismatch.signal, "");
        if (!differ(p, inputs, inputs + e * p->input_count)) continue;
        locate_mismatch(p, run.trace, inputs, &mismatch);
        noticed += mismatch.signal[0] != 0;
    }
    arena_free(&arena);
    return noticed;
}

static void test_right_network_passes(void **state)
{
    (void)state;
    struct program *p = small_network();
    struct verify_request request = make_request(make_folder(p, "right"));
    struct verify_result result;
    verify_run(&request, &result);
    assert_string_equal(result.reason, "");
    assert_true(result.passed);
    assert_int_equal(result.mismatches, 0);
    assert_int_equal(result.latency_cycles_measured, p->latency_cycles);
    assert_int_equal(result.events_of_kind[0], EVENTS);
    assert_int_equal(result.events_of_kind[1], 300);
    assert_true(result.events_of_kind[2] > 20 && result.events_of_kind[3] > 20);
    assert_int_equal(result.presentations, 3 * result.events);
    program_free(p);
}

/* One wrong constant in the first layer: the event, layer and value are named, and there is a
 * waveform. */
static void test_wrong_value_is_located(void **state)
{
    (void)state;
    struct program *p = small_network();
    const char *folder = make_folder(p, "wrong_value");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    struct arena arena = {0};
    break_file(folder, "rtl/tiny_dense_1.v", "n7 = -7'd11", "n7 = -7'd12");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_true(result.mismatches > 0);
    assert_string_equal(result.first.fault, "value");
    assert_string_equal(result.first.layer, "dense_1");
    assert_string_equal(result.first.signal, "u_dense_1.n7");
    assert_int_equal(result.first.got, result.first.expected - 1);
    assert_string_equal(result.first.kind, "test");
    assert_non_null(strstr(result.reason, "layer dense_1 (u_dense_1.n7): expected "));
    assert_string_equal(result.waveform, "verify/mismatch.vcd");
    assert_true(file_exists(file_join(&arena, folder, result.waveform)));
    assert_true(file_exists(file_join(&arena, folder, "verify.json")));
    arena_free(&arena);
    program_free(p);
}

/* A mistake in the second layer, in a value that leaves it. */
static void test_wrong_element_is_located(void **state)
{
    (void)state;
    struct program *p = small_network();
    const char *folder = make_folder(p, "wrong_element");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    break_file(folder, "rtl/tiny_dense_2.v", "dense_2_1_q3 <= dense_2_1_q2",
               "dense_2_1_q3 <= ~dense_2_1_q2");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_string_equal(result.first.layer, "dense_2");
    assert_string_equal(result.first.signal, "u_dense_2.dense_2_1_q3");
    assert_int_equal(result.first.element, 1);
    assert_int_equal(result.first.got, ~result.first.expected);
    program_free(p);
}

/* Swapped outputs: only the port is wrong. */
static void test_wrong_port_is_located(void **state)
{
    (void)state;
    struct program *p = small_network();
    const char *folder = make_folder(p, "wrong_port");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    break_file(folder, "rtl/tiny.v", "        dense_2_2_q1,\n        dense_2_1_q4,",
               "        dense_2_1_q4,\n        dense_2_2_q1,");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_string_equal(result.first.signal, "data_o");
    assert_int_equal(result.first.element, 1);
    program_free(p);
}

static void test_wrong_latency_is_caught(void **state)
{
    (void)state;
    struct program *p = small_network();
    const char *folder = make_folder(p, "wrong_latency");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    break_file(folder, "rtl/tiny.v", "valid_o = valid_q[7]", "valid_o = valid_q[6]");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_int_equal(result.latency_cycles_measured, 7);
    assert_string_equal(result.reason,
                        "the result comes 7 cycles after its event, not 8 as stated");
    program_free(p);
}

/* Reset that leaves one valid bit: an event in flight comes out after it. */
static void test_leaking_reset_is_caught(void **state)
{
    (void)state;
    struct program *p = small_network();
    const char *folder = make_folder(p, "leaking_reset");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    break_file(folder, "rtl/tiny.v", "if (rst_i) valid_q <= 8'd0;",
               "if (rst_i) valid_q <= {7'd0, valid_q[3]};");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_string_equal(result.first.fault, "spurious");
    program_free(p);
}

static void test_error_output_is_caught(void **state)
{
    (void)state;
    struct program *p = small_network();
    const char *folder = make_folder(p, "error_output");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    break_file(folder, "rtl/tiny.v", "error_o = 1'b0", "error_o = &valid_q");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_string_equal(result.first.fault, "error");
    assert_non_null(strstr(result.reason, "error_o is not what it should be"));
    program_free(p);
}

static void test_zero_events_are_refused(void **state)
{
    (void)state;
    struct program *p = small_network();
    struct verify_request request = make_request(make_folder(p, "zero_events"));
    struct verify_result result;
    struct arena arena = {0};
    request.events = 0;
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_string_equal(result.reason, "there are no test events: nothing was verified");
    cJSON *json = json_read(file_join(&arena, request.folder, "verify.json"));
    assert_true(cJSON_IsFalse(json_find(json, "passed")));
    cJSON_Delete(json);
    arena_free(&arena);
    program_free(p);
}

/* An interval of three cycles: kept, judged, and missed by crossings every two. */
static void test_interval_above_one(void **state)
{
    (void)state;
    struct program *p = small_network();
    p->interval_cycles = 3;
    const char *folder = make_folder(p, "interval");
    struct verify_request request = make_request(folder);
    struct verify_result result;
    verify_run(&request, &result);
    assert_string_equal(result.reason, "");
    assert_int_equal(result.presentations, 2 * result.events); /* crossings come at the interval */
    request.crossing_interval_cycles = 2;
    request.latency_budget_cycles = 5;
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_false(result.crossing_ok);
    assert_false(result.latency_ok);
    assert_string_equal(result.reason,
                        "a crossing comes every 2 cycles, but the network takes an event every 3");
    request.crossing_interval_cycles = 0;
    break_file(folder, "rtl/tiny.v", "error_q <= 1'b1", "error_q <= 1'b0");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_string_equal(result.first.phase, "early");
    program_free(p);
}

/* All operations, rounding and overflow modes; and not the outputs alone, but each value within. */
static void test_random_programs(void **state)
{
    (void)state;
    int noticed = 0;
    for (uint64_t seed = 1; seed <= RANDOM_PROGRAMS; seed++) {
        struct random random = random_init(seed);
        struct random_program_options options = seed % 2 ? random_narrow : random_wide;
        options.scheduled = true;
        options.ops = 300;
        struct program *p = random_program(&random, options);
        struct verify_request request = make_request(make_folder(p, "random"));
        struct verify_result result;
        request.waveform = true;
        verify_run(&request, &result);
        assert_string_equal(result.reason, "");
        noticed += check_inner_values(p, request.folder);
        program_free(p);
    }
    assert_true(noticed >= INNER_EVENTS / 2); /* so that this can fail */
}

/* Loops of several trip counts, memories of every kind: to the cycle, back to back and with gaps.
 */
static void test_random_loops(void **state)
{
    (void)state;
    int noticed = 0;
    for (uint64_t seed = 20; seed < 20 + RANDOM_LOOPS; seed++) {
        struct random random = random_init(seed);
        struct compile_options options;
        compile_options_init(&options);
        options.clock_mhz = 2 + (double)(seed % 5);
        struct program *made = random_loops(&random);
        struct program *live = optimize_dead(made, &target_generic);
        struct program *p = schedule_program(live, &options);
        assert_true(p->interval_cycles > 1);
        struct verify_request request = make_request(make_folder(p, "loops"));
        struct verify_result result;
        request.waveform = true;
        request.crossing_interval_cycles = p->interval_cycles + 2;
        verify_run(&request, &result);
        assert_string_equal(result.reason, "");
        assert_int_equal(result.interval_cycles, p->interval_cycles);
        assert_int_equal(result.latency_cycles_measured, p->latency_cycles);
        noticed += check_inner_values(p, request.folder);
        program_free(made);
        program_free(live);
        program_free(p);
    }
    assert_true(noticed >= INNER_EVENTS / 2); /* so that this can fail */
}

/* A network that takes an event every fourth cycle, in a wrapper whose sink may stall for 4. */
static void test_axis_wrapper(void **state)
{
    (void)state;
    struct program *p = small_network();
    p->interval_cycles = 4;
    const char *folder = make_folder(p, "axis");
    emit_axis(p, &header, 4, folder);
    assert_int_equal(emit_axis_depth(p, 4), (p->latency_cycles + 3 + 4 + 3) / 4);
    struct verify_request request = make_request(folder);
    request.random_events = 50;
    request.crossing_interval_cycles = 4;
    request.events = 100;
    struct verify_result result;
    verify_run(&request, &result);
    if (!result.passed) printf("%s\n", result.reason);
    assert_true(result.passed);
    assert_true(result.axis.present);
    assert_true(result.axis.transfers > 4 * result.events);
    assert_int_equal(result.axis.mismatches, 0);
    assert_int_equal(result.axis.latency_cycles_measured, p->latency_cycles + EMIT_AXIS_CYCLES);

    /* One cycle of rest too many: right results, at a rate that was not promised. */
    break_file(folder, "rtl/axis_shell.v", "AGAIN = INTERVAL_CYCLES - 2",
               "AGAIN = INTERVAL_CYCLES - 1");
    verify_run(&request, &result);
    assert_false(result.passed);
    assert_non_null(strstr(result.reason, "wait, full rate"));
    emit_axis(p, &header, -1, folder);
    verify_run(&request, &result);
    assert_true(result.passed);
    assert_false(result.axis.present);
    program_free(p);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_network_passes),
        cmocka_unit_test(test_wrong_value_is_located),
        cmocka_unit_test(test_wrong_element_is_located),
        cmocka_unit_test(test_wrong_port_is_located),
        cmocka_unit_test(test_wrong_latency_is_caught),
        cmocka_unit_test(test_leaking_reset_is_caught),
        cmocka_unit_test(test_error_output_is_caught),
        cmocka_unit_test(test_zero_events_are_refused),
        cmocka_unit_test(test_interval_above_one),
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_random_loops),
        cmocka_unit_test(test_axis_wrapper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
