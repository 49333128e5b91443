/* The compiled program against the interpreter: every operation, lane and quantizer mode; raw rows;
 * the cache; life without a compiler. */
#include "random_program.h"

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "compiler/native.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static int64_t *integers(size_t count)
{
    int64_t *array = calloc(count + 1, sizeof *array);
    assert_non_null(array);
    return array;
}

/* All events at once, and each of the first alone. */
static void compare(const struct program *p, const int64_t *inputs, long events)
{
    size_t outputs = (size_t)p->output_count;
    int64_t *expected = integers((size_t)events * outputs);
    int64_t *got = integers((size_t)events * outputs);
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

static void compare_on_random(struct random *random, struct program *p, long events)
{
    int64_t *inputs = integers((size_t)events * (size_t)p->input_count);
    random_inputs(random, p, events, inputs);
    compare(p, inputs, events);
    free(inputs);
    program_free(p);
}

/* Every value is looked at, not only what the few outputs let through. */
static void compare_random(uint64_t seed, struct random_program_options options, long events)
{
    struct random random = random_init(seed);
    struct program *p = random_program(&random, options);
    for (int value = 0; value < p->op_count; value++)
        if (p->ops[value].code != OP_MATVEC) program_add_output(p, "z", value);
    compare_on_random(&random, p, events);
}

static void test_random_programs(void **state)
{
    (void)state;
    need_compiler();
    for (uint64_t seed = 1; seed <= 3; seed++) {
        compare_random(seed, random_narrow, 2111);
        compare_random(seed, random_wide, 2111);
    }
}

/* Several functions in several files, with values from one to the other. */
static void test_large_program(void **state)
{
    (void)state;
    need_compiler();
    struct random_program_options options = random_narrow;
    options.ops = 700;
    compare_random(77, options, 600);
}

/* Each quantizer mode on operands of `bits` bits, from all bits dropped to shifted up. */
static void add_quantizers(struct program *p, int a, int bits)
{
    for (int mode = 0; mode < ROUNDING_COUNT * OVERFLOW_COUNT; mode++) {
        for (int drop = mode % 3 - 3; drop <= bits + 2; drop += 3 + bits / 2) {
            int width = 3 + (mode + drop + 3) % (bits - 3);
            struct format f = format_make((mode + drop) % 2, width, width + drop - 4);
            f.rounding = (enum rounding)(mode % ROUNDING_COUNT);
            f.overflow = (enum overflow)(mode / ROUNDING_COUNT);
            program_add_output(p, "q", program_add_quantize(p, a, f));
        }
    }
}

static void add_others(struct program *p, int a, int b, int bits)
{
    static const enum op_code pairs[] = {OP_LT, OP_LE, OP_EQ, OP_MIN, OP_MAX, OP_ADD, OP_SUB};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        program_add_output(p, "p", program_add2(p, pairs[i], a, b, 0));
        program_add_output(p, "p", program_add2(p, pairs[i], b, a, 0));
        program_add_output(p, "p", program_add2(p, pairs[i], a, a, 0));
    }
    int less = program_add2(p, OP_LT, a, b, 0);
    static const enum op_code carries[] = {OP_ADC, OP_SBB};
    for (int i = 0; i < 2; i++)
        program_add_output(p, "c", program_add_op(p, carries[i], (int[]){less, a, b}, 3, 0));
    program_add_output(p, "s", program_add_op(p, OP_SELECT, (int[]){less, a, b}, 3, 0));
    static const enum op_code singles[] = {OP_NEG, OP_NOT, OP_POPCOUNT};
    for (size_t i = 0; i < sizeof singles / sizeof *singles; i++)
        program_add_output(p, "n", program_add_op(p, singles[i], &a, 1, 0));
    for (int low = 0; low < bits; low += 5) {
        int width = bits - low < 7 ? bits - low : 7;
        program_add_output(p, "u", program_add_slice(p, a, low, format_make(false, width, width)));
        program_add_output(p, "i", program_add_slice(p, a, low, format_make(true, width, 0)));
        program_add_output(p, "w", program_add_slice(p, a, low, format_make(true, bits - low, 0)));
    }
}

