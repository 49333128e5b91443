/* Model files that are refused, and files that are damaged on purpose. */
#ifndef SLUICE_TESTS_MODEL_DAMAGE_H
#define SLUICE_TESTS_MODEL_DAMAGE_H

#include "base/error.h"
#include "base/file.h"
#include "data/random.h"
#include "model/network.h"

#include <setjmp.h>
#include <string.h>

typedef struct network *model_reader(const char *path);

/* The line with which reading ends; "" if the file was read. */
static inline const char *refusal(model_reader *read, const char *path)
{
    static struct error_trap trap;
    trap.message[0] = '\0';
    error_set_trap(&trap);
    if (setjmp(trap.where) == 0) network_free(read(path));
    error_set_trap(NULL);
    return trap.message;
}

/* Reads the file's bytes with one to three of them replaced, `rounds` times, from `scratch`;
 * returns how often that was refused. It ends in one line or in a network that passes its check;
 * never in anything else. */
static inline int refusals_of_damaged(model_reader *read, const char *path, const char *scratch,
                                      int rounds, uint64_t seed)
{
    struct arena arena = {0};
    struct random random = random_init(seed);
    size_t length;
    int refused = 0;
    char *bytes = file_read(&arena, path, &length), *copy = arena_alloc(&arena, length, 1);
    for (int round = 0; round < rounds; round++) {
        memcpy(copy, bytes, length);
        for (int k = 0; k < 1 + round % 3; k++)
            copy[random_below(&random, length)] = (char)random_bits(&random);
        file_write(scratch, copy, length);
        refused += *refusal(read, scratch) != '\0';
    }
    arena_free(&arena);
    return refused;
}

#endif
