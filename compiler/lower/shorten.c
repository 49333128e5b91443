/* Shorter constants for an affine map that a quantizer follows.
 *
 * A saturating quantizer is monotone, so over the ordered stored integers n of the argument the
 * results form runs of equal level. scale * x + offset gives the same results with other constants
 * exactly when the first and the last n of every run still land inside their level. For one scale
 * that is an interval of offsets. Scales near the given one are tried from the coarsest grid up. */
#include "compiler/lower/lower.h"

#include <assert.h>
#include <math.h>

__extension__ typedef __int128 int128;

enum {
    LEVELS_MAX = 4096,    /* levels of a format worth the search: 12 bits */
    GRID_MAX = 26,        /* finest grid tried, relative to the scale's leading bit */
    NEIGHBOURS = 12,      /* grid points on each side of the scale */
    VALUE_BITS_MAX = 110, /* of an exact value in the search; more: not attempted */
};

/* The results as runs: n in [first, last] gives an argument that has to stay in [low, high], in
 * units of 2^-unit_bits (a quarter of a level at least); bounded[0/1]: whether low/high count. */
struct run {
    int64_t first, last;
    int128 low, high;
    bool has_low, has_high, low_inclusive, high_inclusive;
};

struct problem {
    int64_t lo, hi; /* of n, ordered so that the result does not fall */
    int fraction_bits;
    struct format format;
    bool relu;
    int count;
    struct run runs[LEVELS_MAX];
};

/* scale * n * 2^-fraction_bits + offset in units of 2^-unit_bits, exact. */
struct line {
    int128 slope, start;
    int unit_bits;
};

