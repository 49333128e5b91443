/* Metrics against counting every pair and every cut. */
#include "data/random.h"
#include "trainer/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { COUNT = 300 };

/* Scores on a coarse grid, so that ties abound. */
static void make_scores(uint64_t seed, int classes, int levels, double *scores, int *labels)
{
    struct random random = random_init(seed);
    for (int i = 0; i < COUNT; i++) {
        labels[i] = (int)random_below(&random, classes == 1 ? 2 : (uint64_t)classes);
        for (int k = 0; k < classes; k++) {
            double lift = (classes == 1 ? labels[i] == 1 : labels[i] == k) ? 0.2 : 0;
            scores[i * classes + k] = floor((random_uniform(&random) + lift) * levels) / levels;
        }
    }
}

static double score_of(const double *scores, int classes, int k, int i)
{
    if (classes == 1) return k == 1 ? scores[i] : -scores[i];
    return scores[i * classes + k];
}

static double pair_auc(const double *scores, int classes, int k, const int *labels)
{
    double wins = 0, pairs = 0;
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) {
            if (labels[i] != k || labels[j] == k) continue;
            double s = score_of(scores, classes, k, i), b = score_of(scores, classes, k, j);
            wins += s > b ? 1 : s == b ? 0.5 : 0;
            pairs++;
        }
    return wins / pairs;
}

static void efficiencies(const double *scores, int classes, int k, const int *labels, double cut,
                         double *signal, double *background)
{
    double s = 0, b = 0, s_all = 0, b_all = 0;
    for (int i = 0; i < COUNT; i++) {
        bool passes = score_of(scores, classes, k, i) >= cut;
        s += labels[i] == k && passes;
        b += labels[i] != k && passes;
        s_all += labels[i] == k;
        b_all += labels[i] != k;
    }
    *signal = s / s_all;
    *background = b / b_all;
}

static double best_efficiency(const double *scores, int classes, int k, const int *labels,
                              double allowed)
{
    double best = 0;
    for (int i = 0; i < COUNT; i++) {
        double s, b;
        efficiencies(scores, classes, k, labels, score_of(scores, classes, k, i), &s, &b);
        if (b <= allowed && s > best) best = s;
    }
    return best;
}

static void check_roc(const double *scores, int classes, int k, const int *labels, double auc)
{
    struct arena arena = {0};
    int points;
    struct roc_point *roc = metrics_roc(&arena, scores, classes, k, labels, COUNT, &points);
    assert_true(points >= 2 && roc[0].signal == 0 && roc[0].background == 0);
    assert_true(roc[points - 1].signal == 1 && roc[points - 1].background == 1);
    double area = 0;
    for (int i = 1; i < points; i++) {
        double s, b;
        efficiencies(scores, classes, k, labels, roc[i].cut, &s, &b);
        assert_true(s == roc[i].signal && b == roc[i].background);
        area +=
            (roc[i].background - roc[i - 1].background) * (roc[i].signal + roc[i - 1].signal) / 2;
    }
    assert_true(fabs(area - auc) < 1e-12); /* no corner was dropped */
    arena_free(&arena);
}

static void check_all(int classes, int levels, uint64_t seed)
{
    static double scores[COUNT * 5];
    static int labels[COUNT];
    make_scores(seed, classes, levels, scores, labels);
    struct arena arena = {0};
    struct metrics m = metrics_eval(&arena, scores, classes, 0.55, labels, COUNT);
    int n = classes == 1 ? 2 : classes, right = 0;
    assert_int_equal(m.classes, n);
    double recall_sum = 0, auc_sum = 0;
    for (int k = 0; k < n; k++) {
        int both = 0, predicted = 0, count = 0;
        for (int i = 0; i < COUNT; i++) {
            int best = 0;
            for (int c = 1; c < classes; c++)
                if (scores[i * classes + c] > scores[i * classes + best]) best = c;
            if (classes == 1) best = scores[i] > 0.55;
            both += best == k && labels[i] == k;
            predicted += best == k;
            count += labels[i] == k;
        }
        right += both;
        const struct metrics_class *c = &m.per_class[k];
        assert_true(c->count == count && c->predicted == predicted);
        assert_true(m.confusion[k * n + k] == both);
        assert_true(fabs(c->precision - (double)both / predicted) < 1e-12);
        assert_true(fabs(c->recall - (double)both / count) < 1e-12);
        double f1 = 2 * c->precision * c->recall / (c->precision + c->recall);
        assert_true(fabs(c->f1 - f1) < 1e-12);
        double auc = pair_auc(scores, classes, k, labels);
        assert_true(fabs(c->auc - auc) < 1e-12);
        for (int r = 0; r < METRICS_RATES; r++)
            assert_true(fabs(c->efficiency[r] - best_efficiency(scores, classes, k, labels,
                                                                metrics_background_rates[r])) <
                        1e-12);
        check_roc(scores, classes, k, labels, auc);
        recall_sum += c->recall;
        auc_sum += auc;
    }
    assert_true(fabs(m.accuracy - (double)right / COUNT) < 1e-12);
    assert_true(fabs(m.balanced_accuracy - recall_sum / n) < 1e-12);
    assert_true(fabs(m.auc - auc_sum / n) < 1e-12);
    arena_free(&arena);
}

