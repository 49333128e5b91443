/* How Sluice ends on a user's mistake, and the lines it prints on the way.
 *
 * fail() never returns: it prints one line `sluice: WHAT` on stderr, removes every uncommitted
 * output file (base/file.h) and exits with status 1. A mistake of our own hits assert() instead.
 * Library code calls fail() directly; nothing returns error codes for a user's mistake. */
#ifndef SLUICE_BASE_ERROR_H
#define SLUICE_BASE_ERROR_H

#include <setjmp.h>
#include <stdbool.h>

/* One line, no trailing newline: what is wrong; what to do. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As fail(), prefixed `FILE:LINE: `; line <= 0 leaves the line out. */
_Noreturn void fail_at(const char *file, long line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A warning (`sluice: warning: ...`) and an information line, both on stderr.
 * --quiet silences info() and the progress bars, never warn(). */
void warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void error_set_quiet(bool quiet);
bool error_is_quiet(void);

/* For tests: while a trap is set, fail() writes its line to `message` and long-jumps to `where`
 * instead of exiting. Memory held by the failing call is not freed. Set NULL to end.
 *   struct error_trap trap;
 *   error_set_trap(&trap);
 *   if (setjmp(trap.where) == 0) { call_that_fails(); }
 *   error_set_trap(NULL); */
struct error_trap {
    jmp_buf where;
    char message[1024];
};
void error_set_trap(struct error_trap *trap);

/* In a forked child that works for us: from now on fail() only ends the process, with status 1; no
 * line, no clean-up of what is the parent's, no trap. */
void error_set_child(void);

#endif
