/* Exact constants. */
#include "compiler/lower/dyadic.h"

#include <assert.h>
#include <math.h>

__extension__ typedef __int128 int128;

struct dyadic dyadic_make(int64_t integer, int fraction_bits)
{
    if (integer == 0) return (struct dyadic){0, 0};
    int zeros = __builtin_ctzll((unsigned long long)integer);
    return (struct dyadic){integer / ((int64_t)1 << zeros), fraction_bits - zeros};
}

struct dyadic dyadic_of(double x)
{
    assert(isfinite(x));
    int exponent;
    double mantissa = frexp(x, &exponent);
    return dyadic_make((int64_t)ldexp(mantissa, 53), 53 - exponent);
}

double dyadic_value(struct dyadic d)
{
    return ldexp((double)d.integer, -d.fraction_bits);
}

static bool fits(int128 x)
{
    return x < (int128)1 << 62 && x > -((int128)1 << 62);
}

bool dyadic_on_grid(struct dyadic d, int fraction_bits, int64_t *integer)
{
    *integer = 0;
    if (d.integer == 0) return true;
    int shift = fraction_bits - d.fraction_bits;
    if (shift < 0 || shift > 62) return false;
    int128 wide = (int128)d.integer * ((int128)1 << shift);
    *integer = (int64_t)wide;
    return fits(wide);
}

bool dyadic_mul(struct dyadic a, struct dyadic b, struct dyadic *product)
{
    int128 wide = (int128)a.integer * b.integer;
    *product = dyadic_make((int64_t)wide, a.fraction_bits + b.fraction_bits);
    return fits(wide);
}

bool dyadic_add(struct dyadic a, struct dyadic b, struct dyadic *sum)
{
    if (a.integer == 0 || b.integer == 0) {
        *sum = a.integer == 0 ? b : a;
        return true;
    }
    int fraction = a.fraction_bits > b.fraction_bits ? a.fraction_bits : b.fraction_bits;
    int64_t x, y;
    if (!dyadic_on_grid(a, fraction, &x) || !dyadic_on_grid(b, fraction, &y)) return false;
    *sum = dyadic_make(x + y, fraction);
    return true;
}

/* Of a number whose leading digit is +: 4 - 1 = 2 + 1. */
static void prefer_additions(signed char *digits, int count)
{
    for (int i = 0; i + 2 < count; i++) {
        if (digits[i] == -1 && digits[i + 1] == 0 && digits[i + 2] == 1) {
            digits[i] = digits[i + 1] = 1;
            digits[i + 2] = 0;
        }
    }
}

int csd_digits(int64_t n, signed char digits[CSD_MAX_DIGITS])
{
    int128 rest = n < 0 ? -(int128)n : n;
    int count = 0;
    while (rest != 0) {
        signed char digit = 0;
        if (rest & 1) digit = (rest & 3) == 3 ? -1 : 1;
        digits[count++] = digit;
        rest = (rest - digit) / 2;
    }
    prefer_additions(digits, count);
    while (count > 0 && digits[count - 1] == 0)
        count--;
    if (n < 0)
        for (int i = 0; i < count; i++)
            digits[i] = (signed char)-digits[i];
    return count;
}

int csd_count(int64_t n)
{
    signed char digits[CSD_MAX_DIGITS];
    int count = csd_digits(n, digits), nonzero = 0;
    for (int i = 0; i < count; i++)
        nonzero += digits[i] != 0;
    return nonzero;
}

double csd_round(double x, double tolerance)
{
    assert(isfinite(x) && tolerance > 0);
    double rounded = 0;
    while (fabs(x - rounded) > tolerance) {
        double rest = x - rounded;
        int exponent;
        double mantissa = frexp(fabs(rest), &exponent); /* in [1/2, 1) */
        double power = ldexp(1, mantissa > 0.75 ? exponent : exponent - 1);
        rounded += rest < 0 ? -power : power;
    }
    return rounded;
}
