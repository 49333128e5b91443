/* Growing one tree: which node is split next. See grow.h. */
#include "base/error.h"
#include "trainer/trees/grower.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- gradients ------------------------------------------------------------------------------- */

static int lanes_for(int outputs)
{
    int lanes = 2;
    while (lanes < 2 * outputs && lanes < 16)
        lanes *= 2;
    return lanes < 2 * outputs ? (2 * outputs + 15) / 16 * 16 : lanes;
}

struct grower *grower_new(const struct bins *bins, int outputs, struct pool *pool)
{
    struct grower *g = calloc(1, sizeof *g);
    if (!g) fail("out of memory");
    assert(outputs >= 1 && bins->rows < INT32_MAX / 2);
    g->bins = bins;
    g->pool = pool;
    g->outputs = outputs;
    g->lanes = lanes_for(outputs);
    g->rows = bins->rows;
    g->histogram_lanes = (size_t)bins->cuts->features * (size_t)bins->cuts->bins * (size_t)g->lanes;
    g->pairs = arena_alloc(&g->arena, (size_t)g->rows + 1, (size_t)g->lanes * sizeof(lane));
    g->order = arena_alloc(&g->arena, (size_t)g->rows + 1, sizeof *g->order);
    g->other = arena_alloc(&g->arena, (size_t)g->rows + 1, sizeof *g->other);
    return g;
}

void grower_free(struct grower *g)
{
    if (!g) return;
    for (int i = 0; i < g->all_count; i++)
        free(g->all[i]);
    free(g->all);
    free(g->free_list);
    free(g->tree.nodes);
    free(g->tree.values);
    free(g->open);
    arena_free(&g->scratch);
    arena_free(&g->arena);
    free(g);
}

enum { ROWS_PER_ITEM = 16384 };

struct gradient_rounding {
    struct grower *grower;
    const float *g, *h;
    float inverse_g, inverse_h;
    float *largest; /* per item: of |g|, of h */
    uint32_t seed;
};

static void find_largest(void *context, int item, int thread)
{
    const struct gradient_rounding *w = context;
    const struct grower *g = w->grower;
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > g->rows) end = g->rows;
    float most_g = 0, most_h = 0;
    (void)thread;
    for (int k = 0; k < g->outputs; k++) {
        const float *gradient = w->g + (ptrdiff_t)k * g->rows;
        const float *hessian = w->h ? w->h + (ptrdiff_t)k * g->rows : NULL;
        for (long i = first; i < end; i++) {
            float magnitude = fabsf(gradient[i]);
            most_g = magnitude > most_g ? magnitude : most_g;
        }
        for (long i = first; hessian && i < end; i++)
            most_h = hessian[i] > most_h ? hessian[i] : most_h;
    }
    w->largest[2 * item] = most_g;
    w->largest[2 * item + 1] = w->h ? most_h : 1;
}

/* A number in [0, 1) that depends on the event alone (Wellons' 32-bit hash). */
static inline float dither(uint32_t row, uint32_t seed)
{
    uint32_t x = row * 0x9e3779b9u ^ seed;
    x ^= x >> 16;
    x *= 0x7feb352du;
    x ^= x >> 15;
    x *= 0x846ca68bu;
    x ^= x >> 16;
    return (float)(x >> 8) * (1.0f / 16777216.0f);
}

static void round_rows(void *context, int item, int thread)
{
    const struct gradient_rounding *w = context;
    const struct grower *g = w->grower;
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > g->rows) end = g->rows;
    const ptrdiff_t lanes = g->lanes;
    (void)thread;
    for (int k = 0; k < g->outputs; k++) {
        const float *gradient = w->g + (ptrdiff_t)k * g->rows;
        const float *hessian = w->h ? w->h + (ptrdiff_t)k * g->rows : NULL;
        lane *pair = g->pairs + 2 * k;
        const uint32_t seed = w->seed + 0x85ebca6bu * (uint32_t)k;
        for (long i = first; i < end; i++) {
            float u = dither((uint32_t)i, seed);
            float h = hessian ? hessian[i] : 1;
            pair[i * lanes] = (lane)floorf(h * w->inverse_h + (hessian ? u : 0));
            pair[i * lanes + 1] = (lane)floorf(gradient[i] * w->inverse_g + u);
        }
    }
}

