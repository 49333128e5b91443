/* Gradients of every layer and loss against central differences, in double: the trainer's sources
 * are compiled here a second time with TRAIN_DOUBLE. */
#define TRAIN_DOUBLE
#include "trainer/nn/augment.c"
#include "trainer/nn/calibrate.c"
#include "trainer/nn/gemm.c"
#include "trainer/nn/loss.c"
#include "trainer/nn/model.c"
#include "trainer/nn/passes.c"
#include "trainer/nn/quantizer.c"
#include "trainer/nn/widths.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>

enum { INPUTS = 4, EVENTS = 29, STEP = 3 };

struct problem {
    struct train_config config;
    struct train_layer_config layers[8];
    struct nn_events events;
    uint32_t order[EVENTS];
    struct arena arena;
};

static void fill_events(struct problem *p, int outputs, bool classes, bool weighted)
{
    struct random random = random_init(7);
    p->events = (struct nn_events){.count = EVENTS, .columns = pad_columns(INPUTS)};
    p->events.x = arena_alloc(&p->arena, (size_t)(EVENTS * p->events.columns), sizeof *p->events.x);
    for (int i = 0; i < EVENTS; i++) {
        p->order[i] = (uint32_t)(EVENTS - 1 - i);
        for (int j = 0; j < INPUTS; j++)
            p->events.x[i * p->events.columns + j] = random_normal(&random);
    }
    p->events.labels = classes ? arena_alloc(&p->arena, EVENTS, sizeof(int)) : NULL;
    for (int i = 0; classes && i < EVENTS; i++)
        p->events.labels[i] = (int)random_below(&random, outputs == 1 ? 2 : (uint64_t)outputs);
    p->events.targets =
        classes ? NULL : arena_alloc(&p->arena, (size_t)(EVENTS * outputs), sizeof(real));
    for (int i = 0; !classes && i < EVENTS * outputs; i++)
        p->events.targets[i] = random_normal(&random);
    p->events.weights = weighted ? arena_alloc(&p->arena, EVENTS, sizeof(real)) : NULL;
    for (int i = 0; weighted && i < EVENTS; i++)
        p->events.weights[i] = random_uniform(&random) * 3;
}

static double loss_at(struct nn *nn, const struct problem *p)
{
    nn_prepare(nn);
    struct loss_sum sum = nn_gradient(nn, &p->events, p->order, EVENTS, STEP);
    return sum.loss / sum.weight;
}

/* Every parameter's derivative; returns the largest one, so that a test that compares zeros fails.
 */
static double compare(struct nn *nn, const struct problem *p)
{
    const double eps = 1e-5;
    loss_at(nn, p);
    double *gradient = malloc(nn->trainable * sizeof *gradient), largest = 0;
    memcpy(gradient, nn->gradient, nn->trainable * sizeof *gradient);
    for (size_t i = 0; i < nn->trainable; i++) {
        double keep = nn->parameters[i];
        nn->parameters[i] = keep + eps;
        double above = loss_at(nn, p);
        nn->parameters[i] = keep - eps;
        double below = loss_at(nn, p);
        nn->parameters[i] = keep;
        double numeric = (above - below) / (2 * eps);
        if (fabs(numeric - gradient[i]) > 1e-7 + 1e-5 * fabs(numeric))
            fail_msg("parameter %zu: gradient %.9g, difference quotient %.9g", i, gradient[i],
                     numeric);
        if (fabs(numeric) > largest) largest = fabs(numeric);
    }
    free(gradient);
    return largest;
}

static void check_network(struct problem *p, bool classes, bool weighted, int threads)
{
    int outputs = INPUTS;
    for (int i = 0; i < p->config.layer_count; i++)
        if (p->layers[i].kind == TRAIN_DENSE) outputs = p->layers[i].units;
    p->config.layers = p->layers;
    fill_events(p, outputs, classes, weighted);
    struct pool *pool = pool_init(threads);
    struct nn *nn = nn_init(&p->config, INPUTS, classes, false, pool);
    nn_randomise(nn, 11);
    /* Off the symmetric start: biases, gamma and beta too. */
    struct random random = random_init(13);
    for (int i = 0; i < nn->op_count; i++) {
        const struct span spans[] = {nn->ops[i].bias, nn->ops[i].gamma, nn->ops[i].beta};
        for (int s = 0; s < 3; s++)
            for (size_t k = 0; k < spans[s].count && k < (size_t)nn->ops[i].outputs; k++)
                nn->parameters[spans[s].first + k] += 0.3 * random_normal(&random);
    }
    assert_true(compare(nn, p) > 1e-3);
    nn_free(nn);
    pool_free(pool);
    arena_free(&p->arena);
}

