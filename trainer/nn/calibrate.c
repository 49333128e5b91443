/* Choosing a format's integer bits from data, and canonical signed digits. */
#include "base/error.h"
#include "trainer/nn/quantizer.h"

#include <stdlib.h>

enum { CANDIDATES = 8 }; /* integer bits tried below those that hold everything */

/* Numbers below this are 0 to any format: what training leaves of weights that nothing needs. */
static const double NOTHING = 0x1p-40;

/* The fewest integer bits (sign included) that hold [smallest, largest] at f's width. */
static int bits_that_fit(struct format f, double smallest, double largest)
{
    double magnitude = largest > -smallest ? largest : -smallest;
    if (magnitude < NOTHING) return f.is_signed ? 1 : 0;
    for (f.integer_bits = ilogb(magnitude) - 2;; f.integer_bits++) {
        double step = format_step(f);
        double lo = (double)format_min(f) * step, hi = (double)format_max(f) * step;
        /* What rounds to the last value fits. */
        if (smallest >= lo - step / 2 && largest < hi + step / 2) return f.integer_bits;
    }
}

static double squared_error(struct format f, const real *values, long count)
{
    double sum = 0;
    for (long i = 0; i < count; i++) {
        double e = format_quantize(f, (double)values[i]) - (double)values[i];
        sum += e * e;
    }
    return sum;
}

static int compare_magnitude(const void *a, const void *b)
{
    double x = fabs((double)*(const real *)a), y = fabs((double)*(const real *)b);
    return (x > y) - (x < y);
}

/* The value of |x| below which `percentile` per cent of the values lie, with either sign's share.
 */
static double magnitude_percentile(const real *values, long count, double percentile)
{
    real *sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) fail("out of memory");
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_magnitude);
    long index = (long)ceil(percentile / 100 * (double)count) - 1;
    double magnitude = fabs((double)sorted[index < 0 ? 0 : index]);
    free(sorted);
    return magnitude;
}

struct format calibrate_format(struct format f, const real *values, long count,
                               enum train_calibration how, double percentile)
{
    double smallest = 0, largest = 0;
    for (long i = 0; i < count; i++) {
        if ((double)values[i] < smallest) smallest = (double)values[i];
        if ((double)values[i] > largest) largest = (double)values[i];
    }
    if (!f.is_signed) smallest = 0;
    /* What wraps must not overflow on the data it was calibrated on. */
    if (f.overflow == OVERFLOW_WRAP) how = CALIBRATION_MAXIMUM;
    if (how == CALIBRATION_PERCENTILE && count > 0) {
        double limit = magnitude_percentile(values, count, percentile);
        if (smallest < -limit) smallest = -limit;
        if (largest > limit) largest = limit;
    }
    f.integer_bits = bits_that_fit(f, smallest, largest);
    if (how != CALIBRATION_MSE || count == 0) return f;
    struct format best = f;
    double best_error = squared_error(f, values, count);
    for (int i = 0; i < CANDIDATES; i++) {
        f.integer_bits--;
        double error = squared_error(f, values, count);
        if (error < best_error) {
            best_error = error;
            best = f;
        }
    }
    return best;
}

int weight_digits_of(int64_t n)
{
    /* Reitwiesner 1960: the nonzero digits of n's form are the ones of n ^ 3n (either sign). */
    uint64_t magnitude = (uint64_t)(n < 0 ? -n : n);
    return __builtin_popcountll(magnitude ^ (3 * magnitude));
}

int64_t csd_nearest(int64_t n, int digits, int64_t largest)
{
    for (int64_t distance = 0;; distance++) {
        int64_t towards = n < 0 ? n + distance : n - distance;
        int64_t away = n < 0 ? n - distance : n + distance;
        if (weight_digits_of(towards) <= digits) return towards;
        bool fits = (n < 0 ? -away : away) <= largest;
        if (fits && weight_digits_of(away) <= digits) return away;
    }
}
