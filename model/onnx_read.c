/* Model files, reading: from the graph's output back to its input, then a layer for each node. See
 * onnx.h. */
#include "model/onnx.h"

#include "base/error.h"
#include "model/onnx_pattern.h"
#include "model/onnx_reader.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A row of the table of operators. */
struct operator
{
    const char *op;
    reader_build *build;
};

struct layer *reader_last(struct reader *reader)
{
    return &reader->network->layers[reader->layer];
}

struct layer *reader_add(struct reader *reader, enum layer_kind kind, const struct graph_node *node,
                         int size)
{
    reader->layer = network_add(reader->network, kind, node->proto->name, reader->layer, size);
    reader->has_scale = reader->has_offset = false;
    return reader_last(reader);
}

static double *new_values(struct reader *reader, size_t count)
{
    return arena_alloc(&reader->network->arena, count, sizeof(double));
}

/* A constant spread over the elements of the last layer, one event's shape being [1, size]. */
static double *spread(struct reader *reader, const struct graph_node *node,
                      const struct tensor *tensor)
{
    int size = reader_last(reader)->size;
    const int64_t dims[2] = {1, size};
    if (!tensor_fits(tensor, 2, dims))
        graph_fail(&reader->graph, node,
                   "the shape of its constant does not fit its input of %d elements", size);
    double *values = new_values(reader, (size_t)size);
    for (int j = 0; j < size; j++)
        values[j] = tensor_at(tensor, 2, dims, (size_t)j);
    return values;
}

/* ---- dense ---------------------------------------------------------------------------------- */

static struct quantizer keep_formats(struct reader *reader, const struct quantizer *quant)
{
    struct quantizer kept = *quant;
    if (!kept.count) return kept;
    kept.formats = arena_alloc(&reader->network->arena, (size_t)kept.count, sizeof *kept.formats);
    memcpy(kept.formats, quant->formats, (size_t)kept.count * sizeof *kept.formats);
    return kept;
}

static void set_bias(struct reader *reader, const struct graph_node *node,
                     const struct constant *bias)
{
    struct layer *layer = reader_last(reader);
    layer->bias = spread(reader, node, &bias->latent);
    layer->bias_quant = keep_formats(reader, &bias->quant);
    if (bias->quant.count > 1 && bias->quant.count != layer->size)
        graph_fail(&reader->graph, node, "the shape of its bias does not fit %d outputs",
                   layer->size);
}

/* Gemm's alpha and beta: formats move with a power of two. */
static void scale_constant(struct reader *reader, const struct graph_node *node,
                           struct constant *constant, double factor)
{
    int exponent;
    if (factor == 1) return;
    bool is_power = factor > 0 && frexp(factor, &exponent) == 0.5;
    if (constant->quant.count && !is_power)
        graph_fail(&reader->graph, node,
                   "it multiplies quantized constants by %.10g; a power of two is supported",
                   factor);
    double *values = arena_alloc(&reader->graph.arena, constant->latent.count, sizeof *values);
    for (size_t i = 0; i < constant->latent.count; i++)
        values[i] = constant->latent.values[i] * factor;
    constant->latent.values = values;
    for (int i = 0; i < constant->quant.count; i++)
        constant->quant.formats[i].integer_bits += exponent - 1;
}

static void set_weights(struct reader *reader, const struct graph_node *node,
                        struct constant *weights)
{
    int inputs = reader_last(reader)->size;
    if (weights->latent.rank != 2)
        graph_fail(&reader->graph, node, "its weights have %d dimensions; 2 are supported",
                   weights->latent.rank);
    if (weights->latent.dims[0] != inputs)
        graph_fail(&reader->graph, node,
                   "its weights are for %lld inputs but its input has %d elements",
                   (long long)weights->latent.dims[0], inputs);
    struct layer *layer = reader_add(reader, LAYER_DENSE, node, (int)weights->latent.dims[1]);
    layer->weights = new_values(reader, weights->latent.count);
    memcpy(layer->weights, weights->latent.values, weights->latent.count * sizeof(double));
    layer->weight_quant = keep_formats(reader, &weights->quant);
}

static void need_data_first(struct reader *reader, const struct graph_node *node, size_t data)
{
    if (data != 0)
        graph_fail(&reader->graph, node,
                   "its first operand is a constant; x times a constant matrix is supported");
}

