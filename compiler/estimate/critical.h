/* The longest paths of a scheduled program by the delay model: which operations limit the clock,
 * and which the latency. Registers' own times (clk_to_q, setup) are left out. */
#ifndef SLUICE_COMPILER_CRITICAL_H
#define SLUICE_COMPILER_CRITICAL_H

#include "compiler/compile.h"

/* Operations with a delay, first to last. */
struct logic_path {
    int count;
    int *values;
    double *ns;
    double total_ns;
};

/* When each value is there, in ns: after the start of its stage, or (whole) after the inputs with
 * no registers on the way. [op_count], in the arena. */
double *critical_arrivals(struct arena *arena, const struct program *program,
                          const struct target *target, bool whole);
/* The value that is there last; among those of one stage unless stage is -1. The first of equals;
 * -1 if there is none. */
int critical_last(const struct program *program, const double *arrivals, int stage);
/* The path that makes a value as late as it is. */
struct logic_path critical_path(struct arena *arena, const struct program *program,
                                const struct target *target, const double *arrivals, bool whole,
                                int value);

#endif
