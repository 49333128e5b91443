/* Closing the loop between the delay model and place and route. */
#ifndef SLUICE_CLI_RETIME_H
#define SLUICE_CLI_RETIME_H

#include "cli/cli.h"

/* Schedules the program of the build folder anew for the same clock with all delays of the model
 * multiplied by `scale`, and writes what a compile would have (the rest of compile.json stays;
 * delay_scale is added). Results of the old schedule are removed. False, with the old one kept,
 * when one operation alone is then too slow for the clock. */
bool retime(struct cli *cli, double scale);

#endif
