/* The attributes of ai.onnx.ml's operators of trees, checked, and the trees that they say. */
#include "base/error.h"
#include "model/onnx_trees_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct ensemble ensemble_read(struct reader *reader, const struct graph_node *node)
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

const double *ensemble_latent(const struct ensemble *m, const char *what, size_t count)
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

void ensemble_drop_mirror(struct ensemble *m)
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

int ensemble_targets(const struct ensemble *m)
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

struct trees *ensemble_trees(struct ensemble *m, int distance_inputs)
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
