/* What intervals decide. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

#include <assert.h>

/* What the readers of a value rely on besides the real number it stands for. */
enum { KEEP_NOTHING, KEEP_FRACTION, KEEP_BITS };

static unsigned char keeps(enum op_code code)
{
    return op_reads_bits(code) ? KEEP_BITS : code == OP_TABLE ? KEEP_FRACTION : KEEP_NOTHING;
}

/* a <= b for all values: 1; a > b never known: 0. */
static bool always_at_most(const struct op *a, const struct op *b)
{
    int fraction = op_fraction(a) > op_fraction(b) ? op_fraction(a) : op_fraction(b);
    int up_a = fraction - op_fraction(a), up_b = fraction - op_fraction(b);
    if (up_a > 62 || up_b > 62) return false;
    __extension__ typedef __int128 int128;
    return a->hi * ((int128)1 << up_a) <= b->lo * ((int128)1 << up_b);
}

/* One operand of a min or max that always wins; -1 if neither does. */
static int winner(const struct rewrite *r, const struct op *op)
{
    int a = rewrite_operand(r, op, 0), b = rewrite_operand(r, op, 1);
    const struct op *x = &r->program->ops[a], *y = &r->program->ops[b];
    if (always_at_most(x, y)) return op->code == OP_MAX ? b : a;
    if (always_at_most(y, x)) return op->code == OP_MAX ? a : b;
    return -1;
}

/* a + 0, a - 0, 0 + b * 2^s and 0 - b; -1 for anything else. */
static int simplify_sum(const struct rewrite *r, const struct op *op)
{
    struct program *p = r->program;
    int a = rewrite_operand(r, op, 0), b = rewrite_operand(r, op, 1);
    if (op_is_zero(&p->ops[b])) return a;
    if (!op_is_zero(&p->ops[a])) return -1;
    if (op->immediate) b = program_add_op(p, OP_SHIFT, &b, 1, op->immediate);
    return op->code == OP_SUB ? program_add_op(p, OP_NEG, &b, 1, 0) : b;
}

/* A sum whose carry never comes is one of two operands. */
static int simplify_carry(const struct rewrite *r, const struct op *op)
{
    if (!op_is_zero(&r->program->ops[rewrite_operand(r, op, 0)])) return -1;
    return program_add2(r->program, op->code == OP_ADC ? OP_ADD : OP_SUB, rewrite_operand(r, op, 1),
                        rewrite_operand(r, op, 2), op->immediate);
}

/* A comparison with a constant as a >= limit or its opposite, limit an integer in a's own units:
 * the zeros at its end need no comparison, for 0 all bits but the sign. -1 if there are none. */
static int simplify_limit(const struct rewrite *r, const struct op *op)
{
    struct program *p = r->program;
    int a = rewrite_operand(r, op, 0), b = rewrite_operand(r, op, 1);
    bool is_first = p->ops[a].code == OP_CONST;
    const struct op constant = p->ops[is_first ? a : b];
    int value = is_first ? b : a, up = op_fraction(&p->ops[value]) - op_fraction(&constant);
    int64_t limit = constant.lo;
    if (constant.code != OP_CONST || up < 0 || up > 30 || limit > INT32_MAX || limit < -INT32_MAX)
        return -1;
    limit *= (int64_t)1 << up;
    /* c < a and a <= c have the limit above c. */
    if ((op->code == OP_LT) == is_first) limit++;
    int zeros = limit ? __builtin_ctzll((uint64_t)limit) : p->ops[value].format.width_bits - 1;
    if (!zeros || p->ops[value].code == OP_CONST) return -1;
    int fraction = op_fraction(&p->ops[value]) - zeros;
    int high = rewrite_truncate(p, value, fraction);
    int least = program_add_const(p, limit / ((int64_t)1 << zeros), fraction);
    return is_first ? program_add2(p, OP_LE, least, high, 0)
                    : program_add2(p, OP_LT, high, least, 0);
}

