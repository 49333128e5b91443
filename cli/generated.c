/* See generated.h. */
#include "cli/generated.h"

#include "base/error.h"
#include "base/file.h"
#include "cli/job_use.h"
#include "data/events.h"

#include <string.h>

static void read_events(struct cli *cli, struct generated_input *input)
{
    const struct program *p = input->program;
    if (cli->flags.events) {
        bool *may_miss = arena_alloc(&cli->arena, (size_t)p->input_count, sizeof *may_miss);
        for (int i = 0; i < p->input_count; i++)
            may_miss[i] = program_may_miss(p, i);
        input->x = events_read_rows_missing(&cli->arena, cli->flags.events, p->input_count,
                                            may_miss, &input->events);
    } else if (cli->job && cli->job->data->train) {
        struct job_events *events = job_read_events(cli->job);
        if (events->test->features == p->input_count) {
            input->events = events->test_count;
            input->x = job_rows(&cli->arena, events->test, events->test_rows, events->test_count);
        }
        job_free_events(events);
    }
}

void generated_read(struct cli *cli, struct generated_input *input)
{
    *input = (struct generated_input){0};
    input->program = program_read(cli_need(cli, "program.sluice", "compile"));
    input->lowered = program_read(cli_need(cli, "lowered.sluice", "compile"));
    struct hash hash = hash_init();
    char *digits = arena_alloc(&cli->arena, 33, 1);
    hash_add_file(&hash, cli_need(cli, "model.onnx", "compile"));
    hash_print(hash, digits);
    input->header = (struct emit_header){
        .tool_version = SLUICE_VERSION,
        .model_hash = digits,
        .options = arena_printf(&cli->arena, "output %s", input->program->output_kind),
        .board = ""};
    read_events(cli, input);
}

void generated_free(struct generated_input *input)
{
    program_free(input->program);
    program_free(input->lowered);
}
