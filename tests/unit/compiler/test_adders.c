/* Adder graphs: every graph is its matrix, for random matrices of many kinds; costs by hand; depth
 * limits; the same graph for the same options. The proof inside adder_solve() is checked against
 * plain multiplication here, and shown to notice a wrong graph. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/adders/emit_graph.h"
#include "compiler/adders/memo.h"

enum { MOST = 140 };

struct example {
    int64_t weights[MOST * MOST];
    struct adder_input inputs[MOST];
    struct adder_problem problem;
    struct adder_options options;
};

static uint64_t state;

static uint64_t random_bits(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int random_below(int n)
{
    return (int)(random_bits() % (uint64_t)n);
}

static struct example *new_example(int rows, int columns)
{
    struct example *e = calloc(1, sizeof *e);
    assert_non_null(e);
    for (int i = 0; i < rows; i++)
        e->inputs[i] = (struct adder_input){-128, 127, 0};
    e->problem = (struct adder_problem){
        .rows = rows, .columns = columns, .weights = e->weights, .inputs = e->inputs};
    adder_options_init(&e->options);
    return e;
}

/* The value of every node and output for one event, against multiplication. */
static void check_event(const struct example *e, const struct adder_graph *g, const int64_t *x)
{
    int64_t *values = calloc((size_t)g->node_count + 1, sizeof *values);
    assert_non_null(values);
    for (int n = 0; n < g->node_count; n++) {
        const struct adder_node *node = &g->nodes[n];
        if (n < g->rows && !adder_row_is_used(&e->problem, n)) continue;
        int64_t a = node->kind != ADDER_INPUT ? values[node->a] * ((int64_t)1 << node->shift_a) : 0;
        int64_t b = node->kind != ADDER_INPUT ? values[node->b] * ((int64_t)1 << node->shift_b) : 0;
        if (node->kind == ADDER_INPUT)
            values[n] = x[node->a] * ((int64_t)1 << (e->inputs[node->a].low - g->unit));
        else
            values[n] = node->kind == ADDER_SUM ? a + b : a - b;
        assert_in_range(values[n] - node->lo, 0, (uint64_t)(node->hi - node->lo));
        assert_int_equal(values[n] & (((int64_t)1 << node->low) - 1), 0);
    }
    for (int j = 0; j < g->columns; j++) {
        int64_t sum = 0, y = 0;
        for (int i = 0; i < g->rows; i++)
            if (adder_row_is_used(&e->problem, i))
                sum += e->weights[i * g->columns + j] * x[i] *
                       ((int64_t)1 << (e->inputs[i].low - g->unit));
        const struct adder_output *out = &g->outputs[j];
        if (out->node >= 0) y = values[out->node] * ((int64_t)1 << out->shift);
        assert_int_equal(out->negative ? -y : y, sum);
    }
    free(values);
}

static struct adder_graph *solve(const struct example *e)
{
    struct adder_graph *g = adder_solve(&e->problem, &e->options);
    assert_null(adder_graph_check(g, &e->problem));
    int64_t x[MOST];
    for (int event = 0; event < 8; event++) {
        for (int i = 0; i < g->rows; i++) {
            const struct adder_input *in = &e->inputs[i];
            uint64_t span = (uint64_t)(in->hi - in->lo) + 1;
            x[i] = event == 0   ? in->lo
                   : event == 1 ? in->hi
                                : in->lo + (int64_t)(random_bits() % span);
        }
        check_event(e, g, x);
    }
    return g;
}

/* The graph as a program: the same bits by op_adder_bits(), the same results by the interpreter. */
static void check_program(const struct example *e, const struct adder_graph *g)
{
    struct program *p = program_new("test");
    struct adder_operand operands[MOST];
    int results[MOST];
    program_begin_block(p, "input", "input");
    for (int i = 0; i < g->rows; i++) {
        int low = e->inputs[i].low;
        struct format format = format_of_interval(e->inputs[i].lo, e->inputs[i].hi, -low);
        operands[i] = (struct adder_operand){program_add_input(p, "x", format, 1, 0), 0};
    }
    program_begin_block(p, "dense", "dense");
    struct linear_forms *forms = linear_new(p);
    adder_graph_emit(g, p, forms, operands, results);
    linear_free(forms);
    for (int j = 0; j < g->columns; j++)
        program_add_output(p, "y", results[j]);
    assert_null(program_verify(p, NULL, 0));
    assert_int_equal(program_count(p, 0, p->op_count).adder_bits, g->adder_bits);
    int64_t x[MOST], y[MOST];
    for (int i = 0; i < g->rows; i++)
        x[i] = e->inputs[i].lo +
               (int64_t)(random_bits() % (uint64_t)(e->inputs[i].hi - e->inputs[i].lo + 1));
    program_eval(p, x, 1, y);
    for (int j = 0; j < g->columns; j++) {
        double sum = 0;
        for (int i = 0; i < g->rows; i++)
            sum += ldexp((double)(e->weights[i * g->columns + j] * x[i]), e->inputs[i].low);
        assert_true(ldexp((double)y[j], -op_fraction(&p->ops[results[j]])) == sum);
    }
    program_free(p);
}

