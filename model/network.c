/* The network graph: building, checking and copying. See network.h. */
#include "model/network.h"

#include "base/error.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(id, name, text) name,
const char *const layer_kind_names[LAYER_KIND_COUNT] = {LAYER_TABLE(X)};
#undef X
#define X(id, name, text) text,
const char *const layer_kind_texts[LAYER_KIND_COUNT] = {LAYER_TABLE(X)};
#undef X

struct network *network_new(const char *name)
{
    struct network *network = calloc(1, sizeof *network);
    if (!network) fail("out of memory (a network)");
    network->name = arena_strdup(&network->arena, name && *name ? name : "network");
    return network;
}

void network_free(struct network *network)
{
    if (!network) return;
    struct arena arena = network->arena;
    arena_free(&arena);
    free(network);
}

static bool name_taken(const struct network *network, const char *name)
{
    for (int i = 0; i < network->layer_count; i++)
        if (strcmp(network->layers[i].name, name) == 0) return true;
    return false;
}

/* A valid identifier made of the wish, with a number behind it when it is taken. */
static const char *unique_name(struct network *network, const char *wish)
{
    char *base =
        arena_printf(&network->arena, "%s%s", isdigit((unsigned char)*wish) ? "_" : "", wish);
    for (char *c = base; *c; c++)
        if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127) *c = '_';
    const char *name = base;
    for (int n = 2; name_taken(network, name); n++)
        name = arena_printf(&network->arena, "%s_%d", base, n);
    return name;
}

int network_add(struct network *network, enum layer_kind kind, const char *name, int input,
                int size)
{
    int index = network->layer_count;
    assert(input < index && size > 0 && (kind == LAYER_INPUT) == (index == 0));
    if (index == network->layer_capacity) {
        int capacity = index ? 2 * index : 16;
        struct layer *grown = arena_alloc(&network->arena, (size_t)capacity, sizeof *grown);
        if (index) memcpy(grown, network->layers, (size_t)index * sizeof *grown);
        network->layers = grown;
        network->layer_capacity = capacity;
    }
    const char *own = unique_name(network, name && *name ? name : layer_kind_names[kind]);
    network->layers[index] =
        (struct layer){.kind = kind, .name = own, .input = index ? input : -1, .size = size};
    network->layer_count++;
    return index;
}

/* Every parameter array of a layer and its length, for checking, rounding and copying. */
struct parameter {
    const char *name;
    double **values;
    size_t count;
};
enum { PARAMETERS = 8 };

static void list_parameters(const struct network *network, struct layer *layer,
                            struct parameter list[PARAMETERS])
{
    size_t size = (size_t)layer->size;
    size_t inputs = layer->input >= 0 ? (size_t)network->layers[layer->input].size : 0;
    struct parameter all[PARAMETERS] = {
        {"weights", &layer->weights, inputs * size},
        {"bias", &layer->bias, size},
        {"scale", &layer->scale, size},
        {"offset", &layer->offset, size},
        {"gamma", &layer->gamma, size},
        {"beta", &layer->beta, size},
        {"mean", &layer->mean, size},
        {"variance", &layer->variance, size},
    };
    memcpy(list, all, sizeof all);
}

static void check_quantizer(const struct layer *layer, const struct quantizer *quantizer,
                            size_t elements, const char *of, const char *file)
{
    if (quantizer->count == 0) return;
    if (quantizer->count != 1 && (size_t)quantizer->count != elements)
        fail_at(file, 0, "layer %s: %d formats for %zu %s", layer->name, quantizer->count, elements,
                of);
    for (int i = 0; i < quantizer->count; i++) {
        struct format f = quantizer->formats[i], first = quantizer->formats[0];
        if (f.width_bits < 1 || f.width_bits > FORMAT_MAX_BITS ||
            abs(f.integer_bits) > FORMAT_MAX_INTEGER_BITS)
            fail_at(file, 0,
                    "layer %s: a format of its %s has %d bits, %d before the point; 1..%d and at "
                    "most %d are supported",
                    layer->name, of, f.width_bits, f.integer_bits, FORMAT_MAX_BITS,
                    FORMAT_MAX_INTEGER_BITS);
        if (f.rounding != first.rounding || f.overflow != first.overflow)
            fail_at(file, 0, "layer %s: the formats of its %s differ in rounding or overflow mode",
                    layer->name, of);
    }
}

static void check_numbers(const struct network *network, const struct layer *layer,
                          const char *file)
{
    struct layer copy = *layer;
    struct parameter list[PARAMETERS];
    list_parameters(network, &copy, list);
    for (int p = 0; p < PARAMETERS; p++) {
        if (!*list[p].values) continue;
        for (size_t i = 0; i < list[p].count; i++)
            if (!isfinite((*list[p].values)[i]))
                fail_at(file, 0, "layer %s: %s[%zu] is not a finite number", layer->name,
                        list[p].name, i);
    }
    if (layer->kind == LAYER_LEAKY_RELU && !isfinite(layer->alpha))
        fail_at(file, 0, "layer %s: alpha is not a finite number", layer->name);
    if (layer->kind != LAYER_BATCHNORM) return;
    for (int j = 0; j < layer->size; j++)
        if (!(layer->variance[j] + layer->epsilon > 0))
            fail_at(file, 0, "layer %s: variance[%d] + epsilon is not positive", layer->name, j);
}

