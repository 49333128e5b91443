/* Taking out of a network what no output depends on. */
#ifndef SLUICE_MODEL_SHRINK_H
#define SLUICE_MODEL_SHRINK_H

#include "model/network.h"

/* Removes the elements between the first and the last dense layer that no output depends on, and
 * those that are the same number for every event: that number times its weights goes into the
 * biases behind. The quantized network computes what it did; at least one element of a layer stays.
 * Inputs and outputs stay as they are. The layers must be a chain. Returns how many were removed.
 */
int network_shrink(struct network *network);

#endif
