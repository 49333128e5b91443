/* Gradient boosting: rounds, samples, early stopping. */
#include "base/error.h"
#include "base/progress.h"
#include "trainer/trees/ensemble.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct grow_settings ensemble_settings(const struct ensemble *e)
{
    const struct trees_config *c = e->config;
    return (struct grow_settings){
        .growth = c->growth,
        .depth = c->depth,
        .leaves = c->leaves,
        .l1 = c->l1,
        .l2 = c->l2,
        .min_gain = c->min_gain,
        .min_weight = c->min_child_weight,
        .rate = c->learning_rate,
        .feature_fraction = 1,
        .threshold_penalty = e->quantized ? c->threshold_penalty : 0,
        .cut_price = e->quantized ? c->lut_price * e->total_weight : 0,
        .monotone = c->monotone,
    };
}

/* Rows of a tree's sample; NULL: all of them. */
static uint32_t *draw_rows(struct ensemble *e, struct arena *arena, long *count)
{
    *count = e->train.rows;
    if (e->config->row_fraction >= 1) return NULL;
    uint32_t *rows = arena_alloc(arena, (size_t)e->train.rows + 1, sizeof *rows);
    long drawn = 0;
    for (long i = 0; i < e->train.rows; i++)
        if (random_uniform(&e->random) < e->config->row_fraction) rows[drawn++] = (uint32_t)i;
    if (!drawn) rows[drawn++] = 0;
    *count = drawn;
    return rows;
}

/* Features that a tree may use; NULL: all of them. */
static bool *draw_features(struct ensemble *e, struct arena *arena)
{
    double fraction = e->config->feature_fraction;
    int features = e->cuts->features, left = features, wanted = (int)ceil(fraction * features);
    if (fraction <= 0 || wanted >= features) return NULL;
    bool *allowed = arena_alloc(arena, (size_t)features, sizeof *allowed);
    for (int f = 0; f < features; f++, left--)
        if ((int)random_below(&e->random, (uint64_t)left) < wanted) {
            allowed[f] = true;
            wanted--;
        }
    return allowed;
}

static void add_tree(struct ensemble *e, const struct grow_settings *settings, int target,
                     bool keep_leaves)
{
    struct arena arena = {0};
    long count;
    double a;
    const uint32_t *rows = draw_rows(e, &arena, &count);
    const bool *features = draw_features(e, &arena);
    ptrdiff_t at = target < 0 ? 0 : target * e->train.rows;
    bool quantiles = loss_has_quantile_leaves(&e->data, &a);
    grower_set(e->grower, e->g + at, e->h + at, random_bits(&e->random));
    const struct grown_tree *tree =
        grower_run(e->grower, settings, rows, count, features, e->used, &e->random);
    struct member m = member_new(e, tree, target, rows != NULL, keep_leaves || quantiles);
    if (quantiles) {
        for (int l = 0; l < m.leaves; l++)
            m.values[l] = 0;
        member_fit(e, &m, 1, NULL); /* full quantiles: a share of them is kept */
        member_apply(e, &m, settings->rate - 1);
        for (int l = 0; l < m.leaves; l++)
            m.values[l] *= settings->rate;
    } else {
        member_apply(e, &m, 1);
    }
    if (!keep_leaves) {
        free(m.leaf_of);
        m.leaf_of = NULL;
    }
    ensemble_push(e, m);
    arena_free(&arena);
}

static void drop_last(struct ensemble *e, int keep)
{
    while (e->count > keep) {
        struct member *m = &e->members[--e->count];
        member_apply(e, m, -1);
        member_note_cuts(e, m, -1);
        member_free(m);
    }
}

int ensemble_boost(struct ensemble *e, bool keep_leaves)
{
    const struct trees_config *c = e->config;
    struct grow_settings settings = ensemble_settings(e);
    int per_round = e->joint || e->outputs == 1 ? 1 : e->outputs, best = 0, round = 0;
    double best_loss = INFINITY;
    progress_begin(e->quantized ? "boosting, quantized" : "boosting", c->rounds);
    while (round < c->rounds) {
        ensemble_gradients(e);
        for (int k = 0; k < per_round; k++)
            add_tree(e, &settings, e->joint ? -1 : k, keep_leaves);
        double loss = ensemble_record(e, ++round);
        if (!(loss >= best_loss - c->min_delta)) { /* without validation: always */
            best_loss = loss;
            best = round;
        }
        char remark[40];
        snprintf(remark, sizeof remark, "loss %.4f", e->curve[e->curve_count - 1].loss);
        progress_update(round, remark);
        if (c->patience && e->valid.rows && round - best >= c->patience) break;
    }
    progress_end();
    bool stops = c->patience && e->valid.rows;
    if (stops) drop_last(e, best * per_round);
    return stops ? best : round;
}
