/* Events: a table of numbers with labels, whatever file it came from.
 *
 * One call reads NPZ, NPY, CSV, HDF5 and IDX (gzipped too), told apart by content. Malformed,
 * truncated, empty, wrong-shape or NaN input ends with one line that names the file (and line or
 * array). */
#ifndef SLUICE_DATA_EVENTS_H
#define SLUICE_DATA_EVENTS_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Where the columns of a data set are found; NULL members mean the default in brackets. */
struct data_source {
    const char *path;     /* the file with the features */
    const char *features; /* array or data set name ["x"; the only table]; CSV: column list "a,b,c"
                             [all but labels and weights]; columns without a header count from 0 */
    const char *labels;   /* array name ["y", "label", "labels"] or CSV column ["y", "label" or the
                             last]; "none" for no labels */
    const char *labels_path; /* labels in a file of their own (IDX, NPY) [same file] */
    const char *weights;     /* per-event weights: array or column [none] */
    long max_events;         /* 0: all */
};

struct events {
    struct arena arena;
    const char *path; /* as given, for messages */
    long count;       /* events */
    int features;     /* columns; images are flattened row by row */
    float *x;         /* [count][features] */
    float *y;    /* labels: class number 0.. or regression target [count][targets], NULL if none */
    int targets; /* columns of y; 1 for class labels; 0 if none */
    int classes; /* number of classes when y holds small non-negative integers, else 0 */
    float *weight;              /* [count] or NULL */
    const char **feature_names; /* [features] or NULL */
    const char **class_names;   /* [classes] or NULL */
    long nan_count; /* NaN or infinite entries in x; reading refuses them unless allowed */
};

/* Labels: whole numbers from 0 (below 1000), -1 and +1, one-hot rows or texts (numbered in sorted
 * order) become classes; any other numbers are regression targets.
 * Reads a data set; caller frees with events_free(). NaN or infinity in x or y is refused unless
 * allow_nan (the data card uses that). */
struct events *events_read(const struct data_source *source, bool allow_nan);
void events_free(struct events *events);

/* Makes events read from a second file (the test set) speak of the classes of the first: class
 * numbers follow the first file's names, so that a class the second file lacks shifts none. Ends
 * the program if features, targets or classes do not fit. */
void events_match(struct events *events, const struct events *first);

/* Plain rows without labels: the --events and --calibrate arguments. NPY or any of the above;
 * checks that there are `features` columns (0: any). Returns doubles in the arena. */
double *events_read_rows(struct arena *arena, const char *path, int features, long *count);
/* The same, with NaN taken as a missing value in the columns where may_miss[column]; NULL: in none.
 */
double *events_read_rows_missing(struct arena *arena, const char *path, int features,
                                 const bool *may_miss, long *count);
/* Writes [rows][columns] float64 as NPY, atomically. */
void npy_write_double(const char *path, const double *values, long rows, long columns);

/* Standardisation: y = (x - mean) / deviation per column. A constant column gets deviation 1. */
struct scaler {
    int features;
    double *mean, *deviation;
};
struct scaler scaler_fit(struct arena *arena, const struct events *events, const long *rows,
                         long row_count);

/* A seeded random split of 0..count-1 into consecutive parts of a permutation: the first
 * round(fraction[0] * count) rows go to part 0, and so on; fractions sum to at most 1. Stratified
 * by class when the events have classes. Same seed, same split, on every machine. */
struct split {
    long *rows;    /* permutation of event numbers, in the arena */
    long start[4]; /* part p is rows[start[p]] .. rows[start[p + 1] - 1] */
};
struct split events_split(struct arena *arena, const struct events *events, const double *fractions,
                          int parts, uint64_t seed);

/* The data card: file, shape, classes with counts, range, mean and deviation per feature, NaN
 * count. */
void events_print_card(const struct events *events, FILE *stream);

#endif
