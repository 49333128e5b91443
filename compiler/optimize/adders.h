/* The adder-graph pass between its files: csd.c (digits), share.c (two-term sharing), tree.c (the
 * sums). A matvec is first a list of columns, each the sum of signed, shifted nodes; sharing moves
 * pairs of terms into new nodes; what is left becomes a tree of adders per column. */
#ifndef SLUICE_COMPILER_ADDERS_H
#define SLUICE_COMPILER_ADDERS_H

#include "compiler/program/linear.h"
#include "compiler/program/program.h"
#include "compiler/target.h"

/* The real number sign * node * 2^shift. */
struct term {
    int node, shift;
    bool negative;
};

struct node {
    int value; /* in the program */
    int depth; /* adders before it, inside this matvec */
};

struct column {
    struct term *terms;
    int count;
    size_t capacity;
    int most_depth; /* adders that the finished sum may be deep */
};

struct adders {
    struct program *program;
    const struct target *target;
    struct linear_forms *forms; /* of program */
    struct node *nodes;
    int node_count;
    size_t node_capacity;
    struct column *columns;
    int column_count;
};

void column_add(struct column *column, struct term term);
int adders_add_node(struct adders *a, int value, int depth);
/* Emits a + b (one adder, its interval as narrow as is known) and returns the sum as a term. Of
 * two terms of unlike sign the sum is the positive one minus the other; two negative ones make a
 * negative term over their plain sum. */
struct term adders_combine(struct adders *a, struct term x, struct term y);
/* Lowest bit's weight (power of two) and the weight above the highest bit of a term. */
int term_low(const struct adders *a, struct term t);
int term_high(const struct adders *a, struct term t);

/* share.c: while it pays, the pair of terms that most columns have becomes a node of its own. */
void adders_share(struct adders *a);
/* tree.c: the column's sum as a value of the program. Consumes the column's terms. */
int adders_sum(struct adders *a, struct column *column);

#endif
