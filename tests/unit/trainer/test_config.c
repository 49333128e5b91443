/* What a configuration may say: one clear line for each mistake, and the text form of formats. */
#include "base/error.h"
#include "data/random.h"
#include "trainer/train.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 300, FEATURES = 4 };

static long rows[COUNT];

static struct events *make_events(int classes)
{
    struct events *e = calloc(1, sizeof *e);
    struct random random = random_init(5);
    *e = (struct events){.path = "made-up", .count = COUNT, .features = FEATURES, .targets = 1};
    e->classes = classes;
    e->x = arena_alloc(&e->arena, COUNT * FEATURES, sizeof *e->x);
    e->y = arena_alloc(&e->arena, COUNT, sizeof *e->y);
    for (int i = 0; i < COUNT; i++) {
        rows[i] = i;
        e->y[i] = (float)(i % classes);
        for (int j = 0; j < FEATURES; j++)
            e->x[i * FEATURES + j] = (float)random_normal(&random);
    }
    return e;
}

static struct train_layer_config layers[5];

static struct train_config small_config(enum train_loss loss, int outputs)
{
    struct train_config c;
    train_config_init(&c);
    memset(layers, 0, sizeof layers);
    layers[0] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 12};
    layers[1].kind = TRAIN_RELU;
    layers[2] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 8};
    layers[3].kind = TRAIN_RELU;
    layers[4] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = outputs};
    c.layers = layers;
    c.layer_count = 5;
    c.loss = loss;
    c.batch = 100;
    return c;
}

static void assert_fails(const struct train_config *c, const struct events *e, const char *message)
{
    struct error_trap trap;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        train_run(c, e, rows, COUNT, rows, 0);
        fail_msg("accepted; expected: %s", message);
    }
    error_set_trap(NULL);
    assert_string_equal(trap.message, message);
}

static void test_errors(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct train_config c = small_config(LOSS_SQUARED_ERROR, 3);
    c.optimizer = OPTIMIZER_SGD;
    c.learning_rate = 1e30;
    c.schedule = SCHEDULE_CONSTANT;
    assert_fails(&c, e,
                 "training: the loss is not finite in epoch 1, step 2 of the float phase; lower "
                 "learning_rate (now 1e+30) or set clip_norm");
    c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 4);
    assert_fails(&c, e,
                 "training: categorical_cross_entropy needs as many outputs as classes; the "
                 "network has 4 outputs, made-up has 3 classes");
    c = small_config(LOSS_HINGE, 3);
    c.batch = 0;
    assert_fails(&c, e, "training: batch is 0; it must lie in 1 to 1.04858e+06");
    c = small_config(LOSS_HINGE, 3);
    layers[1] = (struct train_layer_config){.kind = TRAIN_DROPOUT, .rate = 1};
    assert_fails(&c, e, "training: layer dropout1 has rate 1; it must lie in 0 to below 1");
    c = small_config(LOSS_HINGE, 3);
    layers[0].kind = TRAIN_SIGMOID;
    layers[1].kind = TRAIN_BATCHNORM;
    layers[2].kind = TRAIN_RELU;
    assert_fails(&c, e,
                 "training: layer batchnorm1 has no dense layer beside it to fold into; put it "
                 "behind a dense layer");
    c = small_config(LOSS_HINGE, 3);
    assert_true(train_format_parse("ternary", &layers[2].weights, NULL, 0));
    layers[1].kind = TRAIN_BATCHNORM;
    layers[0].kind = TRAIN_RELU;
    assert_fails(&c, e,
                 "training: layer batchnorm1 cannot be folded into the ternary weights behind it; "
                 "put it behind a dense layer");
    c = small_config(LOSS_HINGE, 3);
    assert_true(train_format_parse("binary", &c.activations, NULL, 0));
    assert_fails(&c, e, "training: all layers: 'binary' is a format for weights alone");
    c = small_config(LOSS_HINGE, 3);
    layers[1].kind = TRAIN_SIGN;
    layers[1].output = train_format_bits(3);
    assert_fails(&c, e, "training: layer sign1: a sign is -1 or 1 and has no format");
    c = small_config(LOSS_HINGE, 3);
    layers[2].weights = train_format_bits(25);
    assert_fails(&c, e, "training: dense2: the weights format has 25 bits; it must have 2 to 24");
    events_free(e);
}

static void test_format_text(void **state)
{
    (void)state;
    struct train_format f;
    char reason[128];
    assert_true(train_format_parse("6", &f, reason, sizeof reason));
    assert_true(f.kind == TRAIN_FORMAT_BITS && f.format.width_bits == 6);
    assert_true(f.format.rounding == ROUND_RND && f.format.overflow == OVERFLOW_SAT);
    assert_true(train_format_parse("5 bits,TRN,WRAP", &f, reason, sizeof reason));
    assert_true(f.format.width_bits == 5 && f.format.overflow == OVERFLOW_WRAP);
    assert_true(train_format_parse("ufixed<6,0>", &f, reason, sizeof reason));
    assert_true(f.kind == TRAIN_FORMAT_FIXED && !f.format.is_signed);
    assert_false(f.per_element);
    assert_true(train_format_parse("6 each,TRN,WRAP", &f, reason, sizeof reason));
    assert_true(f.per_element && f.format.rounding == ROUND_TRN);
    assert_true(train_format_parse("none", &f, reason, sizeof reason));
    assert_true(train_format_parse("product", &f, reason, sizeof reason));
    assert_true(train_format_parse("binary", &f, reason, sizeof reason));
    assert_true(f.levels == LEVELS_BINARY && f.per_element);
    assert_true(train_format_parse("power_of_two 5", &f, reason, sizeof reason));
    assert_true(f.levels == LEVELS_POWER_OF_TWO && f.format.width_bits == 5);
    const char *bad[] = {
        "binary 2", "power_of_two 1", "ternary,TRN", "1",         "25",          "",
        "bits",     "6 bit",          "6>",          "fixed<8,4", "fixed<30,4>", "6,NO"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reason[0] = '\0';
        assert_false(train_format_parse(bad[i], &f, reason, sizeof reason));
        assert_true(reason[0] != '\0');
    }
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_format_text)};
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
