/* What the tables of walked ensembles hold. */
#include "compiler/trees/walk.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

enum { MOST_LEAVES = 1 << 22 };

bool walk_may_miss(const struct walker *w, int feature)
{
    const struct trees *trees = w->m->trees;
    return trees->zero_is_missing && trees->zero_is_missing[feature];
}

int walk_word_bits(const struct walker *w)
{
    return w->limit_format.width_bits + w->feature_bits + w->has_missing;
}

/* ---- nodes ----------------------------------------------------------------------------------- */

static int64_t limit_of(const struct walker *w, const struct tree_node *n)
{
    int64_t limit = tree_limit(&w->m->l->program->ops[w->m->l->values[n->feature]], n->threshold);
    int64_t least = format_min(w->limit_format);
    return limit < least ? least : limit; /* then 0 is the least, and a missing value */
}

/* The node itself, or where a node leads whose question its feature's range answers. */
static int undecided(const struct walker *w, int node)
{
    const struct lowering *l = w->m->l;
    for (;;) {
        const struct tree_node *n = &w->m->trees->nodes[node];
        if (n->feature < 0) return node;
        const struct op *x = &l->program->ops[l->values[n->feature]];
        int64_t limit = tree_limit(x, n->threshold);
        bool missing = walk_may_miss(w, n->feature);
        int64_t lo = missing && x->lo == 0 ? 1 : x->lo;
        bool left = (lo <= x->hi && limit >= lo) || (missing && n->missing_left);
        bool right = limit < x->hi || (missing && !n->missing_left);
        if (left && right) return node;
        node = left ? n->left : n->right;
    }
}

/* Levels below a node; without those that the features' ranges decide unless `all` count. */
static int deepest(const struct walker *w, int node, bool all)
{
    if (!all) node = undecided(w, node);
    const struct tree_node *n = &w->m->trees->nodes[node];
    if (n->feature < 0) return 0;
    int left = deepest(w, n->left, all), right = deepest(w, n->right, all);
    return 1 + (left > right ? left : right);
}

/* Of a leaf: a question that is always answered yes. */
static int64_t word_of(const struct walker *w, const struct tree_node *n)
{
    const int width = w->limit_format.width_bits;
    bool leaf = n->feature < 0;
    int64_t limit = leaf ? format_max(w->limit_format) : limit_of(w, n);
    int64_t word = limit & (((int64_t)1 << width) - 1);
    if (!leaf) word |= (int64_t)n->feature << width;
    if (w->has_missing && (leaf || n->missing_left))
        word |= (int64_t)1 << (width + w->feature_bits);
    return word;
}

/* Of one tree, from a node on. */
static void fill_words(const struct walker *w, int node, int level, int wanted, int path,
                       int64_t *words)
{
    node = undecided(w, node);
    const struct tree_node *n = &w->m->trees->nodes[node];
    if (level == wanted) {
        words[path] = wanted == w->depth ? node : word_of(w, n);
        return;
    }
    bool leaf = n->feature < 0;
    fill_words(w, leaf ? node : n->left, level + 1, wanted, path | 1 << level, words);
    fill_words(w, leaf ? node : n->right, level + 1, wanted, path, words);
}

int64_t *walk_level(const struct walker *w, int engine, int level)
{
    const struct trees *trees = w->m->trees;
    size_t per_tree = (size_t)1 << level;
    int64_t *words = arena_alloc(&w->m->l->arena, (size_t)w->trip * per_tree, sizeof *words);
    for (int t = 0; t < w->trip; t++) {
        int tree = w->trees[engine * w->trip + t];
        if (tree >= 0) fill_words(w, trees->first[tree], 0, level, 0, words + (size_t)t * per_tree);
    }
    return words;
}

/* ---- leaves ---------------------------------------------------------------------------------- */

static int64_t leaf_value(const struct walker *w, int64_t node, int k)
{
    return w->m->integers[w->m->trees->nodes[node].leaf + (k > 0 ? k : 0)];
}

