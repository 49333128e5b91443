/* The bench notices 99 of 100 mutations of a netlist; the synthesised netlist is simulated too. */
#include "sim/gate_level.h"
#include "sim/mutation.h"

#include "base/error.h"
#include "base/file.h"
#include "compiler/emit/emit.h"
#include "tests/unit/sim/small_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 1000 };
static const struct emit_header header = {"0.1", "00112233445566778899aabbccddeeff", "--reuse 1",
                                          "hx8k-evn"};
static double events[EVENTS * 6];

static const char *make_folder(const struct program *p, const char *name)
{
    static char folder[200];
    char command[300], path[300];
    struct random random = random_init(7);
    for (int i = 0; i < EVENTS * 6; i++)
        events[i] = random_normal(&random);
    snprintf(folder, sizeof folder, "build/tests/mutation/%s", name);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    file_make_folder(folder);
    snprintf(path, sizeof path, "%s/program.sluice", folder);
    program_write(p, path);
    emit_verilog(p, &header, folder);
    return folder;
}

static void test_mutants_are_caught(void **state)
{
    (void)state;
    struct program *p = small_network();
    struct mutation_request request = {.folder = make_folder(p, "mutants"),
                                       .mutants = 250,
                                       .x = events,
                                       .events = 200,
                                       .random_events = 2000,
                                       .seed = 1};
    struct mutation_result result;
    mutation_run(&request, &result);
    print_message("mutants %d caught %d equivalent %d missed %d\n", result.mutants, result.caught,
                  result.equivalent, result.missed);
    assert_string_equal(result.first_missed, "");
    assert_true(result.passed);
    assert_int_equal(result.mutants, 250);
    assert_true(result.caught >= 200);
    assert_int_equal(result.caught + result.equivalent, 250);
    program_free(p);
}

/* With two poor events most mutants survive: they must count as missed, not as equivalent. */
static void test_poor_events_are_noticed(void **state)
{
    (void)state;
    struct program *p = program_new("poor");
    program_begin_block(p, "sum", "dense");
    int a = program_add_input(p, "a", format_make(true, 24, 24), 0, 0);
    int b = program_add_input(p, "b", format_make(true, 24, 24), 0, 0);
    program_add_output(p, "sum", program_add2(p, OP_ADD, a, b, 0));
    p->output_kind = "logits";
    small_schedule(p, 0, 1);
    double zero[4] = {0, 0, 0, 0};
    struct mutation_request request = {
        .folder = make_folder(p, "poor"), .mutants = 8, .x = zero, .events = 2, .seed = 1};
    struct mutation_result result;
    mutation_run(&request, &result); /* a host scale of 0 makes every event 0 */
    assert_true(result.missed > 2);
    assert_false(result.passed);
    assert_non_null(strstr(result.first_missed, "mutate -ctrl mutant_i"));
    program_free(p);
}

/* Synthesis by hand, as the build does it, for either fabric. */
static void check_gate_level(const char *name, const char *synth, bool broken)
{
    struct program *p = small_network();
    const char *folder = make_folder(p, name);
    char command[1000];
    snprintf(command, sizeof command,
             "cd %s && mkdir -p build && cat rtl/*.v > build/all.v && "
             "%s yosys -q -p 'read_verilog build/all.v; %s -top tiny; write_verilog -noattr "
             "build/network_netlist.v' "
             "> build/yosys.log 2>&1",
             folder, broken ? "sed -i 's/n7 = -7.d11/n7 = -7'\"'\"'d12/' build/all.v &&" : "",
             synth);
    assert_int_equal(system(command), 0);
    struct gate_level_request request = {
        .folder = folder, .x = events, .events = EVENTS, .seed = 1};
    struct gate_level_result result;
    gate_level_run(&request, &result);
    assert_true(result.events > EVENTS);
    assert_int_equal(result.mismatches > 0, broken);
    assert_int_equal(result.reason[0] != 0, broken);
    program_free(p);
}

static void test_ice40_netlist(void **state)
{
    (void)state;
    check_gate_level("ice40", "synth_ice40", false);
}

static void test_ice40_netlist_can_fail(void **state)
{
    (void)state;
    check_gate_level("ice40_broken", "synth_ice40", true);
}

static void test_ecp5_netlist(void **state)
{
    (void)state;
    check_gate_level("ecp5", "synth_ecp5 -nodsp", false);
}

static void test_cells_without_a_model_are_named(void **state)
{
    (void)state;
    static struct error_trap trap;
    static struct gate_level_result result;
    check_gate_level("ecp5_unknown", "synth_ecp5 -nodsp", false);
    assert_int_equal(system("sed -i s/CCU2C/CCU2X/ "
                            "build/tests/mutation/ecp5_unknown/build/network_netlist.v"),
                     0);
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0)
        gate_level_run(&(struct gate_level_request){.folder = "build/tests/mutation/ecp5_unknown",
                                                    .x = events,
                                                    .events = EVENTS,
                                                    .seed = 1},
                       &result);
    error_set_trap(NULL);
    assert_non_null(strstr(trap.message, "there is no model of the cell CCU2X"));
}

static void test_no_events_no_gate_level(void **state)
{
    (void)state;
    struct gate_level_request request = {.folder = "build/tests/mutation/none"};
    struct gate_level_result result;
    gate_level_run(&request, &result);
    assert_string_equal(result.reason, "there are no events: the netlist was not simulated");
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mutants_are_caught),
        cmocka_unit_test(test_poor_events_are_noticed),
        cmocka_unit_test(test_ice40_netlist),
        cmocka_unit_test(test_ice40_netlist_can_fail),
        cmocka_unit_test(test_ecp5_netlist),
        cmocka_unit_test(test_cells_without_a_model_are_named),
        cmocka_unit_test(test_no_events_no_gate_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
