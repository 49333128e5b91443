/* Pruning in every form: sparsity step by step, masks that hold, and what each method promises. */
#include "base/error.h"
#include "data/random.h"
#include "trainer/nn/convert.h"
#include "trainer/nn/prune.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <unistd.h>

#include "problem.h"

static struct compile_options options;

static struct train_config prune_config(enum train_prune_method method)
{
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    compile_options_init(&options);
    c.compile = &options;
    c.prune_method = method;
    c.prune_scope = PRUNE_GLOBAL;
    c.sparsity = 0.75;
    c.prune_steps = 3;
    c.epochs = 8;
    c.quantized_epochs = 16;
    c.weights = train_format_bits(8);
    if (method == PRUNE_L1) c.prune_strength = 1e-4;
    if (method == PRUNE_GROUP_LASSO) c.prune_strength = 1e-3;
    if (method == PRUNE_COMPILER) {
        const struct train_format learned = {.kind = TRAIN_FORMAT_LEARNED,
                                             .format = format_make(true, 6, 6)};
        c.weights = c.bias = c.activations = learned;
        c.width_rate = 0;
    }
    return c;
}

static void test_every_method_in_steps(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    for (int method = PRUNE_MAGNITUDE; method < PRUNE_METHOD_COUNT; method++) {
        struct train_config c = prune_config((enum train_prune_method)method);
        struct train_result *r = run(&c, e);
        assert_int_equal(r->prune_step_count, 4);
        for (int k = 0; k < 4; k++) {
            const struct train_prune_step *row = &r->prune_steps[k];
            assert_int_equal(row->step, k);
            assert_true(row->adder_bits > 0 && row->lut4 > 0 && row->loss > 0);
            if (k == 0) continue;
            assert_true(row->sparsity > row[-1].sparsity);
            assert_true(row->digits < row[-1].digits && row->lut4 < row[-1].lut4);
            double wanted = 1 - pow(0.25, k / 3.0);
            if (method == PRUNE_COMPILER)
                assert_true((double)row->digits <= (1 - wanted) * (double)r->prune_steps[0].digits);
            else
                assert_true(row->sparsity >= wanted - 0.01);
        }
        const struct train_prune_step *last = &r->prune_steps[3];
        if (last->accuracy < 0.6)
            fail_msg("%s: accuracy %g", train_prune_names[method], last->accuracy);
        if (method == PRUNE_NEURON || method == PRUNE_GROUP_LASSO) {
            /* Whole columns: a neuron has all its weights or none. */
            const struct network *n = r->quantized_network;
            int l = 0;
            while (n->layers[l].kind != LAYER_DENSE)
                l++;
            for (int j = 0; j < n->layers[l].size; j++) {
                int zeros = 0;
                for (int i = 0; i < FEATURES; i++)
                    zeros += n->layers[l].weights[i * n->layers[l].size + j] == 0;
                assert_true(zeros == 0 || zeros == FEATURES);
            }
        }
        train_result_free(r);
    }
    events_free(e);
}

/* A network built by hand: its only dense layer fits y = x W, so that the loss is a quadric. */
struct linear {
    struct arena arena;
    struct train_config config;
    struct train_layer_config layers[1];
    struct nn_events events;
    struct pool *pool;
    struct nn *nn;
};
enum { LINEAR_EVENTS = 3000, LINEAR_INPUTS = 8, LINEAR_OUTPUTS = 3 };

static struct linear *open_linear(uint64_t seed)
{
    struct linear *p = calloc(1, sizeof *p);
    struct random random = random_init(seed);
    train_config_init(&p->config);
    p->layers[0] = (struct train_layer_config){.kind = TRAIN_DENSE,
                                               .units = LINEAR_OUTPUTS,
                                               .sparsity = -1,
                                               .weights = {.kind = TRAIN_FORMAT_NONE}};
    p->config.layers = p->layers;
    p->config.layer_count = 1;
    p->config.loss = LOSS_SQUARED_ERROR;
    p->config.input = p->config.bias = (struct train_format){.kind = TRAIN_FORMAT_NONE};
    p->events = (struct nn_events){.count = LINEAR_EVENTS, .columns = PAD};
    p->events.x = arena_alloc(&p->arena, LINEAR_EVENTS * PAD, sizeof(real));
    p->events.targets = arena_alloc(&p->arena, LINEAR_EVENTS * LINEAR_OUTPUTS, sizeof(real));
    p->pool = pool_init(1);
    p->nn = nn_init(&p->config, LINEAR_INPUTS, false, true, p->pool);
    nn_randomise(p->nn, seed);
    const struct nn_op *op = &p->nn->ops[0];
    for (long e = 0; e < LINEAR_EVENTS; e++) {
        double common = random_normal(&random);
        for (int i = 0; i < LINEAR_INPUTS; i++) /* correlated, or there is nothing to make up for */
            p->events.x[e * PAD + i] = (real)(common + 0.7 * random_normal(&random));
        for (int j = 0; j < LINEAR_OUTPUTS; j++) {
            double y = 0.3 * random_normal(&random);
            for (int i = 0; i < LINEAR_INPUTS; i++)
                y += (double)p->events.x[e * PAD + i] *
                     (double)p->nn->parameters[op->weights.first + (size_t)(i * op->columns + j)];
            p->events.targets[e * LINEAR_OUTPUTS + j] = (real)y;
        }
    }
    nn_prepare(p->nn);
    return p;
}

