/* Large ensembles on a reuse factor: trees in tables of block memory, walked by a few engines, each
 * of which begins a tree every cycle.
 *
 * An engine is a pipeline with a table for every level of its trees. The word for the node that an
 * event has come to holds a feature's number and a limit; the feature is picked, compared, and the
 * outcome is one more bit of the next level's address, beside the number of the tree, which is the
 * number of the iteration. The last table gives what the leaf adds to each score. Trees that end
 * early go on to the left until they have the depth of the others. */
#include "compiler/trees/trees.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

/* Tables of so few bits are logic. */
enum { DEPTH_MOST = 14, MOST_LEAVES = 1 << 22, LOGIC_BITS = 512 };

struct walker {
    struct ensemble *m;
    int features, depth, trip;
    struct format limit_format;
    int feature_bits;
    int *integers; /* [features] inputs as whole numbers */
    int *is_zero;  /* [features] a bit where 0 stands for a missing value, else a constant */
    bool has_missing;
    int *order; /* trees by the score they add to */
};

/* Trees order[first .. first + count). */
struct engine {
    int first, count;
};

static int bits_for(int64_t most)
{
    int bits = 0;
    while (most >> bits)
        bits++;
    return bits;
}

/* ---- what the tables hold -------------------------------------------------------------------- */

static bool may_miss(const struct walker *w, int feature)
{
    const struct trees *trees = w->m->trees;
    return trees->zero_is_missing && trees->zero_is_missing[feature];
}

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
        bool missing = may_miss(w, n->feature);
        int64_t lo = missing && x->lo == 0 ? 1 : x->lo;
        bool left = (lo <= x->hi && limit >= lo) || (missing && n->missing_left);
        bool right = limit < x->hi || (missing && !n->missing_left);
        if (left && right) return node;
        node = left ? n->left : n->right;
    }
}

