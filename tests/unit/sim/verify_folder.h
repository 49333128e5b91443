/* Build folders for tests of verification: a program and its Verilog, and a request about it. */
#ifndef SLUICE_TESTS_VERIFY_FOLDER_H
#define SLUICE_TESTS_VERIFY_FOLDER_H

#include "base/file.h"
#include "compiler/emit/emit.h"
#include "data/random.h"
#include "sim/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 400 };
static const struct emit_header header = {"0.1", "00112233445566778899aabbccddeeff", "--reuse 1",
                                          "hx8k-evn"};
static double events[EVENTS * 16];

extern char *program_invocation_name; /* glibc's: how the test was started */

/* A build folder with the program, its Verilog and no model. Each test has its own: two run at a
 * time. */
static const char *make_folder(const struct program *p, const char *name)
{
    static char folder[300];
    char command[400], path[400], test[100];
    snprintf(test, sizeof test, "%s", program_invocation_name);
    for (char *c = test; *c; c++)
        if (*c == '/') *c = '_';
    snprintf(folder, sizeof folder, "build/tests/verify/%s/%s", test, name);
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
    const char *changed =
        arena_printf(&arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    file_write(path, changed, strlen(changed));
    arena_free(&arena);
}

#endif
