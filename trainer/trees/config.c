/* Tables, defaults and checks of the settings: see trees.h. */
#include "trainer/trees/trees.h"

#include "base/error.h"
#include "trainer/trees/bins.h"

#include <math.h>
#include <stdio.h>

#define NAME(id, name, text) name,
#define TEXT(id, name, text) text,
const char *const trees_method_names[] = {TREES_METHOD_TABLE(NAME)};
const char *const trees_method_texts[] = {TREES_METHOD_TABLE(TEXT)};
const char *const trees_growth_names[] = {TREES_GROWTH_TABLE(NAME)};
const char *const trees_growth_texts[] = {TREES_GROWTH_TABLE(TEXT)};
const char *const trees_outputs_names[] = {TREES_OUTPUTS_TABLE(NAME)};
const char *const trees_outputs_texts[] = {TREES_OUTPUTS_TABLE(TEXT)};
const char *const trees_edges_names[] = {TREES_EDGES_TABLE(NAME)};
const char *const trees_edges_texts[] = {TREES_EDGES_TABLE(TEXT)};
const char *const trees_loss_names[] = {TREES_LOSS_TABLE(NAME)};
const char *const trees_loss_texts[] = {TREES_LOSS_TABLE(TEXT)};
#undef NAME
#undef TEXT

void trees_config_init(struct trees_config *config)
{
    *config = (struct trees_config){
        .name = "network",
        .loss = TREES_LOSS_CATEGORICAL_CROSS_ENTROPY,
        .quantile = 0.5,
        .rounds = 100,
        .depth = 6,
        .learning_rate = 0.3,
        .row_fraction = 1,
        .l2 = 1,
        .min_child_weight = 1,
        .background = -1,
        .quantize = true,
        .bits = 8,
        .clip = 0.002,
        .leaf_bits = 6,
        .quantized_sweeps = 6,
        .seed = 1,
        .threads = 2,
    };
}

_Noreturn static void fail_setting(const char *key, const char *what)
{
    fail("trees: %s: %s", key, what);
}

static void check_range(const char *key, double value, double least, double most)
{
    if (value >= least && value <= most) return;
    char what[80];
    snprintf(what, sizeof what, "%g is not in %g..%g", value, least, most);
    fail_setting(key, what);
}

static void check_labels(const struct trees_config *c, const struct events *e)
{
    if (trees_is_unsupervised(c)) {
        if (c->background >= 0 && c->background >= e->classes)
            fail("trees: background: there is no class %d in %s", c->background, e->path);
        return;
    }
    if (!e->y) fail("%s: no labels to learn from", e->path);
    switch (c->loss) {
    case TREES_LOSS_BINARY_CROSS_ENTROPY:
        if (e->classes != 2)
            fail("%s: binary_cross_entropy is for two classes, not %d", e->path, e->classes);
        break;
    case TREES_LOSS_CATEGORICAL_CROSS_ENTROPY:
        if (e->classes < 2) fail("%s: categorical_cross_entropy needs classes", e->path);
        break;
    default:
        if (e->targets != 1 && c->loss != TREES_LOSS_SQUARED_ERROR)
            fail("%s: this loss is for one target, not %d", e->path, e->targets);
    }
}

static void check_monotone(const struct trees_config *c, const struct events *e)
{
    if (!c->monotone) return;
    bool single = c->loss != TREES_LOSS_CATEGORICAL_CROSS_ENTROPY && e->targets == 1;
    if (c->method != TREES_BOOSTING || !single || c->growth == TREES_GROWTH_SYMMETRIC)
        fail_setting("monotone",
                     "constraints go with boosting of one output, grown by depth or leaf");
    if (c->sweeps)
        fail_setting("monotone", "values found anew would not keep to them; set sweeps to 0");
}

void trees_config_check(const struct trees_config *c, const struct events *e)
{
    check_range("quantile", c->quantile, 0.001, 0.999);
    check_range("rounds", c->rounds, 1, 100000);
    check_range("depth", c->depth, 1, 16);
    check_range("leaves", c->leaves, 0, 65536);
    check_range("learning_rate", c->learning_rate, 1e-6, 10);
    check_range("row_fraction", c->row_fraction, 1e-6, 1);
    check_range("feature_fraction", c->feature_fraction, 0, 1);
    check_range("l1", c->l1, 0, 1e9);
    check_range("l2", c->l2, 0, 1e9);
    check_range("min_gain", c->min_gain, 0, 1e12);
    check_range("min_child_weight", c->min_child_weight, 0, 1e12);
    check_range("pruning", c->pruning, 0, 1e9);
    check_range("threshold_penalty", c->threshold_penalty, 0, 0.99);
    check_range("lut_price", c->lut_price, 0, 1);
    check_range("bits", c->bits, 1, c->edges == TREES_EDGES_QUANTILE ? 7 : 16);
    check_range("clip", c->clip, 0, 0.2);
    check_range("leaf_bits", c->leaf_bits, 0, 16);
    check_range("sweeps", c->sweeps, 0, 1000);
    check_range("quantized_sweeps", c->quantized_sweeps, 0, 1000);
    check_range("threads", c->threads, 1, 64);
    if (c->leaf_step != 0 && (c->leaf_step < 0 || frexp(c->leaf_step, &(int){0}) != 0.5))
        fail_setting("leaf_step", "it must be a power of two");
    if (c->edges == TREES_EDGES_QUANTILE && c->scaling == TREES_SCALING_NONE && c->quantize)
        fail_setting("edges",
                     "quantile edges are the host's affair; they go with standardise: host");
    check_labels(c, e);
    check_monotone(c, e);
}
