/* Inside trainer/trees/: features as small codes, which is all that growing a tree looks at. */
#ifndef SLUICE_TRAINER_TREES_BINS_H
#define SLUICE_TRAINER_TREES_BINS_H

#include "base/arena.h"
#include "trainer/nn/pool.h"

#include <stdbool.h>
#include <stdint.h>

enum { BINS_MAX_CUTS = 254 };

/* Thresholds that trees may use: rising cuts of each feature, x <= cut goes left. */
struct cuts {
    int features;
    int *count;      /* [features], at most BINS_MAX_CUTS */
    double **values; /* [features][count] */
    bool *missing;   /* [features]: some events lack it (NaN) */
    int bins;        /* of the feature with most of them, that of missing values included */
};

/* The code of a number is how many cuts are below it (a missing one's: count + 1). */
struct bins {
    const struct cuts *cuts;
    long rows;
    int stride;       /* bytes of a row, a multiple of 16 */
    uint8_t *codes;   /* [rows][stride]: for histograms */
    uint8_t *columns; /* [features][rows], the same: for partitions */
};

/* Cuts between distinct numbers, at quantiles where there are more than `most`: x [rows][features],
 * those of rows[count]. grid, if not NULL, says by feature the step of the numbers: cuts then lie
 * half a step below a number. The arena owns them. */
struct cuts cuts_find(struct arena *arena, struct pool *pool, const float *x, int features,
                      const long *rows, long count, int most);
struct bins bins_make(struct arena *arena, struct pool *pool, const struct cuts *cuts,
                      const float *x, const long *rows, long count);

#endif
