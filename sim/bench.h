/* The Verilator bench as a program: built once per design (by content), run over files of packed
 * events. */
#ifndef SLUICE_SIM_BENCH_H
#define SLUICE_SIM_BENCH_H

#include "base/arena.h"
#include "compiler/program/program.h"

#include <stdbool.h>
#include <stdint.h>

struct bench_design {
    const char *folder;         /* where the bench is built and kept */
    const char *name;           /* of the executable: "bench", "bench_trace" ... */
    const char *const *sources; /* Verilog files, NULL-terminated */
    const char *top;
    int input_bits;
    bool trace;        /* can write a waveform: slower */
    bool quick;        /* compiled without optimisation: for short runs */
    bool mutants;      /* the top has an input mutant_i that chooses a mutation */
    bool loads;        /* the top has loadable memories: sim/load_bench.h loads them */
    unsigned protect;  /* enum program_protect: the top has counters of upsets */
    const char *state; /* faults_state.h: sim/faults_bench.h flips it; else NULL */
    bool axis;         /* the top is the AXI-Stream wrapper: sim/axis_bench.h judges it */
    bool board;        /* the top is a board's: sim/board_bench.cpp in place of the bench */
};

/* Path of the executable. Built only if sources, bench or Verilator changed since; a failure of
 * Verilator or the C++ compiler ends with one line that names the log. */
const char *bench_build(struct arena *arena, const struct bench_design *design);

/* The Verilog files that a build folder's rtl/NAME lists, in its order, absolute, NULL-terminated.
 */
const char *const *bench_file_list(struct arena *arena, const char *folder, const char *name);

/* Events as the bench reads them: FOLDER/NAME.in and NAME.out, packed rows of whole bytes. */
struct bench_events {
    const char *inputs, *expected; /* files */
    int input_bytes, output_bytes;
    long count;
};
struct bench_events bench_write_events(struct arena *arena, const struct program *program,
                                       const char *folder, const int64_t *inputs,
                                       const int64_t *outputs, long count);

/* Other contents for the loadable memories of a program: FOLDER/words.bin, the words of the
 * program's own contents and then of the others, and FOLDER/events_loaded.out, what events give
 * with those.
 */
struct bench_loads {
    const char *words, *expected; /* files */
    int address_bits, data_bits;
};
/* `loaded`: the program with the other contents; outputs: its own [count][output_count]. */
struct bench_loads bench_write_loads(struct arena *arena, const struct program *program,
                                     const struct program *loaded, const char *folder,
                                     const int64_t *outputs, long count);

struct bench_run {
    const char *executable, *folder;
    const struct bench_events *events;
    const struct bench_loads *loads; /* NULL unless the design loads */
    long first, count;               /* events of the files; count >= 1 */
    int latency_cycles, interval_cycles, crossing_cycles;
    uint64_t seed;
    bool control;                  /* reset with events in flight, events that come too early */
    const char *trace;             /* waveform file or NULL */
    uint64_t trace_from, trace_to; /* cycles kept in it */
    long mutants;
    long flips, first_flip; /* of a campaign of upsets, and the number of its first */
    int flip_bits;
    int stall_cycles; /* axis: that the sink may stall without making the source wait */
};

enum { BENCH_KIND_BYTES = 24, BENCH_MAX_OUTPUT_BYTES = 8192 };
struct bench_verdict {
    long checked, mismatches; /* presentations judged, judged wrong (the gaps between them too) */
    long latency;             /* measured with one event alone; -1: it never came out */
    double cycles;
    bool failed;
    /* "value", "missing", "spurious", "error"; "ready", "bank", "swap" of what loads */
    char kind[BENCH_KIND_BYTES];
    /* "back to back", "crossings", "random gaps", "reset", "early", "loading, full rate", "loading,
     * random gaps" */
    char phase[BENCH_KIND_BYTES];
    long event;                /* number in the files, -1: none */
    uint64_t presented, cycle; /* when it was presented and when the failure was seen */
    unsigned char got[BENCH_MAX_OUTPUT_BYTES]; /* data_o then */
};
void bench_run(const struct bench_run *run, struct bench_verdict *verdict);
/* As bench_run() of a design with state: lines "row flips masked corrected detected silent", for
 * the rows of its state that were hit. */
const char *bench_run_flips(struct arena *arena, const struct bench_run *run);
/* As bench_run() in mutation mode: the lines "number caught events" for mutants 0..mutants, 0 being
 * none. */
const char *bench_run_mutants(struct arena *arena, const struct bench_run *run);

#endif
