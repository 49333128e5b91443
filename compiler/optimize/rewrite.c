/* The walk over an old program that fills a new one. */
#include "compiler/optimize/rewrite.h"

#include <assert.h>

struct program *rewrite_program(const struct program *old, rewrite_function *function, void *pass)
{
    struct rewrite r = {.old = old, .program = program_new_like(old), .pass = pass};
    /* Only the matrices and tables that are still read come back, one by one. */
    r.program->matrix_count = r.program->table_count = 0;
    r.map = arena_alloc(&r.arena, (size_t)old->op_count + 1, sizeof *r.map);
    for (int i = 0; i < old->op_count; i++)
        r.map[i] = -1;
    for (int b = 0; b < old->block_count; b++) {
        const struct block *block = &old->blocks[b];
        program_begin_block(r.program, block->name, block->kind);
        for (int i = block->first; i < block->end; i++)
            r.map[i] = function(&r, i);
        struct block *added = &r.program->blocks[r.program->block_count - 1];
        if (added->first == added->end) r.program->block_count--;
    }
    for (int i = 0; i < old->output_count; i++) {
        int value = r.map[old->outputs[i].value];
        assert(value >= 0);
        program_add_output(r.program, old->outputs[i].name, value);
    }
    arena_free(&r.arena);
    return r.program;
}

/* The operand may have got other fraction bits, its real values being the same. */
static int table_again(struct rewrite *r, const struct op *op, int operand)
{
    const struct table *table = &r->old->tables[op->immediate];
    int coarser =
        op_fraction(program_operand(r->old, op, 0)) - op_fraction(&r->program->ops[operand]);
    if (coarser < 0) { /* bits that are always 0 */
        operand =
            rewrite_truncate(r->program, operand, op_fraction(&r->program->ops[operand]) + coarser);
        coarser = 0;
    }
    const struct op *x = &r->program->ops[operand];
    int64_t lo = x->lo, hi = x->hi, last = table->first + table->count - 1;
    int64_t *entries = arena_alloc(&r->arena, (size_t)(hi - lo + 1), sizeof *entries);
    for (int64_t n = lo; n <= hi; n++) {
        int64_t known = n * ((int64_t)1 << coarser);
        known = known < table->first ? table->first : known > last ? last : known;
        entries[n - lo] = table->entries[known - table->first];
    }
    return program_add_table(r->program, operand, table->name, entries, table->format);
}

int rewrite_again(struct rewrite *r, int value)
{
    const struct op *op = &r->old->ops[value];
    if (op->code == OP_INPUT || op->code == OP_CONST || op->code == OP_MATVEC)
        return rewrite_copy(r, value);
    int operands[3] = {-1, -1, -1};
    int *all = operands;
    if (op->operand_count > 3) all = arena_alloc(&r->arena, (size_t)op->operand_count, sizeof *all);
    for (int i = 0; i < op->operand_count; i++)
        all[i] = rewrite_operand(r, op, i);
    if (op->code == OP_QUANTIZE) return program_add_quantize(r->program, all[0], op->format);
    if (op->code == OP_SLICE)
        return program_add_slice(r->program, all[0], (int)op->immediate, op->format);
    if (op->code == OP_TABLE) return table_again(r, op, all[0]);
    return program_add_op(r->program, op->code, all, op->operand_count, op->immediate);
}

int rewrite_truncate(struct program *p, int value, int fraction_bits)
{
    struct op x = p->ops[value];
    struct format whole = {63, 63 - fraction_bits, true, ROUND_TRN, OVERFLOW_WRAP};
    struct format format =
        format_of_interval(program_quantize_integer(x.lo, op_fraction(&x), whole),
                           program_quantize_integer(x.hi, op_fraction(&x), whole), fraction_bits);
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    return program_add_quantize(p, value, format);
}

int *count_users(struct arena *arena, const struct program *program)
{
    int *users = arena_alloc(arena, (size_t)program->op_count + 1, sizeof *users);
    for (int i = 0; i < program->op_count; i++)
        for (int k = 0; k < program->ops[i].operand_count; k++)
            users[program->operands[program->ops[i].operands + k]]++;
    for (int i = 0; i < program->output_count; i++)
        users[program->outputs[i].value]++;
    return users;
}
