/* Verification: see verify.h. */
#include "sim/verify.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "compiler/emit/emit.h"
#include "model/onnx.h"
#include "sim/bench.h"
#include "sim/compare.h"
#include "sim/loads.h"
#include "sim/locate.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = 20, LEAST_PART = 2000, WAVEFORM_EVENTS = 32 };

struct verification {
    struct arena arena;
    const struct verify_request *request;
    struct verify_result *result;
    struct program *program;
    struct stimuli stimuli;
    int64_t *outputs;   /* the interpreter's [stimuli.count][output_count] */
    const char *folder; /* request->folder/verify */
    struct bench_design design;
    struct bench_events events;
    struct bench_loads loads; /* of a program with loadable memories */
    int crossing_cycles;
};

void verify_request_init(struct verify_request *request)
{
    *request = (struct verify_request){.random_events = 1000, .seed = 1};
}

/* The first reason stays. */
static void blame(struct verify_result *result, const char *format, ...)
{
    va_list args;
    result->passed = false;
    if (result->reason[0]) return;
    va_start(args, format);
    vsnprintf(result->reason, sizeof result->reason, format, args);
    va_end(args);
}

static void prepare(struct verification *v)
{
    const struct verify_request *request = v->request;
    v->program = program_read(file_join(&v->arena, request->folder, "program.sluice"));
    if (v->program->latency_cycles == 0)
        fail("%s: program.sluice is not scheduled; compile again", request->folder);
    v->folder = file_join(&v->arena, request->folder, "verify");
    file_make_folder(v->folder);
    stimuli_make(&v->stimuli, v->program, request->x, request->events, request->random_events,
                 request->seed);
    v->outputs =
        arena_alloc(&v->arena, (size_t)v->stimuli.count * (size_t)v->program->output_count + 1,
                    sizeof *v->outputs);
    program_eval(v->program, v->stimuli.inputs, v->stimuli.count, v->outputs);
    v->design =
        (struct bench_design){.folder = v->folder,
                              .name = "bench",
                              .sources = bench_file_list(&v->arena, request->folder, "files.f"),
                              .top = emit_top_name(v->program, &v->arena),
                              .input_bits = emit_input_bits(v->program),
                              .loads = emit_has_load_port(v->program),
                              .protect = v->program->protect};
    v->events = bench_write_events(&v->arena, v->program, v->folder, v->stimuli.inputs, v->outputs,
                                   v->stimuli.count);
    if (v->design.loads)
        v->loads = loads_prepare(&v->arena, v->program,
                                 &(struct loads_request){.folder = request->folder,
                                                         .image = request->image,
                                                         .seed = request->seed,
                                                         .work = v->folder},
                                 v->stimuli.inputs, v->stimuli.count);
    else if (request->image)
        fail("%s: nothing in this network can be loaded", request->folder);
    int interval = v->program->interval_cycles;
    v->crossing_cycles = request->crossing_interval_cycles;
    v->result->crossing_ok = v->crossing_cycles == 0 || v->crossing_cycles >= interval;
    if (v->crossing_cycles < interval) v->crossing_cycles = interval;
    v->result->interval_cycles = interval;
    v->result->latency_ok = request->latency_budget_cycles == 0 ||
                            v->program->latency_cycles <= request->latency_budget_cycles;
}

static struct bench_run part_run(const struct verification *v, const char *executable, long first,
                                 long count)
{
    return (struct bench_run){.executable = executable,
                              .folder = v->folder,
                              .events = &v->events,
                              .loads = v->design.loads ? &v->loads : NULL,
                              .first = first,
                              .count = count,
                              .latency_cycles = v->program->latency_cycles,
                              .interval_cycles = v->program->interval_cycles,
                              .crossing_cycles = v->crossing_cycles,
                              .seed = v->request->seed + (uint64_t)first,
                              .control = first == 0};
}

/* Runs the failing part again with a waveform of the failing event, and finds the value that is
 * wrong in it. */
