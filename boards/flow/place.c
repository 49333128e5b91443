/* nextpnr, one seed after the other until the clock is met, and the packer. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "boards/flow/job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS_MAX = 32 };

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *number(struct build_job *job, double value)
{
    return arena_printf(&job->arena, "%.12g", value);
}

/* Names of one attempt's files, by its seed. */
struct attempt {
    int seed;
    const char *log, *report, *placed, *config;
    double fmax_mhz, cells_used, cells_available;
    bool met;
};

static struct attempt name_attempt(struct build_job *job, int seed)
{
    struct arena *arena = &job->arena;
    return (struct attempt){
        .seed = seed,
        .log = arena_printf(arena, "place_seed%d.log", seed),
        .report = arena_printf(arena, "report_seed%d.json", seed),
        .placed = arena_printf(arena, "placed_seed%d.json", seed),
        .config = arena_printf(arena, "top_seed%d.%s", seed, job->ecp5 ? "config" : "asc")};
}

static void run_nextpnr(struct build_job *job, const struct attempt *attempt, bool *timed_out)
{
    const struct board *board = &job->board;
    bool pins_free = job->request->pins_free;
    const char *argv[ARGUMENTS_MAX];
    int count = 0;
    argv[count++] = job->nextpnr.program;
    argv[count++] = arena_printf(&job->arena, "--%s", board->device);
    argv[count++] = "--package", argv[count++] = board->package;
    if (job->ecp5) argv[count++] = "--speed", argv[count++] = board->speed;
    argv[count++] = "--json", argv[count++] = "design.json";
    argv[count++] = "--seed", argv[count++] = number(job, attempt->seed);
    argv[count++] = "--freq", argv[count++] = number(job, job->clock_mhz);
    argv[count++] = "--timing-allow-fail";
    argv[count++] = "--report", argv[count++] = attempt->report;
    if (job->ecp5) {
        if (pins_free)
            argv[count++] = "--out-of-context";
        else
            argv[count++] = "--lpf", argv[count++] = "top.lpf";
        argv[count++] = "--textcfg", argv[count++] = attempt->config;
    } else {
        if (pins_free)
            argv[count++] = "--pcf-allow-unconstrained";
        else
            argv[count++] = "--pcf", argv[count++] = "top.pcf";
        argv[count++] = "--asc", argv[count++] = attempt->config;
        argv[count++] = "--write", argv[count++] = attempt->placed;
    }
    argv[count] = NULL;
    job_run(job, argv, attempt->log, job->request->place_limit_s, timed_out);
}

/* The net of the network's clock in the report: its name, or that with what nextpnr adds on its way
 * to a global network ("clk_i$SB_IO_IN_$glb_clk", "$glbnet$clk_sys"). */
static bool is_clock(const char *net, const char *name)
{
    if (starts_with(net, "$glbnet$")) net += 8;
    size_t length = strlen(name);
    return strncmp(net, name, length) == 0 &&
           (net[length] == '\0' || net[length] == '$' || net[length] == '_');
}

/* Reads the achieved clock and the use of the part. Clocks other than the network's (the PLL's
 * before a divider) must reach what was asked of them as well. */
static void read_report(struct build_job *job, struct attempt *attempt)
{
    const char *file = job_path(job, attempt->report);
    cJSON *report = json_read(file);
    const char *name = job->request->pins_free || job->pll.bypass ? "clk_i" : "clk_sys";
    const cJSON *clock;
    bool found = false;
    attempt->met = true;
    cJSON_ArrayForEach(clock, json_find(report, "fmax"))
    {
        double achieved = json_number(clock, "achieved", 0);
        double asked = json_number(clock, "constraint", 0);
        if (is_clock(clock->string, name)) {
            found = true;
            attempt->fmax_mhz = achieved;
            asked = job->clock_mhz;
        } else if (starts_with(clock->string, "$PACKER_")) {
            continue; /* multipliers without registers hang on a constant as their clock */
        }
        if (achieved < asked) attempt->met = false;
    }
    if (!found) fail_at(file, 0, "names no clock \"%s\"", name);
    const char *cell = job->board.target.cell;
    const cJSON *use = json_find(json_find(report, "utilization"), cell);
    attempt->cells_used = json_number(use, "used", -1);
    attempt->cells_available = json_number(use, "available", -1);
    if (attempt->cells_used < 0) fail_at(file, 0, "does not say how many %s are used", cell);
    cJSON_Delete(report);
}

/* Whether a net is the network's, by its name in the top: one of its own, or at its ports. */
static bool is_network_net(const char *name)
{
    return starts_with(name, "network.") || starts_with(name, "data[") ||
           starts_with(name, "answer");
}

