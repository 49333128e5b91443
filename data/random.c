/* xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018). */
#include "data/random.h"

#include <math.h>

static uint64_t rotate(uint64_t value, int by)
{
    return value << by | value >> (64 - by);
}

struct random random_init(uint64_t seed)
{
    struct random random;
    for (int i = 0; i < 4; i++) {
        /* splitmix64 */
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        random.state[i] = z ^ z >> 31;
    }
    return random;
}

uint64_t random_bits(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9, kept = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= kept;
    s[3] = rotate(s[3], 45);
    return result;
}

double random_uniform(struct random *random)
{
    return (double)(random_bits(random) >> 11) * 0x1p-53;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    /* What lies below the largest multiple of bound is unbiased. */
    uint64_t rest = (UINT64_MAX % bound + 1) % bound, bits;
    do
        bits = random_bits(random);
    while (bits > UINT64_MAX - rest);
    return bits % bound;
}

/* log(value), 0 < value < 1, from basic operations alone: the C library's may differ in the last
 * bit from one processor to another. 2 atanh(z) as a series, |z| < 0.172. */
static double same_log(double value)
{
    int exponent;
    double m = frexp(value, &exponent);
    if (m < 0.70710678118654752) {
        m *= 2;
        exponent--;
    }
    double z = (m - 1) / (m + 1), square = z * z, sum = 0;
    for (int n = 25; n >= 1; n -= 2)
        sum = sum * square + 1.0 / n;
    return 2 * z * sum + exponent * 0.69314718055994531;
}

double random_normal(struct random *random)
{
    /* Marsaglia's polar method, one value of each pair, so that the state is the whole state. */
    double u, v, s;
    do {
        u = 2 * random_uniform(random) - 1;
        v = 2 * random_uniform(random) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * sqrt(-2 * same_log(s) / s);
}
