/* sluice train for a job of trees: events to float.onnx, model.onnx and train.json. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/job_use.h"
#include "model/onnx.h"

#include <math.h>

static cJSON *curve_json(const struct trees_result *result)
{
    cJSON *curves = cJSON_CreateArray();
    for (int i = 0; i < result->curve_count; i++) {
        const struct trees_round *from = &result->curve[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "phase", from->quantized ? "quantized" : "float");
        json_add_number(row, "epoch", from->round);
        json_add_number(row, "learning_rate", NAN);
        json_add_number(row, "loss", from->loss);
        json_add_number(row, "accuracy", from->accuracy);
        json_add_number(row, "val_loss", from->validation_loss);
        json_add_number(row, "val_accuracy", from->validation_accuracy);
        json_add_number(row, "sparsity", NAN);
        cJSON_AddItemToArray(curves, row);
    }
    return curves;
}

static cJSON *trees_json(const struct trees_summary *s)
{
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "trees", s->trees);
    json_add_number(json, "nodes", s->nodes);
    json_add_number(json, "leaves", s->leaves);
    json_add_number(json, "depth", s->depth);
    json_add_number(json, "thresholds", s->thresholds);
    json_add_number(json, "nonzero_values", s->values);
    json_add_number(json, "leaf_bits", s->leaf_bits);
    return json;
}

static cJSON *importance_json(const struct trees_result *result, const struct events *events)
{
    cJSON *list = cJSON_CreateArray();
    char number[24];
    for (int f = 0; f < events->features; f++) {
        cJSON *row = cJSON_CreateObject();
        snprintf(number, sizeof number, "x%d", f);
        cJSON_AddStringToObject(row, "feature",
                                events->feature_names ? events->feature_names[f] : number);
        json_add_number(row, "gain", result->importance[f]);
        cJSON_AddItemToArray(list, row);
    }
    return list;
}

/* The row that the report joins with the compiler's by the layer's name. */
static cJSON *layers_json(const struct trees_result *result)
{
    const struct network *network =
        result->quantized_network ? result->quantized_network : result->float_network;
    const struct layer *layer = NULL;
    for (int l = 1; l < network->layer_count; l++)
        if (layer_is_trees(&network->layers[l])) layer = &network->layers[l];
    cJSON *layers = cJSON_CreateArray(), *row = cJSON_CreateObject();
    if (layer) {
        cJSON_AddStringToObject(row, "name", layer->name);
        json_add_number(row, "inputs", network->layers[0].size);
        json_add_number(row, "outputs", layer->size);
        json_add_number(row, "weights", layer->trees->value_count);
        json_add_number(row, "nonzero_weights", result->summary.values);
        if (result->summary.leaf_bits)
            json_add_number(row, "weight_bits", result->summary.leaf_bits);
    }
    cJSON_AddItemToArray(layers, row);
    return layers;
}

static void write_result(struct cli *cli, const struct trees_result *result,
                         const struct job_events *events, double seconds)
{
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", cli->job->name);
    json_add_number(json, "events_train", (double)events->train_count);
    json_add_number(json, "events_validation", (double)events->valid_count);
    json_add_number(json, "float_best_epoch", result->best_round);
    json_add_number(json, "validation_accuracy_float",
                    result->float_metrics.count ? result->float_metrics.accuracy : NAN);
    json_add_number(json, "validation_accuracy_quantized",
                    result->quantized_metrics.count ? result->quantized_metrics.accuracy : NAN);
    cJSON_AddItemToObject(json, "curves", curve_json(result));
    cJSON_AddItemToObject(json, "layers", layers_json(result));
    cJSON_AddItemToObject(json, "float_trees", trees_json(&result->float_summary));
    cJSON_AddItemToObject(
        json, "trees",
        trees_json(result->quantized_network ? &result->summary : &result->float_summary));
    cJSON_AddItemToObject(json, "importance", importance_json(result, events->train));
    json_add_number(json, "seconds", seconds);
    json_write(cli_path(cli, "train.json"), json);
    cJSON_Delete(json);
}

/* One line for people: how large the ensemble is. */
static void tell(const struct trees_result *result)
{
    const struct trees_summary *s =
        result->quantized_network ? &result->summary : &result->float_summary;
    info("%d trees, %d leaves, depth %d, %d thresholds%s", s->trees, s->leaves, s->depth,
         s->thresholds, result->quantized_network ? "" : " (not quantized)");
    if (result->float_metrics.count && result->quantized_metrics.count)
        info("validation accuracy %.2f %% float, %.2f %% quantized",
             100 * result->float_metrics.accuracy, 100 * result->quantized_metrics.accuracy);
}

int train_trees(struct cli *cli)
{
    struct job *job = cli->job;
    double start = clock_seconds();
    struct job_events *events = job_read_events(job);
    struct trees_config config;
    job_trees_config(job, events->train, &config);
    trees_config_check(&config, events->train);
    train_open_folder(cli, events->train);
    struct trees_result *result =
        trees_train(&config, events->train, events->train_rows, events->train_count,
                    events->valid_rows, events->valid_count);
    train_name_ports(result->float_network, events->train);
    train_name_ports(result->quantized_network, events->train);
    onnx_write(cli_path(cli, "float.onnx"), result->float_network);
    onnx_write(cli_path(cli, "train/model.onnx"),
               result->quantized_network ? result->quantized_network : result->float_network);
    write_result(cli, result, events, clock_seconds() - start);
    tell(result);
    cli_print_json(cli, cli_path(cli, "train.json"));
    trees_result_free(result);
    job_free_events(events);
    return 0;
}
