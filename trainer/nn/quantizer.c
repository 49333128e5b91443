/* Activations fused with their quantizer: one pass over memory forward, one backward. */
#include "trainer/nn/quantizer.h"

#include <assert.h>

#define INLINE static inline __attribute__((always_inline))
#define R(x) ((real)(x))

/* v to an integer; positive: v is known not to be negative. The fraction of |v| is exact, which
 * that of a negative v is not. */
INLINE real round_real(const enum rounding mode, const bool positive, real v)
{
    if (mode == ROUND_RND_CONV) return real_rint(v);
    if (mode == ROUND_TRN) return real_floor(v);
    const bool negative = !positive && v < 0;
    real magnitude = negative ? -v : v;
    real f = real_floor(magnitude), d = magnitude - f;
    real above_half = d > R(0.5) ? R(1) : R(0), from_half = d >= R(0.5) ? R(1) : R(0);
    switch (mode) {
    case ROUND_TRN_ZERO: break;
    case ROUND_RND: f += negative ? above_half : from_half; break;
    case ROUND_RND_ZERO: f += above_half; break;
    case ROUND_RND_INF: f += from_half; break;
    default: f += negative ? from_half : above_half; break; /* RND_MIN_INF */
    }
    return negative ? -f : f;
}

INLINE real limit_real(const enum overflow mode, real r, real lowest, real highest, real modulus)
{
    if (mode == OVERFLOW_WRAP) {
        r -= real_floor(r / modulus) * modulus; /* powers of two: exact */
        return r > highest ? r - modulus : r;
    }
    if (mode == OVERFLOW_SAT_ZERO) return r < lowest || r > highest ? R(0) : r;
    r = r < lowest ? lowest : r;
    return r > highest ? highest : r;
}

/* One format for all columns: a flat loop. */
INLINE void quantize_flat(const bool relu, const enum rounding rounding,
                          const enum overflow overflow, const struct column_quantizer *q,
                          ptrdiff_t count, const real *z, real *y)
{
    const real inverse = q->inverse_step[0], step = q->step[0], modulus = q->modulus[0];
    const real lowest = q->lowest[0], highest = q->highest[0];
    for (ptrdiff_t i = 0; i < count; i++) {
        real x = relu && z[i] < 0 ? R(0) : z[i];
        real r = round_real(rounding, relu, x * inverse);
        y[i] = limit_real(overflow, r, lowest, highest, modulus) * step;
    }
}

/* A format per column. */
INLINE void quantize_columns(const bool relu, const enum rounding rounding,
                             const enum overflow overflow, const struct column_quantizer *q,
                             int columns, const real *z, real *y)
{
    for (int j = 0; j < columns; j++) {
        real x = relu && z[j] < 0 ? R(0) : z[j];
        real r = round_real(rounding, relu, x * q->inverse_step[j]);
        y[j] = limit_real(overflow, r, q->lowest[j], q->highest[j], q->modulus[j]) * q->step[j];
    }
}

INLINE void quantize_modes(const bool relu, const enum rounding rounding,
                           const enum overflow overflow, const struct column_quantizer *q, int rows,
                           int columns, const real *z, real *y)
{
    if (q->uniform) {
        quantize_flat(relu, rounding, overflow, q, (ptrdiff_t)rows * columns, z, y);
        return;
    }
    for (int i = 0; i < rows; i++, z += columns, y += columns)
        quantize_columns(relu, rounding, overflow, q, columns, z, y);
}

INLINE void quantize_overflows(const bool relu, const enum rounding rounding,
                               const struct column_quantizer *q, int rows, int columns,
                               const real *z, real *y)
{
    switch (q->overflow) {
    case OVERFLOW_WRAP:
        quantize_modes(relu, rounding, OVERFLOW_WRAP, q, rows, columns, z, y);
        return;
    case OVERFLOW_SAT_ZERO:
        quantize_modes(relu, rounding, OVERFLOW_SAT_ZERO, q, rows, columns, z, y);
        return;
    default: /* SAT_SYM has its range in lowest */
        quantize_modes(relu, rounding, OVERFLOW_SAT, q, rows, columns, z, y);
        return;
    }
}

/* One copy of the loops for each rounding mode, so that none decides inside a loop. */
#define X(name, text)                                                                              \
    case ROUND_##name: quantize_overflows(relu, ROUND_##name, q, rows, columns, z, y); return;

static void quantize_relu(const struct column_quantizer *q, int rows, int columns, const real *z,
                          real *y)
{
    const bool relu = true;
    switch (q->rounding) {
        ROUNDING_TABLE(X)
    case ROUNDING_COUNT: assert(false);
    }
}

static void quantize(const struct column_quantizer *q, int rows, int columns, const real *z,
                     real *y)
{
    const bool relu = false;
    switch (q->rounding) {
        ROUNDING_TABLE(X)
    case ROUNDING_COUNT: assert(false);
    }
}
#undef X

