/* An ensemble of decision trees: one representation for those we train and those we import.
 *
 * A tree is walked from its root: at an inner node the event goes left when x[feature] <=
 * threshold, else right (importers turn other comparisons into this one), until it ends in a leaf.
 * What leaves hold is added up over the trees. In a layer TREES a leaf adds its value to one output
 * (`target` of its tree) or, where the tree has no target, a value to every output:
 *   y[k] = base[k] + sum over trees of leaf[k]
 * In a layer TREE_DISTANCE it holds the centre of the events that end in it, a value per input:
 *   y[0] = base[0] + sum over trees of sum_i |x[i] - centre[i]|
 * Both sums are divided by `divisor` (averages). Memory belongs to the network's arena. */
#ifndef SLUICE_MODEL_TREES_H
#define SLUICE_MODEL_TREES_H

#include "base/arena.h"

#include <stdbool.h>

/* How the library that made the ensemble computes, so that the floating-point reference gives its
 * very numbers. X(enum suffix, name in files, meaning) */
#define TREES_ARITHMETIC_TABLE(X)                                                                  \
    X(DOUBLE, "double", "inputs and sums in double precision")                                     \
    X(MIXED, "mixed", "inputs rounded to float32, sums in double precision")                       \
    X(FLOAT, "float", "inputs and sums in float32")
#define X(id, name, text) TREES_##id,
enum trees_arithmetic { TREES_ARITHMETIC_TABLE(X) TREES_ARITHMETIC_COUNT };
#undef X
extern const char *const trees_arithmetic_names[TREES_ARITHMETIC_COUNT];

struct tree_node {
    int feature;       /* -1: a leaf */
    int left, right;   /* nodes of the same tree, behind this one; of a leaf 0 */
    int leaf;          /* of a leaf: where its values start in values[] */
    bool missing_left; /* where a missing input (NaN) goes */
    double threshold;  /* finite or +-infinity, not NaN */
};

struct trees {
    int tree_count;
    int *first;  /* [tree_count + 1]: nodes of tree t are first[t] .. first[t + 1] - 1, its root
                    first */
    int *target; /* [tree_count] output that its leaves add to; -1: every output */
    struct tree_node *nodes; /* [first[tree_count]] */
    int value_count;
    double *values; /* of the leaves, tree by tree: see trees_leaf_values() */
    double *base;   /* [outputs]; may be NULL: zeros */
    bool base_last; /* the base is added behind the trees' sum, not before it: rounding differs */
    double factor, divisor; /* of the whole sum: y * factor / divisor; 1: none */
    /* [inputs] or NULL: |x[i]| <= trees_zero counts as missing too (LightGBM's missing type zero;
     * and bucket 0 of BUCKETS that leave it to missing values). */
    bool *zero_is_missing;
    enum trees_arithmetic arithmetic;
};

#define trees_zero ((double)1e-35F)

static inline int trees_node_count(const struct trees *trees)
{
    return trees->tree_count ? trees->first[trees->tree_count] : 0;
}

/* What an ensemble does not say by itself. */
struct trees_shape {
    int inputs, outputs;
    bool distance; /* TREE_DISTANCE */
};
/* Values that a leaf of tree t holds. */
static inline int trees_leaf_values(const struct trees *trees, struct trees_shape shape, int t)
{
    if (shape.distance) return shape.inputs;
    return trees->target[t] < 0 ? shape.outputs : 1;
}

/* Fails with `FILE: layer NAME: tree T, node N: ...` when nodes, features, targets or numbers are
 * not what is said above. Node numbers count within their tree. */
void trees_check(const struct trees *trees, struct trees_shape shape, const char *layer,
                 const char *file);
struct trees *trees_copy(struct arena *arena, const struct trees *trees, struct trees_shape shape);
/* Inner nodes on the longest way from a root to a leaf. */
int trees_depth(const struct trees *trees);

/* ---- building, tree by tree ---- the caller sets `arena` and zeroes the rest. */
struct trees_builder {
    struct arena *arena; /* of the finished ensemble */
    int tree_count, node_count, value_count;
    size_t tree_capacity, node_capacity, value_capacity;
    int *first, *target;
    struct tree_node *nodes;
    double *values;
};
/* A tree whose nodes stand in any order, as files have them. */
struct linked_node {
    int feature; /* -1: a leaf */
    int left, right;
    bool missing_left;
    double threshold;
    const double *values; /* of a leaf */
};
/* Adds the tree with the nodes renumbered: a node before its children, the left one's before the
 * right one's. Fails with `FILE: tree T, node N: ...` when the nodes are no tree. */
void trees_add_linked(struct trees_builder *builder, const char *file,
                      const struct linked_node *nodes, int count, int root, int values_per_leaf,
                      int target);
/* Moves what was built into the arena and frees the rest. */
struct trees *trees_finish(struct trees_builder *builder);

#endif
