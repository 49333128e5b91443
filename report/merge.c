/* From fragments to report.json: see merge.h. Keys and their sources: docs/reference/report.md. */
#include "report/merge.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const report_fragment_files[FRAGMENT_COUNT] = {
    "train.json",   "compile.json",   "interface.json", "verify.json", "build.json",
    "physics.json", "soft_core.json", "faults.json",    "run.json"};
const char *const report_fragment_verbs[FRAGMENT_COUNT] = {
    "train", "compile", "compile", "verify", "build", "verify", "softcore", "verify", "run"};

void report_fragments_read(struct report_fragments *fragments, const char *folder)
{
    struct arena arena = {0};
    bool any = false;
    memset(fragments, 0, sizeof *fragments);
    for (int i = 0; i < FRAGMENT_COUNT; i++) {
        const char *path = file_join(&arena, folder, report_fragment_files[i]);
        if (!file_exists(path)) continue;
        fragments->json[i] = json_read(path);
        if (!cJSON_IsObject(fragments->json[i])) fail("%s: a JSON object is wanted", path);
        any = true;
    }
    arena_free(&arena);
    if (!any)
        fail("%s: nothing to report: none of train.json, compile.json ... is there; run `sluice "
             "train` or `sluice compile` first",
             folder);
}

void report_fragments_free(struct report_fragments *fragments)
{
    for (int i = 0; i < FRAGMENT_COUNT; i++)
        cJSON_Delete(fragments->json[i]);
    memset(fragments, 0, sizeof *fragments);
}

/* What the merging functions share. */
struct merge {
    const struct report_fragments *fragments;
    cJSON *report;
    double clock_mhz, crossing_mhz;
};

static const cJSON *part(const struct merge *m, enum report_fragment which)
{
    return m->fragments->json[which];
}

static double number(const struct merge *m, enum report_fragment which, const char *path)
{
    return json_number(part(m, which), path, NAN);
}

/* The first of the two that is known. */
static double either(double first, double second)
{
    return isfinite(first) ? first : second;
}

static double in_ns(const struct merge *m, double cycles)
{
    return m->clock_mhz > 0 ? cycles / m->clock_mhz * 1000 : NAN;
}

static double in_crossings(const struct merge *m, double cycles)
{
    return in_ns(m, cycles) * m->crossing_mhz / 1000;
}

/* A copy of a member if it is there, not null, and not in `to` yet. */
static void copy_value(cJSON *to, const char *name, const cJSON *from)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(from, name);
    if (value && !cJSON_IsNull(value) && !cJSON_HasObjectItem(to, name))
        cJSON_AddItemToObject(to, name, cJSON_Duplicate(value, true));
}

static void add_string(cJSON *to, const char *name, const char *value)
{
    if (value)
        cJSON_AddStringToObject(to, name, value);
    else
        cJSON_AddNullToObject(to, name);
}

static void merge_head(struct merge *m, const char *folder)
{
    static const enum report_fragment named[] = {FRAGMENT_COMPILE, FRAGMENT_INTERFACE,
                                                 FRAGMENT_TRAIN};
    static const char *const copied[] = {"target",         "strategy",    "reuse",
                                         "interval_layer", "output",      "optimize",
                                         "pins_free",      "standardise", "standardise_adder_bits"};
    const char *name = NULL, *board = json_string(part(m, FRAGMENT_BUILD), "board", NULL);
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (!name) name = json_string(part(m, named[i]), "name", NULL);
        if (!board) board = json_string(part(m, named[i]), "board", NULL);
    }
    struct arena arena = {0};
    char *last = arena_strdup(&arena, folder);
    for (size_t end = strlen(last); end > 1 && last[end - 1] == '/'; end--)
        last[end - 1] = 0;
    cJSON_AddNumberToObject(m->report, "schema", REPORT_SCHEMA);
    add_string(m->report, "name", name ? name : file_name(last));
    add_string(m->report, "board", board);
    add_string(m->report, "part",
               json_string(part(m, FRAGMENT_BUILD), "part",
                           json_string(part(m, FRAGMENT_COMPILE), "part", NULL)));
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        copy_value(m->report, copied[i], part(m, FRAGMENT_BUILD));
        copy_value(m->report, copied[i], part(m, FRAGMENT_COMPILE));
    }
    arena_free(&arena);
}

