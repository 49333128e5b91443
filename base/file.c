/* Whole reads, atomic writes, folders, hashes: see file.h. */
#include "base/file.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_OPEN_OUTPUTS = 16, MAX_PATH_BYTES = 1024 };

struct out_file {
    FILE *stream;
    volatile sig_atomic_t active; /* the temporary file may exist; 0: this slot is free */
    char path[MAX_PATH_BYTES];
    char temporary[MAX_PATH_BYTES + 32];
};

__extension__ typedef unsigned __int128 uint128;

static struct out_file outputs[MAX_OPEN_OUTPUTS];

char *file_read(struct arena *arena, const char *path, size_t *length)
{
    FILE *stream = fopen(path, "rb");
    if (!stream) fail("%s: cannot read: %s", path, strerror(errno));
    struct stat status;
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(stream);
        fail("%s: is a folder; give a file", path);
    }
    char *bytes = NULL;
    size_t used = 0, capacity = 0;
    for (;;) {
        bytes = array_grow(bytes, &capacity, used + 65536 + 1, 1);
        size_t got = fread(bytes + used, 1, capacity - used - 1, stream);
        used += got;
        if (got == 0) break;
    }
    bool bad = ferror(stream) != 0;
    fclose(stream);
    char *kept = bad ? NULL : memcpy(arena_alloc(arena, used + 1, 1), bytes, used);
    free(bytes);
    if (bad) fail("%s: read error", path);
    *length = used;
    return kept;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

void file_make_folder(const char *path)
{
    char partial[MAX_PATH_BYTES];
    size_t length = strlen(path);
    if (length >= sizeof partial) fail("%s: path too long", path);
    memcpy(partial, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != 0) continue;
        char kept = partial[i];
        partial[i] = 0;
        if (mkdir(partial, 0777) != 0 && errno != EEXIST)
            fail("%s: cannot make folder: %s", partial, strerror(errno));
        partial[i] = kept;
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) fail("%s: not a folder", path);
}

const char *file_folder(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return ".";
    if (slash == path) return "/";
    return arena_printf(arena, "%.*s", (int)(slash - path), path);
}

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *file_join(struct arena *arena, const char *folder, const char *name)
{
    return name[0] == '/' ? arena_strdup(arena, name) : arena_printf(arena, "%s/%s", folder, name);
}

void file_copy(const char *from, const char *to)
{
    struct arena arena = {0};
    size_t length;
    char *bytes = file_read(&arena, from, &length);
    file_write(to, bytes, length);
    arena_free(&arena);
}

struct out_file *out_open(const char *path)
{
    struct out_file *out = NULL;
    for (int i = 0; i < MAX_OPEN_OUTPUTS && !out; i++)
        if (!outputs[i].active) out = &outputs[i];
    assert(out && "too many open outputs");
    if (strlen(path) >= sizeof out->path) fail("%s: path too long", path);
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) fail("%s: is a folder", path);
    strcpy(out->path, path);
    snprintf(out->temporary, sizeof out->temporary, "%s.tmp%ld", path, (long)getpid());
    out->active = 1;
    out->stream = fopen(out->temporary, "wb");
    if (!out->stream) {
        out->active = 0;
        fail("%s: cannot write: %s", path, strerror(errno));
    }
    return out;
}

FILE *out_stream(struct out_file *out)
{
    return out->stream;
}

void out_commit(struct out_file *out)
{
    /* An earlier failed write left its mark in the stream, but its errno is gone. */
    int cause = ferror(out->stream) ? EIO : 0;
    if (fflush(out->stream) != 0) cause = errno;
    if (fclose(out->stream) != 0 && !cause) cause = errno;
    if (!cause && rename(out->temporary, out->path) != 0) cause = errno;
    if (cause) unlink(out->temporary);
    out->active = 0;
    if (cause) fail("%s: cannot write: %s", out->path, strerror(cause));
}

void out_abandon(struct out_file *out)
{
    fclose(out->stream);
    unlink(out->temporary);
    out->active = 0;
}

void out_abandon_all(void)
{
    for (int i = 0; i < MAX_OPEN_OUTPUTS; i++)
        if (outputs[i].active) out_abandon(&outputs[i]);
}

void out_unlink_all(void)
{
    for (int i = 0; i < MAX_OPEN_OUTPUTS; i++)
        if (outputs[i].active) unlink(outputs[i].temporary);
}

void file_write(const char *path, const void *bytes, size_t count)
{
    struct out_file *out = out_open(path);
    if (count) fwrite(bytes, 1, count, out->stream);
    out_commit(out);
}

/* FNV-1a, 128 bits: prime 2^88 + 0x13b, offset basis of the FNV specification. */
struct hash hash_init(void)
{
    return (struct hash){0x6c62272e07bb0142u, 0x62b821756295c58du};
}

void hash_add(struct hash *hash, const void *bytes, size_t count)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < count; i++) {
        hash->low ^= b[i];
        uint128 low = (uint128)hash->low * 0x13bu;
        uint64_t high = hash->high * 0x13bu + (hash->low << 24) + (uint64_t)(low >> 64);
        hash->low = (uint64_t)low;
        hash->high = high;
    }
}

void hash_add_file(struct hash *hash, const char *path)
{
    struct arena arena = {0};
    size_t length;
    char *bytes = file_read(&arena, path, &length);
    hash_add(hash, bytes, length);
    arena_free(&arena);
}

void hash_print(struct hash hash, char text[33])
{
    snprintf(text, 33, "%016llx%016llx", (unsigned long long)hash.high,
             (unsigned long long)hash.low);
}
