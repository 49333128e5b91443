/* Dense layers whose weights are loaded at run time: their integers are declared, not known. */
#include "compiler/lower/lower.h"

#include "base/error.h"
#include "base/text.h"

#include <string.h>

bool lowering_is_loadable(const struct lowering *l, const struct layer *layer)
{
    const struct compile_options *options = l->options;
    if (layer->kind != LAYER_DENSE) return false;
    for (int i = 0; i < options->loadable_count; i++)
        if (!strcmp(options->loadable_layers[i], layer->name)) return true;
    return options->all_loadable;
}

static const struct layer *chain_layer(const struct lowering *l, int position)
{
    return &l->network->layers[l->chain.layers[position]];
}

static void check_layer(const struct lowering *l, int position)
{
    const struct layer *layer = chain_layer(l, position), *next = NULL;
    if (position + 1 < l->chain.count) next = chain_layer(l, position + 1);
    if (!layer->weight_quant.count)
        fail("layer %s: loadable weights need a quantizer, whose format says what may be loaded",
             layer->name);
    if (layer->bias && !layer->bias_quant.count)
        fail("layer %s: loadable biases need a quantizer, whose format says what may be loaded",
             layer->name);
    if (next && (next->kind == LAYER_BATCHNORM || next->kind == LAYER_AFFINE))
        fail("layer %s: the scaling behind it (%s) has constants of its own, which are not loaded; "
             "put it into the weights, or leave this layer's constant",
             layer->name, next->name);
    if (chain_layer(l, position - 1)->kind == LAYER_SIGN)
        fail("layer %s: its inputs are signs: loadable weights are for inputs with a format",
             layer->name);
}

static bool is_in_chain(const struct lowering *l, const char *name)
{
    for (int i = 0; i < l->chain.count; i++)
        if (chain_layer(l, i)->kind == LAYER_DENSE && !strcmp(chain_layer(l, i)->name, name))
            return true;
    return false;
}

void lowering_check_loadable(const struct lowering *l)
{
    struct text names = {0};
    int count = 0;
    for (int i = 0; i < l->chain.count; i++) {
        if (chain_layer(l, i)->kind != LAYER_DENSE) continue;
        text_add(&names, "%s%s", count++ ? ", " : "", chain_layer(l, i)->name);
    }
    for (int i = 0; i < l->options->loadable_count; i++)
        if (!is_in_chain(l, l->options->loadable_layers[i]))
            fail("loadable layer %s: there is no dense layer of that name; there are %s",
                 l->options->loadable_layers[i], count ? text_string(&names) : "none");
    if (l->options->all_loadable && !count) fail("loadable weights: there is no dense layer");
    text_free(&names);
    for (int i = 1; i < l->chain.count; i++)
        if (lowering_is_loadable(l, chain_layer(l, i))) check_layer(l, i);
}

/* The grid and the integers on it that hold all values of a quantizer's formats. */
static int hull_of(const struct layer *layer, const struct quantizer *quant, int64_t *lo,
                   int64_t *hi)
{
    int fraction = format_fraction_bits(quant->formats[0]);
    for (int i = 1; i < quant->count; i++)
        if (format_fraction_bits(quant->formats[i]) > fraction)
            fraction = format_fraction_bits(quant->formats[i]);
    *lo = *hi = 0;
    for (int i = 0; i < quant->count; i++) {
        int up = fraction - format_fraction_bits(quant->formats[i]);
        if (up + quant->formats[i].width_bits > 62)
            fail("layer %s: its formats span more than 62 bits; loadable weights share one grid",
                 layer->name);
        int64_t unit = (int64_t)1 << up;
        int64_t least = format_min(quant->formats[i]) * unit;
        int64_t most = format_max(quant->formats[i]) * unit;
        if (least < *lo) *lo = least;
        if (most > *hi) *hi = most;
    }
    return fraction;
}

/* Integers of one grid on a finer one. */
static void restate(int64_t *integers, size_t count, int up)
{
    for (size_t i = 0; i < count && up > 0; i++) /* of zeros alone the grid is any */
        integers[i] *= (int64_t)1 << up;
}

void lowering_declare(struct lowering *l, const struct layer *layer, struct matrix *matrix)
{
    int fraction = hull_of(layer, &layer->weight_quant, &matrix->lo, &matrix->hi), bias = 0;
    restate(matrix->integers, (size_t)matrix->rows * (size_t)matrix->columns,
            fraction - matrix->fraction_bits);
    matrix->fraction_bits = fraction;
    matrix->is_loadable = true;
    if (matrix->bias) {
        bias = hull_of(layer, &layer->bias_quant, &matrix->bias_lo, &matrix->bias_hi);
        restate(matrix->bias, (size_t)matrix->columns, bias - matrix->bias_fraction_bits);
        matrix->bias_fraction_bits = bias;
    }
    if (!l->notes) return;
    struct load_plan *plan = &l->notes->load;
    plan->layers = array_grow(plan->layers, &plan->layer_capacity, (size_t)plan->layer_count + 1,
                              sizeof *plan->layers);
    plan->layers[plan->layer_count++] =
        (struct load_layer){.name = arena_strdup(&plan->arena, layer->name),
                            .rows = matrix->rows,
                            .columns = matrix->columns,
                            .fraction_bits = fraction,
                            .bias_fraction_bits = bias,
                            .lo = matrix->lo,
                            .hi = matrix->hi,
                            .bias_lo = matrix->bias_lo,
                            .bias_hi = matrix->bias_hi,
                            .has_bias = matrix->bias != NULL};
}
