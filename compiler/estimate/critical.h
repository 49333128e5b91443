/* The longest paths of a scheduled program by the delay model: which operations limit the clock,
 * and which the latency. Registers' own times (clk_to_q, setup) are left out. */
#ifndef SLUICE_COMPILER_CRITICAL_H
#define SLUICE_COMPILER_CRITICAL_H

#include "compiler/schedule/arrival.h"

/* Operations with a delay, first to last. */
struct logic_path {
    int count;
    int *values;
    double *ns;
    double total_ns;
};

/* The value of which a bit is there last, of those that arrivals_find() gave; among those of one
 * stage unless stage is -1. The first of equals; -1 if there is none. */
int critical_last(const struct program *program, const struct arrival *arrivals, int stage);
/* The path that makes a value's last bit as late as it is: what each operation adds to it. */
struct logic_path critical_path(struct arena *arena, const struct program *program,
                                const struct target *target, const struct arrival *arrivals,
                                bool whole, int value);

#endif
