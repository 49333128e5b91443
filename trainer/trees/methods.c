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

/* The step of rounded values: 1/8 for log-odds; of regressions a 64th of the targets' deviation. */
static double value_step(const struct trees_config *c, const struct loss_data *d)
{
    if (c->leaf_step > 0) return c->leaf_step;
    if (d->labels) return 0.125;
    double sum = 0, squares = 0;
    long count = d->rows * d->outputs;
    for (long i = 0; i < count; i++) {
        sum += (double)d->targets[i];
        squares += (double)d->targets[i] * (double)d->targets[i];
    }
    double mean = sum / (double)count, variance = squares / (double)count - mean * mean;
    return variance > 0 ? ldexp(1, ilogb(sqrt(variance) / 64)) : 1;
}

static void run_boosting(const struct training *t, struct ensemble *e, struct exported *x)
{
    const struct trees_config *c = t->config;
    bool rounds_values = e->quantized && c->leaf_bits > 0;
    bool keeps_leaves = c->sweeps > 0 || rounds_values;
    e->rounds = ensemble_boost(e, keeps_leaves);
    ensemble_regrow(e, c->sweeps, 0);
    if (rounds_values) {
        x->step = value_step(c, &e->data);
        ensemble_regrow(e, c->quantized_sweeps > 0 ? c->quantized_sweeps : 1, x->step);
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
