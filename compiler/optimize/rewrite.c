/* The walk over an old program that fills a new one. */
#include "compiler/optimize/rewrite.h"

#include <assert.h>

struct program *rewrite_program(const struct program *old, rewrite_function *function, void *pass)
{
    struct rewrite r = {.old = old, .program = program_new_like(old), .pass = pass};
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
