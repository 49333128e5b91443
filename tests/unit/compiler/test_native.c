/* The compiled program against the interpreter: every operation, lane and quantizer mode; the
 * cache; life without a compiler. */
#include "random_program.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "compiler/native.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sluice-native.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return process_run((const char *const[]){"rm", "-rf", folder, NULL},
                       &(struct process_options){0});
}

static void need_compiler(void)
{
    if (process_exists("cc")) return;
    print_message("skipped: there is no C compiler (cc)\n");
    skip();
}

/* All events at once, all but a few, and each of the first alone. */
static void compare(const struct program *p, const int64_t *inputs, long events)
{
    size_t outputs = (size_t)p->output_count;
    int64_t *expected = calloc((size_t)events * outputs + 1, sizeof *expected);
    int64_t *got = calloc((size_t)events * outputs + 1, sizeof *got);
    struct native *native = native_open(p, folder, events, NATIVE_COMPILED);
    assert_true(native_is_compiled(native));
    program_eval(p, inputs, events, expected);
    native_eval(native, inputs, events, got);
    assert_memory_equal(got, expected, (size_t)events * outputs * sizeof *got);
    for (long e = 0; e < 3; e++) {
        native_eval(native, inputs + e * p->input_count, 1, got);
        assert_memory_equal(got, expected + (size_t)e * outputs, outputs * sizeof *got);
    }
    native_close(native);
    free(expected);
    free(got);
}

static void compare_random(uint64_t seed, struct random_program_options options)
{
    struct random random = random_init(seed);
    struct program *p = random_program(&random, options);
    enum { EVENTS = 2111 };
    int64_t *inputs = calloc((size_t)EVENTS * (size_t)p->input_count, sizeof *inputs);
    random_inputs(&random, p, EVENTS, inputs);
    compare(p, inputs, EVENTS);
    free(inputs);
    program_free(p);
}

static void test_random_programs(void **state)
{
    (void)state;
    need_compiler();
    for (uint64_t seed = 1; seed <= 6; seed++) {
        compare_random(seed, random_narrow);
        compare_random(seed, random_wide);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs),
    };
    error_set_quiet(true);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
