/* Finding the layers of a lowered program, and what goes into them. */
#include "compiler/reuse/internal.h"

#include <assert.h>

/* The block's one matvec of several operands; -1: none. */
static int find_matvec(const struct program *p, const struct block *block)
{
    for (int v = block->first; v < block->end; v++)
        if (p->ops[v].code == OP_MATVEC && p->ops[v].operand_count > 1) return v;
    return -1;
}

/* Constant operands are part of the bias. */
static void add_constant(struct reuse_layer *layer, int row, const struct op *x)
{
    for (int j = 0; j < layer->columns; j++) {
        struct dyadic product;
        bool fits =
            dyadic_mul(dyadic_make(layer_weight(layer, row, j), layer->matrix->fraction_bits),
                       dyadic_make(x->lo, op_fraction(x)), &product) &&
            dyadic_add(layer->bias[j], product, &layer->bias[j]);
        assert(fits); /* the result's interval bounds it */
        (void)fits;
    }
}

static void find_rows(struct reuse *r, struct reuse_layer *layer)
{
    struct rewrite *w = &r->rewrite;
    size_t rows = (size_t)layer->rows, columns = (size_t)layer->columns;
    layer->is_used = arena_alloc(&w->arena, rows, sizeof *layer->is_used);
    layer->bias = arena_alloc(&w->arena, columns, sizeof *layer->bias);
    for (size_t j = 0; j < columns && layer->matrix->bias; j++)
        layer->bias[j] = dyadic_make(layer->matrix->bias[j], layer->matrix->bias_fraction_bits);
    for (int i = 0; i < layer->rows; i++) {
        const struct op *x = &w->old->ops[layer_operand(r, layer, i)];
        if (x->lo == x->hi && !layer->matrix->is_loadable) {
            add_constant(layer, i, x);
            continue;
        }
        for (int j = 0; j < layer->columns; j++)
            if (layer->results[j] >= 0 && layer_has_product(layer, i, j)) layer->is_used[i] = true;
    }
}

bool layer_find(struct reuse *r, int block, struct reuse_layer *layer)
{
    const struct program *old = r->rewrite.old;
    const struct block *b = &old->blocks[block];
    int matvec = block_is_loop(b) ? -1 : find_matvec(old, b);
    if (matvec < 0) return false;
    *layer = (struct reuse_layer){.block = b, .name = b->name, .kind = b->kind, .matvec = matvec};
    layer->matrix = &old->matrices[old->ops[matvec].immediate];
    layer->rows = layer->matrix->rows;
    layer->columns = layer->matrix->columns;
    layer->results = arena_alloc(&r->rewrite.arena, (size_t)layer->columns, sizeof *layer->results);
    for (int j = 0; j < layer->columns; j++)
        layer->results[j] = -1;
    for (int v = matvec + 1; v < b->end; v++) {
        const struct op *op = &old->ops[v];
        if (op->code == OP_RESULT && old->operands[op->operands] == matvec && r->live[v])
            layer->results[op->immediate] = v;
    }
    find_rows(r, layer);
    return true;
}

void layer_bind(struct reuse *r, struct reuse_layer *layer)
{
    layer->operands = arena_alloc(&r->rewrite.arena, (size_t)layer->rows, sizeof *layer->operands);
    for (int i = 0; i < layer->rows; i++)
        layer->operands[i] = r->rewrite.map[layer_operand(r, layer, i)];
}

void layer_find_leaving(const struct reuse *r, const struct reuse_layer *layer, bool *leaves)
{
    const struct program *old = r->rewrite.old;
    int first = layer->block->first, end = layer->block->end;
    for (int v = end; v < old->op_count; v++) {
        const struct op *op = &old->ops[v];
        for (int k = 0; k < op->operand_count && r->live[v]; k++) {
            int a = old->operands[op->operands + k];
            if (a >= first && a < end) leaves[a] = true;
        }
    }
    for (int i = 0; i < old->output_count; i++) {
        int a = old->outputs[i].value;
        if (a >= first && a < end) leaves[a] = true;
    }
}
