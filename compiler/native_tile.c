/* Rows to columns of lanes, the compiled program, columns to rows: a tile of events at a time, so
 * that all of it stays in the nearest caches. */
#include "compiler/native_tile.h"

#include "base/error.h"
#include "compiler/emit/emit_native.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct tile {
    const struct native_kernel *kernel;
    long events;  /* of a full tile: the stride of columns */
    void *frames; /* everything is in this one allocation */
    char *in, *out;
    double *column;
};

static size_t round_up(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static struct tile tile_new(const struct native_kernel *k)
{
    struct tile t = {.kernel = k, .events = (long)k->lanes * NATIVE_GROUPS};
    size_t events = (size_t)t.events;
    size_t frames = round_up(k->frame_bytes);
    size_t in = round_up((size_t)k->program->input_count * events * (size_t)k->in_bits / 8);
    size_t out = round_up((size_t)k->program->output_count * events * (size_t)k->out_bits / 8);
    t.frames = aligned_alloc(64, frames + in + out + events * sizeof *t.column);
    if (!t.frames) fail("out of memory");
    t.in = (char *)t.frames + frames;
    t.out = t.in + in;
    t.column = (double *)(void *)(t.out + out);
    return t;
}

/* to[e] = from[e * stride] in lanes of k->in_bits; those behind the last event repeat the first, so
 * that they too are inside their interval. */
#define LOAD(lane)                                                                                 \
    {                                                                                              \
        lane *to = (lane *)(void *)t->in + input * t->events;                                      \
        for (long e = 0; e < count; e++)                                                           \
            to[e] = (lane)from[e * stride];                                                        \
        for (long e = count; e < padded; e++)                                                      \
            to[e] = to[0];                                                                         \
    }
#define LOAD_LANES                                                                                 \
    switch (t->kernel->in_bits) {                                                                  \
    case 16: LOAD(int16_t) break;                                                                  \
    case 32: LOAD(int32_t) break;                                                                  \
    default: LOAD(int64_t) break;                                                                  \
    }

static void load_integers(const struct tile *t, int input, const int64_t *from, long stride,
                          long count, long padded)
{
    LOAD_LANES
}

static void load_column(const struct tile *t, int input, long count, long padded)
{
    const double *from = t->column;
    const long stride = 1;
    LOAD_LANES
}

#define STORE(lane)                                                                                \
    {                                                                                              \
        const lane *from = (const lane *)(const void *)t->out + output * t->events;                \
        for (long e = 0; e < count; e++)                                                           \
            to[e * stride] = from[e];                                                              \
    }

static void store(const struct tile *t, int output, int64_t *to, long stride, long count)
{
    switch (t->kernel->out_bits) {
    case 16: STORE(int16_t) break;
    case 32: STORE(int32_t) break;
    default: STORE(int64_t) break;
    }
}

/* The raw values of an input, gathered and quantized. */
static void quantize(const struct tile *t, int input, struct native_rows x, long first, long count)
{
    const struct program *p = t->kernel->program;
    const long stride = p->input_count, start = first * stride + input;
    if (x.floats)
        for (long e = 0; e < count; e++)
            t->column[e] = x.floats[start + e * stride];
    else
        for (long e = 0; e < count; e++)
            t->column[e] = x.doubles[start + e * stride];
    program_quantize_column(p, input, t->column, count);
}

/* Events [first, end) of one of the two kinds of input. */
struct share {
    const struct native_kernel *kernel;
    const int64_t *inputs; /* NULL: raw rows */
    struct native_rows x;
    long first, end;
    int64_t *outputs;
};

static void *run_share(void *argument)
{
    const struct share *s = argument;
    const struct program *p = s->kernel->program;
    struct tile t = tile_new(s->kernel);
    const long lanes = s->kernel->lanes;
    for (long first = s->first; first < s->end; first += t.events) {
        long count = s->end - first < t.events ? s->end - first : t.events;
        long groups = (count + lanes - 1) / lanes;
        for (int input = 0; input < p->input_count; input++) {
            if (s->inputs) {
                load_integers(&t, input, s->inputs + first * p->input_count + input, p->input_count,
                              count, groups * lanes);
            } else {
                quantize(&t, input, s->x, first, count);
                load_column(&t, input, count, groups * lanes);
            }
        }
        s->kernel->eval(t.frames, t.in, t.out, t.events, groups);
        for (int output = 0; output < p->output_count; output++)
            store(&t, output, s->outputs + first * p->output_count + output, p->output_count,
                  count);
    }
    free(t.frames);
    return NULL;
}

void native_run(const struct native_kernel *kernel, const int64_t *inputs, long events,
                int64_t *outputs)
{
    long tile = (long)kernel->lanes * NATIVE_GROUPS, half = events / 2 / tile * tile;
    struct share shares[2] = {
        {.kernel = kernel, .inputs = inputs, .end = half, .outputs = outputs},
        {.kernel = kernel, .inputs = inputs, .first = half, .end = events, .outputs = outputs}};
    pthread_t thread;
    bool threaded = half > 0 && pthread_create(&thread, NULL, run_share, &shares[0]) == 0;
    if (!threaded) run_share(&shares[0]);
    run_share(&shares[1]);
    if (threaded) pthread_join(thread, NULL);
}

void native_run_raw(const struct native_kernel *kernel, struct native_rows x, long events,
                    int64_t *outputs)
{
    struct share share = {.kernel = kernel, .x = x, .end = events, .outputs = outputs};
    run_share(&share);
}
