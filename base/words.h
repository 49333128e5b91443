/* 32-bit words as bytes, the lowest byte first, on any machine. */
#ifndef SLUICE_BASE_WORDS_H
#define SLUICE_BASE_WORDS_H

#include <stddef.h>
#include <stdint.h>

/* Fills as many words as the bytes take, the last padded with 0. */
void words_from_bytes(const uint8_t *bytes, size_t byte_count, uint32_t *words);
/* The first bytes of the words. */
void words_to_bytes(const uint32_t *words, size_t byte_count, uint8_t *bytes);

#endif
