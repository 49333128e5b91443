/* Large ensembles on a reuse factor: trees in tables of block memory, walked by a few engines, each
 * of which begins a tree every cycle.
 *
 * An engine is a pipeline with a table for every level of its trees. The word for the node that an
 * event has come to holds a feature's number and a limit; the feature is picked, compared, and the
 * outcome is one more bit of the next level's address, beside the number of the tree, which is the
 * number of the iteration. The last table gives what the leaf adds to each score. Trees that end
 * early go on to the left until they have the depth of the others. */
#include "compiler/trees/walk.h"

#include <string.h>

/* Tables of so few bits are logic. */
enum { LOGIC_BITS = 512 };

/* ---- engines --------------------------------------------------------------------------------- */

/* A loadable table of all entries that the address can number. */
static int load_from(struct walker *w, int address, const char *name, const int64_t *words,
                     int count, int64_t lo, int64_t hi, int fraction)
{
    struct program *p = w->m->l->program;
    int entries = 1 << p->ops[address].format.width_bits;
    int64_t *contents = arena_alloc(&w->m->l->arena, (size_t)entries, sizeof *contents);
    memcpy(contents, words, (size_t)count * sizeof *contents);
    int memory = program_add_memory(p, name, entries, lo, hi, fraction, contents);
    p->memories[memory].kind = lowering_memory_kind(w->m->l->options->target, entries,
                                                    p->memories[memory].format.width_bits);
    return program_add_load(p, memory, address);
}

static int address_of(struct walker *w, const int *bits, int level, int index)
{
    int operands[WALK_MOST_DEPTH + 1];
    if (!level) return index;
    memcpy(operands, bits, (size_t)level * sizeof *operands);
    operands[level] = index;
    return program_add_op(w->m->l->program, OP_CONCAT, operands, level + 1, 0);
}

/* A table of constants, its words unsigned. */
static int look_up(struct walker *w, int address, const char *name, const int64_t *words, int width)
{
    struct program *p = w->m->l->program;
    int table = program_add_table(p, address, name, words, format_make(false, width, width));
    long stored = (long)(p->ops[address].hi + 1) * width;
    p->tables[p->ops[table].immediate].in_block =
        w->m->l->options->target->ram_bits && stored > LOGIC_BITS;
    return table;
}

static int node_word(struct walker *w, int engine, const int *bits, int level, int index)
{
    int address = address_of(w, bits, level, index), width = walk_word_bits(w);
    const int64_t *words = walk_level(w, engine, level);
    if (!w->is_loadable) return look_up(w, address, "nodes", words, width);
    const char *name =
        arena_printf(&w->m->l->arena, "%s.nodes_%d_%d", w->m->layer->name, engine, level);
    return load_from(w, address, name, words, w->trip << level, 0, ((int64_t)1 << width) - 1, 0);
}

/* The value that the word's feature number chooses among `values` [features]. */
static int pick(struct walker *w, int feature, const int *values)
{
    int count = 1 << w->feature_bits;
    if (feature < 0) return values[0];
    int *operands = arena_alloc(&w->m->l->arena, (size_t)count + 1, sizeof *operands);
    operands[0] = feature;
    for (int f = 0; f < count; f++)
        operands[1 + f] = values[f < w->features ? f : 0];
    return program_add_op(w->m->l->program, OP_PICK, operands, count + 1, 0);
}

/* Whether the event goes left from the node that the word is. */
static int ask(struct walker *w, int word)
{
    struct program *p = w->m->l->program;
    int width = w->limit_format.width_bits, bits = w->feature_bits;
    int limit = lower_field(p, word, 0, w->limit_format);
    int feature = bits ? lower_field(p, word, width, format_make(false, bits, bits)) : -1;
    int below = program_add2(p, OP_LE, pick(w, feature, w->integers), limit, 0);
    if (!w->has_missing) return below;
    int left = lower_field(p, word, width + bits, format_make(false, 1, 1));
    int choice[3] = {pick(w, feature, w->is_zero), left, below};
    return program_add_op(p, OP_SELECT, choice, 3, 0);
}

/* Whether this iteration's tree has that target: a bit, -1: in all iterations. */
static int has_target(struct walker *w, int engine, int index, int target)
{
    struct program *p = w->m->l->program;
    const int *targets = w->targets + engine * w->trip;
    int64_t *is_target = arena_alloc(&w->m->l->arena, (size_t)w->trip, sizeof *is_target);
    bool always = true;
    for (int t = 0; t < w->trip; t++) {
        is_target[t] = targets[t] == target;
        /* where there is never a tree the leaves are 0 */
        always = always && (targets[t] == target || targets[t] == WALK_NONE);
    }
    if (always && !w->is_loadable) return -1;
    return program_add_table(p, index, "targets", is_target, format_make(false, 1, 1));
}

