/* Columns that take turns in few copies of what stands behind their sums: a loop behind the layer's
 * own, whose iteration i finishes one column in each of a few pipelines. */
#ifndef SLUICE_COMPILER_REUSE_DRAIN_H
#define SLUICE_COMPILER_REUSE_DRAIN_H

#include "compiler/reuse/tail.h"

struct drain {
    int cycles, pipelines;
    int *columns; /* [pipelines][cycles], -1: none */
};

static inline const int *drain_columns(const struct drain *drain, int pipeline)
{
    return drain->columns + (size_t)pipeline * (size_t)drain->cycles;
}
/* The tail's columns in order, in at most `cycles` iterations. */
struct drain drain_plan(struct reuse *r, const struct reuse_tail *tail, int cycles);
/* Begins the loop. */
void drain_begin(struct reuse *r, const struct reuse_layer *layer, const struct drain *drain);
/* One pipeline, from its sums (as for tail_emit()) to the memories that those who want the values
 * read. */
void drain_add(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail,
               const struct drain *drain, int pipeline, int sum, const struct dyadic *bias);
/* Behind the loop: whole values of those that are wanted so, in the map. */
void drain_end(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail);

/* All of it for sums that are there as values: results [columns]. */
void drain_results(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail,
                   const struct drain *drain, const int *results);

#endif
