/* sluice verify: the Verilog in simulation against the program and the references; then the physics
 * of the test events. */
#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/job_use.h"
#include "cli/physics.h"
#include "model/onnx.h"
#include "sim/faults.h"
#include "sim/verify.h"
#include "trainer/train.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* Test events: the job's, or those of --events (with labels if the file has them). */
struct test_events {
    const double *x;
    float *labels;  /* class numbers, or NULL */
    float *targets; /* [count][target_count] of a regression, or NULL */
    int target_count;
    long count;
    int features, classes;
    const char **class_names;
    const double *valid_x; /* validation events, NULL without a job */
    float *valid_labels;
    long valid_count;
};

static float *labels_of(struct cli *cli, const struct events *events, const long *rows, long count)
{
    if (!events->y || events->classes < 2) return NULL;
    float *labels = arena_alloc(&cli->arena, (size_t)count, sizeof *labels);
    for (long i = 0; i < count; i++)
        labels[i] = events->y[rows[i]];
    return labels;
}

static float *targets_of(struct cli *cli, const struct events *events, const long *rows, long count)
{
    if (!events->y || events->classes >= 2) return NULL;
    size_t columns = (size_t)events->targets;
    float *targets = arena_alloc(&cli->arena, (size_t)count * columns, sizeof *targets);
    for (long i = 0; i < count; i++)
        memcpy(targets + (size_t)i * columns, events->y + (size_t)rows[i] * columns,
               columns * sizeof *targets);
    return targets;
}

static struct test_events use(struct cli *cli, const struct events *events, const long *rows,
                              long count)
{
    struct test_events test = {.x = job_rows(&cli->arena, events, rows, count),
                               .labels = labels_of(cli, events, rows, count),
                               .targets = targets_of(cli, events, rows, count),
                               .target_count = events->targets,
                               .count = count,
                               .features = events->features,
                               .classes = events->classes};
    if (events->class_names && events->classes > 0) {
        test.class_names = arena_alloc(&cli->arena, (size_t)events->classes, sizeof(char *));
        for (int k = 0; k < events->classes; k++)
            test.class_names[k] = arena_strdup(&cli->arena, events->class_names[k]);
    }
    return test;
}

/* Text labels are numbered by their file; the model's class names say which number each one has
 * there. */
static void match_labels(struct cli *cli, const char *path, const struct test_events *test,
                         float *labels)
{
    if (!labels || !test->class_names) return;
    struct network *network = onnx_read(cli_need(cli, "model.onnx", "compile"));
    int outputs = network_output(network)->size;
    int *number = arena_alloc(&cli->arena, (size_t)test->classes, sizeof *number);
    for (int k = 0; network->class_names && k < test->classes; k++) {
        number[k] = -1;
        for (int j = 0; j < outputs; j++)
            if (strcmp(test->class_names[k], network->class_names[j]) == 0) number[k] = j;
        if (number[k] < 0)
            fail("%s: class '%s' is none of the model's", path, test->class_names[k]);
    }
    for (long i = 0; network->class_names && i < test->count; i++)
        labels[i] = (float)number[(int)labels[i]];
    network_free(network);
}

/* Missing values where the hardware has no code for them. */
static void check_missing(const struct program *program, const struct events *events)
{
    if (!events->nan_count || events->features != program->input_count) return;
    for (long i = 0; i < events->count * events->features; i++) {
        int column = (int)(i % events->features);
        if (isfinite(events->x[i]) || (isnan(events->x[i]) && program_may_miss(program, column)))
            continue;
        fail("%s, row %ld (counted from 0): column %d is missing, NaN or infinite", events->path,
             i / events->features, column);
    }
}

static bool may_miss_any(const struct program *program)
{
    for (int i = 0; i < program->input_count; i++)
        if (program_may_miss(program, i)) return true;
    return false;
}

static struct test_events read_test_events(struct cli *cli, const struct program *program)
{
    struct test_events test;
    if (!cli->flags.events) {
        if (!cli->job) fail("verify %s: --events X.npy is missing", cli->folder);
        struct job_events *events = job_read_events(cli->job);
        long most = *cli->job->verify->test_events;
        long count = most > 0 && most < events->test_count ? most : events->test_count;
        test = use(cli, events->test, events->test_rows, count);
        test.valid_count = events->valid_count;
        test.valid_x =
            job_rows(&cli->arena, events->train, events->valid_rows, events->valid_count);
        test.valid_labels = labels_of(cli, events->train, events->valid_rows, events->valid_count);
        job_free_events(events);
        return test;
    }
    struct data_source source = {.path = cli->flags.events};
    struct events *events = events_read(&source, may_miss_any(program));
    check_missing(program, events);
    long *rows = arena_alloc(&cli->arena, (size_t)events->count, sizeof *rows);
    for (long i = 0; i < events->count; i++)
        rows[i] = i;
    test = use(cli, events, rows, events->count);
    match_labels(cli, source.path, &test, test.labels);
    events_free(events);
    return test;
}

