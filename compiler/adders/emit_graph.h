/* An adder graph as operations of a program. */
#ifndef SLUICE_COMPILER_ADDERS_EMIT_GRAPH_H
#define SLUICE_COMPILER_ADDERS_EMIT_GRAPH_H

#include "compiler/adders/adders.h"
#include "compiler/program/linear.h"
#include "compiler/program/program.h"

/* What stands for input x[row]: value * 2^shift, as real numbers. */
struct adder_operand {
    int value, shift;
};

/* Appends the graph's sums to the program; forms are those of the program. results[column] is the
 * value of y[column], a real number: shifts and negations included. */
void adder_graph_emit(const struct adder_graph *graph, struct program *p,
                      struct linear_forms *forms, const struct adder_operand *operands,
                      int *results);

#endif
