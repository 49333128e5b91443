/* Optimal brain surgeon, neuron by neuron. See prune.h. */
#include "base/error.h"
#include "trainer/nn/prune.h"

#include <stdlib.h>

enum { BRAIN_EVENTS = 16384, SENSITIVITY_EVENTS = 2048 };

/* One dense operation: inverse Hessians of its neurons, each over the inputs that are left and a
 * constant 1 for the bias, [outputs][n][n]. */
struct surgeon {
    struct nn_op *op;
    int n; /* inputs + 1 */
    double *inverse, *sensitivity;
};

/* A symmetric positive definite matrix to its inverse, in place, by Gauss-Jordan elimination. */
static void invert(double *a, int n)
{
    for (int k = 0; k < n; k++) {
        double pivot = 1 / a[k * n + k];
        a[k * n + k] = 1;
        for (int j = 0; j < n; j++)
            a[k * n + j] *= pivot;
        for (int i = 0; i < n; i++) {
            double factor = a[i * n + k];
            if (i == k || factor == 0) continue;
            a[i * n + k] = 0;
            for (int j = 0; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
        }
    }
}

/* Takes input i out of a neuron's inverse Hessian. */
static void eliminate(double *h, int n, int i)
{
    double pivot = h[i * n + i];
    for (int a = 0; a < n; a++) {
        double factor = h[a * n + i] / pivot;
        for (int b = 0; b < n && a != i; b++)
            h[a * n + b] -= factor * h[i * n + b];
    }
    for (int b = 0; b < n; b++)
        h[i * n + b] = h[b * n + i] = 0;
}

/* Mean squares of the loss's derivative by each sum of every dense operation. */
static void find_sensitivities(struct nn *nn, const struct nn_events *events,
                               struct surgeon *surgeons, int count)
{
    long few = events->count < SENSITIVITY_EVENTS ? events->count : SENSITIVITY_EVENTS;
    for (long e = 0; e < few; e++) {
        uint32_t order = (uint32_t)e;
        nn_gradient(nn, events, &order, 1, 0);
        for (int s = 0; s < count; s++) {
            const struct nn_op *op = surgeons[s].op;
            for (int j = 0; j < op->outputs; j++) {
                double d = op->bias.count ? (double)nn->gradient[op->bias.first + (size_t)j] : 1;
                surgeons[s].sensitivity[j] += d * d / (double)few;
            }
        }
    }
}

static void find_inverses(struct arena *arena, struct nn *nn, const struct nn_events *events,
                          int dense, struct surgeon *s)
{
    const struct nn_op *op = &nn->ops[dense];
    long count = events->count < BRAIN_EVENTS ? events->count : BRAIN_EVENTS;
    int n = s->n;
    size_t square = (size_t)n * (size_t)n;
    real *x = malloc((size_t)count * (size_t)op->inputs * sizeof *x);
    double *h = arena_alloc(arena, square, sizeof *h);
    if (!x) fail("out of memory");
    nn_collect(nn, events, count, dense - 1, x);
    for (long e = 0; e < count; e++)
        for (int a = 0; a < n; a++) {
            double xa = a < op->inputs ? (double)x[e * op->inputs + a] : 1;
            for (int b = 0; b < n; b++)
                h[a * n + b] += xa * (b < op->inputs ? (double)x[e * op->inputs + b] : 1);
        }
    double mean = 0;
    for (int a = 0; a < n; a++)
        mean += h[a * n + a] / (double)count / n;
    for (size_t k = 0; k < square; k++)
        h[k] /= (double)count;
    for (int a = 0; a < n; a++)
        h[a * n + a] += 0.01 * mean + 1e-9;
    invert(h, n);
    for (int j = 0; j < op->outputs; j++) {
        double *own = s->inverse + (size_t)j * square;
        memcpy(own, h, square * sizeof *h);
        for (int i = 0; i < op->inputs; i++)
            if (!op->kept[(ptrdiff_t)i * op->columns + j]) eliminate(own, n, i);
    }
    free(x);
}

/* The cheapest weight of a neuron and its cost; -1: none is left. */
static int cheapest(const struct nn *nn, const struct surgeon *s, int j, double *cost)
{
    const struct nn_op *op = s->op;
    const double *h = s->inverse + (size_t)j * (size_t)s->n * (size_t)s->n;
    int best = -1;
    for (int i = 0; i < op->inputs; i++) {
        size_t at = (size_t)i * (size_t)op->columns + (size_t)j;
        if (!op->kept[at]) continue;
        double w = (double)nn->parameters[op->weights.first + at];
        double c = s->sensitivity[j] * w * w / (2 * h[i * s->n + i]);
        if (best >= 0 && c >= *cost) continue;
        best = i;
        *cost = c;
    }
    return best;
}

static void remove_weight(struct nn *nn, struct surgeon *s, int i, int j)
{
    struct nn_op *op = s->op;
    double *h = s->inverse + (size_t)j * (size_t)s->n * (size_t)s->n;
    real *w = nn->parameters + op->weights.first;
    double step = (double)w[(ptrdiff_t)i * op->columns + j] / h[i * s->n + i];
    for (int a = 0; a < op->inputs; a++)
        if (op->kept[(ptrdiff_t)a * op->columns + j])
            w[(ptrdiff_t)a * op->columns + j] -= (real)(step * h[a * s->n + i]);
    if (op->bias.count)
        nn->parameters[op->bias.first + (size_t)j] -= (real)(step * h[op->inputs * s->n + i]);
    w[(ptrdiff_t)i * op->columns + j] = 0;
    op->kept[(ptrdiff_t)i * op->columns + j] = 0;
    eliminate(h, s->n, i);
}

/* Removes weights, the cheapest of all first, until `left` are left. */
static void remove_cheapest(struct nn *nn, struct surgeon *surgeons, int count, long now, long left)
{
    for (; now > left; now--) {
        double least = INFINITY;
        int where = -1, row = 0, column = 0;
        for (int s = 0; s < count; s++)
            for (int j = 0; j < surgeons[s].op->outputs; j++) {
                double cost = 0;
                int i = cheapest(nn, &surgeons[s], j, &cost);
                if (i < 0 || cost >= least) continue;
                least = cost, where = s, row = i, column = j;
            }
        if (where < 0) return;
        remove_weight(nn, &surgeons[where], row, column);
    }
}

void nn_prune_brain(const struct train_config *config, struct nn *nn,
                    const struct nn_events *events, double sparsity)
{
    struct arena arena = {0};
    struct surgeon *surgeons = arena_alloc(&arena, (size_t)nn->op_count, sizeof *surgeons);
    int count = 0;
    long total = 0, now = 0;
    (void)config;
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        struct surgeon *s = &surgeons[count++];
        *s = (struct surgeon){.op = op, .n = op->inputs + 1};
        if (!op->kept) {
            op->kept = arena_alloc(&nn->arena, op->weights.count, 1);
            memset(op->kept, 1, op->weights.count);
        }
        s->sensitivity = arena_alloc(&arena, (size_t)op->outputs, sizeof(double));
        s->inverse =
            arena_alloc(&arena, (size_t)op->outputs * (size_t)s->n * (size_t)s->n, sizeof(double));
        find_inverses(&arena, nn, events, i, s);
        total += (long)op->inputs * op->outputs;
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++)
                now += op->kept[(ptrdiff_t)k * op->columns + j];
    }
    find_sensitivities(nn, events, surgeons, count);
    remove_cheapest(nn, surgeons, count, now, (long)((1 - sparsity) * (double)total));
    arena_free(&arena);
    nn_prepare(nn);
}
