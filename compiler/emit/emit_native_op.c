/* One operation as a statement over vectors. `b` bits wide lanes everywhere hold operands whole
 * where an operation looks at more than low bits. Masks are 0 or -1. */
#include "compiler/emit/emit_c.h"
#include "compiler/emit/emit_native.h"

#include <inttypes.h>
#include <string.h>

#define MAKE(...) arena_printf(&n->arena, __VA_ARGS__)

int native_lane(int128 lo, int128 hi)
{
    int bits = 16;
    while (bits < 64 && (lo < -((int128)1 << (bits - 1)) || hi >= (int128)1 << (bits - 1)))
        bits *= 2;
    return bits;
}

static int wider(int a, int b)
{
    return a > b ? a : b;
}

/* The number modulo the lane, in all lanes. */
static const char *constant(struct native_printer *n, int64_t number, int bits)
{
    int64_t low = (int64_t)((uint64_t)number << (64 - bits)) >> (64 - bits);
    struct text text = {0};
    if (low == INT64_MIN)
        text_add(&text, "INT64_MIN");
    else
        c_add_integer(&text, low);
    const char *result = MAKE("K%d(%s)", bits, text_string(&text));
    text_free(&text);
    return result;
}

static const char *convert(struct native_printer *n, const char *expression, int from, int to)
{
    return from == to ? expression : MAKE("TO%d(%s)", to, expression);
}

const char *native_value(struct native_printer *n, int value, int bits)
{
    const struct op *op = &n->program->ops[n->root[value]];
    int root = n->root[value], lane = n->lane[root];
    if (op->code == OP_CONST) return constant(n, op->immediate, bits);
    if (op->code == OP_INPUT)
        return convert(n, MAKE("IN(%d)", (int)op->immediate), n->in_bits, bits);
    const char *name =
        n->chunk[root] == n->here ? MAKE("v%d", root) : MAKE("f->s%d[%d]", lane, n->slot[root]);
    return convert(n, name, lane, bits);
}

static const char *operand(struct native_printer *n, const struct op *op, int i, int bits)
{
    return native_value(n, n->program->operands[op->operands + i], bits);
}

static int operand_lane(const struct native_printer *n, const struct op *op, int i)
{
    const struct op *a = program_operand(n->program, op, i);
    return native_lane(a->lo, a->hi);
}

/* a * 2^up modulo the lane */
static const char *raise(struct native_printer *n, const char *a, int up, int bits)
{
    if (up >= bits) return constant(n, 0, bits);
    return up ? MAKE("(%s << %d)", a, up) : a;
}

/* Operands `first` and the next one aligned to the finest fraction: shifts and intervals. */
struct aligned {
    int up;
    int128 lo, hi;
};

static void align_two(const struct program *p, const struct op *op, int first, int shift,
                      struct aligned pair[2])
{
    const struct op *a = program_operand(p, op, first), *b = program_operand(p, op, first + 1);
    int difference = op_fraction(a) - (op_fraction(b) - shift);
    const struct op *operands[2] = {a, b};
    int up[2] = {difference < 0 ? -difference : 0, difference > 0 ? difference : 0};
    for (int i = 0; i < 2; i++) {
        bool zero = operands[i]->lo == 0 && operands[i]->hi == 0;
        int128 factor = zero ? 0 : (int128)1 << up[i];
        pair[i] =
            (struct aligned){zero ? 0 : up[i], operands[i]->lo * factor, operands[i]->hi * factor};
    }
}

static const char *aligned_operand(struct native_printer *n, const struct op *op, int i,
                                   struct aligned a, int bits)
{
    return raise(n, operand(n, op, i, bits), a.up, bits);
}

/* An operand raised to the fraction of the sum. */
static const char *term(struct native_printer *n, const struct op *op, int i, int shift, int bits)
{
    const struct op *a = program_operand(n->program, op, i);
    int up = op_fraction(op) - op_fraction(a) + shift;
    return raise(n, operand(n, op, i, bits), a->lo == 0 && a->hi == 0 ? 0 : up, bits);
}

