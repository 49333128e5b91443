/* Ensembles of trees on small made-up problems: splits against brute force, values against their
 * formulas, every method and setting, missing values. */
#include "base/error.h"
#include "tests/unit/trainer/trees_events.h"

/* ---- reproducibility ------------------------------------------------------------------------- */

static void assert_same_trees(const struct network *a, const struct network *b)
{
    const struct trees *x = trees_of(a)->trees, *y = trees_of(b)->trees;
    assert_int_equal(x->tree_count, y->tree_count);
    assert_int_equal(trees_node_count(x), trees_node_count(y));
    for (int i = 0; i < trees_node_count(x); i++) {
        assert_int_equal(x->nodes[i].feature, y->nodes[i].feature);
        assert_true(x->nodes[i].threshold == y->nodes[i].threshold);
    }
    assert_int_equal(x->value_count, y->value_count);
    assert_memory_equal(x->values, y->values, (size_t)x->value_count * sizeof(double));
}

static void test_same_for_any_threads(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    for (int method = 0; method < TREES_METHOD_COUNT; method++) {
        struct trees_config c = make_config(e);
        c.method = (enum trees_method)method;
        c.rounds = 5;
        c.row_fraction = method == TREES_BOOSTING ? 0.7 : 1;
        c.sweeps = 1;
        c.threads = 1;
        struct trees_result *one = run(&c, e);
        c.threads = 3;
        struct trees_result *three = run(&c, e);
        assert_same_trees(one->float_network, three->float_network);
        assert_same_trees(one->quantized_network, three->quantized_network);
        trees_result_free(three);
        c.seed = 2;
        trees_result_free(run(&c, e));
        trees_result_free(one);
    }
    events_free(e);
}

/* ---- splits and values ----------------------------------------------------------------------- */

/* The best single split for squared errors: largest GL^2 / (nL + l2) + GR^2 / (nR + l2). */
static double brute_force(const struct events *e, double mean, double l2, int *feature,
                          double *between)
{
    double best = -1;
    for (int f = 0; f < FEATURES; f++)
        for (long k = 0; k < TRAIN; k += 7) { /* any of its values; enough to come near */
            double cut = (double)e->x[k * FEATURES + f], left = 0, right = 0;
            long count = 0;
            for (long i = 0; i < TRAIN; i++) {
                bool is_left = (double)e->x[i * FEATURES + f] <= cut;
                *(is_left ? &left : &right) += (double)e->y[i] - mean;
                count += is_left;
            }
            double gain =
                left * left / ((double)count + l2) + right * right / ((double)(TRAIN - count) + l2);
            if (gain <= best) continue;
            best = gain;
            *feature = f;
            *between = cut;
        }
    return best;
}

/* A stump's gain, from its own split. */
static double gain_of(const struct events *e, const struct tree_node *root, double mean, double l2)
{
    double left = 0, right = 0;
    long count = 0;
    for (long i = 0; i < TRAIN; i++) {
        bool is_left = (double)e->x[i * FEATURES + root->feature] <= root->threshold;
        *(is_left ? &left : &right) += (double)e->y[i] - mean;
        count += is_left;
    }
    return left * left / ((double)count + l2) + right * right / ((double)(TRAIN - count) + l2);
}

