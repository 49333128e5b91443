/* Soft targets: see teacher.h. */
#include "trainer/teacher.h"

#include "base/error.h"
#include "model/reference.h"
#include "trainer/settings.h"

#include <stdlib.h>

/* The layer whose elements are scores before a last softmax or sigmoid, and which of the two. */
static int score_layer(const struct network *network, enum layer_kind *squash)
{
    int last = network->layer_count - 1;
    *squash = network->layers[last].kind;
    bool squashed = *squash == LAYER_SOFTMAX || *squash == LAYER_SIGMOID;
    return squashed ? network->layers[last].input : last;
}

void teacher_check(const struct train_config *config, const struct events *events)
{
    const struct network *t = config->teacher;
    if (!t) return;
    int outputs = config->layers[config->layer_count - 1].units;
    for (int i = 0; i < config->layer_count; i++)
        if (config->layers[i].kind == TRAIN_DENSE) outputs = config->layers[i].units;
    if (t->layers[0].size != events->features || network_output(t)->size != outputs)
        fail("teacher %s: it has %d inputs and %d outputs; %d and %d are needed", t->name,
             t->layers[0].size, network_output(t)->size, events->features, outputs);
}

/* Scores of the training rows, [count][outputs]. */
static double *teacher_scores(struct session *s, struct arena *arena)
{
    size_t outputs = (size_t)s->nn->outputs, count = (size_t)s->train_count;
    size_t features = (size_t)s->events->features;
    double *y = arena_alloc(arena, count * outputs, sizeof *y);
    const struct network *t = s->config->teacher;
    if (!t) {
        struct arena mine = s->events_arena;
        s->events_arena = (struct arena){0};
        struct nn_events raw = session_prepare(s, NULL, s->train_rows, s->train_count);
        nn_evaluate(s->float_nn, &raw, y);
        arena_free(&s->events_arena);
        s->events_arena = mine;
        return y;
    }
    double *x = arena_alloc(arena, count * features, sizeof *x);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < features; j++)
            x[i * features + j] = (double)s->events->x[(size_t)s->train_rows[i] * features + j];
    enum layer_kind squash;
    reference_eval(t, REFERENCE_QUANTIZED, x, s->train_count, score_layer(t, &squash), y);
    return y;
}

/* Scores as what targets are: probabilities of classes, or values. */
static void as_targets(const struct session *s, double *y, int outputs)
{
    if (!s->classes) return;
    if (outputs == 1 || s->config->loss != LOSS_CATEGORICAL_CROSS_ENTROPY) {
        bool probability = s->config->loss == LOSS_BINARY_CROSS_ENTROPY;
        for (int c = 0; c < outputs; c++)
            y[c] = probability ? 1 / (1 + exp(-y[c])) : y[c];
        return;
    }
    double top = y[0], sum = 0;
    for (int c = 1; c < outputs; c++)
        top = fmax(top, y[c]);
    for (int c = 0; c < outputs; c++)
        sum += y[c] = exp(y[c] - top);
    for (int c = 0; c < outputs; c++)
        y[c] /= sum;
}

void teacher_fill(struct session *s)
{
    const double taught = s->config->teacher_weight;
    if (!(taught > 0)) return;
    struct arena arena = {0};
    const int outputs = s->nn->outputs;
    double *scores = teacher_scores(s, &arena);
    size_t count = (size_t)s->train_count * (size_t)outputs;
    real *old = s->train.targets, *targets = arena_alloc(&s->events_arena, count, sizeof(real));
    for (long i = 0; i < s->train_count; i++) {
        double *y = scores + i * outputs;
        as_targets(s, y, outputs);
        for (int c = 0; c < outputs; c++) {
            double own =
                old ? (double)old[i * outputs + c] : s->train.labels[i] == (outputs == 1 ? 1 : c);
            targets[i * outputs + c] = (real)((1 - taught) * own + taught * y[c]);
        }
    }
    s->train.targets = targets;
    arena_free(&arena);
}
