/* Building the operations, handing a batch to the threads, collecting what they found. */
#include "trainer/nn/model.h"

#include "base/error.h"
#include "data/random.h"
#include "trainer/nn/gemm.h"
#include "trainer/nn/widths.h"
#include "trainer/settings.h"

#include <assert.h>
#include <stdlib.h>

#define R(x) ((real)(x))

enum {
    PREFETCH_ROWS = 16,
    TILE_ROWS = 128,  /* a tile's activations and gradients stay in the second-level cache */
    SLICE_ROWS = 128, /* fewest rows of a batch worth a gradient of their own */
    MOST_SLICES = 16,
    FEW_SLICES = 4, /* of networks with more than MANY_PARAMETERS */
    MANY_PARAMETERS = 1 << 20,
    STRETCH = 1 << 14, /* parameters whose gradients are added up by one item */
    EVALUATION_ROWS = 1024
};

static struct span add_span(size_t *total, size_t count)
{
    struct span span = {*total, count};
    *total += count;
    return span;
}

static struct nn_op *add_op(struct nn *nn, enum op_kind kind, int layer, int inputs, int outputs)
{
    struct nn_op *op = &nn->ops[nn->op_count++];
    *op = (struct nn_op){.kind = kind,
                         .layer = layer,
                         .inputs = inputs,
                         .outputs = outputs,
                         .input_columns = pad_columns(inputs),
                         .columns = pad_columns(outputs)};
    return op;
}

/* Folding batch normalisation into a dense layer without a bias gives it one. */
static bool has_bias(const struct train_config *config, int layer, bool quantized)
{
    if (!config->layers[layer].no_bias) return true;
    return quantized && (train_layer_batchnorm(config, layer, -1) >= 0 ||
                         train_layer_batchnorm(config, layer, 1) >= 0);
}

static void add_dense(struct nn *nn, const struct train_config *config, int layer, int inputs,
                      bool quantized)
{
    const struct train_layer_config *l = &config->layers[layer];
    struct nn_op *op = add_op(nn, OP_DENSE, layer, inputs, l->units);
    size_t columns = (size_t)op->columns;
    op->weights = add_span(&nn->trainable, (size_t)inputs * columns);
    op->bias = add_span(&nn->trainable, has_bias(config, layer, quantized) ? columns : 0);
    op->used_weights = arena_alloc(&nn->arena, op->weights.count, sizeof(real));
    op->used_bias = arena_alloc(&nn->arena, columns, sizeof(real));
    op->transposed =
        arena_alloc(&nn->arena, (size_t)op->outputs * (size_t)op->input_columns, sizeof(real));
}

static void add_batchnorm(struct nn *nn, int layer, int size)
{
    struct nn_op *op = add_op(nn, OP_BATCHNORM, layer, size, size);
    size_t columns = (size_t)op->columns;
    op->gamma = add_span(&nn->trainable, columns);
    op->beta = add_span(&nn->trainable, columns);
    op->batch_mean = arena_alloc(&nn->arena, columns, sizeof(real));
    op->batch_inverse = arena_alloc(&nn->arena, columns, sizeof(real));
    op->sums =
        arena_alloc(&nn->arena, (size_t)pool_threads(nn->pool) * 4 * columns, sizeof(double));
    op->scratch =
        arena_alloc(&nn->arena, (size_t)pool_threads(nn->pool) * 3 * columns, sizeof(real));
    nn->has_batchnorm = true;
}

static void add_activation(struct nn *nn, enum activation activation, double alpha, int layer,
                           int size)
{
    struct nn_op *op = add_op(nn, OP_ACTIVATION, layer, size, size);
    op->activation = activation;
    op->alpha = (real)alpha;
}

