/* Events with the outputs that the interpreter gives, for test benches of generated C. */
#ifndef SLUICE_SIM_GOLDEN_H
#define SLUICE_SIM_GOLDEN_H

#include "sim/stimuli.h"

struct golden {
    struct stimuli stimuli;
    long count;       /* events: test, random, corner and overflow ones */
    int64_t *outputs; /* [count][output_count] */
};

/* x: raw test events [events][input_count], or NULL. Large inputs get fewer events. */
void golden_make(struct golden *golden, const struct program *program, const double *x, long events,
                 uint64_t seed);
void golden_free(struct golden *golden);

/* Ends with one line if another program's outputs are not the golden ones. */
void golden_check(const struct golden *golden, const struct program *program, const char *folder);
/* PATH: the events as C arrays golden_in and golden_out of the network's types, with GOLDEN_EVENTS,
 * GOLDEN_INPUTS, GOLDEN_OUTPUTS, GOLDEN_IN, GOLDEN_OUT and GOLDEN_EVAL; `name` as
 * emit_c_name() gives it. */
void golden_write(const struct golden *golden, const struct program *program, const char *name,
                  const char *path);

#endif
