/* Which arrays or columns of the files a data_source names are features, labels and weights; and
 * labels as classes or targets. Private to data/. */
#ifndef SLUICE_DATA_COLUMNS_H
#define SLUICE_DATA_COLUMNS_H

#include "base/arena.h"
#include "data/array.h"
#include "data/events.h"

struct columns {
    struct array x;                          /* loaded, of numbers, at least one row */
    struct array y;                          /* loaded; bytes NULL if there are no labels */
    struct array weight;                     /* loaded; bytes NULL if there are none */
    struct array feature_names, class_names; /* text; bytes NULL if there are none */
    const char **feature_titles;             /* from a CSV header, else NULL */
};

/* Reads the arrays into the arena; ends the program with one line if they are not there. */
void columns_read(struct columns *columns, struct arena *arena, const struct data_source *source);

/* The features of a file alone; of a table with one column more than `features`, which is its
 * label, those without it. */
struct array columns_read_features(struct arena *arena, const char *path, int features);

/* "FILE: array 'x', row 3" or "FILE:5" (the line of a CSV file): ends the program. */
_Noreturn void columns_fail(struct arena *arena, const struct array *array, long row,
                            const char *what);

/* Sets y, targets, classes and class_names of events from labels of as many rows as x has, of
 * which the first events->count are kept. */
void labels_set(struct events *events, const struct columns *columns, bool allow_nan);

#endif
