/* The optimisation passes: what each has to achieve, not only keep. */
#include "compiler/compile.h"
#include "compiler/optimize/optimize.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static long count_code(const struct program *p, enum op_code code)
{
    long count = 0;
    for (int i = 0; i < p->op_count; i++)
        count += p->ops[i].code == code;
    return count;
}

/* y = W x with x of `format`; integers [rows][columns]. */
static struct program *product(struct format format, int rows, int columns, const int64_t *integers,
                               const int64_t *bias)
{
    struct program *p = program_new("product");
    program_begin_block(p, "dense", "dense");
    int x[16], y[16];
    for (int i = 0; i < rows; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", i);
        x[i] = program_add_input(p, name, format, 1, 0);
    }
    struct matrix matrix = {"w", rows, columns, (int64_t *)integers, 0, (int64_t *)bias, 0};
    program_add_matvec(p, x, rows, &matrix, y);
    for (int j = 0; j < columns; j++) {
        char name[16];
        snprintf(name, sizeof name, "y%d", j);
        program_add_output(p, name, y[j]);
    }
    return p;
}

typedef struct program *pass(const struct program *old, const struct target *target);

/* Runs a pass, checks the result and frees the old program. */
static struct program *run(struct program *p, pass *function, const struct target *target)
{
    struct program *next = function(p, target);
    program_check(next, "test");
    program_free(p);
    return next;
}

static struct program *cleaned(struct program *p)
{
    p = run(p, optimize_simplify, &target_generic);
    p = run(p, optimize_number, &target_generic);
    return run(p, optimize_dead, &target_generic);
}

static void weights_cost_their_digits_and_zeros_nothing(void **state)
{
    (void)state;
    /* Columns: 0; 8 x0; 7 x1 + 0; x0 + 5 x1. */
    const int64_t w[] = {0, 8, 0, 1, 0, 0, 7, 5};
    struct program *p = cleaned(run(product(format_make(true, 8, 8), 2, 4, w, NULL),
                                    optimize_adder_graph, &target_generic));
    struct program_counts counts = program_count(p, 0, p->op_count);
    assert_int_equal(counts.adders, 3); /* 8 x1 - x1; x0 + x1 + 4 x1 */
    assert_int_equal(p->matrix_count, 0);
    assert_int_equal(p->ops[p->outputs[0].value].code, OP_CONST);
    assert_int_equal(p->ops[p->outputs[1].value].code, OP_SHIFT);
    program_free(p);
}

static void common_terms_are_made_once(void **state)
{
    (void)state;
    /* 11 = 8 + 3 and 3 of the same input; x0 + x1 in all columns. */
    const int64_t same[] = {3, 11, 12};
    struct program *p = cleaned(run(product(format_make(true, 8, 8), 1, 3, same, NULL),
                                    optimize_adder_graph, &target_generic));
    assert_int_equal(program_count(p, 0, p->op_count).adders, 2);
    program_free(p);
    const int64_t shared[] = {1, 1, 1, 1, 1, 1, 1, 2, 4};
    p = cleaned(run(product(format_make(true, 8, 8), 3, 3, shared, NULL), optimize_adder_graph,
                    &target_generic));
    assert_int_equal(program_count(p, 0, p->op_count).adders, 4);
    program_free(p);
}

static void few_subtractions_where_they_cost(void **state)
{
    (void)state;
    const int64_t w[] = {1, -1, -2, -4, 1, 8, 16, -1};
    struct target inverting = target_generic;
    inverting.carry_inverts_for_free = true;
    struct program *p =
        run(product(format_make(true, 8, 8), 8, 1, w, NULL), optimize_adder_graph, &target_generic);
    assert_int_equal(count_code(p, OP_SUB), 1);
    assert_int_equal(count_code(p, OP_NEG), 0);
    program_free(p);
    p = run(product(format_make(true, 8, 8), 8, 1, w, NULL), optimize_adder_graph, &inverting);
    assert_true(count_code(p, OP_SUB) >= 1);
    assert_int_equal(program_count(p, 0, p->op_count).depth, 3);
    program_free(p);
}

static void subtrahends_come_complemented(void **state)
{
    (void)state;
    const int64_t w[] = {1, -1, -2, -4, 1, -8, 16, -1}, bias[] = {100};
    struct target inverting = target_generic;
    inverting.carry_inverts_for_free = true;
    struct program *p =
        run(product(format_make(true, 8, 8), 8, 1, w, bias), optimize_adder_graph, &target_generic);
    struct program *same = optimize_complement(p, &inverting);
    assert_int_equal(count_code(same, OP_SUB), 1);
    assert_int_equal(program_count(same, 0, same->op_count).adders, 8);
    struct program *changed = optimize_complement(p, &target_generic);
    program_check(changed, "complement");
    assert_int_equal(count_code(changed, OP_SUB), 1);
    assert_int_equal(program_count(changed, 0, changed->op_count).adders, 7 + 1);
    for (int i = 0; i < changed->op_count; i++)
        if (changed->ops[i].code == OP_SUB) {
            assert_true(op_is_complement(changed, i));
            assert_int_equal(op_adder_bits(changed, i), 0);
        }
    struct random r = random_init(2);
    for (int i = 0; i < 500; i++) {
        int64_t in[8], before, after;
        for (int k = 0; k < 8; k++)
            in[k] = pick(&r, -128, 127);
        program_eval(p, in, 1, &before);
        program_eval(changed, in, 1, &after);
        assert_int_equal(before, after);
    }
    program_free(changed);
    program_free(same);
    program_free(p);
}

