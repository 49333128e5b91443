/* Working points at a rate, turn-on curves, resolution: see physics.h. */
#include "base/json.h"
#include "cli/physics.h"
#include "cli/scores.h"
#include "trainer/statistics.h"

#include <math.h>

/* A proportion as NAME, NAME_low and NAME_high, times `factor`. */
static void add_proportion(cJSON *json, struct arena *arena, const char *name, struct proportion p,
                           double factor)
{
    json_add_number(json, name, p.value * factor);
    json_add_number(json, arena_printf(arena, "%s_low", name), p.low * factor);
    json_add_number(json, arena_printf(arena, "%s_high", name), p.high * factor);
}

static void add_point(cJSON *rows, struct arena *arena, const struct physics_request *r, int k,
                      const struct working_point *w, const char *chosen_on, double wanted)
{
    const struct physics_options *o = &r->options;
    /* From an efficiency to the rate that is kept, in kHz. */
    double to_khz = o->input_rate_mhz * 1e3 / o->prescale;
    cJSON *row = cJSON_CreateObject();
    json_add_number(row, "class", k);
    json_add_number(row, "cut", w->cut);
    cJSON_AddStringToObject(row, "chosen_on", chosen_on);
    json_add_number(row, "background_wanted", wanted);
    add_proportion(row, arena, "signal_efficiency",
                   proportion_of(w->signal_passed, w->signal_total), 1);
    struct proportion background = proportion_of(w->background_passed, w->background_total);
    add_proportion(row, arena, "background_efficiency", background, 1);
    add_proportion(row, arena, "rate_khz", background, to_khz);
    cJSON_AddItemToArray(rows, row);
}

static void add_turn_on(cJSON *curves, struct arena *arena, const struct physics_request *r, int k,
                        double cut, const struct decided *hardware, const int *labels)
{
    int features = r->program->input_count;
    double *variable = arena_alloc(arena, (size_t)r->events, sizeof *variable);
    for (int t = 0; t < r->options.turn_on_count; t++) {
        int feature = r->options.turn_on[t], found;
        for (long e = 0; e < r->events; e++)
            variable[e] = r->x[e * features + feature];
        const struct bin *bins = turn_on_curve(arena, variable, hardware->scores, hardware->columns,
                                               k, cut, labels, r->events, r->options.bins, &found);
        cJSON *curve = cJSON_CreateObject();
        json_add_number(curve, "class", k);
        cJSON_AddStringToObject(curve, "feature",
                                r->feature_names ? r->feature_names[feature]
                                                 : arena_printf(arena, "x%d", feature));
        cJSON *list = cJSON_AddArrayToObject(curve, "bins");
        for (int b = 0; b < found; b++) {
            cJSON *row = cJSON_CreateObject();
            json_add_number(row, "low", bins[b].low);
            json_add_number(row, "high", bins[b].high);
            json_add_number(row, "events", (double)bins[b].total);
            add_proportion(row, arena, "efficiency", proportion_of(bins[b].passed, bins[b].total),
                           1);
            cJSON_AddItemToArray(list, row);
        }
        cJSON_AddItemToArray(curves, curve);
    }
}

/* The cut of class k: half-way between the two decisions where only these leave the hardware, else
 * what gives the rate on the validation events. */
static double find_cut(struct arena *arena, const struct physics_request *r, int k,
                       const struct decided *hardware, const int *labels, double background,
                       const char **chosen_on)
{
    if (physics_decisions_alone(r->program)) {
        *chosen_on = "decision";
        return 0.5;
    }
    if (!r->valid_x || !r->valid_labels || r->valid_events == 0) {
        *chosen_on = "test events";
        return working_point_find(hardware->scores, hardware->columns, k, labels, r->events,
                                  background)
            .cut;
    }
    *chosen_on = "validation events";
    struct decided raw = physics_by_program(arena, r, r->valid_x, r->valid_events);
    struct decided valid = physics_judged(arena, r, &raw, r->valid_events);
    int *valid_labels = arena_alloc(arena, (size_t)r->valid_events, sizeof *valid_labels);
    for (long e = 0; e < r->valid_events; e++)
        valid_labels[e] = (int)r->valid_labels[e];
    return working_point_find(valid.scores, valid.columns, k, valid_labels, r->valid_events,
                              background)
        .cut;
}

