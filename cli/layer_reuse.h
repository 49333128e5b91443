/* Reuse factors of single layers, as flags and keys give them. */
#ifndef SLUICE_CLI_LAYER_REUSE_H
#define SLUICE_CLI_LAYER_REUSE_H

#include "base/arena.h"
#include "compiler/compile.h"

/* "dense1=4, dense3=16"; ends with one line if it is none such. The array lives in the arena. */
struct layer_reuse *layer_reuse_parse(struct arena *arena, const char *text, int *count);

#endif
