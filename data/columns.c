/* The choice of arrays and columns: see columns.h. */
#include "data/columns.h"

#include "base/error.h"
#include "data/container.h"
#include "data/csv.h"

#include <string.h>

_Noreturn void columns_fail(struct arena *arena, const struct array *array, long row,
                            const char *what)
{
    if (array->lines) fail_at(array->path, array->lines[row], "%s", what);
    fail("%s, row %ld (counted from 0): %s", array_describe(arena, array), row, what);
}

static struct array *find_named(struct container *container, const char *name, const char *what)
{
    struct array *array = container_find(container, name);
    if (array) return array;
    const char *names = container_print_names(container);
    container_close(container);
    fail("%s: no array '%s' for the %s; there are: %s", container->path, name, what, names);
}

static struct array *find_any(struct container *container, const char *const names[])
{
    struct array *array = NULL;
    for (int i = 0; names[i] && !array; i++)
        array = container_find(container, names[i]);
    return array;
}

static struct array *choose_features(struct container *container, const char *name)
{
    static const char *const usual[] = {"x", "X", NULL};
    bool has_names = container->count > 0 && container->arrays[0].name;
    if (name && has_names) return find_named(container, name, "features");
    struct array *array = has_names ? find_any(container, usual) : &container->arrays[0];
    if (array) return array;
    int tables = 0;
    for (size_t i = 0; i < container->count; i++) {
        struct array *candidate = &container->arrays[i];
        bool is_table = !candidate->problem && !array_is_text(candidate) && candidate->dims >= 2;
        if (is_table) array = candidate;
        tables += is_table;
    }
    if (tables == 1) return array;
    if (container->count == 1) return &container->arrays[0];
    const char *names = container_print_names(container);
    container_close(container);
    fail("%s: which array holds the features? Name it; there are: %s", container->path, names);
}

/* NULL if the file has none and none was named. */
static struct array *choose_labels(struct container *container, const char *name, bool is_own_file)
{
    static const char *const usual[] = {"y", "Y", "label", "labels", NULL};
    bool has_names = container->count > 0 && container->arrays[0].name;
    if (!has_names) {
        if (is_own_file) return &container->arrays[0];
        if (name)
            fail("%s: holds one array without a name, so no labels '%s'; give their file",
                 container->path, name);
        return NULL;
    }
    if (name) return find_named(container, name, "labels");
    struct array *array = find_any(container, usual);
    if (array || !is_own_file) return array;
    if (container->count == 1) return &container->arrays[0];
    const char *names = container_print_names(container);
    container_close(container);
    fail("%s: which array holds the labels? Name it; there are: %s", container->path, names);
}

static struct array loaded(struct container *container, struct array *array)
{
    if (!array) return (struct array){.dims = 0};
    container_load(container, array);
    return *array;
}

static void load_names(struct container *container, const char *name, struct array *names)
{
    struct array *array = container_find(container, name);
    if (array && !array->problem && array_is_text(array) && array->dims == 1)
        *names = loaded(container, array);
}

static bool wants_labels(const struct data_source *source)
{
    return !source->labels || strcmp(source->labels, "none") != 0;
}

static void read_arrays(struct columns *columns, struct container *container,
                        const struct data_source *source)
{
    columns->x = loaded(container, choose_features(container, source->features));
    if (wants_labels(source) && !source->labels_path)
        columns->y = loaded(container, choose_labels(container, source->labels, false));
    if (source->weights)
        columns->weight = loaded(container, find_named(container, source->weights, "weights"));
    load_names(container, "feature_names", &columns->feature_names);
    load_names(container, "class_names", &columns->class_names);
}

/* Label columns of a table: those named, else "y" or "label", else the last. */
static int *choose_label_columns(struct arena *arena, const struct csv_table *table,
                                 const char *names, int *count)
{
    if (names) return csv_find_columns(arena, table, names, "label", count);
    int *column = arena_alloc(arena, 1, sizeof *column);
    *column = csv_column_named(table, "y");
    if (*column < 0) *column = csv_column_named(table, "label");
    if (*column < 0) *column = table->columns - 1;
    *count = 1;
    return column;
}

