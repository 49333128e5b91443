/* Pruning: which weights become 0 and stay it. The methods are TRAIN_PRUNE_TABLE's (train.h). */
#ifndef SLUICE_TRAINER_NN_PRUNE_H
#define SLUICE_TRAINER_NN_PRUNE_H

#include "trainer/nn/model.h"

bool prune_wanted(const struct train_config *config);

/* gradual: the sparsity wanted `epoch` epochs into the quantized phase, as a fraction of the
 * target: 1 - (1 - t)^3, t from 0 at prune_begin_epoch to 1 at the end. */
double prune_progress(const struct train_config *config, double epoch);
double prune_end(const struct train_config *config);

/* Methods in steps: of prune_steps steps, step k = 1 .. leaves (1 - target)^(k / prune_steps) of
 * the weights, equal factors apart. 1 - that, for a layer's or the whole target. */
bool prune_is_stepwise(const struct train_config *config);
double prune_step_sparsity(const struct train_config *config, double target, int step);

/* Prunes every dense layer to `progress` times its target (or all together to config->sparsity):
 * the smallest latent weights become 0 and stay it. Pruned weights never come back. step > 0: to
 * the sparsity of that step instead. */
void nn_prune(const struct train_config *config, struct nn *nn, double progress, int step);
/* Whole hidden neurons, those of smallest norm, until that part of all weights is 0. The norm is
 * that of the weights that make and that read a neuron (group_lasso) or the product of the two's
 * norms, which scaling a ReLU's input and output does not change. */
void nn_prune_neurons(const struct train_config *config, struct nn *nn, double sparsity);
/* Optimal brain surgeon by neuron (Hassibi and Stork 1993; Frantar and Alistarh, arXiv:2208.11580):
 * with H the mean of x x^T over events, x what a neuron reads, removing weight i costs
 * s w_i^2 / (2 [H^-1]_ii), s the mean square of the loss's derivative by the neuron's sum; the
 * other weights move by -w_i / [H^-1]_ii H^-1[:, i]. The cheapest go, until that part of all
 * weights is 0. */
void nn_prune_brain(const struct train_config *config, struct nn *nn,
                    const struct nn_events *events, double sparsity);

/* group_lasso: adds strength * d/dw of the sum of the groups' norms. */
void prune_add_penalty(const struct nn *nn, double strength, real *gradient);
/* Fraction of the dense weights that are exactly 0 once quantized. */
double nn_sparsity(const struct nn *nn);

#endif
