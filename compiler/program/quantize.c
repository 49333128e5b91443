/* The integer quantizer, one value at a time: what infer.c needs for intervals, and what the
 * kernels of eval.c are tested against. Shares no code with model/format.c. */
#include "compiler/program/internal.h"

#include <assert.h>

/* floor(a / 2^drop) plus one where the mode says so; 1 <= drop <= 65, |a| < 2^63. */
static int128 round_off(int64_t a, int drop, enum rounding rounding)
{
    int128 one = 1, low = (int128)a & ((one << drop) - 1), half = one << (drop - 1);
    int128 down = ((int128)a - low) / (one << drop);
    bool up = false;
    switch (rounding) {
    case ROUND_TRN: break;
    case ROUND_TRN_ZERO: up = a < 0 && low; break;
    case ROUND_RND: up = low >= half; break;
    case ROUND_RND_ZERO: up = low > half || (low == half && a < 0); break;
    case ROUND_RND_INF: up = low > half || (low == half && a >= 0); break;
    case ROUND_RND_MIN_INF: up = low > half; break;
    case ROUND_RND_CONV: up = low > half || (low == half && down % 2 != 0); break;
    case ROUNDING_COUNT: assert(!"a rounding mode");
    }
    return down + up;
}

int128 quantize_round(int64_t a, int fraction, struct format format)
{
    int drop = fraction - format_fraction_bits(format);
    /* Beyond 65 dropped bits |a| * 2^-drop stays below a quarter, and beyond 64 bits of up-shift
     * every bit that a format could keep is zero: the results no longer change. */
    if (drop > 65) drop = 65;
    if (drop < -64) drop = -64;
    return drop > 0 ? round_off(a, drop, format.rounding) : (int128)a * ((int128)1 << -drop);
}

int64_t quantize_limit(int128 n, struct format format)
{
    int64_t min = format_min(format), max = format_max(format);
    switch (format.overflow) {
    case OVERFLOW_WRAP: {
        int64_t modulus_mask = (int64_t)(((uint64_t)1 << format.width_bits) - 1);
        int64_t low = (int64_t)(n & modulus_mask);
        if (format.is_signed && low >> (format.width_bits - 1)) low -= modulus_mask, low -= 1;
        return low;
    }
    case OVERFLOW_SAT:
    case OVERFLOW_SAT_SYM: return n < min ? min : n > max ? max : (int64_t)n;
    case OVERFLOW_SAT_ZERO: return n < min || n > max ? 0 : (int64_t)n;
    case OVERFLOW_COUNT: break;
    }
    assert(!"an overflow mode");
    return 0;
}

int64_t program_quantize_integer(int64_t a, int fraction, struct format format)
{
    return quantize_limit(quantize_round(a, fraction, format), format);
}

static int128 floor_to(int128 n, int128 grid)
{
    int128 rest = n % grid;
    return n - (rest < 0 ? rest + grid : rest);
}

/* Results are the multiples of `grid` in [lo, hi] before limiting (grid > 1 after an up-shift). */
static void wrap_interval(int128 lo, int128 hi, int128 grid, struct format format,
                          int64_t *result_lo, int64_t *result_hi)
{
    int128 min = format_min(format), window = (int128)1 << format.width_bits;
    if (floor_to(lo - min, window) == floor_to(hi - min, window)) {
        *result_lo = quantize_limit(lo, format);
        *result_hi = quantize_limit(hi, format);
    } else {
        *result_lo = grid >= window ? 0 : format_min(format);
        *result_hi = grid >= window ? 0 : (int64_t)floor_to(format_max(format), grid);
    }
}

static void zero_interval(int128 lo, int128 hi, int128 grid, struct format format,
                          int64_t *result_lo, int64_t *result_hi)
{
    int128 min = format_min(format), max = format_max(format);
    int128 low = lo < min ? -floor_to(-min, grid) : lo, high = hi > max ? floor_to(max, grid) : hi;
    bool outside = lo < min || hi > max;
    if (low > high) low = high = 0; /* all out of range */
    *result_lo = (int64_t)(outside && low > 0 ? 0 : low);
    *result_hi = (int64_t)(outside && high < 0 ? 0 : high);
}

void quantize_interval(int64_t lo, int64_t hi, int fraction, struct format format,
                       int64_t *result_lo, int64_t *result_hi)
{
    int up = format_fraction_bits(format) - fraction;
    int128 grid = (int128)1 << (up < 0 ? 0 : up > 64 ? 64 : up);
    int128 low = quantize_round(lo, fraction, format), high = quantize_round(hi, fraction, format);
    if (format.overflow == OVERFLOW_WRAP) {
        wrap_interval(low, high, grid, format, result_lo, result_hi);
    } else if (format.overflow == OVERFLOW_SAT_ZERO) {
        zero_interval(low, high, grid, format, result_lo, result_hi);
    } else {
        *result_lo = quantize_limit(low, format);
        *result_hi = quantize_limit(high, format);
    }
}
