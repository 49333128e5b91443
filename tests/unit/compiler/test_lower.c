/* Lowering: exact constants, shortened affine maps, the input quantizer, and the refusals. */
#include "base/error.h"
#include "compiler/lower/lower.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void signed_digits_are_right_and_few(void **state)
{
    (void)state;
    for (int64_t n = -5000; n <= 5000; n++) {
        signed char digits[CSD_MAX_DIGITS];
        int count = csd_digits(n, digits), nonzero = 0;
        int64_t sum = 0;
        for (int i = 0; i < count; i++) {
            sum += digits[i] * ((int64_t)1 << i);
            nonzero += digits[i] != 0;
        }
        assert_int_equal(sum, n);
        /* The least number of signed digits is that of bits in which 3n and n differ. */
        uint64_t m = (uint64_t)(n < 0 ? -n : n);
        assert_int_equal(nonzero, __builtin_popcountll(m ^ (3 * m)));
        assert_int_equal(csd_count(n), nonzero);
    }
    assert_int_equal(csd_count(INT64_MAX), 2);
    assert_int_equal(csd_count(INT64_MIN), 1);
    signed char digits[CSD_MAX_DIGITS];
    assert_int_equal(csd_digits(3, digits), 2); /* 2 + 1, not 4 - 1 */
    assert_true(digits[0] == 1 && digits[1] == 1);
}

static void rounding_to_few_digits_keeps_its_tolerance(void **state)
{
    (void)state;
    struct random r = random_init(5);
    for (int i = 0; i < 2000; i++) {
        double x = random_normal(&r) * ldexp(1, pick(&r, -8, 8));
        double tolerance = fabs(x) * ldexp(1, -pick(&r, 1, 12));
        double rounded = csd_round(x, tolerance);
        assert_true(fabs(rounded - x) <= tolerance);
        assert_true(csd_count(dyadic_of(rounded).integer) <= csd_count(dyadic_of(x).integer));
    }
    assert_true(csd_round(7.1, 0.2) == 7);
}

static double result(double scale, double offset, double x, bool relu, struct format format)
{
    double y = scale * x + offset;
    return format_quantize(format, relu && y < 0 ? 0 : y);
}

static void shortened_constants_change_no_result(void **state)
{
    (void)state;
    struct random r = random_init(11);
    int shortened = 0;
    long digits_before = 0, digits_after = 0;
    for (int i = 0; i < 3000; i++) {
        struct format format = random_format(&r, 1, 8, 0.8);
        bool relu = chance(&r, 0.5);
        int fraction = pick(&r, -2, 8);
        int64_t lo = -pick(&r, 0, 600), hi = lo + pick(&r, 0, 1200);
        struct dyadic scale = dyadic_of(network_float32(random_normal(&r)));
        struct dyadic offset = dyadic_of(chance(&r, 0.8) ? network_float32(random_normal(&r)) : 0);
        struct dyadic s = scale, o = offset;
        if (!affine_shorten(lo, hi, fraction, relu, format, &s, &o)) continue;
        shortened++;
        digits_before += csd_count(scale.integer);
        digits_after += csd_count(s.integer);
        for (int64_t n = lo; n <= hi; n++) {
            double x = ldexp((double)n, -fraction);
            double before = result(dyadic_value(scale), dyadic_value(offset), x, relu, format);
            double after = result(dyadic_value(s), dyadic_value(o), x, relu, format);
            if (before != after)
                fail_msg("case %d n %ld: %g, shortened %g", i, (long)n, before, after);
        }
    }
    assert_true(shortened > 1000);
    assert_true(digits_after * 3 < digits_before);
}

/* ---- compile_prepare() ---- */

static struct network *plain_network(bool scaling)
{
    struct network *n = network_new("plain");
    struct random r = random_init(3);
    int last = network_add(n, LAYER_INPUT, "x", -1, 3);
    if (scaling) last = add_affine(&r, n, last);
    add_dense(&r, n, last, 2);
    return n;
}

typedef void action(struct network *n, struct compile_options *options);

static void prepare(struct network *n, struct compile_options *options)
{
    compile_prepare(n, options, "m.onnx");
}

