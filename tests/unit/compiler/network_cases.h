/* Random small networks for property tests of the compiler: every layer kind that compiles, all
 * rounding and overflow modes, pruned weights, odd sizes; and events that reach the corners. */
#ifndef SLUICE_TESTS_NETWORK_CASES_H
#define SLUICE_TESTS_NETWORK_CASES_H

#include "data/random.h"
#include "model/network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static inline int pick(struct random *r, int lowest, int highest)
{
    return lowest + (int)random_below(r, (uint64_t)(highest - lowest + 1));
}

static inline bool chance(struct random *r, double probability)
{
    return random_uniform(r) < probability;
}

static inline struct format random_format(struct random *r, int least, int most, double any_mode)
{
    int width = pick(r, least, most);
    struct format f = format_make(chance(r, 0.6), width, pick(r, -1, width + 1));
    if (f.is_signed && f.width_bits < 2) f.width_bits = 2;
    if (chance(r, any_mode)) {
        f.rounding = (enum rounding)random_below(r, ROUNDING_COUNT);
        f.overflow = (enum overflow)random_below(r, OVERFLOW_COUNT);
    }
    return f;
}

static inline struct quantizer random_quantizer(struct random *r, struct network *n, int elements,
                                                int least, int most, double any_mode)
{
    struct quantizer q = {chance(r, 0.3) ? elements : 1, NULL};
    q.formats = arena_alloc(&n->arena, (size_t)q.count, sizeof *q.formats);
    for (int i = 0; i < q.count; i++)
        q.formats[i] = random_format(r, least, most, any_mode);
    for (int i = 1; i < q.count; i++) {
        q.formats[i].rounding = q.formats[0].rounding;
        q.formats[i].overflow = q.formats[0].overflow;
        q.formats[i].is_signed = q.formats[0].is_signed;
        if (q.formats[i].is_signed && q.formats[i].width_bits < 2) q.formats[i].width_bits = 2;
    }
    return q;
}

static inline double *random_numbers(struct random *r, struct network *n, int count, double scale,
                                     double pruned)
{
    double *x = arena_alloc(&n->arena, (size_t)count, sizeof *x);
    for (int i = 0; i < count; i++)
        x[i] = chance(r, pruned) ? 0 : network_float32(scale * random_normal(r));
    return x;
}

static inline int add_quant(struct random *r, struct network *n, int input, int least, int most,
                            double any_mode)
{
    int size = n->layers[input].size, layer = network_add(n, LAYER_QUANT, "quant", input, size);
    n->layers[layer].quant = random_quantizer(r, n, size, least, most, any_mode);
    return layer;
}

static inline int add_affine(struct random *r, struct network *n, int input)
{
    int size = n->layers[input].size, layer = network_add(n, LAYER_AFFINE, "affine", input, size);
    n->layers[layer].scale = random_numbers(r, n, size, 1, 0.05);
    n->layers[layer].offset = random_numbers(r, n, size, 1, 0.2);
    return layer;
}

static inline int add_batchnorm(struct random *r, struct network *n, int input)
{
    int size = n->layers[input].size, layer = network_add(n, LAYER_BATCHNORM, "bn", input, size);
    struct layer *l = &n->layers[layer];
    l->gamma = random_numbers(r, n, size, 1, 0.05);
    l->beta = random_numbers(r, n, size, 1, 0.1);
    l->mean = random_numbers(r, n, size, 1, 0.1);
    l->variance = random_numbers(r, n, size, 1, 0);
    for (int i = 0; i < size; i++)
        l->variance[i] = fabs(l->variance[i]);
    l->epsilon = (double)1e-3f;
    return layer;
}

