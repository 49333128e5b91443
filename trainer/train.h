/* Training: from events to a float network and a quantized, pruned one.
 *
 * A training has two phases. The float phase trains the network in single precision. The quantized
 * phase starts from the float phase's best weights, folds batch normalisation into the dense
 * layers, chooses the integer bits of every format that was given by its width alone from the data,
 * and trains on with every quantizer in place (straight-through gradients) while pruning removes
 * weights on a schedule. Both networks are kept.
 *
 * Reproducible: the same configuration and events give the same bytes on one machine, whether or
 * not the training was interrupted and resumed in between; without batch normalisation whatever the
 * number of threads, with it for the same number. */
#ifndef SLUICE_TRAINER_TRAIN_H
#define SLUICE_TRAINER_TRAIN_H

#include "compiler/cost.h"
#include "data/events.h"
#include "model/network.h"
#include "trainer/metrics.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- Tables: X(enum suffix, name in the job file, meaning) ---------------------------------- */

#define TRAIN_LAYER_TABLE(X)                                                                       \
    X(DENSE, "dense", "y[j] = sum_i x[i] * w[i][j] + b[j]")                                        \
    X(BATCHNORM, "batchnorm",                                                                      \
      "normalises each element over the batch; folded away in the quantized network, but in "      \
      "front "                                                                                     \
      "of a sign and behind binary, ternary or power_of_two weights")                              \
    X(RELU, "relu", "max(x, 0)")                                                                   \
    X(LEAKY_RELU, "leaky_relu", "x if x >= 0, else alpha * x")                                     \
    X(SIGMOID, "sigmoid", "1 / (1 + exp(-x))")                                                     \
    X(TANH, "tanh", "hyperbolic tangent")                                                          \
    X(SIGN, "sign", "1 if x >= 0, else -1; its gradient is passed on where |x| <= 1")              \
    X(SOFTMAX, "softmax", "exp(x[j]) / sum_k exp(x[k])")                                           \
    X(DROPOUT, "dropout", "in training only: zero with probability rate, else x / (1 - rate)")

/* One event's loss; the batch's is the weighted mean over its events. y: outputs, t: targets. */
#define TRAIN_LOSS_TABLE(X)                                                                        \
    X(SQUARED_ERROR, "squared_error", "mean over outputs of (y - t)^2")                            \
    X(ABSOLUTE_ERROR, "absolute_error", "mean over outputs of |y - t|")                            \
    X(BINARY_CROSS_ENTROPY, "binary_cross_entropy",                                                \
      "mean over outputs of -t log p - (1 - t) log(1 - p), p = sigmoid of the output")             \
    X(CATEGORICAL_CROSS_ENTROPY, "categorical_cross_entropy",                                      \
      "-log p[label], p = softmax of the outputs")                                                 \
    X(HINGE, "hinge", "mean over outputs of max(0, 1 - s y), s = 1 for the label's, else -1")      \
    X(HUBER, "huber", "mean over outputs of e^2 / 2 if |e| <= d, else d (|e| - d / 2), e = y - t")

/* g: gradient, r: learning rate. Formulas and defaults stand in docs/guide/training.md. */
#define TRAIN_OPTIMIZER_TABLE(X)                                                                   \
    X(SGD, "sgd", "w -= r g")                                                                      \
    X(MOMENTUM, "momentum", "v = momentum v - r g; w += v")                                        \
    X(NESTEROV, "nesterov", "v = momentum v - r g; w += momentum v - r g")                         \
    X(ADAGRAD, "adagrad", "s += g^2; w -= r g / (sqrt(s) + epsilon)")                              \
    X(ADADELTA, "adadelta", "steps from a running mean of squared gradients and squared steps")    \
    X(RMSPROP, "rmsprop", "s = rho s + (1 - rho) g^2; w -= r g / (sqrt(s) + epsilon)")             \
    X(ADAM, "adam", "bias-corrected running means of g and g^2")                                   \
    X(ADAMW, "adamw", "adam with weight decay taken off the weights directly")                     \
    X(AMSGRAD, "amsgrad", "adam with the largest running mean of g^2 so far")