struct walk_leaves walk_leaves(const struct walker *w, int engine, const int64_t *nodes, int k,
                               int64_t *sums, int64_t *constant)
{
    const long count = 1L << w->depth;
    struct walk_leaves leaves = {
        arena_alloc(&w->m->l->arena, (size_t)w->trip << w->depth, sizeof *leaves.values), 0};
    for (int t = 0; t < w->trip; t++) {
        int slot = engine * w->trip + t, tree = w->trees[slot], target = w->targets[slot];
        int64_t *values = leaves.values + t * count, lo = INT64_MAX, hi = INT64_MIN;
        if (tree < 0 || (target == WALK_EVERY) != (k >= 0)) continue;
        for (long i = 0; i < count; i++) {
            values[i] = leaf_value(w, nodes[t * count + i], k);
            lo = values[i] < lo ? values[i] : lo;
            hi = values[i] > hi ? values[i] : hi;
        }
        if (w->is_loadable) continue;
        for (long i = 0; i < count; i++)
            values[i] -= lo;
        constant[k < 0 ? target : k] += lo;
        sums[k < 0 ? target : k] += hi - lo;
        if (hi - lo > leaves.most) leaves.most = hi - lo;
    }
    return leaves;
}

/* ---- slots ----------------------------------------------------------------------------------- */

static int find_depth(const struct walker *w, bool all)
{
    const struct trees *trees = w->m->trees;
    int depth = 0;
    for (int t = 0; t < trees->tree_count; t++) {
        int own = deepest(w, trees->first[t], all);
        depth = own > depth ? own : depth;
    }
    return depth;
}

/* Trees that add to the same score follow one another, so that an engine adds to few. */
static void make_shape(struct walker *w, int factor)
{
    const struct trees *trees = w->m->trees;
    const char *name = w->m->layer->name;
    int count = trees->tree_count, slot = 0;
    w->engines = (count + factor - 1) / factor;
    w->trip = (count + w->engines - 1) / w->engines;
    w->engines = (count + w->trip - 1) / w->trip;
    w->depth = find_depth(w, w->is_loadable); /* others of its depth shall fit */
    if (w->depth > WALK_MOST_DEPTH)
        fail("layer %s: a reuse factor needs trees of at most %d levels, these have %d; give it "
             "shallower trees, or no reuse factor",
             name, WALK_MOST_DEPTH, w->depth);
    if (((long)count << w->depth) > MOST_LEAVES)
        fail("layer %s: a reuse factor needs a table of %d x 2^%d leaves, more than %d; give it "
             "fewer or shallower trees, or no reuse factor",
             name, count, w->depth, MOST_LEAVES);
    w->targets = arena_alloc(&w->m->l->arena, (size_t)(w->engines * w->trip), sizeof *w->targets);
    for (int target = WALK_EVERY; target < w->m->layer->size; target++)
        for (int t = 0; t < count; t++)
            if (trees->target[t] == target) w->targets[slot++] = target;
    while (slot < w->engines * w->trip)
        w->targets[slot++] = WALK_NONE;
}

static void take_shape(struct walker *w, const struct load_trees *shape)
{
    w->engines = shape->engines;
    w->trip = shape->cycles;
    w->depth = shape->depth;
    w->targets = shape->targets;
    int depth = find_depth(w, false);
    if (depth > w->depth)
        fail("%s: its trees have up to %d levels, the compiled network's tables %d", shape->file,
             depth, w->depth);
}

void walk_place(struct walker *w, int factor)
{
    const struct trees *trees = w->m->trees;
    const struct load_trees *shape = w->m->l->options->trees_shape;
    if (shape)
        take_shape(w, shape);
    else
        make_shape(w, factor);
    int slots = w->engines * w->trip, *next;
    w->trees = arena_alloc(&w->m->l->arena, (size_t)slots, sizeof *w->trees);
    next = arena_alloc(&w->m->l->arena, (size_t)w->m->layer->size + 1, sizeof *next);
    for (int s = 0; s < slots; s++)
        w->trees[s] = -1;
    for (int t = 0; t < trees->tree_count; t++) {
        int target = trees->target[t], *s = &next[target + 1];
        while (*s < slots && w->targets[*s] != target)
            ++*s;
        if (*s == slots)
            fail("%s: tree %d is one more for %s %d than the compiled network has room for",
                 shape->file, t, target < 0 ? "all scores from" : "score", target < 0 ? 0 : target);
        w->trees[(*s)++] = t;
    }
}
