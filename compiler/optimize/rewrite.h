/* What rewriting passes share: the walk over an old program that fills a new one. */
#ifndef SLUICE_COMPILER_REWRITE_H
#define SLUICE_COMPILER_REWRITE_H

#include "compiler/program/program.h"

struct rewrite {
    const struct program *old;
    struct program *program; /* the new one */
    int *map;                /* old value -> new value, -1 before it is there */
    void *pass;              /* the pass's own data */
    struct arena arena;      /* until rewrite_program() returns */
};

/* One old value to a new one: returns the new value's index, or -1 for an operation that leaves
 * nothing (a matvec that was expanded). */
typedef int rewrite_function(struct rewrite *rewrite, int value);

/* Walks blocks and operations in order, calls `function` for each, and maps the outputs. Blocks
 * that stay empty are left out. */
struct program *rewrite_program(const struct program *old, rewrite_function *function, void *pass);

/* The plain copy, for a function that has nothing to say about a value. */
static inline int rewrite_copy(struct rewrite *r, int value)
{
    return program_copy_op(r->program, r->old, value, r->map);
}
/* The same operation on the new operands, its interval inferred anew: for passes that may widen
 * what comes before. A table is extended over the operand's interval with its end entries, which
 * stand for values that never come. */
int rewrite_again(struct rewrite *r, int value);
/* New value of operand i of an old operation. */
static inline int rewrite_operand(const struct rewrite *r, const struct op *op, int i)
{
    return r->map[r->old->operands[op->operands + i]];
}

/* floor to whole multiples of 2^-fraction_bits, all bits above kept: wires. */
int rewrite_truncate(struct program *program, int value, int fraction_bits);

/* How many operations and outputs read each value: [op_count], in the arena. */
int *count_users(struct arena *arena, const struct program *program);

#endif
