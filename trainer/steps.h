/* Pruning in steps (prune_method, but for gradual): between two epochs of the quantized phase the
 * next part is removed; what the network was before is a row of the table that the training ends
 * with. */
#ifndef SLUICE_TRAINER_STEPS_H
#define SLUICE_TRAINER_STEPS_H

#include "trainer/session.h"

bool steps_wanted(const struct session *s);
void steps_allocate(struct session *s);
/* Steps that have training behind them; the others follow at the end. */
int steps_between_epochs(const struct train_config *config);
/* First epoch of the part of the quantized phase that belongs to step k; of step prune_steps + 1
 * its end. */
int steps_epoch(const struct train_config *config, int step);
/* Before every epoch. */
void steps_begin_epoch(struct session *s);
/* Behind the last epoch: what is left to do, and the last row. */
void steps_finish(struct session *s);

#endif
