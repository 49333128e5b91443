/* sluice build: Verilog to a placed design, a bitstream, and a simulation of its gates. */
#include "base/error.h"
#include "boards/flow.h"
#include "cli/cli.h"
#include "cli/job_use.h"
#include "compiler/emit/emit.h"
#include "data/random.h"

#include <math.h>
#include <string.h>

enum { PATTERN_EVENTS = 256 };

/* Stored integers for the pattern memory and for the gates: the job's test events, or random ones
 * in the inputs' ranges when there is no job. */
static int64_t *choose_inputs(struct cli *cli, const struct program *program, long count)
{
    size_t columns = (size_t)program->input_count;
    int64_t *inputs = arena_alloc(&cli->arena, (size_t)count * columns, sizeof *inputs);
    struct random random = random_init(1);
    long known = 0;
    if (cli->job && cli->job->data->train) {
        struct job_events *events = job_read_events(cli->job);
        known = events->test_count < count ? events->test_count : count;
        double *x = job_rows(&cli->arena, events->test, events->test_rows, known);
        program_quantize_inputs(program, x, known, inputs);
        job_free_events(events);
    }
    for (size_t i = (size_t)known * columns; i < (size_t)count * columns; i++) {
        const struct op *op = &program->ops[program->inputs[i % columns].value];
        inputs[i] = op->lo + (int64_t)random_below(&random, (uint64_t)(op->hi - op->lo) + 1);
    }
    return inputs;
}

static const uint8_t *pack(struct cli *cli, const struct program *program, bool outputs,
                           const int64_t *integers, long count)
{
    size_t bytes =
        (size_t)((outputs ? emit_output_bits(program) : emit_input_bits(program)) + 7) / 8;
    size_t columns = (size_t)(outputs ? program->output_count : program->input_count);
    uint8_t *packed = arena_alloc(&cli->arena, (size_t)count * bytes, 1);
    for (long e = 0; e < count; e++)
        emit_pack(program, outputs, integers + (size_t)e * columns, packed + (size_t)e * bytes);
    return packed;
}

static void fill_request(struct cli *cli, struct build_request *request)
{
    build_request_init(request);
    request->folder = cli->folder;
    request->cache = "build/cache";
    request->pins_free = cli->flags.pins_free;
    double limit = NAN;
    if (cli->job) {
        const struct job_target *from = cli->job->target;
        request->attempts = *from->seeds;
        request->pins_free = request->pins_free || *from->pins_free;
        limit = *from->time_limit_s;
    }
    if (cli->flags.seeds >= 1) request->attempts = cli->flags.seeds;
    if (!isnan(cli->flags.time_limit)) limit = cli->flags.time_limit;
    if (!isnan(limit)) request->synth_limit_s = request->place_limit_s = limit;
}

int verb_build(struct cli *cli)
{
    struct program *program = program_read(cli_need(cli, "program.sluice", "compile"));
    struct build_request request;
    fill_request(cli, &request);
    int64_t *inputs = choose_inputs(cli, program, PATTERN_EVENTS);
    int64_t *outputs = arena_alloc(
        &cli->arena, (size_t)PATTERN_EVENTS * (size_t)program->output_count, sizeof *outputs);
    program_eval(program, inputs, PATTERN_EVENTS, outputs);
    request.patterns =
        (struct build_patterns){.count = PATTERN_EVENTS,
                                .inputs = pack(cli, program, false, inputs, PATTERN_EVENTS),
                                .outputs = pack(cli, program, true, outputs, PATTERN_EVENTS)};
    struct build_result result;
    build_run(&request, &result);
    info("%s: %.0f of %.0f cells, %.1f MHz reached of %.1f asked%s%s", result.board.name,
         result.cells, result.cells_available, result.fmax_mhz, result.clock_mhz,
         result.bitstream[0] ? "; bitstream " : "", result.bitstream);
    cli_print_json(cli, cli_path(cli, "build.json"));
    if (!result.timing_met)
        fail("%s: %.1f MHz reached, %.1f MHz asked", cli->folder, result.fmax_mhz,
             result.clock_mhz);
    program_free(program);
    return 0;
}
