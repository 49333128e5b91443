/* The training loop: a float phase, a quantized phase, both in epochs of steps. */
#include "trainer/train.h"

#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "data/random.h"
#include "trainer/frontier.h"
#include "trainer/initial.h"
#include "trainer/nn/convert.h"
#include "trainer/nn/prune.h"
#include "trainer/nn/update.h"
#include "trainer/nn/widths.h"
#include "trainer/session.h"
#include "trainer/settings.h"
#include "trainer/steps.h"
#include "trainer/teacher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *phase_name(const struct session *s)
{
    return s->at.quantized ? "quantized" : "float";
}

static int phase_epochs(const struct session *s)
{
    return s->at.quantized ? s->config->quantized_epochs : s->config->epochs;
}

/* Whether the phase that runs prices learned widths. */
static bool is_priced(const struct session *s)
{
    return s->at.quantized && frontier_wanted(s->config);
}

static long steps_per_epoch(const struct session *s)
{
    return (s->train_count + s->config->batch - 1) / s->config->batch;
}

/* The order of an epoch follows from seed, phase and epoch alone, so that resuming needs no state.
 */
static void shuffle(struct session *s)
{
    uint64_t key = (uint64_t)s->at.epoch * 2 + (uint64_t)s->at.quantized;
    struct random random = random_init(s->config->seed * 0x9e3779b97f4a7c15U + key + 1);
    uint32_t *order = s->order;
    for (long i = 0; i < s->train_count; i++)
        order[i] = (uint32_t)i;
    for (long i = s->train_count - 1; i > 0; i--) {
        long j = (long)random_below(&random, (uint64_t)i + 1);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
}

/* ---- One step ------------------------------------------------------------------------------- */

_Noreturn static void stop(struct session *s)
{
    progress_end();
    if (s->config->checkpoint_path)
        info("training interrupted in epoch %d of the %s phase; run again to resume from %s",
             (int)s->at.epoch + 1, phase_name(s), s->config->checkpoint_path);
    interrupt_defer(false);
    fail("training interrupted%s", s->config->checkpoint_path ? "; run again to resume" : "");
}

static void stop_if_asked(struct session *s)
{
    long limit = s->config->stop_after_steps;
    if (!interrupt_requested() && !(limit > 0 && s->at.total_steps >= limit)) return;
    checkpoint_write(s);
    stop(s);
}

static double learning_rate(const struct session *s, double time)
{
    double base = s->config->learning_rate;
    if (s->at.quantized && s->config->quantized_learning_rate > 0)
        base = s->config->quantized_learning_rate;
    if (is_priced(s)) return base; /* it falls when the branches anneal */
    if (steps_wanted(s)) {         /* every part starts anew */
        int first = steps_epoch(s->config, (int)s->at.prune_step);
        int end = steps_epoch(s->config, (int)s->at.prune_step + 1);
        return schedule_rate(s->config, base, time - first, end - first);
    }
    return schedule_rate(s->config, base, time, phase_epochs(s));
}

/* Prunes when it is due, `before` and `now` being the times before and after the step that ended.
 */
static void prune_if_due(struct session *s, double before, double now)
{
    if (!s->at.quantized || !prune_wanted(s->config)) return;
    double end = prune_end(s->config);
    long done = (long)s->at.epoch * steps_per_epoch(s) + (long)s->at.step;
    if (prune_is_stepwise(s->config)) return;
    bool last = now >= end && before < end;
    bool due = now < end && done % s->config->prune_frequency == 0;
    double progress = prune_progress(s->config, now);
    if (last || (due && progress > 0)) nn_prune(s->config, s->nn, progress, 0);
}

static void run_step(struct session *s)
{
    const long steps = steps_per_epoch(s), first = (long)s->at.step * s->config->batch;
    long count = s->train_count - first;
    if (count > s->config->batch) count = s->config->batch;
    double before = (double)s->at.epoch + (double)s->at.step / (double)steps;
    struct loss_sum sum =
        nn_gradient(s->nn, &s->train, s->order + first, (int)count, (uint64_t)s->at.total_steps);
    double rate = learning_rate(s, before);
    if (!isfinite(sum.loss)) {
        interrupt_defer(false);
        fail("training: the loss is not finite in epoch %d, step %d of the %s phase; lower "
             "learning_rate (now %g) or set clip_norm",
             (int)s->at.epoch + 1, (int)s->at.step + 1, phase_name(s), rate);
    }
    if (is_priced(s))
        s->at.price =
            nn_update(s->config, s->nn, &s->optimizer, rate, &s->price, frontier_weight(s, before));
    else
        nn_update(s->config, s->nn, &s->optimizer, rate, NULL, 0);
    s->at.loss += sum.loss;
    s->at.weight += sum.weight;
    s->at.right += sum.right;
    s->at.step++;
    s->at.total_steps++;
    prune_if_due(s, before, (double)s->at.epoch + (double)s->at.step / (double)steps);
}

/* ---- One epoch ------------------------------------------------------------------------------ */

/* Keeps the parameters if the epoch just recorded is the best so far that counts. */
static void keep_best(struct session *s, const struct train_epoch *e)
{
    bool pruning = s->at.quantized && prune_wanted(s->config) && e->epoch < prune_end(s->config);
    if (steps_wanted(s)) pruning = s->at.prune_step < steps_between_epochs(s->config);
    if (pruning) return;
    double value =
        s->config->monitor == MONITOR_ACCURACY ? -e->validation_accuracy : e->validation_loss;
    bool first = s->at.best_epoch == 0 || s->valid_count == 0;
    s->at.epochs_since_best++;
    if (!first && !(value < s->at.best - s->config->min_delta)) return;
    s->at.best = value;
    s->at.best_epoch = e->epoch;
    s->at.epochs_since_best = 0;
    memcpy(s->best, s->nn->parameters, s->nn->parameter_count * sizeof(real));
}

static void finish_epoch(struct session *s)
{
    struct train_epoch *e = &s->curve[s->at.curve_count++];
    memset(e, 0, sizeof *e);
    e->quantized = s->at.quantized != 0;
    e->epoch = (int)++s->at.epoch;
    e->learning_rate = learning_rate(s, (double)s->at.epoch);
    e->loss = s->at.weight > 0 ? s->at.loss / s->at.weight : 0;
    e->accuracy = s->classes ? (double)s->at.right / (double)s->train_count : (double)NAN;
    e->validation_loss = e->validation_accuracy = (double)NAN;
    e->sparsity = nn_sparsity(s->nn);
    if (s->valid_count > 0) {
        struct loss_sum sum = nn_evaluate(s->nn, &s->valid, NULL);
        e->validation_loss = sum.weight > 0 ? sum.loss / sum.weight : 0;
        if (s->classes) e->validation_accuracy = (double)sum.right / (double)s->valid_count;
    }
    s->at.step = 0;
    s->at.loss = s->at.weight = 0;
    s->at.right = 0;
    if (s->at.quantized && s->config->range_from_data)
        widths_observe(s->nn, &s->train, s->config->range_margin_bits);
    if (is_priced(s))
        frontier_branch(s);
    else
        keep_best(s, e);
    int interval = s->config->checkpoint_interval;
    if (interval > 0 && s->at.epoch % interval == 0) checkpoint_write(s);
}

static void show_progress(const struct session *s)
{
    char remark[96] = "";
    long done = (long)s->at.epoch * steps_per_epoch(s) + (long)s->at.step;
    const struct train_epoch *e = s->at.epoch > 0 ? &s->curve[s->at.curve_count - 1] : NULL;
    if (e) {
        bool valid = s->valid_count > 0;
        int n = snprintf(remark, sizeof remark, "loss %.4f", valid ? e->validation_loss : e->loss);
        if (s->classes)
            snprintf(remark + n, sizeof remark - (size_t)n, ", accuracy %.2f %%",
                     100 * (valid ? e->validation_accuracy : e->accuracy));
    }
    progress_update(done, remark);
}

/* Seconds of the epoch's steps; INFINITY if only a part of them ran. */
static double run_epoch(struct session *s)
{
    bool whole = s->at.step == 0;
    double start = clock_seconds();
    steps_begin_epoch(s);
    shuffle(s);
    const long steps = steps_per_epoch(s);
    while (s->at.step < steps) {
        stop_if_asked(s);
        run_step(s);
        if (s->at.step % 16 == 0) show_progress(s);
    }
    double seconds = clock_seconds() - start;
    finish_epoch(s);
    show_progress(s);
    return whole ? seconds : (double)INFINITY;
}

/* ---- One phase ------------------------------------------------------------------------------ */

static void init_optimizer(struct session *s)
{
    const struct train_config *c = s->config;
    s->optimizer = (struct optimizer){.kind = c->optimizer,
                                      .momentum = c->momentum,
                                      .beta1 = c->beta1,
                                      .beta2 = c->beta2,
                                      .rho = c->rho,
                                      .epsilon = c->epsilon,
                                      .weight_decay = c->weight_decay};
    for (int i = 0; i < optimizer_states(c->optimizer); i++)
        s->optimizer.state[i] = arena_alloc(&s->nn->arena, s->nn->trainable, sizeof(real));
}

/* Trains s->nn to the end of the phase and leaves its best parameters in it. Returns the seconds of
 * the fastest epoch. */
static double run_phase(struct session *s, bool resume)
{
    double fastest = (double)INFINITY;
    const int epochs = phase_epochs(s);
    init_optimizer(s);
    s->best = arena_alloc(&s->nn->arena, s->nn->parameter_count, sizeof(real));
    memcpy(s->best, s->nn->parameters, s->nn->parameter_count * sizeof(real));
    nn_prepare(s->nn);
    if (resume) checkpoint_read_phase(s);
    char label[64];
    snprintf(label, sizeof label, "train (%s)", phase_name(s));
    progress_begin(label, (long)epochs * steps_per_epoch(s));
    interrupt_defer(true);
    while (s->at.epoch < epochs) {
        bool stale = s->config->patience > 0 && s->at.epochs_since_best >= s->config->patience;
        stale = stale || (is_priced(s) && frontier_reached(s));
        if (stale) break;
        double seconds = run_epoch(s);
        if (seconds < fastest) fastest = seconds;
    }
    if (!s->at.quantized && epochs > 0) checkpoint_write(s); /* calibration may take a while */
    interrupt_defer(false);
    progress_end();
    if (s->at.best_epoch > 0)
        memcpy(s->nn->parameters, s->best, s->nn->parameter_count * sizeof(real));
    nn_prepare(s->nn);
    return fastest;
}

/* How s->nn disturbs its training events. */
static void set_augmentation(struct session *s)
{
    const struct train_config *c = s->config;
    real *zero = arena_alloc(&s->nn->arena, (size_t)s->nn->input_columns, sizeof(real));
    for (int j = 0; c->standardise && j < s->nn->inputs; j++)
        zero[j] = (real)s->offset[j];
    s->nn->augment = (struct augmentation){c->noise, c->smearing, c->dead_channels, zero};
}

/* Builds the quantized network from the float phase's result. */
static void start_quantized(struct session *s, bool resume)
{
    s->nn = nn_init(s->config, s->events->features, s->classes, true, s->pool);
    nn_fold(s->config, s->float_nn, s->nn);
    set_augmentation(s);
    if (!nn_quantizes_input(s->nn))
        s->nn->input_quant = nn_calibrate_input(s->config, s->nn, &s->train);
    arena_free(&s->events_arena);
    s->train = session_prepare(s, &s->nn->input_quant, s->train_rows, s->train_count);
    s->valid = session_prepare(s, &s->nn->input_quant, s->valid_rows, s->valid_count);
    teacher_fill(s);
    nn_calibrate(s->config, s->nn, &s->train);
    nn_keep_in_range(s->nn);
    if (resume) return;
    if (s->config->range_from_data) widths_observe(s->nn, &s->train, s->config->range_margin_bits);
    int64_t best = s->at.best_epoch, steps = s->at.total_steps, rows = s->at.curve_count;
    s->at = (struct position){
        .quantized = 1, .float_best_epoch = best, .total_steps = steps, .curve_count = rows};
    bool at_once = prune_wanted(s->config) && !prune_is_stepwise(s->config);
    if (s->config->quantized_epochs == 0 && at_once) nn_prune(s->config, s->nn, 1, 0);
}

/* ---- The whole ------------------------------------------------------------------------------ */

static void fit_scaler(struct session *s)
{
    size_t features = (size_t)s->events->features;
    struct scaler scaler = scaler_fit(&s->arena, s->events, s->train_rows, s->train_count);
    s->scale = arena_alloc(&s->arena, features, sizeof(double));
    s->offset = arena_alloc(&s->arena, features, sizeof(double));
    for (size_t j = 0; j < features; j++) {
        s->scale[j] = network_float32(1 / scaler.deviation[j]);
        s->offset[j] = network_float32(-scaler.mean[j] / scaler.deviation[j]);
    }
}

static void fit_class_weights(struct session *s)
{
    const struct train_config *c = s->config;
    if (!s->classes || (!c->class_weights && !c->class_weights_balanced)) return;
    int classes = s->events->classes;
    s->class_weights = arena_alloc(&s->arena, (size_t)classes, sizeof(double));
    long *count = arena_alloc(&s->arena, (size_t)classes, sizeof *count);
    for (long i = 0; i < s->train_count; i++)
        count[(int)s->events->y[s->train_rows[i]]]++;
    for (int k = 0; k < classes; k++) {
        s->class_weights[k] = c->class_weights ? c->class_weights[k] : 1;
        if (c->class_weights_balanced && count[k] > 0)
            s->class_weights[k] *= (double)s->train_count / ((double)classes * (double)count[k]);
    }
}

static int thread_count(const struct train_config *config)
{
    long threads = config->threads > 0 ? config->threads : sysconf(_SC_NPROCESSORS_ONLN);
    return threads < 1 ? 1 : threads > 64 ? 64 : (int)threads;
}

static void start_session(struct session *s)
{
    const struct train_config *c = s->config;
    const size_t features = (size_t)s->events->features;
    if (s->train_count < 1) fail("%s: no events to train on", s->events->path);
    int outputs = 0;
    for (int i = 0; i < c->layer_count; i++)
        if (c->layers[i].kind == TRAIN_DENSE) outputs = c->layers[i].units;
    int classes = s->events->classes;
    s->classes = s->events->targets == 1 && classes >= 2 &&
                 (outputs == classes || (outputs == 1 && classes == 2));
    if (c->init)
        initial_scaling(c, s->events->features,
                        s->scale = arena_alloc(&s->arena, features, sizeof(double)),
                        s->offset = arena_alloc(&s->arena, features, sizeof(double)));
    else if (c->standardise)
        fit_scaler(s);
    fit_class_weights(s);
    s->pool = pool_init(thread_count(c));
    s->float_nn = s->nn = nn_init(c, s->events->features, s->classes, false, s->pool);
    set_augmentation(s);
    nn_randomise(s->nn, c->seed);
    if (c->init) initial_load(c, s->nn);
    s->train = session_prepare(s, NULL, s->train_rows, s->train_count);
    s->valid = session_prepare(s, NULL, s->valid_rows, s->valid_count);
    s->order = arena_alloc(&s->arena, (size_t)s->train_count, sizeof *s->order);
    size_t epochs = (size_t)c->epochs + (size_t)c->quantized_epochs;
    s->curve = arena_alloc(&s->arena, epochs + 1, sizeof *s->curve);
    if (c->checkpoint_path) s->identity = session_identity(s);
}

/* Outputs on the validation rows, and the metrics that follow from them. */
static double *validation_scores(struct session *s, struct arena *arena, struct metrics *metrics)
{
    if (s->valid_count == 0) return NULL;
    int outputs = s->nn->outputs;
    double *scores = arena_alloc(arena, (size_t)s->valid_count * (size_t)outputs, sizeof *scores);
    nn_evaluate(s->nn, &s->valid, scores);
    if (!s->classes) return scores;
    double *judged = scores;
    if (s->config->loss == LOSS_CATEGORICAL_CROSS_ENTROPY) {
        size_t count = (size_t)s->valid_count * (size_t)outputs;
        judged = memcpy(arena_alloc(arena, count, sizeof *judged), scores, count * sizeof *judged);
        metrics_softmax(judged, outputs, s->valid_count);
    }
    *metrics = metrics_eval(arena, judged, outputs, train_threshold(s->config), s->valid.labels,
                            s->valid_count);
    return scores;
}

static void end_session(struct session *s)
{
    frontier_free(s);
    if (s->nn != s->float_nn) nn_free(s->nn);
    nn_free(s->float_nn);
    pool_free(s->pool);
    arena_free(&s->events_arena);
    arena_free(&s->arena);
}

/* The float phase, or its result from the checkpoint. */
static void float_phase(struct session *s, struct train_result *r, bool resume)
{
    size_t bytes = s->nn->parameter_count * sizeof(real);
    if (s->at.quantized) {
        memcpy(s->nn->parameters, s->float_best, bytes);
        nn_prepare(s->nn);
    } else {
        double start = clock_seconds();
        r->epoch_seconds = run_phase(s, resume);
        r->float_seconds = clock_seconds() - start;
        s->float_best = arena_alloc(&s->arena, s->nn->parameter_count, sizeof(real));
        memcpy(s->float_best, s->nn->parameters, bytes);
    }
    r->float_network = export_float(s);
    r->float_scores = validation_scores(s, &r->arena, &r->float_metrics);
    r->outputs = s->nn->outputs;
}

/* The frontier's points; interrupted, it goes on from the last one that was done. */
static void finish_frontier(struct session *s, struct train_result *r)
{
    checkpoint_write(s);
    interrupt_defer(true);
    if (!frontier_finish(s)) {
        checkpoint_write(s);
        stop(s);
    }
    interrupt_defer(false);
    frontier_export(s, r);
}

static void quantized_phase(struct session *s, struct train_result *r, bool resume)
{
    double start = clock_seconds();
    start_quantized(s, resume);
    if (is_priced(s)) frontier_allocate(s);
    if (is_priced(s) && !resume) frontier_start(s);
    if (steps_wanted(s)) steps_allocate(s);
    double fastest = run_phase(s, resume);
    if (steps_wanted(s)) steps_finish(s);
    if (is_priced(s)) finish_frontier(s, r);
    if (s->config->quantized_epochs > 0) r->epoch_seconds = fastest;
    r->quantized_seconds = clock_seconds() - start;
    r->quantized_network = export_quantized(s, s->nn);
    r->quantized_scores = validation_scores(s, &r->arena, &r->quantized_metrics);
    r->float_best_epoch = (int)s->at.float_best_epoch;
    r->quantized_best_epoch = (int)s->at.best_epoch;
}

struct train_result *train_run(const struct train_config *config, const struct events *events,
                               const long *train_rows, long train_count, const long *valid_rows,
                               long valid_count)
{
    train_config_check(config, events);
    struct session s = {.config = config,
                        .events = events,
                        .train_rows = train_rows,
                        .train_count = train_count,
                        .valid_rows = valid_rows,
                        .valid_count = valid_count};
    start_session(&s);
    struct train_result *r = calloc(1, sizeof *r);
    if (!r) fail("out of memory");
    r->resumed = checkpoint_read(&s);
    bool resume_quantized = r->resumed && s.at.quantized;
    float_phase(&s, r, r->resumed && !s.at.quantized);
    r->float_best_epoch = (int)s.at.best_epoch;
    if (config->quantize) quantized_phase(&s, r, resume_quantized);
    r->summaries =
        train_summaries(&r->arena, r->quantized_network ? r->quantized_network : r->float_network,
                        &r->summary_count);
    r->prune_step_count = (int)s.at.prune_row_count;
    r->prune_steps =
        arena_alloc(&r->arena, (size_t)r->prune_step_count + 1, sizeof *r->prune_steps);
    if (r->prune_step_count)
        memcpy(r->prune_steps, s.prune_rows, (size_t)r->prune_step_count * sizeof *s.prune_rows);
    r->curve_count = (int)s.at.curve_count;
    r->curve = arena_alloc(&r->arena, (size_t)r->curve_count + 1, sizeof *r->curve);
    memcpy(r->curve, s.curve, (size_t)r->curve_count * sizeof *r->curve);
    end_session(&s);
    return r;
}

void train_result_free(struct train_result *result)
{
    if (!result) return;
    network_free(result->float_network);
    network_free(result->quantized_network);
    for (int i = 0; i < result->point_count; i++)
        network_free(result->points[i].network);
    arena_free(&result->arena);
    free(result);
}
