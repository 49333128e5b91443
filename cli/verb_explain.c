/* sluice explain: where the cells and the nanoseconds of a compiled network go. */
#include "base/error.h"
#include "base/file.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "cli/explain.h"
#include "compiler/estimate/neurons.h"
#include "model/onnx.h"

#include <stdio.h>

/* Which element of which layer the neurons are; without the model nobody knows. */
static void find_elements(struct explain *e)
{
    size_t count = (size_t)e->program->op_count + 1;
    bool *candidates = arena_alloc(&e->arena, count, sizeof *candidates);
    e->elements = arena_alloc(&e->arena, count, sizeof *e->elements);
    for (int i = 0; i < e->costs->neuron_count; i++)
        candidates[e->costs->neurons[i].value] = true;
    for (int v = 0; v < e->program->op_count; v++)
        e->elements[v] = -1;
    if (e->network) neurons_find(e->program, e->network, candidates, e->elements, NULL);
}

static void print(const cJSON *json, bool as_json)
{
    if (as_json) {
        cli_print(json);
        return;
    }
    struct text out = {0};
    explain_print(&out, json);
    fputs(text_string(&out), stdout);
    text_free(&out);
}

int verb_explain(struct cli *cli)
{
    struct program *program = program_read(cli_need(cli, "program.sluice", "compile"));
    if (program->latency_cycles == 0)
        fail("%s: not scheduled; compile without --stop-after", cli_path(cli, "program.sluice"));
    cJSON *compiled = json_read(cli_need(cli, "compile.json", "compile"));
    const char *target_name = json_string(compiled, "target", NULL);
    if (!target_name)
        fail("%s: no target in it; run `sluice compile` again", cli_path(cli, "compile.json"));
    struct board_target target;
    board_target_find(&target, target_name);
    const char *model = cli_path(cli, "model.onnx"), *report = cli_path(cli, "build/report.json");
    struct network *network = file_exists(model) ? onnx_read(model) : NULL;
    if (network && network->layers[0].size != program->input_count)
        fail("%s: not the network of program.sluice; run `sluice compile` again", model);
    struct explain e = {.program = program, .network = network, .target = &target.model};
    e.costs = attribute_costs(program, e.target);
    find_elements(&e);
    cJSON *json = explain_json(&e), *placed = NULL;
    /* a later compile removes build.json: without it the report is an older program's */
    if (file_exists(report) && file_exists(cli_path(cli, "build.json"))) {
        cJSON *tool = json_read(report);
        placed = explain_placed(&e, tool);
        cJSON_Delete(tool);
    }
    cJSON_AddItemToObject(json, "placed_path", placed ? placed : cJSON_CreateNull());
    print(json, cli->flags.json);
    cJSON_Delete(json);
    cJSON_Delete(compiled);
    attribution_free(e.costs);
    network_free(network);
    program_free(program);
    arena_free(&e.arena);
    return 0;
}
