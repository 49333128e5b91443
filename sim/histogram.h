/* Histograms of a program's outputs over many events. The bins of an output share its exact
 * interval [lo, hi] of stored integers between them: each covers 2^k integers, from lo on, with the
 * smallest k that gives at most HISTOGRAM_BINS bins; so every count is exact and no event falls
 * outside. */
#ifndef SLUICE_SIM_HISTOGRAM_H
#define SLUICE_SIM_HISTOGRAM_H

#include "compiler/program/program.h"

enum { HISTOGRAM_BINS = 256 };

struct histogram {
    const struct program *program;
    struct histogram_output {
        int64_t lo;
        int shift, bins; /* bin of n: (n - lo) >> shift */
        long count[HISTOGRAM_BINS];
    } * outputs; /* [output_count], in the arena it was made in */
};

struct histogram histogram_init(struct arena *arena, const struct program *program);
/* Stored integers [events][output_count]. */
void histogram_add(struct histogram *histogram, const int64_t *outputs, long events);
void histogram_merge(struct histogram *into, const struct histogram *other);
/* Name ending in .json: an object with a list per output; else CSV with the columns
 * output,low,high,count. Edges are scores (real numbers): a bin holds low <= score < high. */
void histogram_write(const struct histogram *histogram, const char *path, long events);

#endif
