/* sluice train: events to float.onnx, model.onnx and train.json. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "cli/compile_files.h"
#include "cli/frontier.h"
#include "cli/job_use.h"
#include "model/fold.h"
#include "model/onnx.h"

#include <math.h>

/* Networks are picked that leave this much of the part to the rest and to place and route. */
static const double board_share = 0.9;

static cJSON *curve_json(const struct train_result *result)
{
    cJSON *curves = cJSON_CreateArray();
    for (int i = 0; i < result->curve_count; i++) {
        const struct train_epoch *from = &result->curve[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "phase", from->quantized ? "quantized" : "float");
        json_add_number(row, "epoch", from->epoch);
        json_add_number(row, "learning_rate", from->learning_rate);
        json_add_number(row, "loss", from->loss);
        json_add_number(row, "accuracy", from->accuracy);
        json_add_number(row, "val_loss", from->validation_loss);
        json_add_number(row, "val_accuracy", from->validation_accuracy);
        json_add_number(row, "sparsity", from->sparsity);
        cJSON_AddItemToArray(curves, row);
    }
    return curves;
}

static cJSON *layers_json(const struct train_layer_summary *summaries, int count)
{
    cJSON *layers = cJSON_CreateArray();
    for (int i = 0; i < count; i++) {
        const struct train_layer_summary *from = &summaries[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", from->name);
        json_add_number(row, "inputs", from->inputs);
        json_add_number(row, "outputs", from->outputs);
        json_add_number(row, "weights", (double)from->weights);
        json_add_number(row, "nonzero_weights", (double)from->nonzero);
        json_add_number(row, "signed_digits", (double)from->digits);
        json_add_number(row, "weight_bits", from->weight_bits);
        json_add_number(row, "output_bits", from->output_bits);
        json_add_number(row, "sparsity", 1 - (double)from->nonzero / (double)from->weights);
        cJSON_AddItemToArray(layers, row);
    }
    return layers;
}

static cJSON *steps_json(const struct train_result *result)
{
    cJSON *steps = cJSON_CreateArray();
    for (int i = 0; i < result->prune_step_count; i++) {
        const struct train_prune_step *from = &result->prune_steps[i];
        cJSON *row = cJSON_CreateObject();
        json_add_number(row, "step", from->step);
        json_add_number(row, "sparsity", from->sparsity);
        json_add_number(row, "nonzero_weights", (double)from->nonzero);
        json_add_number(row, "signed_digits", (double)from->digits);
        json_add_number(row, "adder_bits", from->adder_bits);
        json_add_number(row, "lut4", from->lut4);
        json_add_number(row, "val_loss", from->loss);
        json_add_number(row, "val_accuracy", from->accuracy);
        cJSON_AddItemToArray(steps, row);
    }
    return steps;
}

static void print_steps(const struct cli *cli, const struct train_result *result)
{
    if (error_is_quiet() || cli->flags.json || result->prune_step_count == 0) return;
    printf("\npruning: %s\n%5s %9s %9s %8s %11s %8s %10s %9s\n", cli->job->pruning->method, "step",
           "sparsity", "non-zero", "digits", "adder bits", "lut4", "accuracy", "loss");
    for (int i = 0; i < result->prune_step_count; i++) {
        const struct train_prune_step *r = &result->prune_steps[i];
        printf("%5d %7.1f %% %9ld %8ld", r->step, 100 * r->sparsity, r->nonzero, r->digits);
        frontier_print_number(r->adder_bits, "%.0f", 11);
        frontier_print_number(r->lut4, "%.0f", 8);
        frontier_print_number(100 * r->accuracy, "%.2f %%", 10);
        frontier_print_number(r->loss, "%.4f", 9);
        putchar('\n');
    }
}

/* picked: the point of the frontier that is the model; -1: there is none. */
static void write_result(struct cli *cli, const struct train_result *result, int picked,
                         const struct job_events *events, double seconds)
{
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", cli->job->name);
    json_add_number(json, "events_train", (double)events->train_count);
    json_add_number(json, "events_validation", (double)events->valid_count);
    json_add_number(json, "float_best_epoch", result->float_best_epoch);
    json_add_number(json, "quantized_best_epoch", result->quantized_best_epoch);
    bool classified = result->float_metrics.count > 0;
    double quantized = result->quantized_network ? result->quantized_metrics.accuracy : NAN;
    if (picked >= 0) quantized = result->points[picked].accuracy;
    json_add_number(json, "validation_accuracy_float",
                    classified ? result->float_metrics.accuracy : NAN);
    json_add_number(json, "validation_accuracy_quantized", classified ? quantized : NAN);
    cJSON_AddItemToObject(json, "curves", curve_json(result));
    int count = result->summary_count;
    const struct train_layer_summary *summaries = result->summaries;
    if (picked >= 0)
        summaries = train_summaries(&cli->arena, result->points[picked].network, &count);
    cJSON_AddItemToObject(json, "layers", layers_json(summaries, count));
    if (result->prune_step_count) cJSON_AddItemToObject(json, "pruning_steps", steps_json(result));
    json_add_number(json, "epoch_seconds", result->epoch_seconds);
    json_add_number(json, "seconds", seconds);
    json_write(cli_path(cli, "train.json"), json);
    cJSON_Delete(json);
}

void train_open_folder(struct cli *cli, const struct events *events)
{
    if (!error_is_quiet()) events_print_card(events, stderr);
    file_make_folder(cli->folder);
    file_make_folder(cli_path(cli, "train"));
}

/* Feature and class names come from the data and travel with the model. */
void train_name_ports(struct network *network, const struct events *events)
{
    if (!network) return;
    int features = network->layers[0].size, outputs = network_output(network)->size;
    if (events->feature_names && !network->feature_names) {
        network->feature_names = arena_alloc(&network->arena, (size_t)features, sizeof(char *));
        for (int i = 0; i < features; i++)
            network->feature_names[i] = arena_strdup(&network->arena, events->feature_names[i]);
    }
    if (events->class_names && !network->class_names && events->classes == outputs) {
        network->class_names = arena_alloc(&network->arena, (size_t)outputs, sizeof(char *));
        for (int i = 0; i < outputs; i++)
            network->class_names[i] = arena_strdup(&network->arena, events->class_names[i]);
    }
}

/* What the flag or else the job asks to pick; NULL: nothing. */
static const char *pick_expression(const struct cli *cli)
{
    return cli->flags.pick ? cli->flags.pick : cli->job->training->pick;
}

/* --pick on a frontier that is there: no training. */
static int pick_again(struct cli *cli)
{
    const char *path = cli_path(cli, "frontier.json");
    cJSON *json = json_read(path);
    const cJSON *points = json_find(json, "points");
    int picked = frontier_pick(points, cli->flags.pick);
    const char *file =
        arena_strdup(&cli->arena, json_string(cJSON_GetArrayItem(points, picked), "file", ""));
    file_copy(cli_path(cli, file), cli_path(cli, "train/model.onnx"));
    cJSON_ReplaceItemInObject(json, "picked", cJSON_CreateNumber(picked));
    json_write(path, json);
    cJSON_Delete(json);
    frontier_print(cli);
    info("picked %s of the frontier that was trained before", file);
    cli_print_json(cli, path);
    return 0;
}

/* The board that costs are compiled for, if the job names one. */
static bool fill_compile(struct cli *cli, struct board *board, struct compile_options *options)
{
    if (!cli->job->target->board) return false;
    compile_options_of_job(cli, board, options);
    options->standardise = STANDARDISE_HOST; /* the same for every candidate, and unknown here */
    return true;
}

/* The frontier, if there is one; returns the point that is picked, else -1. */
static int write_frontier(struct cli *cli, const struct train_result *result)
{
    if (result->point_count == 0) return -1;
    int picked = result->picked;
    frontier_write(cli, result, picked);
    const char *expression = pick_expression(cli);
    if (!expression) return picked;
    cJSON *json = json_read(cli_path(cli, "frontier.json"));
    picked = frontier_pick(json_find(json, "points"), expression);
    cJSON_ReplaceItemInObject(json, "picked", cJSON_CreateNumber(picked));
    json_write(cli_path(cli, "frontier.json"), json);
    cJSON_Delete(json);
    return picked;
}

int verb_train(struct cli *cli)
{
    struct job *job = cli->job;
    if (job->model)
        job_fail(job, NULL, 0, "model", "the job brings a model of its own: nothing to train");
    if (job_has_trees(job)) return train_trees(cli);
    if (cli->flags.pick && file_exists(cli_path(cli, "frontier.json"))) return pick_again(cli);
    double start = clock_seconds();
    job_set_widths(job, cli->flags.weight_bits, cli->flags.activation_bits);
    struct job_events *events = job_read_events(job);
    struct train_config config;
    const char *init_path = cli->flags.init ? cli->flags.init : job_path(job, job->training->init);
    struct network *init = NULL;
    if (init_path) {
        struct network *given = onnx_read(init_path);
        init = network_fold(given, init_path);
        network_free(given);
    }
    job_train_config(job, events->train, init, &config);
    config.checkpoint_path = cli_path(cli, "train/checkpoint");
    struct board board;
    struct compile_options options;
    if (fill_compile(cli, &board, &options)) {
        config.compile = &options;
        config.most_cells = board_share * board.cells;
    }
    struct network *teacher =
        job->training->teacher ? onnx_read(job_path(job, job->training->teacher)) : NULL;
    config.teacher = teacher;
    train_config_check(&config, events->train);
    train_open_folder(cli, events->train);
    struct train_result *result =
        train_run(&config, events->train, events->train_rows, events->train_count,
                  events->valid_rows, events->valid_count);
    train_name_ports(result->float_network, events->train);
    train_name_ports(result->quantized_network, events->train);
    for (int i = 0; i < result->point_count; i++)
        train_name_ports(result->points[i].network, events->train);
    onnx_write(cli_path(cli, "float.onnx"), result->float_network);
    int picked = write_frontier(cli, result);
    const struct network *model =
        result->quantized_network ? result->quantized_network : result->float_network;
    if (picked >= 0) model = result->points[picked].network;
    onnx_write(cli_path(cli, "train/model.onnx"), model);
    write_result(cli, result, picked, events, clock_seconds() - start);
    train_checkpoint_remove(&config);
    print_steps(cli, result);
    if (picked >= 0) frontier_print(cli);
    cli_print_json(cli, cli_path(cli, "train.json"));
    train_result_free(result);
    network_free(teacher);
    network_free(init);
    job_free_events(events);
    return 0;
}
