/* Other contents for the loadable memories of a design that is simulated. */
#ifndef SLUICE_SIM_LOADS_H
#define SLUICE_SIM_LOADS_H

#include "sim/bench.h"

struct loads_request {
    const char *folder; /* the build folder: its program.sluice and load.json */
    const char
        *image; /* a file that `sluice image` wrote; NULL: random integers of what is declared */
    uint64_t seed;
    const char *work; /* where the bench's files go */
};

/* The contents, and what events (stored integers, [count][inputs]) give with them. */
struct bench_loads loads_prepare(struct arena *arena, const struct program *program,
                                 const struct loads_request *request, const int64_t *inputs,
                                 long count);

#endif