static void explain(struct verification *v, const struct bench_run *part,
                    const struct bench_verdict *verdict)
{
    struct verify_mismatch *m = &v->result->first;
    struct bench_design design = v->design;
    design.name = "bench_trace";
    design.trace = design.quick = true;
    struct bench_run run = *part;
    struct bench_verdict again;
    run.executable = bench_build(&v->arena, &design);
    run.trace = file_join(&v->arena, v->folder, "mismatch.vcd");
    run.trace_from = verdict->presented;
    run.trace_to = verdict->cycle + 2;
    uint64_t end = verdict->presented + (uint64_t)v->program->latency_cycles + 2;
    if (run.trace_to < end) run.trace_to = end;
    bench_run(&run, &again);
    snprintf(v->result->waveform, sizeof v->result->waveform, "verify/mismatch.vcd");
    /* Inner values are known of the program's own contents alone. */
    if (verdict->event < 0 || strncmp(verdict->phase, "loading", 7) == 0) return;
    const int64_t *inputs = v->stimuli.inputs + verdict->event * v->program->input_count;
    if (strcmp(verdict->kind, "value") == 0 || strcmp(verdict->kind, "missing") == 0)
        locate_mismatch(v->program, run.trace, inputs, m);
    if (!m->layer[0] && strcmp(verdict->kind, "value") == 0)
        locate_output(v->program, v->outputs + verdict->event * v->program->output_count,
                      verdict->got, m);
}

static void blame_mismatch(struct verification *v)
{
    const struct verify_mismatch *m = &v->result->first;
    char place[400] = "", event[80] = "";
    if (m->layer[0]) {
        char element[40] = "";
        if (m->element >= 0) snprintf(element, sizeof element, " element %d", m->element);
        snprintf(place, sizeof place, ", layer %s%s (%s): expected %" PRId64 ", got %" PRId64,
                 m->layer, element, m->signal, m->expected, m->got);
    } else {
        snprintf(place, sizeof place, ": %s",
                 strcmp(m->fault, "missing") == 0    ? "valid_o is low when the result is due"
                 : strcmp(m->fault, "spurious") == 0 ? "valid_o is high when no result is due"
                 : strcmp(m->fault, "value") == 0    ? "the result is not that of its contents"
                 : strcmp(m->fault, "ready") == 0    ? "load_ready_o is not what it should be"
                 : strcmp(m->fault, "bank") == 0     ? "bank_o is not the event's bank"
                 : strcmp(m->fault, "swap") == 0     ? "swaps that were asked for did not come"
                                                     : "error_o is not what it should be");
    }
    if (m->event >= 0)
        snprintf(event, sizeof event, "event %ld (%s %ld), ", m->event, m->kind, m->number);
    blame(v->result, "Verilog and interpreter differ %ld times; first at %s%s%s; waveform in %s/%s",
          v->result->mismatches, event, m->phase, place, v->request->folder, v->result->waveform);
}

