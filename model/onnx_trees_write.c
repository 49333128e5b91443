/* Networks of trees as ONNX nodes that onnxruntime executes: buckets, quantizers of standard nodes,
 * ai.onnx.ml's TreeEnsembleRegressor. docs/reference/model-file.md shows each form.
 *
 * The node holds the ensemble of the quantized network. Where that differs from what was trained or
 * imported (thresholds, values, arithmetic), the originals stand beside it in initializers that no
 * node reads, in double precision: LAYER/latent/thresholds, .../values, .../base. */
#include "model/onnx_emit.h"

#include "base/error.h"
#include "base/json.h"
#include "model/reference_trees.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *part(struct emitter *e, const struct layer *layer, const char *what)
{
    return arena_printf(&e->arena, "%s/%s", layer->name, what);
}

static const char *node(struct emitter *e, const struct layer *layer, const char *op,
                        const char *what, struct shape shape, const char *a, const char *b)
{
    return emit_node(e, op, *what ? part(e, layer, what) : layer->name, shape,
                     (const char *const[5]){a, b});
}

/* ---- quantizers ------------------------------------------------------------------------------ */

static double inverse_step(struct format f)
{
    return 1 / format_step(f);
}
static double least(struct format f)
{
    return (double)format_min(f);
}
static double most(struct format f)
{
    return (double)format_max(f);
}

static const char *number_of_formats(struct emitter *e, const struct layer *layer, const char *what,
                                     double (*of)(struct format))
{
    int count = layer->quant.count;
    double *values = arena_alloc(&e->arena, (size_t)count, sizeof *values);
    for (int i = 0; i < count; i++)
        values[i] = of(layer->quant.formats[i]);
    return emit_constant(e, part(e, layer, what),
                         count == 1 ? shape_scalar() : shape_matrix(1, count), values);
}

const char *emit_plain_quantizer(struct emitter *e, const struct layer *layer, const char *input)
{
    struct format first = layer->quant.formats[0];
    struct shape shape = shape_matrix(1, layer->size);
    bool rounds = first.rounding == ROUND_RND;
    if ((!rounds && first.rounding != ROUND_TRN) ||
        (first.overflow != OVERFLOW_SAT && first.overflow != OVERFLOW_SAT_SYM) || !e->is_double)
        return NULL;
    const double half = 0.5;
    const char *at = node(e, layer, "Mul", "steps", shape, input,
                          number_of_formats(e, layer, "inverse_step", inverse_step));
    if (rounds)
        at = node(e, layer, "Add", "half", shape, at,
                  emit_constant(e, part(e, layer, "one_half"), shape_scalar(), &half));
    at = node(e, layer, "Floor", "floor", shape, at, NULL);
    at = node(e, layer, "Max", "max", shape, at, number_of_formats(e, layer, "least", least));
    at = node(e, layer, "Min", "min", shape, at, number_of_formats(e, layer, "most", most));
    return node(e, layer, "Mul", "", shape, at, number_of_formats(e, layer, "step", format_step));
}

/* ---- buckets --------------------------------------------------------------------------------- */

