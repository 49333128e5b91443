/* See cost.h. */
#include "compiler/cost.h"

#include "compiler/estimate/estimate.h"

#include <string.h>

static struct cost block_cost(const struct program *p, const struct block *block,
                              const struct target *target)
{
    struct program_counts counts = program_count(p, block->first, block->end);
    struct cost cost = {.adder_bits = (double)counts.adder_bits,
                        .register_bits = (double)counts.register_bits};
    for (int i = block->first; i < block->end; i++)
        cost.lut4 += op_lut4(p, i, target);
    return cost;
}

struct compiled_cost compile_cost(const struct network *network,
                                  const struct compile_options *options, bool scheduled)
{
    struct compiled_cost result = {0};
    struct compile_options own = *options;
    own.dump_after = NULL;
    own.stop_after = scheduled ? NULL : "dead";
    struct network *copy = network_copy(network);
    compile_prepare(copy, &own, network->name);
    struct program *p = compile_network(copy, &own, NULL);
    const int most = sizeof result.layers / sizeof *result.layers;
    for (int b = 0; b < p->block_count; b++) {
        struct cost cost = block_cost(p, &p->blocks[b], own.target);
        result.total.adder_bits += cost.adder_bits;
        result.total.register_bits += cost.register_bits;
        result.total.lut4 += cost.lut4;
        bool dense = strcmp(p->blocks[b].kind, layer_kind_names[LAYER_DENSE]) == 0;
        if (dense && result.layer_count < most) result.layers[result.layer_count++] = cost;
    }
    if (scheduled) {
        struct estimate estimate = estimate_program(p, own.target);
        result.total.cells = estimate.cells;
        result.total.ff = estimate.ff;
        result.latency_cycles = p->latency_cycles;
        result.clock_mhz = p->clock_mhz;
    }
    program_free(p);
    network_free(copy);
    return result;
}
