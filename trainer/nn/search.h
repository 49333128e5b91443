/* Search over the finished integers of a network with learned widths.
 *
 * Straight-through training ends near, not in, a minimum: rounding hides from it what a digit more
 * or less does. The search tries every single change - a signed digit of a weight or bias taken
 * away, moved or added; an activation or input one bit finer, coarser, wider or narrower - by
 * running the events through what the change touches, and keeps changes that lower
 *   mean loss of the events + weight * price.
 * Exact: nothing is approximated but the price, which is the model of nn/price.h. */
#ifndef SLUICE_TRAINER_NN_SEARCH_H
#define SLUICE_TRAINER_NN_SEARCH_H

#include "trainer/nn/price.h"

struct search_result {
    bool possible; /* false: the network has operations that the search does not know */
    int rounds, tried, kept;
    double loss_before, loss_after; /* mean over the events that were looked at */
    double price_before, price_after;
};

/* Rounds until one keeps nothing, at most `rounds`, on the first `count` events of order. nn: dense
 * operations with learned widths, ReLU or linear quantized activations between them. Leaves the
 * weights at the values found, and their widths such that they stay. */
struct search_result nn_search(struct nn *nn, const struct nn_events *events,
                               const uint32_t *order, long count,
                               const struct price_model *price, double weight, int rounds);

#endif
