/* Ensembles of trees: building, checking, copying. See trees.h. */
#include "model/trees.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define X(id, name, text) name,
const char *const trees_arithmetic_names[TREES_ARITHMETIC_COUNT] = {TREES_ARITHMETIC_TABLE(X)};
#undef X

/* ---- checking -------------------------------------------------------------------------------- */

struct check {
    const struct trees *trees;
    struct trees_shape shape;
    const char *layer, *file;
};

_Noreturn static void fail_node(const struct check *c, int tree, int node, const char *what)
{
    fail_at(c->file, 0, "layer %s: tree %d, node %d: %s", c->layer, tree,
            node - c->trees->first[tree], what);
}

static void check_leaf(const struct check *c, int tree, int node)
{
    const struct trees *trees = c->trees;
    int count = trees_leaf_values(trees, c->shape, tree), leaf = trees->nodes[node].leaf;
    if (leaf < 0 || leaf > trees->value_count - count)
        fail_node(c, tree, node, "its values are beyond the ensemble's");
    for (int i = 0; i < count; i++)
        if (!isfinite(trees->values[leaf + i]))
            fail_node(c, tree, node, "the value of the leaf is not a finite number");
}

static void check_tree(const struct check *c, int tree, int *parents)
{
    const struct trees *trees = c->trees;
    int first = trees->first[tree], end = trees->first[tree + 1];
    if (end <= first) fail_at(c->file, 0, "layer %s: tree %d has no nodes", c->layer, tree);
    memset(parents, 0, (size_t)(end - first) * sizeof *parents);
    for (int i = first; i < end; i++) {
        const struct tree_node *node = &trees->nodes[i];
        if (i > first && parents[i - first] != 1)
            fail_node(c, tree, i,
                      parents[i - first] ? "two nodes have it as a child" : "no way leads to it");
        if (node->feature < 0) {
            check_leaf(c, tree, i);
            continue;
        }
        if (node->feature >= c->shape.inputs)
            fail_at(c->file, 0, "layer %s: tree %d, node %d: it asks for feature %d of %d",
                    c->layer, tree, i - first, node->feature, c->shape.inputs);
        if (isnan(node->threshold)) fail_node(c, tree, i, "its threshold is not a number");
        for (int side = 0; side < 2; side++) {
            int child = side ? node->right : node->left;
            if (child <= i || child >= end)
                fail_node(c, tree, i, "a child is out of range or not behind it (a cycle?)");
            parents[child - first]++;
        }
    }
}

void trees_check(const struct trees *trees, struct trees_shape shape, const char *layer,
                 const char *file)
{
    struct check c = {trees, shape, layer, file};
    struct arena arena = {0};
    if (trees->tree_count < 1) fail_at(file, 0, "layer %s has no trees", layer);
    int *parents = arena_alloc(&arena, (size_t)trees_node_count(trees), sizeof *parents);
    for (int t = 0; t < trees->tree_count; t++) {
        if (trees->target[t] < -1 || trees->target[t] >= shape.outputs)
            fail_at(file, 0, "layer %s: tree %d adds to output %d of %d", layer, t,
                    trees->target[t], shape.outputs);
        check_tree(&c, t, parents);
    }
    for (int k = 0; trees->base && k < shape.outputs; k++)
        if (!isfinite(trees->base[k]))
            fail_at(file, 0, "layer %s: base[%d] is not a finite number", layer, k);
    if (!isfinite(trees->factor) || !isfinite(trees->divisor) || trees->divisor == 0 ||
        (shape.distance && (trees->factor != 1 || trees->divisor != 1)))
        fail_at(file, 0, "layer %s: its sum is multiplied by %g / %g", layer, trees->factor,
                trees->divisor);
    arena_free(&arena);
}

/* ---- copying --------------------------------------------------------------------------------- */

static void *copied(struct arena *arena, const void *from, size_t count, size_t size)
{
    if (!from || !count) return NULL;
    return memcpy(arena_alloc(arena, count, size), from, count * size);
}

struct trees *trees_copy(struct arena *arena, const struct trees *trees, struct trees_shape shape)
{
    struct trees *copy = copied(arena, trees, 1, sizeof *trees);
    size_t count = (size_t)trees->tree_count;
    copy->first = copied(arena, trees->first, count + 1, sizeof *trees->first);
    copy->target = copied(arena, trees->target, count, sizeof *trees->target);
    copy->nodes =
        copied(arena, trees->nodes, (size_t)trees_node_count(trees), sizeof *trees->nodes);
    copy->values = copied(arena, trees->values, (size_t)trees->value_count, sizeof *trees->values);
    copy->base = copied(arena, trees->base, (size_t)shape.outputs, sizeof *trees->base);
    copy->zero_is_missing =
        copied(arena, trees->zero_is_missing, (size_t)shape.inputs, sizeof *trees->zero_is_missing);
    return copy;
}

