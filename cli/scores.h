/* The scores of events by each of the three ways there are: the integer program, and the
 * floating-point reference of the quantized and of the float network. */
#ifndef SLUICE_CLI_SCORES_H
#define SLUICE_CLI_SCORES_H

#include "compiler/program/program.h"
#include "model/network.h"
#include "model/reference.h"

/* Raw events x [events][input_count] to y [events][output_count]: output integers times their
 * scale. */
void scores_program(const struct program *program, const double *x, long events, double *y);

/* The same columns from the reference: a final softmax (or a one-output sigmoid) that the hardware
 * leaves out is left out here too; argmax and threshold decide on the reference's scores. */
void scores_reference(const struct program *program, const struct network *network,
                      enum reference_mode mode, const double *x, long events, double *y);

/* The layer whose values are the scores: the last, or the one before a final softmax or one-output
 * sigmoid. */
int scores_layer(const struct network *network);

#endif