static const char *known_phase(const char *name)
{
    static const char *const names[] = {
        "back to back", "crossings",          "random gaps",         "reset",
        "early",        "loading, full rate", "loading, random gaps"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return names[i];
    return "";
}

static void note_failure(struct verification *v, const struct bench_run *part,
                         const struct bench_verdict *verdict)
{
    struct verify_mismatch *m = &v->result->first;
    m->event = verdict->event;
    if (verdict->event >= 0)
        m->kind = stimulus_names[stimuli_kind(&v->stimuli, verdict->event, &m->number)];
    m->phase = known_phase(verdict->phase);
    snprintf(m->fault, sizeof m->fault, "%s", verdict->kind);
    explain(v, part, verdict);
}

static void simulate(struct verification *v)
{
    struct verify_result *result = v->result;
    info("verify: building the Verilator bench");
    const char *executable = bench_build(&v->arena, &v->design);
    long total = v->stimuli.count, step = (total + PARTS - 1) / PARTS;
    if (step < LEAST_PART) step = LEAST_PART;
    struct bench_run failing = {0};
    struct bench_verdict *failure = arena_alloc(&v->arena, 1, sizeof *failure), *verdict = NULL;
    verdict = arena_alloc(&v->arena, 1, sizeof *verdict);
    progress_begin("verify: simulating", total);
    for (long first = 0; first < total; first += step) {
        struct bench_run run =
            part_run(v, executable, first, total - first < step ? total - first : step);
        double start = clock_seconds();
        bench_run(&run, verdict);
        result->simulate_seconds += clock_seconds() - start;
        result->presentations += verdict->checked;
        result->mismatches += verdict->mismatches;
        if (first == 0) result->latency_cycles_measured = (int)verdict->latency;
        if (verdict->failed && !failure->failed) {
            failing = run;
            *failure = *verdict;
        }
        progress_update(first + run.count, NULL);
    }
    progress_end();
    if (failure->failed) note_failure(v, &failing, failure);
    if (result->simulate_seconds > 0)
        result->simulated_events_per_s = (double)result->presentations / result->simulate_seconds;
    if (result->latency_cycles_measured != v->program->latency_cycles)
        blame(result, "the result comes %d cycles after its event, not %d as stated%s",
              result->latency_cycles_measured, v->program->latency_cycles,
              result->latency_cycles_measured < 0 ? " (it never comes)" : "");
    if (result->mismatches > 0) blame_mismatch(v);
    if (result->presentations < total)
        blame(result, "only %ld of %ld events were judged", result->presentations, total);
}

/* The same events through the AXI-Stream wrapper. */
static void simulate_axis(struct verification *v)
{
    struct verify_axis *axis = &v->result->axis;
    const char *path = file_join(&v->arena, v->request->folder, "rtl/axis.json");
    if (!file_exists(path)) return;
    cJSON *json = json_read(path);
    struct bench_design design = v->design;
    design.name = "bench_axis";
    design.axis = true;
    design.sources = bench_file_list(&v->arena, v->request->folder, "axis.f");
    design.top = arena_strdup(&v->arena, json_string(json, "top", ""));
    info("verify: building the bench of the AXI-Stream wrapper");
    struct bench_run run = part_run(v, bench_build(&v->arena, &design), 0, v->stimuli.count);
    run.latency_cycles = (int)json_number(json, "latency_cycles", 0);
    run.stall_cycles = (int)json_number(json, "stall_cycles", 0);
    cJSON_Delete(json);
    struct bench_verdict *verdict = arena_alloc(&v->arena, 1, sizeof *verdict);
    bench_run(&run, verdict);
    *axis =
        (struct verify_axis){true, verdict->checked, verdict->mismatches, (int)verdict->latency};
    if (verdict->failed)
        blame(v->result,
              "the AXI-Stream wrapper fails %ld times; first: %s, %s, event %ld, cycle "
              "%llu",
              verdict->mismatches, verdict->kind, verdict->phase, verdict->event,
              (unsigned long long)verdict->cycle);
    if (axis->latency_cycles_measured != run.latency_cycles)
        blame(v->result, "the AXI-Stream wrapper answers after %d cycles, not %d as stated",
              axis->latency_cycles_measured, run.latency_cycles);
}

/* A picture of the first events, for those who want to look. */
static void leave_waveform(struct verification *v)
{
    struct bench_design design = v->design;
    design.name = "bench_trace";
    design.trace = design.quick = true;
    struct bench_run run = part_run(v, bench_build(&v->arena, &design), 0, 0);
    struct bench_verdict verdict;
    run.count = v->stimuli.count < WAVEFORM_EVENTS ? v->stimuli.count : WAVEFORM_EVENTS;
    run.trace = file_join(&v->arena, v->folder, "events.vcd");
    run.trace_to = UINT64_MAX;
    bench_run(&run, &verdict);
    snprintf(v->result->waveform, sizeof v->result->waveform, "verify/events.vcd");
}

static void compare(struct verification *v)
{
    struct verify_result *result = v->result;
    char text[200];
    struct network *network = onnx_read(file_join(&v->arena, v->request->folder, "model.onnx"));
    long event = compare_references(v->program, network, &v->stimuli, v->outputs,
                                    v->request->labels, result, text, sizeof text);
    network_free(network);
    if (event >= 0) {
        long number;
        const char *kind = stimulus_names[stimuli_kind(&v->stimuli, event, &number)];
        blame(result,
              "%ld events differ from the quantized network in floating point; first event %ld (%s "
              "%ld): %s",
              result->reference_mismatches, event, kind, number, text);
    }
    double tolerance = v->request->tolerance;
    if (tolerance > 0 && result->float_max_abs_error > tolerance)
        blame(result,
              "the outputs deviate by up to %.4g from the float network, more than the tolerance "
              "%.4g",
              result->float_max_abs_error, tolerance);
}

static cJSON *mismatch_object(const struct verify_mismatch *m)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "event", (double)m->event);
    cJSON_AddStringToObject(object, "kind", m->kind);
    cJSON_AddNumberToObject(object, "number", (double)m->number);
    cJSON_AddStringToObject(object, "phase", m->phase);
    cJSON_AddStringToObject(object, "fault", m->fault);
    cJSON_AddStringToObject(object, "layer", m->layer);
    cJSON_AddStringToObject(object, "signal", m->signal);
    json_add_number(object, "element", m->element >= 0 ? (double)m->element : (double)NAN);
    cJSON_AddNumberToObject(object, "expected", (double)m->expected);
    cJSON_AddNumberToObject(object, "got", (double)m->got);
    return object;
}

