/* The state of one training, shared by train.c (the loop), checkpoint.c (saving it) and export.c
 * (turning it into networks). */
#ifndef SLUICE_TRAINER_SESSION_H
#define SLUICE_TRAINER_SESSION_H

#include "base/file.h"
#include "trainer/nn/model.h"
#include "trainer/nn/optimizer.h"
#include "trainer/nn/price.h"
#include "trainer/train.h"

/* Where a training stands, between two steps; saved as it is. */
struct position {
    int64_t quantized;   /* phase: 0 float, 1 quantized */
    int64_t epoch;       /* epochs finished in this phase */
    int64_t step;        /* steps done in the epoch that runs */
    int64_t total_steps; /* since the training began */
    int64_t optimizer_step;
    int64_t best_epoch; /* 1.., 0: none yet */
    int64_t epochs_since_best;
    int64_t float_best_epoch;
    int64_t curve_count;
    int64_t right; /* sums over the steps of the epoch that runs */
    double loss, weight;
    double best; /* monitored value, smaller is better */
    /* Learned widths: price of the present network and at the start, its weight, and the next of
     * the frontier's prices. */
    double price, starting_price, price_weight;
    int64_t next_level;
    /* Pruning in steps: steps done, rows of the table, digits before the first (compiler). */
    int64_t prune_step, prune_row_count, first_digits;
};

/* What is known of a network of the frontier; saved as it is. */
struct branch_facts {
    int64_t epoch, done; /* of the quantized phase; polished and judged */
    int64_t bridge;      /* a branch that starts from a point and is only searched on */
    double price_weight, price, train_loss, loss, accuracy, auc;
    double until; /* price that the branch's search goes down to; 0: none in particular */
    int64_t weights, nonzero, digits;
    struct price_model model;
    struct compiled_cost cost;
};

/* A network that left the quantized phase to become points of the frontier: at the weight that the
 * price had then, and at higher ones. */
enum { BRANCH_POINTS = 16 };
struct branch {
    struct nn *nn;
    struct branch_facts facts;
};

struct session {
    struct arena arena;
    const struct train_config *config;
    const struct events *events;
    const long *train_rows, *valid_rows;
    long train_count, valid_count;
    bool classes;
    double *scale, *offset; /* standardisation as float32 holds it, [features] */
    double *class_weights;  /* [classes] or NULL */
    struct pool *pool;
    struct nn *float_nn, *nn;      /* nn: of the phase that runs */
    struct nn_events train, valid; /* as the phase sees them */
    struct arena events_arena;
    struct optimizer optimizer;
    real *best;       /* [parameters] of the phase's best epoch */
    real *float_best; /* [parameters of float_nn], once the float phase is over */
    uint32_t *order;
    struct position at;
    struct price_model price;
    struct branch *branches; /* [frontier_branches()] as they left */
    struct branch *points;   /* [frontier_branches()][BRANCH_POINTS] what became of them */
    int branch_count;
    struct train_prune_step *prune_rows; /* [prune_steps + 1] */
    real *rewind;                        /* [parameters]: what a lottery ticket starts from */
    struct train_epoch *curve;
    struct hash identity; /* of configuration and events */
};

/* Standardised (and, with a quantizer, quantized) copies of rows. */
struct nn_events session_prepare(struct session *s, const struct quantizer *quantizer,
                                 const long *rows, long count);
/* Hash of everything that the result depends on. */
struct hash session_identity(const struct session *s);

void checkpoint_write(struct session *s);
/* Reads the position and the float phase's result; false if there is none or it belongs to another
 * training. The phase's own parameters follow with checkpoint_read_phase() once nn is built. */
bool checkpoint_read(struct session *s);
void checkpoint_read_phase(struct session *s);

/* Networks from parameters; nn tells the formats. */
struct network *export_float(const struct session *s);
struct network *export_quantized(const struct session *s, struct nn *nn);

#endif
