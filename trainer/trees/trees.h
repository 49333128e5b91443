/* Training ensembles of decision trees: gradient boosting, AdaBoost, forests, single trees,
 * isolation forests and tree auto-encoders.
 *
 * As for networks there are two models. The float one is trained on the raw features, with up to
 * 254 thresholds each and values in full precision. The quantized one is trained on the features as
 * the hardware gets them, so that thresholds lie between two of their values; its leaf values are
 * multiples of one step and few. What rounding them takes away the other trees give back: each tree
 * in turn is taken out, its values found anew and rounded, first as near as may be to the scores of
 * the unrounded ensemble, then (small ensembles gain by it, large ones learn by heart) grown again
 * for the least loss; the best on the validation events is kept.
 *
 * Reproducible: the same configuration and events give the same bytes, whatever the number of
 * threads. */
#ifndef SLUICE_TRAINER_TREES_TREES_H
#define SLUICE_TRAINER_TREES_TREES_H

#include "data/events.h"
#include "model/network.h"
#include "trainer/metrics.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- tables: X(enum suffix, name in the job file, meaning) ------------------------------------
 */

#define TREES_METHOD_TABLE(X)                                                                      \
    X(BOOSTING, "boosting", "gradient boosting: each tree follows the gradient of the loss")       \
    X(ADABOOST, "adaboost", "AdaBoost (SAMME): events that are decided wrongly gain weight")       \
    X(RANDOM_FOREST, "random_forest", "the mean of trees grown on bootstrap samples")              \
    X(EXTRA_TREES, "extra_trees", "the mean of trees with random thresholds")                      \
    X(TREE, "tree", "one tree (CART), cut back by cost-complexity pruning")                        \
    X(ISOLATION_FOREST, "isolation_forest",                                                        \
      "anomaly score: how soon random splits part an event from the others; no labels")            \
    X(AUTOENCODER, "autoencoder",                                                                  \
      "anomaly score: distance between an event and the centres of its leaves; no labels")

#define TREES_GROWTH_TABLE(X)                                                                      \
    X(DEPTH, "depth", "level by level")                                                            \
    X(LEAF, "leaf", "the split of most gain first")                                                \
    X(SYMMETRIC, "symmetric", "all nodes of a level ask the same: a look-up table of `depth` bits")

#define TREES_OUTPUTS_TABLE(X)                                                                     \
    X(EACH, "each", "a tree per class and round")                                                  \
    X(JOINT, "joint", "a tree per round, its leaves hold a value for each class")

/* How a feature becomes the integer that the hardware gets. */
#define TREES_EDGES_TABLE(X)                                                                       \
    X(UNIFORM, "uniform", "steps of equal width over the range of the data")                       \
    X(QUANTILE, "quantile", "steps that hold equally many events: the host looks its edges up")

/* X(enum suffix, name, meaning). y: score, t: target, p: probability. */
#define TREES_LOSS_TABLE(X)                                                                        \
    X(SQUARED_ERROR, "squared_error", "(y - t)^2 / 2")                                             \
    X(ABSOLUTE_ERROR, "absolute_error", "|y - t|; leaves hold medians")                            \
    X(QUANTILE, "quantile", "a (t - y) where t > y, (1 - a) (y - t) else; leaves hold quantiles")  \
    X(BINARY_CROSS_ENTROPY, "binary_cross_entropy",                                                \
      "-t log p - (1 - t) log(1 - p), p = sigmoid(y)")                                             \
    X(CATEGORICAL_CROSS_ENTROPY, "categorical_cross_entropy",                                      \
      "-log p[label], p = softmax(y): a score per class")

#define X(id, name, text) TREES_##id,
enum trees_method { TREES_METHOD_TABLE(X) TREES_METHOD_COUNT };
#undef X
#define X(id, name, text) TREES_GROWTH_##id,
enum trees_growth { TREES_GROWTH_TABLE(X) TREES_GROWTH_COUNT };
#undef X
#define X(id, name, text) TREES_OUTPUTS_##id,
enum trees_outputs { TREES_OUTPUTS_TABLE(X) TREES_OUTPUTS_COUNT };
#undef X
#define X(id, name, text) TREES_EDGES_##id,
enum trees_edges { TREES_EDGES_TABLE(X) TREES_EDGES_COUNT };
#undef X
#define X(id, name, text) TREES_LOSS_##id,
enum trees_loss { TREES_LOSS_TABLE(X) TREES_LOSS_COUNT };
#undef X
extern const char *const trees_method_names[], *const trees_method_texts[];
extern const char *const trees_growth_names[], *const trees_growth_texts[];
extern const char *const trees_outputs_names[], *const trees_outputs_texts[];
extern const char *const trees_edges_names[], *const trees_edges_texts[];
extern const char *const trees_loss_names[], *const trees_loss_texts[];

