/* Which element of which layer a value of the compiled program is. */
#ifndef SLUICE_COMPILER_NEURONS_H
#define SLUICE_COMPILER_NEURONS_H

#include "compiler/program/program.h"
#include "model/network.h"

/* The passes keep no numbers of neurons, but they keep the neurons' values; so the values that are
 * marked (candidates [op_count]) are compared with the elements of their block's layers over random
 * events, the layers evaluated by the double-precision reference. elements [op_count]: the element,
 * of the inputs the port; -1: like none, the same in all of these events, or not a candidate.
 * Among elements that are like it the lowest that no value before it is. layers [op_count], may be
 * NULL: the layer of the element, else -1. */
void neurons_find(const struct program *program, const struct network *network,
                  const bool *candidates, int *elements, int *layers);
/* The layer a block was made from, by name; -1: none. */
int neurons_block_layer(const struct program *program, const struct network *network, int block);

#endif
