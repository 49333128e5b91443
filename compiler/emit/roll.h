/* A straight-line program rolled up: matrices as loops over tables of weights, operations that many
 * elements of a layer have in common as loops over arrays. Only the C text of the operations is
 * compared (emit_c_op.c says what an operation means), so any operation can stand in a loop: where
 * the statements of two elements differ in an integer alone, the integer goes into a table. */
#ifndef SLUICE_COMPILER_ROLL_H
#define SLUICE_COMPILER_ROLL_H

#include "compiler/emit/emit_c.h"

/* Elements in a row: in[], out[], or an array of the generated function. */
struct roll_array {
    const char *name, *type;
    int count;
    bool is_port; /* in[] or out[]: declared by the caller */
};

/* Constants of a loop, a number for each element. */
struct roll_table {
    const char *name, *type;
    int count;
    const int64_t *numbers;
};

struct roll_statement {
    int value;        /* its variable is vN; -1: the sum of a matrix, which is `sum` */
    const char *type; /* of the variable */
    const char *text; /* the right-hand side, element number i of arrays and tables */
    int array;        /* that element i is stored to; -1: no later step reads it */
};

enum roll_kind {
    ROLL_MATRIX, /* sums of weight * x, then the statements for each of them */
    ROLL_LOOP,   /* the statements for each element */
    ROLL_GATHER, /* elements of different origin put side by side: the texts, element by element */
    ROLL_ARGMAX, /* the number of the largest of the texts, the lowest of equals: its one statement
                  */
    ROLL_SCALAR  /* one statement */
};

struct roll_step {
    enum roll_kind kind;
    const char *name, *layer; /* of the block */
    int count;                /* elements: results of the matrix */
    struct roll_statement *statements;
    int statement_count;
    /* matrix */
    int number;       /* counted from 0 */
    int inputs;       /* rows: elements of x */
    int x, x_first;   /* array, and its element that is x[0] */
    int64_t *weights; /* [count][inputs] */
    int64_t *bias;    /* [count] */
    const char *sum_type;
    int sum_array;  /* that the sums go to; -1: statements alone read them */
    long nonzero;   /* weights */
    int64_t x_most; /* the largest size of an element of x */
    /* gather and argmax, which has sum_type too */
    int array;
    const char **texts; /* [count] */
};

struct roll {
    struct arena arena;
    const struct program *program;
    struct roll_array *arrays;
    int array_count;
    struct roll_table *tables;
    int table_count;
    struct roll_step *steps;
    int step_count, matrix_count;
    const char **outputs;     /* [output_count] expressions; NULL: stored by a step already */
    struct c_printer printer; /* the helpers that the statements use */
    const bool *live;         /* [op_count]; the program's tables that are read */
    size_t array_capacity, table_capacity, step_capacity;
};

/* The program has no loops (program_has_loops()); it must outlive the roll. */
struct roll *roll_program(const struct program *program);
void roll_free(struct roll *roll);

#endif
