/* The Verilog printer: clean under three tools, the same text for the same program, and the
 * side-car's packing. What the Verilog computes is judged in tests/unit/sim. */
#include "compiler/emit/emit.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "compiler/optimize/optimize.h"
#include "compiler/schedule/schedule.h"
#include "tests/unit/compiler/random_loops.h"
#include "tests/unit/compiler/random_program.h"
#include "tests/unit/sim/small_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/compiler/run.h"

#ifndef SEEDS
#define SEEDS 12 /* more: make ... CFLAGS='-DSEEDS=500' */
#endif

static const struct emit_header header = {"0.1", "00112233445566778899aabbccddeeff", "--reuse 1",
                                          "hx8k-evn"};

/* Lint that prints nothing at all. */
static void check_tools(const char *folder, const char *top)
{
    run("cd %s/rtl && verilator -Wall --lint-only -F files.f --top-module %s", folder, top);
    if (process_exists("iverilog"))
        run("cd %s/rtl && test -z \"$(iverilog -g2005 -Wall -o /dev/null -s %s $(cat files.f) 2>&1 "
            "| tee /dev/stderr)\"",
            folder, top);
    run("cd %s/rtl && test -z \"$(yosys -q -p 'read_verilog *.v; hierarchy -check -top %s; proc; "
        "check -assert' 2>&1 | "
        "tee /dev/stderr)\"",
        folder, top);
}

static void test_small_network_is_clean(void **state)
{
    (void)state;
    struct program *p = small_network();
    run("rm -rf build/tests/emit/small");
    emit_verilog(p, &header, "build/tests/emit/small");
    check_tools("build/tests/emit/small", "tiny");
    program_free(p);
}

/* Loops with loadable memories of every kind and size, read or not. */
static void test_loadable_memories_are_clean(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random random = random_init(seed);
        struct compile_options options;
        compile_options_init(&options);
        options.clock_mhz = 10;
        struct program *made = random_loadable_loops(&random);
        struct program *less = optimize_dead(made, &target_generic);
        struct program *p = schedule_program(less, &options);
        run("rm -rf build/tests/emit/loads");
        emit_verilog(p, &header, "build/tests/emit/loads");
        check_tools("build/tests/emit/loads", "loops");
        program_free(made);
        program_free(less);
        program_free(p);
    }
}

/* Every operation, rounding and overflow mode; wide and narrow. */
static void test_random_programs_are_clean(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random random = random_init(seed);
        struct random_program_options options = seed % 2 ? random_narrow : random_wide;
        options.scheduled = true;
        struct program *p = random_program(&random, options);
        run("rm -rf build/tests/emit/random");
        emit_verilog(p, &header, "build/tests/emit/random");
        struct arena arena = {0};
        check_tools("build/tests/emit/random", emit_top_name(p, &arena));
        arena_free(&arena);
        program_free(p);
    }
}

/* Two equal runs, equal bytes; nothing of the machine in them. */
static void test_same_program_same_bytes(void **state)
{
    (void)state;
    struct program *p = small_network(), *q = small_network();
    run("rm -rf build/tests/emit/one build/tests/emit/two");
    emit_verilog(p, &header, "build/tests/emit/one");
    emit_interface(p, &header, "build/tests/emit/one");
    emit_verilog(q, &header, "build/tests/emit/two");
    emit_interface(q, &header, "build/tests/emit/two");
    run("diff -r build/tests/emit/one build/tests/emit/two");
    run("! grep -rn \"$PWD\\|/tmp\\|/home\" build/tests/emit/one");
    program_free(p);
    program_free(q);
}

static void test_header_says_what_it_is(void **state)
{
    (void)state;
    struct program *p = small_network();
    struct arena arena = {0};
    size_t length;
    emit_verilog(p, &header, "build/tests/emit/small");
    const char *top = file_read(&arena, "build/tests/emit/small/rtl/tiny.v", &length);
    const char *const expected[] = {"sluice 0.1",
                                    "00112233445566778899aabbccddeeff",
                                    "--reuse 1",
                                    "hx8k-evn",
                                    "latency 8 cycles, a new event every cycle, meant for 120 MHz",
                                    "data_i[12:6]      fixed<7,3>    feature 1",
                                    "data_o[8:0]       fixed<9,3>    score_0"};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_non_null(strstr(top, expected[i]));
    assert_null(strstr(top, "lint_off"));
    arena_free(&arena);
    program_free(p);
}

