/* The network graph: names, checks, copies, the affine form. */
#include "base/error.h"
#include "model_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void test_names_are_made_valid_and_unique(void **state)
{
    (void)state;
    struct network *network = network_new(NULL);
    assert_string_equal(network->name, "network");
    network_add(network, LAYER_INPUT, "3 jets/pt", -1, 2);
    network_add(network, LAYER_RELU, "relu", 0, 2);
    network_add(network, LAYER_RELU, "relu", 1, 2);
    network_add(network, LAYER_RELU, "", 2, 2);
    network_add(network, LAYER_TANH, NULL, 3, 2);
    network_add(network, LAYER_TANH, "\xc3\xa9t\xc3\xa9", 4, 2);
    static const char *const expected[] = {"_3_jets_pt", "relu", "relu_2",
                                           "relu_3",     "tanh", "__t__"};
    for (int i = 0; i < 6; i++)
        assert_string_equal(network->layers[i].name, expected[i]);
    network_check(network, "x.onnx");
    network_free(network);
    network_free(NULL);
}

static void test_many_layers_keep_their_contents(void **state)
{
    (void)state;
    struct network *network = network_new("deep");
    network_add(network, LAYER_INPUT, "x", -1, 3);
    for (int i = 1; i < 200; i++) {
        network_add(network, LAYER_LEAKY_RELU, "a", i - 1, 3);
        network->layers[i].alpha = i;
    }
    for (int i = 1; i < 200; i++)
        assert_true(network->layers[i].alpha == i && network->layers[i].input == i - 1);
    network_free(network);
}

/* Breaks a good network in one place and wants that line. */
static void expect_refusal(void (*damage)(struct network *), const char *line)
{
    struct error_trap trap;
    struct network *network = case_network(1);
    damage(network);
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        network_check(network, "x.onnx");
        error_set_trap(NULL);
        fail_msg("not refused: %s", line);
    }
    error_set_trap(NULL);
    assert_string_equal(trap.message, line);
    network_free(network);
}

static void nan_weight(struct network *n)
{
    n->layers[3].weights[7] = NAN;
}
static void infinite_offset(struct network *n)
{
    n->layers[1].offset[2] = INFINITY;
}
static void short_formats(struct network *n)
{
    n->layers[2].quant.count = 3;
}
static void mixed_modes(struct network *n)
{
    enum rounding *rounding = &n->layers[2].quant.formats[4].rounding;
    *rounding = *rounding == ROUND_TRN ? ROUND_RND : ROUND_TRN;
}
static void zero_width(struct network *n)
{
    n->layers[2].quant.formats[0].width_bits = 0;
}
static void reads_later(struct network *n)
{
    n->layers[2].input = 4;
}
static void wrong_size(struct network *n)
{
    n->layers[4].size = 7;
}
static void no_weights(struct network *n)
{
    n->layers[3].weights = NULL;
}
static void same_name(struct network *n)
{
    n->layers[4].name = n->layers[3].name;
}
static void bad_name(struct network *n)
{
    n->layers[4].name = "a b";
}
static void second_input(struct network *n)
{
    n->layers[4].kind = LAYER_INPUT;
}
static void only_input(struct network *n)
{
    n->layer_count = 1;
}

static void test_refuses_damage(void **state)
{
    (void)state;
    expect_refusal(nan_weight, "x.onnx: layer dense: weights[7] is not a finite number");
    expect_refusal(infinite_offset, "x.onnx: layer standardise: offset[2] is not a finite number");
    expect_refusal(short_formats, "x.onnx: layer quant: 3 formats for 5 elements");
    expect_refusal(
        mixed_modes,
        "x.onnx: layer quant: the formats of its elements differ in rounding or overflow mode");
    expect_refusal(zero_width, "x.onnx: layer quant: a format of its elements has 0 bits, 0 before "
                               "the point; 1..63 and at most 100 are supported");
    expect_refusal(reads_later, "x.onnx: layer quant reads a layer that does not come before it");
    expect_refusal(wrong_size, "x.onnx: layer act has 7 elements but its input has 6");
    expect_refusal(no_weights, "x.onnx: layer dense (dense) lacks its parameters");
    expect_refusal(same_name, "x.onnx: two layers are named dense");
    expect_refusal(bad_name, "x.onnx: layer 4: 'a b' is not an identifier");
    expect_refusal(second_input, "x.onnx: layer act: exactly the first layer is the input");
    expect_refusal(only_input, "x.onnx: the network has no layer behind its input");
}

static void test_copy_is_deep(void **state)
{
    (void)state;
    struct network *network = case_network(3), *copy = network_copy(network);
    const struct layer *dense = &copy->layers[2];
    double weight = dense->weights[4];
    struct format format = dense->weight_quant.formats[0];
    assert_string_equal(copy->name, network->name);
    memset(network->layers[2].weights, 0xff, sizeof(double) * 5);
    network->layers[2].weight_quant.formats[0].width_bits = 60;
    network_free(network);
    assert_true(dense->weights[4] == weight &&
                format_equal(dense->weight_quant.formats[0], format));
    network_check(copy, "copy");
    network_add(copy, LAYER_RELU, "more", copy->layer_count - 1, 3);
    network_check(copy, "copy");
    network_free(copy);
}

static void test_affine_of_batchnorm(void **state)
{
    (void)state;
    double gamma = 1.1, beta = 0.3, mean = -0.7, variance = 2.3, scale, offset;
    struct layer layer = {.kind = LAYER_BATCHNORM,
                          .size = 1,
                          .gamma = &gamma,
                          .beta = &beta,
                          .mean = &mean,
                          .variance = &variance,
                          .epsilon = 1e-3};
    network_affine(&layer, 0, false, &scale, &offset);
    assert_true(fabs(scale - 1.1 / sqrt(2.301)) < 1e-15);
    assert_true(fabs(offset - (0.3 + 0.7 * 1.1 / sqrt(2.301))) < 1e-15);
    network_affine(&layer, 0, true, &scale, &offset);
    assert_true(scale == network_float32(scale) && offset == network_float32(offset));
    assert_true(fabs(scale - 1.1 / sqrt(2.301)) < 1e-7 &&
                fabs(offset - (0.3 + 0.7 * 1.1 / sqrt(2.301))) < 1e-7);
    /* the same from the parameters as a file stores them */
    double s, o;
    gamma = network_float32(gamma), beta = network_float32(beta), mean = network_float32(mean);
    variance = network_float32(variance);
    layer.epsilon = network_float32(layer.epsilon);
    network_affine(&layer, 0, true, &s, &o);
    assert_true(s == scale && o == offset);
}

/* Two parameters beside each other: GCC 12's vectors must not drop the rounding. */
static void test_round_to_float32(void **state)
{
    (void)state;
    struct network *network = case_network(0);
    struct layer *dense = &network->layers[2];
    dense->weights[0] = 0.1;
    dense->alpha = 0.3;
    network_round_to_float32(network);
    assert_true(dense->weights[0] == (double)0.1F && dense->alpha == (double)0.3F);
    network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_made_valid_and_unique),
        cmocka_unit_test(test_many_layers_keep_their_contents),
        cmocka_unit_test(test_refuses_damage),
        cmocka_unit_test(test_copy_is_deep),
        cmocka_unit_test(test_affine_of_batchnorm),
        cmocka_unit_test(test_round_to_float32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
