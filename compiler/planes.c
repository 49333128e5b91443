/* From a program to gates: every value as a list of planes, then rows for them. See planes.h. */
#include "compiler/planes.h"

#include "base/arena.h"
#include "base/error.h"
#include "compiler/planes_plan.h"
#include "compiler/program/internal.h"

#include <stdlib.h>
#include <string.h>

/* Planes while gates are made: numbers of gates' results; 0 and 1 are constants. */
typedef int plane;

struct value {
    plane *bits; /* lowest first */
    int width, fraction;
    bool is_signed;
};

struct builder {
    struct arena arena;
    const struct program *p;
    struct value *values;
    struct gate *gates; /* inputs are planes; gate i makes plane first_gate + i */
    size_t capacity;
    int count, first_gate;
};

/* ---- gates ----------------------------------------------------------------------------------- */

/* Drops input i of a table, of which only the half where the input is `bit` counts. */
static uint64_t drop_input(uint64_t table, int count, int i, int bit)
{
    uint64_t rest = 0;
    for (int k = 0; k < 1 << (count - 1); k++) {
        int low = k & ((1 << i) - 1), high = k >> i << (i + 1);
        rest |= (table >> (high | bit << i | low) & 1) << k;
    }
    return rest;
}

/* A conjunction or parity of the inputs? */
static void classify(struct gate *g)
{
    int entries = 1 << g->count, ones = 0, single = -1, hole = -1;
    bool odd = true, even = true;
    for (int k = 0; k < entries; k++) {
        bool bit = g->table >> k & 1, parity = __builtin_popcount((unsigned)k) & 1;
        ones += bit;
        if (bit) single = k;
        if (!bit) hole = k;
        odd = odd && bit == parity;
        even = even && bit != parity;
    }
    g->kind = GATE_TABLE;
    if (odd || even) {
        g->kind = GATE_XOR;
        g->flips = even;
    } else if (ones == 1 || ones == entries - 1) {
        int at = ones == 1 ? single : hole;
        g->kind = GATE_AND;
        g->flips = ones != 1;
        g->inverted = (uint8_t)(~at & (entries - 1));
    }
}

static plane mux(struct builder *b, plane condition, plane yes, plane no);

static plane table_of(struct builder *b, uint64_t table, const plane *inputs, int count)
{
    plane in[6];
    memcpy(in, inputs, (size_t)count * sizeof *in);
    for (int i = 0; i < count;) {
        uint64_t low = drop_input(table, count, i, 0), high = drop_input(table, count, i, 1);
        if (in[i] > 1 && low != high) {
            i++;
            continue;
        }
        table = in[i] == 1 ? high : low;
        memmove(in + i, in + i + 1, (size_t)(--count - i) * sizeof *in);
    }
    if (count == 0) return (plane)(table & 1);
    if (count == 1 && (table & 3) == 2) return in[0];
    if (count > GATE_INPUTS) {
        plane low = table_of(b, drop_input(table, count, count - 1, 0), in, count - 1);
        plane high = table_of(b, drop_input(table, count, count - 1, 1), in, count - 1);
        return mux(b, in[count - 1], high, low);
    }
    struct gate gate = {.count = (uint8_t)count, .table = (uint16_t)table};
    memcpy(gate.in, in, (size_t)count * sizeof *in);
    classify(&gate);
    b->gates = array_grow(b->gates, &b->capacity, (size_t)b->count + 1, sizeof *b->gates);
    b->gates[b->count] = gate;
    return b->first_gate + b->count++;
}

static plane gate3(struct builder *b, unsigned table, plane x, plane y, plane z)
{
    return table_of(b, table, (plane[]){x, y, z}, 3);
}

enum { /* tables of three inputs x, y, z (x lowest) */
       TABLE_SUM = 0x96,
       TABLE_CARRY = 0xe8,
       TABLE_DIFFERENCE = 0x96, /* x - y - z */
       TABLE_BORROW = 0xd4,     /* not x and (y or z), or y and z */
       TABLE_MUX = 0xca,        /* z ? y : x */
       TABLE_EQUAL = 0x90       /* z and x = y */
};

static plane mux(struct builder *b, plane condition, plane yes, plane no)
{
    return gate3(b, TABLE_MUX, no, yes, condition);
}

/* ---- values ---------------------------------------------------------------------------------- */

