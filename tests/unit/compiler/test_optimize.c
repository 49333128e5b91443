/* The optimisation passes: what each has to achieve, not only keep. */
#include "compiler/compile.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"
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
    struct matrix matrix = {.name = "w",
                            .rows = rows,
                            .columns = columns,
                            .integers = (int64_t *)integers,
                            .bias = (int64_t *)bias};
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

/* Both give the same for random inputs. */
static void assert_same_results(const struct program *a, const struct program *b, uint64_t seed)
{
    struct random r = random_init(seed);
    enum { MOST = 16 };
    for (int i = 0; i < 300; i++) {
        int64_t in[MOST], x[MOST], y[MOST];
        for (int k = 0; k < a->input_count; k++) {
            const struct op *op = &a->ops[a->inputs[k].value];
            in[k] = i == 0 ? op->lo : i == 1 ? op->hi : pick(&r, (int)op->lo, (int)op->hi);
        }
        program_eval(a, in, 1, x);
        program_eval(b, in, 1, y);
        for (int j = 0; j < a->output_count; j++)
            assert_int_equal(x[j], y[j]);
    }
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

/* Two matrices on one vector, of different fractions, in two blocks: what they have in common is
 * made once, whatever is between them. */
static void matrices_on_one_vector_share(void **state)
{
    (void)state;
    static const int64_t weights[2][8] = {{3, 5, 7, 11, 13, 3, 9, 5},
                                          {6, 10, 1, 22, 26, 2, 18, 10}};
    long adders[2];
    for (int together = 0; together < 2; together++) {
        struct program *p = program_new("heads");
        program_begin_block(p, "trunk", "input");
        int x[4], other[4], y[4];
        for (int i = 0; i < 4; i++)
            x[i] = program_add_input(p, "x", format_make(true, 6, 3), 1, 0);
        for (int i = 0; i < 4; i++) /* the same numbers by another name: not the same vector */
            other[i] = program_add_quantize(p, x[i], format_make(true, 6, 3));
        for (int head = 0; head < 2; head++) {
            program_begin_block(p, head ? "right" : "left", "dense");
            struct matrix matrix = {.name = "w",
                                    .rows = 4,
                                    .columns = 2,
                                    .integers = (int64_t *)weights[head],
                                    .fraction_bits = head};
            program_add_matvec(p, head && !together ? other : x, 4, &matrix, y + 2 * head);
        }
        for (int j = 0; j < 4; j++)
            program_add_output(p, "y", y[j]);
        struct program *sums = optimize_adder_graph(p, &target_generic);
        program_check(sums, "test");
        assert_same_results(p, sums, 5);
        adders[together] = count_code(sums, OP_ADD) + count_code(sums, OP_SUB);
        program_free(sums);
        program_free(p);
    }
    assert_true(adders[1] <=
                adders[0] - 4); /* the first columns are one another's double but for a row */
}

/* A table behind a sum whose lowest bits are always 0, since two of its terms are the same: the
 * adders leave them out, and its entries are still those of the same real values. */
static void a_table_keeps_its_meaning(void **state)
{
    (void)state;
    for (int other = 1; other <= 7; other += 2) {
        struct program *p = program_new("table");
        program_begin_block(p, "dense", "dense");
        int x = program_add_input(p, "x", format_make(true, 3, 3), 1, 0), y;
        int64_t weights[2] = {1, other}, entries[64];
        struct matrix matrix = {
            .name = "w", .rows = 2, .columns = 1, .integers = weights, .fraction_bits = 3};
        program_add_matvec(p, (int[2]){x, x}, 2, &matrix, &y);
        const int64_t lo = p->ops[y].lo, hi = p->ops[y].hi;
        assert_true(hi - lo < 64);
        for (int64_t n = lo; n <= hi; n++)
            entries[n - lo] = n * 37 & 63;
        program_add_output(p, "y", program_add_table(p, y, "f", entries, format_make(false, 6, 6)));
        struct program *sums = optimize_adder_graph(p, &target_generic);
        program_check(sums, "test");
        assert_int_equal(count_code(sums, OP_MATVEC), 0);
        assert_int_equal(count_code(sums, OP_TABLE), 1);
        assert_same_results(p, sums, (uint64_t)other);
        program_free(sums);
        program_free(p);
    }
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
    struct program *same = run(optimize_constants(p, &inverting), optimize_dead, &inverting);
    assert_int_equal(count_code(same, OP_SUB) + count_code(same, OP_SBB), count_code(p, OP_SUB));
    struct program *changed = optimize_constants(p, &target_generic);
    program_check(changed, "constants");
    int complements = 0;
    for (int i = 0; i < changed->op_count; i++) {
        const struct op *op = &changed->ops[i];
        if (!op_subtracts(op)) continue;
        if (op_is_complement(changed, i)) {
            complements++;
            assert_int_equal(op_adder_bits(changed, i), 0);
        } else { /* the subtrahend is an input, that nobody inverts for nothing */
            assert_int_equal(program_operand(changed, op, op_first_addend(op) + 1)->code, OP_INPUT);
        }
    }
    assert_int_equal(complements, 2);
    assert_same_results(p, same, 2);
    assert_same_results(p, changed, 3);
    program_free(changed);
    program_free(same);
    program_free(p);
}

/* Adders beside those of the same columns without a bias. */
static long extra_adder_bits(struct format format, int rows, const int64_t *w, int64_t bias)
{
    struct target inverting = target_generic;
    inverting.carry_inverts_for_free = true;
    long bits[2];
    for (int i = 0; i < 2; i++) {
        const int64_t biases[] = {i ? bias : 0};
        struct program *p =
            run(product(format, rows, 1, w, biases), optimize_adder_graph, &inverting);
        struct program *moved = optimize_constants(p, &inverting);
        program_check(moved, "constants");
        assert_same_results(p, moved, 4);
        bits[i] = program_count(moved, 0, moved->op_count).adder_bits;
        program_free(moved);
        program_free(p);
    }
    return bits[1] - bits[0];
}

static void a_bias_goes_where_it_is_free(void **state)
{
    (void)state;
    const int64_t ones[] = {1, 1, 1, 1}, apart[] = {1, 64}, minus[] = {1, -1};
    struct format byte = format_make(false, 8, 8), six = format_make(false, 6, 6);
    /* Carries: three adders add up to three. */
    assert_int_equal(extra_adder_bits(byte, 4, ones, 3), 0);
    /* x0 + 64 x1: no adder at all, and none for bits above x1. */
    assert_int_equal(extra_adder_bits(six, 2, apart, 5 * 4096), 0);
    /* x0 - x1: one less is a borrow; 1024 more stand above x0, and the sum is two bits wider. */
    assert_int_equal(extra_adder_bits(byte, 2, minus, -1), 0);
    assert_in_range(extra_adder_bits(byte, 2, minus, 1024), 0, 3);
    /* Elsewhere an adder of its own. */
    assert_true(extra_adder_bits(byte, 2, minus, 77) > 3);
}

/* Random trees with constants anywhere, cuts of low bits between sums, and values read twice. */
static void constants_keep_their_sums(void **state)
{
    (void)state;
    struct random r = random_init(9);
    struct target inverting = target_generic;
    inverting.carry_inverts_for_free = true;
    for (int n = 0; n < 400; n++) {
        struct program *p = program_new("trees");
        program_begin_block(p, "dense", "dense");
        int values[40], count = 0;
        while (count < 5)
            values[count++] = program_add_input(
                p, "x", format_make(pick(&r, 0, 1), pick(&r, 1, 8), pick(&r, 1, 6)), 1, 0);
        while (count < 25) {
            int a = values[count - 1 - pick(&r, 0, count < 9 ? count - 1 : 8)];
            int b = pick(&r, 0, 3) ? values[pick(&r, 0, count - 1)]
                                   : program_add_const(p, pick(&r, -40, 40), pick(&r, -2, 5));
            if (p->ops[a].format.width_bits > 40 || p->ops[b].format.width_bits > 40) {
                a = values[0];
                b = values[1];
            }
            static const enum op_code codes[] = {OP_ADD, OP_SUB, OP_SUB, OP_NEG, OP_SHIFT};
            enum op_code code = codes[pick(&r, 0, 4)];
            int value;
            if (pick(&r, 0, 5) == 0)
                value = rewrite_truncate(p, a, op_fraction(&p->ops[a]) - pick(&r, 0, 2));
            else if (code == OP_NEG || code == OP_SHIFT)
                value = program_add_op(p, code, &a, 1, code == OP_NEG ? 0 : pick(&r, -3, 3));
            else
                value = pick(&r, 0, 1) ? program_add2(p, code, a, b, pick(&r, -3, 3))
                                       : program_add2(p, code, b, a, pick(&r, -3, 3));
            values[count++] = value;
        }
        for (int j = 0; j < 4; j++)
            program_add_output(p, "y", values[count - 1 - j * pick(&r, 1, 3)]);
        for (int i = 0; i < 2; i++) {
            struct program *moved = optimize_constants(p, i ? &inverting : &target_generic);
            program_check(moved, "constants");
            assert_same_results(p, moved, (uint64_t)n);
            program_free(moved);
        }
        program_free(p);
    }
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

/* Every comparison of 5 bits with every constant, finer ones and out of range too: the same for
 * every value, and no bit below the constant's lowest is compared. */
static void limits_lose_their_zeros(void **state)
{
    (void)state;
    for (int n = 0; n < 2 * 2 * 2 * 120; n++) {
        bool is_signed = n & 1, is_first = n & 2;
        enum op_code code = n & 4 ? OP_LT : OP_LE;
        int constant = n / 8 - 60;
        struct program *p = program_new("limit");
        program_begin_block(p, "b", "test");
        int x = program_add_input(p, "x", format_make(is_signed, 5, 4), 1, 0);
        int c = program_add_const(p, constant, constant % 3 == 0 ? 2 : 0);
        program_add_output(p, "y", program_add2(p, code, is_first ? c : x, is_first ? x : c, 0));
        struct program *short_one = cleaned(optimize_dead(p, &target_generic));
        const struct op *x_op = &p->ops[x];
        for (int64_t in = x_op->lo, y, z; in <= x_op->hi; in++) {
            program_eval(p, &in, 1, &y);
            program_eval(short_one, &in, 1, &z);
            assert_true(y == z);
        }
        int limit =
            2 * constant + ((code == OP_LT) == is_first); /* of c without fraction, in halves */
        for (int v = 0; v < short_one->op_count && constant % 3 && !(limit & 1); v++) {
            const struct op *op = &short_one->ops[v];
            if (op->code != OP_LT && op->code != OP_LE) continue;
            int other = short_one->ops[short_one->operands[op->operands]].code == OP_CONST;
            int width = program_operand(short_one, op, other)->format.width_bits;
            assert_true(width <= 5 - (limit ? __builtin_ctz((unsigned)limit) : 4));
        }
        program_free(short_one);
        program_free(p);
    }
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
        cmocka_unit_test(matrices_on_one_vector_share),
        cmocka_unit_test(a_table_keeps_its_meaning),
        cmocka_unit_test(few_subtractions_where_they_cost),
        cmocka_unit_test(subtrahends_come_complemented),
        cmocka_unit_test(a_bias_goes_where_it_is_free),
        cmocka_unit_test(constants_keep_their_sums),
        cmocka_unit_test(rounding_goes_into_the_bias),
        cmocka_unit_test(what_intervals_decide_is_gone),
        cmocka_unit_test(limits_lose_their_zeros),
        cmocka_unit_test(unseen_bits_are_cut),
        cmocka_unit_test(equal_networks_give_equal_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
