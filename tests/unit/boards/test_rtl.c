/* Every module of rtl/: clean under Verilator's lint with several parameters, and simulated by
 * tests/flow/rtl_bench. */
#include "fixture.h"

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool has_verilator(void)
{
    if (process_exists("verilator")) return true;
    printf("verilator is not installed: skipped\n");
    return false;
}

/* Module and one setting of its parameters, or "". */
static const char *const lints[][2] = {
    {"answer_checker", ""},
    {"answer_checker", "-GLANES=4"},
    {"answer_checker", "-GANSWER_ROWS=3"},
    {"board_control", ""},
    {"board_control", "-GLEDS=1"},
    {"board_control", "-GANSWER_LANES=2"},
    {"bus_bridge", ""},
    {"clock_divider", ""},
    {"clock_divider", "-GDIVIDE=2"},
    {"clock_divider", "-GDIVIDE=7"},
    {"decision", ""},
    {"decision", "-GCLASSES=16"},
    {"decision", "-GCLASS_NUMBER=1"},
    {"decision", "-GPRESCALE_BITS=16"},
    {"delay_line", ""},
    {"delay_line", "-GCYCLES=1"},
    {"delay_line", "-GCYCLES=100"},
    {"event_counters", ""},
    {"event_counters", "-GCOUNTERS=24"},
    {"event_counters", "-GINTERVAL_CYCLES=3"},
    {"event_player", ""},
    {"event_player", "-GLANES=2"},
    {"event_player", "-GEVENT_ROWS=3"},
    {"spy_memory", ""},
    {"spy_memory", "-GINTERVAL_CYCLES=3"},
    {"spy_memory", "-GOUT_LANES=2"},
    {"spy_memory", "-GINPUTS=0"},
    {"spy_memory", "-GCLASSES=16"},
    {"spy_memory", "-GEVENT_ROWS=3"},
    {"trigger_system", ""},
    {"trigger_system", "-GINTERVAL_CYCLES=3"},
    {"trigger_system", "-GCLASS_NUMBER=1"},
    {"trigger_system", "-GLOAD_DATA_BITS=20"},
    {"trigger_system", "-GLATENCY_CYCLES=100"},
    {"axis_shell", ""},
    {"axis_shell", "-GINTERVAL_CYCLES=2"},
    {"axis_shell", "-GINTERVAL_CYCLES=7"},
    {"axis_shell", "-GLATENCY_CYCLES=30"},
    {"axis_shell", "-GSTALL_CYCLES=300"},
    {"axis_shell", "-GOUT_BITS=1"},
    {"byte_fifo", ""},
    {"baud_meter", ""},
    {"core_system", ""},
    {"core_system", "-GMEMORY_WORDS=1536"},
    {"core_system", "-GFIFO_BITS=5"},
    {"core_system", "-GSPRAM=1"},
    {"sum_register", "-GWIDTH=9"},
    {"kept_register", ""},
    {"kept_register", "-GVOTED=1"},
    {"trigger_system", "-GVOTED=1"},
    {"event_ticker", ""},
    {"event_ticker", "-GDELAY_CYCLES=19"},
    {"event_ticker", "-GINTERVAL_CYCLES=3"},
    {"event_words", ""},
    {"majority", ""},
    {"majority", "-GWIDTH=9"},
    {"event_words", "-GBITS=33"},
    {"pattern_player", ""},
    {"pattern_player", "-GOUT_BITS=1"},
    {"pattern_player", "-GOUT_BITS=33"},
    {"pattern_player", "-GADDRESS_BITS=10"},
    {"pattern_player", "-GWORD_BITS=3"},
    {"reset_sync", ""},
    {"secded_encode", ""},
    {"secded_encode", "-GDATA_BITS=11"},
    {"secded_decode", ""},
    {"secded_decode", "-GDATA_BITS=5"},
    {"secded_guard", ""},
    {"secded_guard", "-GDATA_BITS=11"},
    {"secded_guard", "-GADDRESS_BITS=1"},
    {"secded_guard", "-GCORRECTION_CYCLES=2"},
    {"status_leds", ""},
    {"status_leds", "-GLEDS=1"},
    {"status_leds", "-GLEDS=2"},
    {"status_leds", "-GLEDS=5"},
    {"status_leds", "-GLEDS=12"},
    {"rv32i", ""},
    {"rv32i", "-DRVFI"},
    {"shift_shell", ""},
    {"spram_ice40", ""},
    {"shift_shell", "-GIN_BITS=1"},
    {"register_shell", ""},
    {"upset_counter", ""},
    {"voted_copy", ""},
    {"voted_register", ""},
    {"voted_register", "-GWIDTH=12"},
    {"voted_register", "-GINITIALISED=1"},
    {"uart", ""},
    {"uart", "-GDIVIDER=104"},
    {"uart", "-GMEASURE=1"},
    {"oscillator_ice40", ""},
    {"pll_ice40", ""},
    {"pll_ice40", "-GPAD=0"},
    {"pll_ice40", "-GDIVIDE=3"},
    {"pll_ice40", "-GDIVIDE=7"},
    {"pll_ecp5", ""},
    {"pll_ecp5", "-GSLOW_DIV=3"},
    {"pll_gowin", ""},
    {"pll_gowin", "-GDIVIDE=1"},
    {"pll_gowin", "-GDIVIDE=4"},
};

