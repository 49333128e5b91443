/* Changes of single numbers, evaluated by column. See columns.h. */
#include "trainer/nn/columns.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

#define R(x) ((real)(x))
#define INLINE static inline __attribute__((always_inline))

enum { TILE = COLUMNS_TILE, FEWEST_TILES = 4 };

static real *column(const struct column_layer *l, real *values, int tile, int j)
{
    return values + ((ptrdiff_t)tile * l->outputs + j) * TILE;
}

static real power_of_two(int n)
{
    return R(ldexp(1, n));
}

/* ---- Activations ------------------------------------------------------------------------------
 */

/* A format as the numbers its loop needs. */
struct limits {
    real scale, step, low, high, half;
};

static struct limits limits_of(const struct column_layer *l, int j, int fraction, int range)
{
    int bits = fraction + range;
    struct limits f = {.scale = power_of_two(fraction),
                       .step = power_of_two(-fraction),
                       .half = l->truncates ? R(0) : R(0.5)};
    if (bits > 0) f.high = power_of_two(l->is_signed[j] ? bits - 1 : bits) - 1;
    if (bits > 0 && l->is_signed[j]) f.low = -power_of_two(bits - 1);
    return f;
}

INLINE real squash(const enum activation f, real alpha, real x)
{
    switch (f) {
    case ACTIVATION_RELU: return x < 0 ? R(0) : x;
    case ACTIVATION_LEAKY_RELU: return x < 0 ? alpha * x : x;
    case ACTIVATION_SIGMOID: return 1 / (1 + real_exp(-x));
    case ACTIVATION_TANH: return 1 - 2 / (1 + real_exp(2 * x));
    default: return x;
    }
}

INLINE void quantize_tile(const enum activation f, real alpha, struct limits q, const real *sum,
                          real *result)
{
    for (int e = 0; e < TILE; e++) {
        real v = real_floor(squash(f, alpha, sum[e]) * q.scale + q.half);
        v = v > q.high ? q.high : v;
        v = v < q.low ? q.low : v;
        result[e] = v * q.step;
    }
}

static void quantize(const struct column_layer *l, struct limits q, const real *sum, real *result)
{
#define CASE(kind)                                                                                 \
    case ACTIVATION_##kind: quantize_tile(ACTIVATION_##kind, l->alpha, q, sum, result); return;
    switch (l->activation) {
        CASE(LINEAR)
        CASE(RELU)
        CASE(LEAKY_RELU)
        CASE(SIGMOID)
        CASE(TANH)
        CASE(SIGN)
    }
#undef CASE
}

/* ---- Losses -----------------------------------------------------------------------------------
 */

/* Loss of one output and, unless they are NULL, its derivatives. As loss.h says, but for the mean
 * over outputs. */
INLINE real output_loss(const struct loss_spec *spec, real y, real t, real *first, real *second)
{
    real e = y - t, magnitude = real_abs(e), sign = e > 0 ? R(1) : e < 0 ? R(-1) : R(0);
    real g = 0, h = 0, loss = 0;
    switch (spec->kind) {
    case LOSS_SQUARED_ERROR: loss = e * e, g = 2 * e, h = 2; break;
    case LOSS_ABSOLUTE_ERROR: loss = magnitude, g = sign; break;
    case LOSS_HUBER: {
        real d = spec->huber_delta;
        bool near = magnitude <= d;
        loss = near ? e * e / 2 : d * (magnitude - d / 2);
        g = near ? e : sign * d, h = near ? R(1) : R(0);
        break;
    }
    case LOSS_HINGE: {
        real s = 2 * t - 1, margin = 1 - s * y;
        loss = margin > 0 ? margin : R(0), g = margin > 0 ? -s : R(0);
        break;
    }
    default: { /* binary cross-entropy */
        real small = real_exp(-magnitude), p;
        small = real_exp(-real_abs(y));
        p = y >= 0 ? 1 / (1 + small) : small / (1 + small);
        loss = (y > 0 ? y : R(0)) - y * t + real_log(1 + small), g = p - t, h = p * (1 - p);
    }
    }
    if (first) *first = g, *second = h;
    return loss;
}