/* The factor on the learning rate at time t (epochs since the phase began, in steps of a batch). */
#define TRAIN_SCHEDULE_TABLE(X)                                                                    \
    X(CONSTANT, "constant", "1")                                                                   \
    X(STEP, "step", "decay_rate ^ floor(t / decay_epochs)")                                        \
    X(EXPONENTIAL, "exponential", "decay_rate ^ (t / decay_epochs)")                               \
    X(COSINE, "cosine", "half a cosine from 1 to final_fraction over the phase")                   \
    X(WARMUP, "warmup", "rises linearly from 0 over warmup_epochs, then 1")

/* How the integer bits of a format given by its width alone are chosen from the data. */
#define TRAIN_CALIBRATION_TABLE(X)                                                                 \
    X(MSE, "mse", "smallest mean squared quantization error")                                      \
    X(PERCENTILE, "percentile", "the given percentile of |x| just fits")                           \
    X(MAXIMUM, "maximum", "every value seen fits")

#define TRAIN_MONITOR_TABLE(X)                                                                     \
    X(LOSS, "loss", "smallest validation loss")                                                    \
    X(ACCURACY, "accuracy", "largest validation accuracy (classification only)")

/* Whose weights compete when pruning picks the smallest. */
#define TRAIN_PRUNE_SCOPE_TABLE(X)                                                                 \
    X(LAYER, "layer", "each dense layer reaches its own target")                                   \
    X(GLOBAL, "global",                                                                            \
      "all dense layers together reach the target; a layer with target 0 stays out")

/* How weights are chosen that pruning sets to 0. All but the first in steps: prune_steps times a
 * further part is removed, and what is left trains on for an equal share of the quantized phase. */
#define TRAIN_PRUNE_TABLE(X)                                                                       \
    X(GRADUAL, "gradual", "the smallest weights, more and more of them while training goes on")    \
    X(MAGNITUDE, "magnitude", "the smallest weights, in steps with training in between")           \
    X(LOTTERY, "lottery",                                                                          \
      "the same; each time, what is left starts again from its values at rewind_epoch")            \
    X(L1, "l1", "the same, with strength * sum |w| in the loss, which brings weights to 0 first")  \
    X(GROUP_LASSO, "group_lasso",                                                                  \
      "whole neurons of smallest norm, with strength * sum of the norms in the loss")              \
    X(NEURON, "neuron", "whole neurons of smallest norm")                                          \
    X(OPTIMAL_BRAIN, "optimal_brain",                                                              \
      "after training: the weights whose removal costs least, the others moved to make up for it") \
    X(COMPILER, "compiler",                                                                        \
      "digits of learned weights whose removal saves most compiled look-up tables for the loss")

/* Which weights or elements of a tensor share a learned width. */
#define TRAIN_GRAIN_TABLE(X)                                                                       \
    X(EACH, "each", "every weight or element has its own")                                         \
    X(CHANNEL, "channel", "the weights of a neuron share one")                                     \
    X(TENSOR, "tensor", "all share one")

/* Which multiples of a step weights may be; the step is a power of two for each neuron. */
#define TRAIN_LEVELS_TABLE(X)                                                                      \
    X(ALL, "all", "every one that the width holds")                                                \
    X(BINARY, "binary", "-1 and 1")                                                                \
    X(TERNARY, "ternary", "-1, 0 and 1")                                                           \
    X(POWER_OF_TWO, "power_of_two", "0 and 1, 2, 4 ... of either sign")

/* What hardware costs in the loss. */
#define TRAIN_PRICE_TABLE(X)                                                                       \
    X(EBOPS, "ebops", "effective bit operations: sum of weight bits times activation bits")        \
    X(ADDER_BITS, "adder_bits", "adder bits of the compiled network, by a model of them")          \
    X(LUT4, "lut4", "4-input look-up tables of the compiled network, by a model of them")

