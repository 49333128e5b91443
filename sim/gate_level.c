/* Gate-level simulation: see gate_level.h. */
#include "sim/gate_level.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/progress.h"
#include "compiler/emit/emit.h"
#include "sim/bench.h"
#include "sim/loads.h"
#include "sim/sources.h"
#include "sim/stimuli.h"

#include <stdio.h>
#include <string.h>

/* In the build folder; in the bench's, and the way from the bench's to the build folder. */
#define NETLIST "build/network_netlist.v"
#define COUNTS "cells.json"
#define BENCH_FOLDER "verify/gate_level"
#define FROM_FOLDER "../../"

enum { MOST_TEST_EVENTS = 1000, SPLIT_LIMIT_S = 300 };

/* The cell models that fit the netlist. */
static const char *choose_cells(struct arena *arena, const char *netlist)
{
    size_t length;
    const char *text = file_read(arena, netlist, &length);
    bool ice40 = strstr(text, "SB_LUT4") || strstr(text, "SB_DFF");
    bool gowin = strstr(text, "  DFF") || strstr(text, "  ALU ") || strstr(text, "  VCC ");
    bool ecp5 = strstr(text, "TRELLIS_FF") || strstr(text, "LUT4 ");
    if (!ice40 && !ecp5 && !gowin) fail("%s holds no cells of iCE40, ECP5 or Gowin", netlist);
    return ice40 ? sim_cells_ice40 : gowin ? sim_cells_gowin : sim_cells_ecp5;
}

/* Whether the models hold the cell: as a module, or by one of the macros for flip-flops. */
static bool is_modelled(struct arena *arena, const char *cells, const char *name)
{
    return strstr(cells, arena_printf(arena, "\nmodule %s (", name)) ||
           strstr(cells, arena_printf(arena, "\n`CELL_FF(%s,", name)) ||
           strstr(cells, arena_printf(arena, "\n`CELL_FF_ASYNC(%s,", name));
}

/* `counts`: Yosys's `stat -json` of the netlist. A cell without a model ends the program. */
static void check_cells(struct arena *arena, const char *netlist, const char *counts,
                        const char *cells)
{
    cJSON *json = json_read(counts);
    const cJSON *types = json_find(json, "design.num_cells_by_type"), *type;
    if (!cJSON_IsObject(types)) fail_at(counts, 0, "holds no counts of cells");
    cJSON_ArrayForEach(type, types)
    {
        if (!is_modelled(arena, cells, type->string))
            fail("%s: there is no model of the cell %s, so the netlist cannot be simulated; "
                 "`verify: {gate_level_events: 0}` does without",
                 netlist, type->string);
    }
    cJSON_Delete(json);
}

/* The same cells with every net a single bit: bits of a vector that depend on one another, as in a
 * carry chain, look like a loop to Verilator. Beside it goes COUNTS, Yosys's statistics. */
static const char *split_nets(struct arena *arena, const char *folder)
{
    static const char script[] =
        "read_verilog " FROM_FOLDER NETLIST "; hierarchy -auto-top; tee -q -o " COUNTS
        " stat -json; splitnets; write_verilog -noattr -noexpr netlist.v";
    char reason[300];
    const char *log = file_join(arena, folder, "split.log");
    const char *const argv[] = {"yosys", "-q", "-p", script, NULL};
    struct process_options options = {.folder = folder, .log = log, .time_limit_s = SPLIT_LIMIT_S};
    int status = process_run(argv, &options);
    if (status == PROCESS_NOT_FOUND) fail("yosys is not installed; run `make deps`");
    if (status != 0) {
        process_log_reason(log, reason, sizeof reason);
        fail("yosys failed: %s; see %s", reason, log);
    }
    return file_join(arena, folder, "netlist.v");
}

/* The netlist as Verilator takes it, and beside it cells.v, the models of all its cells. */
static const char *write_netlist(struct arena *arena, const char *netlist, const char *folder)
{
    const char *cells = choose_cells(arena, netlist), *split = split_nets(arena, folder);
    check_cells(arena, netlist, file_join(arena, folder, COUNTS), cells);
    file_write(file_join(arena, folder, "cells.v"), cells, strlen(cells));
    return split;
}

