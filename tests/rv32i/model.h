/* The RV32I machine that rtl/rv32i.v is, with M extension and counters if asked for: registers,
 * CSRs, memory, and what one instruction does, from the ISA manual (Volume I 20191213, chapters 2
 * and 7; Volume II 20211203, chapter 3). Nothing of it comes from the Verilog. */
#ifndef SLUICE_TESTS_RV32I_MODEL_H
#define SLUICE_TESTS_RV32I_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CAUSE_JUMP_MISALIGNED = 0,
    CAUSE_ILLEGAL = 2,
    CAUSE_BREAKPOINT = 3,
    CAUSE_LOAD_MISALIGNED = 4,
    CAUSE_STORE_MISALIGNED = 6,
    CAUSE_TIMER = 7, /* of an interrupt */
    CAUSE_ECALL = 11,
    CAUSE_EXTERNAL = 11 /* of an interrupt */
};

struct model {
    uint32_t x[32], pc;
    uint32_t mtvec, mscratch, mepc, mcause, mtval;
    bool mie, mpie;       /* of mstatus */
    bool mtie, meie;      /* of mie */
    bool timer, external; /* the lines */
    bool muldiv;          /* the M extension is there */
    bool counters;        /* so are mcycle and minstret */
    uint64_t cycles;      /* mcycle as the next instruction reads it: for the caller to set */
    uint64_t retired;     /* minstret */
    uint8_t *memory;
    uint32_t base, mask; /* byte `address` is memory[(address - base) & mask] */
    uint32_t read_only;  /* stores to offsets below this one change nothing */
};

/* What an instruction did, in the terms of the RISC-V Formal Interface. */
struct retired {
    uint32_t insn, pc, next_pc, rd_value, mem_address, mem_value;
    uint8_t rd, mem_read, mem_write; /* masks of bytes of the word at mem_address */
    bool trap, interrupt;            /* the first instruction of an interrupt's handler */
    bool has_csr;                    /* it was a CSR instruction */
    bool sets_cycles, sets_retired;  /* it wrote a half of mcycle, of minstret */
};

/* As after reset: the registers and the CSRs that are not reset stay. */
void model_reset(struct model *model, uint32_t pc);
/* Takes a pending interrupt if it may, then one instruction. */
void model_step(struct model *model, struct retired *retired);

#ifdef __cplusplus
}
#endif
#endif