static void close_linear(struct linear *p)
{
    nn_free(p->nn);
    pool_free(p->pool);
    arena_free(&p->arena);
    free(p);
}

static double linear_loss(struct linear *p)
{
    nn_prepare(p->nn);
    struct loss_sum sum = nn_evaluate(p->nn, &p->events, NULL);
    return sum.loss / sum.weight;
}

/* On a quadric, what is left after optimal brain surgery is the least-squares fit with the weights
 * that stay: no step of the gradient lowers the loss any more; and it beats magnitude. */
static void test_brain_surgery_is_least_squares(void **state)
{
    (void)state;
    double brain_total = 0, magnitude_total = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct linear *a = open_linear(seed), *b = open_linear(seed);
        nn_prune_brain(&a->config, a->nn, &a->events, 0.5);
        b->config.sparsity = 0.5;
        nn_prune(&b->config, b->nn, 1, 0);
        assert_true(nn_sparsity(a->nn) == 0.5 && nn_sparsity(b->nn) == 0.5);
        double loss = linear_loss(a);
        uint32_t order[LINEAR_EVENTS];
        for (uint32_t e = 0; e < LINEAR_EVENTS; e++)
            order[e] = e;
        nn_gradient(a->nn, &a->events, order, LINEAR_EVENTS, 0);
        const struct nn_op *op = &a->nn->ops[0];
        for (int i = 0; i < LINEAR_INPUTS; i++)
            for (int j = 0; j < LINEAR_OUTPUTS; j++) {
                size_t at = (size_t)(i * op->columns + j);
                if (op->kept[at])
                    assert_true(fabs((double)a->nn->gradient[op->weights.first + at]) < 0.02);
            }
        brain_total += loss;
        magnitude_total += linear_loss(b);
        close_linear(a);
        close_linear(b);
    }
    assert_true(brain_total < 0.7 * magnitude_total);
}

/* A ticket starts again from the weights that it had. */
static void test_lottery_rewinds(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = prune_config(PRUNE_LOTTERY);
    c.quantized_epochs = 4; /* no epoch behind the last step but one */
    c.quantized_learning_rate = 1e-9;
    struct train_result *lottery = run(&c, e);
    c.prune_method = PRUNE_MAGNITUDE;
    struct train_result *magnitude = run(&c, e);
    /* At a learning rate of next to nothing both are the float network, pruned. */
    assert_true(fabs(lottery->prune_steps[3].loss - magnitude->prune_steps[3].loss) < 1e-6);
    train_result_free(lottery);
    train_result_free(magnitude);
    c = prune_config(PRUNE_LOTTERY);
    lottery = run(&c, e);
    c.rewind_epoch = 2;
    struct train_result *later = run(&c, e);
    assert_true(lottery->prune_steps[2].loss != later->prune_steps[2].loss);
    train_result_free(lottery);
    train_result_free(later);
    events_free(e);
}

static void test_steps_resume(void **state)
{
    (void)state;
    const char *path = "build/test_prune.checkpoint";
    struct events *e = make_events(3);
    const enum train_prune_method methods[] = {PRUNE_LOTTERY, PRUNE_COMPILER, PRUNE_OPTIMAL_BRAIN};
    for (int m = 0; m < 3; m++) {
        struct train_config c = prune_config(methods[m]);
        if (methods[m] == PRUNE_COMPILER) c.sparsity = 0.2; /* compiling takes its time */
        unlink(path);
        struct train_result *whole = run(&c, e);
        c.checkpoint_path = path;
        struct error_trap trap;
        struct train_result *volatile pieces = NULL;
        for (volatile long limit = 37; !pieces; limit += 37) {
            c.stop_after_steps = limit;
            error_set_trap(&trap);
            if (setjmp(trap.where) == 0) pieces = run(&c, e);
            error_set_trap(NULL);
            assert_true(limit < 10000);
        }
        assert_true(pieces->resumed);
        for (int k = 0; k < 4; k++) {
            assert_true(whole->prune_steps[k].loss == pieces->prune_steps[k].loss);
            assert_true(whole->prune_steps[k].lut4 == pieces->prune_steps[k].lut4);
        }
        char x[33], y[33];
        network_text(whole->quantized_network, x);
        network_text(pieces->quantized_network, y);
        assert_string_equal(x, y);
        train_checkpoint_remove(&c);
        train_result_free(whole);
        train_result_free(pieces);
    }
    events_free(e);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_method_in_steps),
        cmocka_unit_test(test_brain_surgery_is_least_squares),
        cmocka_unit_test(test_lottery_rewinds),
        cmocka_unit_test(test_steps_resume),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
