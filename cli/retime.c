/* A tighter schedule for a program that is there. */
#include "cli/retime.h"

#include "base/error.h"
#include "boards/board.h"
#include "cli/compile_files.h"
#include "compiler/compile.h"
#include "compiler/schedule/schedule.h"

#include <string.h>

/* The layers' rows have their blocks' names. */
static void count_layers(cJSON *json, const struct program *program)
{
    cJSON *row;
    cJSON_ArrayForEach(row, json_find(json, "layers"))
    {
        for (int b = 0; b < program->block_count; b++)
            if (!strcmp(program->blocks[b].name, json_string(row, "name", "")))
                compile_files_count(row, program, &program->blocks[b]);
    }
}

bool retime(struct cli *cli, double scale)
{
    const char *path = cli_need(cli, "compile.json", "compile");
    cJSON *json = json_read(path);
    struct board board;
    board_find(&board, json_string(json, "board", ""));
    struct program *old = program_read(cli_need(cli, "program.sluice", "compile"));
    struct target scaled = board.target.model;
    target_scale_delays(&scaled, scale);
    struct compile_options options;
    compile_options_init(&options);
    options.target = &scaled;
    options.clock_mhz = old->clock_mhz;
    const char *optimize = json_string(json, "optimize", optimize_names[0]);
    for (int i = 0; i < OPTIMIZE_NAMES; i++)
        if (!strcmp(optimize, optimize_names[i])) options.optimize = (enum compile_optimize)i;
    bool possible = schedule_latency(old, &options) > 0;
    if (possible) {
        struct program *program = schedule_program(old, &options);
        compile_files_remove_results(cli);
        compile_files_emit(
            cli, program,
            &(struct compile_header){.board = board.name,
                                     .strategy = json_string(json, "strategy", "latency"),
                                     .standardise = json_string(json, "standardise", "host"),
                                     .optimize = optimize,
                                     .reuse = (int)json_number(json, "reuse", 1),
                                     .stall_cycles = (int)json_number(json, "stall_cycles", -1),
                                     .delay_scale = scale});
        compile_files_describe(json, program, &board);
        count_layers(json, program);
        cJSON_DeleteItemFromObject(json, "delay_scale");
        json_add_number(json, "delay_scale", scale);
        json_write(path, json);
        program_free(program);
    }
    program_free(old);
    cJSON_Delete(json);
    return possible;
}
