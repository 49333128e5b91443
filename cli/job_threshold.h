/* The threshold that lets a given part of the background pass. */
#ifndef SLUICE_CLI_JOB_THRESHOLD_H
#define SLUICE_CLI_JOB_THRESHOLD_H

#include "cli/job.h"
#include "compiler/compile.h"
#include "model/network.h"

/* For the key background_fraction: between two neighbouring scores of background events of the
 * quantized (prepared) network, as low as that part of them allows, on the validation events or,
 * where the job has none, the training events. Background is class 0, or the class that `trees:
 * background` names; without labels all events are. Says what it found. */
double job_threshold(struct job *job, const struct network *network,
                     const struct compile_options *options);

#endif
