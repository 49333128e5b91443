/* Random programs for tests of the interpreter and of every printer: between them they hold each
 * operation of straight-line code (loops: random_loops.h) and each rounding and overflow mode,
 * negative fraction bits, claims, constants, shared and dead values. Same seed, same program.
 * Values are kept under `max_bits`, by quantizing what grew beyond it. */
#ifndef SLUICE_TESTS_RANDOM_PROGRAM_H
#define SLUICE_TESTS_RANDOM_PROGRAM_H

#include "compiler/program/linear.h"
#include "compiler/program/program.h"
#include "data/random.h"

#include <stdlib.h>

#define RANDOM_UNUSED __attribute__((unused))

struct random_program_options {
    int inputs;         /* >= 1 */
    int ops;            /* about; results of matvecs and repairs come on top */
    int max_bits;       /* 4 .. 20 */
    int least_fraction; /* >= -8 */
    int most_fraction;  /* <= 12; max_bits + twice the spread of fractions + 14 < 63 */
    bool no_matvec;     /* as after the adder-graph pass */
    bool scheduled;     /* random monotone stages, latency set */
    bool gates;         /* only what compiler/planes.h knows: no products, tables, rounding */
};

/* Fits 32-bit lanes; does not. */
static const struct random_program_options random_narrow RANDOM_UNUSED = {4, 60,    9,     -2,
                                                                          4, false, false, false};
static const struct random_program_options random_wide RANDOM_UNUSED = {6,  80,    20,    -8,
                                                                        12, false, false, false};

struct random_maker {
    struct random *random;
    struct random_program_options options;
    struct program *p;
    struct linear_forms *forms;
    int quantizers;        /* made so far: their modes take turns */
    int *pool, pool_count; /* values that may be operands */
};

static int random_between(struct random *random, int least, int most)
{
    return least + (int)random_below(random, (uint64_t)(most - least + 1));
}

static struct format random_format(struct random_maker *m)
{
    bool is_signed = random_below(m->random, 2);
    int width = random_between(m->random, 1, m->options.max_bits);
    int fraction = random_between(m->random, m->options.least_fraction, m->options.most_fraction);
    return format_make(is_signed, width, width - fraction);
}

static int random_quantize(struct random_maker *m, int a)
{
    struct format format = random_format(m);
    format.rounding = (enum rounding)(m->quantizers % ROUNDING_COUNT);
    format.overflow = (enum overflow)(m->quantizers / ROUNDING_COUNT % OVERFLOW_COUNT);
    m->quantizers++;
    return program_add_quantize(m->p, a, format);
}

static int random_operand(struct random_maker *m)
{
    /* Half the time a late value, so that paths get long. */
    int from = random_below(m->random, 2) && m->pool_count > 8 ? m->pool_count - 8 : 0;
    return m->pool[random_between(m->random, from, m->pool_count - 1)];
}

/* W bits of a value under some format. */
static int random_slice(struct random_maker *m, int a)
{
    int width = m->p->ops[a].format.width_bits, most = m->options.max_bits;
    int wanted = random_between(m->random, 1, width < most ? width : most);
    int fraction = random_between(m->random, m->options.least_fraction, m->options.most_fraction);
    return program_add_slice(m->p, a, random_between(m->random, 0, width - wanted),
                             format_make(random_below(m->random, 2), wanted, wanted - fraction));
}

/* Into the pool, through a quantizer if it grew too wide or its point too far. */
static void random_keep(struct random_maker *m, int value)
{
    const struct op *op = &m->p->ops[value];
    bool fits = op->format.width_bits <= m->options.max_bits &&
                op_fraction(op) >= m->options.least_fraction &&
                op_fraction(op) <= m->options.most_fraction;
    if (!fits) value = m->options.gates ? random_slice(m, value) : random_quantize(m, value);
    m->pool[m->pool_count++] = value;
}

/* An unsigned value of at most `bits` bits and fraction bits 0. */
static int random_unsigned(struct random_maker *m, int bits)
{
    int a = random_operand(m), width = m->p->ops[a].format.width_bits;
    int wanted = random_between(m->random, 1, width < bits ? width : bits);
    return program_add_slice(m->p, a, random_between(m->random, 0, width - wanted),
                             format_make(false, wanted, wanted));
}

static int random_condition(struct random_maker *m)
{
    static const enum op_code codes[] = {OP_LT, OP_LE, OP_EQ};
    int a = random_operand(m), b = random_operand(m);
    return program_add2(m->p, codes[random_below(m->random, 3)], a, b, 0);
}

