/* Learned widths: what is exported computes what was trained, compacted copies and searched
 * networks too; columns give exact differences; the frontier is one, meets its target and resumes.
 */
#include "base/error.h"
#include "base/interrupt.h"
#include "compiler/cost.h"
#include "model/reference.h"
#include "trainer/nn/columns.h"
#include "trainer/nn/compact.h"
#include "trainer/nn/convert.h"
#include "trainer/nn/search.h"
#include "trainer/nn/widths.h"
#include "trainer/train.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <unistd.h>

#include "problem.h"

static struct compile_options options;

/* The small problem with all widths learned, priced in LUT4. */
static struct train_config learned_config(enum train_loss loss, int outputs)
{
    struct train_config c = small_config(loss, outputs);
    const struct train_format learned = {.kind = TRAIN_FORMAT_LEARNED,
                                         .format = format_make(true, 6, 6)};
    c.input = c.weights = c.bias = c.activations = learned;
    compile_options_init(&options);
    c.compile = &options;
    c.quantized_epochs = 60;
    c.price_target = 150;
    c.frontier_from = 900;
    c.frontier_points = 4;
    c.anneal_epochs = 10;
    c.search_tries = 2;
    return c;
}

/* ---- Networks on their own --------------------------------------------------------------------
 */

/* A network with learned widths, calibrated on events that are the standardised ones. */
struct fixture {
    struct arena arena;
    struct events *events;
    struct nn_events x;
    struct pool *pool;
    struct nn *nn;
    uint32_t order[COUNT];
};

static struct fixture open_network(struct train_config *c, int classes)
{
    struct fixture f = {.events = make_events(classes), .pool = pool_init(1)};
    f.x = (struct nn_events){.count = COUNT, .columns = pad_columns(FEATURES)};
    f.x.x = arena_alloc(&f.arena, (size_t)COUNT * PAD, sizeof(real));
    int outputs = c->layers[c->layer_count - 1].units;
    if (classes)
        f.x.labels = arena_alloc(&f.arena, COUNT, sizeof(int));
    else
        f.x.targets = arena_alloc(&f.arena, (size_t)(COUNT * outputs), sizeof(real));
    for (long i = 0; i < COUNT; i++) {
        const float *x = f.events->x + i * FEATURES;
        const float scaled[FEATURES] = {(x[0] - 100) / 20, x[1] * 100, x[2], 0.5F};
        memcpy(f.x.x + i * PAD, scaled, sizeof scaled);
        if (classes) f.x.labels[i] = (int)f.events->y[i];
        for (int k = 0; !classes && k < outputs; k++)
            f.x.targets[i * outputs + k] = f.events->y[i * outputs + k];
        f.order[i] = (uint32_t)((i * 7) % COUNT);
    }
    f.nn = nn_init(c, FEATURES, classes > 0, true, f.pool);
    nn_randomise(f.nn, 5);
    nn_calibrate(c, f.nn, &f.x);
    /* Widths that differ, some of them down to nothing. */
    struct random random = random_init(17);
    for (int i = 0; i < f.nn->op_count; i++) {
        const struct nn_op *op = &f.nn->ops[i];
        const struct span spans[] = {op->weight_widths.fraction, op->bias_widths.fraction,
                                     op->widths.fraction};
        for (int s = 0; s < 3; s++)
            for (size_t k = 0; k < spans[s].count; k++)
                f.nn->parameters[spans[s].first + k] -= (real)random_below(&random, 4);
    }
    widths_limit(f.nn);
    nn_prepare(f.nn);
    return f;
}

static void close_network(struct fixture *f)
{
    nn_free(f->nn);
    pool_free(f->pool);
    events_free(f->events);
    arena_free(&f->arena);
}

static double mean_loss(const struct fixture *f, struct nn *nn)
{
    struct loss_sum sum = nn_evaluate(nn, &f->x, NULL);
    return sum.loss / sum.weight;
}

static void assert_close(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.9g is not %.9g", a, b);
}

