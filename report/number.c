/* How the report prints numbers and other people's strings: see number.h. */
#include "report/number.h"

#include "base/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { GROUPED_BELOW = 15 }; /* powers of ten up to which all digits are printed */

static struct report_number unknown(void)
{
    return (struct report_number){"-"};
}

/* A locale's decimal sign, if the program around us set one, back to a point. */
static void use_point(char *text)
{
    for (char *c = text; *c; c++)
        if (*c == ',') *c = '.';
}

struct report_number report_fixed(double value, int decimals)
{
    if (!isfinite(value)) return unknown();
    if (fabs(value) >= pow(10, GROUPED_BELOW)) return report_significant(value);
    char plain[48];
    snprintf(plain, sizeof plain, "%.*f", decimals, fabs(value));
    use_point(plain);
    bool zero = strspn(plain, "0.") == strlen(plain);
    size_t whole = strcspn(plain, ".");
    struct report_number number;
    char *to = number.text;
    if (value < 0 && !zero) *to++ = '-';
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0) *to++ = ',';
        *to++ = plain[i];
    }
    strcpy(to, plain + whole);
    return number;
}

struct report_number report_count(double value)
{
    return report_fixed(value, 0);
}

struct report_number report_percent(double fraction)
{
    struct report_number number = report_fixed(fraction * 100, 1);
    if (isfinite(fraction)) strcat(number.text, " %");
    return number;
}

struct report_number report_significant(double value)
{
    if (!isfinite(value)) return unknown();
    struct report_number number;
    snprintf(number.text, sizeof number.text, "%.4g", value == 0 ? 0 : value);
    use_point(number.text);
    return number;
}

struct report_number report_si(double value)
{
    static const struct {
        double size;
        const char *prefix;
    } rows[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    if (!isfinite(value)) return unknown();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (value < rows[i].size) continue;
        struct report_number number;
        snprintf(number.text, sizeof number.text, "%.4g %s", value / rows[i].size, rows[i].prefix);
        use_point(number.text);
        return number;
    }
    struct report_number number = report_significant(value);
    strcat(number.text, " "); /* the unit follows without a prefix of its own */
    return number;
}

int report_decimals(double margin)
{
    margin = fabs(margin);
    if (!isfinite(margin) || margin >= 1 || margin == 0) return 1;
    int decimals = (int)ceil(-log10(margin)) + 1;
    return decimals < 1 ? 1 : decimals > 9 ? 9 : decimals;
}

/* Length of the well-formed UTF-8 sequence at `s`; 0 if there is none (Unicode 15, table 3-7). */
static size_t sequence(const unsigned char *s)
{
    if (s[0] < 0x80) return 1;
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4) return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool outside = (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF4 && s[1] > 0x8F);
    return overlong || outside ? 0 : length;
}

/* C1 controls, line and paragraph separators, the marks that turn the direction of text around, and
 * the two non-characters that XML forbids. */
static bool is_trouble(const unsigned char *s, size_t length)
{
    if (length == 1) return s[0] < 0x20 || s[0] == 0x7F;
    if (length == 2) return s[0] == 0xC2 && s[1] < 0xA0;
    if (length == 3 && s[0] == 0xEF && s[1] == 0xBF) return s[2] >= 0xBE;
    if (length != 3 || s[0] != 0xE2) return false;
    return (s[1] == 0x80 && s[2] >= 0xA8 && s[2] <= 0xAE) ||
           (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9);
}

static const char *html_escape_of(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

static const char *clean(struct arena *arena, const char *string, bool html)
{
    struct text text = {0};
    const unsigned char *s = (const unsigned char *)string;
    while (*s) {
        size_t length = sequence(s);
        const char *escape = html ? html_escape_of(*s) : NULL;
        if (length == 0)
            text_add(&text, "\xEF\xBF\xBD");
        else if (is_trouble(s, length))
            text_add(&text, " ");
        else if (escape)
            text_add(&text, "%s", escape);
        else
            text_add_bytes(&text, s, length);
        s += length ? length : 1;
    }
    const char *kept = arena_strdup(arena, text_string(&text));
    text_free(&text);
    return kept;
}

const char *report_escape(struct arena *arena, const char *string)
{
    return clean(arena, string, true);
}

const char *report_clean(struct arena *arena, const char *string)
{
    return clean(arena, string, false);
}

int report_length(const char *string)
{
    int length = 0;
    for (; *string; string++)
        length += ((unsigned char)*string & 0xC0) != 0x80;
    return length;
}