const char *emit_buckets(struct emitter *e, const struct layer *layer, const char *input)
{
    const int64_t axis = 2;
    int size = layer->size, widest = 1;
    for (int j = 0; j < size; j++)
        if (layer_edge_count(layer, j) > widest) widest = layer_edge_count(layer, j);
    double *edges = arena_alloc(&e->arena, (size_t)size * (size_t)widest, sizeof *edges);
    for (int j = 0; j < size; j++)
        for (int i = 0; i < widest; i++)
            edges[j * widest + i] =
                i < layer_edge_count(layer, j) ? layer->edges[layer->edge_first[j] + i] : INFINITY;
    struct shape three = {3, {1, size, widest}}, one = {3, {1, size, 1}};
    const char *axes = emit_integers(e, part(e, layer, "axes"), &axis, 1);
    const char *all = emit_constant(e, part(e, layer, "edges"), three, edges);
    const char *at = node(e, layer, "Unsqueeze", "unsqueeze", one, input, axes);
    at = node(e, layer, "LessOrEqual", "passed", three, all, at);
    at = node(e, layer, "Cast", "count", three, at, NULL);
    emit_int(e, "to",
             e->is_double ? ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE
                          : ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    at = node(e, layer, "ReduceSum", "", shape_matrix(1, size), at, axes);
    emit_int(e, "keepdims", 0);
    return at;
}

/* ---- ensembles ------------------------------------------------------------------------------- */

/* What the attributes of a TreeEnsembleRegressor are gathered in. */
struct ensemble {
    struct emitter *emitter;
    const struct network *network;
    const struct layer *layer;
    const struct trees *trees;
    struct trees_shape shape;
    struct reference_trees quantized;
    int nodes, weights;
    int64_t *tree, *number, *feature, *left, *right, *missing;
    double *threshold, *latent_threshold;
    int64_t *weight_tree, *weight_node, *weight_target;
    double *weight, *latent_weight;
};

/* The greatest float32 that is not above x. */
static double float_not_above(double x)
{
    float f = (float)x;
    if ((double)f > x) f = nextafterf(f, -INFINITY);
    return (double)f;
}

/* A threshold as the quantized network needs it: half-way between two values of its input. */
static double snapped(const struct ensemble *m, int feature, double threshold)
{
    const struct layer *before = &m->network->layers[m->layer->input];
    double step = before->kind == LAYER_BUCKETS ? 1
                  : before->kind == LAYER_QUANT ? format_step(quantizer_at(&before->quant, feature))
                                                : 0;
    if (step == 0 || !isfinite(threshold)) return float_not_above(threshold);
    double middle = (floor(threshold / step) + 0.5) * step;
    return network_float32(middle) == middle ? middle : float_not_above(threshold);
}

static void gather_leaf(struct ensemble *m, int t, int node, int number)
{
    int count = trees_leaf_values(m->trees, m->shape, t), leaf = m->trees->nodes[node].leaf;
    for (int k = 0; k < count; k++) {
        int target = m->trees->target[t] >= 0 ? m->trees->target[t] : k;
        m->weight_tree[m->weights] = t;
        m->weight_node[m->weights] = number;
        m->weight_target[m->weights] =
            m->shape.distance ? (int64_t)t * m->shape.inputs + k : target;
        m->weight[m->weights] = m->quantized.values[leaf + k];
        m->latent_weight[m->weights++] = m->trees->values[leaf + k];
    }
}

static void gather(struct ensemble *m)
{
    for (int t = 0; t < m->trees->tree_count; t++) {
        int first = m->trees->first[t];
        for (int i = first; i < m->trees->first[t + 1]; i++) {
            const struct tree_node *from = &m->trees->nodes[i];
            int at = m->nodes++;
            m->tree[at] = t;
            m->number[at] = i - first;
            if (from->feature < 0) {
                gather_leaf(m, t, i, i - first);
                continue;
            }
            m->feature[at] = from->feature;
            m->left[at] = from->left - first;
            m->right[at] = from->right - first;
            m->missing[at] = from->missing_left;
            m->latent_threshold[at] = from->threshold;
            m->threshold[at] = snapped(m, from->feature, from->threshold);
        }
    }
}

static long count_weights(const struct trees *trees, struct trees_shape shape)
{
    long count = 0;
    for (int t = 0; t < trees->tree_count; t++)
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++)
            if (trees->nodes[i].feature < 0) count += trees_leaf_values(trees, shape, t);
    return count;
}

