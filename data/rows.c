/* Plain rows without labels, in double precision: see events_read_rows() in events.h. */
#include "base/error.h"
#include "data/columns.h"
#include "data/events.h"

#include <math.h>
#include <string.h>

double *events_read_rows(struct arena *arena, const char *path, int features, long *count)
{
    return events_read_rows_missing(arena, path, features, NULL, count);
}

double *events_read_rows_missing(struct arena *arena, const char *path, int features,
                                 const bool *may_miss, long *count)
{
    struct arena files = {0};
    struct array loaded = columns_read_features(&files, path, features), *x = &loaded;
    if (x->dims == 1 && features > 1 && x->shape[0] == features) {
        /* One event, saved without its outer dimension. */
        x->dims = 2;
        x->shape[0] = 1;
        x->shape[1] = features;
    }
    size_t size = array_row_size(x);
    if (features > 0 && size != (size_t)features)
        fail("%s: %zu values per event; %d are wanted", array_describe(&files, x), size, features);
    *count = array_rows(x);
    double *rows = arena_alloc(arena, x->count, sizeof *rows);
    array_get_doubles(x, *count, rows);
    for (size_t i = 0; i < x->count; i++) {
        if (isfinite(rows[i]) || (may_miss && isnan(rows[i]) && may_miss[i % size])) continue;
        const char *what = arena_printf(&files, "column %zu is missing, NaN or infinite", i % size);
        columns_fail(&files, x, (long)(i / size), what);
    }
    arena_free(&files);
    return rows;
}
