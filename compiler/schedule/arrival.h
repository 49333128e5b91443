/* When the bits of a value are there.
 *
 * A path through an operation is some levels of LUTs and carry chains, each behind a route
 * (target.h). A carry chain is entered and left at any bit, so that the low bits of one sum are
 * already added in the next while the high ones still ripple: two chained sums of W bits take two
 * routes and chain starts, but W carries once. Times are in ns after the registers before. */
#ifndef SLUICE_COMPILER_ARRIVAL_H
#define SLUICE_COMPILER_ARRIVAL_H

#include "compiler/compile.h"

enum { ARRIVAL_BITS = 63 };
#define ARRIVAL_NEVER (-1e30)

/* Of each bit of the stored integer, the lowest first; ARRIVAL_NEVER: on no path that counts. */
struct arrival {
    double bits[ARRIVAL_BITS];
};

/* From the operands' times to the value's. operands[k] NULL: no path through that operand (a
 * constant, or none that counts). */
void op_arrival(const struct program *program, int value, const struct target *target,
                const struct arrival *const *operands, struct arrival *out);
/* All bits at 0: out of registers. */
extern const struct arrival arrival_zero;
/* The most operands of any operation, for arrays of them. */
int arrival_operands_most(const struct program *program);

/* The times of every value of a scheduled program, after the start of its stage, or (whole) after
 * the inputs with no registers on the way. [op_count], in the arena. */
struct arrival *arrivals_find(struct arena *arena, const struct program *program,
                              const struct target *target, bool whole);
/* What operand k of a value brings in that: NULL if it is a constant. */
const struct arrival *arrival_of_operand(const struct program *program, const struct arrival *all,
                                         int value, int k, bool whole);

/* The latest bit; ARRIVAL_NEVER if there is none. */
double arrival_latest(const struct program *program, int value, const struct arrival *arrival);
/* All bits at one time. */
void arrival_fill(const struct program *program, int value, double ns, struct arrival *arrival);

#endif
