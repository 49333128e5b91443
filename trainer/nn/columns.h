/* A trained network with learned widths held as columns, for looking at what one changed number
 * does: each element's values of a tile of events lie side by side, so a change of one neuron is a
 * few vector operations on the columns it touches and no others.
 *
 * The numbers are those of nn's forward pass: quantized weights times quantized activations. */
#ifndef SLUICE_TRAINER_NN_COLUMNS_H
#define SLUICE_TRAINER_NN_COLUMNS_H

#include "trainer/nn/model.h"

enum { COLUMNS_TILE = 512, COLUMNS_MOST_LAYERS = 12, COLUMNS_MOST_OUTPUTS = 64 };

/* A dense layer with the activation that its sums pass through, or the inputs with their quantizer
 * (no weights; `sums` are the raw values). */
struct column_layer {
    int inputs, outputs;
    real *weights, *bias; /* [inputs][outputs], [outputs]: as quantized */
    bool has_activation;  /* false: the results are the sums */
    enum activation activation;
    real alpha;
    bool truncates; /* else rounds to nearest */
    int *fraction,
        *range; /* formats of the results [outputs]; their bits are the sum, 0: constant 0 */
    bool *is_signed;
    struct nn_op *dense, *quantizer; /* what it was read from, or NULL */
    real *sums, *results;            /* [tile][outputs][COLUMNS_TILE] */
    /* First and second derivatives of an event's weighted loss by the result (columns_derive()). */
    real *first, *second;
};

struct columns {
    struct arena arena;
    const struct nn *nn;
    long count; /* events */
    int tiles;
    double total_weight, mean_weight; /* of all events; of a tile */
    int layer_count;
    struct column_layer input, layers[COLUMNS_MOST_LAYERS];
    double *loss; /* [tile] sum of weighted losses */
    /* for columns.c */
    const struct loss_spec *spec;
    real *targets, *weights; /* [tile][outputs][TILE]; [tile][TILE], 0 past the events */
    real *touched_sums[COLUMNS_MOST_LAYERS], *result, *difference, *sum;
    bool *touched[COLUMNS_MOST_LAYERS];
};

/* One number changed: weight (row, column) of a layer or, with row -1, its bias; or the format of
 * an element (layer -1: of an input), the bias moving along. */
struct column_change {
    int layer, row, column;
    bool is_format;
    real value;          /* of the weight or bias */
    int fraction, range; /* is_format */
};

/* Reads nn and events order[0 .. count - 1]. NULL: the network has operations or the events a form
 * that columns do not know (see columns_read.c); then nothing is to be closed. */
struct columns *columns_open(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                             long count);
void columns_close(struct columns *columns);
/* For columns_open(): layers, formats and room for the values. False: not known. */
bool columns_read_network(struct columns *columns, struct nn *nn);

static inline struct column_layer *columns_layer(struct columns *columns, int layer)
{
    return layer < 0 ? &columns->input : &columns->layers[layer];
}
static inline int column_bits(const struct column_layer *l, int j)
{
    return l->fraction[j] + l->range[j];
}
double columns_mean_loss(const struct columns *columns);
/* Mean loss with the change less that without, exactly. It gives up early, with what it saw so far,
 * where the events looked at say by two standard errors that the difference is above `enough`. */
double columns_difference(struct columns *columns, const struct column_change *change,
                          double enough);
/* Makes the change. */
void columns_keep(struct columns *columns, const struct column_change *change);

/* Derivatives for the estimates below, straight through the quantizers behind each element. */
void columns_derive(struct columns *columns);
/* Estimates the differences of `count` changes of the same number (layer, row, column alike; all of
 * a format or none), to second order in what the changed element puts out, on every `every`-th
 * tile. */
void columns_estimate(struct columns *columns, const struct column_change *changes, int count,
                      int every, double *differences);

#endif