static const char *sum(struct native_printer *n, const struct op *op, int bits)
{
    const char *between = op_subtracts(op) ? "-" : "+";
    int first = op_first_addend(op);
    const char *text = MAKE("%s %s %s", term(n, op, first, 0, bits), between,
                            term(n, op, first + 1, (int)op->immediate, bits));
    return first ? MAKE("%s %s %s", text, between, term(n, op, 0, 0, bits)) : text;
}

/* How a and b are compared: in a lane that both fit; by their difference where a vector spans
 * registers (of which the compiler takes comparisons apart lane by lane) and the difference fits.
 */
struct comparison {
    int bits;
    bool direct;
};

static struct comparison comparison(const struct native_printer *n, int128 a_lo, int128 a_hi,
                                    int128 b_lo, int128 b_hi)
{
    int bits = wider(native_lane(a_lo, a_hi), native_lane(b_lo, b_hi));
    if (bits <= n->base) return (struct comparison){bits, true};
    int128 lo = a_lo - b_hi < b_lo - a_hi ? a_lo - b_hi : b_lo - a_hi;
    int128 hi = a_hi - b_lo > b_hi - a_lo ? a_hi - b_lo : b_hi - a_lo;
    int128 limit = (int128)1 << 63;
    if (lo < -limit || hi >= limit) return (struct comparison){64, true};
    return (struct comparison){wider(bits, native_lane(lo, hi)), false};
}

/* Mask of a < b. */
static const char *less(struct native_printer *n, const char *a, const char *b, struct comparison c)
{
    if (c.direct) return MAKE("(l%d)(%s < %s)", c.bits, a, b);
    return MAKE("((%s - %s) >> %d)", a, b, c.bits - 1);
}

static const char *choose(struct native_printer *n, const char *mask, const char *yes,
                          const char *no, int bits)
{
    return MAKE("CHOOSE(l%d, %s, %s, %s)", bits, mask, yes, no);
}

static const char *compare(struct native_printer *n, const struct op *op, int bits)
{
    struct aligned p[2];
    align_two(n->program, op, 0, 0, p);
    struct comparison c = comparison(n, p[0].lo, p[0].hi, p[1].lo, p[1].hi);
    int lane = c.bits;
    const char *a = aligned_operand(n, op, 0, p[0], lane);
    const char *b = aligned_operand(n, op, 1, p[1], lane);
    if (op->code == OP_MIN || op->code == OP_MAX) {
        bool min = op->code == OP_MIN;
        const char *mask = less(n, min ? a : b, min ? b : a, c);
        return convert(n, choose(n, mask, a, b, lane), lane, bits);
    }
    if (op->code == OP_LE) /* not b < a */
        return MAKE("%s + %s", convert(n, less(n, b, a, c), lane, bits), constant(n, 1, bits));
    const char *mask = op->code == OP_LT ? less(n, a, b, c)
                       : c.direct        ? MAKE("(l%d)(%s == %s)", lane, a, b)
                                         : MAKE("SAME(l%d, %d, %s, %s)", lane, lane - 1, a, b);
    return MAKE("-%s", convert(n, mask, lane, bits));
}

static const char *select_one(struct native_printer *n, const struct op *op, int bits)
{
    struct aligned pair[2];
    align_two(n->program, op, 1, 0, pair);
    const char *mask = MAKE("-%s", operand(n, op, 0, bits));
    return choose(n, mask, aligned_operand(n, op, 1, pair[0], bits),
                  aligned_operand(n, op, 2, pair[1], bits), bits);
}

static const char *result(struct native_printer *n, const struct op *op, int bits)
{
    const struct program *p = n->program;
    const struct op *matvec = program_operand(p, op, 0);
    struct text text = {0};
    int64_t bias, weight;
    result_bias(p, op, op_fraction(op), &bias);
    text_add(&text, "%s", constant(n, bias, bits));
    for (int row = 0; row < matvec->operand_count; row++) {
        result_weight(p, op, op_fraction(op), row, &weight);
        if (!weight) continue;
        const char *a = operand(n, matvec, row, bits);
        if (weight == 1 || weight == -1)
            text_add(&text, weight > 0 ? " + %s" : " - %s", a);
        else
            text_add(&text, "\n        + %s * %s", a, constant(n, weight, bits));
    }
    const char *all = arena_strdup(&n->arena, text_string(&text));
    text_free(&text);
    return all;
}

