/* The values of leaves: Newton steps and quantiles; and their rounding to few multiples of a step.
 */
#include "base/error.h"
#include "trainer/trees/ensemble.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- sums ------------------------------------------------------------------------------------ */

enum { ROWS_PER_ITEM = 16384 };

struct summing {
    const struct ensemble *ensemble;
    const struct member *member;
    double *sums; /* per item: [leaves][width][2] */
};

static void sum_item(void *context, int item, int thread)
{
    const struct summing *s = context;
    const struct ensemble *e = s->ensemble;
    const struct member *m = s->member;
    const int width = member_width(e, m);
    double *sums = s->sums + (ptrdiff_t)item * m->leaves * width * 2;
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > e->train.rows) end = e->train.rows;
    (void)thread;
    memset(sums, 0, (size_t)m->leaves * (size_t)width * 2 * sizeof *sums);
    for (int k = 0; k < width; k++) {
        const float *g = e->g + (member_first(m) + k) * e->train.rows;
        const float *h = e->h + (member_first(m) + k) * e->train.rows;
        for (long i = first; i < end; i++) {
            double *sum = sums + ((ptrdiff_t)m->leaf_of[i] * width + k) * 2;
            sum[0] += (double)g[i];
            sum[1] += (double)h[i];
        }
    }
}

