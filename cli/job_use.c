/* From a job's keys to events and a training configuration. */
#include "cli/job_use.h"

#include "base/error.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int job_find_name(const struct job *job, const char *section, int item, const char *key,
                  const char *value, const char *const *names, int count)
{
    int found = train_find_name(names, count, value);
    if (found >= 0) return found;
    struct text known = {0};
    for (int i = 0; i < count; i++)
        text_add(&known, "%s%s", i ? ", " : "", names[i]);
    job_fail(job, section, item, key, "there is no %s '%s'; there are %s", key, value,
             text_string(&known));
}

/* ---- events ---- */

static struct data_source source(struct job *job, const char *path, const char *labels_path)
{
    return (struct data_source){.path = job_path(job, path),
                                .features = job->data->features,
                                .labels = job->data->labels,
                                .labels_path = job_path(job, labels_path),
                                .weights = job->data->weights,
                                .max_events = *job->data->max_events};
}

static long *all_rows(struct arena *arena, long count)
{
    long *rows = arena_alloc(arena, (size_t)count, sizeof *rows);
    for (long i = 0; i < count; i++)
        rows[i] = i;
    return rows;
}

struct job_events *job_read_events(struct job *job)
{
    if (!job->data->train) job_fail(job, "data", 0, "train", "data: train: FILE is missing");
    struct job_events *e = calloc(1, sizeof *e);
    if (!e) fail("out of memory");
    struct data_source train = source(job, job->data->train, job->data->train_labels);
    e->train = events_read(&train, *job->data->missing);
    bool own_test = job->data->test != NULL;
    double test_fraction = own_test ? 0 : *job->data->test_fraction;
    double valid_fraction = *job->data->validation_fraction;
    if (test_fraction + valid_fraction >= 1)
        job_fail(job, "data", 0, "validation_fraction", "no training events are left by the split");
    struct split split =
        events_split(&e->arena, e->train,
                     (double[]){test_fraction, valid_fraction, 1 - test_fraction - valid_fraction},
                     3, (uint64_t)*job->data->seed);
    e->test_rows = split.rows + split.start[0];
    e->test_count = split.start[1] - split.start[0];
    e->valid_rows = split.rows + split.start[1];
    e->valid_count = split.start[2] - split.start[1];
    e->train_rows = split.rows + split.start[2];
    e->train_count = split.start[3] - split.start[2];
    e->test = e->train;
    if (own_test) {
        struct data_source test = source(job, job->data->test, job->data->test_labels);
        e->test = events_read(&test, *job->data->missing);
        events_match(e->test, e->train);
        e->test_count = e->test->count;
        e->test_rows = all_rows(&e->arena, e->test_count);
    }
    if (e->test_count == 0) fail("%s: no events are left for testing", train.path);
    return e;
}

void job_free_events(struct job_events *e)
{
    if (!e) return;
    if (e->test != e->train) events_free(e->test);
    events_free(e->train);
    arena_free(&e->arena);
    free(e);
}

double *job_rows(struct arena *arena, const struct events *events, const long *rows, long count)
{
    size_t features = (size_t)events->features;
    double *x = arena_alloc(arena, (size_t)count * features, sizeof *x);
    for (long i = 0; i < count; i++)
        for (size_t j = 0; j < features; j++)
            x[(size_t)i * features + j] = (double)events->x[(size_t)rows[i] * features + j];
    return x;
}

/* ---- training configuration ---- */

static struct train_format read_format(const struct job *job, const char *section, int item,
                                       const char *key, const char *text)
{
    struct train_format format = {.kind = TRAIN_FORMAT_DEFAULT};
    char reason[160];
    if (text && !train_format_parse(text, &format, reason, sizeof reason))
        job_fail(job, section, item, key, "%s", reason);
    return format;
}

static void fill_layer(const struct job *job, int item, struct train_layer_config *layer)
{
    const struct job_layer *from = &job->layers[item];
    if (!from->kind) job_fail(job, "layers", item, "kind", "layer %d has no kind", item + 1);
    *layer = (struct train_layer_config){
        .kind = (enum train_layer_kind)job_find_name(job, "layers", item, "kind", from->kind,
                                                     train_layer_names, TRAIN_LAYER_COUNT),
        .name = from->name,
        .units = *from->units,
        .no_bias = *from->no_bias,
        .rate = *from->rate,
        .alpha = *from->alpha,
        .weights = read_format(job, "layers", item, "weights", from->weights),
        .bias = read_format(job, "layers", item, "bias", from->bias),
        .output = read_format(job, "layers", item, "format", from->format),
        .weight_digits = *from->weight_digits,
        .l1 = *from->l1,
        .l2 = *from->l2,
        .sparsity = *from->sparsity};
    if (layer->kind == TRAIN_DENSE && layer->units < 1)
        job_fail(job, "layers", item, "units", "dense layer %d needs units: at least 1", item + 1);
}

