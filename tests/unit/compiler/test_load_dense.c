/* Dense layers with loadable weights: random networks on fabrics with and without memories; that
 * the program gives what the plain one gives, and with another training's image what that one's
 * gives. */
#include "compiler/compile.h"
#include "compiler/load_image.h"

#include "base/error.h"
#include "base/file.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifndef SEEDS
#define SEEDS 40
#endif
enum { EVENTS = 200 };
static const char folder[] = "build/tests/load_dense";

static const struct target *target_for(uint64_t seed)
{
    static struct target targets[4];
    for (int i = 0; i < 4; i++)
        targets[i] = target_generic;
    for (int i = 1; i < 3; i++) {
        targets[i].ram_bits = i == 1 ? 4096 : 18432;
        targets[i].ram_width_max = i == 1 ? 16 : 36;
        targets[i].ram_clk_to_q_ns = 2;
    }
    targets[2].has_lut_ram = targets[3].has_lut_ram = true;
    targets[2].dsp_a_bits = targets[2].dsp_b_bits = 18;
    targets[2].dsp_mixes_signs = true;
    targets[2].dsp_ns = 4;
    return &targets[seed % 4];
}

/* Constants that every training has on the same grid of 16 bits, some of them negative. */
static int add_scaling(struct random *random, struct network *n, int input)
{
    int size = n->layers[input].size, last = network_add(n, LAYER_AFFINE, "bn", input, size);
    double *numbers[2];
    for (int k = 0; k < 2; k++) {
        numbers[k] = arena_alloc(&n->arena, (size_t)size, sizeof(double));
        for (int j = 0; j < size; j++)
            numbers[k][j] = j ? (double)pick(random, -23, 23) / 16 : 1.5;
    }
    n->layers[last].scale = numbers[0];
    n->layers[last].offset = numbers[1];
    return last;
}

/* Shapes and formats are the seed's, the weights `training`'s. */
static struct network *random_dense(uint64_t seed, uint64_t training)
{
    struct random shape = random_init(seed), weights = random_init(1000 * seed + training);
    struct network *n = network_new("net");
    int last = network_add(n, LAYER_INPUT, "x", -1, pick(&shape, 3, 9)),
        layers = pick(&shape, 1, 3);
    n->layers[0].input = -1;
    last = network_add(n, LAYER_QUANT, "xq", last, n->layers[last].size);
    n->layers[last].quant = random_quantizer(&shape, n, n->layers[last].size, 2, 6, 0);
    for (int l = 0; l < layers; l++) {
        int rows = n->layers[last].size, columns = pick(&shape, l ? 2 : 4, 8);
        bool has_bias = chance(&shape, 0.7);
        last = network_add(n, LAYER_DENSE, "fc", last, columns);
        struct layer *dense = &n->layers[last];
        dense->weight_quant = random_quantizer(&shape, n, rows * columns, 2, 6, 0.5);
        dense->weights = random_numbers(&weights, n, rows * columns, 2, training ? 0 : 0.5);
        if (has_bias) {
            dense->bias_quant = random_quantizer(&shape, n, columns, 2, 8, 0.5);
            dense->bias = random_numbers(&weights, n, columns, 2, 0);
        }
        bool is_scaled = chance(&shape, 0.5);
        if (is_scaled) last = add_scaling(&weights, n, last);
        if (l == layers - 1) break;
        if (chance(&shape, 0.6)) last = network_add(n, LAYER_RELU, "relu", last, columns);
        last = network_add(n, LAYER_QUANT, "hq", last, columns);
        n->layers[last].quant = random_quantizer(&shape, n, columns, 2, 5, 0.5);
        /* A normalisation that is loaded is shared by columns that end alike. */
        if (is_scaled) n->layers[last].quant.count = 1;
    }
    return n;
}

static struct program *compile(struct network *n, const struct compile_options *options,
                               struct compile_notes *notes)
{
    compile_prepare(n, options, "net");
    return compile_network(n, options, notes);
}

