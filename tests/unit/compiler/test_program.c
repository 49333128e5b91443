/* The lowered program: interval rule, claims and their proofs, checker, counts, copies, host side.
 */
#include "random_program.h"

#include "base/error.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A value of any interval, as an input that was set by hand before anything used it. */
static int add_source(struct program *p, int64_t lo, int64_t hi, int fraction)
{
    int value = program_add_input(p, "x", format_of_interval(lo, hi, fraction), 1, 0);
    p->ops[value].lo = lo;
    p->ops[value].hi = hi;
    return value;
}

static void assert_value(const struct program *p, int value, const char *format, int64_t lo,
                         int64_t hi)
{
    char text[FORMAT_TEXT_BYTES];
    format_print(p->ops[value].format, text);
    assert_string_equal(text, format);
    assert_int_equal(p->ops[value].lo, lo);
    assert_int_equal(p->ops[value].hi, hi);
}

static void test_intervals(void **state)
{
    (void)state;
    struct program *p = program_new("p");
    int a = program_add_input(p, "a", format_make(true, 8, 4), 1, 0);
    int b = program_add_input(p, "b", format_make(false, 6, 6), 1, 0);
    int one = program_add_const(p, 1, 0);
    int less = program_add2(p, OP_LT, a, b, 0);
    assert_value(p, program_add2(p, OP_ADD, a, a, 0), "fixed<9,5>", -256, 254);
    assert_value(p, program_add2(p, OP_ADD, a, a, 2), "fixed<11,7>", -640, 635);
    assert_value(p, program_add2(p, OP_SUB, b, a, 0), "fixed<12,8>", -127, 1136);
    assert_value(p, program_add2(p, OP_SUB, b, b, -3), "fixed<10,7>", -63, 504);
    assert_value(p, program_add_op(p, OP_ADC, (int[]){less, a, b}, 3, 0), "fixed<12,8>", -128,
                 1151);
    assert_value(p, program_add_op(p, OP_SBB, (int[]){less, b, b}, 3, -3), "fixed<10,7>", -71, 504);
    assert_value(p, program_add_op(p, OP_NEG, &b, 1, 0), "fixed<7,7>", -63, 0);
    assert_value(p, program_add_op(p, OP_SHIFT, &a, 1, -3), "fixed<8,1>", -128, 127);
    assert_value(p, program_add2(p, OP_MUL, a, b, 0), "fixed<14,10>", -8064, 8001);
    assert_value(p, program_add2(p, OP_MUL, a, a, 0), "ufixed<15,7>", 0, 16384);
    assert_value(p, program_add2(p, OP_MAX, a, one, 0), "ufixed<7,3>", 16, 127);
    assert_value(p, program_add2(p, OP_MIN, b, one, 0), "ufixed<1,1>", 0, 1);
    assert_value(p, program_add_op(p, OP_SELECT, (int[]){less, a, b}, 3, 0), "fixed<11,7>", -128,
                 1008);
    assert_value(p, program_add2(p, OP_LE, one, one, 0), "ufixed<1,1>", 1, 1);
    assert_value(p, program_add2(p, OP_EQ, a, one, 0), "ufixed<1,1>", 0, 1);
    assert_value(p, program_add_op(p, OP_NOT, &b, 1, 0), "ufixed<6,6>", 0, 63);
    assert_value(p, program_add_op(p, OP_POPCOUNT, &a, 1, 0), "ufixed<4,4>", 0, 8);
    assert_value(p, program_add_op(p, OP_CONCAT, (int[]){a, b}, 2, 0), "ufixed<14,14>", 0, 16383);
    int bits[2] = {less, one};
    assert_value(p, program_add_lut(p, bits, 2, 0x6), "ufixed<1,1>", 0, 1);
    assert_value(p, program_add_lut(p, bits, 2, 0xd), "ufixed<1,1>", 1, 1); /* one is 1 */
    assert_value(p, program_add_slice(p, a, 5, format_make(true, 3, 1)), "fixed<3,1>", -4, 3);
    assert_value(p, program_add_slice(p, one, 0, format_make(false, 1, 1)), "ufixed<1,1>", 1, 1);
    int64_t entries[64];
    for (int i = 0; i < 64; i++)
        entries[i] = 3 - i % 5;
    assert_value(p, program_add_table(p, b, "t", entries, format_make(true, 9, 3)), "fixed<3,-3>",
                 -1, 3);
    assert_value(p, program_add_op(p, OP_PICK, (int[]){less, a, b}, 3, 0), "fixed<11,7>", -128,
                 1008);
    assert_value(p, program_add_op(p, OP_PICK, (int[]){one, a, b}, 3, 0), "ufixed<10,6>", 0, 1008);
    program_begin_loop(p, "loop", "test", 5);
    assert_value(p, program_add_index(p), "ufixed<3,3>", 0, 4);
    int carried = program_add_state(p, b, -7, 63);
    assert_value(p, carried, "fixed<7,7>", -7, 63);
    assert_value(p, program_add_update(p, carried, less), "ufixed<1,1>", 0, 1);
    int memory = program_add_memory(p, "m", 64, -3, 100, 0, NULL);
    assert_value(p, program_add_load(p, memory, b), "fixed<8,8>", -3, 100);
    assert_value(p, program_add_store(p, memory, b, b, less), "ufixed<6,6>", 0, 63);
    program_free(p);
}

