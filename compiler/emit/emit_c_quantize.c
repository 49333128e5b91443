/* Quantizers as C: rounding, then wrapping or limits, in 32 bits where they hold it. */
#include "compiler/emit/emit_c.h"

#include <inttypes.h>

void c_begin_call(struct c_printer *c, int helper, bool wide, const char *name)
{
    c->used[wide][helper] = true;
    text_add(&c->body, wide ? "%s_64(" : "%s(", name);
}

void c_add_mask(struct text *text, int width)
{
    text_add(text, " & %" PRIu64 "u", ((uint64_t)1 << width) - 1);
}

/* The operand's integer at the result's fraction: rounded where bits are dropped, and as it is
 * where they are added. */
struct rounded {
    int64_t lo, hi; /* its interval as far as 63 bits show it */
    int drop;       /* bits; below 0: bits that are missing */
    bool wide;      /* type of the expression */
};

static struct rounded plan_rounding(const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0);
    struct rounded r = {a->lo, a->hi, op_fraction(a) - op_fraction(op), !c_is_narrow(a)};
    struct format f = op->format;
    f.width_bits =
        FORMAT_MAX_BITS; /* of the result's fraction, wide enough to hold what rounding gives */
    f.integer_bits += FORMAT_MAX_BITS - op->format.width_bits;
    f.is_signed = a->lo < 0;
    f.overflow = OVERFLOW_SAT;
    if (r.drop > 0) {
        r.lo = program_quantize_integer(a->lo, op_fraction(a), f);
        r.hi = program_quantize_integer(a->hi, op_fraction(a), f);
    }
    r.wide = r.wide || (r.drop > 31 && r.drop <= 63);
    return r;
}

static void add_rounding(struct c_printer *c, const struct op *op, const struct rounded *r)
{
    int value = c->program->operands[op->operands];
    enum rounding rounding = op->format.rounding;
    struct text *text = &c->body;
    if (r->drop <= 0) {
        c_add_value(text, c->program, value, false);
    } else if (r->drop > 63) { /* below a half in size */
        if (rounding == ROUND_TRN)
            c_add_value(text, c->program, value, false), text_add(text, " < 0 ? -1 : 0");
        else
            text_add(text, "0 * "), c_add_value(text, c->program, value, false);
    } else if (rounding == ROUND_TRN) {
        c->shifts = true;
        c_add_value(text, c->program, value, r->wide);
        text_add(text, " >> %d", r->drop);
    } else {
        char name[32];
        snprintf(name, sizeof name, "round_%s", rounding_names[rounding]);
        c->shifts = true;
        c_begin_call(c, (int)C_ROUND + (int)rounding, r->wide, name);
        c_add_value(text, c->program, value, false);
        text_add(text, ", %d)", r->drop);
    }
}

static enum c_type add_wrapped(struct c_printer *c, const struct op *op, const struct rounded *r)
{
    int up = r->drop < 0 ? -r->drop : 0, width = op->format.width_bits;
    bool sign = op->format.is_signed, wide = r->wide || width > 31 || up > 31;
    if (sign) c_begin_call(c, C_WRAP, wide, "wrap");
    text_add(&c->body, wide ? "(uint64_t)(" : "(uint32_t)(");
    add_rounding(c, op, r);
    text_add(&c->body, up > 63 ? ") * 0" : ")");
    if (up && up <= 63) text_add(&c->body, " << %d", up);
    if (sign)
        text_add(&c->body, ", %d)", width);
    else
        c_add_mask(&c->body, width);
    return sign ? wide ? C_WIDE : C_NARROW : wide ? C_BITS : C_NARROW_BITS;
}

/* "limit(n, limits, ends, factor)": what is beyond the limits becomes an end. */
static enum c_type add_limited(struct c_printer *c, const struct op *op, const struct rounded *r,
                               int64_t limit_lo, int64_t limit_hi)
{
    struct format f = op->format;
    bool zero = f.overflow == OVERFLOW_SAT_ZERO;
    int up = r->drop < 0 && r->drop > -62 ? -r->drop : 0;
    int64_t min = format_min(f), max = format_max(f);
    int64_t numbers[] = {limit_lo, limit_hi, zero ? 0 : min, zero ? 0 : max, (int64_t)1 << up};
    bool wide = r->wide || !c_fits_narrow(min, max) || !c_fits_narrow(0, numbers[4]);
    c_begin_call(c, C_LIMIT, wide, "limit");
    add_rounding(c, op, r);
    for (int i = 0; i < 5; i++) {
        text_add(&c->body, ", ");
        c_add_integer(&c->body, numbers[i]);
    }
    text_add(&c->body, ")");
    return wide ? C_WIDE : C_NARROW;
}

enum c_type c_add_quantize(struct c_printer *c, const struct op *op)
{
    struct format f = op->format;
    struct rounded r = plan_rounding(c->program, op);
    int up = r.drop < 0 ? -r.drop : 0, shift = up > 63 ? 63 : up;
    int64_t min = format_min(f), limit_hi = format_max(f) >> shift, limit_lo = -(-min >> shift);
    if (r.lo < limit_lo || r.hi > limit_hi || (c->uniform && r.drop > 0))
        return f.overflow == OVERFLOW_WRAP ? add_wrapped(c, op, &r)
                                           : add_limited(c, op, &r, limit_lo, limit_hi);
    bool wide = r.wide || !c_is_narrow(op);
    if (up && wide) text_add(&c->body, "(int64_t)");
    add_rounding(c, op, &r);
    if (up && r.lo | r.hi) text_add(&c->body, " * "), c_add_integer(&c->body, (int64_t)1 << up);
    return wide ? C_WIDE : C_NARROW;
}
