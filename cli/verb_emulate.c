/* sluice emulate: raw events through the integer program (or the float reference) to scores. */
#include "base/error.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/scores.h"
#include "compiler/program/program.h"
#include "data/events.h"
#include "model/onnx.h"

#include <string.h>

int verb_emulate(struct cli *cli)
{
    const char *reference = cli->flags.reference;
    if (!cli->flags.events) fail("emulate: --events X.npy is missing");
    if (!cli->flags.out) fail("emulate: --out Y.npy is missing");
    if (reference && strcmp(reference, "quantized") != 0 && strcmp(reference, "float") != 0)
        fail("--reference %s: must be quantized or float", reference);
    struct program *program = program_read(cli_need(cli, "program.sluice", "compile"));
    long events;
    double *x = events_read_rows(&cli->arena, cli->flags.events, program->input_count, &events);
    size_t columns = (size_t)program->output_count;
    double *y = arena_alloc(&cli->arena, (size_t)events * columns, sizeof *y);
    double start = clock_seconds();
    if (reference) {
        struct network *network = onnx_read(cli_need(cli, "model.onnx", "compile"));
        enum reference_mode mode = reference[0] == 'q' ? REFERENCE_QUANTIZED : REFERENCE_FLOAT;
        scores_reference(program, network, mode, x, events, y);
        network_free(network);
    } else {
        scores_program(program, x, events, y);
    }
    double seconds = clock_seconds() - start;
    npy_write_double(cli->flags.out, y, events, program->output_count);
    info("%ld events, %.3g events/s: %s", events, (double)events / seconds, cli->flags.out);
    if (cli->flags.json)
        printf("{\"events\": %ld, \"outputs\": %d, \"seconds\": %.6f}\n", events,
               program->output_count, seconds);
    program_free(program);
    return 0;
}