/* Random changes of every kind: the difference that columns tell is that of whole evaluations. */
static void test_columns_are_exact(void **state)
{
    (void)state;
    const enum train_loss losses[] = {LOSS_CATEGORICAL_CROSS_ENTROPY,
                                      LOSS_BINARY_CROSS_ENTROPY,
                                      LOSS_HINGE,
                                      LOSS_SQUARED_ERROR,
                                      LOSS_HUBER,
                                      LOSS_ABSOLUTE_ERROR};
    const enum train_layer_kind kinds[] = {TRAIN_RELU, TRAIN_LEAKY_RELU, TRAIN_TANH, TRAIN_SIGMOID};
    struct random random = random_init(3);
    for (int n = 0; n < 6; n++) {
        int classes = n < 3 ? 3 : 0;
        struct train_config c = learned_config(losses[n], classes ? 3 : 2);
        layers[1].kind = kinds[n % 4];
        layers[1].alpha = 0.25;
        struct fixture f = open_network(&c, classes);
        struct columns *s = columns_open(f.nn, &f.x, f.order, COUNT);
        assert_non_null(s);
        assert_close(columns_mean_loss(s), mean_loss(&f, f.nn), 1e-5);
        columns_derive(s);
        double largest = 0;
        for (int k = 0; k < 40; k++) {
            int layer = (int)random_below(&random, (uint64_t)s->layer_count + 1) - 1;
            const struct column_layer *l = columns_layer(s, layer);
            struct column_change change = {.layer = layer};
            change.column = (int)random_below(&random, (uint64_t)l->outputs);
            change.is_format = layer < 0 || (l->has_activation && k % 3 == 0);
            change.fraction = l->fraction[change.column] + 1 - 2 * (k & 1);
            change.range = l->range[change.column];
            if (change.fraction + change.range < 0) continue;
            change.row = layer < 0 ? -1 : (int)random_below(&random, (uint64_t)l->inputs + 1) - 1;
            double before = columns_mean_loss(s);
            if (layer >= 0)
                change.value = (change.is_format || change.row < 0
                                    ? l->bias[change.column]
                                    : l->weights[change.row * l->outputs + change.column]) +
                               (real)(0.25 * (k % 5 - 2));
            double told = columns_difference(s, &change, INFINITY), estimate;
            columns_estimate(s, &change, 1, 1, &estimate);
            columns_keep(s, &change);
            assert_close(columns_mean_loss(s) - before, told, 1e-6 + 1e-6 * before);
            if (layer == s->layer_count - 1 && losses[n] == LOSS_SQUARED_ERROR)
                assert_close(estimate, told, 1e-4 + 1e-3 * fabs(told));
            if (fabs(told) > largest) largest = fabs(told);
        }
        assert_true(largest > 1e-3);
        columns_close(s);
        close_network(&f);
    }
}

static void test_search_lowers_what_it_says(void **state)
{
    (void)state;
    for (int classes = 0; classes <= 3; classes += 3) {
        enum train_loss loss = classes ? LOSS_CATEGORICAL_CROSS_ENTROPY : LOSS_SQUARED_ERROR;
        struct train_config c = learned_config(loss, classes ? 3 : 2);
        layers[4].weights = (struct train_format){.kind = TRAIN_FORMAT_LEARNED,
                                                  .format = format_make(true, 6, 6),
                                                  .grain = GRAIN_CHANNEL};
        struct fixture f = open_network(&c, classes);
        struct price_model price;
        price_init(&price, PRICE_LUT4, f.nn);
        double before = mean_loss(&f, f.nn), bits = price_eval(&price, f.nn, 0, NULL);
        struct search_result r =
            nn_search(f.nn, &f.x, f.order, COUNT, &price, 1e-5, 3, interrupt_requested);
        assert_true(r.possible && r.kept > 10);
        assert_close(r.loss_before, before, 1e-5);
        assert_close(r.price_before, bits, 1e-6);
        assert_close(r.loss_after, mean_loss(&f, f.nn), 1e-5);
        assert_true(r.loss_after + 1e-5 * r.price_after < 0.9 * (before + 1e-5 * bits));
        close_network(&f);
    }
}

