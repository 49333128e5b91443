/* HDF5 through libhdf5: every data set of every group, by its path ("a/b"). The library crashes on
 * some damaged files, so it works in a child process (base/isolate.h) and sends what it read. */
#define H5_USE_110_API
#include "base/error.h"
#include "base/isolate.h"
#include "data/container.h"

#include <hdf5.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* MAX_RATIO: storage that inflates more than this is damage, not data (deflate cannot). */
enum { MAX_RATIO = 1100, MAX_NAME = 256, MAX_TEXT = 1 << 20, MAX_SETS = 100000 };
enum { LIST_LIMIT_S = 60, LOAD_LIMIT_S = 60, SLOWEST_BYTES_PER_S = 10000000 };

/* What the child says about a data set, by number: its memory is not to be trusted. */
enum problem {
    FINE,
    DAMAGED,
    WIDE,
    LONG_TEXT,
    RECORD,
    OTHER_TYPE,
    EMPTY,
    MANY_DIMS,
    TOO_LARGE,
    UNWRITTEN,
    UNTRUE,
    UNREADABLE,
    PROBLEMS
};
static const char *const problem_texts[PROBLEMS] = {
    [DAMAGED] = "it is damaged",
    [WIDE] = "its integers are wider than 64 bits",
    [LONG_TEXT] = "its texts are too long",
    [RECORD] = "its type is a record; plain numbers are wanted",
    [OTHER_TYPE] = "its type is not read; numbers or text are wanted",
    [EMPTY] = "it is empty",
    [MANY_DIMS] = "it has too many dimensions",
    [TOO_LARGE] = "its shape is too large to be true",
    [UNWRITTEN] = "nothing was ever written to it",
    [UNTRUE] = "its shape cannot be true for the bytes that are stored",
    [UNREADABLE] = "damaged or truncated: it cannot be read"};

struct entry {
    char name[MAX_NAME];
    enum array_type type;
    int dims;
    long shape[ARRAY_MAX_DIMS];
    size_t item_bytes;
    enum problem problem;
};

static size_t number_bytes(enum array_type type)
{
    switch (type) {
    case ARRAY_I1:
    case ARRAY_U1: return 1;
    case ARRAY_I2:
    case ARRAY_U2: return 2;
    case ARRAY_F4:
    case ARRAY_I4:
    case ARRAY_U4: return 4;
    default: return 8;
    }
}

/* ---- in the child ---------------------------------------------------------------------------- */

static enum problem find_type(struct entry *entry, hid_t type)
{
    size_t bytes = H5Tget_size(type);
    H5T_class_t class = H5Tget_class(type);
    if (class == H5T_STRING) {
        bool is_variable = H5Tis_variable_str(type) > 0;
        entry->type = is_variable ? ARRAY_STRINGS : ARRAY_BYTES;
        entry->item_bytes = is_variable ? sizeof(char *) : bytes;
        return bytes > MAX_TEXT ? LONG_TEXT : FINE;
    }
    if (class == H5T_FLOAT) {
        entry->type = bytes <= 4 ? ARRAY_F4 : ARRAY_F8;
    } else if (class == H5T_ENUM || class == H5T_INTEGER) {
        /* An enumeration (h5py's booleans) reads as the integers behind it. */
        hid_t base = class == H5T_ENUM ? H5Tget_super(type) : H5Tcopy(type);
        bool is_signed = H5Tget_sign(base) == H5T_SGN_2;
        bytes = H5Tget_size(base);
        H5Tclose(base);
        if (bytes > 8) return WIDE;
        entry->type = bytes <= 1   ? (is_signed ? ARRAY_I1 : ARRAY_U1)
                      : bytes <= 2 ? (is_signed ? ARRAY_I2 : ARRAY_U2)
                      : bytes <= 4 ? (is_signed ? ARRAY_I4 : ARRAY_U4)
                                   : (is_signed ? ARRAY_I8 : ARRAY_U8);
    } else {
        return class == H5T_COMPOUND ? RECORD : OTHER_TYPE;
    }
    entry->item_bytes = number_bytes(entry->type);
    return FINE;
}

