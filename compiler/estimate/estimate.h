/* The parts that estimate_program() (compiler/compile.h) is the sum of, by operation. */
#ifndef SLUICE_COMPILER_ESTIMATE_H
#define SLUICE_COMPILER_ESTIMATE_H

#include "compiler/compile.h"

#include <stdint.h>

/* 4-input LUTs of one operation, its carry bits counted apart. */
double op_lut4(const struct program *program, int value, const struct target *target);
/* Register bits of each value that sit behind the LUTs that make them: the first rank behind an
 * operation with logic. The others are delays and stand alone. packed [op_count]. */
void estimate_packed_bits(const struct program *program, const struct target *target,
                          double *packed);

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
