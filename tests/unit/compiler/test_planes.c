/* Programs on bit planes against the interpreter: every operation that planes know, any number of
 * events, and programs that are not theirs. */
#include "compiler/planes.h"

#include "random_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_same(const struct program *p, long events, const int64_t *got,
                        const int64_t *expected)
{
    for (size_t i = 0; i < (size_t)(events * p->output_count); i++)
        if (got[i] != expected[i])
            fail_msg("event %zu, output %zu (%s): %lld instead of %lld",
                     i / (size_t)p->output_count, i % (size_t)p->output_count,
                     op_rows[p->ops[p->outputs[i % (size_t)p->output_count].value].code].name,
                     (long long)got[i], (long long)expected[i]);
}

static void compare(struct random *random, const struct program *p, long events)
{
    size_t outputs = (size_t)(events * p->output_count);
    int64_t *in = calloc((size_t)(events * p->input_count) + 1, sizeof *in);
    int64_t *expected = calloc(outputs + 1, sizeof *expected),
            *got = calloc(outputs + 1, sizeof *got);
    struct planes *planes = planes_new(p);
    assert_non_null(planes);
    random_inputs(random, p, events, in);
    program_eval(p, in, events, expected);
    planes_eval(planes, (struct plane_events){.integers = in}, events, got);
    expect_same(p, events, got, expected);
    /* the same events as raw numbers */
    double *raw = calloc((size_t)(events * p->input_count) + 1, sizeof *raw);
    for (long i = 0; i < events * p->input_count; i++)
        raw[i] = program_raw_value(p, (int)(i % p->input_count), in[i]);
    memset(got, 0, outputs * sizeof *got);
    planes_eval(planes, (struct plane_events){.doubles = raw}, events, got);
    expect_same(p, events, got, expected);
    free(raw);
    planes_free(planes);
    free(in);
    free(expected);
    free(got);
}

/* Every value is looked at, then only the few outputs (so that rows are used again). */
static void test_random_programs(void **state)
{
    (void)state;
    static const long events[] = {1, 63, 64, 65, 511, 1024, 1500};
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct random random = random_init(seed);
        struct random_program_options options = seed % 2 ? random_narrow : random_wide;
        options.gates = true;
        struct program *p = random_program(&random, options);
        compare(&random, p, events[seed % 7]);
        for (int value = 0; value < p->op_count; value++)
            program_add_output(p, "z", value);
        compare(&random, p, events[seed % 7]);
        program_free(p);
    }
}

static void test_others_are_refused(void **state)
{
    (void)state;
    struct program *p = program_new("rounds");
    program_begin_block(p, "b", "b");
    int a = program_add_input(p, "x", format_make(true, 8, 4), 1, 0);
    program_add_output(p, "y", program_add_quantize(p, a, format_make(true, 4, 4)));
    assert_null(planes_new(p));
    assert_false(planes_gain(p));
    program_free(p);
}

static void test_gain(void **state)
{
    (void)state;
    struct program *p = program_new("tables");
    program_begin_block(p, "b", "b");
    int a = program_add_input(p, "x", format_make(false, 1, 1), 1, 0);
    int b = program_add_input(p, "y", format_make(false, 1, 1), 1, 0);
    for (int i = 0; i < 3; i++)
        b = program_add_lut(p, (int[]){a, b}, 2, 6);
    program_add_output(p, "y", b);
    assert_true(planes_gain(p));
    program_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
        cmocka_unit_test(test_others_are_refused),
        cmocka_unit_test(test_gain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
