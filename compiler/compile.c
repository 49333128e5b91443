/* The pipeline of passes. */
#include "compiler/compile.h"

#include "base/error.h"
#include "base/file.h"
#include "compiler/adders/memo.h"
#include "compiler/estimate/estimate.h"
#include "compiler/lower/lower.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/reuse/reuse.h"
#include "compiler/schedule/schedule.h"
#include "compiler/trees/choose.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const compile_passes[] = {
    "lower",        "round",  "simplify",      "reuse",       "adder-graph",
    "number",       "trim",   "simplify-sums", "number-sums", "constants",
    "simplify-end", "tables", "dead",          "schedule",    NULL,
};

void compile_options_init(struct compile_options *options)
{
    *options = (struct compile_options){
        .target = &target_generic, .clock_mhz = 100, .reuse = 1, .part_dsps = -1, .part_rams = -1};
}

/* The program between two passes. */
struct compilation {
    const struct compile_options *options;
    struct program *program;
    int pass; /* how many have run */
    bool has_stopped;
};

static void check_pass_name(const char *option, const char *name)
{
    if (!name) return;
    struct arena arena = {0};
    const char *names = "";
    for (int i = 0; compile_passes[i]; i++) {
        if (!strcmp(compile_passes[i], name)) {
            arena_free(&arena);
            return;
        }
        names = arena_printf(&arena, "%s %s", names, compile_passes[i]);
    }
    fail("%s %s: there is no such pass; the passes are%s", option, name, names);
}

/* What follows every pass: the check, the dump, the stop. Takes the new program, which may be the
 * old one. */
static void finish(struct compilation *c, const char *name, struct program *next)
{
    const struct compile_options *options = c->options;
    assert(!strcmp(compile_passes[c->pass], name));
    if (next != c->program) {
        program_free(c->program);
        program_check(next, name);
    }
    c->program = next;
    c->pass++;
    if (options->dump_after && !strcmp(options->dump_after, name)) {
        struct arena arena = {0};
        const char *file = arena_printf(&arena, "%s.sluice", name);
        program_write(next,
                      file_join(&arena, options->dump_folder ? options->dump_folder : ".", file));
        arena_free(&arena);
    }
    c->has_stopped = options->stop_after && !strcmp(options->stop_after, name);
}

typedef struct program *optimize_function(const struct program *old, const struct target *target);

static void run(struct compilation *c, const char *name, optimize_function *function)
{
    if (!c->has_stopped) finish(c, name, function(c->program, c->options->target));
}

/* The clock of least latency for the program as it is before its schedule. */
static double choose_clock(const struct program *program, const struct compile_options *options)
{
    struct compile_options one = *options;
    double best = 0, least = 0;
    for (int i = 0; i < options->clock_count; i++) {
        one.clock_mhz = options->clocks_mhz[i];
        int cycles = schedule_latency(program, &one);
        double ns = cycles / one.clock_mhz;
        if (!cycles || (best > 0 && ns > least - 1e-9)) continue;
        best = one.clock_mhz;
        least = ns;
    }
    return best > 0 ? best : options->clocks_mhz[0]; /* too fast even so: the schedule says why */
}

/* ---- reuse factors ---- */

int layer_reuse_find(const struct layer_reuse *list, int count, const char *layer)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(list[i].layer, layer)) return list[i].factor;
    return 0;
}

/* The passes behind reuse, without checks, dumps and stops. */
static struct program *finish_quietly(struct program *p, const struct compile_options *options)
{
    static optimize_function *const passes[] = {
        optimize_adder_graph, optimize_number, optimize_trim,
        optimize_simplify,    optimize_number, optimize_constants,
        optimize_simplify,    optimize_tables, optimize_dead};
    struct program *next;
    for (size_t i = 0; i < sizeof passes / sizeof passes[0]; i++, p = next) {
        next = passes[i](p, options->target);
        program_free(p);
    }
    next = schedule_roughly(p, options);
    program_free(p);
    return next;
}

/* The same from the lowered program on, of one whose layers are not shared. */
static struct program *finish_lowered(struct program *p, const struct compile_options *options)
{
    struct program *round = optimize_round(p, options->target);
    struct program *simple = optimize_simplify(round, options->target);
    program_free(p);
    program_free(round);
    return finish_quietly(simple, options);
}

