/* Adder graphs: a constant integer matrix times a vector as few bits of addition as we can find.
 *
 *   y[column] = sum over rows of weights[row][column] * x[row]
 *
 * becomes a list of nodes, each an input or a * 2^i +- b * 2^j of two earlier nodes,
 * and one signed, shifted node for every output. Input x[row] is a stored integer of [lo, hi] times
 * 2^low. Nothing is rounded: every graph is proved equal to its matrix, coefficient by coefficient,
 * before adder_solve() returns it.
 *
 * Cost is the number of adder bits. For r = a +- b (shifts included) these are the bit positions
 * from `low` to the top bit of r, sign included, where low is the lowest bit of b for a difference
 * and the higher of the two lowest bits for a sum; 0 for a sum whose operands do not overlap and
 * whose lower one is never negative (the same formula as op_adder_bits() of program.h). Intervals
 * are exact: those of the node's linear form over the inputs.
 *
 * Where the ideas come from
 * - sharing of two-term patterns of signed digits: Hartley, "Subexpression sharing in filters using
 *   canonic signed digit multipliers" (1996); Potkonjak et al., "Multiple constant multiplications"
 *   (1996). Weighing a pattern by its adder bits and the decomposition of the matrix along a
 *   spanning tree of column differences: the da4ml paper (Sun et al., 2025), which follows Aksoy
 *   et al. on multiplierless constant matrix-vector products (2012-2015).
 * - all minimal signed-digit forms of a coefficient, not the canonical one alone: Park and Kang,
 *   "Digital filter synthesis based on minimal signed digit representation" (2001).
 * - improvement by taking part of a solution out and solving it again: Shaw, "Using constraint
 *   programming and local search methods ..." (1998). */
#ifndef SLUICE_COMPILER_ADDERS_ADDERS_H
#define SLUICE_COMPILER_ADDERS_ADDERS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct adder_input {
    int64_t lo, hi; /* of the stored integer */
    int low;        /* weight of its lowest bit is 2^low */
};

struct adder_problem {
    int rows, columns;
    const int64_t *weights;           /* [rows][columns] */
    const struct adder_input *inputs; /* [rows] */
};

/* Most adders on a path: no limit, or so many more than the fewest with which every output can be
 * had as a tree of its digits. */
enum { ADDER_DEPTH_ANY = -1 };

/* Effort that suits the matrix: 4, or 0.4 where a quarter or more of its entries are zero, as
 * sparse columns share little and the search gains little. */
enum { ADDER_EFFORT_AUTOMATIC = -1 };

struct adder_options {
    int extra_depth; /* 0: minimum; N: minimum + N; ADDER_DEPTH_ANY */
    int effort; /* ADDER_EFFORT_AUTOMATIC, or local search of effort / 4 steps for each shared node;
                   0: greedy sharing alone. Nothing but the options decides the result */
    double time_limit_s; /* 0: none, the same result on every machine; else search ends then */
    uint64_t seed;
    int subtractor_price; /* cost of a subtractor's bit in adder bits: 1; 2 where the carry chain
                             takes its operands raw (LUT4 + inverter, iCE40). Above
                               1, the terms of a column that have like signs meet first, so that it
                               has few differences, and a subtrahend that only that sum reads
                               counts as free (it can be made complemented) */
};
void adder_options_init(struct adder_options *options);

enum adder_kind { ADDER_INPUT, ADDER_SUM, ADDER_DIFFERENCE };

/* Value of a node, as an integer in units of 2^unit of the graph. */
struct adder_node {
    enum adder_kind kind;
    int a, b;             /* earlier nodes; of an input: a is the row */
    int shift_a, shift_b; /* a * 2^shift_a +- b * 2^shift_b, both >= 0 */
    int64_t lo, hi;       /* exact interval, in units of 2^unit; saturated at +-2^62 */
    int low;              /* lowest bit that can be set, in units of 2^unit */
    int depth, bits;      /* adders before and with it; its own adder bits */
};

/* node * 2^shift, negated if so; node -1: constant zero. */
struct adder_output {
    int node, shift;
    bool negative;
};

struct adder_graph {
    struct arena arena;
    int rows, columns, unit;
    int node_count;
    struct adder_node *nodes; /* inputs first, one for each row */
    struct adder_output *outputs;
    int adders, adder_bits; /* negated outputs cost bits, too */
    int depth;              /* of the nodes; the negation of an output is one more */
    double seconds; /* of the processor, this thread alone; the only figure that differs between
                       equal runs */
};

/* Whether a weight of the row is not 0. */
bool adder_row_is_used(const struct adder_problem *problem, int row);

/* Whether all sums stay below 2^58 in units of the finest bit, so that the library's integers hold
 * them. */
bool adder_problem_fits(const struct adder_problem *problem);

/* Never fails: any matrix that fits has a graph. Caller frees. */
struct adder_graph *adder_solve(const struct adder_problem *problem,
                                const struct adder_options *options);
void adder_graph_free(struct adder_graph *graph);

/* Whether the graph computes the matrix: linear forms of all nodes over the integers, exact. Checks
 * intervals, lowest bits, depths, adder bits and the totals on the way. NULL, or what is wrong. */
const char *adder_graph_check(const struct adder_graph *graph, const struct adder_problem *problem);

#endif
