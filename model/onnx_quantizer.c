/* Quantizers as ONNX nodes: a Quant and, where it cannot say a mode or per-element formats,
 * standard nodes around it. The forms are those that onnx_pattern.c recognises;
 * docs/reference/model-file.md shows each. */
#include "model/onnx_emit.h"

#include "base/error.h"

#include <assert.h>
#include <math.h>

/* The least scale float32 holds to its full precision is 2^-126. */
enum { MAX_FRACTION_BITS = 120, WRAP_EXTRA_BITS = 26, SAT_ZERO_EXTRA_BITS = 2 };

/* What the nodes' constants are made of: one number per element, or one for all. */
struct quantizer_writer {
    struct emitter *emitter;
    const char *name;
    const struct quantizer *quant;
    struct shape shape;
    const char *scale, *zero; /* initializers */
    bool is_signed;           /* of the Quant node */
    int bits;                 /* of the Quant node */
};

static struct format first_format(const struct quantizer_writer *w)
{
    return w->quant->formats[0];
}

static double half_step(struct format f)
{
    return 0.5 * format_step(f);
}
static double minimum(struct format f)
{
    return (double)format_min(f) * format_step(f);
}
static double maximum(struct format f)
{
    return (double)format_max(f) * format_step(f);
}
static double mirrored(struct format f)
{
    return -maximum(f);
}
static double modulus(struct format f)
{
    return ldexp(format_step(f), f.width_bits);
}
static double wrap_minus(struct format f)
{
    return f.is_signed ? modulus(f) / 2 : 0;
}
static double wrap_plus(struct format f)
{
    return modulus(f) + wrap_minus(f);
}

static const char *part(struct quantizer_writer *w, const char *what)
{
    return arena_printf(&w->emitter->arena, "%s/%s", w->name, what);
}