const char *const *gate_level_sources(struct arena *arena, const char *folder, const char *work)
{
    const char *netlist = file_join(arena, folder, NETLIST);
    const char **sources = arena_alloc(arena, 3, sizeof *sources);
    if (!file_exists(netlist)) fail("%s is not there; run `sluice build` first", netlist);
    sources[0] = write_netlist(arena, netlist, work);
    sources[1] = file_join(arena, work, "cells.v");
    return sources;
}

static void judge(const struct bench_verdict *verdict, const struct program *program, long events,
                  struct gate_level_result *result)
{
    char event[40] = "";
    result->mismatches = verdict->mismatches;
    if (verdict->event >= 0) snprintf(event, sizeof event, ", event %ld", verdict->event);
    if (verdict->failed)
        snprintf(result->reason, sizeof result->reason,
                 "the netlist differs from the interpreter %ld times; first: %s%s, %s",
                 verdict->mismatches, verdict->kind, event, verdict->phase);
    else if (verdict->latency != program->latency_cycles)
        snprintf(result->reason, sizeof result->reason,
                 "the netlist's result comes after %ld cycles, not %d", verdict->latency,
                 program->latency_cycles);
    else if (verdict->checked < events)
        snprintf(result->reason, sizeof result->reason, "only %ld of %ld events were judged",
                 verdict->checked, events);
}

void gate_level_run(const struct gate_level_request *request, struct gate_level_result *result)
{
    struct arena arena = {0};
    double start = clock_seconds();
    *result = (struct gate_level_result){0};
    if (request->events < 1) {
        snprintf(result->reason, sizeof result->reason,
                 "there are no events: the netlist was not simulated");
        return;
    }
    struct program *p = program_read(file_join(&arena, request->folder, "program.sluice"));
    const char *folder = file_join(&arena, request->folder, BENCH_FOLDER);
    file_make_folder(folder);
    struct stimuli stimuli;
    long test = request->events < MOST_TEST_EVENTS ? request->events : MOST_TEST_EVENTS;
    stimuli_make(&stimuli, p, request->x, test, 0, request->seed);
    int64_t *outputs =
        arena_alloc(&arena, (size_t)stimuli.count * (size_t)p->output_count + 1, sizeof *outputs);
    program_eval(p, stimuli.inputs, stimuli.count, outputs);
    struct bench_events events =
        bench_write_events(&arena, p, folder, stimuli.inputs, outputs, stimuli.count);
    struct bench_design design = {.folder = folder,
                                  .name = "bench",
                                  .sources = gate_level_sources(&arena, request->folder, folder),
                                  .top = emit_top_name(p, &arena),
                                  .input_bits = emit_input_bits(p),
                                  .loads = emit_has_load_port(p),
                                  .protect = p->protect,
                                  .quick = true};
    struct bench_loads loads = {0};
    if (design.loads)
        loads = loads_prepare(&arena, p,
                              &(struct loads_request){
                                  .folder = request->folder, .seed = request->seed, .work = folder},
                              stimuli.inputs, stimuli.count);
    info("gate level: building the bench for the netlist");
    struct bench_run run = {.executable = bench_build(&arena, &design),
                            .folder = folder,
                            .events = &events,
                            .loads = design.loads ? &loads : NULL,
                            .count = events.count,
                            .latency_cycles = p->latency_cycles,
                            .interval_cycles = p->interval_cycles,
                            .crossing_cycles = p->interval_cycles,
                            .seed = request->seed,
                            .control = true};
    struct bench_verdict *verdict = arena_alloc(&arena, 1, sizeof *verdict);
    bench_run(&run, verdict);
    result->events = stimuli.count;
    judge(verdict, p, stimuli.count, result);
    result->seconds = clock_seconds() - start;
    stimuli_free(&stimuli);
    program_free(p);
    arena_free(&arena);
}
