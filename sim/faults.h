/* A campaign of upsets: single bits of a network's state, flipped in simulation one at a time, and
 * what comes of each.
 *
 * State is every register and every memory of the generated Verilog. A run of events with gaps, and
 * with other contents loaded where there is a load port, is simulated once and recorded; then, for
 * each flip, again from the cycle of the flip on, for two latencies and eight intervals, and what
 * leaves the network is compared with the record, cycle by cycle. */
#ifndef SLUICE_SIM_FAULTS_H
#define SLUICE_SIM_FAULTS_H

#include "compiler/emit/emit.h"

#include <stdbool.h>
#include <stdint.h>

/* X(ID, name)
 *   masked     nothing at all was to be seen
 *   corrected  every output as recorded, and the upset was counted
 *   detected   error_o, an uncorrectable word, or valid_o in a cycle where it is not due or missing
 *              where it is, whatever else differs: the surroundings know
 *   silent     a result, its bank or load_ready_o differs, and none of that */
#define FAULT_TABLE(X)                                                                             \
    X(MASKED, masked) X(CORRECTED, corrected) X(DETECTED, detected) X(SILENT, silent)
#define X(id, name) FAULT_##id,
enum fault_class { FAULT_TABLE(X) FAULT_CLASSES };
#undef X
extern const char *const fault_names[FAULT_CLASSES];

struct faults_request {
    const char *folder; /* build folder: program.sluice, rtl/ */
    const double *x;    /* raw test events [events][inputs]; may be none */
    long events;
    bool gates; /* the flip-flops and block memories of the netlist that `build` left, in place of
                   the Verilog's: kinds by the names that synthesis kept */
    long flips; /* at least 1; shared equally among the kinds of state that are there */
    int bits;   /* flipped at once, in one register or one word of a memory: 1, or 2 to try codes */
    uint64_t seed;
    const char *image; /* what loadable memories are loaded with; NULL: random words */
};

struct faults_kind {
    long state_bits, flips, classes[FAULT_CLASSES];
};
struct faults_result {
    struct faults_kind kinds[EMIT_STATE_KINDS];
    double seconds;
};

/* Runs the campaign and writes FOLDER/faults.json. */
void faults_run(const struct faults_request *request, struct faults_result *result);

/* The part of upsets of a random bit of all state that ends in the class: kinds weighed by bits. */
double faults_share(const struct faults_result *result, enum fault_class class);

/* ---- what state there is (faults_state.c) ---- */

struct fault_state {
    const char *path;   /* below the top: "u_dense1.n48_ram" */
    const char *member; /* the same as Verilator's member of the top */
    const char *module; /* in which it is declared, and there */
    const char *name;
    const char *net; /* of a cell: the net of the top at its output Q; else NULL */
    long words;      /* of a memory; 0: a register */
    int width_bits;
};
/* All registers and memories of the Verilog files, in Yosys's order; the array belongs to the
 * arena. Works in `folder`. In a netlist dots are parts of names, else steps down. */
struct fault_state *faults_find_state(struct arena *arena, const char *folder,
                                      const char *const *files, const char *top, bool is_netlist,
                                      int *count);

#endif
