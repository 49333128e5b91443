/* Pieces of events, each from the file to its scores by one of two threads: see emulate.h. */
#include "sim/emulate.h"

#include "base/error.h"
#include "base/progress.h"
#include "data/events.h"
#include "data/npy_rows.h"
#include "sim/histogram.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
    PIECE = 4096,             /* events whose rows and scores stay in the second-level cache */
    INTERPRETER_PIECE = 65536 /* the interpreter plans, and starts its threads, anew for each */
};

/* What the two threads share. */
struct work {
    const struct program *program;
    struct native *native;
    struct npy_rows *file; /* NULL: rows in memory */
    const double *rows;
    struct npy_doubles *out; /* or NULL */
    bool counts;             /* histograms are wanted */
    long events, piece;
    atomic_long next; /* first event of the next piece */
    atomic_bool failed;
};

struct worker {
    struct work *work;
    struct arena arena;
    struct histogram histogram;
    bool leads; /* on the main thread: shows progress */
};

static bool run_piece(struct worker *w, long first, long count, void *buffer, int64_t *outputs,
                      double *scores)
{
    struct work *work = w->work;
    struct native_rows x = {0};
    if (!work->file) {
        x.doubles = work->rows + first * work->program->input_count;
    } else {
        if (!npy_rows_read(work->file, first, count, buffer)) return false;
        if (npy_rows_are_floats(work->file))
            x.floats = buffer;
        else
            x.doubles = buffer;
    }
    native_eval_raw(work->native, x, count, outputs);
    if (work->counts) histogram_add(&w->histogram, outputs, count);
    if (!work->out) return true;
    program_scale_outputs(work->program, outputs, count, scores);
    return npy_doubles_write(work->out, first, count, scores);
}

static void *run_worker(void *argument)
{
    struct worker *w = argument;
    struct work *work = w->work;
    const size_t piece = (size_t)work->piece, columns = (size_t)work->program->output_count;
    void *buffer = NULL;
    if (work->file)
        buffer = arena_alloc(&w->arena, piece * (size_t)work->program->input_count,
                             npy_rows_are_floats(work->file) ? sizeof(float) : sizeof(double));
    int64_t *outputs = arena_alloc(&w->arena, piece * columns, sizeof *outputs);
    double *scores = arena_alloc(&w->arena, piece * columns, sizeof *scores);
    while (!work->failed) {
        long first = atomic_fetch_add(&work->next, work->piece);
        if (first >= work->events) break;
        long count = work->events - first < work->piece ? work->events - first : work->piece;
        if (!run_piece(w, first, count, buffer, outputs, scores)) work->failed = true;
        if (w->leads) progress_update(first, NULL);
    }
    return NULL;
}

/* The interpreter has threads of its own. */
static void run_workers(struct work *work, const char *histogram)
{
    struct worker workers[2] = {{.work = work, .leads = true}, {.work = work}};
    pthread_t thread;
    for (int i = 0; i < 2; i++)
        workers[i].histogram = histogram_init(&workers[i].arena, work->program);
    progress_begin("emulate", work->events);
    bool threaded = native_is_compiled(work->native) && work->events > work->piece &&
                    pthread_create(&thread, NULL, run_worker, &workers[1]) == 0;
    run_worker(&workers[0]);
    if (threaded) pthread_join(thread, NULL);
    progress_end();
    if (work->file) npy_rows_fail(work->file);
    if (work->out) npy_doubles_commit(work->out);
    if (histogram) {
        histogram_merge(&workers[0].histogram, &workers[1].histogram);
        histogram_write(&workers[0].histogram, histogram, work->events);
    }
    for (int i = 0; i < 2; i++)
        arena_free(&workers[i].arena);
}

struct emulate_result emulate_run(const struct program *p, const struct emulate_options *options)
{
    struct arena arena = {0};
    struct work work = {.program = p, .counts = options->histogram != NULL};
    bool *may_miss = arena_alloc(&arena, (size_t)p->input_count, sizeof *may_miss);
    for (int i = 0; i < p->input_count; i++)
        may_miss[i] = program_may_miss(p, i);
    work.file = npy_rows_open(options->events, p->input_count);
    if (work.file) npy_rows_allow_missing(work.file, may_miss);
    if (work.file)
        work.events = npy_rows_count(work.file);
    else
        work.rows = events_read_rows_missing(&arena, options->events, p->input_count, may_miss,
                                             &work.events);
    work.native = native_open(p, options->cache, work.events, options->mode);
    work.piece = native_is_compiled(work.native) ? PIECE : INTERPRETER_PIECE;
    double start = clock_seconds();
    clock_t cpu = clock();
    if (options->out) work.out = npy_doubles_open(options->out, work.events, p->output_count);
    run_workers(&work, options->histogram);
    struct emulate_result result = {.events = work.events,
                                    .origin = native_origin(work.native),
                                    .compile_seconds = native_compile_seconds(work.native),
                                    .cpu_seconds = (double)(clock() - cpu) / CLOCKS_PER_SEC,
                                    .seconds = clock_seconds() - start};
    native_close(work.native);
    npy_rows_close(work.file);
    arena_free(&arena);
    return result;
}
