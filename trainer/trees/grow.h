/* Inside trainer/trees/: growing one tree from gradients, by histograms of integers.
 *
 * The loss around the present scores is sum over events of g s + h s^2 / 2 for a change s of the
 * score; a leaf's best change is -G / (H + l2), G and H being sums over its events, and a split
 * gains (score(left) + score(right) - score(both)) / 2 with score = max(|G| - l1, 0)^2 / (H + l2)
 * (Friedman 2001; Chen and Guestrin 2016, equations 5 to 7). With several outputs at once gains add
 * up over the outputs, and leaves hold a vector.
 *
 * Gradients are rounded, with a dither, to integers so small that sums over all events fit 32 bits
 * (Shi et al. 2022): sums are then exact, the same in any order, so trees depend neither on the
 * number of threads nor on how the work was divided. */
#ifndef SLUICE_TRAINER_TREES_GROW_H
#define SLUICE_TRAINER_TREES_GROW_H

#include "data/random.h"
#include "trainer/trees/bins.h"
#include "trainer/trees/trees.h"

struct grow_settings {
    enum trees_growth growth;
    int depth;               /* most inner nodes on a way; at most 31 */
    int leaves;              /* most leaves; 0: no limit but the depth */
    double l1, l2;           /* on leaf values */
    double min_gain;         /* decrease of the loss that a split must bring */
    double min_weight;       /* least H of a child */
    double rate;             /* leaf values are multiplied by it */
    double feature_fraction; /* of the features, drawn anew for each node; 1: all */
    bool random_cuts;        /* one random cut per feature and node (extremely randomised trees) */
    /* A cut that the ensemble does not use yet counts (1 - penalty) of its gain. */
    double threshold_penalty;
    double cut_price;            /* and this much less, in units of the summed loss */
    const signed char *monotone; /* [features] -1, 0, +1, or NULL; of one output only */
};

struct grown_node {
    int feature; /* -1: leaf */
    int cut;     /* code <= cut goes left */
    bool missing_left;
    int left, right;
    int begin, end; /* of a leaf: its events in grower->rows */
    double gain;
    double weight; /* H */
};

struct grown_tree {
    int node_count; /* children stand behind their parents */
    struct grown_node *nodes;
    double *values; /* [node_count][outputs], of leaves; of inner nodes what they would have */
};

struct grower;

struct grower *grower_new(const struct bins *bins, int outputs, struct pool *pool);
void grower_free(struct grower *grower);
/* Gradients and hessians (not negative) of all events, [outputs][rows] each; h NULL: all 1. To be
 * called before each tree; `seed` is that of the dither. */
void grower_set(struct grower *grower, const float *g, const float *h, uint64_t seed);
/* Grows a tree on the events of `sample` (NULL: all). `used` [features][256] marks the cuts of the
 * ensemble so far and is brought up to date; NULL where no penalty is wanted. The result lives
 * until the next call. */
const struct grown_tree *grower_run(struct grower *grower, const struct grow_settings *settings,
                                    const uint32_t *sample, long sample_count,
                                    const bool *allowed_features, bool *used,
                                    struct random *random);
/* The events of leaf `node` of the last tree. */
const uint32_t *grower_rows(const struct grower *grower, const struct grown_node *leaf,
                            long *count);

/* The leaf of `tree` that an event ends in, by its codes. */
static inline int grown_leaf(const struct grown_tree *tree, const struct cuts *cuts,
                             const uint8_t *codes)
{
    int at = 0;
    while (tree->nodes[at].feature >= 0) {
        const struct grown_node *n = &tree->nodes[at];
        int code = codes[n->feature];
        bool left = code > cuts->count[n->feature] ? n->missing_left : code <= n->cut;
        at = left ? n->left : n->right;
    }
    return at;
}

#endif
