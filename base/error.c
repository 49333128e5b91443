/* One-line endings and messages: see error.h. */
#include "base/error.h"

#include "base/file.h"
#include "base/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct error_trap *active_trap;
static bool is_quiet, is_child;

/* What a trapped call still holds is no leak to report: only tests trap. */
extern void __lsan_disable(void) __attribute__((weak));
extern void __lsan_enable(void) __attribute__((weak));

void error_set_trap(struct error_trap *trap)
{
    static bool leaks_unchecked;
    if (trap && !leaks_unchecked && __lsan_disable) __lsan_disable();
    if (!trap && leaks_unchecked && __lsan_enable) __lsan_enable();
    leaks_unchecked = trap != NULL;
    active_trap = trap;
}

void error_set_quiet(bool quiet)
{
    is_quiet = quiet;
}

void error_set_child(void)
{
    is_child = true;
}

bool error_is_quiet(void)
{
    return is_quiet;
}

static _Noreturn void end_with(const char *line)
{
    struct error_trap *trap = active_trap;
    if (is_child) _exit(1);
    progress_abandon();
    out_abandon_all();
    if (trap) {
        active_trap = NULL;
        snprintf(trap->message, sizeof trap->message, "%s", line);
        longjmp(trap->where, 1);
    }
    fprintf(stderr, "sluice: %s\n", line);
    exit(1);
}

/* A message stays one line, and leaves the terminal alone, whatever text of the user's went into
 * it. */
static void keep_one_line(char *line)
{
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127) *c = ' ';
}

void fail(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    keep_one_line(line);
    end_with(line);
}

void fail_at(const char *file, long line_number, const char *format, ...)
{
    char line[1024];
    int used = line_number > 0 ? snprintf(line, sizeof line, "%s:%ld: ", file, line_number)
                               : snprintf(line, sizeof line, "%s: ", file);
    if (used < 0 || (size_t)used >= sizeof line) used = (int)sizeof line - 1;
    va_list args;
    va_start(args, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, args);
    va_end(args);
    keep_one_line(line);
    end_with(line);
}

void warn(const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    keep_one_line(line);
    progress_clear_line();
    fprintf(stderr, "sluice: warning: %s\n", line);
}

void info(const char *format, ...)
{
    if (is_quiet) return;
    va_list args;
    progress_clear_line();
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
