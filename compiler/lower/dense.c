/* Dense, batch normalisation and affine layers: sums with constant weights. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <math.h>

static _Noreturn void fail_grid(const struct layer *layer, const char *what)
{
    fail("layer %s: its %s span more than 62 bits between the largest and the finest; quantize "
         "them",
         layer->name, what);
}

/* Brings numbers onto the finest grid among them. Returns its fraction bits. */
static int common_grid(const struct layer *layer, const char *what, const struct dyadic *numbers,
                       size_t count, int64_t *integers)
{
    int fraction = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        if (numbers[i].integer && (!any || numbers[i].fraction_bits > fraction))
            fraction = numbers[i].fraction_bits;
        any = any || numbers[i].integer;
    }
    for (size_t i = 0; i < count; i++)
        if (!dyadic_on_grid(numbers[i], fraction, &integers[i])) fail_grid(layer, what);
    return fraction;
}

static bool is_affine(const struct layer *layer)
{
    return layer && (layer->kind == LAYER_AFFINE || layer->kind == LAYER_BATCHNORM);
}

/* Leaves the bias, and the sign of a negative scale, to the affine layer that follows. */
static void leave_for_affine(struct lowering *l, const struct layer *affine,
                             const struct dyadic *bias)
{
    int n = affine->size;
    l->left_bias = arena_alloc(&l->arena, (size_t)n, sizeof *l->left_bias);
    l->left_negated = arena_alloc(&l->arena, (size_t)n, sizeof *l->left_negated);
    for (int j = 0; j < n; j++) {
        double scale, offset;
        network_affine(affine, j, true, &scale, &offset);
        l->left_negated[j] = scale < 0;
        l->left_bias[j] = bias[j];
        if (scale < 0) l->left_bias[j].integer = -l->left_bias[j].integer;
    }
}

/* Of inputs that are bits b for 2 b - 1: w (2 b - 1) = (2 w) b - w. */
static void take_bits(struct lowering *l, const struct layer *layer, int rows,
                      struct dyadic *weights, struct dyadic *bias)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < layer->size; j++) {
            struct dyadic *w = &weights[i * layer->size + j], less = *w;
            less.integer = -less.integer;
            if (!dyadic_add(bias[j], less, &bias[j])) fail_grid(layer, "biases");
            if (w->integer) w->fraction_bits--;
        }
    l->is_bipolar = false;
}

void lower_dense(struct lowering *l, const struct layer *layer)
{
    int rows = l->network->layers[layer->input].size, columns = layer->size;
    size_t count = (size_t)rows * (size_t)columns;
    struct dyadic *weights = arena_alloc(&l->arena, count, sizeof *weights);
    struct dyadic *bias = arena_alloc(&l->arena, (size_t)columns, sizeof *bias);
    for (size_t i = 0; i < count; i++)
        weights[i] = dyadic_of(quantizer_apply(&layer->weight_quant, (int)i, layer->weights[i]));
    for (int j = 0; layer->bias && j < columns; j++)
        bias[j] = dyadic_of(quantizer_apply(&layer->bias_quant, j, layer->bias[j]));
    bool has_bias = layer->bias || l->is_bipolar;
    if (l->is_bipolar) take_bits(l, layer, rows, weights, bias);
    const struct layer *next = lowering_layer(l, 1);
    struct matrix matrix = {.name = layer->name, .rows = rows, .columns = columns};
    bool is_loadable = layer_is_loadable(l->options, layer);
    if (is_affine(next) && !is_loadable) {
        leave_for_affine(l, next, bias);
        for (size_t i = 0; i < count; i++)
            if (l->left_negated[i % (size_t)columns]) weights[i].integer = -weights[i].integer;
    } else if (has_bias) {
        matrix.bias = arena_alloc(&l->arena, (size_t)columns, sizeof *matrix.bias);
        matrix.bias_fraction_bits =
            common_grid(layer, "biases", bias, (size_t)columns, matrix.bias);
    }
    matrix.integers = arena_alloc(&l->arena, count, sizeof *matrix.integers);
    matrix.fraction_bits = common_grid(layer, "weights", weights, count, matrix.integers);
    if (is_loadable) lowering_declare(l, layer, &matrix);
    lowering_block(l, layer, true);
    int *results = arena_alloc(&l->arena, (size_t)columns, sizeof *results);
    program_add_matvec(l->program, l->values, rows, &matrix, results);
    l->values = results;
    for (int j = 0; j < columns; j++)
        lowering_check_exact(layer, l->program, results[j]);
}

