/* Factors from a budget.
 *
 * One form for all layers is finished and estimated at every power of two of cycles that the
 * interval allows. That gives for each layer what it takes and how many cycles it adds in each; of
 * these, combinations are made that have least cycles + price * LUTs, or cells, for a row of prices
 * (Everett, "Generalized Lagrange multiplier method" (1963)), and those are finished and
 * estimated as well, as neighbouring layers can cost more or less together than apart. What is
 * chosen was estimated as a whole. */
#include "compiler/reuse/reuse.h"

#include "base/error.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A choice for every layer, and what it comes to. */
struct candidate {
    struct reuse_choice *choices;
    struct reuse_cost cost;
};

struct search {
    const struct program *program;
    const struct compile_options *options;
    reuse_cost_function *cost;
    void *data;
    int layers;
    const struct reuse_choice *found; /* [layers] of the program */
    int *most_cycles;                 /* [layers] */
    struct candidate *candidates;
    int count;
    size_t capacity;
    struct arena arena;
};

/* ---- the budget ---- */

enum limit {
    LIMIT_LUT4,
    LIMIT_CELLS,
    LIMIT_DSP,
    LIMIT_BRAM,
    LIMIT_LATENCY,
    LIMIT_INTERVAL,
    LIMITS
};

static double value_of(const struct search *s, const struct reuse_cost *cost, enum limit limit)
{
    switch (limit) {
    case LIMIT_LUT4: return cost->all.lut4;
    case LIMIT_CELLS: return cost->all.cells;
    case LIMIT_DSP: return cost->all.dsp;
    case LIMIT_BRAM: return cost->all.bram;
    case LIMIT_LATENCY: return 1e3 * cost->all.latency_cycles / s->options->clock_mhz;
    default: return cost->interval_cycles;
    }
}

/* Below 0: none. */
static double most_of(const struct search *s, enum limit limit)
{
    const struct reuse_budget *budget = &s->options->budget;
    const double limits[] = {budget->lut4, budget->cells,      budget->dsp,
                             budget->bram, budget->latency_ns, budget->interval_cycles};
    return limits[limit];
}

static bool exceeds(const struct search *s, const struct reuse_cost *cost, enum limit limit)
{
    double most = most_of(s, limit);
    return most >= 0 && value_of(s, cost, limit) > most * (1 + 1e-9);
}

/* Limits that are exceeded, but for one. */
static int count_exceeded(const struct search *s, const struct reuse_cost *cost, int but)
{
    int count = 0;
    for (int k = 0; k < LIMITS; k++)
        count += k != but && exceeds(s, cost, (enum limit)k);
    return count;
}

/* ---- candidates ---- */

static bool is_known(const struct search *s, const struct reuse_choice *choices)
{
    for (int c = 0; c < s->count; c++) {
        bool same = true;
        for (int i = 0; i < s->layers && same; i++) {
            const struct reuse_choice *a = &s->candidates[c].choices[i], *b = &choices[i];
            same = a->form == b->form && (a->factor == b->factor || a->form == REUSE_UNROLLED);
        }
        if (same) return true;
    }
    return false;
}

/* Finishes and estimates; what cannot be scheduled is no candidate. */
static void add_candidate(struct search *s, const struct reuse_choice *choices)
{
    size_t layers = (size_t)s->layers;
    struct candidate c = {0};
    c.choices = arena_alloc(&s->arena, layers + 1, sizeof *c.choices);
    c.cost.layers = arena_alloc(&s->arena, layers + 1, sizeof *c.cost.layers);
    memcpy(c.choices, choices, layers * sizeof *choices);
    struct program *p = reuse_program(s->program, s->options, c.choices, NULL);
    /* Forms that a layer cannot have became others. */
    if (is_known(s, c.choices) || reuse_find_impossible(c.choices, s->layers) >= 0) {
        program_free(p);
        return;
    }
    if (!s->cost(s->data, p, c.choices, s->layers, &c.cost)) return;
    s->candidates = array_grow(s->candidates, &s->capacity, (size_t)s->count + 1, sizeof c);
    s->candidates[s->count++] = c;
}

/* A layer's choice in a form, at most so many cycles. */
static struct reuse_choice choose(const struct search *s, int layer, int cycles,
                                  enum reuse_form form)
{
    struct reuse_choice choice = s->found[layer];
    choice.factor = cycles < s->most_cycles[layer] ? cycles : s->most_cycles[layer];
    choice.form = choice.factor > 1 ? form : REUSE_UNROLLED;
    if (!choice.is_loadable) return choice;
    if (choice.factor < 2) choice.factor = 2;
    choice.form = REUSE_MULTIPLIERS;
    return choice;
}