/* Softmax of a tile's outputs by column; returns in `lost` each event's cross-entropy. */
static void softmax_tile(int classes, const real *const *y, const real *targets, real *p,
                         real *lost)
{
    real top[TILE], sum[TILE], chosen[TILE];
    assert(classes > 0);
    memcpy(top, y[0], sizeof top);
    memset(sum, 0, sizeof sum);
    memset(chosen, 0, sizeof chosen);
    for (int c = 1; c < classes; c++)
        for (int e = 0; e < TILE; e++)
            top[e] = y[c][e] > top[e] ? y[c][e] : top[e];
    for (int c = 0; c < classes; c++) {
        const real *t = targets + (ptrdiff_t)c * TILE;
        for (int e = 0; e < TILE; e++) {
            real power = real_exp(y[c][e] - top[e]);
            if (p) p[c * TILE + e] = power;
            sum[e] += power;
            chosen[e] += t[e] * (y[c][e] - top[e]);
        }
    }
    for (int e = 0; e < TILE; e++)
        lost[e] = real_log(sum[e]) - chosen[e];
    for (int c = 0; p && c < classes; c++)
        for (int e = 0; e < TILE; e++)
            p[c * TILE + e] /= sum[e];
}

static const real *tile_targets(const struct columns *s, int tile)
{
    return s->targets + (ptrdiff_t)tile * s->spec->outputs * TILE;
}

/* Sum of the weighted losses of a tile whose outputs are y, by column. */
static double tile_loss(const struct columns *s, int tile, const real *const *y)
{
    const int outputs = s->spec->outputs;
    const real *weights = s->weights + (ptrdiff_t)tile * TILE, *targets = tile_targets(s, tile);
    real lost[TILE], parts[PAD] = {0};
    if (s->spec->kind == LOSS_CATEGORICAL_CROSS_ENTROPY) {
        softmax_tile(outputs, y, targets, NULL, lost);
    } else {
        memset(lost, 0, sizeof lost);
        for (int c = 0; c < outputs; c++)
            for (int e = 0; e < TILE; e++)
                lost[e] +=
                    output_loss(s->spec, y[c][e], targets[c * TILE + e], NULL, NULL) / R(outputs);
    }
    for (int e = 0; e < TILE; e += PAD)
        for (int k = 0; k < PAD; k++)
            parts[k] += weights[e + k] * lost[e + k];
    double total = 0;
    for (int k = 0; k < PAD; k++)
        total += (double)parts[k];
    return total;
}

/* ---- Evaluating a change ----------------------------------------------------------------------
 */

/* Sums of layer n, in touched_sums[n] where touched[n], from the difference of one element of the
 * layer before (element >= 0, in s->difference) or from those that are left in touched_sums[n - 1].
 */
static void carry_sums(struct columns *s, int tile, int n, int element)
{
    struct column_layer *l = &s->layers[n];
    bool *touched = s->touched[n];
    memset(touched, 0, (size_t)l->outputs);
    int first = element >= 0 ? element : 0, end = element >= 0 ? element + 1 : l->inputs;
    for (int i = first; i < end; i++) {
        if (element < 0 && !s->touched[n - 1][i]) continue;
        const real *d = element >= 0 ? s->difference : s->touched_sums[n - 1] + (ptrdiff_t)i * TILE;
        for (int j = 0; j < l->outputs; j++) {
            const real w = l->weights[i * l->outputs + j];
            if (w == 0) continue;
            real *sum = s->touched_sums[n] + (ptrdiff_t)j * TILE;
            const real *from = touched[j] ? sum : column(l, l->sums, tile, j);
            for (int e = 0; e < TILE; e++)
                sum[e] = from[e] + w * d[e];
            touched[j] = true;
        }
    }
}