static void add_layer(struct nn *nn, const struct train_config *config, int layer, bool quantized)
{
    const struct train_layer_config *l = &config->layers[layer];
    int size = nn->outputs;
    bool linear = false; /* a kind whose outputs need an operation of their own to be quantized */
    switch (l->kind) {
    case TRAIN_DENSE:
        add_dense(nn, config, layer, size, quantized);
        size = l->units;
        linear = true;
        break;
    case TRAIN_BATCHNORM:
        if (!quantized || train_batchnorm_stays(config, layer)) add_batchnorm(nn, layer, size);
        linear = true;
        break;
    case TRAIN_RELU: add_activation(nn, ACTIVATION_RELU, 0, layer, size); break;
    case TRAIN_LEAKY_RELU:
        add_activation(nn, ACTIVATION_LEAKY_RELU, train_layer_alpha(l), layer, size);
        break;
    case TRAIN_SIGMOID: add_activation(nn, ACTIVATION_SIGMOID, 0, layer, size); break;
    case TRAIN_TANH: add_activation(nn, ACTIVATION_TANH, 0, layer, size); break;
    case TRAIN_SIGN: add_activation(nn, ACTIVATION_SIGN, 0, layer, size); break;
    case TRAIN_SOFTMAX:
        add_op(nn, OP_SOFTMAX, layer, size, size);
        linear = true;
        break;
    case TRAIN_DROPOUT: add_op(nn, OP_DROPOUT, layer, size, size)->rate = l->rate; break;
    case TRAIN_LAYER_COUNT: assert(false);
    }
    if (linear && quantized && train_layer_output(config, layer).kind != TRAIN_FORMAT_NONE)
        add_activation(nn, ACTIVATION_LINEAR, 0, layer, size);
    nn->outputs = size;
}

static void init_workspaces(struct nn *nn, const struct train_config *config)
{
    const int threads = pool_threads(nn->pool);
    nn->tile = TILE_ROWS;
    if (nn->has_batchnorm) {
        /* The whole share of a batch goes through layer by layer. */
        int share = (config->batch + threads - 1) / threads;
        if (share > nn->tile) nn->tile = share;
    }
    size_t rows = (size_t)nn->tile;
    int widest = nn->input_columns;
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].columns > widest) widest = nn->ops[i].columns;
    nn->workspaces = arena_alloc(&nn->arena, (size_t)threads, sizeof *nn->workspaces);
    for (int t = 0; t < threads; t++) {
        struct nn_workspace *w = &nn->workspaces[t];
        w->input = arena_alloc(&nn->arena, rows * (size_t)nn->input_columns, sizeof(real));
        w->outputs = arena_alloc(&nn->arena, (size_t)nn->op_count, sizeof *w->outputs);
        for (int i = 0; i < nn->op_count; i++)
            w->outputs[i] =
                arena_alloc(&nn->arena, rows * (size_t)nn->ops[i].columns, sizeof(real));
        w->loss = arena_alloc(&nn->arena, rows * (size_t)widest, sizeof(real));
        w->other = arena_alloc(&nn->arena, rows * (size_t)widest, sizeof(real));
        w->widths = arena_alloc(&nn->arena, 2 * (size_t)widest, sizeof(real));
        w->labels = arena_alloc(&nn->arena, rows, sizeof *w->labels);
        w->targets = arena_alloc(&nn->arena, rows * (size_t)nn->outputs, sizeof(real));
        w->weights = arena_alloc(&nn->arena, rows, sizeof(real));
    }
}

static void init_slices(struct nn *nn)
{
    nn->slice_capacity = nn->trainable > MANY_PARAMETERS ? FEW_SLICES : MOST_SLICES;
    if (nn->has_batchnorm) nn->slice_capacity = pool_threads(nn->pool);
    nn->slices = arena_alloc(&nn->arena, (size_t)nn->slice_capacity, sizeof *nn->slices);
    for (int i = 0; i < nn->slice_capacity; i++)
        nn->slices[i].gradient = arena_alloc(&nn->arena, nn->trainable, sizeof(real));
    nn->gradient = nn->slices[0].gradient;
}

