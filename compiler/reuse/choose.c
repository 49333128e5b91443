/* Which factors, and which form within them.
 *
 * Forms are compared by what the finished program is estimated to cost: first one form for all
 * layers, at the factors asked for and at each halving of them, then the forms that were cheapest
 * for each layer together. Since every halving is among them, twice the factor never costs more. */
#include "compiler/reuse/reuse.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- factors ---- */

static long most_products(const struct reuse_choice *c)
{
    return (long)c->rows * c->columns;
}

static struct reuse_choice *find_choice(struct reuse_choice *choices, int count, const char *layer)
{
    for (int i = 0; i < count; i++)
        if (!strcmp(choices[i].layer, layer)) return &choices[i];
    struct text names = {0};
    for (int i = 0; i < count; i++)
        text_add(&names, "%s%s", i ? ", " : "", choices[i].layer);
    fail("reuse of layer %s: there is no dense layer of that name; there are %s", layer,
         count ? text_string(&names) : "none");
}

void reuse_set_factors(const struct compile_options *options, struct reuse_choice *choices,
                       int count)
{
    const struct reuse_choice *largest = NULL;
    for (int i = 0; i < count; i++)
        if (!largest || most_products(&choices[i]) > most_products(largest)) largest = &choices[i];
    if (options->reuse > 1 && !largest)
        fail("reuse %d: there is neither a dense layer nor an ensemble of trees to share",
             options->reuse);
    if (options->reuse > 1 && options->reuse > most_products(largest))
        fail("reuse %d: the largest layer, %s, has %d x %d products; at most %ld works",
             options->reuse, largest->layer, largest->rows, largest->columns,
             most_products(largest));
    for (int i = 0; i < count; i++) {
        long most = most_products(&choices[i]);
        choices[i].factor = options->reuse < most ? options->reuse : (int)most;
    }
    for (int i = 0; i < options->layer_reuse_count; i++) {
        const struct layer_reuse *asked = &options->layer_reuse[i];
        struct reuse_choice *c = find_choice(choices, count, asked->layer);
        if (asked->factor > most_products(c))
            fail("layer %s: reuse %d: it has %d x %d products; factors from 1 to %ld work, the "
                 "nearest is %ld",
                 c->layer, asked->factor, c->rows, c->columns, most_products(c), most_products(c));
        c->factor = asked->factor;
    }
    if (options->resource && options->reuse < 2 && !options->layer_reuse_count)
        fail("strategy resource needs a reuse factor, such as --reuse 16");
    for (int i = 0; i < count; i++) {
        if (choices[i].is_loadable && choices[i].factor < 2)
            fail("layer %s: loadable weights need a reuse factor of at least 2; give it one, such "
                 "as --reuse %ld",
                 choices[i].layer,
                 most_products(&choices[i]) < 16 ? most_products(&choices[i]) : 16);
    }
}

/* ---- the cheapest ---- */

struct choosing {
    const struct program *program;
    const struct compile_options *options;
    reuse_cost_function *cost;
    void *data;
    int count;
    struct reuse_choice *best;      /* [count] of the cheapest program so far */
    struct reuse_choice *of_layers; /* [count] of the cheapest layers so far */
    double best_cost, *layer_costs;
    int impossible; /* a loadable layer that had no plan on multipliers, -1 */
};

bool reuse_fits_part(const struct compile_options *options, const struct reuse_cost *cost)
{
    return (options->part_dsps < 0 || cost->all.dsp <= options->part_dsps) &&
           (options->part_rams < 0 || cost->all.bram <= options->part_rams);
}

int reuse_find_impossible(const struct reuse_choice *choices, int count)
{
    int found = -1;
    for (int i = 0; i < count; i++)
        if (choices[i].is_loadable && choices[i].form != REUSE_MULTIPLIERS) found = i;
    return found;
}

/* Estimates what choices give, and notes it if it is the best. */
static void consider(struct choosing *c, struct reuse_choice *choices)
{
    size_t size = (size_t)c->count * sizeof *choices;
    struct reuse_share *layers = calloc((size_t)c->count, sizeof *layers);
    if (!layers) fail("out of memory");
    struct reuse_cost cost = {.layers = layers};
    struct program *p = reuse_program(c->program, c->options, choices, NULL);
    c->impossible = reuse_find_impossible(choices, c->count); /* at last: at the factors asked */
    bool is_possible = c->impossible < 0;
    if (is_possible)
        is_possible = c->cost(c->data, p, choices, c->count, &cost);
    else
        program_free(p);
    if (is_possible && reuse_fits_part(c->options, &cost)) {
        for (int i = 0; i < c->count; i++) {
            if (c->layer_costs[i] >= 0 && c->layer_costs[i] <= layers[i].cost) continue;
            c->layer_costs[i] = layers[i].cost;
            c->of_layers[i] = choices[i];
        }
        if (c->best_cost < 0 || cost.all.cost < c->best_cost) {
            c->best_cost = cost.all.cost;
            memcpy(c->best, choices, size);
        }
    }
    free(layers);
}

