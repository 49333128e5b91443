/* Losses. Cross-entropies run over PAD events at a time, so that exp and log vectorise whatever the
 * number of classes; the others are a plain loop. */
#include "trainer/nn/loss.h"

#include <assert.h>

#define R(x) ((real)(x))

/* Softmax and -log p[label] (with targets: - sum t log p) of `n` <= PAD rows; p replaces y when
 * differentiate is set. */
static void softmax_rows(const struct loss_spec *spec, int n, real *y, const int *labels,
                         const real *targets, const real *factor, bool differentiate, real *loss,
                         real *best)
{
    const int classes = spec->outputs, stride = spec->columns;
    real top[PAD], sum[PAD], chosen[PAD];
    for (int r = 0; r < PAD; r++) {
        top[r] = r < n ? y[(ptrdiff_t)r * stride] : R(0);
        best[r] = 0;
        sum[r] = 0;
        chosen[r] = r < n && !targets ? y[(ptrdiff_t)r * stride + labels[r]] : R(0);
        for (int c = 0; targets && r < n && c < classes; c++)
            chosen[r] += targets[r * classes + c] * y[(ptrdiff_t)r * stride + c];
    }
    for (int c = 1; c < classes; c++)
        for (int r = 0; r < n; r++) {
            real v = y[(ptrdiff_t)r * stride + c];
            best[r] = v > top[r] ? (real)c : best[r];
            top[r] = v > top[r] ? v : top[r];
        }
    for (int c = 0; c < classes; c++) {
        real e[PAD];
        for (int r = 0; r < PAD; r++)
            e[r] = r < n ? y[(ptrdiff_t)r * stride + c] : top[r];
        for (int r = 0; r < PAD; r++) {
            e[r] = real_exp(e[r] - top[r]);
            sum[r] += e[r];
        }
        if (differentiate)
            for (int r = 0; r < n; r++)
                y[(ptrdiff_t)r * stride + c] = e[r];
    }
    for (int r = 0; r < PAD; r++)
        loss[r] = top[r] + real_log(sum[r]) - chosen[r];
    if (!differentiate) return;
    real inverse[PAD];
    for (int r = 0; r < PAD; r++)
        inverse[r] = factor[r] / sum[r];
    for (int r = 0; r < n; r++) {
        real *row = y + (ptrdiff_t)r * stride;
        for (int c = 0; c < stride; c++)
            row[c] *= inverse[r];
        for (int c = classes; c < stride; c++)
            row[c] = 0;
        if (!targets) row[labels[r]] -= factor[r];
        for (int c = 0; targets && c < classes; c++)
            row[c] -= factor[r] * targets[r * classes + c];
    }
}

static struct loss_sum categorical(const struct loss_spec *spec, int rows, real *y,
                                   const int *labels, const real *targets, const real *weights,
                                   real scale, bool differentiate)
{
    struct loss_sum total = {0};
    for (int start = 0; start < rows; start += PAD) {
        int n = rows - start < PAD ? rows - start : PAD;
        real weight[PAD], factor[PAD], loss[PAD], best[PAD];
        for (int r = 0; r < PAD; r++) {
            weight[r] = r < n ? (weights ? weights[start + r] : R(1)) : R(0);
            factor[r] = weight[r] * scale;
        }
        softmax_rows(spec, n, y + (ptrdiff_t)start * spec->columns, labels + start,
                     targets ? targets + (ptrdiff_t)start * spec->outputs : NULL, factor,
                     differentiate, loss, best);
        for (int r = 0; r < n; r++) {
            total.loss += (double)(weight[r] * loss[r]);
            total.weight += (double)weight[r];
            total.right += (int)best[r] == labels[start + r];
        }
    }
    return total;
}

/* Loss of one output and its derivative. t: target. */
static real output_loss(const struct loss_spec *spec, real y, real t, real *derivative)
{
    real e = y - t, magnitude = real_abs(e), sign = e > 0 ? R(1) : e < 0 ? R(-1) : R(0);
    switch (spec->kind) {
    case LOSS_SQUARED_ERROR: *derivative = 2 * e; return e * e;
    case LOSS_ABSOLUTE_ERROR: *derivative = sign; return magnitude;
    case LOSS_HUBER: {
        real d = spec->huber_delta;
        *derivative = magnitude <= d ? e : sign * d;
        return magnitude <= d ? e * e / 2 : d * (magnitude - d / 2);
    }
    case LOSS_HINGE: {
        real s = 2 * t - 1, margin = 1 - s * y;
        *derivative = margin > 0 ? -s : R(0);
        return margin > 0 ? margin : R(0);
    }
    default: { /* binary cross-entropy; small = exp(-|y|) never overflows */
        real small = real_exp(-real_abs(y));
        real p = y >= 0 ? 1 / (1 + small) : small / (1 + small);
        *derivative = p - t;
        return (y > 0 ? y : R(0)) - y * t + real_log(1 + small);
    }
    }
}

static bool is_right(const real *y, int outputs, real threshold, int label)
{
    if (outputs == 1) return (y[0] > threshold) == (label == 1);
    int best = 0;
    for (int c = 1; c < outputs; c++)
        if (y[c] > y[best]) best = c;
    return best == label;
}

struct loss_sum loss_eval(const struct loss_spec *spec, int rows, real *y, const int *labels,
                          const real *targets, const real *weights, real scale, bool differentiate)
{
    assert(spec->classes ? labels != NULL : targets != NULL);
    if (spec->kind == LOSS_CATEGORICAL_CROSS_ENTROPY)
        return categorical(spec, rows, y, labels, targets, weights, scale, differentiate);
    struct loss_sum total = {0};
    const int outputs = spec->outputs;
    for (int i = 0; i < rows; i++) {
        real *row = y + (ptrdiff_t)i * spec->columns;
        real weight = weights ? weights[i] : R(1), sum = 0;
        if (spec->classes) total.right += is_right(row, outputs, spec->threshold, labels[i]);
        for (int c = 0; c < outputs; c++) {
            real t, derivative;
            if (targets)
                t = targets[(ptrdiff_t)i * outputs + c];
            else
                t = labels[i] == (outputs == 1 ? 1 : c) ? R(1) : R(0);
            sum += output_loss(spec, row[c], t, &derivative);
            if (differentiate) row[c] = derivative * scale * weight / (real)outputs;
        }
        if (differentiate)
            for (int c = outputs; c < spec->columns; c++)
                row[c] = 0;
        total.loss += (double)(weight * sum / (real)outputs);
        total.weight += (double)weight;
    }
    return total;
}
