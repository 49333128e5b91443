/* Shared by the files of compiler/reuse/ only. */
#ifndef SLUICE_COMPILER_REUSE_INTERNAL_H
#define SLUICE_COMPILER_REUSE_INTERNAL_H

#include "compiler/lower/dyadic.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/program/linear.h"
#include "compiler/reuse/reuse.h"

/* The new program while it is made. */
struct reuse {
    struct rewrite rewrite; /* old program, new program, map */
    const struct compile_options *options;
    struct linear_forms *forms; /* of the new program */
};

/* A layer: a block of the old program around one matvec. */
struct reuse_layer {
    const struct block *block;
    const char *name, *kind;
    int matvec; /* op */
    int rows, columns;
    const struct matrix *matrix;
    int *results;       /* [columns] RESULT op of each column that is read, -1 */
    int *operands;      /* [rows] new values */
    bool *is_used;      /* [rows] some live column has a weight there */
    struct dyadic *bias; /* [columns] constant operands in it */
    int factor;
};

/* The layer of a block of the old program; false if it has no matvec to share. */
bool layer_find(struct reuse *r, int block, struct reuse_layer *layer);
/* What the layer's operands are in the new program, when everything before it is there. */
void layer_bind(struct reuse *r, struct reuse_layer *layer);
static inline int64_t layer_weight(const struct reuse_layer *layer, int row, int column)
{
    return layer->matrix->integers[(size_t)row * (size_t)layer->columns + (size_t)column];
}

/* Opens a block NAME + suffix ("", ".in", ".out"); an open block that is empty is taken over, one of
 * the same name and trip count 1 goes on. */
void reuse_begin_block(struct reuse *r, const struct reuse_layer *layer, const char *suffix,
                       int trip);

/* ---- forms: each appends blocks to the new program; results[column] becomes the new value of every
 * column that is read, the same real number with the same fraction bits ---- */

/* digits.c: fewest cycles at that width of digit: loops of at most `cycles` iterations. */
void digits_emit(struct reuse *r, const struct reuse_layer *layer, int cycles, int *results);
/* serial.c: the same. */
void serial_emit(struct reuse *r, const struct reuse_layer *layer, int cycles, int *results);

#endif
