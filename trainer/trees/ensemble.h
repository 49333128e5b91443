/* Inside trainer/trees/: the ensemble being trained and the scores it gives. */
#ifndef SLUICE_TRAINER_TREES_ENSEMBLE_H
#define SLUICE_TRAINER_TREES_ENSEMBLE_H

#include "trainer/trees/grow.h"
#include "trainer/trees/loss.h"

/* A tree that has its place in the ensemble. */
struct member {
    int target; /* output that it adds to; -1: all */
    int node_count, leaves;
    struct grown_node *nodes;
    int *leaf_of_node; /* [node_count] number of the leaf; of inner nodes -1 */
    double *values;    /* [leaves][outputs of the leaf] */
    uint16_t *leaf_of; /* [rows] of the training events, where they are kept */
};

struct ensemble {
    const struct trees_config *config;
    struct pool *pool;
    struct arena arena;
    const struct cuts *cuts;
    struct bins train, valid;
    struct loss_data data, valid_data;
    int outputs;  /* scores of an event */
    bool joint;   /* leaves hold a value for each of them */
    double *base; /* [outputs] */
    double total_weight;
    struct member *members;
    int count;
    size_t capacity;
    float *scores, *valid_scores; /* [outputs][rows] */
    float *g, *h;
    /* [outputs][rows] Scores to come near to, and how much each counts, instead of the loss; NULL:
     * the loss. */
    float *aim, *aim_weight;
    int *uses;  /* [features][256]: nodes of the ensemble that ask for this cut */
    bool *used; /* the same as yes or no, for the grower */
    struct grower *grower;
    struct random random;
    /* The curve so far. */
    bool quantized;
    int rounds; /* of boosting that were kept */
    struct trees_round *curve;
    int curve_count;
    size_t curve_capacity;
};

/* Cuts and bins are the caller's and outlive it; valid.rows may be 0. */
struct ensemble *ensemble_new(const struct trees_config *config, struct pool *pool,
                              const struct cuts *cuts, struct bins train, struct bins valid,
                              const struct loss_data *data, const struct loss_data *valid_data,
                              bool joint);
void ensemble_free(struct ensemble *ensemble);

/* Outputs that a leaf of the member holds values for, and the first of them. */
static inline int member_width(const struct ensemble *e, const struct member *m)
{
    return m->target < 0 ? e->outputs : 1;
}
static inline int member_first(const struct member *m)
{
    return m->target < 0 ? 0 : m->target;
}

/* A member made of the grower's last tree, not yet in the scores; keep: with leaf_of. */
struct member member_new(struct ensemble *e, const struct grown_tree *tree, int target,
                         bool sampled, bool keep);
void member_free(struct member *m);
/* Its nodes and values, without leaf_of; and leaf_of found by walking. */
struct member member_copy(const struct ensemble *e, const struct member *m);
void member_find_leaves(struct ensemble *e, struct member *m);
/* The scores of training and validation events with the member added (+1) or taken away (-1). */
void member_apply(struct ensemble *e, const struct member *m, double sign);
/* Counts the member's cuts in `uses` (+1, -1) and brings `used` up to date. */
void member_note_cuts(struct ensemble *e, const struct member *m, int sign);
/* Takes over the member, which is in the scores already. */
void ensemble_push(struct ensemble *e, struct member m);

/* Gradients at the present scores. */
void ensemble_gradients(struct ensemble *e);
/* Records a row of the curve at the present scores; returns the validation loss (NAN without). */
double ensemble_record(struct ensemble *e, int round);

/* ---- values.c ---- */

/* Sums of g and h over the events of each leaf and output, [leaves][width], at the last gradients.
 */
void member_sums(struct ensemble *e, const struct member *m, double *G, double *H);
/* Finds the values of a member that is in the scores by `steps` Newton steps (or as quantiles of
 * what is left) and leaves it in the scores. H, if not NULL, becomes the second derivatives there.
 */
void member_fit(struct ensemble *e, struct member *m, int steps, double *H);
/* Replaces the values of a fitted member by few multiples of one step (config leaf_bits, leaf_step,
 * lut_price); H as from member_fit(). */
void member_round(struct ensemble *e, struct member *m, const double *H, double step);

/* ---- boost.c, regrow.c ---- */

struct grow_settings ensemble_settings(const struct ensemble *e);
/* Adds config->rounds rounds, or fewer where validation stops them; returns how many were kept. */
int ensemble_boost(struct ensemble *e, bool keep_leaves);
/* Takes each member out and grows it again, `sweeps` times; of these ensembles and the one before
 * the best is kept. */
void ensemble_regrow(struct ensemble *e, int sweeps);
/* The same with values rounded to multiples of the step; first they are only rounded, as near to
 * the scores as they get, and the last two sweeps only find values anew. */
void ensemble_round(struct ensemble *e, int sweeps, double step);

#endif
