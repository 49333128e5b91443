/* Inside trainer/trees/: losses, their gradients and hessians at the present scores. */
#ifndef SLUICE_TRAINER_TREES_LOSS_H
#define SLUICE_TRAINER_TREES_LOSS_H

#include "trainer/nn/pool.h"
#include "trainer/trees/trees.h"

/* Events and what is known of them; scores and gradients are [outputs][rows]. */
struct loss_data {
    enum trees_loss loss;
    double quantile; /* a of TREES_LOSS_QUANTILE */
    int outputs;
    long rows;
    const int *labels;    /* of cross-entropies */
    const float *targets; /* of the others */
    const float *weights; /* or NULL: all 1 */
};

struct loss_value {
    double loss;     /* weighted mean */
    double accuracy; /* weighted; NAN without labels */
};

/* g and h may be NULL: then only the value is found. Sums run in a fixed order, whatever the
 * threads. */
struct loss_value loss_gradients(const struct loss_data *data, struct pool *pool,
                                 const float *scores, float *g, float *h);
/* The constant score of least loss, [outputs]. */
void loss_start(const struct loss_data *data, double *base);
/* Whether leaves take a quantile of what is left instead of a Newton step; *a is then which. */
bool loss_has_quantile_leaves(const struct loss_data *data, double *a);

#endif