/* ---- configuration ----------------------------------------------------------------------------
 */

/* Where features are scaled: by the host onto the whole range of `bits`; or they arrive raw. */
enum trees_scaling { TREES_SCALING_HOST, TREES_SCALING_NONE };

struct trees_config {
    const char *name;           /* of the network; default "network" */
    enum trees_method method;   /* [boosting] */
    enum trees_growth growth;   /* [depth] */
    enum trees_outputs outputs; /* [each]; forests, single trees and AdaBoost are joint */
    enum trees_loss loss;
    double quantile; /* a of the quantile loss, 0..1 [0.5] */

    int rounds;                  /* of boosting; trees of a forest [100] */
    int depth;                   /* most splits on a way from root to leaf, 1..16 [6] */
    int leaves;                  /* most leaves of a tree; 0: no limit but the depth [0] */
    double learning_rate;        /* factor on the values of boosting and AdaBoost [0.3] */
    double row_fraction;         /* events that each tree sees, 0..1 [1] */
    double feature_fraction;     /* features that each tree (forests: each node) sees; 0: all, of a
                                  * random forest the root of their number [0] */
    double l1, l2;               /* on leaf values [0, 1] */
    double min_gain;             /* least decrease of the loss by a split, summed over events [0] */
    double min_child_weight;     /* least sum of second derivatives (of weights) in a child [1] */
    const signed char *monotone; /* [features] -1, 0, +1; or NULL. One output, boosting only */
    double pruning;              /* tree: alpha of cost-complexity pruning, per event [0] */
    int patience;                /* rounds without a better validation loss; 0: never stop [0] */
    double min_delta;            /* what counts as better [0] */

    int background; /* isolation_forest, autoencoder: the class that is trained on; -1: all [-1] */

    const double *class_weights; /* [classes] or NULL */
    int class_weight_count;
    bool class_weights_balanced; /* events / (classes * events of the class) [false] */

    bool quantize;              /* train the quantized model too [true] */
    enum trees_scaling scaling; /* [host] */
    enum trees_edges edges;     /* [uniform] */
    int bits;                   /* width of each feature, 1..16 [8]; quantile: 1..7 */
    double clip; /* uniform: part of the events beyond the range at either end [0.002] */
    double threshold_penalty; /* a (feature, threshold) pair that the ensemble does not have yet
                               * counts this much less of its gain, 0..1 [0] */
    double lut_price; /* least decrease of the mean loss that a 4-input LUT must bring [0] */
    int leaf_bits;    /* bits of what one tree adds to one sum, 1..16 [6]; 0: values not rounded */
    double leaf_step; /* power of two that all values are multiples of; 0: chosen [0] */
    int sweeps;       /* times each tree is taken out and grown again, both models [0] */
    int quantized_sweeps; /* the same while values are rounded (not of monotone ensembles); the last
                           * two leave the trees as they are and only find their values anew [6] */

    uint64_t seed; /* samples, random thresholds, dither [1] */
    int threads;   /* 1..64 [2] */
};

static inline bool trees_is_unsupervised(const struct trees_config *config)
{
    return config->method == TREES_ISOLATION_FOREST || config->method == TREES_AUTOENCODER;
}
void trees_config_init(struct trees_config *config);
/* Ends with one line, naming the setting, when something is out of range or does not fit the
 * events. */
void trees_config_check(const struct trees_config *config, const struct events *events);

/* ---- result -----------------------------------------------------------------------------------
 */

struct trees_round {
    bool quantized;
    int round; /* 1.. within the model: rounds first, then sweeps */
    double loss, accuracy, validation_loss, validation_accuracy; /* NAN where unknown */
};

struct trees_summary {
    int trees, nodes, leaves, depth;
    int thresholds; /* distinct pairs of feature and threshold */
    int values;     /* leaf values that are not 0 */
    int leaf_bits;  /* most bits that one tree adds to one sum; 0: not rounded */
};

struct trees_result {
    struct arena arena;
    struct network *float_network, *quantized_network; /* the latter NULL without */
    struct trees_round *curve;
    int curve_count;
    int best_round; /* of the float model; all of them without early stopping */
    struct trees_summary float_summary, summary; /* the latter of the quantized model, if any */
    double *importance; /* [features] gain of all splits on it over that of all, quantized model */
    /* On the validation rows; count 0 without them or without classes. */
    struct metrics float_metrics, quantized_metrics;
    double float_seconds, quantized_seconds;
};

struct trees_result *trees_train(const struct trees_config *config, const struct events *events,
                                 const long *train_rows, long train_count, const long *valid_rows,
                                 long valid_count);
void trees_result_free(struct trees_result *result);

#endif
