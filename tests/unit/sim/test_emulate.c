/* Events from a file to scores and histograms: piece by piece or from memory, compiled or
 * interpreted, the same bytes; damaged files leave no output. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "compiler/program/program.h"
#include "data/events.h"
#include "data/npy_rows.h"
#include "data/random.h"
#include "sim/emulate.h"
#include "sim/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 20011, INPUTS = 3, OUTPUTS = 2 };

static struct {
    struct arena arena;
    const char *folder, *doubles, *floats, *csv;
    double x[EVENTS * INPUTS];
    struct program *program;
} fixture;

static const char *path(const char *name)
{
    return file_join(&fixture.arena, fixture.folder, name);
}

/* y0 = x0 + 4 x1 - x2, y1 = x2 limited to a few bits: 1,150-odd integers and 8. */
static void make_program(void)
{
    struct program *p = fixture.program = program_new("small");
    program_begin_block(p, "all", "test");
    int x[INPUTS];
    for (int i = 0; i < INPUTS; i++)
        x[i] = program_add_input(p, "x", format_make(true, 8, 4), 1.5, 0.25);
    int sum = program_add2(p, OP_ADD, x[0], x[1], 2);
    program_add_output(p, "y[0]", program_add2(p, OP_SUB, sum, x[2], 0));
    program_add_output(p, "y,1", program_add_quantize(p, x[2], format_make(true, 3, 3)));
}

static void write_floats(const char *to, const double *x, long rows)
{
    char head[NPY_HEAD_BYTES], *type;
    npy_print_head(head, rows, INPUTS);
    type = strstr(head + 10, "f8");
    assert_non_null(type);
    type[1] = '4';
    struct out_file *out = out_open(to);
    fwrite(head, 1, sizeof head, out_stream(out));
    for (long i = 0; i < rows * INPUTS; i++) {
        float number = (float)x[i];
        fwrite(&number, sizeof number, 1, out_stream(out));
    }
    out_commit(out);
}

static int set_up(void **state)
{
    (void)state;
    static char folder[] = "/tmp/sluice-emulate.XXXXXX";
    if (!mkdtemp(folder)) return -1;
    fixture.folder = folder;
    struct random random = random_init(1);
    for (int i = 0; i < EVENTS * INPUTS; i++)
        fixture.x[i] = (double)(float)(random_normal(&random) * 3);
    npy_write_double(fixture.doubles = path("x8.npy"), fixture.x, EVENTS, INPUTS);
    write_floats(fixture.floats = path("x4.npy"), fixture.x, EVENTS);
    struct out_file *csv = out_open(fixture.csv = path("x.csv"));
    for (int i = 0; i < EVENTS * INPUTS; i++)
        fprintf(out_stream(csv), "%.17g%c", fixture.x[i], i % INPUTS == INPUTS - 1 ? '\n' : ',');
    out_commit(csv);
    make_program();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    program_free(fixture.program);
    const char *const argv[] = {"rm", "-rf", fixture.folder, NULL};
    int status = process_run(argv, &(struct process_options){0});
    arena_free(&fixture.arena);
    return status;
}

static struct emulate_result run(const char *events, const char *out, const char *histogram,
                                 enum native_mode mode)
{
    struct emulate_options options = {
        .events = events, .out = out, .histogram = histogram, .cache = path("cache"), .mode = mode};
    struct emulate_result result = emulate_run(fixture.program, &options);
    assert_int_equal(result.events, EVENTS);
    return result;
}

static void assert_same_bytes(const char *a, const char *b)
{
    size_t count, other;
    char *first = file_read(&fixture.arena, a, &count);
    char *second = file_read(&fixture.arena, b, &other);
    assert_int_equal(count, other);
    assert_memory_equal(first, second, count);
}