static void build_matmul(struct reader *reader, const struct graph_node *node, size_t data)
{
    need_data_first(reader, node, data);
    struct constant weights = constant_read(&reader->graph, node, node_input(node, 1));
    set_weights(reader, node, &weights);
}

static void build_gemm(struct reader *reader, const struct graph_node *node, size_t data)
{
    need_data_first(reader, node, data);
    if (node_int(node, "transA", 0)) graph_fail(&reader->graph, node, "transA is not supported");
    struct constant weights = constant_read(&reader->graph, node, node_input(node, 1));
    if (node_int(node, "transB", 0)) constant_transpose(&reader->graph, node, &weights);
    scale_constant(reader, node, &weights, node_float(node, "alpha", 1));
    set_weights(reader, node, &weights);
    double beta = node_float(node, "beta", 1);
    if (!*node_input(node, 2) || beta == 0) return;
    struct constant bias = constant_read(&reader->graph, node, node_input(node, 2));
    scale_constant(reader, node, &bias, beta);
    set_bias(reader, node, &bias);
}

/* ---- element by element --------------------------------------------------------------------- */

/* The last layer as an AFFINE that can still take a scale or an offset, or a new one. */
static struct layer *open_affine(struct reader *reader, const struct graph_node *node,
                                 bool is_scale)
{
    struct layer *layer = reader_last(reader);
    bool is_open =
        layer->kind == LAYER_AFFINE && !(is_scale ? reader->has_scale : reader->has_offset);
    if (!is_open) {
        layer = reader_add(reader, LAYER_AFFINE, node, layer->size);
        layer->scale = new_values(reader, (size_t)layer->size);
        layer->offset = new_values(reader, (size_t)layer->size);
        for (int j = 0; j < layer->size; j++)
            layer->scale[j] = 1;
    }
    *(is_scale ? &reader->has_scale : &reader->has_offset) = true;
    return layer;
}

static void multiply(struct reader *reader, const struct graph_node *node, const double *factor,
                     bool is_divisor)
{
    struct layer *layer = open_affine(reader, node, true);
    for (int j = 0; j < layer->size; j++) {
        double f = is_divisor ? 1 / factor[j] : factor[j];
        layer->scale[j] *= f;
        layer->offset[j] *= f;
    }
}

static void build_mul(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct tensor factor = constant_value(&reader->graph, node, node_input(node, 1 - data));
    bool is_divisor = node_is(node, "Div");
    for (size_t i = 0; i < factor.count && is_divisor; i++)
        if (factor.values[i] == 0) graph_fail(&reader->graph, node, "divides by zero");
    if (is_divisor) need_data_first(reader, node, data);
    multiply(reader, node, spread(reader, node, &factor), is_divisor);
}

static void build_add(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct layer *layer = reader_last(reader);
    bool is_sub = node_is(node, "Sub");
    if (layer->kind == LAYER_DENSE && !layer->bias && !is_sub) {
        struct constant bias = constant_read(&reader->graph, node, node_input(node, 1 - data));
        set_bias(reader, node, &bias);
        return;
    }
    struct tensor term = constant_value(&reader->graph, node, node_input(node, 1 - data));
    double *offset = spread(reader, node, &term);
    double sign = is_sub && data == 0 ? -1 : 1;
    if (layer->kind == LAYER_DENSE && !layer->bias && data == 0) {
        for (int j = 0; j < layer->size; j++)
            offset[j] *= sign;
        layer->bias = offset;
        return;
    }
    if (is_sub && data == 1) {
        double *minus_one = new_values(reader, (size_t)layer->size);
        for (int j = 0; j < layer->size; j++)
            minus_one[j] = -1;
        multiply(reader, node, minus_one, false);
    }
    layer = open_affine(reader, node, false);
    for (int j = 0; j < layer->size; j++)
        layer->offset[j] += sign * offset[j];
}

