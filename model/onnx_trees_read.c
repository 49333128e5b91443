/* Ensembles of trees in ONNX graphs: the forms that onnx_trees_write.c writes, and the ai.onnx.ml
 * operators of others' files (skl2onnx, CatBoost, onnxmltools). */
#include "base/error.h"
#include "base/json.h"
#include "model/onnx_trees_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what ONNX has no word for --------------------------------------------------------------- */

static struct quantizer read_formats(struct reader *reader, const cJSON *json, const char *key)
{
    struct quantizer quant = {0};
    const cJSON *formats = json_find(json, key), *item;
    if (!cJSON_IsArray(formats)) return quant;
    quant.formats = arena_alloc(&reader->network->arena, (size_t)cJSON_GetArraySize(formats) + 1,
                                sizeof *quant.formats);
    cJSON_ArrayForEach(item, formats)
    {
        char reason[160] = "not a text";
        if (!cJSON_IsString(item) ||
            !format_parse(item->valuestring, &quant.formats[quant.count++], reason, sizeof reason))
            fail_at(reader->graph.file, 0, "metadata of the trees: %s: %s", key, reason);
    }
    return quant;
}

/* Metadata `trees/LAYER`; NULL for others' files. The caller frees. */
static cJSON *read_remarks(struct reader *reader, const struct graph_node *node)
{
    const Onnx__ModelProto *model = reader->graph.model;
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        const char *key = model->metadata_props[i]->key;
        if (key && strncmp(key, "trees/", 6) == 0 && strcmp(key + 6, node->label) == 0 &&
            model->metadata_props[i]->value)
            return cJSON_Parse(model->metadata_props[i]->value);
    }
    return NULL;
}

static void use_remarks(struct reader *reader, struct layer *layer, const cJSON *remarks)
{
    struct trees *trees = layer->trees;
    const char *arithmetic = json_string(remarks, "arithmetic", "");
    for (int i = 0; i < TREES_ARITHMETIC_COUNT; i++)
        if (strcmp(arithmetic, trees_arithmetic_names[i]) == 0)
            trees->arithmetic = (enum trees_arithmetic)i;
    trees->base_last = cJSON_IsTrue(json_find(remarks, "base_last"));
    trees->factor = json_number(remarks, "factor", 1);
    trees->divisor = json_number(remarks, "divisor", 1);
    layer->weight_quant = read_formats(reader, remarks, "value_format");
    layer->bias_quant = read_formats(reader, remarks, "base_format");
}

/* What goes into the trees, when zeros are made missing in front of them. */
static bool *find_zeros(struct reader *reader, const struct graph_node *node, int inputs)
{
    struct tensor limits;
    if (!onnx_match_zeros(&reader->graph, node_input(node, 0), &limits)) return NULL;
    bool *zeros = arena_alloc(&reader->network->arena, (size_t)inputs, sizeof *zeros);
    for (int i = 0; i < inputs; i++)
        zeros[i] = onnx_element(&limits, (size_t)i) >= 0;
    return zeros;
}

/* Two libraries of which the arithmetic of their own predictions is known; onnxruntime computes in
 * the type of the numbers and adds the base at the end. */
static void set_arithmetic(const struct ensemble *m, struct trees *trees)
{
    const char *producer = m->reader->graph.model->producer_name;
    bool skl2onnx = producer && strcmp(producer, "skl2onnx") == 0;
    bool catboost = producer && strcmp(producer, "CatBoost") == 0;
    trees->arithmetic = skl2onnx || catboost ? TREES_MIXED
                        : m->is_double       ? TREES_DOUBLE
                                             : TREES_FLOAT;
    trees->base_last = !skl2onnx;
}

