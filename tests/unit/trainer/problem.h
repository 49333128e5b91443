/* Small made-up problems for the tests of whole trainings, and networks as text to compare. */
#ifndef SLUICE_TESTS_TRAINER_PROBLEM_H
#define SLUICE_TESTS_TRAINER_PROBLEM_H

#include "base/file.h"
#include "data/random.h"
#include "trainer/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1500, TRAIN = 1200, VALID = COUNT - TRAIN, FEATURES = 4 };

static long rows[COUNT];

/* Classes by position around a circle in two features, beside a third that is noise and a fourth
 * that is constant; targets = 2 columns for regression when classes is 0. */
static inline struct events *make_events(int classes)
{
    struct events *e = calloc(1, sizeof *e);
    struct random random = random_init(99);
    *e = (struct events){.path = "made-up", .count = COUNT, .features = FEATURES};
    e->classes = classes;
    e->targets = classes ? 1 : 2;
    e->x = arena_alloc(&e->arena, COUNT * FEATURES, sizeof *e->x);
    e->y = arena_alloc(&e->arena, COUNT * 2, sizeof *e->y);
    for (long i = 0; i < COUNT; i++) {
        double a = random_normal(&random), b = random_normal(&random);
        float *x = e->x + i * FEATURES;
        x[0] = (float)(100 + 20 * a);
        x[1] = (float)(0.01 * b);
        x[2] = (float)random_uniform(&random);
        x[3] = 7;
        double turn = (atan2(b, a) + 3.14159265358979) / 6.2831853071796;
        if (classes) e->y[i] = (float)fmin(floor(turn * classes), classes - 1);
        if (!classes) e->y[2 * i] = (float)(a * b), e->y[2 * i + 1] = (float)fabs(a);
        rows[i] = i;
    }
    return e;
}

static struct train_layer_config layers[8];

/* FEATURES-12-8-outputs. */
static inline struct train_config small_config(enum train_loss loss, int outputs)
{
    struct train_config c;
    train_config_init(&c);
    memset(layers, 0, sizeof layers);
    layers[0] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 12};
    layers[1].kind = TRAIN_RELU;
    layers[2] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = 8};
    layers[3].kind = TRAIN_RELU;
    layers[4] = (struct train_layer_config){.kind = TRAIN_DENSE, .units = outputs};
    for (int i = 0; i < 8; i++)
        layers[i].sparsity = -1; /* as the configuration */
    c.layers = layers;
    c.layer_count = 5;
    c.loss = loss;
    c.batch = 128;
    c.learning_rate = 0.02;
    c.epochs = 12;
    c.quantized_epochs = 12;
    return c;
}

static inline struct train_result *run(const struct train_config *c, const struct events *e)
{
    return train_run(c, e, rows, TRAIN, rows + TRAIN, VALID);
}

/* ---- Comparing networks bit for bit ---------------------------------------------------------- */

static inline void add_doubles(struct hash *h, const double *p, int count)
{
    if (p) hash_add(h, p, (size_t)count * sizeof *p);
}

static inline void add_quantizer(struct hash *h, const struct quantizer *q)
{
    for (int i = 0; i < q->count; i++) {
        char text[FORMAT_TEXT_BYTES] = {0};
        format_print(q->formats[i], text);
        hash_add(h, text, sizeof text);
    }
}

static inline void network_text(const struct network *n, char text[33])
{
    struct hash h = hash_init();
    for (int i = 0; i < n->layer_count; i++) {
        const struct layer *l = &n->layers[i];
        int inputs = l->input >= 0 ? n->layers[l->input].size : 0;
        hash_add(&h, l->name, strlen(l->name));
        hash_add(&h, &l->kind, sizeof l->kind);
        add_quantizer(&h, &l->quant);
        add_quantizer(&h, &l->weight_quant);
        add_quantizer(&h, &l->bias_quant);
        add_doubles(&h, l->weights, inputs * l->size);
        add_doubles(&h, l->bias, l->size);
        add_doubles(&h, l->gamma, l->size);
        add_doubles(&h, l->mean, l->size);
        add_doubles(&h, l->variance, l->size);
        add_doubles(&h, l->scale, l->size);
        add_doubles(&h, l->offset, l->size);
    }
    hash_print(h, text);
}

#endif