static void random_matvec(struct random_maker *m)
{
    enum { MOST = 6 };
    int rows = random_between(m->random, 1, MOST), columns = random_between(m->random, 1, MOST);
    int operands[MOST], results[MOST];
    int64_t weights[MOST * MOST], bias[MOST];
    for (int i = 0; i < rows; i++)
        operands[i] = random_operand(m);
    for (int i = 0; i < rows * columns; i++)
        weights[i] = random_below(m->random, 3) ? random_between(m->random, -31, 31) : 0;
    for (int i = 0; i < columns; i++)
        bias[i] = random_between(m->random, -99, 99);
    struct matrix matrix = {.name = "w", .rows = rows, .columns = columns, .integers = weights};
    matrix.fraction_bits = random_between(m->random, 0, 3);
    if (random_below(m->random, 2))
        matrix.bias = bias, matrix.bias_fraction_bits = random_between(m->random, -1, 4);
    program_add_matvec(m->p, operands, rows, &matrix, results);
    for (int i = 0; i < columns; i++)
        random_keep(m, results[i]);
}

static int random_table(struct random_maker *m)
{
    int a = random_operand(m);
    if (m->p->ops[a].hi - m->p->ops[a].lo > 255) a = random_unsigned(m, 6);
    int64_t entries[256];
    struct format format = random_format(m);
    for (int64_t i = 0; i <= m->p->ops[a].hi - m->p->ops[a].lo; i++)
        entries[i] = format_min(format) +
                     (int64_t)random_below(m->random,
                                           (uint64_t)(format_max(format) - format_min(format)) + 1);
    return program_add_table(m->p, a, "t", entries, format);
}

static int random_sum(struct random_maker *m, enum op_code code)
{
    int64_t lo, hi, shift = random_between(m->random, -2, 3);
    int a = random_operand(m), b = random_operand(m);
    int sum = program_add2(m->p, code, a, b, shift);
    /* x + y - x: a claim below the rule's interval */
    if (random_below(m->random, 3) == 0)
        sum = program_add2(m->p, code == OP_ADD ? OP_SUB : OP_ADD, sum, b, shift);
    linear_interval(m->forms, sum, &lo, &hi);
    if (random_below(m->random, 2)) program_narrow(m->p, sum, lo, hi);
    return sum;
}

/* A sum with a carry at its lowest bit, mostly, where it is free. */
static int random_carry(struct random_maker *m, enum op_code code)
{
    int operands[3] = {random_condition(m), random_operand(m), random_operand(m)};
    int64_t shift = random_between(m->random, -2, 3);
    if (random_below(m->random, 4)) {
        int plain =
            program_add2(m->p, code == OP_ADC ? OP_ADD : OP_SUB, operands[1], operands[2], shift);
        int64_t low = op_lowest_carry(m->p, plain);
        operands[0] = program_add_op(m->p, OP_SHIFT, operands, 1, low);
    }
    return program_add_op(m->p, code, operands, 3, shift);
}

static int random_concat(struct random_maker *m)
{
    int operands[3], count = 0, bits = 0, most = m->options.max_bits < 10 ? 28 : 60;
    for (int i = random_between(m->random, 1, 3); i > 0; i--) {
        int a = random_operand(m);
        if (bits + m->p->ops[a].format.width_bits > most) break;
        bits += m->p->ops[a].format.width_bits;
        operands[count++] = a;
    }
    return program_add_op(m->p, OP_CONCAT, operands, count, 0);
}

static int random_lut(struct random_maker *m)
{
    int operands[6], count = random_between(m->random, 1, 6);
    for (int i = 0; i < count; i++)
        operands[i] = random_condition(m);
    uint64_t bits = random_bits(m->random);
    return program_add_lut(m->p, operands, count,
                           count < 6 ? bits & (((uint64_t)1 << (1 << count)) - 1) : bits);
}

/* More values than the index can choose, now and then. */
static int random_pick(struct random_maker *m)
{
    int operands[6], count;
    operands[0] = random_unsigned(m, 2);
    count = (int)m->p->ops[operands[0]].hi + 1 + random_between(m->random, 0, 1);
    for (int i = 0; i < count; i++)
        operands[i + 1] = random_operand(m);
    return program_add_op(m->p, OP_PICK, operands, count + 1, 0);
}