/* A column's fraction bits are the fewest that hold it: 2 and 6 need one bit less than 2 and 3. */
static void test_columns(void **state)
{
    (void)state;
    struct program *p = program_new("p");
    int x[2] = {program_add_input(p, "a", format_make(true, 4, 2), 1, 0),
                program_add_input(p, "b", format_make(true, 4, 2), 1, 0)};
    int64_t weights[] = {2, 2, 0, 8, 6, 3, 0, -16}, bias[] = {0, 0, 12, 1};
    struct matrix m = {.name = "w",
                       .rows = 2,
                       .columns = 4,
                       .integers = weights,
                       .fraction_bits = 5,
                       .bias = bias,
                       .bias_fraction_bits = 3};
    int r[4];
    program_add_matvec(p, x, 2, &m, r);
    assert_value(p, r[0], "fixed<6,0>", -32, 28); /* (2 a + 6 b) 2^-7 = (a + 3 b) 2^-6 */
    assert_value(p, r[1], "fixed<7,0>", -40, 35); /* 2 a + 3 b */
    assert_value(p, r[2], "ufixed<2,1>", 3, 3);   /* the bias alone: 1.5 */
    assert_value(p, r[3], "fixed<6,2>", -20, 25); /* (8 a - 16 b) 2^-7 + 2^-3 */
    program_free(p);
}

static void test_proofs(void **state)
{
    (void)state;
    struct program *p = program_new("p");
    char reason[400];
    int a = program_add_input(p, "a", format_make(true, 8, 8), 1, 0);
    int b = program_add_input(p, "b", format_make(false, 4, 4), 1, 0);
    int sum = program_add2(p, OP_ADD, a, b, 3);         /* a + 8 b */
    int again = program_add2(p, OP_SUB, sum, b, 3);     /* a */
    int more = program_add2(p, OP_ADD, again, sum, -1); /* 1.5 a + 4 b */
    int less = program_add2(p, OP_SUB, more, b, 2);     /* 1.5 a */
    int relu = program_add2(p, OP_MAX, again, program_add_const(p, 0, 0), 0);
    program_add_output(p, "y", less);
    program_add_output(p, "z", relu);
    assert_value(p, again, "fixed<9,9>", -248, 247);
    struct linear_forms *forms = linear_new(p);
    int64_t lo, hi;
    linear_interval(forms, again, &lo, &hi);
    assert_int_equal(lo, -128);
    assert_int_equal(hi, 127);
    linear_interval(forms, less, &lo, &hi);
    assert_int_equal(lo, -384); /* at one fraction bit */
    assert_int_equal(hi, 381);
    linear_interval(forms, relu, &lo, &hi); /* not linear: the rule */
    assert_int_equal(hi, 247);
    linear_free(forms);
    assert_null(program_verify(p, reason, sizeof reason));

    p->ops[less].lo = -384, p->ops[less].hi = 381;
    p->ops[less].format = format_of_interval(-384, 381, 1);
    assert_null(program_verify(p, reason, sizeof reason));
    p->ops[less].hi = 400; /* looser than provable is fine */
    p->ops[less].format = format_of_interval(-384, 400, 1);
    assert_null(program_verify(p, reason, sizeof reason));
    p->ops[less].hi = 380; /* one less is not */
    assert_string_equal(
        program_verify(p, reason, sizeof reason),
        "%5 (sub): interval [-384, 380] is claimed, [-384, 381] is what can be proved");
    program_free(p);
}

