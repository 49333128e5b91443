/* What `sluice explain` knows and prints; between verb_explain.c and explain_*.c. */
#ifndef SLUICE_CLI_EXPLAIN_H
#define SLUICE_CLI_EXPLAIN_H

#include "base/json.h"
#include "base/text.h"
#include "compiler/estimate/attribute.h"
#include "model/network.h"

struct explain {
    struct arena arena;
    const struct program *program;
    const struct network *network; /* NULL: no model.onnx */
    const struct target *target;
    struct attribution *costs;
    int *elements; /* [op_count] element of its layer or -1: compiler/estimate/neurons.h */
};

/* Names in terms of the network, in the arena: "dense1[19]", "input mass", or "dense1 %449" for a
 * value that is no neuron. */
const char *explain_value_name(struct explain *e, int value);
/* The neuron a value works for, "dense1[19]", and " +2" if two more share it; "-" if none. */
const char *explain_neuron_name(struct explain *e, int value);

/* Everything but the placed path (docs/guide/explain.md). */
cJSON *explain_json(struct explain *e);
/* The longest path that place-and-route found, from its report, in terms of the program; NULL if
 * no path leads through the network. */
cJSON *explain_placed(struct explain *e, const cJSON *report);
/* The readable form: the ten greatest of each, at most 100 columns but for long names. */
void explain_print(struct text *out, const cJSON *json);

#endif
