/* The Verilog printer: clean under three tools, the same text for the same program, and the
 * side-car's packing. What the Verilog computes is judged in tests/unit/sim. */
#include "compiler/emit/emit.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "tests/unit/compiler/random_program.h"
#include "tests/unit/sim/small_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef SEEDS
#define SEEDS 12 /* more: make ... CFLAGS='-DSEEDS=500' */
#endif

static const struct emit_header header = {"0.1", "00112233445566778899aabbccddeeff", "--reuse 1",
                                          "hx8k-evn"};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char command[1000];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

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

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_network_is_clean),
        cmocka_unit_test(test_random_programs_are_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