static void test_stump(void **state)
{
    (void)state;
    struct events *e = make_events(0);
    struct trees_config c = make_config(e);
    struct arena arena = {0};
    c.rounds = c.depth = 1;
    c.learning_rate = 1;
    c.l2 = 5;
    c.quantize = false;
    struct trees_result *r = run(&c, e);
    double mean = 0, between, left = 0, *y = scores_of(r->float_network, e, &arena);
    long count = 0;
    int feature;
    for (long i = 0; i < TRAIN; i++)
        mean += (double)e->y[i] / TRAIN;
    double best = brute_force(e, mean, c.l2, &feature, &between);
    const struct trees *trees = trees_of(r->float_network)->trees;
    const struct tree_node *root = &trees->nodes[0];
    assert_int_equal(root->feature, feature);
    assert_true(gain_of(e, root, mean, c.l2) > 0.995 * best);
    for (long i = 0; i < TRAIN; i++)
        if ((double)e->x[i * FEATURES + feature] <= root->threshold) {
            left += (double)e->y[i] - mean;
            count++;
        }
    for (long i = 0; i < TRAIN; i++)
        if ((double)e->x[i * FEATURES + feature] <= root->threshold)
            assert_true(fabs(y[i] - (mean + left / ((double)count + c.l2))) < 1e-4);
    assert_true(r->importance[feature] > 0.999);
    trees_result_free(r);
    /* L1 takes off what a leaf's sum of gradients may have for nothing. */
    c.l1 = 1e6;
    r = run(&c, e);
    double *flat = scores_of(r->float_network, e, &arena);
    for (long i = 0; i < COUNT; i++)
        assert_true(fabs(flat[i] - mean) < 1e-4);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
}

/* Events of a leaf, at least. */
static void test_child_weight_and_gain(void **state)
{
    (void)state;
    struct events *e = make_events(0);
    struct trees_config c = make_config(e);
    struct arena arena = {0};
    c.rounds = 1;
    c.depth = 8;
    c.quantize = false;
    c.min_child_weight = 100;
    struct trees_result *r = run(&c, e);
    double *y = scores_of(r->float_network, e, &arena);
    for (long i = 0; i < TRAIN; i += 50) {
        long same = 0;
        for (long k = 0; k < TRAIN; k++)
            same += y[k] == y[i];
        assert_true(same >= 100);
    }
    int leaves = r->float_summary.leaves;
    trees_result_free(r);
    c.min_gain = 200;
    r = run(&c, e);
    assert_true(r->float_summary.leaves < leaves && r->float_summary.leaves > 1);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
}

static void test_growth(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct trees_config c = make_config(e);
    c.quantize = false;
    c.growth = TREES_GROWTH_LEAF;
    c.depth = 10;
    c.leaves = 6;
    struct trees_result *r = run(&c, e);
    assert_int_equal(r->float_summary.leaves, 6 * 12 * 3);
    assert_true(r->float_summary.depth > 3);
    double leafwise = r->float_metrics.accuracy;
    assert_true(leafwise > 0.9);
    trees_result_free(r);
    c.growth = TREES_GROWTH_SYMMETRIC;
    c.depth = 4;
    c.leaves = 0;
    c.outputs = TREES_OUTPUTS_JOINT;
    r = run(&c, e);
    const struct trees *trees = trees_of(r->float_network)->trees;
    assert_int_equal(trees->tree_count, 12);
    assert_true(r->float_metrics.accuracy > 0.9);
    /* As many questions as levels, asked by all nodes of a level. */
    for (int t = 0; t < trees->tree_count; t++) {
        struct tree_node seen[4];
        int questions = 0;
        for (int i = trees->first[t]; i < trees->first[t + 1]; i++) {
            const struct tree_node *n = &trees->nodes[i];
            int k = 0;
            if (n->feature < 0) continue;
            while (k < questions &&
                   (seen[k].feature != n->feature || seen[k].threshold != n->threshold))
                k++;
            assert_true(k < 4);
            if (k == questions) seen[questions++] = *n;
        }
    }
    trees_result_free(r);
    events_free(e);
}

/* ---- settings -------------------------------------------------------------------------------- */

