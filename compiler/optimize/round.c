/* Rounding made cheap.
 *
 * Rounding to nearest is adding a half and truncating; the other modes add a little less where the
 * argument's sign is known. The addend goes into the bias of the matvec that makes the argument
 * (perhaps seen through a ReLU), where it costs nothing beside a bias that is there already. A ReLU
 * before an unsigned saturating quantizer does what that does anyway.
 *
 * Halves to the even neighbour: rounding to nearest, where a half shows as all dropped bits zero
 * after the addition, and then the last bit that stays is cleared. No second carry chain. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

#include <assert.h>

/* What to do for one quantize. */
struct plan {
    bool truncates;    /* to rewrite: add `addend` units of the argument's step, then TRN */
    bool ties_to_even; /* and then halves go to the even neighbour */
    int64_t addend;    /* in units of the argument's step */
    int argument;      /* the value that is quantized: its operand, or what the ReLU before reads */
    int matvec;        /* whose bias takes the addend; -1: an addition does */
    int column;
    bool behind_relu; /* the ReLU stays, between the sum and the quantizer */
};

struct round {
    struct plan *plans; /* [op_count], of quantizes */
    /* For each matvec with changed biases: addends by column, in the results' steps. NULL: none */
    struct dyadic_addend **addends;
    int *users;
};

struct dyadic_addend {
    int64_t integer;
    int fraction_bits;
};

/* The addend after which truncation equals the mode, in units of the argument's step, when `drop`
 * bits go; false when no one addend does it. */
static bool rounding_addend(enum rounding mode, int drop, bool not_negative, bool not_positive,
                            int64_t *addend)
{
    int64_t unit = (int64_t)1 << drop, half = unit / 2;
    switch (mode) {
    case ROUND_TRN: *addend = 0; return true;
    case ROUND_RND:
    case ROUND_RND_CONV: *addend = half; return true;
    case ROUND_RND_MIN_INF: *addend = half - 1; return true;
    case ROUND_TRN_ZERO: *addend = not_negative ? 0 : unit - 1; break;
    case ROUND_RND_ZERO: *addend = not_negative ? half - 1 : half; break;
    case ROUND_RND_INF: *addend = not_negative ? half : half - 1; break;
    case ROUNDING_COUNT: assert(!"a rounding mode");
    }
    return not_negative || not_positive;
}

/* max(x, 0): the index of x, else -1. */
static int relu_argument(const struct program *p, const struct op *op)
{
    if (op->code != OP_MAX) return -1;
    for (int i = 0; i < 2; i++) {
        const struct op *other = program_operand(p, op, 1 - i);
        if (other->lo == 0 && other->hi == 0) return p->operands[op->operands + i];
    }
    return -1;
}

static struct plan make_plan(const struct program *p, const struct op *op, const int *users)
{
    int operand = p->operands[op->operands];
    struct plan plan = {.argument = operand, .matvec = -1};
    bool saturates = op->format.overflow != OVERFLOW_WRAP;
    int relu = relu_argument(p, &p->ops[operand]), sum = operand;
    if (relu >= 0 && !op->format.is_signed && saturates)
        plan.argument = sum = relu;
    else if (relu >= 0 && users[operand] == 1 && p->ops[relu].format.width_bits < 62)
        sum = relu;
    plan.behind_relu = sum != plan.argument;
    const struct op *x = &p->ops[plan.argument];
    int drop = op_fraction(x) - op_fraction(op);
    bool not_negative = x->lo >= 0 || (!op->format.is_signed && saturates);
    if (drop <= 0) {
        plan.truncates = true;
        return plan;
    }
    if (drop > 60 ||
        !rounding_addend(op->format.rounding, drop, not_negative, x->hi <= 0, &plan.addend))
        return plan;
    plan.truncates = true;
    plan.ties_to_even = op->format.rounding == ROUND_RND_CONV;
    const struct op *result = &p->ops[sum];
    bool has_finest_grid = op_fraction(result) == op_fraction(x);
    bool is_column = result->code == OP_RESULT && !result_matrix(p, result)->is_loadable;
    if (is_column && users[sum] == 1 && has_finest_grid) {
        plan.matvec = p->operands[result->operands];
        plan.column = (int)result->immediate;
    } else {
        plan.behind_relu = false;
    }
    return plan;
}

