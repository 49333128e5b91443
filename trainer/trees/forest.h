/* Inside trainer/trees/: forests, single trees, AdaBoost. */
#ifndef SLUICE_TRAINER_TREES_FOREST_H
#define SLUICE_TRAINER_TREES_FOREST_H

#include "trainer/trees/export.h"

/* Fills the ensemble and what is exported of it. */
void forest_run(struct ensemble *ensemble, struct exported *exported);

#endif