#define X(id, name, text) TRAIN_##id,
enum train_layer_kind { TRAIN_LAYER_TABLE(X) TRAIN_LAYER_COUNT };
#undef X
#define X(id, name, text) LOSS_##id,
enum train_loss { TRAIN_LOSS_TABLE(X) LOSS_COUNT };
#undef X
#define X(id, name, text) OPTIMIZER_##id,
enum train_optimizer { TRAIN_OPTIMIZER_TABLE(X) OPTIMIZER_COUNT };
#undef X
#define X(id, name, text) SCHEDULE_##id,
enum train_schedule { TRAIN_SCHEDULE_TABLE(X) SCHEDULE_COUNT };
#undef X
#define X(id, name, text) CALIBRATION_##id,
enum train_calibration { TRAIN_CALIBRATION_TABLE(X) CALIBRATION_COUNT };
#undef X
#define X(id, name, text) MONITOR_##id,
enum train_monitor { TRAIN_MONITOR_TABLE(X) MONITOR_COUNT };
#undef X
#define X(id, name, text) PRUNE_##id,
enum train_prune_scope { TRAIN_PRUNE_SCOPE_TABLE(X) PRUNE_SCOPE_COUNT };
#undef X
#define X(id, name, text) PRUNE_##id,
enum train_prune_method { TRAIN_PRUNE_TABLE(X) PRUNE_METHOD_COUNT };
#undef X
#define X(id, name, text) GRAIN_##id,
enum train_grain { TRAIN_GRAIN_TABLE(X) GRAIN_COUNT };
#undef X
#define X(id, name, text) LEVELS_##id,
enum train_levels { TRAIN_LEVELS_TABLE(X) LEVELS_COUNT };
#undef X
#define X(id, name, text) PRICE_##id,
enum train_price { TRAIN_PRICE_TABLE(X) PRICE_COUNT };
#undef X

/* names[enum value] as in the job file, texts[] their meaning. */
extern const char *const train_layer_names[], *const train_layer_texts[];
extern const char *const train_loss_names[], *const train_loss_texts[];
extern const char *const train_optimizer_names[], *const train_optimizer_texts[];
extern const char *const train_schedule_names[], *const train_schedule_texts[];
extern const char *const train_calibration_names[], *const train_calibration_texts[];
extern const char *const train_monitor_names[], *const train_monitor_texts[];
extern const char *const train_prune_scope_names[], *const train_prune_scope_texts[];
extern const char *const train_prune_names[], *const train_prune_texts[];
extern const char *const train_grain_names[], *const train_grain_texts[];
extern const char *const train_levels_names[], *const train_levels_texts[];
extern const char *const train_price_names[], *const train_price_texts[];
/* The index of `name` in names[count], or -1. */
int train_find_name(const char *const *names, int count, const char *name);

/* ---- Configuration ------------------------------------------------------------------------ */

/* How a tensor is quantized in the quantized phase:
 *   DEFAULT  in a layer: what struct train_config says for all layers
 *   NONE     not quantized
 *   BITS     format.width_bits (2..24) and its modes; sign and integer bits come from the data
 *   FIXED    format as it is, at most 24 bits wide
 *   PRODUCT  biases only: the fraction bits of input times weights, wide enough
 *   LEARNED  trained: fraction bits as real parameters (Sun et al., arXiv:2405.00645), integer bits
 *            of activations learned or from the data; format.width_bits is what it starts from
 * per_element (BITS): integer bits for each feature, output element or, of weights, output neuron.
 */
enum train_format_kind {
    TRAIN_FORMAT_DEFAULT,
    TRAIN_FORMAT_NONE,
    TRAIN_FORMAT_BITS,
    TRAIN_FORMAT_FIXED,
    TRAIN_FORMAT_PRODUCT,
    TRAIN_FORMAT_LEARNED
};
struct train_format {
    enum train_format_kind kind;
    struct format format;
    bool per_element;
    enum train_grain grain;   /* LEARNED */
    enum train_levels levels; /* BITS, of weights: other than ALL in a symmetric format */
};
enum {
    TRAIN_START_BITS = 6, /* LEARNED without a width */
    TRAIN_POWER_BITS = 4  /* power_of_two without one */
};
/* BITS with RND,SAT, and FIXED. */
struct train_format train_format_bits(int width_bits);
struct train_format train_format_fixed(struct format format);
/* Parses "fixed<8,4>", "ufixed<6,0,TRN,WRAP>", "6" or "6 bits" (with RND,SAT), "6,TRN,WRAP", "6
 * each" (per_element), "none", "product", "learned", "learned 8", "learned channel", "learned 8
 * tensor" (LEARNED, from 8 bits), "binary", "ternary", "power_of_two", "power_of_two 5" (0 and 1 to
 * 8 of either sign); false and a reason on anything else. */
