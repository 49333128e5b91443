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
/* So many events side by side: element i of event e at x[i * REFERENCE_TREES_LANES + e], output k
 * at y[k * REFERENCE_TREES_LANES + e]. */
enum { REFERENCE_TREES_LANES = 32 };
void reference_trees_eval(const struct reference_trees *r, const double *x, double *y);

#endif