static struct ensemble make_ensemble(struct emitter *e, const struct network *network,
                                     const struct layer *layer)
{
    struct ensemble m = {.emitter = e,
                         .network = network,
                         .layer = layer,
                         .trees = layer->trees,
                         .shape = layer_trees_shape(network, layer)};
    m.quantized = reference_trees_prepare(&e->arena, network, layer, REFERENCE_QUANTIZED);
    size_t nodes = (size_t)trees_node_count(m.trees);
    size_t weights = (size_t)count_weights(m.trees, m.shape);
    int64_t **per_node[] = {&m.tree, &m.number, &m.feature, &m.left, &m.right, &m.missing};
    for (size_t i = 0; i < sizeof per_node / sizeof per_node[0]; i++)
        *per_node[i] = arena_alloc(&e->arena, nodes, sizeof(int64_t));
    m.threshold = arena_alloc(&e->arena, nodes, sizeof(double));
    m.latent_threshold = arena_alloc(&e->arena, nodes, sizeof(double));
    int64_t **per_weight[] = {&m.weight_tree, &m.weight_node, &m.weight_target};
    for (size_t i = 0; i < sizeof per_weight / sizeof per_weight[0]; i++)
        *per_weight[i] = arena_alloc(&e->arena, weights, sizeof(int64_t));
    m.weight = arena_alloc(&e->arena, weights, sizeof(double));
    m.latent_weight = arena_alloc(&e->arena, weights, sizeof(double));
    gather(&m);
    return m;
}

/* The original numbers, where the node's differ. */
static void emit_latent(struct ensemble *m, const char *what, const double *latent,
                        const double *used, int count)
{
    bool differs = false;
    for (int i = 0; i < count && !differs; i++)
        differs = latent[i] != network_float32(used[i]);
    if (!differs) return;
    bool was_double = m->emitter->is_double;
    m->emitter->is_double = true;
    emit_constant(m->emitter, part(m->emitter, m->layer, what), shape_vector(count), latent);
    m->emitter->is_double = was_double;
}

static void add_formats(cJSON *json, const char *key, const struct quantizer *quant)
{
    if (!quant->count) return;
    cJSON *list = cJSON_AddArrayToObject(json, key);
    for (int i = 0; i < quant->count; i++) {
        char text[FORMAT_TEXT_BYTES];
        format_print(quant->formats[i], text);
        cJSON_AddItemToArray(list, cJSON_CreateString(text));
    }
}

/* What ONNX has no word for: metadata `trees/LAYER`. */
static void emit_remarks(const struct ensemble *m)
{
    const struct trees *trees = m->trees;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "arithmetic", trees_arithmetic_names[trees->arithmetic]);
    if (trees->base_last) cJSON_AddBoolToObject(json, "base_last", true);
    if (trees->factor != 1) cJSON_AddNumberToObject(json, "factor", trees->factor);
    if (trees->divisor != 1) cJSON_AddNumberToObject(json, "divisor", trees->divisor);
    if (m->shape.distance) cJSON_AddBoolToObject(json, "distance", true);
    add_formats(json, "value_format", &m->layer->weight_quant);
    add_formats(json, "base_format", &m->layer->bias_quant);
    char *text = cJSON_PrintUnformatted(json);
    if (!text) fail("out of memory (a model file)");
    emit_metadata(m->emitter, arena_printf(&m->emitter->arena, "trees/%s", m->layer->name),
                  arena_strdup(&m->emitter->arena, text));
    cJSON_free(text);
    cJSON_Delete(json);
}

static const char *mode_of(const void *context, int i)
{
    const struct ensemble *m = context;
    int node = m->trees->first[m->tree[i]] + (int)m->number[i];
    return m->trees->nodes[node].feature < 0 ? "LEAF" : "BRANCH_LEQ";
}