/* All layers in each form, at most so many cycles. */
static void add_uniform(struct search *s, int cycles)
{
    struct reuse_choice *choices = arena_alloc(&s->arena, (size_t)s->layers + 1, sizeof *choices);
    for (int form = cycles > 1 ? REUSE_DIGITS : REUSE_UNROLLED; form < REUSE_FORM_COUNT; form++) {
        if (cycles > 1 && !reuse_form_is_worth((enum reuse_form)form, cycles)) continue;
        if (cycles > 1 && s->options->resource && form < REUSE_MULTIPLIERS) continue;
        for (int i = 0; i < s->layers; i++)
            choices[i] = choose(s, i, cycles, (enum reuse_form)form);
        add_candidate(s, choices);
        if (cycles <= 1) return;
    }
}

/* What combinations weigh against cycles. None knows the budget, so that the candidates for one are
 * those for any other of the same interval, and what a refusal says can be met is met. */
enum { MEASURES = 3 };
static double measure(const struct reuse_share *share, int which)
{
    static const double scarce_dsp = 400, scarce_bram = 40; /* where a part has few */
    return which == 0   ? share->lut4
           : which == 1 ? share->cost
                        : share->cells + scarce_dsp * share->dsp + scarce_bram * share->bram;
}

/* For each layer the form, of the first `known` candidates, of least cycles + price * measure. */
static void add_combination(struct search *s, int known, double price, int which)
{
    struct reuse_choice *choices = arena_alloc(&s->arena, (size_t)s->layers + 1, sizeof *choices);
    for (int i = 0; i < s->layers; i++) {
        double least = INFINITY;
        for (int c = 0; c < known; c++) {
            const struct reuse_share *share = &s->candidates[c].cost.layers[i];
            double sum = share->latency_cycles + price * measure(share, which);
            if (sum >= least) continue;
            least = sum;
            choices[i] = s->candidates[c].choices[i];
        }
    }
    if (known && !is_known(s, choices)) add_candidate(s, choices);
}

/* The least cycles first, then the cheapest; -1: none meets the budget but for `but`. */
static int find_best(const struct search *s, int but)
{
    int best = -1;
    for (int c = 0; c < s->count; c++) {
        const struct reuse_share *a = &s->candidates[c].cost.all;
        if (count_exceeded(s, &s->candidates[c].cost, but)) continue;
        const struct reuse_share *b = best >= 0 ? &s->candidates[best].cost.all : NULL;
        if (!b || a->latency_cycles < b->latency_cycles ||
            (a->latency_cycles == b->latency_cycles && a->cost < b->cost))
            best = c;
    }
    return best;
}

/* Cycles that a LUT is worth. */
static const double first_price = 16, last_price = 1e-4, price_step = 4;

static void search_up_to(struct search *s, int from, int cycles)
{
    for (int level = from; level < cycles; level *= 2)
        add_uniform(s, level);
    if (cycles >= from) add_uniform(s, cycles);
    int known = s->count;
    for (int which = 0; which < MEASURES; which++)
        for (double price = first_price; price > last_price; price /= price_step)
            add_combination(s, known, price, which);
}

/* ---- none ---- */

static const struct {
    const char *before, *after;
    int decimals;
} limit_words[LIMITS] = {
    {"", " LUT4", 0},           {"", " cells", 0},           {"", " DSP blocks", 0},
    {"", " block memories", 0}, {"a latency of ", " ns", 1}, {"an event every ", " cycles", 0}};

/* Resources are rounded up, so that a budget of what is said is met. */
static void add_value(struct text *text, enum limit limit, double value)
{
    int decimals = limit_words[limit].decimals;
    double unit = decimals ? 0.1 : 1;
    text_add(text, "%s%.*f%s", limit_words[limit].before, decimals,
             ceil(value / unit - 1e-6) * unit, limit_words[limit].after);
}

/* The candidate that exceeds fewest limits, and of those the one that exceeds its worst the least.
 */
static int find_nearest(const struct search *s)
{
    int nearest = -1;
    double least = INFINITY;
    for (int c = 0; c < s->count; c++) {
        double worst = 1e12 * count_exceeded(s, &s->candidates[c].cost, -1);
        double excess = 0;
        for (int k = 0; k < LIMITS; k++) {
            double most = most_of(s, (enum limit)k);
            double value = value_of(s, &s->candidates[c].cost, (enum limit)k);
            if (exceeds(s, &s->candidates[c].cost, (enum limit)k))
                excess = fmax(excess, most > 0 ? value / most : 1e6 * value);
        }
        worst += excess;
        if (worst >= least) continue;
        least = worst;
        nearest = c;
    }
    return nearest;
}