static struct problem make_problem(enum train_layer_kind hidden, enum train_loss loss, int outputs)
{
    struct problem p = {0};
    train_config_init(&p.config);
    p.config.loss = loss;
    p.config.batch = EVENTS;
    p.config.huber_delta = 0.7;
    p.layers[0] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 5};
    p.layers[1] = (struct train_layer_config){.kind = hidden, .rate = 0.3, .alpha = 0.2};
    p.layers[2] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 17};
    p.layers[3] = (struct train_layer_config){.kind = TRAIN_TANH};
    p.layers[4] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = outputs};
    p.config.layer_count = 5;
    return p;
}

static void test_layers(void **state)
{
    (void)state;
    for (int kind = TRAIN_BATCHNORM; kind < TRAIN_LAYER_COUNT; kind++) {
        if (kind == TRAIN_SIGN) continue; /* passed straight through: no derivative */
        for (int threads = 1; threads <= (kind == TRAIN_BATCHNORM ? 3 : 2); threads++) {
            struct problem p =
                make_problem((enum train_layer_kind)kind, LOSS_CATEGORICAL_CROSS_ENTROPY, 4);
            check_network(&p, true, threads == 2, threads);
        }
    }
}

static void test_losses(void **state)
{
    (void)state;
    for (int loss = 0; loss < LOSS_COUNT; loss++)
        for (int outputs = 1; outputs <= 3; outputs += 2) {
            if (loss == LOSS_CATEGORICAL_CROSS_ENTROPY && outputs == 1) continue;
            for (int weighted = 0; weighted < 2; weighted++) {
                struct problem p = make_problem(TRAIN_LEAKY_RELU, (enum train_loss)loss, outputs);
                check_network(&p, true, weighted, 1);
            }
            if (loss == LOSS_SQUARED_ERROR || loss == LOSS_ABSOLUTE_ERROR || loss == LOSS_HUBER) {
                struct problem p = make_problem(TRAIN_RELU, (enum train_loss)loss, outputs);
                check_network(&p, false, true, 1);
            }
        }
}

/* A last softmax that the loss does not contain, a first batch normalisation, no biases. */
static void test_unusual_places(void **state)
{
    (void)state;
    struct problem p = make_problem(TRAIN_SIGMOID, LOSS_SQUARED_ERROR, 3);
    p.layers[5] = (struct train_layer_config){.kind = TRAIN_SOFTMAX};
    p.config.layer_count = 6;
    check_network(&p, true, false, 2);
    p = make_problem(TRAIN_RELU, LOSS_HUBER, 2);
    p.layers[0] = (struct train_layer_config){.kind = TRAIN_BATCHNORM};
    p.layers[4].no_bias = p.layers[2].no_bias = true;
    check_network(&p, false, true, 2);
    p = make_problem(TRAIN_RELU, LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    p.layers[4] = (struct train_layer_config){.kind = TRAIN_BATCHNORM};
    p.layers[2].units = 3;
    check_network(&p, true, true, 2);
}

/* d/dx of what the quantizer stands for: f(x) clipped to the format's range, or f(x) itself. */
static double surrogate(enum activation f, const struct column_quantizer *q, double alpha, double x)
{
    double y = activate(f, alpha, x);
    if (!q->active || q->overflow == OVERFLOW_WRAP) return y;
    return fmin(fmax(y, q->smallest[0]), q->largest[0]);
}

static void test_quantizer_gradients(void **state)
{
    (void)state;
    const double eps = 1e-6, alpha = 0.2;
    struct arena arena = {0};
    for (int mode = 0; mode < OVERFLOW_COUNT; mode++)
        for (int is_signed = 0; is_signed < 2; is_signed++)
            for (int f = ACTIVATION_LINEAR; f <= ACTIVATION_TANH; f++) {
                struct format format = format_make(is_signed, 3, is_signed ? 1 : -1);
                format.overflow = (enum overflow)mode;
                struct quantizer quantizer = {1, &format};
                struct column_quantizer q = quantizer_columns(&arena, &quantizer, PAD);
                int inside = 0, outside = 0;
                for (double x = -2.9137; x < 3; x += 0.0737) {
                    real z[PAD], d[PAD], sums[PAD] = {0};
                    for (int j = 0; j < PAD; j++) {
                        z[j] = x + j * 1e-3;
                        d[j] = 2;
                    }
                    activation_backward((enum activation)f, alpha, &q, 1, PAD, z, d, sums);
                    for (int j = 0; j < PAD; j++) {
                        double slope2 = (surrogate((enum activation)f, &q, alpha, z[j] + eps) -
                                         surrogate((enum activation)f, &q, alpha, z[j] - eps)) /
                                        eps;
                        assert_true(fabs(d[j] - slope2) < 1e-6);
                        assert_true(sums[j] == d[j]);
                        inside += d[j] != 0;
                        outside += d[j] == 0;
                    }
                }
                assert_true(inside > 0);
                bool clipped = mode != OVERFLOW_WRAP && f != ACTIVATION_SIGMOID;
                assert_true(!clipped || outside > 0);
            }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_unusual_places),
        cmocka_unit_test(test_quantizer_gradients),
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
