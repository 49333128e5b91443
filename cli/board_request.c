/* Builds for a board: see board_request.h. */
#include "cli/board_request.h"

#include "base/error.h"
#include "cli/job_use.h"
#include "compiler/emit/emit.h"
#include "data/random.h"

#include <math.h>
#include <string.h>

/* Raw events for the pattern memory and for the gates: the job's test events; behind them, and
 * without a job, random ones in the inputs' ranges. */
double *board_events(struct cli *cli, const struct program *program, long count)
{
    size_t columns = (size_t)program->input_count;
    double *x = arena_alloc(&cli->arena, (size_t)count * columns, sizeof *x);
    long known = 0;
    if (cli->job && cli->job->data->train) {
        struct job_events *events = job_read_events(cli->job);
        known = events->test_count < count ? events->test_count : count;
        const double *rows = job_rows(&cli->arena, events->test, events->test_rows, known);
        memcpy(x, rows, (size_t)known * columns * sizeof *x);
        job_free_events(events);
    }
    struct random random = random_init(1);
    for (size_t i = (size_t)known * columns; i < (size_t)count * columns; i++) {
        const struct op *op = &program->ops[program->inputs[i % columns].value];
        int64_t integer = op->lo + (int64_t)random_below(&random, (uint64_t)(op->hi - op->lo) + 1);
        x[i] = program_raw_value(program, (int)(i % columns), integer);
    }
    return x;
}

const uint8_t *board_pack(struct cli *cli, const struct program *program, bool outputs,
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

enum { CROSSING_MHZ = 40 }; /* where no job says */

/* Which control, by flag or job. */
static bool has_core(const struct cli *cli)
{
    const char *control = cli->job ? cli->job->target->control : "player";
    if (cli->flags.control) control = cli->flags.control;
    if (strcmp(control, "core") != 0 && strcmp(control, "player") != 0)
        fail("control: '%s' is not known; player or core", control);
    return strcmp(control, "core") == 0;
}

static enum build_fallback_choice choose_fallback(const struct cli *cli)
{
    static const char *const names[] = {
        [BUILD_FALLBACK_AUTO] = "auto", [BUILD_FALLBACK_ON] = "on", [BUILD_FALLBACK_OFF] = "off"};
    const char *asked = cli->job ? cli->job->target->fallback : names[BUILD_FALLBACK_AUTO];
    if (cli->flags.fallback) asked = cli->flags.fallback;
    for (int i = 0; i < 3; i++)
        if (strcmp(asked, names[i]) == 0) return (enum build_fallback_choice)i;
    fail("fallback: '%s' is not known; auto, on or off", asked);
}

static void fill_options(struct cli *cli, struct build_request *request)
{
    build_request_init(request);
    request->folder = cli->folder;
    request->cache = "build/cache";
    request->pins_free = cli->flags.pins_free;
    request->control_core = has_core(cli);
    request->fallback = choose_fallback(cli);
    request->event_mhz = CROSSING_MHZ;
    double limit = NAN;
    if (cli->job) {
        const struct job_target *from = cli->job->target;
        request->attempts = *from->seeds;
        request->event_mhz =
            *cli->job->budget->bunch_crossing_mhz * *cli->job->budget->events_per_crossing;
        request->pins_free = request->pins_free || *from->pins_free;
        limit = *from->time_limit_s;
    }
    if (cli->flags.seeds >= 1) request->attempts = cli->flags.seeds;
    if (!isnan(cli->flags.time_limit)) limit = cli->flags.time_limit;
    if (!isnan(limit)) request->synth_limit_s = request->place_limit_s = limit;
}

void board_request(struct cli *cli, const struct program *program, const double *x,
                   struct build_request *request)
{
    fill_options(cli, request);
    int64_t *inputs = arena_alloc(&cli->arena, (size_t)BOARD_EVENTS * (size_t)program->input_count,
                                  sizeof *inputs);
    int64_t *outputs = arena_alloc(
        &cli->arena, (size_t)BOARD_EVENTS * (size_t)program->output_count, sizeof *outputs);
    program_quantize_inputs(program, x, BOARD_EVENTS, inputs);
    program_eval(program, inputs, BOARD_EVENTS, outputs);
    request->patterns =
        (struct build_patterns){.count = BOARD_EVENTS,
                                .inputs = board_pack(cli, program, false, inputs, BOARD_EVENTS),
                                .outputs = board_pack(cli, program, true, outputs, BOARD_EVENTS)};
}