static void test_against_counting(void **state)
{
    (void)state;
    for (int levels = 5; levels <= 5000; levels *= 10) {
        check_all(1, levels, 1);
        check_all(2, levels, 2);
        check_all(5, levels, 3);
    }
}

/* Known by hand. */
static void test_small(void **state)
{
    (void)state;
    struct arena arena = {0};
    const double scores[] = {0.9, 0.8, 0.8, 0.1};
    const int labels[] = {1, 1, 0, 0};
    struct metrics m = metrics_eval(&arena, scores, 1, 0.5, labels, 4);
    assert_true(m.per_class[1].auc == 0.875 && m.accuracy == 0.75);
    assert_true(m.per_class[1].efficiency[0] == 0.5);
    int points;
    struct roc_point *roc = metrics_roc(&arena, scores, 1, 1, labels, 4, &points);
    assert_int_equal(points, 4); /* (0,0) (0,1/2) (1/2,1) (1,1) */
    assert_true(roc[1].signal == 0.5 && roc[2].background == 0.5 && roc[2].cut == 0.8);
    arena_free(&arena);
}

static void test_missing_class(void **state)
{
    (void)state;
    struct arena arena = {0};
    const double scores[] = {3, 1, 0, 2, 5, 0};
    const int labels[] = {0, 1};
    struct metrics m = metrics_eval(&arena, scores, 3, 0, labels, 2);
    assert_true(isnan(m.per_class[2].auc) && isnan(m.per_class[2].recall));
    assert_true(m.balanced_accuracy == 1 && m.auc == 1);
    m = metrics_eval(&arena, scores, 3, 0, labels, 0);
    assert_true(m.count == 0 && isnan(m.accuracy));
    arena_free(&arena);
}

/* Logits that are shifted event by event stand for the same probabilities. */
static void test_softmax(void **state)
{
    (void)state;
    enum { CLASSES = 4 };
    static double scores[COUNT * CLASSES], shifted[COUNT * CLASSES];
    static int labels[COUNT];
    make_scores(9, CLASSES, 20, scores, labels);
    struct random random = random_init(10);
    for (int i = 0; i < COUNT; i++) {
        double shift = 400 * random_uniform(&random) - 200;
        for (int k = 0; k < CLASSES; k++)
            shifted[i * CLASSES + k] = scores[i * CLASSES + k] + shift;
    }
    struct arena arena = {0};
    double raw = metrics_eval(&arena, shifted, CLASSES, 0, labels, COUNT).auc;
    static double logits[COUNT * CLASSES];
    memcpy(logits, scores, sizeof logits);
    metrics_softmax(scores, CLASSES, COUNT);
    metrics_softmax(shifted, CLASSES, COUNT);
    for (int i = 0; i < COUNT; i++) {
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            const int at = i * CLASSES + k;
            sum += scores[at];
            assert_true(fabs(scores[at] - shifted[at]) < 1e-12);
            assert_true(fabs(log(scores[at] / scores[i * CLASSES]) -
                             (logits[at] - logits[i * CLASSES])) < 1e-12);
        }
        assert_true(fabs(sum - 1) < 1e-12);
    }
    assert_true(metrics_eval(&arena, scores, CLASSES, 0, labels, COUNT).auc > raw + 0.02);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_counting), cmocka_unit_test(test_small),
        cmocka_unit_test(test_missing_class), cmocka_unit_test(test_softmax)};
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