static int bits_of(int64_t n)
{
    uint64_t magnitude = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    return magnitude ? 64 - __builtin_clzll(magnitude) : 0;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static bool line_make(struct dyadic scale, struct dyadic offset, const struct problem *p,
                      struct line *line)
{
    int fraction = scale.fraction_bits + p->fraction_bits;
    int unit = larger(larger(fraction, offset.integer ? offset.fraction_bits : fraction),
                      format_fraction_bits(p->format) + 2);
    int reach = larger(bits_of(p->lo), bits_of(p->hi));
    if (unit - fraction + bits_of(scale.integer) + reach > VALUE_BITS_MAX ||
        (offset.integer && unit - offset.fraction_bits + bits_of(offset.integer) > VALUE_BITS_MAX))
        return false;
    line->unit_bits = unit;
    line->slope = (int128)scale.integer * ((int128)1 << (unit - fraction));
    line->start = 0;
    if (offset.integer)
        line->start = (int128)offset.integer * ((int128)1 << (unit - offset.fraction_bits));
    return true;
}

static int128 floor_shift(int128 x, int shift)
{
    int128 low = x & (((int128)1 << shift) - 1);
    return (x - low) / ((int128)1 << shift);
}

/* The level (stored integer) of an argument; the same rounding rules as everywhere, on 128 bits. */
static int64_t level_of(const struct problem *p, const struct line *line, int64_t n)
{
    int128 value = line->slope * n + line->start;
    if (p->relu && value < 0) value = 0;
    int drop = line->unit_bits - format_fraction_bits(p->format); /* >= 2 */
    int128 unit = (int128)1 << drop, half = unit / 2;
    int128 down = floor_shift(value, drop), rest = value - down * unit;
    bool up = false;
    switch (p->format.rounding) {
    case ROUND_TRN: break;
    case ROUND_TRN_ZERO: up = value < 0 && rest != 0; break;
    case ROUND_RND: up = rest >= half; break;
    case ROUND_RND_MIN_INF: up = rest > half; break;
    case ROUND_RND_ZERO: up = rest > half || (rest == half && value < 0); break;
    case ROUND_RND_INF: up = rest > half || (rest == half && value > 0); break;
    case ROUND_RND_CONV: up = rest > half || (rest == half && (down & 1)); break;
    case ROUNDING_COUNT: assert(!"a rounding mode");
    }
    int128 level = down + up, least = format_min(p->format), most = format_max(p->format);
    return (int64_t)(level < least ? least : level > most ? most : level);
}

/* Bounds of the argument that give `level`, in quarters of a level: what lies beyond the format's
 * ends saturates, and everything below zero is zero behind a ReLU. */
static void run_bounds(const struct problem *p, int64_t level, struct run *run)
{
    enum rounding rounding = p->format.rounding;
    bool truncates = rounding == ROUND_TRN || rounding == ROUND_TRN_ZERO;
    bool even = level % 2 == 0;
    run->low = 4 * (int128)level - (truncates ? 0 : 2);
    run->high = run->low + 4;
    run->low_inclusive = true;
    run->high_inclusive = false;
    if (rounding == ROUND_TRN_ZERO && level <= 0) {
        run->low = 4 * (int128)level - 4;
        run->high = level == 0 ? 4 : 4 * (int128)level;
        run->low_inclusive = false;
        run->high_inclusive = level < 0;
    }
    if (rounding == ROUND_RND_MIN_INF || (rounding == ROUND_RND_ZERO && level > 0) ||
        (rounding == ROUND_RND_INF && level < 0)) {
        run->low_inclusive = false;
        run->high_inclusive = true;
    }
    if (rounding == ROUND_RND_ZERO && level == 0) run->high_inclusive = true;
    if (rounding == ROUND_RND_INF && level == 0) run->low_inclusive = false;
    if (rounding == ROUND_RND_CONV) run->low_inclusive = run->high_inclusive = even;
    run->has_low = level > format_min(p->format) && !(p->relu && level <= 0);
    run->has_high = level < format_max(p->format);
}

/* Finds the runs by bisection; false when there are too many. */
static bool find_runs(struct problem *p, const struct line *line)
{
    p->count = 0;
    for (int64_t n = p->lo;; n++) {
        if (p->count == LEVELS_MAX) return false;
        struct run *run = &p->runs[p->count++];
        int64_t level = level_of(p, line, n), same = n, other = p->hi;
        if (level_of(p, line, p->hi) == level) same = p->hi;
        while (other - same > 1) {
            int64_t middle = same + (other - same) / 2;
            *(level_of(p, line, middle) == level ? &same : &other) = middle;
        }
        run->first = n;
        run->last = same;
        run_bounds(p, level, run);
        if (same == p->hi) return true;
        n = same;
    }
}

/* Offsets in units of 2^-unit_bits that keep every result under this slope: [*low, *high]. */
static bool offsets(const struct problem *p, const struct line *line, int128 *low, int128 *high)
{
    int128 limit = (int128)1 << (VALUE_BITS_MAX + 4);
    *low = -limit;
    *high = limit;
    int drop = line->unit_bits - format_fraction_bits(p->format) - 2;
    for (int i = 0; i < p->count; i++) {
        const struct run *run = &p->runs[i];
        int128 least = run->low * ((int128)1 << drop) + !run->low_inclusive;
        int128 most = run->high * ((int128)1 << drop) - !run->high_inclusive;
        int128 bottom = least - line->slope * run->first, top = most - line->slope * run->last;
        if (run->has_low && bottom > *low) *low = bottom;
        if (run->has_high && top < *high) *high = top;
        if (*low > *high) return false;
    }
    return true;
}

/* The number of fewest fraction bits in [low, high] (units of 2^-unit_bits), zero if it is there.
 */
static bool simplest(int128 low, int128 high, int unit_bits, struct dyadic *number)
{
    *number = (struct dyadic){0, 0};
    if (low <= 0 && high >= 0) return true;
    for (int shift = VALUE_BITS_MAX; shift >= 0; shift--) {
        int128 step = (int128)1 << shift;
        int128 up = -floor_shift(-low, shift); /* ceil(low / step) */
        if (up > high / step + 1 || up * step > high) continue;
        if (up > INT64_MAX / 2 || up < INT64_MIN / 2) return false;
        *number = dyadic_make((int64_t)up, unit_bits - shift);
        return true;
    }
    return false;
}

struct found {
    bool any;
    int digits, bits, offset_bits;
    struct dyadic scale, offset;
};

static bool is_better(const struct found *a, const struct found *b)
{
    if (!b->any || a->digits != b->digits) return !b->any || a->digits < b->digits;
    if (a->bits != b->bits) return a->bits < b->bits;
    return a->offset_bits < b->offset_bits;
}

static void try_scale(const struct problem *p, struct dyadic scale, struct found *best)
{
    struct found found = {.any = true, .scale = scale};
    struct line line;
    int128 low, high;
    found.digits = csd_count(scale.integer);
    found.bits = bits_of(scale.integer);
    if (best->any && found.digits > best->digits) return;
    /* Offsets on a grid a little finer than the argument's allow every choice that differs. */
    if (!line_make(scale, (struct dyadic){0, 0}, p, &line) || !offsets(p, &line, &low, &high) ||
        !simplest(low, high, line.unit_bits, &found.offset))
        return;
    found.offset_bits = found.offset.integer ? found.offset.fraction_bits : -1000;
    if (is_better(&found, best)) *best = found;
}

static void search(const struct problem *p, struct dyadic scale, struct found *best)
{
    double value = dyadic_value(scale);
    int lead = scale.fraction_bits - bits_of(scale.integer) + 1; /* 2^-lead <= scale */
    for (int grid = lead - 1; grid <= lead + GRID_MAX; grid++) {
        int64_t centre = (int64_t)llround(ldexp(value, grid));
        for (int d = -NEIGHBOURS; d <= NEIGHBOURS; d++)
            if (centre + d > 0) try_scale(p, dyadic_make(centre + d, grid), best);
        if (best->any && grid > best->scale.fraction_bits + 4) return;
    }
}

static bool shorten(struct problem *p, struct dyadic *scale, struct dyadic *offset)
{
    struct line line;
    if (!line_make(*scale, *offset, p, &line) || !find_runs(p, &line)) return false;
    if (p->count == 1) { /* every argument gives the same result */
        *scale = (struct dyadic){0, 0};
        *offset = dyadic_make(level_of(p, &line, p->lo), format_fraction_bits(p->format));
        return true;
    }
    struct found best = {.any = false};
    search(p, *scale, &best);
    if (!best.any || best.digits > csd_count(scale->integer)) return false;
    *scale = best.scale;
    *offset = best.offset;
    return true;
}

bool affine_shorten(int64_t lo, int64_t hi, int fraction_bits, bool relu, struct format format,
                    struct dyadic *scale, struct dyadic *offset)
{
    bool saturates = format.overflow == OVERFLOW_SAT || format.overflow == OVERFLOW_SAT_SYM;
    if (!saturates || scale->integer == 0 || format.width_bits > 12) return false;
    /* A falling map over n is a rising one over -n. */
    bool falls = scale->integer < 0;
    static _Thread_local struct problem problem;
    problem.lo = falls ? -hi : lo;
    problem.hi = falls ? -lo : hi;
    problem.fraction_bits = fraction_bits;
    problem.format = format;
    problem.relu = relu;
    struct dyadic rising = *scale;
    if (falls) rising.integer = -rising.integer;
    if (!shorten(&problem, &rising, offset)) return false;
    *scale = rising;
    if (falls) scale->integer = -scale->integer;
    return true;
}