static void prepare_and_lower(struct network *n, struct compile_options *options)
{
    compile_prepare(n, options, "m.onnx");
    struct compile_notes notes;
    program_free(compile_network(n, options, &notes));
}

/* Runs the action; its one-line failure has to hold `part`. */
static void expect_failure(struct network *n, struct compile_options *options, action *what,
                           const char *part)
{
    struct error_trap trap;
    trap.message[0] = 0;
    error_set_trap(&trap);
    bool failed = true;
    if (setjmp(trap.where) == 0) {
        what(n, options);
        failed = false;
    }
    error_set_trap(NULL);
    if (!failed || !strstr(trap.message, part))
        fail_msg("expected \"%s\", got \"%s\"", part, trap.message);
    network_free(n);
}

static void a_missing_input_quantizer_is_asked_for(void **state)
{
    (void)state;
    struct compile_options options;
    compile_options_init(&options);
    expect_failure(plain_network(false), &options, prepare,
                   "m.onnx: the model does not quantize its input; give --input-format");
    options.input_bits = 8;
    expect_failure(plain_network(false), &options, prepare, "add --calibrate");
    options.input_bits = 0;
    options.input_format = "fixed<8";
    expect_failure(plain_network(false), &options, prepare, "--input-format fixed<8: ");
    options.input_format = "fixed<8,4>";
    struct network *quantized = plain_network(false);
    compile_prepare(quantized, &options, "m.onnx");
    assert_int_equal(quantized->layers[1].kind, LAYER_QUANT);
    assert_int_equal(quantized->layers[2].input, 1);
    expect_failure(quantized, &options, prepare, "the model quantizes its input itself");
}

static void calibration_gives_formats_that_hold_the_data(void **state)
{
    (void)state;
    const double x[] = {0.5, -7.9, 100, 0.25, 3, 40, 0.1, -1, 0};
    struct compile_options options;
    compile_options_init(&options);
    options.input_bits = 8;
    options.calibrate = x;
    options.calibrate_events = 3;
    struct network *n = plain_network(false);
    compile_prepare(n, &options, "m.onnx");
    const struct quantizer *quant = &n->layers[1].quant;
    assert_int_equal(quant->count, 3);
    for (int e = 0; e < 3; e++)
        for (int i = 0; i < 3; i++) {
            struct format f = quantizer_at(quant, i);
            assert_int_equal(f.width_bits, 8);
            assert_true(fabs(format_quantize(f, x[3 * e + i]) - x[3 * e + i]) <=
                        format_step(f) / 2);
        }
    assert_int_equal(quant->formats[0].integer_bits, 1); /* 0.5 does not fit fixed<8,0> */
    assert_int_equal(quant->formats[1].integer_bits, 4);
    assert_int_equal(quant->formats[2].integer_bits, 8);
    network_free(n);
}

static void standardisation_in_the_fabric_stands_behind_the_raw_quantizer(void **state)
{
    (void)state;
    struct compile_options options;
    compile_options_init(&options);
    options.input_format = "fixed<8,4>";
    struct network *host = plain_network(true);
    compile_prepare(host, &options, "m.onnx");
    assert_int_equal(host->layers[1].kind, LAYER_AFFINE);
    assert_int_equal(host->layers[2].kind, LAYER_QUANT);
    options.standardise = STANDARDISE_FABRIC;
    struct network *fabric = plain_network(true);
    double exact[3];
    memcpy(exact, fabric->layers[1].scale, sizeof exact);
    compile_prepare(fabric, &options, "m.onnx");
    assert_int_equal(fabric->layers[1].kind, LAYER_QUANT);
    assert_int_equal(fabric->layers[2].kind, LAYER_AFFINE);
    for (int i = 0; i < 3; i++) {
        double scale = fabric->layers[2].scale[i];
        assert_true(csd_count(dyadic_of(scale).integer) <= 8);
        assert_true(fabs(scale - exact[i]) <= fabs(exact[i]) / 128);
    }
    struct compile_notes notes;
    struct program *p = compile_network(fabric, &options, &notes);
    assert_true(notes.standardise_adder_bits > 0);
    assert_true(p->inputs[0].host_scale == 1 && p->inputs[0].host_offset == 0);
    program_free(p);
    p = compile_network(host, &options, &notes);
    assert_int_equal(notes.standardise_adder_bits, 0);
    assert_true(p->inputs[0].host_scale == host->layers[1].scale[0]);
    program_free(p);
    network_free(host);
    network_free(fabric);
}

