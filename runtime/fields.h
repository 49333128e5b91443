/* Integers of a packed vector, as data_i and data_o have them: fields one behind the other, the
 * first in the lowest bits, in words of 32 bits, the lowest first. Freestanding. */
#ifndef SLUICE_RUNTIME_FIELDS_H
#define SLUICE_RUNTIME_FIELDS_H

#include <stdint.h>

/* 1 to 32 bits from bit `at` on. */
static inline uint32_t field_bits(const uint32_t *words, unsigned at, unsigned width)
{
    unsigned shift = at & 31;
    uint32_t bits = words[at >> 5] >> shift;
    if (shift + width > 32) bits |= words[(at >> 5) + 1] << (32 - shift);
    return width < 32 ? bits & ((UINT32_C(1) << width) - 1) : bits;
}

/* Into words that are 0 there. */
static inline void field_put_bits(uint32_t *words, unsigned at, unsigned width, uint32_t bits)
{
    unsigned shift = at & 31;
    if (width < 32) bits &= (UINT32_C(1) << width) - 1;
    words[at >> 5] |= bits << shift;
    if (shift + width > 32) words[(at >> 5) + 1] |= bits >> (32 - shift);
}

/* A field of at most 32 bits, if it is unsigned 31, as an integer; of at most 64. */
static inline int32_t field_narrow(const uint32_t *words, unsigned at, unsigned width,
                                   unsigned is_signed)
{
    uint32_t top = (uint32_t)is_signed << (width - 1);
    return (int32_t)((field_bits(words, at, width) ^ top) - top);
}

static inline int64_t field_wide(const uint32_t *words, unsigned at, unsigned width,
                                 unsigned is_signed)
{
    uint64_t top = (uint64_t)is_signed << (width - 1);
    uint64_t bits = field_bits(words, at, width < 32 ? width : 32);
    if (width > 32) bits |= (uint64_t)field_bits(words, at + 32, width - 32) << 32;
    return (int64_t)((bits ^ top) - top);
}

/* The low bits of an integer as a field. */
static inline void field_put_narrow(uint32_t *words, unsigned at, unsigned width, int32_t number)
{
    field_put_bits(words, at, width, (uint32_t)number);
}

static inline void field_put_wide(uint32_t *words, unsigned at, unsigned width, int64_t number)
{
    field_put_bits(words, at, width < 32 ? width : 32, (uint32_t)number);
    if (width > 32) field_put_bits(words, at + 32, width - 32, (uint32_t)((uint64_t)number >> 32));
}

#endif
