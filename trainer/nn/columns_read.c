/* Layers and formats of the columns, read from a network.
 *
 * Known: [input quantizer] dense [activation] dense ... dense, all widths learned, dropout aside;
 * every loss. */
#include "trainer/nn/columns.h"
#include "trainer/nn/widths.h"

#include <string.h>

static void read_formats(struct columns *s, struct column_layer *l, struct nn_op *op)
{
    size_t count = (size_t)l->outputs;
    l->fraction = arena_alloc(&s->arena, count, sizeof(int));
    l->range = arena_alloc(&s->arena, count, sizeof(int));
    l->is_signed = arena_alloc(&s->arena, count, sizeof(bool));
    l->quantizer = op;
    l->has_activation = op != NULL;
    if (!op) return;
    l->activation = op->activation;
    l->alpha = op->alpha;
    l->truncates = op->quant.rounding == ROUND_TRN;
    for (int j = 0; j < l->outputs; j++) {
        l->fraction[j] = widths_fraction(s->nn, &op->widths, 0, j);
        l->range[j] = widths_bits(s->nn, op, j) - l->fraction[j];
        l->is_signed[j] = op->is_signed[j];
    }
}

static void add_values(struct columns *s, struct column_layer *l)
{
    size_t values = (size_t)s->tiles * (size_t)l->outputs * COLUMNS_TILE;
    real **all[] = {&l->sums, &l->results, &l->first, &l->second};
    for (int k = 0; k < 4; k++)
        *all[k] = arena_alloc(&s->arena, values, sizeof(real));
}

static bool read_layer(struct columns *s, struct nn_op *dense, struct nn_op *activation)
{
    if (s->layer_count == COLUMNS_MOST_LAYERS || !dense->weight_widths.learned) return false;
    if (dense->bias.count && !dense->bias_widths.learned) return false;
    if (activation && !activation->widths.learned) return false;
    int n = s->layer_count++;
    struct column_layer *l = &s->layers[n];
    size_t outputs = (size_t)dense->outputs;
    *l = (struct column_layer){.inputs = dense->inputs, .outputs = dense->outputs, .dense = dense};
    l->weights = arena_alloc(&s->arena, (size_t)l->inputs * outputs, sizeof(real));
    l->bias = arena_alloc(&s->arena, outputs, sizeof(real));
    for (int i = 0; i < l->inputs; i++)
        memcpy(l->weights + (ptrdiff_t)i * l->outputs,
               dense->used_weights + (ptrdiff_t)i * dense->columns, outputs * sizeof(real));
    if (dense->bias.count) memcpy(l->bias, dense->used_bias, outputs * sizeof(real));
    read_formats(s, l, activation);
    add_values(s, l);
    s->touched_sums[n] = arena_alloc(&s->arena, outputs * COLUMNS_TILE, sizeof(real));
    s->touched[n] = arena_alloc(&s->arena, outputs, sizeof(bool));
    return true;
}

bool columns_read_network(struct columns *s, struct nn *nn)
{
    int i = 0;
    bool learned_input =
        nn->op_count && nn->ops[0].kind == OP_ACTIVATION && nn->ops[0].widths.learned;
    s->input = (struct column_layer){.inputs = nn->inputs, .outputs = nn->inputs};
    read_formats(s, &s->input, learned_input ? &nn->ops[i++] : NULL);
    for (int k = 0; !learned_input && nn->input_quant.count && k < nn->inputs; k++) {
        struct format f = quantizer_at(&nn->input_quant, k);
        s->input.range[k] = f.integer_bits;
        s->input.fraction[k] = format_fraction_bits(f);
    }
    add_values(s, &s->input);
    while (i < nn->op_count) {
        struct nn_op *dense = &nn->ops[i++];
        if (dense->kind == OP_DROPOUT) continue;
        if (dense->kind != OP_DENSE) return false;
        struct nn_op *activation = NULL;
        if (i < nn->op_count && nn->ops[i].kind == OP_ACTIVATION) activation = &nn->ops[i++];
        if (!read_layer(s, dense, activation)) return false;
        bool last = true;
        for (int k = i; k < nn->op_count; k++)
            last = last && nn->ops[k].kind == OP_DROPOUT;
        if ((activation == NULL) != last) return false;
    }
    return s->layer_count > 0 && nn->outputs <= COLUMNS_MOST_OUTPUTS;
}
