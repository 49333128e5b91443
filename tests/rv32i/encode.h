/* RV32I instructions as words, by format. */
#ifndef SLUICE_TESTS_RV32I_ENCODE_H
#define SLUICE_TESTS_RV32I_ENCODE_H

#include <stdint.h>

enum {
    OP_LUI = 0x37,
    OP_AUIPC = 0x17,
    OP_JAL = 0x6f,
    OP_JALR = 0x67,
    OP_BRANCH = 0x63,
    OP_LOAD = 0x03,
    OP_STORE = 0x23,
    OP_IMM = 0x13,
    OP_REG = 0x33,
    OP_FENCE = 0x0f,
    OP_SYSTEM = 0x73
};

static inline uint32_t encode_r(uint32_t op, uint32_t f3, uint32_t f7, uint32_t rd, uint32_t rs1,
                                uint32_t rs2)
{
    return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
static inline uint32_t encode_i(uint32_t op, uint32_t f3, uint32_t rd, uint32_t rs1, uint32_t imm)
{
    return (imm & 0xfff) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
static inline uint32_t encode_s(uint32_t f3, uint32_t rs1, uint32_t rs2, uint32_t imm)
{
    return (imm >> 5 & 0x7f) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (imm & 31) << 7 | OP_STORE;
}
static inline uint32_t encode_b(uint32_t f3, uint32_t rs1, uint32_t rs2, uint32_t offset)
{
    return (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | rs2 << 20 | rs1 << 15 |
           f3 << 12 | (offset >> 1 & 15) << 8 | (offset >> 11 & 1) << 7 | OP_BRANCH;
}
static inline uint32_t encode_u(uint32_t op, uint32_t rd, uint32_t value)
{
    return (value & 0xfffff000u) | rd << 7 | op;
}
static inline uint32_t encode_j(uint32_t rd, uint32_t offset)
{
    return (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3ff) << 21 | (offset >> 11 & 1) << 20 |
           (offset >> 12 & 0xff) << 12 | rd << 7 | OP_JAL;
}
/* lui and addi that leave `value` in rd. */
static inline void encode_constant(uint32_t words[2], uint32_t rd, uint32_t value)
{
    words[0] = encode_u(OP_LUI, rd, value + 0x800);
    words[1] = encode_i(OP_IMM, 0, rd, rd, value);
}

#endif
