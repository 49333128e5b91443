/* Scheduling: which pipeline stage every operation's logic is in.
 *
 * The delay model of the target times every bit (arrival.h); operations are chained in a stage as
 * far as 1 / clock - clk_to_q - setup allows. The latency is the least that this gives; at that
 * latency the stages are those of cheapest registers. */
#ifndef SLUICE_COMPILER_SCHEDULE_H
#define SLUICE_COMPILER_SCHEDULE_H

#include "compiler/compile.h"

/* Delay of one operation's logic from all operands at once to its latest bit, with the route to it,
 * in ns; 0 for wires. */
double op_delay_ns(const struct program *program, int value, const struct target *target);
/* The same for a table of any contents by the bits of its argument. */
double table_delay_ns(int address_bits, const struct target *target);
/* Whether it is the complement of a sum: inverted in the LUTs that make the sum, whose only reader
 * it is (optimize_constants() makes no other). */
bool op_is_merged_complement(const struct program *program, int value);
/* Whether it is a multiplication that a multiplier of the fabric makes; programs without loops
 * leave those alone. */
bool op_uses_dsp(const struct program *program, const struct op *op, const struct target *target);
/* Whether its logic is a carry chain. */
bool op_has_carry(const struct program *program, int value);
/* Bits of an operation's carry chain; 0 if it has none. */
int op_carry_bits(const struct program *program, int value);

/* How many top bits of its operand decide whether a quantizer limits (0: it never does), and the
 * LUT levels from them to the result. */
int op_limit_bits(const struct program *program, int value);
int op_limit_levels(int bits, const struct target *target);
/* From any bit of the operands of an eq, table, popcount, mul, rounding quantize, pick, load or
 * update to all bits of the result; of what is read from a block memory, from the clock. */
double op_whole_delay_ns(const struct program *program, int value, const struct target *target);
/* In front of a state's register: a multiplexer if it starts from a value. */
double state_load_ns(const struct program *program, int state, const struct target *target);
/* Whether each bit of a pick is a function of as few bits as one LUT has inputs: of multiples of
 * one value, say. */
bool op_picks_in_one_lut(const struct program *program, int value, const struct target *target);
/* Bits of a select that differ between its choices: `changed` has them set; how many. The others
 * are wires. */
int op_changed_bits(const struct program *program, int value, uint64_t *changed);

/* The longest path from a corrected memory to the register of the corrected word, or where there
 * are two cycles of either; 0 if there is none. */
double correction_delay_ns(const struct program *program, const struct target *target);
/* Longest path inside any stage, in ns, clk_to_q and setup left out. */
double stage_delay_ns(const struct program *program, const struct target *target);

/* A copy of the program with stages, latency, interval (the longest trip count), memories' slots
 * and the clock filled in. Fails naming the achievable clock when one operation alone is too slow.
 */
struct program *schedule_program(const struct program *old, const struct compile_options *options);
/* The cycles that this would take; 0 when one operation alone is too slow for the clock, or the
 * clock beyond the target. */
int schedule_latency(const struct program *program, const struct compile_options *options);

/* For estimates of cells: of least latency, of fewest registers only where a register takes a cell;
 * NULL where schedule_program() would fail. */
struct program *schedule_roughly(const struct program *old, const struct compile_options *options);
/* ---- large.c ---- */

/* For programs of more operations than this registers.c takes too long. */
enum { SCHEDULE_LARGE = 20000 };
/* Fills the stages in linear time, with whole operations' delays (op_delay_ns()) and what fits
 * between two registers; returns the latency. */
int schedule_large(const struct program *program, const struct target *target, double period,
                   int *stages);

/* ---- split.c ---- */

/* The program with every min, max and rounding, limiting quantizer that is slower than the period
 * as two operations; NULL if none is. */
struct program *schedule_split(const struct program *old, const struct target *target,
                               double period_ns);

/* ---- registers.c ---- */

/* stage[to] >= stage[from] + distance */
struct precedence {
    int from, to, distance;
};

/* ---- loops.c ---- */

/* Adds the precedences of memories: loads after the stores that they read from. */
void schedule_memories(const struct program *program, struct precedence **precedences,
                       size_t *count, size_t *capacity);
/* What follows from the iteration alone is best made when it is read, which can be many stages
 * behind the first; those values are lifted at once, not stage by stage (registers.c). */
void schedule_lift_statics(const struct program *program, const struct precedence *precedences,
                           size_t count, int *stages);
/* Sets the fewest slots that keep what loads read. */
void schedule_choose_slots(struct program *program);

/* ---- registers.c ---- */

/* Moves the stages to those of least cost of registers, keeping every precedence, the inputs in
 * stage 0 and all stages below `latency`. Exact. A register bit costs 1, and 8 more where it is not
 * behind the LUT that makes it. */
void schedule_fewest_registers(const struct program *program, const struct precedence *precedences,
                               size_t precedence_count, int latency, int *stages);

#endif
