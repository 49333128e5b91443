/* What the tests of RTL and flow share: a folder of their own, the events of tests/flow/tiny, runs
 * of Verilator. */
#ifndef SLUICE_TESTS_BOARDS_FIXTURE_H
#define SLUICE_TESTS_BOARDS_FIXTURE_H

#include "base/file.h"
#include "base/process.h"
#include "boards/board.h"
#include "boards/flow/folder.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TINY_EVENTS = 256, TINY_BYTES = 3 };

static inline int tiny_field(uint32_t data, int i)
{
    int value = (int)(data >> (6 * i)) & 63;
    return value < 32 ? value : value - 64;
}

/* The network of tests/flow/tiny/rtl/tiny.v, from its comment. */
static inline uint32_t tiny_answer(uint32_t data)
{
    int x0 = tiny_field(data, 0), x1 = tiny_field(data, 1), x2 = tiny_field(data, 2);
    int y0 = 3 * x0 - 2 * x1 + x2 + 5, y1 = x0 + 4 * x1 - x2 + 2 * tiny_field(data, 3);
    if (y0 < 0) y0 = 0;
    return ((uint32_t)y1 & 1023) << 10 | ((uint32_t)y0 & 1023);
}

/* Packed vectors of TINY_EVENTS random events and their answers, 3 bytes each, little-endian. */
static inline void tiny_events(uint8_t *inputs, uint8_t *outputs)
{
    uint32_t random = 1;
    for (int event = 0; event < TINY_EVENTS; event++) {
        random = random * 1664525u + 1013904223u;
        uint32_t data = random >> 8, answer = tiny_answer(data);
        for (int byte = 0; byte < TINY_BYTES; byte++) {
            inputs[TINY_BYTES * event + byte] = (uint8_t)(data >> (8 * byte));
            outputs[TINY_BYTES * event + byte] = (uint8_t)(answer >> (8 * byte));
        }
    }
}

/* Hexadecimal files as $readmemh wants them; the answer to `wrong` (-1: none) has one bit turned
 * over. */
static inline void tiny_write_patterns(struct arena *arena, const char *folder, const char *inputs,
                                       const char *outputs, int wrong)
{
    static uint8_t in[TINY_EVENTS * TINY_BYTES], out[TINY_EVENTS * TINY_BYTES];
    tiny_events(in, out);
    FILE *files[] = {fopen(file_join(arena, folder, inputs), "w"),
                     fopen(file_join(arena, folder, outputs), "w")};
    for (int event = 0; event < TINY_EVENTS; event++) {
        const uint8_t *i = in + TINY_BYTES * event, *o = out + TINY_BYTES * event;
        fprintf(files[0], "%02x%02x%02x\n", i[2], i[1], i[0]);
        fprintf(files[1], "%02x%02x%02x\n", o[2] ^ (event == wrong ? 8 : 0), o[1], o[0]);
    }
    fclose(files[0]);
    fclose(files[1]);
}

/* A path inside the repository. */
static inline const char *repository(struct arena *arena, const char *path)
{
    return file_join(arena, board_home(), path);
}

/* Runs a NULL-terminated command in a folder; on failure prints its log. */
static inline int run_in(struct arena *arena, const char *folder, const char *const argv[])
{
    const char *log = file_join(arena, folder, "run.log");
    int status = process_run(
        argv, &(struct process_options){.folder = folder, .log = log, .time_limit_s = 300});
    if (status != 0) {
        size_t length;
        printf("%s: status %d\n%s\n", argv[0], status, file_read(arena, log, &length));
    }
    return status;
}

static inline const char *log_text(struct arena *arena, const char *folder)
{
    size_t length;
    return file_read(arena, file_join(arena, folder, "run.log"), &length);
}

/* A fresh empty folder that remove_folder() takes away. */
static inline const char *make_folder(struct arena *arena)
{
    char *folder = arena_strdup(arena, "/tmp/sluice-boards-XXXXXX");
    return mkdtemp(folder);
}

#endif
