/* A float network with its normalisations folded away. */
#ifndef SLUICE_MODEL_FOLD_H
#define SLUICE_MODEL_FOLD_H

#include "model/network.h"

/* Whether a network has neither quantizers nor quantized weights. Ensembles of trees are none: they
 * get their formats in compile_prepare(). */
bool network_is_float(const struct network *network);

/* A new network that computes the same: an affine layer behind the input (if the network scales its
 * inputs at all), then dense layers, each with an activation behind it or not, and perhaps a last
 * softmax. Batch normalisation and scalings in between are in the dense layers. Ends with a line
 * that names the layer where that cannot be done, or the network is not float. The layers must be a
 * chain. file: for messages. */
struct network *network_fold(const struct network *network, const char *file);

#endif
