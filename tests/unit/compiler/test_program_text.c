/* The text form: a golden file that holds everything, print -> parse -> print, and what the parser
 * refuses. */
#include "random_program.h"

#include "base/error.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128];

static char *printed(const struct program *p)
{
    char *text;
    size_t length;
    FILE *stream = open_memstream(&text, &length);
    program_print(p, stream);
    fclose(stream);
    return text;
}

/* Every operation, odd names, a claim, modes, a matrix with bias, a table, stages. */
static struct program *golden_program(void)
{
    struct program *p = program_new("golden");
    p->output_kind = "argmax";
    p->clock_mhz = 120.5;
    struct format modes = format_make(true, 6, 2);
    modes.rounding = ROUND_RND_CONV;
    modes.overflow = OVERFLOW_SAT_SYM;
    program_begin_block(p, "inputs", "input");
    int a = program_add_input(p, "x[0]", format_make(true, 8, 4), 0.1, -1.0 / 3);
    int b = program_add_input(p, "pT / \"GeV\" \\ \xce\xb7", modes, 1, 0);
    program_begin_block(p, "dense 1", "dense");
    int64_t weights[] = {1, -3, 2, 4}, bias[] = {5, -4}, entries[64];
    struct matrix m = {.name = "w1",
                       .rows = 2,
                       .columns = 2,
                       .integers = weights,
                       .fraction_bits = 3,
                       .bias = bias,
                       .bias_fraction_bits = 9};
    int r[2];
    program_add_matvec(p, (int[]){a, b}, 2, &m, r);
    int sum = program_add2(p, OP_ADD, a, b, 2);
    int back = program_add2(p, OP_SUB, sum, b, 2);
    program_narrow(p, back, -128, 127);
    int carry = program_add2(p, OP_LT, b, a, 0),
        lowest = program_add_op(p, OP_SHIFT, &carry, 1, -2);
    int more = program_add_op(p, OP_ADC, (int[]){lowest, a, b}, 3, 2);
    int fewer = program_add_op(p, OP_SBB, (int[]){carry, a, b}, 3, 0);
    modes.overflow = OVERFLOW_WRAP;
    int cut = program_add_quantize(p, r[0], modes);
    int product = program_add2(p, OP_MUL, cut, back, 0);
    int negative = program_add_op(p, OP_NEG, &product, 1, 0);
    int shifted = program_add_op(p, OP_SHIFT, &negative, 1, -3);
    program_begin_block(p, "empty", "dropout");
    program_begin_block(p, "rest", "relu");
    int zero = program_add_const(p, 0, 0), half = program_add_const(p, -1, 1);
    int relu = program_add2(p, OP_MAX, shifted, zero, 0);
    int least = program_add2(p, OP_MIN, r[1], half, 0);
    int lt = program_add2(p, OP_LT, relu, least, 0), le = program_add2(p, OP_LE, a, b, 0);
    int eq = program_add2(p, OP_EQ, a, b, 0);
    int choice = program_add_op(p, OP_SELECT, (int[]){le, a, cut}, 3, 0);
    for (int i = 0; i < 64; i++)
        entries[i] = (i * 7) % 64 - 20;
    int looked = program_add_table(p, cut, "sigmoid", entries, format_make(true, 8, 0));
    int low = program_add_slice(p, a, 2, format_make(false, 5, 3));
    int high = program_add_slice(p, b, 0, format_make(false, 5, 3));
    int and = program_add2(p, OP_AND, low, high, 0), or = program_add2(p, OP_OR, low, high, 0);
    int xor = program_add2(p, OP_XOR, low, high, 0), not = program_add_op(p, OP_NOT, &low, 1, 0);
    int ones = program_add_op(p, OP_POPCOUNT, &b, 1, 0);
    int whole = program_add_op(p, OP_CONCAT, (int[]){lt, eq, and, or, xor, not, ones}, 7, 0);
    int lut = program_add_lut(p, (int[]){lt, le, eq}, 3, 0x9c);
    whole = program_add_op(p, OP_CONCAT, (int[]){whole, lut}, 2, 0);
    int picked = program_add_op(p, OP_PICK, (int[]){eq, ones, a}, 3, 0);
    int last_straight = picked;
    int64_t squares[4] = {0, 1, 4, 9}, stored[3] = {2, 0, 1};
    int loaded = program_add_memory(p, "weights", 4, -8, 7, 0, (const int64_t[]){1, -8, 7, 0});
    int kept = program_add_memory(p, "h", 3, 0, 30, 0, NULL);
    p->memories[kept].kind = MEMORY_BLOCK;
    p->memories[kept].slots = 6;
    program_begin_loop(p, "write", "dense", 3);
    int i3 = program_add_index(p);
    int one = program_add_const(p, 1, 0), none = program_add_const(p, 0, 0);
    int square = program_add_table(p, i3, "squares", squares, format_make(false, 4, 4));
    p->tables[p->ops[square].immediate].in_block = true;
    int sum_now = program_add_state(p, none, 0, 5);
    int sum_next = program_add2(p, OP_ADD, sum_now, square, 0);
    program_narrow(p, sum_next, 0, 5);
    program_add_update(p, sum_now, sum_next);
    int place = program_add_table(p, i3, "places", stored, format_make(false, 2, 2));
    program_add_store(p, kept, place, sum_next, one);
    program_begin_loop(p, "read", "dense", 3);
    int j3 = program_add_index(p);
    int back_again = program_add_load(p, kept, j3), weight = program_add_load(p, loaded, j3);
    int last = program_add2(p, OP_ADD, back_again, weight, 0);
    program_add_output(p, "picked", picked);
    program_add_output(p, "last", last);
    program_add_output(p, "class", whole);
    program_add_output(p, "s", looked);
    program_add_output(p, "c", choice);
    program_add_output(p, "m", more);
    program_add_output(p, "f", fewer);
    for (int value = 0; value < p->op_count; value++)
        p->ops[value].stage = value > last_straight ? value < j3    ? 2
                                                      : value == j3 ? 5
                                                                    : 6
                              : value >= negative   ? 2
                                                    : value >= sum;
    p->ops[i3].stage = 1;
    p->interval_cycles = 3;
    p->latency_cycles = 9;
    return p;
}

