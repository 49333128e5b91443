/* NPZ: a zip of NPY files, through libzip, which checks each member's CRC. */
#include "base/error.h"
#include "data/container.h"

#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { DEFLATE_MAX_RATIO = 1032 };

/* Opens a member; NULL and a reason in the array if that fails. */
static zip_file_t *open_member(struct container *container, struct array *array)
{
    zip_file_t *member =
        zip_fopen_index(container->handle, (zip_uint64_t)array->member, ZIP_FL_UNCHANGED);
    if (!member)
        array->problem =
            arena_printf(container->arena, "%s", zip_strerror((zip_t *)container->handle));
    return member;
}

/* Up to `wanted` bytes from a member; less only at its end. False on damage. */
static bool read_member(zip_file_t *member, void *bytes, size_t wanted, size_t *got)
{
    for (*got = 0; *got < wanted;) {
        zip_int64_t part = zip_fread(member, (char *)bytes + *got, wanted - *got);
        if (part < 0) return false;
        if (part == 0) break;
        *got += (size_t)part;
    }
    return true;
}

static void read_head(struct container *container, struct array *array)
{
    zip_file_t *member = open_member(container, array);
    if (!member) return;
    char first[12];
    size_t got, head, rest;
    bool good = read_member(member, first, sizeof first, &got);
    head = good ? npy_head_size(first, got) : 0;
    if (head > 1 << 20) head = 0;
    if (head <= got) {
        array->problem =
            good ? "it is not an NPY file of version 1 to 3" : zip_file_strerror(member);
    } else {
        char *bytes = arena_alloc(container->arena, head, 1);
        memcpy(bytes, first, got);
        good = read_member(member, bytes + got, head - got, &rest);
        npy_parse_head(container->arena, array, bytes, good ? got + rest : 0, &head);
    }
    if (array->problem) array->problem = arena_strdup(container->arena, array->problem);
    zip_fclose(member);
}

void npz_list(struct container *container)
{
    int code = 0;
    zip_t *zip = zip_open(container->path, ZIP_RDONLY, &code);
    if (!zip) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const char *reason = arena_strdup(container->arena, zip_error_strerror(&error));
        zip_error_fini(&error);
        fail("%s: damaged or truncated zip file: %s", container->path, reason);
    }
    container->handle = zip;
    zip_int64_t members = zip_get_num_entries(zip, ZIP_FL_UNCHANGED);
    container->arrays =
        arena_alloc(container->arena, (size_t)(members > 0 ? members : 0), sizeof(struct array));
    for (zip_int64_t i = 0; i < members; i++) {
        const char *name = zip_get_name(zip, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);
        size_t length = name ? strlen(name) : 0;
        if (length < 4 || strcmp(name + length - 4, ".npy") != 0) continue;
        struct array *array = &container->arrays[container->count++];
        array->path = container->path;
        array->name = arena_printf(container->arena, "%.*s", (int)(length - 4), name);
        array->member = (long)i;
        read_head(container, array);
    }
}

void npz_load(struct container *container, struct array *array)
{
    zip_stat_t status;
    zip_t *zip = container->handle;
    if (zip_stat_index(zip, (zip_uint64_t)array->member, ZIP_FL_UNCHANGED, &status) != 0 ||
        !(status.valid & ZIP_STAT_SIZE) || !(status.valid & ZIP_STAT_COMP_SIZE)) {
        array->problem = "its zip entry is damaged";
        return;
    }
    /* A size that the packed bytes cannot hold would ask for memory that nobody has. */
    if (status.size / DEFLATE_MAX_RATIO > status.comp_size + 1) {
        array->problem = "the size in its zip entry cannot be true";
        return;
    }
    zip_file_t *member = open_member(container, array);
    if (!member) return;
    char *bytes = arena_alloc(container->arena, status.size + 1, 1);
    size_t got, more, head;
    char beyond;
    /* Reading past the end makes libzip compare the CRC. */
    bool good = read_member(member, bytes, status.size, &got) &&
                read_member(member, &beyond, 1, &more) && got == status.size && more == 0;
    if (!good)
        array->problem =
            arena_printf(container->arena, "damaged or truncated: %s",
                         got < status.size ? "its bytes end early" : zip_file_strerror(member));
    zip_fclose(member);
    if (!good) return;
    npy_parse_head(container->arena, array, bytes, got, &head);
    if (array->problem) return;
    size_t wanted = array->count * array->item_bytes;
    if (got - head != wanted)
        array->problem = arena_printf(
            container->arena, "%s: %zu bytes wanted, %zu there",
            got - head < wanted ? "it is truncated" : "data beyond its end", wanted, got - head);
    array->bytes = (const unsigned char *)bytes + head;
}

void npz_close(struct container *container)
{
    zip_discard(container->handle);
}