static struct value new_value(struct builder *b, const struct op *op)
{
    return (struct value){
        .bits = arena_alloc(&b->arena, (size_t)op->format.width_bits + 1, sizeof(plane)),
        .width = op->format.width_bits,
        .fraction = op_fraction(op),
        .is_signed = op->format.is_signed};
}

/* Bit i of a value in units of 2^-fraction, extended both ways. */
static plane bit_at(const struct value *v, int i, int fraction)
{
    int at = i - (fraction - v->fraction);
    if (at < 0 || v->width == 0) return 0;
    if (at < v->width) return v->bits[at];
    return v->is_signed ? v->bits[v->width - 1] : 0;
}

/* to = a + b or a - b (subtract), with a carry or borrow that comes in. */
static void add(struct builder *b, struct value *to, const struct value *x, const struct value *y,
                plane carry, bool subtract)
{
    for (int i = 0; i < to->width; i++) {
        plane p = bit_at(x, i, to->fraction), q = bit_at(y, i, to->fraction);
        to->bits[i] = gate3(b, subtract ? TABLE_DIFFERENCE : TABLE_SUM, p, q, carry);
        if (i + 1 < to->width) carry = gate3(b, subtract ? TABLE_BORROW : TABLE_CARRY, p, q, carry);
    }
}

static int max_int(int a, int b)
{
    return a > b ? a : b;
}

/* x < y, or x <= y where `equal` is 1. */
static plane less(struct builder *b, const struct value *x, const struct value *y, plane equal)
{
    int fraction = max_int(x->fraction, y->fraction);
    int top = max_int(x->width + fraction - x->fraction, y->width + fraction - y->fraction);
    plane result = equal;
    for (int i = 0; i <= top; i++) {
        plane p = bit_at(x, i, fraction), q = bit_at(y, i, fraction);
        /* The borrow of x - y; at the sign it is x that is less. */
        result =
            i < top ? gate3(b, TABLE_BORROW, p, q, result) : gate3(b, TABLE_BORROW, q, p, result);
    }
    return result;
}

static plane equal(struct builder *b, const struct value *x, const struct value *y)
{
    int fraction = max_int(x->fraction, y->fraction);
    int top = max_int(x->width + fraction - x->fraction, y->width + fraction - y->fraction);
    plane result = 1;
    for (int i = 0; i <= top; i++)
        result = gate3(b, TABLE_EQUAL, bit_at(x, i, fraction), bit_at(y, i, fraction), result);
    return result;
}

static void select_value(struct builder *b, struct value *to, plane condition,
                         const struct value *yes, const struct value *no)
{
    for (int i = 0; i < to->width; i++)
        to->bits[i] = mux(b, condition, bit_at(yes, i, to->fraction), bit_at(no, i, to->fraction));
}

