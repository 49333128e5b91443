/* Tokens of the text form. */
#include "compiler/program/scan.h"

#include "base/error.h"
#include "compiler/program/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Letters that may not follow a number directly. */
#define NUMBER_GOES_ON NAME_FIRST "0123456789."

void scan_init(struct scan *scan, const char *path, const char *text, size_t length)
{
    *scan = (struct scan){path, text, text + length, 1};
}

void scan_fail(const struct scan *scan, const char *format, ...)
{
    char message[600];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fail_at(scan->path, scan->line, "%s", message);
}

bool scan_at_end(struct scan *scan)
{
    while (scan->at < scan->end) {
        char c = *scan->at;
        if (c == '#') {
            while (scan->at < scan->end && *scan->at != '\n')
                scan->at++;
            continue;
        }
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return false;
        if (c == '\n') scan->line++;
        scan->at++;
    }
    return true;
}

static bool is_in(char c, const char *set)
{
    return c && strchr(set, c);
}

/* What comes next, for messages: printable and short. */
static const char *next_text(struct scan *scan, char text[24])
{
    if (scan_at_end(scan)) return "the end of the file";
    size_t length = 0;
    text[length++] = '\'';
    for (const char *c = scan->at; c < scan->end && length < 21 && *c > ' ' && *c < 0x7f; c++)
        text[length++] = *c;
    text[length++] = '\'';
    text[length] = 0;
    return text;
}

bool scan_take(struct scan *scan, const char *token)
{
    size_t length = strlen(token);
    if (scan_at_end(scan) || (size_t)(scan->end - scan->at) < length ||
        memcmp(scan->at, token, length))
        return false;
    if (is_in(token[length - 1], NAME_FIRST) && is_in(scan->at[length], NAME_REST)) return false;
    scan->at += length;
    return true;
}

void scan_expect(struct scan *scan, const char *token)
{
    char text[24];
    if (!scan_take(scan, token))
        scan_fail(scan, "expected '%s' before %s", token, next_text(scan, text));
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static const char *quoted_name(struct scan *scan, struct arena *arena)
{
    const char *from = ++scan->at;
    while (scan->at < scan->end && *scan->at != '"' && *scan->at != '\n')
        scan->at++;
    if (scan->at == scan->end || *scan->at != '"')
        scan_fail(scan, "a name in quotes does not end on its line");
    char *name = arena_alloc(arena, (size_t)(scan->at - from) + 1, 1), *to = name;
    while (from < scan->at) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        int high = scan->at - from >= 4 && from[1] == 'x' ? hex_digit(from[2]) : -1;
        int low = high >= 0 ? hex_digit(from[3]) : -1;
        if (low < 0 || high + low == 0)
            scan_fail(scan, "a backslash in a name starts \\x01 to \\xff");
        *to++ = (char)(high * 16 + low);
        from += 4;
    }
    scan->at++;
    return name;
}

const char *scan_name(struct scan *scan, struct arena *arena)
{
    char text[24];
    if (!scan_at_end(scan) && *scan->at == '"') return quoted_name(scan, arena);
    if (scan_at_end(scan) || !is_in(*scan->at, NAME_FIRST))
        scan_fail(scan, "expected a name before %s", next_text(scan, text));
    const char *from = scan->at;
    while (scan->at < scan->end && is_in(*scan->at, NAME_REST))
        scan->at++;
    size_t length = (size_t)(scan->at - from);
    return memcpy(arena_alloc(arena, length + 1, 1), from, length);
}

int64_t scan_integer(struct scan *scan, int64_t least, int64_t most, const char *what)
{
    char text[24];
    if (scan_at_end(scan) || !is_in(*scan->at, "-0123456789"))
        scan_fail(scan, "expected %s before %s", what, next_text(scan, text));
    char *end;
    errno = 0;
    long long n = strtoll(scan->at, &end, 10);
    if (end == scan->at || is_in(*end, NUMBER_GOES_ON))
        scan_fail(scan, "%s is not an integer: %s", what, next_text(scan, text));
    if (errno || n < least || n > most)
        scan_fail(scan, "%s %s is outside %" PRId64 " .. %" PRId64, what, next_text(scan, text),
                  least, most);
    scan->at = end;
    return n;
}

double scan_real(struct scan *scan, const char *what)
{
    char text[24], *end;
    if (scan_at_end(scan) || !is_in(*scan->at, "-.0123456789"))
        scan_fail(scan, "expected %s before %s", what, next_text(scan, text));
    double x = strtod(scan->at, &end);
    if (end == scan->at || is_in(*end, NUMBER_GOES_ON) || !isfinite(x))
        scan_fail(scan, "%s is not a number: %s", what, next_text(scan, text));
    scan->at = end;
    return x;
}

struct format scan_format(struct scan *scan)
{
    char text[FORMAT_TEXT_BYTES], reason[200];
    struct format format;
    bool end = scan_at_end(scan);
    size_t length = 0;
    while (!end && scan->at + length < scan->end && length < sizeof text - 1) {
        char c = scan->at[length];
        if (c == '\n') break;
        text[length++] = c;
        if (c == '>') break;
    }
    text[length] = 0;
    if (!format_parse(text, &format, reason, sizeof reason)) scan_fail(scan, "format: %s", reason);
    scan->at += length;
    return format;
}