static int deepest(const struct walker *w, int node)
{
    node = undecided(w, node);
    const struct tree_node *n = &w->m->trees->nodes[node];
    if (n->feature < 0) return 0;
    int left = deepest(w, n->left), right = deepest(w, n->right);
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

/* Words of one level (or, of the leaves, node numbers) of one tree: path bit i is the outcome at
 * level i. */
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

static int64_t *level_words(struct walker *w, const struct engine *e, int level)
{
    const struct trees *trees = w->m->trees;
    size_t per_tree = (size_t)1 << level;
    int64_t *words = arena_alloc(&w->m->l->arena, (size_t)w->trip * per_tree, sizeof *words);
    for (int t = 0; t < e->count; t++)
        fill_words(w, trees->first[w->order[e->first + t]], 0, level, 0,
                   words + (size_t)t * per_tree);
    return words;
}

/* ---- engines --------------------------------------------------------------------------------- */

static int look_up(struct walker *w, const int *bits, int level, int index, const char *name,
                   const int64_t *words, int width)
{
    struct program *p = w->m->l->program;
    int operands[DEPTH_MOST + 1], address = index;
    memcpy(operands, bits, (size_t)level * sizeof *operands);
    operands[level] = index;
    if (level) address = program_add_op(p, OP_CONCAT, operands, level + 1, 0);
    int table = program_add_table(p, address, name, words, format_make(false, width, width));
    long stored = (long)(p->ops[address].hi + 1) * width;
    p->tables[p->ops[table].immediate].in_block =
        w->m->l->options->target->ram_bits && stored > LOGIC_BITS;
    return table;
}

/* The value that the word's feature number chooses among `values` [features]. */
static int pick(struct walker *w, int feature, const int *values)
{
    int count = 1 << w->feature_bits;
    if (feature < 0) return values[0];
    int *operands = arena_alloc(&w->m->l->arena, (size_t)count + 1, sizeof *operands);
    operands[0] = feature;
    for (int f = 0; f < count; f++)
        operands[1 + f] = values[f < w->features ? f : 0];
    return program_add_op(w->m->l->program, OP_PICK, operands, count + 1, 0);
}

/* Whether the event goes left from the node that the word is. */
static int ask(struct walker *w, int word)
{
    struct program *p = w->m->l->program;
    int width = w->limit_format.width_bits, bits = w->feature_bits;
    int limit = lower_field(p, word, 0, w->limit_format);
    int feature = bits ? lower_field(p, word, width, format_make(false, bits, bits)) : -1;
    int below = program_add2(p, OP_LE, pick(w, feature, w->integers), limit, 0);
    if (!w->has_missing) return below;
    int left = lower_field(p, word, width + bits, format_make(false, 1, 1));
    int choice[3] = {pick(w, feature, w->is_zero), left, below};
    return program_add_op(p, OP_SELECT, choice, 3, 0);
}

static int64_t leaf_value(const struct walker *w, int tree, int64_t node, int k)
{
    const struct trees *trees = w->m->trees;
    return w->m->integers[trees->nodes[node].leaf + (trees->target[tree] < 0 ? k : 0)];
}

/* What an engine's leaves add to the scores, each less the least of its tree, which goes to the
 * constant. */
struct leaves {
    int64_t *nodes;  /* [trip << depth] where the paths end */
    int64_t *values; /* [trip << depth] of one table */
    int64_t most;    /* greatest in the table */
};

/* The table's values: of score k, or, k < 0, of each tree's own score. sums [outputs] get the most
 * that trees add. */
static void fill_leaves(const struct walker *w, const struct engine *e, int k,
                        struct leaves *leaves, int64_t *sums, int64_t *constant)
{
    const long count = 1L << w->depth;
    memset(leaves->values, 0, ((size_t)w->trip << w->depth) * sizeof *leaves->values);
    leaves->most = 0;
    for (int t = 0; t < e->count; t++) {
        int tree = w->order[e->first + t], target = w->m->trees->target[tree];
        int64_t *values = leaves->values + t * count, lo = INT64_MAX, hi = INT64_MIN;
        if ((target < 0) != (k >= 0)) continue;
        for (long i = 0; i < count; i++) {
            values[i] = leaf_value(w, tree, leaves->nodes[t * count + i], k);
            lo = values[i] < lo ? values[i] : lo;
            hi = values[i] > hi ? values[i] : hi;
        }
        for (long i = 0; i < count; i++)
            values[i] -= lo;
        constant[target < 0 ? k : target] += lo;
        sums[target < 0 ? k : target] += hi - lo;
        if (hi - lo > leaves->most) leaves->most = hi - lo;
    }
}

/* Whether this iteration's tree has that target: a bit, -1: in all iterations. */
static int has_target(struct walker *w, const struct engine *e, int index, int target)
{
    struct program *p = w->m->l->program;
    int64_t *is_target = arena_alloc(&w->m->l->arena, (size_t)w->trip, sizeof *is_target);
    int count = 0;
    for (int t = 0; t < e->count; t++) {
        is_target[t] = w->m->trees->target[w->order[e->first + t]] == target;
        count += (int)is_target[t];
    }
    if (count == e->count) return -1; /* of iterations without a tree the leaves are 0 */
    return program_add_table(p, index, "targets", is_target, format_make(false, 1, 1));
}

/* Adds up over the iterations; the sum so far, this iteration's included. */
static int accumulate(struct walker *w, int addend, int64_t most)
{
    struct program *p = w->m->l->program;
    int state = program_add_state(p, program_add_const(p, 0, w->m->fraction), 0, most);
    int sum = program_add2(p, OP_ADD, state, addend, 0);
    program_narrow(p, sum, 0, most);
    program_add_update(p, state, sum);
    return sum;
}

/* The table's word as a number; -1: it is always 0. */
static int leaf_word(struct walker *w, const int *bits, int index, const struct leaves *leaves)
{
    int width = bits_for(leaves->most);
    if (!width) return -1;
    int word = look_up(w, bits, w->depth, index, "leaves", leaves->values, width);
    return program_add_slice(w->m->l->program, word, 0,
                             format_make(false, width, width - w->m->fraction));
}

/* What all trees with values of their own for score k add to it, then those with a target, in one
 * table for all scores. addends [outputs][2], -1: nothing. */
static void add_leaves(struct walker *w, const struct engine *e, const int *bits, int index,
                       int64_t *constant, int *sums)
{
    struct program *p = w->m->l->program;
    int outputs = w->m->layer->size;
    size_t size = (size_t)w->trip << w->depth;
    int64_t *joint = arena_alloc(&w->m->l->arena, (size_t)outputs, sizeof *joint);
    int64_t *each = arena_alloc(&w->m->l->arena, (size_t)outputs, sizeof *each);
    struct leaves leaves = {.nodes = level_words(w, e, w->depth)};
    leaves.values = arena_alloc(&w->m->l->arena, size, sizeof *leaves.values);
    fill_leaves(w, e, -1, &leaves, each, constant);
    int shared = leaf_word(w, bits, index, &leaves), zero = program_add_const(p, 0, w->m->fraction);
    for (int k = 0; k < outputs; k++) {
        fill_leaves(w, e, k, &leaves, joint, constant);
        int addend = leaf_word(w, bits, index, &leaves), condition;
        if (each[k]) {
            condition = has_target(w, e, index, k);
            int gated = condition < 0
                            ? shared
                            : program_add_op(p, OP_SELECT, (int[]){condition, shared, zero}, 3, 0);
            addend = addend < 0 ? gated : program_add2(p, OP_ADD, addend, gated, 0);
        }
        sums[k] = addend < 0 ? -1 : accumulate(w, addend, joint[k] + each[k]);
    }
}

/* sums[k]: -1 where none of the engine's trees adds to score k. */
static void add_engine(struct walker *w, const struct engine *e, int index, int64_t *constant,
                       int *sums)
{
    int bits[DEPTH_MOST];
    int word_bits = w->limit_format.width_bits + w->feature_bits + w->has_missing;
    for (int level = 0; level < w->depth; level++) {
        int word = look_up(w, bits, level, index, "nodes", level_words(w, e, level), word_bits);
        bits[level] = ask(w, word);
    }
    add_leaves(w, e, bits, index, constant, sums);
}

/* ---- the layer ------------------------------------------------------------------------------- */

/* Trees that add to the same score follow one another, so that an engine adds to few. */
static void order_trees(struct walker *w)
{
    const struct trees *trees = w->m->trees;
    int count = 0;
    for (int target = -1; target < w->m->layer->size; target++)
        for (int t = 0; t < trees->tree_count; t++)
            if (trees->target[t] == target) w->order[count++] = t;
}

static void find_shape(struct walker *w)
{
    struct lowering *l = w->m->l;
    struct program *p = l->program;
    const struct trees *trees = w->m->trees;
    int64_t lo = 0, hi = 0;
    for (int f = 0; f < w->features; f++) {
        struct format format = p->ops[l->values[f]].format;
        w->integers[f] = l->values[f];
        if (format_fraction_bits(format) != 0)
            w->integers[f] = program_add_slice(
                p, l->values[f], 0,
                format_make(format.is_signed, format.width_bits, format.width_bits));
        /* All numbers may go right, and missing values left. */
        bool one_below = may_miss(w, f) && format.is_signed;
        if (format_min(format) - one_below < lo) lo = format_min(format) - one_below;
        if (format_max(format) > hi) hi = format_max(format);
    }
    for (int f = 0; f < w->features; f++) {
        w->has_missing = w->has_missing || may_miss(w, f);
        w->is_zero[f] = may_miss(w, f)
                            ? program_add2(p, OP_EQ, w->integers[f], program_add_const(p, 0, 0), 0)
                            : program_add_const(p, 0, 0);
    }
    w->limit_format = format_of_interval(lo, hi, 0);
    w->feature_bits = bits_for(w->features - 1);
    for (int t = 0; t < trees->tree_count; t++) {
        int depth = deepest(w, trees->first[t]);
        w->depth = depth > w->depth ? depth : w->depth;
    }
    if (w->depth > DEPTH_MOST)
        fail("layer %s: a reuse factor needs trees of at most %d levels, these have %d; give it "
             "shallower trees, or no reuse factor",
             w->m->layer->name, DEPTH_MOST, w->depth);
    if (((long)trees->tree_count << w->depth) > MOST_LEAVES)
        fail("layer %s: a reuse factor needs a table of %d x 2^%d leaves, more than %d; give it "
             "fewer or shallower trees, or no reuse factor",
             w->m->layer->name, trees->tree_count, w->depth, MOST_LEAVES);
    order_trees(w);
}

static int add_up(struct program *p, const int *sums, int count, int outputs, int k)
{
    int total = -1;
    for (int e = 0; e < count; e++) {
        int sum = sums[e * outputs + k];
        if (sum < 0) continue;
        total = total < 0 ? sum : program_add2(p, OP_ADD, total, sum, 0);
    }
    return total;
}

static void finish(struct walker *w, const int *sums, int engines, int64_t *constant)
{
    struct lowering *l = w->m->l;
    struct program *p = l->program;
    const struct layer *layer = w->m->layer;
    int *results = arena_alloc(&l->arena, (size_t)layer->size, sizeof *results);
    bool *varies = arena_alloc(&l->arena, (size_t)layer->size, sizeof *varies);
    for (int i = 0; i < engines * layer->size; i++)
        varies[i % layer->size] = varies[i % layer->size] || sums[i] >= 0;
    ensemble_leave_out(w->m, varies, constant);
    program_begin_block(p, arena_printf(&p->arena, "%s.out", layer->name), "trees");
    for (int k = 0; k < layer->size; k++) {
        int sum = add_up(p, sums, engines, layer->size, k);
        if (sum < 0)
            sum = program_add_const(p, constant[k], w->m->fraction);
        else if (constant[k])
            sum =
                program_add2(p, OP_ADD, sum, program_add_const(p, constant[k], w->m->fraction), 0);
        results[k] = sum;
        lowering_check_exact(layer, p, results[k]);
    }
    l->values = results;
}

void walk_lower(struct ensemble *m, int factor, int64_t *constant)
{
    struct lowering *l = m->l;
    struct program *p = l->program;
    const struct layer *layer = m->layer;
    int trees = m->trees->tree_count, outputs = layer->size;
    int engines = (trees + factor - 1) / factor, trip = (trees + engines - 1) / engines;
    engines = (trees + trip - 1) / trip;
    struct walker w = {.m = m, .trip = trip, .features = l->network->layers[layer->input].size};
    w.integers = arena_alloc(&l->arena, (size_t)w.features, sizeof(int));
    w.is_zero = arena_alloc(&l->arena, (size_t)w.features, sizeof(int));
    w.order = arena_alloc(&l->arena, (size_t)trees, sizeof(int));
    int *sums = arena_alloc(&l->arena, (size_t)(engines * outputs), sizeof *sums);
    find_shape(&w);
    program_begin_loop(p, layer->name, "trees", trip);
    int index = program_add_index(p);
    for (int e = 0; e < engines; e++) {
        struct engine engine = {e * trip, trees - e * trip < trip ? trees - e * trip : trip};
        add_engine(&w, &engine, index, constant, sums + e * outputs);
    }
    finish(&w, sums, engines, constant);
}
