/* The pass: each layer of the old program in the form that suits its reuse factor. */
#include "compiler/reuse/serial.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum form { FORM_UNROLLED, FORM_DIGITS, FORM_SERIAL };

/* What is decided about a layer before anything is made. */
struct choice {
    struct reuse_layer layer;
    enum form form;
    struct serial_plan *serial;
    int bits, cycles;  /* of a serial layer */
    bool links_to_next; /* all it gives goes to the next layer as digits */
};

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

/* ---- links ---- */

/* The one result of `layer` that old value v depends on; -1: none or several. */
static int find_result(const struct program *old, const struct reuse_layer *layer, int v)
{
    struct arena arena = {0};
    bool *needed = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *needed);
    int found = -1;
    needed[v] = v >= layer->block->first && v < layer->block->end;
    for (; v > layer->matvec && found > -2; v--) {
        const struct op *op = &old->ops[v];
        if (!needed[v]) continue;
        if (op->code == OP_RESULT && old->operands[op->operands] == layer->matvec) {
            found = found == -1 ? v : -2;
            continue;
        }
        for (int k = 0; k < op->operand_count; k++)
            needed[old->operands[op->operands + k]] = true;
    }
    arena_free(&arena);
    return found < 0 ? -1 : found;
}

/* Whether anything but the next layer's streamed operands needs a result of the layer. */
static bool is_needed_whole(struct reuse *r, const struct reuse_layer *layer,
                            const struct reuse_layer *next, const bool *is_streamed)
{
    const struct program *old = r->rewrite.old;
    struct arena arena = {0};
    bool *needed = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *needed), any = false;
    for (int i = 0; i < old->output_count; i++)
        needed[old->outputs[i].value] = true;
    for (int v = old->op_count - 1; v >= layer->block->first; v--) {
        const struct op *op = &old->ops[v];
        if (!r->live[v] || (!needed[v] && v < layer->block->end)) continue;
        for (int k = 0; k < op->operand_count; k++) {
            int a = old->operands[op->operands + k];
            if (v != next->matvec || !is_streamed[a]) needed[a] = true;
        }
    }
    for (int j = 0; j < layer->columns; j++)
        any = any || (layer->results[j] >= 0 && needed[layer->results[j]]);
    arena_free(&arena);
    return any;
}

/* Lets the next layer read this one's windows as digits, if it can read all it needs so. */
static void link_layers(struct reuse *r, struct choice *choice, const struct choice *next)
{
    const struct program *old = r->rewrite.old;
    struct serial_plan *plan = choice->serial;
    struct arena arena = {0};
    bool *is_streamed = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *is_streamed);
    int *value_of = arena_alloc(&arena, (size_t)choice->layer.columns + 1, sizeof *value_of);
    struct window *windows =
        arena_alloc(&arena, (size_t)choice->layer.columns + 1, sizeof *windows);
    bool links = true;
    for (int j = 0; j < choice->layer.columns; j++)
        value_of[j] = -1;
    for (int i = 0; i < next->layer.rows && links; i++) {
        int v = layer_operand(r, &next->layer, i);
        if (!next->layer.is_used[i] || is_streamed[v]) continue;
        int result = find_result(old, &choice->layer, v);
        int column = result >= 0 ? (int)old->ops[result].immediate : 0;
        links = result >= 0 && value_of[column] < 0 &&
                window_find(old, result, v, &windows[column]) &&
                windows[column].low >= plan->low;
        value_of[column] = v;
        is_streamed[v] = true;
    }
    choice->links_to_next =
        links && !is_needed_whole(r, &choice->layer, &next->layer, is_streamed);
    for (int j = 0; j < plan->graph->columns && choice->links_to_next; j++) {
        struct serial_column *column = &plan->columns[j];
        column->value = value_of[column->column];
        column->window = windows[column->column];
        if (column->value < 0) choice->links_to_next = false; /* a column nobody reads */
    }
    for (int j = 0; j < plan->graph->columns && !choice->links_to_next; j++)
        plan->columns[j].value = -1;
    arena_free(&arena);
}

/* ---- decisions ---- */

static int ceil_div(int a, int b)
{
    return (a + b - 1) / b;
}

/* Iterations until the sign, and the last digit of a window, have passed. */
static int cycles_for(const struct serial_plan *plan, int bits)
{
    int cycles = ceil_div(plan->bits_needed, bits);
    for (int j = 0; j < plan->graph->columns; j++) {
        const struct serial_column *column = &plan->columns[j];
        if (column->value < 0) continue;
        int end = ceil_div(column->window.low - plan->low, bits) +
                  ceil_div(column->window.width, bits);
        if (end > cycles) cycles = end;
    }
    return cycles;
}