static void check_softmax(const struct layer *layer, const char *file)
{
    const struct softmax_formats *formats = layer->softmax;
    if (!formats) return;
#define X(of)                                                                                      \
    check_quantizer(layer, &(struct quantizer){1, (struct format[1]){formats->of}}, 1, #of, file); \
    if (formats->of.is_signed)                                                                     \
        fail_at(file, 0, "layer %s: the format of its " #of " is signed", layer->name);
    SOFTMAX_FORMATS(X)
#undef X
    if (format_quantize(formats->exponential, 1) != 1 || format_quantize(formats->sum, 1) != 1)
        fail_at(file, 0, "layer %s: its exponentials and their sum do not reach 1", layer->name);
    if (formats->sum.overflow != OVERFLOW_SAT && formats->sum.overflow != OVERFLOW_SAT_SYM)
        fail_at(file, 0, "layer %s: the sum of its exponentials does not saturate", layer->name);
}

static void check_edges(const struct layer *layer, const char *file)
{
    if (!layer->edges || layer->edge_first[0] != 0)
        fail_at(file, 0, "layer %s has no edges", layer->name);
    for (int j = 0; j < layer->size; j++)
        for (int i = layer->edge_first[j]; i < layer->edge_first[j + 1]; i++) {
            double edge = layer->edges[i];
            bool first = i == layer->edge_first[j];
            if (first ? isnan(edge) || edge == INFINITY
                      : !isfinite(edge) || edge <= layer->edges[i - 1])
                fail_at(file, 0, "layer %s: edge %d of element %d is %g: edges are finite and rise",
                        layer->name, i - layer->edge_first[j], j, edge);
        }
}

static void check_ensemble(const struct network *network, const struct layer *layer,
                           const char *file)
{
    struct trees_shape shape = layer_trees_shape(network, layer);
    if (!layer->trees)
        fail_at(file, 0, "layer %s (%s) lacks its trees", layer->name,
                layer_kind_names[layer->kind]);
    if (shape.distance && layer->size != 1)
        fail_at(file, 0, "layer %s: a distance is one number, not %d", layer->name, layer->size);
    trees_check(layer->trees, shape, layer->name, file);
    check_quantizer(layer, &layer->weight_quant, (size_t)layer->trees->tree_count, "trees", file);
    check_quantizer(layer, &layer->bias_quant, (size_t)layer->size, "base values", file);
}

static void check_layer(const struct network *network, int index, const char *file)
{
    const struct layer *layer = &network->layers[index];
    const char *name = layer->name;
    if ((layer->kind == LAYER_INPUT) != (index == 0))
        fail_at(file, 0, "layer %s: exactly the first layer is the input", name);
    if (layer->size < 1) fail_at(file, 0, "layer %s has no elements", name);
    if (index == 0) return;
    if (layer->input < 0 || layer->input >= index)
        fail_at(file, 0, "layer %s reads a layer that does not come before it", name);
    int inputs = network->layers[layer->input].size;
    if (layer_is_trees(layer)) {
        check_ensemble(network, layer, file);
        return;
    }
    if (layer->kind == LAYER_BUCKETS) check_edges(layer, file);
    if (layer->kind != LAYER_DENSE && layer->size != inputs)
        fail_at(file, 0, "layer %s has %d elements but its input has %d", name, layer->size,
                inputs);
    bool complete = true;
    switch (layer->kind) {
    case LAYER_QUANT: complete = layer->quant.count > 0; break;
    case LAYER_DENSE: complete = layer->weights != NULL; break;
    case LAYER_AFFINE: complete = layer->scale && layer->offset; break;
    case LAYER_BATCHNORM:
        complete = layer->gamma && layer->beta && layer->mean && layer->variance;
        break;
    default: break;
    }
    if (!complete)
        fail_at(file, 0, "layer %s (%s) lacks its parameters", name, layer_kind_names[layer->kind]);
    check_quantizer(layer, &layer->quant, (size_t)layer->size, "elements", file);
    check_quantizer(layer, &layer->weight_quant, (size_t)inputs * (size_t)layer->size, "weights",
                    file);
    check_quantizer(layer, &layer->bias_quant, (size_t)layer->size, "biases", file);
    check_softmax(layer, file);
    check_numbers(network, layer, file);
}

void network_check(const struct network *network, const char *file)
{
    if (network->layer_count < 2) fail_at(file, 0, "the network has no layer behind its input");
    for (int i = 0; i < network->layer_count; i++) {
        const char *name = network->layers[i].name;
        if (!name || !*name || isdigit((unsigned char)*name) ||
            name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")])
            fail_at(file, 0, "layer %d: '%s' is not an identifier", i, name ? name : "");
        for (int k = 0; k < i; k++)
            if (strcmp(network->layers[k].name, name) == 0)
                fail_at(file, 0, "two layers are named %s", name);
        check_layer(network, i, file);
    }
}

void network_affine(const struct layer *layer, int element, bool to_float, double *scale,
                    double *offset)
{
    double s, o;
    if (layer->kind == LAYER_AFFINE) {
        s = layer->scale[element];
        o = layer->offset[element];
    } else {
        assert(layer->kind == LAYER_BATCHNORM);
        double gamma = layer->gamma[element], beta = layer->beta[element];
        double mean = layer->mean[element], variance = layer->variance[element];
        double epsilon = layer->epsilon;
        if (to_float) {
            gamma = network_float32(gamma), beta = network_float32(beta);
            mean = network_float32(mean), variance = network_float32(variance);
            epsilon = network_float32(epsilon);
        }
        s = gamma / sqrt(variance + epsilon);
        if (to_float) s = network_float32(s);
        o = beta - mean * s;
    }
    *scale = to_float ? network_float32(s) : s;
    *offset = to_float ? network_float32(o) : o;
}

void network_round_to_float32(struct network *network)
{
    for (int i = 0; i < network->layer_count; i++) {
        struct layer *layer = &network->layers[i];
        struct parameter list[PARAMETERS];
        list_parameters(network, layer, list);
        for (int p = 0; p < PARAMETERS; p++)
            for (size_t k = 0; *list[p].values && k < list[p].count; k++)
                (*list[p].values)[k] = network_float32((*list[p].values)[k]);
        layer->epsilon = network_float32(layer->epsilon);
        layer->alpha = network_float32(layer->alpha);
    }
}

static void copy_quantizer(struct arena *arena, struct quantizer *quantizer)
{
    if (!quantizer->count) return;
    const struct format *old = quantizer->formats;
    quantizer->formats = arena_alloc(arena, (size_t)quantizer->count, sizeof *old);
    memcpy(quantizer->formats, old, (size_t)quantizer->count * sizeof *old);
}

static void copy_edges(struct arena *arena, struct layer *layer)
{
    if (!layer->edges) return;
    size_t size = (size_t)layer->size, count = (size_t)layer->edge_first[size];
    const int *first = layer->edge_first;
    const double *edges = layer->edges;
    layer->edge_first = arena_alloc(arena, size + 1, sizeof *first);
    layer->edges = arena_alloc(arena, count + 1, sizeof *edges);
    memcpy(layer->edge_first, first, (size + 1) * sizeof *first);
    memcpy(layer->edges, edges, count * sizeof *edges);
}

static const char **copy_names(struct arena *arena, const char *const *names, int count)
{
    if (!names) return NULL;
    const char **copy = arena_alloc(arena, (size_t)count, sizeof *copy);
    for (int i = 0; i < count; i++)
        copy[i] = names[i] ? arena_strdup(arena, names[i]) : NULL;
    return copy;
}

struct network *network_copy(const struct network *network)
{
    struct network *copy = network_new(network->name);
    copy->layer_count = copy->layer_capacity = network->layer_count;
    copy->layers = arena_alloc(&copy->arena, (size_t)network->layer_count, sizeof *copy->layers);
    for (int i = 0; i < network->layer_count; i++) {
        struct layer *layer = &copy->layers[i];
        *layer = network->layers[i];
        layer->name = arena_strdup(&copy->arena, layer->name);
        struct parameter list[PARAMETERS];
        list_parameters(copy, layer, list);
        for (int p = 0; p < PARAMETERS; p++) {
            const double *old = *list[p].values;
            if (!old) continue;
            *list[p].values = arena_alloc(&copy->arena, list[p].count, sizeof *old);
            memcpy(*list[p].values, old, list[p].count * sizeof *old);
        }
        copy_quantizer(&copy->arena, &layer->quant);
        copy_quantizer(&copy->arena, &layer->weight_quant);
        copy_quantizer(&copy->arena, &layer->bias_quant);
        copy_edges(&copy->arena, layer);
        if (layer->trees)
            layer->trees = trees_copy(&copy->arena, layer->trees, layer_trees_shape(copy, layer));
        if (layer->softmax) {
            layer->softmax = arena_alloc(&copy->arena, 1, sizeof *layer->softmax);
            *layer->softmax = *network->layers[i].softmax;
        }
    }
    if (network->layer_count) {
        copy->feature_names =
            copy_names(&copy->arena, network->feature_names, network->layers[0].size);
        copy->class_names =
            copy_names(&copy->arena, network->class_names, network_output(network)->size);
    }
    return copy;
}
