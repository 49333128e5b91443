/* Networks that the tests of model/ write, read and evaluate: quantizers of every rounding and
 * overflow mode, and whole networks of every layer. Everything is drawn from fixed seeds. */
#ifndef SLUICE_TESTS_MODEL_CASES_H
#define SLUICE_TESTS_MODEL_CASES_H

#include "data/random.h"
#include "model/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CASE_SHAPES = 10, CASE_ELEMENTS = 6, CASE_MIXES = 3, CASE_NETWORKS = 12 };

/* Sign, width and integer bits of the uniform cases: one bit, negative fraction bits, all fraction.
 */
static const struct format case_shapes[CASE_SHAPES] = {
    {.is_signed = true, .width_bits = 4, .integer_bits = 2},
    {.width_bits = 3, .integer_bits = 1},
    {.is_signed = true, .width_bits = 1, .integer_bits = 1},
    {.is_signed = true, .width_bits = 1, .integer_bits = -1},
    {.width_bits = 1, .integer_bits = 1},
    {.is_signed = true, .width_bits = 3, .integer_bits = 5},
    {.width_bits = 4, .integer_bits = -1},
    {.is_signed = true, .width_bits = 2, .integer_bits = 0},
    {.is_signed = true, .width_bits = 12, .integer_bits = 3},
    {.width_bits = 9, .integer_bits = 4}};

/* Element formats that differ in width, place and sign: mixed signs, all unsigned, all signed. */
static const struct format case_mixes[CASE_MIXES][CASE_ELEMENTS] = {
    {{.is_signed = true, .width_bits = 4, .integer_bits = 2},
     {.width_bits = 3, .integer_bits = 1},
     {.is_signed = true, .width_bits = 1, .integer_bits = 1},
     {.width_bits = 1, .integer_bits = 2},
     {.is_signed = true, .width_bits = 6, .integer_bits = 1},
     {.width_bits = 5, .integer_bits = 6}},
    {{.width_bits = 4, .integer_bits = 2},
     {.width_bits = 3, .integer_bits = 1},
     {.width_bits = 1, .integer_bits = 0},
     {.width_bits = 5, .integer_bits = 3},
     {.width_bits = 2, .integer_bits = 2},
     {.width_bits = 4, .integer_bits = 2}},
    {{.is_signed = true, .width_bits = 2, .integer_bits = 2},
     {.is_signed = true, .width_bits = 3, .integer_bits = 1},
     {.is_signed = true, .width_bits = 1, .integer_bits = 0},
     {.is_signed = true, .width_bits = 5, .integer_bits = 3},
     {.is_signed = true, .width_bits = 4, .integer_bits = 2},
     {.is_signed = true, .width_bits = 1, .integer_bits = 1}}};

static inline struct quantizer case_quantizer(struct arena *arena, const struct format *shapes,
                                              int count, int rounding, int overflow)
{
    struct quantizer quant = {.count = count};
    quant.formats = arena_alloc(arena, (size_t)count, sizeof *quant.formats);
    for (int i = 0; i < count; i++) {
        quant.formats[i] = shapes[i];
        quant.formats[i].rounding = (enum rounding)rounding;
        quant.formats[i].overflow = (enum overflow)overflow;
    }
    return quant;
}

/* A network that only quantizes CASE_ELEMENTS inputs: shape < CASE_SHAPES is uniform, the rest are
 * mixes. */
static inline struct network *case_quant_network(int rounding, int overflow, int shape)
{
    struct network *network = network_new("quantizer");
    network_add(network, LAYER_INPUT, "x", -1, CASE_ELEMENTS);
    int layer = network_add(network, LAYER_QUANT, "q", 0, CASE_ELEMENTS);
    bool is_mix = shape >= CASE_SHAPES;
    network->layers[layer].quant = case_quantizer(
        &network->arena, is_mix ? case_mixes[shape - CASE_SHAPES] : &case_shapes[shape],
        is_mix ? CASE_ELEMENTS : 1, rounding, overflow);
    return network;
}

/* Inputs around every step and half step of a format with `fraction_bits`, and far out of range. */
static inline double case_input(int index, int fraction_bits)
{
    static const double far[] = {1000.25,    -1000.25,    65536.5, -65537.0,
                                 16777214.0, -16777214.0, 1e9,     -1e9};
    if (index < 8) return far[index];
    return ldexp((double)(index - 8 - 200) / 4, -fraction_bits);
}
enum { CASE_INPUTS = 8 + 400 };

