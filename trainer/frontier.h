/* Learned widths under a price: how the weight of the price moves, the networks that branch off on
 * the way, and what becomes of them. */
#ifndef SLUICE_TRAINER_FRONTIER_H
#define SLUICE_TRAINER_FRONTIER_H

#include "trainer/nn/price.h"
#include "trainer/session.h"

/* Whether the configuration prices hardware at all. */
bool frontier_wanted(const struct train_config *config);
/* Most branches: those of the ramp, and bridges. */
int frontier_branches(const struct train_config *config);
/* Room for the branches. */
void frontier_allocate(struct session *s);
/* Before the quantized phase's first step. */
void frontier_start(struct session *s);
/* Before each step of it, at time `epoch`: the weight of the price. */
double frontier_weight(struct session *s, double epoch);
/* After each epoch: a network branches off where the price passed one of the frontier's. */
void frontier_branch(struct session *s);
/* When the price has reached its end. */
bool frontier_reached(const struct session *s);
/* Makes points of every branch (polish.h), each on a thread of its own. Where these leave a gap
 * above the target, bridges search on from the cheapest good ones. False if an interrupt came in
 * between. */
bool frontier_finish(struct session *s);
/* Points that no other one beats in both price and monitored value, by falling price; the session's
 * network becomes the one that is picked. */
void frontier_export(struct session *s, struct train_result *r);
void frontier_free(struct session *s);

#endif