/* The interval of n * 2^-drop rounded but not limited. */
static void rounded_interval(const struct op *x, struct format format, int64_t *lo, int64_t *hi)
{
    struct format wide = {63, 63 - format_fraction_bits(format), true, format.rounding,
                          OVERFLOW_SAT};
    *lo = program_quantize_integer(x->lo, op_fraction(x), wide);
    *hi = program_quantize_integer(x->hi, op_fraction(x), wide);
}

/* A quantizer that changes nothing is dropped; one that never limits, wraps; the format is as wide
 * as the results need. */
static int simplify_quantize(const struct rewrite *r, const struct op *op, unsigned char keep)
{
    struct program *p = r->program;
    int a = rewrite_operand(r, op, 0);
    struct op x = p->ops[a];
    struct format format = op->format;
    int64_t lo, hi;
    rounded_interval(&x, format, &lo, &hi);
    int drop = op_fraction(&x) - op_fraction(op);
    bool fits = lo >= format_min(format) && hi <= format_max(format);
    if (drop <= 0) format.rounding = ROUND_TRN;
    if (fits && drop <= 0 && (keep == KEEP_NOTHING || drop == 0)) return a;
    if (fits) {
        enum rounding rounding = format.rounding;
        format = format_of_interval(lo, hi, op_fraction(op));
        format.rounding = rounding;
        format.overflow = OVERFLOW_WRAP;
    } else if (format.overflow == OVERFLOW_SAT && op->lo >= 0) {
        bool clips_top = hi > format_max(format);
        if (!clips_top || !format.is_signed) {
            int64_t most = clips_top ? format_max(format) : hi;
            struct format narrow = format_of_interval(0, most, op_fraction(op));
            narrow.rounding = format.rounding;
            if (lo >= 0 || !format.is_signed) format = narrow;
        }
    }
    return program_add_quantize(p, a, format);
}

static int simplify(struct rewrite *r, int value)
{
    const unsigned char *keep = r->pass;
    struct program *p = r->program;
    const struct op *op = &r->old->ops[value];
    int other = -1;
    if (op->code == OP_INPUT || op->code == OP_MATVEC || op->code >= OP_INDEX ||
        keep[value] == KEEP_BITS)
        return rewrite_copy(r, value);
    if (op->lo == op->hi) return program_add_const(p, op->lo, op_fraction(op));
    if (op->code == OP_QUANTIZE) return simplify_quantize(r, op, keep[value]);
    if (op->code == OP_MIN || op->code == OP_MAX) other = winner(r, op);
    if (op->code == OP_ADD || op->code == OP_SUB) other = simplify_sum(r, op);
    if (op->code == OP_ADC || op->code == OP_SBB) other = simplify_carry(r, op);
    if (op->code == OP_LT || op->code == OP_LE) other = simplify_limit(r, op);
    if (op->code == OP_SHIFT && op->immediate == 0) other = rewrite_operand(r, op, 0);
    if (op->code == OP_SELECT) {
        const struct op *condition = &p->ops[rewrite_operand(r, op, 0)];
        if (condition->lo == condition->hi)
            other = rewrite_operand(r, op, condition->lo ? 1 : 2);
        else if (rewrite_operand(r, op, 1) == rewrite_operand(r, op, 2))
            other = rewrite_operand(r, op, 1);
    }
    if (other < 0) return rewrite_copy(r, value);
    bool same = op_fraction(&p->ops[other]) == op_fraction(op);
    return keep[value] && !same ? rewrite_copy(r, value) : other;
}

struct program *optimize_simplify(const struct program *old, const struct target *target)
{
    (void)target;
    struct arena arena = {0};
    unsigned char *keep = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *keep);
    for (int i = 0; i < old->op_count; i++) {
        const struct op *op = &old->ops[i];
        /* Loops are not rewritten, and memories have their format. */
        bool is_fixed = block_is_loop(&old->blocks[program_block_of(old, i)]) ||
                        op->code == OP_LOAD || op->code == OP_STORE;
        unsigned char least = is_fixed ? KEEP_BITS : keeps(op->code);
        for (int k = 0; k < op->operand_count; k++) {
            unsigned char *kept = &keep[old->operands[op->operands + k]];
            *kept = least > *kept ? least : *kept;
        }
    }
    struct program *program = rewrite_program(old, simplify, keep);
    arena_free(&arena);
    return program;
}
