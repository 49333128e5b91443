/* Whole trainings on small made-up problems: learning, determinism, resuming, pruning, exactness of
 * the exported networks, errors. */
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "data/random.h"
#include "model/reference.h"
#include "trainer/nn/quantizer.h"
#include "trainer/train.h"

#include "problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_same_result(const struct train_result *a, const struct train_result *b)
{
    char x[33], y[33];
    network_text(a->float_network, x);
    network_text(b->float_network, y);
    assert_string_equal(x, y);
    network_text(a->quantized_network, x);
    network_text(b->quantized_network, y);
    assert_string_equal(x, y);
    assert_int_equal(a->curve_count, b->curve_count);
    for (int i = 0; i < a->curve_count; i++) {
        assert_true(a->curve[i].loss == b->curve[i].loss);
        assert_true(a->curve[i].validation_loss == b->curve[i].validation_loss);
        assert_true(a->curve[i].accuracy == b->curve[i].accuracy);
        assert_true(a->curve[i].sparsity == b->curve[i].sparsity);
    }
    assert_int_equal(a->float_best_epoch, b->float_best_epoch);
    assert_int_equal(a->quantized_best_epoch, b->quantized_best_epoch);
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void test_learns(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    struct train_result *r = run(&c, e);
    assert_true(r->float_metrics.accuracy > 0.93);
    assert_true(r->quantized_metrics.accuracy > 0.9);
    assert_int_equal(r->curve_count, 24);
    assert_true(r->curve[0].validation_loss > 1.5 * r->curve[11].validation_loss);
    double best = INFINITY;
    for (int i = 0; i < 12; i++)
        best = fmin(best, r->curve[i].validation_loss);
    assert_true(r->curve[r->float_best_epoch - 1].validation_loss == best);
    train_result_free(r);
    events_free(e);
}

static void test_other_losses_and_optimizers_learn(void **state)
{
    (void)state;
    for (int loss = 0; loss < LOSS_COUNT; loss++) {
        bool classes = loss == LOSS_BINARY_CROSS_ENTROPY || loss == LOSS_HINGE ||
                       loss == LOSS_CATEGORICAL_CROSS_ENTROPY;
        struct events *e = make_events(classes ? 3 : 0);
        struct train_config c = small_config((enum train_loss)loss, classes ? 3 : 2);
        struct train_result *r = run(&c, e);
        assert_true(r->curve[11].validation_loss < 0.5 * r->curve[0].validation_loss);
        assert_true(classes || (r->float_metrics.count == 0 && isnan(r->curve[3].accuracy)));
        train_result_free(r);
        events_free(e);
    }
    struct events *e = make_events(3);
    for (int kind = 0; kind < OPTIMIZER_COUNT; kind++) {
        struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        c.optimizer = (enum train_optimizer)kind;
        c.quantize = false;
        if (kind == OPTIMIZER_SGD || kind == OPTIMIZER_MOMENTUM || kind == OPTIMIZER_NESTEROV)
            c.learning_rate = 0.1;
        if (kind == OPTIMIZER_ADADELTA) c.learning_rate = 20;
        struct train_result *r = run(&c, e);
        if (!(r->curve[11].loss < 0.75 * r->curve[0].loss))
            fail_msg("%s does not learn", train_optimizer_names[kind]);
        assert_null(r->quantized_network);
        train_result_free(r);
    }
    events_free(e);
}

static void test_same_seed_same_bytes(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    for (int threads = 1; threads <= 2; threads++) {
        struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        c.threads = threads;
        c.sparsity = 0.5;
        layers[1].kind = TRAIN_BATCHNORM;
        layers[3] = (struct train_layer_config){.kind = TRAIN_DROPOUT, .rate = 0.1};
        struct train_result *a = run(&c, e), *b = run(&c, e);
        assert_same_result(a, b);
        c.seed = 2;
        struct train_result *other = run(&c, e);
        char x[33], y[33];
        network_text(a->quantized_network, x);
        network_text(other->quantized_network, y);
        assert_string_not_equal(x, y);
        train_result_free(a);
        train_result_free(b);
        train_result_free(other);
    }
    events_free(e);
}

/* Without batch normalisation the slices of a batch do not depend on who works on them. */
static void test_threads_do_not_matter(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    layers[3] = (struct train_layer_config){.kind = TRAIN_DROPOUT, .rate = 0.1};
    c.batch = 500;
    c.epochs = c.quantized_epochs = 3;
    c.threads = 1;
    struct train_result *one = run(&c, e);
    c.threads = 3;
    struct train_result *three = run(&c, e);
    assert_same_result(one, three);
    train_result_free(one);
    train_result_free(three);
    events_free(e);
}

/* Stops after every `stop` steps, again and again, until the training ends. */
static struct train_result *run_in_pieces(struct train_config *c, const struct events *e, long stop)
{
    struct error_trap trap;
    struct train_result *volatile result = NULL;
    for (volatile long limit = stop; !result; limit += stop) {
        c->stop_after_steps = limit;
        error_set_trap(&trap);
        if (setjmp(trap.where) == 0)
            result = run(c, e);
        else
            assert_non_null(strstr(trap.message, "run again to resume"));
        error_set_trap(NULL);
        assert_true(limit < 10000);
    }
    return result;
}

static void test_resume_gives_the_same_bytes(void **state)
{
    (void)state;
    const char *path = "build/test_train.checkpoint";
    struct events *e = make_events(3);
    const enum train_optimizer optimizers[] = {OPTIMIZER_ADAM, OPTIMIZER_AMSGRAD};
    for (int k = 0; k < 2; k++) {
        struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        c.optimizer = optimizers[k];
        c.sparsity = 0.6;
        c.prune_frequency = 7;
        c.epochs = c.quantized_epochs = 6;
        layers[1].kind = TRAIN_BATCHNORM;
        layers[3] = (struct train_layer_config){.kind = TRAIN_DROPOUT, .rate = 0.1};
        unlink(path);
        struct train_result *whole = run(&c, e);
        c.checkpoint_path = path;
        c.checkpoint_interval = 2;
        struct train_result *pieces = run_in_pieces(&c, e, k == 0 ? 23 : 10); /* 10: at epochs */
        assert_true(pieces->resumed);
        assert_same_result(whole, pieces);
        train_checkpoint_remove(&c);
        assert_false(file_exists(path));
        train_result_free(whole);
        train_result_free(pieces);
    }
    events_free(e);
}

static void test_checkpoint_of_another_training(void **state)
{
    (void)state;
    const char *path = "build/test_train_other.checkpoint";
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    c.epochs = 2;
    c.quantized_epochs = 1;
    c.checkpoint_path = path;
    c.checkpoint_interval = 1;
    train_result_free(run(&c, e));
    assert_true(file_exists(path));
    c.learning_rate *= 2;
    struct train_result *r = run(&c, e); /* starts over */
    assert_false(r->resumed);
    train_result_free(r);
    struct error_trap trap;
    file_write(path, "rubbish", 7);
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        run(&c, e);
        fail_msg("a damaged checkpoint was accepted");
    }
    error_set_trap(NULL);
    assert_non_null(strstr(trap.message, "damaged"));
    unlink(path);
    events_free(e);
}

