/* Ensembles of decision trees: see trees.h. */
#include "compiler/trees/trees.h"

#include "base/error.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Raises *fraction to the finest of the formats. */
static void refine(int *fraction, const struct quantizer *quant)
{
    for (int i = 0; i < quant->count; i++)
        if (format_fraction_bits(quant->formats[i]) > *fraction)
            *fraction = format_fraction_bits(quant->formats[i]);
}

static void begin(struct ensemble *m, struct lowering *l, const struct layer *layer)
{
    *m = (struct ensemble){.l = l, .layer = layer, .trees = layer->trees, .fraction = INT_MIN};
    m->conditions.lowering = l;
    m->forms = (struct forms){.lowering = l, .conditions = &m->conditions, .diagram = &m->diagram};
    lowering_block(l, layer, true);
}

static void end(struct ensemble *m)
{
    conditions_free(&m->conditions);
    diagram_free(&m->diagram);
    forms_free(&m->forms);
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
    refine(&m->fraction, &m->layer->weight_quant);
    if (trees->base) refine(&m->fraction, &m->layer->bias_quant);
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

/* One bit of what a tree adds to one output. */
struct term_bit {
    int output, weight;
    int node;     /* as a diagram of 0 and 1 */
    int64_t base; /* the leaf's value is base + ... */
    int shift;    /* ... and this is bit `shift` of the rest */
    int offset;   /* of the output's value within a leaf's */
};

/* All bits of tree t, and the least values to the constants. */
static int list_bits(struct ensemble *m, int t, struct term_bit *bits, int64_t *constant)
{
    int target = m->trees->target[t], count = 0;
    for (int k = target < 0 ? 0 : target; k < (target < 0 ? m->layer->size : target + 1); k++) {
        struct tree_view view = {m->trees, t, m->integers, target < 0 ? k : 0};
        int root = diagram_of_tree(&m->diagram, &m->conditions, view);
        struct diagram_range range = diagram_range(&m->diagram, root);
        constant[k] += range.lo;
        for (int bit = range.shift; (range.hi - range.lo) >> bit; bit++)
            bits[count++] = (struct term_bit){
                .output = k,
                .weight = bit,
                .node = diagram_map(&m->diagram, root, range.lo, 0, bit),
                .base = range.lo,
                .shift = bit,
                .offset = view.offset,
            };
    }
    return count;
}

/* Whether leaf node `node` has a 1 in that bit. */
static bool has_bit(const struct ensemble *m, const struct term_bit *bit, int node)
{
    int64_t value = m->integers[m->trees->nodes[node].leaf + bit->offset] - bit->base;
    /* Leaves that are never reached may be beyond the others' range: any bit will do. */
    return value >> bit->shift & 1;
}

/* The tree's bits as multiplexers and tables, or from one bit per leaf, whichever is smaller. */
static void add_tree(struct ensemble *m, int t, struct bit_heap *heaps, int64_t *constant)
{
    struct arena scratch = {0};
    struct term_bit *bits =
        arena_alloc(&scratch, (size_t)m->layer->size * FORMAT_MAX_BITS, sizeof *bits);
    int count = list_bits(m, t, bits, constant), *leaves, muxes = 0;
    struct tree_view view = {m->trees, t, m->integers, 0};
    struct one_hot o = one_hot_new(&m->forms, view, &leaves);
    int ors = one_hot_cost(&o);
    bool *ones = arena_alloc(&scratch, (size_t)o.leaves, sizeof *ones);
    for (int i = 0; i < count; i++) {
        int marked = 0;
        for (int l = 0; l < o.leaves; l++)
            marked += has_bit(m, &bits[i], leaves[l]);
        ors += one_hot_or_cost(&o, marked);
        muxes += form_cost(&m->forms, bits[i].node);
    }
    for (int i = 0; i < count; i++) {
        for (int l = 0; l < o.leaves && ors < muxes; l++)
            ones[l] = has_bit(m, &bits[i], leaves[l]);
        heap_add(&heaps[bits[i].output],
                 ors < muxes ? one_hot_bit(&o, ones) : form_bit(&m->forms, bits[i].node),
                 bits[i].weight);
    }
    arena_free(&scratch);
}

void ensemble_leave_out(struct ensemble *m, const bool *varies, int64_t *constant)
{
    if (!lowering_decides(m->l)) return;
    int64_t least = INT64_MAX;
    for (int k = 0; k < m->layer->size; k++)
        if (varies[k] && constant[k] < least) least = constant[k];
    if (least == INT64_MAX) return;
    for (int k = 0; k < m->layer->size; k++)
        constant[k] -= least;
    m->l->left_out = least;
}

/* How many trees an engine takes in turn, 1: they are logic (choose.h). */
static int reuse_factor(const struct lowering *l, const struct layer *layer)
{
    const struct compile_options *o = l->options;
    int own = layer_reuse_find(o->layer_reuse, o->layer_reuse_count, layer->name);
    return own ? own : o->reuse;
}

/* What may be loaded, by the formats of the values. */
static void declare(struct ensemble *m)
{
    int up =
        m->fraction - lowering_hull(m->layer, &m->layer->weight_quant, &m->leaf_lo, &m->leaf_hi);
    m->leaf_lo *= (int64_t)1 << up;
    m->leaf_hi *= (int64_t)1 << up;
    if (!m->trees->base) return;
    up = m->fraction - lowering_hull(m->layer, &m->layer->bias_quant, &m->base_lo, &m->base_hi);
    m->base_lo *= (int64_t)1 << up;
    m->base_hi *= (int64_t)1 << up;
}

/* For a processor: each output the sum of its trees' selections. */
static void add_selections(struct ensemble *m, const int64_t *constant, int *results)
{
    struct program *p = m->l->program;
    for (int k = 0; k < m->layer->size; k++)
        results[k] = program_add_const(p, constant[k], m->fraction);
    for (int t = 0; t < m->trees->tree_count; t++) {
        int target = m->trees->target[t];
        for (int k = target < 0 ? 0 : target; k < (target < 0 ? m->layer->size : target + 1); k++) {
            struct tree_view view = {m->trees, t, m->integers, target < 0 ? k : 0};
            int root = diagram_of_tree(&m->diagram, &m->conditions, view);
            int term = tree_as_selections(&m->diagram, &m->conditions, root, m->fraction);
            results[k] = program_add2(p, OP_ADD, results[k], term, 0);
        }
    }
}

void lower_trees(struct lowering *l, const struct layer *layer)
{
    struct ensemble m;
    begin(&m, l, layer);
    size_t outputs = (size_t)layer->size;
    int64_t *constant = arena_alloc(&l->arena, outputs, sizeof *constant);
    struct bit_heap *heaps = arena_alloc(&l->arena, outputs, sizeof *heaps);
    bool *varies = arena_alloc(&l->arena, outputs, sizeof *varies);
    int *results = arena_alloc(&l->arena, outputs, sizeof *results);
    make_integers(&m, constant);
    int factor = reuse_factor(l, layer);
    if (layer_is_loadable(l->options, layer)) declare(&m);
    bool several = m.trees->tree_count > 1 || l->options->trees_shape;
    if (factor > 1 && several && !l->options->processor) {
        walk_lower(&m, factor, constant);
        end(&m);
        return;
    }
    for (size_t k = 0; k < outputs; k++)
        heaps[k].lowering = l;
    for (int t = 0; t < m.trees->tree_count && !l->options->processor; t++)
        add_tree(&m, t, heaps, constant);
    if (l->options->processor) {
        add_selections(&m, constant, results);
    } else {
        for (size_t k = 0; k < outputs; k++)
            varies[k] = heaps[k].most > 0;
        ensemble_leave_out(&m, varies, constant);
    }
    for (int k = 0; k < layer->size; k++) {
        if (!l->options->processor) results[k] = heap_sum(&heaps[k], constant[k], m.fraction);
        lowering_check_exact(layer, l->program, results[k]);
    }
    l->values = results;
    end(&m);
}

/* ---- distances ------------------------------------------------------------------------------- */

/* The centre of feature i in the leaf that tree t ends in, as a number of `fraction` bits. */
static int centre(struct ensemble *m, int t, int i)
{
    struct program *p = m->l->program;
    struct tree_view view = {m->trees, t, m->integers, i};
    int root = diagram_of_tree(&m->diagram, &m->conditions, view), bits[FORMAT_MAX_BITS];
    struct diagram_range range = diagram_range(&m->diagram, root);
    if (range.lo == range.hi) return program_add_const(p, range.lo, m->fraction);
    struct format format = format_of_interval(range.lo, range.hi, m->fraction);
    for (int bit = 0; bit < format.width_bits; bit++)
        bits[bit] = form_bit(&m->forms, diagram_map(&m->diagram, root, 0, 0, bit));
    int all =
        format.width_bits == 1 ? bits[0] : program_add_op(p, OP_CONCAT, bits, format.width_bits, 0);
    return format_equal(p->ops[all].format, format) ? all : program_add_slice(p, all, 0, format);
}

/* |a - b| to the heap: the difference's bits, inverted where it is negative, and then one more. */
static void add_magnitude(struct ensemble *m, struct bit_heap *heap, int a, int b)
{
    struct program *p = m->l->program;
    int difference = program_add2(p, OP_SUB, a, b, 0);
    const struct op op = p->ops[difference];
    int weight = m->fraction - op_fraction(&op), width = op.format.width_bits;
    int64_t most = heap->most + (op.hi > -op.lo ? op.hi : -op.lo) * ((int64_t)1 << weight);
    if (op.lo == op.hi && op.lo == 0) return;
    int sign = op.lo < 0 ? lower_bit(p, difference, width - 1) : -1;
    for (int bit = 0; bit < width - (sign >= 0); bit++) {
        int pair[2] = {lower_bit(p, difference, bit), sign};
        heap_add(heap, sign >= 0 ? lower_lut(p, pair, 2, 0x6) : pair[0], bit + weight);
    }
    if (sign >= 0) heap_add(heap, sign, weight);
    heap->most = most;
}

/* sum + |x - centre| of feature i in tree t, for a processor. */
static int add_distance(struct ensemble *m, int sum, int t, int i)
{
    struct program *p = m->l->program;
    struct tree_view view = {m->trees, t, m->integers, i};
    int root = diagram_of_tree(&m->diagram, &m->conditions, view);
    int at = tree_as_selections(&m->diagram, &m->conditions, root, m->fraction);
    int difference = program_add2(p, OP_SUB, m->l->values[i], at, 0);
    int negated = program_add_op(p, OP_NEG, &difference, 1, 0);
    return program_add2(p, OP_ADD, sum, program_add2(p, OP_MAX, difference, negated, 0), 0);
}

void lower_tree_distance(struct lowering *l, const struct layer *layer)
{
    struct ensemble m;
    begin(&m, l, layer);
    int features = l->network->layers[layer->input].size;
    int64_t constant = 0;
    for (int i = 0; i < features; i++)
        if (op_fraction(&l->program->ops[l->values[i]]) > m.fraction)
            m.fraction = op_fraction(&l->program->ops[l->values[i]]);
    make_integers(&m, &constant);
    struct bit_heap heap = {.lowering = l};
    int *result = arena_alloc(&l->arena, 1, sizeof *result);
    *result = program_add_const(l->program, constant, m.fraction);
    for (int t = 0; t < m.trees->tree_count; t++)
        for (int i = 0; i < features; i++) {
            if (l->options->processor)
                *result = add_distance(&m, *result, t, i);
            else
                add_magnitude(&m, &heap, l->values[i], centre(&m, t, i));
        }
    if (!l->options->processor) *result = heap_sum(&heap, constant, m.fraction);
    lowering_check_exact(layer, l->program, *result);
    l->values = result;
    end(&m);
}
