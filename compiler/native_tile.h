/* A compiled program over rows of events, tile by tile. Private to native*.c. */
#ifndef SLUICE_COMPILER_NATIVE_TILE_H
#define SLUICE_COMPILER_NATIVE_TILE_H

#include "compiler/native.h"

/* What a loaded object exports: see emit/emit_native.h. */
struct native_kernel {
    const struct program *program;
    void (*eval)(void *frames, const void *in, void *out, long stride, long groups);
    int lanes, in_bits, out_bits;
    size_t frame_bytes;
};

/* Stored integers, on two threads; raw rows, on the calling one. */
void native_run(const struct native_kernel *kernel, const int64_t *inputs, long events,
                int64_t *outputs);
void native_run_raw(const struct native_kernel *kernel, struct native_rows x, long events,
                    int64_t *outputs);

#endif
