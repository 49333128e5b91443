/* Fake quantization of whole matrices, and the gradient that is sent through it.
 *
 * Forward is format_quantize() of model/format.h, exactly, for every real that is a float and a
 * format of at most 24 bits. The gradient is that of a surrogate: for SAT, SAT_SYM and SAT_ZERO the
 * identity inside the format's range [min, max] and 0 outside; for WRAP, whose output rises with
 * its input everywhere but at the jumps, the identity. */
#ifndef SLUICE_TRAINER_NN_QUANTIZER_H
#define SLUICE_TRAINER_NN_QUANTIZER_H

#include "base/arena.h"
#include "model/network.h"
#include "trainer/nn/real.h"
#include "trainer/train.h"

/* A tensor's formats as rows of constants, one per column. Modes are the same in all columns. */
struct column_quantizer {
    bool active; /* false: identity, nothing below is set */
    enum rounding rounding;
    enum overflow overflow;
    int columns;               /* padded */
    real *inverse_step, *step; /* [columns] */
    bool uniform;              /* one format for all columns */
    bool binary;               /* weights: step if x >= 0, else -step; set by the caller */
    real *lowest, *highest;    /* [columns] stored integers */
    real *smallest, *largest;  /* [columns] lowest * step, highest * step */
    real *modulus;             /* [columns] 2^W */
    real *shift; /* [columns] learned widths: what of the argument is for rounding; else NULL */
    struct quantizer quantizer; /* as in the network: count 1 or the true number of columns */
};

/* From a network's quantizer: count 0, 1 or `elements`. Memory from the arena. */
struct column_quantizer quantizer_columns(struct arena *arena, const struct quantizer *quantizer,
                                          int elements);

enum activation {
    ACTIVATION_LINEAR,
    ACTIVATION_RELU,
    ACTIVATION_LEAKY_RELU,
    ACTIVATION_SIGMOID,
    ACTIVATION_TANH,
    ACTIVATION_SIGN /* gradient: that of min(max(x, -1), 1) */
};

/* y = Q(f(z)), rows x columns with row stride `columns`, a multiple of PAD. y may be z. */
void activation_forward(enum activation f, real alpha, const struct column_quantizer *q, int rows,
                        int columns, const real *z, real *y);
/* d becomes d * Q'(f(z)) * f'(z); the sums of its columns are added to `sums` (may be NULL). */
void activation_backward(enum activation f, real alpha, const struct column_quantizer *q, int rows,
                         int columns, const real *z, real *d, real *sums);

/* The same for learned widths (nn/widths.h), y being what activation_forward() gave: the gradients
 * of fraction bits and range are added to fractions and ranges [columns]. */
void activation_backward_learned(enum activation f, real alpha, const struct column_quantizer *q,
                                 int rows, int columns, const real *z, const real *y, real *d,
                                 real *sums, real *fractions, real *ranges);

/* Integer bits for a width, from `count` values: a format with f's width, sign and modes. */
struct format calibrate_format(struct format f, const real *values, long count,
                               enum train_calibration how, double percentile);
/* The value nearest to n (a stored integer) with at most `digits` nonzero digits in canonical
 * signed digit form, |value| <= largest; the smaller magnitude on a tie. */
int64_t csd_nearest(int64_t n, int digits, int64_t largest);
/* Nonzero digits of the canonical signed digit form. */
int weight_digits_of(int64_t n);

#endif
