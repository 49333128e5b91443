/* Constant matrices become adder graphs (compiler/adders). */
#include "compiler/adders/emit_graph.h"
#include "compiler/lower/dyadic.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

#include "base/error.h"

#include <assert.h>
#include <string.h>

struct adder_pass {
    const struct target *target;
    struct linear_forms *forms;
    int **results; /* [old op_count]: for a matvec its columns' values, in the arena */
    int *next;     /* [old op_count]: the next matvec of the same operands, solved together; -1 */
};

/* Matvecs of the same operands as one problem, their columns side by side; constant operands go
 * into the constants, equal operands are one row. */
struct matvec {
    struct adder_problem problem;
    struct adder_operand *operands; /* [problem.rows] */
    struct dyadic *constants;       /* [columns] */
    int fraction_bits;              /* of all weights */
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

static void add_constants(struct matvec *m, const struct matrix *matrix, int first, int row,
                          struct adder_operand operand, const struct op *x)
{
    for (int j = 0; j < matrix->columns; j++) {
        struct dyadic weight = dyadic_make(matrix->integers[row * matrix->columns + j],
                                           matrix->fraction_bits - operand.shift);
        struct dyadic product, *constant = &m->constants[first + j];
        bool fits = dyadic_mul(weight, dyadic_make(x->lo, op_fraction(x)), &product) &&
                    dyadic_add(*constant, product, constant);
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

/* One matvec's weights into the columns from `first` on. */
static void fill_columns(struct rewrite *r, struct matvec *m, const struct op *op, int first)
{
    const struct matrix *matrix = &r->old->matrices[op->immediate];
    size_t columns = (size_t)m->problem.columns;
    int64_t *weights = (int64_t *)m->problem.weights,
            factor = (int64_t)1 << (m->fraction_bits - matrix->fraction_bits);
    struct adder_input *inputs = (struct adder_input *)m->problem.inputs;
    for (int j = 0; j < matrix->columns && matrix->bias; j++)
        m->constants[first + j] = dyadic_make(matrix->bias[j], matrix->bias_fraction_bits);
    for (int i = 0; i < matrix->rows; i++) {
        struct adder_operand operand = unshifted(r->program, rewrite_operand(r, op, i));
        const struct op *x = &r->program->ops[operand.value];
        if (x->lo == x->hi) {
            add_constants(m, matrix, first, i, operand, x);
            continue;
        }
        operand.shift -= m->fraction_bits;
        int row = find_row(m, operand);
        if (row < 0) {
            row = m->problem.rows++;
            m->operands[row] = operand;
            inputs[row] = (struct adder_input){x->lo, x->hi, operand.shift - op_fraction(x)};
        }
        for (int j = 0; j < matrix->columns; j++)
            weights[(size_t)row * columns + (size_t)(first + j)] +=
                factor * matrix->integers[i * matrix->columns + j];
    }
}

static const struct matrix *matrix_of(const struct rewrite *r, int value)
{
    return &r->old->matrices[r->old->ops[value].immediate];
}

/* The problem of `value` and the matvecs bound to it. */
static struct matvec make_problem(struct rewrite *r, int value)
{
    const struct adder_pass *pass = r->pass;
    struct matvec m = {.fraction_bits = matrix_of(r, value)->fraction_bits};
    for (int v = value; v >= 0; v = pass->next[v]) {
        const struct matrix *matrix = matrix_of(r, v);
        m.problem.columns += matrix->columns;
        if (matrix->fraction_bits > m.fraction_bits) m.fraction_bits = matrix->fraction_bits;
    }
    size_t rows = (size_t)matrix_of(r, value)->rows + 1, columns = (size_t)m.problem.columns;
    m.problem.weights = arena_alloc(&r->arena, rows * columns, sizeof *m.problem.weights);
    m.problem.inputs = arena_alloc(&r->arena, rows, sizeof *m.problem.inputs);
    m.operands = arena_alloc(&r->arena, rows, sizeof *m.operands);
    m.constants = arena_alloc(&r->arena, columns, sizeof *m.constants);
    int first = 0;
    for (int v = value; v >= 0; v = pass->next[v]) {
        fill_columns(r, &m, &r->old->ops[v], first);
        first += matrix_of(r, v)->columns;
    }
    return m;
}

/* Rounds of search: a second or so for the largest. */
static int effort_for(const struct adder_problem *problem)
{
    long size = (long)problem->rows * problem->columns, effort = size ? 65536 / size : 1;
    return effort > 16 ? 16 : effort < 1 ? 1 : (int)effort;
}

static void expand(struct rewrite *r, int value)
{
    struct adder_pass *pass = r->pass;
    struct matvec m = make_problem(r, value);
    if (!adder_problem_fits(&m.problem) && pass->next[value] >= 0) {
        pass->next[value] = -1; /* alone, then */
        m = make_problem(r, value);
    }
    if (!adder_problem_fits(&m.problem))
        fail("%s: weights or operands of too different sizes for sums of 58 bits; quantize coarser",
             matrix_of(r, value)->name);
    struct adder_options options;
    adder_options_init(&options);
    options.extra_depth = 0;
    options.subtractor_price = pass->target->carry_inverts_for_free ? 1 : 2;
    options.effort = effort_for(&m.problem);
    struct adder_graph *graph = adder_solve(&m.problem, &options);
    int *results = arena_alloc(&r->arena, (size_t)m.problem.columns, sizeof *results);
    adder_graph_emit(graph, r->program, pass->forms, m.operands, results);
    adder_graph_free(graph);
    for (int j = 0; j < m.problem.columns; j++) { /* the constants pass moves them */
        struct dyadic c = m.constants[j];
        if (!c.integer) continue;
        int constant = program_add_const(r->program, c.integer, c.fraction_bits);
        results[j] = program_add2(r->program, OP_ADD, results[j], constant, 0);
    }
    for (int v = value; v >= 0; v = pass->next[v]) {
        pass->results[v] = results;
        results += matrix_of(r, v)->columns;
    }
}

/* ---- matvecs that read the same ---- */

static bool reads_the_same(const struct program *p, const struct op *a, const struct op *b)
{
    return a->operand_count == b->operand_count &&
           !memcmp(p->operands + a->operands, p->operands + b->operands,
                   (size_t)a->operand_count * sizeof *p->operands);
}

/* Binds each matvec to the one before it of the same operands, such as two heads on one trunk.
 * Their weights' fractions must not be so far apart that a common one makes sums too long. */
static void bind(struct adder_pass *pass, const struct program *p)
{
    enum { APART_MOST = 8 };
    for (int v = 0; v < p->op_count; v++)
        pass->next[v] = -1;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        for (int w = v - 1; w >= 0 && op->code == OP_MATVEC; w--) {
            if (p->ops[w].code != OP_MATVEC || !reads_the_same(p, op, &p->ops[w])) continue;
            int apart = p->matrices[op->immediate].fraction_bits -
                        p->matrices[p->ops[w].immediate].fraction_bits;
            if (apart >= -APART_MOST && apart <= APART_MOST) pass->next[w] = v;
            break;
        }
    }
}

static int adder_graph_op(struct rewrite *r, int value)
{
    struct adder_pass *pass = r->pass;
    const struct op *op = &r->old->ops[value];
    if (!pass->forms) pass->forms = linear_new(r->program);
    if (op->code == OP_RESULT) return pass->results[r->old->operands[op->operands]][op->immediate];
    if (op->code == OP_TABLE) return rewrite_again(r, value);
    if (op->code != OP_MATVEC) return rewrite_copy(r, value);
    if (!pass->results[value]) expand(r, value);
    return -1;
}

struct program *optimize_adder_graph(const struct program *old, const struct target *target)
{
    struct arena arena = {0};
    size_t count = (size_t)old->op_count + 1;
    struct adder_pass pass = {.target = target,
                              .results = arena_alloc(&arena, count, sizeof *pass.results),
                              .next = arena_alloc(&arena, count, sizeof *pass.next)};
    bind(&pass, old);
    struct program *program = rewrite_program(old, adder_graph_op, &pass);
    linear_free(pass.forms);
    arena_free(&arena);
    return program;
}