/* From sums to differences of results, in place. keep: also into the columns. */
static void carry_results(struct columns *s, int tile, int n, bool keep)
{
    struct column_layer *l = &s->layers[n];
    for (int j = 0; j < l->outputs; j++) {
        if (!s->touched[n][j]) continue;
        real *sum = s->touched_sums[n] + (ptrdiff_t)j * TILE, *old = column(l, l->results, tile, j);
        quantize(l, limits_of(l, j, l->fraction[j], l->range[j]), sum, s->result);
        if (keep) memcpy(column(l, l->sums, tile, j), sum, TILE * sizeof *sum);
        real any = 0;
        for (int e = 0; e < TILE; e++) {
            sum[e] = s->result[e] - old[e];
            any += real_abs(sum[e]);
        }
        if (keep) memcpy(old, s->result, TILE * sizeof *old);
        s->touched[n][j] = any != 0;
    }
}

/* The tile's loss once the last layer's sums are touched. */
static double finish_tile(struct columns *s, int tile, bool keep)
{
    const int last = s->layer_count - 1;
    struct column_layer *l = &s->layers[last];
    const real *y[COLUMNS_MOST_OUTPUTS];
    for (int c = 0; c < l->outputs; c++) {
        real *sum = s->touched_sums[last] + (ptrdiff_t)c * TILE;
        real *old = column(l, l->sums, tile, c);
        y[c] = s->touched[last][c] ? sum : old;
        if (keep && s->touched[last][c]) memcpy(old, sum, TILE * sizeof *old);
    }
    return tile_loss(s, tile, y);
}

/* Sums of the changed element in s->sum; whether anything else than its format differs. */
static void changed_sums(struct columns *s, int tile, const struct column_change *c)
{
    struct column_layer *l = columns_layer(s, c->layer);
    const real *sum = column(l, l->sums, tile, c->column);
    real delta = 0;
    if (c->layer >= 0 && (c->is_format || c->row < 0)) delta = c->value - l->bias[c->column];
    if (c->is_format || c->row < 0) {
        for (int e = 0; e < TILE; e++)
            s->sum[e] = sum[e] + delta;
        return;
    }
    struct column_layer *from = columns_layer(s, c->layer - 1);
    const real *x = column(from, from->results, tile, c->row);
    delta = c->value - l->weights[c->row * l->outputs + c->column];
    for (int e = 0; e < TILE; e++)
        s->sum[e] = sum[e] + delta * x[e];
}

/* The loss of a tile with the change; keep: it is made in this tile's columns. */
static double eval_tile(struct columns *s, int tile, const struct column_change *c, bool keep)
{
    struct column_layer *l = columns_layer(s, c->layer);
    const int j = c->column;
    changed_sums(s, tile, c);
    if (c->layer == s->layer_count - 1) {
        memset(s->touched[c->layer], 0, (size_t)l->outputs);
        s->touched[c->layer][j] = true;
        memcpy(s->touched_sums[c->layer] + (ptrdiff_t)j * TILE, s->sum, TILE * sizeof(real));
        return finish_tile(s, tile, keep);
    }
    real *result = column(l, l->results, tile, j);
    quantize(l,
             limits_of(l, j, c->is_format ? c->fraction : l->fraction[j],
                       c->is_format ? c->range : l->range[j]),
             s->sum, s->result);
    real any = 0;
    for (int e = 0; e < TILE; e++) {
        s->difference[e] = s->result[e] - result[e];
        any += real_abs(s->difference[e]);
    }
    if (keep) {
        memcpy(column(l, l->sums, tile, j), s->sum, TILE * sizeof(real));
        memcpy(result, s->result, TILE * sizeof(real));
    }
    if (any == 0) return s->loss[tile];
    for (int n = c->layer + 1; n < s->layer_count; n++) {
        carry_sums(s, tile, n, n == c->layer + 1 ? j : -1);
        if (n < s->layer_count - 1) carry_results(s, tile, n, keep);
    }
    return finish_tile(s, tile, keep);
}

double columns_mean_loss(const struct columns *s)
{
    double sum = 0;
    for (int t = 0; t < s->tiles; t++)
        sum += s->loss[t];
    return sum / s->total_weight;
}

