/* compile_prepare(): the network that will be compiled, with an input quantizer and with constants
 * that both the reference and the hardware can have exactly. */
#include "compiler/lower/lower.h"

#include "base/error.h"
#include "model/reference.h"

#include <assert.h>
#include <math.h>
#include <string.h>

struct prepare {
    struct network *network;
    const struct compile_options *options;
    const char *file;
};

/* The only layer that reads `layer`; -1 if it is the last. Others' models may hold branches that
 * nothing reads: those do not count. */
static int reader_of(const struct network *network, int layer)
{
    int reader = -1;
    for (int i = network->layer_count - 1; i > 0; i = network->layers[i].input)
        if (network->layers[i].input == layer) reader = i;
    return reader;
}

/* Puts a new layer between `before` and what reads it, in place: the layers behind move up. */
static struct layer *insert_behind(struct network *network, int before, enum layer_kind kind,
                                   const char *name)
{
    int size = network->layers[before].size, place = before + 1;
    int added = network_add(network, kind, name, before, size);
    struct layer layer = network->layers[added];
    memmove(&network->layers[place + 1], &network->layers[place],
            (size_t)(added - place) * sizeof layer);
    network->layers[place] = layer;
    for (int i = place + 1; i < network->layer_count; i++)
        if (network->layers[i].input >= before) network->layers[i].input++;
    return &network->layers[place];
}

/* A batch normalisation right behind the input is a scaling like any other. */
static void make_affine(struct network *network, struct layer *layer)
{
    size_t n = (size_t)layer->size;
    double *scale = arena_alloc(&network->arena, n, sizeof *scale);
    double *offset = arena_alloc(&network->arena, n, sizeof *offset);
    for (int i = 0; i < layer->size; i++)
        network_affine(layer, i, true, &scale[i], &offset[i]);
    layer->kind = LAYER_AFFINE;
    layer->scale = scale;
    layer->offset = offset;
}

static bool is_scaling(const struct layer *layer)
{
    return layer->kind == LAYER_AFFINE || layer->kind == LAYER_BATCHNORM;
}

/* The format of least range, `width` bits wide, that holds [smallest, largest] after rounding. */
static struct format format_for_range(int width, bool is_signed, double smallest, double largest)
{
    for (int integer_bits = -100; integer_bits < 100; integer_bits++) {
        struct format format = format_make(is_signed, width, integer_bits);
        double step = format_step(format);
        if (largest < ((double)format_max(format) + 0.5) * step &&
            smallest >= ((double)format_min(format) - 0.5) * step)
            return format;
    }
    return format_make(is_signed, width, 100);
}

/* One format per feature from the calibration events, for the elements of layer `behind`. */
static void calibrate(const struct prepare *p, int behind, struct quantizer *quant)
{
    const struct compile_options *options = p->options;
    if (!options->calibrate || options->calibrate_events < 1)
        fail("%s: --input-bits needs events to see the range of each input: add --calibrate FILE, "
             "or give --input-format",
             p->file);
    if (options->input_bits < 1 || options->input_bits > 24)
        fail("%s: --input-bits %d: an input has 1 to 24 bits", p->file, options->input_bits);
    struct network *network = p->network;
    int n = network->layers[behind].size;
    double *smallest = arena_alloc(&network->arena, (size_t)n, sizeof *smallest);
    double *largest = arena_alloc(&network->arena, (size_t)n, sizeof *largest);
    reference_range(network, REFERENCE_QUANTIZED, options->calibrate, options->calibrate_events,
                    behind, smallest, largest);
    bool is_signed = false;
    for (int i = 0; i < n; i++)
        is_signed = is_signed || smallest[i] < 0;
    quant->count = n;
    quant->formats = arena_alloc(&network->arena, (size_t)n, sizeof *quant->formats);
    for (int i = 0; i < n; i++)
        quant->formats[i] =
            format_for_range(options->input_bits, is_signed, smallest[i], largest[i]);
}

/* The same in front of trees, which ask for no more than their thresholds; false: there are none.
 */
static bool quantize_for_trees(const struct prepare *p, int behind)
{
    struct network *network = p->network;
    int next = reader_of(network, behind);
    bool asked = p->options->input_format || p->options->input_bits;
    if (next < 0 || network->layers[next].kind != LAYER_TREES || !asked) return false;
    if (p->options->input_format && strcmp(p->options->input_format, "thresholds") != 0)
        return false;
    insert_behind(network, behind, LAYER_QUANT, "input_quant");
    return trees_quantize(network, behind, &network->layers[behind + 1], &network->layers[next + 1],
                          p->options, p->file);
}

