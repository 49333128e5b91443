/* Distillation: training targets from what a teacher says (Hinton et al., arXiv:1503.02531, at
 * temperature 1: labels are noise around a probability that a good teacher knows better). */
#ifndef SLUICE_TRAINER_TEACHER_H
#define SLUICE_TRAINER_TEACHER_H

#include "trainer/session.h"

/* Replaces the targets of s->train by (1 - teacher_weight) of themselves and teacher_weight of the
 * teacher's: the network of the configuration or, without one, the float phase's. */
void teacher_fill(struct session *s);
/* Whether a network can teach: inputs and outputs fit. Ends with one line if not. */
void teacher_check(const struct train_config *config, const struct events *events);

#endif