/* SLUICE_GOLDEN=update writes the file anew, to be read in the diff. */
static void test_golden(void **state)
{
    (void)state;
    const char *golden = "tests/golden/program.txt", *update = getenv("SLUICE_GOLDEN");
    struct program *p = golden_program();
    bool seen[OP_COUNT] = {false};
    for (int value = 0; value < p->op_count; value++)
        seen[p->ops[value].code] = true;
    for (int code = 0; code < OP_COUNT; code++)
        if (!seen[code]) fail_msg("%s is not in the golden program", op_rows[code].name);
    program_check(p, "golden");
    char *text = printed(p);
    struct arena arena = {0};
    size_t length;
    if (update && !strcmp(update, "update")) file_write(golden, text, strlen(text));
    assert_string_equal(text, file_read(&arena, golden, &length));
    arena_free(&arena);
    free(text);
    program_free(p);
}

static void compare_round_trip(const struct program *p)
{
    program_write(p, path);
    struct program *again = program_read(path);
    char *first = printed(p), *second = printed(again);
    assert_string_equal(first, second);
    assert_int_equal(again->op_count, p->op_count);
    for (int value = 0; value < p->op_count; value++)
        assert_true(format_equal(p->ops[value].format, again->ops[value].format));
    for (int i = 0; i < p->input_count; i++) {
        assert_string_equal(p->inputs[i].name, again->inputs[i].name);
        assert_true(p->inputs[i].host_scale == again->inputs[i].host_scale);
        assert_true(p->inputs[i].host_offset == again->inputs[i].host_offset);
    }
    free(first);
    free(second);
    program_free(again);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct program *golden = golden_program();
    golden->threshold = 1.0 / 7;
    compare_round_trip(golden);
    program_free(golden);
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct random random = random_init(seed);
        struct random_program_options options = seed % 2 ? random_wide : random_narrow;
        options.scheduled = seed % 3 == 0;
        struct program *p = random_program(&random, options);
        program_check(p, "random_program");
        compare_round_trip(p);
        /* And computes the same. */
        struct program *again = program_read(path);
        int64_t *in = calloc((size_t)(50 * p->input_count), 8), out[250], out_again[250];
        random_inputs(&random, p, 50, in);
        program_eval(p, in, 50, out);
        program_eval(again, in, 50, out_again);
        assert_memory_equal(out, out_again, sizeof(int64_t) * (size_t)(50 * p->output_count));
        free(in);
        program_free(again);
        program_free(p);
    }
}

