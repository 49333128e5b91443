/* Post-training quantization. See post.h. */
#include "trainer/post.h"

#include "base/error.h"
#include "model/reference.h"
#include "trainer/metrics.h"
#include "trainer/nn/quantizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_BITS = 10,   /* of the argument of a sigmoid or tanh, whose table has 2^bits entries */
    CALIBRATED = 20000 /* values of an element that are looked at, evenly spaced */
};

struct post {
    struct arena arena;
    const struct network *from;
    struct network *to;
    const struct post_options *options;
    const double *x;
    long events;
    const int *labels;
    double *floats; /* scores of the float network, [events][outputs] */
    int outputs;
    struct post_row *rows;
    int row_count;
};

void post_options_init(struct post_options *options)
{
    *options = (struct post_options){8, 8, 8, CALIBRATION_MSE, 99.9};
}

/* ---- Formats ----------------------------------------------------------------------------------
 */

/* A format of `bits` for count numbers, `stride` apart. sign: 1 signed, 0 unsigned, -1 as they are.
 */
static struct format choose(const struct post *p, int bits, int sign, const double *values,
                            long count, long stride)
{
    long every = (count + CALIBRATED - 1) / CALIBRATED, taken = 0;
    real *some = malloc((size_t)(count / every + 1) * sizeof *some);
    if (!some) fail("out of memory");
    bool negative = sign == 1;
    for (long i = 0; i < count; i += every) {
        some[taken++] = (real)values[i * stride];
        negative = negative || (sign < 0 && values[i * stride] < 0);
    }
    struct format f = calibrate_format(format_make(negative, bits, bits), some, taken,
                                       p->options->calibration, p->options->percentile);
    free(some);
    return f;
}

/* Formats of the elements of layer `layer` of `to` as it is now. */
static struct quantizer choose_elements(struct post *p, int layer, int bits, int sign)
{
    int size = p->to->layers[layer].size;
    struct quantizer q = {.count = size};
    q.formats = arena_alloc(&p->to->arena, (size_t)size, sizeof *q.formats);
    double *y = malloc((size_t)p->events * (size_t)size * sizeof *y);
    if (!y) fail("out of memory");
    reference_eval(p->to, REFERENCE_QUANTIZED, p->x, p->events, layer, y);
    for (int j = 0; j < size; j++)
        q.formats[j] = choose(p, bits, sign, y + j, p->events, size);
    free(y);
    return q;
}

static void describe(const struct quantizer *q, char text[FORMAT_TEXT_BYTES + 8])
{
    if (q->count == 0) {
        strcpy(text, "exact");
        return;
    }
    format_print(q->formats[0], text);
    for (int i = 1; i < q->count; i++)
        if (!format_equal(q->formats[i], q->formats[0])) {
            strcat(text, " ...");
            return;
        }
}

/* ---- Figures ----------------------------------------------------------------------------------
 */

/* `to` as far as it is, with the rest of `from` behind it. */
static struct network *complete(const struct post *p, int done)
{
    struct network *n = network_copy(p->to);
    int at = n->layer_count - 1;
    for (int l = done + 1; l < p->from->layer_count; l++) {
        const struct layer *from = &p->from->layers[l];
        at = network_add(n, from->kind, from->name, at, from->size);
        const char *name = n->layers[at].name;
        n->layers[at] = *from;
        n->layers[at].name = name;
        n->layers[at].input = at - 1;
    }
    return n;
}

/* Scores before a last softmax or sigmoid. */
static int score_layer(const struct network *n)
{
    enum layer_kind last = network_output(n)->kind;
    return n->layer_count - 1 - (last == LAYER_SOFTMAX || last == LAYER_SIGMOID);
}

