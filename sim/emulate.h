/* Many events through the integer program: raw rows from a file to scores in a file and histograms,
 * piece by piece on two threads, so that 10^8 events need no more memory than 10^4. */
#ifndef SLUICE_SIM_EMULATE_H
#define SLUICE_SIM_EMULATE_H

#include "compiler/native.h"

struct emulate_options {
    const char *events;    /* any file events_read_rows() reads; NPY of float32 or float64 is read
                              piece by piece, others are held in memory */
    const char *out;       /* NPY of doubles [events][output_count], NULL: none */
    const char *histogram; /* .json or CSV, see histogram.h, NULL: none */
    const char *cache;     /* folder of compiled programs */
    enum native_mode mode;
};

struct emulate_result {
    long events;
    const char *origin;     /* as native_origin() */
    double compile_seconds; /* in the C compiler */
    double cpu_seconds;     /* of the same, both threads together */
    double seconds;         /* from the first event read to the last score written */
};

/* A user's mistake ends the program with one line; no file appears then. */
struct emulate_result emulate_run(const struct program *program,
                                  const struct emulate_options *options);

#endif
