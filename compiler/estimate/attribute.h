/* Attribution: who pays for the logic of a scheduled program.
 *
 * A block's neurons are the values that leave it: read by another block or a port; of a loop also
 * the store of a memory that another block reads, which stands for all that it holds. What an
 * operation costs is divided equally over the neurons of its block that depend on it, and its adder
 * bits further, within each neuron, over the weights it serves: the block's arguments it depends
 * on, the constants together being one of them (the bias). An operation that no output depends on
 * is nobody's: its cost is in `unused`.
 *
 * Costs are integers of 1 / ATTRIBUTE_UNITS, and a share that does not divide leaves its remainder
 * to the first sharers, so the parts add up to the whole exactly:
 *   total = sum of blocks + unused + control,  block = sum of its neurons,
 *   adder bits of a neuron = sum of its weights' shares. */
#ifndef SLUICE_COMPILER_ATTRIBUTE_H
#define SLUICE_COMPILER_ATTRIBUTE_H

#include "compiler/compile.h"

enum { ATTRIBUTE_UNITS = 720720 }; /* divides evenly by 1 to 16 */
enum cost_kind { COST_ADDER_BITS, COST_REGISTER_BITS, COST_LUT4, COST_CELLS, COST_KINDS };

struct cost {
    int64_t units[COST_KINDS];
};

struct neuron_cost {
    int block;
    int value; /* the op that leaves the block */
    struct cost cost;
    int64_t own_adder_bits; /* in units: of adders that no other neuron of the block uses */
};

struct weight_cost {
    int neuron;    /* index in neurons[] */
    int argument;  /* the value from outside the block (a memory's store), or INPUT op; -1: the
                      constants, also those in memories */
    int64_t share; /* of adder bits, in units */
    int saved;     /* adder bits that go at once when this term is left out and all else is kept:
                      adders of this neuron alone with the term as an operand */
};

struct attribution {
    struct arena arena;
    struct cost total, unused;
    struct cost control; /* one valid bit a stage, and protection; not in register_bits */
    struct cost *blocks; /* [block_count] */
    int neuron_count, weight_count;
    struct neuron_cost *neurons; /* by block, then by value */
    struct weight_cost *weights; /* by neuron */
    int *neuron_of; /* [op_count] a neuron that depends on the value, its own first; -1 */
    int *sharers;   /* [op_count] how many neurons of its block do */
};

struct attribution *attribute_costs(const struct program *program, const struct target *target);
void attribution_free(struct attribution *attribution);

static inline double cost_value(const struct cost *cost, enum cost_kind kind)
{
    return (double)cost->units[kind] / ATTRIBUTE_UNITS;
}

#endif
