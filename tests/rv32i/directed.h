/* Directed cases, a few per instruction, with results worked out by hand from the ISA manual, not
 * by the model. */
#ifndef SLUICE_TESTS_RV32I_DIRECTED_H
#define SLUICE_TESTS_RV32I_DIRECTED_H

#include "encode.h"

/* With x1 = a and x2 = b, at address 0x200, the instruction leaves `result` in x3 (x3 is 0x5a5a5a5a
 * before) and goes to `next`; the word at 0x400 is 0x8899aabb before and `stored` after. mtvec is
 * 0x100; mtval of a trap is `value`. */
struct directed {
    const char *name;
    uint32_t insn, a, b, result, next, stored, cause, value;
};

#define KEPT 0x5a5a5a5au
#define WORD 0x8899aabbu
#define NO_TRAP 0xffffffffu
#define HERE 0x200u
#define NEXT (HERE + 4)
#define REG(name, f3, f7, a, b, result)                                                            \
    {                                                                                              \
        name, encode_r(OP_REG, f3, f7, 3, 1, 2), a, b, result, NEXT, WORD, NO_TRAP, 0              \
    }
#define IMM(name, f3, imm, a, result)                                                              \
    {                                                                                              \
        name, encode_i(OP_IMM, f3, 3, 1, imm), a, 0, result, NEXT, WORD, NO_TRAP, 0                \
    }
#define BRANCH(name, f3, a, b, next)                                                               \
    {                                                                                              \
        name, encode_b(f3, 1, 2, 0x40), a, b, KEPT, next, WORD, NO_TRAP, 0                         \
    }
#define LOAD(name, f3, a, imm, result)                                                             \
    {                                                                                              \
        name, encode_i(OP_LOAD, f3, 3, 1, imm), a, 0, result, NEXT, WORD, NO_TRAP, 0               \
    }
#define STORE(name, f3, a, imm, b, stored)                                                         \
    {                                                                                              \
        name, encode_s(f3, 1, 2, imm), a, b, KEPT, NEXT, stored, NO_TRAP, 0                        \
    }
#define TRAP(name, insn, a, cause, value)                                                          \
    {                                                                                              \
        name, insn, a, 0, KEPT, 0x100, WORD, cause, value                                          \
    }
#define TAKEN (HERE + 0x40)