int trees_depth(const struct trees *trees)
{
    struct arena arena = {0};
    int *depth = arena_alloc(&arena, (size_t)trees_node_count(trees), sizeof *depth), deepest = 0;
    for (int i = 0; i < trees_node_count(trees); i++) {
        const struct tree_node *node = &trees->nodes[i];
        if (depth[i] > deepest) deepest = depth[i];
        if (node->feature >= 0) depth[node->left] = depth[node->right] = depth[i] + 1;
    }
    arena_free(&arena);
    return deepest;
}

/* ---- building -------------------------------------------------------------------------------- */

static int add_node(struct trees_builder *b, struct tree_node node)
{
    b->nodes = array_grow(b->nodes, &b->node_capacity, (size_t)b->node_count + 1, sizeof *b->nodes);
    b->nodes[b->node_count] = node;
    return b->node_count++;
}

static void add_leaf(struct trees_builder *b, const double *values, int count)
{
    b->values = array_grow(b->values, &b->value_capacity, (size_t)b->value_count + (size_t)count,
                           sizeof *b->values);
    memcpy(b->values + b->value_count, values, (size_t)count * sizeof *values);
    add_node(b, (struct tree_node){.feature = -1, .leaf = b->value_count});
    b->value_count += count;
}

static void begin_tree(struct trees_builder *b, int target)
{
    size_t capacity = b->tree_capacity;
    b->first = array_grow(b->first, &capacity, (size_t)b->tree_count + 1, sizeof *b->first);
    b->target =
        array_grow(b->target, &b->tree_capacity, (size_t)b->tree_count + 1, sizeof *b->target);
    b->first[b->tree_count] = b->node_count;
    b->target[b->tree_count++] = target;
}

/* A node still to be added, and the node whose child it is (-1: none). */
struct pending {
    int node, parent;
    bool is_left;
};

static void check_child(const char *file, int tree, int node, int child, int count, bool *seen)
{
    if (child < 0 || child >= count)
        fail_at(file, 0, "tree %d, node %d: its child %d is out of range, the tree has %d nodes",
                tree, node, child, count);
    if (seen[child])
        fail_at(file, 0, "tree %d, node %d: two ways lead to its child %d (a cycle?)", tree, node,
                child);
    seen[child] = true;
}

void trees_add_linked(struct trees_builder *b, const char *file, const struct linked_node *nodes,
                      int count, int root, int values_per_leaf, int target)
{
    struct arena arena = {0};
    int tree = b->tree_count, pending = 0;
    if (root < 0 || root >= count) fail_at(file, 0, "tree %d has no root", tree);
    struct pending *stack = arena_alloc(&arena, (size_t)count + 1, sizeof *stack);
    bool *seen = arena_alloc(&arena, (size_t)count, sizeof *seen);
    begin_tree(b, target);
    seen[root] = true;
    stack[pending++] = (struct pending){root, -1, false};
    while (pending) {
        struct pending next = stack[--pending];
        const struct linked_node *node = &nodes[next.node];
        int here = b->node_count;
        if (next.parent >= 0)
            *(next.is_left ? &b->nodes[next.parent].left : &b->nodes[next.parent].right) = here;
        if (node->feature < 0) {
            add_leaf(b, node->values, values_per_leaf);
            continue;
        }
        if (isnan(node->threshold))
            fail_at(file, 0, "tree %d, node %d: its threshold is not a number", tree, next.node);
        add_node(b, (struct tree_node){.feature = node->feature,
                                       .threshold = node->threshold,
                                       .missing_left = node->missing_left});
        check_child(file, tree, next.node, node->left, count, seen);
        check_child(file, tree, next.node, node->right, count, seen);
        stack[pending++] = (struct pending){node->right, here, false};
        stack[pending++] = (struct pending){node->left, here, true};
    }
    arena_free(&arena);
}

struct trees *trees_finish(struct trees_builder *b)
{
    struct trees *trees = arena_alloc(b->arena, 1, sizeof *trees);
    trees->tree_count = b->tree_count;
    trees->first = arena_alloc(b->arena, (size_t)b->tree_count + 1, sizeof *trees->first);
    if (b->tree_count) memcpy(trees->first, b->first, (size_t)b->tree_count * sizeof *trees->first);
    trees->first[b->tree_count] = b->node_count;
    trees->target = copied(b->arena, b->target, (size_t)b->tree_count, sizeof *b->target);
    trees->nodes = copied(b->arena, b->nodes, (size_t)b->node_count, sizeof *b->nodes);
    trees->value_count = b->value_count;
    trees->values = copied(b->arena, b->values, (size_t)b->value_count, sizeof *b->values);
    trees->factor = trees->divisor = 1;
    free(b->first);
    free(b->target);
    free(b->nodes);
    free(b->values);
    return trees;
}