static void random_op(struct random_maker *m, enum op_code code)
{
    struct program *p = m->p;
    int a = random_operand(m), b = random_operand(m), c;
    bool rounds = code == OP_MATVEC || code == OP_RESULT || code == OP_MUL || code == OP_QUANTIZE ||
                  code == OP_TABLE || code == OP_PICK;
    if (rounds && m->options.gates) return;
    switch (code) {
    case OP_MATVEC:
    case OP_RESULT:
        if (!m->options.no_matvec) random_matvec(m);
        return;
    case OP_CONST:
        /* Some of wide programs fit 32 bits only until they are aligned. */
        if (m->options.max_bits > 12 && random_below(m->random, 4))
            a = program_add_const(p, random_between(m->random, -(1 << 19), 1 << 19),
                                  m->options.least_fraction);
        else
            a = program_add_const(p, random_between(m->random, -40, 40),
                                  random_between(m->random, 0, 3));
        break;
    case OP_ADD:
    case OP_SUB: a = random_sum(m, code); break;
    case OP_ADC:
    case OP_SBB: a = random_carry(m, code); break;
    case OP_NEG: a = program_add_op(p, code, &a, 1, 0); break;
    case OP_SHIFT: a = program_add_op(p, code, &a, 1, random_between(m->random, -2, 2)); break;
    case OP_MUL: a = program_add2(p, code, a, random_below(m->random, 4) ? b : a, 0); break;
    case OP_QUANTIZE: a = random_quantize(m, a); break;
    case OP_LT:
    case OP_LE:
    case OP_EQ:
    case OP_MIN:
    case OP_MAX: a = program_add2(p, code, a, b, 0); break;
    case OP_SELECT:
        c = random_condition(m);
        a = program_add_op(p, code, (int[]){c, a, b}, 3, 0);
        break;
    case OP_TABLE: a = random_table(m); break;
    case OP_AND:
    case OP_OR:
    case OP_XOR:
        a = random_unsigned(m, 8);
        b = random_unsigned(m, 8);
        a = program_add2(p, code, a, b, 0);
        break;
    case OP_NOT:
        if (a % 2) a = random_unsigned(m, 8);
        a = program_add_op(p, code, &a, 1, 0);
        break;
    case OP_POPCOUNT: a = program_add_op(p, code, &a, 1, 0); break;
    case OP_CONCAT: a = random_concat(m); break;
    case OP_LUT: a = random_lut(m); break;
    case OP_SLICE: a = random_slice(m, a); break;
    case OP_PICK: a = random_pick(m); break;
    case OP_INDEX: /* those of loops: random_loops.h */
    case OP_STATE:
    case OP_UPDATE:
    case OP_LOAD:
    case OP_STORE:
    case OP_INPUT:
    case OP_COUNT: return;
    }
    random_keep(m, a);
}

static void random_stages(struct random *random, struct program *p)
{
    int last = 0;
    for (int value = 0; value < p->op_count; value++) {
        struct op *op = &p->ops[value];
        op->stage = 0;
        for (int i = 0; i < op->operand_count; i++) {
            int before = program_operand(p, op, i)->stage;
            if (before > op->stage) op->stage = before;
        }
        if (op->code != OP_INPUT && op->code != OP_CONST && op->code != OP_RESULT)
            op->stage += random_below(random, 4) == 0;
        if (op->stage > last) last = op->stage;
    }
    p->latency_cycles = last + 1;
    p->clock_mhz = 100;
}

/* The caller frees it with program_free(). */
RANDOM_UNUSED static struct program *random_program(struct random *random,
                                                    struct random_program_options options)
{
    struct random_maker m = {.random = random, .options = options, .p = program_new("random")};
    char name[32];
    m.quantizers = (int)random_below(random, ROUNDING_COUNT * OVERFLOW_COUNT);
    m.forms = linear_new(m.p);
    m.pool = malloc(sizeof(int) * (size_t)(options.inputs + 16 * (options.ops + OP_COUNT)));
    program_begin_block(m.p, "inputs", "input");
    for (int i = 0; i < options.inputs; i++) {
        snprintf(name, sizeof name, "x[%d]", i);
        m.pool[m.pool_count++] = program_add_input(m.p, name, random_format(&m), 1, 0);
    }
    for (int i = 0; i < options.ops; i++) {
        if (i % 30 == 0)
            snprintf(name, sizeof name, "part_%d", i / 30),
                program_begin_block(m.p, name, "random");
        random_op(&m, (enum op_code)(i < OP_INDEX ? i : random_between(random, 0, OP_INDEX - 1)));
    }
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "y[%d]", i);
        program_add_output(m.p, name, i < 3 ? random_operand(&m) : m.pool[m.pool_count - 1 - i]);
    }
    if (options.scheduled) random_stages(random, m.p);
    free(m.pool);
    linear_free(m.forms);
    return m.p;
}

/* Events of random and corner stored integers: [events][input_count]. */
RANDOM_UNUSED static void random_inputs(struct random *random, const struct program *p, long events,
                                        int64_t *inputs)
{
    for (long i = 0; i < events * p->input_count; i++) {
        const struct op *op = &p->ops[p->inputs[i % p->input_count].value];
        uint64_t span = (uint64_t)(op->hi - op->lo);
        int64_t corner[] = {op->lo, op->hi, 0, op->hi > 0};
        inputs[i] = random_below(random, 3) ? op->lo + (int64_t)random_below(random, span + 1)
                                            : corner[random_below(random, 4)];
    }
}

#endif
