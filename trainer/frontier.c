/* The price's weight, the branches, and the frontier they make. See frontier.h. */
#include "trainer/frontier.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/random.h"
#include "trainer/metrics.h"
#include "trainer/nn/compact.h"
#include "trainer/nn/search.h"
#include "trainer/nn/update.h"
#include "trainer/settings.h"

#include <stdlib.h>

/* The price at the start costs as much as this much of the loss. */
static const double starting_share = 0.02;
static const double frontier_span = 16; /* first point over last one, unless given */

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

/* ---- What the compiler says -------------------------------------------------------------------- */

/* Fits the price to the network as it is now. */
static void refit(struct session *s)
{
    if (!s->config->compile || s->config->price == PRICE_EBOPS) return;
    struct network *network = export_quantized(s, s->nn);
    struct compiled_cost cost = compile_cost(network, s->config->compile, false);
    network_free(network);
    double costs[PRICE_MOST_LAYERS] = {0};
    for (int l = 0; l < s->price.layer_count && l < cost.layer_count; l++)
        costs[l] = s->config->price == PRICE_LUT4 ? cost.layers[l].lut4 : cost.layers[l].adder_bits;
    price_fit(&s->price, s->nn, costs);
}

/* ---- The weight of the price ------------------------------------------------------------------- */

static double last_level(const struct train_config *c)
{
    return c->price_target > 0 ? c->price_target : 1;
}

static double first_level(const struct train_config *c)
{
    return c->frontier_from > 0 ? c->frontier_from : frontier_span * last_level(c);
}

void frontier_start(struct session *s)
{
    const struct train_config *c = s->config;
    price_init(&s->price, c->price, s->nn);
    refit(s);
    s->at.price = s->at.starting_price = price_eval(&s->price, s->nn, 0, NULL);
    s->at.price_weight = starting_share / (s->at.price + 1);
    s->at.next_level = 0;
    s->branches = arena_alloc(&s->arena, (size_t)c->frontier_points, sizeof *s->branches);
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
    /* Integral and proportional control of the logarithm. */
    const double gain = 30, proportional = 2;
    double off = log((s->at.price + 1) / (planned_price(s, epoch) + 1));
    off = off > 0.5 ? 0.5 : off < -0.5 ? -0.5 : off;
    long steps = (s->train_count + c->batch - 1) / c->batch * c->quantized_epochs;
    s->at.price_weight *= exp(gain * off / (double)steps);
    return s->at.price_weight * exp(proportional * off);
}

bool frontier_reached(const struct session *s)
{
    return s->at.next_level >= s->config->frontier_points;
}

/* ---- Branches ---------------------------------------------------------------------------------- */

static bool level_passed(const struct session *s)
{
    const struct train_config *c = s->config;
    int k = (int)s->at.next_level, last = c->frontier_points - 1;
    bool end = s->at.epoch == c->quantized_epochs;
    if (c->price_end > 0) { /* the later two thirds of the epochs */
        double part = last ? 0.33 + 0.67 * k / last : 1;
        return (double)s->at.epoch >= part * c->quantized_epochs || end;
    }
    double level = last_level(c);
    if (k < last) level = first_level(c) * pow(level / first_level(c), (double)k / last);
    return s->at.price <= level || end;
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
    *b = (struct branch){.epoch = s->at.epoch,
                         .price_weight = s->at.price_weight,
                         .price = price_eval(&s->price, s->nn, 0, NULL),
                         .model = s->price};
    b->nn = nn_copy(s->config, s->nn, s->pool);
    while (!frontier_reached(s) && level_passed(s))
        s->at.next_level++;
}

/* ---- Annealing --------------------------------------------------------------------------------- */

struct annealing {
    struct session *s;
    bool stopped;
};

