/* The pass that makes sums and comparisons of few bits into tables: what it has to find, and that
 * it changes nothing, event by event over every value of the inputs. */
#include "compiler/optimize/optimize.h"
#include "compiler/program/linear.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static long count_code(const struct program *p, enum op_code code)
{
    long count = 0;
    for (int i = 0; i < p->op_count; i++)
        count += p->ops[i].code == code;
    return count;
}

static struct program *with_tables(const struct program *p, int lut_inputs)
{
    struct target target = target_generic;
    target.lut_inputs = lut_inputs;
    struct program *tables = optimize_tables(p, &target);
    program_check(tables, "tables");
    struct program *live = optimize_dead(tables, &target);
    program_check(live, "dead");
    program_free(tables);
    return live;
}

/* Equal outputs for every combination of the inputs' values; how many there are. */
static long check_all(const struct program *a, const struct program *b)
{
    enum { MOST = 8 };
    int64_t x[MOST], y[MOST], z[MOST];
    long count = 0;
    for (int i = 0; i < a->input_count; i++)
        x[i] = a->ops[a->inputs[i].value].lo;
    for (int i = 0; i < a->input_count; count++) {
        program_eval(a, x, 1, y);
        program_eval(b, x, 1, z);
        for (int j = 0; j < a->output_count; j++) {
            int fraction_a = op_fraction(&a->ops[a->outputs[j].value]);
            int fraction_b = op_fraction(&b->ops[b->outputs[j].value]);
            assert_int_equal(fraction_a, fraction_b);
            assert_true(y[j] == z[j]);
        }
        for (i = 0; i < a->input_count && x[i]++ == a->ops[a->inputs[i].value].hi; i++)
            x[i] = a->ops[a->inputs[i].value].lo;
    }
    return count;
}

static struct program *begin(int inputs, struct format format, int *x)
{
    struct program *p = program_new("narrow");
    program_begin_block(p, "narrow", "test");
    for (int i = 0; i < inputs; i++)
        x[i] = program_add_input(p, "x", format, 1, 0);
    return p;
}

/* Eight bits counted: two tables and one adder with 4-input LUTs, a table of six and one of two
 * bits less with 6; none where LUTs have two inputs. */
static void counters(void **state)
{
    (void)state;
    static const struct {
        int lut_inputs, tables, adders;
    } cases[] = {{4, 2, 1}, {2, 0, 7}, {6, 2, 1}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        int x[8];
        struct program *p = begin(8, format_make(false, 1, 1), x);
        for (int count = 8; count > 1; count /= 2)
            for (int i = 0; i < count / 2; i++)
                x[i] = program_add2(p, OP_ADD, x[2 * i], x[2 * i + 1], 0);
        program_add_output(p, "count", x[0]);
        struct program *q = with_tables(p, cases[k].lut_inputs);
        assert_int_equal(count_code(q, OP_TABLE), cases[k].tables);
        assert_int_equal(count_code(q, OP_ADD), cases[k].adders);
        assert_int_equal(check_all(p, q), 256);
        program_free(q);
        program_free(p);
    }
}

static void comparisons(void **state)
{
    (void)state;
    int x[2];
    struct program *p = begin(2, format_make(true, 2, 2), x);
    program_add_output(p, "less", program_add2(p, OP_LT, x[0], x[1], 0));
    program_add_output(p, "more", program_add2(p, OP_MAX, x[0], x[1], 0));
    struct program *q = with_tables(p, 4);
    assert_int_equal(count_code(q, OP_TABLE), 2);
    assert_int_equal(count_code(q, OP_LT) + count_code(q, OP_MAX), 0);
    assert_int_equal(check_all(p, q), 16);
    program_free(q);
    program_free(p);
}

/* What others read stays, and what has too many bits; a sum whose operand is a table still is what
 * its interval says. */
static void what_pays_only(void **state)
{
    (void)state;
    int x[3];
    struct program *p = begin(3, format_make(false, 2, 2), x);
    int two = program_add2(p, OP_ADD, x[0], x[1], 0);
    int three = program_add2(p, OP_ADD, two, x[2], 0);
    program_add_output(p, "two", two);
    program_add_output(p, "three", three);
    struct program *q = with_tables(p, 4);
    assert_int_equal(count_code(q, OP_TABLE), 0); /* three LUTs as a sum and as a table */
    program_free(q);
    program_free(p);
}

/* Random programs of few bits. Narrow claims of sums survive: their operands' tables are sums. */
static void nothing_changes(void **state)
{
    (void)state;
    struct random r = random_init(31);
    long tables = 0, events = 0;
    for (int n = 0; n < 600; n++) {
        int x[40], count = pick(&r, 2, 4);
        struct program *p = begin(count, format_make(pick(&r, 0, 1), pick(&r, 1, 2), 2), x);
        struct linear_forms *forms = linear_new(p);
        while (count < 24) {
            static const enum op_code codes[] = {OP_ADD, OP_ADD, OP_SUB, OP_LT,
                                                 OP_MAX, OP_MIN, OP_LE,  OP_NEG};
            int a = x[pick(&r, 0, count - 1)], b = x[pick(&r, 0, count - 1)], value;
            enum op_code code = codes[pick(&r, 0, 7)];
            bool is_wide = p->ops[a].format.width_bits > 8 || p->ops[b].format.width_bits > 8;
            if (is_wide || pick(&r, 0, 5) == 0) {
                struct format format = format_make(pick(&r, 0, 1), pick(&r, 1, 3), pick(&r, 1, 3));
                format.rounding = pick(&r, 0, 1) ? ROUND_RND : ROUND_TRN;
                format.overflow = pick(&r, 0, 1) ? OVERFLOW_SAT : OVERFLOW_WRAP;
                value = program_add_quantize(p, a, format);
            } else if (code == OP_NEG) {
                value = program_add_op(p, code, &a, 1, 0);
            } else {
                value = program_add2(p, code, a, b, code <= OP_SUB ? pick(&r, -1, 1) : 0);
            }
            if (code <= OP_SUB && p->ops[value].code == code) {
                int64_t lo, hi;
                linear_interval(forms, value, &lo, &hi);
                program_narrow(p, value, lo, hi);
            }
            x[count++] = value;
        }
        linear_free(forms);
        for (int j = 0; j < 5; j++)
            program_add_output(p, "y", x[count - 1 - 2 * j]);
        program_check(p, "before");
        struct program *q = with_tables(p, pick(&r, 3, 6));
        tables += count_code(q, OP_TABLE);
        events += check_all(p, q);
        program_free(q);
        program_free(p);
    }
    assert_true(tables > 600 && events > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(what_pays_only),
        cmocka_unit_test(nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