/* floor(a / 2^drop), one more where the mode says so of the remainder; 1 <= drop < bits. The
 * statement's own locals: a, q (the floor), r (the remainder), s (-1 where a < 0). */
static const char *rounded(struct native_printer *n, enum rounding rounding, int drop, int bits)
{
    const char *half = constant(n, (int64_t)((uint64_t)1 << (drop - 1)), bits), *d = NULL;
    const char *one = constant(n, 1, bits);
    switch (rounding) {
    case ROUND_TRN:
    case ROUNDING_COUNT: return "q";
    case ROUND_RND: return MAKE("q + (a >> %d & %s)", drop - 1, one);
    case ROUND_TRN_ZERO:
        return MAKE("(a + (s & %s)) >> %d", constant(n, (int64_t)(((uint64_t)1 << drop) - 1), bits),
                    drop);
    case ROUND_RND_ZERO: d = MAKE("r - %s - s - %s", one, half); break;
    case ROUND_RND_INF: d = MAKE("r + s - %s", half); break;
    case ROUND_RND_MIN_INF: d = MAKE("r - %s - %s", one, half); break;
    case ROUND_RND_CONV: d = MAKE("r - %s + (q & %s) - %s", one, one, half); break;
    }
    return MAKE("q + %s + ((%s) >> %d)", one, d, bits - 1);
}

/* What rounding gives before limiting, its interval, and the lane it is in. */
struct rounding_step {
    const char *expression;
    int64_t lo, hi;
};

static int64_t round_integer(const struct op *a, const struct op *op, int64_t n)
{
    struct format f = op->format;
    /* the result's fraction, wide enough to hold what rounding gives */
    f.integer_bits += FORMAT_MAX_BITS - f.width_bits;
    f.width_bits = FORMAT_MAX_BITS;
    f.is_signed = a->lo < 0;
    f.overflow = OVERFLOW_SAT;
    return program_quantize_integer(n, op_fraction(a), f);
}

static struct rounding_step round_step(struct native_printer *n, const struct op *op, int drop,
                                       int bits)
{
    const struct op *a = program_operand(n->program, op, 0);
    struct rounding_step step = {operand(n, op, 0, bits), a->lo, a->hi};
    if (drop <= 0) return step;
    step.lo = round_integer(a, op, a->lo);
    step.hi = round_integer(a, op, a->hi);
    if (drop >= bits) { /* only 64: below a half in size */
        step.expression =
            op->format.rounding == ROUND_TRN ? MAKE("%s >> 63", step.expression) : "K64(0)";
        return step;
    }
    const char *a_text = step.expression;
    const char *remainder = constant(n, (int64_t)(((uint64_t)1 << drop) - 1), bits);
    step.expression =
        MAKE("({ const l%d a = %s, q = a >> %d, r = a & %s, s = a >> %d; (void)r, (void)s; %s; })",
             bits, a_text, drop, remainder, bits - 1, rounded(n, op->format.rounding, drop, bits));
    return step;
}

static const char *wrapped(struct native_printer *n, const char *a, struct format f, int bits)
{
    if (f.width_bits >= bits) return a;
    if (f.is_signed) return MAKE("(%s << %d) >> %d", a, bits - f.width_bits, bits - f.width_bits);
    return MAKE("%s & %s", a, constant(n, (int64_t)(((uint64_t)1 << f.width_bits) - 1), bits));
}

/* `t` limited: integers above limit_hi give over, below limit_lo give under, others rise by up. */
static const char *limited(struct native_printer *n, struct rounding_step t, struct format f,
                           int up, struct comparison c)
{
    int bits = c.bits;
    int64_t min = format_min(f), max = format_max(f), zero = f.overflow == OVERFLOW_SAT_ZERO;
    int down = up > 63 ? 63 : up;
    int64_t limit_hi = max >> down, limit_lo = -(-min >> down);
    const char *inside = raise(n, "t", up, bits);
    if (t.hi > limit_hi)
        inside = choose(n, less(n, constant(n, limit_hi, bits), "t", c),
                        constant(n, zero ? 0 : max, bits), inside, bits);
    if (t.lo < limit_lo)
        inside = choose(n, less(n, "t", constant(n, limit_lo, bits), c),
                        constant(n, zero ? 0 : min, bits), inside, bits);
    return inside;
}

