/* Model files of others: the small ones of tests/models, made by tests/python/make_models.py, with
 * the outputs of qonnx and onnxruntime, and files that must be refused with one line. */
#include "base/error.h"
#include "base/file.h"
#include "data/events.h"
#include "model/onnx.h"
#include "model/reference.h"
#include "tests/unit/model/damage.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define FOLDER "tests/models/"
static const char zoo_tagger[] = "../shared/models/qonnx_zoo/JetTagging/qkeras_jettagging.onnx";

static void expect_outputs(const char *name, double tolerance)
{
    struct arena arena = {0};
    long count, rows;
    struct network *network = onnx_read(arena_printf(&arena, FOLDER "%s.onnx", name));
    int outputs = network_output(network)->size;
    double *x = events_read_rows(&arena, FOLDER "x.npy", network->layers[0].size, &count);
    double *expected =
        events_read_rows(&arena, arena_printf(&arena, FOLDER "%s.y.npy", name), outputs, &rows);
    double *y = arena_alloc(&arena, (size_t)count * (size_t)outputs, sizeof *y);
    assert_true(count == rows && count > 0);
    reference_eval(network, REFERENCE_QUANTIZED, x, count, -1, y);
    for (long i = 0; i < count * outputs; i++)
        if (!(fabs(y[i] - expected[i]) <= tolerance))
            fail_msg("%s: output %ld is %.17g instead of %.17g", name, i, y[i], expected[i]);
    network_free(network);
    arena_free(&arena);
}

static void test_outputs(void **state)
{
    (void)state;
    static const char *const names[] = {
        "plain",       "renamed",     "unnamed",      "reordered",      "constant_nodes",
        "listed_data", "gemm",        "gemm_factors", "transposed",     "no_operations",
        "shared",      "per_channel", "standardised", "rounding_nodes", "flattened_input"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect_outputs(names[i], 0);
    expect_outputs("activations", 1e-6);    /* exp and tanh in float32 */
    expect_outputs("bipolar_layers", 1e-6); /* 0.3 in float32 */
}

/* The same network, however it is written. */
static void test_variants_are_one_network(void **state)
{
    (void)state;
    static const char *const variants[] = {"renamed",        "unnamed",     "reordered",
                                           "constant_nodes", "listed_data", "gemm",
                                           "gemm_factors",   "transposed",  "no_operations"};
    struct network *plain = onnx_read(FOLDER "plain.onnx");
    assert_int_equal(plain->layer_count, 6);
    for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
        char path[80];
        snprintf(path, sizeof path, FOLDER "%s.onnx", variants[v]);
        struct network *other = onnx_read(path);
        assert_int_equal(other->layer_count, plain->layer_count);
        for (int l = 0; l < plain->layer_count; l++) {
            const struct layer *a = &plain->layers[l], *b = &other->layers[l];
            assert_true(a->kind == b->kind && a->size == b->size &&
                        a->quant.count == b->quant.count);
            if (a->kind == LAYER_QUANT)
                assert_true(format_equal(a->quant.formats[0], b->quant.formats[0]));
            if (a->kind != LAYER_DENSE) continue;
            size_t count = (size_t)(a->size * plain->layers[a->input].size);
            assert_memory_equal(a->weights, b->weights, count * sizeof(double));
            assert_memory_equal(a->bias, b->bias, (size_t)a->size * sizeof(double));
            assert_true(a->weight_quant.count == 1 && b->weight_quant.count == 1);
            assert_true(format_equal(a->weight_quant.formats[0], b->weight_quant.formats[0]));
            assert_true(format_equal(a->bias_quant.formats[0], b->bias_quant.formats[0]));
        }
        network_free(other);
    }
    network_free(plain);
}

static void expect_format(struct format f, const char *text)
{
    char found[FORMAT_TEXT_BYTES];
    format_print(f, found);
    assert_string_equal(found, text);
}

static void test_formats(void **state)
{
    (void)state;
    struct network *plain = onnx_read(FOLDER "plain.onnx");
    expect_format(plain->layers[1].quant.formats[0], "fixed<6,4,RND_CONV,SAT>");
    expect_format(plain->layers[2].weight_quant.formats[0], "fixed<6,3,RND_CONV,SAT_SYM>");
    expect_format(plain->layers[2].bias_quant.formats[0], "fixed<5,3,RND_CONV,SAT>");
    expect_format(plain->layers[4].quant.formats[0], "ufixed<5,3,TRN,SAT>");
    network_free(plain);
    struct network *mixed = onnx_read(FOLDER "per_channel.onnx");
    assert_int_equal(mixed->layers[1].quant.count, 4);
    expect_format(mixed->layers[1].quant.formats[0], "fixed<2,0,RND_CONV,SAT>");
    expect_format(mixed->layers[1].quant.formats[1], "fixed<3,2,RND_CONV,SAT>");
    expect_format(mixed->layers[1].quant.formats[2], "ufixed<2,2,RND_CONV,SAT>");
    expect_format(mixed->layers[1].quant.formats[3], "ufixed<1,1,RND_CONV,SAT>");
    expect_format(quantizer_at(&mixed->layers[2].weight_quant, 3 + 1),
                  "fixed<4,2,RND_CONV,SAT_SYM>");
    expect_format(mixed->layers[3].quant.formats[0], "ufixed<4,3,RND_CONV,SAT>");
    network_free(mixed);
    struct network *modes = onnx_read(FOLDER "rounding_nodes.onnx");
    expect_format(modes->layers[1].quant.formats[0], "fixed<4,3>");
    expect_format(modes->layers[2].quant.formats[0], "fixed<4,4,RND_MIN_INF,SAT>");
    expect_format(modes->layers[3].weight_quant.formats[0], "fixed<5,2,RND_MIN_INF,SAT>");
    network_free(modes);
}