/* Adds the row of the layer that was finished last: layer `done` of `from`. */
static void add_row(struct post *p, const char *name, const struct quantizer *weights, int done)
{
    struct post_row *row = &p->rows[p->row_count++];
    row->name = name;
    describe(weights, row->weights);
    int last = p->to->layer_count - 1, size = p->to->layers[last].size;
    const struct quantizer none = {0, NULL};
    describe(p->to->layers[last].kind == LAYER_QUANT ? &p->to->layers[last].quant : &none,
             row->output);
    size_t count = (size_t)p->events * (size_t)size;
    double *a = malloc(count * sizeof *a), *b = malloc(count * sizeof *b);
    if (!a || !b) fail("out of memory");
    reference_eval(p->from, REFERENCE_FLOAT, p->x, p->events, done, a);
    reference_eval(p->to, REFERENCE_QUANTIZED, p->x, p->events, last, b);
    double signal = 0, noise = 0;
    for (size_t i = 0; i < count; i++) {
        signal += a[i] * a[i];
        noise += (a[i] - b[i]) * (a[i] - b[i]);
    }
    row->sqnr_db = noise > 0 ? 10 * log10(signal / noise) : (double)INFINITY;
    struct network *whole = complete(p, done);
    double *scores = malloc((size_t)p->events * (size_t)p->outputs * sizeof *scores);
    if (!scores) fail("out of memory");
    reference_eval(whole, REFERENCE_QUANTIZED, p->x, p->events, score_layer(whole), scores);
    long same = 0, right = 0;
    for (long e = 0; e < p->events; e++) {
        int decision = metrics_decide(scores + e * p->outputs, p->outputs, 0);
        same += decision == metrics_decide(p->floats + e * p->outputs, p->outputs, 0);
        right += p->labels && decision == p->labels[e];
    }
    bool decides = p->outputs > 1 || p->labels || network_output(p->from)->kind == LAYER_SIGMOID;
    row->agreement = decides ? (double)same / (double)p->events : (double)NAN;
    row->accuracy = p->labels ? (double)right / (double)p->events : (double)NAN;
    network_free(whole);
    free(scores);
    free(a);
    free(b);
}

/* ---- Layers -----------------------------------------------------------------------------------
 */

static int finest(const struct quantizer *q)
{
    int most = -1000;
    for (int i = 0; i < q->count; i++)
        if (format_fraction_bits(q->formats[i]) > most) most = format_fraction_bits(q->formats[i]);
    return most;
}

static void add_quantizer(struct post *p, const char *of, struct quantizer q)
{
    int at = p->to->layer_count - 1;
    const char *name = arena_printf(&p->arena, "%s_quant", of);
    at = network_add(p->to, LAYER_QUANT, name, at, p->to->layers[at].size);
    p->to->layers[at].quant = q;
}

/* Weights with a format for each neuron, biases on the grid of the products. */
static void add_dense(struct post *p, const struct layer *layer)
{
    int before = p->to->layer_count - 1, inputs = p->to->layers[before].size, size = layer->size;
    int input_fraction = finest(&p->to->layers[before].quant);
    int at = network_add(p->to, LAYER_DENSE, layer->name, before, size);
    struct layer *to = &p->to->layers[at];
    size_t count = (size_t)inputs * (size_t)size;
    to->weights = arena_alloc(&p->to->arena, count, sizeof(double));
    to->bias = arena_alloc(&p->to->arena, (size_t)size, sizeof(double));
    memcpy(to->weights, layer->weights, count * sizeof(double));
    memcpy(to->bias, layer->bias, (size_t)size * sizeof(double));
    to->weight_quant.count = (int)count;
    to->weight_quant.formats = arena_alloc(&p->to->arena, count, sizeof(struct format));
    to->bias_quant.count = size;
    to->bias_quant.formats = arena_alloc(&p->to->arena, (size_t)size, sizeof(struct format));
    for (int j = 0; j < size; j++) {
        struct format f = choose(p, p->options->weight_bits, 1, layer->weights + j, inputs, size);
        for (int i = 0; i < inputs; i++)
            to->weight_quant.formats[i * size + j] = f;
        int fraction = input_fraction + format_fraction_bits(f);
        int integer = layer->bias[j] != 0 ? ilogb(layer->bias[j]) + 2 : 1;
        int width = fraction + integer < 24 ? fraction + integer : 24;
        if (width < 1) width = 1;
        to->bias_quant.formats[j] = format_make(true, width, integer);
    }
}