static void write_json(const struct verification *v)
{
    const struct verify_result *r = v->result;
    struct arena arena = {0};
    cJSON *json = cJSON_CreateObject();
    cJSON_AddBoolToObject(json, "passed", r->passed);
    cJSON_AddStringToObject(json, "reason", r->reason);
    cJSON_AddNumberToObject(json, "events", (double)r->events);
    cJSON_AddNumberToObject(json, "presentations", (double)r->presentations);
    cJSON_AddNumberToObject(json, "mismatches", (double)r->mismatches);
    json_add_number(json, "float_max_abs_error", r->float_max_abs_error);
    json_add_number(json, "float_mean_abs_error", r->float_mean_abs_error);
    json_add_number(json, "reference_mismatches",
                    r->reference_mismatches >= 0 ? (double)r->reference_mismatches : (double)NAN);
    json_add_number(json, "decision_changes",
                    r->decision_changes >= 0 ? (double)r->decision_changes : (double)NAN);
    json_add_number(json, "accuracy_float", r->accuracy_float);
    json_add_number(json, "accuracy_quantized", r->accuracy_quantized);
    json_add_number(json, "accuracy_hardware", r->mismatches ? NAN : r->accuracy_hardware);
    cJSON_AddNumberToObject(json, "latency_cycles_measured", r->latency_cycles_measured);
    cJSON_AddNumberToObject(json, "interval_cycles", r->interval_cycles);
    cJSON_AddBoolToObject(json, "crossing_ok", r->crossing_ok);
    cJSON_AddBoolToObject(json, "latency_ok", r->latency_ok);
    for (int kind = 0; kind < STIMULUS_KINDS; kind++)
        cJSON_AddNumberToObject(json, arena_printf(&arena, "events_%s", stimulus_names[kind]),
                                (double)r->events_of_kind[kind]);
    bool mismatch = r->mismatches > 0;
    cJSON_AddItemToObject(json, "first_mismatch",
                          mismatch ? mismatch_object(&r->first) : cJSON_CreateNull());
    if (r->waveform[0])
        cJSON_AddStringToObject(json, "waveform", r->waveform);
    else
        cJSON_AddNullToObject(json, "waveform");
    if (r->axis.present) {
        cJSON *axis = cJSON_AddObjectToObject(json, "axis");
        cJSON_AddNumberToObject(axis, "transfers", (double)r->axis.transfers);
        cJSON_AddNumberToObject(axis, "mismatches", (double)r->axis.mismatches);
        cJSON_AddNumberToObject(axis, "latency_cycles_measured", r->axis.latency_cycles_measured);
    }
    cJSON_AddNumberToObject(json, "simulated_events_per_s", r->simulated_events_per_s);
    cJSON_AddNumberToObject(json, "seconds", r->seconds);
    json_write(file_join(&arena, v->request->folder, "verify.json"), json);
    cJSON_Delete(json);
    arena_free(&arena);
}

void verify_run(const struct verify_request *request, struct verify_result *result)
{
    double start = clock_seconds();
    struct verification v = {.request = request, .result = result};
    *result = (struct verify_result){.passed = true,
                                     .first = {.event = -1, .kind = "", .phase = "", .element = -1},
                                     .reference_mismatches = -1,
                                     .decision_changes = -1,
                                     .latency_cycles_measured = -1,
                                     .float_max_abs_error = NAN,
                                     .float_mean_abs_error = NAN,
                                     .accuracy_float = NAN,
                                     .accuracy_quantized = NAN,
                                     .accuracy_hardware = NAN};
    if (request->events < 1) {
        blame(result, "there are no test events: nothing was verified");
        write_json(&v);
        return;
    }
    prepare(&v);
    result->events = v.stimuli.count;
    memcpy(result->events_of_kind, v.stimuli.of_kind, sizeof result->events_of_kind);
    simulate(&v);
    simulate_axis(&v);
    if (!request->without_model) compare(&v);
    if (!result->crossing_ok)
        blame(result, "a crossing comes every %d cycles, but the network takes an event every %d",
              request->crossing_interval_cycles, result->interval_cycles);
    if (!result->latency_ok)
        blame(result, "the answer takes %d cycles, more than the %d allowed",
              v.program->latency_cycles, request->latency_budget_cycles);
    if (request->waveform && !result->waveform[0]) leave_waveform(&v);
    result->seconds = clock_seconds() - start;
    write_json(&v);
    stimuli_free(&v.stimuli);
    program_free(v.program);
    arena_free(&v.arena);
}