/* Random programs hold claims, and the checker proves them (test_eval.c sees that they hold). */
static void test_narrowed_programs_check(void **state)
{
    (void)state;
    long claims = 0;
    for (uint64_t seed = 100; seed < 130; seed++) {
        struct random random = random_init(seed);
        struct program *p = random_program(&random, random_narrow);
        program_check(p, "random_program");
        for (int value = 0; value < p->op_count; value++) {
            int64_t lo, hi;
            struct format format;
            assert_null(op_infer(p, &p->ops[value], &format, &lo, &hi));
            claims += lo != p->ops[value].lo || hi != p->ops[value].hi;
        }
        program_free(p);
    }
    assert_true(claims > 10); /* else the test says nothing */
}

/* input a, b; %2 = a + b; %3 = relu; %4 = quantize; one output; scheduled in two stages. */
static struct program *small_program(void)
{
    struct program *p = program_new("small");
    program_begin_block(p, "in", "input");
    int a = program_add_input(p, "a", format_make(true, 8, 4), 1, 0);
    int b = program_add_input(p, "b", format_make(true, 8, 4), 1, 0);
    program_begin_block(p, "work", "dense");
    int sum = program_add2(p, OP_ADD, a, b, 0);
    int zero = program_add_const(p, 0, 0);
    int relu = program_add2(p, OP_MAX, sum, zero, 0);
    int cut = program_add_quantize(p, relu, format_make(false, 4, 4));
    program_add_output(p, "y", cut);
    for (int value = 0; value < p->op_count; value++)
        p->ops[value].stage = value >= relu;
    p->latency_cycles = 2;
    return p;
}

static void assert_refused(struct program *p, const char *part)
{
    char reason[400] = "";
    const char *wrong = program_verify(p, reason, sizeof reason);
    if (!wrong || !strstr(wrong, part))
        fail_msg("expected '%s', got '%s'", part, wrong ? wrong : "no objection");
    program_free(p);
}

#define REFUSED(EDIT, PART)                                                                        \
    do {                                                                                           \
        struct program *p = small_program();                                                       \
        EDIT;                                                                                      \
        assert_refused(p, PART);                                                                   \
    } while (0)

