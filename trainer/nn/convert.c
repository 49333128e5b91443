/* Folding and calibration. */
#include "trainer/nn/convert.h"

#include "base/error.h"
#include "trainer/nn/widths.h"
#include "trainer/settings.h"

#include <stdlib.h>

enum { CALIBRATION_VALUES = 100000, MAX_WIDTH = 24 };

/* ---- Folding -------------------------------------------------------------------------------- */

static const struct nn_op *find_op(const struct nn *nn, enum op_kind kind, int layer)
{
    for (int i = 0; i < nn->op_count; i++)
        if (nn->ops[i].kind == kind && nn->ops[i].layer == layer) return &nn->ops[i];
    return NULL;
}

/* Batch normalisation as y = scale x + offset. */
static void read_batchnorm(const struct nn *nn, const struct nn_op *op, int j, double *scale,
                           double *offset)
{
    size_t at = (size_t)j;
    const real *p = nn->parameters;
    double variance = (double)p[op->variance.first + at];
    *scale = (double)p[op->gamma.first + at] / sqrt(variance + nn_batchnorm_epsilon);
    *offset = (double)p[op->beta.first + at] - *scale * (double)p[op->mean.first + at];
}

static void fold_dense(const struct train_config *config, const struct nn *from,
                       const struct nn_op *source, struct nn *to, const struct nn_op *target)
{
    int before = train_layer_batchnorm(config, source->layer, -1);
    int behind = train_layer_batchnorm(config, source->layer, 1);
    const struct nn_op *front = before < 0 ? NULL : find_op(from, OP_BATCHNORM, before);
    const struct nn_op *back = behind < 0 ? NULL : find_op(from, OP_BATCHNORM, behind);
    for (int j = 0; j < source->outputs; j++) {
        double scale = 1, offset = 0;
        if (back) read_batchnorm(from, back, j, &scale, &offset);
        double bias = 0;
        if (source->bias.count) bias = (double)from->parameters[source->bias.first + (size_t)j];
        for (int i = 0; i < source->inputs; i++) {
            size_t at = (size_t)i * (size_t)source->columns + (size_t)j;
            double w = (double)from->parameters[source->weights.first + at];
            double front_scale = 1, front_offset = 0;
            if (front) read_batchnorm(from, front, i, &front_scale, &front_offset);
            bias += w * front_offset;
            to->parameters[target->weights.first + at] = (real)(w * front_scale * scale);
        }
        if (target->bias.count)
            to->parameters[target->bias.first + (size_t)j] = (real)(bias * scale + offset);
    }
}

static void copy_span(const struct nn *from, struct span source, struct nn *to, struct span target)
{
    memcpy(to->parameters + target.first, from->parameters + source.first,
           source.count * sizeof(real));
}

void nn_fold(const struct train_config *config, const struct nn *from, struct nn *to)
{
    for (int i = 0; i < from->op_count; i++) {
        const struct nn_op *a = &from->ops[i], *b = find_op(to, a->kind, a->layer);
        if (a->kind == OP_DENSE) fold_dense(config, from, a, to, b);
        if (a->kind != OP_BATCHNORM || !b) continue;
        copy_span(from, a->gamma, to, b->gamma);
        copy_span(from, a->beta, to, b->beta);
        copy_span(from, a->mean, to, b->mean);
        copy_span(from, a->variance, to, b->variance);
    }
}

/* ---- Calibration ---------------------------------------------------------------------------- */

/* A format for column `column` (-1: all) of values [rows][columns], from at most CALIBRATION_VALUES
 * of them, evenly spaced. */
static struct format format_for(const struct train_config *config, struct format f,
                                const real *values, long rows, int columns, int stride, int column)
{
    long total = column < 0 ? rows * columns : rows;
    long every = (total + CALIBRATION_VALUES - 1) / CALIBRATION_VALUES;
    if (every < 1 || f.overflow == OVERFLOW_WRAP) every = 1;
    if (every % 2 == 0) every++; /* no common factor with padded widths */
    long count = (total + every - 1) / every;
    real *some = malloc((size_t)(count + 1) * sizeof *some);
    if (!some) fail("out of memory");
    for (long i = 0; i < count; i++) {
        long at = i * every;
        some[i] = column < 0 ? values[at / columns * stride + at % columns]
                             : values[at * stride + column];
    }
    struct format best =
        calibrate_format(f, some, count, config->calibration, config->calibration_percentile);
    free(some);
    return best;
}

/* A setting made a quantizer: BITS, FIXED, or what a LEARNED one starts from. sign: 1 signed, 0
 * unsigned, -1 as the data. */
static struct quantizer make_quantizer(const struct train_config *config, struct arena *arena,
                                       const struct train_format *setting, int sign,
                                       const real *values, long rows, int columns, int stride)
{
    struct quantizer q = {0};
    bool learned = setting->kind == TRAIN_FORMAT_LEARNED;
    bool bits = setting->kind == TRAIN_FORMAT_BITS || learned;
    if (!bits && setting->kind != TRAIN_FORMAT_FIXED) return q;
    bool each = learned ? setting->grain != GRAIN_TENSOR : bits && setting->per_element;
    q.count = each ? columns : 1;
    q.formats = arena_alloc(arena, (size_t)q.count, sizeof *q.formats);
    for (int j = 0; j < q.count; j++) {
        struct format f = setting->format;
        if (bits) {
            f.is_signed = sign == 1;
            for (long i = 0; sign < 0 && i < rows && !f.is_signed; i++)
                for (int k = each ? j : 0; k < (each ? j + 1 : columns); k++)
                    f.is_signed = f.is_signed || values[i * stride + k] < 0;
            f = format_for(config, f, values, rows, columns, stride, each ? j : -1);
        }
        q.formats[j] = f;
    }
    return q;
}

