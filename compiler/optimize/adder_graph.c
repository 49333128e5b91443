/* Constant matrices become adder graphs (compiler/adders). */
#include "compiler/adders/emit_graph.h"
#include "compiler/lower/dyadic.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

#include "base/error.h"

#include <assert.h>

struct adder_pass {
    const struct target *target;
    struct linear_forms *forms;
    int **results; /* [old op_count]: for a matvec its columns' values, in the arena */
};

/* A matvec as a problem: constant operands go into the constants, equal operands are one row. */
struct matvec {
    struct adder_problem problem;
    struct adder_operand *operands; /* [problem.rows] */
    struct dyadic *constants;       /* [columns] */
};

/* A value that is another one shifted is that one, with the shift in the operand. */
static struct adder_operand unshifted(const struct program *p, int value)
{
    struct adder_operand operand = {value, 0};
    while (p->ops[operand.value].code == OP_SHIFT) {
        operand.shift += (int)p->ops[operand.value].immediate;
        operand.value = p->operands[p->ops[operand.value].operands];
    }
    return operand;
}

static void add_constants(struct matvec *m, const struct matrix *matrix, int row,
                          struct adder_operand operand, const struct op *x)
{
    for (int j = 0; j < matrix->columns; j++) {
        struct dyadic weight = dyadic_make(matrix->integers[row * matrix->columns + j],
                                           matrix->fraction_bits - operand.shift);
        struct dyadic product;
        bool fits = dyadic_mul(weight, dyadic_make(x->lo, op_fraction(x)), &product) &&
                    dyadic_add(m->constants[j], product, &m->constants[j]);
        assert(fits); /* a constant that the result's interval bounds */
        (void)fits;
    }
}

/* Row of an operand that is the same value, shifted as much; -1: none yet. */
static int find_row(const struct matvec *m, struct adder_operand operand)
{
    for (int i = 0; i < m->problem.rows; i++)
        if (m->operands[i].value == operand.value && m->operands[i].shift == operand.shift)
            return i;
    return -1;
}

static void fill_rows(struct rewrite *r, struct matvec *m, const struct op *op,
                      const struct matrix *matrix)
{
    size_t rows = (size_t)matrix->rows + 1, columns = (size_t)matrix->columns;
    int64_t *weights = arena_alloc(&r->arena, rows * columns, sizeof *weights);
    struct adder_input *inputs = arena_alloc(&r->arena, rows, sizeof *inputs);
    m->operands = arena_alloc(&r->arena, rows, sizeof *m->operands);
    for (int i = 0; i < matrix->rows; i++) {
        struct adder_operand operand = unshifted(r->program, rewrite_operand(r, op, i));
        const struct op *x = &r->program->ops[operand.value];
        if (x->lo == x->hi) {
            add_constants(m, matrix, i, operand, x);
            continue;
        }
        operand.shift -= matrix->fraction_bits;
        int row = find_row(m, operand);
        if (row < 0) {
            row = m->problem.rows++;
            m->operands[row] = operand;
            inputs[row] = (struct adder_input){x->lo, x->hi, operand.shift - op_fraction(x)};
        }
        for (size_t j = 0; j < columns; j++)
            weights[(size_t)row * columns + j] += matrix->integers[(size_t)i * columns + j];
    }
    m->problem.columns = matrix->columns;
    m->problem.weights = weights;
    m->problem.inputs = inputs;
}

/* Rounds of search: a second or so for the largest. */
static int effort_for(const struct matrix *matrix)
{
    long size = (long)matrix->rows * matrix->columns, effort = size ? 65536 / size : 1;
    return effort > 16 ? 16 : effort < 1 ? 1 : (int)effort;
}

static int expand(struct rewrite *r, int value, const struct op *op)
{
    struct adder_pass *pass = r->pass;
    const struct matrix *matrix = &r->old->matrices[op->immediate];
    struct matvec m = {0};
    size_t columns = (size_t)matrix->columns;
    m.constants = arena_alloc(&r->arena, columns, sizeof *m.constants);
    for (size_t j = 0; j < columns && matrix->bias; j++)
        m.constants[j] = dyadic_make(matrix->bias[j], matrix->bias_fraction_bits);
    fill_rows(r, &m, op, matrix);
    if (!adder_problem_fits(&m.problem))
        fail("%s: weights or operands of too different sizes for sums of 58 bits; quantize coarser",
             matrix->name);
    struct adder_options options;
    adder_options_init(&options);
    options.extra_depth = 0;
    options.subtractor_price = pass->target->carry_inverts_for_free ? 1 : 2;
    options.effort = effort_for(matrix);
    struct adder_graph *graph = adder_solve(&m.problem, &options);
    int *results = arena_alloc(&r->arena, columns, sizeof *results);
    adder_graph_emit(graph, r->program, pass->forms, m.operands, results);
    adder_graph_free(graph);
    for (size_t j = 0; j < columns; j++) { /* the constants pass moves them */
        struct dyadic c = m.constants[j];
        if (!c.integer) continue;
        int constant = program_add_const(r->program, c.integer, c.fraction_bits);
        results[j] = program_add2(r->program, OP_ADD, results[j], constant, 0);
    }
    pass->results[value] = results;
    return -1;
}

static int adder_graph_op(struct rewrite *r, int value)
{
    struct adder_pass *pass = r->pass;
    const struct op *op = &r->old->ops[value];
    if (!pass->forms) pass->forms = linear_new(r->program);
    if (op->code == OP_MATVEC) return expand(r, value, op);
    if (op->code == OP_RESULT) return pass->results[r->old->operands[op->operands]][op->immediate];
    return rewrite_copy(r, value);
}

struct program *optimize_adder_graph(const struct program *old, const struct target *target)
{
    struct arena arena = {0};
    struct adder_pass pass = {
        .target = target, .results = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof(int *))};
    struct program *program = rewrite_program(old, adder_graph_op, &pass);
    linear_free(pass.forms);
    arena_free(&arena);
    return program;
}