/* The line that reading `text` ends with, without the folder; NULL if it is read. */
static const char *refusal(const char *text, size_t length)
{
    static struct error_trap trap;
    file_write(path, text, length);
    error_set_trap(&trap);
    bool refused = true;
    if (setjmp(trap.where) == 0) {
        program_free(program_read(path));
        refused = false;
    }
    error_set_trap(NULL);
    if (!refused) return NULL;
    size_t skip = strlen(path) - strlen("program.sluice");
    return strncmp(trap.message, path, skip) ? trap.message : trap.message + skip;
}

#define TOP "program p\nlatency 0\n"
#define INPUTS TOP "input a : fixed<8,4> scale 1 offset 0\n"
#define BLOCK INPUTS "block b dense trip 1 interval 1 {\n%0 = input 0 : fixed<8,4> [-128, 127]\n"
#define END "}\noutput y = %0\n"
#define STRAIGHT "block b dense trip 1 interval 1 {\n%0 = input 0 : fixed<8,4> [-128, 127]\n"
#define LOOP BLOCK "}\nblock l dense trip 4 interval 1 {\n"
#define MEMORY                                                                                     \
    INPUTS "memory m entries 4 slots 4 in registers : ufixed<2,2> [0, 3]\n" STRAIGHT               \
           "}\nblock l dense trip 4 interval 1 {\n"