/* Number of ones, bit by bit. */
static void count_ones(struct builder *b, struct value *to, const struct value *x)
{
    for (int k = 0; k < x->width; k++) {
        plane carry = x->bits[k];
        for (int i = 0; i < to->width; i++) {
            plane old = to->bits[i];
            to->bits[i] = gate3(b, TABLE_SUM, old, carry, 0);
            carry = gate3(b, TABLE_CARRY, old, carry, 0);
        }
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

static const struct value *operand(const struct builder *b, const struct op *op, int i)
{
    return &b->values[b->p->operands[op->operands + i]];
}

static void add_operation(struct builder *b, struct value *to, const struct op *op)
{
    bool subtract = op->code == OP_SUB || op->code == OP_SBB || op->code == OP_NEG;
    bool carries = op->code == OP_ADC || op->code == OP_SBB;
    struct value zero = {.fraction = to->fraction};
    if (op->code == OP_NEG) {
        add(b, to, &zero, operand(b, op, 0), 0, true);
        return;
    }
    const struct value *x = operand(b, op, carries), *carry = operand(b, op, 0);
    struct value y = *operand(b, op, carries + 1);
    y.fraction -= (int)op->immediate;
    plane in = carries && carry->fraction == to->fraction ? bit_at(carry, 0, to->fraction) : 0;
    add(b, to, x, &y, in, subtract);
    if (!carries || carry->fraction == to->fraction) return;
    struct value sum = *to; /* a carry that is not of the sum's unit */
    sum.bits = arena_alloc(&b->arena, (size_t)to->width + 1, sizeof(plane));
    memcpy(sum.bits, to->bits, (size_t)to->width * sizeof(plane));
    add(b, to, &sum, carry, 0, subtract);
}

static void bitwise(struct builder *b, struct value *to, const struct op *op)
{
    static const uint8_t tables[OP_COUNT] = {[OP_AND] = 8, [OP_OR] = 14, [OP_XOR] = 6};
    for (int i = 0; i < to->width; i++) {
        const struct value *x = operand(b, op, 0);
        plane in[2] = {i < x->width ? x->bits[i] : 0, 0};
        if (op->code == OP_NOT) {
            to->bits[i] = table_of(b, 1, in, 1);
            continue;
        }
        const struct value *y = operand(b, op, 1);
        in[1] = i < y->width ? y->bits[i] : 0;
        to->bits[i] = table_of(b, tables[op->code], in, 2);
    }
}

static void concat(struct builder *b, struct value *to, const struct op *op)
{
    int at = 0;
    for (int k = 0; k < op->operand_count; k++) {
        const struct value *x = operand(b, op, k);
        for (int i = 0; i < x->width && at < to->width; i++)
            to->bits[at++] = x->bits[i];
    }
}

static void lut(struct builder *b, struct value *to, const struct op *op)
{
    plane in[6];
    for (int k = 0; k < op->operand_count; k++)
        in[k] = operand(b, op, k)->bits[0];
    to->bits[0] = table_of(b, (uint64_t)op->immediate, in, op->operand_count);
}

/* False: not an operation for planes. */
static bool add_value(struct builder *b, int index)
{
    const struct op *op = &b->p->ops[index];
    struct value to = new_value(b, op);
    switch (op->code) {
    case OP_INPUT: return true; /* add_inputs() */
    case OP_CONST:
        for (int i = 0; i < to.width; i++)
            to.bits[i] = (plane)(op->immediate >> i & 1);
        break;
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB:
    case OP_NEG: add_operation(b, &to, op); break;
    case OP_SHIFT:
        memcpy(to.bits, operand(b, op, 0)->bits, (size_t)to.width * sizeof(plane));
        break;
    case OP_LT: to.bits[0] = less(b, operand(b, op, 0), operand(b, op, 1), 0); break;
    case OP_LE: to.bits[0] = less(b, operand(b, op, 0), operand(b, op, 1), 1); break;
    case OP_EQ: to.bits[0] = equal(b, operand(b, op, 0), operand(b, op, 1)); break;
    case OP_MIN:
    case OP_MAX: {
        const struct value *x = operand(b, op, 0), *y = operand(b, op, 1);
        plane x_less = less(b, x, y, 0);
        select_value(b, &to, x_less, op->code == OP_MIN ? x : y, op->code == OP_MIN ? y : x);
        break;
    }
    case OP_SELECT:
        select_value(b, &to, operand(b, op, 0)->bits[0], operand(b, op, 1), operand(b, op, 2));
        break;
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_NOT: bitwise(b, &to, op); break;
    case OP_POPCOUNT: count_ones(b, &to, operand(b, op, 0)); break;
    case OP_LUT: lut(b, &to, op); break;
    case OP_CONCAT: concat(b, &to, op); break;
    case OP_SLICE: {
        const struct value *x = operand(b, op, 0);
        for (int i = 0; i < to.width; i++)
            to.bits[i] = bit_at(x, i + (int)op->immediate, x->fraction);
        break;
    }
    case OP_MUL:
    case OP_MATVEC:
    case OP_RESULT:
    case OP_QUANTIZE:
    case OP_TABLE:
    case OP_COUNT: return false;
    }
    b->values[index] = to;
    return true;
}

static void add_inputs(struct builder *b)
{
    plane next = 2;
    for (int k = 0; k < b->p->input_count; k++) {
        int index = b->p->inputs[k].value;
        struct value *value = &b->values[index];
        *value = new_value(b, &b->p->ops[index]);
        for (int i = 0; i < value->width; i++)
            value->bits[i] = next++;
    }
    b->first_gate = next;
}

/* ---- rows ------------------------------------------------------------------------------------ */

struct rows {
    int *of;    /* row of each plane, -1: none yet */
    int *uses;  /* how many readers a plane still has */
    int *spare; /* rows that are free again */
    int spare_count, count;
};

static int take_row(struct rows *r)
{
    return r->spare_count ? r->spare[--r->spare_count] : r->count++;
}

static void release(struct rows *r, plane p)
{
    if (p > 1 && --r->uses[p] == 0) r->spare[r->spare_count++] = r->of[p];
}

static void count_uses(const struct builder *b, struct rows *r)
{
    for (int k = 0; k < b->p->output_count; k++) {
        const struct value *v = &b->values[b->p->outputs[k].value];
        for (int i = 0; i < v->width; i++)
            r->uses[v->bits[i]]++;
    }
    for (int g = b->count - 1; g >= 0; g--) /* gates that nobody reads are left out */
        for (int i = 0; i < b->gates[g].count && r->uses[b->first_gate + g]; i++)
            r->uses[b->gates[g].in[i]]++;
}

static struct plane_port port(const struct value *v, const struct rows *r, int *rows, int *count)
{
    struct plane_port port = {.first = *count, .width = v->width, .is_signed = v->is_signed};
    for (int i = 0; i < v->width; i++)
        rows[(*count)++] = r->of[v->bits[i]];
    return port;
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count + 1, size);
    if (!memory) fail("out of memory");
    return memory;
}

static void place_gates(struct builder *b, struct planes *planes, struct rows *r)
{
    for (int g = 0; g < b->count; g++) {
        struct gate gate = b->gates[g];
        if (!r->uses[b->first_gate + g]) continue;
        for (int i = 0; i < gate.count; i++)
            gate.in[i] = r->of[b->gates[g].in[i]];
        for (int i = 0; i < gate.count; i++)
            release(r, b->gates[g].in[i]);
        gate.to = r->of[b->first_gate + g] = take_row(r);
        planes->gates[planes->gate_count++] = gate;
    }
}

static struct planes *place(struct builder *b)
{
    const struct program *p = b->p;
    size_t planes_made = (size_t)(b->first_gate + b->count), bits = 0;
    struct planes *planes = allocate(1, sizeof *planes);
    struct rows r = {.of = arena_alloc(&b->arena, planes_made, sizeof *r.of),
                     .uses = arena_alloc(&b->arena, planes_made, sizeof *r.uses),
                     .spare = arena_alloc(&b->arena, planes_made, sizeof *r.spare),
                     .count = b->first_gate};
    for (int k = 0; k < b->first_gate; k++)
        r.of[k] = k;
    count_uses(b, &r);
    for (int k = 0; k < p->input_count; k++)
        bits += (size_t)b->values[p->inputs[k].value].width;
    for (int k = 0; k < p->output_count; k++)
        bits += (size_t)b->values[p->outputs[k].value].width;
    planes->program = p;
    planes->gates = allocate((size_t)b->count, sizeof *planes->gates);
    planes->rows = allocate(bits, sizeof *planes->rows);
    planes->inputs = allocate((size_t)p->input_count, sizeof *planes->inputs);
    planes->outputs = allocate((size_t)p->output_count, sizeof *planes->outputs);
    int count = 0;
    for (int k = 0; k < p->input_count; k++)
        planes->inputs[k] = port(&b->values[p->inputs[k].value], &r, planes->rows, &count);
    place_gates(b, planes, &r);
    for (int k = 0; k < p->output_count; k++)
        planes->outputs[k] = port(&b->values[p->outputs[k].value], &r, planes->rows, &count);
    planes->row_count = r.count;
    return planes;
}

bool planes_gain(const struct program *program)
{
    int luts = 0;
    for (int i = 0; i < program->op_count; i++)
        luts += program->ops[i].code == OP_LUT;
    return 2 * luts > program->op_count;
}

struct planes *planes_new(const struct program *program)
{
    struct builder b = {.p = program};
    struct planes *planes = NULL;
    bool fits = true;
    b.values = arena_alloc(&b.arena, (size_t)program->op_count + 1, sizeof *b.values);
    add_inputs(&b);
    for (int i = 0; i < program->op_count && fits; i++)
        fits = add_value(&b, i);
    if (fits) planes = place(&b);
    free(b.gates);
    arena_free(&b.arena);
    return planes;
}

void planes_free(struct planes *planes)
{
    if (!planes) return;
    free(planes->gates);
    free(planes->rows);
    free(planes->inputs);
    free(planes->outputs);
    free(planes);
}