double columns_difference(struct columns *s, const struct column_change *c, double enough)
{
    double sum = 0, squares = 0;
    for (int t = 0; t < s->tiles; t++) {
        double d = (eval_tile(s, t, c, false) - s->loss[t]) / s->mean_weight, n = t + 1;
        sum += d;
        squares += d * d;
        if (t < FEWEST_TILES || t + 1 == s->tiles) continue;
        double mean = sum / n, error = sqrt(fmax(0, squares / n - mean * mean) / n);
        if (mean - 2 * error > enough) return mean;
    }
    return sum / s->tiles;
}

void columns_keep(struct columns *s, const struct column_change *c)
{
    struct column_layer *l = columns_layer(s, c->layer);
    for (int t = 0; t < s->tiles; t++)
        s->loss[t] = eval_tile(s, t, c, true);
    if (c->is_format) {
        l->fraction[c->column] = c->fraction;
        l->range[c->column] = c->range;
    }
    if (c->layer < 0) return;
    if (c->is_format || c->row < 0)
        l->bias[c->column] = c->value;
    else
        l->weights[c->row * l->outputs + c->column] = c->value;
}

/* ---- Estimates --------------------------------------------------------------------------------
 */

/* Derivatives of the loss by the outputs: first [outputs][TILE] and, but for the softmax, whose
 * outputs hang together, second; p: the softmax. */
static void output_derivatives(struct columns *s, int tile, real *p, real *first, real *second)
{
    struct column_layer *l = &s->layers[s->layer_count - 1];
    const int outputs = l->outputs;
    const real *weights = s->weights + (ptrdiff_t)tile * TILE, *targets = tile_targets(s, tile);
    const real *y[COLUMNS_MOST_OUTPUTS];
    real lost[TILE];
    for (int c = 0; c < outputs; c++)
        y[c] = column(l, l->sums, tile, c);
    bool softmax = s->spec->kind == LOSS_CATEGORICAL_CROSS_ENTROPY;
    if (softmax) softmax_tile(outputs, y, targets, p, lost);
    for (int c = 0; c < outputs; c++)
        for (int e = 0; e < TILE; e++) {
            int at = c * TILE + e;
            if (softmax)
                first[at] = p[at] - targets[at], second[at] = p[at] * (1 - p[at]);
            else
                output_loss(s->spec, y[c][e], targets[at], &first[at], &second[at]);
            real factor = softmax ? weights[e] : weights[e] / R(outputs);
            first[at] *= factor;
            second[at] *= factor;
        }
}

/* d output / d result of element i that layer n reads, [outputs][TILE], from those of the layer
 * behind. */
static void element_jacobian(struct columns *s, int tile, int n, int i, const real *behind,
                             real *jacobian)
{
    struct column_layer *l = &s->layers[n];
    const int outputs = s->spec->outputs;
    memset(jacobian, 0, (size_t)outputs * TILE * sizeof *jacobian);
    for (int j = 0; j < l->outputs; j++) {
        const real w = l->weights[i * l->outputs + j];
        if (w == 0) continue;
        if (n == s->layer_count - 1) {
            for (int e = 0; e < TILE; e++)
                jacobian[j * TILE + e] = w;
            continue;
        }
        const struct limits q = limits_of(l, j, l->fraction[j], l->range[j]);
        const real *sum = column(l, l->sums, tile, j),
                   *own = behind + (ptrdiff_t)j * outputs * TILE;
        const real low = l->activation == ACTIVATION_RELU ? R(0) : q.low * q.step;
        real slope[TILE];
        for (int e = 0; e < TILE; e++) {
            real y = squash(l->activation, l->alpha, sum[e]);
            real d = y > low && y < (q.high + 1) * q.step ? w : R(0);
            if (l->activation == ACTIVATION_SIGMOID) d *= y * (1 - y);
            if (l->activation == ACTIVATION_TANH) d *= 1 - y * y;
            if (l->activation == ACTIVATION_LEAKY_RELU && sum[e] < 0) d *= l->alpha;
            slope[e] = d;
        }
        for (int c = 0; c < outputs; c++)
            for (int e = 0; e < TILE; e++)
                jacobian[c * TILE + e] += slope[e] * own[c * TILE + e];
    }
}

