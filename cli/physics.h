/* physics.json: how well the float network, the quantized network and the hardware decide on test
 * events. */
#ifndef SLUICE_CLI_PHYSICS_H
#define SLUICE_CLI_PHYSICS_H

#include "compiler/program/program.h"
#include "data/events.h"
#include "model/network.h"

struct physics_request {
    const char *folder;
    const struct program
        *program; /* stands for the hardware: verified to be the same bit for bit */
    const struct network *quantized; /* DIR/model.onnx */
    const struct network
        *floating;       /* DIR/float.onnx, or NULL: the quantized network's latent weights */
    const double *x;     /* raw test events [events][features] */
    const float *labels; /* [events], class numbers */
    int classes;
    long events;
    const char **class_names; /* or NULL */
    bool hardware_agrees;     /* false: what the hardware decides is not known */
};

/* Writes FOLDER/physics.json. Does nothing when the labels are not classes. */
void physics_write(const struct physics_request *request);

#endif