/* ai.onnx.ml: (x - offset) * scale, as a StandardScaler becomes. */
static void build_scaler(struct reader *reader, const struct graph_node *node, size_t data)
{
    const float *scale, *offset;
    size_t scales = node_floats(node, "scale", &scale),
           offsets = node_floats(node, "offset", &offset);
    size_t size = (size_t)reader_last(reader)->size;
    need_data_first(reader, node, data);
    if ((scales != size && scales != 1) || (offsets != size && offsets != 1))
        graph_fail(&reader->graph, node, "it scales %zu elements but its input has %zu", scales,
                   size);
    struct layer *layer = reader_add(reader, LAYER_AFFINE, node, (int)size);
    layer->scale = new_values(reader, size);
    layer->offset = new_values(reader, size);
    for (size_t j = 0; j < size; j++) {
        layer->scale[j] = (double)scale[scales == 1 ? 0 : j];
        layer->offset[j] = -(double)offset[offsets == 1 ? 0 : j] * layer->scale[j];
    }
    reader->has_scale = reader->has_offset = true;
}

static void build_batchnorm(struct reader *reader, const struct graph_node *node, size_t data)
{
    double *parameters[4];
    need_data_first(reader, node, data);
    if (node->proto->n_input != 5)
        graph_fail(&reader->graph, node, "has %zu inputs instead of 5", node->proto->n_input);
    if (node_int(node, "training_mode", 0))
        graph_fail(&reader->graph, node, "training mode is not supported");
    for (size_t i = 0; i < 4; i++) {
        struct tensor tensor = constant_value(&reader->graph, node, node_input(node, i + 1));
        if (tensor.count != (size_t)reader_last(reader)->size)
            graph_fail(&reader->graph, node,
                       "it has parameters for %zu channels but its input has %d elements",
                       tensor.count, reader_last(reader)->size);
        parameters[i] = spread(reader, node, &tensor);
    }
    struct layer *layer = reader_add(reader, LAYER_BATCHNORM, node, reader_last(reader)->size);
    layer->gamma = parameters[0];
    layer->beta = parameters[1];
    layer->mean = parameters[2];
    layer->variance = parameters[3];
    layer->epsilon = node_float(node, "epsilon", (double)1e-5F);
}

static void build_activation(struct reader *reader, const struct graph_node *node, size_t data)
{
    static const struct {
        const char *op;
        enum layer_kind kind;
    } kinds[] = {{"Relu", LAYER_RELU},
                 {"LeakyRelu", LAYER_LEAKY_RELU},
                 {"Sigmoid", LAYER_SIGMOID},
                 {"Tanh", LAYER_TANH}};
    need_data_first(reader, node, data);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (node_is(node, kinds[i].op))
            reader_add(reader, kinds[i].kind, node, reader_last(reader)->size);
    reader_last(reader)->alpha =
        node_is(node, "LeakyRelu") ? node_float(node, "alpha", (double)0.01F) : 0;
}

/* QONNX: scale if x >= 0, else -scale. */
static void build_bipolar(struct reader *reader, const struct graph_node *node, size_t data)
{
    need_data_first(reader, node, data);
    struct tensor scale = bipolar_scale(&reader->graph, node);
    reader_add(reader, LAYER_SIGN, node, reader_last(reader)->size);
    for (size_t i = 0; i < scale.count; i++) {
        if (scale.values[i] == 1) continue;
        multiply(reader, node, spread(reader, node, &scale), false);
        return;
    }
}

static void build_softmax(struct reader *reader, const struct graph_node *node, size_t data)
{
    int64_t axis = node_int(node, "axis", reader->graph.opset < 13 ? 1 : -1);
    need_data_first(reader, node, data);
    if (reader->graph.input_rank > 2 || (axis != -1 && axis != reader->graph.input_rank - 1))
        graph_fail(&reader->graph, node,
                   "softmax over axis %lld is not supported; over the elements of one event it is",
                   (long long)axis);
    reader_add(reader, LAYER_SOFTMAX, node, reader_last(reader)->size);
}

static void build_quant(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct quant_match match;
    struct softmax_formats formats;
    const char *root;
    (void)data;
    if (softmax_match(&reader->graph, node->proto->output[0], &root, &formats)) {
        struct layer *softmax = reader_add(reader, LAYER_SOFTMAX, node, reader_last(reader)->size);
        softmax->softmax = arena_alloc(&reader->network->arena, 1, sizeof formats);
        *softmax->softmax = formats;
        return;
    }
    quant_match(&reader->graph, node->proto->output[0], &match);
    int size = reader_last(reader)->size;
    struct layer *layer = reader_add(reader, LAYER_QUANT, node, size);
    layer->quant = quant_formats(&reader->graph, &match, 2, (const int64_t[2]){1, size},
                                 &reader->network->arena);
}

