/* Adder bits, registers and depth of a program, by the formulas of program.h. */
#include "compiler/program/internal.h"

#include <stdlib.h>

/* Position of the top bit of integers of [lo, hi] in units of 2^low, sign included. */
static int top_bit(const struct op *op, int low)
{
    return low + format_of_interval(op->lo, op->hi, 0).width_bits - 1;
}

bool op_is_complement(const struct program *p, int value)
{
    const struct op *r = &p->ops[value];
    if (r->code != OP_SUB || r->immediate != 0) return false;
    const struct op *a = program_operand(p, r, 0), *b = program_operand(p, r, 1);
    return a->code == OP_CONST && a->lo == -1 && op_fraction(a) == op_fraction(b);
}

int op_adder_bits(const struct program *p, int value)
{
    const struct op *r = &p->ops[value];
    if (op_is_complement(p, value)) return 0;
    if (r->code == OP_NEG) return format_of_interval(r->lo, r->hi, 0).width_bits;
    if (!op_is_sum(r)) return 0;
    int first = op_first_addend(r);
    const struct op *a = program_operand(p, r, first), *b = program_operand(p, r, first + 1);
    bool sub = op_subtracts(r);
    int low_a = -op_fraction(a), low_b = -op_fraction(b) + (int)r->immediate;
    int top = top_bit(r, -op_fraction(r)), top_a = top_bit(a, low_a), top_b = top_bit(b, low_b);
    int low = op_lowest_carry(p, value);
    bool apart = (top_a < low_b && a->lo >= 0) || (top_b < low_a && b->lo >= 0);
    int bits = !first && !sub && apart ? 0 : top - low + 1;
    if (first && -op_fraction(program_operand(p, r, 0)) != low)
        bits += top + op_fraction(program_operand(p, r, 0)) + 1;
    return bits > 0 ? bits : 0;
}

int op_lowest_carry(const struct program *p, int value)
{
    const struct op *r = &p->ops[value];
    int first = op_first_addend(r);
    int low_a = -op_fraction(program_operand(p, r, first));
    int low_b = -op_fraction(program_operand(p, r, first + 1)) + (int)r->immediate;
    return op_subtracts(r) || low_b > low_a ? low_b : low_a;
}

void program_register_bits(const struct program *p, long *bits)
{
    size_t ops = (size_t)p->op_count + 1;
    int *last = calloc(ops, sizeof *last), *root = calloc(ops, sizeof *root);
    if (!last || !root) abort();
    for (int value = 0; value < p->op_count; value++) {
        const struct op *op = &p->ops[value];
        root[value] = op->code == OP_SHIFT ? root[p->operands[op->operands]] : value;
        if (op->code == OP_SHIFT || op->code == OP_MATVEC) continue; /* their readers read */
        const struct op *reader = op->code == OP_RESULT ? program_operand(p, op, 0) : op;
        for (int i = 0; i < reader->operand_count; i++) {
            int a = root[p->operands[reader->operands + i]];
            if (op->stage > last[a]) last[a] = op->stage;
        }
    }
    for (int i = 0; i < p->output_count; i++)
        last[root[p->outputs[i].value]] = p->latency_cycles;
    for (int value = 0; value < p->op_count; value++) {
        const struct op *op = &p->ops[value];
        bool held = op->code != OP_CONST && op->code != OP_MATVEC && last[value] > op->stage;
        bits[value] = held ? (long)(last[value] - op->stage) * op->format.width_bits : 0;
    }
    free(last);
    free(root);
}

/* Registers of the values [first, end). */
static long count_registers(const struct program *p, int first, int end)
{
    long *bits = calloc((size_t)p->op_count + 1, sizeof *bits), sum = 0;
    if (!bits) abort();
    program_register_bits(p, bits);
    for (int value = first; value < end; value++)
        sum += bits[value];
    free(bits);
    return sum;
}

struct program_counts program_count(const struct program *p, int first, int end)
{
    struct program_counts counts = {0};
    int *depth = calloc((size_t)p->op_count + 1, sizeof *depth);
    if (!depth) abort();
    for (int value = first; value < end; value++) {
        const struct op *op = &p->ops[value];
        int bits = op_adder_bits(p, value);
        if (op->code != OP_INPUT && op->code != OP_CONST) counts.operations++;
        if (bits) counts.adders++;
        counts.adder_bits += bits;
        for (int i = 0; i < op->operand_count; i++) {
            int a = p->operands[op->operands + i];
            if (depth[a] > depth[value]) depth[value] = depth[a];
        }
        depth[value] += bits > 0;
        if (depth[value] > counts.depth) counts.depth = depth[value];
    }
    free(depth);
    if (p->latency_cycles) counts.register_bits = count_registers(p, first, end);
    return counts;
}