static void merge_timing(struct merge *m)
{
    cJSON *timing = cJSON_AddObjectToObject(m->report, "timing");
    double latency = either(number(m, FRAGMENT_COMPILE, "latency_cycles"),
                            number(m, FRAGMENT_INTERFACE, "latency_cycles"));
    double interval = either(number(m, FRAGMENT_COMPILE, "interval_cycles"),
                             number(m, FRAGMENT_INTERFACE, "interval_cycles"));
    bool placed = part(m, FRAGMENT_BUILD) != NULL;
    double fmax = placed ? number(m, FRAGMENT_BUILD, "timing.fmax_mhz")
                         : number(m, FRAGMENT_COMPILE, "estimate.fmax_mhz");
    json_add_number(timing, "clock_mhz", m->clock_mhz);
    json_add_number(timing, "latency_cycles", latency);
    json_add_number(timing, "interval_cycles", interval);
    json_add_number(timing, "latency_ns", in_ns(m, latency));
    json_add_number(timing, "fmax_mhz", fmax);
    json_add_number(timing, "latency_bx", in_crossings(m, latency));
    json_add_number(timing, "slack_ns",
                    m->clock_mhz > 0 && fmax > 0 ? 1000 / m->clock_mhz - 1000 / fmax : NAN);
    json_add_number(timing, "events_per_s", interval > 0 ? m->clock_mhz * 1e6 / interval : NAN);
    json_add_number(timing, "bunch_crossing_mhz", m->crossing_mhz);
    const cJSON *met = json_find(part(m, FRAGMENT_BUILD), "timing.met");
    if (cJSON_IsBool(met)) cJSON_AddBoolToObject(timing, "every_clock_met", cJSON_IsTrue(met));
}

static const char *const resource_keys[] = {"cells", "lut4", "ff", "carry", "bram", "dsp"};
enum { RESOURCES = sizeof resource_keys / sizeof *resource_keys };

static void merge_resources(struct merge *m)
{
    const cJSON *placed = json_find(part(m, FRAGMENT_BUILD), "resources");
    const cJSON *estimate = json_find(part(m, FRAGMENT_COMPILE), "estimate");
    const cJSON *from = part(m, FRAGMENT_BUILD) ? placed : estimate;
    cJSON *resources = cJSON_AddObjectToObject(m->report, "resources");
    add_string(resources, "source",
               part(m, FRAGMENT_BUILD) ? "placed"
               : estimate              ? "estimate"
                                       : NULL);
    json_add_number(resources, "cells", json_number(from, "cells", NAN));
    json_add_number(resources, "cells_available",
                    either(json_number(placed, "cells_available", NAN),
                           json_number(estimate, "cells_available", NAN)));
    for (int i = 1; i < RESOURCES; i++)
        json_add_number(resources, resource_keys[i], json_number(from, resource_keys[i], NAN));
    json_add_number(resources, "wrapper_cells", number(m, FRAGMENT_BUILD, "wrapper_cells"));
    copy_value(resources, "bram_available", from);
    copy_value(resources, "dsp_available", from);
    if (!estimate) return;
    cJSON *predicted = cJSON_AddObjectToObject(m->report, "predicted");
    for (int i = 0; i < RESOURCES; i++)
        json_add_number(predicted, resource_keys[i], json_number(estimate, resource_keys[i], NAN));
    json_add_number(predicted, "fmax_mhz", json_number(estimate, "fmax_mhz", NAN));
}

static void merge_physics(struct merge *m)
{
    static const char *const keys[] = {"accuracy_float", "accuracy_quantized", "accuracy_hardware",
                                       "auc"};
    static const char *const more[] = {"auc_per_class",
                                       "class_names",
                                       "confusion",
                                       "confusion_of",
                                       "efficiency_at_background",
                                       "precision",
                                       "precision_per_class",
                                       "recall",
                                       "recall_per_class",
                                       "f1",
                                       "f1_per_class",
                                       "balanced_accuracy",
                                       "events",
                                       "accuracy_float_error",
                                       "accuracy_quantized_error",
                                       "accuracy_hardware_error",
                                       "balanced_accuracy_error",
                                       "auc_error",
                                       "auc_per_class_error",
                                       "trigger",
                                       "working_points",
                                       "turn_on",
                                       "regression",
                                       "robustness",
                                       "host_softmax"};
    cJSON *physics = cJSON_AddObjectToObject(m->report, "physics");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_add_number(
            physics, keys[i],
            either(number(m, FRAGMENT_PHYSICS, keys[i]), number(m, FRAGMENT_VERIFY, keys[i])));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        copy_value(physics, more[i], part(m, FRAGMENT_PHYSICS));
}

