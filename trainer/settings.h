/* What a layer's settings come to once the configuration's defaults are filled in. */
#ifndef SLUICE_TRAINER_SETTINGS_H
#define SLUICE_TRAINER_SETTINGS_H

#include "trainer/train.h"

struct train_format train_layer_weights(const struct train_config *config, int layer);
struct train_format train_layer_bias(const struct train_config *config, int layer);
/* Of a layer's outputs; NONE on a dense or batchnorm layer whose outputs an activation quantizes,
 * and on a softmax or sigmoid that the loss contains. */
struct train_format train_layer_output(const struct train_config *config, int layer);
int train_layer_digits(const struct train_config *config, int layer); /* 0: any */
double train_layer_sparsity(const struct train_config *config, int layer);
double train_layer_alpha(const struct train_layer_config *layer); /* as a float32 holds it */
/* The name in the networks: as given, or kind and number among its kind, "dense1". */
void train_layer_name(const struct train_config *config, int layer, char name[64]);
/* The batch normalisation that touches dense layer `layer` with at most dropout between: behind it
 * (direction 1), or before it and not folded into a dense layer in front (-1); -1 if there is none
 * or it stays. */
int train_layer_batchnorm(const struct train_config *config, int layer, int direction);
/* Whether a batch normalisation is part of the quantized network: hardware makes thresholds of it
 * in front of a sign, and few weights it could be folded into are free to be any number. */
bool train_batchnorm_stays(const struct train_config *config, int layer);
/* One output: what decides for class 1. 0 for logits and hinge, 1/2 for probabilities and values.
 */
double train_threshold(const struct train_config *config);
bool train_is_activation(enum train_layer_kind kind);
/* Whether layer `layer` is a last softmax or sigmoid that the loss takes over. */
bool train_contained_in_loss(const struct train_config *config, int layer);

#endif
