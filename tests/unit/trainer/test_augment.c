/* Disturbed events: how much, the same for the same key however they are cut, and what they are
 * for. */
#include "base/error.h"
#include "model/reference.h"
#include "trainer/metrics.h"
#include "trainer/nn/augment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "problem.h"

enum { ROWS = 20000, INPUTS = 3 };

static void fill(real *x)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < PAD; j++)
            x[i * PAD + j] = j < INPUTS ? (real)(j + 1) : (real)0;
}

static void moments(const real *x, int j, double *mean, double *deviation)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < ROWS; i++) {
        double v = (double)x[i * PAD + j];
        sum += v;
        squares += v * v;
    }
    *mean = sum / ROWS;
    *deviation = sqrt(squares / ROWS - *mean * *mean);
}

static void test_how_much(void **state)
{
    (void)state;
    static real x[ROWS * PAD];
    const real zero[PAD] = {-1, -1, -1};
    double mean, deviation;
    fill(x);
    augment_rows(&(struct augmentation){.noise = 0.2, .zero = zero}, 7, 0, ROWS, INPUTS, PAD, x);
    for (int j = 0; j < INPUTS; j++) {
        moments(x, j, &mean, &deviation);
        assert_true(fabs(mean - (j + 1)) < 0.01 && fabs(deviation - 0.2) < 0.005);
    }
    fill(x);
    augment_rows(&(struct augmentation){.smearing = 0.1, .zero = zero}, 7, 0, ROWS, INPUTS, PAD, x);
    for (int j = 0; j < INPUTS; j++) { /* raw values are j + 2 above raw 0 */
        moments(x, j, &mean, &deviation);
        assert_true(fabs(deviation - 0.1 * (j + 2)) < 0.01);
    }
    fill(x);
    augment_rows(&(struct augmentation){.dead = 0.25, .zero = zero}, 7, 0, ROWS, INPUTS, PAD, x);
    for (int j = 0; j < INPUTS; j++) {
        int dead = 0;
        for (int i = 0; i < ROWS; i++) {
            assert_true(x[i * PAD + j] == (real)-1 || x[i * PAD + j] == (real)(j + 1));
            dead += x[i * PAD + j] == (real)-1;
        }
        assert_true(abs(dead - ROWS / 4) < 300);
    }
    for (int j = INPUTS; j < PAD; j++)
        assert_true(x[j] == 0);
}

static void test_rows_are_drawn_by_number(void **state)
{
    (void)state;
    static real whole[ROWS * PAD], parts[ROWS * PAD];
    const real zero[PAD] = {0};
    const struct augmentation a = {0.1, 0.1, 0.1, zero};
    fill(whole);
    fill(parts);
    augment_rows(&a, 3, 0, ROWS, INPUTS, PAD, whole);
    augment_rows(&a, 3, 0, 123, INPUTS, PAD, parts);
    augment_rows(&a, 3, 123, ROWS - 123, INPUTS, PAD, parts + 123 * PAD);
    assert_memory_equal(whole, parts, sizeof whole);
    fill(parts);
    augment_rows(&a, 4, 0, ROWS, INPUTS, PAD, parts);
    assert_memory_not_equal(whole, parts, sizeof whole);
}

/* Accuracy on the validation rows with feature `dead` reading 0 (-1: none does). */
static double accuracy_with_dead(const struct network *n, const struct events *e, int dead)
{
    static double x[VALID * FEATURES], y[VALID * 3];
    for (int i = 0; i < VALID; i++)
        for (int j = 0; j < FEATURES; j++)
            x[i * FEATURES + j] = j == dead ? 0 : (double)e->x[(TRAIN + i) * FEATURES + j];
    reference_eval(n, REFERENCE_QUANTIZED, x, VALID, -1, y);
    int right = 0;
    for (int i = 0; i < VALID; i++)
        right += metrics_decide(y + i * 3, 3, 0) == (int)e->y[TRAIN + i];
    return (double)right / VALID;
}

/* Two features say the same. A raw 0 of the first lies five deviations off: a network that never
 * saw it does badly, one that did relies on the other. */
static void test_dead_channels_are_learned(void **state)
{
    (void)state;
    struct events *e = make_events(3);
    for (int i = 0; i < COUNT; i++)
        e->x[i * FEATURES + 2] = 3 + e->x[i * FEATURES] / 2;
    for (int learned = 0; learned < 2; learned++) {
        struct train_config c = small_config(LOSS_CATEGORICAL_CROSS_ENTROPY, 3);
        if (learned) c.input.kind = TRAIN_FORMAT_LEARNED, c.input.format = format_make(true, 8, 8);
        c.epochs = c.quantized_epochs = 20;
        struct train_result *plain = run(&c, e);
        c.dead_channels = 0.2;
        struct train_result *hardened = run(&c, e);
        double before = accuracy_with_dead(plain->quantized_network, e, 0);
        double after = accuracy_with_dead(hardened->quantized_network, e, 0);
        assert_true(after > before + 0.1);
        assert_true(accuracy_with_dead(hardened->quantized_network, e, -1) > 0.85);
        train_result_free(plain);
        train_result_free(hardened);
    }
    events_free(e);
}

int main(void)
{
    error_set_quiet(true);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_much),
        cmocka_unit_test(test_rows_are_drawn_by_number),
        cmocka_unit_test(test_dead_channels_are_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