/* Digits of one width along a chain of linked layers. */
static void choose_digits(struct choice *choices, int count)
{
    for (int i = 0; i < count;) {
        int end = i + 1, bits = 1;
        while (end < count && choices[end - 1].links_to_next)
            end++;
        for (int k = i; k < end && choices[k].form == FORM_SERIAL; k++)
            while (cycles_for(choices[k].serial, bits) > choices[k].layer.factor)
                bits++;
        for (; i < end; i++) {
            choices[i].bits = bits;
            if (choices[i].form == FORM_SERIAL)
                choices[i].cycles = cycles_for(choices[i].serial, bits);
        }
    }
}

static void decide(struct reuse *r, struct choice *choices, int count)
{
    const char *wanted = getenv("FORM");
    for (int i = 0; i < count; i++) {
        choices[i].layer.factor = r->options->reuse;
        choices[i].form = wanted && !strcmp(wanted, "serial") ? FORM_SERIAL : FORM_DIGITS;
        if (choices[i].form == FORM_SERIAL)
            choices[i].serial = serial_plan(r, &choices[i].layer);
    }
    for (int i = 0; i + 1 < count; i++)
        if (choices[i].form == FORM_SERIAL && choices[i + 1].form == FORM_SERIAL)
            link_layers(r, &choices[i], &choices[i + 1]);
    choose_digits(choices, count);
}

/* ---- making ---- */

static void copy_op(struct reuse *r, int value)
{
    r->rewrite.map[value] = rewrite_again(&r->rewrite, value);
}

static void copy_block(struct reuse *r, const struct block *block)
{
    program_begin_block(r->rewrite.program, block->name, block->kind);
    for (int v = block->first; v < block->end; v++)
        copy_op(r, v);
}

/* What stands before the matvec, the loop, what stands behind it. */
static void share_layer(struct reuse *r, struct choice *choice)
{
    struct rewrite *w = &r->rewrite;
    struct reuse_layer *layer = &choice->layer;
    int *results = arena_alloc(&w->arena, (size_t)layer->columns, sizeof *results);
    reuse_begin_block(r, layer, ".in", 1);
    for (int v = layer->block->first; v < layer->matvec; v++)
        copy_op(r, v);
    layer_bind(r, layer);
    if (choice->form == FORM_SERIAL)
        serial_emit(r, layer, choice->serial, choice->bits, choice->cycles, results);
    else
        digits_emit(r, layer, layer->factor, results);
    if (choice->links_to_next) return;
    reuse_begin_block(r, layer, ".out", 1);
    for (int v = layer->matvec + 1; v < layer->block->end; v++) {
        const struct op *op = &w->old->ops[v];
        if (!r->live[v]) continue;
        if (op->code == OP_RESULT && w->old->operands[op->operands] == layer->matvec)
            w->map[v] = results[op->immediate];
        else
            copy_op(r, v);
    }
}

static void make_blocks(struct reuse *r, struct choice *choices, int count)
{
    struct program *p = r->rewrite.program;
    const struct program *old = r->rewrite.old;
    int next = 0;
    for (int b = 0; b < old->block_count; b++) {
        if (next < count && choices[next].layer.block == &old->blocks[b])
            share_layer(r, &choices[next++]);
        else
            copy_block(r, &old->blocks[b]);
    }
    struct block *last = &p->blocks[p->block_count - 1];
    if (last->first == last->end) p->block_count--;
    for (int i = 0; i < old->output_count; i++)
        program_add_output(p, old->outputs[i].name, r->rewrite.map[old->outputs[i].value]);
}

struct program *reuse_program(const struct program *old, const struct compile_options *options)
{
    struct reuse r = {.options = options};
    struct rewrite *w = &r.rewrite;
    size_t count = (size_t)old->op_count + 1;
    w->old = old;
    w->program = program_new_like(old);
    w->program->matrix_count = w->program->table_count = 0;
    w->map = arena_alloc(&w->arena, count, sizeof *w->map);
    for (int v = 0; v < old->op_count; v++)
        w->map[v] = -1;
    r.live = arena_alloc(&w->arena, count, sizeof *r.live);
    r.streams = arena_alloc(&w->arena, count, sizeof *r.streams);
    program_find_live(old, true, r.live);
    r.forms = linear_new(w->program);
    struct choice *choices =
        arena_alloc(&w->arena, (size_t)old->block_count + 1, sizeof *choices);
    int layers = 0;
    for (int b = 0; b < old->block_count && options->reuse > 1; b++)
        layers += layer_find(&r, b, &choices[layers].layer);
    decide(&r, choices, layers);
    make_blocks(&r, choices, layers);
    for (int i = 0; i < layers; i++)
        serial_plan_free(choices[i].serial);
    linear_free(r.forms);
    arena_free(&w->arena);
    return w->program;
}