/* tests/models/bad/expected.txt: "NAME.onnx: the rest of the line", one for each file. */
static void test_refusals(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t length, count = 0;
    char *text = file_read(&arena, FOLDER "bad/expected.txt", &length), *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest), count++) {
        char path[120], wanted[1200];
        snprintf(path, sizeof path, FOLDER "bad/%.*s", (int)strcspn(line, ":"), line);
        snprintf(wanted, sizeof wanted, FOLDER "bad/%s", line);
        assert_string_equal(refusal(onnx_read, path), wanted);
    }
    assert_int_equal(count, 35);
    arena_free(&arena);
}

static char scratch[] = "/tmp/sluice_test_files_XXXXXX";

static int make_scratch(void **state)
{
    (void)state;
    int file = mkstemp(scratch);
    return file < 0 ? -1 : close(file);
}

static int remove_scratch(void **state)
{
    (void)state;
    return unlink(scratch);
}

/* Cut anywhere, a file is refused with one line that names it. */
static void test_truncated_files(void **state)
{
    (void)state;
    struct arena arena = {0};
    size_t length;
    char *bytes = file_read(&arena, FOLDER "per_channel.onnx", &length);
    file_write(scratch, "", 0);
    assert_non_null(
        strstr(refusal(onnx_read, scratch), ": the file is empty; an ONNX model was expected"));
    file_write(scratch, "not a model\n", 12);
    assert_non_null(
        strstr(refusal(onnx_read, scratch), ": not an ONNX model, or a damaged or truncated one"));
    for (size_t cut = 1; cut < length; cut += 1 + cut / 40) {
        file_write(scratch, bytes, cut);
        const char *line = refusal(onnx_read, scratch);
        /* the opset table stands at the end: without it the file is still a model */
        if (!*line)
            assert_true(cut > length - 60);
        else
            assert_memory_equal(line, scratch, strlen(scratch));
    }
    assert_non_null(strstr(refusal(onnx_read, "/nonexistent.onnx"), "/nonexistent.onnx"));
    arena_free(&arena);
}

static void test_damaged_files(void **state)
{
    (void)state;
    static const char *const names[] = {FOLDER "plain.onnx", FOLDER "constant_nodes.onnx",
                                        FOLDER "per_channel.onnx"};
    for (int n = 0; n < 3; n++)
        assert_true(refusals_of_damaged(onnx_read, names[n], scratch, 500, 11) > 50);
}

static void test_zoo_tagger(void **state)
{
    (void)state;
    if (!file_exists(zoo_tagger)) {
        print_message("skipped: %s is not there\n", zoo_tagger);
        skip();
    }
    struct network *network = onnx_read(zoo_tagger);
    static const enum layer_kind kinds[] = {LAYER_INPUT, LAYER_DENSE, LAYER_RELU,  LAYER_QUANT,
                                            LAYER_DENSE, LAYER_RELU,  LAYER_QUANT, LAYER_DENSE,
                                            LAYER_RELU,  LAYER_QUANT, LAYER_DENSE, LAYER_SOFTMAX};
    static const int sizes[] = {16, 64, 64, 64, 32, 32, 32, 32, 32, 32, 5, 5};
    assert_int_equal(network->layer_count, 12);
    for (int l = 0; l < 12; l++)
        assert_true(network->layers[l].kind == kinds[l] && network->layers[l].size == sizes[l]);
    for (int l = 1; l < 12; l += 3) {
        expect_format(network->layers[l].weight_quant.formats[0], "fixed<6,1,RND_CONV,SAT>");
        expect_format(network->layers[l].bias_quant.formats[0], "fixed<6,1,RND_CONV,SAT>");
        if (l < 10)
            expect_format(network->layers[l + 2].quant.formats[0], "ufixed<6,0,RND_CONV,SAT>");
    }
    network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outputs),         cmocka_unit_test(test_variants_are_one_network),
        cmocka_unit_test(test_formats),         cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_truncated_files), cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_zoo_tagger),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