static void merge_verify(struct merge *m)
{
    static const char *const keys[] = {"events", "mismatches", "float_max_abs_error"};
    cJSON *verify = cJSON_AddObjectToObject(m->report, "verify");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_add_number(verify, keys[i], number(m, FRAGMENT_VERIFY, keys[i]));
    const cJSON *item;
    cJSON_ArrayForEach(item, part(m, FRAGMENT_VERIFY))
    {
        bool skipped = strcmp(item->string, "seconds") == 0 ||
                       strcmp(item->string, "schema") == 0 ||
                       strcmp(item->string, "gate_level") == 0;
        if (!skipped) copy_value(verify, item->string, part(m, FRAGMENT_VERIFY));
    }
    const cJSON *gates = json_find(part(m, FRAGMENT_BUILD), "gate_level");
    if (!cJSON_IsObject(gates)) gates = json_find(part(m, FRAGMENT_VERIFY), "gate_level");
    if (cJSON_IsObject(gates))
        cJSON_AddItemToObject(m->report, "gate_level", cJSON_Duplicate(gates, true));
}

static void merge_training(struct merge *m)
{
    static const char *const keys[] = {"events_train",
                                       "events_validation",
                                       "events_test",
                                       "validation_accuracy_float",
                                       "validation_accuracy_quantized",
                                       "float_best_epoch",
                                       "quantized_best_epoch"};
    if (!part(m, FRAGMENT_TRAIN)) return;
    cJSON *training = cJSON_AddObjectToObject(m->report, "training");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        copy_value(training, keys[i], part(m, FRAGMENT_TRAIN));
    json_add_number(training, "epochs",
                    cJSON_GetArraySize(json_find(part(m, FRAGMENT_TRAIN), "curves")));
}

static void merge_program(struct merge *m)
{
    static const char *const keys[] = {"operations", "adder_bits", "depth"};
    const cJSON *from = json_find(part(m, FRAGMENT_COMPILE), "program");
    cJSON *program = cJSON_AddObjectToObject(m->report, "program");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        json_add_number(program, keys[i], json_number(from, keys[i], NAN));
    const cJSON *item;
    cJSON_ArrayForEach(item, from)
    {
        copy_value(program, item->string, from);
    }
}

static void merge_seconds(struct merge *m)
{
    cJSON *seconds = cJSON_AddObjectToObject(m->report, "seconds");
    json_add_number(seconds, "train", number(m, FRAGMENT_TRAIN, "seconds"));
    json_add_number(seconds, "compile", number(m, FRAGMENT_COMPILE, "seconds"));
    json_add_number(seconds, "verify", number(m, FRAGMENT_VERIFY, "seconds"));
    json_add_number(seconds, "build", number(m, FRAGMENT_BUILD, "seconds"));
}

/* The row of that name in another fragment's layers, or NULL. */
static const cJSON *find_layer(const cJSON *layers, const char *name)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, layers)
    {
        const char *theirs = json_string(row, "name", NULL);
        if (theirs && name && strcmp(theirs, name) == 0) return row;
    }
    return NULL;
}

/* Layers overlap: one may start before the one before it is through. Each is charged with the
 * cycles by which it moves the end, so that the layers add up to the whole. */
static void add_latency(struct merge *m, cJSON *layer, double *reached)
{
    double start = json_number(layer, "start_cycle", NAN);
    double end = json_number(layer, "end_cycle", NAN);
    if (!isfinite(start) || !isfinite(end)) return;
    double from = either(*reached, start);
    double added = fmax(end - from, 0);
    json_add_number(layer, "latency_cycles", added);
    json_add_number(layer, "latency_ns", in_ns(m, added));
    json_add_number(layer, "latency_bx", in_crossings(m, added));
    *reached = fmax(from, end);
}

static void merge_layers(struct merge *m)
{
    const cJSON *compiled = json_find(part(m, FRAGMENT_COMPILE), "layers");
    const cJSON *trained = json_find(part(m, FRAGMENT_TRAIN), "layers");
    cJSON *layers = cJSON_AddArrayToObject(m->report, "layers");
    double reached = NAN;
    const cJSON *rows = cJSON_IsArray(compiled) ? compiled : trained, *row, *item;
    cJSON_ArrayForEach(row, rows)
    {
        if (!cJSON_IsObject(row)) continue;
        cJSON *layer = cJSON_Duplicate(row, true);
        const cJSON *other = find_layer(trained, json_string(row, "name", NULL));
        cJSON_ArrayForEach(item, other)
        {
            copy_value(layer, item->string, other);
        }
        double weights = json_number(layer, "weights", NAN);
        add_latency(m, layer, &reached);
        if (weights > 0)
            json_add_number(layer, "sparsity",
                            1 - json_number(layer, "nonzero_weights", NAN) / weights);
        cJSON_AddItemToArray(layers, layer);
    }
}

