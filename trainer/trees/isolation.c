/* Isolation forests: see anomaly.h. */
#include "base/error.h"
#include "base/progress.h"
#include "trainer/trees/anomaly.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 256, MAX_NODES = 2 * SAMPLE };

/* Mean number of splits that part one of n events from the others: of unsuccessful searches in
 * binary search trees (Liu et al., equation 1). */
static double mean_path(long n)
{
    if (n < 2) return 0;
    double harmonic = log((double)n - 1) + 0.5772156649;
    return n == 2 ? 1 : 2 * harmonic - 2 * ((double)n - 1) / (double)n;
}

struct growing {
    struct ensemble *ensemble;
    struct grown_node nodes[MAX_NODES];
    double values[MAX_NODES];
    int count, depth_limit;
    double whole; /* mean path of the sample */
};

static int code_at(const struct growing *g, uint32_t row, int feature)
{
    const struct bins *bins = &g->ensemble->train;
    return bins->columns[(long)feature * bins->rows + row];
}

/* A cut of the feature between the least and greatest code of the rows, as likely as its share of
 * the way from the one to the other; -1: all have the same. */
static int random_cut(struct growing *g, const uint32_t *rows, int count, int feature)
{
    const struct cuts *cuts = g->ensemble->cuts;
    int least = 256, most = -1;
    for (int i = 0; i < count; i++) {
        int code = code_at(g, rows[i], feature);
        if (code > cuts->count[feature]) continue; /* missing */
        if (code < least) least = code;
        if (code > most) most = code;
    }
    if (most <= least) return -1;
    const double *values = cuts->values[feature];
    double low = values[least], high = values[most - 1];
    double at = low + random_uniform(&g->ensemble->random) * (high - low);
    int cut = least;
    while (cut < most - 1 && values[cut + 1] <= at)
        cut++;
    if (cut < most - 1 && at - values[cut] > values[cut + 1] - at) cut++;
    return cut;
}

static int grow(struct growing *g, uint32_t *rows, int count, int depth)
{
    struct ensemble *e = g->ensemble;
    int here = g->count++, features = e->cuts->features, feature = -1, cut = -1;
    g->nodes[here] = (struct grown_node){.feature = -1};
    g->values[here] = g->whole - depth - mean_path(count);
    if (depth == g->depth_limit || count < 2) return here;
    for (int tries = 0; tries < 2 * features && cut < 0; tries++) {
        feature = (int)random_below(&e->random, (uint64_t)features);
        cut = random_cut(g, rows, count, feature);
    }
    if (cut < 0) return here;
    int lefts = 0;
    for (int i = 0; i < count; i++)
        if (code_at(g, rows[i], feature) <= cut) {
            uint32_t row = rows[lefts];
            rows[lefts++] = rows[i];
            rows[i] = row;
        }
    g->nodes[here].feature = feature;
    g->nodes[here].cut = cut;
    g->nodes[here].gain = 1;
    int left = grow(g, rows, lefts, depth + 1);
    int right = grow(g, rows + lefts, count - lefts, depth + 1);
    g->nodes[here].left = left;
    g->nodes[here].right = right;
    return here;
}

static int draw(struct ensemble *e, uint32_t *rows, uint32_t *all)
{
    int count = e->train.rows < SAMPLE ? (int)e->train.rows : SAMPLE;
    for (int i = 0; i < count; i++) { /* without replacement: the start of a shuffle */
        long other = i + (long)random_below(&e->random, (uint64_t)(e->train.rows - i));
        uint32_t row = all[other];
        all[other] = all[i];
        rows[i] = all[i] = row;
    }
    return count;
}

void isolation_run(struct ensemble *e, struct exported *x)
{
    struct arena arena = {0};
    uint32_t rows[SAMPLE];
    uint32_t *all = arena_alloc(&arena, (size_t)e->train.rows + 1, sizeof *all);
    struct growing *g = arena_alloc(&arena, 1, sizeof *g);
    for (long i = 0; i < e->train.rows; i++)
        all[i] = (uint32_t)i;
    g->ensemble = e;
    progress_begin("isolation_forest", e->config->rounds);
    for (int t = 0; t < e->config->rounds; t++) {
        int count = draw(e, rows, all), limit = 0;
        while (1 << limit < count)
            limit++;
        g->count = 0;
        g->depth_limit = e->config->depth < limit ? e->config->depth : limit;
        g->whole = mean_path(count);
        grow(g, rows, count, 0);
        struct grown_tree tree = {g->count, g->nodes, g->values};
        ensemble_push(e, member_new(e, &tree, 0, true, false));
        progress_update(t + 1, NULL);
    }
    progress_end();
    e->rounds = e->count;
    x->divisor = e->count;
    x->outputs = 1;
    x->behind = LAYER_INPUT;
    if (e->quantized && e->config->leaf_bits > 0)
        x->step =
            ldexp(1, (int)ceil(log2(2 * g->whole / e->count / ((1 << e->config->leaf_bits) - 1))));
    arena_free(&arena);
}
