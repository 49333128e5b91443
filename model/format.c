/* Fixed-point formats: text form, ranges, and the quantizer in double arithmetic. See format.h. */
#include "model/format.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define X(name, text) #name,
const char *const rounding_names[ROUNDING_COUNT] = {ROUNDING_TABLE(X)};
const char *const overflow_names[OVERFLOW_COUNT] = {OVERFLOW_TABLE(X)};
#undef X
#define X(name, text) text,
const char *const rounding_texts[ROUNDING_COUNT] = {ROUNDING_TABLE(X)};
const char *const overflow_texts[OVERFLOW_COUNT] = {OVERFLOW_TABLE(X)};
#undef X

struct format format_make(bool is_signed, int width_bits, int integer_bits)
{
    return (struct format){.width_bits = width_bits,
                           .integer_bits = integer_bits,
                           .is_signed = is_signed,
                           .rounding = ROUND_RND,
                           .overflow = OVERFLOW_SAT};
}

int64_t format_max(struct format f)
{
    int magnitude_bits = f.is_signed ? f.width_bits - 1 : f.width_bits;
    return (int64_t)(((uint64_t)1 << magnitude_bits) - 1);
}

int64_t format_min(struct format f)
{
    if (!f.is_signed) return 0;
    return f.overflow == OVERFLOW_SAT_SYM ? -format_max(f) : -format_max(f) - 1;
}

double format_step(struct format f)
{
    return ldexp(1.0, -format_fraction_bits(f));
}

static int bits_of(uint64_t value)
{
    int bits = 0;
    for (; value; value >>= 1)
        bits++;
    return bits;
}

struct format format_of_interval(int64_t lo, int64_t hi, int fraction_bits)
{
    assert(lo <= hi);
    int width = bits_of(hi > 0 ? (uint64_t)hi : 0);
    if (lo < 0) {
        /* a negative number n needs as many bits as -n - 1, and both need the sign bit */
        int below = bits_of((uint64_t)(-(lo + 1)));
        width = (below > width ? below : width) + 1;
    }
    if (width < 1) width = 1;
    return format_make(lo < 0, width, width - fraction_bits);
}

bool format_same_bits(struct format a, struct format b)
{
    return a.width_bits == b.width_bits && a.integer_bits == b.integer_bits &&
           a.is_signed == b.is_signed;
}

bool format_equal(struct format a, struct format b)
{
    return format_same_bits(a, b) && a.rounding == b.rounding && a.overflow == b.overflow;
}

void format_print(struct format f, char text[FORMAT_TEXT_BYTES])
{
    const char *head = f.is_signed ? "fixed" : "ufixed";
    if (f.rounding == ROUND_RND && f.overflow == OVERFLOW_SAT)
        snprintf(text, FORMAT_TEXT_BYTES, "%s<%d,%d>", head, f.width_bits, f.integer_bits);
    else
        snprintf(text, FORMAT_TEXT_BYTES, "%s<%d,%d,%s,%s>", head, f.width_bits, f.integer_bits,
                 rounding_names[f.rounding], overflow_names[f.overflow]);
}

__attribute__((format(printf, 3, 4))) static bool refuse(char *reason, size_t size,
                                                         const char *form, ...)
{
    if (reason && size) {
        va_list args;
        va_start(args, form);
        vsnprintf(reason, size, form, args);
        va_end(args);
    }
    return false;
}

static void skip_spaces(const char **at)
{
    while (**at == ' ' || **at == '\t')
        (*at)++;
}

static bool take(const char **at, char wanted)
{
    skip_spaces(at);
    if (**at != wanted) return false;
    (*at)++;
    skip_spaces(at);
    return true;
}

static bool take_number(const char **at, int *number)
{
    char *end;
    if (!isdigit((unsigned char)**at) && **at != '-' && **at != '+') return false;
    long value = strtol(*at, &end, 10);
    if (end == *at || value < -1000000 || value > 1000000) return false;
    *number = (int)value;
    *at = end;
    return true;
}