/* Lanes of 16, 32 and 64 bits in the majority, at the edges of lanes and within. */
static void test_lanes(void **state)
{
    (void)state;
    need_compiler();
    static const int widths[] = {7, 16, 17, 32, 33, 60};
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        int bits = widths[i];
        struct program *p = program_new("lanes");
        struct random random = random_init(bits < 0 ? 0 : (uint64_t)bits);
        program_begin_block(p, "all", "test");
        int a = program_add_input(p, "a", format_make(true, bits, bits - 4), 1, 0);
        int b = program_add_input(p, "b", format_make(true, bits, bits - 5), 1, 0);
        int c = program_add_input(p, "c", format_make(false, bits, bits - 4), 1, 0);
        add_quantizers(p, a, bits);
        add_quantizers(p, c, bits - 1);
        add_others(p, a, b, bits);
        add_others(p, c, a, bits);
        compare_on_random(&random, p, 700);
    }
}

static void test_raw_rows(void **state)
{
    (void)state;
    need_compiler();
    enum { EVENTS = 1000 };
    struct random random = random_init(5);
    struct program *p = random_program(&random, random_narrow);
    for (int i = 0; i < p->input_count; i++)
        p->inputs[i].host_scale = 1.7 + i, p->inputs[i].host_offset = -0.3;
    size_t in = EVENTS * (size_t)p->input_count, out = EVENTS * (size_t)p->output_count;
    double *doubles = calloc(in, sizeof *doubles);
    float *floats = calloc(in, sizeof *floats);
    int64_t *stored = integers(in), *expected = integers(out), *got = integers(out);
    for (size_t i = 0; i < in; i++) {
        floats[i] = (float)(random_normal(&random) * 20);
        doubles[i] = (double)floats[i];
    }
    program_quantize_inputs(p, doubles, EVENTS, stored);
    program_eval(p, stored, EVENTS, expected);
    for (int mode = NATIVE_COMPILED; mode <= NATIVE_INTERPRETED; mode++) {
        struct native *native = native_open(p, folder, EVENTS, (enum native_mode)mode);
        native_eval_raw(native, (struct native_rows){.doubles = doubles}, EVENTS, got);
        assert_memory_equal(got, expected, out * sizeof *got);
        memset(got, 0, out * sizeof *got);
        native_eval_raw(native, (struct native_rows){.floats = floats}, EVENTS, got);
        assert_memory_equal(got, expected, out * sizeof *got);
        native_close(native);
    }
    free(doubles), free(floats), free(stored), free(expected), free(got);
    program_free(p);
}

/* One input through the host's quantizer, value by value against the format's. */
static void test_quantize_inputs(void **state)
{
    (void)state;
    enum { EVENTS = 700 };
    struct random random = random_init(9);
    for (int mode = 0; mode < ROUNDING_COUNT * OVERFLOW_COUNT; mode++) {
        struct format f = format_make(mode % 2, 3 + mode, mode % 5);
        f.rounding = (enum rounding)(mode % ROUNDING_COUNT);
        f.overflow = (enum overflow)(mode / ROUNDING_COUNT);
        struct program *p = program_new("host");
        program_begin_block(p, "in", "input");
        program_add_output(p, "y", program_add_input(p, "a", f, 0.75, 0.125));
        double x[EVENTS];
        int64_t n[EVENTS];
        for (int e = 0; e < EVENTS; e++)
            x[e] =
                e % 2 ? random_normal(&random) * 10 : (double)random_below(&random, 640) / 64 - 5;
        program_quantize_inputs(p, x, EVENTS, n);
        for (int e = 0; e < EVENTS; e++)
            assert_int_equal(n[e], format_to_integer(f, format_quantize(f, x[e] * 0.75 + 0.125)));
        program_free(p);
    }
}

static struct program *small_program(void)
{
    struct random random = random_init(3);
    return random_program(&random, random_narrow);
}

