/* Model files, writing: one pass over the layers. See onnx.h. */
#include "model/onnx.h"

#include "base/error.h"
#include "model/onnx_emit.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const char *part(struct emitter *emitter, const struct layer *layer, const char *what)
{
    return arena_printf(&emitter->arena, "%s/%s", layer->name, what);
}

/* A constant operand of a layer, behind its quantizer if it has one. */
static const char *operand(struct emitter *emitter, const struct layer *layer, const char *what,
                           struct shape shape, const double *values, const struct quantizer *quant)
{
    const char *name = part(emitter, layer, what);
    if (!quant || !quant->count) return emit_constant(emitter, name, shape, values);
    const char *latent =
        emit_constant(emitter, arena_printf(&emitter->arena, "%s/latent", name), shape, values);
    return emit_quantizer(emitter, name, quant, shape, latent);
}

static const char *one_input(struct emitter *emitter, const char *op, const struct layer *layer,
                             const char *at)
{
    return emit_node(emitter, op, layer->name, shape_matrix(1, layer->size),
                     (const char *const[5]){at});
}

static const char *write_dense(struct emitter *emitter, const struct layer *layer, int inputs,
                               const char *at)
{
    struct shape shape = shape_matrix(1, layer->size);
    const char *weights = operand(emitter, layer, "weights", shape_matrix(inputs, layer->size),
                                  layer->weights, &layer->weight_quant);
    at = emit_node(emitter, "MatMul", layer->name, shape, (const char *const[5]){at, weights});
    if (!layer->bias) return at;
    const char *bias =
        operand(emitter, layer, "bias", shape_vector(layer->size), layer->bias, &layer->bias_quant);
    return emit_node(emitter, "Add", part(emitter, layer, "add_bias"), shape,
                     (const char *const[5]){at, bias});
}

static const char *write_affine(struct emitter *emitter, const struct layer *layer, const char *at)
{
    struct shape shape = shape_matrix(1, layer->size), vector = shape_vector(layer->size);
    const char *scale = operand(emitter, layer, "scale", vector, layer->scale, NULL);
    at = emit_node(emitter, "Mul", layer->name, shape, (const char *const[5]){at, scale});
    const char *offset = operand(emitter, layer, "offset", vector, layer->offset, NULL);
    return emit_node(emitter, "Add", part(emitter, layer, "add_offset"), shape,
                     (const char *const[5]){at, offset});
}

static const char *write_batchnorm(struct emitter *emitter, const struct layer *layer,
                                   const char *at)
{
    struct shape vector = shape_vector(layer->size);
    const char *inputs[5] = {at, operand(emitter, layer, "gamma", vector, layer->gamma, NULL),
                             operand(emitter, layer, "beta", vector, layer->beta, NULL),
                             operand(emitter, layer, "mean", vector, layer->mean, NULL),
                             operand(emitter, layer, "variance", vector, layer->variance, NULL)};
    at =
        emit_node(emitter, "BatchNormalization", layer->name, shape_matrix(1, layer->size), inputs);
    emit_float(emitter, "epsilon", layer->epsilon);
    return at;
}

static const char *write_sign(struct emitter *emitter, const struct layer *layer, const char *at)
{
    const char *one =
        emit_constant(emitter, part(emitter, layer, "scale"), shape_scalar(), (double[]){1});
    return emit_node(emitter, "BipolarQuant", layer->name, shape_matrix(1, layer->size),
                     (const char *const[5]){at, one});
}

static const char *write_layer(struct emitter *emitter, const struct network *network,
                               const struct layer *layer, const char *at)
{
    switch (layer->kind) {
    case LAYER_BUCKETS: return emit_buckets(emitter, layer, at);
    case LAYER_TREES:
    case LAYER_TREE_DISTANCE: return emit_trees(emitter, network, layer, at);
    case LAYER_QUANT:
        if (emitter->is_batched) {
            const char *plain = emit_plain_quantizer(emitter, layer, at);
            if (plain) return plain;
        }
        return emit_quantizer(emitter, layer->name, &layer->quant, shape_matrix(1, layer->size),
                              at);
    case LAYER_AFFINE: return write_affine(emitter, layer, at);
    case LAYER_DENSE: return write_dense(emitter, layer, network->layers[layer->input].size, at);
    case LAYER_BATCHNORM: return write_batchnorm(emitter, layer, at);
    case LAYER_RELU: return one_input(emitter, "Relu", layer, at);
    case LAYER_LEAKY_RELU:
        at = one_input(emitter, "LeakyRelu", layer, at);
        emit_float(emitter, "alpha", layer->alpha);
        return at;
    case LAYER_SIGMOID: return one_input(emitter, "Sigmoid", layer, at);
    case LAYER_TANH: return one_input(emitter, "Tanh", layer, at);
    case LAYER_SIGN: return write_sign(emitter, layer, at);
    case LAYER_SOFTMAX:
        if (layer->softmax) return emit_softmax(emitter, layer, at);
        at = one_input(emitter, "Softmax", layer, at);
        emit_int(emitter, "axis", 1);
        return at;
    case LAYER_INPUT:
    case LAYER_KIND_COUNT: break;
    }
    assert(!"a layer kind that cannot be written");
    return NULL;
}

static const char *names_text(struct emitter *emitter, const char **names, int count)
{
    cJSON *array = cJSON_CreateArray();
    for (int i = 0; i < count; i++)
        cJSON_AddItemToArray(array, cJSON_CreateString(names[i] ? names[i] : ""));
    char *text = cJSON_PrintUnformatted(array);
    if (!text) fail("out of memory (names in a model file)");
    const char *kept = arena_strdup(&emitter->arena, text);
    cJSON_free(text);
    cJSON_Delete(array);
    return kept;
}

static bool has_trees(const struct network *network)
{
    bool any = false;
    for (int i = 0; i < network->layer_count; i++)
        any = any || layer_is_trees(&network->layers[i]);
    return any;
}

/* In front of trees, numbers are doubles, so that onnxruntime scales, rounds and compares exactly
 * as the reference does. */
static const char *to_double(struct emitter *emitter, const char *input, int size)
{
    emitter->is_double = true;
    const char *at = emit_node(emitter, "Cast", "to_double", shape_matrix(1, size),
                               (const char *const[5]){input});
    emit_int(emitter, "to", ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE);
    return at;
}

void onnx_write(const char *path, const struct network *network)
{
    network_check(network, path);
    struct emitter *emitter = emit_begin(path, network->name);
    int inputs = network->layers[0].size, outputs = network_output(network)->size;
    const char **tensors =
        arena_alloc(&emitter->arena, (size_t)network->layer_count, sizeof *tensors);
    tensors[0] = network->layers[0].name;
    emitter->is_batched = has_trees(network);
    const char *first = emitter->is_batched ? to_double(emitter, tensors[0], inputs) : tensors[0];
    for (int i = 1; i < network->layer_count; i++)
        tensors[i] =
            write_layer(emitter, network, &network->layers[i],
                        network->layers[i].input ? tensors[network->layers[i].input] : first);
    if (network->feature_names)
        emit_metadata(emitter, "feature_names",
                      names_text(emitter, network->feature_names, inputs));
    if (network->class_names)
        emit_metadata(emitter, "class_names", names_text(emitter, network->class_names, outputs));
    emit_end(emitter, tensors[0], shape_matrix(1, inputs), tensors[network->layer_count - 1],
             shape_matrix(1, outputs));
}
