/* sluice run --watch --spy: capture after capture. The board tells when its spy has frozen; records
 * with their inputs are read, computed again by the interpreter, and go into spy.csv. */
#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "base/text.h"
#include "cli/run.h"

#include <math.h>
#include <string.h>

enum { RECORDS = 8 }; /* of a capture: half of them behind the one that froze the spy */
static const double show_s = 0.5, overdue_s = 2;

static void add_names(struct text *text, const char *what, const struct port *ports, int count)
{
    for (int i = 0; i < count; i++) {
        struct text name = {0};
        text_add(&name, "%s:%s", what, ports[i].name);
        text_add(text, ",");
        text_add_field(text, text_string(&name));
        text_free(&name);
    }
}

static void add_head(struct text *text, const struct program *program)
{
    text_add(text, "capture,event,accepted,passes");
    add_names(text, "input", program->inputs, program->input_count);
    add_names(text, "score", program->outputs, program->output_count);
    add_names(text, "computed", program->outputs, program->output_count);
    text_add(text, ",agrees\n");
}

/* The raw value that an input's integer stands for; with edges the one that it is not below; NaN:
 * it is missing. */
static double raw_input(const struct program *program, int i, int64_t integer)
{
    const struct port *port = &program->inputs[i];
    if (integer == 0 && program_may_miss(program, i)) return NAN;
    if (port->edge_count > 0) return integer > 0 ? port->edges[integer - 1] : -INFINITY;
    double value = ldexp((double)integer, -format_fraction_bits(program->ops[port->value].format));
    return (value - port->host_offset) / port->host_scale;
}

/* What the program makes of the record's input; of an input that was not spied, its event's. */
static void compute(struct run *run, const struct host_record *record, long stored, int64_t *inputs,
                    int64_t *computed)
{
    const struct program *program = run->program;
    if (record->input)
        run_unpack_inputs(program, record->input, inputs);
    else
        memcpy(inputs, run->events.inputs + record->event % stored * program->input_count,
               (size_t)program->input_count * sizeof *inputs);
    program_eval(program, inputs, 1, computed);
}

static void add_record(struct run *run, struct text *text, const struct host_record *record,
                       long stored)
{
    struct arena arena = {0};
    const struct program *program = run->program;
    size_t columns = (size_t)program->output_count;
    int64_t *inputs = arena_alloc(&arena, (size_t)program->input_count, sizeof *inputs),
            *scores = arena_alloc(&arena, 2 * columns, sizeof *scores);
    double *real = arena_alloc(&arena, 2 * columns, sizeof *real);
    run_unpack(program, record->answer, scores);
    compute(run, record, stored, inputs, scores + columns);
    program_scale_outputs(program, scores, 2, real);
    bool agrees = memcmp(scores, scores + columns, columns * sizeof *scores) == 0;
    text_add(text, "%ld,%u,%d,%u", run->captures, record->event, record->accepted, record->passes);
    for (int i = 0; i < program->input_count; i++)
        text_add(text, ",%.9g", raw_input(program, i, inputs[i]));
    for (size_t k = 0; k < 2 * columns; k++)
        text_add(text, ",%.9g", real[k]);
    text_add(text, ",%d\n", agrees);
    run->faults.streamed++;
    run->faults.streamed_different += !agrees;
    if (!agrees && !run->faults.first[0])
        snprintf(run->faults.first, sizeof run->faults.first,
                 "capture %ld: event %u has another answer than the program's of its input",
                 run->captures, record->event);
    if (agrees) histogram_add(&run->scores, scores, 1);
    run->scores_read += agrees;
    arena_free(&arena);
}

static void capture(struct run *run, struct text *text, long stored)
{
    struct arena arena = {0};
    struct host_record records[RECORDS];
    int count = host_read_spy(&run->board, &arena, RECORDS, records);
    run->captures++;
    for (int i = 0; i < count; i++)
        add_record(run, text, &records[i], stored);
    arena_free(&arena);
}

static bool is_over(const struct run *run, double start_s)
{
    const struct flags *flags = &run->cli->flags;
    return interrupt_requested() || (flags->captures > 0 && run->captures >= flags->captures) ||
           clock_seconds() - start_s >= flags->seconds;
}

/* A notice that a bad line lost is found out by asking. */
static bool has_frozen(struct run *run, double armed_s)
{
    uint32_t status;
    if (run->board.link.frozen) return true;
    if (clock_seconds() - armed_s < overdue_s) return false;
    host_is_playing(&run->board, &status);
    return status & STATUS_FROZEN;
}

/* Listens, counts and shows meanwhile; true: the spy has frozen. */
static bool wait_for_spy(struct run *run, double start_s)
{
    bool on_demand = run_spy_trigger(run->cli->flags.spy) == 0;
    double armed_s = clock_seconds();
    while (!is_over(run, start_s)) {
        if (!host_link_listen(&run->board.link, show_s)) run_look(run);
        if (has_frozen(run, armed_s)) {
            run->told += run->board.link.frozen;
            return true;
        }
        if (on_demand) host_write_word(&run->board, ADDRESS_CONTROL, CONTROL_FREEZE);
    }
    return false;
}

void run_capture(struct run *run, long stored, double start_s)
{
    struct text text = {0};
    uint32_t trigger = run_spy_trigger(run->cli->flags.spy);
    add_head(&text, run->program);
    host_hear_of_spy(&run->board);
    for (;;) {
        host_arm_spy(&run->board, trigger, RECORDS / 2 - 1);
        if (!wait_for_spy(run, start_s)) break;
        capture(run, &text, stored);
        run_look(run);
    }
    const char *path = cli_path(run->cli, "spy.csv");
    file_write(path, text.bytes, text.length);
    text_free(&text);
    info("%ld captures, %ld of them told by the board: %s", run->captures, run->told, path);
    if (run->cli->flags.captures > run->captures)
        info("the spy has frozen %ld times of %d", run->captures, run->cli->flags.captures);
}
