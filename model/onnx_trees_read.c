/* Ensembles of trees in ONNX graphs: the forms that onnx_trees_write.c writes, and the ai.onnx.ml
 * operators of others' files (skl2onnx, CatBoost, onnxmltools). */
#include "base/error.h"
#include "base/json.h"
#include "model/onnx_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- walking the forms ----------------------------------------------------------------------- */

/* The tensor before a node of that operator; NULL if the tensor comes from something else. */
static const char *before(struct graph *graph, const char *at, const char *op,
                          const struct graph_node **node)
{
    *node = at ? graph_producer(graph, at) : NULL;
    return node_is(*node, op) && (*node)->proto->n_input ? node_input(*node, 0) : NULL;
}

/* The same for an operator of a computed and a constant operand (on either side). */
static const char *before_constant(struct graph *graph, const char *at, const char *op,
                                   struct tensor *constant)
{
    const struct graph_node *node = at ? graph_producer(graph, at) : NULL;
    if (!node_is(node, op) || node->proto->n_input != 2) return NULL;
    for (size_t i = 0; i < 2; i++)
        if (graph_tensor(graph, node_input(node, i), node, constant))
            return node_input(node, 1 - i);
    return NULL;
}

static double at_element(const struct tensor *t, size_t i)
{
    return t->values[t->count == 1 ? 0 : i < t->count ? i : t->count - 1];
}

/* ---- quantizers of standard nodes ------------------------------------------------------------ */

struct plain_quantizer {
    struct tensor inverse, half, least, most, step;
    bool rounds;
};

static const char *match_plain(struct graph *graph, const char *tensor, struct plain_quantizer *q)
{
    const struct graph_node *floor_node;
    const char *at = before_constant(graph, tensor, "Mul", &q->step);
    at = before_constant(graph, at, "Min", &q->most);
    at = before_constant(graph, at, "Max", &q->least);
    at = before(graph, at, "Floor", &floor_node);
    if (!at) return NULL;
    const char *rounded = before_constant(graph, at, "Add", &q->half);
    q->rounds = rounded && q->half.count == 1 && q->half.values[0] == 0.5;
    if (q->rounds) at = rounded;
    return before_constant(graph, at, "Mul", &q->inverse);
}

static bool is_plain(struct graph *graph, const char *tensor, const char **root)
{
    struct plain_quantizer q;
    const char *found = match_plain(graph, tensor, &q);
    if (found) *root = found;
    return found != NULL;
}

static struct format plain_format(struct reader *reader, const struct graph_node *node,
                                  const struct plain_quantizer *q, size_t i)
{
    double step = at_element(&q->step, i), lo = at_element(&q->least, i);
    double hi = at_element(&q->most, i);
    int exponent, bits;
    bool fits = step > 0 && frexp(step, &exponent) == 0.5 && at_element(&q->inverse, i) * step == 1;
    bool is_signed = lo < 0, symmetric = is_signed && lo == -hi;
    double top = is_signed ? (symmetric ? hi + 1 : -lo) : hi + 1;
    fits = fits && top >= 1 && frexp(top, &bits) == 0.5 && (is_signed || lo == 0) &&
           hi == top - 1 && bits <= 50;
    if (!fits)
        graph_fail(&reader->graph, node,
                   "the nodes before it resemble a quantizer, but of no fixed-point format");
    int width = bits - 1 + is_signed;
    struct format format = format_make(is_signed, width < 1 ? 1 : width, 0);
    format.integer_bits = format.width_bits + exponent - 1;
    format.rounding = q->rounds ? ROUND_RND : ROUND_TRN;
    format.overflow = symmetric ? OVERFLOW_SAT_SYM : OVERFLOW_SAT;
    return format;
}