/* The old matrix with the addends in its biases. */
static int add_matvec(struct rewrite *r, const struct op *op, const struct dyadic_addend *addends)
{
    struct program *p = r->program;
    struct matrix matrix = r->old->matrices[op->immediate];
    int fraction = matrix.bias ? matrix.bias_fraction_bits : -1000;
    for (int j = 0; j < matrix.columns; j++)
        if (addends[j].integer && addends[j].fraction_bits > fraction)
            fraction = addends[j].fraction_bits;
    int64_t *bias = arena_alloc(&r->arena, (size_t)matrix.columns, sizeof *bias);
    for (int j = 0; j < matrix.columns; j++) {
        if (matrix.bias && matrix.bias[j])
            bias[j] = matrix.bias[j] * ((int64_t)1 << (fraction - matrix.bias_fraction_bits));
        if (addends[j].integer)
            bias[j] += addends[j].integer * ((int64_t)1 << (fraction - addends[j].fraction_bits));
    }
    matrix.bias = bias;
    matrix.bias_fraction_bits = fraction;
    int *operands = arena_alloc(&r->arena, (size_t)op->operand_count, sizeof *operands);
    int *results = arena_alloc(&r->arena, (size_t)matrix.columns, sizeof *results);
    for (int i = 0; i < op->operand_count; i++)
        operands[i] = rewrite_operand(r, op, i);
    program_add_matvec(p, operands, op->operand_count, &matrix, results);
    return results[0] - 1; /* the matvec itself stands before its results */
}

/* The argument, a half added, truncated to `format`; a tie loses the last bit. Only then it is
 * limited: the choice is one bit's. */
static int round_to_even(struct program *p, int value, struct format format)
{
    struct op x = p->ops[value];
    int fraction = format_fraction_bits(format), drop = op_fraction(&x) - fraction;
    int even = rewrite_truncate(p, value, fraction - 1);
    if (drop > 0) { /* else the sums are whole steps: always a tie */
        struct format dropped = {drop, drop - op_fraction(&x), false, ROUND_TRN, OVERFLOW_WRAP};
        int low = program_add_quantize(p, value, dropped);
        int is_tie = program_add2(p, OP_EQ, low, program_add_const(p, 0, 0), 0);
        int choice[3] = {is_tie, even, rewrite_truncate(p, value, fraction)};
        even = program_add_op(p, OP_SELECT, choice, 3, 0);
    }
    return program_add_quantize(p, even, format);
}

static int round_quantize(struct rewrite *r, const struct op *op, const struct plan *plan)
{
    struct program *p = r->program;
    int value = r->map[plan->argument];
    struct format format = op->format;
    if (!plan->truncates) return program_add_quantize(p, value, format);
    format.rounding = ROUND_TRN;
    if (plan->addend && plan->matvec < 0)
        value = program_add2(
            p, OP_ADD, value,
            program_add_const(p, plan->addend, op_fraction(&r->old->ops[plan->argument])), 0);
    return plan->ties_to_even ? round_to_even(p, value, format)
                              : program_add_quantize(p, value, format);
}

static int round_op(struct rewrite *r, int value)
{
    const struct round *round = r->pass;
    const struct op *op = &r->old->ops[value];
    if (op->code == OP_QUANTIZE) return round_quantize(r, op, &round->plans[value]);
    if (op->code == OP_MATVEC && round->addends[value])
        return add_matvec(r, op, round->addends[value]);
    if (op->code == OP_RESULT && round->addends[r->old->operands[op->operands]])
        return rewrite_operand(r, op, 0) + 1 + (int)op->immediate;
    return rewrite_again(r, value);
}

struct program *optimize_round(const struct program *old, const struct target *target)
{
    (void)target;
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct round round = {arena_alloc(&arena, count, sizeof *round.plans),
                          arena_alloc(&arena, count, sizeof *round.addends),
                          count_users(&arena, old)};
    for (int i = 0; i < old->op_count; i++) {
        const struct op *op = &old->ops[i];
        if (op->code != OP_QUANTIZE) continue;
        struct plan *plan = &round.plans[i];
        *plan = make_plan(old, op, round.users);
        if (plan->matvec < 0 || plan->addend == 0) continue;
        struct dyadic_addend **addends = &round.addends[plan->matvec];
        int columns = old->matrices[old->ops[plan->matvec].immediate].columns;
        if (!*addends) *addends = arena_alloc(&arena, (size_t)columns, sizeof **addends);
        (*addends)[plan->column] =
            (struct dyadic_addend){plan->addend, op_fraction(&old->ops[plan->argument])};
    }
    struct program *program = rewrite_program(old, round_op, &round);
    arena_free(&arena);
    return program;
}