static void test_monotone(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct trees_config c = make_config(e);
    static const signed char rising[FEATURES] = {1, 0, -1, 0, 0};
    struct arena arena = {0};
    c.monotone = rising;
    c.rounds = 20;
    struct trees_result *r = run(&c, e);
    for (long i = 0; i < 200; i++) { /* events that differ in the first and third feature alone */
        float *x = e->x + i * FEATURES;
        memcpy(x, e->x + (i - i % 20) * FEATURES, FEATURES * sizeof *x);
        x[0] = (float)(45 + 0.5 * (double)(i % 20));
        x[2] = (float)(4 - 0.2 * (double)(i % 20));
    }
    double *y = scores_of(r->float_network, e, &arena);
    double *q = scores_of(r->quantized_network, e, &arena);
    for (long i = 1; i < 200; i++)
        if (i % 20) assert_true(y[i] >= y[i - 1] && q[i] >= q[i - 1]);
    assert_true(y[19] > y[0]);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
}

/* One feature of half of the events is lacking, and that it is lacking decides. */
static void test_missing_values(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct random random = random_init(3);
    struct arena arena = {0};
    for (long i = 0; i < COUNT; i++) {
        bool lacks = random_below(&random, 2);
        if (lacks) e->x[i * FEATURES + 1] = NAN;
        e->y[i] = lacks || (double)e->x[i * FEATURES] > 54;
    }
    for (int edges = 0; edges < TREES_EDGES_COUNT; edges++) {
        struct trees_config c = make_config(e);
        c.edges = (enum trees_edges)edges;
        c.bits = 6;
        if (edges == TREES_EDGES_UNIFORM) c.quantize = false;
        struct trees_result *r = run(&c, e);
        const struct network *n = r->quantized_network ? r->quantized_network : r->float_network;
        double *y = scores_of(n, e, &arena);
        long right = 0;
        for (long i = 0; i < COUNT; i++)
            right += (y[i] > 0) == (e->y[i] > 0);
        assert_true(right > 0.985 * COUNT);
        trees_result_free(r);
    }
    arena_free(&arena);
    events_free(e);
}

static void test_early_stopping(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct random random = random_init(5);
    for (long i = 0; i < COUNT; i += 3) /* so that there is something to learn by heart */
        e->y[i] = (float)random_below(&random, 2);
    struct trees_config c = make_config(e);
    c.rounds = 300;
    c.depth = 6;
    c.patience = 5;
    c.quantize = false;
    struct trees_result *r = run(&c, e);
    const struct trees *trees = trees_of(r->float_network)->trees;
    assert_true(r->best_round < 100);
    assert_int_equal(trees->tree_count, r->best_round);
    assert_int_equal(r->curve_count, r->best_round + 5);
    double best = r->curve[r->best_round - 1].validation_loss;
    for (int i = 0; i < r->curve_count; i++)
        assert_true(r->curve[i].validation_loss >= best);
    trees_result_free(r);
    events_free(e);
}

static void test_class_weights(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct random random = random_init(5);
    for (long i = 0; i < COUNT; i++) { /* one in ten, half hidden in the noise */
        e->y[i] = random_below(&random, 10) == 0;
        e->x[i * FEATURES + 3] = (float)(random_normal(&random) + (e->y[i] > 0 ? 1.5 : 0));
    }
    struct trees_config c = make_config(e);
    struct arena arena = {0};
    c.quantize = false;
    long found[2] = {0, 0};
    for (int balanced = 0; balanced < 2; balanced++) {
        c.class_weights_balanced = balanced;
        struct trees_result *r = run(&c, e);
        double *y = scores_of(r->float_network, e, &arena);
        for (long i = TRAIN; i < COUNT; i++)
            found[balanced] += e->y[i] > 0 && y[i] > 0;
        trees_result_free(r);
    }
    assert_true(found[1] > 2 * found[0]);
    /* The same by weights of the events. */
    e->weight = arena_alloc(&e->arena, COUNT, sizeof *e->weight);
    for (long i = 0; i < COUNT; i++)
        e->weight[i] = e->y[i] > 0 ? 5.0f : 0.55f;
    c.class_weights_balanced = false;
    struct trees_result *r = run(&c, e);
    double *y = scores_of(r->float_network, e, &arena);
    long weighted = 0;
    for (long i = TRAIN; i < COUNT; i++)
        weighted += e->y[i] > 0 && y[i] > 0;
    assert_true(weighted > 2 * found[0]);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
}