bool train_format_parse(const char *text, struct train_format *f, char *reason, size_t reason_size);

/* One layer, in order from input to output. Members that a kind does not use are ignored. */
struct train_layer_config {
    enum train_layer_kind kind;
    const char *name;                  /* NULL: kind and number, "dense1" */
    int units;                         /* dense: outputs, 1..65536 */
    bool no_bias;                      /* dense: leave the bias out */
    double rate;                       /* dropout: 0 <= rate < 1 */
    double alpha;                      /* leaky_relu: slope below zero; 0 means 0.125 */
    struct train_format weights, bias; /* dense */
    struct train_format output;        /* dense, activations: format of the outputs. DEFAULT on a
                                        * dense or batchnorm layer in front of an activation: NONE */
    int weight_digits;                 /* dense: largest number of nonzero CSD digits of a weight;
                                        * 0: as config, -1: any */
    double l1, l2;                     /* dense: added to the configuration's; default 0 */
    double sparsity; /* dense: pruning target of this layer, 0..1; < 0: as config */
};

struct train_config {
    const char *name;                  /* of the network; default "network" */
    struct train_layer_config *layers; /* the caller's; no default */
    int layer_count;
    bool standardise; /* an affine layer in front: zero mean, unit deviation [true] */

    /* Quantization: what layers with TRAIN_FORMAT_DEFAULT get. */
    bool quantize;                      /* run the quantized phase [true] */
    struct train_format input;          /* of the standardised inputs [8 bits per feature] */
    struct train_format weights;        /* [6 bits] */
    struct train_format bias;           /* [product] */
    struct train_format activations;    /* [6 bits] */
    struct train_format output;         /* of the last layer's outputs [none: exact] */
    int weight_digits;                  /* nonzero CSD digits of a weight at most; 0: any [0] */
    enum train_calibration calibration; /* [mse] */
    double calibration_percentile;      /* for percentile, 50..100 [99.9] */
    long calibration_events; /* first so many training rows are looked at; 0: all [20000] */

    /* What to minimise. */
    enum train_loss loss;        /* [categorical_cross_entropy] */
    double huber_delta;          /* d of the Huber loss, > 0 [1] */
    double l1, l2;               /* loss += l1 sum |w| + l2 sum w^2 over dense weights [0, 0] */
    const double *class_weights; /* [classes] factor on an event's loss; NULL: all 1 */
    int class_weight_count;
    bool class_weights_balanced; /* events / (classes * events of the class) instead [false] */
    bool ignore_event_weights;   /* leave out the weights of the events file [false] */

    /* How. */
    enum train_optimizer optimizer;  /* [adam] */
    double learning_rate;            /* > 0 [0.005] */
    double quantized_learning_rate;  /* of the quantized phase; 0: the same [0] */
    double momentum;                 /* momentum, nesterov; 0..1 [0.9] */
    double beta1, beta2;             /* adam family; 0..1 [0.9, 0.999] */
    double rho;                      /* rmsprop, adadelta; 0..1 [0.9] */
    double epsilon;                  /* [1e-7] */
    double weight_decay;             /* adamw: w -= r weight_decay w [0.004] */
    enum train_schedule schedule;    /* of each phase [cosine] */
    double warmup_epochs;            /* linear rise at a phase's start, under any schedule [0] */
    double decay_rate, decay_epochs; /* step, exponential [0.5, 10] */
    double final_fraction;           /* cosine: last learning rate / first [0.01] */
    double clip_norm;                /* largest norm of the whole gradient; 0: none [0] */
    double clip_value;               /* largest |component| of it; 0: none [0] */
    int epochs;                      /* of the float phase; 0 starts from random weights [40] */
    int quantized_epochs;            /* 0: quantize after training, no fine-tuning [40] */
    int batch;                       /* events a step, 1..1048576 [1024] */
    uint64_t seed;                   /* weights, order of events, dropout [1] */
    int threads;                     /* 1..64; 0: one per processor, at most 64 [2] */

