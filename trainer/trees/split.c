/* The best split of a node, from its histogram. */
#include "base/error.h"
#include "trainer/trees/grower.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MAX_BINS = 256, MAX_OUTPUTS = 4096 };

/* Sums left of each cut, of one output, in units of gradients. */
struct prefix {
    float G[MAX_BINS], H[MAX_BINS];
};

static inline float score(float G, float H, float l1, float l2)
{
    float magnitude = fabsf(G) - l1;
    magnitude = magnitude > 0 ? magnitude : 0;
    return magnitude * magnitude / (H + l2);
}

double leaf_value(const struct grower *g, int64_t G, int64_t H)
{
    double sum = (double)G * g->g_step, weight = (double)H * g->h_step + g->settings->l2;
    double magnitude = fabs(sum) - g->settings->l1;
    if (magnitude <= 0 || weight <= 0) return 0;
    return (sum > 0 ? -magnitude : magnitude) / weight;
}

/* Prefix sums over the bins of a feature; `start` is what missing values add to the left side. */
static void sum_left(const struct grower *g, const lane *bins, int cuts, int output,
                     const lane *start, struct prefix *p)
{
    const int lanes = g->lanes;
    int32_t G = start ? start[2 * output + 1] : 0, H = start ? start[2 * output] : 0;
    const float g_step = (float)g->g_step, h_step = (float)g->h_step;
    for (int c = 0; c < cuts; c++) {
        const lane *bin = bins + (ptrdiff_t)c * lanes + 2 * output;
        H += bin[0];
        G += bin[1];
        p->G[c] = (float)G * g_step;
        p->H[c] = (float)H * h_step;
    }
}

/* What every cut of a feature gains over no split, negative where it is not allowed. */
static void find_gains(const struct grower *g, const struct open_node *node, int f,
                       bool missing_left, float *gain)
{
    const struct grow_settings *s = g->settings;
    const struct cuts *cuts = g->bins->cuts;
    const int count = cuts->count[f], outputs = g->outputs;
    const lane *bins = node->histogram + (ptrdiff_t)f * cuts->bins * g->lanes;
    const lane *missing = missing_left ? bins + (ptrdiff_t)(count + 1) * g->lanes : NULL;
    const float l1 = (float)s->l1, l2 = (float)s->l2;
    float weight_left[MAX_BINS] = {0}, total_weight = 0;
    struct prefix p;
    memset(gain, 0, (size_t)count * sizeof *gain);
    for (int k = 0; k < outputs; k++) {
        const float G = (float)((double)node->sum[2 * k + 1] * g->g_step);
        const float H = (float)((double)node->sum[2 * k] * g->h_step);
        const float whole = H + l2 > 0 ? score(G, H, l1, l2) : 0;
        total_weight += H;
        sum_left(g, bins, count, k, missing, &p);
        for (int c = 0; c < count; c++) {
            float left = p.H[c] + l2, right = H - p.H[c] + l2;
            left = left > 1e-30f ? left : 1e-30f;
            right = right > 1e-30f ? right : 1e-30f;
            gain[c] += score(p.G[c], left, l1, 0) + score(G - p.G[c], right, l1, 0) - whole;
            weight_left[c] += p.H[c];
        }
    }
    const float least = (float)s->min_weight * (float)outputs;
    const float refused = s->growth == TREES_GROWTH_SYMMETRIC ? 0 : -1;
    for (int c = 0; c < count; c++) {
        bool enough = weight_left[c] >= least && total_weight - weight_left[c] >= least &&
                      weight_left[c] > 0 && total_weight - weight_left[c] > 0;
        gain[c] = enough ? 0.5f * gain[c] : refused;
    }
}

/* Gains where the direction of a feature's influence is prescribed: one output, values held inside
 * the node's limits. */