static void build_plain(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct plain_quantizer q;
    int size = reader_last(reader)->size;
    (void)data;
    match_plain(&reader->graph, node->proto->output[0], &q);
    const struct tensor *all[] = {&q.inverse, &q.least, &q.most, &q.step};
    const int64_t dims[2] = {1, size};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!tensor_fits(all[i], 2, dims))
            graph_fail(&reader->graph, node, "the shape of a constant does not fit %d elements",
                       size);
    struct layer *layer = reader_add(reader, LAYER_QUANT, node, size);
    struct quantizer *quant = &layer->quant;
    bool symmetric = false, equal = true;
    quant->formats = arena_alloc(&reader->network->arena, (size_t)size, sizeof *quant->formats);
    for (int i = 0; i < size; i++) {
        quant->formats[i] = plain_format(reader, node, &q, (size_t)i);
        symmetric = symmetric || quant->formats[i].overflow == OVERFLOW_SAT_SYM;
        equal = equal && format_same_bits(quant->formats[i], quant->formats[0]);
    }
    for (int i = 0; i < size; i++) /* an unsigned format does not show whether it is symmetric */
        quant->formats[i].overflow = symmetric ? OVERFLOW_SAT_SYM : OVERFLOW_SAT;
    quant->count = equal ? 1 : size;
}

/* ---- buckets --------------------------------------------------------------------------------- */

static const char *match_buckets(struct graph *graph, const char *tensor, struct tensor *edges)
{
    const struct graph_node *node;
    const char *at = before(graph, tensor, "ReduceSum", &node);
    if (!at || node_int(node, "keepdims", 1) != 0) return NULL;
    at = before(graph, at, "Cast", &node);
    at = before_constant(graph, at, "LessOrEqual", edges);
    return before(graph, at, "Unsqueeze", &node);
}

static bool is_buckets(struct graph *graph, const char *tensor, const char **root)
{
    struct tensor edges;
    const char *found = match_buckets(graph, tensor, &edges);
    if (found) *root = found;
    return found != NULL;
}

static void build_buckets(struct reader *reader, const struct graph_node *node, size_t data)
{
    struct tensor edges;
    int size = reader_last(reader)->size;
    (void)data;
    match_buckets(&reader->graph, node->proto->output[0], &edges);
    size_t widest = edges.count / (size_t)size;
    if (edges.rank != 3 || edges.dims[1] != size)
        graph_fail(&reader->graph, node, "its edges are not those of %d elements", size);
    struct arena *arena = &reader->network->arena;
    struct layer *layer = reader_add(reader, LAYER_BUCKETS, node, size);
    layer->edge_first = arena_alloc(arena, (size_t)size + 1, sizeof *layer->edge_first);
    layer->edges = arena_alloc(arena, edges.count, sizeof *layer->edges);
    int count = 0;
    for (size_t j = 0; j < (size_t)size; j++) {
        for (size_t i = 0; i < widest && edges.values[j * widest + i] != INFINITY; i++)
            layer->edges[count++] = edges.values[j * widest + i];
        layer->edge_first[j + 1] = count;
    }
}

/* ---- zeros that are missing ------------------------------------------------------------------ */

static const char *match_zeros(struct graph *graph, const char *tensor, struct tensor *limits)
{
    const struct graph_node *where = graph_producer(graph, tensor), *node;
    struct tensor missing;
    if (!node_is(where, "Where") || where->proto->n_input != 3) return NULL;
    const char *at = before_constant(graph, node_input(where, 0), "LessOrEqual", limits);
    at = before(graph, at, "Abs", &node);
    if (!at || strcmp(at, node_input(where, 2)) != 0) return NULL;
    if (!graph_tensor(graph, node_input(where, 1), where, &missing)) return NULL;
    return missing.count == 1 && isnan(missing.values[0]) ? at : NULL;
}

static bool is_zeros(struct graph *graph, const char *tensor, const char **root)
{
    struct tensor limits;
    const char *found = match_zeros(graph, tensor, &limits);
    if (found) *root = found;
    return found != NULL;
}

/* It is a property of the trees behind it: see find_zeros(). */
static void build_zeros(struct reader *reader, const struct graph_node *node, size_t data)
{
    (void)reader, (void)node, (void)data;
}

/* ---- ensembles ------------------------------------------------------------------------------- */