static void add_share(struct reuse_share *to, const struct estimate *e)
{
    to->lut4 += e->lut4;
    to->cells += e->cells;
    to->dsp += e->dsp;
    to->bram += e->bram;
    to->cost += estimate_cost(e);
}

/* The cycle in which the last operation of a block is done. */
static int end_cycle(const struct program *p, const struct block *block)
{
    int end = 0;
    for (int v = block->first; v < block->end; v++)
        if (p->ops[v].stage + block->trip > end && p->ops[v].code != OP_CONST)
            end = p->ops[v].stage + block->trip;
    return end;
}

static bool reuse_cost(void *data, struct program *p, const struct reuse_choice *choices, int count,
                       struct reuse_cost *cost)
{
    const struct compile_options *options = data;
    int done = 0;
    p = finish_quietly(p, options);
    if (!p) return false;
    for (int b = 0; b < p->block_count; b++) {
        struct estimate e = estimate_blocks(p, b, b + 1, options->target);
        int end = end_cycle(p, &p->blocks[b]);
        add_share(&cost->all, &e);
        for (int i = 0; i < count; i++) {
            if (!reuse_is_of_layer(&p->blocks[b], choices[i].layer)) continue;
            add_share(&cost->layers[i], &e);
            if (end > done) cost->layers[i].latency_cycles += end - done;
        }
        if (end > done) done = end;
    }
    if (p->protect) {
        struct estimate_parts guards = {.guards = estimate_find_guards(p, options->target)};
        struct estimate e = estimate_of_parts(&guards, 0, options->target);
        add_share(&cost->all, &e);
    }
    cost->all.latency_cycles = p->latency_cycles;
    cost->interval_cycles = p->interval_cycles;
    program_free(p);
    return true;
}

static bool asks_for_reuse(const struct compile_options *options)
{
    for (int i = 0; i < options->layer_reuse_count; i++)
        if (options->layer_reuse[i].factor > 1) return true;
    return options->reuse > 1 || options->reuse_auto;
}

/* That every layer can have. */
static int least_factor(const struct reuse_choice *choices, int count)
{
    for (int i = 0; i < count; i++)
        if (choices[i].is_loadable) return 2;
    return 1;
}

/* With a reuse factor and an ensemble of trees: settles the ensemble's form, in *only, which the
 * options name then. */
static void choose_trees(const struct network *network, struct compile_options *options,
                         struct layer_reuse *only, struct compile_notes *notes)
{
    struct compile_options timed = *options;
    int asked;
    bool is_loadable = options->all_loadable || options->loadable_count;
    if ((!asks_for_reuse(options) || options->reuse_auto) && !is_loadable) return;
    if (timed.clock_count) timed.clock_mhz = timed.clocks_mhz[0];
    if (timed.has_player && timed.part_rams > PLAYER_RAMS) timed.part_rams -= PLAYER_RAMS;
    const struct layer *layer =
        trees_choose(network, &timed, finish_lowered, &asked, &only->factor);
    if (!layer) return;
    only->layer = layer->name;
    options->layer_reuse = only;
    options->layer_reuse_count = 1;
    notes->layers = calloc(1, sizeof *notes->layers);
    if (!notes->layers) fail("out of memory");
    notes->layer_count = 1;
    *notes->layers = (struct compile_layer){.factor = asked,
                                            .form = only->factor > 1 ? "walked" : "unrolled",
                                            .trees = layer->trees->tree_count};
    snprintf(notes->layers->name, sizeof notes->layers->name, "%s", layer->name);
}

/* Block memories that the board's top needs for itself (rtl/pattern_player.v): for whole events, or
 * where that were more than an eighth of the part's and reuse leaves the time, word by word. */
static int player_rams(const struct program *p, const struct compile_options *options, int factor)
{
    int inputs = 0, outputs = 0, width = options->target->ram_width_max;
    for (int i = 0; i < p->input_count; i++)
        inputs += p->ops[p->inputs[i].value].format.width_bits;
    for (int i = 0; i < p->output_count; i++)
        outputs += p->ops[p->outputs[i].value].format.width_bits;
    int in = (inputs + width - 1) / width, out = (outputs + width - 1) / width;
    bool by_words = 8 * (in + out) > options->part_rams && factor >= (in > out ? in : out) + 2;
    return by_words ? PLAYER_RAMS : in + out;
}

