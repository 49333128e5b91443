/* Shared by the files of compiler/reuse/ only. */
#ifndef SLUICE_COMPILER_REUSE_INTERNAL_H
#define SLUICE_COMPILER_REUSE_INTERNAL_H

#include "compiler/lower/dyadic.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/program/linear.h"
#include "compiler/reuse/reuse.h"

/* An entry of a memory. */
struct reuse_place {
    int memory, entry; /* memory -1: none */
};

/* The new program while it is made. */
struct reuse {
    struct rewrite rewrite; /* old program, new program, map */
    const struct compile_options *options;
    struct load_plan *load;        /* what is loaded is noted here; NULL */
    struct linear_forms *forms;    /* of the new program */
    int multipliers_left;          /* of the part */
    bool *live;                    /* [old op_count] an output depends on it */
    struct reuse_stream **streams; /* [old op_count] values that exist as digits alone (serial.h) */
    bool *wants_memory, *wants_whole; /* [old op_count] how values that leave a layer are read */
    struct reuse_place *places, *whole_places; /* [old op_count] in memories, in registers */
};

/* A layer: a block of the old program around one matvec. */
struct reuse_layer {
    const struct block *block;
    const char *name, *kind;
    int matvec; /* op */
    int rows, columns;
    const struct matrix *matrix;
    int *results;        /* [columns] RESULT op of each column that is read, -1 */
    int *operands;       /* [rows] new values, by layer_bind() */
    bool *is_used;       /* [rows] not constant, and some live column has a weight there */
    struct dyadic *bias; /* [columns] constant operands in it */
    int factor;
};

/* The layer of a block of the old program; false if it has no matvec to share. */
bool layer_find(struct reuse *r, int block, struct reuse_layer *layer);
/* Its operands in the new program, when everything before it is there; -1 for streams. */
void layer_bind(struct reuse *r, struct reuse_layer *layer);
/* Old value of operand `row`. */
static inline int layer_operand(const struct reuse *r, const struct reuse_layer *layer, int row)
{
    const struct program *old = r->rewrite.old;
    return old->operands[old->ops[layer->matvec].operands + row];
}
/* Whether there is a product to be computed: of a weight that is not, or need not stay, zero. */
static inline bool layer_has_product(const struct reuse_layer *layer, int row, int column)
{
    return layer->matrix->is_loadable ||
           layer->matrix->integers[(size_t)row * (size_t)layer->columns + (size_t)column] != 0;
}
static inline int64_t layer_weight(const struct reuse_layer *layer, int row, int column)
{
    return layer->matrix->integers[(size_t)row * (size_t)layer->columns + (size_t)column];
}

/* leaves[v], [old op_count]: a live value of the layer's block that is read outside of it. */
void layer_find_leaving(const struct reuse *r, const struct reuse_layer *layer, bool *leaves);

/* Opens a block NAME + suffix ("", ".in", ".out"); an open block that is empty is taken over, one
 * of the same name and trip count 1 goes on. */
void reuse_begin_block(struct reuse *r, const struct reuse_layer *layer, const char *suffix,
                       int trip);

/* ---- rom.c ---- what follows from the iteration alone, in the block that is open */

int reuse_trip(const struct reuse *r);
/* The iteration's number, made once. */
int reuse_index(struct reuse *r);
/* entries [trip], in steps of 2^-fraction: a constant if they are all alike, else a table. */
int reuse_constant(struct reuse *r, const char *name, const int64_t *entries, int fraction);

/* ---- roms.c ---- */

/* Tables of the iteration that have the same name share the words of memories, where memories are
 * worth it and the part has them. */
struct program *reuse_make_roms(const struct program *old, const struct compile_options *options);

/* ---- forms: each appends blocks to the new program; results[column] becomes the new value of
 * every column that is read, the same real number with the same fraction bits ---- */

/* digits.c: fewest cycles at that width of digit: loops of at most `cycles` iterations. */
void digits_emit(struct reuse *r, const struct reuse_layer *layer, int cycles, int *results);

#endif