    /* When to stop, and whose weights are kept: the best epoch's by validation (the last epoch's
     * without validation rows). While pruning has not reached its target no epoch counts as best.
     */
    enum train_monitor monitor; /* [loss] */
    int patience;               /* epochs without improvement before a phase stops; 0: never [0] */
    double min_delta;           /* improvement that counts [0] */

    /* Pruning in the quantized phase; gradual: on a cubic schedule (Zhu and Gupta 2017, equation
     * 1).
     */
    enum train_prune_method prune_method; /* [gradual] */
    double sparsity;       /* target fraction of zero weights (compiler: of removed digits), 0..1;
                            * 0: none [0] */
    int prune_steps;       /* [8] */
    int rewind_epoch;      /* lottery: epoch of the quantized phase [0] */
    double prune_strength; /* l1, group_lasso [0] */
    enum train_prune_scope prune_scope; /* [layer] */
    double prune_begin_epoch;           /* of the quantized phase [0] */
    double prune_end_epoch;             /* 0: half of quantized_epochs [0] */
    int prune_frequency;                /* steps between two prunings, >= 1 [20] */

    /* Learned widths. The loss is that of the events + weight * price. While the quantized phase
     * goes on, at a learning rate that stays, either the weight goes from price_begin to price_end
     * in equal factors, or it is steered so that the price falls to price_target in equal factors.
     * Each of frontier_points prices on the way, equal factors apart from frontier_from down, gives
     * a network that is then trained for anneal_epochs with a falling learning rate at the weight
     * it had, and searched over. What is best at its price is the frontier. */
    enum train_price price;        /* [lut4] */
    double price_begin, price_end; /* per bit or look-up table, > 0; price_end 0: steered [0, 0] */
    double price_target;           /* of the model that the trainer prices with; 0: no price, unless
                                    * price_end is set [0] */
    double frontier_from;          /* 0: 8 times where it ends [0] */
    int frontier_points;           /* 1: price_target alone [12] */
    double most_cells;             /* the point that is picked fits these logic cells; 0: any [0] */
    int anneal_epochs;             /* [80] */
    int search_tries;      /* searches over the digits of each of these networks, with a few epochs
                            * in between; 0: none [3] */
    int search_further;    /* more points for each, by search at higher weights of the price, 0..15
                            * [6] */
    double width_rate;     /* learning rate of widths / that of weights [1] */
    bool range_from_data;  /* integer bits of learned activations hold what the training events
                            * give, and are not learned [false] */
    int range_margin_bits; /* with it: so many more [0] */
    const struct compile_options *compile; /* how the frontier's networks are compiled; NULL: they
                                            * are not, and their costs are those of the model */

    /* Disturbances of the training events, drawn anew each time (nn/augment.h). */
    double noise;         /* added, in standard deviations of the feature, >= 0 [0] */
    double smearing;      /* relative error of the raw value, >= 0 [0] */
    double dead_channels; /* probability that an input reads raw 0, 0..1 [0] */

    /* Distillation: training targets are (1 - teacher_weight) label + teacher_weight times what the
     * teacher says, as probabilities where the outputs are classes. */
    double teacher_weight;         /* 0..1 [0] */
    const struct network *teacher; /* NULL: the float phase's result */

    /* Float network that training starts from, as network_fold() gives it, in place of a float
     * phase (epochs is then 0): the configuration's dense layers are its, its scaling of the inputs
     * is the standardisation. NULL: random weights [NULL] */
    const struct network *init;

