/* The quantizer in front of an ensemble that was made elsewhere: only where its thresholds lie
 * matters, and beyond the outermost of them inputs may saturate. */
#include "compiler/lower/lower.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Thresholds of one feature that some number exceeds, rising, each once. */
struct thresholds {
    int count;
    size_t capacity;
    double *values;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The least number that the library's comparison takes for more than the threshold. */
static double edge_above(const struct trees *trees, double threshold)
{
    if (trees->arithmetic == TREES_DOUBLE) return nextafter(threshold, INFINITY);
    float t = (float)threshold;
    if ((double)t > threshold) t = nextafterf(t, -INFINITY);
    double middle = ((double)t + (double)nextafterf(t, INFINITY)) / 2;
    return network_float32(middle) > threshold ? middle : nextafter(middle, INFINITY);
}

static struct thresholds *find_thresholds(struct arena *arena, const struct trees *trees,
                                          int features)
{
    struct thresholds *all = arena_alloc(arena, (size_t)features, sizeof *all);
    for (int i = 0; i < trees_node_count(trees); i++) {
        const struct tree_node *n = &trees->nodes[i];
        if (n->feature < 0 || !isfinite(n->threshold) || !isfinite(edge_above(trees, n->threshold)))
            continue;
        struct thresholds *t = &all[n->feature];
        t->values = array_grow(t->values, &t->capacity, (size_t)t->count + 1, sizeof *t->values);
        t->values[t->count++] = n->threshold;
    }
    for (int f = 0; f < features; f++) {
        struct thresholds *t = &all[f];
        int kept = 0;
        if (t->count) qsort(t->values, (size_t)t->count, sizeof *t->values, compare);
        for (int i = 0; i < t->count; i++)
            if (i == 0 || t->values[i] != t->values[kept - 1]) t->values[kept++] = t->values[i];
        t->count = kept;
    }
    return all;
}

/* How many of them are less than x. */
static int count_below(const struct thresholds *t, double x)
{
    int low = 0, high = t->count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (t->values[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void free_thresholds(struct thresholds *all, int features)
{
    for (int f = 0; f < features; f++)
        free(all[f].values);
}

/* ---- a format per feature -------------------------------------------------------------------- */

/* Range of a column of the calibration events; *missing: some of them lack it. */
static void data_range(const struct compile_options *o, int features, int f, double *low,
                       double *high, bool *missing)
{
    *low = INFINITY;
    *high = -INFINITY;
    for (long e = 0; e < o->calibrate_events; e++) {
        double x = o->calibrate[e * features + f];
        *missing = *missing || isnan(x);
        *low = fmin(*low, x);
        *high = fmax(*high, x);
    }
}

/* The finest format of that width in which the thresholds between low and high have a value below
 * and one above them; of trees that are loaded, whose thresholds are to come, all data has. */
static struct format format_for(const struct thresholds *t, int width, double low, double high,
                                bool is_loadable)
{
    double first = INFINITY, last = -INFINITY;
    for (int i = 0; i < t->count; i++) {
        if (t->values[i] < low || t->values[i] >= high) continue; /* no event can tell */
        first = fmin(first, t->values[i]);
        last = fmax(last, t->values[i]);
    }
    if (is_loadable && isfinite(low) && isfinite(high)) {
        first = fmin(first, low);
        last = fmax(last, high);
    }
    if (first > last) first = last = isfinite(low) && isfinite(high) ? (low + high) / 2 : 0;
    struct format format = format_make(first < 0, width, -FORMAT_MAX_INTEGER_BITS);
    for (; format.integer_bits < FORMAT_MAX_INTEGER_BITS; format.integer_bits++) {
        double step = format_step(format);
        if (last < (double)format_max(format) * step &&
            (first < 0 ? first >= (double)format_min(format) * step : true))
            break;
    }
    return format;
}

static void tell_feature(const struct network *network, int f, const struct thresholds *t,
                         double low, double high, const char *as)
{
    char number[16];
    snprintf(number, sizeof number, "x%d", f);
    const char *name =
        network->feature_names && *network->feature_names[f] ? network->feature_names[f] : number;
    if (!t->count)
        info("input %s: no threshold asks for it: %s", name, as);
    else
        info("input %s: %d thresholds from %.5g to %.5g, data from %.5g to %.5g: %s", name,
             t->count, t->values[0], t->values[t->count - 1], low, high, as);
}

static void fill_formats(struct network *network, const struct compile_options *o,
                         struct layer *layer, const struct trees *trees, struct thresholds *all,
                         const char *file)
{
    int features = layer->size;
    bool is_loadable = o->all_loadable || o->loadable_count;
    if (!o->calibrate || o->calibrate_events < 1)
        fail("%s: --input-bits needs events to see the range of each input: add --calibrate FILE",
             file);
    if (o->input_bits < 1 || o->input_bits > 24)
        fail("%s: --input-bits %d: an input has 1 to 24 bits", file, o->input_bits);
    layer->quant.count = features;
    layer->quant.formats =
        arena_alloc(&network->arena, (size_t)features, sizeof *layer->quant.formats);
    for (int f = 0; f < features; f++) {
        double low, high;
        bool missing = false;
        char text[FORMAT_TEXT_BYTES];
        data_range(o, features, f, &low, &high, &missing);
        if (missing && trees->zero_is_missing && trees->zero_is_missing[f])
            fail("%s: feature %d is missing (NaN) in some of the calibration events; this model "
                 "takes 0 for missing: write 0 there",
                 file, f);
        if (missing)
            fail("%s: feature %d is missing in some of the calibration events, and a format has no "
                 "code for that; use --input-format thresholds",
                 file, f);
        struct format format = all[f].count || is_loadable
                                   ? format_for(&all[f], o->input_bits, low, high, is_loadable)
                                   : format_make(false, 1, 1);
        layer->quant.formats[f] = format;
        format_print(format, text);
        tell_feature(network, f, &all[f], low, high, text);
    }
}

/* ---- buckets between thresholds -------------------------------------------------------------- */

/* Each feature becomes the number of its thresholds that it is above, and thresholds become those
 * numbers: nothing is rounded. Bucket 0 is left to missing values where the events have some. */
static void fill_buckets(struct network *network, const struct compile_options *o,
                         struct layer *layer, struct trees *trees, struct thresholds *all)
{
    int features = layer->size, count = 0, total = 0;
    for (int f = 0; f < features; f++)
        total += all[f].count + 1;
    layer->edge_first = arena_alloc(&network->arena, (size_t)features + 1, sizeof(int));
    layer->edges = arena_alloc(&network->arena, (size_t)total, sizeof(double));
    bool *missing = arena_alloc(&network->arena, (size_t)features, sizeof *missing);
    for (int f = 0; f < features; f++) {
        double low = NAN, high = NAN;
        char text[80];
        if (o->calibrate) data_range(o, features, f, &low, &high, &missing[f]);
        if (missing[f]) layer->edges[count++] = -INFINITY;
        for (int i = 0; i < all[f].count; i++)
            layer->edges[count++] = edge_above(trees, all[f].values[i]);
        /* A port needs a bit, even if nobody reads it. */
        if (count == layer->edge_first[f]) layer->edges[count++] = 0;
        layer->edge_first[f + 1] = count;
        snprintf(text, sizeof text, "its bucket, 0 to %d%s", layer_edge_count(layer, f),
                 missing[f] ? ", 0 where it is missing" : "");
        tell_feature(network, f, &all[f], low, high, text);
    }
    for (int i = 0; i < trees_node_count(trees); i++) {
        struct tree_node *n = &trees->nodes[i];
        if (n->feature < 0) continue;
        int below = n->threshold == -INFINITY ? -1 : count_below(&all[n->feature], n->threshold);
        n->threshold = below + missing[n->feature] + 0.5;
    }
    for (int f = 0; f < features; f++)
        if (missing[f]) trees->zero_is_missing = missing;
}

bool trees_quantize(struct network *network, int behind, struct layer *quantizer,
                    struct layer *trees_layer, const struct compile_options *o, const char *file)
{
    struct arena arena = {0};
    int features = network->layers[behind].size;
    struct trees *trees = trees_layer->trees;
    bool buckets = o->input_format && strcmp(o->input_format, "thresholds") == 0;
    if (!buckets && o->input_format) return false;
    struct thresholds *all = find_thresholds(&arena, trees, features);
    if (buckets && (o->all_loadable || o->loadable_count))
        fail("%s: --input-format thresholds: other trees that are loaded have other thresholds; "
             "use --input-bits",
             file);
    if (buckets && (behind > 0 || trees->zero_is_missing))
        fail("%s: --input-format thresholds: %s", file,
             behind > 0 ? "a scaling stands in front of the trees; give a number format"
                        : "zero counts as a missing value in this model; give a number format");
    if (buckets) {
        quantizer->kind = LAYER_BUCKETS;
        fill_buckets(network, o, quantizer, trees, all);
    } else {
        fill_formats(network, o, quantizer, trees, all, file);
    }
    free_thresholds(all, features);
    arena_free(&arena);
    return true;
}
