/* Made-up events for tests of ensembles, a small configuration, and scores. */
#ifndef SLUICE_TESTS_TRAINER_TREES_EVENTS_H
#define SLUICE_TESTS_TRAINER_TREES_EVENTS_H

#include "data/random.h"
#include "model/reference.h"
#include "trainer/trees/trees.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 3000, TRAIN = 2400, VALID = COUNT - TRAIN, FEATURES = 5 };

static long rows[COUNT];

/* Two normal features and a grid of few values decide; a fourth is noise, a fifth constant. Class
 * by a circle and a plane; the target of a regression (classes 0) is a smooth function. */
static struct events *make_events(int classes)
{
    struct events *e = calloc(1, sizeof *e);
    struct random random = random_init(7);
    *e = (struct events){.path = "made-up", .count = COUNT, .features = FEATURES};
    e->classes = classes;
    e->targets = 1;
    e->x = arena_alloc(&e->arena, COUNT * FEATURES, sizeof *e->x);
    e->y = arena_alloc(&e->arena, COUNT, sizeof *e->y);
    for (long i = 0; i < COUNT; i++) {
        double a = random_normal(&random), b = random_normal(&random);
        double c = (double)random_below(&random, 5), noise = random_normal(&random);
        float *x = e->x + i * FEATURES;
        x[0] = (float)(50 + 3 * a);
        x[1] = (float)b;
        x[2] = (float)c;
        x[3] = (float)noise;
        x[4] = 3;
        double value = a * a + b * b < 1.4 ? 0 : a + 0.5 * c > 1 ? 1 : 2;
        e->y[i] = classes == 0   ? (float)(2 * a + b * c + 0.3 * noise)
                  : classes == 2 ? (float)(value > 0)
                                 : (float)value;
        rows[i] = i;
    }
    return e;
}

static struct trees_config make_config(const struct events *e)
{
    struct trees_config c;
    trees_config_init(&c);
    c.loss = e->classes == 0   ? TREES_LOSS_SQUARED_ERROR
             : e->classes == 2 ? TREES_LOSS_BINARY_CROSS_ENTROPY
                               : TREES_LOSS_CATEGORICAL_CROSS_ENTROPY;
    c.rounds = 12;
    c.depth = 3;
    return c;
}

static struct trees_result *run(const struct trees_config *c, const struct events *e)
{
    return trees_train(c, e, rows, TRAIN, rows + TRAIN, VALID);
}

static const struct layer *trees_of(const struct network *n)
{
    for (int i = 0; i < n->layer_count; i++)
        if (layer_is_trees(&n->layers[i])) return &n->layers[i];
    fail_msg("no trees");
    return NULL;
}

/* Outputs of the trees for all events, [COUNT][outputs], by the float arithmetic. */
__attribute__((unused)) static double *scores_of(const struct network *n, const struct events *e,
                                                 struct arena *arena)
{
    const struct layer *layer = trees_of(n);
    double *x = arena_alloc(arena, COUNT * FEATURES, sizeof *x);
    double *y = arena_alloc(arena, COUNT * (size_t)layer->size, sizeof *y);
    for (int i = 0; i < COUNT * FEATURES; i++)
        x[i] = (double)e->x[i];
    reference_eval(n, REFERENCE_FLOAT, x, COUNT, (int)(layer - n->layers), y);
    return y;
}

#endif