void member_sums(struct ensemble *e, const struct member *m, double *G, double *H)
{
    struct arena arena = {0};
    int items = (int)((e->train.rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM);
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    struct summing s = {e, m, arena_alloc(&arena, (size_t)items * cells * 2 + 1, sizeof(double))};
    assert(m->leaf_of);
    pool_run(e->pool, items, sum_item, &s);
    for (size_t c = 0; c < cells; c++) {
        G[c] = H[c] = 0;
        for (size_t i = 0; i < (size_t)items; i++) {
            G[c] += s.sums[(i * cells + c) * 2];
            H[c] += s.sums[(i * cells + c) * 2 + 1];
        }
    }
    arena_free(&arena);
}

/* ---- fitting --------------------------------------------------------------------------------- */

/* Changes the values and the scores of training and validation events with them. */
static void change_values(struct ensemble *e, struct member *m, const double *change)
{
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    double *kept = malloc((cells + 1) * sizeof *kept);
    if (!kept) fail("out of memory");
    memcpy(kept, m->values, cells * sizeof *kept);
    memcpy(m->values, change, cells * sizeof *kept);
    member_apply(e, m, 1);
    for (size_t c = 0; c < cells; c++)
        m->values[c] = kept[c] + change[c];
    free(kept);
}

struct residual {
    float value;
    double weight;
};

static int compare(const void *a, const void *b)
{
    float x = ((const struct residual *)a)->value, y = ((const struct residual *)b)->value;
    return (x > y) - (x < y);
}

/* Change of each leaf: the a-quantile of target minus score over its events. */
static void find_quantiles(const struct ensemble *e, const struct member *m, double a,
                           double *change)
{
    struct arena arena = {0};
    long rows = e->train.rows;
    long *start = arena_alloc(&arena, (size_t)m->leaves + 2, sizeof *start);
    struct residual *all = arena_alloc(&arena, (size_t)rows + 1, sizeof *all);
    for (long i = 0; i < rows; i++)
        start[m->leaf_of[i] + 2]++;
    for (int l = 2; l <= m->leaves + 1; l++)
        start[l] += start[l - 1];
    for (long i = 0; i < rows; i++)
        all[start[m->leaf_of[i] + 1]++] = (struct residual){
            e->data.targets[i] - e->scores[i], e->data.weights ? (double)e->data.weights[i] : 1};
    for (int l = 0; l < m->leaves; l++) {
        struct residual *leaf = all + start[l];
        long count = start[l + 1] - start[l];
        double total = 0, sum = 0;
        qsort(leaf, (size_t)count, sizeof *leaf, compare);
        for (long i = 0; i < count; i++)
            total += leaf[i].weight;
        change[l] = 0;
        for (long i = 0; i < count; i++) {
            change[l] = (double)leaf[i].value;
            sum += leaf[i].weight;
            if (sum >= a * total) break;
        }
    }
    arena_free(&arena);
}

/* A step of a cross-entropy is trusted so far. */
enum { LARGEST_STEP = 2 };

static void newton_step(const struct ensemble *e, const struct member *m, const double *G,
                        const double *H, double *change)
{
    bool bounded = e->data.labels != NULL;
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    for (size_t c = 0; c < cells; c++) {
        double weight = H[c] + e->config->l2, magnitude = fabs(G[c]) - e->config->l1;
        double step = magnitude > 0 && weight > 0 ? magnitude / weight : 0;
        if (bounded && step > LARGEST_STEP) step = LARGEST_STEP;
        change[c] = G[c] > 0 ? -step : step;
    }
}

void member_fit(struct ensemble *e, struct member *m, int steps, double *H)
{
    struct arena arena = {0};
    size_t cells = (size_t)m->leaves * (size_t)member_width(e, m);
    double *G = arena_alloc(&arena, cells + 1, sizeof *G), a;
    double *own_H = arena_alloc(&arena, cells + 1, sizeof *own_H);
    double *change = arena_alloc(&arena, cells + 1, sizeof *change);
    if (!e->aim && loss_has_quantile_leaves(&e->data, &a)) {
        find_quantiles(e, m, a, change);
        change_values(e, m, change);
        steps = 0;
    } else if (e->aim || e->data.loss == TREES_LOSS_SQUARED_ERROR) {
        steps = 1; /* exact */
    }
    for (int step = 0; step < steps; step++) {
        ensemble_gradients(e);
        member_sums(e, m, G, own_H);
        newton_step(e, m, G, own_H, change);
        change_values(e, m, change);
    }
    if (H) {
        ensemble_gradients(e);
        member_sums(e, m, G, H);
    }
    arena_free(&arena);
}

/* ---- rounding -------------------------------------------------------------------------------- */

/* 4-input LUTs of a bit that depends on so many comparators. */
static double table_luts(int comparators)
{
    double luts = 1;
    for (int k = 4; k < comparators && k < 16; k++)
        luts *= 2;
    return luts;
}

static int count_comparators(const struct member *m)
{
    int count = 0;
    for (int i = 0; i < m->node_count; i++) {
        bool again = m->nodes[i].feature < 0;
        for (int k = 0; k < i && !again; k++)
            again =
                m->nodes[k].feature == m->nodes[i].feature && m->nodes[k].cut == m->nodes[i].cut;
        count += !again;
    }
    return count;
}

/* offset + n * step, n = 0 .. 2^bits - 1. */
struct levels {
    double offset, step;
    int bits;
};

static double nearest_level(struct levels l, double x)
{
    double n = floor((x - l.offset) / l.step + 0.5), most = (double)((1 << l.bits) - 1);
    return l.offset + (n < 0 ? 0 : n > most ? most : n) * l.step;
}

/* What the second-order loss rises by when the values of one output go to levels. */
static double rise(const double *x, const double *H, int leaves, int width, struct levels l,
                   double best)
{
    double sum = 0;
    for (int i = 0; i < leaves && sum < best; i++) {
        double error = nearest_level(l, x[i * width]) - x[i * width];
        sum += (H[i * width] + 1e-3) * error * error / 2;
    }
    return sum;
}

/* The levels of least rise plus price, among all steps and offsets on the grid. */
static struct levels choose_levels(const struct ensemble *e, const double *x, const double *H,
                                   int leaves, int width, double luts, double grid)
{
    double low = INFINITY, high = -INFINITY, best = INFINITY;
    for (int i = 0; i < leaves; i++) {
        low = fmin(low, x[i * width]);
        high = fmax(high, x[i * width]);
    }
    struct levels found = {.step = grid};
    double price = e->config->lut_price * e->total_weight;
    int least_bits = price > 0 ? 0 : e->config->leaf_bits;
    for (int bits = e->config->leaf_bits; bits >= least_bits; bits--) {
        double cost = price * bits * (luts + 1);
        double widest = (high - low) / ((1 << bits) - 1);
        for (double step = grid; step <= 4 * grid || step < 2 * widest; step *= 2) {
            if (bits > 2 && step < widest / 4) continue;
            double span = step * ((1 << bits) - 1);
            double first = floor((low - span / 2) / grid) * grid;
            for (double offset = first; offset <= high; offset += grid) {
                struct levels l = {offset, step, bits};
                double value = cost + rise(x, H, leaves, width, l, best - cost);
                if (value < best) {
                    best = value;
                    found = l;
                }
            }
            if (bits == 0) break;
        }
    }
    return found;
}

void member_round(struct ensemble *e, struct member *m, const double *H, double grid)
{
    const int width = member_width(e, m);
    size_t cells = (size_t)m->leaves * (size_t)width;
    double *change = malloc((cells + 1) * sizeof *change);
    double *x = malloc((cells + 1) * sizeof *x);
    if (!change || !x) fail("out of memory");
    memcpy(x, m->values, cells * sizeof *x);
    /* A softmax does not see what all its scores have in common: the first one is kept at 0. */
    bool relative = m->target < 0 && e->data.loss == TREES_LOSS_CATEGORICAL_CROSS_ENTROPY;
    for (int l = 0; l < m->leaves && relative; l++)
        for (int k = width - 1; k >= 0; k--)
            x[l * width + k] -= x[l * width];
    double luts = table_luts(count_comparators(m));
    for (int k = 0; k < width; k++) {
        struct levels levels = {.step = grid};
        if (k || !relative) levels = choose_levels(e, x + k, H + k, m->leaves, width, luts, grid);
        for (int l = 0; l < m->leaves; l++)
            x[l * width + k] = nearest_level(levels, x[l * width + k]);
    }
    for (size_t c = 0; c < cells; c++)
        change[c] = x[c] - m->values[c];
    change_values(e, m, change);
    memcpy(m->values, x, cells * sizeof *x); /* exactly on the grid */
    free(change);
    free(x);
}