static const struct {
    const char *text, *message;
} refusals[] = {
    {"", "program.sluice:1: expected 'program' before the end of the file"},
    {"hello\n", "program.sluice:1: expected 'program' before 'hello'"},
    {"program 7\n", "program.sluice:1: expected a name before '7'"},
    {"program \"p\nq\"", "program.sluice:1: a name in quotes does not end on its line"},
    {"program \"\\n\"", "program.sluice:1: a backslash in a name starts \\x01 to \\xff"},
    {TOP "latency x\n", "program.sluice:3: expected latency before 'x'"},
    {TOP "latency 1.5\n", "program.sluice:3: latency is not an integer: '1.5'"},
    {TOP "latency -1\n", "program.sluice:3: latency '-1' is outside 0 .. 1048577"},
    {TOP "protect none\n", "program.sluice:3: expected 'ecc' before 'none'"},
    {TOP "protect tmr ecc\n",
     "program.sluice:4: expected cycles of the correction before the end of the file"},
    {TOP "protect ecc 3\n", "program.sluice:3: cycles of the correction '3' is outside 1 .. 2"},
    {TOP "clock nan\n", "program.sluice:3: expected clock before 'nan'"},
    {TOP "clock 1e999\n", "program.sluice:3: clock is not a number: '1e999'"},
    {TOP "input a : fixed<99,4> scale 1 offset 0\n",
     "program.sluice:3: format: width 99 is outside 1..63"},
    {TOP "input a : fixed<8", "program.sluice:3: format: expected fixed<width,integer bits>"},
    {INPUTS "block b dense trip 4 interval 1 {\n}\n",
     "program.sluice:6: input 0 (a) has no input operation"},
    {INPUTS "block b dense trip 0 interval 1 {\n}\n",
     "program.sluice:4: trip '0' is outside 1 .. 1048576"},
    {INPUTS "block b dense trip 1 interval 2 {\n}\n",
     "program.sluice:4: an iteration starts every cycle: interval 1 is all there is"},
    {LOOP "%1 = index 3 : ufixed<2,2> [0, 2]\n" END,
     "program.sluice:8: %1 (index): not the trip count of its block (in a loop)"},
    {LOOP "%1 = state %0 : fixed<8,4> [-128, 127]\n" END,
     "program.sluice:8: %1 (state): nothing updates it (in a loop)"},
    {LOOP "%1 = state %0 : fixed<7,3> [-64, 63]\n" END,
     "program.sluice:8: %1 (state): an operand is not inside the stated interval"},
    {LOOP "%1 = update %0, %0 : fixed<8,4> [-128, 127]\n" END,
     "program.sluice:8: %1 (update): its first operand is not a state"},
    {LOOP "%1 = const 0 : ufixed<1,-3> [0, 0]\n%2 = state %1 : fixed<11,7> [-512, 600]\n"
          "%3 = add %2, %0 : fixed<10,6> [-512, 507]\n"
          "%4 = update %2, %3 : fixed<10,6> [-512, 507]\n" END,
     "program.sluice:10: %3 (add): interval [-512, 507] is claimed, [-512, 508] is what its "
     "iterations give"},
    {LOOP "%1 = load m %0 : ufixed<2,2> [0, 3]\n" END, "program.sluice:8: there is no memory m"},
    {MEMORY "%1 = index 4 : ufixed<2,2> [0, 3]\n%2 = load m %1 : ufixed<2,2> [0, 3]\n" END,
     "program.sluice:10: %2 (load): it reads an entry that no store has written (in a loop)"},
    {MEMORY "%1 = slice %0 low 0 : ufixed<2,2> [0, 3]\n%2 = load m %1 : ufixed<2,2> [0, 3]\n" END,
     "program.sluice:10: %2 (load): its address does not follow from constants and the iteration "
     "alone (in a loop)"},
    {MEMORY "%1 = slice %0 low 0 : ufixed<3,3> [0, 7]\n%2 = load m %1 : ufixed<2,2> [0, 3]\n" END,
     "program.sluice:10: %2 (load): the address is not the number of an entry"},
    {INPUTS "memory m entries 4 slots 3 in registers : ufixed<2,2> [0, 3]\n" STRAIGHT END,
     "program.sluice:9: memory m: 4 entries in 3 slots, [0, 3]"},
    {INPUTS "memory m entries 4 slots 4 in heaven : ufixed<2,2> [0, 3]\n",
     "program.sluice:4: a memory is in registers, delay, distributed or block"},
    {INPUTS "output y = %0\n", "program.sluice:4: a value's number '0' is outside 0 .. -1"},
    {INPUTS "block b dense trip 1 interval 1 {\n}\n",
     "program.sluice:6: input 0 (a) has no input operation"},
    {BLOCK "}\n", "program.sluice:7: there is no output"},
    {BLOCK END "kind nonsense\n", "program.sluice:9: output kind nonsense is unknown"},
    {BLOCK END "wires\n", "program.sluice:8: expected 'block' before 'wires'"},
    {BLOCK "%2 = neg %0 : fixed<9,5> [-127, 128]\n" END,
     "program.sluice:6: value %2 comes where %1 should"},
    {BLOCK "%1 = neg %1 : fixed<9,5> [-127, 128]\n" END,
     "program.sluice:6: an operand (a value that comes before) '1' is outside 0 .. 0"},
    {BLOCK "%1 = divide %0 : fixed<9,5> [-127, 128]\n" END,
     "program.sluice:6: an operation is unknown: divide"},
    {BLOCK "%1 = neg %0 : fixed<9,5> [-127, 129]\n" END,
     "program.sluice:6: %1 (neg): interval [-127, 129] is wider than the rule's [-127, 128]"},
    {BLOCK "%1 = neg %0 : fixed<9,5> [-127, 127]\n" END,
     "program.sluice:6: %1 (neg): interval [-127, 127] is claimed, [-127, 128] is what can be "
     "proved"},
    {BLOCK "%1 = neg %0 : fixed<10,5> [-127, 128]\n" END,
     "program.sluice:6: %1 (neg): format fixed<10,5>, its interval asks for fixed<9,5>"},
    {BLOCK "%1 = neg %0\n: fixed<9,5> [-127, 99999999999999999999]\n" END,
     "program.sluice:7: the interval's high end '99999999999999999999' is outside "
     "-9223372036854775808 .. 9223372036854775807"},
    {BLOCK "%1 = add %0 : fixed<9,5> [-127, 128]\n" END,
     "program.sluice:6: %1 (add): has the wrong number of operands"},
    {BLOCK "%1 = add %0, %0 << 201 : fixed<9,5> [-127, 128]\n" END,
     "program.sluice:6: a shift '201' is outside 0 .. 200"},
    {BLOCK "%1 = shift %0 << 100 : fixed<8,104> [-128, 127]\n" END,
     "program.sluice:6: format: 104 integer bits are outside -100..100"},
    {BLOCK "%1 = slice %0 low 6 : fixed<3,3> [-4, 3]\n" END,
     "program.sluice:6: %1 (slice): the slice is outside its operand"},
    {BLOCK "%1 = const 9223372036854775807 : ufixed<63,63> [9223372036854775807, "
           "9223372036854775807]\n%2 = mul %1, %1 : ufixed<63,63> [0, 1]\n" END,
     "program.sluice:7: %2 (mul): needs more than 63 bits"},
    {BLOCK "%1 = table t %0 : fixed<9,5> [-127, 128]\n" END,
     "program.sluice:6: there is no table t"},
    {BLOCK "%1 = matvec w %0\n" END, "program.sluice:6: there is no matrix w"},
    {BLOCK "%1 = input 0 : fixed<8,4> [-128, 127]\n" END,
     "program.sluice:6: this input comes a second time"},
    {BLOCK "%1 = input 1 : fixed<8,4> [-128, 127]\n" END,
     "program.sluice:6: an input's number '1' is outside 0 .. 0"},
    {INPUTS "block b dense trip 1 interval 1 {\n%0 = input 0 : fixed<8,5> [-128, 127]\n" END,
     "program.sluice:5: the input was declared with another format"},
    {BLOCK "%1 = neg %0 : fixed<9,5> [-127, 128] @0\n" END,
     "program.sluice:6: %1 (neg): stage 0 in a program of latency 0"},
    {BLOCK "%1 = neg %0 : fixed<9,5> [-127, 128] @9999999\n" END,
     "program.sluice:6: a stage '9999999' is outside 0 .. 1048576"},
    {TOP "matrix w rows 1000000 columns 1000000 fraction 0 {\n1\n}\n",
     "program.sluice:3: 1000000000000 entries are announced, the file ends before"},
    {TOP "matrix w rows 1 columns 2 fraction 0 {\n1\n}\n",
     "program.sluice:5: expected an entry before '}'"},
    {TOP "matrix w rows 1 columns 1 fraction 0 {\n1\n}\nmatrix w rows 1 columns 1 fraction 0 "
         "{\n1\n}\n",
     "program.sluice:6: a second matrix w"},
    {TOP "table t first 0 count 2 : fixed<2,2> {\n1 1 1\n}\n",
     "program.sluice:4: expected '}' before '1'"},
    {BLOCK "%1 = neg %0 : fixed<9,5> [-127, 128]",
     "program.sluice:6: expected '}' before the end of the file"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const char *message = refusal(refusals[i].text, strlen(refusals[i].text));
        if (!message || strcmp(message, refusals[i].message))
            fail_msg("case %zu:\n  expected %s\n  got      %s", i, refusals[i].message,
                     message ? message : "(read without objection)");
    }
    assert_null(refusal(BLOCK END, strlen(BLOCK END)));
}