static struct array read_labels(struct arena *arena, const struct csv_table *table,
                                const int *columns, int count)
{
    return count == 1 ? csv_column(arena, table, columns[0])
                      : csv_numbers(arena, table, columns, count);
}

static bool holds(const int *columns, int count, int column)
{
    for (int i = 0; i < count; i++)
        if (columns[i] == column) return true;
    return false;
}

static void read_table(struct columns *columns, struct arena *arena, const struct csv_table *table,
                       const struct data_source *source)
{
    int label_count = 0, count = 0, weight = -1, *labels = NULL, *features;
    /* A table of one column is features alone, unless labels are asked for. */
    if (wants_labels(source) && !source->labels_path && (table->columns > 1 || source->labels))
        labels = choose_label_columns(arena, table, source->labels, &label_count);
    if (source->weights) weight = csv_find_column(table, source->weights, "weight");
    if (source->features) {
        features = csv_find_columns(arena, table, source->features, "feature", &count);
        for (int i = 0; i < count; i++)
            if (features[i] == weight || holds(labels, label_count, features[i]))
                fail("%s: column %s is a feature and a label or weight at once", table->path,
                     csv_column_title(arena, table, features[i]));
    } else {
        features = arena_alloc(arena, (size_t)table->columns, sizeof *features);
        for (int c = 0; c < table->columns; c++)
            if (c != weight && !holds(labels, label_count, c)) features[count++] = c;
        if (count == 0) fail("%s: no column is left for the features", table->path);
    }
    columns->x = csv_numbers(arena, table, features, count);
    if (labels) columns->y = read_labels(arena, table, labels, label_count);
    if (weight >= 0) columns->weight = csv_numbers(arena, table, &weight, 1);
    if (!table->names) return;
    columns->feature_titles = arena_alloc(arena, (size_t)count, sizeof(char *));
    for (int i = 0; i < count; i++)
        columns->feature_titles[i] = table->names[features[i]];
}

static void read_labels_file(struct columns *columns, struct arena *arena,
                             const struct data_source *source)
{
    struct container container;
    container_open(&container, arena, source->labels_path);
    if (container.kind == FILE_CSV) {
        const struct csv_table *table = csv_parse(&container);
        int count, *labels = choose_label_columns(arena, table, source->labels, &count);
        columns->y = read_labels(arena, table, labels, count);
    } else {
        columns->y = loaded(&container, choose_labels(&container, source->labels, true));
    }
    container_close(&container);
}

static void check_features(struct arena *arena, const struct array *x)
{
    if (array_is_text(x)) fail("%s: holds text; features are numbers", array_describe(arena, x));
    if (x->count == 0 || x->dims == 0)
        fail("%s: is empty (%s)", array_describe(arena, x), array_print_shape(arena, x));
}

void columns_read(struct columns *columns, struct arena *arena, const struct data_source *source)
{
    struct container container;
    *columns = (struct columns){.feature_titles = NULL};
    container_open(&container, arena, source->path);
    if (container.kind == FILE_CSV)
        read_table(columns, arena, csv_parse(&container), source);
    else
        read_arrays(columns, &container, source);
    container_close(&container);
    if (wants_labels(source) && source->labels_path) read_labels_file(columns, arena, source);
    check_features(arena, &columns->x);
}

struct array columns_read_features(struct arena *arena, const char *path, int features)
{
    struct data_source source = {.path = path, .labels = "none"};
    struct columns columns = {.feature_titles = NULL};
    struct container container;
    container_open(&container, arena, path);
    if (container.kind == FILE_CSV) {
        const struct csv_table *table = csv_parse(&container);
        if (features > 0 && table->columns == features + 1) source.labels = NULL;
        read_table(&columns, arena, table, &source);
    } else {
        read_arrays(&columns, &container, &source);
    }
    container_close(&container);
    check_features(arena, &columns.x);
    return columns.x;
}