/* ---- nodes that leave the elements as they are ---------------------------------------------- */

static void build_nothing(struct reader *reader, const struct graph_node *node, size_t data)
{
    need_data_first(reader, node, data);
    if (node_is(node, "Flatten") && node_int(node, "axis", 1) != 1)
        graph_fail(&reader->graph, node, "axis %lld is not supported",
                   (long long)node_int(node, "axis", 1));
    if (node_is(node, "Cast") && node_int(node, "to", 1) != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT &&
        node_int(node, "to", 1) != ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
        graph_fail(&reader->graph, node, "a cast to anything but float is not supported");
    if (node_is(node, "Flatten")) reader->graph.input_rank = 2;
}

static void build_reshape(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct tensor shape;
    need_data_first(reader, node, data);
    if (!graph_tensor(&reader->graph, node_input(node, 1), node, &shape))
        graph_fail(&reader->graph, node,
                   "its shape is computed by the graph; a constant is supported");
    double last = shape.values[shape.count - 1];
    if (shape.count > 2 || (last != -1 && last != reader_last(reader)->size))
        graph_fail(&reader->graph, node, "only a reshape to [events, %d] is supported here",
                   reader_last(reader)->size);
    reader->graph.input_rank = (int)shape.count;
}

/* ---- the walk ------------------------------------------------------------------------------- */

static const struct operator operators[] = {
    {"Quant", build_quant},
    {"IntQuant", build_quant},
    {"Where", build_quant},
    {"MatMul", build_matmul},
    {"Gemm", build_gemm},
    {"Mul", build_mul},
    {"Div", build_mul},
    {"Add", build_add},
    {"Sub", build_add},
    {"Scaler", build_scaler},
    {"BatchNormalization", build_batchnorm},
    {"Relu", build_activation},
    {"LeakyRelu", build_activation},
    {"Sigmoid", build_activation},
    {"Tanh", build_activation},
    {"BipolarQuant", build_bipolar},
    {"Softmax", build_softmax},
    {"Identity", build_nothing},
    {"Dropout", build_nothing},
    {"Cast", build_nothing},
    {"Flatten", build_nothing},
    {"Reshape", build_reshape},
    {"TreeEnsembleRegressor", onnx_build_trees},
    {"TreeEnsembleClassifier", onnx_build_trees},
    {"TreeEnsemble", onnx_build_trees},
    {"ZipMap", onnx_build_zipmap},
};

static const struct operator* find_operator(struct reader *reader, const struct graph_node *node)
{
    static const char *const domains[] = {"",
                                          "ai.onnx",
                                          "ai.onnx.ml",
                                          "qonnx.custom_op.general",
                                          "finn.custom_op.general",
                                          "onnx.brevitas"};
    const char *domain = node->proto->domain ? node->proto->domain : "";
    bool is_known = false;
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        is_known = is_known || strcmp(domain, domains[i]) == 0;
    for (size_t i = 0; is_known && i < sizeof operators / sizeof operators[0]; i++)
        if (node_is(node, operators[i].op)) return &operators[i];
    graph_fail(&reader->graph, node, "this operator is not supported%s%.60s",
               *domain ? ", domain " : "", domain);
}

/* The operand that the graph computes; with two of them the graph branches. */
static size_t data_operand(struct reader *reader, const struct graph_node *node)
{
    size_t count = node->proto->n_input, data = count;
    for (size_t i = 0; i < count; i++) {
        if (!*node_input(node, i) || graph_is_constant(&reader->graph, node_input(node, i)))
            continue;
        if (data < count)
            graph_fail(&reader->graph, node,
                       "two of its operands are computed (%.60s, %.60s); branching graphs are not "
                       "supported",
                       node_input(node, data), node_input(node, i));
        data = i;
    }
    if (data == count) graph_fail(&reader->graph, node, "it does not depend on the graph's input");
    return data;
}

/* A node on the way from output to input, and its operand. */
struct step {
    const struct graph_node *node;
    size_t data;
    reader_build *build;
};

static const struct onnx_pattern *find_pattern(struct graph *graph, const char *tensor,
                                               const char **root)
{
    for (int i = 0; i < ONNX_TREE_PATTERNS; i++)
        if (onnx_tree_patterns[i].match(graph, tensor, root)) return &onnx_tree_patterns[i];
    return NULL;
}

/* The step that gives the tensor `at`; returns the tensor before it. */
static const char *step_back(struct reader *reader, const char *at, struct step *step)
{
    struct graph *graph = &reader->graph;
    struct quant_match match;
    const char *root;
    const struct onnx_pattern *pattern = find_pattern(graph, at, &root);
    if (pattern) {
        step->build = pattern->build;
        return root;
    }
    step->build = find_operator(reader, step->node)->build;
    /* A classifier gives labels first, then scores. */
    size_t output = node_is(step->node, "TreeEnsembleClassifier") ? 1 : 0;
    if (output >= step->node->proto->n_output || strcmp(at, step->node->proto->output[output]) != 0)
        graph_fail(graph, step->node, "an output other than its %s is used, which is not supported",
                   output ? "second" : "first");
    if (softmax_match(graph, at, &root, NULL)) return root;
    if (quant_match(graph, at, &match)) return match.root;
    if (node_is(step->node, "Where"))
        graph_fail(graph, step->node, "this operator is not supported here");
    step->data = data_operand(reader, step->node);
    return node_input(step->node, step->data);
}

/* The way from the output back to the input; returns its length. */
static int walk(struct reader *reader, struct step *steps)
{
    struct graph *graph = &reader->graph;
    int count = 0;
    for (const char *at = graph->output; strcmp(at, graph->input) != 0; count++) {
        steps[count].node = graph_producer(graph, at);
        if (!steps[count].node)
            graph_fail(graph, NULL, "nothing computes the output %.100s", graph->output);
        at = step_back(reader, at, &steps[count]);
        if (graph_is_constant(graph, at))
            graph_fail(graph, steps[count].node, "it does not depend on the graph's input");
    }
    return count;
}

/* Names written as a JSON array in the file's metadata; others' metadata of that name is left. */
static const char **read_names(struct reader *reader, const char *key, int size)
{
    const Onnx__ModelProto *model = reader->graph.model;
    const char *text = NULL;
    for (size_t i = 0; i < model->n_metadata_props; i++)
        if (model->metadata_props[i]->key && strcmp(model->metadata_props[i]->key, key) == 0)
            text = model->metadata_props[i]->value;
    cJSON *json = text ? cJSON_Parse(text) : NULL;
    const char **names = NULL;
    if (cJSON_IsArray(json) && cJSON_GetArraySize(json) == size) {
        int i = 0;
        const cJSON *item;
        names = arena_alloc(&reader->network->arena, (size_t)size, sizeof *names);
        cJSON_ArrayForEach(item, json) names[i++] =
            arena_strdup(&reader->network->arena, cJSON_IsString(item) ? item->valuestring : "");
    } else if (text) {
        warn("%s: metadata %s is not a list of %d names; left aside", reader->graph.file, key,
             size);
    }
    cJSON_Delete(json);
    return names;
}

struct network *onnx_read(const char *path)
{
    struct reader reader = {0};
    graph_open(&reader.graph, path);
    reader.network = network_new(reader.graph.proto->name);
    struct step *steps =
        arena_alloc(&reader.graph.arena, (size_t)reader.graph.node_count, sizeof *steps);
    int count = walk(&reader, steps);
    if (count == 0)
        graph_fail(&reader.graph, NULL, "the output is the input; there is nothing to compute");
    reader.layer =
        network_add(reader.network, LAYER_INPUT, reader.graph.input, -1, reader.graph.input_size);
    for (int i = count; i-- > 0;)
        steps[i].build(&reader, steps[i].node, steps[i].data);
    struct network *network = reader.network;
    network->feature_names = read_names(&reader, "feature_names", network->layers[0].size);
    const char **classes = read_names(&reader, "class_names", network_output(network)->size);
    if (classes) network->class_names = classes;
    network_round_to_float32(network);
    network_check(network, path);
    graph_close(&reader.graph);
    return network;
}
