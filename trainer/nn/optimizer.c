/* Optimizer steps and learning-rate schedules. */
#include "trainer/nn/optimizer.h"

#define R(x) ((real)(x))

int optimizer_states(enum train_optimizer kind)
{
    switch (kind) {
    case OPTIMIZER_SGD: return 0;
    case OPTIMIZER_MOMENTUM:
    case OPTIMIZER_NESTEROV:
    case OPTIMIZER_ADAGRAD:
    case OPTIMIZER_RMSPROP: return 1;
    case OPTIMIZER_AMSGRAD: return 3;
    default: return 2;
    }
}

void optimizer_begin_step(struct optimizer *o)
{
    o->step++;
}

static void momentum(const struct optimizer *o, bool nesterov, size_t first, size_t count, real *w,
                     const real *g, real rate)
{
    const real mu = R(o->momentum);
    real *v = o->state[0] + first;
    for (size_t i = 0; i < count; i++) {
        v[i] = mu * v[i] - rate * g[i];
        w[i] += nesterov ? mu * v[i] - rate * g[i] : v[i];
    }
}

static void adagrad(const struct optimizer *o, size_t first, size_t count, real *w, const real *g,
                    real rate)
{
    const real epsilon = R(o->epsilon);
    real *s = o->state[0] + first;
    for (size_t i = 0; i < count; i++) {
        s[i] += g[i] * g[i];
        w[i] -= rate * g[i] / (real_sqrt(s[i]) + epsilon);
    }
}

static void adadelta(const struct optimizer *o, size_t first, size_t count, real *w, const real *g,
                     real rate)
{
    const real rho = R(o->rho), rest = R(1 - o->rho), epsilon = R(o->epsilon);
    real *s = o->state[0] + first, *u = o->state[1] + first;
    for (size_t i = 0; i < count; i++) {
        s[i] = rho * s[i] + rest * g[i] * g[i];
        real step = real_sqrt(u[i] + epsilon) / real_sqrt(s[i] + epsilon) * g[i];
        u[i] = rho * u[i] + rest * step * step;
        w[i] -= rate * step;
    }
}

static void rmsprop(const struct optimizer *o, size_t first, size_t count, real *w, const real *g,
                    real rate)
{
    const real rho = R(o->rho), rest = R(1 - o->rho), epsilon = R(o->epsilon);
    real *s = o->state[0] + first;
    for (size_t i = 0; i < count; i++) {
        s[i] = rho * s[i] + rest * g[i] * g[i];
        w[i] -= rate * g[i] / (real_sqrt(s[i]) + epsilon);
    }
}

/* m / (1 - beta1^t) over sqrt(v / (1 - beta2^t)) + epsilon. */
static void adam(const struct optimizer *o, size_t first, size_t count, real *restrict w,
                 const real *restrict g, real rate, real decay)
{
    const real b1 = R(o->beta1), b2 = R(o->beta2), r1 = R(1 - o->beta1), r2 = R(1 - o->beta2);
    const real step = rate / R(1 - pow(o->beta1, (double)o->step)), epsilon = R(o->epsilon);
    const real correct2 = R(1 / (1 - pow(o->beta2, (double)o->step)));
    real *restrict m = o->state[0] + first, *restrict v = o->state[1] + first;
    for (size_t i = 0; i < count; i++) {
        m[i] = b1 * m[i] + r1 * g[i];
        v[i] = b2 * v[i] + r2 * g[i] * g[i];
        w[i] -= step * m[i] / (real_sqrt(v[i] * correct2) + epsilon) + decay * w[i];
    }
}

static void amsgrad(const struct optimizer *o, size_t first, size_t count, real *restrict w,
                    const real *restrict g, real rate)
{
    const real b1 = R(o->beta1), b2 = R(o->beta2), r1 = R(1 - o->beta1), r2 = R(1 - o->beta2);
    const real step = rate / R(1 - pow(o->beta1, (double)o->step)), epsilon = R(o->epsilon);
    const real correct2 = R(1 / (1 - pow(o->beta2, (double)o->step)));
    real *restrict m = o->state[0] + first, *restrict v = o->state[1] + first;
    real *restrict top = o->state[2] + first;
    for (size_t i = 0; i < count; i++) {
        m[i] = b1 * m[i] + r1 * g[i];
        v[i] = b2 * v[i] + r2 * g[i] * g[i];
        top[i] = v[i] > top[i] ? v[i] : top[i];
        w[i] -= step * m[i] / (real_sqrt(top[i] * correct2) + epsilon);
    }
}

void optimizer_update(const struct optimizer *o, size_t first, size_t count, real *w, const real *g,
                      double learning_rate, bool decays)
{
    real rate = R(learning_rate);
    switch (o->kind) {
    case OPTIMIZER_SGD:
        for (size_t i = 0; i < count; i++)
            w[i] -= rate * g[i];
        return;
    case OPTIMIZER_MOMENTUM: momentum(o, false, first, count, w, g, rate); return;
    case OPTIMIZER_NESTEROV: momentum(o, true, first, count, w, g, rate); return;
    case OPTIMIZER_ADAGRAD: adagrad(o, first, count, w, g, rate); return;
    case OPTIMIZER_ADADELTA: adadelta(o, first, count, w, g, rate); return;
    case OPTIMIZER_RMSPROP: rmsprop(o, first, count, w, g, rate); return;
    case OPTIMIZER_ADAMW:
        adam(o, first, count, w, g, rate, decays ? R(learning_rate * o->weight_decay) : R(0));
        return;
    case OPTIMIZER_AMSGRAD: amsgrad(o, first, count, w, g, rate); return;
    default: adam(o, first, count, w, g, rate, 0); return;
    }
}

double schedule_rate(const struct train_config *config, double base, double t, int epochs)
{
    const double pi = 3.14159265358979323846;
    double factor = 1, warm = config->warmup_epochs;
    switch (config->schedule) {
    case SCHEDULE_STEP: factor = pow(config->decay_rate, floor(t / config->decay_epochs)); break;
    case SCHEDULE_EXPONENTIAL: factor = pow(config->decay_rate, t / config->decay_epochs); break;
    case SCHEDULE_COSINE: {
        double done = epochs > warm ? (t - warm) / (epochs - warm) : 1;
        if (done < 0) done = 0;
        if (done > 1) done = 1;
        double last = config->final_fraction;
        factor = last + (1 - last) * (1 + cos(pi * done)) / 2;
        break;
    }
    default: break;
    }
    if (warm > 0 && t < warm) factor *= t / warm;
    return base * factor;
}
