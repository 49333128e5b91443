/* From a network that left the quantized phase to points of the frontier. */
#ifndef SLUICE_TRAINER_POLISH_H
#define SLUICE_TRAINER_POLISH_H

#include "trainer/session.h"

/* Trains a copy of branch `number` with a falling learning rate, searches over its digits, in turns
 * with a few more epochs that shake it loose (iterated local search), judges and compiles it: the
 * first point of the branch. At rising weights of the price the search goes on to the others; the
 * last branch ends when its true price is at the target. Runs on the calling thread alone; nothing
 * of the session is changed but the branch's points and, at the end, its facts.done. Returns at
 * once when an interrupt is requested. */
void polish_branch(struct session *s, int number);
/* Adder bits or LUT4 of the compiled network, or what the model says where there is none. */
double polish_true_price(const struct session *s, const struct branch *b);
/* Costs by dense layer, as the price counts them, for price_fit(). */
void polish_layer_costs(const struct session *s, const struct compiled_cost *cost,
                        double costs[PRICE_MOST_LAYERS]);

#endif
