/* Digit-serial layers (serial*.c): every value is a stream of digits of d bits, lowest first, one a
 * cycle. */
#ifndef SLUICE_COMPILER_REUSE_SERIAL_H
#define SLUICE_COMPILER_REUSE_SERIAL_H

#include "compiler/adders/adders.h"
#include "compiler/reuse/internal.h"

/* Constants that a node's adder takes in for nothing: the carry's first value, and the low bits of
 * a delayed operand, which would be zeros. */
struct node_constants {
    bool sets_carry;        /* or borrow: it starts as 1 */
    int64_t fill_a, fill_b; /* of the operands' delays */
};

/* What of a column stays behind a saturating quantizer: clamp(floor(n / 2^drop)) to `width` bits.
 */
struct window {
    int low; /* its lowest bit weighs 2^low */
    int width;
    bool is_signed; /* clamped to [-2^(w-1), 2^(w-1) - 1], else to [0, 2^w - 1] */
    bool ties_even; /* where all bits below are zero, the lowest is cleared before the clamp */
};

/* A column of the layer, live and not constant. */
struct serial_column {
    int column;
    int low, top;       /* stream before it is aligned; sign bit of the result */
    int64_t fill;       /* of the delay that aligns it with the others */
    struct dyadic rest; /* of the bias that no node could take */
    int value;          /* old value that the window gives; -1: the result itself is wanted */
    struct window window;
};

/* A layer as it will be emitted; made from the old program alone. */
struct serial_plan {
    struct adder_graph *graph;
    struct node_constants *constants; /* [graph->node_count] */
    int *row_of;                      /* [graph->rows] row of the layer */
    int *column_of;                   /* [graph->columns] */
    struct serial_column *columns;    /* [graph->columns] */
    int low;                          /* of all streams, aligned */
    int bits_needed;                  /* from there to the sign, and to the windows' ends */
    int sums;                         /* adders in all */
};

/* Plans the layer; its digits are chosen later. NULL: its sums would be too long. */
struct serial_plan *serial_plan(struct reuse *r, const struct reuse_layer *layer);
void serial_plan_free(struct serial_plan *plan);
/* Appends the loop. results[column] becomes the new value of the columns that are wanted whole; the
 * others' windows become streams. */
void serial_emit(struct reuse *r, const struct reuse_layer *layer, struct serial_plan *plan,
                 int bits, int cycles, int *results);
/* serial_constants.c: spreads each column's bias, in units of 2^plan->low, over its own nodes; what
 * finds no place stays in columns[].rest. Streams are `bits` long. */
void serial_place_constants(struct reuse *r, struct serial_plan *plan, const int64_t *bias,
                            int bits);

/* serial_window.c: whether old value `value` is a window on the column's result alone. */
bool window_find(const struct program *old, int result, int value, struct window *window);

/* ---- while a loop is made ---- */

struct stream {
    int digit; /* value: bits of this iteration, unsigned */
    int low;   /* the lowest bit of digit 0 weighs 2^low */
};

/* The digit one iteration before: a register that starts as `first`. */
struct delay {
    int digit, delayed;
    int64_t first;
};

/* A table of the iterations that is there already. */
struct digit_table {
    const int64_t *entries;
    int bits, value;
};

struct serial {
    struct reuse *r;
    const struct reuse_layer *layer;
    int bits, cycles; /* of a digit; of the loop */
    struct delay *delays;
    int delay_count;
    size_t delay_capacity;
    struct digit_table *tables;
    int table_count;
    size_t table_capacity;
    int index, zero, one; /* values: the iteration (-1: not yet), constant bits */
};

struct program *serial_program(const struct serial *s);
/* The low bits of a value, exactly so many, unsigned. */
int serial_low_bits(const struct serial *s, int value, int width);
int serial_index(struct serial *s);
/* A table of one entry of `bits` bits for each iteration. */
int serial_table(struct serial *s, const char *name, const int64_t *entries, int bits);
int serial_delay(struct serial *s, int digit, int64_t first);
/* The stream `shift` bits later, with the bits of `fill` before it. */
int serial_shift(struct serial *s, int digit, int shift, int64_t fill);

/* ---- streams from layer to layer (serial_link.c) ---- */

/* An old value as digits that a memory keeps, clamped when they are read. */
struct reuse_stream {
    int bits;           /* of a digit */
    int memory, place;  /* of its lowest bit in the memory's words; word i holds digit i */
    int negative, over; /* values of the layer's last iteration, one bit each: see serial_link.c */
    struct window window;
};

/* Appends what keeps the windows of aligned streams digits[graph column]. */
void serial_keep_windows(struct serial *s, const struct serial_plan *plan, const int *digits);
/* The digits of old value `value` that an earlier layer keeps. */
struct stream serial_read_window(struct serial *s, int value);

#endif