    const char *checkpoint_path; /* NULL: none. A training that finds its own resumes from it */
    int checkpoint_interval;     /* epochs between checkpoints; 0: only when interrupted [50] */
    long stop_after_steps;       /* for tests: as if interrupted after that many steps; 0: never */
};

/* Every default above; no layers. */
void train_config_init(struct train_config *config);
/* The layers of a network that network_fold() gave, widths learned; in the arena. */
void train_config_layers(struct train_config *config, const struct network *network,
                         struct arena *arena);
/* Ends with one line (naming the setting) when something is out of range or does not fit the
 * events: last layer's size and loss against classes or targets, dropout rate ...
 */
void train_config_check(const struct train_config *config, const struct events *events);

/* ---- Result ------------------------------------------------------------------------------- */

struct train_epoch {
    bool quantized;        /* which phase */
    int epoch;             /* 1.. within the phase */
    double learning_rate;  /* at its end */
    double loss, accuracy; /* mean over the epoch's training events, penalties left out */
    double validation_loss, validation_accuracy; /* NAN without validation rows; accuracies are NAN
                                                  * without classes */
    double sparsity;                             /* fraction of dense weights that are exactly 0 */
};

/* What was left after a step of pruning, the training behind it included. */
struct train_prune_step {
    int step; /* 0: before the first */
    double sparsity;
    long nonzero, digits;
    double adder_bits, lut4; /* as compiled; NAN if it was not */
    double loss, accuracy;   /* on the validation rows, as in struct train_epoch */
};

struct train_layer_summary {
    const char *name; /* of the dense layer */
    int inputs, outputs;
    long weights, nonzero; /* nonzero once quantized */
    long digits;           /* nonzero digits of the canonical signed digit form of all weights */
    int weight_bits, output_bits; /* widest format; 0: not quantized */
};

/* A network of the frontier. */
struct train_point {
    struct network *network;
    int epoch;                  /* of the quantized phase, where it branched off */
    double price_weight, price; /* by the model that the trainer prices with */
    double train_loss;          /* of the last epoch */
    double loss, accuracy, auc; /* on the validation rows; NAN as in struct train_epoch */
    long weights, nonzero, digits;
    bool compiled;
    struct compiled_cost cost; /* zero if it was not compiled */
};

struct train_result {
    struct arena arena;
    struct network *float_network;     /* affine, dense, batchnorm ... as configured, no dropout */
    struct network *quantized_network; /* NULL without a quantized phase */
    struct train_epoch *curve;         /* both phases, in order */
    int curve_count;
    int float_best_epoch, quantized_best_epoch; /* 0: none */
    /* On the validation rows, by the trainer's own arithmetic; count 0 without them or without
     * classes. */
    struct metrics float_metrics, quantized_metrics;
    /* The outputs they came from, [valid_count][outputs]: logits where the loss contains the last
     * layer. NULL without validation rows. */
    double *float_scores, *quantized_scores;
    int outputs;
    struct train_prune_step *prune_steps; /* of methods in steps */
    int prune_step_count;
    struct train_point *points; /* the frontier, by falling price; networks belong to the result */
    int point_count, picked;    /* picked: the point that quantized_network is */
    struct train_layer_summary *summaries; /* of the quantized network, else of the float one */
    int summary_count;
    bool resumed;                            /* a checkpoint was found and used */
    double float_seconds, quantized_seconds; /* wall time of this run's part of the phases */
    double epoch_seconds; /* fastest quantized (else float) epoch, validation left out */
};

/* Trains on the given rows of `events`. An interrupt (base/interrupt.h) writes the checkpoint and
 * ends with a line that says how to resume; a loss that is not finite ends with a line that names
 * epoch and step. valid_count may be 0. */
struct train_result *train_run(const struct train_config *config, const struct events *events,
                               const long *train_rows, long train_count, const long *valid_rows,
                               long valid_count);
void train_result_free(struct train_result *result);
/* One row for each dense layer of a network, in the arena. */
struct train_layer_summary *train_summaries(struct arena *arena, const struct network *network,
                                            int *count);
/* Removes the checkpoint, once the networks are safely written. */
void train_checkpoint_remove(const struct train_config *config);

#endif