/* Adds up over the iterations; the sum so far, this iteration's included. */
static int accumulate(struct walker *w, int addend, int64_t least, int64_t most)
{
    struct program *p = w->m->l->program;
    int state = program_add_state(p, program_add_const(p, 0, w->m->fraction), least, most);
    int sum = program_add2(p, OP_ADD, state, addend, 0);
    program_narrow(p, sum, least, most);
    program_add_update(p, state, sum);
    return sum;
}

/* The value of the leaf, of score k or (k < 0) the tree's own; -1: it is always 0. */
static int leaf_word(struct walker *w, int engine, const int *bits, int index, int k,
                     const struct walk_leaves *leaves)
{
    int width = walk_bits(leaves->most), fraction = w->m->fraction;
    if (w->is_loadable) {
        const char *name = arena_printf(&w->m->l->arena, "%s.leaves_%d", w->m->layer->name, engine);
        if (k >= 0) name = arena_printf(&w->m->l->arena, "%s_%d", name, k);
        return load_from(w, address_of(w, bits, w->depth, index), name, leaves->values,
                         w->trip << w->depth, w->m->leaf_lo, w->m->leaf_hi, fraction);
    }
    if (!width) return -1;
    int word = look_up(w, address_of(w, bits, w->depth, index), "leaves", leaves->values, width);
    return program_add_slice(w->m->l->program, word, 0,
                             format_make(false, width, width - fraction));
}

/* How many slots of the engine add to a score of their own, and to all. */
static int count_slots(const struct walker *w, int engine, int target)
{
    int count = 0;
    for (int t = 0; t < w->trip; t++)
        count += w->targets[engine * w->trip + t] == target;
    return count;
}

/* What the engine's trees of one score add to it in this iteration; -1: nothing. */
static int gated(struct walker *w, int engine, int index, int word, int k)
{
    struct program *p = w->m->l->program;
    int condition = has_target(w, engine, index, k);
    if (condition < 0) return word;
    int zero = program_add_const(p, 0, w->m->fraction);
    return program_add_op(p, OP_SELECT, (int[]){condition, word, zero}, 3, 0);
}

/* sums[k]: what all trees with values for every score add to it, and those with one for it alone,
 * which share a table; -1 where no tree of the engine adds to it. */
static void add_leaves(struct walker *w, int engine, const int *bits, int index, int64_t *constant,
                       int *sums)
{
    struct program *p = w->m->l->program;
    int outputs = w->m->layer->size, every = count_slots(w, engine, WALK_EVERY), shared = -1;
    int64_t *most = arena_alloc(&w->m->l->arena, (size_t)outputs, sizeof *most);
    const int64_t *nodes = walk_level(w, engine, w->depth);
    if (every < w->trip) {
        struct walk_leaves leaves = walk_leaves(w, engine, nodes, -1, most, constant);
        shared = leaf_word(w, engine, bits, index, -1, &leaves);
    }
    for (int k = 0; k < outputs; k++) {
        int addend = -1, own = count_slots(w, engine, k);
        bool adds = shared >= 0 && (w->is_loadable ? own > 0 : most[k] > 0);
        if (every) {
            struct walk_leaves leaves = walk_leaves(w, engine, nodes, k, most, constant);
            addend = leaf_word(w, engine, bits, index, k, &leaves);
        }
        if (adds) {
            int more = gated(w, engine, index, shared, k);
            addend = addend < 0 ? more : program_add2(p, OP_ADD, addend, more, 0);
        }
        /* A loadable table may hold any value in every slot. */
        int64_t slots = (every ? w->trip : 0) + own;
        int64_t lo = w->is_loadable ? slots * w->m->leaf_lo : 0;
        int64_t hi = w->is_loadable ? slots * w->m->leaf_hi : most[k];
        sums[k] = addend < 0 ? -1 : accumulate(w, addend, lo, hi);
    }
}

static void add_engine(struct walker *w, int engine, int index, int64_t *constant, int *sums)
{
    int bits[WALK_MOST_DEPTH];
    for (int level = 0; level < w->depth; level++)
        bits[level] = ask(w, node_word(w, engine, bits, level, index));
    add_leaves(w, engine, bits, index, constant, sums);
}

/* ---- the layer ------------------------------------------------------------------------------- */

