/* What the tests of report/ share: a copy of the folder of fragments in `complete/`, made by hand,
 * that a test may change before it reports. Run from the root of the repository. */
#ifndef SLUICE_TESTS_UNIT_REPORT_FIXTURE_H
#define SLUICE_TESTS_UNIT_REPORT_FIXTURE_H

#define _XOPEN_SOURCE 700 /* nftw() */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "report/report.h"

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Last: its fail() macro would clash with ours. */
#include <cmocka.h>

#define UNUSED __attribute__((unused))
#define COMPLETE "tests/unit/report/complete"

static char folder[64];
static struct arena arena;

/* A trapped fail() keeps what the failing call held; the leak checker need not tell us. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

#define EXPECT_FAIL(CALL, PART)                                                                    \
    do {                                                                                           \
        struct error_trap trap;                                                                    \
        volatile volatile bool returned = false;                                                   \
        if (__lsan_disable) __lsan_disable();                                                      \
        error_set_trap(&trap);                                                                     \
        if (setjmp(trap.where) == 0) {                                                             \
            (void)(CALL);                                                                          \
            returned = true;                                                                       \
        }                                                                                          \
        error_set_trap(NULL);                                                                      \
        if (__lsan_enable) __lsan_enable();                                                        \
        if (returned) fail_msg("no failure where '%s' was expected", PART);                        \
        if (!strstr(trap.message, PART))                                                           \
            fail_msg("'%s' is not in the message: %s", PART, trap.message);                        \
    } while (0)

UNUSED static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/sluice-report-XXXXXX", base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw)
{
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

UNUSED static int remove_folder(void **state)
{
    (void)state;
    arena_free(&arena);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

UNUSED static const char *in_folder(const char *name)
{
    return file_join(&arena, folder, name);
}

UNUSED static const char *contents(const char *name)
{
    size_t length;
    return file_read(&arena, in_folder(name), &length);
}

UNUSED static void write_file(const char *name, const char *text)
{
    file_write(in_folder(name), text, strlen(text));
}

/* The hand-made fragments, all or one. */
UNUSED static void copy_fragment(const char *name)
{
    file_copy(file_join(&arena, COMPLETE, name), in_folder(name));
}

UNUSED static void copy_complete(void)
{
    static const char *const names[] = {"train.json",  "compile.json", "interface.json",
                                        "verify.json", "build.json",   "physics.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        copy_fragment(names[i]);
}

/* Sets a member ("timing.fmax_mhz") of a fragment; takes ownership of the value. */
UNUSED static void set(const char *fragment, const char *path, cJSON *value)
{
    cJSON *json = json_read(in_folder(fragment)), *parent = json;
    char *name = arena_strdup(&arena, path), *dot = strchr(name, '.');
    if (dot) {
        *dot = 0;
        parent = cJSON_GetObjectItemCaseSensitive(json, name);
        assert_non_null(parent);
        name = dot + 1;
    }
    if (cJSON_HasObjectItem(parent, name))
        assert_true(cJSON_ReplaceItemInObjectCaseSensitive(parent, name, value));
    else
        assert_true(cJSON_AddItemToObject(parent, name, value));
    json_write(in_folder(fragment), json);
    cJSON_Delete(json);
}

UNUSED static void set_number(const char *fragment, const char *path, double value)
{
    set(fragment, path, cJSON_CreateNumber(value));
}

UNUSED static struct report_verdict run(void)
{
    struct report_options options;
    report_options_init(&options);
    return report_run(folder, &options);
}

/* report.json as written; freed by the caller. */
UNUSED static cJSON *report(void)
{
    return json_read(in_folder("report.json"));
}

UNUSED static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is not in: %.2000s", part, text);
}

UNUSED static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("'%s' is in the text", part);
}

/* Equal to a golden file; SLUICE_GOLDEN=update writes it anew, to be read in the diff. */
UNUSED static void assert_golden(const char *text, const char *path)
{
    const char *update = getenv("SLUICE_GOLDEN");
    size_t length;
    if (update && strcmp(update, "update") == 0) file_write(path, text, strlen(text));
    assert_string_equal(text, file_read(&arena, path, &length));
}

#endif
