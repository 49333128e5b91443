/* Integers of the iterations that are loaded: like reuse_constant()'s, but in loadable memories,
 * several side by side in a word, and with a note of what each of them is. */
#ifndef SLUICE_COMPILER_REUSE_WORDS_H
#define SLUICE_COMPILER_REUSE_WORDS_H

#include "compiler/reuse/internal.h"

/* One integer a cycle, in steps of 2^-fraction. */
struct word_field {
    int64_t lo, hi;                /* what may be loaded */
    const int64_t *integers;       /* [trip] of today */
    const struct load_cell *cells; /* [trip] where they come from */
};

/* In the open block: memories NAME, and values[k], the integer of field k in each iteration. */
void words_add(struct reuse *r, const struct reuse_layer *layer, const char *name,
               const struct word_field *fields, int count, int fraction, int *values);

#endif
