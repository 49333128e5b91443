/* A test of the test: does verification notice when the netlist is wrong in one place?
 *
 * Yosys makes one netlist with `mutants` random single-site mutations (a bit inverted, stuck, or
 * flipped by a neighbour), chosen by an input, so that one Verilator build covers all. Each is
 * driven until an event notices it. Survivors are proved equivalent, or count as missed: with the
 * pipeline's registers made transparent on both sides, original and mutant are compared by ABC for
 * all inputs at once. That is sound because every path has the same number of registers and a
 * mutation mixes bits of one moment only; mutations of the control logic (reset, valid) are never
 * proved this way. */
#ifndef SLUICE_SIM_MUTATION_H
#define SLUICE_SIM_MUTATION_H

#include <stdbool.h>
#include <stdint.h>

struct mutation_request {
    const char *folder; /* build folder: program.sluice, rtl/ */
    int mutants;        /* asked for; a small netlist has fewer */
    const double *x;    /* raw test events [events][inputs]; may be none here */
    long events;
    long random_events;
    uint64_t seed;
};
struct mutation_result {
    int mutants, caught, equivalent, missed;
    char first_missed[300]; /* Yosys' description of it, "" if none */
    bool passed; /* at least 99 % of those not proved equivalent were caught, and there were some */
    double seconds;
};

/* Prints `mutants N caught C equivalent E missed M` as an information line. Works in
 * folder/verify/mutation/. */
void mutation_run(const struct mutation_request *request, struct mutation_result *result);

#endif
