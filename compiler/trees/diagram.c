/* Decision diagrams: trees with equal parts shared and decided comparisons left out. */
#include "compiler/trees/trees.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t hash_of(const struct diagram_node *n)
{
    uint64_t h = (uint64_t)n->condition * 0x9e3779b97f4a7c15u;
    h = (h ^ h >> 31 ^ (uint64_t)n->yes) * 0xc2b2ae3d27d4eb4fu;
    h = (h ^ h >> 29 ^ (uint64_t)n->no) * 0x165667b19e3779f9u;
    h ^= (uint64_t)n->integer * 0x9e3779b97f4a7c15u;
    return (size_t)(h ^ h >> 32);
}

static void rehash(struct diagram *d)
{
    size_t capacity = 0;
    free(d->slots);
    d->slots = NULL;
    d->slot_count = d->slot_count ? 2 * d->slot_count : 256;
    d->slots = array_grow(d->slots, &capacity, d->slot_count, sizeof *d->slots);
    memset(d->slots, 0, d->slot_count * sizeof *d->slots);
    for (int i = 0; i < d->count; i++) {
        size_t at = hash_of(&d->nodes[i]);
        while (d->slots[at & (d->slot_count - 1)])
            at++;
        d->slots[at & (d->slot_count - 1)] = i + 1;
    }
}

static int find_or_add(struct diagram *d, struct diagram_node n)
{
    if ((size_t)d->count * 2 >= d->slot_count) rehash(d);
    size_t at = hash_of(&n);
    for (;; at++) {
        int known = d->slots[at & (d->slot_count - 1)] - 1;
        if (known < 0) break;
        const struct diagram_node *k = &d->nodes[known];
        if (k->condition == n.condition && k->yes == n.yes && k->no == n.no &&
            k->integer == n.integer)
            return known;
    }
    d->nodes = array_grow(d->nodes, &d->capacity, (size_t)d->count + 1, sizeof *d->nodes);
    d->nodes[d->count] = n;
    d->slots[at & (d->slot_count - 1)] = ++d->count;
    return d->count - 1;
}

int diagram_leaf(struct diagram *d, int64_t integer)
{
    return find_or_add(d, (struct diagram_node){-1, -1, -1, integer});
}

int diagram_node(struct diagram *d, int condition, int yes, int no)
{
    if (yes == no) return yes;
    return find_or_add(d, (struct diagram_node){condition, yes, no, 0});
}

void diagram_free(struct diagram *d)
{
    free(d->nodes);
    free(d->slots);
    free(d->stamp);
    free(d->mapped);
}

/* ---- from a tree ----------------------------------------------------------------------------- */

/* What the way down has decided of a feature: integers other than a missing 0, and whether that may
 * still be. */
struct known {
    int64_t lo, hi;
    bool zero; /* a missing value, of a feature that has them */
};

struct walk {
    struct diagram *diagram;
    struct conditions *conditions;
    struct tree_view view;
    struct known *known; /* [features] */
};

static bool has_missing(const struct walk *w, int feature)
{
    const struct trees *trees = w->view.trees;
    return trees->zero_is_missing && trees->zero_is_missing[feature];
}

int64_t tree_limit(const struct op *x, double threshold)
{
    double k = floor(ldexp(threshold, op_fraction(x)));
    if (k < (double)x->lo) return x->lo - 1;
    return k >= (double)x->hi ? x->hi : (int64_t)k;
}

static int walk_node(struct walk *w, int node);

static int walk_side(struct walk *w, const struct tree_node *n, bool left, struct known outer,
                     int64_t limit)
{
    struct known *known = &w->known[n->feature];
    *known = outer;
    if (left && limit < known->hi) known->hi = limit;
    if (!left && limit + 1 > known->lo) known->lo = limit + 1;
    known->zero = outer.zero && n->missing_left == left;
    int result = walk_node(w, left ? n->left : n->right);
    *known = outer;
    return result;
}

static int walk_node(struct walk *w, int node)
{
    const struct tree_node *n = &w->view.trees->nodes[node];
    if (n->feature < 0) return diagram_leaf(w->diagram, w->view.integers[n->leaf + w->view.offset]);
    const struct lowering *l = w->conditions->lowering;
    const struct op *x = &l->program->ops[l->values[n->feature]];
    struct known outer = w->known[n->feature];
    int64_t limit = tree_limit(x, n->threshold);
    bool some = outer.lo <= outer.hi; /* numbers that are not missing */
    bool left_comes = (some && outer.lo <= limit) || (outer.zero && n->missing_left);
    bool right_comes = (some && outer.hi > limit) || (outer.zero && !n->missing_left);
    if (!right_comes) return walk_side(w, n, true, outer, limit);
    if (!left_comes) return walk_side(w, n, false, outer, limit);
    enum zero_side zero = !has_missing(w, n->feature) ? ZERO_ORDINARY
                          : n->missing_left           ? ZERO_LEFT
                                                      : ZERO_RIGHT;
    int yes = walk_side(w, n, true, outer, limit), no = walk_side(w, n, false, outer, limit);
    if (yes == no) return yes;
    int condition = condition_find(w->conditions, n->feature, limit, zero);
    return diagram_node(w->diagram, condition, yes, no);
}