static long calibration_count(const struct train_config *config, const struct nn_events *events)
{
    long limit = config->calibration_events;
    return limit > 0 && limit < events->count ? limit : events->count;
}

struct quantizer nn_calibrate_input(const struct train_config *config, struct nn *nn,
                                    const struct nn_events *events)
{
    return make_quantizer(config, &nn->arena, &config->input, -1, events->x,
                          calibration_count(config, events), nn->inputs, events->columns);
}

static int largest_fraction(const struct quantizer *q)
{
    int largest = format_fraction_bits(q->formats[0]);
    for (int i = 1; i < q->count; i++)
        if (format_fraction_bits(q->formats[i]) > largest)
            largest = format_fraction_bits(q->formats[i]);
    return largest;
}

/* Biases on the grid of the products, with room to double. */
static struct quantizer product_bias(struct nn *nn, const struct nn_op *op,
                                     const struct quantizer *input)
{
    struct quantizer q = {0};
    const struct quantizer *weights = &op->weight_quant.quantizer;
    if (!op->weight_quant.active || input->count == 0) return q;
    double largest = 1;
    for (int j = 0; j < op->outputs; j++)
        largest = fmax(largest, 2 * fabs((double)nn->parameters[op->bias.first + (size_t)j]));
    int integer_bits = ilogb(largest) + 2, input_fraction = largest_fraction(input);
    q.count = weights->count;
    q.formats = arena_alloc(&nn->arena, (size_t)q.count, sizeof *q.formats);
    for (int j = 0; j < q.count; j++) {
        int width = integer_bits + input_fraction + format_fraction_bits(weights->formats[j]);
        if (width > MAX_WIDTH) width = MAX_WIDTH;
        if (width < 2) width = 2;
        q.formats[j] = format_make(true, width, integer_bits);
    }
    return q;
}

/* Steps of binary weights: the power of two that is nearest to each neuron's mean |w|. */
static struct quantizer binary_formats(struct nn *nn, const struct nn_op *op)
{
    struct quantizer q = {.count = op->outputs};
    q.formats = arena_alloc(&nn->arena, (size_t)q.count, sizeof *q.formats);
    for (int j = 0; j < op->outputs; j++) {
        double sum = 0;
        for (int i = 0; i < op->inputs; i++)
            sum += fabs((double)nn->parameters[op->weights.first + (size_t)(i * op->columns + j)]);
        double mean = sum / op->inputs;
        int exponent = mean > 0 ? ilogb(mean) : 0;
        if (mean > ldexp(1.5, exponent)) exponent++;
        q.formats[j] = format_make(true, 2, 2 + exponent);
        q.formats[j].overflow = OVERFLOW_SAT_SYM;
    }
    return q;
}

static void calibrate_dense(const struct train_config *config, struct nn *nn, struct nn_op *op,
                            const struct quantizer *input)
{
    struct train_format weights = train_layer_weights(config, op->layer);
    struct train_format bias = train_layer_bias(config, op->layer);
    bool binary = weights.levels == LEVELS_BINARY;
    struct quantizer q =
        binary ? binary_formats(nn, op)
               : make_quantizer(config, &nn->arena, &weights, 1, nn->parameters + op->weights.first,
                                op->inputs, op->outputs, op->columns);
    if (op->weight_widths.learned)
        widths_start(nn, &op->weight_widths, &q);
    else
        op->weight_quant = quantizer_columns(&nn->arena, &q, op->outputs);
    op->weight_quant.binary = binary;
    op->digits = train_layer_digits(config, op->layer);
    if (!op->bias.count) return;
    if (bias.kind == TRAIN_FORMAT_PRODUCT) {
        q = product_bias(nn, op, input);
    } else {
        struct train_config fits = *config;
        fits.calibration = CALIBRATION_MAXIMUM;
        q = make_quantizer(&fits, &nn->arena, &bias, 1, nn->parameters + op->bias.first, 1,
                           op->outputs, op->columns);
    }
    if (op->bias_widths.learned)
        widths_start(nn, &op->bias_widths, &q);
    else
        op->bias_quant = quantizer_columns(&nn->arena, &q, op->outputs);
}

void nn_calibrate(const struct train_config *config, struct nn *nn, const struct nn_events *events)
{
    long count = calibration_count(config, events);
    struct quantizer input = nn->input_quant; /* of what the next dense operation reads */
    for (int i = 0; i < nn->op_count; i++) {
        struct nn_op *op = &nn->ops[i];
        if (op->kind == OP_DENSE) {
            calibrate_dense(config, nn, op, &input);
            input = (struct quantizer){0};
        } else if (op->kind == OP_SOFTMAX || op->kind == OP_BATCHNORM) {
            input = (struct quantizer){0};
        } else if (op->kind == OP_ACTIVATION && op->activation == ACTIVATION_SIGN) {
            static struct format one = {.width_bits = 2, .integer_bits = 2, .is_signed = true};
            input = (struct quantizer){1, &one};
        } else if (op->kind == OP_ACTIVATION) {
            struct train_format setting = train_layer_output(config, op->layer);
            real *values = malloc(((size_t)count * (size_t)op->outputs + 1) * sizeof *values);
            if (!values) fail("out of memory");
            nn_prepare(nn);
            nn_collect(nn, events, count, i, values);
            bool positive =
                op->activation == ACTIVATION_RELU || op->activation == ACTIVATION_SIGMOID;
            input = make_quantizer(config, &nn->arena, &setting, positive ? 0 : -1, values, count,
                                   op->outputs, op->outputs);
            if (op->widths.learned)
                widths_start_activation(nn, op, &input);
            else
                op->quant = quantizer_columns(&nn->arena, &input, op->outputs);
            free(values);
        }
    }
    nn_prepare(nn);
}
