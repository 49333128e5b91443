/* Constrained-random RV32I(M) programs: every word of a memory is an instruction, legal or nearly
 * so, and the first words are a trap handler that returns behind the instruction that trapped. */
#ifndef SLUICE_TESTS_RV32I_RANDOM_PROGRAM_H
#define SLUICE_TESTS_RV32I_RANDOM_PROGRAM_H

#include "encode.h"

#include <stdbool.h>

enum { HANDLER = 0x40, START = 0x00, HANDLER_END = 0x80 };

struct random_words {
    uint64_t state;
    bool extended; /* M extension and counters too */
};
static inline uint32_t random_next(struct random_words *random) /* splitmix64 */
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) >> 16);
}
static inline uint32_t random_below(struct random_words *random, uint32_t limit)
{
    return random_next(random) % limit;
}

/* Small numbers, powers of two and their neighbours, and anything. */
static inline uint32_t random_value(struct random_words *r)
{
    uint32_t kind = random_below(r, 4), power = UINT32_C(1) << random_below(r, 32);
    return kind == 0   ? random_below(r, 16) - 8
           : kind == 1 ? power + random_below(r, 3) - 1
           : kind == 2 ? 0 - power
                       : random_next(r);
}

/* x31 belongs to the handler; registers repeat often, so that results are used. */
static inline uint32_t random_register(struct random_words *r)
{
    return random_below(r, 3) ? random_below(r, 8) : random_below(r, 32);
}

/* Only what any program may do without a privilege: no CSRs, traps, or addresses that are not
 * aligned. */
static inline uint32_t random_arithmetic(struct random_words *r)
{
    uint32_t rd = random_register(r), rs1 = random_register(r), rs2 = random_register(r),
             f3 = random_below(r, 8);
    switch (random_below(r, 8)) {
    case 0: return encode_u(OP_LUI, rd, random_value(r));
    case 1: return encode_u(OP_AUIPC, rd, random_value(r));
    case 2:
    case 3:
    case 4:
        if (f3 == 1 || f3 == 5)
            return encode_i(OP_IMM, f3, rd, rs1,
                            random_below(r, 32) | (f3 == 5 && random_below(r, 2) ? 0x400u : 0u));
        return encode_i(OP_IMM, f3, rd, rs1, random_value(r));
    default:
        if (r->extended && random_below(r, 3) == 0)
            return encode_r(OP_REG, random_below(r, 8), 1, rd, rs1, rs2);
        return encode_r(OP_REG, f3, (f3 == 0 || f3 == 5) && random_below(r, 2) ? 0x20 : 0, rd, rs1,
                        rs2);
    }
}

static inline uint32_t random_csr(struct random_words *r)
{
    static const uint32_t numbers[] = {0x300, 0x301, 0x304, 0x340, 0x341, 0x342,
                                       0x343, 0x344, 0xf11, 0xf12, 0xf13, 0xf14};
    uint32_t dice = random_below(r, 64);
    if (dice == 0) return 0x305;
    if (dice < 4) return random_below(r, 4096);
    if (dice < 24 && r->extended)
        return 0xb00 | (random_below(r, 2) ? 0x80u : 0) | (random_below(r, 2) ? 2u : 0);
    return numbers[random_below(r, 12)];
}

static inline uint32_t random_instruction(struct random_words *r)
{
    static const uint32_t loads[] = {0, 1, 2, 4, 5}, branches[] = {0, 1, 4, 5, 6, 7},
                          csr_kinds[] = {1, 2, 3, 5, 6, 7};
    static const uint32_t privileged[] = {0x00000073, 0x00100073, 0x30200073, 0x10500073};
    uint32_t rd = random_register(r), rs1 = random_register(r), rs2 = random_register(r);
    uint32_t size = random_below(r, 3),
             offset = random_below(r, 5) ? random_next(r) << size : random_next(r);
    switch (random_below(r, 32)) {
    case 0:
    case 1:
    case 2:
        return encode_i(OP_LOAD, size == 2 ? 2 : loads[random_below(r, 5)], rd,
                        random_below(r, 2) ? 0 : rs1, offset);
    case 3:
    case 4:
    case 5: return encode_s(size, random_below(r, 2) ? 0 : rs1, rs2, offset);
    case 6:
    case 7:
    case 8:
    case 9:
        return encode_b(branches[random_below(r, 6)], rs1, random_below(r, 4) ? rs2 : rs1,
                        random_next(r) & (random_below(r, 8) ? 0xfcu : 0x1ffeu));
    case 10:
    case 11:
        return encode_j(rd, random_next(r) & (random_below(r, 8) ? ~UINT32_C(3) : ~UINT32_C(0)));
    case 12: return encode_i(OP_JALR, 0, rd, rs1, random_next(r));
    case 13:
    case 14:
    case 15: return encode_i(OP_SYSTEM, csr_kinds[random_below(r, 6)], rd, rs1, random_csr(r));
    case 16: return encode_i(OP_FENCE, random_below(r, 2), rd, rs1, random_next(r));
    case 17:
        return privileged[random_below(r, 4)] ^
               (random_below(r, 4) ? 0 : UINT32_C(1) << random_below(r, 32));
    case 18: return encode_i(OP_SYSTEM, 6, 0, 8, 0x300); /* interrupts on */
    case 19: return random_arithmetic(r) ^ UINT32_C(1) << random_below(r, 32);
    case 20: return random_below(r, 8) ? random_arithmetic(r) : random_next(r);
    default: return random_arithmetic(r);
    }
}

/* Start: registers as they are, mtvec = HANDLER, both interrupts on or not, then into the random
 * words. */
static inline void random_program(struct random_words *r, uint32_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        words[i] = random_instruction(r);
    for (uint32_t i = 0; i + 1 < count;
         i += 1 + random_below(r, 60)) { /* a CSR is written and read back at once */
        uint32_t number = random_csr(r);
        words[i] = encode_i(OP_SYSTEM, 1 + random_below(r, 3), random_register(r),
                            random_register(r), number);
        words[i + 1] = encode_i(OP_SYSTEM, 2, random_register(r), 0, number);
    }
    uint32_t at = START / 4;
    words[at++] = encode_i(OP_IMM, 0, 31, 0, HANDLER);
    words[at++] = encode_i(OP_SYSTEM, 1, 0, 31, 0x305);
    encode_constant(&words[at], 31, random_below(r, 4) ? 0x880 : random_next(r));
    words[at + 2] = encode_i(OP_SYSTEM, 1, 0, 31, 0x304);
    words[at + 3] = encode_i(OP_SYSTEM, 5, 0, random_below(r, 2) ? 8 : 0, 0x300);
    words[at + 4] = encode_j(0, 4 * (HANDLER_END / 4 + random_below(r, count / 2)) - 4 * (at + 4));
    at = HANDLER / 4;
    words[at++] = encode_i(OP_SYSTEM, 2, 31, 0, 0x341);
    words[at++] = encode_i(OP_IMM, 0, 31, 31, 4);
    words[at++] = encode_i(OP_SYSTEM, 1, 0, 31, 0x341);
    words[at++] = 0x30200073;
}

#endif
