/* The price's weight, the branches, and the frontier they make. See frontier.h. */
#include "trainer/frontier.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "trainer/nn/compact.h"
#include "trainer/polish.h"
#include "trainer/settings.h"

#include <stdatomic.h>
#include <stdlib.h>

enum { BRIDGES = 2 };
static const double gap = 1.2; /* of prices, that bridges are made for */

/* At the start the price makes up this part of the loss. */
static const double starting_part = 0.02;
static const double frontier_span = 8; /* price of the first point over the target, unless given */

static bool is_learned(const struct train_config *c)
{
    bool learned = c->input.kind == TRAIN_FORMAT_LEARNED;
    for (int i = 0; i < c->layer_count; i++) {
        if (c->layers[i].kind == TRAIN_DENSE)
            learned = learned || train_layer_weights(c, i).kind == TRAIN_FORMAT_LEARNED;
        learned = learned || train_layer_output(c, i).kind == TRAIN_FORMAT_LEARNED;
    }
    return learned;
}

bool frontier_wanted(const struct train_config *c)
{
    return c->quantize && (c->price_end > 0 || c->price_target > 0) && is_learned(c);
}

/* ---- The weight of the price ------------------------------------------------------------------
 */

/* Fits the price to what the compiler says of the network as it is now. */
static void refit(struct session *s)
{
    if (!s->config->compile || s->config->price == PRICE_EBOPS) return;
    struct network *network = export_quantized(s, s->nn);
    struct compiled_cost cost = compile_cost(network, s->config->compile, false);
    network_free(network);
    double costs[PRICE_MOST_LAYERS];
    polish_layer_costs(s, &cost, costs);
    price_fit(&s->price, s->nn, costs);
}

static double last_level(const struct train_config *c)
{
    return c->price_target > 0 ? c->price_target : 1;
}

static double first_level(const struct train_config *c)
{
    return c->frontier_from > 0 ? c->frontier_from : frontier_span * last_level(c);
}

int frontier_branches(const struct train_config *c)
{
    return c->frontier_points + BRIDGES;
}

void frontier_allocate(struct session *s)
{
    size_t count = (size_t)frontier_branches(s->config);
    s->branches = arena_alloc(&s->arena, count, sizeof *s->branches);
    s->points = arena_alloc(&s->arena, count * BRANCH_POINTS, sizeof *s->points);
}

void frontier_start(struct session *s)
{
    price_init(&s->price, s->config->price, s->nn);
    refit(s);
    s->at.price = s->at.starting_price = price_eval(&s->price, s->nn, 0, NULL);
    s->at.price_weight = starting_part / (s->at.price + 1);
    s->at.next_level = 0;
}

/* The price that should be reached at `epoch`: equal factors from where it started to its end. */
static double planned_price(const struct session *s, double epoch)
{
    double end = last_level(s->config), done = epoch / s->config->quantized_epochs;
    if (end > s->at.starting_price) end = s->at.starting_price;
    return s->at.starting_price * pow(end / s->at.starting_price, done < 1 ? done : 1);
}

double frontier_weight(struct session *s, double epoch)
{
    const struct train_config *c = s->config;
    if (c->price_end > 0) {
        double begin = c->price_begin > 0 ? c->price_begin : c->price_end;
        s->at.price_weight = begin * pow(c->price_end / begin, epoch / c->quantized_epochs);
        return s->at.price_weight;
    }
    /* Integral and proportional control of the logarithm: a price e^0.1 above its plan throughout
     * would raise the weight by a factor of e^3. */
    const double integral = 30, proportional = 2;
    double off = log((s->at.price + 1) / (planned_price(s, epoch) + 1));
    off = off > 0.5 ? 0.5 : off < -0.5 ? -0.5 : off;
    long steps = (s->train_count + c->batch - 1) / c->batch * c->quantized_epochs;
    s->at.price_weight *= exp(integral * off / (double)steps);
    return s->at.price_weight * exp(proportional * off);
}

