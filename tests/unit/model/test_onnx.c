/* Model files written and read back: every quantizer, whole networks, names, the same bytes. */
#include "base/error.h"
#include "base/file.h"
#include "model/onnx.h"
#include "model/reference.h"
#include "model_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/sluice_test_onnx_XXXXXX";
static char path[sizeof folder + 16], path_again[sizeof folder + 16];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    snprintf(path_again, sizeof path_again, "%s/again.onnx", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(path_again);
    return rmdir(folder);
}

static void expect_same_quantizer(const struct quantizer *a, const struct quantizer *b,
                                  int elements)
{
    assert_int_equal(a->count == 0, b->count == 0);
    for (int i = 0; a->count && i < elements; i++) {
        char text_a[FORMAT_TEXT_BYTES], text_b[FORMAT_TEXT_BYTES];
        format_print(quantizer_at(a, i), text_a);
        format_print(quantizer_at(b, i), text_b);
        assert_string_equal(text_a, text_b);
    }
}

static void expect_same_values(const double *a, const double *b, int count)
{
    assert_int_equal(a == NULL, b == NULL);
    for (int i = 0; a && i < count; i++)
        assert_true(a[i] == b[i]);
}

static void expect_same_network(const struct network *a, const struct network *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->layer_count, b->layer_count);
    for (int l = 0; l < a->layer_count; l++) {
        const struct layer *p = &a->layers[l], *q = &b->layers[l];
        int size = p->size, inputs = p->input >= 0 ? a->layers[p->input].size : 0;
        assert_string_equal(p->name, q->name);
        assert_int_equal(p->kind, q->kind);
        assert_int_equal(p->input, q->input);
        assert_int_equal(size, q->size);
        expect_same_quantizer(&p->quant, &q->quant, size);
        expect_same_quantizer(&p->weight_quant, &q->weight_quant, inputs * size);
        expect_same_quantizer(&p->bias_quant, &q->bias_quant, size);
        expect_same_values(p->weights, q->weights, inputs * size);
        expect_same_values(p->bias, q->bias, size);
        expect_same_values(p->scale, q->scale, size);
        expect_same_values(p->offset, q->offset, size);
        expect_same_values(p->gamma, q->gamma, size);
        expect_same_values(p->beta, q->beta, size);
        expect_same_values(p->mean, q->mean, size);
        expect_same_values(p->variance, q->variance, size);
        if (p->kind == LAYER_LEAKY_RELU) assert_true(p->alpha == q->alpha);
        assert_true(p->epsilon == q->epsilon);
        assert_int_equal(p->softmax == NULL, q->softmax == NULL);
        if (!p->softmax) continue;
#define X(of) assert_true(format_equal(p->softmax->of, q->softmax->of));
        SOFTMAX_FORMATS(X)
#undef X
    }
}

/* Writes, reads, compares, writes again: the same network and the same bytes. */
static void expect_round_trip(struct network *network)
{
    struct arena arena = {0};
    size_t length, length_again;
    onnx_write(path, network);
    struct network *back = onnx_read(path);
    expect_same_network(network, back);
    onnx_write(path_again, back);
    char *bytes = file_read(&arena, path, &length),
         *again = file_read(&arena, path_again, &length_again);
    assert_int_equal(length, length_again);
    assert_memory_equal(bytes, again, length);
    network_free(back);
    network_free(network);
    arena_free(&arena);
}

static void test_every_mode_comes_back(void **state)
{
    (void)state;
    for (int r = 0; r < ROUNDING_COUNT; r++)
        for (int o = 0; o < OVERFLOW_COUNT; o++)
            for (int s = 0; s < CASE_SHAPES + CASE_MIXES; s++)
                expect_round_trip(case_quant_network(r, o, s));
}

/* Wide formats, whose limits float32 cannot hold, alone and element by element. */
static void test_wide_formats_come_back(void **state)
{
    (void)state;
    static const int widths[] = {23, 24, 25, 26, 40, 53, 54, 62, 63};
    for (int r = 0; r < ROUNDING_COUNT; r++)
        for (int o = 0; o < OVERFLOW_COUNT; o++)
            for (int w = 0; w < 9; w++)
                for (int kind = 0; kind < 4; kind++) {
                    struct format shapes[CASE_ELEMENTS];
                    for (int i = 0; i < CASE_ELEMENTS; i++)
                        shapes[i] = format_make(kind % 2, i % 2 ? 5 : widths[w], i);
                    shapes[0].width_bits = widths[w];
                    struct network *network = case_quant_network(r, o, 0);
                    network->layers[1].quant =
                        case_quantizer(&network->arena, shapes, kind < 2 ? 1 : CASE_ELEMENTS, r, o);
                    expect_round_trip(network);
                }
}

static void test_networks_come_back(void **state)
{
    (void)state;
    for (int n = 0; n < CASE_NETWORKS; n++)
        expect_round_trip(case_network(n));
}

static void test_softmax_of_hardware(void **state)
{
    (void)state;
    for (int n = 0; n < CASE_SOFTMAXES; n++)
        expect_round_trip(case_softmax_network(n));
}

