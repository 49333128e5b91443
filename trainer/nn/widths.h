/* Learned widths: the number of fraction bits of a weight, bias or activation as a real parameter.
 *
 * With f rounded to an integer F, a number x becomes x_q = round(x * 2^F) * 2^-F. The gradient of
 * the value goes straight through; that of the width is carried by the rounding error,
 *   d x_q / d f = -ln 2 * (x_q - x)
 * (Sun et al., "Gradient-based Automatic Mixed Precision Quantization for Neural Networks On-Chip",
 * arXiv:2405.00645, section III). A weight whose bits reach 0 rounds to 0: it is pruned; an
 * activation of no bits is constant 0.
 *
 * Weights and biases have no limit in size; their exact value is what the compiler gets. An
 * activation has integer bits as well: it saturates at 2^I (signed: 2^(I-1)), I the rounded range
 * parameter, whose gradient is that of the limit for the events beyond it, or which holds what the
 * data gives.
 *
 * Where a dense operation with a bias feeds a learned activation, the half step of rounding to
 * nearest is in the bias and the quantizer truncates: what is quantized and priced is the constant
 * that hardware adds, so that no adder is spent on a bias and rounding that cancel. */
#ifndef SLUICE_TRAINER_NN_WIDTHS_H
#define SLUICE_TRAINER_NN_WIDTHS_H

#include "trainer/nn/model.h"

enum { WIDTHS_MOST_BITS = 20, WIDTHS_MOST_FRACTION = 24, WIDTHS_LEAST_RANGE = -20 };

/* Adds the width parameters of operation `op` to the trainable ones. layer: of the configuration;
 * -1: the input. */
void widths_add(struct nn *nn, const struct train_config *config, struct nn_op *op);
/* Sets one tensor's widths from the formats a calibration chose, count 1 or one per column. */
void widths_start(struct nn *nn, struct nn_widths *widths, const struct quantizer *formats);
/* The same for a learned activation, which from then on quantizes. */
void widths_start_activation(struct nn *nn, struct nn_op *op, const struct quantizer *formats);
/* Formats and used weights from the parameters; part of nn_prepare(). */
void widths_prepare(struct nn *nn);
/* Gradients of the widths of weights and biases from those of their values, which stay. */
void widths_gradient(struct nn *nn, real *gradient);
/* After a step: widths stay between what means "no bits" and what the formats can say. */
void widths_limit(struct nn *nn);
/* Integer bits that hold the largest value in the events, and margin_bits more, for activations
 * whose range is not learned; from input to output, each with those before it in place. Ends with
 * nn_prepare(). */
void widths_observe(struct nn *nn, const struct nn_events *events, int margin_bits);

/* Integer fraction bits of weight (row, column) or of a bias or activation (row 0). */
int widths_fraction(const struct nn *nn, const struct nn_widths *widths, int row, int column);
/* All bits of element `column` of a learned activation, sign included; 0: it is constant 0. */
int widths_bits(const struct nn *nn, const struct nn_op *op, int column);

#endif
