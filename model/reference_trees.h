/* Inside model/: ensembles of trees in the floating-point reference. */
#ifndef SLUICE_MODEL_REFERENCE_TREES_H
#define SLUICE_MODEL_REFERENCE_TREES_H

#include "model/reference.h"

/* An ensemble as the mode sees it. */
struct reference_trees {
    const struct trees *trees;
    struct trees_shape shape;
    enum trees_arithmetic arithmetic;
    double *values, *base; /* quantized in that mode, and then divided already */
    double factor, divisor;
    bool base_last;
};

struct reference_trees reference_trees_prepare(struct arena *arena, const struct network *network,
                                               const struct layer *layer, enum reference_mode mode);
/* One event: element i of the input at x[i * stride], output k at y[k * stride]. */
void reference_trees_eval(const struct reference_trees *r, const double *x, double *y,
                          size_t stride);

#endif