/* What the hardware does not do, in sentences. */
static void merge_left_out(struct merge *m)
{
    static const struct {
        const char *flag, *text;
    } rows[] = {
        {"softmax_left_out", "the final softmax is not in the hardware: scores leave it raw, and "
                             "their order, hence the decision, is the same"},
        {"sigmoid_left_out", "the final sigmoid is not in the hardware: the score leaves it raw, "
                             "and a threshold on it decides the same"},
    };
    const cJSON *compiled = part(m, FRAGMENT_COMPILE), *item;
    cJSON *left_out = cJSON_AddArrayToObject(m->report, "left_out");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const cJSON *flag = json_find(compiled, rows[i].flag);
        if (cJSON_IsBool(flag)) cJSON_AddBoolToObject(m->report, rows[i].flag, cJSON_IsTrue(flag));
        if (cJSON_IsTrue(flag)) cJSON_AddItemToArray(left_out, cJSON_CreateString(rows[i].text));
    }
    static const char host[] = "standardisation of the inputs is the host's: host_scale and "
                               "host_offset of interface.json";
    if (strcmp(json_string(compiled, "standardise", ""), "host") == 0)
        cJSON_AddItemToArray(left_out, cJSON_CreateString(host));
    const cJSON *more = json_find(compiled, "left_out");
    cJSON_ArrayForEach(item, more)
    {
        if (cJSON_IsString(item))
            cJSON_AddItemToArray(left_out, cJSON_CreateString(item->valuestring));
    }
}

static void merge_notes(struct merge *m)
{
    cJSON *notes = cJSON_AddArrayToObject(m->report, "notes");
    struct arena arena = {0};
    for (int i = 0; i < FRAGMENT_COUNT; i++) {
        bool is_extra = i == FRAGMENT_INTERFACE || i == FRAGMENT_SOFT_CORE ||
                        i == FRAGMENT_FAULTS || i == FRAGMENT_RUN;
        if (m->fragments->json[i] || is_extra) continue;
        const char *note = arena_printf(&arena, "%s is not there yet (written by `sluice %s`)",
                                        report_fragment_files[i], report_fragment_verbs[i]);
        cJSON_AddItemToArray(notes, cJSON_CreateString(note));
    }
    arena_free(&arena);
}

cJSON *report_merge(const struct report_fragments *fragments, const char *folder,
                    const struct report_options *options)
{
    struct merge m = {.fragments = fragments, .report = cJSON_CreateObject()};
    m.crossing_mhz = options->budget.bunch_crossing_mhz;
    m.clock_mhz = either(number(&m, FRAGMENT_BUILD, "timing.clock_mhz"),
                         either(number(&m, FRAGMENT_COMPILE, "clock_mhz"),
                                number(&m, FRAGMENT_INTERFACE, "clock_mhz")));
    merge_head(&m, folder);
    merge_timing(&m);
    merge_resources(&m);
    merge_physics(&m);
    merge_verify(&m);
    merge_training(&m);
    merge_program(&m);
    merge_seconds(&m);
    merge_layers(&m);
    merge_left_out(&m);
    if (part(&m, FRAGMENT_SOFT_CORE))
        cJSON_AddItemToObject(m.report, "soft_core",
                              cJSON_Duplicate(part(&m, FRAGMENT_SOFT_CORE), true));
    if (part(&m, FRAGMENT_FAULTS))
        cJSON_AddItemToObject(m.report, "faults", cJSON_Duplicate(part(&m, FRAGMENT_FAULTS), true));
    if (part(&m, FRAGMENT_RUN))
        cJSON_AddItemToObject(m.report, "run", cJSON_Duplicate(part(&m, FRAGMENT_RUN), true));
    copy_value(m.report, "tools", part(&m, FRAGMENT_BUILD));
    copy_value(m.report, "seed", part(&m, FRAGMENT_BUILD));
    copy_value(m.report, "attempts", part(&m, FRAGMENT_BUILD));
    copy_value(m.report, "tries", part(&m, FRAGMENT_BUILD));
    copy_value(m.report, "bitstream", part(&m, FRAGMENT_BUILD));
    copy_value(m.report, "cached", part(&m, FRAGMENT_BUILD));
    merge_notes(&m);
    if (options->version) cJSON_AddStringToObject(m.report, "sluice", options->version);
    return m.report;
}