/* A constant of the quantizer: a scalar, or one number per element in the shape of the input. */
static const char *constant(struct quantizer_writer *w, const char *what,
                            double (*of)(struct format))
{
    size_t count = (size_t)w->quant->count;
    double *values = arena_alloc(&w->emitter->arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = of(w->quant->formats[i]);
    return emit_constant(w->emitter, part(w, what), count == 1 ? shape_scalar() : w->shape, values);
}

static const char *scalar(struct quantizer_writer *w, const char *what, double value)
{
    return emit_constant(w->emitter, part(w, what), shape_scalar(), &value);
}

static const char *node(struct quantizer_writer *w, const char *op, const char *name, const char *a,
                        const char *b)
{
    return emit_node(w->emitter, op, name, w->shape, (const char *const[5]){a, b});
}

static const char *quant_node(struct quantizer_writer *w, const char *name, const char *input,
                              int bits, bool is_signed, bool is_narrow)
{
    static const char *const modes[ROUNDING_COUNT] = {
        [ROUND_TRN] = "FLOOR",          [ROUND_TRN_ZERO] = "DOWN",   [ROUND_RND] = "FLOOR",
        [ROUND_RND_ZERO] = "HALF_DOWN", [ROUND_RND_INF] = "HALF_UP", [ROUND_RND_MIN_INF] = "CEIL",
        [ROUND_RND_CONV] = "ROUND"};
    const char *bit_width =
        emit_constant(w->emitter, arena_printf(&w->emitter->arena, "%s/bits", name), shape_scalar(),
                      &(double){bits});
    const char *output = emit_node(w->emitter, "Quant", name, w->shape,
                                   (const char *const[5]){input, w->scale, w->zero, bit_width});
    emit_int(w->emitter, "narrow", is_narrow);
    emit_string(w->emitter, "rounding_mode", modes[first_format(w).rounding]);
    emit_int(w->emitter, "signed", is_signed);
    return output;
}

/* Bits and sign of the one Quant that holds every element's range. Signed 1 bit is no integer in
 * QONNX but -1 and +1, so that there are 2 at least. */
static void choose_bits(struct quantizer_writer *w)
{
    for (int i = 0; i < w->quant->count; i++)
        w->is_signed = w->is_signed || w->quant->formats[i].is_signed;
    w->bits = w->is_signed ? 2 : 1;
    for (int i = 0; i < w->quant->count; i++) {
        struct format f = w->quant->formats[i];
        int bits = f.width_bits + (w->is_signed && !f.is_signed);
        if (bits > w->bits) w->bits = bits;
        if (f.rounding != first_format(w).rounding || f.overflow != first_format(w).overflow)
            fail_at(w->emitter->path, 0,
                    "%s: the formats of one quantizer differ in rounding or overflow mode",
                    w->name);
        if (format_fraction_bits(f) > MAX_FRACTION_BITS)
            fail_at(w->emitter->path, 0, "%s: %d fraction bits; a model file holds at most %d",
                    w->name, format_fraction_bits(f), MAX_FRACTION_BITS);
    }
}

/* The value brought into [-M/2, M/2) or [0, M): fmod keeps the sign of its operand, so it is
 * applied again after adding 3M/2 or M, which makes the operand positive. */
static const char *wrap(struct quantizer_writer *w, const char *at)
{
    const char *m = constant(w, "modulus", modulus);
    at = node(w, "Mod", part(w, "mod"), at, m);
    emit_int(w->emitter, "fmod", 1);
    at = node(w, "Add", part(w, "lift"), at, constant(w, "plus", wrap_plus));
    at = node(w, "Mod", part(w, "mod_again"), at, m);
    emit_int(w->emitter, "fmod", 1);
    return node(w, "Sub", part(w, "lower"), at, constant(w, "minus", wrap_minus));
}

/* Whether the range of the Quant node is that of every element. */
static bool needs_clamp(const struct quantizer_writer *w)
{
    return w->quant->count > 1 || first_format(w).width_bits != w->bits;
}

static bool has_unsigned(const struct quantizer *quant)
{
    for (int i = 0; i < quant->count; i++)
        if (!quant->formats[i].is_signed) return true;
    return false;
}

const char *emit_quantizer(struct emitter *emitter, const char *name, const struct quantizer *quant,
                           struct shape shape, const char *input)
{
    struct quantizer_writer w = {.emitter = emitter, .name = name, .quant = quant, .shape = shape};
    struct format first = quant->formats[0];
    assert(quant->count == 1 || (size_t)quant->count == shape_count(shape));
    choose_bits(&w);
    w.scale = constant(&w, "scale", format_step);
    w.zero = scalar(&w, "zero", 0);
    bool is_zero = first.overflow == OVERFLOW_SAT_ZERO, is_wrap = first.overflow == OVERFLOW_WRAP;
    const char *at = input, *rounded = NULL;
    if (first.rounding == ROUND_RND)
        at = node(&w, "Add", part(&w, "half_up"), at, constant(&w, "half", half_step));
    if (first.rounding == ROUND_RND_MIN_INF)
        at = node(&w, "Sub", part(&w, "half_down"), at, constant(&w, "half", half_step));
    if (is_zero || is_wrap)
        at = rounded =
            quant_node(&w, part(&w, "round"), at,
                       w.bits + (is_zero ? SAT_ZERO_EXTRA_BITS : WRAP_EXTRA_BITS), true, false);
    if (is_wrap) at = wrap(&w, at);
    if (first.overflow == OVERFLOW_SAT_SYM && has_unsigned(quant))
        at = node(&w, "Max", part(&w, "symmetric"), at, constant(&w, "mirror", mirrored));
    if (needs_clamp(&w)) {
        at = node(&w, "Max", part(&w, "above"), at, constant(&w, "low", minimum));
        at = node(&w, "Min", part(&w, "below"), at, constant(&w, "high", maximum));
    }
    at = quant_node(&w, is_zero ? part(&w, "limit") : name, at, w.bits, w.is_signed,
                    w.is_signed && first.overflow == OVERFLOW_SAT_SYM);
    if (!is_zero) return at;
    const char *equal = node(&w, "Equal", part(&w, "equal"), rounded, at);
    return emit_node(emitter, "Where", name, shape, (const char *const[5]){equal, at, w.zero});
}
