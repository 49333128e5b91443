/* The floating-point reference: blocks of events pass through the layers, one event in a lane. Sums
 * run in the order of the inputs, so that results do not depend on the block size. See reference.h.
 */
#include "model/reference.h"

#include "model/reference_trees.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { LANES = REFERENCE_TREES_LANES }; /* events in a block */

/* A layer made ready: parameters as the mode sees them. Arrays [output][input] and [output]. */
struct stage {
    const struct layer *layer;
    double *weights, *bias; /* DENSE */
    double *scale, *offset; /* AFFINE, BATCHNORM */
    struct reference_trees trees;
    double *values; /* outputs of the present block, [size][LANES] */
};

struct evaluation {
    struct arena arena;
    const struct network *network;
    enum reference_mode mode;
    int count; /* stages, from layer 0 on */
    struct stage *stages;
};

static double parameter(enum reference_mode mode, const struct quantizer *quant, size_t element,
                        double latent)
{
    double value = network_float32(latent); /* as a model file stores it */
    if (mode == REFERENCE_FLOAT || quant->count == 0) return value;
    return format_quantize(quantizer_at(quant, (int)element), value);
}

static void prepare_dense(struct evaluation *e, struct stage *stage, int inputs)
{
    const struct layer *layer = stage->layer;
    size_t outputs = (size_t)layer->size, rows = (size_t)inputs;
    stage->weights = arena_alloc(&e->arena, rows * outputs, sizeof(double));
    stage->bias = arena_alloc(&e->arena, outputs, sizeof(double));
    for (size_t j = 0; j < outputs; j++) {
        for (size_t i = 0; i < rows; i++)
            stage->weights[j * rows + i] = parameter(e->mode, &layer->weight_quant, i * outputs + j,
                                                     layer->weights[i * outputs + j]);
        if (layer->bias) stage->bias[j] = parameter(e->mode, &layer->bias_quant, j, layer->bias[j]);
    }
}

static struct evaluation prepare(const struct network *network, enum reference_mode mode, int last)
{
    struct evaluation e = {.network = network, .mode = mode};
    assert(last >= -1 && last < network->layer_count);
    e.count = last < 0 ? network->layer_count : last + 1;
    e.stages = arena_alloc(&e.arena, (size_t)e.count, sizeof *e.stages);
    for (int l = 0; l < e.count; l++) {
        struct stage *stage = &e.stages[l];
        const struct layer *layer = stage->layer = &network->layers[l];
        size_t size = (size_t)layer->size;
        stage->values = arena_alloc(&e.arena, size * LANES, sizeof(double));
        if (layer->kind == LAYER_DENSE)
            prepare_dense(&e, stage, network->layers[layer->input].size);
        if (layer_is_trees(layer))
            stage->trees = reference_trees_prepare(&e.arena, network, layer, mode);
        if (layer->kind != LAYER_AFFINE && layer->kind != LAYER_BATCHNORM) continue;
        stage->scale = arena_alloc(&e.arena, size, sizeof(double));
        stage->offset = arena_alloc(&e.arena, size, sizeof(double));
        for (int j = 0; j < layer->size; j++)
            network_affine(layer, j, mode == REFERENCE_QUANTIZED, &stage->scale[j],
                           &stage->offset[j]);
    }
    return e;
}

/* y[j] = b[j] + sum_i w[j][i] x[i], in that order. A weight of 0 costs nothing. */
static void dense(const double *restrict weights, const double *restrict bias, int inputs,
                  int outputs, const double *restrict x, double *restrict y)
{
    for (int j = 0; j < outputs; j++) {
        const double *row = weights + (size_t)j * (size_t)inputs;
        double sum[LANES];
        for (int k = 0; k < LANES; k++)
            sum[k] = bias[j];
        for (int i = 0; i < inputs; i++) {
            double w = row[i];
            const double *in = x + (size_t)i * LANES;
            if (w == 0) continue;
            for (int k = 0; k < LANES; k++)
                sum[k] += w * in[k];
        }
        memcpy(y + (size_t)j * LANES, sum, sizeof sum);
    }
}

static void softmax(const double *x, double *y, int size)
{
    for (int k = 0; k < LANES; k++) {
        double largest = x[k], sum = 0;
        for (int j = 1; j < size; j++)
            largest = fmax(largest, x[(size_t)j * LANES + (size_t)k]);
        for (int j = 0; j < size; j++) {
            size_t at = (size_t)j * LANES + (size_t)k;
            sum += y[at] = exp(x[at] - largest);
        }
        for (int j = 0; j < size; j++)
            y[(size_t)j * LANES + (size_t)k] /= sum;
    }
}

/* As hardware computes it: the formats of network.h, in logarithms. */
static void hardware_softmax(const struct softmax_formats *f, const double *x, double *y, int size)
{
    for (int k = 0; k < LANES; k++) {
        double largest = x[k], sum = 0;
        for (int j = 1; j < size; j++)
            largest = fmax(largest, x[(size_t)j * LANES + (size_t)k]);
        for (int j = 0; j < size; j++) {
            size_t at = (size_t)j * LANES + (size_t)k;
            y[at] = format_quantize(f->difference, largest - x[at]);
            sum += format_quantize(f->exponential, exp(-y[at]));
        }
        double logarithm = format_quantize(f->logarithm, log(format_quantize(f->sum, sum)));
        for (int j = 0; j < size; j++) {
            size_t at = (size_t)j * LANES + (size_t)k;
            double exponent = format_quantize(f->exponent, y[at] + logarithm);
            y[at] = format_quantize(f->probability, exp(-exponent));
        }
    }
}

