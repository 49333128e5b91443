/* The pipeline of passes. */
#include "compiler/compile.h"

#include "base/error.h"
#include "base/file.h"
#include "compiler/lower/lower.h"
#include "compiler/optimize/optimize.h"
#include "compiler/schedule/schedule.h"

#include <assert.h>
#include <string.h>

const char *const compile_passes[] = {
    "lower",  "round",         "simplify",    "adder-graph", "number",
    "trim",   "simplify-sums", "number-sums", "constants",   "simplify-end",
    "tables", "dead",          "schedule",    NULL,
};

void compile_options_init(struct compile_options *options)
{
    *options = (struct compile_options){.target = &target_generic, .clock_mhz = 100};
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

/* What follows every pass: the check, the dump, the stop. Takes the new program. */
static void finish(struct compilation *c, const char *name, struct program *next)
{
    const struct compile_options *options = c->options;
    assert(!strcmp(compile_passes[c->pass], name));
    program_free(c->program);
    c->program = next;
    c->pass++;
    program_check(next, name);
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
        struct program *p = compile_network(network, &one, notes);
        bool better = !best || p->latency_cycles / p->clock_mhz <
                                   best->latency_cycles / best->clock_mhz - 1e-9;
        program_free(better ? best : p);
        if (better) best = p;
    }
    return best;
}

struct program *compile_network(const struct network *network,
                                const struct compile_options *options, struct compile_notes *notes)
{
    if (options->clock_count && options->output == COMPILE_SOFTMAX)
        return compile_softmax(network, options, notes);
    struct compile_notes unread;
    notes = notes ? notes : &unread;
    *notes = (struct compile_notes){0};
    check_pass_name("--dump-after", options->dump_after);
    check_pass_name("--stop-after", options->stop_after);
    struct compilation c = {.options = options};
    finish(&c, "lower", lower_network(network, options, notes));
    run(&c, "round", optimize_round);
    run(&c, "simplify", optimize_simplify);
    run(&c, "adder-graph", optimize_adder_graph);
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
    /* A scaling in the fabric stands before every dense layer, in a block of its own. */
    const struct block *first = c.program->blocks;
    if (c.program->block_count && !strcmp(first->kind, layer_kind_names[LAYER_AFFINE]))
        notes->standardise_adder_bits =
            (int)program_count(c.program, first->first, first->end).adder_bits;
    return c.program;
}
