/* From the float network to the quantized one: batch normalisation folded, formats chosen. */
#ifndef SLUICE_TRAINER_NN_CONVERT_H
#define SLUICE_TRAINER_NN_CONVERT_H

#include "trainer/nn/model.h"

/* Copies the parameters of `from` (float phase) into `to` (built with quantized set), batch
 * normalisation folded into the dense layer in front of it, or else behind it. */
void nn_fold(const struct train_config *config, const struct nn *from, struct nn *to);

/* The format of the inputs, from standardised events: quantizer in nn's arena. */
struct quantizer nn_calibrate_input(const struct train_config *config, struct nn *nn,
                                    const struct nn_events *events);

/* Sets the quantizers of nn's weights, biases and activations in order from input to output, each
 * calibrated with those before it in place, on the first events (already quantized inputs). */
void nn_calibrate(const struct train_config *config, struct nn *nn, const struct nn_events *events);

#endif
