/* Layers whose weights or trees are loaded at run time: their integers are declared, not known. */
#include "compiler/lower/lower.h"

#include "base/error.h"
#include "base/text.h"

#include <math.h>
#include <string.h>

static bool may_load(const struct layer *layer)
{
    return layer->kind == LAYER_DENSE || layer->kind == LAYER_TREES;
}

bool layer_is_loadable(const struct compile_options *options, const struct layer *layer)
{
    if (!may_load(layer)) return false;
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
    if (layer->kind == LAYER_TREES) {
        if (layer->weight_quant.count != 1 || layer->bias_quant.count > 1)
            fail("layer %s: loadable trees need one format for all leaves, and one for the base",
                 layer->name);
        return;
    }
    if (position + 1 < l->chain.count) next = chain_layer(l, position + 1);
    if (!layer->weight_quant.count)
        fail("layer %s: loadable weights need a quantizer, whose format says what may be loaded",
             layer->name);
    if (layer->bias && !layer->bias_quant.count)
        fail("layer %s: loadable biases need a quantizer, whose format says what may be loaded",
             layer->name);
    bool is_scaled = next && (next->kind == LAYER_BATCHNORM || next->kind == LAYER_AFFINE);
    if (is_scaled && position + 2 < l->chain.count &&
        chain_layer(l, position + 2)->kind == LAYER_SIGN)
        fail("layer %s: a sign follows its normalisation: loadable weights need a format there",
             layer->name);
    if (chain_layer(l, position - 1)->kind == LAYER_SIGN)
        fail("layer %s: its inputs are signs: loadable weights are for inputs with a format",
             layer->name);
}

static bool is_in_chain(const struct lowering *l, const char *name)
{
    for (int i = 0; i < l->chain.count; i++)
        if (may_load(chain_layer(l, i)) && !strcmp(chain_layer(l, i)->name, name)) return true;
    return false;
}

void lowering_check_loadable(const struct lowering *l)
{
    struct text names = {0};
    int count = 0;
    for (int i = 0; i < l->chain.count; i++) {
        if (!may_load(chain_layer(l, i))) continue;
        text_add(&names, "%s%s", count++ ? ", " : "", chain_layer(l, i)->name);
    }
    for (int i = 0; i < l->options->loadable_count; i++)
        if (!is_in_chain(l, l->options->loadable_layers[i]))
            fail("loadable layer %s: there is no dense layer or ensemble of trees of that name; "
                 "there are "
                 "%s",
                 l->options->loadable_layers[i], count ? text_string(&names) : "none");
    if (l->options->all_loadable && !count)
        fail("loadable weights: there is no dense layer and no ensemble of trees");
    text_free(&names);
    for (int i = 1; i < l->chain.count; i++)
        if (layer_is_loadable(l->options, chain_layer(l, i))) check_layer(l, i);
}

int lowering_hull(const struct layer *layer, const struct quantizer *quant, int64_t *lo,
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

enum { SMALL_BITS = 64, LUT_WORDS = 32 };

enum memory_kind lowering_memory_kind(const struct target *target, int words, int bits)
{
    if (2 * words * bits <= SMALL_BITS || (!target->ram_bits && !target->has_lut_ram))
        return MEMORY_REGISTERS;
    if (target->has_lut_ram && (2 * words <= LUT_WORDS || !target->ram_bits))
        return MEMORY_DISTRIBUTED;
    return MEMORY_BLOCK;
}

/* Integers of one grid on a finer one. */
static void restate(int64_t *integers, size_t count, int up)
{
    for (size_t i = 0; i < count && up > 0; i++) /* of zeros alone the grid is any */
        integers[i] *= (int64_t)1 << up;
}

void lowering_declare(struct lowering *l, const struct layer *layer, struct matrix *matrix)
{
    int fraction = lowering_hull(layer, &layer->weight_quant, &matrix->lo, &matrix->hi), bias = 0;
    restate(matrix->integers, (size_t)matrix->rows * (size_t)matrix->columns,
            fraction - matrix->fraction_bits);
    matrix->fraction_bits = fraction;
    matrix->is_loadable = true;
    if (matrix->bias) {
        bias = lowering_hull(layer, &layer->bias_quant, &matrix->bias_lo, &matrix->bias_hi);
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
                            .weights = {true, fraction, matrix->lo, matrix->hi},
                            .bias = {matrix->bias, bias, matrix->bias_lo, matrix->bias_hi}};
}

/* ---- a normalisation behind the layer ---- */

/* Bits of its loadable constants, and by how much others may exceed those of today. */
enum { SCALE_BITS = 16, SPARE_BITS = 1 };

/* The grid on which the numbers have SCALE_BITS with something to spare. */
static int grid_for(double most)
{
    int exponent = 0;
    if (most > 0) frexp(most, &exponent); /* most < 2^exponent */
    return SCALE_BITS - 1 - SPARE_BITS - exponent;
}

static void find_grids(const struct layer *layer, int *scale_bits, int *offset_bits)
{
    double most_scale = 0, most_offset = 0, scale, offset;
    for (int j = 0; j < layer->size; j++) {
        network_affine(layer, j, true, &scale, &offset);
        most_scale = fmax(most_scale, fabs(scale));
        most_offset = fmax(most_offset, fabs(offset));
    }
    *scale_bits = grid_for(most_scale);
    *offset_bits = grid_for(most_offset);
}

void loadable_round(struct network *network, struct layer *layer)
{
    int scale_bits, offset_bits;
    size_t n = (size_t)layer->size;
    double *scale = arena_alloc(&network->arena, n, sizeof *scale);
    double *offset = arena_alloc(&network->arena, n, sizeof *offset);
    find_grids(layer, &scale_bits, &offset_bits);
    for (int j = 0; j < layer->size; j++) {
        network_affine(layer, j, true, &scale[j], &offset[j]);
        scale[j] = ldexp(rint(ldexp(scale[j], scale_bits)), -scale_bits);
        offset[j] = ldexp(rint(ldexp(offset[j], offset_bits)), -offset_bits);
    }
    layer->kind = LAYER_AFFINE;
    layer->scale = scale;
    layer->offset = offset;
}

void lowering_load_affine(struct lowering *l, const struct layer *layer, int *results)
{
    struct matrix matrix = {.rows = 1,
                            .columns = 1,
                            .is_loadable = true,
                            .lo = -((int64_t)1 << (SCALE_BITS - 1)),
                            .hi = ((int64_t)1 << (SCALE_BITS - 1)) - 1};
    find_grids(layer, &matrix.fraction_bits, &matrix.bias_fraction_bits);
    matrix.bias_lo = matrix.lo;
    matrix.bias_hi = matrix.hi;
    for (int j = 0; j < layer->size; j++) {
        double scale, offset;
        network_affine(layer, j, true, &scale, &offset);
        int64_t integers[2] = {(int64_t)ldexp(scale, matrix.fraction_bits),
                               (int64_t)ldexp(offset, matrix.bias_fraction_bits)};
        matrix.name = arena_printf(&l->arena, "%s.%d", layer->name, j);
        matrix.integers = &integers[0];
        matrix.bias = &integers[1];
        program_add_matvec(l->program, &l->values[j], 1, &matrix, &results[j]);
        lowering_check_exact(layer, l->program, results[j]);
    }
    if (!l->notes) return;
    struct load_layer *loaded = &l->notes->load.layers[l->notes->load.layer_count - 1];
    loaded->scale = (struct load_numbers){true, matrix.fraction_bits, matrix.lo, matrix.hi};
    loaded->offset = (struct load_numbers){true, matrix.bias_fraction_bits, matrix.lo, matrix.hi};
}
