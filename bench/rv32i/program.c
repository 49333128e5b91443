/* A small control program for cycles per instruction: a checksum, a sort, multiplications and
 * divisions, without their instructions unless the core has them, bytes copied and compared, a
 * histogram. The result goes to DONE, which ends the run. */
#include <stdint.h>

#define DONE (*(volatile uint32_t *)0x10000)

static uint32_t words[64];
static uint8_t text[128], copy[128];
static uint16_t bins[16];

static uint32_t crc32(const uint8_t *bytes, int count)
{
    uint32_t crc = ~0u;
    for (int i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
#ifdef __riscv_mul
    return a * b;
#endif
    uint32_t product = 0;
    for (; b; b >>= 1, a <<= 1)
        if (b & 1) product += a;
    return product;
}

static uint32_t divide(uint32_t a, uint32_t b, uint32_t *rest)
{
#ifdef __riscv_div
    *rest = a % b;
    return a / b;
#endif
    uint32_t quotient = 0, left = 0;
    for (int i = 31; i >= 0; i--) {
        left = left << 1 | (a >> i & 1);
        if (left >= b) {
            left -= b;
            quotient |= 1u << i;
        }
    }
    *rest = left;
    return quotient;
}

static void sort(uint32_t *w, int count)
{
    for (int i = 1; i < count; i++) {
        uint32_t value = w[i];
        int j = i;
        for (; j > 0 && w[j - 1] > value; j--)
            w[j] = w[j - 1];
        w[j] = value;
    }
}

void run(void)
{
    uint32_t state = 12345, sum = 0, rest;
    for (int i = 0; i < 64; i++) {
        state = multiply(state, 1664525) + 1013904223;
        words[i] = state;
    }
    sort(words, 64);
    for (int i = 0; i < 128; i++)
        text[i] = (uint8_t)(words[i / 2] >> (i % 4 * 8));
    for (int i = 0; i < 128; i++)
        copy[i] = text[127 - i];
    for (int i = 0; i < 128; i++) {
        bins[copy[i] >> 4]++;
        sum += copy[i] == text[i];
    }
    for (int i = 0; i < 16; i++)
        sum = multiply(sum, 31) + bins[i] + divide(words[i], words[i + 20] >> 12 | 1, &rest) + rest;
    DONE = sum ^ crc32(copy, 128);
    for (;;) {
    }
}
