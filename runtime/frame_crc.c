/* CRC-32 without a CRC unit: polynomial 0x04c11db7 reflected, start and end complemented. */
#include "frame.h"

uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, unsigned count)
{
    crc = ~crc;
    for (unsigned i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xedb88320) : crc >> 1;
    }
    return ~crc;
}