static void find_monotone_gains(const struct grower *g, const struct open_node *node, int f,
                                bool missing_left, float *gain)
{
    const struct grow_settings *s = g->settings;
    const struct cuts *cuts = g->bins->cuts;
    const int count = cuts->count[f], direction = s->monotone[f];
    const lane *bins = node->histogram + (ptrdiff_t)f * cuts->bins * g->lanes;
    const lane *missing = missing_left ? bins + (ptrdiff_t)(count + 1) * g->lanes : NULL;
    double G = (double)node->sum[1] * g->g_step, H = (double)node->sum[0] * g->h_step;
    struct prefix p;
    sum_left(g, bins, count, 0, missing, &p);
    for (int c = 0; c < count; c++) {
        double side_G[2] = {(double)p.G[c], G - (double)p.G[c]}, value[2], decrease = 0;
        double side_H[2] = {(double)p.H[c], H - (double)p.H[c]};
        for (int side = 0; side < 2; side++) {
            double weight = side_H[side] + s->l2, magnitude = fabs(side_G[side]) - s->l1;
            value[side] = magnitude > 0 && weight > 0 ? magnitude / weight : 0;
            if (side_G[side] > 0) value[side] = -value[side];
            value[side] = fmin(fmax(value[side], node->low), node->high);
            decrease -= side_G[side] * value[side] + s->l1 * fabs(value[side]) +
                        0.5 * weight * value[side] * value[side];
        }
        double whole = H + s->l2 > 0 ? G * G / (H + s->l2) / 2 : 0;
        bool allowed = direction == 0 || (value[1] - value[0]) * direction >= 0;
        bool enough = side_H[0] >= s->min_weight && side_H[1] >= s->min_weight && side_H[0] > 0 &&
                      side_H[1] > 0;
        gain[c] = allowed && enough ? (float)(decrease - whole) : -1;
    }
}

/* The one cut that an extremely randomised tree looks at: uniform between the outermost bins with
 * events. -1: all are in one bin. */
static int random_cut(const struct grower *g, const struct open_node *node, int f, uint64_t seed)
{
    const struct cuts *cuts = g->bins->cuts;
    const lane *bins = node->histogram + (ptrdiff_t)f * cuts->bins * g->lanes;
    int first = -1, last = -1;
    for (int c = 0; c <= cuts->count[f]; c++) {
        if (bins[(ptrdiff_t)c * g->lanes] <= 0) continue;
        if (first < 0) first = c;
        last = c;
    }
    if (first == last) return -1;
    struct random random = random_init(seed ^ (uint64_t)f * 0x9e3779b97f4a7c15u);
    return first + (int)random_below(&random, (uint64_t)(last - first));
}

/* How gains are compared: less for cuts that the ensemble does not have yet. */
static void weigh(const struct grower *g, int f, const float *bare, float *gain)
{
    const int count = g->bins->cuts->count[f];
    const float factor = 1 - (float)g->settings->threshold_penalty;
    const float price = (float)g->settings->cut_price;
    for (int c = 0; c < count; c++)
        gain[c] = g->used && !g->used[f * MAX_BINS + c] ? bare[c] * factor - price : bare[c];
}

static void take_best(const struct grower *g, int f, bool missing_left, const float *bare,
                      struct tree_split *best)
{
    float gain[MAX_BINS];
    weigh(g, f, bare, gain);
    for (int c = 0; c < g->bins->cuts->count[f]; c++)
        if (gain[c] > best->gain && bare[c] > 0)
            *best = (struct tree_split){.feature = f,
                                        .cut = c,
                                        .missing_left = missing_left,
                                        .gain = gain[c],
                                        .bare = bare[c]};
}

/* ---- work ------------------------------------------------------------------------------------ */

enum { FEATURES_PER_ITEM = 8 };

struct finding {
    struct grower *grower;
    struct open_node *const *nodes;
    int count, blocks;
    uint64_t *seeds;          /* [count] */
    struct tree_split *found; /* [count][blocks]; symmetric: [blocks] */
};

/* The features that a node looks at, a share of those allowed. */
static bool is_drawn(const struct finding *w, int node, int f)
{
    const struct grower *g = w->grower;
    if (g->allowed && !g->allowed[f]) return false;
    if (g->settings->feature_fraction >= 1) return true;
    /* Number f of a permutation that belongs to the node. */
    const int features = g->bins->cuts->features;
    int wanted = (int)ceil(g->settings->feature_fraction * features), rank = 0;
    struct random random = random_init(w->seeds[node]);
    uint64_t own = 0, keys[1024];
    assert(features <= 1024);
    for (int i = 0; i < features; i++) {
        keys[i] = random_bits(&random);
        if (i == f) own = keys[i];
    }
    for (int i = 0; i < features; i++)
        rank += keys[i] < own;
    return rank < wanted;
}

