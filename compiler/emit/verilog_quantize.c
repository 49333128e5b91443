/* quantize as Verilog: hi + one carry for the rounding, then a choice for the overflow.
 *
 * With d dropped bits, floor(a / 2^d) is a[W-1:d], and every rounding mode adds 0 or 1 to it:
 *   TRN 0 | RND half | TRN_ZERO sign & any | RND_MIN_INF half & below | RND_ZERO half & (below |
 * sign) RND_INF half & (below | ~sign) | RND_CONV half & (below | odd) half = a[d-1], below =
 * |a[d-2:0], any = |a[d-1:0], odd = a[d], sign = a[W-1]. Whether the result can leave its format's
 * range on either side is known from the operand's interval; only what can happen is built. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

__extension__ typedef __int128 int128;

struct quantize {
    struct verilog_signal a; /* operand, or the rounded value once that has a wire */
    int drop;                /* bits dropped from it; negative: zeros appended */
    enum rounding rounding;
    bool may_be_negative;
};

/* |bits [low, high] of the operand's endless extension; false (nothing printed) if there are none
 * but zeros. */
static bool print_any(struct text *t, const struct verilog_signal *a, int low, int high)
{
    if (low < 0) low = 0;
    if (high >= a->width) high = a->is_signed && low < a->width ? a->width - 1 : high;
    if (!a->is_signed && high >= a->width) high = a->width - 1;
    if (high < low) return false;
    if (high > low && low < a->width) text_add(t, "|");
    if (low >= a->width) high = low; /* copies of the sign */
    verilog_field(t, a, low, high - low + 1);
    return true;
}

/* The carry that rounding adds, one bit; "" if it is always 0. */
static void print_carry(const struct quantize *q, struct text *t)
{
    int d = q->drop;
    enum rounding mode = q->rounding;
    if (!q->may_be_negative) {
        if (mode == ROUND_TRN_ZERO) mode = ROUND_TRN;
        if (mode == ROUND_RND_ZERO) mode = ROUND_RND_MIN_INF;
        if (mode == ROUND_RND_INF) mode = ROUND_RND;
    }
    if (d <= 0 || mode == ROUND_TRN) return;
    const struct verilog_signal *a = &q->a;
    if (mode == ROUND_TRN_ZERO) {
        verilog_field(t, a, a->width - 1, 1);
        text_add(t, " & (");
        print_any(t, a, 0, d - 1);
        text_add(t, ")");
        return;
    }
    if (mode == ROUND_RND) {
        verilog_field(t, a, d - 1, 1);
        return;
    }
    struct text below = {0};
    bool some_below = d >= 2 && print_any(&below, a, 0, d - 2);
    if (mode == ROUND_RND_MIN_INF && !some_below) return; /* exact halves go down */
    verilog_field(t, a, d - 1, 1);
    text_add(t, " & (%s", text_string(&below));
    if (mode != ROUND_RND_MIN_INF) {
        text_add(t, some_below ? " | " : "");
        if (mode == ROUND_RND_INF) text_add(t, "~");
        verilog_field(t, a, mode == ROUND_RND_CONV ? d : a->width - 1, 1);
    }
    text_add(t, ")");
    text_free(&below);
}

/* floor plus carry, as an expression of `width` bits. */
static void print_rounded(const struct quantize *q, struct text *t, int width)
{
    struct text carry = {0};
    print_carry(q, &carry);
    verilog_field(t, &q->a, q->drop, width);
    if (carry.length > 0) {
        if (width > 1)
            text_add(t, " + {%d'd0, %s}", width - 1, text_string(&carry));
        else
            text_add(t, " ^ (%s)", text_string(&carry));
    }
    text_free(&carry);
}

static int128 limit_of(const struct op *source, bool high, struct format format)
{
    /* Interval ends after rounding, before limiting. */
    int fraction = op_fraction(source), drop = fraction - format_fraction_bits(format);
    int64_t end = high ? source->hi : source->lo;
    if (drop <= 0) return (int128)end * ((int128)1 << (drop < -64 ? 64 : -drop));
    struct format wide = format;
    wide.is_signed = true;
    wide.width_bits = FORMAT_MAX_BITS;
    wide.integer_bits = FORMAT_MAX_BITS - format_fraction_bits(format);
    wide.overflow = OVERFLOW_SAT;
    return program_quantize_integer(end, fraction, wide);
}

/* One condition of the range check: ~sign & |high bits, or sign & ~&high bits (and more for
 * SAT_SYM). */
