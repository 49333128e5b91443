/* Optimizers against their papers' formulas, written out here for one parameter in double;
 * schedules against values computed by hand. */
#include "trainer/nn/optimizer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { COUNT = 37, STEPS = 12 };

static const double rate = 0.05, mu = 0.8, b1 = 0.85, b2 = 0.97, rho = 0.9, eps = 1e-4, wd = 0.1;

/* A gradient that depends on where the parameter is. */
static double gradient(double w, int i)
{
    return w - 0.1 * i + 0.3 * sin(3 * w);
}

/* The weight after STEPS steps. */
static double sgd(double w, int i)
{
    for (int t = 0; t < STEPS; t++)
        w = w - rate * gradient(w, i);
    return w;
}

static double momentum(double w, int i)
{
    double velocity = 0;
    for (int t = 0; t < STEPS; t++) {
        velocity = mu * velocity - rate * gradient(w, i);
        w = w + velocity;
    }
    return w;
}

/* Sutskever: the gradient is taken at theta + mu v; with w standing for that point. */
static double nesterov(double w, int i)
{
    double theta = w, velocity = 0;
    for (int t = 0; t < STEPS; t++) {
        velocity = mu * velocity - rate * gradient(theta + mu * velocity, i);
        theta = theta + velocity;
    }
    return theta + mu * velocity;
}

static double adagrad(double w, int i)
{
    double sum = 0;
    for (int t = 0; t < STEPS; t++) {
        double g = gradient(w, i);
        sum = sum + g * g;
        w = w - rate / (sqrt(sum) + eps) * g;
    }
    return w;
}

static double adadelta(double w, int i)
{
    double mean_g2 = 0, mean_step2 = 0;
    for (int t = 0; t < STEPS; t++) {
        double g = gradient(w, i);
        mean_g2 = rho * mean_g2 + (1 - rho) * g * g;
        double step = -sqrt(mean_step2 + eps) / sqrt(mean_g2 + eps) * g;
        mean_step2 = rho * mean_step2 + (1 - rho) * step * step;
        w = w + rate * step;
    }
    return w;
}

static double rmsprop(double w, int i)
{
    double mean = 0;
    for (int t = 0; t < STEPS; t++) {
        double g = gradient(w, i);
        mean = rho * mean + (1 - rho) * g * g;
        w = w - rate / (sqrt(mean) + eps) * g;
    }
    return w;
}

static double adam_family(double w, int i, double decay, int keep_largest)
{
    double m = 0, v = 0, largest = 0;
    for (int t = 1; t <= STEPS; t++) {
        double g = gradient(w, i);
        m = b1 * m + (1 - b1) * g;
        v = b2 * v + (1 - b2) * g * g;
        largest = fmax(largest, v);
        double m_hat = m / (1 - pow(b1, t));
        double v_hat = (keep_largest ? largest : v) / (1 - pow(b2, t));
        w = w - rate * (m_hat / (sqrt(v_hat) + eps) + decay * w);
    }
    return w;
}

static double expected(enum train_optimizer kind, double w, int i, int decays)
{
    switch (kind) {
    case OPTIMIZER_SGD: return sgd(w, i);
    case OPTIMIZER_MOMENTUM: return momentum(w, i);
    case OPTIMIZER_NESTEROV: return nesterov(w, i);
    case OPTIMIZER_ADAGRAD: return adagrad(w, i);
    case OPTIMIZER_ADADELTA: return adadelta(w, i);
    case OPTIMIZER_RMSPROP: return rmsprop(w, i);
    case OPTIMIZER_ADAMW: return adam_family(w, i, decays ? wd : 0, 0);
    case OPTIMIZER_AMSGRAD: return adam_family(w, i, 0, 1);
    default: return adam_family(w, i, 0, 0);
    }
}

static void test_optimizers(void **state)
{
    (void)state;
    for (int kind = 0; kind < OPTIMIZER_COUNT; kind++)
        for (int decays = 0; decays < 2; decays++) {
            /* Parameters `first` and on of a larger state. */
            enum { FIRST = 5 };
            real w[COUNT], g[COUNT], states[3][FIRST + COUNT] = {{0}};
            struct optimizer o = {.kind = (enum train_optimizer)kind,
                                  .momentum = mu,
                                  .beta1 = b1,
                                  .beta2 = b2,
                                  .rho = rho,
                                  .epsilon = eps,
                                  .weight_decay = wd,
                                  .state = {states[0], states[1], states[2]}};
            for (int i = 0; i < COUNT; i++)
                w[i] = (real)(0.3 * i - 4);
            for (int t = 0; t < STEPS; t++) {
                for (int i = 0; i < COUNT; i++)
                    g[i] = (real)gradient((double)w[i], i);
                optimizer_begin_step(&o);
                optimizer_update(&o, FIRST, COUNT, w, g, rate, decays);
            }
            for (int i = 0; i < COUNT; i++) {
                double start = (double)(real)(0.3 * i - 4);
                double want = expected((enum train_optimizer)kind, start, i, decays);
                assert_true(fabs(want - start) > 1e-4);
                if (fabs((double)w[i] - want) > 1e-5 * (1 + fabs(want)))
                    fail_msg("%s: %.9g, expected %.9g", train_optimizer_names[kind], (double)w[i],
                             want);
            }
            for (int s = optimizer_states((enum train_optimizer)kind); s < 3; s++)
                for (int i = 0; i < FIRST + COUNT; i++)
                    assert_true(states[s][i] == 0);
        }
}

static void near(double value, double want)
{
    if (fabs(value - want) > 1e-12) fail_msg("%.15g, expected %.15g", value, want);
}

static void test_schedules(void **state)
{
    (void)state;
    struct train_config c;
    train_config_init(&c);
    c.schedule = SCHEDULE_CONSTANT;
    near(schedule_rate(&c, 0.5, 7, 10), 0.5);
    c.schedule = SCHEDULE_STEP;
    c.decay_rate = 0.1;
    c.decay_epochs = 3;
    near(schedule_rate(&c, 0.5, 2.999, 10), 0.5);
    near(schedule_rate(&c, 0.5, 6.5, 10), 0.005);
    c.schedule = SCHEDULE_EXPONENTIAL;
    near(schedule_rate(&c, 0.5, 1.5, 10), 0.5 * sqrt(0.1));
    c.schedule = SCHEDULE_COSINE;
    c.final_fraction = 0.2;
    near(schedule_rate(&c, 1, 0, 10), 1);
    near(schedule_rate(&c, 1, 5, 10), 0.6);
    near(schedule_rate(&c, 1, 10, 10), 0.2);
    c.warmup_epochs = 2; /* then the cosine over the 8 epochs left */
    near(schedule_rate(&c, 1, 1, 10), 0.5);
    near(schedule_rate(&c, 1, 6, 10), 0.6);
    c.schedule = SCHEDULE_WARMUP;
    near(schedule_rate(&c, 3, 0.5, 10), 0.75);
    near(schedule_rate(&c, 3, 9, 10), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_optimizers),
                                       cmocka_unit_test(test_schedules)};
    return cmocka_run_group_tests_name("optimizer", tests, NULL, NULL);
}