/* The reference's outputs in front of a softmax or sigmoid that the loss contains. */
static double *reference_outputs(const struct network *n, enum reference_mode mode,
                                 const struct events *e, int outputs)
{
    double *x = malloc(sizeof *x * VALID * FEATURES);
    double *y = malloc(sizeof *y * (size_t)(VALID * outputs));
    for (int i = 0; i < VALID * FEATURES; i++)
        x[i] = (double)e->x[TRAIN * FEATURES + i];
    int last = n->layer_count - 1;
    if (n->layers[last].kind == LAYER_SOFTMAX || n->layers[last].kind == LAYER_SIGMOID) last--;
    reference_eval(n, mode, x, VALID, last, y);
    free(x);
    return y;
}

static void assert_exact(const struct train_config *c, const struct events *e)
{
    struct train_result *r = run(c, e);
    double *y = reference_outputs(r->quantized_network, REFERENCE_QUANTIZED, e, r->outputs);
    int different = 0;
    for (int i = 0; i < VALID * r->outputs; i++) {
        if (y[i] != r->quantized_scores[i])
            fail_msg("output %d: reference %.17g, trainer %.17g", i, y[i], r->quantized_scores[i]);
        different += y[i] != y[0];
    }
    assert_true(different > VALID / 2);
    free(y);
    train_result_free(r);
}

