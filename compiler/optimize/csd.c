/* Constant matrices to shift-adds over canonical signed digits. */
#include "compiler/optimize/optimize.h"

#include "base/arena.h"
#include "compiler/lower/dyadic.h"
#include "compiler/optimize/adders.h"
#include "compiler/optimize/rewrite.h"

#include <assert.h>
#include <stdlib.h>

struct csd {
    const struct target *target;
    struct linear_forms *forms;
    int **results; /* [old op_count]: for a matvec its columns' values, in the arena */
};

void column_add(struct column *column, struct term term)
{
    column->terms = array_grow(column->terms, &column->capacity, (size_t)column->count + 1,
                               sizeof *column->terms);
    column->terms[column->count++] = term;
}

int adders_add_node(struct adders *a, int value, int depth)
{
    a->nodes = array_grow(a->nodes, &a->node_capacity, (size_t)a->node_count + 1, sizeof *a->nodes);
    a->nodes[a->node_count] = (struct node){value, depth};
    return a->node_count++;
}

int term_low(const struct adders *a, struct term t)
{
    return t.shift - op_fraction(&a->program->ops[a->nodes[t.node].value]);
}

int term_high(const struct adders *a, struct term t)
{
    return term_low(a, t) + a->program->ops[a->nodes[t.node].value].format.width_bits;
}

struct term adders_combine(struct adders *a, struct term x, struct term y)
{
    bool subtracts = x.negative != y.negative;
    /* The first operand of a difference is the positive one; of a sum, the one that reaches lower,
     * so that the other is shifted up. */
    if (subtracts ? x.negative : term_low(a, y) < term_low(a, x)) {
        struct term other = x;
        x = y;
        y = other;
    }
    const struct node *left = &a->nodes[x.node], *right = &a->nodes[y.node];
    int depth = (left->depth > right->depth ? left->depth : right->depth) + 1;
    int value = program_add2(a->program, subtracts ? OP_SUB : OP_ADD, left->value, right->value,
                             y.shift - x.shift);
    int64_t lo, hi;
    linear_interval(a->forms, value, &lo, &hi);
    program_narrow(a->program, value, lo, hi);
    return (struct term){adders_add_node(a, value, depth), x.shift, !subtracts && x.negative};
}

/* A value that is another one shifted is that one, with the shift in the term. */
static int unshifted(const struct program *p, int value, int *shift)
{
    for (*shift = 0; p->ops[value].code == OP_SHIFT; value = p->operands[p->ops[value].operands])
        *shift += (int)p->ops[value].immediate;
    return value;
}

/* The constant of a column: its bias and what constant operands give. */
struct constant {
    struct dyadic sum;
    bool fits;
};

static void constant_add(struct constant *c, struct dyadic d)
{
    c->fits = c->fits && dyadic_add(c->sum, d, &c->sum);
}

static void add_digits(struct adders *a, struct column *column, int node, int shift, int64_t weight)
{
    signed char digits[CSD_MAX_DIGITS];
    int count = csd_digits(weight, digits);
    (void)a;
    for (int i = 0; i < count; i++)
        if (digits[i]) column_add(column, (struct term){node, shift + i, digits[i] < 0});
}

static int log2_up(int n)
{
    int bits = 0;
    while (1 << bits < n)
        bits++;
    return bits;
}

/* Terms of every column; weights of constant operands go into the columns' constants. */
static bool fill_columns(struct rewrite *r, struct adders *a, const struct op *op,
                         const struct matrix *matrix)
{
    struct constant *constants = arena_alloc(&r->arena, (size_t)matrix->columns, sizeof *constants);
    for (int j = 0; j < matrix->columns; j++) {
        constants[j].fits = true;
        if (matrix->bias)
            constants[j].sum = dyadic_make(matrix->bias[j], matrix->bias_fraction_bits);
    }
    for (int i = 0; i < matrix->rows; i++) {
        int shift, value = unshifted(a->program, rewrite_operand(r, op, i), &shift);
        struct op x = a->program->ops[value];
        int node = x.lo == x.hi ? -1 : adders_add_node(a, value, 0);
        for (int j = 0; j < matrix->columns; j++) {
            int64_t weight = matrix->integers[i * matrix->columns + j];
            if (node >= 0) {
                add_digits(a, &a->columns[j], node, shift - matrix->fraction_bits, weight);
                continue;
            }
            struct dyadic product;
            constants[j].fits =
                constants[j].fits && dyadic_mul(dyadic_make(weight, matrix->fraction_bits - shift),
                                                dyadic_make(x.lo, op_fraction(&x)), &product);
            constant_add(&constants[j], product);
        }
    }
    for (int j = 0; j < matrix->columns; j++) {
        if (!constants[j].fits) return false;
        struct dyadic sum = constants[j].sum;
        struct column *column = &a->columns[j];
        if (sum.integer)
            column_add(column,
                       (struct term){
                           adders_add_node(
                               a, program_add_const(a->program, sum.integer, sum.fraction_bits), 0),
                           0, false});
        column->most_depth = log2_up(column->count);
    }
    return true;
}

static int expand(struct rewrite *r, int value, const struct op *op)
{
    struct csd *csd = r->pass;
    const struct matrix *matrix = &r->old->matrices[op->immediate];
    struct adders a = {.program = r->program, .target = csd->target, .forms = csd->forms};
    a.column_count = matrix->columns;
    a.columns = arena_alloc(&r->arena, (size_t)matrix->columns, sizeof *a.columns);
    int *results = arena_alloc(&r->arena, (size_t)matrix->columns, sizeof *results);
    if (!fill_columns(r, &a, op, matrix)) assert(!"a constant that a result's interval bounds");
    adders_share(&a);
    for (int j = 0; j < matrix->columns; j++) {
        results[j] = adders_sum(&a, &a.columns[j]);
        free(a.columns[j].terms);
    }
    free(a.nodes);
    csd->results[value] = results;
    return -1;
}

static int csd_op(struct rewrite *r, int value)
{
    struct csd *csd = r->pass;
    const struct op *op = &r->old->ops[value];
    if (!csd->forms) csd->forms = linear_new(r->program);
    if (op->code == OP_MATVEC) return expand(r, value, op);
    if (op->code == OP_RESULT) return csd->results[r->old->operands[op->operands]][op->immediate];
    return rewrite_copy(r, value);
}

struct program *optimize_csd(const struct program *old, const struct target *target)
{
    struct arena arena = {0};
    struct csd csd = {.target = target,
                      .results = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof(int *))};
    struct program *program = rewrite_program(old, csd_op, &csd);
    linear_free(csd.forms);
    arena_free(&arena);
    return program;
}
