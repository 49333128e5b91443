/* The forward and backward pass of each operation over a tile of rows. */
#include "trainer/nn/gemm.h"
#include "trainer/nn/model.h"

#include <assert.h>

#define R(x) ((real)(x))

const double nn_batchnorm_epsilon = 1e-3, nn_batchnorm_momentum = 0.95;

/* ---- Batch normalisation: the only operation whose rows depend on each other ---------------- */

/* Column sums of (x - shift)^power, power 1 or 2, into this thread's row of `slot`; then the sum
 * over all threads in `total`. */
static void sum_over_batch(struct nn *nn, struct nn_op *op, int thread, int slot, int rows,
                           const real *x, const real *shift, double *total)
{
    const int threads = pool_threads(nn->pool), columns = op->columns;
    double *mine = op->sums + ((size_t)thread * 4 + (size_t)slot) * (size_t)columns;
    memset(mine, 0, (size_t)columns * sizeof *mine);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            double d = (double)x[(ptrdiff_t)i * columns + j];
            if (shift) d = (d - (double)shift[j]) * (d - (double)shift[j]);
            mine[j] += d;
        }
    pool_barrier(nn->pool);
    memset(total, 0, (size_t)columns * sizeof *total);
    for (int t = 0; t < threads; t++)
        for (int j = 0; j < columns; j++)
            total[j] += op->sums[((size_t)t * 4 + (size_t)slot) * (size_t)columns + (size_t)j];
}

static void batch_statistics(struct nn *nn, struct nn_op *op, int thread, int rows, int batch,
                             const real *x)
{
    const int columns = op->columns;
    struct arena scratch = {0};
    double *total = arena_alloc(&scratch, (size_t)columns, sizeof *total);
    real *mean = arena_alloc(&scratch, (size_t)columns, sizeof *mean);
    sum_over_batch(nn, op, thread, 0, rows, x, NULL, total);
    for (int j = 0; j < columns; j++)
        mean[j] = R(total[j] / batch);
    sum_over_batch(nn, op, thread, 1, rows, x, mean, total);
    if (thread == 0) {
        real *running_mean = nn->parameters + op->mean.first;
        real *running_variance = nn->parameters + op->variance.first;
        const real keep = R(nn_batchnorm_momentum), take = R(1 - nn_batchnorm_momentum);
        for (int j = 0; j < op->outputs; j++) {
            double variance = total[j] / batch;
            op->batch_mean[j] = mean[j];
            op->batch_inverse[j] = R(1 / sqrt(variance + nn_batchnorm_epsilon));
            running_mean[j] = keep * running_mean[j] + take * mean[j];
            running_variance[j] = keep * running_variance[j] + take * R(variance);
        }
    }
    pool_barrier(nn->pool);
    arena_free(&scratch);
}

/* y = scale x + offset by columns; columns past the true width have scale and offset 0. */
static void scale_columns(int rows, int columns, const real *scale, const real *offset,
                          const real *x, real *y)
{
    for (int i = 0; i < rows; i++, x += columns, y += columns)
        for (int j = 0; j < columns; j++)
            y[j] = scale[j] * x[j] + offset[j];
}

static void batchnorm_forward(struct nn *nn, struct nn_op *op, int thread, int rows, bool training,
                              int batch, const real *x, real *y)
{
    const real *gamma = nn->parameters + op->gamma.first, *beta = nn->parameters + op->beta.first;
    const real *mean = nn->parameters + op->mean.first;
    const real *variance = nn->parameters + op->variance.first;
    real *scale = op->scratch + (ptrdiff_t)thread * 3 * op->columns, *offset = scale + op->columns;
    if (training) batch_statistics(nn, op, thread, rows, batch, x);
    for (int j = 0; j < op->outputs; j++) {
        real m = training ? op->batch_mean[j] : mean[j];
        real inverse =
            training ? op->batch_inverse[j] : 1 / real_sqrt(variance[j] + R(nn_batchnorm_epsilon));
        scale[j] = gamma[j] * inverse;
        offset[j] = beta[j] - scale[j] * m;
    }
    scale_columns(rows, op->columns, scale, offset, x, y);
}

/* dx = gamma / s * (dy - mean(dy) - xhat mean(dy xhat)), s and the means over the whole batch
 * (Ioffe and Szegedy 2015, section 3, collected); as dx = a dy + b x + c by columns. */