static void test_checker_refuses(void **state)
{
    (void)state;
    char reason[400];
    struct program *fine = small_program();
    assert_null(program_verify(fine, reason, sizeof reason));
    program_free(fine);
    REFUSED(p->ops[2].hi--, "%2 (add): interval [-256, 253] is claimed");
    REFUSED(p->ops[2].hi++, "%2 (add): interval [-256, 255] is wider than the rule's");
    REFUSED(p->ops[2].lo = 300, "%2 (add): its interval is empty");
    REFUSED(p->ops[0].hi--, "%0 (input): interval [-128, 126] is claimed");
    REFUSED(p->ops[4].hi--, "%4 (max): interval [0, 253] is claimed");
    REFUSED(p->ops[2].format.width_bits++, "%2 (add): format");
    REFUSED(p->ops[2].format.integer_bits++, "%2 (add)");
    REFUSED(p->ops[2].format.rounding = ROUND_TRN, "its interval asks for fixed<9,5>");
    REFUSED(p->ops[5].format.width_bits = 64, "%5 (quantize): a format of 64 bits");
    REFUSED(p->ops[2].operand_count = 1, "%2 (add): has the wrong number of operands");
    REFUSED(p->ops[2].operands = 99, "%2 (add): its operands are outside");
    REFUSED(p->operands[0] = 2, "%2 (add): operand %2 does not come before it");
    REFUSED(p->operands[0] = -1, "%2 (add): operand %-1 does not come before it");
    REFUSED(p->ops[2].immediate = 1000, "%2 (add): its shift is out of bounds");
    REFUSED(p->ops[2].code = OP_COUNT, "%2 is no operation");
    REFUSED(p->ops[2].code = OP_AND, "%2 (and): an operand is signed");
    REFUSED(p->ops[2].code = OP_RESULT, "%2 (result): has the wrong number");
    REFUSED(p->ops[5].code = OP_RESULT, "%5 (result): its operand is not a matvec");
    REFUSED(p->ops[5].code = OP_MATVEC, "%5 (matvec): there is no such matrix");
    REFUSED(p->ops[5].code = OP_TABLE, "%5 (table): there is no such table");
    REFUSED(p->ops[4].stage = 0; p->ops[5].stage = 0, "latency 2, last stage 0");
    REFUSED(p->ops[2].stage = 1; p->ops[4].stage = 0, "%4 (max): stage 0, before its operand's 1");
    REFUSED(p->ops[2].stage = -1, "%2 (add): stage -1 in a program of latency 2");
    REFUSED(p->ops[0].stage = 1, "%0 (input): stage 1, not 0");
    REFUSED(p->latency_cycles = 3, "latency 3, last stage 1");
    REFUSED(p->blocks[1].first++, "block work is [3, 6), the one before it ends at 2");
    REFUSED(p->blocks[1].end--, "the blocks end at 5, the program at 6");
    REFUSED(p->blocks[1].trip = 4, "latency 2, interval 1, the longest block 4");
    REFUSED(p->blocks[1].trip = 4; p->interval_cycles = 4, "%2 (add): stage 0 of what a loop's");
    REFUSED(p->blocks[1].trip = 0, "block work: trip 0 interval 1");
    REFUSED(p->blocks[1].interval = 2, "block work: trip 1 interval 2");
    REFUSED(p->outputs[0].value = 6, "output 0 (y) is not a value");
    REFUSED(p->output_count = 0, "there is no output");
    REFUSED(p->inputs[1].value = 0, "input 1 (b) has no input operation");
    REFUSED(p->input_count = 1, "2 input operations for 1 inputs");
    REFUSED(p->output_kind = "maybe", "output kind maybe is unknown");
}

struct bits_case {
    struct {
        int64_t lo, hi;
        int fraction;
    } a, b;
    int shift;
    bool sub;
    int bits;
};