static void modules_are_lint_clean(void **state)
{
    (void)state;
    if (!has_verilator()) skip();
    struct arena arena = {0};
    const char *folder = make_folder(&arena), *rtl = repository(&arena, "rtl");
    for (size_t i = 0; i < sizeof lints / sizeof lints[0]; i++) {
        const char *argv[16] = {"verilator", "-Wall",        "--lint-only", "-y",
                                rtl,         "--top-module", lints[i][0]};
        int count = 7;
        argv[count++] = arena_printf(&arena, "%s/%s.v", rtl, lints[i][0]);
        argv[count++] = repository(&arena, "tests/flow/vendor_cells.v");
        argv[count++] = repository(&arena, "boards/flow/spram_model.v");
        if (lints[i][1][0] != '\0') argv[count++] = lints[i][1];
        int status = run_in(&arena, folder, argv);
        assert_int_equal(status, 0);
    }
    folder_remove(folder);
    arena_free(&arena);
}

static void no_module_is_left_out(void **state)
{
    (void)state;
    struct arena arena = {0};
    const char **files = folder_list(&arena, repository(&arena, "rtl"));
    for (; *files != NULL; files++) {
        const char *dot = strstr(*files, ".v");
        if (dot == NULL || dot[2] != '\0') continue;
        bool found = false;
        for (size_t i = 0; i < sizeof lints / sizeof lints[0]; i++)
            found = found || (strncmp(lints[i][0], *files, (size_t)(dot - *files)) == 0 &&
                              strlen(lints[i][0]) == (size_t)(dot - *files));
        if (!found) printf("%s has no lint here\n", *files);
        assert_true(found);
    }
    arena_free(&arena);
}

/* The first 32 events of a file of whole events, each as three words of 8 bits, the lowest first.
 */
static void cut_words(struct arena *arena, const char *folder, const char *from, const char *to)
{
    FILE *in = fopen(file_join(arena, folder, from), "r");
    FILE *out = fopen(file_join(arena, folder, to), "w");
    assert_non_null(in);
    assert_non_null(out);
    unsigned event;
    for (int i = 0; i < 32 && fscanf(in, "%x", &event) == 1; i++)
        fprintf(out, "%02x\n%02x\n%02x\n", event & 255, event >> 8 & 255, event >> 16 & 255);
    fclose(in);
    fclose(out);
}

static void modules_do_what_they_say(void **state)
{
    (void)state;
    if (!has_verilator()) skip();
    struct arena arena = {0};
    const char *folder = make_folder(&arena);
    tiny_write_patterns(&arena, folder, "patterns_in.hex", "patterns_out.hex", -1);
    tiny_write_patterns(&arena, folder, "patterns_in.hex", "patterns_wrong.hex", 200);
    cut_words(&arena, folder, "patterns_in.hex", "words_in.hex");
    cut_words(&arena, folder, "patterns_out.hex", "words_out.hex");
    tiny_write_patterns(&arena, folder, "patterns_in.hex", "patterns_wrong.hex", 20);
    cut_words(&arena, folder, "patterns_wrong.hex", "words_wrong.hex");
    tiny_write_patterns(&arena, folder, "patterns_in.hex", "patterns_wrong.hex", 200);
    const char *const build[] = {"verilator",
                                 "-Wall",
                                 "--cc",
                                 "--exe",
                                 "--build",
                                 "--Mdir",
                                 "obj",
                                 "-y",
                                 repository(&arena, "rtl"),
                                 "-y",
                                 repository(&arena, "tests/flow/tiny/rtl"),
                                 "--top-module",
                                 "rtl_bench",
                                 repository(&arena, "tests/flow/vendor_cells.v"),
                                 repository(&arena, "tests/flow/rtl_bench.v"),
                                 repository(&arena, "tests/flow/rtl_bench.cpp"),
                                 NULL};
    int built = run_in(&arena, folder, build);
    assert_int_equal(built, 0);
    const char *const bench[] = {file_join(&arena, folder, "obj/Vrtl_bench"), NULL};
    int status = run_in(&arena, folder, bench);
    assert_int_equal(status, 0);
    assert_string_equal(log_text(&arena, folder), "ok\n");
    folder_remove(folder);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_are_lint_clean),
        cmocka_unit_test(no_module_is_left_out),
        cmocka_unit_test(modules_do_what_they_say),
    };
    return cmocka_run_group_tests_name("rtl", tests, NULL, NULL);
}
