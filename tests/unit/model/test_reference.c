/* The reference: against hand-made numbers, against itself in other blockings, in both modes. */
#include "model/reference.h"
#include "model_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum { EVENTS = 101 };

/* One layer of each kind on two elements: what it gives for (1.5, -0.75). */
static void expect_layer(struct layer parameters, enum reference_mode mode, double first,
                         double second)
{
    struct network *network = network_new("one");
    double x[2] = {1.5, -0.75}, y[2];
    network_add(network, LAYER_INPUT, "x", -1, 2);
    int index = network_add(network, parameters.kind, "layer", 0, 2);
    struct layer *layer = &network->layers[index];
    parameters.name = layer->name;
    parameters.size = 2;
    parameters.input = 0;
    *layer = parameters;
    reference_eval(network, mode, x, 1, -1, y);
    assert_true(fabs(y[0] - first) < 1e-15 && fabs(y[1] - second) < 1e-15);
    network_free(network);
}

static void test_layers_by_hand(void **state)
{
    (void)state;
    struct format format = format_make(true, 4, 2),
                  per_element[2] = {format_make(true, 3, 2), format_make(false, 3, 2)};
    struct quantizer one = {1, &format}, two = {2, per_element};
    double weights[4] = {0.5, 1.3, -0.2, 2}, bias[2] = {0.125, -1};
    double scale[2] = {2, -1}, offset[2] = {0.5, 0.25}, mean[2] = {1, 0}, variance[2] = {4, 0.25};
    enum reference_mode q = REFERENCE_QUANTIZED, f = REFERENCE_FLOAT;
    expect_layer((struct layer){.kind = LAYER_RELU}, q, 1.5, 0);
    expect_layer((struct layer){.kind = LAYER_LEAKY_RELU, .alpha = 0.5}, q, 1.5, -0.375);
    expect_layer((struct layer){.kind = LAYER_TANH}, q, tanh(1.5), tanh(-0.75));
    expect_layer((struct layer){.kind = LAYER_SIGN}, q, 1, -1);
    expect_layer((struct layer){.kind = LAYER_SIGMOID}, q, 1 / (1 + exp(-1.5)),
                 1 / (1 + exp(0.75)));
    expect_layer((struct layer){.kind = LAYER_SOFTMAX}, q, 1 / (1 + exp(-2.25)),
                 1 / (1 + exp(2.25)));
    expect_layer((struct layer){.kind = LAYER_AFFINE, .scale = scale, .offset = offset}, q, 3.5, 1);
    expect_layer((struct layer){.kind = LAYER_BATCHNORM,
                                .gamma = scale,
                                .beta = offset,
                                .mean = mean,
                                .variance = variance},
                 q, 1, 1.75);
    expect_layer((struct layer){.kind = LAYER_QUANT, .quant = one}, q, 1.5, -0.75);
    expect_layer((struct layer){.kind = LAYER_QUANT, .quant = two}, q, 1.5, 0);
    expect_layer((struct layer){.kind = LAYER_QUANT, .quant = two}, f, 1.5, -0.75);
    /* quantized weights 0.5, 1.25, -0.25 (rounded from -0.2), 1.75; biases 0.25 and -1 */
    expect_layer((struct layer){.kind = LAYER_DENSE,
                                .weights = weights,
                                .weight_quant = one,
                                .bias = bias,
                                .bias_quant = one},
                 q, 1.5 * 0.5 + 0.75 * 0.25 + 0.25, 1.5 * 1.25 - 0.75 * 1.75 - 1);
    expect_layer((struct layer){.kind = LAYER_DENSE, .weights = weights, .weight_quant = one}, f,
                 0.75 + 0.75 * (double)0.2F, 1.5 * (double)1.3F - 1.5);
}

static double *draw_events(struct arena *arena, int features)
{
    struct random random = random_init(5);
    double *x = arena_alloc(arena, (size_t)(EVENTS * features), sizeof *x);
    for (int i = 0; i < EVENTS * features; i++)
        x[i] = 2 * random_normal(&random);
    return x;
}

/* Any number of events in any blocking gives the same numbers, for each layer. */
static void test_blocking_changes_nothing(void **state)
{
    (void)state;
    for (int n = 0; n < CASE_NETWORKS; n++) {
        struct arena arena = {0};
        struct network *network = case_network(n);
        double *x = draw_events(&arena, 5), *all = arena_alloc(&arena, EVENTS * 8, sizeof *all),
               one[8];
        for (int mode = 0; mode < 2; mode++)
            for (int layer = 0; layer < network->layer_count; layer++) {
                int size = network->layers[layer].size;
                reference_eval(network, (enum reference_mode)mode, x, EVENTS, layer, all);
                for (int k = 0; k < EVENTS; k++) {
                    reference_eval(network, (enum reference_mode)mode, x + 5 * k, 1, layer, one);
                    assert_memory_equal(one, all + size * k, sizeof(double) * (size_t)size);
                }
            }
        network_free(network);
        arena_free(&arena);
    }
}