int diagram_of_tree(struct diagram *d, struct conditions *c, struct tree_view view)
{
    const struct lowering *l = c->lowering;
    struct arena arena = {0};
    int features = l->network->layers[lowering_layer(l, 0)->input].size;
    struct walk w = {d, c, view, arena_alloc(&arena, (size_t)features, sizeof(struct known))};
    for (int f = 0; f < features; f++) {
        const struct op *x = &l->program->ops[l->values[f]];
        w.known[f] = (struct known){x->lo, x->hi, has_missing(&w, f)};
        /* Buckets count from 0, which is the missing one: numbers start at 1. */
        if (w.known[f].zero && x->lo == 0) w.known[f].lo = 1;
    }
    int root = walk_node(&w, view.trees->first[view.tree]);
    arena_free(&arena);
    return root;
}

/* ---- functions of diagrams ------------------------------------------------------------------- */

/* Begins a walk over the nodes that there are. */
static void begin_walk(struct diagram *d)
{
    size_t had = d->stamp_capacity, count = (size_t)d->count;
    d->stamp = array_grow(d->stamp, &d->stamp_capacity, count, sizeof *d->stamp);
    d->mapped = array_grow(d->mapped, &d->mapped_capacity, count, sizeof *d->mapped);
    if (d->stamp_capacity > had)
        memset(d->stamp + had, 0, (d->stamp_capacity - had) * sizeof *d->stamp);
    d->walk++;
}

/* Whether the walk meets the node for the first time. */
static bool meet(struct diagram *d, int node)
{
    bool first = d->stamp[node] != d->walk;
    d->stamp[node] = d->walk;
    return first;
}

struct mapping {
    int64_t base;
    int shift, bit;
};

static int map_node(struct diagram *d, const struct mapping *m, int node)
{
    if (!meet(d, node)) return d->mapped[node];
    struct diagram_node n = d->nodes[node];
    int result;
    if (n.condition < 0) {
        int64_t integer = (n.integer - m->base) >> m->shift;
        result = diagram_leaf(d, m->bit < 0 ? integer : integer >> m->bit & 1);
    } else {
        int yes = map_node(d, m, n.yes), no = map_node(d, m, n.no);
        result = diagram_node(d, n.condition, yes, no);
    }
    return d->mapped[node] = result;
}

int diagram_map(struct diagram *d, int node, int64_t base, int shift, int bit)
{
    struct mapping m = {base, shift, bit};
    begin_walk(d);
    return map_node(d, &m, node);
}

static void find_extremes(struct diagram *d, int node, struct diagram_range *r)
{
    if (!meet(d, node)) return;
    const struct diagram_node *n = &d->nodes[node];
    if (n->condition >= 0) {
        find_extremes(d, n->yes, r);
        find_extremes(d, n->no, r);
        return;
    }
    if (n->integer < r->lo) r->lo = n->integer;
    if (n->integer > r->hi) r->hi = n->integer;
}

static void find_shift(struct diagram *d, int node, struct diagram_range *r)
{
    if (!meet(d, node)) return;
    const struct diagram_node *n = &d->nodes[node];
    if (n->condition >= 0) {
        find_shift(d, n->yes, r);
        find_shift(d, n->no, r);
        return;
    }
    while ((n->integer - r->lo) & (((int64_t)1 << r->shift) - 1))
        r->shift--;
}

struct diagram_range diagram_range(struct diagram *d, int node)
{
    struct diagram_range r = {INT64_MAX, INT64_MIN, 62};
    begin_walk(d);
    find_extremes(d, node, &r);
    begin_walk(d);
    find_shift(d, node, &r);
    return r;
}

int diagram_support(const struct diagram *d, int node, int *conditions, int most)
{
    int stack[64], depth = 0, count = 0;
    /* A walk over all ways, cut off as soon as there are too many conditions: shared nodes are met
     * again, but the number of ways to `most` conditions is small. */
    stack[depth++] = node;
    while (depth) {
        const struct diagram_node *n = &d->nodes[stack[--depth]];
        if (n->condition < 0) continue;
        int at = 0;
        while (at < count && conditions[at] < n->condition)
            at++;
        if (at == count || conditions[at] != n->condition) {
            if (count == most) return most + 1;
            memmove(conditions + at + 1, conditions + at,
                    (size_t)(count - at) * sizeof *conditions);
            conditions[at] = n->condition;
            count++;
        }
        assert(depth + 2 <= 64);
        stack[depth++] = n->yes;
        stack[depth++] = n->no;
    }
    return count;
}