void physics_add_points(cJSON *json, const struct physics_request *r,
                        const struct decided *hardware, const int *labels)
{
    const struct physics_options *o = &r->options;
    if (!(o->rate_khz > 0)) return;
    struct arena arena = {0};
    double background = background_for_rate(o->rate_khz, o->input_rate_mhz, o->prescale);
    cJSON *trigger = cJSON_AddObjectToObject(json, "trigger");
    json_add_number(trigger, "rate_khz", o->rate_khz);
    json_add_number(trigger, "input_rate_mhz", o->input_rate_mhz);
    json_add_number(trigger, "prescale", o->prescale);
    cJSON *rows = cJSON_AddArrayToObject(json, "working_points");
    cJSON *curves = cJSON_AddArrayToObject(json, "turn_on");
    bool single = hardware->columns == 1;
    int first = o->signal >= 0 ? o->signal : single || r->classes == 2 ? 1 : 0;
    int end = o->signal >= 0 || single || r->classes == 2 ? first + 1 : r->classes;
    for (int k = first; k < end; k++) {
        const char *chosen_on;
        double cut = find_cut(&arena, r, k, hardware, labels, background, &chosen_on);
        struct working_point w =
            working_point_apply(cut, hardware->scores, hardware->columns, k, labels, r->events);
        add_point(rows, &arena, r, k, &w, chosen_on, background);
        add_turn_on(curves, &arena, r, k, cut, hardware, labels);
    }
    arena_free(&arena);
}

void physics_add_resolution(cJSON *json, const struct physics_request *r)
{
    struct arena arena = {0};
    int columns = r->program->output_count;
    double *y = arena_alloc(&arena, (size_t)r->events * (size_t)columns, sizeof *y);
    double *target = arena_alloc(&arena, (size_t)r->events, sizeof *target);
    double *prediction = arena_alloc(&arena, (size_t)r->events, sizeof *prediction);
    scores_program(r->program, r->x, r->events, y);
    cJSON *outputs = cJSON_AddArrayToObject(json, "regression");
    for (int c = 0; c < columns && c < r->target_count; c++) {
        for (long e = 0; e < r->events; e++) {
            target[e] = (double)r->targets[e * r->target_count + c];
            prediction[e] = y[e * columns + c];
        }
        int found;
        const struct bin *all =
            resolution_in_bins(&arena, target, prediction, r->events, 1, &found);
        cJSON *output = cJSON_CreateObject();
        cJSON_AddStringToObject(output, "output", r->program->outputs[c].name);
        json_add_number(output, "bias", all->bias);
        json_add_number(output, "bias_error", all->bias_error);
        json_add_number(output, "resolution", all->resolution);
        json_add_number(output, "resolution_error", all->resolution_error);
        const struct bin *bins =
            resolution_in_bins(&arena, target, prediction, r->events, r->options.bins, &found);
        cJSON *rows = cJSON_AddArrayToObject(output, "bins");
        for (int b = 0; b < found; b++) {
            cJSON *row = cJSON_CreateObject();
            json_add_number(row, "low", bins[b].low);
            json_add_number(row, "high", bins[b].high);
            json_add_number(row, "events", (double)bins[b].total);
            json_add_number(row, "bias", bins[b].bias);
            json_add_number(row, "bias_error", bins[b].bias_error);
            json_add_number(row, "resolution", bins[b].resolution);
            json_add_number(row, "resolution_error", bins[b].resolution_error);
            cJSON_AddItemToArray(rows, row);
        }
        cJSON_AddItemToArray(outputs, output);
    }
    arena_free(&arena);
}