/* The same sums as a plain loop over the network makes, in another order: equal, as they are exact.
 */
static void test_dense_by_plain_loops(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct network *network = case_network(2);
    double *x = draw_events(&arena, 5), *in = arena_alloc(&arena, EVENTS * 8, sizeof *in),
           *out = arena_alloc(&arena, EVENTS * 8, sizeof *out);
    int checked = 0;
    for (int l = 2; l < network->layer_count; l++) {
        const struct layer *layer = &network->layers[l];
        int inputs = network->layers[layer->input].size;
        if (layer->kind != LAYER_DENSE) continue;
        reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, layer->input, in);
        reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, l, out);
        for (int k = 0; k < EVENTS; k++)
            for (int j = 0; j < layer->size; j++, checked++) {
                double sum = 0;
                for (int i = inputs; i-- > 0;)
                    sum += in[k * inputs + i] *
                           format_quantize(quantizer_at(&layer->weight_quant, i * layer->size + j),
                                           layer->weights[i * layer->size + j]);
                if (layer->bias)
                    sum += format_quantize(quantizer_at(&layer->bias_quant, j), layer->bias[j]);
                assert_true(out[k * layer->size + j] == sum);
            }
    }
    assert_int_equal(checked, EVENTS * (6 + 5 + 3));
    network_free(network);
    arena_free(&arena);
}

static void test_range(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct network *network = case_network(4);
    double *x = draw_events(&arena, 5), y[EVENTS * 6], low[6], high[6];
    reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, 3, y);
    reference_range(network, REFERENCE_QUANTIZED, x, EVENTS, 3, low, high);
    for (int j = 0; j < 6; j++) {
        bool has_low = false, has_high = false;
        for (int k = 0; k < EVENTS; k++) {
            assert_true(y[6 * k + j] >= low[j] && y[6 * k + j] <= high[j]);
            has_low = has_low || y[6 * k + j] == low[j];
            has_high = has_high || y[6 * k + j] == high[j];
        }
        assert_true(has_low && has_high);
    }
    network_free(network);
    arena_free(&arena);
}

/* The softmax of hardware by hand: every number on its grid; the real function in the float
 * network. */
static void test_softmax_of_hardware(void **state)
{
    (void)state;
    struct softmax_formats formats = {.difference = format_make(false, 4, 3),  /* halves, below 8 */
                                      .exponential = format_make(false, 5, 1), /* sixteenths */
                                      .sum = format_make(false, 4, 2),         /* quarters */
                                      .logarithm = format_make(false, 4, 1),   /* eighths */
                                      .exponent = format_make(false, 6, 3), /* eighths, below 8 */
                                      .probability = format_make(false, 4, 0)};
    /* difference 0 and 2.5 (from 2.25, halves up); exponentials 1 and 1/16 (exp(-2.5) is 0.082);
     * sum 1 (from 1.0625), logarithm 0; exp(0) saturates at 15/16, exp(-2.5) rounds to 1/16 */
    expect_layer((struct layer){.kind = LAYER_SOFTMAX, .softmax = &formats}, REFERENCE_QUANTIZED,
                 15 / 16.0, 1 / 16.0);
    expect_layer((struct layer){.kind = LAYER_SOFTMAX, .softmax = &formats}, REFERENCE_FLOAT,
                 1 / (1 + exp(-2.25)), 1 / (1 + exp(2.25)));
    /* sum 1.0625 as it is; its logarithm 0.06 rounds to 0 on eighths, to 1/16 on sixteenths */
    formats.sum = format_make(false, 6, 2);
    formats.logarithm = format_make(false, 5, 1);
    formats.exponent = format_make(false, 7, 3);
    formats.probability = format_make(false, 10, 0);
    expect_layer((struct layer){.kind = LAYER_SOFTMAX, .softmax = &formats}, REFERENCE_QUANTIZED,
                 962 / 1024.0, 79 / 1024.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_by_hand),
        cmocka_unit_test(test_blocking_changes_nothing),
        cmocka_unit_test(test_dense_by_plain_loops),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_softmax_of_hardware),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