static void run_reuse(struct compilation *c, struct compile_notes *notes)
{
    const struct program *old = c->program;
    struct compile_options timed = *c->options;
    if (c->has_stopped) return;
    /* An ensemble of trees comes with its loops. */
    if (notes->layer_count || (timed.reuse <= 1 && !timed.reuse_auto && !timed.layer_reuse_count &&
                               !timed.resource && !timed.all_loadable && !timed.loadable_count)) {
        finish(c, "reuse", c->program);
        return;
    }
    if (timed.clock_count) timed.clock_mhz = timed.clocks_mhz[0];
    struct reuse_choice *choices = calloc((size_t)old->block_count + 1, sizeof *choices);
    if (!choices) fail("out of memory");
    int count = reuse_find_layers(old, &timed, choices);
    if (timed.reuse_auto) timed.reuse = least_factor(choices, count);
    reuse_set_factors(&timed, choices, count);
    if (timed.has_player && timed.part_rams > 0) {
        int most = timed.reuse_auto ? timed.budget.interval_cycles : 1;
        for (int i = 0; i < count; i++)
            if (choices[i].factor > most) most = choices[i].factor;
        timed.part_rams -= player_rams(old, &timed, most);
        if (timed.part_rams < 0) timed.part_rams = 0;
    }
    if (timed.part_rams >= 0 && timed.budget.bram > timed.part_rams)
        timed.budget.bram = timed.part_rams;
    if (timed.reuse_auto && count)
        reuse_choose_within(old, &timed, reuse_cost, &timed, choices, count);
    if (asks_for_reuse(&timed)) {
        notes->layers = calloc((size_t)count + 1, sizeof *notes->layers);
        if (!notes->layers) fail("out of memory");
    }
    for (int i = 0; i < count && notes->layers; i++) {
        struct compile_layer *layer = &notes->layers[notes->layer_count++];
        *layer = (struct compile_layer){.factor = choices[i].factor,
                                        .weights = (long)choices[i].rows * choices[i].columns,
                                        .products = choices[i].products};
        snprintf(layer->name, sizeof layer->name, "%s", choices[i].layer);
    }
    if (notes->layer_count && !timed.reuse_auto)
        reuse_choose(old, &timed, reuse_cost, &timed, choices, count);
    finish(c, "reuse", reuse_program(old, &timed, choices, &notes->load));
    for (int i = 0; i < notes->layer_count; i++) {
        notes->layers[i].form = reuse_form_names[choices[i].form];
        notes->layers[i].multiplies = reuse_multiplies(choices[i].form);
    }
    free(choices);
}

/* Cycles of each layer, from the program as it is in the end. */
static void note_cycles(const struct program *p, const struct target *target,
                        struct compile_notes *notes)
{
    for (int i = 0; i < notes->layer_count; i++) {
        struct compile_layer *layer = &notes->layers[i];
        layer->cycles = 1;
        for (int b = 0; b < p->block_count; b++) {
            if (!reuse_is_of_layer(&p->blocks[b], layer->name)) continue;
            struct estimate e = estimate_blocks(p, b, b + 1, target);
            layer->cost += estimate_cost(&e);
            if (p->blocks[b].trip > layer->cycles) layer->cycles = p->blocks[b].trip;
        }
        layer->engines = (layer->trees + layer->cycles - 1) / layer->cycles;
        if (layer->cycles == p->interval_cycles && p->interval_cycles > 1 &&
            !notes->interval_layer[0])
            snprintf(notes->interval_layer, sizeof notes->interval_layer, "%s", layer->name);
    }
}

void load_plan_free(struct load_plan *plan)
{
    free(plan->layers);
    free(plan->layouts);
    arena_free(&plan->arena);
    *plan = (struct load_plan){0};
}

void compile_notes_free(struct compile_notes *notes)
{
    load_plan_free(&notes->load);
    free(notes->layers);
    notes->layers = NULL;
    notes->layer_count = 0;
}

