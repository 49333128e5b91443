/* What a scheduled program leaves in the build folder, by whichever verb it was scheduled. */
#ifndef SLUICE_CLI_COMPILE_FILES_H
#define SLUICE_CLI_COMPILE_FILES_H

#include "boards/board.h"
#include "cli/cli.h"
#include "compiler/compile.h"
#include "compiler/program/program.h"

/* How `sluice compile` would compile the job's network, the input's format aside; the board's model
 * is pointed to. */
void compile_options_of_job(struct cli *cli, struct board *board, struct compile_options *options);

/* What the generated files say of how they were made. */
struct compile_header {
    const char *board, *strategy, *standardise;
    const char *optimize; /* of optimize_names */
    int reuse;
    int stall_cycles;   /* of the AXI-Stream wrapper; below 0: no wrapper */
    double delay_scale; /* 1: the target's delays */
};

/* By enum compile_optimize. */
enum { OPTIMIZE_NAMES = 3 };
extern const char *const optimize_names[OPTIMIZE_NAMES];

/* What later verbs made of a program that is no longer there. */
void compile_files_remove_results(struct cli *cli);

/* program.sluice, the Verilog, the C and interface.json. model.onnx is there. */
void compile_files_emit(struct cli *cli, const struct program *program,
                        const struct compile_header *header);
/* Sets clock, latency, interval, estimate and counts in compile.json. */
void compile_files_describe(cJSON *json, const struct program *program, const struct board *board);
/* Sets cycles and counts of a block in its row of compile.json. */
void compile_files_count(cJSON *row, const struct program *program, const struct block *block);

#endif
