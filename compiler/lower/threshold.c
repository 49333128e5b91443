/* Batch normalisation folded into thresholds: where few levels follow (a sign, or a quantizer of
 * one or two bits), the result is a number of comparisons of the sum with integers, and nothing is
 * multiplied or added. */
#include "compiler/lower/lower.h"

#include "base/error.h"

enum { MAX_LEVELS = 4 };

/* What becomes of a stored integer n, up to the quantizer. */
struct staircase {
    struct dyadic scale, offset; /* of n * 2^-fraction_bits */
    int fraction_bits;
    bool is_sign, relu;
    struct format format;
    const struct layer *layer; /* for messages */
};

static struct dyadic line(const struct staircase *s, int64_t n)
{
    struct dyadic y;
    if (!dyadic_mul(s->scale, dyadic_make(n, s->fraction_bits), &y) ||
        !dyadic_add(y, s->offset, &y))
        fail("layer %s: its constants span more than 62 bits between the largest and the finest",
             s->layer->name);
    return y;
}

/* 0 or 1 of a sign; else the quantizer's stored integer. */
static int64_t level(const struct staircase *s, int64_t n)
{
    struct dyadic y = line(s, n);
    if (s->is_sign) return y.integer >= 0;
    double x = s->relu && y.integer < 0 ? 0 : dyadic_value(y);
    return format_to_integer(s->format, format_quantize(s->format, x));
}

/* 1 where the level is at least k. */
static int add_bit(struct lowering *l, const struct staircase *s, int value, int64_t k)
{
    struct program *p = l->program;
    int64_t first = p->ops[value].lo, end = p->ops[value].hi + 1;
    const bool falls = s->scale.integer < 0;
    const int64_t lo = first, hi = end - 1;
    while (first < end) { /* the least n whose answer is not that of the lowest ones */
        int64_t middle = first + (end - first) / 2;
        if ((level(s, middle) >= k) != falls)
            end = middle;
        else
            first = middle + 1;
    }
    if (first == lo) return program_add_const(p, !falls, 0);
    if (first > hi) return program_add_const(p, falls, 0);
    int limit = program_add_const(p, first, s->fraction_bits);
    return falls ? program_add2(p, OP_LT, value, limit, 0)
                 : program_add2(p, OP_LE, limit, value, 0);
}

int lower_sign_of(struct lowering *l, int value, struct dyadic scale, struct dyadic offset,
                  const struct layer *layer)
{
    struct staircase s = {.scale = scale,
                          .offset = offset,
                          .fraction_bits = op_fraction(&l->program->ops[value]),
                          .is_sign = true,
                          .layer = layer};
    return add_bit(l, &s, value, 1);
}

void lower_sign(struct lowering *l, const struct layer *layer)
{
    lowering_block(l, layer, false);
    for (int j = 0; j < layer->size; j++)
        l->values[j] = lower_sign_of(l, l->values[j], dyadic_make(1, 0), dyadic_make(0, 0), layer);
    l->is_bipolar = true;
}

/* Whether a double holds the number and what it is the sum of. */
static bool is_exact(struct dyadic y, int fraction_bits)
{
    int64_t limit = (int64_t)1 << 53, integer;
    return dyadic_on_grid(y, fraction_bits, &integer) && integer >= -limit && integer <= limit;
}

bool lower_levels(struct lowering *l, int *value, struct dyadic scale, struct dyadic offset,
                  bool relu, struct format format)
{
    struct program *p = l->program;
    const int64_t lo = p->ops[*value].lo, hi = p->ops[*value].hi;
    int additions = (scale.integer ? csd_count(scale.integer) - 1 : 0) + (offset.integer != 0);
    if (format.overflow != OVERFLOW_SAT && format.overflow != OVERFLOW_SAT_SYM) return false;
    struct staircase s = {.scale = scale,
                          .offset = offset,
                          .fraction_bits = op_fraction(&p->ops[*value]),
                          .relu = relu,
                          .format = format,
                          .layer = lowering_layer(l, 0)};
    int finest = scale.fraction_bits + s.fraction_bits;
    if (offset.integer && offset.fraction_bits > finest) finest = offset.fraction_bits;
    if (!is_exact(line(&s, lo), finest) || !is_exact(line(&s, hi), finest)) return false;
    int64_t low = level(&s, lo), high = level(&s, hi);
    if (low > high) {
        int64_t swap = low;
        low = high;
        high = swap;
    }
    if (high - low >= MAX_LEVELS || high - low > additions) return false;
    int bits[MAX_LEVELS], count = 0;
    for (int64_t k = low + 1; k <= high; k++)
        bits[count++] = add_bit(l, &s, *value, k);
    int fraction = format_fraction_bits(format);
    struct matrix matrix = {.name = s.layer->name,
                            .rows = count,
                            .columns = 1,
                            .integers = (int64_t[MAX_LEVELS]){1, 1, 1, 1},
                            .fraction_bits = fraction,
                            .bias = low ? &low : NULL,
                            .bias_fraction_bits = fraction};
    if (count == 0)
        *value = program_add_const(p, low, fraction);
    else
        program_add_matvec(p, bits, count, &matrix, value);
    return true;
}

void lowering_open_bits(struct lowering *l, const struct layer *layer)
{
    if (!l->is_bipolar) return;
    for (int j = 0; j < layer->size; j++)
        l->values[j] = lower_scale(l, l->values[j], dyadic_make(2, 0), dyadic_make(-1, 0), layer);
    l->is_bipolar = false;
}
