/* Inside trainer/trees/: the methods, each filling an ensemble and what is said of it. */
#ifndef SLUICE_TRAINER_TREES_METHODS_H
#define SLUICE_TRAINER_TREES_METHODS_H

#include "trainer/trees/export.h"

struct training {
    const struct trees_config *config;
    const struct events *events;
    const long *train_rows, *valid_rows;
    struct loss_data train, valid;
    struct pool *pool;
};

/* Trains the members of an empty ensemble by the configuration's method; fills base, step, outputs,
 * divisor, what stands behind, and distance. x: the training features as the trees see them. */
void method_run(const struct training *training, struct ensemble *ensemble, const float *x,
                struct exported *exported);

#endif
