/* What the network would cost in hardware, as a number and its gradient with respect to the widths.
 *
 * b_i: bits of element i that a dense operation reads; of weight w = n * 2^-F, n a whole number: its
 * bits b_w = 1 + floor(log2 |n|) (0 for n = 0), its digits D the nonzero digits of n in canonical
 * signed digit form.
 *   ebops       sum over weights of b_i * b_w (Sun et al., arXiv:2405.00645, equation 5), and the
 *               bits of the biases
 *   adder_bits  sum over neurons of the terms' costs less the dearest one's, a term being a digit
 *               of a weight (cost share * (b_i + growth)) or of the bias
 *   lut4        that, and the activations' own logic
 * A width's derivative: d b_w / d F = 1 and d D / d F = 1 for a weight's last bit, 1/3 for each bit
 * above it, the mean of random numbers; d b_i / d f = 1. */
#ifndef SLUICE_TRAINER_NN_PRICE_H
#define SLUICE_TRAINER_NN_PRICE_H

#include "trainer/nn/model.h"

/* The price; with a gradient, weight * its derivatives are added to it. */
double price_eval(const struct nn *nn, enum train_price kind, double weight, real *gradient);

#endif
