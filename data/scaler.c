/* Mean and deviation per feature, in two passes: see struct scaler in events.h. */
#include "data/events.h"

#include <assert.h>
#include <math.h>

struct scaler scaler_fit(struct arena *arena, const struct events *events, const long *rows,
                         long row_count)
{
    size_t features = (size_t)events->features;
    struct scaler scaler = {.features = events->features};
    if (!rows) row_count = events->count;
    assert(row_count > 0);
    scaler.mean = arena_alloc(arena, features, sizeof(double));
    scaler.deviation = arena_alloc(arena, features, sizeof(double));
    for (long i = 0; i < row_count; i++) {
        const float *x = events->x + (size_t)(rows ? rows[i] : i) * features;
        for (size_t f = 0; f < features; f++)
            scaler.mean[f] += x[f];
    }
    for (size_t f = 0; f < features; f++)
        scaler.mean[f] /= (double)row_count;
    for (long i = 0; i < row_count; i++) {
        const float *x = events->x + (size_t)(rows ? rows[i] : i) * features;
        for (size_t f = 0; f < features; f++) {
            double distance = x[f] - scaler.mean[f];
            scaler.deviation[f] += distance * distance;
        }
    }
    for (size_t f = 0; f < features; f++) {
        scaler.deviation[f] = sqrt(scaler.deviation[f] / (double)row_count);
        /* Below this, only the rounding of the mean is left: a constant column. */
        if (!(scaler.deviation[f] > 1e-12 * fabs(scaler.mean[f]))) scaler.deviation[f] = 1;
    }
    return scaler;
}
