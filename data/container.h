/* A file of arrays: what the readers of NPZ, NPY, HDF5 and IDX have in common, and the choice
 * among them by content. Private to data/. */
#ifndef SLUICE_DATA_CONTAINER_H
#define SLUICE_DATA_CONTAINER_H

#include "base/arena.h"
#include "data/array.h"

#include <stdbool.h>
#include <stddef.h>

enum file_kind { FILE_NPZ, FILE_NPY, FILE_HDF5, FILE_IDX, FILE_CSV };

struct container {
    struct arena *arena; /* holds everything read; the caller's */
    const char *path;
    enum file_kind kind;
    struct array *arrays; /* in the file's own order; a CSV file has none (data/csv.h) */
    size_t count;
    char *content; /* the whole file, unpacked if gzipped; NULL for NPZ and HDF5 */
    size_t length; /* of content, bytes */
    void *handle;  /* the open zip of an NPZ file */
};

/* Opens a file, tells its kind by content and lists its arrays without loading them. */
void container_open(struct container *container, struct arena *arena, const char *path);
void container_close(struct container *container);
/* NULL if there is none. */
struct array *container_find(struct container *container, const char *name);
/* Makes array->bytes valid; ends the program if the array has a problem. */
void container_load(struct container *container, struct array *array);
/* "x (100 x 16 float32), y (100 int8)": for messages. */
const char *container_print_names(const struct container *container);

/* The readers. list: fills arrays and count (handle where it needs one); load: the bytes of one. */
void npz_list(struct container *container);
void npz_load(struct container *container, struct array *array);
void npz_close(struct container *container);
void hdf5_list(struct container *container);
void hdf5_load(struct container *container, struct array *array);
void npy_list(struct container *container);
void idx_list(struct container *container);

/* Reads the head of an NPY file: type, shape and order into *array, the number of its bytes into
 * *head_bytes. Sets array->problem if it is malformed or of a type that is not read. */
void npy_parse_head(struct arena *arena, struct array *array, const char *bytes, size_t length,
                    size_t *head_bytes);
/* Bytes of the head that the first 12 bytes of a file announce; 0 if they are no NPY file's. */
size_t npy_head_size(const char *bytes, size_t length);

/* The bytes of a file, gunzipped if it is gzipped; NUL-terminated beyond *length. */
char *content_read(struct arena *arena, const char *path, size_t *length);

#endif