/* The attributes of an ensemble's node, checked against one another. */
struct ensemble {
    struct reader *reader;
    const struct graph_node *node;
    size_t nodes, weights;
    const int64_t *tree, *number, *feature, *left, *right, *missing;
    const int64_t *weight_tree, *weight_node, *weight_target;
    const double *threshold, *weight, *base;
    size_t base_count;
    bool is_double;
    int targets;
};

/* An entry that finds a node, or a weight, by its tree and number. */
struct place {
    int64_t tree, number;
    size_t index;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->tree != y->tree) return x->tree < y->tree ? -1 : 1;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static const int64_t *list(const struct ensemble *m, const char *name, size_t expected)
{
    size_t count;
    const int64_t *values = node_ints(m->node, name, &count);
    if (count != expected)
        graph_fail(&m->reader->graph, m->node, "%s has %zu entries, not %zu", name, count,
                   expected);
    return values;
}

static const double *numbers(struct ensemble *m, const char *name, size_t *count)
{
    bool is_double;
    const double *values = node_numbers(&m->reader->graph, m->node, name, count, &is_double);
    m->is_double = m->is_double || is_double;
    return values;
}

static const double *number_list(struct ensemble *m, const char *name, size_t expected)
{
    size_t count;
    const double *values = numbers(m, name, &count);
    if (count != expected)
        graph_fail(&m->reader->graph, m->node, "%s has %zu entries, not %zu", name, count,
                   expected);
    return values;
}

static struct ensemble read_attributes(struct reader *reader, const struct graph_node *node)
{
    struct ensemble m = {.reader = reader, .node = node};
    bool classifier = node_is(node, "TreeEnsembleClassifier");
    if (node_is(node, "TreeEnsemble"))
        graph_fail(&reader->graph, node,
                   "operator TreeEnsemble of ai.onnx.ml 5 is not supported; export with "
                   "TreeEnsembleRegressor or TreeEnsembleClassifier (ai.onnx.ml 3)");
    node_ints(node, "nodes_treeids", &m.nodes);
    if (!m.nodes) graph_fail(&reader->graph, node, "it has no nodes");
    m.tree = list(&m, "nodes_treeids", m.nodes);
    m.number = list(&m, "nodes_nodeids", m.nodes);
    m.feature = list(&m, "nodes_featureids", m.nodes);
    m.left = list(&m, "nodes_truenodeids", m.nodes);
    m.right = list(&m, "nodes_falsenodeids", m.nodes);
    size_t count;
    m.missing = node_ints(node, "nodes_missing_value_tracks_true", &count);
    if (m.missing) m.missing = list(&m, "nodes_missing_value_tracks_true", m.nodes);
    m.threshold = number_list(&m, "nodes_values", m.nodes);
    if (node_string_count(node, "nodes_modes") != m.nodes)
        graph_fail(&reader->graph, node, "nodes_modes has %zu entries, not %zu",
                   node_string_count(node, "nodes_modes"), m.nodes);
    const char *of = classifier ? "class" : "target";
    char name[40];
    snprintf(name, sizeof name, "%s_ids", of);
    node_ints(node, name, &m.weights);
    m.weight_target = list(&m, name, m.weights);
    snprintf(name, sizeof name, "%s_treeids", of);
    m.weight_tree = list(&m, name, m.weights);
    snprintf(name, sizeof name, "%s_nodeids", of);
    m.weight_node = list(&m, name, m.weights);
    snprintf(name, sizeof name, "%s_weights", of);
    m.weight = number_list(&m, name, m.weights);
    m.base = numbers(&m, "base_values", &m.base_count);
    return m;
}

/* Originals that stand beside a node of ours; NULL if there are none. */
static const double *latent(const struct ensemble *m, const char *what, size_t count)
{
    struct tensor tensor;
    char name[200];
    snprintf(name, sizeof name, "%.150s/latent/%s", m->node->label, what);
    if (!graph_tensor(&m->reader->graph, name, m->node, &tensor)) return NULL;
    if (tensor.count != count)
        graph_fail(&m->reader->graph, m->node, "%s holds %zu numbers, not %zu", name, tensor.count,
                   count);
    return tensor.values;
}

