/* Events a second through a program, on one core: emulate PROGRAM.sluice FOLDER. Everything by CPU
 * time of the whole process, so that other load and a second thread count for nothing. */
#include "sim/emulate.h"
#include "base/error.h"
#include "base/file.h"
#include "compiler/native.h"
#include "data/npy_rows.h"
#include "data/random.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENTS = 1000000, INTERPRETED = 200000, TRIES = 3 };

static const struct program *program;
static const char *folder;
static float *x;
static int64_t *in, *out;
static struct native *native;
static struct arena arena;

static void run_machine_code(void)
{
    native_eval(native, in, EVENTS, out);
}

static void run_raw(void)
{
    native_eval_raw(native, (struct native_rows){.floats = x}, EVENTS, out);
}

static void run_interpreter(void)
{
    program_eval(program, in, INTERPRETED, out);
}

static void run_files(bool scores, enum native_mode mode)
{
    struct emulate_options options = {.events = file_join(&arena, folder, "x.npy"),
                                      .histogram = file_join(&arena, folder, "h.csv"),
                                      .cache = folder,
                                      .mode = mode};
    if (scores) options.out = file_join(&arena, folder, "y.npy");
    emulate_run(program, &options);
}

static void run_to_histogram(void)
{
    run_files(false, NATIVE_COMPILED);
}

static void run_to_scores(void)
{
    run_files(true, NATIVE_COMPILED);
}

static void run_interpreted_files(void)
{
    run_files(true, NATIVE_INTERPRETED);
}

static double best_cpu(void (*run)(void))
{
    double best = 1e30;
    for (int i = 0; i < TRIES; i++) {
        clock_t start = clock();
        run();
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds < best) best = seconds;
    }
    return best;
}

/* Float32 rows, a NPY head of doubles with the one letter changed. */
static void write_events(const char *path)
{
    char head[NPY_HEAD_BYTES];
    npy_print_head(head, EVENTS, program->input_count);
    strstr(head + 10, "f8")[1] = '4';
    struct out_file *file = out_open(path);
    fwrite(head, 1, sizeof head, out_stream(file));
    fwrite(x, sizeof *x, (size_t)EVENTS * (size_t)program->input_count, out_stream(file));
    out_commit(file);
}

static void row(const char *what, double rate)
{
    printf("%-58s %14.3g\n", what, rate);
}

int main(int argc, char **argv)
{
    if (argc != 3) fail("usage: emulate PROGRAM.sluice FOLDER");
    struct program *p = program_read(argv[1]);
    program = p, folder = argv[2];
    size_t inputs = (size_t)p->input_count, outputs = (size_t)p->output_count;
    x = arena_alloc(&arena, EVENTS * inputs, sizeof *x);
    double *doubles = arena_alloc(&arena, EVENTS * inputs, sizeof *doubles);
    in = arena_alloc(&arena, EVENTS * inputs, sizeof *in);
    out = arena_alloc(&arena, EVENTS * outputs, sizeof *out);
    struct random random = random_init(1);
    for (size_t i = 0; i < EVENTS * inputs; i++)
        doubles[i] = x[i] = (float)(random_normal(&random) * 2);
    program_quantize_inputs(p, doubles, EVENTS, in);
    file_make_folder(folder);
    write_events(file_join(&arena, folder, "x.npy"));
    error_set_quiet(true);
    native = native_open(p, folder, EVENTS, NATIVE_COMPILED);
    printf("%-58s %14s\n", "events a second of CPU time", p->name);
    if (native_is_compiled(native)) {
        row("machine code: integers to integers", EVENTS / best_cpu(run_machine_code));
        row("machine code: raw floats to integers", EVENTS / best_cpu(run_raw));
        row("sluice emulate: file to histogram", EVENTS / best_cpu(run_to_histogram));
        row("sluice emulate: file to file of scores, and histogram",
            EVENTS / best_cpu(run_to_scores));
    } else {
        printf("machine code: there is no C compiler\n");
    }
    row("interpreter: integers to integers", INTERPRETED / best_cpu(run_interpreter));
    row("sluice emulate --interpreter: file to file, and histogram",
        EVENTS / best_cpu(run_interpreted_files));
    printf("%-58s %14.2f\n", "seconds in the C compiler (0: was in the cache)",
           native_compile_seconds(native));
    native_close(native);
    program_free(p);
    arena_free(&arena);
    return 0;
}