static void test_interface(void **state)
{
    (void)state;
    struct program *p = small_network();
    emit_interface(p, &header, "build/tests/emit/interface");
    cJSON *json = json_read("build/tests/emit/interface/interface.json");
    assert_string_equal(json_string(json, "top", ""), "tiny");
    assert_int_equal(json_number(json, "latency_cycles", 0), 8);
    assert_int_equal(json_number(json, "input.bits", 0), emit_input_bits(p));
    assert_int_equal(json_number(json, "output.bits", 0), 29);
    const cJSON *field = cJSON_GetArrayItem(json_find(json, "input.fields"), 1);
    assert_string_equal(json_string(field, "name", ""), "feature 1");
    assert_int_equal(json_number(field, "lsb", 0), 6);
    assert_int_equal(json_number(field, "width", 0), 7);
    assert_string_equal(json_string(field, "format", ""), "fixed<7,3>");
    assert_true(json_number(field, "host_scale", 0) == 1.5 &&
                json_number(field, "host_offset", 0) == -0.25);
    assert_int_equal(cJSON_GetArraySize(json_find(json, "rtl")), 3);
    cJSON_Delete(json);
    program_free(p);
}

static void test_packing(void **state)
{
    (void)state;
    struct program *p = small_network();
    /* widths 6 7 6 7 6 7: fields at 0 6 13 19 26 32 */
    const int64_t integers[6] = {-1, 1, -32, 63, 5, -64};
    unsigned char bytes[5];
    uint64_t vector = 0, expected = UINT64_C(0x3f) | UINT64_C(1) << 6 | UINT64_C(0x20) << 13 |
                                    UINT64_C(63) << 19 | UINT64_C(5) << 26 | UINT64_C(0x40) << 32;
    emit_pack(p, false, integers, bytes);
    for (int i = 4; i >= 0; i--)
        vector = vector << 8 | bytes[i];
    assert_true(vector == expected);
    program_free(p);
}

/* Inputs and names that Verilog would refuse, outputs that are constants, inputs, or one value
 * twice. */
static void test_odd_programs_are_clean(void **state)
{
    (void)state;
    struct program *p = program_new("case");
    program_begin_block(p, "module", "dense");
    int a = program_add_input(p, "wire", format_make(true, 5, 3), 1, 0);
    int b = program_add_input(p, "wire", format_make(false, 1, 1), 1, 0);
    int unused = program_add_input(p, "9 lives/\"\nmodule \\", format_make(true, 9, 3), 1, 0);
    program_begin_block(p, "in", "dense");
    int sum = program_add2(p, OP_ADD, a, b, 2);
    program_begin_block(p,
                        "a_very_long_name_such_as_other_tools_give_to_layers_and_nodes_1_of_a_"
                        "model_whose_path_goes_through_many_folders_and_still_does_not_end",
                        "shift");
    int shifted = program_add_op(p, OP_SHIFT, &sum, 1, 3);
    program_add_output(p, "a", a);
    program_add_output(p, "constant", program_add_const(p, -3, 0));
    program_add_output(p, "sum", sum);
    program_add_output(p, "sum", sum);
    program_add_output(p, "shifted", shifted);
    program_add_output(p, "b", b);
    assert_true(unused >= 0);
    p->output_kind = "logits";
    small_schedule(p, 0, 1);
    run("rm -rf build/tests/emit/odd");
    emit_verilog(p, &header, "build/tests/emit/odd");
    check_tools("build/tests/emit/odd", "case_net");
    program_free(p);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_network_is_clean),
        cmocka_unit_test(test_loadable_memories_are_clean),
        cmocka_unit_test(test_random_programs_are_clean),
        cmocka_unit_test(test_odd_programs_are_clean),
        cmocka_unit_test(test_same_program_same_bytes),
        cmocka_unit_test(test_header_says_what_it_is),
        cmocka_unit_test(test_interface),
        cmocka_unit_test(test_packing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
