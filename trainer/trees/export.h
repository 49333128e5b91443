/* Inside trainer/trees/: trained ensembles as networks. */
#ifndef SLUICE_TRAINER_TREES_EXPORT_H
#define SLUICE_TRAINER_TREES_EXPORT_H

#include "trainer/trees/ensemble.h"

/* Members in the form of model/trees.h: thresholds from the cuts, values per leaf. */
struct exported {
    const struct trees_config *config;
    const struct cuts *cuts;
    const struct member *members;
    int count, outputs;
    const double *base;     /* [outputs] or NULL */
    double divisor;         /* of averages; 1 */
    double step;            /* > 0: all values are multiples of it */
    enum layer_kind behind; /* LAYER_SOFTMAX, LAYER_SIGMOID or LAYER_INPUT for nothing */
    int distance;           /* > 0: leaves hold the centres of so many features (TREE_DISTANCE) */
};

/* front: the quantized features (taken over), or NULL for raw ones. */
struct network *export_network(const struct exported *e, struct network *front,
                               const struct events *events);
struct trees_summary export_summary(const struct exported *e);
/* Gain of all splits on each feature over that of all: [features], in the arena. */
double *export_importance(const struct exported *e, struct arena *arena);

#endif