static void gains_of(const struct finding *w, int node, int f, bool missing_left, float *gain)
{
    const struct grower *g = w->grower;
    if (g->settings->monotone)
        find_monotone_gains(g, w->nodes[node], f, missing_left, gain);
    else
        find_gains(g, w->nodes[node], f, missing_left, gain);
    if (!g->settings->random_cuts) return;
    int cut = random_cut(g, w->nodes[node], f, w->seeds[node]);
    for (int c = 0; c < g->bins->cuts->count[f]; c++)
        if (c != cut) gain[c] = -1;
}

static void find_block(void *context, int item, int thread)
{
    const struct finding *w = context;
    const struct cuts *cuts = w->grower->bins->cuts;
    int node = item / w->blocks, first = item % w->blocks * FEATURES_PER_ITEM;
    float gain[MAX_BINS];
    (void)thread;
    struct tree_split *best = &w->found[item];
    *best = (struct tree_split){.feature = -1};
    for (int f = first; f < first + FEATURES_PER_ITEM && f < cuts->features; f++) {
        if (!is_drawn(w, node, f)) continue;
        for (int missing = 0; missing <= cuts->missing[f]; missing++) {
            gains_of(w, node, f, missing, gain);
            take_best(w->grower, f, missing, gain, best);
        }
    }
}

/* All nodes of a level split alike: gains add up. */
static void find_common_block(void *context, int item, int thread)
{
    const struct finding *w = context;
    const struct cuts *cuts = w->grower->bins->cuts;
    int first = item * FEATURES_PER_ITEM;
    float gain[MAX_BINS], sum[MAX_BINS];
    (void)thread;
    struct tree_split *best = &w->found[item];
    *best = (struct tree_split){.feature = -1};
    for (int f = first; f < first + FEATURES_PER_ITEM && f < cuts->features; f++) {
        if (!is_drawn(w, 0, f)) continue;
        for (int missing = 0; missing <= cuts->missing[f]; missing++) {
            memset(sum, 0, sizeof sum);
            for (int n = 0; n < w->count; n++) {
                gains_of(w, n, f, missing, gain);
                for (int c = 0; c < cuts->count[f]; c++)
                    sum[c] += gain[c];
            }
            take_best(w->grower, f, missing, sum, best);
        }
    }
}

static struct tree_split better(struct tree_split a, struct tree_split b)
{
    return b.feature >= 0 && (a.feature < 0 || b.gain > a.gain) ? b : a;
}

void splits_find(struct grower *g, struct open_node *const *nodes, int count)
{
    struct arena arena = {0};
    bool common = g->settings->growth == TREES_GROWTH_SYMMETRIC;
    struct finding w = {.grower = g, .nodes = nodes, .count = count};
    w.blocks = (g->bins->cuts->features + FEATURES_PER_ITEM - 1) / FEATURES_PER_ITEM;
    int items = common ? w.blocks : count * w.blocks;
    w.seeds = arena_alloc(&arena, (size_t)count, sizeof *w.seeds);
    bool draws = g->settings->feature_fraction < 1 || g->settings->random_cuts;
    for (int i = 0; i < count && draws; i++)
        w.seeds[i] = random_bits(g->random);
    w.found = arena_alloc(&arena, (size_t)items, sizeof *w.found);
    pool_run(g->pool, items, common ? find_common_block : find_block, &w);
    for (int i = 0; i < count; i++) {
        nodes[i]->best = (struct tree_split){.feature = -1};
        const struct tree_split *found = w.found + (common ? 0 : i * w.blocks);
        for (int b = 0; b < w.blocks; b++)
            nodes[i]->best = better(nodes[i]->best, found[b]);
    }
    arena_free(&arena);
}
