/* The interpreter's integers against the floating-point references of the network. */
#ifndef SLUICE_SIM_COMPARE_H
#define SLUICE_SIM_COMPARE_H

#include "sim/stimuli.h"
#include "sim/verify.h"

#include "model/network.h"

/* Fills reference_mismatches, float_*_abs_error, decision_changes and accuracy_* of the result.
 * Returns the first event that differs from the quantized reference (-1: none) and in `text` what
 * differs. */
long compare_references(const struct program *program, const struct network *network,
                        const struct stimuli *stimuli, const int64_t *outputs, const float *labels,
                        struct verify_result *result, char *text, size_t size);

#endif
