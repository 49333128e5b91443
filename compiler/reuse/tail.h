/* What a layer does with its sums (normalisation, activation, quantizer), as one function of a sum
 * that is the same for all columns, so that columns can take turns in one copy of it. */
#ifndef SLUICE_COMPILER_REUSE_TAIL_H
#define SLUICE_COMPILER_REUSE_TAIL_H

#include "compiler/reuse/internal.h"

/* value = function(scale * sum + offset); without scales, function(sum + offset). */
struct reuse_tail {
    int columns;
    int *values; /* [columns] old value that leaves the layer; -1: none, or a constant */
    int count;   /* of them */
    bool values_are_results;  /* the rest of the layer's block is still to be done */
    struct program *function; /* one input, one output */
    bool scales;
    const struct matrix *loaded; /* scales and offsets are loaded, as this one's; else NULL */
    const struct reuse_layer *layer;
    struct dyadic *scale, *offset; /* [columns]; the offset includes the correction */
    struct dyadic *correction;     /* [columns] what function needs beside scale and offset */
    const int *sums, *bases; /* [columns] old values: results, and what functions start from */
};

/* NULL if the columns differ in more than scale and offset, or one has several values. */
struct reuse_tail *tail_find(struct reuse *r, const struct reuse_layer *layer);
/* The results themselves: always possible. */
struct reuse_tail *tail_none(struct reuse *r, const struct reuse_layer *layer);
void tail_free(struct reuse_tail *tail);

/* Bits before the point, sign included, that a sum for tail_emit() must have at least. */
int tail_sum_integer_bits(const struct program *old, const struct reuse_tail *tail);
/* In an open block, whose iteration i has the sum of column columns[i] (-1: of none): the values.
 * The sum may be wrapped to tail_sum_integer_bits(), and lacks `bias` [columns] unless
 * that is NULL. */
int tail_emit(struct reuse *r, const struct reuse_tail *tail, int sum, const struct dyadic *bias,
              const int *columns);

#endif
