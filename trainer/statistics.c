/* Bootstrap, binomial intervals, working points. See statistics.h. */
#include "trainer/statistics.h"

#include "base/error.h"
#include "data/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The score of class k; with one score, class 0 ranks by its negative. */
static double score_of(const double *scores, int classes, int k, long event)
{
    if (classes == 1) return k == 1 ? scores[event] : -scores[event];
    return scores[event * classes + k];
}

struct ordered {
    double score;
    long event;
};

static int compare_falling(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->event > y->event) - (x->event < y->event);
}

static struct ordered *order_events(struct arena *arena, const double *scores, int classes, int k,
                                    long count)
{
    struct ordered *list = arena_alloc(arena, (size_t)count + 1, sizeof *list);
    for (long i = 0; i < count; i++)
        list[i] = (struct ordered){score_of(scores, classes, k, i), i};
    qsort(list, (size_t)count, sizeof *list, compare_falling);
    return list;
}

/* ---- Bootstrap --------------------------------------------------------------------------------
 */

/* A Poisson(1) number from 32 random bits. */
static unsigned char poisson(uint32_t bits)
{
    /* Cumulative probabilities of 0, 1, 2 ... times 2^32. */
    static const uint32_t below[] = {1580030169U, 3160060337U, 3950075421U, 4213413783U,
                                     4279248373U, 4292415291U, 4294609777U, 4294923275U,
                                     4294962462U, 4294966816U};
    unsigned char n = 0;
    while (n < sizeof below / sizeof *below && bits >= below[n])
        n++;
    return n;
}

/* Weighted AUC and efficiencies at the background rates, walking the groups of equal score. */
static void walk(const struct ordered *list, const unsigned char *weight, const int *labels, int k,
                 long count, double *auc, double efficiency[METRICS_RATES])
{
    double totals[2] = {0, 0}, signal = 0, background = 0, area = 0;
    for (long i = 0; i < count; i++)
        totals[labels[list[i].event] != k] += weight[list[i].event];
    for (int r = 0; r < METRICS_RATES; r++)
        efficiency[r] = totals[0] > 0 && totals[1] > 0 ? 0 : (double)NAN;
    for (long i = 0; i < count;) {
        double s = 0, b = 0, score = list[i].score;
        for (; i < count && list[i].score == score; i++) {
            if (labels[list[i].event] == k)
                s += weight[list[i].event];
            else
                b += weight[list[i].event];
        }
        area += b * (signal + s / 2);
        signal += s;
        background += b;
        for (int r = 0; r < METRICS_RATES; r++)
            if (background <= metrics_background_rates[r] * totals[1] && totals[0] > 0)
                efficiency[r] = signal / totals[0];
    }
    *auc = area / (totals[0] * totals[1]);
}

/* Sums for a standard deviation. */
struct spread {
    double sum, squares;
    int count;
};

static void spread_add(struct spread *s, double x)
{
    s->sum += x;
    s->squares += x * x;
    s->count++;
}

static double spread_deviation(const struct spread *s)
{
    if (s->count < 2) return (double)NAN;
    double mean = s->sum / s->count, variance = s->squares / s->count - mean * mean;
    return isnan(variance) ? (double)NAN : sqrt(fmax(0, variance) * s->count / (s->count - 1));
}

struct bootstrap {
    int classes, columns, *decisions;
    const int *labels;
    long count;
    struct ordered **orders; /* [classes] */
    unsigned char *weight;   /* [count] of the present sample */
    struct spread accuracy, balanced, auc, *auc_per_class, (*efficiency)[METRICS_RATES];
};

static void add_decisions(struct bootstrap *b, double *right, double *all)
{
    double sum = 0, total = 0, recalls = 0;
    int known = 0;
    memset(right, 0, (size_t)b->classes * sizeof *right);
    memset(all, 0, (size_t)b->classes * sizeof *all);
    for (long i = 0; i < b->count; i++) {
        all[b->labels[i]] += b->weight[i];
        if (b->decisions[i] == b->labels[i]) right[b->labels[i]] += b->weight[i];
    }
    for (int k = 0; k < b->classes; k++) {
        sum += right[k];
        total += all[k];
        if (all[k] > 0) recalls += right[k] / all[k], known++;
    }
    spread_add(&b->accuracy, sum / total);
    spread_add(&b->balanced, recalls / known);
}

