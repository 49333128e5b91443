/* Search over the finished integers of a network with learned widths.
 *
 * Straight-through training ends near, not in, a minimum: rounding hides from it what a digit more
 * or less does. The search looks at every single change - a signed digit of a weight or bias taken
 * away, moved or added; an activation or input one bit finer, coarser, wider or narrower -
 * estimates what it does to the loss to second order, then runs all events through the promising
 * ones and keeps those that lower mean loss of the events + weight * price, the price by the model
 * of nn/price.h. Coordinate descent, in other words, on the numbers that hardware gets. */
#ifndef SLUICE_TRAINER_NN_SEARCH_H
#define SLUICE_TRAINER_NN_SEARCH_H

#include "trainer/nn/price.h"

struct search_result {
    bool possible; /* false: the network is none that nn/columns.h knows; nothing was done */
    int rounds, tried, kept;
    double loss_before, loss_after; /* mean over the events */
    double price_before, price_after;
};

/* Rounds until one keeps nothing, at most `rounds`, on events order[0 .. count - 1]. Leaves weights
 * at the values found, and their widths such that they stay. stop(): whether to end early, NULL:
 * never. */
struct search_result nn_search(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                               long count, const struct price_model *price, double weight,
                               int rounds, bool (*stop)(void));

#endif