static void make_inputs(struct random *random, const struct program *p, int64_t *inputs)
{
    for (int i = 0; i < EVENTS * p->input_count; i++) {
        const struct op *op = &p->ops[p->inputs[i % p->input_count].value];
        inputs[i] = op->lo + (int64_t)random_below(random, (uint64_t)(op->hi - op->lo) + 1);
    }
}

/* Scores as numbers: the programs' formats differ. */
static double *scores(struct arena *arena, const struct program *p, const int64_t *inputs)
{
    size_t count = (size_t)(EVENTS * p->output_count);
    int64_t *outputs = arena_alloc(arena, count, sizeof *outputs);
    double *y = arena_alloc(arena, count, sizeof *y);
    program_eval(p, inputs, EVENTS, outputs);
    program_scale_outputs(p, outputs, EVENTS, y);
    return y;
}

static void test_images(void **state)
{
    (void)state;
    int differ = 0, memories[MEMORY_KIND_COUNT] = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct arena arena = {0};
        struct network *a = random_dense(seed, 0), *b = random_dense(seed, 1);
        struct compile_options options, plain;
        struct compile_notes notes;
        compile_options_init(&plain);
        plain.target = target_for(seed);
        plain.clock_mhz = 4;
        options = plain;
        options.all_loadable = true;
        options.reuse = 12;
        struct program *p = compile(a, &options, &notes);
        struct program *of_a = compile(a, &plain, NULL), *of_b = compile(b, &plain, NULL);
        int64_t *inputs = arena_alloc(&arena, (size_t)(EVENTS * p->input_count), sizeof *inputs);
        size_t bytes = (size_t)(EVENTS * p->output_count) * sizeof(double);
        struct random random = random_init(seed);
        make_inputs(&random, p, inputs);
        double *want_a = scores(&arena, of_a, inputs), *want_b = scores(&arena, of_b, inputs);
        assert_memory_equal(scores(&arena, p, inputs), want_a, bytes);
        load_image_fill(p, &notes.load, a, b, "b");
        program_check(p, "load_image_fill");
        assert_memory_equal(scores(&arena, p, inputs), want_b, bytes);
        load_image_fill(p, &notes.load, a, a, "a");
        assert_memory_equal(scores(&arena, p, inputs), want_a, bytes);
        differ += memcmp(want_a, want_b, bytes) != 0;
        for (int m = 0; m < p->memory_count; m++)
            if (p->memories[m].contents) memories[p->memories[m].kind]++;
        struct program *all[] = {p, of_a, of_b};
        for (int i = 0; i < 3; i++)
            program_free(all[i]);
        compile_notes_free(&notes);
        network_free(a);
        network_free(b);
        arena_free(&arena);
    }
    assert_true(differ > SEEDS / 2);
    assert_true(memories[MEMORY_REGISTERS] && memories[MEMORY_DISTRIBUTED] &&
                memories[MEMORY_BLOCK]);
}

static void expect_refusal(struct program *p, const struct compile_notes *notes,
                           const struct network *a, const struct network *b, const char *message)
{
    struct error_trap trap;
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) {
        load_image_fill(p, &notes->load, a, b, "b.onnx");
        fail_msg("not refused: %s", message);
    }
    error_set_trap(NULL);
    assert_string_equal(trap.message, message);
}

static struct format fixed(int width, int integer_bits)
{
    return format_make(true, width, integer_bits);
}

