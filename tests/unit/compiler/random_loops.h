/* Random programs with loops: carried registers, ROMs, memories of every kind and order of access,
 * values that pass between blocks of different trip counts. Same seed, same program; not scheduled.
 */
#ifndef SLUICE_TESTS_RANDOM_LOOPS_H
#define SLUICE_TESTS_RANDOM_LOOPS_H

#include "compiler/program/program.h"
#include "data/random.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOP_MOST_BITS = 10, LOOP_POOL = 600, LOOP_MEMORIES = 8 };

struct loop_maker {
    struct random *random;
    struct program *p;
    int pool[LOOP_POOL], pool_count; /* values that later blocks may read */
    int local[LOOP_POOL], local_count;
    int trip, index, late; /* late: a load of what the same iteration stored; -1 */
    /* Memories that are written, and by loops of how many iterations. */
    int memories[LOOP_MEMORIES], trips[LOOP_MEMORIES], memory_count;
    bool loads; /* loadable memories, too */
};

static int loop_between(struct random *random, int least, int most)
{
    return least + (int)random_below(random, (uint64_t)(most - least + 1));
}

static int loop_any(struct loop_maker *m)
{
    if (m->local_count && random_below(m->random, 4))
        return m->local[loop_between(m->random, 0, m->local_count - 1)];
    return m->pool[loop_between(m->random, 0, m->pool_count - 1)];
}

static struct format loop_format(struct loop_maker *m, int fraction)
{
    int width = loop_between(m->random, 2, LOOP_MOST_BITS - 2);
    struct format format = format_make(random_below(m->random, 2), width, width - fraction);
    format.rounding = (enum rounding)random_below(m->random, ROUNDING_COUNT);
    format.overflow = (enum overflow)random_below(m->random, OVERFLOW_COUNT);
    return format;
}

static void loop_keep(struct loop_maker *m, int value)
{
    const struct op *op = &m->p->ops[value];
    if (op->format.width_bits > LOOP_MOST_BITS || op_fraction(op) > 5 || op_fraction(op) < -3)
        value = program_add_quantize(m->p, value, loop_format(m, loop_between(m->random, 0, 3)));
    m->local[m->local_count++] = value;
}

/* An unsigned integer of `bits` bits. */
static int loop_bits(struct loop_maker *m, int bits)
{
    int a = loop_any(m), width = m->p->ops[a].format.width_bits;
    if (bits > width) bits = width;
    return program_add_slice(m->p, a, loop_between(m->random, 0, width - bits),
                             format_make(false, bits, bits));
}

static int loop_rom(struct loop_maker *m, struct format format)
{
    int64_t entries[64];
    for (int i = 0; i < m->trip; i++)
        entries[i] = format_min(format) +
                     (int64_t)random_below(m->random,
                                           (uint64_t)(format_max(format) - format_min(format)) + 1);
    int value = program_add_table(m->p, m->index, "rom", entries, format);
    m->p->tables[m->p->ops[value].immediate].in_block = random_below(m->random, 3) == 0;
    return value;
}

static int loop_table(struct loop_maker *m, const int64_t *entries, int64_t most)
{
    return program_add_table(m->p, m->index, "plan", entries, format_of_interval(0, most, 0));
}

/* A load from a memory of its own that is loadable: at any address, under any condition. */
static void loop_load_loadable(struct loop_maker *m)
{
    int64_t contents[16];
    int bits = loop_between(m->random, 0, 4), entries;
    int address = bits ? loop_bits(m, bits) : program_add_const(m->p, 0, 0);
    entries = (int)m->p->ops[address].hi + 1;
    int64_t hi = loop_between(m->random, 1, 20), lo = loop_between(m->random, -20, 0);
    for (int i = 0; i < entries; i++)
        contents[i] = loop_between(m->random, (int)lo, (int)hi);
    int memory = program_add_memory(m->p, "loaded", entries, lo, hi, loop_between(m->random, 0, 2),
                                    contents);
    static const enum memory_kind kinds[] = {MEMORY_REGISTERS, MEMORY_DISTRIBUTED, MEMORY_BLOCK};
    m->p->memories[memory].kind = kinds[random_below(m->random, 3)];
    loop_keep(m, random_below(m->random, 2)
                     ? program_add_load(m->p, memory, address)
                     : program_add_load_if(m->p, memory, address, loop_bits(m, 1)));
}