INLINE real activate(const enum activation f, real alpha, real x)
{
    switch (f) {
    case ACTIVATION_RELU: return x < 0 ? R(0) : x;
    case ACTIVATION_LEAKY_RELU: return x < 0 ? alpha * x : x;
    case ACTIVATION_SIGMOID: return 1 / (1 + real_exp(-x));
    case ACTIVATION_TANH: return 1 - 2 / (1 + real_exp(2 * x));
    case ACTIVATION_SIGN: return x >= 0 ? R(1) : R(-1);
    default: return x;
    }
}

/* f'(x), given y = f(x). */
INLINE real slope(const enum activation f, real alpha, real x, real y)
{
    switch (f) {
    case ACTIVATION_RELU: return x > 0 ? R(1) : R(0);
    case ACTIVATION_LEAKY_RELU: return x < 0 ? alpha : R(1);
    case ACTIVATION_SIGMOID: return y * (1 - y);
    case ACTIVATION_TANH: return 1 - y * y;
    case ACTIVATION_SIGN: return x >= -1 && x <= 1 ? R(1) : R(0);
    default: return 1;
    }
}

INLINE void activate_all(const enum activation f, real alpha, ptrdiff_t count, const real *z,
                         real *y)
{
    for (ptrdiff_t i = 0; i < count; i++)
        y[i] = activate(f, alpha, z[i]);
}

void activation_forward(enum activation f, real alpha, const struct column_quantizer *q, int rows,
                        int columns, const real *z, real *y)
{
    ptrdiff_t count = (ptrdiff_t)rows * columns;
    if (q->active && f == ACTIVATION_RELU) {
        quantize_relu(q, rows, columns, z, y);
        return;
    }
    switch (f) {
    case ACTIVATION_LINEAR:
        if (q->active)
            quantize(q, rows, columns, z, y);
        else if (y != z)
            memcpy(y, z, (size_t)count * sizeof *y);
        return;
    case ACTIVATION_RELU: activate_all(ACTIVATION_RELU, alpha, count, z, y); break;
    case ACTIVATION_LEAKY_RELU: activate_all(ACTIVATION_LEAKY_RELU, alpha, count, z, y); break;
    case ACTIVATION_SIGMOID: activate_all(ACTIVATION_SIGMOID, alpha, count, z, y); break;
    case ACTIVATION_TANH: activate_all(ACTIVATION_TANH, alpha, count, z, y); break;
    case ACTIVATION_SIGN: activate_all(ACTIVATION_SIGN, alpha, count, z, y); break;
    }
    if (q->active) quantize(q, rows, columns, y, y);
}

/* PAD columns at a time, so that bounds and sums stay in registers over all rows. */
INLINE void backward_columns(const enum activation f, const bool clipped, real alpha,
                             const real *smallest, const real *largest, int rows, int columns,
                             const real *restrict z, real *restrict d, real *restrict sums)
{
    real sum[PAD], low[PAD], high[PAD];
    for (int j = 0; j < PAD; j++) {
        sum[j] = 0;
        low[j] = clipped ? smallest[j] : R(0);
        high[j] = clipped ? largest[j] : R(0);
    }
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < PAD; j++) {
            real x = z[j], y = activate(f, alpha, x);
            real g = d[j] * slope(f, alpha, x, y);
            if (clipped) g = y >= low[j] && y <= high[j] ? g : R(0);
            d[j] = g;
            sum[j] += g;
        }
        z += columns;
        d += columns;
    }
    for (int j = 0; j < PAD; j++)
        sums[j] += sum[j];
}

INLINE void backward_all(const enum activation f, real alpha, const struct column_quantizer *q,
                         int rows, int columns, const real *z, real *d, real *sums)
{
    real unused[PAD] = {0};
    for (int j = 0; j < columns; j += PAD) {
        real *s = sums ? sums + j : unused;
        if (q->active && q->overflow != OVERFLOW_WRAP)
            backward_columns(f, true, alpha, q->smallest + j, q->largest + j, rows, columns, z + j,
                             d + j, s);
        else
            backward_columns(f, false, alpha, NULL, NULL, rows, columns, z + j, d + j, s);
    }
}

void activation_backward(enum activation f, real alpha, const struct column_quantizer *q, int rows,
                         int columns, const real *z, real *d, real *sums)
{
    switch (f) {
    case ACTIVATION_LINEAR:
        backward_all(ACTIVATION_LINEAR, alpha, q, rows, columns, z, d, sums);
        break;
    case ACTIVATION_RELU: backward_all(ACTIVATION_RELU, alpha, q, rows, columns, z, d, sums); break;
    case ACTIVATION_LEAKY_RELU:
        backward_all(ACTIVATION_LEAKY_RELU, alpha, q, rows, columns, z, d, sums);
        break;
    case ACTIVATION_SIGMOID:
        backward_all(ACTIVATION_SIGMOID, alpha, q, rows, columns, z, d, sums);
        break;
    case ACTIVATION_TANH: backward_all(ACTIVATION_TANH, alpha, q, rows, columns, z, d, sums); break;
    case ACTIVATION_SIGN: backward_all(ACTIVATION_SIGN, alpha, q, rows, columns, z, d, sums); break;
    }
}

