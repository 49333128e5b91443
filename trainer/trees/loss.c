/* Losses of ensembles of trees. */
#include "trainer/trees/loss.h"

#include "base/arena.h"
#include "trainer/nn/real.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { ROWS_PER_ITEM = 16384, TILE = 256 };

struct partial {
    double loss, right, weight;
};

struct work {
    const struct loss_data *data;
    const float *scores;
    float *g, *h;
    struct partial *partials;
};

/* A tile of events [first, first + n), n <= TILE. */
static void softmax_tile(const struct work *w, long first, int n, struct partial *sum)
{
    const struct loss_data *d = w->data;
    const int outputs = d->outputs;
    float top[TILE], total[TILE], own[TILE], best[TILE];
    for (int i = 0; i < n; i++) {
        top[i] = w->scores[first + i];
        total[i] = best[i] = own[i] = 0;
    }
    for (int k = 1; k < outputs; k++) {
        const float *y = w->scores + k * d->rows + first;
        for (int i = 0; i < n; i++) {
            best[i] = y[i] > top[i] ? (float)k : best[i];
            top[i] = y[i] > top[i] ? y[i] : top[i];
        }
    }
    float e[TILE];
    for (int k = 0; k < outputs; k++) {
        const float *y = w->scores + k * d->rows + first;
        float *keep = w->g ? w->g + k * d->rows + first : e;
        for (int i = 0; i < n; i++)
            keep[i] = real_exp(y[i] - top[i]);
        for (int i = 0; i < n; i++) {
            total[i] += keep[i];
            own[i] = d->labels[first + i] == k ? y[i] - top[i] : own[i];
        }
    }
    for (int i = 0; i < n; i++) {
        double weight = d->weights ? (double)d->weights[first + i] : 1;
        sum->loss += weight * (double)(real_log(total[i]) - own[i]);
        sum->right += weight * ((int)best[i] == d->labels[first + i]);
        sum->weight += weight;
        total[i] = 1 / total[i];
    }
    if (!w->g) return;
    /* Friedman (2001), algorithm 6: the diagonal of the Hessian, with his factor K / (K - 1). */
    const float factor = (float)outputs / (float)(outputs - 1);
    for (int k = 0; k < outputs; k++) {
        float *g = w->g + k * d->rows + first, *h = w->h + k * d->rows + first;
        const int *labels = d->labels + first;
        for (int i = 0; i < n; i++) {
            float p = g[i] * total[i], weight = d->weights ? d->weights[first + i] : 1;
            g[i] = (p - (labels[i] == k ? 1.0f : 0.0f)) * weight;
            h[i] = factor * p * (1 - p) * weight;
        }
    }
}

static void binary_tile(const struct work *w, long first, int n, struct partial *sum)
{
    const struct loss_data *d = w->data;
    const float *y = w->scores + first;
    float small[TILE];
    for (int i = 0; i < n; i++)
        small[i] = real_exp(-real_abs(y[i])); /* never overflows */
    for (int i = 0; i < n; i++) {
        double weight = d->weights ? (double)d->weights[first + i] : 1;
        float t = (float)d->labels[first + i];
        float loss = (y[i] > 0 ? y[i] : 0) - y[i] * t + real_log(1 + small[i]);
        sum->loss += weight * (double)loss;
        sum->right += weight * ((y[i] > 0) == (t > 0));
        sum->weight += weight;
    }
    if (!w->g) return;
    float *g = w->g + first, *h = w->h + first;
    for (int i = 0; i < n; i++) {
        float weight = d->weights ? d->weights[first + i] : 1;
        float p = (y[i] >= 0 ? 1 : small[i]) / (1 + small[i]);
        g[i] = (p - (float)d->labels[first + i]) * weight;
        h[i] = p * (1 - p) * weight;
    }
}

static void error_tile(const struct work *w, long first, int n, struct partial *sum)
{
    const struct loss_data *d = w->data;
    const float a = (float)d->quantile;
    for (int k = 0; k < d->outputs; k++) {
        const float *y = w->scores + k * d->rows + first;
        for (int i = 0; i < n; i++) {
            float weight = d->weights ? d->weights[first + i] : 1, loss, slope, e;
            e = y[i] - d->targets[(first + i) * d->outputs + k];
            if (d->loss == TREES_LOSS_SQUARED_ERROR) {
                loss = e * e / 2;
                slope = e;
            } else if (d->loss == TREES_LOSS_ABSOLUTE_ERROR) {
                loss = fabsf(e);
                slope = e > 0 ? 1 : e < 0 ? -1 : 0;
            } else {
                loss = e < 0 ? -a * e : (1 - a) * e;
                slope = e < 0 ? -a : e > 0 ? 1 - a : 0;
            }
            sum->loss += (double)(weight * loss);
            sum->weight += k == 0 ? (double)weight : 0;
            if (!w->g) continue;
            w->g[k * d->rows + first + i] = slope * weight;
            w->h[k * d->rows + first + i] = weight;
        }
    }
}