static void test_compact_copies_compute_the_same(void **state)
{
    (void)state;
    struct train_config c = learned_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    struct fixture f = open_network(&c, 3);
    /* A neuron without bits and one that nobody reads. */
    struct nn_op *relu = NULL, *reader = NULL;
    for (int i = 0; i < f.nn->op_count; i++) {
        if (f.nn->ops[i].kind == OP_ACTIVATION && f.nn->ops[i].layer == 1) relu = &f.nn->ops[i];
        if (f.nn->ops[i].kind == OP_DENSE && f.nn->ops[i].layer == 2) reader = &f.nn->ops[i];
    }
    f.nn->parameters[relu->widths.fraction.first + 3] =
        -f.nn->parameters[relu->widths.range.first + 3];
    for (int j = 0; j < reader->columns; j++)
        f.nn->parameters[reader->weights.first + (size_t)(5 * reader->columns + j)] = 0;
    nn_prepare(f.nn);
    struct nn *copy = nn_copy(&c, f.nn, f.pool), *compact = nn_compact(&c, f.nn, f.pool, NULL);
    assert_true(mean_loss(&f, copy) == mean_loss(&f, f.nn));
    assert_close(mean_loss(&f, compact), mean_loss(&f, f.nn), 1e-6);
    int neurons = 0;
    for (int i = 0; i < compact->op_count; i++)
        if (compact->ops[i].kind == OP_DENSE && compact->ops[i].layer == 0) {
            neurons = compact->ops[i].outputs;
            for (int j = 0; j < neurons; j++)
                assert_true(nn_origin(&compact->ops[i], j) != 3 &&
                            nn_origin(&compact->ops[i], j) != 5);
        }
    assert_true(neurons <= 10 && neurons > 2);
    nn_free(copy);
    nn_free(compact);
    close_network(&f);
}

/* Samples made with known coefficients bring them back. */
static void test_price_is_fitted(void **state)
{
    (void)state;
    struct train_config c = learned_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    struct fixture f = open_network(&c, 3);
    struct price_model price;
    price_init(&price, PRICE_ADDER_BITS, f.nn);
    assert_int_equal(price.layer_count, 3);
    const double truth[PRICE_FEATURES] = {0.7, 1.5, -4, 0.2};
    struct random random = random_init(23);
    double features[PRICE_MOST_LAYERS][PRICE_FEATURES];
    for (int n = 0; n < 30; n++) {
        const struct nn_op *op = NULL;
        for (int i = 0; i < f.nn->op_count; i++) {
            op = &f.nn->ops[i];
            const struct span spans[] = {op->weight_widths.fraction, op->widths.fraction};
            for (int s = 0; s < 2; s++)
                for (size_t k = 0; k < spans[s].count; k++)
                    f.nn->parameters[spans[s].first + k] += (real)random_below(&random, 3) - 1;
        }
        widths_limit(f.nn);
        nn_prepare(f.nn);
        price_features(f.nn, PRICE_ADDER_BITS, features);
        double costs[PRICE_MOST_LAYERS] = {0};
        for (int l = 0; l < 3; l++)
            for (int k = 0; k < PRICE_FEATURES; k++)
                costs[l] += truth[k] * features[l][k];
        price_fit(&price, f.nn, costs);
    }
    double sum = 0;
    for (int l = 0; l < 3; l++)
        for (int k = 0; k < PRICE_FEATURES; k++)
            sum += truth[k] * features[l][k];
    assert_close(price_eval(&price, f.nn, 0, NULL), sum, 0.03 * sum);
    close_network(&f);
}

