/* Tree auto-encoders: see anomaly.h. */
#include "base/error.h"
#include "base/progress.h"
#include "trainer/trees/anomaly.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct coding {
    struct ensemble *ensemble;
    const float *x;
    int features;
    double *deviation; /* [features] */
    float *column;     /* room for the values of one leaf and feature */
};

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void find_deviations(struct coding *c)
{
    for (int f = 0; f < c->features; f++) {
        double sum = 0, squares = 0, n = (double)c->ensemble->train.rows;
        for (long i = 0; i < c->ensemble->train.rows; i++) {
            double x = (double)c->x[i * c->features + f];
            sum += x;
            squares += x * x;
        }
        double variance = squares / n - sum / n * (sum / n);
        c->deviation[f] = variance > 0 ? sqrt(variance) : 1;
    }
}

/* A split gains what it takes off the squared deviations of all features, in units of their
 * deviations: the targets are the features themselves. Features of a tree's own random half count,
 * so that trees differ. */
static void set_targets(struct coding *c)
{
    struct ensemble *e = c->ensemble;
    for (int f = 0; f < c->features; f++) {
        float scale = (float)(1 / c->deviation[f]);
        if (e->config->rounds > 1 && random_below(&e->random, 2)) scale = 0;
        for (long i = 0; i < e->train.rows; i++) {
            e->g[f * e->train.rows + i] = -c->x[i * c->features + f] * scale;
            e->h[f * e->train.rows + i] = 1;
        }
    }
}

/* The centre of each leaf: medians of its events, rounded where features are integers. */
static void set_centres(struct coding *c, struct member *m)
{
    struct ensemble *e = c->ensemble;
    for (int n = 0; n < m->node_count; n++) {
        if (m->nodes[n].feature >= 0) continue;
        long count;
        const uint32_t *rows = grower_rows(e->grower, &m->nodes[n], &count);
        double *centre = m->values + m->leaf_of_node[n] * c->features;
        for (int f = 0; f < c->features; f++) {
            for (long i = 0; i < count; i++)
                c->column[i] = c->x[(long)rows[i] * c->features + f];
            qsort(c->column, (size_t)count, sizeof *c->column, compare);
            centre[f] = count ? (double)c->column[count / 2] : 0;
        }
    }
}

void autoencoder_run(struct ensemble *e, const float *x, struct exported *exported)
{
    struct arena arena = {0};
    struct coding c = {.ensemble = e, .x = x, .features = e->cuts->features};
    size_t rows = (size_t)e->train.rows, features = (size_t)c.features;
    c.deviation = arena_alloc(&arena, features, sizeof *c.deviation);
    c.column = arena_alloc(&arena, rows + 1, sizeof *c.column);
    for (size_t i = 0; i < rows * features; i++)
        if (isnan(x[i])) fail("trees: an auto-encoder has no distance to missing values");
    find_deviations(&c);
    struct grow_settings settings = ensemble_settings(e);
    settings.rate = 1;
    settings.l1 = settings.l2 = 0;
    progress_begin("autoencoder", e->config->rounds);
    for (int t = 0; t < e->config->rounds; t++) {
        set_targets(&c);
        grower_set(e->grower, e->g, e->h, random_bits(&e->random));
        const struct grown_tree *tree =
            grower_run(e->grower, &settings, NULL, 0, NULL, e->used, &e->random);
        struct member m = member_new(e, tree, -1, false, false);
        set_centres(&c, &m);
        ensemble_push(e, m);
        progress_update(t + 1, NULL);
    }
    progress_end();
    e->rounds = e->count;
    exported->outputs = 1;
    exported->behind = LAYER_INPUT;
    exported->distance = c.features;
    if (e->quantized) exported->step = 1; /* features are whole numbers */
    arena_free(&arena);
}
