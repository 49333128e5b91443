/* Ensembles of trees in the reference: in the float network with the roundings of the library that
 * made them, in the quantized one exactly. See trees.h. */
#include "model/reference_trees.h"

#include <math.h>
#include <string.h>

static double *quantized(struct arena *arena, const struct quantizer *quant, const double *values,
                         int count, const int *format_of, const struct trees *trees)
{
    double *result = arena_alloc(arena, (size_t)count + 1, sizeof *result);
    for (int i = 0; i < count; i++) {
        double value = values[i] * trees->factor / trees->divisor;
        int f = format_of ? format_of[i] : i;
        result[i] = quantizer_apply(quant, f, value);
    }
    return result;
}

/* The tree that each value belongs to. */
static int *trees_of_values(struct arena *arena, const struct trees *trees,
                            struct trees_shape shape)
{
    int *tree_of = arena_alloc(arena, (size_t)trees->value_count + 1, sizeof *tree_of);
    for (int t = 0; t < trees->tree_count; t++)
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++)
            for (int k = 0; trees->nodes[i].feature < 0 && k < trees_leaf_values(trees, shape, t);
                 k++)
                tree_of[trees->nodes[i].leaf + k] = t;
    return tree_of;
}

struct reference_trees reference_trees_prepare(struct arena *arena, const struct network *network,
                                               const struct layer *layer, enum reference_mode mode)
{
    const struct trees *trees = layer->trees;
    struct reference_trees r = {.trees = trees,
                                .shape = layer_trees_shape(network, layer),
                                .arithmetic = trees->arithmetic,
                                .values = trees->values,
                                .base = trees->base,
                                .factor = trees->factor,
                                .divisor = trees->divisor,
                                .base_last = trees->base_last};
    double *zeros = arena_alloc(arena, (size_t)layer->size, sizeof *zeros);
    if (!r.base) r.base = zeros;
    if (mode == REFERENCE_FLOAT) return r;
    r.values = quantized(arena, &layer->weight_quant, trees->values, trees->value_count,
                         trees_of_values(arena, trees, r.shape), trees);
    r.base = quantized(arena, &layer->bias_quant, r.base, layer->size, NULL, trees);
    r.factor = r.divisor = 1;
    r.arithmetic = TREES_DOUBLE;
    return r;
}

/* Where an event goes from a node that is no leaf; element i of it at x[i * lanes]. */
static const struct tree_node *step(const struct reference_trees *r, const struct tree_node *node,
                                    const double *x, size_t lanes)
{
    const struct trees *trees = r->trees;
    double value = x[(size_t)node->feature * lanes];
    if (r->arithmetic != TREES_DOUBLE) value = network_float32(value);
    bool missing =
        isnan(value) || (trees->zero_is_missing && trees->zero_is_missing[node->feature] &&
                         fabs(value) <= trees_zero);
    bool left = missing ? node->missing_left : value <= node->threshold;
    /* without a branch, which nobody could predict */
    return &trees->nodes[node->left + (-(int)!left & (node->right - node->left))];
}

/* The leaves of one tree that events end in, [lanes]: all go one step, then the next, so that they
 * do not wait for each other's. */
static void walk(const struct reference_trees *r, int tree, const double *x, size_t lanes,
                 const struct tree_node **nodes)
{
    bool any = true;
    for (size_t e = 0; e < lanes; e++)
        nodes[e] = &r->trees->nodes[r->trees->first[tree]];
    while (any) {
        any = false;
        for (size_t e = 0; e < lanes; e++) {
            if (nodes[e]->feature < 0) continue;
            nodes[e] = step(r, nodes[e], x + e, lanes);
            any = true;
        }
    }
}

/* a + b as the library adds. */
static double add(const struct reference_trees *r, double a, double b)
{
    return r->arithmetic == TREES_FLOAT ? network_float32(a + b) : a + b;
}

/* What one tree's leaf gives one event; output k of it is y[k * lanes]. */
static void add_leaf(const struct reference_trees *r, int tree, const struct tree_node *leaf,
                     const double *x, double *y, size_t lanes)
{
    const double *values = r->values + leaf->leaf;
    int target = r->trees->target[tree];
    if (r->shape.distance) {
        for (size_t i = 0; i < (size_t)r->shape.inputs; i++)
            y[0] = add(r, y[0], fabs(x[i * lanes] - values[i]));
        return;
    }
    if (target >= 0) {
        y[(size_t)target * lanes] = add(r, y[(size_t)target * lanes], values[0]);
        return;
    }
    for (size_t k = 0; k < (size_t)r->shape.outputs; k++)
        y[k * lanes] = add(r, y[k * lanes], values[k]);
}

static double finish(const struct reference_trees *r, int output, double sum)
{
    if (r->base_last) sum = add(r, sum, r->base[output]);
    if (r->factor != 1) sum *= r->factor;
    if (r->divisor != 1) sum /= r->divisor;
    return r->arithmetic == TREES_FLOAT ? network_float32(sum) : sum;
}

/* All events walk one tree, then the next: its nodes stay in the cache. */
void reference_trees_eval(const struct reference_trees *r, const double *x, double *y)
{
    const size_t n = REFERENCE_TREES_LANES;
    const struct tree_node *leaves[REFERENCE_TREES_LANES];
    for (int k = 0; k < r->shape.outputs; k++)
        for (size_t e = 0; e < n; e++)
            y[(size_t)k * n + e] = r->base_last ? 0 : r->base[k];
    for (int t = 0; t < r->trees->tree_count; t++) {
        walk(r, t, x, n, leaves);
        for (size_t e = 0; e < n; e++)
            add_leaf(r, t, leaves[e], x + e, y + e, n);
    }
    for (int k = 0; k < r->shape.outputs; k++)
        for (size_t e = 0; e < n; e++)
            y[(size_t)k * n + e] = finish(r, k, y[(size_t)k * n + e]);
}