/* d x_q / d f = -ln 2 (x_q - x), summed over those that share a width. */
static void test_width_gradients(void **state)
{
    (void)state;
    for (int grain = 0; grain < GRAIN_COUNT; grain++) {
        struct train_config c = learned_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        c.weights.grain = (enum train_grain)grain;
        struct fixture f = open_network(&c, 3);
        real *gradient = arena_alloc(&f.arena, f.nn->trainable, sizeof *gradient);
        double *expected = arena_alloc(&f.arena, f.nn->trainable, sizeof *expected), size = 0;
        struct random random = random_init(31);
        for (int o = 0; o < f.nn->op_count; o++) {
            const struct nn_op *op = &f.nn->ops[o];
            for (int i = 0; i < op->inputs && op->kind == OP_DENSE; i++)
                for (int j = 0; j < op->outputs; j++) {
                    size_t at = (size_t)(i * op->columns + j), w = op->weights.first + at;
                    gradient[w] = (real)random_uniform(&random) - (real)0.5;
                    size_t width = grain == GRAIN_EACH      ? at
                                   : grain == GRAIN_CHANNEL ? (size_t)j
                                                            : 0;
                    expected[op->weight_widths.fraction.first + width] -=
                        (double)gradient[w] * log(2) *
                        (double)(op->used_weights[at] - f.nn->parameters[w]);
                }
        }
        widths_gradient(f.nn, gradient);
        for (int o = 0; o < f.nn->op_count; o++) {
            struct span span = f.nn->ops[o].weight_widths.fraction;
            for (size_t k = span.first; k < span.first + span.count; k++) {
                assert_close((double)gradient[k], expected[k], 1e-6);
                size += fabs(expected[k]);
            }
        }
        assert_true(size > 0.01);
        close_network(&f);
    }
}

/* What a bit more of an activation, and of a weight's bits, does to the price. */
static void test_price_gradients(void **state)
{
    (void)state;
    for (int kind = 0; kind < PRICE_COUNT; kind++) {
        struct train_config c = learned_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        struct fixture f = open_network(&c, 3);
        struct price_model price;
        price_init(&price, (enum train_price)kind, f.nn);
        real *gradient = arena_alloc(&f.arena, f.nn->trainable, sizeof *gradient);
        const double before = price_eval(&price, f.nn, 1, gradient);
        int counted[2] = {0}, equal[2] = {0}; /* of activations, of weights */
        for (int o = 0; o < f.nn->op_count; o++) {
            const struct nn_op *op = &f.nn->ops[o];
            const bool is_dense = op->kind == OP_DENSE;
            const struct nn_widths *w = is_dense ? &op->weight_widths : &op->widths;
            for (size_t k = 0; w->learned && k < w->fraction.count; k++) {
                bool counts = is_dense ? kind == PRICE_EBOPS && op->used_weights[k] != 0
                                       : k < (size_t)op->outputs && widths_bits(f.nn, op, (int)k);
                if (!counts) continue;
                real *width = &f.nn->parameters[w->fraction.first + k];
                *width += 1;
                nn_prepare(f.nn);
                double more = price_eval(&price, f.nn, 0, NULL) - before;
                *width -= 1;
                double slope = (double)gradient[w->fraction.first + k];
                counted[is_dense]++;
                equal[is_dense] += fabs(more - slope) < 1e-4 * before;
            }
        }
        /* Not all: a weight may round down to a power of two, and the half step of a finer
         * activation may take a bias to 0 or from it. */
        assert_true(counted[0] > 5 && equal[0] > counted[0] * 2 / 3);
        assert_true(kind != PRICE_EBOPS || (counted[1] > 20 && equal[1] > counted[1] * 2 / 3));
        close_network(&f);
    }
}

/* ---- Whole trainings --------------------------------------------------------------------------
 */

static double *reference_scores(const struct network *network, const struct events *e, int outputs)
{
    double *x = malloc(sizeof *x * VALID * FEATURES);
    double *y = malloc(sizeof *y * (size_t)(VALID * outputs));
    for (int i = 0; i < VALID * FEATURES; i++)
        x[i] = (double)e->x[TRAIN * FEATURES + i];
    reference_eval(network, REFERENCE_QUANTIZED, x, VALID, -1, y);
    free(x);
    return y;
}