static int64_t random_weight(int kind, int bits)
{
    int64_t w = (int64_t)(random_bits() >> (64 - bits)) - ((int64_t)1 << (bits - 1));
    switch (kind) {
    case 1: return random_below(4) ? 0 : w;                                /* sparse */
    case 2: return -(w < 0 ? -w : w);                                      /* negative only */
    case 3: return random_below(3) ? (int64_t)1 << random_below(bits) : 0; /* powers of two */
    case 4: return random_below(3) - 1;                                    /* ternary */
    case 5: return w * ((int64_t)1 << random_below(20));                   /* wide shifts */
    case 6: return 0;
    default: return w;
    }
}

static void fill_random(struct example *e, int kind)
{
    int bits = 2 + random_below(10), rows = e->problem.rows, columns = e->problem.columns;
    for (int k = 0; k < rows * columns; k++)
        e->weights[k] = random_weight(kind, bits);
    for (int k = 0; kind == 7 && k < rows * columns; k++) /* duplicate and opposite columns */
        if (k % columns) e->weights[k] = e->weights[k - k % columns] * (k % 2 ? 1 : -2);
    for (int i = 0; i < rows; i++) {
        int64_t width = (int64_t)1 << random_below(12), offset = random_below(3) - 1;
        e->inputs[i] =
            (struct adder_input){-width * (offset < 1), width * (offset >= 0), random_below(5) - 2};
    }
}

/* Inputs that use all values of a format. */
static void fill_formats(struct example *e)
{
    for (int i = 0; i < e->problem.rows; i++) {
        int64_t half = (int64_t)1 << random_below(10);
        bool is_signed = random_below(2);
        e->inputs[i].lo = is_signed ? -half : 0;
        e->inputs[i].hi = is_signed ? half - 1 : 2 * half - 1;
    }
}

static void random_matrices_are_exact(void **unused)
{
    (void)unused;
    state = 4711;
    for (int n = 0; n < 3000; n++) {
        int big = n % 50 == 0 ? 40 : 10;
        struct example *e = new_example(1 + random_below(big), 1 + random_below(big));
        fill_random(e, n % 8);
        e->options.effort = random_below(3);
        e->options.extra_depth = random_below(4) - 1;
        e->options.subtractor_price = 1 + random_below(2);
        e->options.seed = random_bits();
        if (n % 2) fill_formats(e);
        struct adder_graph *g = solve(e);
        if (n % 2) check_program(e, g);
        adder_graph_free(g);
        free(e);
    }
}

static void single_rows_and_columns(void **unused)
{
    (void)unused;
    state = 99;
    for (int n = 0; n < 100; n++) {
        struct example *row = new_example(1, 12), *column = new_example(12, 1);
        fill_random(row, n % 8);
        fill_random(column, n % 8);
        adder_graph_free(solve(row));
        adder_graph_free(solve(column));
        free(row);
        free(column);
    }
}

/* Sets of columns take more than one word here, forms more than one cache line. */
static void many_rows_and_columns(void **unused)
{
    (void)unused;
    state = 31;
    static const int shapes[][2] = {{6, 64}, {6, 65}, {5, 140}, {140, 5}, {70, 70}};
    for (size_t n = 0; n < sizeof shapes / sizeof shapes[0]; n++) {
        struct example *e = new_example(shapes[n][0], shapes[n][1]);
        for (int k = 0; k < shapes[n][0] * shapes[n][1]; k++)
            e->weights[k] = random_below(31) - 15;
        struct adder_graph *g = solve(e);
        check_program(e, g);
        adder_graph_free(g);
        free(e);
    }
}

static void free_matrices_cost_nothing(void **unused)
{
    (void)unused;
    struct example *e = new_example(2, 3);
    const int64_t weights[] = {4, 0, 0, 0, 0, 1};
    memcpy(e->weights, weights, sizeof weights);
    struct adder_graph *g = solve(e);
    assert_int_equal(g->adders, 0);
    assert_int_equal(g->adder_bits, 0);
    assert_int_equal(g->outputs[1].node, -1);
    adder_graph_free(g);
    free(e);
}

/* 8-bit signed inputs: a + b has 9 bits; a + 4 b 9 (11 wide, two pass); a - b 9; unsigned nibbles
 * side by side none. */
