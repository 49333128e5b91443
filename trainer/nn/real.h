/* The trainer's number type and a few vectorisable functions of it.
 *
 * real is float; a test that checks gradients against finite differences includes the sources with
 * TRAIN_DOUBLE defined and gets double throughout. Every matrix row is padded with zeros to a
 * multiple of PAD elements, so that loops over columns have no tail. */
#ifndef SLUICE_TRAINER_NN_REAL_H
#define SLUICE_TRAINER_NN_REAL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef TRAIN_DOUBLE
typedef double real;
#else
typedef float real;
#endif

enum { PAD = 16 };
static inline int pad_columns(int n)
{
    return (n + PAD - 1) / PAD * PAD;
}

#ifdef TRAIN_DOUBLE
static inline real real_exp(real x)
{
    return exp(x);
}
static inline real real_log(real x)
{
    return log(x);
}
static inline real real_floor(real x)
{
    return floor(x);
}
static inline real real_rint(real x)
{
    return rint(x);
}
static inline real real_abs(real x)
{
    return fabs(x);
}
static inline real real_sqrt(real x)
{
    return sqrt(x);
}
#else
/* exp(x) to 2 units in the last place; x is limited to [-87, 88]. Cephes' expf polynomial. */
static inline real real_exp(real x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    float n = floorf(x * 1.44269504f + 0.5f);
    float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits = ((int32_t)n + 127) * (1 << 23);
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* log(x) for positive normal x, absolute error below 1e-6. Cephes' logf polynomial. */
static inline real real_log(real x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (bits - 0x3f3504f3) >> 23; /* mantissa in [sqrt(1/2), sqrt(2)) */
    bits -= exponent * (1 << 23);
    float m;
    memcpy(&m, &bits, sizeof m);
    float e = (float)exponent;
    float r = m - 1.0f, z = r * r;
    float p = 7.0376836292e-2f;
    p = p * r - 1.1514610310e-1f;
    p = p * r + 1.1676998740e-1f;
    p = p * r - 1.2420140846e-1f;
    p = p * r + 1.4249322787e-1f;
    p = p * r - 1.6668057665e-1f;
    p = p * r + 2.0000714765e-1f;
    p = p * r - 2.4999993993e-1f;
    p = p * r + 3.3333331174e-1f;
    return (p * r * z - 0.5f * z + r) + e * 0.693147181f;
}
static inline real real_floor(real x)
{
    return floorf(x);
}
static inline real real_rint(real x)
{
    return rintf(x);
}
static inline real real_abs(real x)
{
    return fabsf(x);
}
static inline real real_sqrt(real x)
{
    return sqrtf(x);
}
#endif

#endif