void grower_set(struct grower *g, const float *gradients, const float *hessians, uint64_t seed)
{
    struct arena arena = {0};
    int items = (int)((g->rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM);
    struct gradient_rounding w = {.grower = g, .g = gradients, .h = hessians};
    w.largest = arena_alloc(&arena, 2 * (size_t)items + 1, sizeof *w.largest);
    w.seed = (uint32_t)(seed * 0x9e3779b97f4a7c15u >> 32);
    pool_run(g->pool, items, find_largest, &w);
    /* Not 0, and their inverses are finite, where every gradient is 0. */
    float most_g = 1e-30F, most_h = 1e-30F;
    for (int i = 0; i < items; i++) {
        if (w.largest[2 * i] > most_g) most_g = w.largest[2 * i];
        if (w.largest[2 * i + 1] > most_h) most_h = w.largest[2 * i + 1];
    }
    /* Sums over all events stay below 2^31; the dither may add one to each. */
    long room = ((long)1 << 31) / (g->rows + 1) - 2;
    if (room > 1 << 20) room = 1 << 20;
    if (room < 3) fail("%ld events are more than a tree can be grown on", g->rows);
    w.inverse_g = (float)room / most_g;
    w.inverse_h = hessians ? (float)room / most_h : 1;
    g->g_step = 1 / (double)w.inverse_g;
    g->h_step = 1 / (double)w.inverse_h;
    pool_run(g->pool, items, round_rows, &w);
    arena_free(&arena);
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static double *node_values(const struct grower *g, int node)
{
    return g->tree.values + (ptrdiff_t)node * g->outputs;
}

static int add_node(struct grower *g, int begin, int end, int depth)
{
    struct grown_tree *tree = &g->tree;
    int node = tree->node_count++;
    size_t needed = (size_t)tree->node_count;
    tree->nodes = array_grow(tree->nodes, &g->node_capacity, needed, sizeof *tree->nodes);
    tree->values = array_grow(tree->values, &g->value_capacity, needed * (size_t)g->outputs,
                              sizeof *tree->values);
    tree->nodes[node] = (struct grown_node){.feature = -1, .begin = begin, .end = end};
    g->open = array_grow(g->open, &g->open_capacity, (size_t)g->open_count + 1, sizeof *g->open);
    g->open[g->open_count++] = (struct open_node){.node = node,
                                                  .begin = begin,
                                                  .end = end,
                                                  .depth = depth,
                                                  .low = -INFINITY,
                                                  .high = INFINITY};
    struct open_node *open = &g->open[node];
    open->sum = arena_alloc(&g->scratch, (size_t)g->lanes, sizeof *open->sum);
    return node;
}

/* The node's value, once its sums are there. */
static void set_value(struct grower *g, int node)
{
    struct open_node *open = &g->open[node];
    double weight = 0;
    for (int k = 0; k < g->outputs; k++) {
        double value = leaf_value(g, open->sum[2 * k + 1], open->sum[2 * k]);
        value = fmin(fmax(value, open->low), open->high);
        node_values(g, node)[k] = value * g->settings->rate;
        weight += (double)open->sum[2 * k] * g->h_step;
    }
    g->tree.nodes[node].weight = weight;
}

/* Sums of the left child, from the histogram of the split's feature. */
static void sum_left_child(const struct grower *g, const struct open_node *parent, int64_t *sum)
{
    const struct cuts *cuts = g->bins->cuts;
    const struct tree_split *split = &parent->best;
    const lane *bins = parent->histogram + (ptrdiff_t)split->feature * cuts->bins * g->lanes;
    for (int l = 0; l < g->lanes; l++)
        sum[l] = split->missing_left
                     ? bins[(ptrdiff_t)(cuts->count[split->feature] + 1) * g->lanes + l]
                     : 0;
    for (int c = 0; c <= split->cut; c++)
        for (int l = 0; l < g->lanes; l++)
            sum[l] += bins[(ptrdiff_t)c * g->lanes + l];
}

/* Limits of the children's values where a feature's influence has a direction. */
static void set_limits(struct grower *g, int parent, int left, int right)
{
    if (!g->settings->monotone) return;
    struct open_node *up = &g->open[parent];
    int direction = g->settings->monotone[up->best.feature];
    double value[2];
    for (int side = 0; side < 2; side++) {
        struct open_node *child = &g->open[side ? right : left];
        child->low = up->low;
        child->high = up->high;
        value[side] = leaf_value(g, child->sum[1], child->sum[0]);
        value[side] = fmin(fmax(value[side], up->low), up->high);
    }
    double middle = (value[0] + value[1]) / 2;
    if (direction > 0) g->open[left].high = g->open[right].low = middle;
    if (direction < 0) g->open[left].low = g->open[right].high = middle;
}

/* Splits nodes by their best splits; children's sums and values are set. */
static void split_nodes(struct grower *g, const int *nodes, int count)
{
    struct arena arena = {0};
    struct open_node **open = arena_alloc(&arena, (size_t)count, sizeof *open);
    int *middle = arena_alloc(&arena, (size_t)count, sizeof *middle);
    for (int i = 0; i < count; i++)
        open[i] = &g->open[nodes[i]];
    partition_nodes(g, open, count, middle);
    for (int i = 0; i < count; i++) {
        int parent = nodes[i], begin = g->open[parent].begin, end = g->open[parent].end;
        int depth = g->open[parent].depth + 1;
        int left = add_node(g, begin, middle[i], depth), right = add_node(g, middle[i], end, depth);
        struct grown_node *node = &g->tree.nodes[parent];
        const struct tree_split *split = &g->open[parent].best;
        node->feature = split->feature;
        node->cut = split->cut;
        node->missing_left = split->missing_left;
        node->gain = (double)split->bare;
        node->left = left;
        node->right = right;
        if (g->used) g->used[split->feature * 256 + split->cut] = true;
        sum_left_child(g, &g->open[parent], g->open[left].sum);
        for (int l = 0; l < g->lanes; l++)
            g->open[right].sum[l] = g->open[parent].sum[l] - g->open[left].sum[l];
        set_limits(g, parent, left, right);
        set_value(g, left);
        set_value(g, right);
    }
    arena_free(&arena);
}

/* ---- histograms of children ------------------------------------------------------------------ */

struct subtraction {
    struct grower *grower;
    const int *parents;
};

static int smaller_child(const struct grower *g, int parent)
{
    const struct grown_node *node = &g->tree.nodes[parent];
    const struct open_node *left = &g->open[node->left], *right = &g->open[node->right];
    return left->end - left->begin <= right->end - right->begin ? node->left : node->right;
}

static void subtract_item(void *context, int item, int thread)
{
    const struct subtraction *s = context;
    struct grower *g = s->grower;
    int parent = s->parents[item], small = smaller_child(g, parent);
    const struct grown_node *node = &g->tree.nodes[parent];
    int large = small == node->left ? node->right : node->left;
    (void)thread;
    histogram_subtract(g, g->open[parent].histogram, g->open[small].histogram);
    g->open[large].histogram = g->open[parent].histogram;
    g->open[parent].histogram = NULL;
}

/* The smaller child's from its events, the larger one's as the difference from the parent's. */
static void make_histograms(struct grower *g, const int *parents, int count)
{
    struct arena arena = {0};
    struct open_node **small = arena_alloc(&arena, (size_t)count, sizeof *small);
    for (int i = 0; i < count; i++)
        small[i] = &g->open[smaller_child(g, parents[i])];
    histograms_build(g, small, count);
    struct subtraction s = {g, parents};
    pool_run(g->pool, count, subtract_item, &s);
    arena_free(&arena);
}

static void give_histogram(struct grower *g, int node)
{
    histogram_give(g, g->open[node].histogram);
    g->open[node].histogram = NULL;
}

static void find_splits(struct grower *g, const int *nodes, int count)
{
    struct arena arena = {0};
    struct open_node **open = arena_alloc(&arena, (size_t)count + 1, sizeof *open);
    for (int i = 0; i < count; i++)
        open[i] = &g->open[nodes[i]];
    if (count) splits_find(g, open, count);
    arena_free(&arena);
}

static bool is_worth(const struct grower *g, int node)
{
    const struct tree_split *split = &g->open[node].best;
    return split->feature >= 0 && (double)split->bare > g->settings->min_gain;
}

/* ---- orders of growth ------------------------------------------------------------------------ */

static int leaf_limit(const struct grow_settings *s)
{
    int by_depth = s->depth >= 30 ? INT32_MAX : 1 << s->depth;
    return s->leaves && s->leaves < by_depth ? s->leaves : by_depth;
}

/* Level by level; where leaves are limited, the best splits of the level that passes the limit. */
static void grow_levels(struct grower *g)
{
    const struct grow_settings *s = g->settings;
    struct arena arena = {0};
    int leaves = 1, limit = leaf_limit(s), first = 0;
    for (int depth = 0; depth < s->depth && leaves < limit; depth++) {
        int end = g->open_count, count = 0;
        int *level = arena_alloc(&arena, (size_t)(end - first) + 1, sizeof *level);
        for (int node = first; node < end; node++)
            if (g->open[node].histogram) level[count++] = node;
        find_splits(g, level, count);
        int chosen = 0;
        bool all = s->growth == TREES_GROWTH_SYMMETRIC && count && is_worth(g, level[0]);
        for (int i = 0; i < count; i++)
            if (all || (s->growth != TREES_GROWTH_SYMMETRIC && is_worth(g, level[i])))
                level[chosen++] = level[i];
            else
                give_histogram(g, level[i]);
        while (chosen > limit - leaves) { /* drop the least gain */
            int least = 0;
            for (int i = 1; i < chosen; i++)
                if (g->open[level[i]].best.gain < g->open[level[least]].best.gain) least = i;
            give_histogram(g, level[least]);
            level[least] = level[--chosen];
        }
        if (!chosen) break;
        split_nodes(g, level, chosen);
        leaves += chosen;
        first = end;
        if (depth + 1 < s->depth && leaves < limit) make_histograms(g, level, chosen);
    }
    arena_free(&arena);
}

/* Best split first. */
static void grow_leaves(struct grower *g)
{
    const struct grow_settings *s = g->settings;
    int limit = leaf_limit(s), root = 0;
    find_splits(g, &root, 1);
    for (int leaves = 1; leaves < limit; leaves++) {
        int best = -1;
        for (int i = 0; i < g->open_count; i++)
            if (g->open[i].histogram && is_worth(g, i) &&
                (best < 0 || g->open[i].best.gain > g->open[best].best.gain))
                best = i;
        if (best < 0) break;
        split_nodes(g, &best, 1);
        int children[2] = {g->tree.nodes[best].left, g->tree.nodes[best].right};
        if (leaves + 1 == limit) break;
        if (g->open[best].depth + 1 >= s->depth) {
            give_histogram(g, best);
            continue;
        }
        make_histograms(g, &best, 1);
        find_splits(g, children, 2);
    }
}

const struct grown_tree *grower_run(struct grower *g, const struct grow_settings *settings,
                                    const uint32_t *sample, long sample_count, const bool *allowed,
                                    bool *used, struct random *random)
{
    arena_free(&g->scratch);
    g->settings = settings;
    g->allowed = allowed;
    g->used = used;
    g->random = random;
    g->tree.node_count = g->open_count = 0;
    long count = sample ? sample_count : g->rows;
    if (sample)
        memcpy(g->order, sample, (size_t)count * sizeof *sample);
    else
        for (long i = 0; i < count; i++)
            g->order[i] = (uint32_t)i;
    int root = add_node(g, 0, (int)count, 0);
    struct open_node *open = &g->open[root];
    histograms_build(g, &open, 1);
    /* Every feature's bins add up to the sums over all events. */
    for (int c = 0; c < g->bins->cuts->bins; c++)
        for (int l = 0; l < g->lanes; l++)
            open->sum[l] += open->histogram[(ptrdiff_t)c * g->lanes + l];
    set_value(g, root);
    if (settings->growth == TREES_GROWTH_LEAF)
        grow_leaves(g);
    else
        grow_levels(g);
    for (int i = 0; i < g->open_count; i++)
        give_histogram(g, i);
    return &g->tree;
}

const uint32_t *grower_rows(const struct grower *g, const struct grown_node *leaf, long *count)
{
    *count = leaf->end - leaf->begin;
    return g->order + leaf->begin;
}