static struct network *every_layer(void)
{
    struct random random = random_init(3);
    struct network *network = network_new("every_layer");
    int at = network_add(network, LAYER_INPUT, "x", -1, 4);
    for (int kind = LAYER_AFFINE; kind <= LAYER_SOFTMAX; kind++) { /* the rest: test_trees.c */
        if (kind == LAYER_DENSE) {
            at = case_dense(network, &random, at, 4, 1);
            continue;
        }
        at = network_add(network, (enum layer_kind)kind, layer_kind_names[kind], at, 4);
        struct layer *layer = &network->layers[at];
        if (kind == LAYER_AFFINE) {
            layer->scale = case_values(network, &random, 4, 1);
            layer->offset = case_values(network, &random, 4, 1);
        } else if (kind == LAYER_BATCHNORM) {
            layer->gamma = case_values(network, &random, 4, 1);
            layer->beta = case_values(network, &random, 4, 1);
            layer->mean = case_values(network, &random, 4, 1);
            layer->variance = case_values(network, &random, 4, 1);
            for (int j = 0; j < 4; j++)
                layer->variance[j] = fabs(layer->variance[j]);
            layer->epsilon = (double)1e-3F;
        } else if (kind == LAYER_LEAKY_RELU) {
            layer->alpha = (double)0.01F;
        }
    }
    return network;
}

static void test_every_layer_comes_back(void **state)
{
    (void)state;
    expect_round_trip(every_layer());
}

/* Layers that a reader could take for one, or for another: two affine ones in a row, a dense layer
 * without bias before one, one output, a bias of half a step before a quantizer that truncates. */
static void test_neighbours_stay_apart(void **state)
{
    (void)state;
    struct random random = random_init(4);
    struct network *network = network_new("neighbours");
    int at = network_add(network, LAYER_INPUT, "x", -1, 3);
    for (int n = 0; n < 4; n++) {
        if (n == 2) at = case_dense(network, &random, at, 1, 3); /* no bias */
        int size = network->layers[at].size;
        at = network_add(network, LAYER_AFFINE, "affine", at, size);
        network->layers[at].scale = case_values(network, &random, (size_t)size, 1);
        network->layers[at].offset = case_values(network, &random, (size_t)size, 1);
    }
    for (int n = 0; n < 2; n++) {
        at = case_dense(network, &random, at, 2 - n, 3);
        network->layers[at].bias = arena_alloc(&network->arena, 2, sizeof(double));
        network->layers[at].bias[0] = network->layers[at].bias[1] = 0.25;
        at = network_add(network, LAYER_QUANT, "quant", at, 2 - n);
        network->layers[at].quant =
            case_quantizer(&network->arena, &(struct format){.width_bits = 4, .integer_bits = 3}, 1,
                           ROUND_TRN, OVERFLOW_SAT);
        at = network_add(network, LAYER_QUANT, "quant", at, 2 - n);
        network->layers[at].quant =
            case_quantizer(&network->arena, &(struct format){.width_bits = 3, .integer_bits = 3}, 1,
                           ROUND_TRN, OVERFLOW_SAT);
    }
    expect_round_trip(network);
}

static void test_names_come_back(void **state)
{
    (void)state;
    static const char *features[] = {"pt, leading", "\"eta\"", "", "\xcf\x86", "mass"},
                      *classes[] = {"q", "g", "W"};
    struct network *network = case_network(0);
    network->feature_names = features;
    network->class_names = classes;
    onnx_write(path, network);
    struct network *back = onnx_read(path);
    for (int i = 0; i < 5; i++)
        assert_string_equal(back->feature_names[i], features[i]);
    for (int i = 0; i < 3; i++)
        assert_string_equal(back->class_names[i], classes[i]);
    network_free(back);
    network_free(network);
}

/* Latent weights that are no float32 numbers are rounded on the way to the file, and the reference
 * already sees them so. */
static void test_doubles_are_stored_as_float32(void **state)
{
    (void)state;
    enum { EVENTS = 64 };
    double x[EVENTS * 4], before[EVENTS * 4], after[EVENTS * 4];
    struct random random = random_init(9);
    struct network *network = every_layer();
    for (int l = 0; l < network->layer_count; l++)
        for (int j = 0; j < 4; j++) {
            if (network->layers[l].weights) network->layers[l].weights[j] = 0.1 * (j + 1);
            if (network->layers[l].scale) network->layers[l].scale[j] += 1e-12;
            if (network->layers[l].gamma) network->layers[l].gamma[j] += 1e-12;
        }
    for (int i = 0; i < EVENTS * 4; i++)
        x[i] = random_normal(&random);
    onnx_write(path, network);
    struct network *back = onnx_read(path);
    reference_eval(network, REFERENCE_QUANTIZED, x, EVENTS, -1, before);
    reference_eval(back, REFERENCE_QUANTIZED, x, EVENTS, -1, after);
    assert_memory_equal(before, after, sizeof before);
    network_free(back);
    network_free(network);
}

static void test_writer_refuses(void **state)
{
    (void)state;
    static struct error_trap trap;
    struct network *network = case_quant_network(ROUND_RND, OVERFLOW_SAT, 0);
    network->layers[1].quant.formats[0] = format_make(true, 63, -90);
    unlink(path);
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        onnx_write(path, network);
        error_set_trap(NULL);
        fail_msg("written");
    }
    error_set_trap(NULL);
    assert_non_null(strstr(trap.message, "q: 153 fraction bits; a model file holds at most 120"));
    assert_false(file_exists(path));
    network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mode_comes_back),
        cmocka_unit_test(test_wide_formats_come_back),
        cmocka_unit_test(test_networks_come_back),
        cmocka_unit_test(test_softmax_of_hardware),
        cmocka_unit_test(test_every_layer_comes_back),
        cmocka_unit_test(test_neighbours_stay_apart),
        cmocka_unit_test(test_names_come_back),
        cmocka_unit_test(test_doubles_are_stored_as_float32),
        cmocka_unit_test(test_writer_refuses),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