enum { MOST_BITS = 64 };

bool reuse_form_is_worth(enum reuse_form form, int most)
{
    return form >= REUSE_MULTIPLIERS || most <= MOST_BITS;
}

/* A layer's factor with so many halvings. */
static int factor_at(const struct reuse_choice *asked, int level)
{
    int least = asked->is_loadable ? 2 : 1, factor = asked->factor >> level;
    return factor > least ? factor : least;
}

static void try_level(struct choosing *c, const struct reuse_choice *asked, int level,
                      struct reuse_choice *choices)
{
    int most = 1;
    for (int i = 0; i < c->count; i++)
        if (asked[i].factor >> level > most) most = asked[i].factor >> level;
    for (int form = level < 0 ? REUSE_UNROLLED : REUSE_DIGITS; form < REUSE_FORM_COUNT; form++) {
        if (!reuse_form_is_worth((enum reuse_form)form, most)) continue;
        for (int i = 0; i < c->count; i++) {
            choices[i] = asked[i];
            choices[i].factor = factor_at(&asked[i], level);
            choices[i].form = (enum reuse_form)form;
        }
        consider(c, choices);
    }
    memcpy(choices, c->of_layers, (size_t)c->count * sizeof *choices);
    consider(c, choices);
}

/* Nothing was possible: only loadable layers leave no way out. */
static void fail_loadable(const struct choosing *c, const struct reuse_choice *choices)
{
    const struct reuse_choice *layer = NULL;
    for (int i = 0; i < c->count && !layer; i++)
        if (choices[i].is_loadable && (c->impossible < 0 || c->impossible == i))
            layer = &choices[i];
    if (!layer) return;
    /* Inputs that come side by side are written to MAC_BANKS memories. */
    if (c->impossible >= 0 && layer->rows > 2 * layer->factor)
        fail("layer %s: loadable weights: its %d inputs go to memory two a cycle; give it a reuse "
             "factor of at least %d",
             layer->layer, layer->rows, (layer->rows + 1) / 2);
    fail("layer %s: loadable weights: no way to multiply %d x %d of them in %d cycles was found "
         "that "
         "%s has room for at this clock; give it a larger reuse factor, or a slower clock",
         layer->layer, layer->rows, layer->columns, layer->factor, c->options->target->name);
}

void reuse_choose(const struct program *program, const struct compile_options *options,
                  reuse_cost_function *cost, void *data, struct reuse_choice *choices, int count)
{
    struct arena arena = {0};
    size_t n = (size_t)count + 1;
    struct choosing c = {.program = program,
                         .options = options,
                         .cost = cost,
                         .data = data,
                         .count = count,
                         .best_cost = -1,
                         .impossible = -1};
    c.best = arena_alloc(&arena, n, sizeof *c.best);
    c.of_layers = arena_alloc(&arena, n, sizeof *c.of_layers);
    c.layer_costs = arena_alloc(&arena, n, sizeof *c.layer_costs);
    struct reuse_choice *tried = arena_alloc(&arena, n, sizeof *tried);
    int most = 1, levels = 0;
    for (int i = 0; i < count; i++) {
        c.layer_costs[i] = -1;
        tried[i] = c.of_layers[i] = choices[i];
        tried[i].factor = choices[i].is_loadable ? 2 : 1;
        tried[i].form = REUSE_UNROLLED;
        if (choices[i].factor > most) most = choices[i].factor;
    }
    while (most >> levels > 1)
        levels++;
    if (options->resource && levels) /* the factors as they are */
        levels = 1;
    else
        consider(&c, tried);
    for (int level = levels - 1; level >= 0; level--)
        try_level(&c, choices, level, tried);
    if (c.best_cost >= 0) memcpy(choices, c.best, (size_t)count * sizeof *choices);
    if (c.best_cost < 0) fail_loadable(&c, choices);
    arena_free(&arena);
}
