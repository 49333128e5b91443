/* Accuracies, ROC curves, confusion: see physics.h. */
#include "cli/physics.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/scores.h"
#include "trainer/statistics.h"

#include <math.h>
#include <string.h>

enum { ROC_POINTS = 200, SCATTER_POINTS = 2000 };

static int *class_labels(struct arena *arena, const struct physics_request *r)
{
    int *labels = arena_alloc(arena, (size_t)r->events, sizeof *labels);
    for (long i = 0; i < r->events; i++)
        labels[i] = (int)r->labels[i];
    return labels;
}

static bool kind_is(const struct physics_request *r, const char *kind)
{
    return strcmp(r->program->output_kind, kind) == 0;
}

/* An argmax output is one number: spread it to a score per class. */
static struct decided spread(struct arena *arena, const struct physics_request *r, long events,
                             const double *index)
{
    size_t columns = (size_t)r->classes;
    struct decided d = {arena_alloc(arena, (size_t)events * columns, sizeof(double)), r->classes,
                        0};
    for (long e = 0; e < events; e++)
        if (index[e] < r->classes) d.scores[(size_t)e * columns + (size_t)index[e]] = 1;
    return d;
}

bool physics_decisions_alone(const struct program *program)
{
    return strcmp(program->output_kind, "argmax") == 0 ||
           strcmp(program->output_kind, "threshold") == 0;
}

struct decided physics_by_program(struct arena *arena, const struct physics_request *r,
                                  const double *x, long events)
{
    int columns = r->program->output_count;
    double *y = arena_alloc(arena, (size_t)events * (size_t)columns, sizeof *y);
    scores_program(r->program, x, events, y);
    if (kind_is(r, "argmax")) return spread(arena, r, events, y);
    return (struct decided){y, columns, kind_is(r, "threshold") ? 0.5 : 0};
}

struct decided physics_judged(struct arena *arena, const struct physics_request *r,
                              const struct decided *scores, long events)
{
    if (!r->host_softmax || scores->columns < 2) return *scores;
    size_t count = (size_t)events * (size_t)scores->columns;
    struct decided d = {arena_alloc(arena, count, sizeof(double)), scores->columns, 0};
    memcpy(d.scores, scores->scores, count * sizeof *d.scores);
    metrics_softmax(d.scores, d.columns, events);
    return d;
}

/* The reference's scores before any decision, so that AUC means something for argmax too. */
static struct decided by_reference(struct arena *arena, const struct physics_request *r,
                                   const struct network *network, enum reference_mode mode)
{
    /* The float network may be a file of its own, without the softmax that was asked for. */
    bool softmax = kind_is(r, "softmax"), whole = softmax && mode == REFERENCE_QUANTIZED;
    int layer = whole ? network->layer_count - 1 : scores_layer(network);
    int columns = network->layers[layer].size;
    double *y = arena_alloc(arena, (size_t)r->events * (size_t)columns, sizeof *y);
    reference_eval(network, mode, r->x, r->events, layer, y);
    if (softmax && !whole) metrics_softmax(y, columns, r->events);
    /* A threshold output is 1 at the threshold itself, metrics decide above it. */
    double threshold = kind_is(r, "threshold") ? nextafter(r->program->threshold, -INFINITY) : 0;
    return (struct decided){y, columns, threshold};
}

