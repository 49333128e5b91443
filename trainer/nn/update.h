/* One optimizer step on a network's parameters. */
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

#endif
