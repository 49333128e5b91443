/* Labels: class numbers, one-hot rows, texts or regression targets: see columns.h. */
#include "base/error.h"
#include "data/columns.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More different whole numbers or texts than this are no classes. */
enum { MAX_CLASSES = 1000 };

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* Texts to class numbers, in sorted order of the texts. */
static void set_text_classes(struct events *events, struct arena *scratch,
                             const struct array *labels)
{
    size_t count = labels->count, classes = 0;
    const char **texts = arena_alloc(scratch, count, sizeof *texts);
    const char **sorted = arena_alloc(scratch, count, sizeof *sorted);
    for (size_t i = 0; i < count; i++) {
        texts[i] = sorted[i] = array_get_text(scratch, labels, i);
        if (!*texts[i]) columns_fail(scratch, labels, (long)i, "the label is empty");
    }
    qsort(sorted, count, sizeof *sorted, compare_texts);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(sorted[i], sorted[classes - 1]) != 0) sorted[classes++] = sorted[i];
    if (classes > MAX_CLASSES)
        fail("%s: %zu different texts as labels; at most %d classes are read",
             array_describe(scratch, labels), classes, MAX_CLASSES);
    events->classes = (int)classes;
    events->class_names = arena_alloc(&events->arena, classes, sizeof *events->class_names);
    for (size_t k = 0; k < classes; k++)
        events->class_names[k] = arena_strdup(&events->arena, sorted[k]);
    for (long i = 0; i < events->count; i++) {
        const char **found = bsearch(&texts[i], sorted, classes, sizeof *sorted, compare_texts);
        events->y[i] = (float)(found - sorted);
    }
}

/* Number of classes if all values are whole numbers from 0, else 0. */
static int count_classes(const double *values, size_t count)
{
    double highest = 0;
    for (size_t i = 0; i < count; i++) {
        double value = values[i];
        if (!(value >= 0 && value < MAX_CLASSES) || value != floor(value)) return 0;
        if (value > highest) highest = value;
    }
    return (int)highest + 1;
}

/* Whether all values are -1 or +1, and both occur: the labels of a hinge loss. */
static bool are_signs(const double *values, size_t count)
{
    size_t negative = 0;
    for (size_t i = 0; i < count; i++) {
        if (fabs(values[i]) != 1) return false;
        negative += values[i] < 0;
    }
    return negative > 0 && negative < count;
}

/* Whether each row has a single 1 and zeros. */
static bool are_one_hot(const double *values, size_t rows, size_t columns)
{
    for (size_t r = 0; r < rows; r++) {
        size_t ones = 0, zeros = 0;
        for (size_t c = 0; c < columns; c++) {
            ones += values[r * columns + c] == 1;
            zeros += values[r * columns + c] == 0;
        }
        if (ones != 1 || zeros != columns - 1) return false;
    }
    return true;
}

static void set_number_labels(struct events *events, struct arena *scratch,
                              const struct array *labels, bool allow_nan)
{
    size_t columns = array_row_size(labels), rows = (size_t)array_rows(labels);
    size_t kept = (size_t)events->count;
    double *values = arena_alloc(scratch, labels->count, sizeof *values);
    array_get_doubles(labels, (long)rows, values);
    for (size_t i = 0; i < labels->count && !allow_nan; i++)
        if (!isfinite((float)values[i]))
            columns_fail(scratch, labels, (long)(i / columns),
                         "the label is missing, NaN or infinite");
    if (columns > 1 && are_one_hot(values, rows, columns)) {
        events->classes = (int)columns;
        for (size_t r = 0; r < kept; r++)
            for (size_t c = 0; c < columns; c++)
                if (values[r * columns + c] == 1) events->y[r] = (float)c;
        return;
    }
    events->targets = (int)columns;
    if (columns == 1) events->classes = count_classes(values, rows);
    bool has_signs = columns == 1 && are_signs(values, rows);
    for (size_t i = 0; i < kept * columns; i++)
        events->y[i] = has_signs ? values[i] > 0 : (float)values[i];
    if (!has_signs) return;
    events->classes = 2;
    events->class_names = arena_alloc(&events->arena, 2, sizeof *events->class_names);
    events->class_names[0] = "-1";
    events->class_names[1] = "+1";
}

/* The names that the file gives its classes. A class may be without events, but not without a
 * name. */
static void set_class_names(struct events *events, struct arena *scratch, const struct array *names)
{
    if (names->count > MAX_CLASSES || names->count < (size_t)events->classes)
        fail("%s: %zu names for %d classes", array_describe(scratch, names), names->count,
             events->classes);
    events->classes = (int)names->count;
    events->class_names = arena_alloc(&events->arena, names->count, sizeof *events->class_names);
    for (size_t k = 0; k < names->count; k++)
        events->class_names[k] = array_get_text(&events->arena, names, k);
}

void labels_set(struct events *events, const struct columns *columns, bool allow_nan)
{
    struct arena scratch = {0};
    const struct array *labels = &columns->y;
    long rows = array_rows(labels), wanted = array_rows(&columns->x);
    if (rows != wanted)
        fail("%s: %ld labels for %ld events", array_describe(&scratch, labels), rows, wanted);
    size_t size = array_row_size(labels);
    if (size == 0 || size > 1 << 20 || (array_is_text(labels) && size != 1))
        fail("%s: labels of shape %s; one number, text or one-hot row per event is wanted",
             array_describe(&scratch, labels), array_print_shape(&scratch, labels));
    events->targets = 1;
    events->y = arena_alloc(&events->arena, (size_t)events->count, size * sizeof *events->y);
    if (array_is_text(labels))
        set_text_classes(events, &scratch, labels);
    else
        set_number_labels(events, &scratch, labels, allow_nan);
    const struct array *names = &columns->class_names;
    if (names->bytes && events->classes > 0 && !events->class_names)
        set_class_names(events, &scratch, names);
    arena_free(&scratch);
}
