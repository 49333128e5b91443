/* Removal of signed digits by what the compiler says they cost. */
#ifndef SLUICE_TRAINER_REMOVAL_H
#define SLUICE_TRAINER_REMOVAL_H

#include "trainer/session.h"

/* Takes signed digits out of the learned weights of s->nn until 1 - sparsity of those it started
 * with (s->at.first_digits) are left. Again and again, those digits are compared that a model says
 * save most for the loss: each one's layer is compiled without it (adder bits or LUT4, as the
 * configuration's price), all training events run through it (nn/columns.h), and the few go that
 * save most look-up tables for the loss they cost. Ends with one line when weights are not learned
 * or there is no target to compile for. */
void removal_run(struct session *s, double sparsity);

#endif