static void costs_by_hand(void **unused)
{
    (void)unused;
    static const struct {
        int64_t weights[2];
        struct adder_input input;
        int bits;
    } cases[] = {{{1, 1}, {-128, 127, 0}, 9},  {{1, 4}, {-128, 127, 0}, 9},
                 {{1, -1}, {-128, 127, 0}, 9}, {{1, 16}, {0, 15, 0}, 0},
                 {{1, 2}, {0, 15, 0}, 5},      {{1, -4}, {-128, 127, 0}, 9}};
    for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
        struct example *e = new_example(2, 1);
        memcpy(e->weights, cases[n].weights, sizeof cases[n].weights);
        e->inputs[0] = e->inputs[1] = cases[n].input;
        struct adder_graph *g = solve(e);
        assert_int_equal(g->adder_bits, cases[n].bits);
        assert_false(g->outputs[0].negative);
        adder_graph_free(g);
        free(e);
    }
}

/* Two columns that are a + b and twice it: one adder. */
static void equal_sums_are_shared(void **unused)
{
    (void)unused;
    struct example *e = new_example(3, 4);
    const int64_t weights[] = {1, 2, -1, 1, 1, 2, -1, 1, 0, 0, 0, 8};
    memcpy(e->weights, weights, sizeof weights);
    struct adder_graph *g = solve(e);
    assert_true(g->adders <= 3); /* the sum, its negation, one more input */
    adder_graph_free(g);
    free(e);
}

static int minimum_depth(const struct example *e)
{
    int most = 1, depth = 0;
    for (int j = 0; j < e->problem.columns; j++) {
        int digits = 0;
        for (int i = 0; i < e->problem.rows; i++) {
            int64_t w = e->weights[i * e->problem.columns + j];
            for (w = w < 0 ? -w : w; w; w /= 2)
                if (w & 1) {
                    digits++;
                    w += (w & 3) == 3 ? 1 : -1;
                }
        }
        most = digits > most ? digits : most;
    }
    while (1 << depth < most)
        depth++;
    return depth;
}

static void depth_limits_hold(void **unused)
{
    (void)unused;
    state = 5;
    for (int n = 0; n < 60; n++) {
        struct example *e = new_example(2 + random_below(24), 1 + random_below(24));
        fill_random(e, n % 6);
        int least = minimum_depth(e);
        for (int extra = 2; extra >= 0; extra--) {
            e->options.extra_depth = extra;
            struct adder_graph *g = solve(e);
            assert_true(g->depth <= least + extra);
            adder_graph_free(g);
        }
        free(e);
    }
}

/* A limit beyond what loads tell apart is none, for columns that stand on others, too. */
static void far_depth_limits_end(void **unused)
{
    (void)unused;
    state = 15;
    struct example *e = new_example(5, 4);
    for (int k = 0; k < 20; k++)
        e->weights[k] = (k % 4 ? e->weights[k - k % 4] : 1 + random_below(15)) + (k % 4 == 3);
    for (e->options.extra_depth = 30; e->options.extra_depth <= 1000; e->options.extra_depth += 5)
        adder_graph_free(solve(e));
    free(e);
}

/* Inputs without a weight, however fine or coarse, change nothing. */
static void unused_rows_do_not_count(void **unused)
{
    (void)unused;
    state = 16;
    struct example *e = new_example(6, 5);
    fill_random(e, 0);
    for (int j = 0; j < 5; j++)
        e->weights[2 * 5 + j] = e->weights[4 * 5 + j] = 0;
    struct adder_graph *before = solve(e);
    e->inputs[2].low = -90;
    e->inputs[4].low = 90;
    assert_true(adder_problem_fits(&e->problem));
    struct adder_graph *after = solve(e);
    assert_int_equal(before->adder_bits, after->adder_bits);
    assert_int_equal(before->unit, after->unit);
    adder_graph_free(before);
    adder_graph_free(after);
    free(e);
}

static bool same_node(const struct adder_node *a, const struct adder_node *b)
{
    return a->kind == b->kind && a->a == b->a && a->b == b->b && a->shift_a == b->shift_a &&
           a->shift_b == b->shift_b && a->lo == b->lo && a->hi == b->hi && a->low == b->low &&
           a->depth == b->depth && a->bits == b->bits;
}

static void equal_options_equal_graphs(void **unused)
{
    (void)unused;
    state = 8;
    for (int n = 0; n < 10; n++) {
        struct example *e = new_example(16, 16);
        fill_random(e, n % 6);
        e->options.effort = n % 4;
        struct adder_graph *a = solve(e), *b = solve(e);
        assert_int_equal(a->node_count, b->node_count);
        for (int i = 0; i < a->node_count; i++)
            assert_true(same_node(&a->nodes[i], &b->nodes[i]));
        for (int j = 0; j < a->columns; j++) {
            assert_int_equal(a->outputs[j].node, b->outputs[j].node);
            assert_int_equal(a->outputs[j].shift, b->outputs[j].shift);
        }
        adder_graph_free(a);
        adder_graph_free(b);
        free(e);
    }
}

