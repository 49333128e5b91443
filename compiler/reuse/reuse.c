/* The pass: each layer of the old program in the form its reuse factor asks for. */
#include "compiler/reuse/internal.h"

#include <stdlib.h>
#include <string.h>

void reuse_begin_block(struct reuse *r, const struct reuse_layer *layer, const char *suffix,
                       int trip)
{
    struct program *p = r->rewrite.program;
    const char *name = arena_printf(&p->arena, "%s%s", layer->name, suffix);
    struct block *last = p->block_count ? &p->blocks[p->block_count - 1] : NULL;
    if (last && trip == 1 && last->trip == 1 && !strcmp(last->name, name)) return;
    if (last && last->first == last->end) p->block_count--;
    program_begin_loop(p, name, layer->kind, trip);
}

static void copy_op(struct reuse *r, int value)
{
    struct rewrite *w = &r->rewrite;
    w->map[value] = rewrite_again(w, value);
}

static void copy_block(struct reuse *r, const struct block *block)
{
    program_begin_block(r->rewrite.program, block->name, block->kind);
    for (int v = block->first; v < block->end; v++)
        copy_op(r, v);
}

/* What stands before the matvec, the loops, what stands behind it. */
static void share_layer(struct reuse *r, struct reuse_layer *layer)
{
    struct rewrite *w = &r->rewrite;
    const struct program *old = w->old;
    int *results = arena_alloc(&w->arena, (size_t)layer->columns, sizeof *results);
    reuse_begin_block(r, layer, ".in", 1);
    for (int v = layer->block->first; v < layer->matvec; v++)
        copy_op(r, v);
    layer_bind(r, layer);
    if (getenv("SERIAL"))
        serial_emit(r, layer, layer->factor, results);
    else
        digits_emit(r, layer, layer->factor, results);
    reuse_begin_block(r, layer, ".out", 1);
    for (int v = layer->matvec + 1; v < layer->block->end; v++) {
        const struct op *op = &old->ops[v];
        if (op->code == OP_RESULT && old->operands[op->operands] == layer->matvec)
            w->map[v] = results[op->immediate];
        else
            copy_op(r, v);
    }
}

struct program *reuse_program(const struct program *old, const struct compile_options *options)
{
    struct reuse r = {.options = options};
    struct rewrite *w = &r.rewrite;
    w->old = old;
    w->program = program_new_like(old);
    w->program->matrix_count = w->program->table_count = 0;
    w->map = arena_alloc(&w->arena, (size_t)old->op_count + 1, sizeof *w->map);
    r.forms = linear_new(w->program);
    for (int b = 0; b < old->block_count; b++) {
        struct reuse_layer layer;
        if (options->reuse > 1 && layer_find(&r, b, &layer)) {
            layer.factor = options->reuse;
            share_layer(&r, &layer);
        } else {
            copy_block(&r, &old->blocks[b]);
        }
    }
    struct block *last = &w->program->blocks[w->program->block_count - 1];
    if (last->first == last->end) w->program->block_count--;
    for (int i = 0; i < old->output_count; i++)
        program_add_output(w->program, old->outputs[i].name, w->map[old->outputs[i].value]);
    linear_free(r.forms);
    arena_free(&w->arena);
    return w->program;
}
