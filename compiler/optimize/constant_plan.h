/* Where a constant goes in a sum for nothing, or nearly so. Private to constants.c and its planner.
 *
 * All bits are powers of two of the tree's root. A constant's parts:
 * - a carry into an adder, at the bit where its chain begins: free;
 * - below an addend, where that has no bits: free, or as many bits as the chain gets longer;
 * - above an addend that is never negative: free; above a signed one after its sign is inverted,
 *   which adds 2^(its top bit);
 * - in the minuend of an operation that has a constant there anyway;
 * - what is left by an adder of its own. */
#ifndef SLUICE_COMPILER_CONSTANT_PLAN_H
#define SLUICE_COMPILER_CONSTANT_PLAN_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

enum site_kind { SITE_CARRY, SITE_BELOW, SITE_ABOVE, SITE_MINUEND, SITE_ADDER };

struct site {
    enum site_kind kind;
    int op, k;     /* the operation, and its operand that the constant is added to */
    bool negative; /* the part counts negatively in the root */
    int bit;       /* CARRY: its bit; BELOW: parts are below 2^bit; ABOVE: multiples of 2^bit */
    bool flips;    /* ABOVE a signed addend: odd multiples, and one bit dearer */
    int top;      /* ABOVE: highest bit that makes no sum wider; ADDER: highest bit of the addend */
    int levels;   /* ABOVE: sums that get wider beyond it */
    int first;    /* all but CARRY: the lowest bit that a part may have */
    bool extends; /* BELOW: the adder's chain begins at `bit`: a part from bit p on makes it longer
                     by bit - p, and its carry is no longer free */
};

/* A part: site number and the part's absolute size, integer * 2^bit. ADDER, MINUEND: with sign. */
struct part {
    int site;
    int64_t integer;
    int bit;
};

struct constant_plan {
    int count;
    struct part *parts;
};

/* The cheapest parts of integer * 2^bit, integer odd. `sites` has at least one ADDER. Parts may be
 * as fine as 2^finest: two carries at a bit are one at the next. */
struct constant_plan constant_plan_make(struct arena *arena, const struct site *sites, int count,
                                        int64_t integer, int bit, int finest);

#endif
