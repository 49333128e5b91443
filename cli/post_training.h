/* Somebody else's float model: formats chosen on events, with a table of what each layer costs. */
#ifndef SLUICE_CLI_POST_TRAINING_H
#define SLUICE_CLI_POST_TRAINING_H

#include "cli/cli.h"
#include "model/network.h"

/* If the network is a float one and there are events to look at (--calibrate, else the job's
 * training events), its quantized form, with a table of accuracy by layer on stdout; else the
 * network itself. What is not returned is freed. model: the file, for messages. rows, may be NULL:
 * the table as JSON, NULL if there is none. */
struct network *post_training(struct cli *cli, struct network *network, const char *model,
                              cJSON **rows);

#endif
