/* What quantizing a model from elsewhere changes, measured on the calibration events. */
#include "cli/compile_changes.h"
#include "base/error.h"
#include "model/reference.h"

#include <math.h>
#include <string.h>

/* Class of the largest score, the lowest on a tie; of a single score whether it passes. */
static int decision_of(const double *scores, int outputs, double threshold)
{
    int best = 0;
    if (outputs == 1) return scores[0] >= threshold;
    for (int k = 1; k < outputs; k++)
        if (scores[k] > scores[best]) best = k;
    return best;
}

static struct compile_changes count_changes(const double *exact, const double *rounded, long events,
                                            int outputs, double threshold)
{
    struct compile_changes c = {.events = events};
    double sum = 0;
    for (long e = 0; e < events; e++) {
        c.decisions += decision_of(exact + e * outputs, outputs, threshold) !=
                       decision_of(rounded + e * outputs, outputs, threshold);
        for (int k = 0; k < outputs; k++) {
            double error = fabs(exact[e * outputs + k] - rounded[e * outputs + k]);
            sum += error;
            c.max_abs_error = fmax(c.max_abs_error, error);
        }
    }
    c.mean_abs_error = sum / (double)events / outputs;
    return c;
}

/* Walks through trees that may be spent: a fraction of a second. */
enum { MOST_WALKS = 3000000, LEAST_EVENTS = 1000 };

/* The calibration events, or as many of them, evenly chosen, as a large ensemble leaves time for.
 */
static const double *choose_events(struct arena *arena, const struct network *network,
                                   const struct compile_options *options, long *events)
{
    long trees = 1, all = options->calibrate_events;
    for (int i = 0; i < network->layer_count; i++)
        if (network->layers[i].trees) trees += network->layers[i].trees->tree_count;
    long most = MOST_WALKS / trees > LEAST_EVENTS ? MOST_WALKS / trees : LEAST_EVENTS;
    *events = all < most ? all : most;
    if (*events == all) return options->calibrate;
    size_t features = (size_t)network->layers[0].size;
    double *chosen = arena_alloc(arena, (size_t)*events * features, sizeof *chosen);
    for (long e = 0; e < *events; e++)
        memcpy(chosen + (size_t)e * features,
               options->calibrate + (size_t)(e * all / *events) * features,
               features * sizeof *chosen);
    return chosen;
}

struct compile_changes compile_changes(struct arena *arena, const struct network *network,
                                       const struct compile_options *options)
{
    int layer = compile_output_layer(network, options), outputs = network->layers[layer].size;
    long events;
    const double *x = choose_events(arena, network, options, &events);
    size_t count = (size_t)events * (size_t)outputs;
    double *exact = arena_alloc(arena, count + 1, sizeof *exact);
    double *rounded = arena_alloc(arena, count + 1, sizeof *rounded);
    reference_eval(network, REFERENCE_FLOAT, x, events, layer, exact);
    reference_eval(network, REFERENCE_QUANTIZED, x, events, layer, rounded);
    struct compile_changes c = count_changes(exact, rounded, events, outputs, options->threshold);
    c.decides = outputs > 1 || network_output(network)->kind == LAYER_SIGMOID ||
                options->output == COMPILE_THRESHOLD;
    return c;
}

void compile_changes_tell(const struct compile_changes *c)
{
    if (c->decides)
        info("quantization changes %ld of %ld decisions (%.3g %%); scores by at most %.3g, %.3g in "
             "the mean",
             c->decisions, c->events, 100 * (double)c->decisions / (double)c->events,
             c->max_abs_error, c->mean_abs_error);
    else
        info("quantization changes scores by at most %.3g, %.3g in the mean, over %ld events",
             c->max_abs_error, c->mean_abs_error, c->events);
}

void compile_changes_add(cJSON *json, const struct compile_changes *c)
{
    cJSON *changes = cJSON_AddObjectToObject(json, "quantization");
    json_add_number(changes, "events", (double)c->events);
    json_add_number(changes, "decision_changes", c->decides ? (double)c->decisions : NAN);
    json_add_number(changes, "max_abs_error", c->max_abs_error);
    json_add_number(changes, "mean_abs_error", c->mean_abs_error);
}