static const struct directed directed_cases[] = {
    {"lui", encode_u(OP_LUI, 3, 0xfffff000u), 0, 0, 0xfffff000u, NEXT, WORD, NO_TRAP, 0},
    {"lui", encode_u(OP_LUI, 3, 0x12345000u), 7, 7, 0x12345000u, NEXT, WORD, NO_TRAP, 0},
    {"auipc", encode_u(OP_AUIPC, 3, 0x1000), 0, 0, 0x1200, NEXT, WORD, NO_TRAP, 0},
    {"auipc", encode_u(OP_AUIPC, 3, 0xfffff000u), 0, 0, 0xfffff200u, NEXT, WORD, NO_TRAP, 0},
    {"jal forward", encode_j(3, 0x80), 0, 0, NEXT, HERE + 0x80, WORD, NO_TRAP, 0},
    {"jal backward", encode_j(3, 0u - 0x40), 0, 0, NEXT, HERE - 0x40, WORD, NO_TRAP, 0},
    TRAP("jal misaligned", encode_j(3, 0x82), 0, 0, HERE + 0x82),
    {"jalr", encode_i(OP_JALR, 0, 3, 1, 8), 0x300, 0, NEXT, 0x308, WORD, NO_TRAP, 0},
    {"jalr clears bit 0", encode_i(OP_JALR, 0, 3, 1, 0xfff), 0x302, 0, NEXT, 0x300, WORD, NO_TRAP,
     0},
    {"jalr to its own source", encode_i(OP_JALR, 0, 3, 3, 0xda6), 0, 0, NEXT, 0x5a5a5800u, WORD,
     NO_TRAP, 0},
    TRAP("jalr misaligned", encode_i(OP_JALR, 0, 3, 1, 3), 0x300, 0, 0x302),
    BRANCH("beq taken", 0, 5, 5, TAKEN),
    BRANCH("beq not taken", 0, 5, 0x80000005u, NEXT),
    BRANCH("bne taken", 1, 5, 4, TAKEN),
    BRANCH("bne not taken", 1, 0xffffffffu, 0xffffffffu, NEXT),
    BRANCH("blt taken", 4, 0xffffffffu, 1, TAKEN),
    BRANCH("blt not taken", 4, 1, 0xffffffffu, NEXT),
    BRANCH("blt equal", 4, 3, 3, NEXT),
    BRANCH("blt overflow", 4, 0x80000000u, 0x7fffffffu, TAKEN),
    BRANCH("bge taken", 5, 1, 0xffffffffu, TAKEN),
    BRANCH("bge equal", 5, 3, 3, TAKEN),
    BRANCH("bge not taken", 5, 0x80000000u, 0x7fffffffu, NEXT),
    BRANCH("bltu taken", 6, 1, 0xffffffffu, TAKEN),
    BRANCH("bltu not taken", 6, 0x80000000u, 0x7fffffffu, NEXT),
    BRANCH("bgeu taken", 7, 0xffffffffu, 1, TAKEN),
    BRANCH("bgeu not taken", 7, 0, 1, NEXT),
    {"branch backward", encode_b(0, 0, 0, 0u - 0x80), 0, 0, KEPT, HERE - 0x80, WORD, NO_TRAP, 0},
    TRAP("branch misaligned", encode_b(0, 0, 0, 0x42), 0, 0, HERE + 0x42),
    {"misaligned branch not taken", encode_b(1, 0, 0, 0x42), 0, 0, KEPT, NEXT, WORD, NO_TRAP, 0},
    LOAD("lb byte 0", 0, 0x400, 0, 0xffffffbbu),
    LOAD("lb byte 1", 0, 0x400, 1, 0xffffffaau),
    LOAD("lb byte 2", 0, 0x3f0, 0x12, 0xffffff99u),
    LOAD("lb byte 3", 0, 0x404, 0xfff, 0xffffff88u),
    LOAD("lbu byte 0", 4, 0x400, 0, 0xbb),
    LOAD("lbu byte 3", 4, 0x400, 3, 0x88),
    LOAD("lh low", 1, 0x400, 0, 0xffffaabbu),
    LOAD("lh high", 1, 0x400, 2, 0xffff8899u),
    LOAD("lhu low", 5, 0x400, 0, 0xaabb),
    LOAD("lhu high", 5, 0x400, 2, 0x8899),
    LOAD("lw", 2, 0x500, 0xf00, WORD),
    TRAP("lh misaligned", encode_i(OP_LOAD, 1, 3, 1, 1), 0x400, 4, 0x401),
    TRAP("lhu misaligned", encode_i(OP_LOAD, 5, 3, 1, 3), 0x400, 4, 0x403),
    TRAP("lw misaligned by 2", encode_i(OP_LOAD, 2, 3, 1, 2), 0x400, 4, 0x402),
    TRAP("lw misaligned by 1", encode_i(OP_LOAD, 2, 3, 1, 1), 0x400, 4, 0x401),
    STORE("sb byte 0", 0, 0x400, 0, 0x11223344u, 0x8899aa44u),
    STORE("sb byte 1", 0, 0x400, 1, 0x11223344u, 0x889944bbu),
    STORE("sb byte 2", 0, 0x400, 2, 0x11223344u, 0x8844aabbu),
    STORE("sb byte 3", 0, 0x404, 0xfff, 0x11223344u, 0x4499aabbu),
    STORE("sh low", 1, 0x400, 0, 0x11223344u, 0x88993344u),
    STORE("sh high", 1, 0x400, 2, 0x11223344u, 0x3344aabbu),
    STORE("sw", 2, 0x3fc, 4, 0x11223344u, 0x11223344u),
    TRAP("sh misaligned", encode_s(1, 1, 2, 1), 0x400, 6, 0x401),
    TRAP("sw misaligned", encode_s(2, 1, 2, 2), 0x400, 6, 0x402),
    IMM("addi", 0, 0x7ff, 1, 0x800),
    IMM("addi negative", 0, 0xfff, 0, 0xffffffffu),
    IMM("addi wraps", 0, 1, 0xffffffffu, 0),
    IMM("slti", 2, 0xfff, 0xfffffffeu, 1),
    IMM("slti not", 2, 0xfff, 0, 0),
    IMM("sltiu", 3, 0xfff, 0, 1),
    IMM("sltiu equal", 3, 0xfff, 0xffffffffu, 0),
    IMM("xori", 4, 0xfff, 0x0f0f0f0fu, 0xf0f0f0f0u),
    IMM("ori", 6, 0x0f0, 0x0000000fu, 0xff),
    IMM("ori negative", 6, 0x800, 1, 0xfffff801u),
    IMM("andi", 7, 0xff0, 0x123456ffu, 0x123456f0u),
    IMM("slli by 0", 1, 0, 0x80000001u, 0x80000001u),
    IMM("slli by 31", 1, 31, 3, 0x80000000u),
    IMM("slli by 5", 1, 5, 0x0fffffffu, 0xffffffe0u),
    IMM("srli by 31", 5, 31, 0x80000000u, 1),
    IMM("srli by 7", 5, 7, 0xff000000u, 0x01fe0000u),
    IMM("srai by 31", 5, 0x400 | 31, 0x80000000u, 0xffffffffu),
    IMM("srai by 6", 5, 0x400 | 6, 0x40000000u, 0x01000000u),
    REG("add", 0, 0, 0x7fffffffu, 1, 0x80000000u),
    REG("sub", 0, 0x20, 0, 1, 0xffffffffu),
    REG("sub of the least", 0, 0x20, 0x80000000u, 1, 0x7fffffffu),
    REG("sll by 33 is by 1", 1, 0, 0x40000001u, 33, 0x80000002u),
    REG("slt", 2, 0, 0x80000000u, 0, 1),
    REG("slt not", 2, 0, 0x7fffffffu, 0xffffffffu, 0),
    REG("sltu", 3, 0, 0x7fffffffu, 0xffffffffu, 1),
    REG("sltu not", 3, 0, 0x80000000u, 0, 0),
    REG("xor", 4, 0, 0xff00ff00u, 0x0ff00ff0u, 0xf0f0f0f0u),
    REG("srl", 5, 0, 0xf0000000u, 0xffffffe4u, 0x0f000000u),
    REG("sra", 5, 0x20, 0xf0000000u, 4, 0xff000000u),
    REG("or", 6, 0, 0xff00ff00u, 0x0ff00ff0u, 0xfff0fff0u),
    REG("and", 7, 0, 0xff00ff00u, 0x0ff00ff0u, 0x0f000f00u),
    {"x0 stays 0", encode_i(OP_IMM, 0, 0, 1, 5), 1, 0, KEPT, NEXT, WORD, NO_TRAP, 0},
    {"fence", 0x0ff0000f, 0, 0, KEPT, NEXT, WORD, NO_TRAP, 0},
    {"fence.i", 0x0000100f, 0, 0, KEPT, NEXT, WORD, NO_TRAP, 0},
    {"wfi", 0x10500073, 0, 0, KEPT, NEXT, WORD, NO_TRAP, 0},
    TRAP("ecall", 0x00000073, 0, 11, 0),
    TRAP("ebreak", 0x00100073, 0, 3, 0),
    {"csrrw reads mtvec", encode_i(OP_SYSTEM, 1, 3, 1, 0x305), 0x100, 0, 0x100, NEXT, WORD, NO_TRAP,
     0},
    {"csrrc reads mstatus", encode_i(OP_SYSTEM, 3, 3, 1, 0x300), 8, 0, 0x1800, NEXT, WORD, NO_TRAP,
     0},
    {"csrrsi reads mhartid", encode_i(OP_SYSTEM, 6, 3, 0, 0xf14), 0, 0, 0, NEXT, WORD, NO_TRAP, 0},
    {"csrrci reads mie", encode_i(OP_SYSTEM, 7, 3, 31, 0x304), 0, 0, 0, NEXT, WORD, NO_TRAP, 0},
    TRAP("csrrsi writes mhartid", encode_i(OP_SYSTEM, 6, 3, 1, 0xf14), 0, 2, 0),
    TRAP("csrrw writes mvendorid", encode_i(OP_SYSTEM, 1, 3, 0, 0xf11), 0, 2, 0),
    TRAP("csr that is not there", encode_i(OP_SYSTEM, 2, 3, 0, 0x302), 0, 2, 0),
    TRAP("csr of another mode", encode_i(OP_SYSTEM, 2, 3, 0, 0x100), 0, 2, 0),
    TRAP("illegal: zero", 0x00000000, 0, 2, 0),
    TRAP("illegal: ones", 0xffffffffu, 0, 2, 0),
    TRAP("illegal: compressed", encode_i(OP_IMM, 0, 3, 1, 1) & ~2u, 0, 2, 0),
    TRAP("illegal: slli with bit 30", encode_i(OP_IMM, 1, 3, 1, 0x401), 0, 2, 0),
    TRAP("illegal: xor with bit 30", encode_r(OP_REG, 4, 0x20, 3, 1, 2), 0, 2, 0),
    TRAP("illegal: ld", encode_i(OP_LOAD, 3, 3, 1, 0), 0x400, 2, 0),
    TRAP("illegal: lwu", encode_i(OP_LOAD, 6, 3, 1, 0), 0x400, 2, 0),
    TRAP("illegal: sd", encode_s(3, 1, 2, 0), 0x400, 2, 0),
    TRAP("illegal: branch 2", encode_b(2, 1, 2, 0x40), 0, 2, 0),
    TRAP("illegal: jalr 1", encode_i(OP_JALR, 1, 3, 1, 0), 0x300, 2, 0),
    TRAP("illegal: sret", 0x10200073, 0, 2, 0),
    TRAP("illegal: mul with bit 30", encode_r(OP_REG, 0, 0x21, 3, 1, 2), 0, 2, 0),
    TRAP("csr mhpmcounter3", encode_i(OP_SYSTEM, 2, 3, 0, 0xb03), 0, 2, 0),
    TRAP("csr mcountinhibit", encode_i(OP_SYSTEM, 2, 3, 0, 0x320), 0, 2, 0),
};