/* PAD columns side by side; a mask is all ones where a comparison holds. */
typedef real lanes __attribute__((vector_size(PAD * sizeof(real)), aligned(sizeof(real))));
#ifdef TRAIN_DOUBLE
typedef int64_t mask __attribute__((vector_size(PAD * sizeof(real)), aligned(sizeof(real))));
#else
typedef int32_t mask __attribute__((vector_size(PAD * sizeof(real)), aligned(sizeof(real))));
#endif

/* x where the mask is set, else 0. */
#define KEEP(m, x) ((lanes)((m) & (mask)(x)))

INLINE void activate_lanes(const enum activation f, real alpha, const lanes *x, lanes *y,
                           lanes *derivative)
{
    for (int j = 0; j < PAD; j++) {
        real v = activate(f, alpha, (*x)[j]);
        (*y)[j] = v;
        (*derivative)[j] = slope(f, alpha, (*x)[j], v);
    }
}

/* As backward_columns(), with the widths' gradients. */
INLINE void learned_columns(const enum activation f, real alpha, const struct column_quantizer *q,
                            int first, int rows, int columns, const real *z, const real *y, real *d,
                            real *sums, real *fractions, real *ranges)
{
    const lanes low = *(const lanes *)(q->smallest + first), zero = {0};
    const lanes high = *(const lanes *)(q->largest + first);
    const lanes shift = *(const lanes *)(q->shift + first),
                step = *(const lanes *)(q->step + first);
    lanes sum = zero, fraction = zero, above = zero, below = zero;
    for (int i = 0; i < rows; i++, z += columns, y += columns, d += columns) {
        lanes x = *(const lanes *)z, v = x, derivative = zero + 1, g = *(const lanes *)d;
        if (f == ACTIVATION_RELU) {
            v = KEEP(x > zero, x);
            derivative = KEEP(x > zero, derivative);
        } else if (f != ACTIVATION_LINEAR) {
            activate_lanes(f, alpha, &x, &v, &derivative);
        }
        v -= shift;
        mask over = v > high, under = v < low, inside = ~(over | under);
        above += KEEP(over, g);
        below += KEEP(under, g);
        fraction += KEEP(inside, g * (v - *(const lanes *)y));
        g = KEEP(inside, g * derivative);
        *(lanes *)d = g;
        sum += g;
    }
    const real ln2 = R(0.69314718055994530942);
    *(lanes *)sums += sum;
    *(lanes *)fractions += ln2 * (fraction + step * above);
    *(lanes *)ranges += ln2 * ((high + step) * above + low * below);
}

INLINE void learned_all(const enum activation f, real alpha, const struct column_quantizer *q,
                        int rows, int columns, const real *z, const real *y, real *d, real *sums,
                        real *fractions, real *ranges)
{
    real unused[PAD] = {0};
    for (int j = 0; j < columns; j += PAD)
        learned_columns(f, alpha, q, j, rows, columns, z + j, y + j, d + j,
                        sums ? sums + j : unused, fractions + j, ranges + j);
}

void activation_backward_learned(enum activation f, real alpha, const struct column_quantizer *q,
                                 int rows, int columns, const real *z, const real *y, real *d,
                                 real *sums, real *fractions, real *ranges)
{
#define LEARNED(kind)                                                                              \
    case ACTIVATION_##kind:                                                                        \
        learned_all(ACTIVATION_##kind, alpha, q, rows, columns, z, y, d, sums, fractions, ranges); \
        return;
    switch (f) {
        LEARNED(LINEAR)
        LEARNED(RELU)
        LEARNED(LEAKY_RELU)
        LEARNED(SIGMOID)
        LEARNED(TANH)
        LEARNED(SIGN)
    }
#undef LEARNED
}

struct column_quantizer quantizer_columns(struct arena *arena, const struct quantizer *quantizer,
                                          int elements)
{
    struct column_quantizer q = {.active = quantizer->count > 0};
    if (!q.active) return q;
    q.quantizer = *quantizer;
    q.uniform = quantizer->count == 1;
    q.rounding = quantizer->formats[0].rounding;
    q.overflow = quantizer->formats[0].overflow;
    q.columns = pad_columns(elements);
    real **rows[] = {&q.inverse_step, &q.step,     &q.lowest, &q.highest,
                     &q.modulus,      &q.smallest, &q.largest};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i] = arena_alloc(arena, (size_t)q.columns, sizeof(real));
    for (int j = 0; j < q.columns; j++) {
        struct format f = quantizer_at(quantizer, j < elements ? j : 0);
        assert(f.rounding == q.rounding && f.overflow == q.overflow);
        q.step[j] = (real)format_step(f);
        q.inverse_step[j] = (real)(1 / format_step(f));
        q.lowest[j] = (real)format_min(f);
        q.highest[j] = (real)format_max(f);
        q.modulus[j] = (real)ldexp(1, f.width_bits);
        q.smallest[j] = q.lowest[j] * q.step[j];
        q.largest[j] = q.highest[j] * q.step[j];
    }
    return q;
}