bool frontier_reached(const struct session *s)
{
    return s->at.next_level >= s->config->frontier_points;
}

/* ---- Branches ---------------------------------------------------------------------------------
 */

/* The price at which point k of the frontier branches off. */
static double level_price(const struct train_config *c, int k)
{
    int last = c->frontier_points - 1;
    if (k >= last) return last_level(c);
    return first_level(c) * pow(last_level(c) / first_level(c), (double)k / last);
}

static bool level_passed(const struct session *s)
{
    const struct train_config *c = s->config;
    int k = (int)s->at.next_level, last = c->frontier_points - 1;
    bool end = s->at.epoch == c->quantized_epochs;
    if (c->price_end > 0) { /* the later two thirds of the epochs */
        double part = last ? 0.33 + 0.67 * k / last : 1;
        return (double)s->at.epoch >= part * c->quantized_epochs || end;
    }
    return s->at.price <= level_price(c, k) || end;
}

void frontier_branch(struct session *s)
{
    if (frontier_reached(s) || !level_passed(s)) return;
    /* The network that trains on loses its dead neurons, too. */
    struct nn *smaller = nn_compact(s->config, s->nn, s->pool, &s->optimizer);
    nn_free(s->nn);
    s->nn = smaller;
    s->best = arena_alloc(&smaller->arena, smaller->parameter_count, sizeof(real));
    refit(s);
    struct branch *b = &s->branches[s->branch_count++];
    b->facts = (struct branch_facts){.epoch = s->at.epoch,
                                     .price_weight = s->at.price_weight,
                                     .price = price_eval(&s->price, s->nn, 0, NULL),
                                     .model = s->price};
    b->nn = nn_copy(s->config, s->nn, s->pool);
    while (!frontier_reached(s) && level_passed(s))
        s->at.next_level++;
    /* Its search overlaps with the branch behind the next. */
    if (s->config->price_target > 0)
        b->facts.until = level_price(s->config, (int)s->at.next_level + 1);
}

static double monitored(const struct session *s, const struct branch *b)
{
    if (s->valid_count == 0) return b->facts.train_loss;
    return s->config->monitor == MONITOR_ACCURACY ? -b->facts.accuracy : b->facts.loss;
}

/* ---- Points -----------------------------------------------------------------------------------
 */

struct finishing {
    struct session *s;
    atomic_int done;
};

static void finish_item(void *context, int item, int thread)
{
    struct finishing *f = context;
    if (!f->s->branches[item].facts.done && !interrupt_requested()) polish_branch(f->s, item);
    int done = atomic_fetch_add(&f->done, 1) + 1;
    if (thread == 0) progress_update(done, NULL);
}

static void finish_branches(struct session *s)
{
    struct finishing f = {.s = s};
    progress_begin("train (frontier)", s->branch_count);
    pool_run(s->pool, s->branch_count, finish_item, &f);
    progress_end();
}

static bool is_beaten(const struct session *s, int i);

/* Branches from the cheapest points that are good for their price but still above the target,
 * unless one is close to it. */
static void add_bridges(struct session *s)
{
    const struct train_config *c = s->config;
    if (!(c->price_target > 0) || c->search_tries == 0) return;
    int ramp = s->branch_count;
    for (int b = 0; b < BRIDGES; b++) {
        const struct branch *cheapest = NULL;
        double before = b ? s->branches[s->branch_count - 1].facts.price : c->price_target;
        for (int i = 0; i < ramp * BRANCH_POINTS; i++) {
            if (!s->points[i].nn || is_beaten(s, i)) continue;
            double price = polish_true_price(s, &s->points[i]);
            if (price <= before) continue;
            if (!cheapest || price < polish_true_price(s, cheapest)) cheapest = &s->points[i];
        }
        if (!cheapest) return;
        double price = polish_true_price(s, cheapest);
        if (b == 0 && price <= gap * c->price_target) return;
        struct branch *to = &s->branches[s->branch_count++];
        to->facts = cheapest->facts;
        to->facts.done = 0;
        to->facts.bridge = 1;
        to->facts.price = price;
        to->facts.until = c->price_target;
        to->nn = nn_copy(c, cheapest->nn, s->pool);
    }
}

