/* sluice train: events to float.onnx, model.onnx and train.json. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/job_use.h"
#include "model/onnx.h"

#include <math.h>

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

static cJSON *layers_json(const struct train_result *result)
{
    cJSON *layers = cJSON_CreateArray();
    for (int i = 0; i < result->summary_count; i++) {
        const struct train_layer_summary *from = &result->summaries[i];
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

static void write_result(struct cli *cli, const struct train_result *result,
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
    json_add_number(json, "validation_accuracy_float",
                    classified ? result->float_metrics.accuracy : NAN);
    json_add_number(json, "validation_accuracy_quantized",
                    classified && result->quantized_network ? result->quantized_metrics.accuracy
                                                            : NAN);
    cJSON_AddItemToObject(json, "curves", curve_json(result));
    cJSON_AddItemToObject(json, "layers", layers_json(result));
    json_add_number(json, "epoch_seconds", result->epoch_seconds);
    json_add_number(json, "seconds", seconds);
    json_write(cli_path(cli, "train.json"), json);
    cJSON_Delete(json);
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

int verb_train(struct cli *cli)
{
    struct job *job = cli->job;
    if (job->model)
        job_fail(job, NULL, 0, "model", "the job brings a model of its own: nothing to train");
    if (job_has_trees(job)) return train_trees(cli);
    double start = clock_seconds();
    struct job_events *events = job_read_events(job);
    struct train_config config;
    job_train_config(job, events->train, &config);
    config.checkpoint_path = cli_path(cli, "train/checkpoint");
    train_config_check(&config, events->train);
    if (!error_is_quiet()) events_print_card(events->train, stderr);
    file_make_folder(cli->folder);
    file_make_folder(cli_path(cli, "train"));
    struct train_result *result =
        train_run(&config, events->train, events->train_rows, events->train_count,
                  events->valid_rows, events->valid_count);
    train_name_ports(result->float_network, events->train);
    train_name_ports(result->quantized_network, events->train);
    onnx_write(cli_path(cli, "float.onnx"), result->float_network);
    onnx_write(cli_path(cli, "train/model.onnx"),
               result->quantized_network ? result->quantized_network : result->float_network);
    write_result(cli, result, events, clock_seconds() - start);
    train_checkpoint_remove(&config);
    cli_print_json(cli, cli_path(cli, "train.json"));
    train_result_free(result);
    job_free_events(events);
    return 0;
}