static void shuffle(struct random *random, uint32_t *order, long count)
{
    for (long i = count - 1; i > 0; i--) {
        long j = (long)random_below(random, (uint64_t)i + 1);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

static void anneal(const struct session *s, struct branch *b, uint64_t key)
{
    const struct train_config *c = s->config;
    struct optimizer o = s->optimizer;
    o.step = 0;
    for (int i = 0; i < optimizer_states(c->optimizer); i++)
        o.state[i] = arena_alloc(&b->nn->arena, b->nn->trainable, sizeof(real));
    uint32_t *order = malloc((size_t)s->train_count * sizeof *order);
    if (!order) fail("out of memory");
    for (long i = 0; i < s->train_count; i++)
        order[i] = (uint32_t)i;
    struct random random = random_init(c->seed * 0x9e3779b97f4a7c15U + 0x51ed2700 + key);
    double base = c->quantized_learning_rate > 0 ? c->quantized_learning_rate : c->learning_rate;
    const long steps = (s->train_count + c->batch - 1) / c->batch;
    for (int epoch = 0; epoch < c->anneal_epochs; epoch++) {
        double loss = 0, weight = 0;
        shuffle(&random, order, s->train_count);
        for (long step = 0; step < steps && !interrupt_requested(); step++) {
            double done = ((double)epoch + (double)step / (double)steps) / c->anneal_epochs;
            double rate = base * (c->final_fraction + (1 - c->final_fraction) *
                                                          (1 + cos(3.14159265358979 * done)) / 2);
            long first = step * c->batch, count = s->train_count - first;
            if (count > c->batch) count = c->batch;
            struct loss_sum sum = nn_gradient(b->nn, &s->train, order + first, (int)count,
                                              (uint64_t)(epoch * steps + step));
            nn_update(c, b->nn, &o, rate, &b->model, b->price_weight);
            loss += sum.loss;
            weight += sum.weight;
        }
        b->train_loss = weight > 0 ? loss / weight : 0;
    }
    free(order);
}

static void judge(const struct session *s, struct branch *b)
{
    b->price = price_eval(&b->model, b->nn, 0, NULL);
    b->loss = b->accuracy = b->auc = (double)NAN;
    if (s->valid_count > 0) {
        int outputs = b->nn->outputs;
        double *scores = malloc((size_t)s->valid_count * (size_t)outputs * sizeof *scores);
        if (!scores) fail("out of memory");
        struct loss_sum sum = nn_evaluate(b->nn, &s->valid, scores);
        b->loss = sum.weight > 0 ? sum.loss / sum.weight : 0;
        if (s->classes) {
            struct arena arena = {0};
            struct metrics m = metrics_eval(&arena, scores, outputs, train_threshold(s->config),
                                            s->valid.labels, s->valid_count);
            b->accuracy = m.accuracy;
            b->auc = m.auc;
            arena_free(&arena);
        }
        free(scores);
    }
    for (int i = 0; i < b->nn->op_count; i++) {
        const struct nn_op *op = &b->nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        b->weights += (long)op->inputs * op->outputs;
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++) {
                real w = op->used_weights[(ptrdiff_t)k * op->columns + j];
                b->nonzero += w != 0;
                b->digits += weight_digits_of((int64_t)ldexp((double)w, 20));
            }
    }
}

static void anneal_item(void *context, int item, int thread)
{
    (void)thread;
    struct annealing *a = context;
    struct branch *b = &a->s->branches[item];
    if (b->done || interrupt_requested()) return;
    struct pool *alone = pool_init(1);
    b->nn->pool = alone;
    anneal(a->s, b, (uint64_t)item);
    if (!interrupt_requested()) {
        struct nn *compact = nn_compact(a->s->config, b->nn, alone, NULL);
        nn_free(b->nn);
        b->nn = compact;
        if (getenv("SEARCH")) {
            uint32_t *order = malloc((size_t)a->s->train_count * sizeof *order);
            for (long i = 0; i < a->s->train_count; i++)
                order[i] = (uint32_t)i;
            double start = clock_seconds();
            long count = atol(getenv("SEARCH"));
            struct search_result r = nn_search(b->nn, &a->s->train, order, count, &b->model, b->price_weight, getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 3);
            fprintf(stderr, "SEARCH %d: possible %d rounds %d tried %d kept %d loss %.5f -> %.5f price %.0f -> %.0f  %.2f s\n", item, r.possible, r.rounds, r.tried, r.kept, r.loss_before, r.loss_after, r.price_before, r.price_after, clock_seconds() - start);
            struct loss_sum sum = nn_evaluate(b->nn, &a->s->train, NULL);
            b->train_loss = sum.loss / sum.weight;
            free(order);
        }
        judge(a->s, b);
        b->done = 1;
    }
    pool_free(alone);
}

void frontier_finish(struct session *s)
{
    struct annealing a = {.s = s};
    pool_run(s->pool, s->branch_count, anneal_item, &a);
    for (int i = 0; i < s->branch_count && s->config->compile; i++) {
        struct branch *b = &s->branches[i];
        b->nn->pool = s->pool;
        struct network *network = export_quantized(s, b->nn);
        b->cost = compile_cost(network, s->config->compile, true);
        network_free(network);
    }
}

/* ---- The frontier ------------------------------------------------------------------------------ */

static double true_price(const struct session *s, const struct branch *b)
{
    if (!s->config->compile || s->config->price == PRICE_EBOPS) return b->price;
    return s->config->price == PRICE_LUT4 ? b->cost.total.lut4 : b->cost.total.adder_bits;
}

static double monitored(const struct session *s, const struct branch *b)
{
    if (s->valid_count == 0) return b->train_loss;
    return s->config->monitor == MONITOR_ACCURACY ? -b->accuracy : b->loss;
}

static bool is_beaten(const struct session *s, int i)
{
    for (int k = 0; k < s->branch_count; k++) {
        const struct branch *a = &s->branches[k], *b = &s->branches[i];
        double cheaper = true_price(s, b) - true_price(s, a);
        double better = monitored(s, b) - monitored(s, a);
        if (k != i && cheaper >= 0 && better >= 0 && (cheaper > 0 || better > 0 || k < i))
            return true;
    }
    return false;
}

static int compare_points(const void *a, const void *b)
{
    const struct train_point *x = a, *y = b;
    return (x->price < y->price) - (x->price > y->price);
}

void frontier_export(struct session *s, struct train_result *r)
{
    r->points = arena_alloc(&r->arena, (size_t)s->branch_count, sizeof *r->points);
    for (int i = 0; i < s->branch_count; i++) {
        struct branch *b = &s->branches[i];
        if (is_beaten(s, i)) continue;
        r->points[r->point_count++] = (struct train_point){.network = export_quantized(s, b->nn),
                                                           .epoch = (int)b->epoch,
                                                           .price_weight = b->price_weight,
                                                           .price = b->price,
                                                           .train_loss = b->train_loss,
                                                           .loss = b->loss,
                                                           .accuracy = b->accuracy,
                                                           .auc = b->auc,
                                                           .weights = b->weights,
                                                           .nonzero = b->nonzero,
                                                           .digits = b->digits,
                                                           .compiled = s->config->compile != NULL,
                                                           .cost = b->cost};
    }
    qsort(r->points, (size_t)r->point_count, sizeof *r->points, compare_points);
}

void frontier_free(struct session *s)
{
    for (int i = 0; i < s->branch_count; i++)
        nn_free(s->branches[i].nn);
}
