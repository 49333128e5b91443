/* The synthesised netlist against the interpreter: the same bench, with models of the fabric's
 * cells. */
#ifndef SLUICE_SIM_GATE_LEVEL_H
#define SLUICE_SIM_GATE_LEVEL_H

#include "base/arena.h"

#include <stdint.h>

struct gate_level_request {
    const char *folder; /* build folder: program.sluice, build/network_netlist.v */
    const double *x;    /* raw test events [events][inputs] */
    long events;        /* those driven: at most 1,000 of them, and corners and overflows besides */
    uint64_t seed;
};
struct gate_level_result {
    long events, mismatches;
    char reason[300]; /* of a failure, "" if all agree */
    double seconds;
};

/* Bench and logs go to folder/verify/. No events at all is a failure. A netlist that is not there,
 * or holds cells without a model, ends the program with one line. */
void gate_level_run(const struct gate_level_request *request, struct gate_level_result *result);

/* The netlist that `build` left in the build folder and models of its cells, as Verilog files in
 * `work`, a folder two below it; NULL-terminated. */
const char *const *gate_level_sources(struct arena *arena, const char *folder, const char *work);

#endif