static struct network *two_layers(double weight, struct format weights, struct format hidden)
{
    struct network *n = network_new("net");
    int last = network_add(n, LAYER_INPUT, "x", -1, 4);
    struct format formats[2] = {fixed(4, 4), hidden};
    for (int l = 0; l < 2; l++) {
        last = network_add(n, LAYER_QUANT, "q", last, 4);
        n->layers[last].quant =
            (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
        n->layers[last].quant.formats[0] = formats[l];
        last = network_add(n, LAYER_DENSE, "fc", last, 4);
        n->layers[last].weights = arena_alloc(&n->arena, 16, sizeof(double));
        for (int i = 0; i < 16; i++)
            n->layers[last].weights[i] = i % 3 ? weight : 0;
        n->layers[last].weight_quant =
            (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
        n->layers[last].weight_quant.formats[0] = weights;
    }
    return n;
}

static void test_refusals(void **state)
{
    (void)state;
    struct compile_options options;
    struct compile_notes notes;
    static const char *const second[] = {"fc_2"};
    compile_options_init(&options);
    options.target = target_for(1);
    options.clock_mhz = 20;
    options.loadable_layers = second;
    options.loadable_count = 1;
    options.reuse = 8;
    struct network *a = two_layers(1, fixed(4, 4), fixed(5, 5));
    struct program *p = compile(a, &options, &notes);
    assert_int_equal(notes.load.layer_count, 1);
    struct network *b = two_layers(1, fixed(4, 4), fixed(5, 4));
    expect_refusal(p, &notes, a, b,
                   "b.onnx: layer q_2 (quant) differs from the compiled network's in its formats; "
                   "only weights and biases of loadable layers may");
    struct network *c = two_layers(2, fixed(4, 4), fixed(5, 5));
    expect_refusal(p, &notes, a, c,
                   "b.onnx: layer fc (dense) differs from the compiled network's; only weights and "
                   "biases of loadable layers may");
    struct network *d = two_layers(1, fixed(4, 4), fixed(5, 5));
    d->layers[4].weight_quant.formats[0] = fixed(5, 4); /* another format, weights that fit */
    load_image_fill(p, &notes.load, a, d, "b.onnx");
    d->layers[4].weights[5] = 1.5;
    expect_refusal(
        p, &notes, a, d,
        "b.onnx: layer fc_2: the weight 1.5 is none that may be loaded: multiples of 2^0 "
        "from -8 to 7 of them");
    struct network *all[] = {a, b, c, d};
    for (int i = 0; i < 4; i++)
        network_free(all[i]);
    program_free(p);
    compile_notes_free(&notes);
}

/* The file there and back; each byte that is wrong is noticed. */
static void test_files(void **state)
{
    (void)state;
    struct compile_options options;
    struct compile_notes notes;
    struct arena arena = {0};
    compile_options_init(&options);
    options.target = target_for(1);
    options.clock_mhz = 20;
    options.all_loadable = true;
    options.reuse = 8;
    file_make_folder(folder);
    const char *path = file_join(&arena, folder, "a.img");
    struct network *a = two_layers(1, fixed(4, 4), fixed(5, 5));
    struct network *b = two_layers(-3, fixed(4, 4), fixed(5, 5));
    struct program *p = compile(a, &options, &notes), *q = compile(b, &options, NULL);
    load_image_write(p, "0123456789abcdef", path);
    load_image_read(q, "0123456789abcdef", path);
    for (int m = 0; m < p->memory_count; m++)
        if (p->memories[m].contents)
            assert_memory_equal(p->memories[m].contents, q->memories[m].contents,
                                (size_t)p->memories[m].entries * sizeof(int64_t));
    size_t length;
    char *bytes = file_read(&arena, path, &length);
    for (size_t i = 0; i < length; i++) {
        static struct error_trap trap;
        bytes[i] ^= 16;
        file_write(path, bytes, length);
        bytes[i] ^= 16;
        error_set_trap(&trap);
        if (setjmp(trap.where) == 0) {
            load_image_read(q, "0123456789abcdef", path);
            fail_msg("byte %zu may be wrong", i);
        }
        error_set_trap(NULL);
    }
    network_free(a);
    network_free(b);
    program_free(p);
    program_free(q);
    compile_notes_free(&notes);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
