/* HDF5 through libhdf5: every data set of every group, by its path ("a/b"). */
#define H5_USE_110_API
#include "base/error.h"
#include "data/container.h"

#include <hdf5.h>
#include <stdint.h>
#include <string.h>

struct open_file {
    hid_t file;
};

/* Storage that inflates more than this is damage, not data (deflate cannot). */
enum { MAX_RATIO = 1100 };

static const char *set_type(struct array *array, hid_t type)
{
    size_t bytes = H5Tget_size(type);
    H5T_class_t class = H5Tget_class(type);
    array->item_bytes = bytes;
    if (class == H5T_FLOAT) {
        array->type = bytes <= 4 ? ARRAY_F4 : ARRAY_F8;
        array->item_bytes = bytes <= 4 ? 4 : 8;
        return NULL;
    }
    if (class == H5T_ENUM || class == H5T_INTEGER) {
        /* An enumeration (h5py's booleans) reads as the integers behind it. */
        hid_t base = class == H5T_ENUM ? H5Tget_super(type) : H5Tcopy(type);
        bool is_signed = H5Tget_sign(base) == H5T_SGN_2;
        bytes = H5Tget_size(base);
        H5Tclose(base);
        if (bytes > 8) return "its integers are wider than 64 bits";
        array->item_bytes = bytes <= 1 ? 1 : bytes <= 2 ? 2 : bytes <= 4 ? 4 : 8;
        array->type = bytes <= 1   ? (is_signed ? ARRAY_I1 : ARRAY_U1)
                      : bytes <= 2 ? (is_signed ? ARRAY_I2 : ARRAY_U2)
                      : bytes <= 4 ? (is_signed ? ARRAY_I4 : ARRAY_U4)
                                   : (is_signed ? ARRAY_I8 : ARRAY_U8);
        return NULL;
    }
    if (class == H5T_STRING) {
        array->type = H5Tis_variable_str(type) > 0 ? ARRAY_STRINGS : ARRAY_BYTES;
        if (bytes > 1 << 20) return "its texts are too long";
        return NULL;
    }
    return class == H5T_COMPOUND ? "its type is a record; plain numbers are wanted"
                                 : "its type is not read; numbers or text are wanted";
}

static const char *set_shape(struct array *array, hid_t space)
{
    hsize_t shape[H5S_MAX_RANK];
    if (H5Sget_simple_extent_type(space) == H5S_NULL) return "it is empty";
    int dims = H5Sget_simple_extent_ndims(space);
    if (dims < 0) return "its shape is damaged";
    if (dims > ARRAY_MAX_DIMS) return "it has too many dimensions";
    if (dims > 0 && H5Sget_simple_extent_dims(space, shape, NULL) != dims)
        return "its shape is damaged";
    array->dims = dims;
    for (int d = 0; d < dims; d++)
        array->shape[d] = shape[d] > INT64_MAX ? -1 : (long)shape[d];
    return array_set_count(array) ? NULL : "its shape is too large to be true";
}

static herr_t visit(hid_t root, const char *name, const H5O_info_t *info, void *user)
{
    struct container *container = user;
    if (info->type != H5O_TYPE_DATASET) return 0;
    struct array *grown =
        arena_alloc(container->arena, container->count + 1, sizeof *container->arrays);
    if (container->count)
        memcpy(grown, container->arrays, container->count * sizeof *container->arrays);
    container->arrays = grown;
    struct array *array = &grown[container->count++];
    array->path = container->path;
    array->name = arena_strdup(container->arena, name);
    hid_t set = H5Dopen2(root, name, H5P_DEFAULT);
    if (set < 0) {
        array->problem = "it is damaged";
        return 0;
    }
    hid_t type = H5Dget_type(set), space = H5Dget_space(set);
    array->problem = type < 0 || space < 0 ? "it is damaged" : set_type(array, type);
    if (!array->problem) array->problem = set_shape(array, space);
    if (type >= 0) H5Tclose(type);
    if (space >= 0) H5Sclose(space);
    H5Dclose(set);
    return 0;
}

void hdf5_list(struct container *container)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    struct open_file *open = arena_alloc(container->arena, 1, sizeof *open);
    open->file = H5Fopen(container->path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (open->file < 0) fail("%s: damaged or truncated HDF5 file", container->path);
    container->handle = open;
    if (H5Ovisit(open->file, H5_INDEX_NAME, H5_ITER_INC, visit, container) < 0) {
        hdf5_close(container);
        fail("%s: damaged HDF5 file: its groups cannot be listed", container->path);
    }
}

static hid_t memory_type(const struct array *array, hid_t set)
{
    const hid_t numbers[] = {[ARRAY_F4] = H5T_NATIVE_FLOAT,  [ARRAY_F8] = H5T_NATIVE_DOUBLE,
                             [ARRAY_I1] = H5T_NATIVE_INT8,   [ARRAY_I2] = H5T_NATIVE_INT16,
                             [ARRAY_I4] = H5T_NATIVE_INT32,  [ARRAY_I8] = H5T_NATIVE_INT64,
                             [ARRAY_U1] = H5T_NATIVE_UINT8,  [ARRAY_U2] = H5T_NATIVE_UINT16,
                             [ARRAY_U4] = H5T_NATIVE_UINT32, [ARRAY_U8] = H5T_NATIVE_UINT64};
    return array_is_text(array) ? H5Dget_type(set) : H5Tcopy(numbers[array->type]);
}

/* Texts that the library allocated, copied to the arena. */
static void keep_texts(struct container *container, struct array *array, char **texts, hid_t type,
                       hid_t space)
{
    const char **kept = arena_alloc(container->arena, array->count, sizeof *kept);
    for (size_t i = 0; i < array->count; i++)
        kept[i] = arena_strdup(container->arena, texts[i] ? texts[i] : "");
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, texts);
    array->bytes = (const unsigned char *)kept;
}

void hdf5_load(struct container *container, struct array *array)
{
    struct open_file *open = container->handle;
    hid_t set = H5Dopen2(open->file, array->name, H5P_DEFAULT);
    if (set < 0) {
        array->problem = "it is damaged";
        return;
    }
    size_t wanted = array->count * array->item_bytes;
    hsize_t stored = H5Dget_storage_size(set);
    if (array->count > 0 && stored == 0) array->problem = "nothing was ever written to it";
    /* A stored texts' size is that of references, so it says little. */
    else if (wanted / MAX_RATIO > stored + 64)
        array->problem = "its shape cannot be true for the bytes that are stored";
    if (!array->problem && array->count > 0) {
        hid_t type = memory_type(array, set), space = H5Dget_space(set);
        void *bytes = arena_alloc(container->arena, wanted, 1);
        if (H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) < 0)
            array->problem = "damaged or truncated: its numbers cannot be read";
        else if (array->type == ARRAY_STRINGS)
            keep_texts(container, array, bytes, type, space);
        else
            array->bytes = bytes;
        H5Tclose(type);
        H5Sclose(space);
    }
    H5Dclose(set);
}

void hdf5_close(struct container *container)
{
    struct open_file *open = container->handle;
    H5Fclose(open->file);
}