/* Expected bits: adder_bits() of the formula's other implementation, which counts peers' graphs. */
static void test_adder_bits(void **state)
{
    (void)state;
    static const struct bits_case cases[] = {
        {{-128, 127, 0}, {-128, 127, 0}, 0, false, 9},
        {{-128, 127, 0}, {-128, 127, 0}, 2, false, 9},
        {{-128, 127, 0}, {-128, 127, 0}, 2, true, 9},
        {{0, 3, 0}, {-8, 7, 0}, 2, false, 0},
        {{-4, 3, 0}, {0, 15, 0}, 3, false, 5},
        {{0, 15, 0}, {-4, 3, 0}, -4, false, 5},
        {{0, 15, 2}, {0, 15, 0}, 0, false, 5},
        {{0, 15, 2}, {0, 15, 0}, 0, true, 5},
        {{0, 15, 0}, {0, 15, 3}, 0, true, 8},
        {{0, 15, 0}, {0, 15, 3}, 1, true, 7},
        {{-7, 9, 4}, {-100, 20, 1}, -1, false, 8},
        {{-7, 9, 4}, {-100, 20, 1}, -1, true, 8},
        {{0, 1, 0}, {0, 1, 0}, 0, true, 2},
        {{0, 3, 0}, {0, 3, 0}, 2, true, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct bits_case *c = &cases[i];
        struct program *p = program_new("p");
        int a = add_source(p, c->a.lo, c->a.hi, c->a.fraction);
        int b = add_source(p, c->b.lo, c->b.hi, c->b.fraction);
        int r = program_add2(p, c->sub ? OP_SUB : OP_ADD, a, b, c->shift);
        if (op_adder_bits(p, r) != c->bits)
            fail_msg("case %zu: %d bits, expected %d", i, op_adder_bits(p, r), c->bits);
        program_free(p);
    }
}

/* a + 4 b + carry from bit 2 up: free there, an adder of its own elsewhere; b at bit 0 of a borrow.
 */
static void test_carry_bits(void **state)
{
    (void)state;
    struct program *p = program_new("p");
    int a = add_source(p, -128, 127, 0), b = add_source(p, -128, 127, 0);
    int bit = add_source(p, 0, 1, 0), bit2 = program_add_op(p, OP_SHIFT, &bit, 1, 2);
    int free = program_add_op(p, OP_ADC, (int[]){bit2, a, b}, 3, 2);
    int low = program_add_op(p, OP_ADC, (int[]){bit, a, b}, 3, 2);
    int borrow = program_add_op(p, OP_SBB, (int[]){bit, a, b}, 3, 0);
    assert_int_equal(op_lowest_carry(p, free), 2);
    assert_int_equal(op_adder_bits(p, free), 9);
    assert_int_equal(op_adder_bits(p, low), 9 + 11);
    assert_int_equal(op_lowest_carry(p, borrow), 0);
    assert_int_equal(op_adder_bits(p, borrow), 9);
    program_free(p);
}

static void test_counts(void **state)
{
    (void)state;
    struct program *p = small_program();
    struct program_counts all = program_count(p, 0, p->op_count);
    assert_int_equal(all.operations, 3);
    assert_int_equal(all.adders, 1);
    assert_int_equal(all.adder_bits, 9);
    assert_int_equal(all.depth, 1);
    assert_int_equal(all.register_bits, 9 + 4); /* the sum into stage 1, the output's rank */
    p->ops[2].stage = 1;                        /* now both inputs are carried instead */
    assert_int_equal(program_count(p, 0, p->op_count).register_bits, 8 + 8 + 4);
    p->ops[4].stage = p->ops[5].stage = 3;
    p->ops[2].stage = 0;
    p->latency_cycles = 5;
    assert_int_equal(program_count(p, 0, p->op_count).register_bits, 3 * 9 + 2 * 4);
    assert_int_equal(program_count(p, 3, p->op_count).register_bits, 2 * 4);
    int shifted = program_add_op(p, OP_SHIFT, (int[]){2}, 1, 3); /* the sum's own registers */
    p->ops[shifted].stage = 4;
    program_add_output(p, "z", shifted);
    assert_int_equal(program_count(p, 0, p->op_count).register_bits, 5 * 9 + 2 * 4);
    int chain = 2;
    for (int i = 0; i < 3; i++)
        chain = program_add2(p, OP_ADD, chain, 0, 0);
    assert_int_equal(program_count(p, 0, p->op_count).depth, 4);
    program_free(p);
}

/* Values are copied with their claims, into a program that computes the same. */
static void test_copy(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct random random = random_init(seed);
        struct program *old = random_program(&random, random_wide);
        struct program *p = program_new_like(old);
        int *map = calloc((size_t)old->op_count, sizeof *map);
        for (int i = 0; i < old->block_count; i++) {
            program_begin_block(p, old->blocks[i].name, old->blocks[i].kind);
            for (int value = old->blocks[i].first; value < old->blocks[i].end; value++)
                map[value] = program_copy_op(p, old, value, map);
        }
        for (int i = 0; i < old->output_count; i++)
            program_add_output(p, old->outputs[i].name, map[old->outputs[i].value]);
        program_check(p, "copy");
        char *text[2];
        size_t length[2];
        for (int i = 0; i < 2; i++) {
            FILE *stream = open_memstream(&text[i], &length[i]);
            program_print(i ? p : old, stream);
            fclose(stream);
        }
        assert_string_equal(text[0], text[1]);
        free(text[0]);
        free(text[1]);
        free(map);
        program_free(p);
        program_free(old);
    }
}

