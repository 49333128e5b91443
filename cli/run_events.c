/* sluice run: the events that are played, and what the interpreter makes of them. */
#include "base/error.h"
#include "cli/board_request.h"
#include "cli/run.h"
#include "compiler/emit/emit.h"
#include "data/events.h"

#include <stdlib.h>

enum { EVENTS_DEFAULT = 10000, DISTINCT_SIMULATED = 1024, DISTINCT_MOST = 1000000 };
static const long most_events = 1000000000000;

/* --events as a number; 0: it is a file, or not given. */
static long asked_number(const struct cli *cli)
{
    const char *events = cli->flags.events;
    char *end;
    if (!events) return 0;
    long number = strtol(events, &end, 10);
    if (*end || end == events) return 0;
    if (number < 1 || number > most_events) fail("--events %s: from 1 to %ld", events, most_events);
    return number;
}

static bool *missing_inputs(struct cli *cli, const struct program *program)
{
    bool *may_miss = arena_alloc(&cli->arena, (size_t)program->input_count, sizeof *may_miss);
    for (int i = 0; i < program->input_count; i++)
        may_miss[i] = program_may_miss(program, i);
    return may_miss;
}

/* How many different ones, of `total`. */
static long choose_distinct(const struct run *run, long total)
{
    long most = run->cli->flags.distinct;
    if (most < 0) most = run->cli->flags.board_port ? DISTINCT_MOST : DISTINCT_SIMULATED;
    return most < total ? most : total;
}

void run_read_events(struct run *run)
{
    struct cli *cli = run->cli;
    struct run_events *events = &run->events;
    const struct program *program = run->program;
    long number = asked_number(cli);
    double *x;
    if (cli->flags.events && !number) {
        x = events_read_rows_missing(&cli->arena, cli->flags.events, program->input_count,
                                     missing_inputs(cli, program), &events->total);
        events->distinct =
            cli->flags.distinct > 0 ? choose_distinct(run, events->total) : events->total;
    } else {
        events->total = number ? number : EVENTS_DEFAULT;
        events->distinct = choose_distinct(run, events->total);
        x = board_events(cli, program, events->distinct);
    }
    size_t rows = (size_t)events->distinct;
    int64_t *inputs = arena_alloc(&cli->arena, rows * (size_t)program->input_count, sizeof *inputs);
    program_quantize_inputs(program, x, events->distinct, inputs);
    events->inputs = inputs;
    events->packed_inputs = board_pack(cli, program, false, inputs, events->distinct);
    events->input_bytes = (emit_input_bits(program) + 7) / 8;
}

void run_compute_events(struct run *run)
{
    struct cli *cli = run->cli;
    struct run_events *events = &run->events;
    const struct program *program = run->program;
    size_t rows = (size_t)events->distinct;
    int64_t *outputs =
        arena_alloc(&cli->arena, rows * (size_t)program->output_count, sizeof *outputs);
    program_eval(program, events->inputs, events->distinct, outputs);
    events->outputs = outputs;
    events->packed_outputs = board_pack(cli, program, true, outputs, events->distinct);
    events->output_bytes = (emit_output_bits(program) + 7) / 8;
    run->scores = histogram_init(&cli->arena, program);
}

static void unpack(const struct program *program, const struct port *ports, int count,
                   const uint8_t *packed, int64_t *integers)
{
    int bit = 0;
    for (int k = 0; k < count; k++) {
        struct format format = program->ops[ports[k].value].format;
        uint64_t value = 0;
        for (int i = 0; i < format.width_bits; i++, bit++)
            value |= (uint64_t)(packed[bit / 8] >> bit % 8 & 1) << i;
        if (format.is_signed && value >> (format.width_bits - 1) & 1)
            value |= ~UINT64_C(0) << (format.width_bits - 1);
        integers[k] = (int64_t)value;
    }
}

void run_unpack(const struct program *program, const uint8_t *packed, int64_t *outputs)
{
    unpack(program, program->outputs, program->output_count, packed, outputs);
}

void run_unpack_inputs(const struct program *program, const uint8_t *packed, int64_t *inputs)
{
    unpack(program, program->inputs, program->input_count, packed, inputs);
}