/* Derivatives of the loss by an element from its Jacobian. */
static void element_derivatives(const struct columns *s, int tile, const real *p, const real *first,
                                const real *second, const real *jacobian, real *element_first,
                                real *element_second)
{
    const real *weights = s->weights + (ptrdiff_t)tile * TILE;
    const int outputs = s->spec->outputs;
    real g[TILE] = {0}, h[TILE] = {0}, mean[TILE] = {0};
    bool softmax = s->spec->kind == LOSS_CATEGORICAL_CROSS_ENTROPY;
    for (int c = 0; c < outputs; c++)
        for (int e = 0; e < TILE; e++) {
            real u = jacobian[c * TILE + e];
            g[e] += first[c * TILE + e] * u;
            mean[e] += softmax ? p[c * TILE + e] * u : R(0);
            h[e] += softmax ? weights[e] * p[c * TILE + e] * u * u : second[c * TILE + e] * u * u;
        }
    for (int e = 0; e < TILE; e++) {
        element_first[e] = g[e];
        element_second[e] = h[e] - weights[e] * mean[e] * mean[e];
    }
}

void columns_derive(struct columns *s)
{
    struct arena arena = {0};
    const int last = s->layer_count - 1, outputs = s->spec->outputs;
    const size_t block = (size_t)outputs * TILE;
    real *p = arena_alloc(&arena, block, sizeof(real)),
         *first = arena_alloc(&arena, block, sizeof(real));
    real *second = arena_alloc(&arena, block, sizeof(real));
    real *jacobians[COLUMNS_MOST_LAYERS + 1] = {NULL};
    for (int n = 0; n <= last; n++)
        jacobians[n] = arena_alloc(&arena, (size_t)s->layers[n].inputs * block, sizeof(real));
    for (int t = 0; t < s->tiles; t++) {
        struct column_layer *l = &s->layers[last];
        output_derivatives(s, t, p, first, second);
        memcpy(column(l, l->first, t, 0), first, block * sizeof *first);
        memcpy(column(l, l->second, t, 0), second, block * sizeof *second);
        for (int n = last; n >= 0; n--) {
            struct column_layer *from = columns_layer(s, n - 1);
            for (int i = 0; i < from->outputs; i++) {
                real *jacobian = jacobians[n] + (size_t)i * block;
                element_jacobian(s, t, n, i, jacobians[n + 1], jacobian);
                element_derivatives(s, t, p, first, second, jacobian,
                                    column(from, from->first, t, i),
                                    column(from, from->second, t, i));
            }
        }
    }
    arena_free(&arena);
}

void columns_estimate(struct columns *s, const struct column_change *changes, int count, int every,
                      double *differences)
{
    struct column_layer *l = columns_layer(s, changes[0].layer);
    const int j = changes[0].column;
    const bool output = changes[0].layer == s->layer_count - 1;
    double seen = 0;
    for (int k = 0; k < count; k++)
        differences[k] = 0;
    for (int t = 0; t < s->tiles; t += every) {
        const real *first = column(l, l->first, t, j), *second = column(l, l->second, t, j);
        const real *old = column(l, output ? l->sums : l->results, t, j);
        seen += s->mean_weight;
        for (int k = 0; k < count; k++) {
            const struct column_change *c = &changes[k];
            real *now = output ? s->sum : s->result, parts[PAD] = {0};
            changed_sums(s, t, c);
            if (!output)
                quantize(l,
                         limits_of(l, j, c->is_format ? c->fraction : l->fraction[j],
                                   c->is_format ? c->range : l->range[j]),
                         s->sum, now);
            for (int e = 0; e < TILE; e += PAD)
                for (int i = 0; i < PAD; i++) {
                    real d = now[e + i] - old[e + i];
                    parts[i] += d * (first[e + i] + R(0.5) * second[e + i] * d);
                }
            for (int i = 0; i < PAD; i++)
                differences[k] += (double)parts[i];
        }
    }
    for (int k = 0; k < count; k++)
        differences[k] /= seen;
}