static void add_per_class(cJSON *json, const char *name, const struct metrics *m, size_t offset)
{
    cJSON *array = cJSON_AddArrayToObject(json, name);
    for (int k = 0; k < m->classes; k++) {
        double value = *(const double *)((const char *)&m->per_class[k] + offset);
        cJSON_AddItemToArray(array,
                             isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
    }
}

static void add_numbers(cJSON *json, const char *name, const double *values, int count)
{
    cJSON *array = cJSON_AddArrayToObject(json, name);
    for (int k = 0; k < count; k++)
        cJSON_AddItemToArray(array, isfinite(values[k]) ? cJSON_CreateNumber(values[k])
                                                        : cJSON_CreateNull());
}

static double mean_of(const struct metrics *m, size_t offset)
{
    double sum = 0;
    int count = 0;
    for (int k = 0; k < m->classes; k++) {
        double value = *(const double *)((const char *)&m->per_class[k] + offset);
        if (isfinite(value)) sum += value, count++;
    }
    return count ? sum / count : NAN;
}

static void add_confusion(cJSON *json, const struct metrics *m)
{
    cJSON *rows = cJSON_AddArrayToObject(json, "confusion");
    for (int i = 0; i < m->classes; i++) {
        cJSON *row = cJSON_CreateArray();
        for (int j = 0; j < m->classes; j++)
            cJSON_AddItemToArray(row, cJSON_CreateNumber((double)m->confusion[i * m->classes + j]));
        cJSON_AddItemToArray(rows, row);
    }
}

static void add_efficiencies(cJSON *json, const struct metrics *m, const struct metrics_errors *e,
                             int first)
{
    cJSON *rows = cJSON_AddArrayToObject(json, "efficiency_at_background");
    for (int k = first; k < m->classes; k++)
        for (int i = 0; i < METRICS_RATES; i++) {
            cJSON *row = cJSON_CreateObject();
            json_add_number(row, "class", k);
            json_add_number(row, "background", metrics_background_rates[i]);
            json_add_number(row, "efficiency", m->per_class[k].efficiency[i]);
            if (e) json_add_number(row, "error", e->efficiency_per_class[k][i]);
            cJSON_AddItemToArray(rows, row);
        }
}

/* At most ROC_POINTS a curve, more of them where the background is small: even steps of its square
 * root. */
static void add_roc(cJSON *json, struct arena *arena, const struct decided *d, const int *labels,
                    long events, int classes)
{
    cJSON *curves = cJSON_AddArrayToObject(json, "roc");
    for (int k = d->columns == 1 ? 1 : 0; k < classes; k++) {
        int count;
        const struct roc_point *points =
            metrics_roc(arena, d->scores, d->columns, k, labels, events, &count);
        cJSON *curve = cJSON_CreateObject();
        json_add_number(curve, "class", k);
        cJSON *list = cJSON_AddArrayToObject(curve, "points");
        double last = -1;
        for (int i = 0; i < count; i++) {
            double place = sqrt(sqrt(points[i].background));
            if (i + 1 < count && place < last + 1.0 / ROC_POINTS) continue;
            last = place;
            double pair[2] = {points[i].background, points[i].signal};
            cJSON_AddItemToArray(list, cJSON_CreateDoubleArray(pair, 2));
        }
        cJSON_AddItemToArray(curves, curve);
    }
}

/* Scores of the float network against the hardware's, one output per event in turn, for the scatter
 * plot. */
static void add_scatter(cJSON *json, const struct physics_request *r,
                        const struct decided *floating, const struct decided *hardware)
{
    if (floating->columns != hardware->columns || kind_is(r, "argmax") || kind_is(r, "threshold"))
        return;
    cJSON *points = cJSON_AddArrayToObject(json, "scatter");
    long step = r->events / SCATTER_POINTS + 1;
    for (long e = 0; e < r->events; e += step) {
        int column = (int)(e / step % floating->columns);
        size_t at = (size_t)e * (size_t)floating->columns + (size_t)column;
        double point[3] = {floating->scores[at], hardware->scores[at], column};
        cJSON_AddItemToArray(points, cJSON_CreateDoubleArray(point, 3));
    }
}

/* The accuracy of one way of computing, and its error. */
static void add_accuracy(cJSON *json, struct arena *arena, const struct physics_request *r,
                         const char *way, const struct decided *d, const int *labels, bool known)
{
    double accuracy =
        metrics_eval(arena, d->scores, d->columns, d->threshold, labels, r->events).accuracy;
    double n = (double)r->events; /* a proportion's bootstrap error is this */
    json_add_number(json, arena_printf(arena, "accuracy_%s", way), known ? accuracy : NAN);
    if (r->options.replicas > 0)
        json_add_number(json, arena_printf(arena, "accuracy_%s_error", way),
                        known ? sqrt(accuracy * (1 - accuracy) / n) : NAN);
}

/* Everything that follows from the hardware's scores. */
static void add_metrics(cJSON *json, struct arena *arena, const struct physics_request *r,
                        const struct decided *hardware, const int *labels)
{
    struct metrics m = metrics_eval(arena, hardware->scores, hardware->columns, hardware->threshold,
                                    labels, r->events);
    struct metrics_errors errors, *e = r->options.replicas > 0 ? &errors : NULL;
    if (e)
        errors = metrics_bootstrap(arena, hardware->scores, hardware->columns, hardware->threshold,
                                   labels, r->events, r->options.replicas, 1);
    json_add_number(json, "auc", m.auc);
    if (e) json_add_number(json, "auc_error", e->auc);
    add_per_class(json, "auc_per_class", &m, offsetof(struct metrics_class, auc));
    if (e) add_numbers(json, "auc_per_class_error", e->auc_per_class, m.classes);
    add_per_class(json, "precision_per_class", &m, offsetof(struct metrics_class, precision));
    add_per_class(json, "recall_per_class", &m, offsetof(struct metrics_class, recall));
    add_per_class(json, "f1_per_class", &m, offsetof(struct metrics_class, f1));
    json_add_number(json, "precision", mean_of(&m, offsetof(struct metrics_class, precision)));
    json_add_number(json, "recall", mean_of(&m, offsetof(struct metrics_class, recall)));
    json_add_number(json, "f1", mean_of(&m, offsetof(struct metrics_class, f1)));
    json_add_number(json, "balanced_accuracy", m.balanced_accuracy);
    if (e) json_add_number(json, "balanced_accuracy_error", e->balanced_accuracy);
    if (r->class_names)
        cJSON_AddItemToObject(json, "class_names",
                              cJSON_CreateStringArray(r->class_names, r->classes));
    add_confusion(json, &m);
    add_efficiencies(json, &m, e, hardware->columns == 1 ? 1 : 0);
    add_roc(json, arena, hardware, labels, r->events, m.classes);
}

static void write_classes(cJSON *json, const struct physics_request *r)
{
    struct arena arena = {0};
    const int *labels = class_labels(&arena, r);
    struct decided hardware = physics_by_program(&arena, r, r->x, r->events);
    struct decided quantized = by_reference(&arena, r, r->quantized, REFERENCE_QUANTIZED);
    struct decided floating =
        by_reference(&arena, r, r->floating ? r->floating : r->quantized, REFERENCE_FLOAT);
    if (r->floating) floating.threshold = quantized.threshold;
    add_accuracy(json, &arena, r, "float", &floating, labels, true);
    add_accuracy(json, &arena, r, "quantized", &quantized, labels, true);
    add_accuracy(json, &arena, r, "hardware", &hardware, labels, r->hardware_agrees);
    add_scatter(json, r, &floating, &hardware);
    struct decided judged = physics_judged(&arena, r, &hardware, r->events);
    cJSON_AddBoolToObject(json, "host_softmax", judged.scores != hardware.scores);
    add_metrics(json, &arena, r, &judged, labels);
    physics_add_points(json, r, &judged, labels);
    arena_free(&arena);
}

void physics_write(const struct physics_request *r)
{
    bool classes = r->labels && r->classes >= 2, values = r->targets && r->target_count > 0;
    if (r->events == 0 || (!classes && !values)) return;
    bool one_score = r->program->output_count == 1 && !kind_is(r, "argmax");
    if (classes && one_score && r->classes != 2) {
        warn("one score for %d classes: no physics.json", r->classes);
        return;
    }
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    json_add_number(json, "events", (double)r->events);
    if (classes)
        write_classes(json, r);
    else
        physics_add_resolution(json, r);
    if (r->options.robustness) physics_add_robustness(json, r);
    struct arena arena = {0};
    json_write(file_join(&arena, r->folder, "physics.json"), json);
    cJSON_Delete(json);
    arena_free(&arena);
}
