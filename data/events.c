/* From arrays and columns to events: see events.h. */
#include "data/events.h"

#include "base/error.h"
#include "data/columns.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_FEATURES = 1 << 24 };

static void set_feature_names(struct events *events, const struct columns *columns)
{
    const struct array *names = &columns->feature_names;
    size_t features = (size_t)events->features;
    /* Names for another array of the same file are none of ours. */
    bool has_names = names->bytes && names->count == features;
    if (!has_names && !columns->feature_titles) return;
    events->feature_names = arena_alloc(&events->arena, features, sizeof *events->feature_names);
    for (size_t f = 0; f < features; f++)
        events->feature_names[f] = columns->feature_titles
                                       ? arena_strdup(&events->arena, columns->feature_titles[f])
                                       : array_get_text(&events->arena, names, f);
}

static const char *describe_column(struct events *events, int column)
{
    if (events->feature_names)
        return arena_printf(&events->arena, "column '%s'", events->feature_names[column]);
    return arena_printf(&events->arena, "column %d", column);
}

static void count_nans(struct events *events, const struct columns *columns, bool allow_nan)
{
    size_t total = (size_t)events->count * (size_t)events->features;
    for (size_t i = 0; i < total; i++) {
        if (isfinite(events->x[i])) continue;
        events->nan_count++;
        if (allow_nan) continue;
        size_t features = (size_t)events->features;
        const char *which = describe_column(events, (int)(i % features));
        columns_fail(&events->arena, &columns->x, (long)(i / features),
                     arena_printf(&events->arena, "%s is missing, NaN or infinite", which));
    }
}

static void set_weights(struct events *events, const struct columns *columns)
{
    const struct array *weight = &columns->weight;
    long rows = array_rows(&columns->x);
    if (array_is_text(weight) || array_rows(weight) != rows || array_row_size(weight) != 1)
        fail("%s: weights of shape %s for %ld events; one number per event is wanted",
             array_describe(&events->arena, weight), array_print_shape(&events->arena, weight),
             rows);
    events->weight = arena_alloc(&events->arena, (size_t)events->count, sizeof *events->weight);
    array_get_floats(weight, events->count, events->weight);
    for (long i = 0; i < events->count; i++)
        if (!isfinite(events->weight[i]) || events->weight[i] < 0)
            columns_fail(&events->arena, weight, i, "the weight is missing, negative or infinite");
}

struct events *events_read(const struct data_source *source, bool allow_nan)
{
    struct arena files = {0};
    struct columns columns;
    columns_read(&columns, &files, source);
    struct events *events = calloc(1, sizeof *events);
    if (!events) fail("out of memory");
    events->path = arena_strdup(&events->arena, source->path);
    events->count = array_rows(&columns.x);
    if (source->max_events > 0 && source->max_events < events->count)
        events->count = source->max_events;
    size_t features = array_row_size(&columns.x);
    if (features > MAX_FEATURES)
        fail("%s: %zu features per event; at most %d are read", array_describe(&files, &columns.x),
             features, MAX_FEATURES);
    events->features = (int)features;
    set_feature_names(events, &columns);
    events->x = arena_alloc(&events->arena, (size_t)events->count, features * sizeof *events->x);
    array_get_floats(&columns.x, events->count, events->x);
    count_nans(events, &columns, allow_nan);
    if (columns.y.bytes) labels_set(events, &columns, allow_nan);
    if (columns.weight.bytes) set_weights(events, &columns);
    arena_free(&files);
    return events;
}

void events_free(struct events *events)
{
    if (!events) return;
    struct arena arena = events->arena;
    arena_free(&arena);
    free(events);
}
