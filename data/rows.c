/* Plain rows without labels, in double precision: see events_read_rows() in events.h. */
#include "base/error.h"
#include "data/columns.h"
#include "data/events.h"

#include <math.h>
#include <string.h>

/* The features of a table that has a label as well: without its column. */
static void read_without_labels(struct columns *columns, struct arena *arena, const char *path)
{
    const struct data_source source = {.path = path};
    columns_read(columns, arena, &source);
}

double *events_read_rows(struct arena *arena, const char *path, int features, long *count)
{
    struct arena files = {0};
    struct columns columns;
    const struct data_source source = {.path = path, .labels = "none"};
    columns_read(&columns, &files, &source);
    bool is_table = columns.x.lines != NULL;
    if (is_table && features > 0 && array_row_size(&columns.x) == (size_t)features + 1)
        read_without_labels(&columns, &files, path);
    struct array *x = &columns.x;
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
        if (isfinite(rows[i])) continue;
        const char *what = arena_printf(&files, "column %zu is missing, NaN or infinite", i % size);
        columns_fail(&files, x, (long)(i / size), what);
    }
    arena_free(&files);
    return rows;
}