/* ---- Opening ----------------------------------------------------------------------------------
 */

static real target_of(const struct columns *s, const struct nn_events *events, size_t row, int c)
{
    const int outputs = s->spec->outputs;
    if (events->targets) return events->targets[row * (size_t)outputs + (size_t)c];
    return events->labels[row] == (outputs == 1 ? 1 : c) ? R(1) : R(0);
}

static void read_events(struct columns *s, const struct nn_events *events, const uint32_t *order)
{
    const int outputs = s->spec->outputs;
    size_t all = (size_t)s->tiles * TILE;
    s->targets = arena_alloc(&s->arena, all * (size_t)outputs, sizeof(real));
    s->weights = arena_alloc(&s->arena, all, sizeof(real));
    s->loss = arena_alloc(&s->arena, (size_t)s->tiles, sizeof(double));
    for (long n = 0; n < s->count; n++) {
        int tile = (int)(n / TILE), e = (int)(n % TILE);
        size_t row = order[n];
        for (int i = 0; i < s->input.outputs; i++)
            column(&s->input, s->input.sums, tile, i)[e] =
                events->x[row * (size_t)events->columns + (size_t)i];
        s->weights[n] = events->weights ? events->weights[row] : R(1);
        s->total_weight += (double)s->weights[n];
        for (int c = 0; c < outputs; c++)
            s->targets[((ptrdiff_t)tile * outputs + c) * TILE + e] = target_of(s, events, row, c);
    }
    s->mean_weight = s->total_weight / s->tiles;
}

static void run_layer(struct columns *s, int tile, int n)
{
    struct column_layer *l = &s->layers[n], *from = columns_layer(s, n - 1);
    for (int j = 0; j < l->outputs; j++) {
        real *sum = column(l, l->sums, tile, j);
        for (int e = 0; e < TILE; e++)
            sum[e] = l->bias[j];
        for (int i = 0; i < l->inputs; i++) {
            const real w = l->weights[i * l->outputs + j],
                       *x = column(from, from->results, tile, i);
            if (w == 0) continue;
            for (int e = 0; e < TILE; e++)
                sum[e] += w * x[e];
        }
        if (l->has_activation)
            quantize(l, limits_of(l, j, l->fraction[j], l->range[j]), sum,
                     column(l, l->results, tile, j));
    }
}

static void run_tile(struct columns *s, int tile)
{
    struct column_layer *input = &s->input, *last = &s->layers[s->layer_count - 1];
    for (int i = 0; i < input->outputs; i++) {
        real *raw = column(input, input->sums, tile, i);
        real *result = column(input, input->results, tile, i);
        if (input->has_activation)
            quantize(input, limits_of(input, i, input->fraction[i], input->range[i]), raw, result);
        else
            memcpy(result, raw, TILE * sizeof *raw);
    }
    for (int n = 0; n < s->layer_count; n++)
        run_layer(s, tile, n);
    const real *y[COLUMNS_MOST_OUTPUTS];
    for (int c = 0; c < last->outputs; c++)
        y[c] = column(last, last->sums, tile, c);
    s->loss[tile] = tile_loss(s, tile, y);
}

struct columns *columns_open(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                             long count)
{
    if (count < 1 || (!events->labels && !events->targets)) return NULL;
    struct columns *s = calloc(1, sizeof *s);
    if (!s) fail("out of memory");
    s->nn = nn;
    s->spec = &nn->loss;
    s->count = count;
    s->tiles = (int)((count + TILE - 1) / TILE);
    if (!columns_read_network(s, nn)) {
        columns_close(s);
        return NULL;
    }
    real **scratch[] = {&s->result, &s->difference, &s->sum};
    for (int k = 0; k < 3; k++)
        *scratch[k] = arena_alloc(&s->arena, TILE, sizeof(real));
    read_events(s, events, order);
    for (int t = 0; t < s->tiles; t++)
        run_tile(s, t);
    return s;
}

void columns_close(struct columns *s)
{
    if (!s) return;
    struct arena arena = s->arena;
    arena_free(&arena);
    free(s);
}