/* ---- refusals ---- */

static struct network *quantized_network(int outputs, int width)
{
    struct network *n = network_new("net");
    struct random r = random_init(4);
    int last = network_add(n, LAYER_INPUT, "x", -1, 3);
    last = network_add(n, LAYER_QUANT, "q", last, 3);
    n->layers[last].quant = (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
    n->layers[last].quant.formats[0] = format_make(true, width, 4);
    struct layer *dense = &n->layers[add_dense(&r, n, last, outputs)];
    for (int i = 0; i < 3 * outputs; i++)
        dense->weights[i] = 0.3 + i;
    network_round_to_float32(n);
    dense->weight_quant = (struct quantizer){1, arena_alloc(&n->arena, 1, sizeof(struct format))};
    dense->weight_quant.formats[0] = format_make(true, 6, 4);
    return n;
}

static void unsupported_networks_are_refused_by_name(void **state)
{
    (void)state;
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 20;
    struct network *n = quantized_network(2, 8);
    network_add(n, LAYER_TANH, "squash", 2, 2);
    expect_failure(n, &options, prepare_and_lower, "layer squash: tanh becomes a table");

    n = quantized_network(2, 14);
    int last = network_add(n, LAYER_SIGMOID, "squash", 2, 2);
    last = network_add(n, LAYER_QUANT, "q2", last, 2);
    n->layers[last].quant = n->layers[1].quant;
    expect_failure(n, &options, prepare_and_lower, "put a quantizer of at most 12 bits before it");

    n = quantized_network(2, 8);
    last = network_add(n, LAYER_SOFTMAX, "middle", 2, 2);
    struct random r = random_init(4);
    add_dense(&r, n, last, 2);
    expect_failure(n, &options, prepare_and_lower, "layer middle: ");

    options.output = COMPILE_THRESHOLD;
    expect_failure(quantized_network(2, 8), &options, prepare_and_lower,
                   "a threshold needs one output, this network has 2");
    options.output = COMPILE_LOGITS;
    n = quantized_network(2, 40);
    n->layers[2].weight_quant.count = 0;
    expect_failure(n, &options, prepare_and_lower, "more than 63 bits");

    options.clock_mhz = 300;
    expect_failure(quantized_network(2, 8), &options, prepare_and_lower, "beyond the 275 MHz");
    options.clock_mhz = 270;
    expect_failure(quantized_network(2, 8), &options, prepare_and_lower, "ask for at most");
    options.clock_mhz = 20;
    options.stop_after = "polish";
    expect_failure(quantized_network(2, 8), &options, prepare_and_lower,
                   "--stop-after polish: there is no such pass; the passes are lower round");
}

static void a_final_softmax_is_left_out_and_noted(void **state)
{
    (void)state;
    struct compile_options options;
    compile_options_init(&options);
    options.clock_mhz = 20;
    struct network *n = quantized_network(3, 6);
    network_add(n, LAYER_SOFTMAX, "softmax", 2, 3);
    compile_prepare(n, &options, "m.onnx");
    assert_int_equal(compile_output_layer(n, &options), 2);
    struct compile_notes notes;
    program_free(compile_network(n, &options, &notes));
    assert_true(notes.softmax_left_out && !notes.sigmoid_left_out);
    network_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_digits_are_right_and_few),
        cmocka_unit_test(rounding_to_few_digits_keeps_its_tolerance),
        cmocka_unit_test(shortened_constants_change_no_result),
        cmocka_unit_test(a_missing_input_quantizer_is_asked_for),
        cmocka_unit_test(calibration_gives_formats_that_hold_the_data),
        cmocka_unit_test(standardisation_in_the_fabric_stands_behind_the_raw_quantizer),
        cmocka_unit_test(unsupported_networks_are_refused_by_name),
        cmocka_unit_test(a_final_softmax_is_left_out_and_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
