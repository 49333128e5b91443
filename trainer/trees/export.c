/* Trained ensembles as networks: see export.h. */
#include "trainer/trees/export.h"

#include "base/error.h"
#include "trainer/trees/front.h"

#include <math.h>
#include <string.h>

static int values_per_leaf(const struct exported *e, const struct member *m)
{
    if (e->distance) return e->distance;
    return m->target < 0 ? e->outputs : 1;
}

/* The one value that all leaves have; false if they differ. A distance is never constant. */
static bool is_constant(const struct exported *e, const struct member *m)
{
    int width = values_per_leaf(e, m);
    for (int l = 1; l < m->leaves; l++)
        for (int k = 0; k < width; k++)
            if (m->values[l * width + k] != m->values[k]) return false;
    return !e->distance;
}

static void add_member(const struct exported *e, const struct network *front,
                       struct trees_builder *builder, const struct member *m)
{
    struct arena scratch = {0};
    int width = values_per_leaf(e, m);
    struct linked_node *nodes = arena_alloc(&scratch, (size_t)m->node_count, sizeof *nodes);
    for (int i = 0; i < m->node_count; i++) {
        const struct grown_node *from = &m->nodes[i];
        nodes[i] = (struct linked_node){.feature = from->feature,
                                        .left = from->left,
                                        .right = from->right,
                                        .missing_left = from->missing_left};
        if (from->feature >= 0)
            nodes[i].threshold = e->cuts->values[from->feature][from->cut];
        else
            nodes[i].values = m->values + m->leaf_of_node[i] * width;
    }
    (void)front;
    trees_add_linked(builder, e->config->name, nodes, m->node_count, 0, width,
                     e->distance ? -1 : m->target);
    arena_free(&scratch);
}

static struct quantizer one_format(struct network *network, struct format format)
{
    struct quantizer quant = {1, arena_alloc(&network->arena, 1, sizeof(struct format))};
    *quant.formats = format;
    return quant;
}

/* The smallest format of step `step` that holds all these numbers over the divisor. */
static struct format format_for(const double *values, int count, double divisor, double step)
{
    double low = 0, high = 0;
    for (int i = 0; i < count; i++) {
        low = fmin(low, values[i] / divisor);
        high = fmax(high, values[i] / divisor);
    }
    return format_of_interval(llrint(low / step), llrint(high / step), -ilogb(step));
}

/* The sum of what every event gets: the base and the trees that are no more than a constant. */
static double *constant_part(const struct exported *e, struct network *network)
{
    double *base = arena_alloc(&network->arena, (size_t)e->outputs, sizeof *base);
    for (int k = 0; k < e->outputs && e->base; k++)
        base[k] = e->base[k];
    bool relative = e->step > 0 && e->behind == LAYER_SOFTMAX;
    for (int k = e->outputs - 1; k >= 0 && relative; k--)
        base[k] -= base[0];
    for (int i = 0; i < e->count; i++) {
        const struct member *m = &e->members[i];
        if (!is_constant(e, m)) continue;
        for (int k = 0; k < values_per_leaf(e, m); k++)
            base[(m->target < 0 ? 0 : m->target) + k] += m->values[k];
    }
    for (int k = 0; k < e->outputs; k++)
        if (e->divisor == 1 && e->step > 0)
            base[k] = floor(base[k] / e->step + 0.5) * e->step;
        else
            base[k] = network_float32(base[k]);
    return base;
}

static void fill_layer(const struct exported *e, struct network *network, struct layer *layer,
                       struct trees *trees)
{
    layer->trees = trees;
    trees->base = constant_part(e, network);
    trees->divisor = e->divisor;
    const struct network *front = network;
    for (int f = 0; f < e->cuts->features; f++) {
        if (layer->input == 0 || network->layers[layer->input].kind != LAYER_BUCKETS) break;
        const struct layer *buckets = &front->layers[layer->input];
        bool missing =
            layer_edge_count(buckets, f) > 0 && buckets->edges[buckets->edge_first[f]] == -INFINITY;
        if (!missing) continue;
        if (!trees->zero_is_missing)
            trees->zero_is_missing = arena_alloc(&network->arena, (size_t)e->cuts->features,
                                                 sizeof *trees->zero_is_missing);
        trees->zero_is_missing[f] = true;
    }
    if (e->step <= 0) {
        for (int i = 0; i < trees->value_count; i++)
            trees->values[i] = network_float32(trees->values[i]);
        return;
    }
    layer->weight_quant =
        one_format(network, format_for(trees->values, trees->value_count, e->divisor, e->step));
    layer->bias_quant =
        one_format(network, format_for(trees->base, e->outputs, e->divisor, e->step));
}