/* The lane of a quantize: holds the operand, the result, and what limits are compared with; they
 * lie between what is reached, if they are compared with. */
static struct comparison quantize_lane(const struct native_printer *n, const struct op *op,
                                       int drop)
{
    const struct op *a = program_operand(n->program, op, 0);
    struct comparison c = comparison(n, a->lo, a->hi, a->lo, a->hi);
    int bits = wider(c.bits, native_lane(op->lo, op->hi));
    while (bits < 64 && drop >= bits)
        bits *= 2;
    if (bits > n->base && bits > c.bits) c.direct = false; /* the difference fits a wider lane */
    c.bits = bits;
    return c;
}

static const char *quantize(struct native_printer *n, const struct op *op, int to)
{
    int drop = op_fraction(program_operand(n->program, op, 0)) - op_fraction(op);
    struct comparison c = quantize_lane(n, op, drop);
    int up = drop < 0 ? -drop : 0, bits = c.bits, down = up > 63 ? 63 : up;
    struct rounding_step t = round_step(n, op, drop, bits);
    const char *expression;
    if (t.lo >= -(-format_min(op->format) >> down) && t.hi <= format_max(op->format) >> down)
        expression = raise(n, t.expression, up, bits);
    else if (op->format.overflow == OVERFLOW_WRAP)
        expression = wrapped(n, MAKE("(%s)", raise(n, t.expression, up, bits)), op->format, bits);
    else
        expression = MAKE("({ const l%d t = %s; %s; })", bits, t.expression,
                          limited(n, t, op->format, up, c));
    return convert(n, expression, bits, to);
}

static const char *slice(struct native_printer *n, const struct op *op, int to)
{
    int bits = wider(operand_lane(n, op, 0), native_lane(op->lo, op->hi)), low = (int)op->immediate;
    const char *a = operand(n, op, 0, bits);
    a = MAKE("(%s >> %d)", a, low < bits ? low : bits - 1);
    return convert(n, wrapped(n, a, op->format, bits), bits, to);
}

static const char *concat(struct native_printer *n, const struct op *op, int bits)
{
    const char *all = NULL;
    for (int i = 0, offset = 0; i < op->operand_count && offset < bits; i++) {
        struct format f = program_operand(n->program, op, i)->format;
        f.is_signed = false;
        const char *a = MAKE("(%s)", wrapped(n, operand(n, op, i, bits), f, bits));
        a = raise(n, a, offset, bits);
        all = all ? MAKE("%s | %s", all, a) : a;
        offset += f.width_bits;
    }
    return all;
}

static const char *popcount(struct native_printer *n, const struct op *op, int bits)
{
    int width = program_operand(n->program, op, 0)->format.width_bits;
    int lane = operand_lane(n, op, 0);
    return MAKE("({ const l%d a = %s; l%d y; for (int i = 0; i < E; i++) y[i] = (int%d_t)"
                "__builtin_popcountll((uint64_t)(int64_t)a[i] & UINT64_C(%" PRIu64 ")); y; })",
                lane, operand(n, op, 0, lane), bits, bits, ((uint64_t)1 << width) - 1);
}

static const char *table(struct native_printer *n, const struct op *op, int bits)
{
    int lane = operand_lane(n, op, 0);
    return MAKE("({ const l%d a = %s; l%d y; for (int i = 0; i < E; i++) y[i] = (int%d_t)"
                "table_%d[(int64_t)a[i] - INT64_C(%" PRId64 ")]; y; })",
                lane, operand(n, op, 0, lane), bits, bits, (int)op->immediate,
                n->program->tables[op->immediate].first);
}