struct nn *nn_init(const struct train_config *config, int inputs, bool classes, bool quantized,
                   struct pool *pool)
{
    struct nn *nn = calloc(1, sizeof *nn);
    if (!nn) fail("out of memory");
    nn->pool = pool;
    nn->seed = config->seed;
    nn->inputs = inputs;
    nn->input_columns = pad_columns(inputs);
    nn->outputs = inputs;
    nn->ops = arena_alloc(&nn->arena, 2 * (size_t)config->layer_count + 1, sizeof *nn->ops);
    bool disturbed = config->noise > 0 || config->smearing > 0 || config->dead_channels > 0;
    bool learned = config->input.kind == TRAIN_FORMAT_LEARNED;
    if (quantized && config->input.kind != TRAIN_FORMAT_NONE && (learned || disturbed))
        add_activation(nn, ACTIVATION_LINEAR, 0, -1, inputs);
    int layers = config->layer_count - train_contained_in_loss(config, config->layer_count - 1);
    for (int i = 0; i < layers; i++)
        add_layer(nn, config, i, quantized);
    for (int i = 0; i < nn->op_count && quantized; i++)
        widths_add(nn, config, &nn->ops[i]);
    nn->parameter_count = nn->trainable;
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].kind == OP_BATCHNORM) {
            nn->ops[i].mean = add_span(&nn->parameter_count, (size_t)nn->ops[i].columns);
            nn->ops[i].variance = add_span(&nn->parameter_count, (size_t)nn->ops[i].columns);
        }
    nn->parameters = arena_alloc(&nn->arena, nn->parameter_count, sizeof(real));
    nn->loss = (struct loss_spec){.kind = config->loss,
                                  .huber_delta = (real)config->huber_delta,
                                  .outputs = nn->outputs,
                                  .columns = pad_columns(nn->outputs),
                                  .classes = classes,
                                  .threshold = (real)train_threshold(config)};
    init_workspaces(nn, config);
    init_slices(nn);
    gemm_init();
    return nn;
}

void nn_free(struct nn *nn)
{
    if (!nn) return;
    arena_free(&nn->arena);
    free(nn);
}

void nn_randomise(struct nn *nn, uint64_t seed)
{
    struct random random = random_init(seed);
    for (int i = 0; i < nn->op_count; i++) {
        const struct nn_op *op = &nn->ops[i];
        if (op->kind == OP_DENSE) {
            double limit = sqrt(6.0 / (op->inputs + op->outputs));
            for (int k = 0; k < op->inputs; k++)
                for (int j = 0; j < op->outputs; j++)
                    nn->parameters[op->weights.first + (size_t)k * (size_t)op->columns +
                                   (size_t)j] = (real)(limit * (2 * random_uniform(&random) - 1));
        }
        if (op->kind == OP_BATCHNORM)
            for (int j = 0; j < op->outputs; j++)
                nn->parameters[op->gamma.first + (size_t)j] =
                    nn->parameters[op->variance.first + (size_t)j] = 1;
    }
}

/* Each quantized weight to the nearest with few enough signed digits. */
static void limit_digits(struct nn_op *op)
{
    const struct column_quantizer *q = &op->weight_quant;
    for (int k = 0; k < op->inputs; k++)
        for (int j = 0; j < op->outputs; j++) {
            real *w = &op->used_weights[(ptrdiff_t)k * op->columns + j];
            int64_t n = (int64_t)(*w * q->inverse_step[j]);
            if (weight_digits_of(n) > op->digits)
                *w = (real)csd_nearest(n, op->digits,
                                       (int64_t)(n < 0 ? -q->lowest[j] : q->highest[j])) *
                     q->step[j];
        }
}

/* A pruned weight is 0 nevertheless. */
static void make_binary(struct nn_op *op, const real *weights)
{
    for (int k = 0; k < op->inputs; k++)
        for (int j = 0; j < op->outputs; j++) {
            ptrdiff_t at = (ptrdiff_t)k * op->columns + j;
            real step = op->weight_quant.step[j];
            bool kept = !op->kept || op->kept[at];
            op->used_weights[at] = !kept ? R(0) : weights[at] >= 0 ? step : -step;
        }
}