/* An ensemble in which nothing is left still has a tree: a leaf. */
static void add_nothing(const struct exported *e, struct trees_builder *builder)
{
    const double zero = 0;
    struct linked_node leaf = {.feature = -1, .values = &zero};
    trees_add_linked(builder, e->config->name, &leaf, 1, 0, 1, 0);
}

struct network *export_network(const struct exported *e, struct network *front,
                               const struct events *events)
{
    struct network *network = front;
    int features = events->features;
    if (!network) {
        network = network_new(e->config->name);
        network_add(network, LAYER_INPUT, "input", -1, features);
    }
    struct trees_builder builder = {.arena = &network->arena};
    for (int i = 0; i < e->count; i++)
        if (!is_constant(e, &e->members[i])) add_member(e, network, &builder, &e->members[i]);
    if (!builder.tree_count) add_nothing(e, &builder);
    int at = network_add(network, e->distance ? LAYER_TREE_DISTANCE : LAYER_TREES, "trees",
                         network->layer_count - 1, e->outputs);
    fill_layer(e, network, &network->layers[at], trees_finish(&builder));
    if (e->behind != LAYER_INPUT)
        network_add(network, e->behind, layer_kind_names[e->behind], at, e->outputs);
    network_check(network, e->config->name);
    return network;
}

/* ---- summaries ------------------------------------------------------------------------------- */

/* Bits of what a tree adds to one sum: of its range in units of its coarsest common step. */
static int bits_of(const struct exported *e, const struct member *m, int k)
{
    int width = values_per_leaf(e, m);
    double low = INFINITY, high = -INFINITY, step = e->step;
    for (int l = 0; l < m->leaves; l++) {
        low = fmin(low, m->values[l * width + k]);
        high = fmax(high, m->values[l * width + k]);
    }
    if (!(high > low)) return 0;
    for (bool coarser = true; coarser;) {
        for (int l = 0; l < m->leaves && coarser; l++)
            coarser = fmod(m->values[l * width + k] - low, 2 * step) == 0;
        if (coarser) step *= 2;
    }
    return ilogb((high - low) / step) + 1;
}

struct trees_summary export_summary(const struct exported *e)
{
    struct arena arena = {0};
    struct trees_summary s = {0};
    bool *seen = arena_alloc(&arena, (size_t)e->cuts->features * 256, sizeof *seen);
    for (int i = 0; i < e->count; i++) {
        const struct member *m = &e->members[i];
        if (is_constant(e, m)) continue;
        int *depth = arena_alloc(&arena, (size_t)m->node_count, sizeof *depth);
        s.trees++;
        s.leaves += m->leaves;
        s.nodes += m->node_count - m->leaves;
        for (int n = 0; n < m->node_count; n++) {
            const struct grown_node *node = &m->nodes[n];
            if (depth[n] > s.depth) s.depth = depth[n];
            if (node->feature < 0) continue;
            depth[node->left] = depth[node->right] = depth[n] + 1;
            s.thresholds += !seen[node->feature * 256 + node->cut];
            seen[node->feature * 256 + node->cut] = true;
        }
        for (int v = 0; v < m->leaves * values_per_leaf(e, m); v++)
            s.values += m->values[v] != 0;
        for (int k = 0; k < values_per_leaf(e, m) && e->step > 0 && !e->distance; k++)
            if (bits_of(e, m, k) > s.leaf_bits) s.leaf_bits = bits_of(e, m, k);
    }
    arena_free(&arena);
    return s;
}

double *export_importance(const struct exported *e, struct arena *arena)
{
    double *importance = arena_alloc(arena, (size_t)e->cuts->features, sizeof *importance);
    double total = 0;
    for (int i = 0; i < e->count; i++)
        for (int n = 0; n < e->members[i].node_count; n++) {
            const struct grown_node *node = &e->members[i].nodes[n];
            if (node->feature < 0) continue;
            importance[node->feature] += node->gain;
            total += node->gain;
        }
    for (int f = 0; f < e->cuts->features && total > 0; f++)
        importance[f] /= total;
    return importance;
}
