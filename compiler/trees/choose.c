/* What becomes of an ensemble of trees on a reuse factor: logic that takes an event a cycle, or
 * tables of block memory walked by engines (walk.c), whichever is estimated to cost less.
 *
 * Engines are tried with the factor asked for and with each halving of it, so that what a factor
 * allows, larger factors allow too. */
#include "compiler/trees/choose.h"

#include "base/error.h"
#include "compiler/lower/lower.h"

#include <string.h>

/* More questions than that do not fit any part's logic: that form is not even tried. */
enum { LOGIC_MOST_NODES = 200000 };

struct choosing {
    const struct network *network;
    const struct compile_options *options;
    const struct layer *layer;
    trees_finish_function *finish;
};

/* The one ensemble whose values are scores; NULL if there is none. */
static const struct layer *find_ensemble(const struct network *network,
                                         const struct compile_options *options)
{
    struct arena arena = {0};
    struct chain chain = chain_find(&arena, network, options, NULL);
    const struct layer *found = NULL, *dense = NULL;
    for (int i = 0; i < chain.count; i++) {
        const struct layer *layer = &network->layers[chain.layers[i]];
        if (layer->kind == LAYER_DENSE) dense = layer;
        if (layer->kind != LAYER_TREES) continue;
        if (found)
            fail("layers %s and %s: a network with two ensembles of trees takes no reuse factor",
                 found->name, layer->name);
        found = layer;
    }
    arena_free(&arena);
    if (found && dense)
        fail("layers %s and %s: a network of trees and dense layers takes no reuse factor",
             found->name, dense->name);
    return found;
}

/* What the options ask for, checked. */
static int asked_factor(const struct layer *layer, const struct compile_options *options)
{
    int factor = options->reuse, most = layer->trees->tree_count;
    for (int i = 0; i < options->layer_reuse_count; i++) {
        if (strcmp(options->layer_reuse[i].layer, layer->name) != 0)
            fail("reuse of layer %s: the only layer to share is %s", options->layer_reuse[i].layer,
                 layer->name);
        factor = options->layer_reuse[i].factor;
    }
    if (factor > most)
        fail("reuse %d: layer %s has %d trees; factors from 1 to %d work", factor, layer->name,
             most, most);
    return factor;
}

/* Cost of the ensemble with that many trees to an engine, 1: as logic; -1: it cannot be built. */
static double cost_of(const struct choosing *c, int factor, double *memories)
{
    struct compile_options options = *c->options;
    struct layer_reuse only = {c->layer->name, factor};
    options.layer_reuse = &only;
    options.layer_reuse_count = 1;
    struct program *p = c->finish(lower_network(c->network, &options, NULL), &options);
    *memories = 0;
    if (!p) return -1;
    struct estimate e = estimate_program(p, options.target);
    *memories = e.bram;
    program_free(p);
    return estimate_cost(&e);
}

/* The factor of least cost, or just the one asked for. Logic is no way out where engines would be
 * smaller, had the part the memories that they need. */
static int cheapest(const struct choosing *c, int asked, bool as_asked)
{
    bool is_too_large = trees_node_count(c->layer->trees) > LOGIC_MOST_NODES;
    double unfit = -1, unfit_memories = 0, memories, best = -1;
    int factor = asked; /* where nothing can be built the schedule says why */
    if (!as_asked && !is_too_large) best = cost_of(c, 1, &memories);
    if (best >= 0) factor = 1;
    for (int f = asked; f > (as_asked ? asked - 1 : 1); f /= 2) {
        double cost = cost_of(c, f, &memories);
        bool fits = c->options->part_rams < 0 || memories <= c->options->part_rams;
        if (fits && cost >= 0 && (best < 0 || cost < best)) {
            best = cost;
            factor = f;
        }
        if (fits || cost < 0 || (unfit >= 0 && cost >= unfit)) continue;
        unfit = cost;
        unfit_memories = memories;
    }
    bool is_walked = best >= 0 && factor > 1;
    if (!is_walked && unfit >= 0 && (best < 0 || unfit < best))
        fail("reuse %d: the tables of layer %s need %.0f block memories, the part has %d; give it "
             "a larger factor or part, fewer trees or levels, or no factor",
             asked, c->layer->name, unfit_memories, c->options->part_rams);
    return factor;
}

const struct layer *trees_choose(const struct network *network,
                                 const struct compile_options *options,
                                 trees_finish_function *finish, int *asked, int *factor)
{
    const struct layer *layer = find_ensemble(network, options);
    if (!layer) return NULL;
    struct choosing c = {network, options, layer, finish};
    bool is_loadable = options->all_loadable;
    for (int i = 0; i < options->loadable_count; i++)
        is_loadable = is_loadable || !strcmp(options->loadable_layers[i], layer->name);
    *asked = asked_factor(layer, options);
    if (is_loadable && *asked < 2)
        fail("layer %s: loadable trees need a reuse factor of at least 2; give it one, such as "
             "--reuse %d",
             layer->name, layer->trees->tree_count);
    *factor = *asked > 1 ? cheapest(&c, *asked, is_loadable || options->resource) : 1;
    return layer;
}