/* A copy whose operand got a tighter interval gets one too. */
static void test_copy_tightens(void **state)
{
    (void)state;
    struct program *old = program_new("p");
    int a = program_add_input(old, "a", format_make(true, 8, 8), 1, 0);
    int wide = program_add2(old, OP_SUB, program_add2(old, OP_ADD, a, a, 0), a, 0);
    int relu = program_add2(old, OP_MAX, wide, program_add_const(old, 0, 0), 0);
    struct program *p = program_new_like(old);
    int map[8] = {0};
    map[a] = program_copy_op(p, old, a, map);
    map[wide] = map[a]; /* as a simplifying pass would */
    map[relu - 1] = program_copy_op(p, old, relu - 1, map);
    map[relu] = program_copy_op(p, old, relu, map);
    program_add_output(p, "y", map[relu]);
    assert_value(p, map[relu], "ufixed<7,7>", 0, 127);
    program_check(p, "copy");
    program_free(p);
    program_free(old);
}

static void test_too_wide(void **state)
{
    (void)state;
    struct error_trap trap;
    struct program *p = program_new("p");
    program_begin_block(p, "in", "input");
    int a = program_add_input(p, "x[3]", format_make(true, 30, 10), 1, 0);
    program_begin_block(p, "dense_1", "dense");
    int square = program_add2(p, OP_MUL, a, a, 0);
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        program_add2(p, OP_MUL, square, a, 0);
        error_set_trap(NULL);
        fail_msg("no objection");
    }
    error_set_trap(NULL);
    assert_string_equal(
        trap.message,
        "block dense_1: value %2 needs more than 63 bits; by input %0 x[3] (30 bits) -> "
        "mul %1 (59 bits) -> mul %2; quantize a value on the way");
    program_free(p);
}

static void test_host(void **state)
{
    (void)state;
    struct program *p = program_new("p");
    struct format f = format_make(true, 6, 3);
    f.rounding = ROUND_TRN;
    int a = program_add_input(p, "a", f, 0.5, -1),
        b = program_add_input(p, "b", format_make(false, 4, 6), 1, 0);
    program_add_output(p, "y", program_add2(p, OP_ADD, a, b, 0));
    double x[] = {3, 7, -100, 3.9, 2.26, 1000}, y[3];
    int64_t in[6], out[3];
    program_quantize_inputs(p, x, 3, in);
    assert_int_equal(in[0], 4);   /* 0.5 / 2^-3 */
    assert_int_equal(in[1], 2);   /* 7 to the step 4, halves up */
    assert_int_equal(in[2], -32); /* limited */
    assert_int_equal(in[3], 1);
    assert_int_equal(in[4], 1); /* 0.13 truncated to 0.125 */
    assert_int_equal(in[5], 15);
    program_eval(p, in, 3, out);
    program_scale_outputs(p, out, 3, y);
    assert_float_equal(y[0], 8.5, 0);
    assert_float_equal(y[1], 0, 0);
    assert_float_equal(y[2], 60.125, 0);
    program_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_proofs),
        cmocka_unit_test(test_narrowed_programs_check),
        cmocka_unit_test(test_checker_refuses),
        cmocka_unit_test(test_adder_bits),
        cmocka_unit_test(test_carry_bits),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_copy_tightens),
        cmocka_unit_test(test_too_wide),
        cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
