/* sluice compile: a model file to the lowered program, Verilog, C and the side-car. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/text.h"
#include "boards/board.h"
#include "boards/pll.h"
#include "cli/cli.h"
#include "cli/compile_changes.h"
#include "cli/compile_files.h"
#include "cli/compile_layers.h"
#include "cli/job_threshold.h"
#include "cli/job_use.h"
#include "cli/layer_reuse.h"
#include "cli/post_training.h"
#include "compiler/compile.h"
#include "compiler/emit/emit.h"
#include "model/import/import.h"
#include "model/onnx.h"
#include "model/reference.h"
#include "trainer/statistics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const output_names[] = {"logits", "softmax", "argmax", "threshold"};
static const char *const strategy_names[] = {"latency", "resource"};
static const char *const wrapper_names[] = {"none", "axi-stream"};
static const char *const standardise_names[] = {"host", "fabric", "none"};

enum { STALL_CYCLES_MAX = 60000 };

/* What one compile was asked for: the job's keys, flags over them. */
struct request {
    const char *model;
    const char *name;
    const char *board_name, *strategy, *output, *standardise, *optimize;
    const char *reuse_text, *layer_reuse, *weights, *protect;
    const char *wrapper;
    int reuse, stall_cycles; /* reuse 0: auto */
    double delay_scale;
    struct board board;
    struct target target; /* the board's, with its delays scaled */
    struct compile_options options;
    struct compile_changes changes; /* where there are calibration events */
};

static int find(const char *flag, const char *value, const char *const *names, int count)
{
    int found = train_find_name(names, count, value);
    if (found < 0) fail("%s: '%s' is not known; see `sluice compile --help`", flag, value);
    return found;
}

/* A valid Verilog identifier from a file's name. */
static const char *name_from(struct arena *arena, const char *path)
{
    char *name = arena_strdup(arena, file_name(path));
    char *dot = strrchr(name, '.');
    if (dot && dot != name) *dot = 0;
    for (char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *c))
            *c = '_';
    return name[0] >= '0' && name[0] <= '9' ? arena_printf(arena, "net_%s", name) : name;
}

static void add_loadable(struct cli *cli, struct request *request, const char *layer)
{
    struct compile_options *options = &request->options;
    size_t count = (size_t)options->loadable_count;
    const char **all = arena_alloc(&cli->arena, count + 1, sizeof *all);
    if (count) memcpy(all, options->loadable_layers, count * sizeof *all);
    all[count] = layer;
    options->loadable_layers = all;
    options->loadable_count++;
}

/* "rom", "loadable" or "loadable:dense1,dense3" */
static void parse_weights(struct cli *cli, struct request *request, const char *text)
{
    if (!strcmp(text, "rom")) return;
    if (!strcmp(text, "loadable")) {
        request->options.all_loadable = true;
        return;
    }
    char *names = arena_strdup(&cli->arena, text);
    if (strncmp(names, "loadable:", 9) != 0 || !names[9])
        fail("weights '%s': give rom, loadable, or loadable:LAYER,... such as "
             "loadable:dense1,dense3",
             text);
    for (char *name = strtok(names + 9, ", "); name; name = strtok(NULL, ", "))
        add_loadable(cli, request, name);
}

static void add_layer_reuse(struct cli *cli, struct request *request, const char *layer, int factor)
{
    struct compile_options *options = &request->options;
    size_t count = (size_t)options->layer_reuse_count;
    struct layer_reuse *all = arena_alloc(&cli->arena, count + 1, sizeof *all);
    if (count) memcpy(all, options->layer_reuse, count * sizeof *all);
    all[count] = (struct layer_reuse){layer, factor};
    options->layer_reuse = all;
    options->layer_reuse_count++;
}

/* `layers: reuse` of a job that trains its model. */
static void read_layer_keys(struct cli *cli, struct request *request)
{
    const struct job *job = cli->job;
    int numbers[TRAIN_LAYER_COUNT] = {0};
    for (unsigned i = 0; i < job->layers_count; i++) {
        const struct job_layer *layer = &job->layers[i];
        int kind =
            layer->kind ? train_find_name(train_layer_names, TRAIN_LAYER_COUNT, layer->kind) : -1;
        if (kind < 0) continue;
        numbers[kind]++;
        if (!*layer->reuse && !*layer->loadable) continue;
        const char *key = *layer->reuse ? "reuse" : "loadable";
        if (kind != TRAIN_DENSE)
            job_fail(cli->job, "layers", (int)i, key, "%s: only dense layers have it", key);
        const char *name = layer->name
                               ? layer->name
                               : arena_printf(&cli->arena, "%s%d", layer->kind, numbers[kind]);
        if (*layer->reuse) add_layer_reuse(cli, request, name, *layer->reuse);
        if (*layer->loadable) add_loadable(cli, request, name);
    }
}

