/* Ensembles of decision trees: see trees.h. */
#include "compiler/trees/trees.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ensemble {
    struct lowering *l;
    const struct layer *layer;
    const struct trees *trees;
    int64_t *integers; /* of trees->values, at `fraction` */
    int fraction;
    struct conditions conditions;
    struct diagram diagram;
    struct forms forms;
};

static int finest(const struct quantizer *quant, int otherwise)
{
    for (int i = 0; i < quant->count; i++)
        if (i == 0 || format_fraction_bits(quant->formats[i]) > otherwise)
            otherwise = format_fraction_bits(quant->formats[i]);
    return otherwise;
}

static int64_t on_grid(const struct ensemble *m, const struct quantizer *quant, int element,
                       double value)
{
    double scaled = value * m->trees->factor / m->trees->divisor;
    double n = ldexp(format_quantize(quantizer_at(quant, element), scaled), m->fraction);
    if (fabs(n) > ldexp(1, 52))
        fail("layer %s: a value of %g is beyond 53 bits", m->layer->name, value);
    return (int64_t)n;
}

/* Values and base as integers of one grid. */
static void make_integers(struct ensemble *m, int64_t *base)
{
    const struct trees *trees = m->trees;
    m->fraction = finest(&m->layer->weight_quant, 0);
    if (trees->base) m->fraction = finest(&m->layer->bias_quant, m->fraction);
    m->integers = arena_alloc(&m->l->arena, (size_t)trees->value_count + 1, sizeof *m->integers);
    for (int t = 0; t < trees->tree_count; t++)
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++) {
            int count = trees_leaf_values(trees, layer_trees_shape(m->l->network, m->layer), t);
            for (int k = 0; trees->nodes[i].feature < 0 && k < count; k++) {
                int at = trees->nodes[i].leaf + k;
                m->integers[at] = on_grid(m, &m->layer->weight_quant, t, trees->values[at]);
            }
        }
    for (int k = 0; k < m->layer->size; k++)
        base[k] = trees->base ? on_grid(m, &m->layer->bias_quant, k, trees->base[k]) : 0;
}

/* What tree t adds to output k, as bits in the heap; its least value goes to the constant. */
static void add_tree(struct ensemble *m, int t, int k, struct bit_heap *heap, int64_t *constant)
{
    struct tree_view view = {m->trees, t, m->integers, m->trees->target[t] < 0 ? k : 0};
    int root = diagram_of_tree(&m->diagram, &m->conditions, view);
    struct diagram_range range = diagram_range(&m->diagram, root);
    *constant += range.lo;
    for (int bit = 0; (range.hi - range.lo) >> range.shift >> bit; bit++) {
        int node = diagram_map(&m->diagram, root, range.lo, range.shift, bit);
        heap_add(heap, form_bit(&m->forms, node), bit + range.shift);
    }
}

/* A decision does not see what all scores have in common: the least constant goes, so that the sums
 * are short and unsigned. A score that is no more than a constant takes part in that only when it
 * is the only one. */
static void leave_out(struct ensemble *m, const struct bit_heap *heaps, int64_t *constant)
{
    if (!lowering_decides(m->l)) return;
    int64_t least = INT64_MAX;
    for (int k = 0; k < m->layer->size; k++)
        if (heaps[k].most && constant[k] < least) least = constant[k];
    if (least == INT64_MAX) return;
    for (int k = 0; k < m->layer->size; k++)
        constant[k] -= least;
    m->l->left_out = least;
}

void lower_trees(struct lowering *l, const struct layer *layer)
{
    struct ensemble m = {.l = l, .layer = layer, .trees = layer->trees};
    m.conditions.lowering = l;
    m.forms = (struct forms){.lowering = l, .conditions = &m.conditions, .diagram = &m.diagram};
    lowering_block(l, layer, true);
    size_t outputs = (size_t)layer->size;
    int64_t *constant = arena_alloc(&l->arena, outputs, sizeof *constant);
    struct bit_heap *heaps = arena_alloc(&l->arena, outputs, sizeof *heaps);
    make_integers(&m, constant);
    for (size_t k = 0; k < outputs; k++)
        heaps[k].lowering = l;
    for (int k = 0; k < layer->size; k++)
        for (int t = 0; t < m.trees->tree_count; t++)
            if (m.trees->target[t] < 0 || m.trees->target[t] == k)
                add_tree(&m, t, k, &heaps[k], &constant[k]);
    leave_out(&m, heaps, constant);
    int *results = arena_alloc(&l->arena, outputs, sizeof *results);
    for (int k = 0; k < layer->size; k++) {
        results[k] = heap_sum(&heaps[k], constant[k], m.fraction);
        lowering_check_exact(layer, l->program, results[k]);
    }
    l->values = results;
    conditions_free(&m.conditions);
    diagram_free(&m.diagram);
    forms_free(&m.forms);
}