static void find_inputs(struct walker *w)
{
    struct lowering *l = w->m->l;
    struct program *p = l->program;
    int64_t lo = 0, hi = 0;
    for (int f = 0; f < w->features; f++) {
        struct format format = p->ops[l->values[f]].format;
        bool may_miss = walk_may_miss(w, f);
        w->integers[f] = l->values[f];
        if (format_fraction_bits(format) != 0)
            w->integers[f] = program_add_slice(
                p, l->values[f], 0,
                format_make(format.is_signed, format.width_bits, format.width_bits));
        /* All numbers may go right, and missing values left. */
        bool one_below = may_miss && format.is_signed;
        if (format_min(format) - one_below < lo) lo = format_min(format) - one_below;
        if (format_max(format) > hi) hi = format_max(format);
        w->has_missing = w->has_missing || may_miss;
        w->is_zero[f] = may_miss
                            ? program_add2(p, OP_EQ, w->integers[f], program_add_const(p, 0, 0), 0)
                            : program_add_const(p, 0, 0);
    }
    w->limit_format = format_of_interval(lo, hi, 0);
    w->feature_bits = walk_bits(w->features - 1);
}

static int add_up(struct program *p, const int *sums, int count, int outputs, int k)
{
    int total = -1;
    for (int e = 0; e < count; e++) {
        int sum = sums[e * outputs + k];
        if (sum < 0) continue;
        total = total < 0 ? sum : program_add2(p, OP_ADD, total, sum, 0);
    }
    return total;
}

/* What is added to score k in the end; -1: nothing. */
static int add_constant(struct walker *w, const int64_t *constant, int memory, int k)
{
    struct program *p = w->m->l->program;
    if (memory >= 0) return program_add_load(p, memory, program_add_const(p, k, 0));
    return constant[k] ? program_add_const(p, constant[k], w->m->fraction) : -1;
}

static void finish(struct walker *w, const int *sums, int64_t *constant)
{
    struct lowering *l = w->m->l;
    struct program *p = l->program;
    const struct layer *layer = w->m->layer;
    int outputs = layer->size, memory = -1;
    int *results = arena_alloc(&l->arena, (size_t)outputs, sizeof *results);
    bool *varies = arena_alloc(&l->arena, (size_t)outputs, sizeof *varies);
    for (int i = 0; i < w->engines * outputs; i++)
        varies[i % outputs] = varies[i % outputs] || sums[i] >= 0;
    if (!w->is_loadable) ensemble_leave_out(w->m, varies, constant);
    program_begin_block(p, arena_printf(&p->arena, "%s.out", layer->name), "trees");
    if (w->is_loadable && w->m->trees->base)
        memory = program_add_memory(p, arena_printf(&l->arena, "%s.base", layer->name), outputs,
                                    w->m->base_lo, w->m->base_hi, w->m->fraction, constant);
    for (int k = 0; k < outputs; k++) {
        int sum = add_up(p, sums, w->engines, outputs, k);
        int rest = add_constant(w, constant, memory, k);
        if (sum < 0 && rest < 0) rest = program_add_const(p, 0, w->m->fraction);
        results[k] = sum < 0 ? rest : rest < 0 ? sum : program_add2(p, OP_ADD, sum, rest, 0);
        lowering_check_exact(layer, p, results[k]);
    }
    l->values = results;
}

/* Says in the notes what other ensembles have to fit. */
static void note_shape(const struct walker *w)
{
    struct compile_notes *notes = w->m->l->notes;
    if (!notes || !w->is_loadable) return;
    struct load_plan *plan = &notes->load;
    int slots = w->engines * w->trip;
    plan->trees = arena_alloc(&plan->arena, 1, sizeof *plan->trees);
    *plan->trees =
        (struct load_trees){.name = arena_strdup(&plan->arena, w->m->layer->name),
                            .cycles = w->trip,
                            .engines = w->engines,
                            .depth = w->depth,
                            .standardise = w->m->l->options->standardise,
                            .targets = arena_alloc(&plan->arena, (size_t)slots, sizeof(int))};
    memcpy(plan->trees->targets, w->targets, (size_t)slots * sizeof(int));
}

void walk_lower(struct ensemble *m, int factor, int64_t *constant)
{
    struct lowering *l = m->l;
    struct program *p = l->program;
    const struct layer *layer = m->layer;
    struct walker w = {.m = m,
                       .is_loadable = layer_is_loadable(l->options, layer),
                       .features = l->network->layers[layer->input].size};
    w.integers = arena_alloc(&l->arena, (size_t)w.features, sizeof(int));
    w.is_zero = arena_alloc(&l->arena, (size_t)w.features, sizeof(int));
    find_inputs(&w);
    walk_place(&w, factor);
    int *sums = arena_alloc(&l->arena, (size_t)(w.engines * layer->size), sizeof *sums);
    program_begin_loop(p, layer->name, "trees", w.trip);
    int index = program_add_index(p);
    for (int e = 0; e < w.engines; e++)
        add_engine(&w, e, index, constant, sums + e * layer->size);
    finish(&w, sums, constant);
    note_shape(&w);
}
