/* What quantizing a model from elsewhere changes: float network against quantized one, both by the
 * double-precision reference, on the calibration events. */
#ifndef SLUICE_CLI_COMPILE_CHANGES_H
#define SLUICE_CLI_COMPILE_CHANGES_H

#include "base/json.h"
#include "compiler/compile.h"

struct compile_changes {
    long events;
    bool decides;                         /* scores mean a decision */
    long decisions;                       /* that change */
    double max_abs_error, mean_abs_error; /* of scores */
};

/* There must be calibration events; the network is the prepared one. */
struct compile_changes compile_changes(struct arena *arena, const struct network *network,
                                       const struct compile_options *options);
void compile_changes_tell(const struct compile_changes *changes);
/* As member `quantization` of compile.json. */
void compile_changes_add(cJSON *json, const struct compile_changes *changes);

#endif