/* A softmax is lowered for a clock, so each clock is compiled for. */
static struct program *compile_softmax(const struct network *network,
                                       const struct compile_options *options,
                                       struct compile_notes *notes)
{
    struct program *best = NULL;
    for (int i = 0; i < options->clock_count; i++) {
        struct compile_options one = *options;
        one.clock_mhz = options->clocks_mhz[i];
        one.clock_count = 0;
        compile_notes_free(notes);
        struct program *p = compile_network(network, &one, notes);
        bool better = !best || p->latency_cycles / p->clock_mhz <
                                   best->latency_cycles / best->clock_mhz - 1e-9;
        program_free(better ? best : p);
        if (better) best = p;
    }
    return best;
}

struct program *compile_for_processor(const struct network *network,
                                      const struct compile_options *options, double clock_mhz)
{
    struct compile_options own = *options;
    own.processor = true;
    own.clock_mhz = clock_mhz;
    own.clock_count = 0;
    own.dump_after = NULL;
    own.stop_after = "lower";
    own.reuse = 1;
    own.layer_reuse_count = 0;
    own.all_loadable = false;
    own.loadable_count = 0;
    own.protect = 0;
    struct program *lowered = compile_network(network, &own, NULL);
    struct program *p = optimize_lanes(lowered, own.target);
    program_check(p, "lanes");
    program_free(lowered);
    return p;
}

struct program *compile_straight(const struct program *lowered)
{
    static optimize_function *const passes[] = {optimize_simplify, optimize_adder_graph,
                                                optimize_number, optimize_simplify};
    bool has_matrices = false;
    for (int v = 0; v < lowered->op_count; v++)
        has_matrices = has_matrices || lowered->ops[v].code == OP_MATVEC;
    struct program *p = optimize_dead(lowered, &target_generic), *next;
    for (size_t i = 0; has_matrices && i < sizeof passes / sizeof passes[0]; i++, p = next) {
        next = passes[i](p, &target_generic);
        program_free(p);
    }
    next = optimize_dead(p, &target_generic);
    program_free(p);
    program_check(next, "straight");
    return next;
}

struct program *compile_network(const struct network *network,
                                const struct compile_options *options, struct compile_notes *notes)
{
    struct compile_notes unread = {0};
    if (!notes) {
        struct program *p = compile_network(network, options, &unread);
        compile_notes_free(&unread);
        return p;
    }
    *notes = (struct compile_notes){0};
    if (options->clock_count && options->output == COMPILE_SOFTMAX)
        return compile_softmax(network, options, notes);
    check_pass_name("--dump-after", options->dump_after);
    check_pass_name("--stop-after", options->stop_after);
    struct compile_options chosen = *options;
    struct layer_reuse trees;
    struct compilation c = {.options = &chosen};
    adder_memo_open();
    choose_trees(network, &chosen, &trees, notes);
    finish(&c, "lower", lower_network(network, &chosen, notes));
    run(&c, "round", optimize_round);
    run(&c, "simplify", optimize_simplify);
    run_reuse(&c, notes);
    run(&c, "adder-graph", optimize_adder_graph);
    adder_memo_close();
    run(&c, "number", optimize_number);
    run(&c, "trim", optimize_trim);
    run(&c, "simplify-sums", optimize_simplify);
    run(&c, "number-sums", optimize_number);
    run(&c, "constants", optimize_constants);
    run(&c, "simplify-end", optimize_simplify);
    run(&c, "tables", optimize_tables);
    run(&c, "dead", optimize_dead);
    struct compile_options timed = *options;
    if (!c.has_stopped && options->clock_count) timed.clock_mhz = choose_clock(c.program, options);
    if (!c.has_stopped) finish(&c, "schedule", schedule_program(c.program, &timed));
    note_cycles(c.program, options->target, notes);
    /* A scaling in the fabric stands before every dense layer, in a block of its own. */
    const struct block *first = c.program->blocks;
    if (c.program->block_count && !strcmp(first->kind, layer_kind_names[LAYER_AFFINE]))
        notes->standardise_adder_bits =
            (int)program_count(c.program, first->first, first->end).adder_bits;
    return c.program;
}