static inline double *case_values(struct network *network, struct random *random, size_t count,
                                  double spread)
{
    double *values = arena_alloc(&network->arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = network_float32(spread * random_normal(random));
    return values;
}

/* Formats for a tensor: none, one, or one for each element. */
static inline struct quantizer case_formats(struct network *network, struct random *random,
                                            size_t count, int kind)
{
    int rounding = (int)random_below(random, ROUNDING_COUNT),
        overflow = (int)random_below(random, OVERFLOW_COUNT);
    struct quantizer quant = {.count = kind == 0 ? 0 : kind == 1 ? 1 : (int)count};
    if (!kind) return quant;
    quant.formats = arena_alloc(&network->arena, count, sizeof *quant.formats);
    for (int i = 0; i < quant.count; i++) {
        int width = 2 + (int)random_below(random, 5);
        quant.formats[i] =
            format_make(random_below(random, 4) != 0, width, (int)random_below(random, 3));
        quant.formats[i].rounding = (enum rounding)rounding;
        quant.formats[i].overflow = (enum overflow)overflow;
    }
    return quant;
}

static inline int case_dense(struct network *network, struct random *random, int input, int size,
                             int number)
{
    size_t count = (size_t)network->layers[input].size * (size_t)size;
    int index = network_add(network, LAYER_DENSE, "dense", input, size);
    struct layer *layer = &network->layers[index];
    layer->weights = case_values(network, random, count, 0.6);
    for (size_t i = 0; i < count; i++)
        if (random_below(random, 3) == 0) layer->weights[i] = 0;
    layer->weight_quant = case_formats(network, random, count, 1 + (number + index) % 2);
    if (number % 4 == 3) return index;
    layer->bias = case_values(network, random, (size_t)size, 0.3);
    layer->bias_quant = case_formats(network, random, (size_t)size, 1 + number / 2 % 2);
    return index;
}

static inline int case_quant(struct network *network, struct random *random, int input, int kind)
{
    int size = network->layers[input].size,
        index = network_add(network, LAYER_QUANT, "quant", input, size);
    network->layers[index].quant = case_formats(network, random, (size_t)size, kind);
    return index;
}

/* Network `number`: input, quantizer, then dense, activation and quantizer (or sign) twice, and a
 * last dense layer. Every sum in it fits float32's 24 bits. The activation is none, relu or leaky
 * relu (alpha 1/4). */
static inline struct network *case_network(int number)
{
    struct random random = random_init(1000 + (uint64_t)number);
    char name[32];
    snprintf(name, sizeof name, "case_%d", number);
    struct network *network = network_new(name);
    int at = network_add(network, LAYER_INPUT, "features", -1, 5);
    if (number % 3 == 1) {
        at = network_add(network, LAYER_AFFINE, "standardise", at, 5);
        struct layer *layer = &network->layers[at];
        layer->scale = case_values(network, &random, 5, 1);
        layer->offset = case_values(network, &random, 5, 1);
        for (int j = 0; j < 5; j++) { /* few bits, so that the sums stay exact */
            layer->scale[j] = ldexp(floor(4 * layer->scale[j]) + 0.5, -2);
            layer->offset[j] = ldexp(floor(8 * layer->offset[j]), -3);
        }
    }
    at = case_quant(network, &random, at, 1 + number % 2);
    for (int l = 0; l < 2; l++) {
        at = case_dense(network, &random, at, 6 - l, number);
        if (number % 3)
            at = network_add(network, number % 3 == 1 ? LAYER_RELU : LAYER_LEAKY_RELU, "act", at,
                             6 - l);
        network->layers[at].alpha = 0.25;
        if (number % 4 == 2 && l == 1)
            at = network_add(network, LAYER_SIGN, "sign", at, 6 - l);
        else
            at = case_quant(network, &random, at, 1 + (number + l) % 2);
    }
    case_dense(network, &random, at, 3, number);
    return network;
}

/* Network `number` with the softmax of hardware behind it; the formats vary, and in one case a
 * quantizer follows. */
enum { CASE_SOFTMAXES = 4 };
static inline struct network *case_softmax_network(int number)
{
    struct network *network = case_network(number);
    char name[32];
    snprintf(name, sizeof name, "softmax_%d", number);
    network->name = arena_strdup(&network->arena, name);
    int at = network_add(network, LAYER_SOFTMAX, "softmax", network->layer_count - 1, 3);
    struct softmax_formats formats = {.difference = format_make(false, 6 + number, 3),
                                      .exponential = format_make(false, 10, 1),
                                      .sum = format_make(false, 9 - number, 2),
                                      .logarithm = format_make(false, 9, 2),
                                      .exponent = format_make(false, 10, 3),
                                      .probability = format_make(false, 8, number % 2)};
    formats.exponential.rounding = number < 2 ? ROUND_RND_CONV : ROUND_RND;
    formats.exponent.rounding = number == 1 ? ROUND_RND : ROUND_TRN;
    formats.difference.overflow = number == 3 ? OVERFLOW_SAT_ZERO : OVERFLOW_SAT;
    network->layers[at].softmax = arena_alloc(&network->arena, 1, sizeof formats);
    *network->layers[at].softmax = formats;
    if (number != 2) return network;
    at = network_add(network, LAYER_QUANT, "coarse", at, 3);
    network->layers[at].quant =
        (struct quantizer){1, arena_alloc(&network->arena, 1, sizeof(struct format))};
    *network->layers[at].quant.formats = format_make(false, 5, 1);
    return network;
}

#endif
