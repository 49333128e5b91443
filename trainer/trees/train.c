/* Training an ensemble: the float model, then the quantized one. See trees.h. */
#include "base/error.h"
#include "base/progress.h"
#include "model/reference.h"
#include "trainer/trees/export.h"
#include "trainer/trees/front.h"
#include "trainer/trees/methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float event_weight(const struct trees_config *c, const struct events *e, long row,
                          const double *class_weights)
{
    double weight = e->weight ? (double)e->weight[row] : 1;
    (void)c;
    return (float)(class_weights ? weight * class_weights[(int)e->y[row]] : weight);
}

/* Factors by class, NULL if there are none. */
static double *class_factors(const struct trees_config *c, const struct events *e, const long *rows,
                             long count, struct arena *arena)
{
    if (e->classes < 2 || (!c->class_weights && !c->class_weights_balanced)) return NULL;
    double *factors = arena_alloc(arena, (size_t)e->classes, sizeof *factors);
    if (c->class_weights && c->class_weight_count != e->classes)
        fail("trees: class_weights has %d numbers for %d classes", c->class_weight_count,
             e->classes);
    if (c->class_weights) {
        memcpy(factors, c->class_weights, (size_t)e->classes * sizeof *factors);
        return factors;
    }
    for (long i = 0; i < count; i++)
        factors[(int)e->y[rows[i]]]++;
    for (int k = 0; k < e->classes; k++)
        factors[k] = factors[k] > 0 ? (double)count / (e->classes * factors[k]) : 0;
    return factors;
}

static struct loss_data make_data(const struct trees_config *c, const struct events *e,
                                  const long *rows, long count, const double *factors,
                                  struct arena *arena)
{
    struct loss_data d = {.loss = c->loss, .quantile = c->quantile, .rows = count};
    size_t n = (size_t)count;
    bool classes = c->loss == TREES_LOSS_CATEGORICAL_CROSS_ENTROPY ||
                   c->loss == TREES_LOSS_BINARY_CROSS_ENTROPY;
    d.outputs = c->loss == TREES_LOSS_CATEGORICAL_CROSS_ENTROPY ? e->classes
                : classes || e->targets < 1                     ? 1
                                                                : e->targets;
    if (trees_is_unsupervised(c)) {
        d.outputs = c->method == TREES_AUTOENCODER ? e->features : 1;
        return d;
    }
    if (e->y && classes) {
        int *labels = arena_alloc(arena, n + 1, sizeof *labels);
        for (size_t i = 0; i < n; i++)
            labels[i] = (int)e->y[rows[i]];
        d.labels = labels;
    } else if (e->y) {
        size_t outputs = (size_t)d.outputs;
        float *targets = arena_alloc(arena, n * outputs + 1, sizeof *targets);
        for (size_t i = 0; i < n * outputs; i++)
            targets[i] = e->y[(size_t)rows[i / outputs] * outputs + i % outputs];
        d.targets = targets;
    }
    if (!e->weight && !factors) return d;
    float *weights = arena_alloc(arena, n + 1, sizeof *weights);
    for (size_t i = 0; i < n; i++)
        weights[i] = event_weight(c, e, rows[i], factors);
    d.weights = weights;
    return d;
}

/* ---- one model ------------------------------------------------------------------------------- */

static void copy_curve(struct trees_result *r, const struct trees_round *curve, int count)
{
    struct trees_round *all =
        arena_alloc(&r->arena, (size_t)(r->curve_count + count) + 1, sizeof *all);
    if (r->curve_count) memcpy(all, r->curve, (size_t)r->curve_count * sizeof *all);
    if (count) memcpy(all + r->curve_count, curve, (size_t)count * sizeof *all);
    r->curve = all;
    r->curve_count += count;
}

/* x: features of the training and validation rows as the trees see them. */
static struct network *train_model(struct training *t, struct trees_result *r, bool quantized,
                                   struct network *front, const float *x, const float *valid_x)
{
    struct arena arena = {0};
    struct cuts cuts =
        cuts_find(&arena, t->pool, x, t->events->features, NULL, t->train.rows, BINS_MAX_CUTS);
    struct bins train = bins_make(&arena, t->pool, &cuts, x, NULL, t->train.rows);
    struct bins valid = bins_make(&arena, t->pool, &cuts, valid_x, NULL, t->valid.rows);
    bool joint = t->config->outputs == TREES_OUTPUTS_JOINT || t->config->method != TREES_BOOSTING;
    struct ensemble *e =
        ensemble_new(t->config, t->pool, &cuts, train, valid, &t->train, &t->valid, joint);
    e->quantized = quantized;
    struct exported exported = {.config = t->config, .cuts = &cuts, .divisor = 1};
    method_run(t, e, x, &exported);
    exported.members = e->members;
    exported.count = e->count;
    if (!quantized) r->best_round = e->rounds;
    copy_curve(r, e->curve, e->curve_count);
    struct network *network = export_network(&exported, front, t->events);
    *(quantized ? &r->summary : &r->float_summary) = export_summary(&exported);
    if (quantized || !t->config->quantize) r->importance = export_importance(&exported, &r->arena);
    ensemble_free(e);
    arena_free(&arena);
    return network;
}