/* Adds the layer of the ensemble in `node`; distance: the node gives centres. */
static struct layer *add_ensemble(struct reader *reader, const struct graph_node *node,
                                  bool distance)
{
    struct ensemble m = ensemble_read(reader, node);
    int inputs = reader_last(reader)->size;
    ensemble_drop_mirror(&m);
    m.targets = ensemble_targets(&m);
    const double *thresholds = ensemble_latent(&m, "thresholds", m.nodes);
    const double *values = ensemble_latent(&m, "values", m.weights);
    if (thresholds) m.threshold = thresholds;
    if (values) m.weight = values;
    struct trees *trees = ensemble_trees(&m, distance ? inputs : 0);
    set_arithmetic(&m, trees);
    trees->zero_is_missing = find_zeros(reader, node, inputs);
    char text[40];
    node_string(node, "aggregate_function", "SUM", text, sizeof text);
    if (strcmp(text, "AVERAGE") == 0)
        trees->divisor = trees->tree_count;
    else if (strcmp(text, "SUM") != 0)
        graph_fail(&reader->graph, node, "aggregate_function %.30s is not supported", text);
    int outputs = distance ? 1 : m.targets;
    struct layer *layer =
        reader_add(reader, distance ? LAYER_TREE_DISTANCE : LAYER_TREES, node, outputs);
    layer->trees = trees;
    if (m.base_count) {
        const double *base = ensemble_latent(&m, "base", m.base_count);
        if (m.base_count != (size_t)outputs)
            graph_fail(&reader->graph, node, "it has %zu base values for %d outputs", m.base_count,
                       outputs);
        trees->base = arena_alloc(&reader->network->arena, m.base_count, sizeof *trees->base);
        memcpy(trees->base, base ? base : m.base, m.base_count * sizeof *trees->base);
    }
    cJSON *remarks = read_remarks(reader, node);
    if (remarks) use_remarks(reader, layer, remarks);
    cJSON_Delete(remarks);
    return layer;
}

/* Names of classes from an attribute of numbers or texts. */
static void name_classes(struct reader *reader, const struct graph_node *node, int classes)
{
    size_t ints, strings = node_string_count(node, "classlabels_strings");
    node_ints(node, "classlabels_int64s", &ints); /* numbers of classes name nothing */
    if (strings != (size_t)classes || reader->network->class_names) return;
    struct arena *arena = &reader->network->arena;
    reader->network->class_names = arena_alloc(arena, strings, sizeof(char *));
    for (size_t i = 0; i < strings; i++) {
        char text[200];
        node_string_at(node, "classlabels_strings", i, text, sizeof text);
        reader->network->class_names[i] = arena_strdup(arena, text);
    }
}

void onnx_build_trees(struct reader *reader, const struct graph_node *node, size_t data)
{
    char text[40];
    (void)data;
    const struct layer *layer = add_ensemble(reader, node, false);
    int outputs = layer->size;
    name_classes(reader, node, outputs);
    node_string(node, "post_transform", "NONE", text, sizeof text);
    if (strcmp(text, "SOFTMAX") == 0)
        reader_add(reader, LAYER_SOFTMAX, node, outputs);
    else if (strcmp(text, "LOGISTIC") == 0)
        reader_add(reader, LAYER_SIGMOID, node, outputs);
    else if (strcmp(text, "NONE") != 0)
        graph_fail(&reader->graph, node, "post_transform %.30s is not supported", text);
}

/* ---- distances ------------------------------------------------------------------------------- */

/* ReduceSum(Abs(Sub(Tile(x), centres(x)))). */
static const char *match_distance(struct graph *graph, const char *tensor,
                                  const struct graph_node **ensemble)
{
    const struct graph_node *node;
    const char *at = onnx_before(graph, tensor, "ReduceSum", &node);
    at = onnx_before(graph, at, "Abs", &node);
    const struct graph_node *sub = at ? graph_producer(graph, at) : NULL;
    if (!node_is(sub, "Sub") || sub->proto->n_input != 2) return NULL;
    const char *x = onnx_before(graph, node_input(sub, 0), "Tile", &node);
    const char *same = onnx_before(graph, node_input(sub, 1), "TreeEnsembleRegressor", ensemble);
    return x && same && strcmp(x, same) == 0 ? x : NULL;
}

static bool is_distance(struct graph *graph, const char *tensor, const char **root)
{
    const struct graph_node *ensemble;
    const char *found = match_distance(graph, tensor, &ensemble);
    if (found) *root = found;
    return found != NULL;
}

static void build_distance(struct reader *reader, const struct graph_node *node, size_t data)
{
    const struct graph_node *ensemble = NULL;
    (void)data;
    match_distance(&reader->graph, node->proto->output[0], &ensemble);
    add_ensemble(reader, ensemble, true);
}

const struct onnx_pattern onnx_tree_patterns[ONNX_TREE_PATTERNS] = {
    {onnx_is_plain, onnx_build_plain},
    {onnx_is_buckets, onnx_build_buckets},
    {onnx_is_zeros, onnx_build_zeros},
    {is_distance, build_distance},
};

/* ---- others' operators around ensembles ------------------------------------------------------ */

void onnx_build_zipmap(struct reader *reader, const struct graph_node *node, size_t data)
{
    (void)data;
    name_classes(reader, node, reader_last(reader)->size);
}
