/* Annealing, search, judgement: see polish.h. */
#include "trainer/polish.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "data/random.h"
#include "trainer/metrics.h"
#include "trainer/nn/compact.h"
#include "trainer/nn/search.h"
#include "trainer/nn/update.h"
#include "trainer/nn/widths.h"
#include "trainer/settings.h"

#include <stdlib.h>

enum { SEARCH_ROUNDS = 2, SHAKE_EPOCHS = 20 };
static const double shake_rate = 0.3;   /* of the learning rate that annealing starts from */
static const double weight_step = 1.25; /* from a point's weight of the price to the next */

/* A branch at work. */
struct polishing {
    struct session *s;
    struct pool *pool; /* of this thread alone */
    struct nn *nn;
    struct price_model model;
    uint32_t *order;
    uint64_t key;      /* of random orders */
    double train_loss; /* of the last epoch, or of the search */
};

/* ---- Training ---------------------------------------------------------------------------------
 */

static void shuffle(struct random *random, uint32_t *order, long count)
{
    for (long i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    for (long i = count - 1; i > 0; i--) {
        long j = (long)random_below(random, (uint64_t)i + 1);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

/* `epochs` at a learning rate that falls from `rate` along half a cosine. */
static void anneal(struct polishing *p, int epochs, double rate, double weight)
{
    const struct session *s = p->s;
    const struct train_config *c = s->config;
    struct arena arena = {0};
    struct optimizer o = s->optimizer;
    o.step = 0;
    for (int i = 0; i < optimizer_states(c->optimizer); i++)
        o.state[i] = arena_alloc(&arena, p->nn->trainable, sizeof(real));
    struct random random = random_init(c->seed * 0x9e3779b97f4a7c15U + 0x51ed2700 + p->key++);
    const long steps = (s->train_count + c->batch - 1) / c->batch;
    for (long step = 0; step < steps * epochs && !interrupt_requested(); step++) {
        if (step % steps == 0) shuffle(&random, p->order, s->train_count);
        double done = (double)step / (double)(steps * epochs);
        double now = rate * (c->final_fraction +
                             (1 - c->final_fraction) * (1 + cos(3.14159265358979 * done)) / 2);
        long first = step % steps * c->batch, count = s->train_count - first;
        if (count > c->batch) count = c->batch;
        struct loss_sum sum =
            nn_gradient(p->nn, &s->train, p->order + first, (int)count, (uint64_t)step);
        nn_update(c, p->nn, &o, now, &p->model, weight);
        if (step % steps == 0) p->train_loss = 0;
        p->train_loss += sum.weight > 0 ? sum.loss / sum.weight / (double)steps : 0;
    }
    arena_free(&arena);
}

static void replace(struct polishing *p, struct nn *by)
{
    nn_free(p->nn);
    p->nn = by;
}

/* Searches `tries` times, shaking in between, and leaves the best found; false if this network is
 * none that the search knows. */
static bool improve(struct polishing *p, int tries, double weight)
{
    const struct session *s = p->s;
    const struct train_config *c = s->config;
    double rate = c->quantized_learning_rate > 0 ? c->quantized_learning_rate : c->learning_rate;
    struct nn *best = NULL;
    double best_sum = INFINITY, best_loss = 0;
    for (int i = 0; i < tries && !interrupt_requested(); i++) {
        if (i > 0) anneal(p, SHAKE_EPOCHS, shake_rate * rate, weight);
        for (long k = 0; k < s->train_count; k++)
            p->order[k] = (uint32_t)k;
        struct search_result r = nn_search(p->nn, &s->train, p->order, s->train_count, &p->model,
                                           weight, SEARCH_ROUNDS, interrupt_requested);
        if (!r.possible) return false;
        replace(p, nn_compact(c, p->nn, p->pool, NULL));
        double sum = r.loss_after + weight * price_eval(&p->model, p->nn, 0, NULL);
        if (sum >= best_sum) continue;
        best_sum = sum;
        best_loss = r.loss_after;
        nn_free(best);
        best = nn_copy(c, p->nn, p->pool);
    }
    if (!best) return true;
    replace(p, best);
    p->train_loss = best_loss;
    return true;
}

/* ---- Judging ----------------------------------------------------------------------------------
 */

static void count_weights(const struct nn *nn, struct branch_facts *f)
{
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        f->weights += (long)op->inputs * op->outputs;
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++) {
                real w = op->used_weights[(ptrdiff_t)k * op->columns + j];
                f->nonzero += w != 0;
                f->digits += weight_digits_of((int64_t)ldexp((double)w, WIDTHS_MOST_FRACTION));
            }
    }
}

static void judge(const struct session *s, struct nn *nn, struct branch_facts *f)
{
    f->loss = f->accuracy = f->auc = (double)NAN;
    count_weights(nn, f);
    if (s->valid_count == 0) return;
    struct arena arena = {0};
    double *scores =
        arena_alloc(&arena, (size_t)s->valid_count * (size_t)nn->outputs, sizeof *scores);
    struct loss_sum sum = nn_evaluate(nn, &s->valid, scores);
    f->loss = sum.weight > 0 ? sum.loss / sum.weight : 0;
    if (s->classes) {
        if (s->config->loss == LOSS_CATEGORICAL_CROSS_ENTROPY)
            metrics_softmax(scores, nn->outputs, s->valid_count);
        struct metrics m = metrics_eval(&arena, scores, nn->outputs, train_threshold(s->config),
                                        s->valid.labels, s->valid_count);
        f->accuracy = m.accuracy;
        f->auc = m.auc;
    }
    arena_free(&arena);
}

void polish_layer_costs(const struct session *s, const struct compiled_cost *cost,
                        double costs[PRICE_MOST_LAYERS])
{
    for (int l = 0; l < PRICE_MOST_LAYERS; l++) {
        const struct cost *layer = &cost->layers[l < cost->layer_count ? l : 0];
        costs[l] = s->config->price == PRICE_LUT4 ? layer->lut4 : layer->adder_bits;
    }
}

double polish_true_price(const struct session *s, const struct branch *b)
{
    if (!s->config->compile || s->config->price == PRICE_EBOPS) return b->facts.price;
    const struct cost *total = &b->facts.cost.total;
    return s->config->price == PRICE_LUT4 ? total->lut4 : total->adder_bits;
}

/* The network as it is now as a point; the price learns from what the compiler says. */
static void make_point(struct polishing *p, const struct branch *from, double weight,
                       struct branch *to)
{
    const struct session *s = p->s;
    if (s->config->range_from_data) widths_observe(p->nn, &s->train, s->config->range_margin_bits);
    to->nn = nn_copy(s->config, p->nn, p->pool);
    to->facts = (struct branch_facts){.epoch = from->facts.epoch,
                                      .done = 1,
                                      .price_weight = weight,
                                      .price = price_eval(&p->model, p->nn, 0, NULL),
                                      .train_loss = p->train_loss,
                                      .model = p->model};
    judge(s, to->nn, &to->facts);
    if (!s->config->compile) return;
    struct network *network = export_quantized(s, to->nn);
    to->facts.cost = compile_cost(network, s->config->compile, false);
    network_free(network);
    double costs[PRICE_MOST_LAYERS];
    polish_layer_costs(s, &to->facts.cost, costs);
    price_fit(&p->model, p->nn, costs);
}

/* ---- A branch ---------------------------------------------------------------------------------
 */

static void run(struct polishing *p, const struct branch *from, struct branch *points, bool last)
{
    const struct session *s = p->s;
    const struct train_config *c = s->config;
    double rate = c->quantized_learning_rate > 0 ? c->quantized_learning_rate : c->learning_rate;
    double weight = from->facts.price_weight;
    if (!from->facts.bridge) {
        anneal(p, c->anneal_epochs, rate, weight);
        replace(p, nn_compact(c, p->nn, p->pool, NULL));
    } else {
        weight *= weight_step;
    }
    for (int k = 0; k < BRANCH_POINTS; k++) {
        bool searched = c->search_tries > 0 && improve(p, k ? 1 : c->search_tries, weight);
        if (interrupt_requested()) return;
        make_point(p, from, weight, &points[k]);
        bool reached = polish_true_price(s, &points[k]) <= from->facts.until;
        /* The last branch does not end above the target. */
        bool to_the_end = (last && c->price_target > 0) || from->facts.bridge;
        bool wanted = !reached && (k < c->search_further || to_the_end);
        if (!searched || !wanted) return;
        weight *= weight_step;
    }
}

void polish_branch(struct session *s, int number)
{
    struct branch *b = &s->branches[number], *points = &s->points[number * BRANCH_POINTS];
    struct polishing p = {.s = s, .pool = pool_init(1), .model = b->facts.model};
    p.key = (uint64_t)number * 1000;
    p.nn = nn_copy(s->config, b->nn, p.pool);
    p.order = malloc((size_t)s->train_count * sizeof *p.order);
    if (!p.order) fail("out of memory");
    run(&p, b, points, number == s->branch_count - 1);
    if (!interrupt_requested()) b->facts.done = 1;
    for (int k = 0; k < BRANCH_POINTS && !b->facts.done; k++) {
        nn_free(points[k].nn);
        points[k] = (struct branch){.nn = NULL};
    }
    free(p.order);
    nn_free(p.nn);
    pool_free(p.pool);
}
