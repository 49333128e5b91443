/* What the network would cost in hardware, as a number and its gradient with respect to the widths.
 *
 * The price is a sum over dense operations of coefficients times features. Let element i that it
 * reads have b_i bits, and D_ij be the nonzero digits of weight (i, j) in canonical signed digit
 * form: the terms that hardware adds.
 *   TERM_BITS        sum of D_ij b_i
 *   TERMS            sum of D_ij, and the biases that are not 0
 *   NEURONS          outputs that have a term: a sum of n terms has n - 1 adders
 *   ACTIVATION_BITS  bits that the activation behind it puts out
 * For ebops, D_ij is replaced by the weight's bits b_w, 1 + floor(log2 |n|) of weight n * 2^-F (Sun
 * et al., arXiv:2405.00645, equation 5), and the coefficients are 1, 0, 0, 0.
 * For adder_bits and lut4 the coefficients start from what compiled networks cost on average, and
 * price_fit() fits them to what the compiler says of the networks at hand.
 *
 * Derivatives: d b_w / d F = 1. d D / d F = 1 for a weight's last bit and 1/3 for each above it,
 * the mean over random numbers: the last bit is worth three of the others, so weights vanish before
 * they lose precision. An element's bits are its fraction bits plus its range. */
#ifndef SLUICE_TRAINER_NN_PRICE_H
#define SLUICE_TRAINER_NN_PRICE_H

#include "trainer/nn/model.h"

enum price_feature {
    PRICE_TERM_BITS,
    PRICE_TERMS,
    PRICE_NEURONS,
    PRICE_ACTIVATION_BITS,
    PRICE_FEATURES
};

/* How dear a dense operation's features are. */
struct price_layer {
    double coefficients[PRICE_FEATURES];
};

enum { PRICE_MOST_LAYERS = 16, PRICE_MOST_SAMPLES = 32 };

/* A network that was compiled: its features and its costs, by dense operation. */
struct price_sample {
    double features[PRICE_MOST_LAYERS][PRICE_FEATURES];
    double costs[PRICE_MOST_LAYERS];
};

struct price_model {
    enum train_price kind;
    int layer_count; /* dense operations, at most PRICE_MOST_LAYERS */
    struct price_layer layers[PRICE_MOST_LAYERS];
    int sample_count; /* the latest PRICE_MOST_SAMPLES */
    struct price_sample samples[PRICE_MOST_SAMPLES];
};

void price_init(struct price_model *model, enum train_price kind, const struct nn *nn);
/* Features of all dense operations, as nn_prepare() left them. */
void price_features(const struct nn *nn, enum train_price kind,
                    double features[PRICE_MOST_LAYERS][PRICE_FEATURES]);
/* The price; with a gradient, weight times its derivatives are added to it. */
double price_eval(const struct price_model *model, const struct nn *nn, double weight,
                  real *gradient);
/* Adds a sample of the present network, costs[layer] being what the compiler says, and fits the
 * coefficients: least squares over the samples, held to the starting values where these say
 * nothing (ridge regression). Does nothing for ebops. */
void price_fit(struct price_model *model, const struct nn *nn, const double *costs);

#endif
