/* Events disturbed while training, as a detector would: so that the network learns to live with it.
 *
 * Per event and input, in this order: with probability `dead` a channel reads raw 0; else its raw
 * value is multiplied by 1 + smearing * g, and noise * g' standard deviations of the feature are
 * added, g and g' of mean 0 and deviation 1 (the sum of four uniform numbers: within 3.5). */
#ifndef SLUICE_TRAINER_NN_AUGMENT_H
#define SLUICE_TRAINER_NN_AUGMENT_H

#include "trainer/nn/real.h"

#include <stdbool.h>

struct augmentation {
    double noise, smearing, dead; /* all 0: none */
    const real *zero;             /* [inputs]: what raw 0 is, as the events are */
};

static inline bool augments(const struct augmentation *a)
{
    return a->noise > 0 || a->smearing > 0 || a->dead > 0;
}
/* Disturbs rows of `inputs` numbers, `columns` apart. What is drawn depends on key and row alone,
 * row_number being that of the first row in its batch. */
void augment_rows(const struct augmentation *a, uint64_t key, int row_number, int rows, int inputs,
                  int columns, real *x);

#endif