static void test_frontier(void **state)
{
    (void)state;
    for (int grain = 0; grain < GRAIN_COUNT; grain++) {
        struct events *e = make_events(3);
        struct train_config c = learned_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        c.weights.grain = c.activations.grain = c.input.grain = (enum train_grain)grain;
        struct train_result *r = run(&c, e);
        assert_true(r->point_count >= 1 && r->picked < r->point_count);
        for (int i = 0; i < r->point_count; i++) {
            const struct train_point *p = &r->points[i];
            struct compiled_cost cost = compile_cost(p->network, &options, true);
            assert_true(cost.total.lut4 == p->price && p->cost.total.lut4 == p->price);
            if (i == 0) continue;
            assert_true(p->price < p[-1].price && p->loss > p[-1].loss);
        }
        if (grain == GRAIN_EACH) {
            const struct train_point *p = &r->points[r->picked];
            assert_true(p->price <= c.price_target);
            assert_true(p->accuracy > 0.85 && r->points[0].accuracy > 0.92);
        }
        /* Sums are exact in float32, so the exported network decides as the trained one did. */
        double *y = reference_scores(r->quantized_network, e, 3);
        for (int i = 0; i < VALID * 3; i++)
            assert_true(y[i] == r->quantized_scores[i]);
        free(y);
        train_result_free(r);
        events_free(e);
    }
}

static void test_weight_schedule_and_ranges_from_data(void **state)
{
    (void)state;
    struct events *e = make_events(0);
    struct train_config c = learned_config(LOSS_SQUARED_ERROR, 2);
    c.price = PRICE_EBOPS;
    c.compile = NULL;
    c.price_target = 0;
    c.price_begin = 1e-7;
    c.price_end = 1e-4;
    c.range_from_data = true;
    c.range_margin_bits = 1;
    struct train_result *r = run(&c, e);
    assert_true(r->point_count >= 1);
    assert_true(isnan(r->points[0].accuracy) && !r->points[0].compiled);
    assert_true(r->points[r->point_count - 1].nonzero < 0.8 * (double)r->points[0].nonzero);
    /* A range from the data holds every value: nothing saturates on the events it saw. */
    const struct network *n = r->points[0].network;
    double *x = malloc(sizeof *x * TRAIN * FEATURES);
    for (int i = 0; i < TRAIN * FEATURES; i++)
        x[i] = (double)e->x[i];
    for (int l = 1; l < n->layer_count; l++) {
        const struct layer *layer = &n->layers[l];
        if (layer->kind != LAYER_QUANT || n->layers[layer->input].kind != LAYER_RELU) continue;
        double low[64], high[64];
        reference_range(n, REFERENCE_QUANTIZED, x, TRAIN, layer->input, low, high);
        for (int j = 0; j < layer->size; j++)
            assert_true(high[j] <= ldexp(1, quantizer_at(&layer->quant, j).integer_bits));
    }
    free(x);
    train_result_free(r);
    events_free(e);
}

static void test_resume(void **state)
{
    (void)state;
    const char *path = "build/test_frontier.checkpoint";
    struct events *e = make_events(3);
    struct train_config c = learned_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    unlink(path);
    struct train_result *whole = run(&c, e);
    c.checkpoint_path = path;
    c.checkpoint_interval = 3;
    struct error_trap trap;
    struct train_result *volatile pieces = NULL;
    volatile int stops = 0;
    for (volatile long limit = 97; !pieces; limit += 97) {
        c.stop_after_steps = limit;
        error_set_trap(&trap);
        if (setjmp(trap.where) == 0)
            pieces = run(&c, e);
        else
            stops++;
        error_set_trap(NULL);
        assert_true(limit < 10000);
    }
    assert_true(stops > 3 && pieces->resumed);
    assert_int_equal(whole->point_count, pieces->point_count);
    for (int i = 0; i < whole->point_count; i++) {
        char x[33], y[33];
        network_text(whole->points[i].network, x);
        network_text(pieces->points[i].network, y);
        assert_string_equal(x, y);
        assert_true(whole->points[i].loss == pieces->points[i].loss);
    }
    train_checkpoint_remove(&c);
    train_result_free(whole);
    train_result_free(pieces);
    events_free(e);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_are_exact),
        cmocka_unit_test(test_search_lowers_what_it_says),
        cmocka_unit_test(test_compact_copies_compute_the_same),
        cmocka_unit_test(test_price_is_fitted),
        cmocka_unit_test(test_width_gradients),
        cmocka_unit_test(test_price_gradients),
        cmocka_unit_test(test_frontier),
        cmocka_unit_test(test_weight_schedule_and_ranges_from_data),
        cmocka_unit_test(test_resume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
