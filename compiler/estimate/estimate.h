/* The parts that estimate_program() (compiler/compile.h) is the sum of, by operation. */
#ifndef SLUICE_COMPILER_ESTIMATE_H
#define SLUICE_COMPILER_ESTIMATE_H

#include "compiler/compile.h"

#include <stdint.h>

/* 4-input LUTs of one operation, its carry bits counted apart. */
double op_lut4(const struct program *program, int value, const struct target *target);
/* Register bits of the memory that a store fills, where it is made of registers; else 0. */
double op_memory_bits(const struct program *program, int value);
/* Bits of a state's own register, which the registers of values leave out. */
int op_state_bits(const struct program *program, int value);

/* What protection adds to a scheduled program's hardware (guards.c). */
struct estimate_guards {
    double luts, registers, bram;
};
struct estimate_guards estimate_find_guards(const struct program *program,
                                            const struct target *target);

/* What the estimate of blocks [first, end) is made of, before the factors of the target. */
struct estimate_parts {
    double luts[LUT_CLASS_COUNT]; /* of operations by themselves */
    double register_bits;         /* of values */
    double memory_bits;           /* of memories made of registers */
    double state_bits;            /* of states */
    double packed_bits;           /* of register_bits, behind the LUTs that make them */
    double valid_bits;            /* of the whole program: one a cycle of latency; else 0 */
    double carry, dsp, bram;
    struct estimate_guards guards; /* of the whole program; else 0 */
};
void estimate_find_parts(const struct program *program, int first, int end,
                         const struct target *target, struct estimate_parts *parts);
/* Cells of so many LUTs and bits of registers: of values and memories, `packed` of them behind the
 * LUTs that make them, and of states. */
double estimate_cells(double luts, double registers, double packed, double states,
                      const struct target *target);
/* The estimate, fmax_mhz where the path is above 0. */
struct estimate estimate_of_parts(const struct estimate_parts *parts, double path_ns,
                                  const struct target *target);
/* The longest stage by the delay model, with clk_to_q and setup. */
double estimate_path_ns(const struct program *program, const struct target *target);

/* Register bits of each value that sit behind the LUTs that make them: the first rank behind an
 * operation with logic. The others are delays and stand alone. packed [op_count]. */
void estimate_packed_bits(const struct program *program, const struct target *target,
                          double *packed);

/* LUTs of a table with more address bits than a LUT has inputs. */
double estimate_table_luts(const struct program *program, const struct op *table,
                           const struct target *target);

/* 4-input LUTs of one bit of a table that takes so many of them for its entries: those, and what
 * chooses among them. */
static inline double index_bit_luts(double words)
{
    return words <= 1 ? 1 : words + 0.6 * (words - 1);
}
/* Block memories of the tables and memories of a program, scheduled or not. */
double estimate_rams(const struct program *program, const struct target *target);

/* LUTs of functions of up to 6 bits, given as truth tables: one for each that is neither constant
 * nor one of the arguments nor equal to one before. `arguments` are the truth tables of the
 * arguments themselves; bits outside `all`, the combinations that come, are 0 everywhere. */
int estimate_truth_luts(const uint64_t *functions, int function_count, const uint64_t *arguments,
                        int argument_count, uint64_t all);

#endif
