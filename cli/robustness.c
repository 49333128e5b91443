/* What the hardware decides when its inputs are not what they were in training: see physics.h.
 *
 * Bits are flipped in the packed integers that enter the chip; dead channels read raw 0, and gains
 * are off, in the raw values before the host scales them. */
#include "base/json.h"
#include "cli/physics.h"
#include "data/random.h"
#include "trainer/statistics.h"

#include <math.h>
#include <string.h>

struct trial {
    struct arena arena;
    const struct physics_request *request;
    const int *labels; /* NULL: a regression */
    double clean;      /* the figure on undisturbed events */
    cJSON *rows;
};

/* Accuracy, or the root of the mean squared error, from stored output integers. */
static double figure(struct trial *t, const int64_t *outputs)
{
    const struct physics_request *r = t->request;
    const struct program *p = r->program;
    struct arena arena = {0};
    int columns = p->output_count;
    double *y = arena_alloc(&arena, (size_t)r->events * (size_t)columns, sizeof *y);
    program_scale_outputs(p, outputs, r->events, y);
    double sum = 0;
    bool argmax = strcmp(p->output_kind, "argmax") == 0;
    double threshold = strcmp(p->output_kind, "threshold") == 0 ? 0.5 : 0;
    for (long e = 0; e < r->events; e++) {
        const double *row = y + e * columns;
        if (t->labels) {
            int decision = argmax ? (int)row[0] : metrics_decide(row, columns, threshold);
            sum += decision == t->labels[e];
        } else {
            double d = row[0] - (double)r->targets[e * r->target_count];
            sum += d * d;
        }
    }
    arena_free(&arena);
    sum /= (double)r->events;
    return t->labels ? sum : sqrt(sum);
}

static void add_row(struct trial *t, const char *what, double value)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "what", what);
    json_add_number(row, t->labels ? "accuracy" : "rms_error", value);
    json_add_number(row, "change", value - t->clean);
    cJSON_AddItemToArray(t->rows, row);
}

static double run(struct trial *t, const int64_t *inputs)
{
    const struct physics_request *r = t->request;
    struct arena arena = {0};
    int64_t *outputs =
        arena_alloc(&arena, (size_t)r->events * (size_t)r->program->output_count, sizeof *outputs);
    program_eval(r->program, inputs, r->events, outputs);
    double value = figure(t, outputs);
    arena_free(&arena);
    return value;
}

/* Raw events with feature `feature` (-1: all) times `factor`. */
static double run_scaled(struct trial *t, int feature, double factor)
{
    const struct physics_request *r = t->request;
    struct arena arena = {0};
    size_t features = (size_t)r->program->input_count, all = (size_t)r->events * features;
    double *x = arena_alloc(&arena, all, sizeof *x);
    int64_t *inputs = arena_alloc(&arena, all, sizeof *inputs);
    for (size_t i = 0; i < all; i++)
        x[i] = r->x[i] * (feature < 0 || i % features == (size_t)feature ? factor : 1);
    program_quantize_inputs(r->program, x, r->events, inputs);
    double value = run(t, inputs);
    arena_free(&arena);
    return value;
}

/* Each bit of each input flipped with a probability. */
static void try_flips(struct trial *t, double probability)
{
    const struct physics_request *r = t->request;
    const struct program *p = r->program;
    struct arena arena = {0};
    size_t features = (size_t)p->input_count, all = (size_t)r->events * features;
    int64_t *inputs = arena_alloc(&arena, all, sizeof *inputs);
    program_quantize_inputs(p, r->x, r->events, inputs);
    struct random random = random_init(11);
    for (size_t i = 0; i < all; i++) {
        const struct op *op = &p->ops[p->inputs[i % features].value];
        struct format f = op->format;
        for (int b = 0; b < f.width_bits; b++) {
            if (random_uniform(&random) >= probability) continue;
            inputs[i] ^= (int64_t)1 << b;
            if (b < f.width_bits - 1 || !f.is_signed) continue;
            /* The sign bit stands for all above it. */
            int64_t top = (int64_t)1 << b;
            inputs[i] = (inputs[i] & (2 * top - 1)) - (inputs[i] & top ? 2 * top : 0);
        }
        /* Bits that no input is made of (a symmetric format's most negative integer, a bucket
         * behind the last) come in as the nearest that one is. */
        if (inputs[i] < op->lo) inputs[i] = op->lo;
        if (inputs[i] > op->hi) inputs[i] = op->hi;
    }
    add_row(t, arena_printf(&t->arena, "%g %% of the input bits flipped", 100 * probability),
            run(t, inputs));
    arena_free(&arena);
}

/* One channel after the other at `factor`; the mean and the worst. */
static void try_each(struct trial *t, const char *what, double factor)
{
    const struct physics_request *r = t->request;
    int features = r->program->input_count, worst = 0;
    double sum = 0, worst_value = 0;
    for (int j = 0; j < features; j++) {
        double value = run_scaled(t, j, factor);
        sum += value;
        bool worse = t->labels ? value < worst_value : value > worst_value;
        if (j > 0 && !worse) continue;
        worst = j;
        worst_value = value;
    }
    add_row(t, arena_printf(&t->arena, "%s, mean", what), sum / features);
    add_row(t, arena_printf(&t->arena, "%s, worst: %s", what, r->program->inputs[worst].name),
            worst_value);
}

void physics_add_robustness(cJSON *json, const struct physics_request *r)
{
    struct trial t = {.request = r};
    if (r->labels) {
        int *labels = arena_alloc(&t.arena, (size_t)r->events, sizeof *labels);
        for (long e = 0; e < r->events; e++)
            labels[e] = (int)r->labels[e];
        t.labels = labels;
    }
    t.rows = cJSON_AddArrayToObject(json, "robustness");
    t.clean = run_scaled(&t, -1, 1);
    add_row(&t, "as it is", t.clean);
    try_flips(&t, 0.001);
    try_flips(&t, 0.01);
    try_each(&t, "one channel dead", 0);
    add_row(&t, "all gains +1 %", run_scaled(&t, -1, 1.01));
    add_row(&t, "all gains -1 %", run_scaled(&t, -1, 0.99));
    try_each(&t, "one gain +1 %", 1.01);
    arena_free(&t.arena);
}
