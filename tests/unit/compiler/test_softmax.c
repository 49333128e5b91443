/* Softmax in the fabric: the program against the double-precision reference on random networks, its
 * distance from the real function, tables in parts, and what is refused. */
#include "base/error.h"
#include "compiler/compile.h"
#include "model/reference.h"
#include "network_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS = 80, SEEDS = 60 };

static struct compile_options options_for(double clock_mhz)
{
    struct compile_options options;
    compile_options_init(&options);
    options.output = COMPILE_SOFTMAX;
    options.clock_mhz = clock_mhz;
    return options;
}

/* Prepares, then compiles up to a pass (NULL: all). NULL, with the reason in trap->message, when
 * the network is refused. */
static struct program *compile(struct network *n, struct compile_options *options,
                               const char *last_pass, struct error_trap *trap)
{
    struct program *volatile p = NULL;
    struct compile_notes notes;
    trap->message[0] = 0;
    options->stop_after = last_pass;
    error_set_trap(trap);
    if (setjmp(trap->where) == 0) {
        compile_prepare(n, options, "m.onnx");
        p = compile_network(n, options, &notes);
        assert_false(notes.softmax_left_out);
    }
    error_set_trap(NULL);
    return p;
}

static bool too_wide(const char *message)
{
    return strstr(message, "exact sums need") || strstr(message, "exact products need") ||
           strstr(message, "more than 63");
}

/* Exactly the reference's numbers. Returns the largest distance from the real softmax of the same
 * scores. */
static double compare(const struct network *n, const struct program *p, uint64_t seed)
{
    int classes = network_output(n)->size, last = n->layer_count - 1;
    size_t count = (size_t)(EVENTS * classes);
    double *x = random_events(n, seed + 77, EVENTS), farthest = 0;
    double *expected = malloc(count * sizeof *expected), *got = malloc(count * sizeof *got);
    double *scores = malloc(count * sizeof *scores);
    int64_t *in = malloc((size_t)(EVENTS * p->input_count) * sizeof *in);
    int64_t *out = malloc(count * sizeof *out);
    assert_string_equal(p->output_kind, "softmax");
    assert_int_equal(p->output_count, classes);
    reference_eval(n, REFERENCE_QUANTIZED, x, EVENTS, last, expected);
    reference_eval(n, REFERENCE_QUANTIZED, x, EVENTS, n->layers[last].input, scores);
    program_quantize_inputs(p, x, EVENTS, in);
    program_eval(p, in, EVENTS, out);
    program_scale_outputs(p, out, EVENTS, got);
    for (int e = 0; e < EVENTS; e++) {
        const double *s = scores + e * classes;
        double sum = 0, most = s[0];
        for (int j = 0; j < classes; j++)
            most = fmax(most, s[j]);
        for (int j = 0; j < classes; j++)
            sum += exp(s[j] - most);
        for (int j = 0; j < classes; j++) {
            if (got[e * classes + j] != expected[e * classes + j])
                fail_msg("seed %llu event %d output %d: reference %.17g, program %.17g",
                         (unsigned long long)seed, e, j, expected[e * classes + j],
                         got[e * classes + j]);
            farthest = fmax(farthest, fabs(got[e * classes + j] - exp(s[j] - most) / sum));
        }
    }
    free(x), free(expected), free(got), free(scores), free(in), free(out);
    return farthest;
}

static void random_networks_equal_the_reference(void **state)
{
    (void)state;
    int compiled = 0;
    double farthest = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct compile_options options = options_for(seed % 3 == 0 ? 50 : seed % 3 == 1 ? 30 : 20);
        struct error_trap trap;
        struct network *n = random_network(seed, 2 + (int)(seed % 5));
        struct program *p = compile(n, &options, NULL, &trap);
        if (!p && !too_wide(trap.message)) fail_msg("seed %d: %s", (int)seed, trap.message);
        compiled += p != NULL;
        if (p) farthest = fmax(farthest, compare(n, p, seed));
        program_free(p);
        network_free(n);
    }
    assert_true(compiled > SEEDS * 3 / 4);
    assert_true(farthest < 0.015);
}

static void every_pass_keeps_the_results(void **state)
{
    (void)state;
    for (uint64_t seed = 100; seed < 110; seed++)
        for (int pass = 0; compile_passes[pass]; pass++) {
            struct compile_options options = options_for(40);
            struct error_trap trap;
            struct network *n = random_network(seed, 4);
            struct program *p = compile(n, &options, compile_passes[pass], &trap);
            if (!p && !too_wide(trap.message)) fail_msg("seed %d: %s", (int)seed, trap.message);
            if (p) compare(n, p, seed);
            program_free(p);
            network_free(n);
        }
}

