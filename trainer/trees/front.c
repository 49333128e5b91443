/* From raw features to the integers that hardware gets. */
#include "trainer/trees/front.h"

#include "base/error.h"
#include "model/reference.h"
#include "trainer/trees/bins.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct making {
    const struct trees_config *config;
    const struct events *events;
    const long *rows;
    long count;
    struct arena scratch;
    float *sorted; /* [features][count]: values that are there, rising */
    long *present; /* [features]: how many */
    bool some_missing;
};

static int compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static struct making prepare(const struct trees_config *config, const struct events *events,
                             const long *rows, long count)
{
    struct making m = {.config = config, .events = events, .rows = rows, .count = count};
    size_t features = (size_t)events->features, n = (size_t)count;
    m.sorted = arena_alloc(&m.scratch, features * n + 1, sizeof *m.sorted);
    m.present = arena_alloc(&m.scratch, features, sizeof *m.present);
    for (size_t f = 0; f < features; f++) {
        float *column = m.sorted + f * n;
        for (size_t i = 0; i < n; i++) {
            float x = events->x[(size_t)rows[i] * features + f];
            if (!isnan(x)) column[m.present[f]++] = x;
        }
        qsort(column, (size_t)m.present[f], sizeof *column, compare);
        m.some_missing = m.some_missing || m.present[f] < count;
        if (m.present[f] == 0)
            fail("%s: feature %zu is missing in every training event; leave it out", events->path,
                 f);
    }
    return m;
}

static double quantile_of(const struct making *m, int f, double fraction)
{
    long last = m->present[f] - 1;
    long at = lround(fraction * (double)last);
    return (double)m->sorted[(size_t)f * (size_t)m->count + (size_t)at];
}

/* The range that codes span; beyond it they saturate. */
static void find_range(const struct making *m, int f, double *low, double *high)
{
    *low = quantile_of(m, f, m->config->clip);
    *high = quantile_of(m, f, 1 - m->config->clip);
    if (!(*high > *low)) { /* nearly constant: whatever there is */
        *low = quantile_of(m, f, 0);
        *high = quantile_of(m, f, 1);
    }
    if (!(*high > *low)) *high = *low + 1;
}

/* Edges of `count` + 1 buckets. */
static int make_edges(const struct making *m, int f, int count, double *edges)
{
    int found = 0;
    double low, high;
    find_range(m, f, &low, &high);
    for (int i = 1; i <= count; i++) {
        double edge;
        if (m->config->edges == TREES_EDGES_UNIFORM) {
            edge = (double)(float)(low + (high - low) * i / (count + 1));
        } else {
            /* Between two numbers of the data, at the quantile. */
            long at = lround((double)i / (count + 1) * (double)m->present[f]);
            const float *x = m->sorted + (size_t)f * (size_t)m->count;
            if (at < 1 || at >= m->present[f]) continue;
            while (at < m->present[f] && x[at] == x[at - 1])
                at++;
            if (at == m->present[f]) continue;
            edge = (double)(float)(((double)x[at - 1] + (double)x[at]) / 2);
            if (edge <= (double)x[at - 1]) edge = (double)x[at];
        }
        if (found == 0 || edge > edges[found - 1]) edges[found++] = edge;
    }
    return found;
}

static void add_buckets(const struct making *m, struct network *network)
{
    int features = m->events->features, most = (1 << m->config->bits) - 1, count = 0;
    int at = network_add(network, LAYER_BUCKETS, "buckets", 0, features);
    struct layer *layer = &network->layers[at];
    if (m->config->bits > 12)
        fail("trees: bits: buckets (missing values, quantile edges) have at most 12 bits");
    layer->edge_first = arena_alloc(&network->arena, (size_t)features + 1, sizeof(int));
    layer->edges =
        arena_alloc(&network->arena, (size_t)features * (size_t)(most + 1), sizeof(double));
    for (int f = 0; f < features; f++) {
        bool missing = m->present[f] < m->count;
        if (missing) layer->edges[count++] = -INFINITY;
        count += make_edges(m, f, most - missing, layer->edges + count);
        layer->edge_first[f + 1] = count;
    }
}

