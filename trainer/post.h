/* Formats chosen after training: a float network becomes a quantized one by looking at events. */
#ifndef SLUICE_TRAINER_POST_H
#define SLUICE_TRAINER_POST_H

#include "model/network.h"
#include "trainer/train.h"

struct post_options {
    int input_bits, weight_bits, activation_bits; /* [8, 8, 8] */
    enum train_calibration calibration;           /* of all ranges [mse] */
    double percentile;                            /* [99.9] */
};
void post_options_init(struct post_options *options);

/* How a layer fares once it and all before it are quantized, those behind it still float. */
struct post_row {
    const char *name;                    /* "input" or the dense layer's */
    char weights[FORMAT_TEXT_BYTES + 8]; /* its first format, "..." behind it if they differ */
    char output[FORMAT_TEXT_BYTES + 8];  /* the same of what it puts out; "exact" */
    double sqnr_db;                      /* signal over quantization noise in what it puts out */
    double agreement; /* part of the events that the whole network decides as the float one does;
                       * NAN of a regression */
    double accuracy;  /* on the labels; NAN without them */
};

/* A quantized copy of a network as network_fold() gives it: the inputs get a format each, the
 * weights of a neuron one, what an activation puts out one for each element, all with ranges from
 * x, raw events [events][inputs], calibrated from input to output with those before in place;
 * biases are as fine as the products they are added to. A sigmoid or tanh inside gets a quantizer
 * in front, too, since hardware makes a table of it. labels: class numbers, or NULL. rows: one for
 * the input and for each dense layer, in the result's arena. */
struct network *post_quantize(const struct network *network, const double *x, long events,
                              const int *labels, const struct post_options *options,
                              struct post_row **rows, int *row_count);

#endif