/* A load of what was written; in a loop of its own order, in straight code of one entry. */
static void loop_load(struct loop_maker *m)
{
    if (!m->memory_count) return;
    int k = loop_between(m->random, 0, m->memory_count - 1), memory = m->memories[k];
    int written = m->trips[k], address;
    bool in_order = m->p->memories[memory].kind == MEMORY_DELAY;
    int64_t entries[64];
    if (m->trip == 1) {
        address = program_add_const(m->p, loop_between(m->random, 0, written - 1), 0);
    } else {
        int first = written > m->trip ? loop_between(m->random, 0, written - m->trip) : 0;
        bool some = random_below(m->random, 2) || (in_order && written < m->trip);
        int64_t enable[64];
        for (int i = 0; i < m->trip; i++) {
            entries[i] = in_order ? first + i : loop_between(m->random, 0, written - 1);
            enable[i] = entries[i] < written && (in_order || random_below(m->random, 3));
            if (entries[i] >= written) entries[i] = 0;
        }
        address = loop_table(m, entries, written - 1);
        if (some) {
            int condition = loop_table(m, enable, 1);
            loop_keep(m, program_add_load_if(m->p, memory, address, condition));
            return;
        }
    }
    loop_keep(m, program_add_load(m->p, memory, address));
}

/* Every iteration stores once, in some order; some stores are left out where another remains. */
static void loop_store(struct loop_maker *m)
{
    if (m->memory_count == LOOP_MEMORIES || m->trip == 1) return;
    int64_t address[64], enable[64];
    int value = m->local[loop_between(m->random, 0, m->local_count - 1)];
    enum memory_kind kind = (enum memory_kind)random_below(m->random, MEMORY_KIND_COUNT);
    bool in_order = kind == MEMORY_DELAY || random_below(m->random, 2);
    for (int i = 0; i < m->trip; i++) {
        address[i] = i;
        enable[i] = 1;
    }
    for (int i = m->trip - 1; i > 0 && !in_order; i--) {
        int other = loop_between(m->random, 0, i);
        int64_t swapped = address[i];
        address[i] = address[other];
        address[other] = swapped;
    }
    /* An entry that is written twice, the first time for nothing, and one that is not. */
    int entries = m->trip;
    if (!in_order && random_below(m->random, 2)) {
        int gone = loop_between(m->random, 0, m->trip - 1);
        enable[gone] = 0;
        if (address[gone] == m->trip - 1) address[gone] = 0;
        for (int i = 0; i < m->trip; i++)
            if (address[i] == m->trip - 1) address[i] = address[gone];
        entries--;
    }
    const struct op *op = &m->p->ops[value];
    struct format format = op->format;
    int memory =
        program_add_memory(m->p, "m", entries, op->lo, op->hi, format_fraction_bits(format), NULL);
    m->p->memories[memory].kind = kind;
    int to = loop_table(m, address, entries - 1);
    int condition = in_order ? program_add_const(m->p, 1, 0) : loop_table(m, enable, 1);
    program_add_store(m->p, memory, to, value, condition);
    m->memories[m->memory_count] = memory;
    m->trips[m->memory_count++] = entries;
    if (kind == MEMORY_DELAY || random_below(m->random, 2)) return;
    /* Read again in the same iteration; only for later blocks, as a state's update would come too
     * late behind it. */
    if (in_order) m->late = program_add_load(m->p, memory, to);
}

static int loop_pick(struct loop_maker *m)
{
    int operands[6], count = loop_between(m->random, 1, 2);
    operands[0] = loop_bits(m, count);
    count = (int)m->p->ops[operands[0]].hi + 1;
    for (int i = 0; i < count; i++)
        operands[i + 1] = loop_any(m);
    return program_add_op(m->p, OP_PICK, operands, count + 1, 0);
}