static void fill_request(struct cli *cli, const struct program *program,
                         const struct test_events *test, struct verify_request *request)
{
    verify_request_init(request);
    request->folder = cli->folder;
    request->x = test->x;
    request->events = test->count;
    request->labels = test->labels;
    double crossing_mhz = 40, events_per_crossing = 1, latency_ns = 0;
    if (cli->job) {
        request->random_events = *cli->job->verify->random_events;
        request->seed = (uint64_t)*cli->job->verify->seed;
        request->tolerance = *cli->job->budget->float_tolerance;
        crossing_mhz = *cli->job->budget->bunch_crossing_mhz;
        events_per_crossing = *cli->job->budget->events_per_crossing;
        latency_ns = *cli->job->budget->latency_ns;
    }
    if (!isnan(cli->flags.bunch_crossing_mhz)) crossing_mhz = cli->flags.bunch_crossing_mhz;
    if (!isnan(cli->flags.events_per_crossing))
        events_per_crossing = cli->flags.events_per_crossing;
    if (!isnan(cli->flags.tolerance)) request->tolerance = cli->flags.tolerance;
    if (cli->flags.random_events >= 0) request->random_events = cli->flags.random_events;
    if (!(crossing_mhz > 0)) fail("--bunch-crossing-mhz must be above 0");
    if (!(events_per_crossing > 0)) fail("--events-per-crossing must be above 0");
    /* A clock that is no multiple of the crossing rate meets events a little earlier than they
     * come. */
    double cycles = floor(program->clock_mhz / (crossing_mhz * events_per_crossing) + 1e-9);
    request->crossing_interval_cycles = cycles < 1 ? 1 : (int)cycles;
    if (latency_ns > 0)
        request->latency_budget_cycles = (int)floor(latency_ns * program->clock_mhz / 1000 + 1e-9);
}

/* Whether the scores are logits of a softmax: the network's own, left out of the hardware, or that
 * of the loss it was trained with. */
static bool host_takes_softmax(const struct job *job, const struct program *program,
                               const struct network *network)
{
    const struct layer *last = &network->layers[network->layer_count - 1];
    if (strcmp(program->output_kind, "logits") != 0 || program->output_count < 2) return false;
    if (last->kind == LAYER_SOFTMAX || layer_is_trees(last)) return last->kind == LAYER_SOFTMAX;
    const char *loss = job ? job->training->loss : "none"; /* NULL: by the labels, this one */
    return !loss || strcmp(loss, train_loss_names[LOSS_CATEGORICAL_CROSS_ENTROPY]) == 0;
}

/* One score of several classes says how little an event is like those of one, the background. */
static void part_background(struct cli *cli, const struct program *program,
                            struct test_events *test)
{
    bool single = program->output_count == 1 && strcmp(program->output_kind, "argmax") != 0;
    int background =
        cli->job && *cli->job->trees->background > 0 ? *cli->job->trees->background : 0;
    if (!single || !test->labels || (test->classes <= 2 && background == 0)) return;
    const char **names = arena_alloc(&cli->arena, 2, sizeof *names);
    names[0] = test->class_names ? test->class_names[background] : "background";
    names[1] = "others";
    for (long i = 0; i < test->count; i++)
        test->labels[i] = (int)test->labels[i] != background;
    test->classes = 2;
    test->class_names = names;
}

static void write_physics(struct cli *cli, const struct program *program, struct test_events *test,
                          bool agrees)
{
    unlink(cli_path(cli, "physics.json"));
    if (!test->labels && !test->targets) return;
    part_background(cli, program, test);
    const char *float_path = cli_path(cli, "float.onnx");
    struct network *quantized = onnx_read(cli_need(cli, "model.onnx", "compile"));
    struct network *floating = file_exists(float_path) ? onnx_read(float_path) : NULL;
    const char **names = quantized->class_names;
    struct physics_options options;
    job_physics_options(cli->job, quantized, &options);
    physics_write(&(struct physics_request){
        .folder = cli->folder,
        .program = program,
        .quantized = quantized,
        .floating = floating,
        .x = test->x,
        .labels = test->labels,
        .targets = test->targets,
        .target_count = test->target_count,
        .valid_x = test->valid_x,
        .valid_labels = test->valid_labels,
        .valid_events = test->valid_count,
        .feature_names = quantized->feature_names,
        .options = options,
        .classes = names ? network_output(quantized)->size : test->classes,
        .events = test->count,
        .class_names = names ? names : test->class_names,
        .host_softmax = host_takes_softmax(cli->job, program, quantized),
        .hardware_agrees = agrees});
    network_free(quantized);
    if (floating) network_free(floating);
}

