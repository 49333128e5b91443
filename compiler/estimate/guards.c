/* What protection against upsets adds to the hardware. The LUTs of a voter and of a corrected
 * memory are fitted to what Yosys makes of rtl/voted_register.v and rtl/secded_guard.v alone (iCE40
 * and ECP5 agree to a tenth); flip-flops are counted. */
#include "compiler/estimate/estimate.h"

#include "compiler/emit/emit.h"

/* A voted bit: majority, difference, its part of the tree that gathers differences, and what the
 * plain register had in its own reset and enable. */
static const double luts_per_vote = 2.4;
enum { COUNTER_LUTS = 11, COPIES = 3 };

static double guard_luts(int data_bits, int hamming_bits, int address_bits)
{
    return 4.2 * data_bits + 4.0 * hamming_bits + 2.5 * address_bits + 12;
}

static double encoder_luts(int data_bits)
{
    return 1.3 * data_bits;
}

/* The scrubber's address, those of what is on its way, flags, the corrected code; a second cycle
 * keeps the code and its address once more. What a plain load has in registers of its own is in the
 * memory. */
static double guard_registers(const struct program *p, int word_bits, int address_bits)
{
    double registers = word_bits + 3.0 * address_bits + 5;
    return p->correction_cycles > 1 ? registers + word_bits + address_bits + 2 : registers;
}

static void add_memories(const struct program *p, struct estimate_guards *guards)
{
    for (int m = 0; m < p->memory_count; m++)
        if (memory_is_corrected(p, &p->memories[m]))
            guards->luts += encoder_luts(p->memories[m].format.width_bits);
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        if (op->code != OP_LOAD || !memory_is_corrected(p, &p->memories[op->immediate])) continue;
        const struct memory *m = &p->memories[op->immediate];
        int data_bits = m->format.width_bits, word_bits = memory_word_bits(p, m), address_bits = 1;
        while (1 << address_bits < memory_words(m))
            address_bits++;
        guards->luts += guard_luts(data_bits, word_bits - data_bits - 1, address_bits);
        guards->registers += guard_registers(p, word_bits, address_bits);
    }
}

static void add_votes(const struct program *p, const struct target *t,
                      struct estimate_guards *guards)
{
    struct arena arena = {0};
    struct emit_votes votes = emit_count_votes(p, &arena);
    guards->luts += luts_per_vote * (double)(votes.register_bits + votes.table_bits);
    guards->registers += (COPIES - 1) * (double)votes.register_bits;
    for (int i = 0; i < votes.table_count; i++) {
        const struct table *table = &p->tables[p->ops[votes.tables[i]].immediate];
        guards->bram +=
            (COPIES - 1) * target_ram_shape(t, table->count, table->format.width_bits).count;
    }
    arena_free(&arena);
}

struct estimate_guards estimate_find_guards(const struct program *p, const struct target *t)
{
    struct estimate_guards guards = {0};
    int counters = 0;
    if (!p->latency_cycles) return guards;
    if (p->protect & PROTECT_TMR) add_votes(p, t, &guards), counters++;
    if (p->protect & PROTECT_ECC) add_memories(p, &guards), counters += 2;
    guards.luts += counters * COUNTER_LUTS;
    guards.registers += counters * (EMIT_COUNTER_BITS + 1);
    return guards;
}