static void batchnorm_backward(struct nn *nn, struct nn_op *op, int thread, int rows, int batch,
                               const real *x, real *d, real *gradient)
{
    const int columns = op->columns, threads = pool_threads(nn->pool);
    const real *gamma = nn->parameters + op->gamma.first;
    const real *m = op->batch_mean, *inverse = op->batch_inverse;
    double *mine = op->sums + ((size_t)thread * 4 + 2) * (size_t)columns;
    memset(mine, 0, 2 * (size_t)columns * sizeof *mine);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            ptrdiff_t at = (ptrdiff_t)i * columns + j;
            mine[j] += (double)d[at];
            mine[columns + j] += (double)(d[at] * ((x[at] - m[j]) * inverse[j]));
        }
    for (int j = 0; j < op->outputs; j++) {
        gradient[op->beta.first + (size_t)j] += R(mine[j]);
        gradient[op->gamma.first + (size_t)j] += R(mine[columns + j]);
    }
    pool_barrier(nn->pool);
    real *a = op->scratch + (ptrdiff_t)thread * 3 * columns, *b = a + columns, *c = b + columns;
    for (int j = 0; j < op->outputs; j++) {
        double sum = 0, product = 0;
        for (int t = 0; t < threads; t++) {
            sum += op->sums[((size_t)t * 4 + 2) * (size_t)columns + (size_t)j];
            product += op->sums[((size_t)t * 4 + 3) * (size_t)columns + (size_t)j];
        }
        a[j] = gamma[j] * inverse[j];
        b[j] = -a[j] * inverse[j] * R(product / batch);
        c[j] = -a[j] * R(sum / batch) - b[j] * m[j];
    }
    for (int i = 0; i < rows; i++, x += columns, d += columns)
        for (int j = 0; j < columns; j++)
            d[j] = a[j] * d[j] + b[j] * x[j] + c[j];
}

/* ---- Softmax and dropout -------------------------------------------------------------------- */

static void softmax_forward(const struct nn_op *op, int rows, const real *x, real *y)
{
    for (int i = 0; i < rows; i++, x += op->columns, y += op->columns) {
        real top = x[0], sum = 0;
        for (int j = 1; j < op->outputs; j++)
            top = x[j] > top ? x[j] : top;
        for (int j = 0; j < op->outputs; j++)
            sum += y[j] = real_exp(x[j] - top);
        for (int j = 0; j < op->outputs; j++)
            y[j] /= sum;
        for (int j = op->outputs; j < op->columns; j++)
            y[j] = 0;
    }
}

static void softmax_backward(const struct nn_op *op, int rows, const real *y, real *d)
{
    for (int i = 0; i < rows; i++, y += op->columns, d += op->columns) {
        real dot = 0;
        for (int j = 0; j < op->outputs; j++)
            dot += y[j] * d[j];
        for (int j = 0; j < op->outputs; j++)
            d[j] = y[j] * (d[j] - dot);
    }
}

/* A random number of (seed, step, operation, row, column) alone, so that the threads' shares do not
 * matter: two rounds of the 32-bit finaliser of MurmurHash3. */
static inline uint32_t scramble(uint32_t h)
{
    h ^= h >> 16;
    h *= 0x85ebca6bU;
    h ^= h >> 13;
    h *= 0xc2b2ae35U;
    return h ^ h >> 16;
}

/* y = x or 0; the same call with the gradient is the backward pass. */
static void dropout(const struct nn *nn, const struct nn_op *op, uint64_t step, int row, int rows,
                    const real *x, real *y)
{
    const uint32_t limit = (uint32_t)(op->rate * 4294967295.0);
    const real scale = R(1 / (1 - op->rate));
    uint64_t key = nn->seed * 0x9e3779b97f4a7c15U + step;
    uint32_t base = scramble((uint32_t)key) ^ scramble((uint32_t)(key >> 32) + 1);
    base = scramble(base + (uint32_t)op->layer);
    for (int i = 0; i < rows; i++) {
        uint32_t row_key = scramble(base ^ (uint32_t)(row + i));
        for (int j = 0; j < op->columns; j++) {
            ptrdiff_t at = (ptrdiff_t)i * op->columns + j;
            uint32_t h = scramble(row_key + (uint32_t)j);
            y[at] = h < limit ? R(0) : x[at] * scale;
        }
    }
}

/* ---- All operations ------------------------------------------------------------------------- */

