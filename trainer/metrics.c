/* Metrics of a classifier. */
#include "trainer/metrics.h"

#include "base/error.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const double metrics_background_rates[METRICS_RATES] = {0.1, 0.01, 0.001};

struct ranked {
    double score;
    int signal;
};

static int compare_falling(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->score, y = ((const struct ranked *)b)->score;
    return (x < y) - (x > y);
}

int metrics_decide(const double *scores, int classes, double threshold)
{
    if (classes == 1) return scores[0] > threshold;
    int best = 0;
    for (int k = 1; k < classes; k++)
        if (scores[k] > scores[best]) best = k;
    return best;
}

/* Events by falling score of class k. With one score, class 0 ranks by its negative. Caller frees.
 */
static struct ranked *rank(const double *scores, int classes, int k, const int *labels, long count)
{
    struct ranked *list = malloc(((size_t)count + 1) * sizeof *list);
    if (!list) fail("out of memory");
    for (long i = 0; i < count; i++) {
        double score = classes == 1 ? (k == 1 ? scores[i] : -scores[i]) : scores[i * classes + k];
        assert(!isnan(score));
        list[i] = (struct ranked){score, labels[i] == k};
    }
    qsort(list, (size_t)count, sizeof *list, compare_falling);
    return list;
}

/* Walks the groups of equal score: AUC as the Mann-Whitney statistic, ties half; and the best
 * signal count at each background rate. */
static void walk(const struct ranked *list, long count, struct metrics_class *c)
{
    long signal_total = 0;
    for (long i = 0; i < count; i++)
        signal_total += list[i].signal;
    long background_total = count - signal_total, signal = 0, background = 0;
    double area = 0;
    for (long i = 0; i < count;) {
        long s = 0, b = 0, j = i;
        for (; j < count && list[j].score == list[i].score; j++) {
            s += list[j].signal;
            b += !list[j].signal;
        }
        area += (double)b * ((double)signal + (double)s / 2);
        signal += s;
        background += b;
        for (int r = 0; r < METRICS_RATES; r++)
            if ((double)background <= metrics_background_rates[r] * (double)background_total)
                c->efficiency[r] = (double)signal / (double)signal_total;
        i = j;
    }
    bool empty = signal_total == 0 || background_total == 0;
    c->auc = empty ? (double)NAN : area / ((double)signal_total * (double)background_total);
    for (int r = 0; empty && r < METRICS_RATES; r++)
        c->efficiency[r] = (double)NAN;
}

static double ratio(long part, long whole)
{
    return whole > 0 ? (double)part / (double)whole : (double)NAN;
}

/* Mean of the values that are numbers; NAN if none is. */
static double mean_known(const struct metrics_class *c, int classes, size_t member)
{
    double sum = 0;
    int known = 0;
    for (int k = 0; k < classes; k++) {
        double value;
        memcpy(&value, (const char *)&c[k] + member, sizeof value);
        if (isnan(value)) continue;
        sum += value;
        known++;
    }
    return known ? sum / known : (double)NAN;
}

void metrics_softmax(double *scores, int classes, long count)
{
    for (double *row = scores; row < scores + count * classes; row += classes) {
        double largest = row[0], sum = 0;
        for (int k = 1; k < classes; k++)
            largest = fmax(largest, row[k]);
        for (int k = 0; k < classes; k++)
            sum += row[k] = exp(row[k] - largest);
        for (int k = 0; k < classes; k++)
            row[k] /= sum;
    }
}

struct metrics metrics_eval(struct arena *arena, const double *scores, int classes,
                            double threshold, const int *labels, long count)
{
    struct metrics m = {.count = count, .classes = classes == 1 ? 2 : classes};
    size_t n = (size_t)m.classes;
    m.confusion = arena_alloc(arena, n * n, sizeof *m.confusion);
    m.per_class = arena_alloc(arena, n, sizeof *m.per_class);
    long right = 0;
    for (long i = 0; i < count; i++) {
        assert(labels[i] >= 0 && labels[i] < m.classes);
        int decision = metrics_decide(scores + i * classes, classes, threshold);
        m.confusion[labels[i] * m.classes + decision]++;
        m.per_class[labels[i]].count++;
        m.per_class[decision].predicted++;
        right += decision == labels[i];
    }
    m.accuracy = ratio(right, count);
    for (int k = 0; k < m.classes; k++) {
        struct metrics_class *c = &m.per_class[k];
        long hits = m.confusion[k * m.classes + k];
        c->precision = ratio(hits, c->predicted);
        c->recall = ratio(hits, c->count);
        c->f1 = ratio(2 * hits, c->count + c->predicted);
        struct ranked *list = rank(scores, classes, k, labels, count);
        walk(list, count, c);
        free(list);
    }
    m.balanced_accuracy =
        mean_known(m.per_class, m.classes, offsetof(struct metrics_class, recall));
    m.auc = mean_known(m.per_class, m.classes, offsetof(struct metrics_class, auc));
    return m;
}

struct roc_point *metrics_roc(struct arena *arena, const double *scores, int classes, int k,
                              const int *labels, long count, int *points)
{
    struct ranked *list = rank(scores, classes, k, labels, count);
    struct roc_point *curve = arena_alloc(arena, (size_t)count + 2, sizeof *curve);
    long *corner = calloc((size_t)count + 2, 2 * sizeof *corner); /* signal, background counts */
    if (!corner) fail("out of memory");
    long totals[2] = {0, 0};
    for (long i = 0; i < count; i++)
        totals[!list[i].signal]++;
    int n = 1;
    curve[0].cut = (double)INFINITY;
    for (long i = 0; i < count;) {
        double score = list[i].score;
        long *now = corner + 2 * (size_t)n;
        now[0] = now[-2];
        now[1] = now[-1];
        for (; i < count && list[i].score == score; i++)
            now[!list[i].signal]++;
        curve[n].cut = score;
        /* The point before is inside a straight stretch: drop it. */
        if (n >= 2 &&
            (now[0] - now[-2]) * (now[-1] - now[-3]) == (now[1] - now[-1]) * (now[-2] - now[-4])) {
            memcpy(now - 2, now, 2 * sizeof *now);
            curve[n - 1] = curve[n];
            n--;
        }
        n++;
    }
    for (int i = 0; i < n; i++) {
        curve[i].signal = totals[0] ? (double)corner[2 * i] / (double)totals[0] : 0;
        curve[i].background = totals[1] ? (double)corner[2 * i + 1] / (double)totals[1] : 0;
    }
    free(corner);
    free(list);
    *points = n;
    return curve;
}