void nn_prepare(struct nn *nn)
{
    widths_prepare(nn);
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        if (op->kind != OP_DENSE) continue;
        const real *weights = nn->parameters + op->weights.first;
        if (op->weight_quant.binary)
            make_binary(op, weights);
        else if (!op->weight_widths.learned)
            activation_forward(ACTIVATION_LINEAR, 0, &op->weight_quant, op->inputs, op->columns,
                               weights, op->used_weights);
        if (op->weight_quant.active && op->digits > 0) limit_digits(op);
        if (op->bias.count && !op->bias_widths.learned)
            activation_forward(ACTIVATION_LINEAR, 0, &op->bias_quant, 1, op->columns,
                               nn->parameters + op->bias.first, op->used_bias);
        for (int k = 0; k < op->inputs; k++)
            for (int j = 0; j < op->outputs; j++)
                op->transposed[(ptrdiff_t)j * op->input_columns + k] =
                    op->used_weights[(ptrdiff_t)k * op->columns + j];
    }
}

/* ---- Batches -------------------------------------------------------------------------------- */

/* Work on a stretch of events, cut into items whose bounds depend on nothing but the stretch; with
 * batch normalisation, whose items wait for each other, on the number of threads as well. */
struct job {
    struct nn *nn;
    const struct nn_events *events;
    const uint32_t *order; /* NULL: 0, 1, 2 ... */
    long count;            /* events of the batch, or of the whole evaluation */
    int items;
    bool training;
    real scale; /* 1 / sum of the batch's weights */
    uint64_t step;
    int last;              /* operation evaluated to */
    struct loss_sum *sums; /* [items], NULL: no loss wanted */
    double *outputs;       /* evaluation: NULL or [count][outputs] */
    real *values;          /* collection */
};

static void gather(struct nn_workspace *work, const struct job *job, long start, int rows)
{
    const struct nn_events *events = job->events;
    const size_t columns = (size_t)events->columns, outputs = (size_t)job->nn->outputs;
    for (int i = 0; i < rows; i++) {
        size_t from = job->order ? job->order[start + i] : (size_t)(start + i);
        if (job->order && i + PREFETCH_ROWS < rows)
            __builtin_prefetch(events->x + job->order[start + i + PREFETCH_ROWS] * columns);
        memcpy(work->input + (size_t)i * columns, events->x + from * columns,
               columns * sizeof(real));
        if (events->labels) work->labels[i] = events->labels[from];
        if (events->targets)
            memcpy(work->targets + (size_t)i * outputs, events->targets + from * outputs,
                   outputs * sizeof(real));
        if (events->weights) work->weights[i] = events->weights[from];
    }
    if (job->training && augments(&job->nn->augment))
        augment_rows(&job->nn->augment, job->nn->seed * 0x9e3779b97f4a7c15U + job->step, (int)start,
                     rows, job->nn->inputs, events->columns, work->input);
}

static void copy_out(const struct job *job, const real *y, int width, int columns, long start,
                     int rows)
{
    for (long i = 0; i < rows; i++)
        for (long j = 0; j < width; j++) {
            real v = y[i * columns + j];
            if (job->values) job->values[(start + i) * width + j] = v;
            if (job->outputs) job->outputs[(start + i) * width + j] = (double)v;
        }
}

static void run_tile(const struct job *job, int item, int workspace, long start, int rows)
{
    struct nn *nn = job->nn;
    struct nn_workspace *work = &nn->workspaces[workspace];
    gather(work, job, start, rows);
    nn_forward(nn, workspace, rows, job->last, job->training, job->step, (int)start,
               (int)job->count);
    bool input = job->last < 0;
    const real *y = input ? work->input : work->outputs[job->last];
    int columns = input ? nn->input_columns : nn->ops[job->last].columns;
    if (job->values || job->outputs)
        copy_out(job, y, input ? nn->inputs : nn->ops[job->last].outputs, columns, start, rows);
    if (!job->sums) return;
    memcpy(work->loss, y, (size_t)rows * (size_t)columns * sizeof *y);
    struct loss_sum sum =
        loss_eval(&nn->loss, rows, work->loss, job->events->labels ? work->labels : NULL,
                  job->events->targets ? work->targets : NULL,
                  job->events->weights ? work->weights : NULL, job->scale, job->training);
    job->sums[item].loss += sum.loss;
    job->sums[item].weight += sum.weight;
    job->sums[item].right += sum.right;
    if (job->training)
        nn_backward(nn, workspace, rows, job->step, (int)start, (int)job->count,
                    nn->slices[item].gradient);
}