/* "dense1=4, dense3=16" */
static void parse_layer_reuse(struct cli *cli, struct request *request, const char *text)
{
    int count;
    const struct layer_reuse *all = layer_reuse_parse(&cli->arena, text, &count);
    for (int i = 0; i < count; i++)
        add_layer_reuse(cli, request, all[i].layer, all[i].factor);
}

static void fill_from_job(struct cli *cli, struct request *request)
{
    struct job *job = cli->job;
    request->model = job->model ? job_path(job, job->model) : cli_path(cli, "train/model.onnx");
    request->name = job->name;
    request->board_name = job->target->board;
    request->strategy = job->target->strategy;
    request->optimize = job->target->optimize;
    request->output = job->output;
    request->standardise = job->standardise;
    request->reuse_text = job->target->reuse;
    request->layer_reuse = job->target->layer_reuse;
    request->weights = job->target->weights;
    request->protect = job->target->protect;
    read_layer_keys(cli, request);
    request->delay_scale = *job->target->delay_scale;
    request->wrapper = job->target->wrapper;
    request->stall_cycles = *job->target->stall_cycles;
    request->options.clock_mhz = *job->target->clock_mhz;
    request->options.threshold = *job->threshold;
}

static bool are_pins_free(const struct cli *cli)
{
    return cli->job && *cli->job->target->pins_free;
}

/* For the fewest ns: multiples of the crossing rate that take every event and that the board can
 * make (pins free: any). */
static void choose_clocks(struct cli *cli, struct request *request)
{
    const struct job *job = cli->job;
    double crossing = job ? *job->budget->bunch_crossing_mhz : 40;
    double rate = crossing * (job ? *job->budget->events_per_crossing : 1);
    double most = request->board.target.model.max_clock_mhz;
    double *clocks = arena_alloc(&cli->arena, (size_t)(most / crossing) + 2, sizeof *clocks);
    struct compile_options *options = &request->options;
    for (int k = 1; k * crossing <= most; k++) {
        struct pll_recipe recipe;
        double clock = k * crossing;
        if (clock < rate - 1e-9 ||
            (!are_pins_free(cli) && !pll_search(&request->board, clock, &recipe)))
            continue;
        clocks[options->clock_count++] = clock;
    }
    options->clocks_mhz = clocks;
    if (!options->clock_count)
        fail("%s cannot make a multiple of the crossing rate, %g MHz; give --clock-mhz",
             request->board.name, crossing);
}

/* Without a wrapper the stall is -1. */
static void fill_wrapper(struct request *request)
{
    bool wrapped = find("--wrapper", request->wrapper, wrapper_names, 2) == 1;
    if (!wrapped && request->stall_cycles > 0)
        fail("--stall-cycles %d needs --wrapper axi-stream", request->stall_cycles);
    if (request->stall_cycles > STALL_CYCLES_MAX)
        fail("--stall-cycles %d: at most %d", request->stall_cycles, STALL_CYCLES_MAX);
    if (wrapped && (request->options.all_loadable || request->options.loadable_count))
        fail(
            "--wrapper axi-stream: its network has no port to load weights through; use one of the "
            "two");
    if (!wrapped) request->stall_cycles = -1;
}

/* A factor, or `auto`: 0. */
static void fill_reuse(struct cli *cli, struct request *request)
{
    const char *flag = cli->flags.reuse;
    request->reuse = 0;
    if (!strcmp(flag ? flag : request->reuse_text, "auto")) return;
    if (flag) {
        request->reuse = cli_reuse_factor(cli);
        return;
    }
    char *end;
    long factor = strtol(request->reuse_text, &end, 10);
    if (!*request->reuse_text || *end || factor < 1 || factor > CLI_REUSE_MOST)
        job_fail(cli->job, "target", 0, "reuse", "reuse %s: it is auto, or a number from 1 to %d",
                 request->reuse_text, CLI_REUSE_MOST);
    request->reuse = (int)factor;
}