static void loop_op(struct loop_maker *m)
{
    static const enum op_code codes[] = {OP_ADD, OP_SUB, OP_MUL, OP_MIN, OP_MAX, OP_LT};
    struct program *p = m->p;
    int a = loop_any(m), b = loop_any(m), c;
    if (a == b) { /* comparisons that are constant are no test, and Verilator's lint says so */
        loop_keep(m, program_add_op(p, OP_NEG, &a, 1, 0));
        return;
    }
    switch (random_below(m->random, 11)) {
    case 0:
    case 1:
    case 2: a = program_add2(p, codes[random_below(m->random, 6)], a, b, 0); break;
    case 3: a = program_add_quantize(p, a, loop_format(m, loop_between(m->random, 0, 3))); break;
    case 4:
        c = program_add2(p, OP_LE, a, b, 0);
        a = program_add_op(p, OP_SELECT, (int[]){c, a, b}, 3, 0);
        break;
    case 5: a = loop_pick(m); break;
    case 6: {
        int bits = random_below(m->random, 2) ? 1 : 4;
        int x = loop_bits(m, bits), y = loop_bits(m, bits), z = loop_bits(m, 1);
        a = program_add_op(p, OP_ADC, (int[]){z, x, y}, 3, 0);
        break;
    }
    case 7:
        a = m->trip > 1 ? loop_rom(m, loop_format(m, loop_between(m->random, 0, 2)))
                        : program_add_const(p, loop_between(m->random, -9, 9), 1);
        break;
    case 8:
    case 9:
        if (m->loads && random_below(m->random, 2))
            loop_load_loadable(m);
        else
            loop_load(m);
        return;
    default: {
        int x = loop_bits(m, 3), y = loop_bits(m, 3);
        a = program_add_op(p, OP_CONCAT, (int[]){x, y}, 2, 0);
        break;
    }
    }
    loop_keep(m, a);
}

static void loop_block(struct loop_maker *m, int number)
{
    char name[32];
    int states[3], state_count = 0;
    struct format formats[3];
    m->trip = random_below(m->random, 4) ? loop_between(m->random, 2, 9) : 1;
    m->local_count = 0;
    m->late = -1;
    snprintf(name, sizeof name, "part_%d", number);
    program_begin_loop(m->p, name, "random", m->trip);
    if (m->trip > 1) {
        m->index = program_add_index(m->p);
        m->local[m->local_count++] = m->index;
        state_count = loop_between(m->random, 0, 3);
    }
    for (int i = 0; i < state_count; i++) {
        int first = m->pool[loop_between(m->random, 0, m->pool_count - 1)];
        int fraction = op_fraction(&m->p->ops[first]);
        struct format *f = &formats[i];
        *f = format_make(true, LOOP_MOST_BITS + 1, LOOP_MOST_BITS + 1 - fraction);
        f->rounding = ROUND_TRN;
        f->overflow = random_below(m->random, 2) ? OVERFLOW_WRAP : OVERFLOW_SAT;
        if (random_below(m->random, 2))
            first = program_add_const(m->p, loop_between(m->random, -9, 9), fraction);
        states[i] = program_add_state(m->p, first, format_min(*f), format_max(*f));
        m->local[m->local_count++] = states[i];
    }
    for (int i = loop_between(m->random, 3, 12); i > 0; i--)
        loop_op(m);
    if (random_below(m->random, 3) && m->local_count) loop_store(m);
    for (int i = 0; i < state_count; i++)
        program_add_update(m->p, states[i], program_add_quantize(m->p, loop_any(m), formats[i]));
    for (int i = 0; i < m->local_count; i++)
        if (random_below(m->random, 2)) m->pool[m->pool_count++] = m->local[i];
    if (m->late >= 0) m->pool[m->pool_count++] = m->late;
}

static struct program *make_random_loops(struct random *random, bool loads)
{
    struct loop_maker m = {.random = random, .p = program_new("loops"), .loads = loads};
    char name[32];
    program_begin_block(m.p, "inputs", "input");
    for (int i = 0; i < 4; i++) {
        int width = loop_between(random, 1, 6);
        snprintf(name, sizeof name, "x[%d]", i);
        m.pool[m.pool_count++] = program_add_input(
            m.p, name, format_make(random_below(random, 2), width, width - i % 3), 1, 0);
    }
    for (int b = loop_between(random, 2, 6); b > 0; b--)
        loop_block(&m, b);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "y[%d]", i);
        program_add_output(
            m.p, name,
            m.pool[i < 3 && m.pool_count > 6 ? m.pool_count - 1 - i
                                             : loop_between(random, 0, m.pool_count - 1)]);
    }
    return m.p;
}

/* The caller frees it with program_free(). */
__attribute__((unused)) static struct program *random_loops(struct random *random)
{
    return make_random_loops(random, false);
}

/* The same with loadable memories. */
__attribute__((unused)) static struct program *random_loadable_loops(struct random *random)
{
    return make_random_loops(random, true);
}

#endif
