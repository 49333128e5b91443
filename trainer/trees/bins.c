/* Cuts and codes: see bins.h. */
#include "trainer/trees/bins.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- sorting a column ------------------------------------------------------------------------ */

/* Bits that sort like the floats they stand for. */
static uint32_t key_of(float x)
{
    uint32_t bits;
    x += 0.0f; /* -0 becomes +0 */
    memcpy(&bits, &x, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float float_of(uint32_t key)
{
    uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Radix sort, 11 bits at a time; the result is in `to`. */
static void sort_keys(uint32_t *keys, uint32_t *to, long count)
{
    enum { DIGIT = 11, SIZE = 1 << DIGIT };
    long start[3][SIZE];
    memset(start, 0, sizeof start);
    for (long i = 0; i < count; i++)
        for (int d = 0; d < 3; d++)
            start[d][keys[i] >> d * DIGIT & (SIZE - 1)]++;
    for (int d = 0; d < 3; d++) {
        long sum = 0;
        for (int v = 0; v < SIZE; v++) {
            long here = start[d][v];
            start[d][v] = sum;
            sum += here;
        }
        for (long i = 0; i < count; i++)
            to[start[d][keys[i] >> d * DIGIT & (SIZE - 1)]++] = keys[i];
        uint32_t *other = keys;
        keys = to;
        to = other;
    }
    if (to != keys) memcpy(to, keys, (size_t)count * sizeof *keys);
}

/* ---- cuts ------------------------------------------------------------------------------------ */

struct finding {
    struct cuts *cuts;
    const float *x;
    const long *rows;
    long count;
    int most;
};

/* A number between two neighbours that float32 holds: the lower one if there is none. */
static double between(float low, float high)
{
    float middle = (float)(0.5 * ((double)low + (double)high));
    return (double)(middle < high ? middle : low);
}

/* Sorted keys to at most `most` cuts: between every two distinct numbers if there are so few; else
 * a cut wherever the events since the last one reach their share of what is left. Numbers that are
 * frequent by themselves get a bin of their own. */
static int choose_cuts(const uint32_t *sorted, long count, int most, double *cuts)
{
    long distinct = 0;
    for (long i = 0; i < count; i++)
        distinct += i + 1 == count || sorted[i] != sorted[i + 1];
    bool all = distinct <= most + 1;
    int found = 0;
    long since = 0;
    for (long i = 0, run = 1; i + 1 < count; i++, run++) {
        if (sorted[i] == sorted[i + 1]) continue;
        since += run;
        run = 0;
        long next = 0, share = (count - i - 1 + since) / (most - found + 1);
        for (long j = i + 1; j < count && sorted[j] == sorted[i + 1] && next <= share; j++)
            next++;
        /* Full, or what comes would overfill it. */
        if (all || since >= share || (next > share && since > share / 2)) {
            cuts[found++] = between(float_of(sorted[i]), float_of(sorted[i + 1]));
            since = 0;
            if (found == most) break;
        }
    }
    return found;
}

static void find_column(void *context, int f, int thread)
{
    struct finding *w = context;
    const long count = w->count;
    uint32_t *keys = malloc(2 * (size_t)count * sizeof *keys + 1);
    if (!keys) fail("out of memory");
    (void)thread;
    long there = 0;
    for (long i = 0; i < count; i++) {
        float x = w->x[(w->rows ? w->rows[i] : i) * w->cuts->features + f];
        if (x == x) keys[there++] = key_of(x);
    }
    sort_keys(keys, keys + count, there);
    w->cuts->missing[f] = there < count;
    w->cuts->count[f] = choose_cuts(keys + count, there, w->most, w->cuts->values[f]);
    free(keys);
}

static void count_bins(struct cuts *cuts)
{
    cuts->bins = 1;
    for (int f = 0; f < cuts->features; f++) {
        int bins = cuts->count[f] + 1 + cuts->missing[f];
        if (bins > cuts->bins) cuts->bins = bins;
    }
    cuts->bins = (cuts->bins + 7) / 8 * 8;
}

struct cuts cuts_find(struct arena *arena, struct pool *pool, const float *x, int features,
                      const long *rows, long count, int most)
{
    size_t n = (size_t)features;
    struct cuts cuts = {.features = features};
    cuts.count = arena_alloc(arena, n, sizeof *cuts.count);
    cuts.missing = arena_alloc(arena, n, sizeof *cuts.missing);
    cuts.values = arena_alloc(arena, n, sizeof *cuts.values);
    for (size_t f = 0; f < n; f++)
        cuts.values[f] = arena_alloc(arena, (size_t)most, sizeof(double));
    struct finding w = {&cuts, x, rows, count, most};
    pool_run(pool, features, find_column, &w);
    count_bins(&cuts);
    return cuts;
}

/* ---- codes ----------------------------------------------------------------------------------- */

enum { ROWS_PER_ITEM = 8192, TILE = 128 };

struct making {
    const struct cuts *cuts;
    const float *x;
    const long *rows;
    struct bins *bins;
    float *padded; /* [features][256]: cuts as floats, infinity behind them */
};

/* How many cuts are below each x, of 255 padded ones: without branches, and vectorised. */
static void find_codes(const float *cuts, const float *x, int32_t *at)
{
    for (int i = 0; i < TILE; i++)
        at[i] = 0;
    for (int step = 128; step; step >>= 1)
        for (int i = 0; i < TILE; i++)
            at[i] += cuts[at[i] + step - 1] < x[i] ? step : 0;
}

static void make_tile(const struct making *w, int f, long first, int count)
{
    const struct bins *bins = w->bins;
    const int features = w->cuts->features;
    const int32_t missing = w->cuts->count[f] + 1;
    float x[TILE];
    int32_t code[TILE];
    for (int i = 0; i < TILE; i++) {
        long row = first + (i < count ? i : 0);
        x[i] = w->x[(w->rows ? w->rows[row] : row) * features + f];
    }
    find_codes(w->padded + (size_t)f * 256, x, code);
    for (int i = 0; i < TILE; i++)
        code[i] = x[i] == x[i] ? code[i] : missing;
    for (int i = 0; i < count; i++) {
        bins->codes[(first + i) * bins->stride + f] = (uint8_t)code[i];
        bins->columns[f * bins->rows + first + i] = (uint8_t)code[i];
    }
}

static void make_rows(void *context, int item, int thread)
{
    struct making *w = context;
    (void)thread;
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > w->bins->rows) end = w->bins->rows;
    for (; first < end; first += TILE)
        for (int f = 0; f < w->cuts->features; f++)
            make_tile(w, f, first, (int)(end - first < TILE ? end - first : TILE));
}

/* The greatest float that is not above the cut compares with floats as the cut does. */
static float float_not_above(double cut)
{
    float f = (float)cut;
    return (double)f > cut ? nextafterf(f, -INFINITY) : f;
}

struct bins bins_make(struct arena *arena, struct pool *pool, const struct cuts *cuts,
                      const float *x, const long *rows, long count)
{
    struct bins bins = {.cuts = cuts, .rows = count, .stride = (cuts->features + 15) / 16 * 16};
    bins.codes = arena_alloc(arena, (size_t)count + 1, (size_t)bins.stride);
    bins.columns = arena_alloc(arena, (size_t)count + 1, (size_t)cuts->features);
    struct making w = {cuts, x, rows, &bins, NULL};
    w.padded = malloc((size_t)cuts->features * 256 * sizeof *w.padded);
    if (!w.padded) fail("out of memory");
    for (int f = 0; f < cuts->features; f++)
        for (int i = 0; i < 256; i++)
            w.padded[f * 256 + i] =
                i < cuts->count[f] ? float_not_above(cuts->values[f][i]) : INFINITY;
    pool_run(pool, (int)((count + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM), make_rows, &w);
    free(w.padded);
    return bins;
}