/* A flag, else the job's key, where above 0; else what the part has (below 0: no limit). */
static double limit_of(double flag, const double *key, double otherwise)
{
    if (flag > 0) return flag;
    return key && *key > 0 ? *key : otherwise;
}

/* Of a part's cells; on one that is fuller, place-and-route may not end. */
static const double part_share = 0.9;

/* What `reuse: auto` may take. */
static void fill_budget(struct cli *cli, struct request *request)
{
    const struct flags *flags = &cli->flags;
    const struct job_budget *keys = cli->job ? cli->job->budget : NULL;
    const struct board *board = &request->board;
    struct compile_options *options = &request->options;
    struct reuse_budget *budget = &options->budget;
    if (options->clock_count) fail("--reuse auto needs a clock: give --clock-mhz");
    budget->lut4 = limit_of(flags->max_lut4, keys ? keys->max_lut4 : NULL, -1);
    budget->cells = limit_of(NAN, keys ? keys->max_cells : NULL, part_share * board->cells);
    budget->dsp = limit_of(flags->max_dsp, keys ? keys->max_dsp : NULL, board->dsps);
    budget->bram = limit_of(flags->max_bram, keys ? keys->max_bram : NULL, board->rams);
    budget->latency_ns = limit_of(flags->latency_ns, keys ? keys->latency_ns : NULL, -1);
    double crossing_mhz =
        limit_of(flags->bunch_crossing_mhz, keys ? keys->bunch_crossing_mhz : NULL, 40);
    double events =
        limit_of(flags->events_per_crossing, keys ? keys->events_per_crossing : NULL, 1);
    double cycles = floor(options->clock_mhz / (crossing_mhz * events) + 1e-9);
    if (cycles < 1)
        fail("reuse auto: at %g MHz an event every cycle is less than %g events in each of %g "
             "million crossings a second; raise --clock-mhz",
             options->clock_mhz, events, crossing_mhz);
    budget->interval_cycles = cycles < CLI_REUSE_MOST ? (int)cycles : CLI_REUSE_MOST;
}

static void fill_protect(struct request *request)
{
    struct compile_options *options = &request->options;
    if (!protect_find(request->protect, &options->protect))
        fail("protect '%s': give none, tmr, ecc or tmr+ecc", request->protect);
    if (options->protect & PROTECT_ECC && !options->all_loadable && !options->loadable_count)
        fail("protect %s: nothing is loadable, so there are no words to correct; give --weights "
             "loadable as well, or protect tmr",
             request->protect);
}

static void fill_request(struct cli *cli, struct request *request)
{
    const struct flags *flags = &cli->flags;
    compile_options_init(&request->options);
    request->options.clock_mhz = 0;
    request->strategy = "latency";
    request->weights = "rom";
    request->protect = "none";
    request->optimize = "balanced";
    request->output = "logits";
    request->standardise = "host";
    request->wrapper = "none";
    request->reuse_text = "1";
    request->delay_scale = 1;
    if (cli->job)
        fill_from_job(cli, request);
    else
        request->model = cli->arguments[0];
    if (!cli->job) request->name = name_from(&cli->arena, request->model);
    if (flags->name) request->name = name_from(&cli->arena, flags->name);
    if (flags->board) request->board_name = flags->board;
    if (flags->strategy) request->strategy = flags->strategy;
    if (flags->optimize) request->optimize = flags->optimize;
    if (flags->output) request->output = flags->output;
    if (flags->standardise) request->standardise = flags->standardise;
    fill_reuse(cli, request);
    if (flags->layer_reuse) request->layer_reuse = flags->layer_reuse;
    if (request->layer_reuse) parse_layer_reuse(cli, request, request->layer_reuse);
    if (flags->weights) request->weights = flags->weights;
    parse_weights(cli, request, request->weights);
    if (flags->protect) request->protect = flags->protect;
    fill_protect(request);
    if (!isnan(flags->delay_scale)) request->delay_scale = flags->delay_scale;
    if (flags->wrapper) request->wrapper = flags->wrapper;
    if (flags->stall_cycles >= 0) request->stall_cycles = flags->stall_cycles;
    if (!isnan(flags->clock_mhz)) request->options.clock_mhz = flags->clock_mhz;
    if (!isnan(flags->threshold)) request->options.threshold = flags->threshold;
    if (!request->board_name) {
        if (cli->job)
            job_fail(cli->job, "target", 0, "board",
                     "target: board is missing; see `sluice list boards`");
        fail("--board is missing; see `sluice list boards`");
    }
    if (!(request->delay_scale >= 0.2 && request->delay_scale <= 5))
        fail("--delay-scale %g: 0.2 to 5 are possible", request->delay_scale);
    board_find(&request->board, request->board_name);
    struct compile_options *options = &request->options;
    request->target = request->board.target.model;
    target_scale_delays(&request->target, request->delay_scale);
    options->target = &request->target;
    options->output = (enum compile_output)find("--output", request->output, output_names, 4);
    options->standardise = find("--standardise", request->standardise, standardise_names, 3) == 1
                               ? STANDARDISE_FABRIC
                               : STANDARDISE_HOST;
    options->optimize = (enum compile_optimize)find("--optimize", request->optimize, optimize_names,
                                                    OPTIMIZE_NAMES);
    options->reuse = request->reuse;
    options->reuse_auto = request->reuse == 0;
    options->resource = find("--strategy", request->strategy, strategy_names, 2) == 1;
    options->part_dsps = request->board.dsps;
    options->part_rams = request->board.rams;
    options->has_player = !are_pins_free(cli);
    fill_wrapper(request);
    if (options->clock_mhz == 0 && options->optimize == OPTIMIZE_LATENCY)
        choose_clocks(cli, request);
    else if (options->clock_mhz == 0)
        options->clock_mhz = request->board.target.default_clock_mhz;
    if (!options->clock_count && !(options->clock_mhz > 0)) fail("--clock-mhz must be above 0");
    if (options->reuse_auto) fill_budget(cli, request);
    options->dump_after = flags->dump_after;
    options->stop_after = flags->stop_after;
    options->dump_folder = cli->folder;
}

