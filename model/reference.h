/* The floating-point C reference: the network graph evaluated in double precision. It shares no
 * code with the compiler's lowering or interpreter: agreement between the two is evidence. */
#ifndef SLUICE_MODEL_REFERENCE_H
#define SLUICE_MODEL_REFERENCE_H

#include "model/network.h"

enum reference_mode {
    REFERENCE_QUANTIZED, /* quantizers and quantized weights: must equal the hardware exactly */
    REFERENCE_FLOAT      /* quantizers taken as identity, latent weights */
};

/* Evaluates layers 0..last (-1: all) for `events` rows of x [events][layers[0].size] and writes the
 * last one's elements to y [events][layers[last].size]. */
void reference_eval(const struct network *network, enum reference_mode mode, const double *x,
                    long events, int last, double *y);
/* Smallest and largest value each element of layer `layer` takes over the events. */
void reference_range(const struct network *network, enum reference_mode mode, const double *x,
                     long events, int layer, double *smallest, double *largest);

#endif