/* The scores by the functions that the stretch from file to file is made of. */
static void test_same_scores(void **state)
{
    (void)state;
    static int64_t in[EVENTS * INPUTS], out[EVENTS * OUTPUTS];
    static double y[EVENTS * OUTPUTS];
    program_quantize_inputs(fixture.program, fixture.x, EVENTS, in);
    program_eval(fixture.program, in, EVENTS, out);
    program_scale_outputs(fixture.program, out, EVENTS, y);
    npy_write_double(path("expected.npy"), y, EVENTS, OUTPUTS);
    const char *const files[] = {fixture.doubles, fixture.floats, fixture.csv};
    for (int i = 0; i < 3; i++) {
        for (int mode = NATIVE_COMPILED; mode <= NATIVE_INTERPRETED; mode++) {
            const char *name = arena_printf(&fixture.arena, "h%d-%d.csv", i, mode);
            run(files[i], path("y.npy"), path(name), (enum native_mode)mode);
            assert_same_bytes(path("y.npy"), path("expected.npy"));
            assert_same_bytes(path(name), path("h0-1.csv"));
        }
    }
}

static void test_histogram(void **state)
{
    (void)state;
    run(fixture.floats, path("y.npy"), path("h.json"), NATIVE_INTERPRETED);
    long rows;
    double *y = events_read_rows(&fixture.arena, path("y.npy"), OUTPUTS, &rows);
    cJSON *json = json_read(path("h.json"));
    assert_int_equal(json_number(json, "events", 0), EVENTS);
    const cJSON *outputs = json_find(json, "outputs");
    assert_int_equal(cJSON_GetArraySize(outputs), OUTPUTS);
    static const int bins[OUTPUTS] = {192, 8};
    for (int i = 0; i < OUTPUTS; i++) {
        const cJSON *one = cJSON_GetArrayItem(outputs, i), *counts = json_find(one, "counts");
        double low = json_number(one, "low", NAN), width = json_number(one, "bin_width", NAN);
        long expected[HISTOGRAM_BINS] = {0};
        assert_int_equal(cJSON_GetArraySize(counts), bins[i]);
        for (long e = 0; e < EVENTS; e++)
            expected[(int)floor((y[e * OUTPUTS + i] - low) / width)]++;
        for (int bin = 0; bin < bins[i]; bin++)
            assert_int_equal(cJSON_GetArrayItem(counts, bin)->valuedouble, expected[bin]);
    }
    cJSON_Delete(json);
    /* the name with a comma is quoted, the top edge of the last bin is beyond the format's end */
    size_t length;
    run(fixture.floats, NULL, path("h.csv"), NATIVE_INTERPRETED);
    char *csv = file_read(&fixture.arena, path("h.csv"), &length);
    assert_int_equal(strncmp(csv, "output,low,high,count\ny[0],", 27), 0);
    assert_non_null(strstr(csv, "\n\"y,1\",-4,-3,"));
    assert_non_null(strstr(csv, "\n\"y,1\",3,4,"));
}

static void refuse(const char *events, const char *words)
{
    struct error_trap trap;
    struct emulate_options options = {.events = events,
                                      .out = path("none.npy"),
                                      .histogram = path("none.csv"),
                                      .cache = path("cache")};
    options.mode = NATIVE_INTERPRETED;
    error_set_trap(&trap);
    trap.message[0] = 0;
    if (setjmp(trap.where) == 0) emulate_run(fixture.program, &options);
    error_set_trap(NULL);
    if (!strstr(trap.message, words)) fail_msg("\"%s\" does not say \"%s\"", trap.message, words);
    out_abandon_all();
    assert_false(file_exists(path("none.npy")));
    assert_false(file_exists(path("none.csv")));
}

static void test_refusals(void **state)
{
    (void)state;
    refuse(path("absent.npy"), "absent.npy");
    double kept = fixture.x[3 * 9000 + 2];
    fixture.x[3 * 9000 + 2] = NAN;
    npy_write_double(path("nan.npy"), fixture.x, EVENTS, INPUTS);
    write_floats(path("nan4.npy"), fixture.x, EVENTS);
    fixture.x[3 * 9000 + 2] = kept;
    const char *words = "row 9000 (counted from 0): column 2 is missing, NaN or infinite";
    refuse(path("nan.npy"), words);
    refuse(path("nan4.npy"), words);
    npy_write_double(path("wide.npy"), fixture.x, EVENTS / 2, INPUTS + 1);
    refuse(path("wide.npy"), "4 values per event");
    size_t length;
    char *bytes = file_read(&fixture.arena, fixture.doubles, &length);
    file_write(path("short.npy"), bytes, length - 8);
    refuse(path("short.npy"), "truncated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_scores),
        cmocka_unit_test(test_histogram),
        cmocka_unit_test(test_refusals),
    };
    error_set_quiet(true);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