static const char *pick(struct native_printer *n, const struct op *op, int bits)
{
    struct text text = {0};
    int lane = operand_lane(n, op, 0);
    const struct op *index = program_operand(n->program, op, 0);
    text_add(&text, "({ const l%d a = %s; const l%d all[] = {", lane, operand(n, op, 0, lane),
             bits);
    for (int k = 1; k < op->operand_count; k++) {
        int up = op_fraction(op) - op_fraction(program_operand(n->program, op, k));
        text_add(&text, "%s", k > 1 ? ", " : "");
        if (k - 1 < index->lo || k - 1 > index->hi)
            text_add(&text, "(l%d){0}", bits); /* never chosen, perhaps not there */
        else
            text_add(&text, "%s", raise(n, operand(n, op, k, bits), up, bits));
    }
    text_add(&text, "}; l%d y; for (int i = 0; i < E; i++) y[i] = all[a[i]][i]; y; })", bits);
    const char *result = MAKE("%s", text_string(&text));
    text_free(&text);
    return result;
}

/* The constant shifted down by the operands' number, in lanes that hold its 2^operands bits: only
 * the lowest bit is kept, so its sign does not matter. */
static const char *lut(struct native_printer *n, const struct op *op, int bits)
{
    int count = op->operand_count, lane = count <= 4 ? 16 : count == 5 ? 32 : 64;
    if (lane < bits) lane = bits;
    const char *index = operand(n, op, 0, lane);
    for (int i = 1; i < count; i++)
        index = MAKE("%s | %s << %d", index, operand(n, op, i, lane), i);
    const char *table = constant(n, op->immediate, lane);
    return convert(n, MAKE("((l%d)(%s >> (%s)) & %s)", lane, table, index, constant(n, 1, lane)),
                   lane, bits);
}

static const char *expression(struct native_printer *n, const struct op *op, int bits)
{
    switch (op->code) {
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB: return sum(n, op, bits);
    case OP_NEG: return MAKE("-%s", operand(n, op, 0, bits));
    case OP_MUL: return MAKE("%s * %s", operand(n, op, 0, bits), operand(n, op, 1, bits));
    case OP_RESULT: return result(n, op, bits);
    case OP_QUANTIZE: return quantize(n, op, bits);
    case OP_LT:
    case OP_LE:
    case OP_EQ:
    case OP_MIN:
    case OP_MAX: return compare(n, op, bits);
    case OP_SELECT: return select_one(n, op, bits);
    case OP_TABLE: return table(n, op, bits);
    case OP_AND: return MAKE("%s & %s", operand(n, op, 0, bits), operand(n, op, 1, bits));
    case OP_OR: return MAKE("%s | %s", operand(n, op, 0, bits), operand(n, op, 1, bits));
    case OP_XOR: return MAKE("%s ^ %s", operand(n, op, 0, bits), operand(n, op, 1, bits));
    case OP_NOT: {
        const struct op *a = program_operand(n->program, op, 0);
        uint64_t mask =
            a->format.is_signed ? ~(uint64_t)0 : ((uint64_t)1 << a->format.width_bits) - 1;
        return MAKE("%s ^ %s", operand(n, op, 0, bits), constant(n, (int64_t)mask, bits));
    }
    case OP_POPCOUNT: return popcount(n, op, bits);
    case OP_CONCAT: return concat(n, op, bits);
    case OP_LUT: return lut(n, op, bits);
    case OP_SLICE: return slice(n, op, bits);
    case OP_PICK: return pick(n, op, bits);
    case OP_INDEX: /* those of loops: unrolled before */
    case OP_STATE:
    case OP_UPDATE:
    case OP_LOAD:
    case OP_STORE:
    case OP_INPUT:
    case OP_CONST:
    case OP_SHIFT:
    case OP_MATVEC:
    case OP_COUNT: break;
    }
    return NULL;
}

void native_print_op(struct native_printer *n, int value)
{
    int bits = n->lane[value];
    const char *right = expression(n, &n->program->ops[value], bits);
    if (!right) return;
    text_add(n->text, "    const l%d v%d = %s;\n", bits, value, right);
    if (n->slot[value] >= 0)
        text_add(n->text, "    f->s%d[%d] = v%d;\n", bits, n->slot[value], value);
}