/* Inserts the quantizer that the flags describe behind layer `behind`. */
static void insert_quantizer(const struct prepare *p, int behind)
{
    const struct compile_options *options = p->options;
    struct quantizer quant = {0, NULL};
    if (quantize_for_trees(p, behind)) return;
    if (options->input_format) {
        char reason[200];
        quant.count = 1;
        quant.formats = arena_alloc(&p->network->arena, 1, sizeof *quant.formats);
        if (!format_parse(options->input_format, quant.formats, reason, sizeof reason))
            fail("--input-format %s: %s", options->input_format, reason);
    } else if (options->input_bits) {
        calibrate(p, behind, &quant);
    } else {
        fail("%s: the model does not quantize its input%s; give --input-format FORMAT, such as "
             "'fixed<8,4>', or --input-bits W --calibrate FILE",
             p->file,
             behind == 0 && p->network->layers[1].kind != LAYER_QUANT ? "" : " before its scaling");
    }
    insert_behind(p->network, behind, LAYER_QUANT, "input_quant")->quant = quant;
}

/* Two scalings in a row become one, rounded to float32. */
static void merge_scalings(struct network *network, int first, int second)
{
    struct layer *a = &network->layers[first], *b = &network->layers[second];
    make_affine(network, a);
    make_affine(network, b);
    for (int i = 0; i < a->size; i++) {
        b->offset[i] = network_float32(b->scale[i] * a->offset[i] + b->offset[i]);
        b->scale[i] = network_float32(b->scale[i] * a->scale[i]);
    }
    b->input = a->input;
}

/* Scalings between the raw input and the first other layer: at most one is left, an AFFINE.
 * Returns its index, 0 if there is none. */
static int gather_scalings(struct network *network)
{
    int scaling = 0;
    for (int next; (next = reader_of(network, scaling)) > 0;) {
        if (!is_scaling(&network->layers[next])) break;
        if (scaling > 0)
            merge_scalings(network, scaling, next);
        else
            make_affine(network, &network->layers[next]);
        scaling = next;
    }
    return scaling;
}

/* Largest magnitude that a format's values have. */
static double format_reach(struct format format)
{
    double low = -(double)format_min(format), high = (double)format_max(format);
    return (low > high ? low : high) * format_step(format);
}

/* A scaling of quantized raw values in the fabric (STANDARDISE_FABRIC): its constants become ones
 * of few signed digits. Together they move a result by at most 3/8 of the step of the quantizer
 * behind it; without one, of the step of the raw value. */
static void round_constants(struct network *network, int scaling)
{
    struct layer *layer = &network->layers[scaling];
    const struct layer *raw = &network->layers[layer->input];
    int next = reader_of(network, scaling);
    bool quantized = next > 0 && network->layers[next].kind == LAYER_QUANT;
    for (int i = 0; i < layer->size; i++) {
        struct format in = quantizer_at(&raw->quant, i);
        double step = quantized ? format_step(quantizer_at(&network->layers[next].quant, i))
                                : fabs(layer->scale[i]) * format_step(in);
        if (step == 0) /* a scale of zero: only the offset counts */
            step = ldexp(1, -16);
        layer->scale[i] = network_float32(csd_round(layer->scale[i], step / 4 / format_reach(in)));
        layer->offset[i] = network_float32(csd_round(layer->offset[i], step / 8));
    }
}

static void place_input_quantizer(const struct prepare *p)
{
    struct network *network = p->network;
    const struct compile_options *options = p->options;
    int scaling = gather_scalings(network), next = reader_of(network, scaling);
    bool has_quant = next > 0 && (network->layers[next].kind == LAYER_QUANT ||
                                  network->layers[next].kind == LAYER_BUCKETS);
    bool asked = options->input_format || options->input_bits;
    if (options->standardise == STANDARDISE_FABRIC && scaling > 0) {
        insert_quantizer(p, network->layers[scaling].input);
        round_constants(network, scaling + 1);
    } else if (!has_quant) {
        insert_quantizer(p, scaling);
    } else if (asked) {
        fail("%s: the model quantizes its input itself (layer %s); leave out --input-format and "
             "--input-bits",
             p->file, network->layers[next].name);
    }
}

