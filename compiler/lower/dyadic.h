/* Exact constants: numbers integer * 2^-fraction_bits, and their canonical signed digits. */
#ifndef SLUICE_COMPILER_DYADIC_H
#define SLUICE_COMPILER_DYADIC_H

#include <stdbool.h>
#include <stdint.h>

struct dyadic {
    int64_t integer;   /* odd, or 0 */
    int fraction_bits; /* may be negative; 0 for zero */
};

/* Every finite double is one. */
struct dyadic dyadic_of(double x);
double dyadic_value(struct dyadic d);
/* integer * 2^-fraction_bits with the integer made odd. */
struct dyadic dyadic_make(int64_t integer, int fraction_bits);
/* The integer of d on a grid of 2^-fraction_bits at least as fine as its own. False if it does not
 * fit 62 bits and sign. */
bool dyadic_on_grid(struct dyadic d, int fraction_bits, int64_t *integer);
/* Exact product and sum; false when the result does not fit. */
bool dyadic_mul(struct dyadic a, struct dyadic b, struct dyadic *product);
bool dyadic_add(struct dyadic a, struct dyadic b, struct dyadic *sum);

/* Signed digits of n, lowest first: digits[i] in {-1, 0, 1}; returns how many positions. Those of
 * |n| are the canonical ones (no two neighbours non-zero: the fewest digits; Reitwiesner 1960) with
 * every "+0-" written "0++" (4 - 1 = 2 + 1, the same count), so that subtractions are few; those
 * of -n are their negatives. */
enum { CSD_MAX_DIGITS = 65 };
int csd_digits(int64_t n, signed char digits[CSD_MAX_DIGITS]);
/* How many of them are not zero. */
int csd_count(int64_t n);
/* The nearest number with error at most `tolerance` that has the fewest signed digits, found by
 * taking the leading power of two of what is left, again and again. tolerance > 0. */
double csd_round(double x, double tolerance);

#endif
