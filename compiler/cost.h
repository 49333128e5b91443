/* What a network costs once it is compiled, for those who look for a cheaper one: the passes as
 * `sluice compile` runs them, without any file. */
#ifndef SLUICE_COMPILER_COST_H
#define SLUICE_COMPILER_COST_H

#include "compiler/compile.h"

/* Of a dense layer (with its activation and quantizer) or of the whole network. */
struct cost {
    double adder_bits;      /* program.h's formula */
    double register_bits;   /* 0 before the schedule */
    double lut4, cells, ff; /* estimates for the target; cells and ff 0 of a layer */
};

struct compiled_cost {
    struct cost total;
    int latency_cycles;     /* scheduled only, as clock_mhz */
    double clock_mhz;       /* the asked one, or that of the fewest ns */
    int layer_count;        /* dense layers, in order */
    struct cost layers[16]; /* of the first 16 */
};

/* Copies the network, prepares it (compile_prepare()) and compiles it. scheduled: all of it; else
 * the schedule is left out (registers, cells and latency stay 0), which takes a third of the time.
 */
struct compiled_cost compile_cost(const struct network *network,
                                  const struct compile_options *options, bool scheduled);

#endif
