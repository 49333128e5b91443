/* Events that verification drives: the user's, and made ones that look for trouble. */
#ifndef SLUICE_SIM_STIMULI_H
#define SLUICE_SIM_STIMULI_H

#include "base/arena.h"
#include "compiler/program/program.h"

#include <stdint.h>

enum stimulus_kind {
    STIMULUS_TEST,
    STIMULUS_RANDOM,
    STIMULUS_CORNER,
    STIMULUS_OVERFLOW,
    STIMULUS_KINDS
};
extern const char *const stimulus_names[STIMULUS_KINDS];

/* Made events have raw physical values too, so that the references can be asked about them. */
struct stimuli {
    struct arena arena;
    long count; /* in all, kind after kind */
    long of_kind[STIMULUS_KINDS];
    const double *x; /* test events, the caller's [of_kind[0]][input_count] */
    double *made;    /* the others [count - of_kind[0]][input_count] */
    int64_t *inputs; /* stored integers of all [count][input_count] */
};

/* random: that many events, uniform, near zero, and mixed from each element's extremes. Corners:
 * all elements at their least, at their greatest, at zero, alternating, and each alone at an
 * extreme. Overflow: raw values far outside the formats, and for every accumulator (what a
 * quantizer reads, and the outputs) the inputs that drive it highest and lowest: by the signs of
 * the weights, then by hill climbing. */
void stimuli_make(struct stimuli *stimuli, const struct program *program, const double *x,
                  long events, long random_events, uint64_t seed);
void stimuli_free(struct stimuli *stimuli);
/* Raw values of an event. */
const double *stimuli_raw(const struct stimuli *stimuli, const struct program *program, long event);
/* Kind of an event and its number within the kind. */
enum stimulus_kind stimuli_kind(const struct stimuli *stimuli, long event, long *number);

#endif
