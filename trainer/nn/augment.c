/* Disturbed events. See augment.h. */
#include "trainer/nn/augment.h"

#define R(x) ((real)(x))

/* splitmix64's finaliser: 64 bits of (key, row, input). */
static inline uint64_t mix_bits(uint64_t h)
{
    h ^= h >> 30;
    h *= 0xbf58476d1ce4e5b9U;
    h ^= h >> 27;
    h *= 0x94d049bb133111ebU;
    return h ^ h >> 31;
}

/* Sum of the four 16-bit numbers of h, brought to mean 0 and deviation 1. */
static inline real normal_of(uint64_t h)
{
    int32_t sum = (int32_t)(h & 0xffff) + (int32_t)(h >> 16 & 0xffff) +
                  (int32_t)(h >> 32 & 0xffff) + (int32_t)(h >> 48);
    /* Each has the deviation 65536 / sqrt(12). */
    return ((real)sum - R(131070)) * R(1.7320508075688772 / 65536);
}

void augment_rows(const struct augmentation *a, uint64_t key, int row_number, int rows, int inputs,
                  int columns, real *x)
{
    const real noise = R(a->noise), smearing = R(a->smearing);
    const uint64_t limit = (uint64_t)(a->dead * 18446744073709549568.0);
    for (int i = 0; i < rows; i++) {
        uint64_t row_key = mix_bits(key + 0x9e3779b97f4a7c15U * (uint64_t)(row_number + i + 1));
        real *row = x + (ptrdiff_t)i * columns;
        for (int j = 0; j < inputs; j++) {
            uint64_t h = mix_bits(row_key + 3 * (uint64_t)j);
            real v = row[j] + smearing * normal_of(mix_bits(row_key + 3 * (uint64_t)j + 1)) *
                                  (row[j] - a->zero[j]);
            v += noise * normal_of(mix_bits(row_key + 3 * (uint64_t)j + 2));
            row[j] = h < limit ? a->zero[j] : v;
        }
    }
}
