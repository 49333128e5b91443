/* Inside trainer/trees/: scores of how unlike the training events an event is. */
#ifndef SLUICE_TRAINER_TREES_ANOMALY_H
#define SLUICE_TRAINER_TREES_ANOMALY_H

#include "trainer/trees/export.h"

/* Isolation forest (Liu, Ting and Zhou 2008): trees of random splits on small samples; an event's
 * score is how much sooner than in the mean it is alone, so that outliers score high. */
void isolation_run(struct ensemble *ensemble, struct exported *exported);

/* Tree auto-encoder, as Roche et al. (2024) use one in a trigger: trees that part the events so
 * that those of a leaf are alike; a leaf is coded by the medians of its events, and an event's
 * score is its distance to them. x: the features as the trees see them, [rows][features]. */
void autoencoder_run(struct ensemble *ensemble, const float *x, struct exported *exported);

#endif
