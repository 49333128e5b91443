/* What a build for a board is asked to do, from a job and flags. */
#ifndef SLUICE_CLI_BOARD_REQUEST_H
#define SLUICE_CLI_BOARD_REQUEST_H

#include "boards/flow.h"
#include "cli/cli.h"
#include "compiler/program/program.h"

enum { BOARD_EVENTS = 256 }; /* stored on the board */

/* `count` raw events in rows, in the arena of `cli`: the job's test events; behind them, and
 * without a job, random ones in the inputs' ranges. */
double *board_events(struct cli *cli, const struct program *program, long count);
/* Integers of `count` events as the network's ports have them, (bits + 7) / 8 bytes each. */
const uint8_t *board_pack(struct cli *cli, const struct program *program, bool outputs,
                          const int64_t *integers, long count);
/* The request, with the first BOARD_EVENTS rows of `x` and the program's answers as patterns. */
void board_request(struct cli *cli, const struct program *program, const double *x,
                   struct build_request *request);

#endif
