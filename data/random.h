/* Seeded random numbers, the same on every machine: xoshiro256** seeded by splitmix64
 * (Blackman and Vigna, 2018). */
#ifndef SLUICE_DATA_RANDOM_H
#define SLUICE_DATA_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state[4];
};
struct random random_init(uint64_t seed);
uint64_t random_bits(struct random *random);
double random_uniform(struct random *random);                 /* [0, 1), 53 bits */
uint64_t random_below(struct random *random, uint64_t bound); /* 0 .. bound - 1, unbiased */
double random_normal(struct random *random);                  /* mean 0, deviation 1 */

#endif