/* Layers whose elements do not meet: n values, all elements of the block. */
static void elementwise(const struct layer *layer, const double *x, double *y, size_t n)
{
    double alpha = network_float32(layer->alpha);
    switch (layer->kind) {
    case LAYER_RELU:
        for (size_t k = 0; k < n; k++)
            y[k] = x[k] > 0 ? x[k] : 0;
        break;
    case LAYER_LEAKY_RELU:
        for (size_t k = 0; k < n; k++)
            y[k] = x[k] >= 0 ? x[k] : alpha * x[k];
        break;
    case LAYER_SIGMOID:
        for (size_t k = 0; k < n; k++)
            y[k] = 1 / (1 + exp(-x[k]));
        break;
    case LAYER_TANH:
        for (size_t k = 0; k < n; k++)
            y[k] = tanh(x[k]);
        break;
    case LAYER_SIGN:
        for (size_t k = 0; k < n; k++)
            y[k] = x[k] >= 0 ? 1 : -1;
        break;
    default: assert(!"a layer that is not element by element");
    }
}

static void quantize(const struct evaluation *e, const struct layer *layer, const double *x,
                     double *y)
{
    long n = (long)layer->size * LANES;
    if (e->mode == REFERENCE_FLOAT)
        memcpy(y, x, (size_t)n * sizeof *y);
    else if (layer->quant.count == 1)
        format_quantize_row(layer->quant.formats[0], x, y, n);
    else
        for (int j = 0; j < layer->size; j++)
            format_quantize_row(layer->quant.formats[j], x + (size_t)j * LANES,
                                y + (size_t)j * LANES, LANES);
}

static void buckets(const struct layer *layer, const double *x, double *y)
{
    for (int j = 0; j < layer->size; j++)
        for (int k = 0; k < LANES; k++) {
            int first = layer->edge_first[j], count = 0;
            while (count < layer_edge_count(layer, j) &&
                   layer->edges[first + count] <= x[j * LANES + k])
                count++;
            y[j * LANES + k] = count;
        }
}

static void run_stage(const struct evaluation *e, struct stage *stage)
{
    const struct layer *layer = stage->layer;
    const double *x = e->stages[layer->input].values;
    double *y = stage->values;
    switch (layer->kind) {
    case LAYER_QUANT: quantize(e, layer, x, y); break;
    case LAYER_DENSE:
        dense(stage->weights, stage->bias, e->network->layers[layer->input].size, layer->size, x,
              y);
        break;
    case LAYER_AFFINE:
    case LAYER_BATCHNORM:
        for (int j = 0; j < layer->size; j++)
            for (size_t k = (size_t)j * LANES; k < (size_t)(j + 1) * LANES; k++)
                y[k] = stage->scale[j] * x[k] + stage->offset[j];
        break;
    case LAYER_BUCKETS: buckets(layer, x, y); break;
    case LAYER_TREES:
    case LAYER_TREE_DISTANCE: reference_trees_eval(&stage->trees, x, y); break;
    case LAYER_SOFTMAX:
        if (layer->softmax && e->mode == REFERENCE_QUANTIZED)
            hardware_softmax(layer->softmax, x, y, layer->size);
        else
            softmax(x, y, layer->size);
        break;
    default: elementwise(layer, x, y, (size_t)layer->size * LANES);
    }
}

/* Rows first .. first + count - 1 of x through all stages; count <= LANES. */
static void run_block(struct evaluation *e, const double *x, long first, long count)
{
    size_t features = (size_t)e->stages[0].layer->size;
    double *in = e->stages[0].values;
    memset(in, 0, features * LANES * sizeof *in);
    for (long k = 0; k < count; k++)
        for (size_t i = 0; i < features; i++)
            in[i * LANES + (size_t)k] = x[(size_t)(first + k) * features + i];
    for (int l = 1; l < e->count; l++)
        run_stage(e, &e->stages[l]);
}

void reference_eval(const struct network *network, enum reference_mode mode, const double *x,
                    long events, int last, double *y)
{
    struct evaluation e = prepare(network, mode, last);
    const struct stage *out = &e.stages[e.count - 1];
    size_t size = (size_t)out->layer->size;
    for (long first = 0; first < events; first += LANES) {
        long count = events - first < LANES ? events - first : LANES;
        run_block(&e, x, first, count);
        for (long k = 0; k < count; k++)
            for (size_t j = 0; j < size; j++)
                y[(size_t)(first + k) * size + j] = out->values[j * LANES + (size_t)k];
    }
    arena_free(&e.arena);
}

void reference_range(const struct network *network, enum reference_mode mode, const double *x,
                     long events, int layer, double *smallest, double *largest)
{
    struct evaluation e = prepare(network, mode, layer);
    const struct stage *out = &e.stages[e.count - 1];
    int size = out->layer->size;
    for (int j = 0; j < size; j++) {
        smallest[j] = INFINITY;
        largest[j] = -INFINITY;
    }
    for (long first = 0; first < events; first += LANES) {
        long count = events - first < LANES ? events - first : LANES;
        run_block(&e, x, first, count);
        for (int j = 0; j < size; j++)
            for (long k = 0; k < count; k++) {
                double value = out->values[(size_t)j * LANES + (size_t)k];
                smallest[j] = fmin(smallest[j], value);
                largest[j] = fmax(largest[j], value);
            }
    }
    arena_free(&e.arena);
}
