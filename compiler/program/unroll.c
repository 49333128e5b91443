/* Loops written out: the straight-line program that a program with loops means. */
#include "compiler/program/internal.h"

#include <assert.h>
#include <string.h>

struct unroll {
    const struct program *old;
    struct program *program;
    struct statics *statics;
    struct arena arena;
    int *map;       /* of old values, in the iteration at hand: new ones */
    int *updated;   /* of old states: what they are in the next iteration */
    int **memories; /* of each memory's entries: new values, -1 not written */
    int *operands;  /* of the op being copied */
    int iteration;
};

/* The operand with the very format that the reader's bits are counted in. */
static int with_format(struct unroll *u, int value, struct format format)
{
    if (format_same_bits(u->program->ops[value].format, format)) return value;
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return program_add_quantize(u->program, value, format);
}

static int64_t static_of(const struct unroll *u, int value)
{
    const int64_t *integers = statics_of(u->statics, value);
    assert(integers); /* a checked program */
    return integers[u->old->ops[value].code == OP_CONST ? 0 : u->iteration];
}

/* The value that a choice with a known outcome comes to; -1: none. */
static int chosen(const struct unroll *u, const struct op *op)
{
    const struct op *condition = &u->program->ops[u->operands[0]];
    if ((op->code != OP_SELECT && op->code != OP_PICK) || condition->lo != condition->hi) return -1;
    int64_t number = op->code == OP_PICK ? condition->lo + 1 : condition->lo ? 1 : 2;
    int value = u->operands[number];
    return op_fraction(&u->program->ops[value]) == op_fraction(op) ? value : -1;
}

static int copy_op(struct unroll *u, int value)
{
    struct program *p = u->program;
    const struct op *op = &u->old->ops[value];
    for (int k = 0; k < op->operand_count; k++) {
        int a = u->old->operands[op->operands + k];
        u->operands[k] = op_reads_bits(op->code) && p->ops[u->map[a]].code != OP_MATVEC
                             ? with_format(u, u->map[a], u->old->ops[a].format)
                             : u->map[a];
    }
    int copy = op->operand_count ? chosen(u, op) : -1;
    if (copy >= 0) return copy;
    if (op->code == OP_QUANTIZE) return program_add_quantize(p, u->operands[0], op->format);
    if (op->code == OP_SLICE)
        return program_add_slice(p, u->operands[0], (int)op->immediate, op->format);
    int64_t immediate = op->immediate;
    if (op->code == OP_MATVEC)
        immediate = program_append_matrix(p, &u->old->matrices[op->immediate]);
    if (op->code == OP_TABLE) immediate = program_append_table(p, &u->old->tables[op->immediate]);
    copy = program_add_op(p, op->code, u->operands, op->operand_count, immediate);
    if (op->code == OP_MATVEC) return copy;
    const struct op *new = &p->ops[copy];
    if (new->lo == new->hi && op->operand_count)
        return program_add_const(p, new->lo, op_fraction(new));
    int64_t lo = op->lo > new->lo ? op->lo : new->lo, hi = op->hi < new->hi ? op->hi : new->hi;
    if (op_fraction(new) == op_fraction(op) && lo <= hi) program_narrow(p, copy, lo, hi);
    return copy;
}

/* Entry of a loadable memory: of today's contents. */
static int load_contents(struct unroll *u, const struct op *op)
{
    struct program *p = u->program;
    const struct memory *m = &u->old->memories[op->immediate];
    int fraction = format_fraction_bits(m->format);
    int address = u->map[u->old->operands[op->operands]];
    const struct op *x = &p->ops[address];
    int value = x->lo == x->hi
                    ? program_add_const(p, m->contents[x->lo], fraction)
                    : program_add_table(p, address, m->name, m->contents + x->lo, m->format);
    if (op->operand_count == 1) return value;
    int condition = u->map[u->old->operands[op->operands + 1]], zero;
    zero = program_add_const(p, 0, fraction);
    const struct op *c = &p->ops[condition];
    if (c->lo == c->hi) return c->lo ? value : zero;
    return program_add_op(p, OP_SELECT, (int[]){condition, value, zero}, 3, 0);
}

static int unroll_op(struct unroll *u, int value)
{
    const struct op *op = &u->old->ops[value];
    const int *operands = u->old->operands + op->operands;
    switch (op->code) {
    case OP_INPUT: {
        int input = program_copy_op(u->program, u->old, value, u->map);
        u->program->ops[input].stage = -1;
        return input;
    }
    case OP_CONST: return program_add_const(u->program, op->immediate, op_fraction(op));
    case OP_INDEX: return program_add_const(u->program, u->iteration, 0);
    case OP_STATE: return u->iteration ? u->updated[value] : u->map[operands[0]];
    case OP_UPDATE: return u->map[operands[1]];
    case OP_LOAD: {
        const struct memory *m = &u->old->memories[op->immediate];
        if (m->contents) return load_contents(u, op);
        if (op->operand_count > 1 && !static_of(u, operands[1]))
            return program_add_const(u->program, 0, format_fraction_bits(m->format));
        return u->memories[op->immediate][static_of(u, operands[0])];
    }
    case OP_STORE:
        if (static_of(u, operands[2]))
            u->memories[op->immediate][static_of(u, operands[0])] = u->map[operands[1]];
        return u->map[operands[1]];
    default: return copy_op(u, value);
    }
}

static void unroll_block(struct unroll *u, const struct block *block)
{
    program_begin_block(u->program, block->name, block->kind);
    for (u->iteration = 0; u->iteration < block->trip; u->iteration++) {
        for (int v = block->first; v < block->end; v++)
            u->map[v] = unroll_op(u, v);
        for (int v = block->first; v < block->end; v++)
            if (u->old->ops[v].code == OP_UPDATE)
                u->updated[u->old->operands[u->old->ops[v].operands]] = u->map[v];
    }
}

struct program *program_unroll(const struct program *old, int *values)
{
    struct unroll u = {.old = old, .program = program_new_like(old), .statics = statics_new(old)};
    size_t count = (size_t)old->op_count + 1;
    u.map = arena_alloc(&u.arena, count, sizeof *u.map);
    u.updated = arena_alloc(&u.arena, count, sizeof *u.updated);
    u.operands = arena_alloc(&u.arena, (size_t)old->operand_count + 1, sizeof *u.operands);
    u.memories = arena_alloc(&u.arena, (size_t)old->memory_count + 1, sizeof *u.memories);
    for (int m = 0; m < old->memory_count; m++) {
        int entries = old->memories[m].entries;
        u.memories[m] = arena_alloc(&u.arena, (size_t)entries, sizeof(int));
        for (int i = 0; i < entries; i++)
            u.memories[m][i] = -1;
    }
    u.program->matrix_count = u.program->table_count = u.program->memory_count = 0;
    u.program->latency_cycles = 0;
    u.program->interval_cycles = 1;
    for (int b = 0; b < old->block_count; b++)
        unroll_block(&u, &old->blocks[b]);
    for (int i = 0; i < old->output_count; i++)
        program_add_output(u.program, old->outputs[i].name, u.map[old->outputs[i].value]);
    if (values) memcpy(values, u.map, (size_t)old->op_count * sizeof *values);
    statics_free(u.statics);
    arena_free(&u.arena);
    return u.program;
}
