/* Formats of the values of ensembles that were made elsewhere. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <math.h>

enum { DEFAULT_LEAF_BITS = 8 };

static void set_format(struct network *network, struct quantizer *quant, struct format format)
{
    quant->count = 1;
    quant->formats = arena_alloc(&network->arena, 1, sizeof *quant->formats);
    quant->formats[0] = format;
}

/* The signed format of that width with the finest step that holds all magnitudes up to `reach`. */
static struct format format_for(int width, double reach)
{
    int exponent = 0;
    if (reach > 0) frexp(reach, &exponent); /* reach < 2^exponent */
    struct format format = format_make(true, width, exponent + 1);
    if (format_quantize(format, reach) < reach - format_step(format)) format.integer_bits++;
    return format;
}

static double reach_of(const double *values, int count, const struct trees *trees)
{
    double reach = 0;
    for (int i = 0; values && i < count; i++)
        reach = fmax(reach, fabs(values[i] * trees->factor / trees->divisor));
    return reach;
}

static void prepare_trees(struct network *network, struct layer *layer,
                          const struct compile_options *options)
{
    const struct trees *trees = layer->trees;
    int bits = options->leaf_bits ? options->leaf_bits : DEFAULT_LEAF_BITS;
    if (bits < 1 || bits > 32) fail("--leaf-bits %d: the value of a leaf has 1 to 32 bits", bits);
    if (!layer->weight_quant.count)
        set_format(network, &layer->weight_quant,
                   format_for(bits, reach_of(trees->values, trees->value_count, trees)));
    if (layer->bias_quant.count || !trees->base) return;
    /* The base has the step of the leaves and as many bits as it needs. */
    int fraction = format_fraction_bits(layer->weight_quant.formats[0]), exponent = 0;
    for (int i = 1; i < layer->weight_quant.count; i++)
        if (format_fraction_bits(layer->weight_quant.formats[i]) > fraction)
            fraction = format_fraction_bits(layer->weight_quant.formats[i]);
    double reach = reach_of(trees->base, layer->size, trees);
    if (reach > 0) frexp(reach, &exponent);
    int width = exponent + 2 + fraction;
    if (width > FORMAT_MAX_BITS)
        fail("layer %s: its base of %g is too large beside its leaves", layer->name, reach);
    if (width < 1) width = 1;
    set_format(network, &layer->bias_quant, format_make(true, width, width - fraction));
}

/* Centres without a format get one of the finest input's step that holds them all. */
static void prepare_distance(struct network *network, struct layer *layer)
{
    const struct layer *before = &network->layers[layer->input];
    int fraction = before->kind == LAYER_BUCKETS ? 0 : -FORMAT_MAX_INTEGER_BITS, exponent = 0;
    if (layer->weight_quant.count) return;
    for (int i = 0; before->kind == LAYER_QUANT && i < before->quant.count; i++)
        if (format_fraction_bits(before->quant.formats[i]) > fraction)
            fraction = format_fraction_bits(before->quant.formats[i]);
    double reach = reach_of(layer->trees->values, layer->trees->value_count, layer->trees);
    if (reach > 0) frexp(reach, &exponent);
    int width = exponent + 1 + fraction;
    if (width > FORMAT_MAX_BITS)
        fail("layer %s: its centres reach %g, too far for the step of its inputs", layer->name,
             reach);
    if (width < 1) width = 1;
    set_format(network, &layer->weight_quant, format_make(true, width, width - fraction));
}

void trees_prepare(struct network *network, const struct compile_options *options)
{
    for (int i = 1; i < network->layer_count; i++) {
        if (network->layers[i].kind == LAYER_TREES)
            prepare_trees(network, &network->layers[i], options);
        if (network->layers[i].kind == LAYER_TREE_DISTANCE)
            prepare_distance(network, &network->layers[i]);
    }
}