#define READ(name, csr, result)                                                                    \
    {                                                                                              \
        name, encode_i(OP_SYSTEM, 2, 3, 0, csr), 0, 0, result, NEXT, WORD, NO_TRAP, 0              \
    }

/* Without and with the M extension and the counters. */
static const struct directed plain_cases[] = {
    READ("csrrs reads misa", 0x301, 0x40000100u),
    TRAP("illegal: mul", encode_r(OP_REG, 0, 1, 3, 1, 2), 0, 2, 0),
    TRAP("illegal: remu", encode_r(OP_REG, 7, 1, 3, 1, 2), 0, 2, 0),
    TRAP("no mcycle", encode_i(OP_SYSTEM, 2, 3, 0, 0xb00), 0, 2, 0),
    TRAP("no minstreth", encode_i(OP_SYSTEM, 2, 3, 0, 0xb82), 0, 2, 0),
};
static const struct directed extended_cases[] = {
    READ("csrrs reads misa with M", 0x301, 0x40001100u),
    /* 9 instructions before it: 7 of 2 cycles, csrrw 4, jal 3; the first fetch takes 1 more, its
     * own fetch and decoding 2. */
    READ("minstret", 0xb02, 9),
    READ("mcycle", 0xb00, 34),
    READ("minstreth", 0xb82, 0),
    READ("mcycleh", 0xb80, 0),
    {"csrrw reads mcycle", encode_i(OP_SYSTEM, 1, 3, 1, 0xb00), 0xffffffffu, 0, 34, NEXT, WORD,
     NO_TRAP, 0},
    TRAP("csr mcycle of user mode", encode_i(OP_SYSTEM, 2, 3, 0, 0xc00), 0, 2, 0),
    REG("mul", 0, 1, 0x12345678u, 0x9abcdef0u, 0x242d2080u),
    REG("mul by 0", 0, 1, 0xffffffffu, 0, 0),
    REG("mul of negatives", 0, 1, 0xfffffffdu, 0xfffffffbu, 15),
    REG("mulh", 1, 1, 0x80000000u, 0x80000000u, 0x40000000u),
    REG("mulh of -1 and 1", 1, 1, 0xffffffffu, 1, 0xffffffffu),
    REG("mulh of -1 and -1", 1, 1, 0xffffffffu, 0xffffffffu, 0),
    REG("mulh of the ends", 1, 1, 0x7fffffffu, 0x80000000u, 0xc0000000u),
    REG("mulhsu", 2, 1, 0xffffffffu, 0xffffffffu, 0xffffffffu),
    REG("mulhsu of the least", 2, 1, 0x80000000u, 0xffffffffu, 0x80000000u),
    REG("mulhsu by the least", 2, 1, 2, 0x80000000u, 1),
    REG("mulhu", 3, 1, 0xffffffffu, 0xffffffffu, 0xfffffffeu),
    REG("mulhu by 2^31", 3, 1, 0x80000000u, 0x80000000u, 0x40000000u),
    REG("div", 4, 1, 100, 7, 14),
    REG("div of a negative", 4, 1, 0u - 100, 7, 0u - 14),
    REG("div by a negative", 4, 1, 100, 0u - 7, 0u - 14),
    REG("div of negatives", 4, 1, 0u - 100, 0u - 7, 14),
    REG("div by 0", 4, 1, 5, 0, 0xffffffffu),
    REG("div of a negative by 0", 4, 1, 0u - 5, 0, 0xffffffffu),
    REG("div overflows", 4, 1, 0x80000000u, 0xffffffffu, 0x80000000u),
    REG("div of the least by itself", 4, 1, 0x80000000u, 0x80000000u, 1),
    REG("div by the least", 4, 1, 0x7fffffffu, 0x80000000u, 0),
    REG("divu", 5, 1, 0xffffffffu, 10, 0x19999999u),
    REG("divu by 0", 5, 1, 5, 0, 0xffffffffu),
    REG("divu by more than 2^31", 5, 1, 0xffffffffu, 0x80000001u, 1),
    REG("rem", 6, 1, 100, 7, 2),
    REG("rem of a negative", 6, 1, 0u - 100, 7, 0u - 2),
    REG("rem by a negative", 6, 1, 100, 0u - 7, 2),
    REG("rem by 0", 6, 1, 0u - 5, 0, 0u - 5),
    REG("rem overflows", 6, 1, 0x80000000u, 0xffffffffu, 0),
    REG("remu", 7, 1, 0xffffffffu, 10, 5),
    REG("remu by 0", 7, 1, 0x80000005u, 0, 0x80000005u),
    REG("remu by more than 2^31", 7, 1, 0xfffffffeu, 0xffffffffu, 0xfffffffeu),
};

#endif