static float *raw_features(struct arena *arena, const struct events *e, const long *rows,
                           long count)
{
    size_t features = (size_t)e->features;
    float *x = arena_alloc(arena, (size_t)count * features + 1, sizeof *x);
    for (size_t i = 0; i < (size_t)count; i++)
        memcpy(x + i * features, e->x + (size_t)rows[i] * features, features * sizeof *x);
    return x;
}

/* Trains on what comes out of `front`, which becomes part of the network. */
static struct network *train_behind(struct training *t, struct trees_result *r, bool quantized,
                                    struct network *front)
{
    struct arena arena = {0};
    float *x = front_apply(&arena, front, t->events, t->train_rows, t->train.rows);
    float *valid_x = front_apply(&arena, front, t->events, t->valid_rows, t->valid.rows);
    struct network *network = train_model(t, r, quantized, front, x, valid_x);
    arena_free(&arena);
    return network;
}

static struct network *train_float(struct training *t, struct trees_result *r)
{
    struct arena arena = {0};
    /* A distance adds up features, so they have to be of one scale. */
    if (t->config->method == TREES_AUTOENCODER)
        return train_behind(t, r, false,
                            front_scale(t->config, t->events, t->train_rows, t->train.rows));
    float *x = raw_features(&arena, t->events, t->train_rows, t->train.rows);
    float *valid_x = raw_features(&arena, t->events, t->valid_rows, t->valid.rows);
    struct network *network = train_model(t, r, false, NULL, x, valid_x);
    arena_free(&arena);
    return network;
}

/* ---- evaluation ------------------------------------------------------------------------------ */

static struct metrics evaluate(struct training *t, struct arena *arena,
                               const struct network *network)
{
    struct metrics none = {0};
    const struct events *e = t->events;
    int outputs = network_output(network)->size;
    bool scores_classes = e->classes > 1 && (outputs == e->classes || outputs == 1);
    if (!t->valid.rows || !t->valid.labels || !scores_classes) return none;
    struct arena scratch = {0};
    size_t features = (size_t)e->features, n = (size_t)t->valid.rows;
    double *x = arena_alloc(&scratch, n * features, sizeof *x);
    double *y = arena_alloc(&scratch, n * (size_t)outputs, sizeof *y);
    for (size_t i = 0; i < n; i++)
        for (size_t f = 0; f < features; f++)
            x[i * features + f] = (double)e->x[(size_t)t->valid_rows[i] * features + f];
    /* Scores of one output decide at zero, probabilities at one half. */
    double threshold = network_output(network)->kind == LAYER_SIGMOID ? 0.5 : 0;
    reference_eval(network, REFERENCE_QUANTIZED, x, t->valid.rows, -1, y);
    struct metrics m = metrics_eval(arena, y, outputs, threshold, t->valid.labels, t->valid.rows);
    arena_free(&scratch);
    return m;
}

/* The events of the background, where it is named. */
static const long *choose_rows(const struct trees_config *c, const struct events *e,
                               const long *rows, long *count, struct arena *arena)
{
    if (!trees_is_unsupervised(c) || c->background < 0 || !e->y) return rows;
    long *chosen = arena_alloc(arena, (size_t)*count + 1, sizeof *chosen), found = 0;
    for (long i = 0; i < *count; i++)
        if ((int)e->y[rows[i]] == c->background) chosen[found++] = rows[i];
    if (found < 2) fail("%s: %ld events of class %d to train on", e->path, found, c->background);
    *count = found;
    return chosen;
}

struct trees_result *trees_train(const struct trees_config *config, const struct events *events,
                                 const long *train_rows, long train_count, const long *valid_rows,
                                 long valid_count)
{
    trees_config_check(config, events);
    struct arena arena = {0};
    train_rows = choose_rows(config, events, train_rows, &train_count, &arena);
    double *factors = class_factors(config, events, train_rows, train_count, &arena);
    struct training t = {.config = config, .events = events, .valid_rows = valid_rows};
    t.train = make_data(config, events, train_rows, train_count, factors, &arena);
    t.valid = make_data(config, events, valid_rows, valid_count, factors, &arena);
    t.pool = pool_init(config->threads);
    struct trees_result *r = calloc(1, sizeof *r);
    if (!r) fail("out of memory");
    t.train_rows = train_rows;
    double start = clock_seconds();
    r->float_network = train_float(&t, r);
    r->float_metrics = evaluate(&t, &r->arena, r->float_network);
    r->float_seconds = clock_seconds() - start;
    start = clock_seconds();
    if (config->quantize) {
        r->quantized_network =
            train_behind(&t, r, true, front_make(config, events, train_rows, train_count));
        r->quantized_metrics = evaluate(&t, &r->arena, r->quantized_network);
    }
    r->quantized_seconds = clock_seconds() - start;
    pool_free(t.pool);
    arena_free(&arena);
    return r;
}

void trees_result_free(struct trees_result *r)
{
    if (!r) return;
    network_free(r->float_network);
    network_free(r->quantized_network);
    arena_free(&r->arena);
    free(r);
}