/* The layer that takes most of what is exceeded, and how much that is. */
static int find_blamed(const struct search *s, const struct candidate *c, enum limit limit,
                       double *amount)
{
    int blamed = 0;
    double most = -1;
    for (int i = 0; i < s->layers; i++) {
        const struct reuse_share *share = &c->cost.layers[i];
        const double taken[] = {share->lut4,
                                share->cells,
                                share->dsp,
                                share->bram,
                                1e3 * share->latency_cycles / s->options->clock_mhz,
                                c->choices[i].form == REUSE_UNROLLED ? 1 : c->choices[i].factor};
        if (taken[limit] <= most) continue;
        most = taken[limit];
        blamed = i;
    }
    *amount = most;
    return blamed;
}

/* What the budget would have to be in one of its limits, the others kept. */
static void add_ways_out(struct text *text, const struct search *s)
{
    bool any = false;
    for (int k = 0; k < LIMITS; k++) {
        double least = INFINITY;
        if (most_of(s, (enum limit)k) < 0) continue;
        for (int c = 0; c < s->count; c++)
            if (!count_exceeded(s, &s->candidates[c].cost, k))
                least = fmin(least, value_of(s, &s->candidates[c].cost, (enum limit)k));
        if (isinf(least)) continue;
        text_add(text, any ? ", or " : "; it can be met with ");
        add_value(text, (enum limit)k, least);
        any = true;
    }
}

_Noreturn static void fail_budget(struct search *s)
{
    struct text text = {0};
    int nearest = find_nearest(s);
    if (nearest < 0) fail("reuse auto: no form of the layers can be scheduled for this clock");
    const struct candidate *c = &s->candidates[nearest];
    bool any = false;
    enum limit worst = LIMIT_LUT4;
    for (int k = 0; k < LIMITS; k++) {
        if (!exceeds(s, &c->cost, (enum limit)k)) continue;
        text_add(&text, any ? ", " : "");
        add_value(&text, (enum limit)k, value_of(s, &c->cost, (enum limit)k));
        text_add(&text, " (at most %.6g)", most_of(s, (enum limit)k));
        if (!any) worst = (enum limit)k;
        any = true;
    }
    double amount;
    int blamed = find_blamed(s, c, worst, &amount);
    text_add(&text, "; layer %s has the most: ", c->choices[blamed].layer);
    add_value(&text, worst, amount);
    add_ways_out(&text, s);
    fail("reuse auto: no factors meet the budget; the nearest are estimated at %s",
         text_string(&text));
}

/* ---- the search ---- */

/* A layer's products, or its own factor. */
static int most_cycles_of(const struct compile_options *options, const struct reuse_choice *layer)
{
    int own = layer_reuse_find(options->layer_reuse, options->layer_reuse_count, layer->layer);
    return own ? own : layer->rows * layer->columns;
}

void reuse_choose_within(const struct program *program, const struct compile_options *options,
                         reuse_cost_function *cost, void *data, struct reuse_choice *choices,
                         int count)
{
    struct search s = {.program = program,
                       .options = options,
                       .cost = cost,
                       .data = data,
                       .layers = count,
                       .found = choices};
    s.most_cycles = arena_alloc(&s.arena, (size_t)count + 1, sizeof *s.most_cycles);
    int most = 1, limit = options->budget.interval_cycles;
    for (int i = 0; i < count; i++) {
        s.most_cycles[i] = most_cycles_of(options, &choices[i]);
        if (s.most_cycles[i] > most) most = s.most_cycles[i];
    }
    int within = limit >= 1 && limit < most ? limit : most;
    search_up_to(&s, 1, within);
    int best = find_best(&s, -1);
    if (best < 0 && within < most) { /* what a longer interval would give */
        int from = 2;
        while (from <= within)
            from *= 2;
        search_up_to(&s, from, most);
        best = find_best(&s, -1);
    }
    if (best < 0) fail_budget(&s);
    memcpy(choices, s.candidates[best].choices, (size_t)count * sizeof *choices);
    for (int i = 0; i < count; i++)
        if (choices[i].form == REUSE_UNROLLED) choices[i].factor = 1;
    free(s.candidates);
    arena_free(&s.arena);
}