static int add_scale(const struct making *m, struct network *network)
{
    int features = m->events->features;
    int at = network_add(network, LAYER_AFFINE, "scale", 0, features);
    struct layer *layer = &network->layers[at];
    layer->scale = arena_alloc(&network->arena, (size_t)features, sizeof(double));
    layer->offset = arena_alloc(&network->arena, (size_t)features, sizeof(double));
    for (int f = 0; f < features; f++) {
        double low, high;
        find_range(m, f, &low, &high);
        layer->scale[f] = network_float32(((1 << m->config->bits) - 1) / (high - low));
        layer->offset[f] = network_float32(-low * layer->scale[f]);
    }
    return at;
}

static void add_scaling(const struct making *m, struct network *network)
{
    int features = m->events->features, at = add_scale(m, network);
    at = network_add(network, LAYER_QUANT, "input_quant", at, features);
    struct quantizer *quant = &network->layers[at].quant;
    quant->count = 1;
    quant->formats = arena_alloc(&network->arena, 1, sizeof *quant->formats);
    quant->formats[0] = format_make(false, m->config->bits, m->config->bits);
}

/* Raw values: the format of that width with the finest step that holds the range. */
static void add_formats(const struct making *m, struct network *network)
{
    int features = m->events->features, bits = m->config->bits;
    int at = network_add(network, LAYER_QUANT, "input_quant", 0, features);
    struct quantizer *quant = &network->layers[at].quant;
    quant->count = features;
    quant->formats = arena_alloc(&network->arena, (size_t)features, sizeof *quant->formats);
    for (int f = 0; f < features; f++) {
        double low, high;
        find_range(m, f, &low, &high);
        struct format format = format_make(low < 0, bits, -40);
        while (format.integer_bits < 60 &&
               (high > (double)format_max(format) * format_step(format) ||
                low < (double)format_min(format) * format_step(format)))
            format.integer_bits++;
        quant->formats[f] = format;
    }
}

struct network *front_scale(const struct trees_config *config, const struct events *events,
                            const long *rows, long count)
{
    struct making m = prepare(config, events, rows, count);
    struct network *network = network_new(config->name);
    network_add(network, LAYER_INPUT, "input", -1, events->features);
    add_scale(&m, network);
    arena_free(&m.scratch);
    return network;
}

struct network *front_make(const struct trees_config *config, const struct events *events,
                           const long *rows, long count)
{
    struct making m = prepare(config, events, rows, count);
    struct network *network = network_new(config->name);
    network_add(network, LAYER_INPUT, "input", -1, events->features);
    if (config->scaling == TREES_SCALING_NONE) {
        if (m.some_missing)
            fail("%s: values are missing, and raw inputs have no code for that; use standardise: "
                 "host",
                 events->path);
        add_formats(&m, network);
    } else if (m.some_missing || config->edges == TREES_EDGES_QUANTILE) {
        add_buckets(&m, network);
    } else {
        add_scaling(&m, network);
    }
    arena_free(&m.scratch);
    return network;
}

float *front_apply(struct arena *arena, const struct network *front, const struct events *events,
                   const long *rows, long count)
{
    enum { TILE = 1024 };
    size_t features = (size_t)events->features;
    float *result = arena_alloc(arena, (size_t)count * features + 1, sizeof *result);
    struct arena scratch = {0};
    double *x = arena_alloc(&scratch, TILE * features, sizeof *x);
    double *y = arena_alloc(&scratch, TILE * features, sizeof *y);
    for (long first = 0; first < count; first += TILE) {
        long n = count - first < TILE ? count - first : TILE;
        for (long i = 0; i < n; i++)
            for (size_t f = 0; f < features; f++)
                x[(size_t)i * features + f] =
                    (double)events->x[(size_t)rows[first + i] * features + f];
        reference_eval(front, REFERENCE_QUANTIZED, x, n, -1, y);
        for (size_t i = 0; i < (size_t)n * features; i++) {
            bool missing = y[i] == 0 && front_keeps_missing(front, (int)(i % features));
            result[(size_t)first * features + i] = missing ? NAN : (float)y[i];
        }
    }
    arena_free(&scratch);
    return result;
}

bool front_keeps_missing(const struct network *front, int feature)
{
    const struct layer *layer = network_output(front);
    if (layer->kind != LAYER_BUCKETS || layer_edge_count(layer, feature) == 0) return false;
    return layer->edges[layer->edge_first[feature]] == -INFINITY;
}
