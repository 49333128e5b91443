/* Gradient to parameters. */
#include "trainer/nn/update.h"

#include "base/error.h"
#include "trainer/nn/price.h"
#include "trainer/nn/prune.h"
#include "trainer/nn/widths.h"
#include "trainer/settings.h"

#include <stdlib.h>

#define R(x) ((real)(x))

/* ---- The step ------------------------------------------------------------------------------- */

static void add_penalties(const struct train_config *config, const struct nn_op *op, const real *w,
                          real *g)
{
    const struct train_layer_config *layer = &config->layers[op->layer];
    const double sparse = config->prune_method == PRUNE_L1 ? config->prune_strength : 0;
    const real l1 = R(config->l1 + layer->l1 + sparse), l2 = R(2 * (config->l2 + layer->l2));
    if (l1 == 0 && l2 == 0) return;
    for (size_t i = 0; i < op->weights.count; i++) {
        real sign = (w[i] > 0 ? R(1) : R(0)) - (w[i] < 0 ? R(1) : R(0));
        g[i] += l1 * sign + l2 * w[i];
    }
}

/* Gradients of the quantized weights become those of the latent ones. */
static void latent_gradients(const struct train_config *config, struct nn *nn, real *gradient)
{
    widths_gradient(nn, gradient);
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        const real *w = nn->parameters + op->weights.first;
        real *g = gradient + op->weights.first;
        if (op->weight_quant.active)
            activation_backward(ACTIVATION_LINEAR, 0, &op->weight_quant, op->inputs, op->columns, w,
                                g, NULL);
        if (op->bias_quant.active)
            activation_backward(ACTIVATION_LINEAR, 0, &op->bias_quant, 1, op->columns,
                                nn->parameters + op->bias.first, gradient + op->bias.first, NULL);
        add_penalties(config, op, w, g);
        for (size_t k = 0; op->kept && k < op->weights.count; k++)
            g[k] = op->kept[k] ? g[k] : R(0);
    }
}

static void clip(const struct train_config *config, size_t count, real *g)
{
    if (config->clip_value > 0) {
        const real limit = R(config->clip_value);
        for (size_t i = 0; i < count; i++) {
            g[i] = g[i] > limit ? limit : g[i];
            g[i] = g[i] < -limit ? -limit : g[i];
        }
    }
    if (config->clip_norm > 0) {
        double sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += (double)g[i] * (double)g[i];
        if (sqrt(sum) <= config->clip_norm) return;
        const real scale = R(config->clip_norm / sqrt(sum));
        for (size_t i = 0; i < count; i++)
            g[i] *= scale;
    }
}

/* Latent values beyond the format's range would never come back, or wrap. */
static void keep_in_range(const struct column_quantizer *q, size_t count, real *w)
{
    if (!q->active) return;
    for (size_t i = 0; i < count; i += (size_t)q->columns)
        for (int j = 0; j < q->columns; j++) {
            real v = w[i + (size_t)j];
            v = v < q->smallest[j] ? q->smallest[j] : v;
            w[i + (size_t)j] = v > q->largest[j] ? q->largest[j] : v;
        }
}

void nn_keep_in_range(struct nn *nn)
{
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        keep_in_range(&op->weight_quant, op->weights.count, nn->parameters + op->weights.first);
        keep_in_range(&op->bias_quant, op->bias.count, nn->parameters + op->bias.first);
    }
}

double nn_update(const struct train_config *config, struct nn *nn, struct optimizer *optimizer,
                 double learning_rate, const struct price_model *price, double price_weight)
{
    double present = 0;
    real *gradient = nn->gradient;
    latent_gradients(config, nn, gradient);
    if (config->prune_method == PRUNE_GROUP_LASSO && config->prune_strength > 0)
        prune_add_penalty(nn, config->prune_strength, gradient);
    if (price) present = price_eval(price, nn, price_weight, gradient);
    clip(config, nn->trainable, gradient);
    optimizer_begin_step(optimizer);
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        const struct span spans[] = {op->weights,
                                     op->bias,
                                     op->gamma,
                                     op->beta,
                                     op->weight_widths.fraction,
                                     op->bias_widths.fraction,
                                     op->widths.fraction,
                                     op->widths.range};
        for (int s = 0; s < 8; s++)
            if (spans[s].count)
                optimizer_update(optimizer, spans[s].first, spans[s].count,
                                 nn->parameters + spans[s].first, gradient + spans[s].first,
                                 learning_rate * (s < 4 ? 1 : config->width_rate), s == 0);
        if (op->kind != OP_DENSE) continue;
        real *w = nn->parameters + op->weights.first;
        for (size_t k = 0; op->kept && k < op->weights.count; k++)
            w[k] = op->kept[k] ? w[k] : R(0);
    }
    nn_keep_in_range(nn);
    widths_limit(nn);
    nn_prepare(nn);
    return present;
}