static enum problem find_shape(struct entry *entry, hid_t space)
{
    hsize_t shape[H5S_MAX_RANK];
    if (H5Sget_simple_extent_type(space) == H5S_NULL) return EMPTY;
    int dims = H5Sget_simple_extent_ndims(space);
    if (dims > ARRAY_MAX_DIMS) return MANY_DIMS;
    if (dims < 0 || (dims > 0 && H5Sget_simple_extent_dims(space, shape, NULL) != dims))
        return DAMAGED;
    entry->dims = dims;
    for (int d = 0; d < dims; d++)
        entry->shape[d] = shape[d] > INT64_MAX ? -1 : (long)shape[d];
    return FINE;
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    FILE *results = user;
    struct entry entry;
    if (info->type != H5O_TYPE_DATASET || strlen(name) >= MAX_NAME) return 0;
    memset(&entry, 0, sizeof entry);
    strcpy(entry.name, name);
    entry.problem = DAMAGED;
    hid_t set = H5Dopen2(root, name, H5P_DEFAULT);
    if (set >= 0) {
        hid_t type = H5Dget_type(set), space = H5Dget_space(set);
        if (type >= 0 && space >= 0) entry.problem = find_type(&entry, type);
        if (entry.problem == FINE) entry.problem = find_shape(&entry, space);
    }
    return fwrite(&entry, sizeof entry, 1, results) == 1 ? 0 : -1;
}

static bool list_in_child(const void *argument, FILE *results)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(argument, H5F_ACC_RDONLY, H5P_DEFAULT);
    return file >= 0 && H5Ovisit(file, H5_INDEX_NAME, H5_ITER_INC, visit, results) >= 0;
}

static enum problem read_values(const struct array *array, hid_t set, hid_t type, void *values)
{
    size_t wanted = array->count * array->item_bytes;
    hsize_t stored = H5Dget_storage_size(set);
    if (stored == 0) return UNWRITTEN;
    if (wanted / MAX_RATIO > stored + 64) return UNTRUE;
    bool good = H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    return good ? FINE : UNREADABLE;
}

static bool send_texts(char *const *texts, size_t count, FILE *results)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = texts[i] ? strlen(texts[i]) : 0;
        bool good = length <= MAX_TEXT && fwrite(&length, sizeof length, 1, results) == 1 &&
                    (length == 0 || fwrite(texts[i], length, 1, results) == 1);
        if (!good) return false;
    }
    return true;
}

