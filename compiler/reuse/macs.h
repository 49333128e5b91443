/* A layer on a few multipliers.
 *
 * An engine works on one column after the other: each cycle its units multiply weights from a ROM
 * with inputs from memories, the products are added up, and an accumulator takes the sum until the
 * column's last cycle. Products of weight 0 are left out, so columns take different times. Every
 * input of a unit is a reading port of its own, so any unit can take any row. In step, all engines
 * take the same rows in the same cycle, so that what reads the inputs is there once; then only
 * rows that none of the columns side by side has a weight for are left out. Sums wrap: whatever
 * happens on the way, the last one is exact. */
#ifndef SLUICE_COMPILER_REUSE_MACS_H
#define SLUICE_COMPILER_REUSE_MACS_H

#include "compiler/reuse/drain.h"

enum { MAC_PORTS = 2, MAC_BANKS = 2 };

/* Rows that a unit multiplies in one cycle: -1 none. */
struct mac_slot {
    short rows[MAC_PORTS];
};

/* One after the other on an engine. */
struct mac_column {
    int column, first, cycles; /* of the layer; of the loop */
};

struct mac_plan {
    bool in_step;
    int engines, units, cycles; /* units: of an engine */
    int ports;                  /* inputs of a unit: 1, or 2 whose products it adds */
    int shift;                  /* of the second: w1 + w2 * 2^shift times x2 + x1 * 2^shift */
    int banks;                  /* memories that the rows stand in */
    int *bank;                  /* [rows] */
    int weight_fraction, input_fraction;
    int sum_bits; /* of an accumulator: sums wrap */
    int64_t input_lo, input_hi, weight_lo, weight_hi;
    bool accumulates;           /* some column takes several cycles */
    struct mac_column *columns; /* [engines][most_columns] */
    int *counts;                /* [engines] of columns */
    int most_columns;
    struct mac_slot *slots; /* [engines][cycles][units] */
    struct drain drain;
    int *drain_engine; /* [pipelines][cycles] that has the column */
    int drain_start;   /* the loop's cycle before the drain's first */
    double price;      /* 4-input LUTs, with multipliers and memories at theirs */
};

static inline struct mac_slot *mac_slot(const struct mac_plan *plan, int engine, int cycle,
                                        int unit)
{
    return &plan->slots[((size_t)engine * (size_t)plan->cycles + (size_t)cycle) *
                            (size_t)plan->units +
                        (size_t)unit];
}
/* Left shift that brings a row's weights to inputs in steps of 2^-input_fraction. */
int mac_shift(const struct reuse *r, const struct reuse_layer *layer, const struct mac_plan *plan,
              int row);
/* Weight of a row in a column, for an input in steps of 2^-input_fraction. */
int64_t mac_weight(const struct reuse *r, const struct reuse_layer *layer,
                   const struct mac_plan *plan, int row, int column);

/* So many bits as an integer. */
static inline struct format bits_format(int width, bool is_signed)
{
    return format_make(is_signed, width, width);
}

/* multiply.c: weights [cycles] times `value`, by digits of two bits each: the product is
 * value + carry (-1: none), the carry being one bit. For fabrics without multipliers: each digit
 * chooses among multiples of the value in one LUT a bit. */
struct mac_term {
    int value, carry;
};
/* A value, twice it, and what is less by 1 than their negatives. */
struct mac_multiples {
    int once, twice, minus_once, minus_twice;
};
struct mac_term mac_multiply(struct reuse *r, const int64_t *weights, int cycles,
                             const struct mac_multiples *value);
struct mac_multiples mac_multiples(struct program *p, int value);
/* Digits that weights of an interval need. */
int mac_digits(int64_t lo, int64_t hi);

/* The cheapest on at most `cycles` cycles; rows stand in plan->banks as bank[] says. NULL: none. */
struct mac_plan *mac_plan(struct reuse *r, const struct reuse_layer *layer,
                          const struct reuse_tail *tail, int cycles, int banks, const int *bank,
                          bool in_step);
/* Appends the loops. */
void mac_emit(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail,
              struct mac_plan *plan);

#endif
