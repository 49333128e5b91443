/* See words.h. */
#include "base/words.h"

void words_from_bytes(const uint8_t *bytes, size_t byte_count, uint32_t *words)
{
    for (size_t i = 0; i < byte_count; i++) {
        if (i % 4 == 0) words[i / 4] = 0;
        words[i / 4] |= (uint32_t)bytes[i] << 8 * (i % 4);
    }
}

void words_to_bytes(const uint32_t *words, size_t byte_count, uint8_t *bytes)
{
    for (size_t i = 0; i < byte_count; i++)
        bytes[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
}
