/* The layers' rows of compile.json. */
#ifndef SLUICE_CLI_COMPILE_LAYERS_H
#define SLUICE_CLI_COMPILE_LAYERS_H

#include "base/json.h"
#include "compiler/compile.h"
#include "compiler/program/program.h"

/* For each layer of the program its counts, the weights as they end up, and what became of its
 * reuse factor. */
cJSON *compile_layers_json(const struct program *program, const struct network *network,
                           const struct compile_notes *notes);

#endif
