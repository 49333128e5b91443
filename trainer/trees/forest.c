/* Forests, single trees and AdaBoost: trees that predict the labels themselves, as means over
 * leaves. With g = -w t and h = w for targets t (of classes 0 and 1, one per class) a split's gain
 * is the decrease of w (t - mean)^2 / 2, of classes the Gini index, and a leaf's value the mean
 * (Breiman et al. 1984). */
#include "trainer/trees/forest.h"

#include "base/error.h"
#include "base/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float target_of(const struct loss_data *d, long row, int output)
{
    if (d->loss == TREES_LOSS_CATEGORICAL_CROSS_ENTROPY) return d->labels[row] == output;
    if (d->labels) return (float)d->labels[row];
    return d->targets[row * d->outputs + output];
}

/* Gradients of the events with these weights. */
static void set_targets(struct ensemble *e, const float *weights)
{
    for (int k = 0; k < e->outputs; k++)
        for (long i = 0; i < e->train.rows; i++) {
            e->g[k * e->train.rows + i] = -weights[i] * target_of(&e->data, i, k);
            e->h[k * e->train.rows + i] = weights[i];
        }
}

static struct grow_settings forest_settings(const struct ensemble *e)
{
    struct grow_settings s = ensemble_settings(e);
    const struct trees_config *c = e->config;
    double features = e->cuts->features;
    bool samples = c->method == TREES_RANDOM_FOREST || c->method == TREES_EXTRA_TREES;
    s.rate = 1;
    s.l1 = s.l2 = 0;
    s.feature_fraction = c->feature_fraction > 0 ? c->feature_fraction
                         : samples               ? sqrt(features) / features
                                                 : 1;
    s.random_cuts = c->method == TREES_EXTRA_TREES;
    return s;
}

static float event_weight(const struct ensemble *e, long row)
{
    return e->data.weights ? e->data.weights[row] : 1;
}

/* ---- forests --------------------------------------------------------------------------------- */

/* A bootstrap sample: as many events as there are (or the share of them that is asked for), drawn
 * with replacement; extra trees see each event once. */
static long draw_sample(struct ensemble *e, float *weights, uint32_t *rows)
{
    long count = e->train.rows, drawn = 0;
    bool replaces = e->config->method == TREES_RANDOM_FOREST;
    long wanted = lround(e->config->row_fraction * (double)count);
    memset(weights, 0, (size_t)count * sizeof *weights);
    for (long i = 0; i < wanted; i++) {
        long row = replaces || wanted < count ? (long)random_below(&e->random, (uint64_t)count) : i;
        weights[row] += event_weight(e, row);
    }
    for (long i = 0; i < count; i++)
        if (weights[i] > 0) rows[drawn++] = (uint32_t)i;
    return drawn;
}

static void run_forest(struct ensemble *e)
{
    struct arena arena = {0};
    struct grow_settings settings = forest_settings(e);
    size_t rows = (size_t)e->train.rows;
    float *weights = arena_alloc(&arena, rows + 1, sizeof *weights);
    uint32_t *sample = arena_alloc(&arena, rows + 1, sizeof *sample);
    progress_begin(trees_method_names[e->config->method], e->config->rounds);
    for (int t = 0; t < e->config->rounds; t++) {
        long drawn = draw_sample(e, weights, sample);
        set_targets(e, weights);
        grower_set(e->grower, e->g, e->h, random_bits(&e->random));
        const struct grown_tree *tree =
            grower_run(e->grower, &settings, sample, drawn, NULL, e->used, &e->random);
        ensemble_push(e, member_new(e, tree, -1, true, false));
        progress_update(t + 1, NULL);
    }
    progress_end();
    e->rounds = e->config->rounds;
    arena_free(&arena);
}

/* ---- one tree -------------------------------------------------------------------------------- */

/* Decrease of the loss by all splits below a node, and leaves there. */
struct below {
    double gain;
    int leaves;
};