static void test_exported_network_is_exact(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    for (int rounding = 0; rounding < ROUNDING_COUNT; rounding++)
        for (int overflow = 0; overflow < OVERFLOW_COUNT; overflow++) {
            struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
            c.epochs = 2;
            c.quantized_epochs = 3;
            struct train_format *all[] = {&c.input, &c.weights, &c.activations};
            for (int k = 0; k < 3; k++) {
                all[k]->format.rounding = (enum rounding)rounding;
                all[k]->format.overflow = (enum overflow)overflow;
                all[k]->per_element = rounding % 2 == 1;
            }
            c.output = rounding % 3 == 0 ? train_format_bits(9)
                                         : (struct train_format){.kind = TRAIN_FORMAT_NONE};
            c.weight_digits = overflow == OVERFLOW_SAT ? 2 : 0;
            layers[2].weights = train_format_bits(4);
            layers[3].kind = rounding % 2 ? TRAIN_LEAKY_RELU : TRAIN_RELU;
            layers[4].bias = train_format_bits(7);
            layers[5].kind = TRAIN_SOFTMAX;
            c.layer_count = 6;
            assert_exact(&c, e);
        }
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    c.quantized_epochs = 0; /* quantized after training */
    struct format f;
    assert_true(format_parse("fixed<6,4,TRN,WRAP>", &f, NULL, 0));
    layers[1].output = train_format_fixed(f);
    layers[2].kind = TRAIN_BATCHNORM;
    layers[3] = (struct train_layer_config){
        .kind = TRAIN_DENSE, .units = 6, .no_bias = true, .sparsity = -1};
    assert_exact(&c, e);
    events_free(e);
}

/* Few levels: weights are what they are called, batch normalisation stays, and the networks learn.
 */
static void test_coarse_weights(void **state)
{
    (void)state;
    const char *const names[] = {"binary", "ternary", "power_of_two 4"};
    struct events *e = make_events(3);
    for (int n = 0; n < 6; n++) {
        struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        assert_true(train_format_parse(names[n % 3], &c.weights, NULL, 0));
        layers[0].units = 16;
        layers[1].kind = layers[4].kind = TRAIN_BATCHNORM;
        layers[2].kind = layers[5].kind = n < 3 ? TRAIN_SIGN : TRAIN_RELU;
        layers[3] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 12};
        layers[6] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 3};
        layers[3].sparsity = layers[6].sparsity = -1;
        if (n >= 3) c.activations = train_format_bits(2);
        c.layer_count = 7;
        c.epochs = c.quantized_epochs = 40;
        c.batch = 100;
        c.sparsity = n == 4 ? 0.3 : 0;
        assert_exact(&c, e);
        struct train_result *r = run(&c, e);
        assert_true(r->quantized_metrics.accuracy > 0.7);
        int kept = 0, pruned = 0;
        for (int l = 1; l < r->quantized_network->layer_count; l++) {
            const struct layer *layer = &r->quantized_network->layers[l];
            kept += layer->kind == LAYER_BATCHNORM;
            int inputs = r->quantized_network->layers[layer->input].size;
            for (int i = 0; layer->kind == LAYER_DENSE && i < inputs * layer->size; i++) {
                struct format f = quantizer_at(&layer->weight_quant, i);
                int64_t w = format_to_integer(f, format_quantize(f, layer->weights[i]));
                pruned += w == 0;
                assert_true(n % 3 == 2 ? w == 0 || weight_digits_of(w) == 1 : w >= -1 && w <= 1);
            }
        }
        assert_int_equal(kept, 2);
        assert_true(n % 3 || !pruned);
        train_result_free(r);
    }
    events_free(e);
}

