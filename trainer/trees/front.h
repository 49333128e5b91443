/* Inside trainer/trees/: what stands in front of the quantized ensemble, and the features behind
 * it. */
#ifndef SLUICE_TRAINER_TREES_FRONT_H
#define SLUICE_TRAINER_TREES_FRONT_H

#include "trainer/trees/trees.h"

/* A network of an input layer and what makes hardware's integers of it: AFFINE and QUANT, QUANT
 * alone, or BUCKETS (quantile edges, and wherever values are missing). */
struct network *front_make(const struct trees_config *config, const struct events *events,
                           const long *rows, long count);
/* The same scaling without the rounding: AFFINE alone. */
struct network *front_scale(const struct trees_config *config, const struct events *events,
                            const long *rows, long count);
/* The features behind it, [count][features] (a missing one is NaN), in the arena. */
float *front_apply(struct arena *arena, const struct network *front, const struct events *events,
                   const long *rows, long count);
/* Whether bucket 0 of the feature is kept for missing values. */
bool front_keeps_missing(const struct network *front, int feature);

#endif
