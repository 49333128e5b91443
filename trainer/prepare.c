/* Events as the trainer wants them, and the hash that tells two trainings apart. */
#include "base/text.h"
#include "trainer/session.h"
#include "trainer/settings.h"

#include <math.h>

/* x as the exported network sees it: affine in double with float32 constants, then the quantizer.
 */
static void prepare_row(const struct session *s, const struct quantizer *quantizer, const float *x,
                        real *y)
{
    for (int j = 0; j < s->events->features; j++) {
        double v = (double)x[j];
        if (s->config->standardise) v = s->scale[j] * v + s->offset[j];
        if (quantizer && quantizer->count) v = format_quantize(quantizer_at(quantizer, j), v);
        y[j] = (real)v;
    }
}

static real event_weight(const struct session *s, long row)
{
    double weight = 1;
    if (s->events->weight && !s->config->ignore_event_weights)
        weight = (double)s->events->weight[row];
    if (s->class_weights) weight *= s->class_weights[(int)s->events->y[row]];
    return (real)weight;
}

struct nn_events session_prepare(struct session *s, const struct quantizer *quantizer,
                                 const long *rows, long count)
{
    const struct events *e = s->events;
    struct nn_events out = {.count = count, .columns = pad_columns(e->features)};
    struct arena *arena = &s->events_arena;
    out.x = arena_alloc(arena, (size_t)count * (size_t)out.columns, sizeof(real));
    for (long i = 0; i < count; i++)
        prepare_row(s, quantizer, e->x + rows[i] * e->features, out.x + i * out.columns);
    if (s->classes) {
        out.labels = arena_alloc(arena, (size_t)count, sizeof *out.labels);
        for (long i = 0; i < count; i++)
            out.labels[i] = (int)e->y[rows[i]];
    } else {
        size_t targets = (size_t)e->targets;
        out.targets = arena_alloc(arena, (size_t)count * targets, sizeof(real));
        for (long i = 0; i < count; i++)
            for (size_t t = 0; t < targets; t++)
                out.targets[(size_t)i * targets + t] = (real)e->y[(size_t)rows[i] * targets + t];
    }
    if (s->class_weights || (e->weight && !s->config->ignore_event_weights)) {
        out.weights = arena_alloc(arena, (size_t)count, sizeof(real));
        for (long i = 0; i < count; i++)
            out.weights[i] = event_weight(s, rows[i]);
    }
    return out;
}

static void add_format(struct text *t, const struct train_format *f)
{
    text_add(t, "%d %d %d %d %d %d %d %d %d;", f->kind, f->format.width_bits,
             f->format.integer_bits, f->format.is_signed, f->format.rounding, f->format.overflow,
             f->per_element, f->grain, f->levels);
}

/* The configuration as text, whatever could change a result; not the checkpoint's own settings. */
static void add_config(struct text *t, const struct train_config *c)
{
    text_add(t, "%d %d %d %.17g %ld %d %.17g %.17g %.17g %d %d;", c->standardise, c->quantize,
             c->calibration, c->calibration_percentile, c->calibration_events, c->loss,
             c->huber_delta, c->l1, c->l2, c->class_weights_balanced, c->ignore_event_weights);
    for (int i = 0; c->class_weights && i < c->class_weight_count; i++)
        text_add(t, "%.17g ", c->class_weights[i]);
    text_add(t, "%d %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g;", c->optimizer,
             c->learning_rate, c->quantized_learning_rate, c->momentum, c->beta1, c->beta2, c->rho,
             c->epsilon, c->weight_decay);
    text_add(t, "%d %.17g %.17g %.17g %.17g %.17g %.17g %d %d %d %llu;", c->schedule,
             c->warmup_epochs, c->decay_rate, c->decay_epochs, c->final_fraction, c->clip_norm,
             c->clip_value, c->epochs, c->quantized_epochs, c->batch, (unsigned long long)c->seed);
    text_add(t, "%d %d %.17g %.17g %d %.17g %.17g %d %d;", c->monitor, c->patience, c->min_delta,
             c->sparsity, c->prune_scope, c->prune_begin_epoch, c->prune_end_epoch,
             c->prune_frequency, c->weight_digits);
    for (int l = 0; c->init && l < c->init->layer_count; l++) {
        const struct layer *layer = &c->init->layers[l];
        size_t count = layer->kind == LAYER_DENSE
                           ? (size_t)c->init->layers[layer->input].size * (size_t)layer->size
                           : 0;
        struct hash hash = hash_init();
        char digits[33];
        hash_add(&hash, layer->weights, count * sizeof(double));
        hash_print(hash, digits);
        text_add(t, "%s ", digits);
    }
    text_add(t, "%.17g %.17g %.17g;", c->noise, c->smearing, c->dead_channels);
    text_add(t, "%d %d %d %.17g;", c->prune_method, c->prune_steps, c->rewind_epoch,
             c->prune_strength);
    text_add(t, "%d %.17g %.17g %.17g %.17g %d %d %d %d %.17g %d %d %.17g;", c->price,
             c->price_begin, c->price_end, c->price_target, c->frontier_from, c->frontier_points,
             c->anneal_epochs, c->search_tries, c->search_further, c->width_rate,
             c->range_from_data, c->range_margin_bits, c->teacher_weight);
    if (c->compile)
        text_add(t, "%s %.17g %d %d %d;", c->compile->target->name, c->compile->clock_mhz,
                 c->compile->clock_count, c->compile->optimize, c->compile->output);
    const struct train_format *formats[] = {&c->input, &c->weights, &c->bias, &c->activations,
                                            &c->output};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        add_format(t, formats[i]);
    for (int i = 0; i < c->layer_count; i++) {
        const struct train_layer_config *l = &c->layers[i];
        text_add(t, "%d %d %d %.17g %.17g %d %.17g %.17g %.17g;", l->kind, l->units, l->no_bias,
                 l->rate, l->alpha, l->weight_digits, l->l1, l->l2, l->sparsity);
        add_format(t, &l->weights);
        add_format(t, &l->bias);
        add_format(t, &l->output);
    }
}

struct hash session_identity(const struct session *s)
{
    struct text text = {0};
    text_add(&text, "%d threads;", s->float_nn->has_batchnorm ? pool_threads(s->pool) : 0);
    add_config(&text, s->config);
    struct hash hash = hash_init();
    hash_add(&hash, text_string(&text), text.length);
    text_free(&text);
    const struct nn_events *parts[] = {&s->train, &s->valid};
    for (int p = 0; p < 2; p++) {
        const struct nn_events *e = parts[p];
        size_t rows = (size_t)e->count;
        hash_add(&hash, &e->count, sizeof e->count);
        hash_add(&hash, e->x, rows * (size_t)e->columns * sizeof *e->x);
        if (e->labels) hash_add(&hash, e->labels, rows * sizeof *e->labels);
        if (e->targets)
            hash_add(&hash, e->targets, rows * (size_t)s->events->targets * sizeof *e->targets);
        if (e->weights) hash_add(&hash, e->weights, rows * sizeof *e->weights);
    }
    return hash;
}