static void run_item(void *context, int item, int thread)
{
    const struct work *w = context;
    long first = (long)item * ROWS_PER_ITEM, end = first + ROWS_PER_ITEM;
    if (end > w->data->rows) end = w->data->rows;
    struct partial sum = {0};
    (void)thread;
    for (; first < end; first += TILE) {
        int n = (int)(end - first < TILE ? end - first : TILE);
        switch (w->data->loss) {
        case TREES_LOSS_CATEGORICAL_CROSS_ENTROPY: softmax_tile(w, first, n, &sum); break;
        case TREES_LOSS_BINARY_CROSS_ENTROPY: binary_tile(w, first, n, &sum); break;
        default: error_tile(w, first, n, &sum);
        }
    }
    w->partials[item] = sum;
}

struct loss_value loss_gradients(const struct loss_data *d, struct pool *pool, const float *scores,
                                 float *g, float *h)
{
    struct arena arena = {0};
    int items = (int)((d->rows + ROWS_PER_ITEM - 1) / ROWS_PER_ITEM);
    struct work w = {d, scores, g, h, arena_alloc(&arena, (size_t)items + 1, sizeof *w.partials)};
    pool_run(pool, items, run_item, &w);
    struct partial sum = {0};
    for (int i = 0; i < items; i++) {
        sum.loss += w.partials[i].loss;
        sum.right += w.partials[i].right;
        sum.weight += w.partials[i].weight;
    }
    arena_free(&arena);
    return (struct loss_value){.loss = sum.loss / sum.weight,
                               .accuracy = d->labels ? sum.right / sum.weight : (double)NAN};
}

bool loss_has_quantile_leaves(const struct loss_data *d, double *a)
{
    *a = d->loss == TREES_LOSS_ABSOLUTE_ERROR ? 0.5 : d->quantile;
    return d->loss == TREES_LOSS_ABSOLUTE_ERROR || d->loss == TREES_LOSS_QUANTILE;
}

/* ---- the best constant ----------------------------------------------------------------------- */

struct weighted {
    float value;
    double weight;
};

static int compare(const void *a, const void *b)
{
    float x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
    return (x > y) - (x < y);
}

static double start_quantile(const struct loss_data *d, int output, double a)
{
    struct arena arena = {0};
    struct weighted *all = arena_alloc(&arena, (size_t)d->rows, sizeof *all);
    double total = 0, sum = 0, value = 0;
    for (long i = 0; i < d->rows; i++) {
        all[i].value = d->targets[i * d->outputs + output];
        all[i].weight = d->weights ? (double)d->weights[i] : 1;
        total += all[i].weight;
    }
    qsort(all, (size_t)d->rows, sizeof *all, compare);
    for (long i = 0; i < d->rows; i++) {
        value = (double)all[i].value;
        sum += all[i].weight;
        if (sum >= a * total) break;
    }
    arena_free(&arena);
    return value;
}

void loss_start(const struct loss_data *d, double *base)
{
    double a, total = 0, sum[4096] = {0};
    assert(d->outputs <= 4096);
    for (int k = 0; k < d->outputs && loss_has_quantile_leaves(d, &a); k++)
        base[k] = start_quantile(d, k, a);
    if (loss_has_quantile_leaves(d, &a)) return;
    for (long i = 0; i < d->rows; i++) {
        double weight = d->weights ? (double)d->weights[i] : 1;
        total += weight;
        if (d->loss == TREES_LOSS_CATEGORICAL_CROSS_ENTROPY)
            sum[d->labels[i]] += weight;
        else if (d->loss == TREES_LOSS_BINARY_CROSS_ENTROPY)
            sum[0] += weight * d->labels[i];
        else
            for (int k = 0; k < d->outputs; k++)
                sum[k] += weight * (double)d->targets[i * d->outputs + k];
    }
    for (int k = 0; k < d->outputs; k++) {
        double mean = sum[k] / total;
        double p = fmin(fmax(mean, 1e-9), 1 - 1e-9); /* a class may have no events */
        switch (d->loss) {
        case TREES_LOSS_CATEGORICAL_CROSS_ENTROPY: base[k] = log(p * d->outputs); break;
        case TREES_LOSS_BINARY_CROSS_ENTROPY: base[k] = log(p / (1 - p)); break;
        default: base[k] = mean;
        }
    }
}
