/* One optimizer step on a network's parameters, and pruning. */
#ifndef SLUICE_TRAINER_NN_UPDATE_H
#define SLUICE_TRAINER_NN_UPDATE_H

#include "trainer/nn/model.h"
#include "trainer/nn/optimizer.h"
#include "trainer/nn/price.h"

/* Takes the gradient that nn_gradient() left and updates the parameters: straight-through and
 * pruning masks, penalties, clipping, optimizer; then latent weights are kept inside their formats.
 * Ends with nn_prepare(). price: NULL, or what price_weight times is added to the loss; returns the
 * price before the step. */
double nn_update(const struct train_config *config, struct nn *nn, struct optimizer *optimizer,
                 double learning_rate, const struct price_model *price, double price_weight);

/* Latent weights and biases outside their formats are put onto the nearest edge. */
void nn_keep_in_range(struct nn *nn);

/* The sparsity wanted `epoch` epochs into the quantized phase, as a fraction of the target:
 * 1 - (1 - t)^3, t from 0 at prune_begin_epoch to 1 at the end. */
double prune_progress(const struct train_config *config, double epoch);
double prune_end(const struct train_config *config);
bool prune_wanted(const struct train_config *config);
/* Prunes every dense layer to `progress` times its target (or all together to config->sparsity):
 * the smallest latent weights become 0 and stay it. Pruned weights never come back. */
void nn_prune(const struct train_config *config, struct nn *nn, double progress);
/* Fraction of the dense weights that are exactly 0 once quantized. */
double nn_sparsity(const struct nn *nn);

#endif