/* Three inputs to `classes` scores that a few steps tell apart. */
static struct network *small_network(int classes, bool has_softmax)
{
    struct random r = random_init(4);
    struct network *n = network_new("small");
    int last = network_add(n, LAYER_INPUT, "x", -1, 3);
    last = network_add(n, LAYER_QUANT, "quant", last, 3);
    n->layers[last].quant.count = 1;
    n->layers[last].quant.formats = arena_alloc(&n->arena, 1, sizeof(struct format));
    n->layers[last].quant.formats[0] = format_make(true, 6, 3);
    last = network_add(n, LAYER_DENSE, "dense", last, classes);
    n->layers[last].weights = random_numbers(&r, n, 3 * classes, 1, 0.1);
    n->layers[last].weight_quant.count = 1;
    n->layers[last].weight_quant.formats = arena_alloc(&n->arena, 1, sizeof(struct format));
    n->layers[last].weight_quant.formats[0] = format_make(true, 5, 2);
    if (has_softmax) network_add(n, LAYER_SOFTMAX, "final", last, classes);
    return n;
}

static int table_count(const struct program *p)
{
    int count = 0;
    for (int i = 0; i < p->op_count; i++)
        count += p->ops[i].code == OP_TABLE;
    return count;
}

/* A faster clock cuts the tables, until something else is too slow; the results stay. */
static void tables_are_cut_for_the_clock(void **state)
{
    (void)state;
    int whole = 6 + 1 + 6, tables = whole;
    struct target quick_carry = target_generic; /* comparisons never limit the clock here */
    quick_carry.carry_inverts_for_free = true;
    quick_carry.carry_base_ns = quick_carry.carry_per_bit_ns = 0.001;
    for (double clock_mhz = 20;; clock_mhz += 10) {
        struct compile_options options = options_for(clock_mhz);
        options.target = &quick_carry;
        struct error_trap trap;
        struct network *n = small_network(6, false);
        struct program *p = compile(n, &options, NULL, &trap);
        if (!p && !strstr(trap.message, "ask for at most")) fail_msg("%s", trap.message);
        if (p) {
            assert_true(compare(n, p, 5) < 0.01);
            assert_true(table_count(p) >= tables);
            if (clock_mhz == 20) assert_int_equal(table_count(p), whole);
            tables = table_count(p);
        }
        bool compiled = p != NULL;
        program_free(p);
        network_free(n);
        if (!compiled) break;
    }
    assert_true(tables > whole);
}

/* A softmax that the model has gets formats and keeps its name; formats of an earlier compilation
 * are kept as they are. */
static void the_models_own_softmax_is_used(void **state)
{
    (void)state;
    struct compile_options options = options_for(50);
    struct error_trap trap;
    struct network *n = small_network(3, true);
    int layers = n->layer_count;
    struct program *p = compile(n, &options, NULL, &trap);
    if (!p) fail_msg("%s", trap.message);
    assert_true(compare(n, p, 6) < 0.01);
    assert_int_equal(n->layer_count, layers);
    assert_string_equal(network_output(n)->name, "final");
    program_free(p);
    n->layers[layers - 1].softmax->probability = format_make(false, 5, 0);
    p = compile(n, &options, NULL, &trap);
    assert_non_null(p);
    assert_int_equal(p->ops[p->outputs[0].value].format.integer_bits, 0);
    assert_true(p->ops[p->outputs[0].value].format.width_bits <= 5);
    compare(n, p, 6);
    program_free(p);
    options.output = COMPILE_LOGITS; /* and it is left out again where it is not asked for */
    options.stop_after = NULL;
    struct compile_notes notes;
    p = compile_network(n, &options, &notes);
    assert_true(notes.softmax_left_out);
    assert_string_equal(p->output_kind, "logits");
    program_free(p);
    network_free(n);
}

static void many_classes_work_and_too_many_are_refused(void **state)
{
    (void)state;
    static const struct {
        int classes;
        const char *refusal;
    } cases[] = {{2, NULL},
                 {10, NULL},
                 {64, NULL},
                 {65, "2 to 64 classes, this network has 65; ask for logits or argmax"},
                 {1, "2 to 64 classes, this network has 1; ask for logits or a threshold"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct compile_options options = options_for(30);
        struct error_trap trap;
        struct network *n = small_network(cases[i].classes, false);
        struct program *p = compile(n, &options, NULL, &trap);
        assert_int_equal(p == NULL, cases[i].refusal != NULL);
        if (p) assert_true(compare(n, p, 7) < 0.02);
        if (!p && !strstr(trap.message, cases[i].refusal)) fail_msg("%s", trap.message);
        program_free(p);
        network_free(n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_networks_equal_the_reference),
        cmocka_unit_test(every_pass_keeps_the_results),
        cmocka_unit_test(tables_are_cut_for_the_clock),
        cmocka_unit_test(the_models_own_softmax_is_used),
        cmocka_unit_test(many_classes_work_and_too_many_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