int lower_scale(struct lowering *l, int value, struct dyadic scale, struct dyadic offset,
                const struct layer *layer)
{
    if (scale.integer == 0)
        return program_add_const(l->program, offset.integer, offset.fraction_bits);
    if (scale.integer == 1 && offset.integer == 0)
        return scale.fraction_bits == 0
                   ? value
                   : program_add_op(l->program, OP_SHIFT, &value, 1, -scale.fraction_bits);
    int result;
    struct matrix matrix = {.name = layer->name,
                            .rows = 1,
                            .columns = 1,
                            .integers = &scale.integer,
                            .fraction_bits = scale.fraction_bits,
                            .bias = offset.integer ? &offset.integer : NULL,
                            .bias_fraction_bits = offset.fraction_bits};
    program_add_matvec(l->program, &value, 1, &matrix, &result);
    return result;
}

/* The quantizer that the values meet next, perhaps through a ReLU; NULL if something else. */
static const struct layer *next_quant(const struct lowering *l, bool *relu)
{
    const struct layer *next = lowering_layer(l, 1);
    *relu = next && next->kind == LAYER_RELU;
    if (*relu) next = lowering_layer(l, 2);
    return next && next->kind == LAYER_QUANT ? next : NULL;
}

/* The reference multiplies before it adds the offset: that product has to be exact too. */
static void check_product(const struct lowering *l, const struct layer *layer, int j,
                          struct dyadic scale)
{
    const struct op *x = &l->program->ops[l->values[j]];
    double reach = fmax(fabs((double)x->lo), fabs((double)x->hi)) * ldexp(1, -op_fraction(x));
    int fraction = op_fraction(x);
    if (l->left_bias && l->left_bias[j].integer) {
        reach += fabs(dyadic_value(l->left_bias[j]));
        if (l->left_bias[j].fraction_bits > fraction) fraction = l->left_bias[j].fraction_bits;
    }
    double units = ldexp(reach * fabs(dyadic_value(scale)), fraction + scale.fraction_bits);
    if (units > ldexp(1, 53))
        fail("layer %s: its exact products need %d bits, more than the 53 that the "
             "double-precision reference can check; give the layer before it narrower weights or "
             "a quantizer",
             layer->name, ilogb(units) + 1);
}

/* The constants of element j over the value as the dense layer left it. */
static void affine_constants(const struct lowering *l, const struct layer *layer, int j,
                             struct dyadic *scale, struct dyadic *offset)
{
    double s, o;
    network_affine(layer, j, true, &s, &o);
    *scale = dyadic_of(s);
    *offset = dyadic_of(o);
    if (!l->left_bias) return;
    struct dyadic product;
    if (l->left_negated[j]) scale->integer = -scale->integer;
    if (!dyadic_mul(*scale, l->left_bias[j], &product) || !dyadic_add(*offset, product, offset))
        fail_grid(layer, "constants");
}

/* With the quantizer that follows, if there is one, in mind. */
static int affine_element(struct lowering *l, const struct layer *layer, int j,
                          const struct layer *quant, bool relu, struct dyadic scale,
                          struct dyadic offset)
{
    int value = l->values[j];
    const struct op *op = &l->program->ops[value];
    if (quant) {
        struct format format = quantizer_at(&quant->quant, j);
        affine_shorten(op->lo, op->hi, op_fraction(op), relu, format, &scale, &offset);
        if (lower_levels(l, &value, scale, offset, relu, format)) return value;
    }
    value = lower_scale(l, value, scale, offset, layer);
    lowering_check_exact(layer, l->program, value);
    return value;
}

void lower_affine(struct lowering *l, const struct layer *layer)
{
    lowering_block(l, layer, false);
    bool relu;
    const struct layer *quant = next_quant(l, &relu), *next = lowering_layer(l, 1);
    bool sign = next && next->kind == LAYER_SIGN;
    int *results = arena_alloc(&l->arena, (size_t)layer->size, sizeof *results);
    bool is_loadable = layer_is_loadable(l->options, lowering_layer(l, -1));
    if (is_loadable) lowering_load_affine(l, layer, results);
    for (int j = 0; j < layer->size && !is_loadable; j++) {
        struct dyadic scale, offset;
        affine_constants(l, layer, j, &scale, &offset);
        check_product(l, layer, j, scale);
        results[j] = sign ? lower_sign_of(l, l->values[j], scale, offset, layer)
                          : affine_element(l, layer, j, quant, relu, scale, offset);
    }
    l->is_bipolar = sign;
    l->position += sign;
    l->values = results;
    l->left_bias = NULL;
    l->left_negated = NULL;
}
