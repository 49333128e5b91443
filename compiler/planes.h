/* A program on bit planes: bit i of a value, for PLANE_EVENTS events at once, is a row of machine
 * words, and every operation becomes gates on such rows. For programs of truth tables and narrow
 * sums (ensembles of trees) that is many times faster than integers side by side, and nothing has
 * to be compiled. Its integers are those of program_eval(), by test. */
#ifndef SLUICE_COMPILER_PLANES_H
#define SLUICE_COMPILER_PLANES_H

#include "compiler/program/program.h"

/* Events that go through the gates together. */
enum { PLANE_EVENTS = 1024 };

struct planes;

/* Whether most of the program's work is truth tables: then planes gain. */
bool planes_gain(const struct program *program);
/* NULL: the program has an operation that is no business of single bits (products, matrices,
 * tables, rounding). The program must outlive it. */
struct planes *planes_new(const struct program *program);
void planes_free(struct planes *planes);

/* Rows of input_count: one of the three. Raw numbers become integers as program_quantize_inputs()
 * makes them. */
struct plane_events {
    const int64_t *integers;
    const float *floats;
    const double *doubles;
};
/* To stored integers [events][output_count], on the calling thread. Safe from several threads. */
void planes_eval(const struct planes *planes, struct plane_events x, long events, int64_t *outputs);

#endif