/* CatBoost gives each of two classes a score, one the negative of the other: leaves the second. */
static void drop_mirror(struct ensemble *m)
{
    if (!node_is(m->node, "TreeEnsembleClassifier") || m->weights % 2) return;
    for (size_t i = 0; i < m->weights; i += 2)
        if (m->weight_tree[i] != m->weight_tree[i + 1] ||
            m->weight_node[i] != m->weight_node[i + 1] || m->weight_target[i] != 0 ||
            m->weight_target[i + 1] != 1 || m->weight[i] != -m->weight[i + 1])
            return;
    size_t pairs = m->weights / 2;
    struct arena *arena = &m->reader->graph.arena;
    int64_t *tree = arena_alloc(arena, pairs, sizeof *tree);
    int64_t *node = arena_alloc(arena, pairs, sizeof *node);
    int64_t *target = arena_alloc(arena, pairs, sizeof *target);
    double *weight = arena_alloc(arena, pairs, sizeof *weight);
    for (size_t i = 0; i < pairs; i++) {
        tree[i] = m->weight_tree[2 * i + 1];
        node[i] = m->weight_node[2 * i + 1];
        weight[i] = m->weight[2 * i + 1];
    }
    m->weights = pairs;
    m->weight_tree = tree;
    m->weight_node = node;
    m->weight_target = target;
    m->weight = weight;
    if (m->base_count == 2 && m->base[0] == -m->base[1]) {
        m->base++;
        m->base_count = 1;
    }
}

/* How many outputs the ensemble has. */
static int count_targets(const struct ensemble *m)
{
    int64_t highest = -1;
    bool equal = true; /* all are for one output */
    for (size_t i = 0; i < m->weights; i++) {
        if (m->weight_target[i] < 0 || m->weight_target[i] >= 1 << 20)
            graph_fail(&m->reader->graph, m->node, "weight %zu is for output %lld", i,
                       (long long)m->weight_target[i]);
        if (m->weight_target[i] > highest) highest = m->weight_target[i];
        equal = equal && m->weight_target[i] == m->weight_target[0];
    }
    if (!node_is(m->node, "TreeEnsembleClassifier")) {
        int64_t targets = node_int(m->node, "n_targets", 1);
        if (targets < 1 || targets > 1 << 20 || highest >= targets)
            graph_fail(&m->reader->graph, m->node, "it has %lld outputs, but weights for %lld",
                       (long long)targets, (long long)highest + 1);
        return (int)targets;
    }
    size_t ints, strings = node_string_count(m->node, "classlabels_strings");
    node_ints(m->node, "classlabels_int64s", &ints);
    size_t classes = ints ? ints : strings;
    if (classes < 1 || classes > 1 << 20 || highest >= (int64_t)classes)
        graph_fail(&m->reader->graph, m->node, "it has %zu classes, but weights for %lld", classes,
                   (long long)highest + 1);
    /* One score that decides between two classes. */
    return classes == 2 && equal ? 1 : (int)classes;
}

enum mode { MODE_LEAF, MODE_LEQ, MODE_LT, MODE_GTE, MODE_GT };