void compile_options_of_job(struct cli *cli, struct board *board, struct compile_options *options)
{
    struct request request = {0};
    fill_request(cli, &request);
    *board = request.board;
    *options = request.options;
    options->target = &board->target.model;
}

/* The input format: flags, or the job's raw format when standardisation is in the fabric;
 * calibration on the given file, or on the job's training events. */
static void fill_input(struct cli *cli, struct request *request, const struct network *network)
{
    struct compile_options *options = &request->options;
    const struct job *job = cli->job;
    bool fabric = options->standardise == STANDARDISE_FABRIC;
    options->input_format = cli->flags.input_format;
    if (cli->flags.input_bits >= 0) options->input_bits = cli->flags.input_bits;
    if (options->input_format && cli->flags.input_bits >= 0)
        fail("--input-format and --input-bits exclude each other");
    if (job && fabric && !options->input_format && cli->flags.input_bits < 0) {
        options->input_format = job->input->raw_format;
        if (!options->input_format) options->input_bits = *job->input->raw_bits;
    }
    if (cli->flags.leaf_bits >= 0) options->leaf_bits = cli->flags.leaf_bits;
    if (cli->flags.calibrate) {
        bool *may_miss =
            arena_alloc(&cli->arena, (size_t)network->layers[0].size, sizeof *may_miss);
        for (int i = 0; i < network->layers[0].size; i++)
            may_miss[i] = network->layers[1].kind == LAYER_TREES;
        options->calibrate =
            events_read_rows_missing(&cli->arena, cli->flags.calibrate, network->layers[0].size,
                                     may_miss, &options->calibrate_events);
    } else if (job && job->data->train && options->input_bits) {
        struct job_events *events = job_read_events(cli->job);
        options->calibrate =
            job_rows(&cli->arena, events->train, events->train_rows, events->train_count);
        options->calibrate_events = events->train_count;
        job_free_events(events);
    }
    if (options->input_bits && !options->calibrate)
        fail("--input-bits needs --calibrate X.npy: raw events to take the range from");
}

/* The threshold that leaves the job's background rate on the validation events, by the quantized
 * network's scores; the hardware gets the least integer that is not below it. */