static void add_ranks(struct bootstrap *b)
{
    double mean = 0;
    int known = 0;
    for (int k = 0; k < b->classes; k++) {
        double auc, efficiency[METRICS_RATES];
        walk(b->orders[k], b->weight, b->labels, k, b->count, &auc, efficiency);
        spread_add(&b->auc_per_class[k], auc);
        for (int r = 0; r < METRICS_RATES; r++)
            spread_add(&b->efficiency[k][r], efficiency[r]);
        if (!isnan(auc)) mean += auc, known++;
    }
    spread_add(&b->auc, mean / known);
}

struct metrics_errors metrics_bootstrap(struct arena *arena, const double *scores, int classes,
                                        double threshold, const int *labels, long count,
                                        int replicas, uint64_t seed)
{
    struct bootstrap b = {.classes = classes == 1 ? 2 : classes, .labels = labels, .count = count};
    size_t n = (size_t)b.classes;
    double *right = arena_alloc(arena, n, sizeof(double)),
           *all = arena_alloc(arena, n, sizeof(double));
    b.decisions = arena_alloc(arena, (size_t)count, sizeof(int));
    for (long i = 0; i < count; i++)
        b.decisions[i] = metrics_decide(scores + i * classes, classes, threshold);
    b.orders = arena_alloc(arena, n, sizeof *b.orders);
    for (int k = 0; k < b.classes; k++)
        b.orders[k] = order_events(arena, scores, classes, k, count);
    b.weight = arena_alloc(arena, (size_t)count, 1);
    b.auc_per_class = arena_alloc(arena, n, sizeof *b.auc_per_class);
    b.efficiency = arena_alloc(arena, n, sizeof *b.efficiency);
    struct random random = random_init(seed);
    for (int r = 0; r < replicas; r++) {
        for (long i = 0; i < count; i += 2) {
            uint64_t bits = random_bits(&random);
            b.weight[i] = poisson((uint32_t)bits);
            if (i + 1 < count) b.weight[i + 1] = poisson((uint32_t)(bits >> 32));
        }
        add_decisions(&b, right, all);
        add_ranks(&b);
    }
    struct metrics_errors e = {.accuracy = spread_deviation(&b.accuracy),
                               .balanced_accuracy = spread_deviation(&b.balanced),
                               .auc = spread_deviation(&b.auc)};
    e.auc_per_class = arena_alloc(arena, n, sizeof(double));
    e.efficiency_per_class = arena_alloc(arena, n, sizeof *e.efficiency_per_class);
    for (int k = 0; k < b.classes; k++) {
        e.auc_per_class[k] = spread_deviation(&b.auc_per_class[k]);
        for (int r = 0; r < METRICS_RATES; r++)
            e.efficiency_per_class[k][r] = spread_deviation(&b.efficiency[k][r]);
    }
    return e;
}

/* ---- Binomial intervals -----------------------------------------------------------------------
 */

/* The regularised incomplete beta function I_x(a, b) by its continued fraction (Lentz's method). */
static double incomplete_beta(double a, double b, double x)
{
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - incomplete_beta(b, a, 1 - x);
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(1 - x)) / a;
    double c = 1, d = 1 / fmax(1 - (a + b) * x / (a + 1), 1e-300), f = d;
    for (int m = 1; m < 300; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        f *= c * d;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        f *= c * d;
        if (fabs(c * d - 1) < 1e-12) break;
    }
    return front * f;
}

