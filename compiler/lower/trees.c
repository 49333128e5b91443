/* Ensembles of decision trees. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

struct ensemble {
    struct lowering *l;
    const struct layer *layer;
    const struct trees *trees;
    int64_t *leaves; /* integers of trees->values at `fraction` */
    int fraction;
};

static int condition(struct ensemble *m, const struct tree_node *node)
{
    struct program *p = m->l->program;
    int x = m->l->values[node->feature];
    const struct op *op = &p->ops[x];
    double k = floor(ldexp(node->threshold, op_fraction(op)));
    int64_t limit = k < (double)op->lo ? op->lo - 1 : k > (double)op->hi ? op->hi : (int64_t)k;
    int fraction = op_fraction(op);
    return program_add2(p, OP_LE, x, program_add_const(p, limit, fraction), 0);
}

static int leaf_value(struct ensemble *m, int node, int k)
{
    const struct tree_node *n = &m->trees->nodes[node];
    if (n->feature < 0)
        return program_add_const(m->l->program, m->leaves[n->leaf + k], m->fraction);
    int c = condition(m, n);
    int choice[3] = {c, leaf_value(m, n->left, k), leaf_value(m, n->right, k)};
    return program_add_op(m->l->program, OP_SELECT, choice, 3, 0);
}

static int sum(struct program *p, int *terms, int count)
{
    for (; count > 1; count = (count + 1) / 2)
        for (int i = 0; i < count; i += 2)
            terms[i / 2] =
                i + 1 < count ? program_add2(p, OP_ADD, terms[i], terms[i + 1], 0) : terms[i];
    return terms[0];
}

static int64_t integer_of(double value, int fraction)
{
    return llrint(ldexp(value, fraction));
}

void lower_trees(struct lowering *l, const struct layer *layer)
{
    const struct trees *trees = layer->trees;
    struct ensemble m = {.l = l, .layer = layer, .trees = trees};
    lowering_block(l, layer, true);
    struct format format = layer->weight_quant.formats[0];
    m.fraction = format_fraction_bits(format);
    m.leaves = arena_alloc(&l->arena, (size_t)trees->value_count, sizeof *m.leaves);
    for (int i = 0; i < trees->value_count; i++)
        m.leaves[i] = integer_of(
            format_quantize(format, trees->values[i] * trees->factor / trees->divisor), m.fraction);
    int *results = arena_alloc(&l->arena, (size_t)layer->size, sizeof *results);
    int *terms = arena_alloc(&l->arena, (size_t)trees->tree_count + 1, sizeof *terms);
    for (int k = 0; k < layer->size; k++) {
        int count = 0;
        for (int t = 0; t < trees->tree_count; t++)
            if (trees->target[t] < 0 || trees->target[t] == k)
                terms[count++] = leaf_value(&m, trees->first[t], trees->target[t] < 0 ? k : 0);
        double base = trees->base ? format_quantize(quantizer_at(&layer->bias_quant, k),
                                                    trees->base[k] * trees->factor / trees->divisor)
                                  : 0;
        if (base != 0 || !count)
            terms[count++] =
                program_add_const(l->program, integer_of(base, m.fraction), m.fraction);
        results[k] = sum(l->program, terms, count);
    }
    l->values = results;
}
