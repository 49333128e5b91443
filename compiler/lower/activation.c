/* Activations: ReLU, leaky ReLU, and sigmoid and tanh as tables. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

enum { TABLE_MAX_ENTRIES = 4096 };

void lower_relu(struct lowering *l, const struct layer *layer)
{
    lowering_block(l, layer, false);
    for (int j = 0; j < layer->size; j++) {
        int zero = program_add_const(l->program, 0, 0);
        l->values[j] = program_add2(l->program, OP_MAX, l->values[j], zero, 0);
    }
}

void lower_leaky_relu(struct lowering *l, const struct layer *layer)
{
    lowering_block(l, layer, false);
    const struct layer *next = lowering_layer(l, 1);
    for (int j = 0; j < layer->size; j++) {
        int value = l->values[j];
        struct op x = l->program->ops[value];
        if (x.lo >= 0) continue;
        struct dyadic slope = dyadic_of(layer->alpha), offset = {0, 0};
        int64_t least_negative = x.hi < 0 ? x.hi : -1;
        int exact = lower_scale(l, value, slope, offset, layer);
        lowering_check_exact(layer, l->program, exact);
        if (next && next->kind == LAYER_QUANT)
            affine_shorten(x.lo, least_negative, op_fraction(&x), false,
                           quantizer_at(&next->quant, j), &slope, &offset);
        int scaled = lower_scale(l, value, slope, offset, layer);
        int zero = program_add_const(l->program, 0, 0);
        int negative = program_add2(l->program, OP_LT, value, zero, 0);
        int choice[3] = {negative, scaled, value};
        l->values[j] = program_add_op(l->program, OP_SELECT, choice, 3, 0);
    }
}

static double function_value(enum layer_kind kind, double x)
{
    return kind == LAYER_TANH ? tanh(x) : 1 / (1 + exp(-x));
}

void lower_function(struct lowering *l, const struct layer *layer)
{
    lowering_block(l, layer, false);
    const struct layer *quant = lowering_layer(l, 1);
    if (!quant || quant->kind != LAYER_QUANT)
        fail("layer %s: %s becomes a table of its quantized result, but no quantizer follows it; "
             "add one",
             layer->name, layer_kind_names[layer->kind]);
    int64_t entries[TABLE_MAX_ENTRIES];
    for (int j = 0; j < layer->size; j++) {
        struct op x = l->program->ops[l->values[j]];
        if (x.hi - x.lo >= TABLE_MAX_ENTRIES)
            fail("layer %s: %s of a %d-bit value is too large a table; put a quantizer of at most "
                 "12 bits before it",
                 layer->name, layer_kind_names[layer->kind], x.format.width_bits);
        struct format format = quantizer_at(&quant->quant, j);
        for (int64_t n = x.lo; n <= x.hi; n++) {
            double y = function_value(layer->kind, ldexp((double)n, -op_fraction(&x)));
            entries[n - x.lo] = format_to_integer(format, format_quantize(format, y));
        }
        l->values[j] = program_add_table(l->program, l->values[j], layer->name, entries, format);
    }
    l->position++; /* the quantizer is in the table */
}
