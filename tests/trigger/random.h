// Random numbers of the benches, the same for the same seed (splitmix64: Steele, Lea and Flood,
// OOPSLA 2014).
#ifndef SLUICE_TESTS_TRIGGER_RANDOM_H
#define SLUICE_TESTS_TRIGGER_RANDOM_H

#include <cstdint>

struct Random {
    uint64_t state;

    explicit Random(uint64_t seed) : state(seed) {}
    uint32_t next()
    {
        uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return static_cast<uint32_t>((z ^ z >> 31) >> 16);
    }
    uint32_t below(uint32_t n) { return next() % n; }
};

#endif