static enum mode mode_of(const struct ensemble *m, size_t i)
{
    static const char *const names[] = {"LEAF", "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                        "BRANCH_GT"};
    char text[40];
    node_string_at(m->node, "nodes_modes", i, text, sizeof text);
    for (int k = 0; k < 5; k++)
        if (strcmp(text, names[k]) == 0) return (enum mode)k;
    graph_fail(&m->reader->graph, m->node, "tree %lld, node %lld: mode '%.30s' is not supported",
               (long long)m->tree[i], (long long)m->number[i], text);
}

/* The next number below, in the ensemble's own arithmetic: x < t is x <= next_below(t). */
static double next_below(const struct ensemble *m, double t)
{
    return m->is_double ? nextafter(t, -INFINITY) : (double)nextafterf((float)t, -INFINITY);
}

/* The nodes of one tree, places[first .. end), as the builder wants them. */
struct tree_reading {
    const struct ensemble *ensemble;
    const struct place *places;
    size_t count;
    struct linked_node *nodes;
    bool *is_child;
};

/* Index within the tree of the node of that number. */
static int find_child(const struct tree_reading *r, size_t i, int64_t number)
{
    struct place key = {r->places[i].tree, number, 0};
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (r->places[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == r->count || r->places[low].number != number)
        graph_fail(&r->ensemble->reader->graph, r->ensemble->node,
                   "tree %lld, node %lld: its child %lld is not there", (long long)key.tree,
                   (long long)r->places[i].number, (long long)number);
    r->is_child[low] = true;
    return (int)low;
}

static void read_node(const struct tree_reading *r, size_t i)
{
    const struct ensemble *m = r->ensemble;
    size_t at = r->places[i].index;
    struct linked_node *node = &r->nodes[i];
    enum mode mode = mode_of(m, at);
    *node = (struct linked_node){.feature = -1};
    if (mode == MODE_LEAF) return;
    int inputs = reader_last(m->reader)->size;
    if (m->feature[at] < 0 || m->feature[at] >= inputs)
        graph_fail(&m->reader->graph, m->node,
                   "tree %lld, node %lld: it asks for feature %lld of %d", (long long)m->tree[at],
                   (long long)m->number[at], (long long)m->feature[at], inputs);
    bool swaps = mode == MODE_GTE || mode == MODE_GT;
    bool strict = mode == MODE_LT || mode == MODE_GTE;
    bool tracks_true = m->missing && m->missing[at];
    node->feature = (int)m->feature[at];
    node->threshold = strict ? next_below(m, m->threshold[at]) : m->threshold[at];
    node->missing_left = tracks_true != swaps;
    node->left = find_child(r, i, swaps ? m->right[at] : m->left[at]);
    node->right = find_child(r, i, swaps ? m->left[at] : m->right[at]);
}

/* The weights of a tree's leaves: the only output they add to, or -1; leaves get their values. */
static int read_leaves(const struct tree_reading *r, const struct place *weights, size_t count,
                       int distance_inputs)
{
    const struct ensemble *m = r->ensemble;
    int targets = distance_inputs ? distance_inputs : m->targets, target = -1;
    bool single = !distance_inputs;
    for (size_t i = 0; i < count; i++) {
        int of = (int)m->weight_target[weights[i].index];
        if (target >= 0 && of != target) single = false;
        target = of;
    }
    if (targets == 1 && !distance_inputs) target = 0, single = true;
    size_t per_leaf = single ? 1 : (size_t)targets, w = 0;
    double *values = arena_alloc(&m->reader->graph.arena, r->count * per_leaf + 1, sizeof *values);
    for (size_t i = 0; i < r->count; i++) {
        r->nodes[i].values = values + i * per_leaf;
        while (w < count && weights[w].number < r->places[i].number)
            w++;
        for (; w < count && weights[w].number == r->places[i].number; w++) {
            size_t k = (size_t)m->weight_target[weights[w].index];
            if (distance_inputs) k %= (size_t)distance_inputs;
            values[i * per_leaf + (single ? 0 : k)] += m->weight[weights[w].index];
        }
    }
    return single && count ? target : -1;
}

static struct place *sorted(struct graph *graph, const int64_t *tree, const int64_t *number,
                            size_t count)
{
    struct place *places = arena_alloc(&graph->arena, count + 1, sizeof *places);
    for (size_t i = 0; i < count; i++)
        places[i] = (struct place){tree[i], number[i], i};
    qsort(places, count, sizeof *places, compare_places);
    return places;
}

static struct trees *read_trees(struct ensemble *m, int distance_inputs)
{
    struct graph *graph = &m->reader->graph;
    struct trees_builder builder = {.arena = &m->reader->network->arena};
    struct place *places = sorted(graph, m->tree, m->number, m->nodes);
    struct place *weights = sorted(graph, m->weight_tree, m->weight_node, m->weights);
    for (size_t first = 0, end, w = 0, w_end; first < m->nodes; first = end, w = w_end) {
        struct tree_reading r = {.ensemble = m, .places = places + first};
        int64_t id = places[first].tree;
        for (end = first; end < m->nodes && places[end].tree == id; end++)
            if (end > first && places[end].number == places[end - 1].number)
                graph_fail(graph, m->node, "tree %lld has two nodes %lld", (long long)id,
                           (long long)places[end].number);
        while (w < m->weights && weights[w].tree < id)
            w++;
        for (w_end = w; w_end < m->weights && weights[w_end].tree == id;)
            w_end++;
        r.count = end - first;
        r.nodes = arena_alloc(&graph->arena, r.count, sizeof *r.nodes);
        r.is_child = arena_alloc(&graph->arena, r.count, sizeof *r.is_child);
        for (size_t i = 0; i < r.count; i++)
            read_node(&r, i);
        int target = read_leaves(&r, weights + w, w_end - w, distance_inputs), root = -1;
        for (size_t i = 0; i < r.count && root < 0; i++)
            if (!r.is_child[i]) root = (int)i;
        int per_leaf = distance_inputs ? distance_inputs : target >= 0 ? 1 : m->targets;
        trees_add_linked(&builder, graph->file, r.nodes, (int)r.count, root, per_leaf, target);
    }
    return trees_finish(&builder);
}

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
    if (!match_zeros(&reader->graph, node_input(node, 0), &limits)) return NULL;
    bool *zeros = arena_alloc(&reader->network->arena, (size_t)inputs, sizeof *zeros);
    for (int i = 0; i < inputs; i++)
        zeros[i] = at_element(&limits, (size_t)i) >= 0;
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
    struct ensemble m = read_attributes(reader, node);
    int inputs = reader_last(reader)->size;
    drop_mirror(&m);
    m.targets = count_targets(&m);
    const double *thresholds = latent(&m, "thresholds", m.nodes);
    const double *values = latent(&m, "values", m.weights);
    if (thresholds) m.threshold = thresholds;
    if (values) m.weight = values;
    struct trees *trees = read_trees(&m, distance ? inputs : 0);
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
        const double *base = latent(&m, "base", m.base_count);
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
    const char *at = before(graph, tensor, "ReduceSum", &node);
    at = before(graph, at, "Abs", &node);
    const struct graph_node *sub = at ? graph_producer(graph, at) : NULL;
    if (!node_is(sub, "Sub") || sub->proto->n_input != 2) return NULL;
    const char *x = before(graph, node_input(sub, 0), "Tile", &node);
    const char *same = before(graph, node_input(sub, 1), "TreeEnsembleRegressor", ensemble);
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
    {is_plain, build_plain},
    {is_buckets, build_buckets},
    {is_zeros, build_zeros},
    {is_distance, build_distance},
};

/* ---- others' operators around ensembles ------------------------------------------------------ */

void onnx_build_scaler(struct reader *reader, const struct graph_node *node, size_t data)
{
    size_t scales, offsets, size = (size_t)reader_last(reader)->size;
    bool is_double;
    (void)data;
    const double *scale = node_numbers(&reader->graph, node, "scale", &scales, &is_double);
    const double *offset = node_numbers(&reader->graph, node, "offset", &offsets, &is_double);
    if ((scales != 1 && scales != size) || (offsets != 1 && offsets != size))
        graph_fail(&reader->graph, node, "it has %zu scales and %zu offsets for %zu elements",
                   scales, offsets, size);
    struct layer *layer = reader_add(reader, LAYER_AFFINE, node, (int)size);
    layer->scale = arena_alloc(&reader->network->arena, size, sizeof *layer->scale);
    layer->offset = arena_alloc(&reader->network->arena, size, sizeof *layer->offset);
    for (size_t j = 0; j < size; j++) { /* (x - offset) * scale */
        layer->scale[j] = scale[scales == 1 ? 0 : j];
        layer->offset[j] = -offset[offsets == 1 ? 0 : j] * layer->scale[j];
    }
}

void onnx_build_zipmap(struct reader *reader, const struct graph_node *node, size_t data)
{
    (void)data;
    name_classes(reader, node, reader_last(reader)->size);
}