static enum train_loss default_loss(const struct train_config *config, const struct events *events)
{
    int outputs = 0;
    for (int i = 0; i < config->layer_count; i++)
        if (config->layers[i].units) outputs = config->layers[i].units;
    if (events->classes == 0) return LOSS_SQUARED_ERROR;
    return outputs == 1 && events->classes <= 2 ? LOSS_BINARY_CROSS_ENTROPY
                                                : LOSS_CATEGORICAL_CROSS_ENTROPY;
}

double *job_numbers(struct job *job, const char *section, const char *key, const char *text,
                    int *count)
{
    double *numbers = arena_alloc(&job->arena, strlen(text), sizeof *numbers);
    *count = 0;
    for (const char *at = text; *at;) {
        char *end;
        numbers[(*count)++] = strtod(at, &end);
        if (end == at || (*end && *end != ','))
            job_fail(job, section, 0, key, "'%s' is not a list such as 1,2,1", text);
        at = *end ? end + 1 : end;
    }
    return numbers;
}

static void fill_class_weights(struct job *job, struct train_config *config)
{
    const char *text = job->training->class_weights;
    if (!text) return;
    if (strcmp(text, "balanced") == 0) {
        config->class_weights_balanced = true;
        return;
    }
    config->class_weights =
        job_numbers(job, "training", "class_weights", text, &config->class_weight_count);
    for (int i = 0; i < config->class_weight_count; i++)
        if (!(config->class_weights[i] >= 0))
            job_fail(job, "training", 0, "class_weights", "'%s' is not a list such as 1,2,1", text);
}

static void fill_training(const struct job *job, const struct events *events,
                          struct train_config *c)
{
    const struct job_training *t = job->training;
#define NAME(key, names, count)                                                                    \
    job_find_name(job, "training", 0, #key, t->key, train_##names##_names, count)
    c->loss = t->loss ? (enum train_loss)NAME(loss, loss, LOSS_COUNT) : default_loss(c, events);
    c->optimizer = (enum train_optimizer)NAME(optimizer, optimizer, OPTIMIZER_COUNT);
    c->schedule = (enum train_schedule)NAME(schedule, schedule, SCHEDULE_COUNT);
    c->monitor = (enum train_monitor)NAME(monitor, monitor, MONITOR_COUNT);
    c->calibration = (enum train_calibration)NAME(calibration, calibration, CALIBRATION_COUNT);
    c->price = (enum train_price)NAME(price, price, PRICE_COUNT);
#undef NAME
#define SAME(member) c->member = *t->member;
    SAME(noise)
    SAME(smearing)
    SAME(dead_channels)
    SAME(teacher_weight)
    SAME(price_begin)
    SAME(price_end)
    SAME(price_target)
    SAME(frontier_from)
    SAME(frontier_points)
    SAME(anneal_epochs)
    SAME(search_tries)
    SAME(search_further)
    SAME(width_rate)
    SAME(range_from_data)
    SAME(range_margin_bits)
    SAME(huber_delta)
    SAME(learning_rate)
    SAME(quantized_learning_rate)
    SAME(momentum)
    SAME(beta1)
    SAME(beta2)
    SAME(rho)
    SAME(epsilon)
    SAME(weight_decay)
    SAME(warmup_epochs)
    SAME(decay_rate)
    SAME(decay_epochs)
    SAME(final_fraction)
    SAME(epochs)
    SAME(quantized_epochs)
    SAME(batch)
    SAME(threads)
    SAME(l1)
    SAME(l2)
    SAME(clip_norm)
    SAME(clip_value)
    SAME(patience)
    SAME(min_delta)
    SAME(calibration_percentile)
    SAME(weight_digits)
#undef SAME
    c->seed = (uint64_t)*t->seed;
    c->checkpoint_interval = *t->checkpoint_every;
}

/* target_lut4 and its like: a price and its target in one. */
static void fill_target(const struct job *job, struct train_config *c)
{
    const struct job_training *t = job->training;
    const double *const targets[PRICE_COUNT] = {[PRICE_EBOPS] = t->target_ebops,
                                                [PRICE_ADDER_BITS] = t->target_adder_bits,
                                                [PRICE_LUT4] = t->target_lut4};
    for (int i = 0; i < PRICE_COUNT; i++) {
        if (!(*targets[i] > 0)) continue;
        if (c->price_target > 0)
            job_fail(job, "training", 0, "price_target", "more than one target for the price");
        c->price = (enum train_price)i;
        c->price_target = *targets[i];
    }
}

static void fill_layers(struct job *job, struct train_config *config)
{
    if (job->layers_count == 0)
        job_fail(job, NULL, 0, "layers", "no layers: list them under `layers:`");
    config->layers = arena_alloc(&job->arena, job->layers_count, sizeof *config->layers);
    config->layer_count = (int)job->layers_count;
    for (int i = 0; i < config->layer_count; i++)
        fill_layer(job, i, &config->layers[i]);
}

void job_train_config(struct job *job, const struct events *events, const struct network *init,
                      struct train_config *config)
{
    train_config_init(config);
    config->name = job->name;
    bool own_layers = job->layers_count > 0 || !init;
    if (own_layers)
        fill_layers(job, config);
    else
        train_config_layers(config, init, &job->arena);
    static const char *const places[] = {"host", "fabric", "none"};
    config->standardise =
        job_find_name(job, NULL, 0, "standardise", job->standardise, places, 3) < 2;
    if (own_layers) {
        config->input = read_format(job, "input", 0, "format", job->input->format);
        config->input.per_element = *job->input->per_feature;
    }
    fill_training(job, events, config);
    fill_class_weights(job, config);
    fill_target(job, config);
    config->init = init;
    if (init) {
        config->epochs = 0;
        config->standardise = true; /* as the network scales its inputs, if only by 1 */
    }
    const struct job_pruning *p = job->pruning;
    config->sparsity = *p->sparsity;
    config->prune_method = (enum train_prune_method)job_find_name(
        job, "pruning", 0, "method", p->method, train_prune_names, PRUNE_METHOD_COUNT);
    config->prune_steps = *p->steps;
    config->rewind_epoch = *p->rewind_epoch;
    config->prune_strength = *p->strength;
    config->prune_begin_epoch = *p->begin_epoch;
    config->prune_end_epoch = *p->end_epoch;
    config->prune_frequency = *p->frequency;
    config->prune_scope = (enum train_prune_scope)job_find_name(
        job, "pruning", 0, "scope", p->scope, train_prune_scope_names, PRUNE_SCOPE_COUNT);
}

/* ---- physics ---- */

/* The place of a name of the network's, or a number from 0. */
static int find_port(const struct job *job, const char *key, const char *text, size_t length,
                     const char *const *names, int count)
{
    for (int i = 0; names && i < count; i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0) return i;
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text + length && length > 0 && number >= 0 && number < count) return (int)number;
    job_fail(job, "physics", 0, key, "there is no %s '%.*s' in the network's %d", key, (int)length,
             text, count);
}

