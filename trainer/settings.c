/* Settings with the configuration's defaults filled in, and the checks on all of them. */
#include "trainer/settings.h"

#include "base/error.h"
#include "trainer/frontier.h"
#include "trainer/initial.h"
#include "trainer/nn/prune.h"
#include "trainer/teacher.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool train_is_activation(enum train_layer_kind kind)
{
    return kind == TRAIN_RELU || kind == TRAIN_LEAKY_RELU || kind == TRAIN_SIGMOID ||
           kind == TRAIN_TANH || kind == TRAIN_SIGN;
}

bool train_contained_in_loss(const struct train_config *config, int layer)
{
    if (layer != config->layer_count - 1) return false;
    enum train_layer_kind kind = config->layers[layer].kind;
    return (config->loss == LOSS_CATEGORICAL_CROSS_ENTROPY && kind == TRAIN_SOFTMAX) ||
           (config->loss == LOSS_BINARY_CROSS_ENTROPY && kind == TRAIN_SIGMOID);
}

struct train_format train_layer_weights(const struct train_config *config, int layer)
{
    const struct train_layer_config *l = &config->layers[layer];
    return l->weights.kind == TRAIN_FORMAT_DEFAULT ? config->weights : l->weights;
}

struct train_format train_layer_bias(const struct train_config *config, int layer)
{
    const struct train_layer_config *l = &config->layers[layer];
    struct train_format bias = l->bias.kind == TRAIN_FORMAT_DEFAULT ? config->bias : l->bias;
    struct train_format weights = train_layer_weights(config, layer);
    bool has_no_grid = bias.kind == TRAIN_FORMAT_PRODUCT && weights.kind == TRAIN_FORMAT_LEARNED;
    return has_no_grid ? weights : bias;
}

struct train_format train_layer_output(const struct train_config *config, int layer)
{
    const struct train_format none = {.kind = TRAIN_FORMAT_NONE};
    if (layer < 0) return config->input;
    const struct train_layer_config *l = &config->layers[layer];
    if (train_contained_in_loss(config, layer) || l->kind == TRAIN_DROPOUT || l->kind == TRAIN_SIGN)
        return none;
    if (l->output.kind != TRAIN_FORMAT_DEFAULT) return l->output;
    int next = layer + 1;
    while (next < config->layer_count && config->layers[next].kind == TRAIN_DROPOUT)
        next++;
    if (next >= config->layer_count || train_contained_in_loss(config, next)) return config->output;
    enum train_layer_kind kind = config->layers[next].kind;
    bool quantized_later = train_is_activation(kind) || kind == TRAIN_BATCHNORM;
    if ((l->kind == TRAIN_DENSE || l->kind == TRAIN_BATCHNORM) && quantized_later) return none;
    return config->activations;
}

int train_layer_digits(const struct train_config *config, int layer)
{
    int digits = config->layers[layer].weight_digits;
    if (train_layer_weights(config, layer).levels == LEVELS_POWER_OF_TWO) return 1;
    if (digits == 0) digits = config->weight_digits;
    return digits < 0 ? 0 : digits;
}

double train_layer_sparsity(const struct train_config *config, int layer)
{
    double sparsity = config->layers[layer].sparsity;
    return sparsity < 0 ? config->sparsity : sparsity;
}

double train_layer_alpha(const struct train_layer_config *layer)
{
    return layer->alpha == 0 ? 0.125 : network_float32(layer->alpha);
}

void train_layer_name(const struct train_config *config, int layer, char name[64])
{
    const struct train_layer_config *l = &config->layers[layer];
    if (l->name) {
        snprintf(name, 64, "%s", l->name);
        return;
    }
    int number = 1;
    for (int i = 0; i < layer; i++)
        number += config->layers[i].kind == l->kind;
    snprintf(name, 64, "%s%d", train_layer_names[l->kind], number);
}