static void fill_threshold(struct cli *cli, struct request *request, const struct network *network)
{
    struct job *job = cli->job;
    if (!job || !*job->physics->set_threshold) return;
    const struct job_physics *wanted = job->physics;
    if (request->options.output != COMPILE_THRESHOLD || !(*wanted->rate_khz > 0))
        job_fail(job, "physics", 0, "set_threshold",
                 "set_threshold goes with output: threshold and a rate_khz");
    int layer = compile_output_layer(network, &request->options);
    if (network->layers[layer].size != 1) return; /* lowering says what is wrong */
    struct job_events *events = job_read_events(job);
    if (events->valid_count == 0 || events->train->classes != 2)
        job_fail(job, "physics", 0, "set_threshold",
                 "set_threshold needs validation events of two classes");
    double *x = job_rows(&cli->arena, events->train, events->valid_rows, events->valid_count);
    double *scores = arena_alloc(&cli->arena, (size_t)events->valid_count, sizeof *scores);
    int *labels = arena_alloc(&cli->arena, (size_t)events->valid_count, sizeof *labels);
    for (long i = 0; i < events->valid_count; i++)
        labels[i] = (int)events->train->y[events->valid_rows[i]];
    reference_eval(network, REFERENCE_QUANTIZED, x, events->valid_count, layer, scores);
    double part =
        background_for_rate(*wanted->rate_khz, *wanted->input_rate_mhz, *wanted->prescale);
    struct working_point w = working_point_find(scores, 1, 1, labels, events->valid_count, part);
    if (isinf(w.cut))
        job_fail(job, "physics", 0, "rate_khz",
                 "no threshold leaves so little: the largest score of the validation events is "
                 "already background");
    request->options.threshold = w.cut;
    info("threshold %g: %.2f kHz of background and %.2f %% of the signal pass on %ld validation "
         "events",
         w.cut,
         *wanted->input_rate_mhz * 1e3 / *wanted->prescale * (double)w.background_passed /
             (double)w.background_total,
         100 * (double)w.signal_passed / (double)w.signal_total, events->valid_count);
    job_free_events(events);
}

/* ---- compile.json ---- */

/* The job's budget travels with the folder, so that `sluice report DIR` judges as `sluice report
 * JOB` does. */
static void add_budget(cJSON *json, const struct job *job)
{
    cJSON *budget = cJSON_AddObjectToObject(json, "budget");
#define SAME(key) json_add_number(budget, #key, *job->budget->key);
    SAME(bunch_crossing_mhz)
    SAME(events_per_crossing)
    SAME(latency_ns)
    SAME(max_cells)
    SAME(max_lut4) SAME(max_dsp) SAME(max_bram) SAME(float_tolerance) SAME(accuracy_loss)
#undef SAME
}

/* What was asked for, or the largest that was chosen. */
static int largest_factor(const struct request *request, const struct compile_notes *notes)
{
    int largest = request->reuse;
    for (int i = 0; i < notes->layer_count && request->options.reuse_auto; i++)
        if (notes->layers[i].factor > largest) largest = notes->layers[i].factor;
    return largest > 1 ? largest : 1;
}

static void write_compile_json(struct cli *cli, const struct request *request,
                               const struct program *program, const struct network *network,
                               const struct compile_notes *notes, cJSON *post, double seconds)
{
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", program->name);
    cJSON_AddStringToObject(json, "model", file_name(request->model));
    cJSON_AddStringToObject(json, "board", request->board.name);
    cJSON_AddStringToObject(json, "target", request->board.target.name);
    cJSON_AddStringToObject(json, "part", request->board.part);
    cJSON_AddStringToObject(json, "strategy", request->strategy);
    json_add_number(json, "reuse", largest_factor(request, notes));
    if (request->options.reuse_auto) cJSON_AddTrueToObject(json, "reuse_auto");
    cJSON_AddStringToObject(json, "output", program->output_kind);
    cJSON_AddStringToObject(json, "standardise", request->standardise);
    cJSON_AddStringToObject(json, "optimize", request->optimize);
    cJSON_AddStringToObject(json, "protect", request->protect);
    cJSON_AddStringToObject(json, "wrapper", request->wrapper);
    if (request->stall_cycles >= 0) json_add_number(json, "stall_cycles", request->stall_cycles);
    compile_files_describe(json, program, &request->board);
    if (request->delay_scale != 1) json_add_number(json, "delay_scale", request->delay_scale);
    cJSON_AddItemToObject(json, "layers", compile_layers_json(program, network, notes));
    if (notes->interval_layer[0])
        cJSON_AddStringToObject(json, "interval_layer", notes->interval_layer);
    cJSON_AddBoolToObject(json, "softmax_left_out", notes->softmax_left_out);
    cJSON_AddBoolToObject(json, "sigmoid_left_out", notes->sigmoid_left_out);
    json_add_number(json, "standardise_adder_bits", notes->standardise_adder_bits);
    if (request->options.calibrate) compile_changes_add(json, &request->changes);
    if (post) cJSON_AddItemToObject(json, "post_training", post);
    if (cli->job) add_budget(json, cli->job);
    json_add_number(json, "seconds", seconds);
    json_write(cli_path(cli, "compile.json"), json);
    cJSON_Delete(json);
}