/* The nets of a netlist by their number: 1 the network's, 0 others. */
static char *mark_network_nets(const cJSON *nets, struct arena *arena)
{
    const cJSON *net, *bit;
    int most = 0;
    for (int pass = 0;; pass++) {
        char *marks = pass == 0 ? NULL : arena_alloc(arena, (size_t)most + 1, 1);
        cJSON_ArrayForEach(net, nets)
        {
            cJSON_ArrayForEach(bit, json_find(net, "bits"))
            {
                if (!cJSON_IsNumber(bit) || bit->valueint < 0) continue;
                if (bit->valueint > most) most = bit->valueint;
                if (marks != NULL) marks[bit->valueint] = is_network_net(net->string);
            }
        }
        if (marks != NULL) return marks;
    }
}

/* Logic cells of the placed netlist that belong to the top and not to the network within: nextpnr
 * keeps Yosys' names, those of the network begin with its instance's. Cells that nextpnr made
 * itself ($nextpnr...: ways into and out of carry chains) belong to whom the net at their pin does.
 */
static double count_wrapper_cells(struct build_job *job, const struct attempt *attempt)
{
    static const char *const pins[] = {"I1", "O"};
    struct arena arena = {0};
    cJSON *placed = json_read(job_path(job, attempt->placed));
    const cJSON *top = json_find(placed, "modules.top"), *cell;
    const char *network_nets = mark_network_nets(json_find(top, "netnames"), &arena);
    double count = 0;
    cJSON_ArrayForEach(cell, json_find(top, "cells"))
    {
        if (strcmp(json_string(cell, "type", ""), "ICESTORM_LC") != 0) continue;
        if (starts_with(cell->string, "network.")) continue;
        bool networks = false;
        if (starts_with(cell->string, "$nextpnr")) {
            const cJSON *connections = json_find(cell, "connections");
            for (int i = 0; i < 2; i++) {
                const cJSON *bit = cJSON_GetArrayItem(json_find(connections, pins[i]), 0);
                if (cJSON_IsNumber(bit) && network_nets[bit->valueint]) networks = true;
            }
        }
        if (!networks) count++;
    }
    cJSON_Delete(placed);
    arena_free(&arena);
    return count;
}

static void remove_attempt(struct build_job *job, const struct attempt *attempt)
{
    remove(job_path(job, attempt->config));
    remove(job_path(job, attempt->placed));
    remove(job_path(job, attempt->report));
}

static void keep(struct build_job *job, const struct attempt *attempt)
{
    struct build_result *result = job->result;
    result->seed = attempt->seed;
    result->fmax_mhz = attempt->fmax_mhz;
    result->timing_met = attempt->met;
    result->cells_available = attempt->cells_available;
    result->wrapper_cells = job->ecp5 ? job->wrapper_luts : count_wrapper_cells(job, attempt);
    result->cells = attempt->cells_used - result->wrapper_cells;
    const char *config = job->ecp5 ? "top.config" : "top.asc";
    if (rename(job_path(job, attempt->config), job_path(job, config)) != 0 ||
        rename(job_path(job, attempt->report), job_path(job, "report.json")) != 0)
        fail("cannot rename the files of seed %d in %s", attempt->seed, job->work);
    remove(job_path(job, attempt->placed));
}

static void pack(struct build_job *job)
{
    const char *name = arena_printf(&job->arena, "%s.%s", job->top, job->ecp5 ? "bit" : "bin");
    const char *argv[] = {job->pack.program, job->ecp5 ? "top.config" : "top.asc", name, NULL};
    job_run(job, argv, "pack.log", job->request->synth_limit_s, NULL);
    snprintf(job->result->bitstream, sizeof job->result->bitstream, "build/%s", name);
}

void job_place(struct build_job *job)
{
    struct attempt best = {.seed = -1};
    bool better = false;
    int runs = 0;
    const char *log = "";
    for (; runs < job->request->attempts && !best.met; runs++) {
        struct attempt attempt = name_attempt(job, job->request->seed + runs);
        bool timed_out;
        info("placing %s on %s with %s, seed %d", job->top, job->board.part, job->nextpnr.version,
             attempt.seed);
        run_nextpnr(job, &attempt, &timed_out);
        log = job_path(job, attempt.log);
        if (timed_out) {
            info("seed %d did not end within %g s", attempt.seed, job->request->place_limit_s);
            continue;
        }
        read_report(job, &attempt);
        better = best.seed < 0 || attempt.met || attempt.fmax_mhz > best.fmax_mhz;
        if (better && best.seed >= 0) remove_attempt(job, &best);
        if (!better) remove_attempt(job, &attempt);
        if (better) best = attempt;
    }
    if (best.seed < 0)
        fail("%s ended within %g s with none of %d seeds; give more time or seeds; its log is %s",
             file_name(job->nextpnr.program), job->request->place_limit_s, runs, log);
    job->result->attempts = runs;
    keep(job, &best);
    if (!job->request->pins_free) pack(job);
}