/* Finest fraction bits of a layer's elements, for round_offsets(). */
static int finest_format(const struct quantizer *quant)
{
    int finest = -1000;
    for (int i = 0; i < quant->count; i++)
        if (format_fraction_bits(quant->formats[i]) > finest)
            finest = format_fraction_bits(quant->formats[i]);
    return finest;
}

static int finest_of(const double *numbers, size_t count)
{
    int finest = 0;
    for (size_t i = 0; i < count; i++) {
        struct dyadic d = dyadic_of(network_float32(numbers[i]));
        if (d.integer && d.fraction_bits > finest) finest = d.fraction_bits;
    }
    return finest;
}

static int dense_fraction(const struct network *network, const struct layer *layer, int fraction)
{
    size_t inputs = (size_t)network->layers[layer->input].size, size = (size_t)layer->size;
    fraction += layer->weight_quant.count ? finest_format(&layer->weight_quant)
                                          : finest_of(layer->weights, inputs * size);
    int bias = fraction;
    if (layer->bias)
        bias = layer->bias_quant.count ? finest_format(&layer->bias_quant)
                                       : finest_of(layer->bias, size);
    return bias > fraction ? bias : fraction;
}

/* A scaling whose offset has bits far below scale * step of its argument would make the sum longer
 * than a double holds, for nothing: the offset is rounded to that grid. */
static void round_offsets(struct network *network, struct layer *layer, int fraction_bits)
{
    bool differs = false;
    size_t n = (size_t)layer->size;
    double *scale = arena_alloc(&network->arena, n, sizeof *scale);
    double *offset = arena_alloc(&network->arena, n, sizeof *offset);
    for (int i = 0; i < layer->size; i++) {
        network_affine(layer, i, true, &scale[i], &offset[i]);
        double step = ldexp(1, -(fraction_bits + dyadic_of(scale[i]).fraction_bits));
        double rounded = scale[i] == 0 ? offset[i] : rint(offset[i] / step) * step;
        differs = differs || rounded != offset[i];
        offset[i] = rounded;
    }
    if (!differs) return;
    layer->kind = LAYER_AFFINE;
    layer->scale = scale;
    layer->offset = offset;
}

/* Walks the layers behind the input quantizer with the fraction bits of their elements. */
static void round_all_offsets(struct network *network)
{
    int fraction = 0;
    bool quantized = false;
    for (int i = reader_of(network, 0); i > 0; i = reader_of(network, i)) {
        struct layer *layer = &network->layers[i];
        if (layer->kind == LAYER_QUANT) {
            fraction = finest_format(&layer->quant);
            quantized = true;
        } else if (layer->kind == LAYER_SIGN) {
            fraction = 0;
            quantized = true;
        } else if (layer->kind == LAYER_DENSE) {
            fraction = dense_fraction(network, layer, fraction);
        } else if (layer->kind == LAYER_LEAKY_RELU) {
            fraction += finest_of(&layer->alpha, 1);
        } else if (quantized && is_scaling(layer)) {
            round_offsets(network, layer, fraction);
            double scale, offset;
            int finest = 0;
            for (int j = 0; j < layer->size; j++) {
                network_affine(layer, j, true, &scale, &offset);
                if (scale != 0 && dyadic_of(scale).fraction_bits > finest)
                    finest = dyadic_of(scale).fraction_bits;
            }
            fraction += finest;
        }
    }
}

static void round_loadable(struct network *network, const struct compile_options *options)
{
    for (int i = reader_of(network, 0); i > 0; i = reader_of(network, i))
        if (layer_is_loadable(options, &network->layers[network->layers[i].input]) &&
            is_scaling(&network->layers[i]))
            loadable_round(network, &network->layers[i]);
}

void compile_prepare(struct network *network, const struct compile_options *options,
                     const char *file)
{
    struct prepare p = {network, options, file};
    network_round_to_float32(network);
    if (network->layer_count < 2) fail("%s: the model has no layers", file);
    place_input_quantizer(&p);
    round_loadable(network, options);
    round_all_offsets(network);
    trees_prepare(network, options);
    if (options->output == COMPILE_SOFTMAX) softmax_prepare(network, options, file);
    network_check(network, file);
}
