/* Trees by their leaves: and terms, and ors of them. See trees.h. */
#include "compiler/trees/trees.h"

#include <string.h>

enum { LUT_INPUTS = 4 };

/* ---- leaves as numbers ----------------------------------------------------------------------- */

/* The tree's leaves numbered in the order of its nodes: integers[] for the view. */
static int64_t *number_leaves(struct arena *arena, const struct trees *trees, int tree, int *nodes,
                              int *count)
{
    int64_t *numbers = arena_alloc(arena, (size_t)trees->value_count + 1, sizeof *numbers);
    *count = 0;
    for (int i = trees->first[tree]; i < trees->first[tree + 1]; i++)
        if (trees->nodes[i].feature < 0) {
            numbers[trees->nodes[i].leaf] = *count;
            nodes[(*count)++] = i;
        }
    return numbers;
}

struct one_hot one_hot_new(struct forms *f, struct tree_view view, int **leaf_nodes)
{
    struct arena *arena = &f->lowering->arena, scratch = {0};
    struct one_hot o = {.forms = f};
    size_t most = (size_t)(view.trees->first[view.tree + 1] - view.trees->first[view.tree]);
    *leaf_nodes = arena_alloc(arena, most, sizeof **leaf_nodes);
    view.integers = number_leaves(&scratch, view.trees, view.tree, *leaf_nodes, &o.leaves);
    view.offset = 0;
    o.root = diagram_of_tree(f->diagram, f->conditions, view);
    o.bits = arena_alloc(arena, (size_t)o.leaves, sizeof *o.bits);
    for (int i = 0; i < o.leaves; i++)
        o.bits[i] = -1;
    arena_free(&scratch);
    return o;
}

/* ---- and terms ------------------------------------------------------------------------------- */

/* Conditions on the way to a node that no bit of the program says yet, and the bit that says the
 * rest; -1: nothing is decided before them. */
struct way {
    int carried, count;
    int conditions[LUT_INPUTS];
    bool holds[LUT_INPUTS];
};

static int make_and(struct forms *f, const struct way *w)
{
    int inputs[LUT_INPUTS + 1], count = 0, wanted = 0;
    for (int i = 0; i < w->count; i++) {
        wanted |= w->holds[i] << count;
        inputs[count++] = condition_value(f->conditions, w->conditions[i]);
    }
    if (w->carried >= 0) {
        wanted |= 1 << count;
        inputs[count++] = w->carried;
    }
    if (count == 0) return program_add_const(f->lowering->program, 1, 0);
    return lower_lut(f->lowering->program, inputs, count, (uint64_t)1 << wanted);
}

/* A LUT is full with four conditions, or three and the bit before them. */
static bool is_full(const struct way *w)
{
    return w->count + (w->carried >= 0) == LUT_INPUTS;
}

static void make_leaves(struct one_hot *o, int node, struct way w)
{
    const struct diagram_node n = o->forms->diagram->nodes[node];
    if (n.condition < 0) {
        o->bits[n.integer] = make_and(o->forms, &w);
        return;
    }
    if (is_full(&w)) w = (struct way){.carried = make_and(o->forms, &w)};
    w.conditions[w.count] = n.condition;
    w.holds[w.count++] = true;
    make_leaves(o, n.yes, w);
    w.holds[w.count - 1] = false;
    make_leaves(o, n.no, w);
}

static int and_luts(const struct one_hot *o, int node, int count, bool carried)
{
    const struct diagram_node *n = &o->forms->diagram->nodes[node];
    if (n->condition < 0) return count + carried > 1;
    if (count + carried == LUT_INPUTS)
        return 1 + and_luts(o, n->yes, 1, true) + and_luts(o, n->no, 1, true);
    return and_luts(o, n->yes, count + 1, carried) + and_luts(o, n->no, count + 1, carried);
}

int one_hot_cost(const struct one_hot *o)
{
    return and_luts(o, o->root, 0, false);
}

/* ---- ors ------------------------------------------------------------------------------------- */

int one_hot_or_cost(const struct one_hot *o, int ones)
{
    int fewer = ones < o->leaves - ones ? ones : o->leaves - ones;
    return (fewer + LUT_INPUTS - 3) / (LUT_INPUTS - 1);
}

/* The or of bits, four at a time; inverted at the end. */
static int make_or(struct program *p, int *bits, int count, bool inverted)
{
    while (count > LUT_INPUTS) {
        int made = 0;
        for (int i = 0; i < count; i += LUT_INPUTS) {
            int size = count - i < LUT_INPUTS ? count - i : LUT_INPUTS;
            uint64_t any = (((uint64_t)1 << (1 << size)) - 1) & ~(uint64_t)1;
            bits[made++] = lower_lut(p, bits + i, size, any);
        }
        count = made;
    }
    uint64_t all = ((uint64_t)1 << (1 << count)) - 1;
    return lower_lut(p, bits, count, inverted ? 1 : all & ~(uint64_t)1);
}

int one_hot_bit(struct one_hot *o, const bool *ones)
{
    struct arena scratch = {0};
    struct program *p = o->forms->lowering->program;
    int *bits = arena_alloc(&scratch, (size_t)o->leaves, sizeof *bits), count = 0, marked = 0;
    if (o->leaves && o->bits[0] < 0) {
        for (int i = 0; i < o->leaves; i++) /* some leaves are never reached */
            o->bits[i] = program_add_const(p, 0, 0);
        make_leaves(o, o->root, (struct way){.carried = -1});
    }
    for (int i = 0; i < o->leaves; i++)
        marked += ones[i];
    bool inverted = 2 * marked > o->leaves;
    for (int i = 0; i < o->leaves; i++)
        if (ones[i] != inverted && p->ops[o->bits[i]].hi) bits[count++] = o->bits[i];
    int result = count ? make_or(p, bits, count, inverted) : program_add_const(p, inverted, 0);
    arena_free(&scratch);
    return result;
}