/* The x at which I_x(a, b) = p, by bisection. */
static double beta_quantile(double a, double b, double p)
{
    double low = 0, high = 1;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (incomplete_beta(a, b, middle) < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

struct proportion proportion_of(long passed, long total)
{
    const double outside = (1 - 0.682689492137) / 2;
    struct proportion p = {(double)NAN, 0, 1};
    if (total <= 0) return p;
    double k = (double)passed, n = (double)total;
    p.value = k / n;
    if (passed > 0) p.low = beta_quantile(k, n - k + 1, outside);
    if (passed < total) p.high = beta_quantile(k + 1, n - k, 1 - outside);
    return p;
}

/* ---- Working points ---------------------------------------------------------------------------
 */

struct working_point working_point_apply(double cut, const double *scores, int classes, int k,
                                         const int *labels, long count)
{
    struct working_point w = {.cut = cut};
    for (long i = 0; i < count; i++) {
        bool passes = score_of(scores, classes, k, i) >= cut;
        if (labels[i] == k) {
            w.signal_total++;
            w.signal_passed += passes;
        } else {
            w.background_total++;
            w.background_passed += passes;
        }
    }
    return w;
}

struct working_point working_point_find(const double *scores, int classes, int k, const int *labels,
                                        long count, double background)
{
    struct arena arena = {0};
    struct ordered *list = order_events(&arena, scores, classes, k, count);
    long total = 0, passed = 0;
    for (long i = 0; i < count; i++)
        total += labels[i] != k;
    double cut = (double)INFINITY;
    for (long i = 0; i < count;) {
        double score = list[i].score;
        for (; i < count && list[i].score == score; i++)
            passed += labels[list[i].event] != k;
        if ((double)passed > background * (double)total) break;
        cut = score;
    }
    arena_free(&arena);
    return working_point_apply(cut, scores, classes, k, labels, count);
}

double background_for_rate(double rate_khz, double input_rate_mhz, double prescale)
{
    double part = rate_khz * prescale / (input_rate_mhz * 1e3);
    return part < 1 ? part : 1;
}

/* ---- Bins -------------------------------------------------------------------------------------
 */

/* Cuts `list`, in falling order of the variable, into bins of equal numbers, lowest first; events
 * of the same value stay together. passes and errors [event] may be NULL. */
static struct bin *fill_bins(struct arena *arena, const struct ordered *list, long count, int bins,
                             const bool *passes, const double *errors, int *found)
{
    struct bin *all = arena_alloc(arena, (size_t)bins + 1, sizeof *all);
    *found = 0;
    for (long i = count - 1; i >= 0;) {
        struct bin *b = &all[*found];
        double sum = 0, squares = 0;
        long wanted = (count - (count - 1 - i)) / (bins - *found > 0 ? bins - *found : 1);
        b->low = list[i].score;
        for (; i >= 0 && (b->total < wanted || list[i].score == b->high); i--) {
            double e = errors ? errors[list[i].event] : 0;
            b->high = list[i].score;
            b->total++;
            b->passed += passes && passes[list[i].event];
            sum += e;
            squares += e * e;
        }
        double n = (double)b->total;
        b->bias = errors ? sum / n : (double)NAN;
        b->resolution = errors ? sqrt(fmax(0, squares / n - b->bias * b->bias)) : (double)NAN;
        b->bias_error = b->resolution / sqrt(n);
        b->resolution_error = b->resolution / sqrt(2 * n);
        ++*found;
    }
    return all;
}

struct bin *turn_on_curve(struct arena *arena, const double *variable, const double *scores,
                          int classes, int k, double cut, const int *labels, long count, int bins,
                          int *found)
{
    struct ordered *list = arena_alloc(arena, (size_t)count + 1, sizeof *list);
    bool *passes = arena_alloc(arena, (size_t)count + 1, sizeof *passes);
    long chosen = 0;
    for (long i = 0; i < count; i++) {
        passes[i] = score_of(scores, classes, k, i) >= cut;
        if (labels[i] == k) list[chosen++] = (struct ordered){variable[i], i};
    }
    qsort(list, (size_t)chosen, sizeof *list, compare_falling);
    return fill_bins(arena, list, chosen, bins, passes, NULL, found);
}

struct bin *resolution_in_bins(struct arena *arena, const double *target, const double *prediction,
                               long count, int bins, int *found)
{
    struct ordered *list = arena_alloc(arena, (size_t)count + 1, sizeof *list);
    double *errors = arena_alloc(arena, (size_t)count + 1, sizeof *errors);
    for (long i = 0; i < count; i++) {
        list[i] = (struct ordered){target[i], i};
        errors[i] = prediction[i] - target[i];
    }
    qsort(list, (size_t)count, sizeof *list, compare_falling);
    return fill_bins(arena, list, count, bins, NULL, errors, found);
}
