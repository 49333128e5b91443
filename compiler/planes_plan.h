/* Gates on bit planes, and where the planes are. Private to planes*.c. */
#ifndef SLUICE_COMPILER_PLANES_PLAN_H
#define SLUICE_COMPILER_PLANES_PLAN_H

#include "compiler/planes.h"

enum { GATE_INPUTS = 4 };

enum gate_kind {
    GATE_AND, /* of inputs, each inverted or not; the result inverted or not */
    GATE_XOR, /* the same */
    GATE_TABLE
};

struct gate {
    uint8_t kind, count;     /* inputs */
    uint8_t inverted, flips; /* AND, XOR: bit i inverts input i; whether the result is inverted */
    uint16_t table;          /* TABLE: as of OP_LUT */
    int to, in[GATE_INPUTS]; /* rows */
};

/* Bits of an input or output: rows[0 .. width) of planes->rows from `first` on. */
struct plane_port {
    int first, width;
    bool is_signed;
};

struct planes {
    const struct program *program;
    int row_count; /* rows 0 and 1 are all zeros and all ones */
    int gate_count;
    struct gate *gates;
    int *rows;
    struct plane_port *inputs, *outputs;
};

#endif