static void rounding_goes_into_the_bias(void **state)
{
    (void)state;
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++) {
        const int64_t w[] = {3, 5}, bias[] = {7};
        struct program *p = product(format_make(true, 6, 6), 2, 1, w, bias);
        int zero = program_add_const(p, 0, 0);
        int relu = program_add2(p, OP_MAX, p->outputs[0].value, zero, 0);
        struct format format = {4, 7, false, (enum rounding)rounding, OVERFLOW_SAT};
        p->outputs[0].value = program_add_quantize(p, relu, format);
        p = cleaned(run(p, optimize_round, &target_generic));
        assert_int_equal(count_code(p, OP_MAX), 0); /* the unsigned limit does that */
        assert_int_equal(count_code(p, OP_ADD), 0);
        for (int i = 0; i < p->op_count; i++)
            if (p->ops[i].code == OP_QUANTIZE)
                assert_int_equal(p->ops[i].format.rounding, ROUND_TRN);
        program_free(p);
    }
}

static void what_intervals_decide_is_gone(void **state)
{
    (void)state;
    struct program *p = program_new("decided");
    program_begin_block(p, "b", "test");
    int x = program_add_input(p, "x", format_make(false, 4, 4), 1, 0);
    int zero = program_add_const(p, 0, 0), far = program_add_const(p, 20, 0);
    int relu = program_add2(p, OP_MAX, x, zero, 0);  /* x is never negative */
    int less = program_add2(p, OP_LT, relu, far, 0); /* always */
    int choice[3] = {less, relu, far};
    int chosen = program_add_op(p, OP_SELECT, choice, 3, 0);
    int wide = program_add_quantize(p, chosen, format_make(true, 12, 8)); /* changes nothing */
    program_add_output(p, "y", program_add2(p, OP_ADD, wide, zero, 0));
    struct format slice = {6, 6, true, ROUND_TRN, OVERFLOW_SAT}; /* never limits */
    program_add_output(p, "z", program_add_quantize(p, x, slice));
    p = cleaned(p);
    assert_int_equal(p->op_count, 1);
    assert_int_equal(p->outputs[0].value, 0);
    assert_int_equal(p->outputs[1].value, 0);
    program_free(p);
}

static void unseen_bits_are_cut(void **state)
{
    (void)state;
    /* x + 16 y, truncated below 16: the low bits of x meet nothing. */
    struct program *p = program_new("low");
    program_begin_block(p, "b", "test");
    int x = program_add_input(p, "x", format_make(true, 8, 8), 1, 0);
    int y = program_add_input(p, "y", format_make(true, 8, 8), 1, 0);
    int sum = program_add2(p, OP_ADD, x, y, 4);
    struct format high = {9, 13, true, ROUND_TRN, OVERFLOW_SAT};
    program_add_output(p, "z", program_add_quantize(p, sum, high));
    p = run(p, optimize_trim, &target_generic);
    p = cleaned(p);
    for (int i = 0; i < p->op_count; i++)
        if (p->ops[i].code == OP_ADD) {
            assert_int_equal(op_fraction(&p->ops[i]), -4);
            assert_int_equal(program_operand(p, &p->ops[i], 0)->format.width_bits, 4);
        }
    program_free(p);

    /* Sums taken modulo 16 need four bits. */
    p = program_new("high");
    program_begin_block(p, "b", "test");
    int total = program_add_input(p, "x0", format_make(true, 8, 8), 1, 0);
    for (int i = 1; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", i);
        int next = program_add_input(p, name, format_make(true, 8, 8), 1, 0);
        total = program_add2(p, OP_ADD, total, next, 0);
    }
    struct format wrapped = {4, 4, true, ROUND_TRN, OVERFLOW_WRAP};
    program_add_output(p, "y", program_add_quantize(p, total, wrapped));
    p = cleaned(run(p, optimize_trim, &target_generic));
    for (int i = 0; i < p->op_count; i++)
        if (p->ops[i].code == OP_ADD) assert_true(p->ops[i].format.width_bits <= 5);
    program_free(p);
}

static char *text_of(const struct program *p)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    program_print(p, stream);
    fclose(stream);
    return text;
}

static void equal_networks_give_equal_bytes(void **state)
{
    (void)state;
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 50;
    for (uint64_t seed = 5; seed < 25; seed += 4) {
        char *text[2];
        for (int i = 0; i < 2; i++) {
            struct network *n = random_network(seed, 2);
            struct compile_notes notes;
            compile_prepare(n, &options, "random");
            struct program *p = compile_network(n, &options, &notes);
            text[i] = text_of(p);
            program_free(p);
            network_free(n);
        }
        assert_string_equal(text[0], text[1]);
        free(text[0]);
        free(text[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_cost_their_digits_and_zeros_nothing),
        cmocka_unit_test(common_terms_are_made_once),
        cmocka_unit_test(few_subtractions_where_they_cost),
        cmocka_unit_test(subtrahends_come_complemented),
        cmocka_unit_test(rounding_goes_into_the_bias),
        cmocka_unit_test(what_intervals_decide_is_gone),
        cmocka_unit_test(unseen_bits_are_cut),
        cmocka_unit_test(equal_networks_give_equal_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