static void print_over(struct text *t, const struct verilog_signal *r, int first_bad)
{
    int top = r->is_signed ? r->width - 2 : r->width - 1;
    if (r->is_signed) {
        text_add(t, "~");
        verilog_field(t, r, r->width - 1, 1);
        text_add(t, " & ");
    }
    if (r->is_signed) text_add(t, "(");
    if (!print_any(t, r, first_bad, top)) text_add(t, "1'd0");
    if (r->is_signed) text_add(t, ")");
}

static void print_under(struct text *t, const struct verilog_signal *r, struct format format)
{
    int width = format.width_bits, top = r->width - 2;
    verilog_field(t, r, r->width - 1, 1);
    if (!format.is_signed) return;
    bool high = top >= width - 1, symmetric = format.overflow == OVERFLOW_SAT_SYM;
    if (symmetric && width == 1) return; /* nothing below zero is in range */
    text_add(t, " & (");
    if (high) {
        text_add(t, top > width - 1 ? "~&" : "~");
        verilog_field(t, r, width - 1, top - width + 2);
    }
    if (symmetric) {
        text_add(t, width > 2 ? "%s~|" : "%s~", high ? " | " : "");
        verilog_field(t, r, 0, width - 1);
    }
    text_add(t, ")");
}

/* The names of bits of a helper wire that nothing reads. */
static void note_unused(struct verilog_module *module, const struct verilog_signal *r)
{
    for (int bit = 0; bit < r->full_width; bit++)
        if (!(*r->used >> bit & 1))
            text_add(&module->unused_extra, r->full_width > 1 ? ", %s[%d]" : ", %s", r->name, bit);
}

static void print_limited(const struct verilog_signal *r, struct text *t, const struct op *op,
                          bool over, bool under)
{
    const char *name = r->name;
    int width = op->format.width_bits;
    struct verilog_signal edge = {.is_constant = true};
    bool zero = op->format.overflow == OVERFLOW_SAT_ZERO;
    if (over) {
        edge.integer = zero ? 0 : format_max(op->format);
        text_add(t, "%s_over ? ", name);
        verilog_field(t, &edge, 0, width);
        text_add(t, " : ");
    }
    if (under) {
        edge.integer = zero ? 0 : format_min(op->format);
        text_add(t, "%s_under ? ", name);
        verilog_field(t, &edge, 0, width);
        text_add(t, " : ");
    }
    verilog_field(t, r, 0, width);
}

void verilog_quantize(struct verilog_module *module, int value)
{
    const struct program *p = module->plan->program;
    const struct op *op = &p->ops[value], *source = program_operand(p, op, 0);
    const char *name = module->plan->values[value].name;
    struct text *t = &module->body;
    struct quantize q = {verilog_operand(module, value, 0), op_fraction(source) - op_fraction(op),
                         op->format.rounding, source->lo < 0};
    if (q.drop < -64) q.drop = -64; /* no bit that a format keeps is left */
    int128 lo = limit_of(source, false, op->format), hi = limit_of(source, true, op->format);
    bool limited = op->format.overflow != OVERFLOW_WRAP;
    bool over = limited && hi > format_max(op->format),
         under = limited && lo < format_min(op->format);
    size_t start = t->length;
    if (over || under) {
        /* One bit more than the floor has, for the carry; nothing is lost before the range check.
         */
        verilog_mask used = 0;
        struct verilog_signal r = {.is_signed = q.a.is_signed, .used = &used};
        r.width = q.a.width - q.drop;
        if (q.drop > 0 && op->format.rounding != ROUND_TRN) r.width++;
        if (r.width < 1) r.width = 1;
        if (q.a.is_signed && r.width < 2) r.width = 2;
        r.full_width = r.width;
        snprintf(r.name, sizeof r.name, "%s_r", name);
        verilog_declare(t, "    wire", r.is_signed, r.width);
        text_add(t, "%s = ", r.name);
        print_rounded(&q, t, r.width);
        text_add(t, ";\n");
        if (over) {
            text_add(t, "    wire %s_over = ", r.name);
            print_over(t, &r,
                       op->format.is_signed ? op->format.width_bits - 1 : op->format.width_bits);
            text_add(t, ";\n");
        }
        if (under) {
            text_add(t, "    wire %s_under = ", r.name);
            print_under(t, &r, op->format);
            text_add(t, ";\n");
        }
        verilog_declare(t, "    wire", op->format.is_signed, op->format.width_bits);
        text_add(t, "%s = ", name);
        print_limited(&r, t, op, over, under);
        note_unused(module, &r);
    } else {
        verilog_declare(t, "    wire", op->format.is_signed, op->format.width_bits);
        text_add(t, "%s = ", name);
        print_rounded(&q, t, op->format.width_bits);
    }
    text_add(t, ";\n");
    verilog_note(module, start, value);
}