/* Effort never makes it worse, and sharing beats adding up each column's digits. */
static void effort_pays(void **unused)
{
    (void)unused;
    state = 21;
    struct example *e = new_example(16, 16);
    for (int k = 0; k < 256; k++)
        e->weights[k] = random_below(255) - 127;
    int before = 1 << 30;
    for (int effort = 0; effort < 9; effort += 4) {
        e->options.effort = effort;
        struct adder_graph *g = solve(e);
        assert_true(g->adder_bits <= before);
        assert_true(g->adders < 450); /* about 670 digits less 16 without sharing */
        before = g->adder_bits;
        adder_graph_free(g);
    }
    free(e);
}

static void proof_notices_mistakes(void **unused)
{
    (void)unused;
    state = 77;
    struct example *e = new_example(6, 6);
    for (int k = 0; k < 36; k++)
        e->weights[k] = 1 + random_below(100);
    struct adder_graph *g = solve(e);
    struct adder_node *last = &g->nodes[g->node_count - 1], kept = *last;
    last->shift_a++;
    assert_non_null(adder_graph_check(g, &e->problem));
    *last = kept;
    last->kind = last->kind == ADDER_SUM ? ADDER_DIFFERENCE : ADDER_SUM;
    assert_non_null(adder_graph_check(g, &e->problem));
    *last = kept;
    last->hi++;
    assert_non_null(adder_graph_check(g, &e->problem));
    *last = kept;
    g->outputs[2].shift++;
    assert_non_null(adder_graph_check(g, &e->problem));
    g->outputs[2].shift = -1;
    assert_non_null(adder_graph_check(g, &e->problem));
    g->outputs[2].shift = 0;
    assert_null(adder_graph_check(g, &e->problem));
    int *const figures[] = {&last->bits, &last->low,     &last->depth,
                            &g->adders,  &g->adder_bits, &g->depth};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        ++*figures[i];
        assert_non_null(adder_graph_check(g, &e->problem));
        --*figures[i];
        assert_null(adder_graph_check(g, &e->problem));
    }
    e->weights[3]++;
    assert_non_null(adder_graph_check(g, &e->problem));
    e->weights[3]--;
    assert_null(adder_graph_check(g, &e->problem));
    adder_graph_free(g);
    free(e);
}

static void remembers_graphs_while_open(void **unused)
{
    (void)unused;
    struct example *e = new_example(8, 8);
    for (int i = 0; i < 64; i++)
        e->weights[i] = random_below(63) - 31;
    adder_memo_open();
    adder_memo_open();
    assert_null(adder_memo_find(&e->problem, &e->options));
    struct adder_graph *g = adder_solve(&e->problem, &e->options);
    int nodes = g->node_count, bits = g->adder_bits;
    adder_graph_free(g);
    adder_memo_close();
    g = adder_memo_find(&e->problem, &e->options);
    assert_non_null(g);
    assert_int_equal(g->node_count, nodes);
    assert_int_equal(g->adder_bits, bits);
    assert_null(adder_graph_check(g, &e->problem));
    adder_graph_free(g);
    e->weights[5]++; /* each of what decides the graph makes another problem */
    assert_null(adder_memo_find(&e->problem, &e->options));
    e->weights[5]--;
    e->inputs[2].hi++;
    assert_null(adder_memo_find(&e->problem, &e->options));
    e->inputs[2].hi--;
    e->options.extra_depth++;
    assert_null(adder_memo_find(&e->problem, &e->options));
    e->options.extra_depth--;
    e->options.time_limit_s = 1; /* such a search may end elsewhere the next time */
    assert_null(adder_memo_find(&e->problem, &e->options));
    e->options.time_limit_s = 0;
    adder_memo_close();
    assert_null(adder_memo_find(&e->problem, &e->options));
    free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_matrices_are_exact),
        cmocka_unit_test(single_rows_and_columns),
        cmocka_unit_test(many_rows_and_columns),
        cmocka_unit_test(free_matrices_cost_nothing),
        cmocka_unit_test(costs_by_hand),
        cmocka_unit_test(equal_sums_are_shared),
        cmocka_unit_test(depth_limits_hold),
        cmocka_unit_test(far_depth_limits_end),
        cmocka_unit_test(unused_rows_do_not_count),
        cmocka_unit_test(equal_options_equal_graphs),
        cmocka_unit_test(effort_pays),
        cmocka_unit_test(proof_notices_mistakes),
        cmocka_unit_test(remembers_graphs_while_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
