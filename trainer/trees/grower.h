/* Inside trainer/trees/: what the files that grow a tree share. */
#ifndef SLUICE_TRAINER_TREES_GROWER_H
#define SLUICE_TRAINER_TREES_GROWER_H

#include "trainer/trees/grow.h"

/* A bin of a histogram is `lanes` integers: H and G of each output, in turn, zeros behind them; one
 * output is so laid out that both are one 64-bit integer. */
typedef int32_t lane;

struct tree_split {
    int feature; /* -1: none */
    int cut;
    bool missing_left;
    float gain;   /* as chosen by, the penalty taken off */
    float bare;   /* without the penalty */
    double value; /* monotone: middle of the children's values */
};

struct open_node {
    int node; /* in the tree */
    int begin, end, depth;
    lane *histogram; /* NULL: not made, or handed on */
    int64_t *sum;    /* [lanes] */
    struct tree_split best;
    double low, high; /* monotone: limits of the leaf's value */
};

struct grower {
    const struct bins *bins;
    struct pool *pool;
    struct arena arena; /* as long as the grower */
    int outputs, lanes;
    long rows;
    size_t histogram_lanes; /* features * bins * lanes */

    lane *pairs; /* [rows][lanes] of the present gradients */
    double g_step, h_step;

    uint32_t *order, *other; /* events, node by node; room for partitions */
    /* Histograms that are free, and all there are. */
    lane **free_list, **all;
    int free_count, all_count;
    size_t free_capacity, all_capacity;

    /* The tree being grown. */
    const struct grow_settings *settings;
    const bool *allowed;
    bool *used;
    struct random *random;
    struct grown_tree tree;
    size_t node_capacity, value_capacity;
    struct open_node *open;
    int open_count;
    size_t open_capacity;
    struct arena scratch; /* of one tree */
};

/* ---- histogram.c ---- */

lane *histogram_take(struct grower *grower);
void histogram_give(struct grower *grower, lane *histogram);
/* Fills the histograms of these nodes from their events. */
void histograms_build(struct grower *grower, struct open_node *const *nodes, int count);
/* large = parent - small, in the parent's memory. */
void histogram_subtract(const struct grower *grower, lane *parent, const lane *small);
/* Sums over some events, [lanes]. */
void sum_rows(const struct grower *grower, const uint32_t *rows, long count, int64_t *sum);

/* ---- split.c ---- */

/* The best split of each node; of GROWTH_SYMMETRIC of all nodes together, written to each. */
void splits_find(struct grower *grower, struct open_node *const *nodes, int count);
/* Best change of the score of an output whose gradients sum up to G and H (both in steps). */
double leaf_value(const struct grower *grower, int64_t G, int64_t H);

/* ---- partition.c ---- */

/* Sorts the events of each node into those that go left and those that go right, order kept;
 * middle[] says where the right ones begin. */
void partition_nodes(struct grower *grower, struct open_node *const *nodes, int count, int *middle);

#endif
