/* What verbs that generate C read from a build folder: the scheduled program, the one for
 * processors, the events to test with. */
#ifndef SLUICE_CLI_GENERATED_H
#define SLUICE_CLI_GENERATED_H

#include "cli/cli.h"
#include "compiler/emit/emit.h"

struct generated_input {
    struct program *program; /* program.sluice */
    struct program *lowered; /* lowered.sluice */
    struct emit_header header;
    const double *x; /* raw test events: --events, else the job's; NULL: none */
    long events;
};
/* Strings and events live in the cli's arena. */
void generated_read(struct cli *cli, struct generated_input *input);
void generated_free(struct generated_input *input);

#endif
