/* What unit tests of several modules share: a temporary folder, and calls that must end with one
 * line. */
#ifndef SLUICE_TESTS_UNIT_FIXTURE_H
#define SLUICE_TESTS_UNIT_FIXTURE_H

#define _XOPEN_SOURCE 700 /* nftw() */
#include "base/error.h"
#include "base/file.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Last, as its macro fail() has the name of our function, which tests call as (fail)(). */
#include <cmocka.h>

#define UNUSED __attribute__((unused))

UNUSED static char test_folder[64];
UNUSED static struct error_trap trap;
static struct arena test_arena;

/* Impossible sizes are asked for on purpose. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

#define EXPECT_FAIL(CALL, PART)                                                                    \
    do {                                                                                           \
        volatile bool returned = false;                                                            \
        error_set_trap(&trap);                                                                     \
        if (setjmp(trap.where) == 0) {                                                             \
            (void)(CALL);                                                                          \
            returned = true;                                                                       \
        }                                                                                          \
        error_set_trap(NULL);                                                                      \
        if (returned) fail_msg("no failure where '%s' was expected", PART);                        \
        if (!strstr(trap.message, PART))                                                           \
            fail_msg("'%s' is not in the message: %s", PART, trap.message);                        \
    } while (0)

UNUSED static int make_folder(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(test_folder, sizeof test_folder, "%s/sluice-XXXXXX", base ? base : "/tmp");
    return mkdtemp(test_folder) ? 0 : -1;
}

UNUSED static int remove_entry(const char *path, const struct stat *status, int kind,
                               struct FTW *ftw)
{
    (void)status, (void)kind, (void)ftw;
    return remove(path);
}

UNUSED static int remove_folder(void **state)
{
    (void)state;
    arena_free(&test_arena);
    return nftw(test_folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

UNUSED static const char *path_of(const char *name)
{
    return arena_printf(&test_arena, "%s/%s", test_folder, name);
}

UNUSED static const char *put_text(const char *name, const char *text)
{
    const char *path = path_of(name);
    file_write(path, text, strlen(text));
    return path;
}

UNUSED static const char *get_text(const char *path)
{
    size_t length;
    return file_read(&test_arena, path, &length);
}

#endif
