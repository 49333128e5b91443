/* Training that starts from somebody else's float network (struct train_config's `init`). */
#ifndef SLUICE_TRAINER_INITIAL_H
#define SLUICE_TRAINER_INITIAL_H

#include "trainer/nn/model.h"

/* Ends with one line where the network does not fit the configuration's layers or the events. */
void initial_check(const struct train_config *config, const struct events *events);
/* Its scaling of the inputs; 1 and 0 without one. */
void initial_scaling(const struct train_config *config, int features, double *scale,
                     double *offset);
/* Its weights and biases into the float phase's network. */
void initial_load(const struct train_config *config, struct nn *nn);

#endif
