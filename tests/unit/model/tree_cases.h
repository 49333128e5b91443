/* Networks of trees that the tests of model/ and compiler/ share, drawn from fixed seeds: every
 * arithmetic, scalar and vector leaves, buckets and quantizers in front, missing values. */
#ifndef SLUICE_TESTS_TREE_CASES_H
#define SLUICE_TESTS_TREE_CASES_H

#include "data/random.h"
#include "model/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TREE_CASES = 24, TREE_FEATURES = 5 };

enum tree_front { FRONT_NONE, FRONT_QUANT, FRONT_AFFINE_QUANT, FRONT_BUCKETS, FRONT_MISSING };

static inline double case_threshold(struct random *random, enum tree_front front)
{
    double t = 4 * random_uniform(random) - 2;
    if (front == FRONT_BUCKETS || front == FRONT_MISSING)
        t = floor(8 * random_uniform(random)) + 0.5;
    return network_float32(t);
}

/* Adds a random subtree to nodes[] in pre-order and returns its root. */
static inline int case_subtree(struct random *random, struct linked_node *nodes, int *count,
                               int depth, enum tree_front front, const double *values)
{
    int here = (*count)++;
    nodes[here] = (struct linked_node){.feature = -1, .values = values + 8 * here};
    if (depth == 0 || (depth < 3 && random_below(random, 5) == 0)) return here;
    nodes[here].feature = (int)random_below(random, TREE_FEATURES);
    nodes[here].threshold = case_threshold(random, front);
    nodes[here].missing_left = random_below(random, 2);
    nodes[here].left = case_subtree(random, nodes, count, depth - 1, front, values);
    nodes[here].right = case_subtree(random, nodes, count, depth - 1, front, values);
    return here;
}

static inline struct trees *case_ensemble(struct arena *arena, struct random *random, int number,
                                          int outputs, bool distance, enum tree_front front)
{
    struct trees_builder builder = {.arena = arena};
    struct linked_node nodes[64];
    double values[8 * 64];
    int trees = 1 + number % 7 + (number == 5 ? 40 : 0);
    for (int t = 0; t < trees; t++) {
        int count = 0, target = number % 3 && !distance ? t % outputs : -1;
        for (int i = 0; i < 8 * 64; i++)
            values[i] = number % 4 ? network_float32(random_normal(random)) : random_normal(random);
        case_subtree(random, nodes, &count, 1 + (t + number) % 4, front, values);
        trees_add_linked(&builder, "case", nodes, count, 0,
                         distance     ? TREE_FEATURES
                         : target < 0 ? outputs
                                      : 1,
                         target);
    }
    return trees_finish(&builder);
}

static inline int case_front(struct network *network, struct random *random, enum tree_front front)
{
    struct arena *arena = &network->arena;
    int at = network_add(network, LAYER_INPUT, "x", -1, TREE_FEATURES);
    if (front == FRONT_AFFINE_QUANT) {
        at = network_add(network, LAYER_AFFINE, "standardise", at, TREE_FEATURES);
        struct layer *layer = &network->layers[at];
        layer->scale = arena_alloc(arena, TREE_FEATURES, sizeof(double));
        layer->offset = arena_alloc(arena, TREE_FEATURES, sizeof(double));
        for (int j = 0; j < TREE_FEATURES; j++) {
            layer->scale[j] = network_float32(0.5 + random_uniform(random));
            layer->offset[j] = network_float32(random_normal(random));
        }
    }
    if (front == FRONT_QUANT || front == FRONT_AFFINE_QUANT) {
        at = network_add(network, LAYER_QUANT, "input_quant", at, TREE_FEATURES);
        struct quantizer *quant = &network->layers[at].quant;
        quant->count = front == FRONT_QUANT ? 1 : TREE_FEATURES;
        quant->formats = arena_alloc(arena, TREE_FEATURES, sizeof *quant->formats);
        for (int j = 0; j < quant->count; j++)
            quant->formats[j] = format_make(true, 4 + j, 3);
    }
    if (front == FRONT_BUCKETS || front == FRONT_MISSING) {
        at = network_add(network, LAYER_BUCKETS, "buckets", at, TREE_FEATURES);
        struct layer *layer = &network->layers[at];
        layer->edge_first = arena_alloc(arena, TREE_FEATURES + 1, sizeof(int));
        layer->edges = arena_alloc(arena, 8 * TREE_FEATURES, sizeof(double));
        for (int j = 0, count = 0; j < TREE_FEATURES; j++) {
            double edge = -2;
            if (front == FRONT_MISSING && j != 2) layer->edges[count++] = -INFINITY;
            for (int i = 0; i < 3 + j; i++)
                layer->edges[count++] = edge += 0.1 + random_uniform(random);
            layer->edge_first[j + 1] = count;
        }
    }
    return at;
}

