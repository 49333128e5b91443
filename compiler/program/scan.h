/* Tokens of the text form. Every mistake ends with FILE:LINE. Private to scan.c and parse.c. */
#ifndef SLUICE_COMPILER_SCAN_H
#define SLUICE_COMPILER_SCAN_H

#include "base/arena.h"
#include "model/format.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    const char *path;
    const char *at, *end; /* the rest of the text; NUL at *end */
    long line;
};

void scan_init(struct scan *scan, const char *path, const char *text, size_t length);
_Noreturn void scan_fail(const struct scan *scan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Skips white space and comments (# to the end of the line); true at the end of the text. */
bool scan_at_end(struct scan *scan);
/* Takes `token` if it comes next: a word only if it ends there. */
bool scan_take(struct scan *scan, const char *token);
void scan_expect(struct scan *scan, const char *token);
/* A bare or quoted name. */
const char *scan_name(struct scan *scan, struct arena *arena);
int64_t scan_integer(struct scan *scan, int64_t least, int64_t most, const char *what);
double scan_real(struct scan *scan, const char *what);
struct format scan_format(struct scan *scan);

#endif
