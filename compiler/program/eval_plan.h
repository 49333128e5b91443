/* The interpreter's plan: a program made ready to run on blocks of LANES events, one operation
 * after the other over all lanes of a block (op-major, structure of arrays). Values live in slots
 * of LANES integers, reused after their last use, so that the working set stays in the nearest
 * caches. Private to eval*.c. */
#ifndef SLUICE_COMPILER_EVAL_PLAN_H
#define SLUICE_COMPILER_EVAL_PLAN_H

#include "compiler/program/program.h"

enum { LANES = 256 };

struct term_step {
    int slot;
    int64_t weight;
};

struct step {
    enum op_code code;
    int value;        /* the op */
    int to, a, b, c;  /* slots */
    int up_a, up_b;   /* left shifts that align a and b (select: b and c) */
    int up_c;         /* adc, sbb: of the carry, c */
    int first, terms; /* result, concat, pick: in plan->terms[] (concat: weight is the operand's
                         width; pick: the shift that aligns it); load: 1 with a condition */
    /* const: value; input: element; table: what entry 0 stands for; result: bias; slice: low; load,
     * store: slot of entry 0 */
    int64_t immediate;
    const int64_t *entries; /* of a table, of a loadable memory; else NULL */
    /* quantize: round off `drop` bits, then integers above limit_hi give over, below limit_lo give
     * under, others are shifted up by up_a; slice, not and popcount use width (and sign). */
    int drop, width;
    bool is_signed;
    struct format format;
    int64_t limit_lo, limit_hi, under, over;
    int64_t lo, hi; /* of the value, for interval checks */
};

/* Steps [first, end), run `trip` times; the first of the plan are constants. */
struct plan_block {
    int first, end, trip;
};

struct plan {
    const struct program *program;
    bool narrow;                 /* every value and aligned operand fits 31 bits: int32_t lanes */
    int slots, constants, steps; /* the first `constants` steps run once per buffer */
    struct step *step;
    struct plan_block *blocks; /* [block_count] of the program */
    struct term_step *terms;
    int *slot_of; /* of each op, -1: none */
};

/* keep_all: every value gets a slot of its own and none is left out as dead. */
struct plan *plan_new(const struct program *program, bool keep_all);
void plan_free(struct plan *plan);

/* Runs events [first, end) of inputs, writing outputs; `buffer` holds slots * LANES lanes. check:
 * intervals are asserted after every step. */
void plan_run_narrow(const struct plan *plan, int32_t *buffer, const int64_t *inputs, long first,
                     long end, int64_t *outputs, bool check);
void plan_run_wide(const struct plan *plan, int64_t *buffer, const int64_t *inputs, long first,
                   long end, int64_t *outputs, bool check);

#endif