static const char *emit_regressor(struct ensemble *m, const char *input)
{
    struct emitter *e = m->emitter;
    int targets = m->shape.distance ? m->trees->tree_count * m->shape.inputs : m->shape.outputs;
    const char *at =
        node(e, m->layer, "TreeEnsembleRegressor", "", shape_matrix(1, targets), input, NULL);
    emit_int(e, "n_targets", targets);
    emit_string(e, "post_transform", "NONE");
    emit_string(e, "aggregate_function", "SUM");
    emit_ints(e, "nodes_treeids", m->tree, m->nodes);
    emit_ints(e, "nodes_nodeids", m->number, m->nodes);
    emit_ints(e, "nodes_featureids", m->feature, m->nodes);
    emit_strings(e, "nodes_modes", m->nodes, mode_of, m);
    emit_floats(e, "nodes_values", m->threshold, m->nodes);
    emit_ints(e, "nodes_truenodeids", m->left, m->nodes);
    emit_ints(e, "nodes_falsenodeids", m->right, m->nodes);
    emit_ints(e, "nodes_missing_value_tracks_true", m->missing, m->nodes);
    emit_ints(e, "target_treeids", m->weight_tree, m->weights);
    emit_ints(e, "target_nodeids", m->weight_node, m->weights);
    emit_ints(e, "target_ids", m->weight_target, m->weights);
    emit_floats(e, "target_weights", m->weight, m->weights);
    if (m->trees->base && !m->shape.distance)
        emit_floats(e, "base_values", m->quantized.base, m->shape.outputs);
    return at;
}

/* Zeros of the features that take them for missing become NaN. */
static const char *emit_zeros(struct ensemble *m, const char *at)
{
    struct emitter *e = m->emitter;
    struct shape shape = shape_matrix(1, m->shape.inputs);
    double *limit = arena_alloc(&e->arena, (size_t)m->shape.inputs, sizeof *limit);
    const double nan = NAN;
    for (int i = 0; i < m->shape.inputs; i++)
        limit[i] = m->trees->zero_is_missing[i] ? trees_zero : -1;
    const char *limits = emit_constant(e, part(e, m->layer, "zero"), shape, limit);
    const char *missing = emit_constant(e, part(e, m->layer, "missing"), shape_scalar(), &nan);
    const char *zero = node(e, m->layer, "Abs", "magnitude", shape, at, NULL);
    zero = node(e, m->layer, "LessOrEqual", "is_zero", shape, zero, limits);
    return emit_node(e, "Where", part(e, m->layer, "zero_is_missing"), shape,
                     (const char *const[5]){zero, missing, at});
}

const char *emit_trees(struct emitter *e, const struct network *network, const struct layer *layer,
                       const char *at)
{
    struct ensemble m = make_ensemble(e, network, layer);
    if (e->is_double) {
        e->is_double = false;
        at = node(e, layer, "Cast", "to_float", shape_matrix(1, m.shape.inputs), at, NULL);
        emit_int(e, "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    }
    if (m.trees->zero_is_missing) at = emit_zeros(&m, at);
    emit_latent(&m, "latent/thresholds", m.latent_threshold, m.threshold, m.nodes);
    emit_latent(&m, "latent/values", m.latent_weight, m.weight, m.weights);
    if (m.trees->base) emit_latent(&m, "latent/base", m.trees->base, m.quantized.base, layer->size);
    emit_remarks(&m);
    const char *input = at;
    at = emit_regressor(&m, at);
    if (!m.shape.distance) return at;
    struct shape centres = shape_matrix(1, m.trees->tree_count * m.shape.inputs);
    const int64_t repeats[2] = {1, m.trees->tree_count}, axis = 1;
    const char *copies = emit_integers(e, part(e, layer, "copies"), repeats, 2);
    const char *axes = emit_integers(e, part(e, layer, "axes"), &axis, 1);
    const char *tiled = node(e, layer, "Tile", "inputs", centres, input, copies);
    at = node(e, layer, "Sub", "difference", centres, tiled, at);
    at = node(e, layer, "Abs", "distance", centres, at, NULL);
    at = node(e, layer, "ReduceSum", "sum", shape_matrix(1, 1), at, axes);
    emit_int(e, "keepdims", 1);
    return at;
}