/* ---- losses ---------------------------------------------------------------------------------- */

static double share_below(const struct events *e, const double *y)
{
    long below = 0;
    for (long i = 0; i < TRAIN; i++)
        below += (double)e->y[i] <= y[i];
    return (double)below / TRAIN;
}

static void test_quantiles(void **state)
{
    (void)state;
    struct events *e = make_events(0);
    struct arena arena = {0};
    struct trees_config c = make_config(e);
    c.quantize = false;
    c.loss = TREES_LOSS_QUANTILE;
    c.rounds = 40;
    static const double wanted[] = {0.1, 0.5, 0.9};
    for (int i = 0; i < 3; i++) {
        c.quantile = wanted[i];
        struct trees_result *r = run(&c, e);
        double share = share_below(e, scores_of(r->float_network, e, &arena));
        assert_true(fabs(share - wanted[i]) < 0.04);
        trees_result_free(r);
    }
    c.loss = TREES_LOSS_ABSOLUTE_ERROR;
    struct trees_result *r = run(&c, e);
    double *y = scores_of(r->float_network, e, &arena), error = 0, spread = 0;
    for (long i = TRAIN; i < COUNT; i++) {
        error += fabs(y[i] - (double)e->y[i]);
        spread += fabs((double)e->y[i]);
    }
    assert_true(fabs(share_below(e, y) - 0.5) < 0.04 && error < 0.4 * spread);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
}

/* ---- other methods --------------------------------------------------------------------------- */

static double accuracy_of(const struct trees_config *c, const struct events *e)
{
    struct trees_result *r = run(c, e);
    double accuracy = r->float_metrics.accuracy;
    if (r->quantized_network) assert_true(r->quantized_metrics.accuracy > accuracy - 0.03);
    trees_result_free(r);
    return accuracy;
}

static void test_forests(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct trees_config c = make_config(e);
    struct arena arena = {0};
    c.rounds = 20;
    c.depth = 8;
    c.method = TREES_TREE;
    assert_true(accuracy_of(&c, e) > 0.9);
    c.method = TREES_EXTRA_TREES;
    assert_true(accuracy_of(&c, e) > 0.9);
    c.method = TREES_RANDOM_FOREST;
    assert_true(accuracy_of(&c, e) > 0.92);
    struct trees_result *r = run(&c, e);
    double *y = scores_of(r->float_network, e, &arena);
    for (long i = 0; i < COUNT; i++) /* shares of classes */
        assert_true(fabs(y[3 * i] + y[3 * i + 1] + y[3 * i + 2] - 1) < 1e-5 && y[3 * i] >= 0);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
    e = make_events(0);
    c = make_config(e);
    c.method = TREES_RANDOM_FOREST;
    c.rounds = 20;
    c.depth = 8;
    c.feature_fraction = 0.8;
    r = run(&c, e);
    y = scores_of(r->float_network, e, &arena);
    double error = 0, spread = 0;
    for (long i = TRAIN; i < COUNT; i++) {
        error += pow(y[i] - (double)e->y[i], 2);
        spread += pow((double)e->y[i], 2);
    }
    assert_true(error < 0.1 * spread);
    trees_result_free(r);
    arena_free(&arena);
    events_free(e);
}

static void test_pruning(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct trees_config c = make_config(e);
    c.method = TREES_TREE;
    c.depth = 10;
    c.quantize = false;
    static const double alphas[] = {0, 0.0005, 0.002, 0.01, 1};
    int before = 1 << 11;
    for (int i = 0; i < 5; i++) {
        c.pruning = alphas[i];
        struct trees_result *r = run(&c, e);
        int leaves = r->float_summary.leaves;
        assert_true(leaves <= before);
        if (i == 3) assert_true(leaves < 20);
        if (i == 2) assert_true(r->float_metrics.accuracy > 0.94);
        if (i == 4) assert_true(leaves <= 1);
        before = leaves;
        trees_result_free(r);
    }
    events_free(e);
}

