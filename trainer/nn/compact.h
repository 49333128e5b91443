/* A smaller copy of a network that is trained with learned widths. */
#ifndef SLUICE_TRAINER_NN_COMPACT_H
#define SLUICE_TRAINER_NN_COMPACT_H

#include "trainer/nn/model.h"
#include "trainer/nn/optimizer.h"

/* A copy of nn (built with `quantized` set, nn_prepare() done) without the neurons that no weight
 * reads or whose activation has no bits; each layer keeps at least one. config: what nn was built
 * from; the copy may be used with it, too. Unless it is NULL, states of `optimizer` (its own
 * arrays, as long as nn's trainable parameters) become those of the copy, allocated in it. */
struct nn *nn_compact(const struct train_config *config, const struct nn *nn, struct pool *pool,
                      struct optimizer *optimizer);
/* The same with all neurons. */
struct nn *nn_copy(const struct train_config *config, const struct nn *nn, struct pool *pool);
/* The neurons of a copy by their numbers in the network that the first copy was made of: counts and
 * elements by dense operation, in order. */
struct nn *nn_select(const struct train_config *config, const struct nn *nn, struct pool *pool,
                     const int *counts, const int *const *elements);
/* That number. */
int nn_origin(const struct nn_op *dense, int neuron);

#endif