/* The next layer in a direction that is not dropout; -1 at either end. */
static int neighbour(const struct train_config *config, int layer, int direction)
{
    do
        layer += direction;
    while (layer >= 0 && layer < config->layer_count &&
           config->layers[layer].kind == TRAIN_DROPOUT);
    return layer < config->layer_count ? layer : -1;
}

int train_layer_batchnorm(const struct train_config *config, int layer, int direction)
{
    int next = neighbour(config, layer, direction);
    if (next < 0 || config->layers[next].kind != TRAIN_BATCHNORM ||
        train_batchnorm_stays(config, next))
        return -1;
    if (direction > 0) return next;
    int front = neighbour(config, next, -1);
    return front >= 0 && config->layers[front].kind == TRAIN_DENSE ? -1 : next;
}

static bool is_coarse(const struct train_config *config, int layer)
{
    return layer >= 0 && config->layers[layer].kind == TRAIN_DENSE &&
           train_layer_weights(config, layer).levels != LEVELS_ALL;
}

bool train_batchnorm_stays(const struct train_config *config, int layer)
{
    int behind = neighbour(config, layer, 1);
    return is_coarse(config, neighbour(config, layer, -1)) ||
           (behind >= 0 && config->layers[behind].kind == TRAIN_SIGN);
}

double train_threshold(const struct train_config *config)
{
    bool probability = config->layers[config->layer_count - 1].kind == TRAIN_SIGMOID &&
                       !train_contained_in_loss(config, config->layer_count - 1);
    bool value = config->loss == LOSS_SQUARED_ERROR || config->loss == LOSS_ABSOLUTE_ERROR ||
                 config->loss == LOSS_HUBER;
    return probability || value ? 0.5 : 0;
}

/* ---- Checks --------------------------------------------------------------------------------- */

static void check_range(const char *setting, double value, double low, double high)
{
    if (!(value >= low && value <= high))
        fail("training: %s is %g; it must lie in %g to %g", setting, value, low, high);
}

static void check_positive(const char *setting, double value)
{
    if (!(value > 0) || !isfinite(value))
        fail("training: %s is %g; it must be positive", setting, value);
}

static void check_format(const char *where, const char *what, const struct train_format *f)
{
    if (f->levels != LEVELS_ALL && strcmp(what, "weights") != 0)
        fail("training: %s: '%s' is a format for weights alone", where,
             train_levels_names[f->levels]);
    if (f->kind != TRAIN_FORMAT_BITS && f->kind != TRAIN_FORMAT_FIXED) return;
    int low = f->kind == TRAIN_FORMAT_BITS ? 2 : 1;
    if (f->format.width_bits < low || f->format.width_bits > 24)
        fail("training: %s: the %s format has %d bits; it must have %d to 24", where, what,
             f->format.width_bits, low);
}

static void check_layer(const struct train_config *config, int i)
{
    const struct train_layer_config *l = &config->layers[i];
    char name[64];
    train_layer_name(config, i, name);
    if (l->kind == TRAIN_DENSE && (l->units < 1 || l->units > 65536))
        fail("training: layer %s has %d units; it must have 1 to 65536", name, l->units);
    if (l->kind == TRAIN_DROPOUT && !(l->rate >= 0 && l->rate < 1))
        fail("training: layer %s has rate %g; it must lie in 0 to below 1", name, l->rate);
    if (!isfinite(l->alpha)) fail("training: layer %s: alpha is not a number", name);
    if (!(l->l1 >= 0) || !(l->l2 >= 0))
        fail("training: layer %s: l1 and l2 cannot be negative", name);
    if (!(l->sparsity <= 1)) fail("training: layer %s: sparsity %g is above 1", name, l->sparsity);
    check_format(name, "weights", &l->weights);
    check_format(name, "bias", &l->bias);
    check_format(name, "output", &l->output);
    if (l->weights.kind == TRAIN_FORMAT_PRODUCT || l->output.kind == TRAIN_FORMAT_PRODUCT)
        fail("training: layer %s: 'product' is a format for biases alone", name);
    if (l->kind == TRAIN_SIGN && l->output.kind != TRAIN_FORMAT_DEFAULT &&
        l->output.kind != TRAIN_FORMAT_NONE)
        fail("training: layer %s: a sign is -1 or 1 and has no format", name);
    if (!config->quantize || l->kind != TRAIN_BATCHNORM || train_batchnorm_stays(config, i)) return;
    int before = neighbour(config, i, -1), behind = neighbour(config, i, 1);
    bool foldable = (before >= 0 && config->layers[before].kind == TRAIN_DENSE) ||
                    (behind >= 0 && config->layers[behind].kind == TRAIN_DENSE);
    if (!foldable)
        fail("training: layer %s has no dense layer beside it to fold into; put it behind a dense "
             "layer",
             name);
    bool fixed = !(before >= 0 && config->layers[before].kind == TRAIN_DENSE);
    if (fixed && is_coarse(config, behind))
        fail("training: layer %s cannot be folded into the %s weights behind it; put it behind a "
             "dense layer",
             name, train_levels_names[train_layer_weights(config, behind).levels]);
}

