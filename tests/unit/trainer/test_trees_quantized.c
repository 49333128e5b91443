/* The quantized ensemble: few values on one grid, exact behind the input quantizer, and as good as
 * the float one where that can be had. */
#include "tests/unit/trainer/trees_events.h"

/* Whole multiples of one power of two, few of them in a tree and output. */
static void check_values(const struct network *n, int bits)
{
    const struct layer *layer = trees_of(n);
    const struct trees *trees = layer->trees;
    struct arena arena = {0};
    assert_true(layer->weight_quant.count == 1 || layer->weight_quant.count == trees->tree_count);
    for (int t = 0; t < trees->tree_count; t++) {
        double low = INFINITY, high = -INFINITY;
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++) {
            const struct tree_node *node = &trees->nodes[i];
            if (node->feature >= 0) continue;
            double value = trees->values[node->leaf];
            assert_true(format_quantize(quantizer_at(&layer->weight_quant, t), value) == value);
            low = fmin(low, value);
            high = fmax(high, value);
        }
        double step = INFINITY;
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++) {
            const struct tree_node *node = &trees->nodes[i];
            double d = node->feature >= 0 ? 0 : trees->values[node->leaf] - low;
            if (d > 0) step = fmin(step, d);
        }
        if (high > low) assert_true((high - low) / step < (1 << bits) * 4);
    }
    arena_free(&arena);
}

static void test_quantized(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct trees_config c = make_config(e);
    struct arena arena = {0};
    for (int edges = 0; edges < TREES_EDGES_COUNT; edges++) {
        c.edges = (enum trees_edges)edges;
        c.bits = 5;
        c.leaf_bits = 3;
        struct trees_result *r = run(&c, e);
        assert_true(r->quantized_metrics.accuracy > r->float_metrics.accuracy - 0.04);
        check_values(r->quantized_network, 3);
        assert_true(r->summary.leaf_bits <= 3);
        /* Nothing is left to round: both arithmetics agree behind the input's quantizer. */
        const struct network *n = r->quantized_network;
        const struct layer *layer = trees_of(n);
        double *x = arena_alloc(&arena, COUNT * FEATURES, sizeof *x);
        double *y = arena_alloc(&arena, COUNT * 3, sizeof *y);
        for (int i = 0; i < COUNT * FEATURES; i++)
            x[i] = (double)e->x[i];
        reference_eval(n, REFERENCE_QUANTIZED, x, COUNT, (int)(layer - n->layers), y);
        for (long i = 0; i < 3 * COUNT; i++)
            assert_true(y[i] * 1024 == floor(y[i] * 1024));
        trees_result_free(r);
    }
    arena_free(&arena);
    events_free(e);
}

static void test_sharing_and_sweeps(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct trees_config c = make_config(e);
    c.quantized_sweeps = 0;
    struct trees_result *plain = run(&c, e);
    c.threshold_penalty = 0.5;
    struct trees_result *shared = run(&c, e);
    assert_true(shared->summary.thresholds < 0.8 * plain->summary.thresholds);
    assert_true(shared->quantized_metrics.accuracy > plain->quantized_metrics.accuracy - 0.03);
    c.threshold_penalty = 0;
    c.sweeps = 3;
    struct trees_result *swept = run(&c, e);
    double before = plain->curve[11].loss, after = swept->curve[14].loss;
    assert_true(!swept->curve[14].quantized && after < before);
    trees_result_free(plain);
    trees_result_free(shared);
    trees_result_free(swept);
    events_free(e);
}

/* What overfits is not kept: rounding costs little where sweeps would learn by heart. */
static void test_rounding_keeps_the_best(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct random random = random_init(5);
    for (long i = 0; i < COUNT; i += 3)
        e->y[i] = (float)random_below(&random, 2);
    struct trees_config c = make_config(e);
    c.rounds = 60;
    c.depth = 4;
    c.learning_rate = 0.05;
    c.leaf_bits = 5;
    struct trees_result *r = run(&c, e);
    double boosted = r->curve[60 + 59].validation_loss, least = INFINITY;
    assert_true(r->curve[60].quantized && r->curve[120].round == 61);
    for (int i = 121; i < r->curve_count; i++)
        least = fmin(least, r->curve[i].validation_loss);
    assert_true(least < boosted + 0.005);
    trees_result_free(r);
    events_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantized),
        cmocka_unit_test(test_sharing_and_sweeps),
        cmocka_unit_test(test_rounding_keeps_the_best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