/* Network `number`: what stands in front, whether leaves hold vectors, the arithmetic and whether
 * there is a base all change with it; every fifth is a distance. */
static inline struct network *case_trees(int number)
{
    struct random random = random_init(4000 + (uint64_t)number);
    enum tree_front front = (enum tree_front)(number % 5);
    bool distance = number % 11 == 7 && front != FRONT_BUCKETS && front != FRONT_MISSING;
    int outputs = distance ? 1 : 1 + number % 4;
    char name[32];
    snprintf(name, sizeof name, "trees_%d", number);
    struct network *network = network_new(name);
    int at = case_front(network, &random, front);
    at = network_add(network, distance ? LAYER_TREE_DISTANCE : LAYER_TREES, "forest", at, outputs);
    struct layer *layer = &network->layers[at];
    struct arena *arena = &network->arena;
    struct trees *trees = case_ensemble(arena, &random, number, outputs, distance, front);
    layer->trees = trees;
    trees->arithmetic = (enum trees_arithmetic)(number % TREES_ARITHMETIC_COUNT);
    trees->base_last = number % 2;
    if (number % 4 == 1 && !distance) trees->divisor = trees->tree_count;
    if (number % 4 == 3 && !distance) trees->factor = 0.3;
    if (number % 3 && !distance) {
        trees->base = arena_alloc(arena, (size_t)outputs, sizeof(double));
        for (int k = 0; k < outputs; k++)
            trees->base[k] = random_normal(&random);
    }
    if (front == FRONT_MISSING) {
        trees->zero_is_missing = arena_alloc(arena, TREE_FEATURES, sizeof(bool));
        for (int j = 0; j < TREE_FEATURES; j++)
            trees->zero_is_missing[j] = j != 2;
    }
    if (number % 6 > 1) {
        layer->weight_quant = (struct quantizer){1, arena_alloc(arena, 1, sizeof(struct format))};
        layer->weight_quant.formats[0] = format_make(true, 3 + number % 5, 2);
    }
    if (number % 6 > 1 && trees->base) {
        layer->bias_quant = (struct quantizer){1, arena_alloc(arena, 1, sizeof(struct format))};
        layer->bias_quant.formats[0] = format_make(true, 8, 4);
    }
    if (outputs > 1 && number % 2) network_add(network, LAYER_SOFTMAX, "softmax", at, outputs);
    return network;
}

/* Raw events for them; with missing values where the network knows what to do with them. */
static inline void case_tree_events(int number, double *x, long events)
{
    struct random random = random_init(5000 + (uint64_t)number);
    for (long i = 0; i < events * TREE_FEATURES; i++) {
        x[i] = number % 5 == FRONT_NONE || random_below(&random, 2)
                   ? 2 * random_normal(&random)
                   : ldexp(floor(64 * random_normal(&random)), -5);
        if (number % 5 == FRONT_MISSING && i % TREE_FEATURES != 2 && random_below(&random, 5) == 0)
            x[i] = NAN;
    }
}

#endif