static void check_price(const struct train_config *c)
{
    check_range("price_begin", c->price_begin, 0, 1e6);
    check_range("price_end", c->price_end, 0, 1e6);
    check_range("price_target", c->price_target, 0, 1e15);
    check_range("frontier_from", c->frontier_from, 0, 1e15);
    check_range("frontier_points", c->frontier_points, 1, 1000);
    check_range("anneal_epochs", c->anneal_epochs, 0, 1e6);
    check_range("search_tries", c->search_tries, 0, 1e6);
    check_range("search_further", c->search_further, 0, 15);
    check_range("width_rate", c->width_rate, 0, 1e6);
    check_range("range_margin_bits", c->range_margin_bits, 0, 30);
    bool priced = c->price_end > 0 || c->price_target > 0;
    if (priced && !frontier_wanted(c))
        fail("training: a price needs learned widths; give a layer `weights: learned`");
    if (c->price_target > 0 && c->frontier_from > 0 && c->frontier_from < c->price_target)
        fail("training: frontier_from %g lies below price_target %g", c->frontier_from,
             c->price_target);
    if (prune_is_stepwise(c) && priced)
        fail("training: pruning by method %s and a price exclude each other: with a price, weights "
             "vanish when their bits do",
             train_prune_names[c->prune_method]);
}

static void check_phases(const struct train_config *c)
{
    check_range("epochs", c->epochs, 0, 1e6);
    check_range("quantized_epochs", c->quantized_epochs, 0, 1e6);
    check_range("batch", c->batch, 1, 1048576);
    check_range("threads", c->threads, 0, 64);
    check_range("patience", c->patience, 0, 1e6);
    check_range("sparsity", c->sparsity, 0, 1);
    check_range("prune_frequency", c->prune_frequency, 1, 1e9);
    check_range("prune_begin_epoch", c->prune_begin_epoch, 0, 1e6);
    check_range("pruning: steps", c->prune_steps, 1, 1000);
    check_range("pruning: rewind_epoch", c->rewind_epoch, 0,
                (double)c->quantized_epochs / (c->prune_steps + 1));
    check_range("pruning: strength", c->prune_strength, 0, 1e6);
    double end = c->prune_end_epoch > 0 ? c->prune_end_epoch : 1e6;
    check_range("prune_end_epoch", c->prune_end_epoch, 0,
                c->quantized_epochs > 0 ? c->quantized_epochs : 1e6);
    if (end < c->prune_begin_epoch) fail("training: prune_end_epoch lies before prune_begin_epoch");
    if (c->epochs == 0 && (!c->quantize || c->quantized_epochs == 0))
        fail("training: no epochs at all; set epochs or quantized_epochs");
}

