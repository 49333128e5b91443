/* Errors, intervals, working points and bins against numbers known beforehand. */
#include "trainer/statistics.h"

#include "data/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

static void assert_near(double x, double wanted, double tolerance)
{
    if (!(fabs(x - wanted) <= tolerance)) fail_msg("%.9g is not %.9g", x, wanted);
}

/* Values of the beta distribution's quantiles from tables of its closed forms. */
static void test_intervals(void **state)
{
    (void)state;
    const double outside = (1 - 0.682689492137) / 2;
    struct proportion p = proportion_of(0, 10);
    assert_near(p.value, 0, 0);
    assert_near(p.low, 0, 0);
    assert_near(p.high, 1 - pow(outside, 0.1), 1e-9); /* (1 - x)^10 = outside */
    p = proportion_of(10, 10);
    assert_near(p.low, pow(outside, 0.1), 1e-9);
    assert_near(p.high, 1, 0);
    p = proportion_of(1, 2); /* 1 - (1 - x)^2 = outside; x^2 = outside at the other end */
    assert_near(p.low, 1 - sqrt(1 - outside), 1e-9);
    assert_near(p.high, sqrt(1 - outside), 1e-9);
    p = proportion_of(50000, 100000); /* nearly normal */
    double sigma = sqrt(0.25 / 100000);
    assert_near(p.high - p.value, sigma, 0.01 * sigma);
    assert_near(p.value - p.low, sigma, 0.01 * sigma);
    p = proportion_of(0, 0);
    assert_true(isnan(p.value) && p.low == 0 && p.high == 1);
}

enum { EVENTS = 4000, CLASSES = 3 };
static double scores[EVENTS * CLASSES];
static int labels[EVENTS];

static void fill(uint64_t seed)
{
    struct random random = random_init(seed);
    for (int i = 0; i < EVENTS; i++) {
        labels[i] = (int)random_below(&random, CLASSES);
        for (int k = 0; k < CLASSES; k++)
            scores[i * CLASSES + k] =
                floor(4 * (random_normal(&random) + (labels[i] == k ? 1.2 : 0))); /* ties */
    }
}

/* The bootstrap's error is the spread over samples that are really drawn anew. */
static void test_bootstrap(void **state)
{
    (void)state;
    struct arena arena = {0};
    enum { SAMPLES = 150 };
    double sums[4] = {0}, squares[4] = {0};
    for (int s = 0; s < SAMPLES; s++) {
        fill(100 + (uint64_t)s);
        struct metrics m = metrics_eval(&arena, scores, CLASSES, 0, labels, EVENTS);
        double x[4] = {m.accuracy, m.auc, m.per_class[1].auc, m.per_class[1].efficiency[0]};
        for (int k = 0; k < 4; k++) {
            sums[k] += x[k];
            squares[k] += x[k] * x[k];
        }
    }
    fill(1);
    struct metrics_errors e = metrics_bootstrap(&arena, scores, CLASSES, 0, labels, EVENTS, 200, 7);
    double told[4] = {e.accuracy, e.auc, e.auc_per_class[1], e.efficiency_per_class[1][0]};
    for (int k = 0; k < 4; k++) {
        double mean = sums[k] / SAMPLES, spread = sqrt(squares[k] / SAMPLES - mean * mean);
        assert_near(told[k], spread, 0.3 * spread);
    }
    /* Accuracy is a plain proportion. */
    struct metrics m = metrics_eval(&arena, scores, CLASSES, 0, labels, EVENTS);
    double binomial = sqrt(m.accuracy * (1 - m.accuracy) / EVENTS);
    assert_near(e.accuracy, binomial, 0.15 * binomial);
    struct metrics_errors again =
        metrics_bootstrap(&arena, scores, CLASSES, 0, labels, EVENTS, 200, 7);
    assert_true(e.auc == again.auc);
    arena_free(&arena);
}

static void test_working_points(void **state)
{
    (void)state;
    const double s[] = {5, 4, 4, 3, 2, 1, 0, -1};
    const int l[] = {1, 1, 0, 1, 0, 0, 0, 0};
    struct working_point w = working_point_find(s, 1, 1, l, 8, 0.2);
    assert_true(w.cut == 3 && w.background_passed == 1 && w.background_total == 5);
    assert_true(w.signal_passed == 3 && w.signal_total == 3);
    w = working_point_find(s, 1, 1, l, 8, 0.1); /* the two fours go together */
    assert_true(w.cut == 5 && w.signal_passed == 1 && w.background_passed == 0);
    w = working_point_find(s, 1, 1, (const int[]){0, 1, 0, 1, 0, 0, 0, 0}, 8, 0.1);
    assert_true(isinf(w.cut) && w.signal_passed == 0 && w.signal_total == 2);
    w = working_point_apply(2, s, 1, 1, l, 8);
    assert_true(w.signal_passed == 3 && w.background_passed == 2);
    assert_near(background_for_rate(100, 40, 1), 0.0025, 1e-15);
    assert_near(background_for_rate(100, 40, 10), 0.025, 1e-15);
    assert_near(background_for_rate(1e6, 40, 1), 1, 0);
    fill(3);
    w = working_point_find(scores, CLASSES, 2, labels, EVENTS, 0.05);
    struct working_point lower = working_point_apply(w.cut - 1, scores, CLASSES, 2, labels, EVENTS);
    assert_true((double)w.background_passed <= 0.05 * (double)w.background_total);
    assert_true((double)lower.background_passed > 0.05 * (double)lower.background_total);
}

static void test_bins(void **state)
{
    (void)state;
    struct arena arena = {0};
    enum { N = 1000 };
    double x[N], y[N], score[N];
    int label[N], found;
    struct random random = random_init(9);
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = x[i] + (i < 500 ? 2 : -1) + (i < 500 ? 1 : 3) * random_normal(&random);
        score[i] = x[i];
        label[i] = 1;
    }
    struct bin *b = resolution_in_bins(&arena, x, y, N, 4, &found);
    assert_int_equal(found, 4);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(b[k].total, 250);
        assert_true(b[k].low == 250 * k && b[k].high == 250 * k + 249);
        assert_near(b[k].bias, k < 2 ? 2 : -1, 4 * b[k].bias_error);
        assert_near(b[k].resolution, k < 2 ? 1 : 3, 4 * b[k].resolution_error);
    }
    b = turn_on_curve(&arena, x, score, 1, 1, 600, label, N, 10, &found);
    assert_int_equal(found, 10);
    for (int k = 0; k < 10; k++)
        assert_int_equal(b[k].passed, k < 6 ? 0 : b[k].total);
    for (int i = 0; i < N; i++)
        x[i] = i < 900 ? 0 : i; /* equal values stay in one bin */
    b = resolution_in_bins(&arena, x, y, N, 4, &found);
    assert_true(found >= 2 && b[0].total == 900 && b[0].high == 0);
    long total = 0;
    for (int k = 0; k < found; k++)
        total += b[k].total;
    assert_int_equal(total, N);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intervals),
        cmocka_unit_test(test_bootstrap),
        cmocka_unit_test(test_working_points),
        cmocka_unit_test(test_bins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
