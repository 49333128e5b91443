/* LUTs of a table wider than a LUT: its bits as functions of the low address bits, as many as a LUT
 * has inputs, and what chooses between them by the others; equal functions are made once (the nodes
 * of a binary decision diagram: Bryant, "Graph-based algorithms for Boolean function manipulation"
 * (1986), in the order of the address bits). */
#include "compiler/estimate/estimate.h"

#include <stdlib.h>
#include <string.h>

/* A function of one level of the address: by its truth table at the lowest, by its two halves
 * above. Numbers are dense; 0 and 1 are the constants. */
struct function {
    uint64_t low, high;
};

struct level {
    struct function *functions;
    int count;
    size_t capacity;
};

static int number_of(struct level *level, struct function f, int first)
{
    for (int i = 0; i < level->count; i++)
        if (level->functions[i].low == f.low && level->functions[i].high == f.high)
            return first + i;
    level->functions = array_grow(level->functions, &level->capacity, (size_t)level->count + 1,
                                  sizeof *level->functions);
    level->functions[level->count] = f;
    return first + level->count++;
}

/* Whether the truth table of `count` entries is an address bit, or one inverted. */
static bool is_wire(uint64_t truth, int bits)
{
    uint64_t all = bits == 6 ? ~(uint64_t)0 : ((uint64_t)1 << (1 << bits)) - 1;
    for (int k = 0; k < bits; k++) {
        uint64_t wire = 0;
        for (int n = 0; n < 1 << bits; n++)
            wire |= (uint64_t)(n >> k & 1) << n;
        if (truth == wire || truth == (~wire & all)) return true;
    }
    return false;
}

/* Entry of an address; those that never come are as their nearest neighbours. */
static int64_t entry_at(const struct op *a, const struct table *table, int64_t address)
{
    int64_t n = a->format.is_signed && address >> (a->format.width_bits - 1) & 1
                    ? address - ((int64_t)1 << a->format.width_bits)
                    : address;
    n = n < a->lo ? a->lo : n > a->hi ? a->hi : n;
    return table->entries[n - table->first];
}

/* Functions of the lowest level for one bit of the entries. */
static double add_leaves(const struct op *a, const struct table *table, int bit, int leaf_bits,
                         struct level *leaves, int *numbers)
{
    uint64_t all = leaf_bits == 6 ? ~(uint64_t)0 : ((uint64_t)1 << (1 << leaf_bits)) - 1;
    int count = 1 << (a->format.width_bits - leaf_bits);
    double luts = 0;
    for (int i = 0; i < count; i++) {
        uint64_t truth = 0;
        for (int n = 0; n < 1 << leaf_bits; n++)
            truth |= (uint64_t)(entry_at(a, table, ((int64_t)i << leaf_bits) + n) >> bit & 1) << n;
        int before = leaves->count;
        numbers[i] = truth == 0     ? 0
                     : truth == all ? 1
                                    : number_of(leaves, (struct function){truth, 0}, 2);
        if (leaves->count > before && !is_wire(truth, leaf_bits)) luts++;
    }
    return luts;
}

enum { ADDRESS_BITS_MOST = 16 };
/* A choice between two is a third of what a LUT holds besides, in trees of them. */
static const double choice_luts = 1.0 / 3;

double estimate_table_luts(const struct program *p, const struct op *op, const struct target *t)
{
    const struct op *a = program_operand(p, op, 0);
    const struct table *table = &p->tables[op->immediate];
    int leaf_bits = t->lut_inputs < 6 ? t->lut_inputs : 6, bits = a->format.width_bits;
    double luts = 0;
    if (bits > ADDRESS_BITS_MOST) {
        double words = (double)table->count / (1 << t->lut_inputs);
        return t->lut_per_table_word * words * op->format.width_bits;
    }
    struct level levels[ADDRESS_BITS_MOST + 1] = {0};
    int *numbers = calloc((size_t)1 << (bits - leaf_bits), sizeof *numbers);
    if (!numbers) abort();
    for (int bit = 0; bit < op->format.width_bits; bit++) {
        luts += add_leaves(a, table, bit, leaf_bits, &levels[leaf_bits], numbers);
        int first = 2 + 65536; /* of the numbers of a level, behind those of all below */
        for (int k = leaf_bits + 1; k <= bits; k++, first += 65536) {
            for (int i = 0; i < 1 << (bits - k); i++) {
                struct function f = {(uint64_t)numbers[2 * i], (uint64_t)numbers[2 * i + 1]};
                int before = levels[k].count;
                numbers[i] = f.low == f.high ? (int)f.low : number_of(&levels[k], f, first);
                luts += choice_luts * (levels[k].count - before);
            }
        }
    }
    for (int k = 0; k <= ADDRESS_BITS_MOST; k++)
        free(levels[k].functions);
    free(numbers);
    return luts;
}