static void check_numbers(const struct train_config *c)
{
    check_positive("learning_rate", c->learning_rate);
    check_range("quantized_learning_rate", c->quantized_learning_rate, 0, 1e9);
    check_positive("epsilon", c->epsilon);
    check_positive("huber_delta", c->huber_delta);
    check_range("momentum", c->momentum, 0, 1);
    check_range("beta1", c->beta1, 0, 0.9999999);
    check_range("beta2", c->beta2, 0, 0.9999999);
    check_range("rho", c->rho, 0, 1);
    check_range("weight_decay", c->weight_decay, 0, 1e9);
    check_range("l1", c->l1, 0, 1e9);
    check_range("l2", c->l2, 0, 1e9);
    check_range("clip_norm", c->clip_norm, 0, 1e30);
    check_range("clip_value", c->clip_value, 0, 1e30);
    check_range("warmup_epochs", c->warmup_epochs, 0, 1e6);
    check_range("final_fraction", c->final_fraction, 0, 1);
    check_range("calibration_percentile", c->calibration_percentile, 50, 100);
    check_range("min_delta", c->min_delta, 0, 1e9);
    if (c->schedule == SCHEDULE_STEP || c->schedule == SCHEDULE_EXPONENTIAL) {
        check_positive("decay_rate", c->decay_rate);
        check_positive("decay_epochs", c->decay_epochs);
    }
}

/* The last layer against the labels. */
static void check_targets(const struct train_config *config, const struct events *events)
{
    int outputs = events->features;
    for (int i = 0; i < config->layer_count; i++)
        if (config->layers[i].kind == TRAIN_DENSE) outputs = config->layers[i].units;
    const char *loss = train_loss_names[config->loss];
    if (!events->y) fail("%s: no labels to train on", events->path);
    bool classes = events->classes >= 2 && events->targets == 1;
    bool fits = classes && (outputs == events->classes || (outputs == 1 && events->classes == 2));
    if (config->loss == LOSS_CATEGORICAL_CROSS_ENTROPY && !(fits && outputs > 1))
        fail("training: %s needs as many outputs as classes; the network has %d outputs, %s has %d "
             "classes",
             loss, outputs, events->path, events->classes);
    if ((config->loss == LOSS_BINARY_CROSS_ENTROPY || config->loss == LOSS_HINGE) && !fits)
        fail("training: %s needs one output for two classes or as many outputs as classes; the "
             "network has %d outputs, %s has %d classes",
             loss, outputs, events->path, events->classes);
    if (!fits && outputs != events->targets)
        fail("training: the network has %d outputs, but %s has %d target columns", outputs,
             events->path, events->targets);
    if (!fits && (config->monitor == MONITOR_ACCURACY || config->class_weights ||
                  config->class_weights_balanced))
        fail("training: accuracy and class weights need class labels, which %s has not",
             events->path);
    if (config->class_weights && config->class_weight_count != events->classes)
        fail("training: %d class weights, but %s has %d classes", config->class_weight_count,
             events->path, events->classes);
    for (int i = 0; config->class_weights && i < config->class_weight_count; i++)
        check_range("a class weight", config->class_weights[i], 0, 1e9);
}

void train_config_check(const struct train_config *config, const struct events *events)
{
    if (config->layer_count < 1) fail("training: the network has no layers");
    bool dense = false;
    for (int i = 0; i < config->layer_count; i++) {
        check_layer(config, i);
        dense = dense || config->layers[i].kind == TRAIN_DENSE;
    }
    if (!dense) fail("training: the network has no dense layer");
    check_format("all layers", "input", &config->input);
    check_format("all layers", "weights", &config->weights);
    check_format("all layers", "bias", &config->bias);
    check_format("all layers", "activations", &config->activations);
    check_format("all layers", "output", &config->output);
    check_phases(config);
    check_price(config);
    check_numbers(config);
    check_range("noise", config->noise, 0, 1e3);
    check_range("smearing", config->smearing, 0, 1e3);
    check_range("dead_channels", config->dead_channels, 0, 1);
    check_range("teacher_weight", config->teacher_weight, 0, 1);
    check_targets(config, events);
    teacher_check(config, events);
    initial_check(config, events);
}