static const char *origin_of(const struct program *p, const char *cache, long events,
                             enum native_mode mode)
{
    struct native *native = native_open(p, cache, events, mode);
    const char *origin = native_origin(native);
    assert_true(native_is_compiled(native) == (strcmp(origin, "interpreted") != 0));
    native_close(native);
    return origin;
}

/* The one file of a folder. */
static const char *only_file(struct arena *arena, const char *cache)
{
    char name[256] = "";
    process_first_line((const char *const[]){"ls", cache, NULL}, name, sizeof name);
    return file_join(arena, cache, arena_strdup(arena, name));
}

static void test_cache(void **state)
{
    (void)state;
    need_compiler();
    struct arena arena = {0};
    const char *cache = file_join(&arena, folder, "deep/cache");
    struct program *p = small_program();
    assert_string_equal(origin_of(p, cache, 10, NATIVE_AUTO), "interpreted"); /* too few */
    assert_string_equal(origin_of(p, cache, NATIVE_LEAST_EVENTS, NATIVE_AUTO), "compiled");
    assert_string_equal(origin_of(p, cache, NATIVE_LEAST_EVENTS, NATIVE_AUTO), "cached");
    assert_string_equal(origin_of(p, cache, 10, NATIVE_AUTO), "cached");
    assert_string_equal(origin_of(p, cache, 10, NATIVE_INTERPRETED), "interpreted");
    const char *object = only_file(&arena, cache);
    assert_non_null(strstr(object, "native-"));
    file_write(object, "no object", 9);
    assert_string_equal(origin_of(p, cache, 10, NATIVE_AUTO), "interpreted");
    assert_string_equal(origin_of(p, cache, 10, NATIVE_COMPILED), "compiled");
    assert_string_equal(origin_of(p, cache, 10, NATIVE_AUTO), "cached");
    program_free(p);
    arena_free(&arena);
}

/* With PATH reduced to a folder that holds `script` as cc (NULL: nothing) the interpreter answers.
 */
static void check_fallback(const char *name, const char *script)
{
    struct arena arena = {0};
    struct random random = random_init(4);
    struct program *p = small_program();
    const char *bin = file_join(&arena, folder, name), *cc = file_join(&arena, bin, "cc");
    char *path = arena_strdup(&arena, getenv("PATH"));
    file_make_folder(bin);
    if (script) {
        file_write(cc, script, strlen(script));
        assert_int_equal(chmod(cc, 0755), 0);
    }
    setenv("PATH", bin, 1);
    struct native *native =
        native_open(p, file_join(&arena, folder, "fallback"), NATIVE_LEAST_EVENTS, NATIVE_AUTO);
    setenv("PATH", path, 1);
    assert_false(native_is_compiled(native));
    enum { EVENTS = 300 };
    int64_t *inputs = integers(EVENTS * (size_t)p->input_count);
    int64_t *expected = integers(EVENTS * (size_t)p->output_count);
    int64_t *got = integers(EVENTS * (size_t)p->output_count);
    random_inputs(&random, p, EVENTS, inputs);
    program_eval(p, inputs, EVENTS, expected);
    native_eval(native, inputs, EVENTS, got);
    assert_memory_equal(got, expected, EVENTS * (size_t)p->output_count * sizeof *got);
    native_close(native);
    program_free(p);
    arena_free(&arena);
    free(inputs), free(expected), free(got);
}

static void test_no_compiler(void **state)
{
    (void)state;
    check_fallback("empty", NULL);
}

static void test_compiler_fails(void **state)
{
    (void)state;
    check_fallback("failing", "#!/bin/sh\necho 'cc: error: out of order'\nexit 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_programs), cmocka_unit_test(test_large_program),
        cmocka_unit_test(test_lanes),           cmocka_unit_test(test_raw_rows),
        cmocka_unit_test(test_quantize_inputs), cmocka_unit_test(test_cache),
        cmocka_unit_test(test_no_compiler),     cmocka_unit_test(test_compiler_fails),
    };
    error_set_quiet(true);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