/* The node whose splits bring least per leaf (weakest link; Breiman et al. 1984, section 3.3). */
static struct below find_weakest(const struct grown_tree *tree, int node, double *least,
                                 int *weakest)
{
    const struct grown_node *n = &tree->nodes[node];
    if (n->feature < 0) return (struct below){0, 1};
    struct below left = find_weakest(tree, n->left, least, weakest);
    struct below right = find_weakest(tree, n->right, least, weakest);
    struct below all = {n->gain + left.gain + right.gain, left.leaves + right.leaves};
    double link = all.gain / (all.leaves - 1);
    if (link < *least) {
        *least = link;
        *weakest = node;
    }
    return all;
}

/* Nodes that are still reached, in their order. */
static void drop_unreached(struct grown_tree *tree, int outputs)
{
    int *number = calloc((size_t)tree->node_count + 1, sizeof *number), count = 0;
    if (!number) fail("out of memory");
    number[0] = 1;
    for (int i = 0; i < tree->node_count; i++)
        if (number[i] && tree->nodes[i].feature >= 0)
            number[tree->nodes[i].left] = number[tree->nodes[i].right] = 1;
    for (int i = 0; i < tree->node_count; i++)
        number[i] = number[i] ? count++ : -1;
    for (int i = 0; i < tree->node_count; i++) {
        if (number[i] < 0) continue;
        struct grown_node n = tree->nodes[i];
        if (n.feature >= 0) {
            n.left = number[n.left];
            n.right = number[n.right];
        }
        tree->nodes[number[i]] = n;
        memmove(tree->values + (ptrdiff_t)number[i] * outputs,
                tree->values + (ptrdiff_t)i * outputs, (size_t)outputs * sizeof *tree->values);
    }
    tree->node_count = count;
    free(number);
}

static void prune(struct grown_tree *tree, int outputs, double alpha)
{
    for (;;) {
        double least = INFINITY;
        int weakest = -1;
        find_weakest(tree, 0, &least, &weakest);
        if (weakest < 0 || least > alpha) break;
        tree->nodes[weakest].feature = -1;
    }
    drop_unreached(tree, outputs);
}

static void run_tree(struct ensemble *e)
{
    struct arena arena = {0};
    struct grow_settings settings = forest_settings(e);
    float *weights = arena_alloc(&arena, (size_t)e->train.rows + 1, sizeof *weights);
    for (long i = 0; i < e->train.rows; i++)
        weights[i] = event_weight(e, i);
    set_targets(e, weights);
    grower_set(e->grower, e->g, e->h, random_bits(&e->random));
    struct grown_tree tree = *grower_run(e->grower, &settings, NULL, 0, NULL, e->used, &e->random);
    /* The impurity that alpha is counted in is twice our gain, per event. */
    if (e->config->pruning > 0) prune(&tree, e->outputs, e->config->pruning * e->total_weight / 2);
    ensemble_push(e, member_new(e, &tree, -1, false, false));
    e->rounds = 1;
    arena_free(&arena);
}

/* ---- AdaBoost -------------------------------------------------------------------------------- */

/* SAMME (Zhu et al. 2009): each tree votes for one class with weight alpha; events that it gets
 * wrong weigh more for the next. Of two classes and one output, votes are + and -. */
static int vote_of(const struct ensemble *e, const double *values)
{
    int best = 0;
    if (e->outputs == 1) return values[0] > 0.5;
    for (int k = 1; k < e->outputs; k++)
        if (values[k] > values[best]) best = k;
    return best;
}

static void set_votes(struct ensemble *e, struct member *m, const int *votes, double alpha)
{
    for (int l = 0; l < m->leaves; l++)
        for (int k = 0; k < e->outputs; k++)
            m->values[l * e->outputs + k] =
                e->outputs == 1 ? (votes[l] ? alpha : -alpha) : (votes[l] == k ? alpha : 0);
}

/* Weight of the events that the votes get wrong, as a part of all. */
static double error_of(const struct ensemble *e, const struct member *m, const int *votes,
                       const float *weights)
{
    double wrong = 0, total = 0;
    for (long i = 0; i < e->train.rows; i++) {
        total += (double)weights[i];
        if (votes[m->leaf_of[i]] != e->data.labels[i]) wrong += (double)weights[i];
    }
    return total > 0 ? wrong / total : 1;
}