static void tell_factors(const struct compile_notes *notes)
{
    struct text text = {0};
    for (int i = 0; i < notes->layer_count; i++)
        text_add(&text, "%s%s %d cycles, %s", i ? "; " : "", notes->layers[i].name,
                 notes->layers[i].cycles, notes->layers[i].form);
    if (notes->layer_count) info("reuse auto: %s", text_string(&text));
    text_free(&text);
}

/* Of strategy resource, the layers that are not on multipliers after all. */
static void tell_forms(const struct request *request, const struct compile_notes *notes)
{
    for (int i = 0; i < notes->layer_count && request->options.resource; i++) {
        const struct compile_layer *layer = &notes->layers[i];
        if (layer->factor > 1 && !layer->multiplies)
            info("layer %s is not on multipliers (%s): none were found that do its products in %d "
                 "cycles",
                 layer->name, layer->form, layer->factor);
    }
}

static void tell_clock(const struct request *request, const struct program *program)
{
    struct estimate e = estimate_program(program, &request->board.target.model);
    if (e.fmax_mhz < program->clock_mhz)
        info("place and route is estimated to reach %.0f MHz of the %g asked", e.fmax_mhz,
             program->clock_mhz);
}

int verb_compile(struct cli *cli)
{
    struct request request = {0};
    fill_request(cli, &request);
    if (cli->job && !file_exists(request.model))
        fail("%s: not there; %s", request.model,
             cli->job->model ? "see `model` in the job" : "run `sluice train` first");
    double start = clock_seconds();
    struct network *network = model_read(request.model);
    cJSON *post = NULL;
    network = post_training(cli, network, request.model, &post);
    network->name = arena_strdup(&network->arena, request.name);
    if (!post) fill_input(cli, &request, network);
    compile_prepare(network, &request.options, request.model);
    if (cli->job && *cli->job->background_fraction > 0 && isnan(cli->flags.threshold))
        request.options.threshold = job_threshold(cli->job, network, &request.options);
    else
        fill_threshold(cli, &request, network);
    if (request.options.dump_after) file_make_folder(cli->folder);
    struct compile_notes notes = {0};
    struct program *program = compile_network(network, &request.options, &notes);
    file_make_folder(cli->folder);
    if (request.options.stop_after) {
        program_write(program, cli_path(cli, "program.sluice"));
        info("stopped after pass %s: %s", request.options.stop_after,
             cli_path(cli, "program.sluice"));
    } else {
        compile_files_remove_results(cli);
        if (request.options.calibrate)
            request.changes = compile_changes(&cli->arena, network, &request.options);
        onnx_write(cli_path(cli, "model.onnx"), network);
        compile_files_emit(cli, program,
                           &(struct compile_header){.board = request.board.name,
                                                    .strategy = request.strategy,
                                                    .standardise = request.standardise,
                                                    .optimize = request.optimize,
                                                    .reuse = largest_factor(&request, &notes),
                                                    .stall_cycles = request.stall_cycles,
                                                    .delay_scale = request.delay_scale});
        struct program *lowered =
            compile_for_processor(network, &request.options, program->clock_mhz);
        program_write(lowered, cli_path(cli, "lowered.sluice"));
        program_free(lowered);
        emit_load_map(program, &notes.load, cli->folder);
        write_compile_json(cli, &request, program, network, &notes, post, clock_seconds() - start);
        struct program_counts counts = program_count(program, 0, program->op_count);
        info("%s: %d cycles at %g MHz = %.1f ns, %ld adder bits; %s", program->name,
             program->latency_cycles, program->clock_mhz,
             program->latency_cycles / program->clock_mhz * 1e3, counts.adder_bits, cli->folder);
        if (request.options.reuse_auto) tell_factors(&notes);
        if (notes.interval_layer[0])
            info("an event every %d cycles, set by layer %s", program->interval_cycles,
                 notes.interval_layer);
        tell_forms(&request, &notes);
        tell_clock(&request, program);
        if (request.options.calibrate) compile_changes_tell(&request.changes);
        if (notes.softmax_left_out)
            info("the final softmax is left out of the hardware: it outputs logits");
        cli_print_json(cli, cli_path(cli, "compile.json"));
    }
    compile_notes_free(&notes);
    program_free(program);
    network_free(network);
    return 0;
}