/* Where the interval is too long: the layer that sets it. */
static const char *slow_layer(struct cli *cli, const struct verify_result *result)
{
    const char *path = cli_path(cli, "compile.json");
    bool is_reason = !result->crossing_ok && !result->mismatches &&
                     result->reference_mismatches <= 0 && !result->axis.mismatches;
    if (!is_reason || !file_exists(path)) return "";
    cJSON *json = json_read(path);
    const char *layer = arena_strdup(&cli->arena, json_string(json, "interval_layer", ""));
    cJSON_Delete(json);
    return *layer ? arena_printf(&cli->arena, ", set by layer %s", layer) : "";
}

static int faults_asked(const struct cli *cli)
{
    if (cli->flags.faults >= 0) return cli->flags.faults;
    return cli->job ? *cli->job->verify->faults : 0;
}

static void tell_kind(const char *name, double bits, double flips, const double shares[])
{
    info("%-10s %9.0f %8.0f %8.2f %% %8.2f %% %8.2f %% %8.2f %%", name, bits, flips,
         100 * shares[FAULT_MASKED], 100 * shares[FAULT_CORRECTED], 100 * shares[FAULT_DETECTED],
         100 * shares[FAULT_SILENT]);
}

static void flip_bits(struct cli *cli, const struct test_events *test,
                      const struct verify_request *verified)
{
    int flips = faults_asked(cli);
    struct faults_result result;
    double shares[FAULT_CLASSES], bits = 0;
    unlink(cli_path(cli, "faults.json"));
    if (!flips) return;
    faults_run(&(struct faults_request){.folder = cli->folder,
                                        .x = test->x,
                                        .events = test->count,
                                        .gates = cli->flags.gates,
                                        .flips = flips,
                                        .bits = 1,
                                        .seed = verified->seed,
                                        .image = verified->image},
               &result);
    info("%-10s %9s %8s %10s %10s %10s %10s", "state", "bits", "flips", "masked", "corrected",
         "detected", "silent");
    for (int k = 0; k < EMIT_STATE_KINDS; k++) {
        const struct faults_kind *kind = &result.kinds[k];
        bits += (double)kind->state_bits;
        if (!kind->flips) continue;
        for (int i = 0; i < FAULT_CLASSES; i++)
            shares[i] = (double)kind->classes[i] / (double)kind->flips;
        tell_kind(emit_state_names[k], (double)kind->state_bits, (double)kind->flips, shares);
    }
    for (int i = 0; i < FAULT_CLASSES; i++)
        shares[i] = faults_share(&result, (enum fault_class)i);
    tell_kind("all", bits, flips, shares);
}

int verb_verify(struct cli *cli)
{
    struct program *program = program_read(cli_need(cli, "program.sluice", "compile"));
    if (cli->flags.gates && faults_asked(cli) < 1)
        fail("--gates: it says which bits --faults flips; give --faults N as well");
    struct test_events test = read_test_events(cli, program);
    if (test.features != program->input_count)
        fail("the events have %d features, the program %d inputs", test.features,
             program->input_count);
    struct verify_request request;
    fill_request(cli, program, &test, &request);
    request.image = cli->flags.image;
    struct verify_result result;
    verify_run(&request, &result);
    write_physics(cli, program, &test, result.mismatches == 0);
    cli_print_json(cli, cli_path(cli, "verify.json"));
    program_free(program);
    if (!result.passed)
        return cli_verdict("%s: %s%s", cli->folder, result.reason, slow_layer(cli, &result));
    info("%ld events, %ld presentations, 0 mismatches; latency %d cycles as stated; %.3g simulated "
         "events/s",
         result.events, result.presentations, result.latency_cycles_measured,
         result.simulated_events_per_s);
    flip_bits(cli, &test, &request);
    if (result.axis.present)
        info("AXI-Stream wrapper: %ld transfers with gaps and stalls, 0 mismatches",
             result.axis.transfers);
    return 0;
}
