/* Arenas: a list of chunks, each at least twice the one before it. */
#include "base/arena.h"

#include "base/error.h"
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, FIRST_CHUNK_BYTES = 1 << 16 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used, size; /* bytes of data[] */
    _Alignas(64) unsigned char data[];
};

static struct arena_chunk *add_chunk(struct arena *arena, size_t bytes)
{
    size_t size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK_BYTES;
    if (size > (size_t)1 << 26) size = (size_t)1 << 26;
    if (size < bytes) size = bytes;
    size_t total = (sizeof(struct arena_chunk) + size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *chunk = aligned_alloc(ALIGNMENT, total);
    if (!chunk) fail("out of memory (%zu bytes wanted)", total);
    chunk->next = arena->chunks;
    chunk->used = 0;
    chunk->size = size;
    arena->chunks = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX / 2) / size) fail("out of memory (%zu x %zu bytes)", count, size);
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < bytes) chunk = add_chunk(arena, bytes);
    void *result = chunk->data + chunk->used;
    chunk->used += bytes;
    return memset(result, 0, bytes);
}

char *arena_strdup(struct arena *arena, const char *text)
{
    size_t bytes = strlen(text) + 1;
    return memcpy(arena_alloc(arena, bytes, 1), text, bytes);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    struct text text = {0};
    va_list args;
    assert(format);
    va_start(args, format);
    text_add_list(&text, format, args);
    va_end(args);
    char *copy = arena_strdup(arena, text_string(&text));
    text_free(&text);
    return copy;
}

void arena_free(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    arena->chunks = NULL;
}

void *array_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity) return array;
    size_t wanted = *capacity ? *capacity * 2 : 16;
    if (wanted < needed) wanted = needed;
    void *grown = realloc(array, wanted * size);
    if (!grown) fail("out of memory (%zu x %zu bytes)", wanted, size);
    *capacity = wanted;
    return grown;
}
