/* Memory with one lifetime: everything allocated from an arena is freed by one arena_free().
 * A zero-initialised struct arena is an empty one. Allocation never returns NULL: out of memory
 * ends the program with one line. */
#ifndef SLUICE_BASE_ARENA_H
#define SLUICE_BASE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_chunk *chunks;
};

/* count × size zeroed bytes, aligned to 64. */
void *arena_alloc(struct arena *arena, size_t count, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

/* A growable array outside any arena, doubled when full: `*capacity` elements of `size` bytes at
 * `array` (NULL at first); returns the array with room for `needed` elements. Caller frees. */
void *array_grow(void *array, size_t *capacity, size_t needed, size_t size);

#endif
