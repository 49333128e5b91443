/* An array as a file holds it: the common ground of all readers, private to data/. */
#ifndef SLUICE_DATA_ARRAY_H
#define SLUICE_DATA_ARRAY_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { ARRAY_MAX_DIMS = 8 };

enum array_type {
    ARRAY_F2, /* IEEE half precision */
    ARRAY_F4,
    ARRAY_F8,
    ARRAY_I1,
    ARRAY_I2,
    ARRAY_I4,
    ARRAY_I8,
    ARRAY_U1,
    ARRAY_U2,
    ARRAY_U4,
    ARRAY_U8,
    ARRAY_BOOL,
    ARRAY_BYTES,  /* NumPy's |S: item_bytes of text, NUL-padded */
    ARRAY_UTF32,  /* NumPy's <U: item_bytes / 4 code points, NUL-padded */
    ARRAY_STRINGS /* const char *, each NUL-terminated */
};

struct array {
    const char *path; /* of the file, for messages */
    const char *name; /* within the file; NULL where the file is the array */
    enum array_type type;
    int dims;
    long shape[ARRAY_MAX_DIMS];
    size_t count;               /* elements: the product of the shape */
    size_t item_bytes;          /* of one element */
    bool swapped;               /* the other byte order than this machine's */
    bool fortran;               /* first index runs fastest */
    const unsigned char *bytes; /* count x item_bytes, NULL until loaded */
    const char *problem;        /* why the array cannot be used, NULL if it can */
    long member;                /* the reader's own: number within the file */
    const long *lines;          /* [shape[0]] line of each row in a CSV file, else NULL */
};

bool array_is_text(const struct array *array);
/* shape[0], and elements of a row (1 if one-dimensional). */
long array_rows(const struct array *array);
size_t array_row_size(const struct array *array);
/* Sets count from dims and shape; false if it does not fit a size_t of bytes. */
bool array_set_count(struct array *array);

/* The first `rows` rows, row by row in C order whatever order the file has. The float form
 * rounds to nearest; what does not fit becomes infinite. */
void array_get_doubles(const struct array *array, long rows, double *values);
void array_get_floats(const struct array *array, long rows, float *values);
/* Element number `index` of a text array as UTF-8, in the arena. */
const char *array_get_text(struct arena *arena, const struct array *array, size_t index);

/* "FILE, array 'x'" or "FILE", for messages. */
const char *array_describe(struct arena *arena, const struct array *array);
/* "100 x 16 float32", for messages. */
const char *array_print_shape(struct arena *arena, const struct array *array);

#endif