/* One item's events, a tile at a time. With batch normalisation a training tile is the whole item,
 * and even an empty one takes part. */
static void run_item(void *context, int item, int thread)
{
    const struct job *job = context;
    struct nn *nn = job->nn;
    long start = job->count * item / job->items, end = job->count * (item + 1) / job->items;
    bool whole = job->training && nn->has_batchnorm;
    if (job->sums) job->sums[item] = (struct loss_sum){0};
    if (job->training) memset(nn->slices[item].gradient, 0, nn->trainable * sizeof(real));
    do {
        long rows = end - start < nn->tile ? end - start : nn->tile;
        assert(!whole || rows == end - start);
        if (rows > 0 || whole) run_tile(job, item, whole ? item : thread, start, (int)rows);
        start += rows;
    } while (start < end);
}

static struct loss_sum add_up(const struct loss_sum *sums, int items)
{
    struct loss_sum total = {0};
    for (int i = 0; i < items; i++) {
        total.loss += sums[i].loss;
        total.weight += sums[i].weight;
        total.right += sums[i].right;
    }
    return total;
}

/* Adds up the slices' gradients, in order, for one stretch of parameters. */
static void add_gradients(void *context, int item, int thread)
{
    (void)thread;
    const struct job *job = context;
    const struct nn *nn = job->nn;
    size_t first = (size_t)item * STRETCH, end = first + STRETCH;
    if (end > nn->trainable) end = nn->trainable;
    real *sum = nn->gradient;
    for (int s = 1; s < job->items; s++) {
        const real *add = nn->slices[s].gradient;
        for (size_t i = first; i < end; i++)
            sum[i] += add[i];
    }
}

struct loss_sum nn_gradient(struct nn *nn, const struct nn_events *events, const uint32_t *order,
                            int count, uint64_t step)
{
    double weight = count;
    if (events->weights) {
        weight = 0;
        for (int i = 0; i < count; i++)
            weight += (double)events->weights[order[i]];
    }
    struct loss_sum sums[64]; /* as many as threads or slices at most */
    int slices = (count + SLICE_ROWS - 1) / SLICE_ROWS;
    if (slices > nn->slice_capacity || nn->has_batchnorm) slices = nn->slice_capacity;
    assert(slices <= 64);
    struct job job = {.nn = nn,
                      .events = events,
                      .order = order,
                      .count = count,
                      .items = slices,
                      .training = true,
                      .scale = weight > 0 ? (real)(1 / weight) : (real)0,
                      .step = step,
                      .last = nn->op_count - 1,
                      .sums = sums};
    pool_run(nn->pool, slices, run_item, &job);
    int stretches = (int)((nn->trainable + STRETCH - 1) / STRETCH);
    if (stretches == 1)
        add_gradients(&job, 0, 0);
    else
        pool_run(nn->pool, stretches, add_gradients, &job);
    return add_up(sums, slices);
}

struct loss_sum nn_evaluate(struct nn *nn, const struct nn_events *events, double *outputs)
{
    int items = (int)((events->count + EVALUATION_ROWS - 1) / EVALUATION_ROWS);
    struct loss_sum *sums = calloc((size_t)items + 1, sizeof *sums);
    if (!sums) fail("out of memory");
    struct job job = {.nn = nn,
                      .events = events,
                      .count = events->count,
                      .items = items,
                      .last = nn->op_count - 1,
                      .sums = sums,
                      .outputs = outputs};
    pool_run(nn->pool, items, run_item, &job);
    struct loss_sum total = add_up(sums, items);
    free(sums);
    return total;
}

void nn_collect(struct nn *nn, const struct nn_events *events, long count, int op, real *values)
{
    int items = (int)((count + EVALUATION_ROWS - 1) / EVALUATION_ROWS);
    struct job job = {
        .nn = nn, .events = events, .count = count, .items = items, .last = op, .values = values};
    pool_run(nn->pool, items, run_item, &job);
}