static void test_adaboost(void **state)
{
    (void)state;
    for (int classes = 2; classes <= 3; classes++) {
        struct events *e = make_events(classes);
        struct trees_config c = make_config(e);
        c.method = TREES_ADABOOST;
        c.learning_rate = 1;
        c.depth = 2;
        c.rounds = 1;
        double one = accuracy_of(&c, e);
        c.rounds = 40;
        assert_true(accuracy_of(&c, e) > one + 0.08);
        events_free(e);
    }
}

/* The last tenth of the events lies far out. */
static void test_anomalies(void **state)
{
    (void)state;
    struct events *e = make_events(2);
    struct random random = random_init(9);
    struct arena arena = {0};
    for (long i = 0; i < COUNT; i++) {
        bool odd = i >= COUNT - COUNT / 10;
        for (int f = 0; f < FEATURES; f++)
            e->x[i * FEATURES + f] = (float)(random_normal(&random) + (odd ? 3 : 0));
        e->y[i] = odd;
    }
    static const enum trees_method methods[] = {TREES_ISOLATION_FOREST, TREES_AUTOENCODER};
    for (int m = 0; m < 2; m++) {
        struct trees_config c = make_config(e);
        c.method = methods[m];
        c.rounds = methods[m] == TREES_AUTOENCODER ? 3 : 30;
        c.depth = 6;
        c.background = 0;
        struct trees_result *r = run(&c, e);
        double *y = scores_of(r->quantized_network, e, &arena);
        double mean[2] = {0, 0};
        long higher = 0, pairs = 0;
        for (long i = 0; i < COUNT; i++)
            mean[e->y[i] > 0] += y[i];
        for (long i = COUNT - COUNT / 10; i < COUNT; i++)
            for (long k = 0; k < TRAIN; k += 10, pairs++)
                higher += y[i] > y[k];
        assert_true(mean[1] / (COUNT / 10) > mean[0] / (COUNT - COUNT / 10));
        assert_true((double)higher > 0.95 * (double)pairs);
        trees_result_free(r);
    }
    arena_free(&arena);
    events_free(e);
}

static const char *complaint(const struct trees_config *c, const struct events *e)
{
    static struct error_trap trap;
    trap.message[0] = '\0';
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) trees_result_free(run(c, e));
    error_set_trap(NULL);
    return trap.message;
}

static void test_refusals(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    struct trees_config c = make_config(e);
    c.depth = 17;
    assert_non_null(strstr(complaint(&c, e), "depth"));
    c = make_config(e);
    c.loss = TREES_LOSS_BINARY_CROSS_ENTROPY;
    assert_non_null(strstr(complaint(&c, e), "binary_cross_entropy"));
    c = make_config(e);
    static const signed char rising[FEATURES] = {1};
    c.monotone = rising;
    assert_non_null(strstr(complaint(&c, e), "monotone"));
    c = make_config(e);
    c.leaf_step = 0.3;
    assert_non_null(strstr(complaint(&c, e), "power of two"));
    c = make_config(e);
    c.method = TREES_AUTOENCODER;
    c.background = 7;
    assert_non_null(strstr(complaint(&c, e), "class 7"));
    events_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_for_any_threads),
        cmocka_unit_test(test_stump),
        cmocka_unit_test(test_child_weight_and_gain),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_missing_values),
        cmocka_unit_test(test_early_stopping),
        cmocka_unit_test(test_class_weights),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_forests),
        cmocka_unit_test(test_pruning),
        cmocka_unit_test(test_adaboost),
        cmocka_unit_test(test_anomalies),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