/* Damaged files end with one line or are read; they never crash (the sanitizers watch). */
static void test_damage(void **state)
{
    (void)state;
    struct random random = random_init(17);
    struct program *p = golden_program();
    char *text = printed(p);
    size_t length = strlen(text);
    long refused = 0;
    char *damaged = malloc(length + 1);
    for (int i = 0; i < 1500; i++) {
        memcpy(damaged, text, length);
        size_t end = i % 3 == 0 ? random_below(&random, length) : length;
        for (int edits = random_between(&random, 1, 3); edits > 0; edits--) {
            const char *letters = "0123456789-%@,:<>[]{}\"\\ \n#awrtn\xff";
            damaged[random_below(&random, length)] =
                letters[random_below(&random, strlen(letters))];
        }
        const char *message = refusal(damaged, end);
        refused += message != NULL;
        if (message && strncmp(message, "program.sluice:", 15)) fail_msg("no place: %s", message);
    }
    assert_true(refused > 1000);
    free(damaged);
    free(text);
    program_free(p);
}

/* The table of operations in the manual is that of the code. */
static void test_manual(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t length;
    const char *manual = file_read(&arena, "docs/reference/program.md", &length);
    for (int code = 0; code < OP_COUNT; code++) {
        const char *row = arena_printf(&arena, "\n| `%s` |", op_rows[code].name);
        const char *at = strstr(manual, row);
        if (!at) fail_msg("docs/reference/program.md has no row for %s", op_rows[code].name);
        const char *meaning = strstr(at, op_rows[code].meaning);
        if (!meaning || meaning > strchr(at + 1, '\n'))
            fail_msg("docs/reference/program.md: %s does not say '%s'", op_rows[code].name,
                     op_rows[code].meaning);
    }
    arena_free(&arena);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/sluice-program-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/program.sluice", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return unlink(path) || rmdir(folder);
}

