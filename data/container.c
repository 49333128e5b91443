/* Which reader a file needs, and the arrays it holds: see container.h. */
#include "data/container.h"

#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

char *content_read(struct arena *arena, const char *path, size_t *length)
{
    gzFile file = gzopen(path, "rb");
    if (!file) fail("%s: cannot read: %s", path, strerror(errno));
    gzbuffer(file, 1 << 17);
    char *bytes = NULL;
    size_t used = 0, capacity = 0;
    int got;
    do {
        bytes = array_grow(bytes, &capacity, used + (1 << 20) + 1, 1);
        got = gzread(file, bytes + used, 1 << 20);
        if (got > 0) used += (size_t)got;
    } while (got > 0);
    int code;
    const char *reason = gzerror(file, &code);
    bool bad = got < 0 || code != Z_OK;
    reason = code == Z_ERRNO ? strerror(errno) : arena_strdup(arena, reason);
    gzclose_r(file);
    if (bad) {
        free(bytes);
        fail("%s: damaged or truncated: %s", path, reason);
    }
    char *kept = memcpy(arena_alloc(arena, used + 1, 1), bytes, used);
    free(bytes);
    *length = used;
    return kept;
}

/* The first bytes as they lie on disk. */
static size_t peek(const char *path, char *bytes, size_t size)
{
    FILE *stream = fopen(path, "rb");
    if (!stream) fail("%s: cannot read: %s", path, strerror(errno));
    struct stat status;
    bool is_folder = fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode);
    size_t got = is_folder ? 0 : fread(bytes, 1, size, stream);
    fclose(stream);
    if (is_folder) fail("%s: is a folder; give a file", path);
    if (got == 0) fail("%s: is empty", path);
    return got;
}

static bool starts_with(const char *bytes, size_t length, const char *magic, size_t magic_length)
{
    return length >= magic_length && memcmp(bytes, magic, magic_length) == 0;
}

/* With members, or empty. */
static bool is_zip(const char *bytes, size_t length)
{
    return starts_with(bytes, length, "PK\3\4", 4) || starts_with(bytes, length, "PK\5\6", 4);
}

static enum file_kind kind_of_content(const struct container *container)
{
    const char *bytes = container->content;
    size_t length = container->length;
    if (length == 0) fail("%s: is empty", container->path);
    if (starts_with(bytes, length, "\x93NUMPY", 6)) return FILE_NPY;
    bool has_idx_head = length >= 4 && bytes[0] == 0 && bytes[1] == 0;
    if (has_idx_head && memchr("\x08\x09\x0b\x0c\x0d\x0e", bytes[2], 6)) return FILE_IDX;
    bool is_packed = is_zip(bytes, length) || starts_with(bytes, length, "\x89HDF", 4);
    if (is_packed) fail("%s: NPZ and HDF5 files are not read gzipped; unpack it", container->path);
    if (memchr(bytes, 0, length < 4096 ? length : 4096))
        fail("%s: unknown kind of file; NPZ, NPY, CSV, HDF5 or IDX is wanted", container->path);
    return FILE_CSV;
}

void container_open(struct container *container, struct arena *arena, const char *path)
{
    char first[8];
    *container = (struct container){.arena = arena, .path = arena_strdup(arena, path)};
    size_t got = peek(path, first, sizeof first);
    if (is_zip(first, got)) {
        container->kind = FILE_NPZ;
        npz_list(container);
    } else if (starts_with(first, got, "\x89HDF\r\n\x1a\n", 8)) {
        container->kind = FILE_HDF5;
        hdf5_list(container);
    } else {
        container->content = content_read(arena, path, &container->length);
        container->kind = kind_of_content(container);
        if (container->kind == FILE_NPY) npy_list(container);
        if (container->kind == FILE_IDX) idx_list(container);
        return;
    }
    if (container->count == 0) {
        container_close(container);
        fail("%s: holds no array", path);
    }
}

void container_close(struct container *container)
{
    if (container->kind == FILE_NPZ) npz_close(container);
}

struct array *container_find(struct container *container, const char *name)
{
    while (*name == '/')
        name++;
    for (size_t i = 0; i < container->count; i++)
        if (container->arrays[i].name && strcmp(container->arrays[i].name, name) == 0)
            return &container->arrays[i];
    return NULL;
}

void container_load(struct container *container, struct array *array)
{
    if (!array->problem && !array->bytes) {
        if (container->kind == FILE_NPZ) npz_load(container, array);
        if (container->kind == FILE_HDF5) hdf5_load(container, array);
    }
    if (!array->problem) return;
    const char *message = arena_printf(container->arena, "%s: %s",
                                       array_describe(container->arena, array), array->problem);
    container_close(container);
    fail("%s", message);
}

const char *container_print_names(const struct container *container)
{
    struct text text = {0};
    for (size_t i = 0; i < container->count && text.length < 400; i++) {
        const struct array *array = &container->arrays[i];
        const char *shape =
            array->problem ? "not readable" : array_print_shape(container->arena, array);
        text_add(&text, "%s%s (%s)", i ? ", " : "", array->name ? array->name : "the array", shape);
    }
    char *kept = arena_strdup(container->arena, text_string(&text));
    text_free(&text);
    return kept;
}