/* The longest run of capitals and underscores, as an index into names, or -1. */
static int take_name(const char **at, const char *const *names, int count, char *word, size_t size)
{
    size_t length = strspn(*at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
    snprintf(word, size, "%.*s", (int)length, *at);
    for (int i = 0; i < count; i++) {
        if (strlen(names[i]) == length && memcmp(names[i], *at, length) == 0) {
            *at += length;
            return i;
        }
    }
    return -1;
}

bool format_parse(const char *text, struct format *f, char *reason, size_t reason_size)
{
    const char *at = text;
    char word[40];
    struct format result = format_make(true, 0, 0);
    skip_spaces(&at);
    if (*at == 'u') {
        result.is_signed = false;
        at++;
    }
    if (strncmp(at, "fixed", 5) != 0)
        return refuse(reason, reason_size, "a format starts with fixed< or ufixed<");
    at += 5;
    if (!take(&at, '<') || !take_number(&at, &result.width_bits) || !take(&at, ',') ||
        !take_number(&at, &result.integer_bits))
        return refuse(reason, reason_size, "expected %sfixed<width,integer bits>",
                      result.is_signed ? "" : "u");
    if (take(&at, ',')) {
        int mode = take_name(&at, rounding_names, ROUNDING_COUNT, word, sizeof word);
        if (mode < 0) return refuse(reason, reason_size, "'%s' is not a rounding mode", word);
        result.rounding = (enum rounding)mode;
        if (take(&at, ',')) {
            mode = take_name(&at, overflow_names, OVERFLOW_COUNT, word, sizeof word);
            if (mode < 0) return refuse(reason, reason_size, "'%s' is not an overflow mode", word);
            result.overflow = (enum overflow)mode;
        }
    }
    if (!take(&at, '>')) return refuse(reason, reason_size, "expected '>' at '%.20s'", at);
    if (*at) return refuse(reason, reason_size, "'%.20s' follows the format", at);
    if (result.width_bits < 1 || result.width_bits > FORMAT_MAX_BITS)
        return refuse(reason, reason_size, "width %d is outside 1..%d", result.width_bits,
                      FORMAT_MAX_BITS);
    if (abs(result.integer_bits) > FORMAT_MAX_INTEGER_BITS)
        return refuse(reason, reason_size, "%d integer bits are outside -%d..%d",
                      result.integer_bits, FORMAT_MAX_INTEGER_BITS, FORMAT_MAX_INTEGER_BITS);
    *f = result;
    return true;
}

/* To nearest, halves up. x - floor(x) is exact for |x| >= 1 and for x >= 0; for x in (-1, 0) it may
 * round, but to a number on the same side of one half (docs/reference/arithmetic.md). */
static inline double half_up(double x)
{
    double low = floor(x);
    return x - low >= 0.5 ? low + 1.0 : low;
}

static inline double round_trn(double x)
{
    return floor(x);
}
static inline double round_trn_zero(double x)
{
    return trunc(x);
}
static inline double round_rnd(double x)
{
    return half_up(x);
}
static inline double round_rnd_zero(double x)
{
    return copysign(half_up(-fabs(x)), x);
}
static inline double round_rnd_inf(double x)
{
    return copysign(half_up(fabs(x)), x);
}
static inline double round_rnd_min_inf(double x)
{
    return -half_up(-x);
}
static inline double round_rnd_conv(double x)
{
    return rint(x);
}

/* The largest double that is not above the format's largest integer. */
static double largest_double(struct format f)
{
    int64_t max = format_max(f);
    return max < (int64_t)1 << 53 ? (double)max : nextafter((double)max, 0.0);
}

/* Rounded integers limited to the format. Adding 0.0 turns -0.0 into 0.0. */
static void limit_row(struct format f, double *y, long count)
{
    double max = largest_double(f), step = format_step(f);
    double min = !f.is_signed ? 0.0 : f.overflow == OVERFLOW_SAT_SYM ? -max : (double)format_min(f);
    double modulus = ldexp(1.0, f.width_bits), inverse = 1.0 / modulus;
    double half = f.is_signed ? modulus * 0.5 : modulus;
    double below = f.is_signed ? -half : 0.0;
    switch (f.overflow) {
    case OVERFLOW_SAT:
    case OVERFLOW_SAT_SYM:
        for (long k = 0; k < count; k++) {
            double n = y[k] > max ? max : y[k];
            y[k] = (n < min ? min : n) * step + 0.0;
        }
        break;
    case OVERFLOW_SAT_ZERO:
        for (long k = 0; k < count; k++)
            y[k] = (y[k] > max || y[k] < min ? 0.0 : y[k]) * step + 0.0;
        break;
    case OVERFLOW_WRAP:
        for (long k = 0; k < count; k++) {
            double n = y[k] - trunc(y[k] * inverse) * modulus; /* exact, sign of y, |n| < modulus */
            n = n >= half ? n - modulus : n;
            y[k] = (n < below ? n + modulus : n) * step + 0.0;
        }
        break;
    case OVERFLOW_COUNT: assert(!"overflow mode");
    }
}

void format_quantize_row(struct format f, const double *x, double *y, long count)
{
    double scale = ldexp(1.0, format_fraction_bits(f));
#define ROW(name, kernel)                                                                          \
    case ROUND_##name:                                                                             \
        for (long k = 0; k < count; k++)                                                           \
            y[k] = kernel(x[k] * scale);                                                           \
        break;
    switch (f.rounding) {
        ROW(TRN, round_trn)
        ROW(TRN_ZERO, round_trn_zero)
        ROW(RND, round_rnd)
        ROW(RND_ZERO, round_rnd_zero)
        ROW(RND_INF, round_rnd_inf)
        ROW(RND_MIN_INF, round_rnd_min_inf)
        ROW(RND_CONV, round_rnd_conv)
    case ROUNDING_COUNT: assert(!"rounding mode");
    }
#undef ROW
    limit_row(f, y, count);
}

double format_quantize(struct format f, double x)
{
    double y = 0; /* every rounding mode writes it */
    assert(isfinite(x));
    format_quantize_row(f, &x, &y, 1);
    return y;
}

int64_t format_to_integer(struct format f, double quantized)
{
    double n = ldexp(quantized, format_fraction_bits(f));
    assert(n == floor(n) && fabs(n) < 0x1p63);
    return (int64_t)n;
}
