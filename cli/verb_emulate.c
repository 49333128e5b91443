/* sluice emulate: raw events through the integer program (or the float reference) to scores. */
#include "base/error.h"
#include "base/progress.h"
#include "cli/cli.h"
#include "cli/scores.h"
#include "compiler/load_image.h"
#include "compiler/program/program.h"
#include "data/events.h"
#include "model/onnx.h"
#include "sim/emulate.h"

#include <string.h>

/* Inputs that may be missing: where the hardware has a code for that; in the float network wherever
 * trees, which know where to send them, are the first to read them. */
static bool *missing_inputs(struct cli *cli, const struct program *program,
                            const struct network *network, enum reference_mode mode)
{
    bool *may_miss = arena_alloc(&cli->arena, (size_t)program->input_count, sizeof *may_miss);
    const struct layer *first = &network->layers[1];
    if (first->kind == LAYER_QUANT && network->layer_count > 2) first++;
    bool trees = mode == REFERENCE_FLOAT && layer_is_trees(first);
    for (int i = 0; i < program->input_count; i++)
        may_miss[i] = trees || program_may_miss(program, i);
    return may_miss;
}

static struct emulate_result run_reference(struct cli *cli, const struct program *program)
{
    const char *reference = cli->flags.reference;
    if (strcmp(reference, "quantized") != 0 && strcmp(reference, "float") != 0)
        fail("--reference %s: must be quantized or float", reference);
    if (!cli->flags.out) fail("emulate: --out Y.npy is missing");
    if (cli->flags.histogram)
        fail("--histogram: goes with the integer program, not with --reference");
    struct network *network = onnx_read(cli_need(cli, "model.onnx", "compile"));
    enum reference_mode mode = reference[0] == 'q' ? REFERENCE_QUANTIZED : REFERENCE_FLOAT;
    struct emulate_result result = {.origin = "reference"};
    double *x =
        events_read_rows_missing(&cli->arena, cli->flags.events, program->input_count,
                                 missing_inputs(cli, program, network, mode), &result.events);
    double *y =
        arena_alloc(&cli->arena, (size_t)result.events * (size_t)program->output_count, sizeof *y);
    double start = clock_seconds();
    scores_reference(program, network, mode, x, result.events, y);
    npy_write_double(cli->flags.out, y, result.events, program->output_count);
    result.seconds = clock_seconds() - start;
    network_free(network);
    return result;
}

int verb_emulate(struct cli *cli)
{
    const struct flags *flags = &cli->flags;
    if (!flags->events) fail("emulate: --events X.npy is missing");
    if (!flags->out && !flags->histogram) fail("emulate: --out Y.npy is missing");
    struct program *program = program_read(cli_need(cli, "program.sluice", "compile"));
    if (flags->image) load_image_apply(program, cli->folder, flags->image);
    if (flags->image && flags->reference) fail("--image: goes with the program, not --reference");
    struct emulate_options options = {.events = flags->events,
                                      .out = flags->out,
                                      .histogram = flags->histogram,
                                      .cache = cli_path(cli, "emulate"),
                                      .mode =
                                          flags->interpreter ? NATIVE_INTERPRETED : NATIVE_AUTO};
    struct emulate_result r =
        flags->reference ? run_reference(cli, program) : emulate_run(program, &options);
    info("%ld events, %.3g events/s (%s): %s", r.events, (double)r.events / r.seconds, r.origin,
         flags->out ? flags->out : flags->histogram);
    if (flags->json)
        printf("{\"events\": %ld, \"outputs\": %d, \"seconds\": %.6f, \"cpu_seconds\": %.6f, "
               "\"compile_seconds\": %.6f, "
               "\"origin\": \"%s\"}\n",
               r.events, program->output_count, r.seconds, r.cpu_seconds, r.compile_seconds,
               r.origin);
    program_free(program);
    return 0;
}