static void assert_close(const double *a, const double *b, int count, double tolerance)
{
    for (int i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) <= tolerance * (1 + fabs(b[i]))))
            fail_msg("output %d: %.9g, expected %.9g", i, a[i], b[i]);
}

/* With no quantizer at all the folded network is the float one, wherever the batch normalisation
 * was. */
static void test_folding(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    const struct train_layer_config dense = {
        .kind = TRAIN_DENSE, .units = 6, .no_bias = true, .sparsity = -1};
    for (int place = 0; place < 4; place++) {
        struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        c.quantized_epochs = 0;
        c.weights.kind = c.input.kind = c.activations.kind = TRAIN_FORMAT_NONE;
        if (place == 0)
            layers[0].kind = TRAIN_BATCHNORM; /* in front of a dense, behind the input */
        if (place == 0) layers[1] = dense;
        if (place == 1) layers[1].kind = TRAIN_BATCHNORM; /* between two dense layers */
        if (place == 2) layers[3].kind = TRAIN_BATCHNORM, layers[2].kind = TRAIN_SIGMOID;
        if (place == 3)
            layers[0].no_bias = true, layers[1].kind = TRAIN_BATCHNORM,
            layers[5] = (struct train_layer_config){.kind = TRAIN_BATCHNORM}, c.layer_count = 6;
        struct train_result *r = run(&c, e);
        int count = VALID * r->outputs;
        double *y = reference_outputs(r->float_network, REFERENCE_FLOAT, e, r->outputs);
        assert_close(y, r->float_scores, count, 1e-4);
        assert_close(r->quantized_scores, r->float_scores, count, 1e-4);
        for (int i = 0; i < r->quantized_network->layer_count; i++)
            assert_true(r->quantized_network->layers[i].kind != LAYER_BATCHNORM);
        free(y);
        train_result_free(r);
    }
    events_free(e);
}

static void test_pruning_reaches_its_target(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    c.sparsity = 0.75;
    c.weights = train_format_bits(10); /* so that nothing rounds to zero by itself */
    layers[2].sparsity = 0.5;
    layers[4].sparsity = 0;
    struct train_result *r = run(&c, e);
    const long nonzero[] = {12, 48, 24};
    for (int i = 0; i < 3; i++) {
        assert_true(r->summaries[i].nonzero <= nonzero[i]);
        assert_true(r->summaries[i].nonzero >= nonzero[i] * 9 / 10);
    }
    const struct layer *l = &r->quantized_network->layers[3];
    assert_true(l->kind == LAYER_DENSE);
    int zeros = 0;
    for (int i = 0; i < FEATURES * 12; i++)
        zeros += l->weights[i] == 0;
    assert_int_equal(zeros, 36);               /* pruned latent weights are exactly 0 */
    assert_true(r->quantized_best_epoch >= 6); /* none before the target counts */
    double last = 0;
    for (int i = 12; i < 18; i++) {
        assert_true(r->curve[i].sparsity >= last - 0.05);
        last = r->curve[i].sparsity;
    }
    train_result_free(r);
    layers[2].sparsity = layers[4].sparsity = -1;
    c.prune_scope = PRUNE_GLOBAL;
    c.sparsity = 0.6;
    c.prune_end_epoch = c.quantized_epochs; /* the target in the last step of all */
    r = run(&c, e);
    long left = 0;
    for (int i = 0; i < 3; i++)
        left += r->summaries[i].nonzero;
    assert_true(left <= 168 - 100 && left >= 60);
    train_result_free(r);
    events_free(e);
}

