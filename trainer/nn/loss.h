/* Losses on a batch: the sum of the events' losses and its gradient.
 *
 * Cross-entropies take logits: softmax and sigmoid are part of them, which keeps both exact. */
#ifndef SLUICE_TRAINER_NN_LOSS_H
#define SLUICE_TRAINER_NN_LOSS_H

#include "trainer/nn/real.h"
#include "trainer/train.h"

struct loss_spec {
    enum train_loss kind;
    real huber_delta;
    int outputs;    /* columns of y that count */
    int columns;    /* row stride of y, a multiple of PAD */
    bool classes;   /* targets are class numbers, else [rows][outputs] values */
    real threshold; /* one output: larger means class 1 */
};

struct loss_sum {
    double loss;   /* sum over events of weight * loss */
    double weight; /* sum of weights */
    long right; /* classes: events whose largest output (one output: > threshold) is the label's */
};

/* y: outputs [rows][columns]; labels [rows] or targets [rows][outputs], of classes both where the
 * targets are soft labels, which each sum to 1 and take the labels' place; weights [rows], NULL:
 * all 1. The gradient of scale * sum of weight * loss is written over y when differentiate is set
 * (columns past `outputs` get 0). Losses that need a label's value take 1 for it and 0 (hinge: -1)
 * for the others; with one output, label 1 is the output's class. */
struct loss_sum loss_eval(const struct loss_spec *spec, int rows, real *y, const int *labels,
                          const real *targets, const real *weights, real scale, bool differentiate);

#endif
