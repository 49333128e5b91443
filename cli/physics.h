/* physics.json: how well the float network, the quantized network and the hardware decide on test
 * events, with statistical errors; working points at a trigger rate; what disturbed inputs do. */
#ifndef SLUICE_CLI_PHYSICS_H
#define SLUICE_CLI_PHYSICS_H

#include "base/json.h"
#include "compiler/program/program.h"
#include "data/events.h"
#include "model/network.h"

/* What the trigger is asked for (the job's section `physics`). */
struct physics_options {
    int signal;      /* class that is cut on; -1: class 1 of two, else each in turn */
    double rate_khz; /* of background that may be accepted; 0: no working point is asked for */
    double input_rate_mhz; /* of background; 40 */
    double prescale;       /* one in so many accepted events is kept */
    const int *turn_on;    /* features whose turn-on curves are wanted, or NULL */
    int turn_on_count, bins;
    int replicas;    /* bootstrap samples; 0: no errors */
    bool robustness; /* whether to try disturbed inputs */
};

struct physics_request {
    const char *folder;
    const struct program
        *program; /* stands for the hardware: verified to be the same bit for bit */
    const struct network *quantized; /* DIR/model.onnx */
    const struct network
        *floating;        /* DIR/float.onnx, or NULL: the quantized network's latent weights */
    const double *x;      /* raw test events [events][features] */
    const float *labels;  /* [events], class numbers; or NULL */
    const float *targets; /* [events][target_count] of a regression, or NULL */
    int target_count;
    int classes;
    long events;
    const double
        *valid_x; /* validation events, on which cuts are chosen; NULL: on the test events */
    const float *valid_labels;
    long valid_events;
    const char **class_names, **feature_names; /* or NULL */
    bool host_softmax;                         /* logits leave the hardware; the host makes
                                                * probabilities of them, which are judged */
    bool hardware_agrees;                      /* false: what the hardware decides is not known */
    struct physics_options options;
};

/* Writes FOLDER/physics.json. Does nothing without labels and targets. */
void physics_write(const struct physics_request *request);

/* ---- between the files that write it ---- */

/* Scores of one way of computing, in a form that metrics_eval() takes. */
struct decided {
    double *scores; /* [events][columns] */
    int columns;
    double threshold; /* of a single column */
};
/* Whether only decisions leave the hardware: scores are then 0 or 1. */
bool physics_decisions_alone(const struct program *program);
/* What the program makes of raw events. */
struct decided physics_by_program(struct arena *arena, const struct physics_request *request,
                                  const double *x, long events);

/* What is cut on: the scores or, by the host's softmax, a copy as probabilities. */
struct decided physics_judged(struct arena *arena, const struct physics_request *request,
                              const struct decided *scores, long events);

/* working_points[] and turn_on[] (physics_points.c). labels: of the test events. */
void physics_add_points(cJSON *json, const struct physics_request *request,
                        const struct decided *hardware, const int *labels);
/* regression[] (physics_points.c). */
void physics_add_resolution(cJSON *json, const struct physics_request *request);
/* robustness[] (robustness.c): accuracy, or the root of the mean squared error, on test events with
 * bits of the inputs flipped, channels dead, gains off. */
void physics_add_robustness(cJSON *json, const struct physics_request *request);

#endif
