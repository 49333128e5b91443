/* Which method fills the ensemble. */
#include "trainer/trees/methods.h"

#include "trainer/trees/anomaly.h"
#include "trainer/trees/forest.h"

#include <math.h>

static enum layer_kind layer_behind(enum trees_loss loss)
{
    switch (loss) {
    case TREES_LOSS_CATEGORICAL_CROSS_ENTROPY: return LAYER_SOFTMAX;
    case TREES_LOSS_BINARY_CROSS_ENTROPY: return LAYER_SIGMOID;
    default: return LAYER_INPUT;
    }
}

/* The step of rounded values: such that the roundings of all trees add up to little beside what
 * scores mean, 0.1 of log-odds or a fortieth of the targets' deviation. */
static double value_step(const struct trees_config *c, const struct loss_data *d, int trees)
{
    if (c->leaf_step > 0) return c->leaf_step;
    double share = sqrt(trees > 1 ? (double)trees : 1);
    if (d->labels) return exp2(round(log2(0.4 / share)));
    double sum = 0, squares = 0;
    long count = d->rows * d->outputs;
    for (long i = 0; i < count; i++) {
        sum += (double)d->targets[i];
        squares += (double)d->targets[i] * (double)d->targets[i];
    }
    double mean = sum / (double)count, variance = squares / (double)count - mean * mean;
    return variance > 0 ? exp2(round(log2(sqrt(variance) / 10 / share))) : 1;
}

static void run_boosting(const struct training *t, struct ensemble *e, struct exported *x)
{
    const struct trees_config *c = t->config;
    bool rounds_values = e->quantized && c->leaf_bits > 0;
    bool keeps_leaves = c->sweeps > 0 || rounds_values;
    e->rounds = ensemble_boost(e, keeps_leaves);
    ensemble_regrow(e, c->sweeps);
    if (rounds_values) {
        x->step = value_step(c, &e->data, e->joint ? e->count : e->count / e->outputs);
        ensemble_round(e, c->quantized_sweeps, x->step);
    }
    x->base = e->base;
    x->outputs = e->outputs;
    x->behind = layer_behind(c->loss);
}

void method_run(const struct training *t, struct ensemble *e, const float *x,
                struct exported *exported)
{
    switch (t->config->method) {
    case TREES_BOOSTING: run_boosting(t, e, exported); break;
    case TREES_ISOLATION_FOREST: isolation_run(e, exported); break;
    case TREES_AUTOENCODER: autoencoder_run(e, x, exported); break;
    default: forest_run(e, exported);
    }
}
