/* Post-training quantization on the command line: see post_training.h. */
#include "cli/post_training.h"

#include "base/error.h"
#include "cli/frontier.h"
#include "cli/job_use.h"
#include "model/fold.h"
#include "trainer/post.h"

#include <math.h>
#include <string.h>

struct calibration_events {
    double *x;
    int *labels; /* NULL: none */
    long count;
};

/* Labels that number classes of the network; NULL if they do not. */
static int *class_labels(struct arena *arena, const struct events *events, const long *rows,
                         long count, int outputs)
{
    bool fits = events->y && events->classes >= 2 &&
                (outputs == events->classes || (outputs == 1 && events->classes == 2));
    if (!fits) return NULL;
    int *labels = arena_alloc(arena, (size_t)count, sizeof *labels);
    for (long i = 0; i < count; i++)
        labels[i] = (int)events->y[rows ? rows[i] : i];
    return labels;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* --calibrate: rows of numbers, or a data set with labels. */
static struct calibration_events read_file(struct cli *cli, const char *path,
                                           const struct network *network)
{
    struct calibration_events c = {0};
    int inputs = network->layers[0].size, outputs = network_output(network)->size;
    if (ends_with(path, ".npy")) {
        c.x = events_read_rows(&cli->arena, path, inputs, &c.count);
        return c;
    }
    struct data_source source = {.path = path};
    struct events *events = events_read(&source, false);
    if (events->features != inputs)
        fail("%s: it has %d features, the model %d inputs", path, events->features, inputs);
    c.count = events->count;
    c.x = arena_alloc(&cli->arena, (size_t)c.count * (size_t)inputs, sizeof *c.x);
    for (long i = 0; i < c.count * inputs; i++)
        c.x[i] = (double)events->x[i];
    c.labels = class_labels(&cli->arena, events, NULL, c.count, outputs);
    events_free(events);
    return c;
}

static struct calibration_events read_job(struct cli *cli, const struct network *network)
{
    struct calibration_events c = {0};
    struct job_events *events = job_read_events(cli->job);
    if (events->train->features != network->layers[0].size)
        fail("%s: it has %d features, the model %d inputs", events->train->path,
             events->train->features, network->layers[0].size);
    long most = *cli->job->post_training->events;
    c.count = events->train_count < most ? events->train_count : most;
    c.x = job_rows(&cli->arena, events->train, events->train_rows, c.count);
    c.labels = class_labels(&cli->arena, events->train, events->train_rows, c.count,
                            network_output(network)->size);
    job_free_events(events);
    return c;
}

static void fill_options(const struct cli *cli, struct post_options *options)
{
    post_options_init(options);
    if (cli->job) {
        options->input_bits = *cli->job->post_training->input_bits;
        options->weight_bits = *cli->job->post_training->weight_bits;
        options->activation_bits = *cli->job->post_training->activation_bits;
        options->calibration = (enum train_calibration)job_find_name(
            cli->job, "training", 0, "calibration", cli->job->training->calibration,
            train_calibration_names, CALIBRATION_COUNT);
        options->percentile = *cli->job->training->calibration_percentile;
    }
    if (cli->flags.input_bits >= 0) options->input_bits = cli->flags.input_bits;
    if (cli->flags.weight_bits >= 0) options->weight_bits = cli->flags.weight_bits;
    if (cli->flags.activation_bits >= 0) options->activation_bits = cli->flags.activation_bits;
    const int widths[] = {options->input_bits, options->weight_bits, options->activation_bits};
    static const char *const flags[] = {"--input-bits", "--weight-bits", "--activation-bits"};
    for (int i = 0; i < 3; i++)
        if (widths[i] < (i < 2 ? 2 : 1) || widths[i] > 24)
            fail("%s %d: a width is %d to 24 bits", flags[i], widths[i], i < 2 ? 2 : 1);
}

static cJSON *table_json(const struct post_row *rows, int count)
{
    cJSON *table = cJSON_CreateArray();
    for (int i = 0; i < count; i++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "layer", rows[i].name);
        cJSON_AddStringToObject(row, "weights", rows[i].weights);
        cJSON_AddStringToObject(row, "output", rows[i].output);
        json_add_number(row, "sqnr_db", rows[i].sqnr_db);
        json_add_number(row, "agreement", rows[i].agreement);
        json_add_number(row, "accuracy", rows[i].accuracy);
        cJSON_AddItemToArray(table, row);
    }
    return table;
}

static void print_table(const struct cli *cli, const struct post_row *rows, int count, long events)
{
    if (error_is_quiet() || cli->flags.json) return;
    int width = 8;
    for (int i = 0; i < count; i++)
        if ((int)strlen(rows[i].name) > width) width = (int)strlen(rows[i].name);
    printf("formats chosen after training, on %ld events; each row with the layers up to it "
           "quantized\n%-*s %-18s %-18s %9s %10s %10s\n",
           events, width, "layer", "weights", "output", "SQNR, dB", "as float", "accuracy");
    for (int i = 0; i < count; i++) {
        printf("%-*s %-18s %-18s", width, rows[i].name, i ? rows[i].weights : "", rows[i].output);
        frontier_print_number(rows[i].sqnr_db, "%.1f", 9);
        frontier_print_number(100 * rows[i].agreement, "%.2f %%", 10);
        frontier_print_number(100 * rows[i].accuracy, "%.2f %%", 10);
        putchar('\n');
    }
}

struct network *post_training(struct cli *cli, struct network *network, const char *model,
                              cJSON **table)
{
    if (table) *table = NULL;
    bool has_events = cli->flags.calibrate || (cli->job && cli->job->data->train);
    if (!network_is_float(network) || !has_events || cli->flags.input_format) return network;
    struct post_options options;
    fill_options(cli, &options);
    struct network *folded = network_fold(network, model);
    struct calibration_events c =
        cli->flags.calibrate ? read_file(cli, cli->flags.calibrate, folded) : read_job(cli, folded);
    if (c.count < 1) fail("%s: no events to choose formats on", model);
    struct post_row *rows;
    int count;
    struct network *quantized =
        post_quantize(folded, c.x, c.count, c.labels, &options, &rows, &count);
    print_table(cli, rows, count, c.count);
    if (table) *table = table_json(rows, count);
    network_free(folded);
    network_free(network);
    return quantized;
}
