/* Files of a scheduled program. */
#include "cli/compile_files.h"

#include "base/file.h"
#include "compiler/compile.h"
#include "compiler/emit/emit.h"
#include "compiler/reuse/reuse.h"

#include <string.h>

const char *const optimize_names[OPTIMIZE_NAMES] = {"balanced", "latency", "area"};

void compile_files_remove_results(struct cli *cli)
{
    static const char *const results[] = {"verify.json",    "build.json",  "physics.json",
                                          "soft_core.json", "faults.json", "run.json",
                                          "run_scores.csv", "report.json", "report.txt",
                                          "report.html",    NULL};
    cli_remove_stale(cli, results);
}

void compile_files_emit(struct cli *cli, const struct program *program,
                        const struct compile_header *from)
{
    char hash[33];
    struct hash content = hash_init();
    hash_add_file(&content, cli_path(cli, "model.onnx"));
    hash_print(content, hash);
    const char *options = arena_printf(
        &cli->arena,
        "board %s, clock %g MHz, strategy %s, reuse %d, optimize %s, output %s, standardise %s",
        from->board, program->clock_mhz, from->strategy, from->reuse, from->optimize,
        program->output_kind, from->standardise);
    if (from->delay_scale != 1)
        options = arena_printf(&cli->arena, "%s, delays times %g", options, from->delay_scale);
    if (program->protect)
        options =
            arena_printf(&cli->arena, "%s, protect %s", options, protect_name(program->protect));
    struct emit_header header = {.tool_version = SLUICE_VERSION,
                                 .model_hash = hash,
                                 .options = options,
                                 .board = from->board};
    program_write(program, cli_path(cli, "program.sluice"));
    emit_verilog(program, &header, cli->folder);
    emit_axis(program, &header, from->stall_cycles, cli->folder);
    emit_c(program, &header, cli->folder);
    emit_interface(program, &header, cli->folder);
}

/* An empty object under that name, in place of one that may be there. */
static cJSON *object_anew(cJSON *json, const char *name)
{
    cJSON *object = cJSON_CreateObject();
    if (cJSON_HasObjectItem(json, name))
        cJSON_ReplaceItemInObjectCaseSensitive(json, name, object);
    else
        cJSON_AddItemToObject(json, name, object);
    return object;
}

static void set_number(cJSON *json, const char *name, double value)
{
    if (cJSON_HasObjectItem(json, name))
        cJSON_ReplaceItemInObjectCaseSensitive(json, name, cJSON_CreateNumber(value));
    else
        json_add_number(json, name, value);
}

void compile_files_describe(cJSON *json, const struct program *program, const struct board *board)
{
    set_number(json, "clock_mhz", program->clock_mhz);
    set_number(json, "latency_cycles", program->latency_cycles);
    set_number(json, "interval_cycles", program->interval_cycles);
    struct estimate e = estimate_program(program, &board->target.model);
    cJSON *estimate = object_anew(json, "estimate");
    json_add_number(estimate, "cells", e.cells);
    json_add_number(estimate, "cells_available", board->cells);
    json_add_number(estimate, "lut4", e.lut4);
    json_add_number(estimate, "ff", e.ff);
    json_add_number(estimate, "carry", e.carry);
    json_add_number(estimate, "bram", e.bram);
    json_add_number(estimate, "dsp", e.dsp);
    json_add_number(estimate, "fmax_mhz", e.fmax_mhz);
    struct program_counts counts = program_count(program, 0, program->op_count);
    cJSON *size = object_anew(json, "program");
    json_add_number(size, "operations", (double)counts.operations);
    json_add_number(size, "adders", (double)counts.adders);
    json_add_number(size, "adder_bits", (double)counts.adder_bits);
    json_add_number(size, "register_bits", (double)counts.register_bits);
    json_add_number(size, "depth", counts.depth);
}

/* The first block behind those of the layer that block `first` begins. */
static int layer_end(const struct program *program, int first)
{
    struct arena arena = {0};
    const char *name = reuse_layer_name(&arena, &program->blocks[first]);
    int end = first + 1;
    while (end < program->block_count &&
           !strcmp(reuse_layer_name(&arena, &program->blocks[end]), name))
        end++;
    arena_free(&arena);
    return end;
}

int compile_files_count(cJSON *row, const struct program *program, int block)
{
    int end = layer_end(program, block), first = program->latency_cycles, last = 0;
    struct program_counts counts =
        program_count(program, program->blocks[block].first, program->blocks[end - 1].end);
    for (int b = block; b < end; b++) {
        for (int i = program->blocks[b].first; i < program->blocks[b].end; i++) {
            const struct op *op = &program->ops[i];
            int stage = op->stage + program->blocks[b].trip - 1;
            if (op->code == OP_CONST || op->code == OP_INPUT) continue;
            if (op->stage < first) first = op->stage;
            if (stage > last) last = stage;
        }
    }
    if (first > last) first = last;
    set_number(row, "start_cycle", first);
    set_number(row, "end_cycle", last + 1);
    set_number(row, "operations", (double)counts.operations);
    set_number(row, "adder_bits", (double)counts.adder_bits);
    set_number(row, "register_bits", (double)counts.register_bits);
    return end;
}