static inline int add_dense(struct random *r, struct network *n, int input, int size)
{
    int rows = n->layers[input].size, layer = network_add(n, LAYER_DENSE, "dense", input, size);
    struct layer *l = &n->layers[layer];
    l->weights = random_numbers(r, n, rows * size, 1, chance(r, 0.5) ? 0.6 : 0.05);
    l->weight_quant = random_quantizer(r, n, rows * size, 1, 6, 0.3);
    if (chance(r, 0.7)) {
        l->bias = random_numbers(r, n, size, 1, 0.2);
        l->bias_quant = random_quantizer(r, n, size, 2, 8, 0.3);
    }
    return layer;
}

/* Something between a dense layer and the next, ending in a quantizer or a sign. */
static inline int add_activation(struct random *r, struct network *n, int last)
{
    int size = n->layers[last].size;
    if (chance(r, 0.4)) last = chance(r, 0.3) ? add_affine(r, n, last) : add_batchnorm(r, n, last);
    int kind = pick(r, 0, 5);
    if (kind == 5) return network_add(n, LAYER_SIGN, "sign", last, size);
    if (kind == 1 || kind == 4) last = network_add(n, LAYER_RELU, "relu", last, size);
    if (kind == 2) {
        last = network_add(n, LAYER_LEAKY_RELU, "leaky", last, size);
        n->layers[last].alpha = chance(r, 0.5) ? 0.125 : (double)0.3f;
    }
    if (kind == 3) {
        last = add_quant(r, n, last, 3, 7, 0.4);
        last = network_add(n, chance(r, 0.5) ? LAYER_TANH : LAYER_SIGMOID, "function", last, size);
    }
    return add_quant(r, n, last, 1, chance(r, 0.3) ? 2 : 8, 0.5);
}

/* A network with its input quantizer. outputs: of the last layer, 0: any number. */
static inline struct network *random_network(uint64_t seed, int outputs)
{
    struct random random = random_init(seed), *r = &random;
    struct network *n = network_new("random");
    int last = network_add(n, LAYER_INPUT, "x", -1, pick(r, 1, 7));
    if (chance(r, 0.4)) last = add_affine(r, n, last);
    last = add_quant(r, n, last, 2, 8, 0.5);
    if (chance(r, 0.2)) last = add_affine(r, n, last);
    for (int layers = pick(r, 0, 2); layers > 0; layers--)
        last = add_activation(r, n, add_dense(r, n, last, pick(r, 1, 7)));
    last = add_dense(r, n, last, outputs ? outputs : pick(r, 1, 6));
    if (chance(r, 0.3))
        last = add_quant(r, n, last, 4, 10, 0.5);
    else if (chance(r, 0.2))
        last = add_batchnorm(r, n, last);
    if (chance(r, 0.4))
        network_add(n, outputs == 1 ? LAYER_SIGMOID : LAYER_SOFTMAX, "final", last,
                    n->layers[last].size);
    return n;
}

/* Raw events in and beyond the range of the input quantizer, many of them at its ends. */
static inline double *random_events(const struct network *n, uint64_t seed, long events)
{
    struct random r = random_init(seed);
    int features = n->layers[0].size;
    double *x = malloc((size_t)events * (size_t)features * sizeof *x);
    const struct layer *quant = n->layers;
    while (quant->kind != LAYER_QUANT)
        quant++;
    for (long e = 0; e < events; e++) {
        int kind = pick(&r, 0, 2);
        for (int i = 0; i < features; i++) {
            struct format f = quantizer_at(&quant->quant, i);
            double step = format_step(f), low = (double)format_min(f) * step,
                   high = (double)format_max(f) * step;
            double value = kind == 0   ? (chance(&r, 0.5) ? low : high)
                           : kind == 1 ? low + (high - low) * random_uniform(&r)
                                       : 2 * (high - low) * random_normal(&r);
            const struct layer *host = &n->layers[1];
            if (host->kind == LAYER_AFFINE && host->scale[i] != 0)
                value = (value - host->offset[i]) / host->scale[i];
            x[e * features + i] = value;
        }
    }
    return x;
}

#endif
