/* Optimizers: one step on a stretch of parameters. Formulas: docs/guide/training.md.
 *
 * Sources: Adagrad, Duchi et al. 2011; Adadelta, Zeiler 2012 (with the learning rate as a factor);
 * RMSprop, Tieleman and Hinton 2012; Adam, Kingma and Ba 2015, algorithm 1; AdamW, Loshchilov and
 * Hutter 2019, algorithm 2; AMSGrad, Reddi et al. 2018, with Adam's bias correction; Nesterov in
 * Sutskever's form 2013, with the gradient taken at the point the parameters stand at. */
#ifndef SLUICE_TRAINER_NN_OPTIMIZER_H
#define SLUICE_TRAINER_NN_OPTIMIZER_H

#include "trainer/nn/real.h"
#include "trainer/train.h"

struct optimizer {
    enum train_optimizer kind;
    double momentum, beta1, beta2, rho, epsilon, weight_decay;
    long step;      /* steps begun */
    real *state[3]; /* [parameters] each; as many as optimizer_states() */
};

/* Arrays of state that a kind keeps, 0..3; all start at zero. */
int optimizer_states(enum train_optimizer kind);
/* Once before the stretches of a step. */
void optimizer_begin_step(struct optimizer *o);
/* Updates w[0..count-1], which is parameters first .. first + count - 1 of the state, with the
 * gradient g. decays: whether weight_decay applies (weights, not biases). */
void optimizer_update(const struct optimizer *o, size_t first, size_t count, real *w, const real *g,
                      double learning_rate, bool decays);

/* The learning rate at time t (epochs since the phase began) of a phase of `epochs`. */
double schedule_rate(const struct train_config *config, double base, double t, int epochs);

#endif