static void set_width(struct job *job, int item, const char *key, job_string *format, int bits)
{
    static const char learned[] = "learned";
    if (bits < 0) return;
    if (*format && !strncmp(*format, learned, sizeof learned - 1))
        job_fail(job, "layers", item, key,
                 "the layer learns its widths, which none can be put in place of");
    free(*format); /* libcyaml's, like what takes its place */
    const char *text = arena_printf(&job->arena, "%d", bits);
    *format = strdup(text);
    if (!*format) fail("out of memory");
}

void job_set_widths(struct job *job, int weight_bits, int activation_bits)
{
    static const char *const with_format[] = {"relu", "leaky_relu", "sigmoid", "tanh"};
    for (unsigned i = 0; i < job->layers_count; i++) {
        struct job_layer *layer = &job->layers[i];
        if (!layer->kind) continue;
        if (!strcmp(layer->kind, "dense"))
            set_width(job, (int)i, "weights", &layer->weights, weight_bits);
        for (size_t k = 0; k < sizeof with_format / sizeof *with_format; k++)
            if (!strcmp(layer->kind, with_format[k]))
                set_width(job, (int)i, "format", &layer->format, activation_bits);
    }
}

void job_physics_options(struct job *job, const struct network *network, struct physics_options *o)
{
    *o = (struct physics_options){.signal = -1,
                                  .input_rate_mhz = 40,
                                  .prescale = 1,
                                  .bins = 12,
                                  .replicas = 200,
                                  .robustness = true};
    if (!job) return;
    const struct job_physics *p = job->physics;
    o->rate_khz = *p->rate_khz;
    o->input_rate_mhz = *p->input_rate_mhz;
    o->prescale = *p->prescale;
    o->bins = *p->bins;
    o->replicas = *p->bootstrap;
    o->robustness = *p->robustness;
    int classes = network_output(network)->size;
    if (p->signal)
        o->signal = find_port(job, "signal", p->signal, strlen(p->signal), network->class_names,
                              classes == 1 ? 2 : classes);
    if (!p->turn_on) return;
    int *features = arena_alloc(&job->arena, strlen(p->turn_on) + 1, sizeof *features);
    for (const char *at = p->turn_on; *at;) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, " ,");
        if (length)
            features[o->turn_on_count++] = find_port(
                job, "turn_on", at, length, network->feature_names, network->layers[0].size);
        at += length;
    }
    o->turn_on = features;
}