/* Sends the problem and, if there is none, the bytes. */
static bool load_in_child(const void *argument, FILE *results)
{
    const struct array *array = argument;
    const hid_t numbers[] = {[ARRAY_F4] = H5T_NATIVE_FLOAT,  [ARRAY_F8] = H5T_NATIVE_DOUBLE,
                             [ARRAY_I1] = H5T_NATIVE_INT8,   [ARRAY_I2] = H5T_NATIVE_INT16,
                             [ARRAY_I4] = H5T_NATIVE_INT32,  [ARRAY_I8] = H5T_NATIVE_INT64,
                             [ARRAY_U1] = H5T_NATIVE_UINT8,  [ARRAY_U2] = H5T_NATIVE_UINT16,
                             [ARRAY_U4] = H5T_NATIVE_UINT32, [ARRAY_U8] = H5T_NATIVE_UINT64};
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(array->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = file >= 0 ? H5Dopen2(file, array->name, H5P_DEFAULT) : -1;
    if (set < 0) return false;
    hid_t type = array_is_text(array) ? H5Dget_type(set) : numbers[array->type];
    /* The file may have changed since it was listed. */
    hid_t space = H5Dget_space(set);
    bool is_same = H5Sget_simple_extent_npoints(space) == (hssize_t)array->count &&
                   (array->type != ARRAY_BYTES || H5Tget_size(type) == array->item_bytes);
    if (!is_same) return false;
    struct arena arena = {0};
    void *values = arena_alloc(&arena, array->count, array->item_bytes);
    enum problem problem = read_values(array, set, type, values);
    if (fwrite(&problem, sizeof problem, 1, results) != 1) return false;
    if (problem != FINE) return true;
    if (array->type == ARRAY_STRINGS) return send_texts(values, array->count, results);
    return fwrite(values, array->item_bytes, array->count, results) == array->count;
}

/* ---- in ours --------------------------------------------------------------------------------- */

/* False if the entry is nothing that a sound child sends. */
static bool accept_entry(struct container *container, const struct entry *entry,
                         struct array *array)
{
    bool good = memchr(entry->name, 0, sizeof entry->name) && (unsigned)entry->problem < PROBLEMS &&
                entry->dims >= 0 && entry->dims <= ARRAY_MAX_DIMS &&
                (unsigned)entry->type <= ARRAY_STRINGS && entry->item_bytes <= MAX_TEXT;
    if (!good) return false;
    *array = (struct array){.path = container->path,
                            .name = arena_strdup(container->arena, entry->name),
                            .type = entry->type,
                            .dims = entry->dims,
                            .item_bytes = entry->item_bytes,
                            .problem = problem_texts[entry->problem]};
    memcpy(array->shape, entry->shape, sizeof array->shape);
    if (!array_is_text(array)) array->item_bytes = number_bytes(array->type);
    if (array->type == ARRAY_STRINGS) array->item_bytes = sizeof(char *);
    if (!array->problem && !array_set_count(array)) array->problem = problem_texts[TOO_LARGE];
    return true;
}

void hdf5_list(struct container *container)
{
    struct array *arrays = NULL;
    size_t capacity = 0;
    struct entry entry;
    bool good = true;
    struct isolated child = isolated_start(list_in_child, container->path, LIST_LIMIT_S);
    while (good && fread(&entry, sizeof entry, 1, child.results) == 1) {
        arrays = array_grow(arrays, &capacity, container->count + 1, sizeof *arrays);
        good = container->count < MAX_SETS &&
               accept_entry(container, &entry, &arrays[container->count]);
        container->count += good;
    }
    good = isolated_finish(&child) && good;
    container->arrays = arena_alloc(container->arena, container->count, sizeof *arrays);
    if (container->count) memcpy(container->arrays, arrays, container->count * sizeof *arrays);
    free(arrays);
    if (!good) fail("%s: damaged or truncated HDF5 file", container->path);
}

static bool receive_texts(struct container *container, struct array *array, FILE *results)
{
    const char **texts = arena_alloc(container->arena, array->count, sizeof *texts);
    for (size_t i = 0; i < array->count; i++) {
        size_t length;
        if (fread(&length, sizeof length, 1, results) != 1 || length > MAX_TEXT) return false;
        char *text = arena_alloc(container->arena, length + 1, 1);
        if (length && fread(text, length, 1, results) != 1) return false;
        texts[i] = text;
    }
    array->bytes = (const unsigned char *)texts;
    return true;
}

void hdf5_load(struct container *container, struct array *array)
{
    if (array->count == 0) return;
    size_t wanted = array->count * array->item_bytes, seconds = wanted / SLOWEST_BYTES_PER_S;
    if (seconds > 1000000) seconds = 1000000;
    struct isolated child = isolated_start(load_in_child, array, LOAD_LIMIT_S + (unsigned)seconds);
    enum problem problem = FINE;
    bool good =
        fread(&problem, sizeof problem, 1, child.results) == 1 && (unsigned)problem < PROBLEMS;
    if (good && problem == FINE && array->type == ARRAY_STRINGS) {
        good = receive_texts(container, array, child.results);
    } else if (good && problem == FINE) {
        /* Only now: the child has found the storage to be of that size. */
        unsigned char *bytes = arena_alloc(container->arena, wanted, 1);
        good = fread(bytes, 1, wanted, child.results) == wanted;
        array->bytes = bytes;
    }
    good = isolated_finish(&child) && good;
    array->problem = problem_texts[good ? problem : UNREADABLE];
}