/* What guards the hardware is part of the text; corrections take cycles of the schedule. */
static void test_protection(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned protect;
        int cycles;
    } cases[] = {{"protect tmr\n", PROTECT_TMR, 1},
                 {"protect ecc 1\n", PROTECT_ECC, 1},
                 {"protect tmr ecc 2\n", PROTECT_TMR | PROTECT_ECC, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program *p = golden_program();
        struct arena arena = {0};
        size_t length;
        const char *reason;
        char text[400];
        p->protect = cases[i].protect;
        p->correction_cycles = cases[i].cycles;
        /* the last two read weights: an iteration's number is there in cycle 5, the corrected word
         * 1 + N cycles later */
        int needs = 5 + 1 + (p->protect & PROTECT_ECC ? cases[i].cycles : 0);
        for (int stage = needs; stage >= needs - 1; stage--) {
            p->ops[p->op_count - 1].stage = p->ops[p->op_count - 2].stage = stage;
            p->latency_cycles = stage + 3;
            if (stage == needs) program_write(p, path);
            reason = program_verify(p, text, sizeof text);
            if (reason && stage == needs) fail_msg("%s", reason);
        }
        assert_non_null(reason);
        assert_non_null(strstr(file_read(&arena, path, &length), cases[i].line));
        struct program *again = program_read(path);
        assert_int_equal(again->protect, p->protect);
        assert_int_equal(again->correction_cycles, p->correction_cycles);
        program_free(again);
        program_free(p);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),   cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_manual),   cmocka_unit_test(test_protection),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