void nn_forward(struct nn *nn, int thread, int rows, int last, bool training, uint64_t step,
                int row, int batch)
{
    struct nn_workspace *work = &nn->workspaces[thread];
    const real *x = work->input;
    for (int i = 0; i <= last; i++) {
        struct nn_op *op = &nn->ops[i];
        real *y = work->outputs[i];
        switch (op->kind) {
        case OP_DENSE:
            gemm(rows, op->columns, op->inputs, x, op->input_columns, 1, op->used_weights,
                 op->columns, op->bias.count ? op->used_bias : NULL, 0, y, op->columns);
            break;
        case OP_BATCHNORM: batchnorm_forward(nn, op, thread, rows, training, batch, x, y); break;
        case OP_ACTIVATION:
            activation_forward(op->activation, op->alpha, &op->quant, rows, op->columns, x, y);
            break;
        case OP_SOFTMAX: softmax_forward(op, rows, x, y); break;
        case OP_DROPOUT:
            if (training)
                dropout(nn, op, step, row, rows, x, y);
            else
                memcpy(y, x, (size_t)rows * (size_t)op->columns * sizeof *y);
            break;
        }
        x = y;
    }
}

static void dense_backward(const struct nn_op *op, int rows, bool bias_done, const real *x, real *d,
                           real *gradient, real *below)
{
    const struct column_quantizer none = {0};
    real *bias = op->bias.count ? gradient + op->bias.first : NULL;
    if (bias && !bias_done)
        activation_backward(ACTIVATION_LINEAR, 0, &none, rows, op->columns, d, d, bias);
    gemm(op->inputs, op->columns, rows, x, 1, op->input_columns, d, op->columns, NULL, 1,
         gradient + op->weights.first, op->columns);
    if (below)
        gemm(rows, op->input_columns, op->outputs, d, op->columns, 1, op->transposed,
             op->input_columns, NULL, 0, below, op->input_columns);
}

/* Whether any operation before i has parameters. */
static bool needs_below(const struct nn *nn, int i)
{
    while (--i >= 0)
        if (nn->ops[i].kind == OP_DENSE || nn->ops[i].kind == OP_BATCHNORM ||
            nn->ops[i].widths.learned)
            return true;
    return false;
}

/* Learned widths: the columns' gradients, over those who share a width. */
static void learned_backward(struct nn_op *op, struct nn_workspace *work, int rows, const real *x,
                             const real *y, real *d, real *sums, real *parameters)
{
    real *fractions = work->widths, *ranges = fractions + op->columns;
    memset(work->widths, 0, 2 * (size_t)op->columns * sizeof *work->widths);
    activation_backward_learned(op->activation, op->alpha, &op->quant, rows, op->columns, x, y, d,
                                sums, fractions, ranges);
    const size_t count = op->widths.fraction.count;
    real *to_fractions = parameters + op->widths.fraction.first;
    real *to_ranges = parameters + op->widths.range.first;
    for (int j = 0; j < op->outputs; j++) {
        size_t at = op->widths.grain == GRAIN_TENSOR ? 0 : (size_t)j % count;
        to_fractions[at] += fractions[j];
        if (op->range_learned) to_ranges[at] += ranges[j];
    }
}

void nn_backward(struct nn *nn, int thread, int rows, uint64_t step, int row, int batch,
                 real *parameters)
{
    struct nn_workspace *work = &nn->workspaces[thread];
    real *d = work->loss, *other = work->other;
    bool bias_done = false;
    for (int i = nn->op_count - 1; i >= 0; i--) {
        struct nn_op *op = &nn->ops[i];
        const real *x = i ? work->outputs[i - 1] : work->input;
        bool below = needs_below(nn, i);
        switch (op->kind) {
        case OP_DENSE: {
            dense_backward(op, rows, bias_done, x, d, parameters, below ? other : NULL);
            real *swap = d;
            d = other;
            other = swap;
            break;
        }
        case OP_BATCHNORM: batchnorm_backward(nn, op, thread, rows, batch, x, d, parameters); break;
        case OP_ACTIVATION: {
            struct nn_op *before = i ? &nn->ops[i - 1] : NULL;
            bias_done = before && before->kind == OP_DENSE;
            real *sums = bias_done && before->bias.count ? parameters + before->bias.first : NULL;
            if (op->widths.learned)
                learned_backward(op, work, rows, x, work->outputs[i], d, sums, parameters);
            else
                activation_backward(op->activation, op->alpha, &op->quant, rows, op->columns, x, d,
                                    sums);
            break;
        }
        case OP_SOFTMAX: softmax_backward(op, rows, work->outputs[i], d); break;
        case OP_DROPOUT: dropout(nn, op, step, row, rows, d, d); break;
        }
        if (op->kind != OP_ACTIVATION) bias_done = false;
        if (!below && op->kind != OP_ACTIVATION) return;
    }
}
