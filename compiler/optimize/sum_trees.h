/* Sum trees: what constants can move through.
 *
 * A tree is a sum whose inner values have one reader each: add, sub, neg and shift, and quantizers
 * that only drop low bits. Its root is the first value of them that something else reads, or more
 * than one:
 *   root = sum over leaves of +-2^shift * leaf + constant.
 * A constant that enters as the addend of an add, or the subtrahend of a sub, is no leaf but part
 * of `constant`; that operation is `skipped`: it stands for its other operand. */
#ifndef SLUICE_COMPILER_SUM_TREES_H
#define SLUICE_COMPILER_SUM_TREES_H

#include "compiler/lower/dyadic.h"
#include "compiler/program/program.h"

enum { NO_GRID = -(1 << 20) };

/* A value's part in its tree: root = ... +- 2^shift * value. */
struct place {
    int root; /* -1: in no tree */
    int shift;
    bool negative;
    int grid; /* what is added here has to be a multiple of 2^grid of the root; NO_GRID */
};

struct sum_trees {
    const struct program *program;
    struct place *places;     /* [op_count] */
    int *parents;             /* [op_count] the reader of an inner value; -1 */
    bool *is_skipped;         /* [op_count] */
    struct dyadic *constants; /* [op_count] of roots */
};

/* Everything in the arena. */
struct sum_trees sum_trees_find(struct arena *arena, const struct program *program);
/* The place of operand k of a value of a tree. */
struct place sum_trees_operand(const struct sum_trees *trees, int value, int k);
/* What an operand really is: past skipped operations. *shift gets what they shift. */
int sum_trees_value(const struct sum_trees *trees, int operand, int *shift);
/* The operand number that a skipped operation stands for. */
int sum_trees_kept(const struct program *program, const struct op *skipped);

#endif
