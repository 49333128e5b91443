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
        result[i] = quant->count ? format_quantize(quantizer_at(quant, f), value) : value;
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

static const struct tree_node *walk(const struct reference_trees *r, int tree, const double *x,
                                    size_t stride)
{
    const struct trees *trees = r->trees;
    const struct tree_node *node = &trees->nodes[trees->first[tree]];
    while (node->feature >= 0) {
        double value = x[(size_t)node->feature * stride];
        if (r->arithmetic != TREES_DOUBLE) value = network_float32(value);
        bool missing =
            isnan(value) || (trees->zero_is_missing && trees->zero_is_missing[node->feature] &&
                             fabs(value) <= trees_zero);
        bool left = missing ? node->missing_left : value <= node->threshold;
        node = &trees->nodes[left ? node->left : node->right];
    }
    return node;
}

/* a + b as the library adds. */
static double add(const struct reference_trees *r, double a, double b)
{
    return r->arithmetic == TREES_FLOAT ? network_float32(a + b) : a + b;
}

static void add_leaf(const struct reference_trees *r, int tree, const double *values, double *y,
                     size_t stride)
{
    int target = r->trees->target[tree];
    if (target >= 0) {
        y[(size_t)target * stride] = add(r, y[(size_t)target * stride], values[0]);
        return;
    }
    for (int k = 0; k < r->shape.outputs; k++)
        y[(size_t)k * stride] = add(r, y[(size_t)k * stride], values[k]);
}

void reference_trees_eval(const struct reference_trees *r, const double *x, double *y,
                          size_t stride)
{
    for (int k = 0; k < r->shape.outputs; k++)
        y[(size_t)k * stride] = r->base_last ? 0 : r->base[k];
    for (int t = 0; t < r->trees->tree_count; t++) {
        const double *values = r->values + walk(r, t, x, stride)->leaf;
        if (!r->shape.distance) {
            add_leaf(r, t, values, y, stride);
            continue;
        }
        for (int i = 0; i < r->shape.inputs; i++)
            y[0] = add(r, y[0], fabs(x[(size_t)i * stride] - values[i]));
    }
    for (int k = 0; k < r->shape.outputs; k++) {
        double *sum = &y[(size_t)k * stride];
        if (r->base_last) *sum = add(r, *sum, r->base[k]);
        if (r->factor != 1) *sum *= r->factor;
        if (r->divisor != 1) *sum /= r->divisor;
        if (r->arithmetic == TREES_FLOAT) *sum = network_float32(*sum);
    }
}