/* Event weights and class weights: an event of weight 2 is the event twice. */
static void test_weights_count(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    c.quantize = false;
    c.epochs = 3;
    double class_weights[] = {1, 0, 0};
    c.class_weights = class_weights;
    c.class_weight_count = 3;
    struct train_result *r = run(&c, e); /* only class 0 matters */
    assert_true(r->float_metrics.per_class[0].recall == 1);
    train_result_free(r);
    c.class_weights = NULL;
    e->weight = arena_alloc(&e->arena, COUNT, sizeof *e->weight);
    for (int i = 0; i < COUNT; i++)
        e->weight[i] = e->y[i] == 1 ? 1 : 0;
    r = run(&c, e);
    assert_true(r->float_metrics.per_class[1].recall == 1);
    train_result_free(r);
    c.ignore_event_weights = true;
    r = run(&c, e);
    assert_true(r->float_metrics.per_class[1].recall < 1);
    train_result_free(r);
    events_free(e);
}

static void test_early_stop_penalties_clipping(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    c.epochs = 30;
    c.patience = 2;
    c.min_delta = 10; /* nothing improves by that much */
    c.quantize = false;
    struct train_result *r = run(&c, e);
    assert_int_equal(r->curve_count, 3);
    assert_int_equal(r->float_best_epoch, 1);
    train_result_free(r);
    c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
    c.quantize = false;
    double norm[3];
    for (int k = 0; k < 3; k++) {
        c.l1 = k == 1 ? 0.01 : 0;
        c.l2 = k == 2 ? 0.01 : 0;
        r = run(&c, e);
        norm[k] = 0;
        const struct layer *l = &r->float_network->layers[2];
        for (int i = 0; i < FEATURES * 12; i++)
            norm[k] += fabs(l->weights[i]);
        train_result_free(r);
    }
    assert_true(norm[1] < 0.8 * norm[0] && norm[2] < 0.9 * norm[0]);
    c.l2 = 0;
    c.optimizer = OPTIMIZER_SGD;
    c.learning_rate = 1;
    c.epochs = 1;
    c.clip_norm = 1e-3; /* 10 steps of at most that length */
    c.schedule = SCHEDULE_CONSTANT;
    c.batch = TRAIN;
    r = run(&c, e);
    c.clip_norm = 0;
    c.learning_rate = 1e-9;
    struct train_result *start = run(&c, e);
    double moved = 0;
    for (int layer = 2; layer < r->float_network->layer_count; layer++) {
        const struct layer *a = &r->float_network->layers[layer];
        const struct layer *b = &start->float_network->layers[layer];
        if (a->kind != LAYER_DENSE) continue;
        for (int i = 0; i < r->float_network->layers[a->input].size * a->size; i++)
            moved += pow(a->weights[i] - b->weights[i], 2);
        for (int i = 0; i < a->size; i++)
            moved += pow(a->bias[i] - b->bias[i], 2);
    }
    assert_true(fabs(sqrt(moved) - 1e-3) < 1e-5);
    train_result_free(r);
    train_result_free(start);
    events_free(e);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_other_losses_and_optimizers_learn),
        cmocka_unit_test(test_same_seed_same_bytes),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_resume_gives_the_same_bytes),
        cmocka_unit_test(test_checkpoint_of_another_training),
        cmocka_unit_test(test_exported_network_is_exact),
        cmocka_unit_test(test_coarse_weights),
        cmocka_unit_test(test_folding),
        cmocka_unit_test(test_pruning_reaches_its_target),
        cmocka_unit_test(test_weights_count),
        cmocka_unit_test(test_early_stop_penalties_clipping),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}
