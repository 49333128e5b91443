/* What a program costs on a 32-bit processor, roughly: to choose the form of its C by. */
#ifndef SLUICE_COMPILER_PROCESSOR_H
#define SLUICE_COMPILER_PROCESSOR_H

#include "compiler/program/program.h"

struct processor_cost {
    double instructions; /* per event */
    double bytes;        /* code and constants */
};

/* A statement for each operation (emit_c_form() STRAIGHT); multiplies: the processor has a
 * multiplication. Of a selection the mean of its arms counts. */
struct processor_cost processor_straight(const struct program *program, bool multiplies);
/* The same as loops (EMIT_C_LOOPS) of a straight-line program. *matrices: how many became loops. */
struct processor_cost processor_loops(const struct program *program, bool multiplies,
                                      int *matrices);

/* Whether the loops are the better form: the fewest instructions that fit the memory, else the
 * smaller one. */
bool processor_prefers_loops(const struct processor_cost *straight,
                             const struct processor_cost *loops, double memory_bytes);

#endif