bool frontier_finish(struct session *s)
{
    finish_branches(s);
    if (interrupt_requested()) return false;
    if (s->branch_count > 0 && !s->branches[s->branch_count - 1].facts.bridge) add_bridges(s);
    finish_branches(s);
    return !interrupt_requested();
}

/* Whether another point is as cheap and as good, and better in one of the two. */
static bool is_beaten(const struct session *s, int i)
{
    const struct branch *b = &s->points[i];
    for (int k = 0; k < s->branch_count * BRANCH_POINTS; k++) {
        const struct branch *a = &s->points[k];
        if (!a->nn || k == i) continue;
        double cheaper = polish_true_price(s, b) - polish_true_price(s, a);
        double better = monitored(s, b) - monitored(s, a);
        if (cheaper >= 0 && better >= 0 && (cheaper > 0 || better > 0 || k < i)) return true;
    }
    return false;
}

/* A point on its way to the result. */
struct listed {
    const struct branch *branch;
    double price;
};

static int compare_listed(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    return (x->price < y->price) - (x->price > y->price);
}

static struct train_point export_point(const struct session *s, const struct branch *b)
{
    const struct branch_facts *f = &b->facts;
    struct train_point p = {.network = export_quantized(s, b->nn),
                            .epoch = (int)f->epoch,
                            .price_weight = f->price_weight,
                            .price = polish_true_price(s, b),
                            .train_loss = f->train_loss,
                            .loss = f->loss,
                            .accuracy = f->accuracy,
                            .auc = f->auc,
                            .weights = (long)f->weights,
                            .nonzero = (long)f->nonzero,
                            .digits = (long)f->digits,
                            .compiled = s->config->compile != NULL};
    if (p.compiled) p.cost = compile_cost(p.network, s->config->compile, true);
    return p;
}

/* The best that costs what is allowed; the last, which costs least, if none does. */
static int pick(const struct session *s, const struct train_result *r, const struct listed *list)
{
    const struct train_config *c = s->config;
    int best = r->point_count - 1;
    for (int i = r->point_count - 1; i >= 0; i--) {
        const struct train_point *p = &r->points[i];
        bool allowed = c->price_target > 0
                           ? p->price <= c->price_target
                           : c->most_cells <= 0 || p->cost.total.cells <= c->most_cells;
        if (allowed && monitored(s, list[i].branch) <= monitored(s, list[best].branch)) best = i;
    }
    return best;
}

void frontier_export(struct session *s, struct train_result *r)
{
    int all = s->branch_count * BRANCH_POINTS, count = 0;
    struct listed *list = arena_alloc(&r->arena, (size_t)all, sizeof *list);
    for (int i = 0; i < all; i++)
        if (s->points[i].nn && !is_beaten(s, i))
            list[count++] = (struct listed){&s->points[i], polish_true_price(s, &s->points[i])};
    qsort(list, (size_t)count, sizeof *list, compare_listed);
    r->points = arena_alloc(&r->arena, (size_t)all, sizeof *r->points);
    for (; r->point_count < count; r->point_count++)
        r->points[r->point_count] = export_point(s, list[r->point_count].branch);
    r->picked = pick(s, r, list);
    struct nn *picked = nn_copy(s->config, list[r->picked].branch->nn, s->pool);
    nn_free(s->nn);
    s->nn = picked;
}

void frontier_free(struct session *s)
{
    for (int i = 0; i < s->branch_count; i++)
        nn_free(s->branches[i].nn);
    for (int i = 0; i < s->branch_count * BRANCH_POINTS; i++)
        nn_free(s->points[i].nn);
}