static bool makes_table(enum layer_kind kind)
{
    return kind == LAYER_SIGMOID || kind == LAYER_TANH;
}

static void add_activation(struct post *p, const struct layer *layer)
{
    int bits = p->options->activation_bits;
    if (makes_table(layer->kind)) {
        int at = p->to->layer_count - 1;
        int table = bits + 2 < TABLE_BITS ? bits + 2 : TABLE_BITS;
        add_quantizer(p, p->to->layers[at].name, choose_elements(p, at, table, -1));
    }
    int at = network_add(p->to, layer->kind, layer->name, p->to->layer_count - 1, layer->size);
    p->to->layers[at].alpha = layer->alpha;
    bool positive = layer->kind == LAYER_RELU || layer->kind == LAYER_SIGMOID;
    add_quantizer(p, layer->name, choose_elements(p, at, bits, positive ? 0 : -1));
}

/* A last sigmoid or softmax decides nothing: it is left as it is. */
static bool is_final(const struct network *n, int l)
{
    enum layer_kind kind = n->layers[l].kind;
    return l == n->layer_count - 1 && (kind == LAYER_SOFTMAX || kind == LAYER_SIGMOID);
}

static void copy_front(struct post *p)
{
    const struct network *from = p->from;
    network_add(p->to, LAYER_INPUT, from->layers[0].name, -1, from->layers[0].size);
    int done = 0;
    if (from->layers[1].kind == LAYER_AFFINE) {
        int at = network_add(p->to, LAYER_AFFINE, from->layers[1].name, 0, from->layers[1].size);
        p->to->layers[at].scale = from->layers[1].scale;
        p->to->layers[at].offset = from->layers[1].offset;
        done = 1;
    }
    add_quantizer(p, "input", choose_elements(p, done, p->options->input_bits, -1));
    add_row(p, "input", &(struct quantizer){0, NULL}, done);
}

struct network *post_quantize(const struct network *network, const double *x, long events,
                              const int *labels, const struct post_options *options,
                              struct post_row **rows, int *row_count)
{
    struct post p = {
        .from = network, .options = options, .x = x, .events = events, .labels = labels};
    p.to = network_new(network->name);
    p.outputs = network_output(network)->size;
    p.floats = arena_alloc(&p.arena, (size_t)events * (size_t)p.outputs, sizeof(double));
    reference_eval(network, REFERENCE_FLOAT, x, events, score_layer(network), p.floats);
    p.rows = arena_alloc(&p.arena, (size_t)network->layer_count + 1, sizeof *p.rows);
    copy_front(&p);
    int first = network->layers[1].kind == LAYER_AFFINE ? 2 : 1;
    for (int l = first; l < network->layer_count; l++) {
        const struct layer *layer = &network->layers[l];
        if (is_final(network, l)) {
            network_add(p.to, layer->kind, layer->name, p.to->layer_count - 1, layer->size);
            continue;
        }
        add_dense(&p, layer);
        struct quantizer weights = p.to->layers[p.to->layer_count - 1].weight_quant;
        bool followed = l + 1 < network->layer_count && !is_final(network, l + 1) &&
                        network->layers[l + 1].kind != LAYER_DENSE;
        if (followed)
            add_activation(&p, &network->layers[++l]);
        else if (l + 1 < network->layer_count && !is_final(network, l + 1))
            add_quantizer(&p, layer->name,
                          choose_elements(&p, p.to->layer_count - 1, options->activation_bits, -1));
        add_row(&p, layer->name, &weights, l);
    }
    p.to->feature_names = network->feature_names;
    p.to->class_names = network->class_names;
    struct network *result = network_copy(p.to); /* with arrays of its own */
    network_round_to_float32(result);
    network_check(result, network->name);
    *rows = arena_alloc(&result->arena, (size_t)p.row_count, sizeof **rows);
    *row_count = p.row_count;
    for (int i = 0; i < p.row_count; i++) {
        (*rows)[i] = p.rows[i];
        (*rows)[i].name = arena_strdup(&result->arena, p.rows[i].name);
    }
    network_free(p.to);
    arena_free(&p.arena);
    return result;
}
