#include "compiler/reuse/drain.h"

#include <assert.h>

struct drain drain_plan(struct reuse *r, const struct reuse_tail *tail, int cycles)
{
    struct drain drain = {.cycles = tail->count < cycles ? tail->count : cycles};
    drain.pipelines = (tail->count + drain.cycles - 1) / drain.cycles;
    drain.cycles = (tail->count + drain.pipelines - 1) / drain.pipelines;
    size_t places = (size_t)drain.pipelines * (size_t)drain.cycles, next = 0;
    drain.columns = arena_alloc(&r->rewrite.arena, places, sizeof *drain.columns);
    for (int j = 0; j < tail->columns; j++)
        if (tail->values[j] >= 0) drain.columns[next++] = j;
    while (next < places)
        drain.columns[next++] = -1;
    return drain;
}

void drain_begin(struct reuse *r, const struct reuse_layer *layer, const struct drain *drain)
{
    reuse_begin_block(r, layer, ".out", drain->cycles);
}

/* A memory of the pipeline's columns of which wanted[value] holds, and what writes it; their
 * places. Entries are in the order of the iterations. */
static void store_wanted(struct reuse *r, const struct reuse_layer *layer,
                         const struct reuse_tail *tail, const int *columns, int value,
                         const bool *wanted, enum memory_kind kind, struct reuse_place *places)
{
    struct program *p = r->rewrite.program;
    int cycles = reuse_trip(r), count = 0;
    int64_t *address = arena_alloc(&r->rewrite.arena, (size_t)cycles, sizeof *address);
    int64_t *enable = arena_alloc(&r->rewrite.arena, (size_t)cycles, sizeof *enable);
    for (int i = 0; i < cycles; i++) {
        enable[i] = columns[i] >= 0 && wanted[tail->values[columns[i]]];
        address[i] = enable[i] ? count : 0;
        count += (int)enable[i];
    }
    if (count == 0) return;
    const struct op *x = &p->ops[value];
    int memory = program_add_memory(p, layer->name, count, x->lo, x->hi, op_fraction(x), NULL);
    p->memories[memory].kind = kind;
    int place = count == cycles ? reuse_index(r) : reuse_constant(r, "control", address, 0);
    if (cycles == 1) place = program_add_const(p, 0, 0);
    program_add_store(p, memory, place, value, reuse_constant(r, "control", enable, 0));
    for (int i = 0; i < cycles; i++)
        if (enable[i])
            places[tail->values[columns[i]]] = (struct reuse_place){memory, (int)address[i]};
}

void drain_add(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail,
               const struct drain *drain, int pipeline, int sum, const struct dyadic *bias)
{
    const int *columns = drain_columns(drain, pipeline);
    int value = tail_emit(r, tail, sum, bias, columns);
    bool has_ram = r->options->target->ram_bits > 0;
    store_wanted(r, layer, tail, columns, value, r->wants_whole, MEMORY_REGISTERS, r->whole_places);
    store_wanted(r, layer, tail, columns, value, r->wants_memory,
                 has_ram ? MEMORY_BLOCK : MEMORY_REGISTERS, r->places);
}

/* A value from the registers that keep it, in its old format. */
static int load_whole(struct reuse *r, int old_value)
{
    struct program *p = r->rewrite.program;
    const struct op *x = &r->rewrite.old->ops[old_value];
    struct reuse_place place = r->whole_places[old_value];
    int value = program_add_load(p, place.memory, program_add_const(p, place.entry, 0));
    struct format format = format_of_interval(x->lo, x->hi, op_fraction(x));
    format.rounding = ROUND_TRN;
    format.overflow = OVERFLOW_WRAP;
    bool same = format_same_bits(p->ops[value].format, format);
    return same ? value : program_add_quantize(p, value, format);
}

void drain_end(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail)
{
    const struct program *old = r->rewrite.old;
    bool *leaves = arena_alloc(&r->rewrite.arena, (size_t)old->op_count + 1, sizeof *leaves);
    layer_find_leaving(r, layer, leaves);
    reuse_begin_block(r, layer, ".values", 1);
    for (int j = 0; j < tail->columns; j++) {
        int v = tail->values[j];
        if (v >= 0 && r->wants_whole[v]) r->rewrite.map[v] = load_whole(r, v);
    }
    for (int v = layer->matvec + 1; v < layer->block->end; v++) {
        const struct op *op = &old->ops[v];
        if (leaves[v] && op->lo == op->hi)
            r->rewrite.map[v] = program_add_const(r->rewrite.program, op->lo, op_fraction(op));
    }
}

/* The results that a pipeline takes in turn. */
static int pick_result(struct reuse *r, const int *columns, const int *results)
{
    struct program *p = r->rewrite.program;
    int cycles = reuse_trip(r);
    if (cycles == 1) return results[columns[0]];
    int *all = arena_alloc(&r->rewrite.arena, (size_t)cycles + 1, sizeof *all), any = -1;
    for (int i = 0; i < cycles; i++)
        if (columns[i] >= 0) any = results[columns[i]];
    assert(any >= 0);
    all[0] = reuse_index(r);
    for (int i = 0; i < cycles; i++)
        all[i + 1] = columns[i] >= 0 ? results[columns[i]] : any;
    return program_add_op(p, OP_PICK, all, cycles + 1, 0);
}

void drain_results(struct reuse *r, const struct reuse_layer *layer, const struct reuse_tail *tail,
                   const struct drain *drain, const int *results)
{
    drain_begin(r, layer, drain);
    for (int q = 0; q < drain->pipelines; q++) {
        int sum = pick_result(r, drain_columns(drain, q), results);
        drain_add(r, layer, tail, drain, q, sum, NULL);
    }
    drain_end(r, layer, tail);
}
