/* The network while it is trained: operations in a row, their parameters in one block, and a
 * workspace for each thread.
 *
 * Operations follow from the configuration's layers: a dense layer is a DENSE, with a linear
 * ACTIVATION behind it where its outputs are quantized; an activation layer is an ACTIVATION with
 * its quantizer in the same pass. A last softmax or sigmoid that the loss contains is no operation.
 */
#ifndef SLUICE_TRAINER_NN_MODEL_H
#define SLUICE_TRAINER_NN_MODEL_H

#include "trainer/nn/augment.h"
#include "trainer/nn/loss.h"
#include "trainer/nn/pool.h"
#include "trainer/nn/quantizer.h"

enum op_kind { OP_DENSE, OP_BATCHNORM, OP_ACTIVATION, OP_SOFTMAX, OP_DROPOUT };

/* A stretch of the parameter block: rows x columns, columns padded. */
struct span {
    size_t first, count;
};

/* Learned widths of one tensor (nn/widths.h): real parameters, [rows][columns] or [columns] or, all
 * sharing one, [PAD] of which the first counts. */
struct nn_widths {
    bool learned;
    enum train_grain grain;
    int rows, columns;           /* of the tensor, padded */
    struct span fraction, range; /* range: of activations alone, sign included */
};

struct nn_op {
    enum op_kind kind;
    int layer; /* index in the configuration; -1: the input's quantizer */
    int inputs, outputs;
    int input_columns, columns; /* padded row strides */
    /* DENSE: weights [inputs][columns] and bias [columns] (count 0: none). */
    struct span weights, bias;
    struct column_quantizer weight_quant, bias_quant;
    struct nn_widths weight_widths, bias_widths;
    int *origin;         /* [outputs] of a copy: see nn/compact.h; NULL: all, in order */
    real *half;          /* [columns] that the bias holds for the activation behind; NULL: none */
    int digits;          /* nonzero CSD digits of a quantized weight at most; 0: any */
    double l1, l2;       /* penalties of this layer, the configuration's included */
    unsigned char *kept; /* [inputs][columns]: 0 for a pruned weight; NULL: nothing pruned */
    real *used_weights, *used_bias; /* quantized; what forward and backward multiply by */
    real *transposed;               /* used_weights as [outputs][input_columns] */
    /* BATCHNORM: trainable gamma, beta [columns]; running mean and variance behind all trainable
     * parameters; statistics of the batch, and each thread's sums for them. */
    struct span gamma, beta, mean, variance;
    real *batch_mean, *batch_inverse; /* [columns]: mean, 1 / sqrt(variance + epsilon) */
    double *sums;                     /* [threads][4][columns] */
    real *scratch;                    /* [threads][3][columns] */
    /* ACTIVATION */
    enum activation activation;
    real alpha;
    struct column_quantizer quant;
    struct nn_widths widths;
    bool range_learned, *is_signed; /* [columns] */
    /* DROPOUT */
    double rate;
};

struct nn_workspace {
    real *input;        /* [tile][input_columns of the first operation] */
    real **outputs;     /* [op]: [tile][columns] */
    real *loss, *other; /* [tile][widest columns]: gradients on their way back, in turns */
    real *widths;       /* [2][widest columns]: gradients of learned fraction bits and ranges */
    int *labels;        /* [tile] */
    real *targets, *weights;
};

/* The gradient of a part of a batch, so that parts can be worked on by whatever thread is free and
 * are added up in order. */
struct nn_slice {
    real *gradient; /* [trainable] */
};

/* Events made ready for training: standardised, quantized in the quantized phase. */
struct nn_events {
    long count;
    int columns; /* padded row stride of x */
    real *x;
    int *labels;   /* or NULL */
    real *targets; /* [count][outputs] or NULL */
    real *weights; /* or NULL: all 1 */
};

struct nn {
    struct arena arena;
    struct pool *pool; /* not ours */
    int inputs, input_columns, outputs;
    int op_count;
    struct nn_op *ops;
    size_t trainable, parameter_count;
    real *parameters;             /* [parameter_count] */
    struct quantizer input_quant; /* of the standardised inputs; count 0: none */
    struct loss_spec loss;
    bool has_batchnorm;
    struct nn_slice *slices; /* [slice_capacity], each a part of a batch */
    int slice_capacity;
    real *gradient;                  /* of the batch: slices[0]'s after nn_gradient() */
    int tile;                        /* rows a workspace holds */
    struct nn_workspace *workspaces; /* [threads] */
    struct augmentation augment;     /* of training batches */
    uint64_t seed;                   /* of dropout and augmentation */
};

/* Whether the first operation is the quantizer of the inputs, so that events come unquantized. */
static inline bool nn_quantizes_input(const struct nn *nn)
{
    return nn->op_count > 0 && nn->ops[0].layer < 0;
}

extern const double nn_batchnorm_epsilon, nn_batchnorm_momentum;

/* Builds the operations of a configuration. quantized: without batch normalisation (folded away by
 * the caller), with linear activations where dense outputs get a quantizer; the quantizers
 * themselves are set by nn/convert.h. Parameters are zero. */
struct nn *nn_init(const struct train_config *config, int inputs, bool classes, bool quantized,
                   struct pool *pool);
void nn_free(struct nn *nn);
/* Glorot's uniform weights (2010, equation 16), zero biases, gamma and variance 1. */
void nn_randomise(struct nn *nn, uint64_t seed);
/* Quantizes and transposes the weights for the passes below; after every change of parameters. */
void nn_prepare(struct nn *nn);
/* One batch: events order[0..count-1]; step counts batches since the training began. The gradient
 * of the weighted mean loss is left in nn->gradient. */
struct loss_sum nn_gradient(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                            int count, uint64_t step);
/* Loss over all events, no dropout, running statistics. outputs: NULL, or [count][outputs] raw
 * outputs (logits). */
struct loss_sum nn_evaluate(struct nn *nn, const struct nn_events *events, double *outputs);
/* The outputs of operation `op` (-1: the input) for events 0 .. count - 1: values [count][its true
 * width]. */
void nn_collect(struct nn *nn, const struct nn_events *events, long count, int op, real *values);

/* ---- for model.c and passes.c */
/* Rows of a tile through operations 0..last. training: batch statistics, dropout. row: number of
 * the tile's first row in the batch. */
void nn_forward(struct nn *nn, int thread, int rows, int last, bool training, uint64_t step,
                int row, int batch);
/* Turns d loss / d outputs, in the workspace, into parameter gradients, added to `parameters`. */
void nn_backward(struct nn *nn, int thread, int rows, uint64_t step, int row, int batch,
                 real *parameters);

#endif