static void reweigh(const struct ensemble *e, const struct member *m, const int *votes,
                    double alpha, float *weights)
{
    double total = 0;
    for (long i = 0; i < e->train.rows; i++) {
        if (votes[m->leaf_of[i]] != e->data.labels[i]) weights[i] *= (float)exp(alpha);
        total += (double)weights[i];
    }
    float factor = (float)(e->total_weight / total);
    for (long i = 0; i < e->train.rows; i++)
        weights[i] *= factor;
}

static void run_adaboost(struct ensemble *e)
{
    struct arena arena = {0};
    struct grow_settings settings = forest_settings(e);
    if (!e->data.labels) fail("trees: adaboost is for classes");
    int classes = e->outputs == 1 ? 2 : e->outputs;
    float *weights = arena_alloc(&arena, (size_t)e->train.rows + 1, sizeof *weights);
    for (long i = 0; i < e->train.rows; i++)
        weights[i] = event_weight(e, i);
    progress_begin("adaboost", e->config->rounds);
    for (int round = 0; round < e->config->rounds; round++) {
        set_targets(e, weights);
        grower_set(e->grower, e->g, e->h, random_bits(&e->random));
        const struct grown_tree *tree =
            grower_run(e->grower, &settings, NULL, 0, NULL, e->used, &e->random);
        struct member m = member_new(e, tree, -1, false, true);
        int *votes = arena_alloc(&arena, (size_t)m.leaves, sizeof *votes);
        for (int l = 0; l < m.leaves; l++)
            votes[l] = vote_of(e, m.values + l * e->outputs);
        double error = error_of(e, &m, votes, weights);
        bool useless = error >= 1 - 1.0 / classes, perfect = error < 1e-10;
        double alpha = perfect ? 10 : log((1 - error) / error) + log((double)classes - 1);
        alpha *= e->config->learning_rate;
        if (useless && e->count) {
            member_free(&m);
            break;
        }
        set_votes(e, &m, votes, useless ? 1 : alpha);
        reweigh(e, &m, votes, alpha, weights);
        free(m.leaf_of);
        m.leaf_of = NULL;
        ensemble_push(e, m);
        progress_update(round + 1, NULL);
        if (useless || perfect) break;
    }
    progress_end();
    e->rounds = e->count;
    arena_free(&arena);
}

/* ---- what is exported ------------------------------------------------------------------------ */

/* Values are rounded when they are exported: to the power of two that leaves one tree so many bits.
 */
static double step_for(const struct ensemble *e, double divisor)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < e->count; i++)
        for (int v = 0; v < e->members[i].leaves * e->outputs; v++) {
            low = fmin(low, e->members[i].values[v]);
            high = fmax(high, e->members[i].values[v]);
        }
    double range = (high - low) / divisor;
    if (!(range > 0)) return 1;
    return ldexp(1, (int)ceil(log2(range / ((1 << e->config->leaf_bits) - 1))));
}

void forest_run(struct ensemble *e, struct exported *x)
{
    switch (e->config->method) {
    case TREES_ADABOOST: run_adaboost(e); break;
    case TREES_TREE: run_tree(e); break;
    default: run_forest(e);
    }
    bool averages =
        e->config->method == TREES_RANDOM_FOREST || e->config->method == TREES_EXTRA_TREES;
    x->divisor = averages ? e->count : 1;
    x->outputs = e->outputs;
    x->behind = LAYER_INPUT;
    /* The mean of a single output for two classes decides at one half: at zero with this base. */
    bool means = e->config->method != TREES_ADABOOST && e->data.labels && e->outputs == 1;
    for (int k = 0; k < e->outputs; k++)
        e->base[k] = means ? -0.5 * x->divisor : 0;
    x->base = e->base;
    if (e->quantized && e->config->leaf_bits > 0) x->step = step_for(e, x->divisor);
}
