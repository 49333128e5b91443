/* Scheduling: which pipeline stage every operation's logic is in.
 *
 * The delay model of the target gives each operation a delay; operations are chained in a stage as
 * far as 1 / clock - clk_to_q - setup allows. The latency is the least that this gives; at that
 * latency the stages are those of fewest register bits. */
#ifndef SLUICE_COMPILER_SCHEDULE_H
#define SLUICE_COMPILER_SCHEDULE_H

#include "compiler/compile.h"

/* Delay of one operation's logic, with the route to it, in ns; 0 for wires. */
double op_delay_ns(const struct program *program, int value, const struct target *target);
/* The same for a table of any contents by the bits of its argument. */
double table_delay_ns(int address_bits, const struct target *target);
/* Whether it is the complement of a sum: inverted in the LUTs that make the sum, whose only reader
 * it is (optimize_complement() makes no other). */
bool op_is_merged_complement(const struct program *program, int value);
/* Whether its logic is a carry chain. */
bool op_has_carry(const struct program *program, int value);
/* Bits of an operation's carry chain; 0 if it has none. */
int op_carry_bits(const struct program *program, int value);

/* Longest path inside any stage, in ns, clk_to_q and setup left out. */
double stage_delay_ns(const struct program *program, const struct target *target);

/* A copy of the program with stages, latency, interval 1 and the clock filled in. Fails naming the
 * achievable clock when one operation alone is too slow. */
struct program *schedule_program(const struct program *old, const struct compile_options *options);

/* ---- large.c ---- */

/* For programs of more operations than this registers.c takes too long. */
enum { SCHEDULE_LARGE = 20000 };
/* Fills the stages in linear time, with delays of operations and what fits between two registers;
 * returns the latency, the least there is. */
int schedule_large(const struct program *program, const double *delays, double period, int *stages);

/* ---- registers.c ---- */

/* stage[to] >= stage[from] + distance */
struct precedence {
    int from, to, distance;
};
/* Moves the stages to those of least total register bits, keeping every precedence, the inputs in
 * stage 0 and all stages below `latency`. Exact. */
void schedule_fewest_registers(const struct program *program, const struct precedence *precedences,
                               size_t precedence_count, int latency, int *stages);

#endif
