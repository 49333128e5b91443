/* sluice build: Verilog to a placed design, a bitstream, and a simulation of its gates. */
#include "base/error.h"
#include "base/file.h"
#include "boards/flow.h"
#include "cli/board_request.h"
#include "cli/cli.h"
#include "cli/retime.h"
#include "sim/gate_level.h"

#include <math.h>

enum { GATE_EVENTS = 1000, RETRIES = 2 };

/* The gates that were placed, simulated against the program; the outcome goes into build.json. */
static int check_gates(struct cli *cli, const double *x, long events)
{
    struct gate_level_result gates;
    gate_level_run(
        &(struct gate_level_request){.folder = cli->folder, .x = x, .events = events, .seed = 1},
        &gates);
    const char *path = cli_path(cli, "build.json");
    cJSON *json = json_read(path);
    cJSON *row = cJSON_CreateObject();
    json_add_number(row, "events", (double)gates.events);
    json_add_number(row, "mismatches", (double)gates.mismatches);
    json_add_number(row, "seconds", gates.seconds);
    cJSON_DeleteItemFromObject(json, "gate_level");
    cJSON_AddItemToObject(json, "gate_level", row);
    json_write(path, json);
    cJSON_Delete(json);
    if (gates.reason[0]) return cli_verdict("%s: gate level: %s", cli->folder, gates.reason);
    info("gate level: %ld events, 0 mismatches", gates.events);
    return 0;
}

/* How many events the gates see: the job's wish, else the default. */
static long gate_events(const struct cli *cli)
{
    return cli->job ? *cli->job->verify->gate_level_events : GATE_EVENTS;
}

/* How far the estimate of the compile was from what was built: " (estimate +3 %)". */
static const char *error_of(struct cli *cli, const cJSON *compiled, const char *path, double built)
{
    double said = json_number(compiled, path, NAN);
    if (!(built > 0) || isnan(said)) return "";
    return arena_printf(&cli->arena, " (estimate %+.0f %%)", 100 * (said / built - 1));
}

/* One build of the program as it is scheduled now; `last`: there is no further schedule to hope
 * for. */
static void build_once(struct cli *cli, const struct program *program, const double *x, bool last,
                       struct build_result *result)
{
    struct build_request request;
    board_request(cli, program, x, &request);
    request.hopeless = last ? 0 : 0.95;
    build_run(&request, result);
    cJSON *compiled = json_read(cli_need(cli, "compile.json", "compile"));
    info("%s: %.0f of %.0f cells, %.0f LUT4%s, %.1f MHz reached of %.1f asked%s%s%s",
         result->board.name, result->cells, result->cells_available, result->lut4,
         error_of(cli, compiled, "estimate.lut4", result->lut4), result->fmax_mhz,
         result->clock_mhz, error_of(cli, compiled, "estimate.fmax_mhz", result->fmax_mhz),
         result->bitstream[0] ? "; bitstream " : "", result->bitstream);
    cJSON_Delete(compiled);
}

static void add_try(cJSON *tries, const struct program *program, const struct build_result *result,
                    double scale)
{
    cJSON *row = cJSON_CreateObject();
    json_add_number(row, "delay_scale", scale);
    json_add_number(row, "latency_cycles", program->latency_cycles);
    json_add_number(row, "cells", result->cells);
    json_add_number(row, "clock_mhz", result->clock_mhz);
    json_add_number(row, "fmax_mhz", result->fmax_mhz);
    json_add_number(row, "attempts", result->attempts);
    cJSON_AddItemToArray(tries, row);
}

/* By how much the delays of the schedule that is there are longer than the model's. */
static double present_scale(struct cli *cli)
{
    cJSON *json = json_read(cli_need(cli, "compile.json", "compile"));
    double scale = json_number(json, "delay_scale", 1);
    cJSON_Delete(json);
    return scale;
}

/* The scale of the next schedule: by how much the placed design is slower than the delay model
 * says, or the scale before, and a little more. */
static double next_scale(struct cli *cli, const struct build_result *result)
{
    cJSON *json = json_read(cli_need(cli, "compile.json", "compile"));
    double predicted = json_number(json, "estimate.fmax_mhz", result->clock_mhz);
    cJSON_Delete(json);
    if (predicted < result->clock_mhz) predicted = result->clock_mhz;
    return 1.01 * fmax(present_scale(cli), predicted / result->fmax_mhz);
}

/* How often a schedule may be tightened when the placed design misses its clock. */
static int retries_of(const struct cli *cli)
{
    if (cli->flags.retries >= 0) return cli->flags.retries;
    return cli->job ? *cli->job->target->retries : RETRIES;
}

struct building {
    struct cli *cli;
    struct program *program;
    const double *x; /* events of the pattern memory and of the gates */
    cJSON *tries;
    bool was_verified;
    struct build_result result;
};

static void add_build(struct building *b, bool last)
{
    build_once(b->cli, b->program, b->x, last, &b->result);
    add_try(b->tries, b->program, &b->result, present_scale(b->cli));
}

/* Verifies a new schedule if the one before was; what it prints as JSON is not what was asked. */
static int verify_again(struct building *b)
{
    struct cli *cli = b->cli;
    if (!b->was_verified) return 0;
    if (!cli->job) {
        info("%s: the schedule is a new one; verify it again", cli->folder);
        return 0;
    }
    bool json = cli->flags.json;
    cli->flags.json = false;
    int status = verb_verify(cli);
    cli->flags.json = json;
    return status;
}

/* Builds, and where the clock is missed schedules again and builds again; not 0: a new schedule
 * failed its verification. */
static int build_all(struct building *b)
{
    struct cli *cli = b->cli;
    int retries = retries_of(cli), status = 0;
    add_build(b, retries == 0);
    for (int i = 0; i < retries && !b->result.timing_met; i++) {
        double scale = next_scale(cli, &b->result);
        int before = b->program->latency_cycles;
        if (b->result.limited_by_control) {
            info("%.1f MHz reached of %.1f: what stands around the network is the slowest, so no "
                 "schedule helps; placing with the other seeds",
                 b->result.fmax_mhz, b->result.clock_mhz);
            add_build(b, true);
            break;
        }
        if (!retime(cli, scale)) {
            info("%.1f MHz reached of %.1f, and no schedule has room for delays of %.2f times the "
                 "model's: placing with the other seeds",
                 b->result.fmax_mhz, b->result.clock_mhz, scale);
            add_build(b, true);
            break;
        }
        program_free(b->program);
        b->program = program_read(cli_path(cli, "program.sluice"));
        info("%.1f MHz reached of %.1f: scheduled again with delays of %.2f times the model's, %d "
             "cycles for %d",
             b->result.fmax_mhz, b->result.clock_mhz, scale, b->program->latency_cycles, before);
        status = verify_again(b);
        if (status != 0) break;
        add_build(b, i + 1 == retries);
    }
    return status;
}

static void write_tries(const char *path, cJSON *tries)
{
    cJSON *json = json_read(path);
    cJSON_AddItemToObject(json, "tries", tries);
    json_write(path, json);
    cJSON_Delete(json);
}

int verb_build(struct cli *cli)
{
    struct building b = {.cli = cli,
                         .program = program_read(cli_need(cli, "program.sluice", "compile")),
                         .tries = cJSON_CreateArray(),
                         .was_verified = file_exists(cli_path(cli, "verify.json"))};
    long gates = gate_events(cli);
    b.x = board_events(cli, b.program, gates > BOARD_EVENTS ? gates : BOARD_EVENTS);
    int status = build_all(&b);
    if (status == 0) {
        const char *path = cli_path(cli, "build.json");
        write_tries(path, b.tries);
        if (gates > 0) status = check_gates(cli, b.x, gates);
        cli_print_json(cli, path);
    } else {
        cJSON_Delete(b.tries);
    }
    program_free(b.program);
    if (status == 0 && !b.result.timing_met)
        status = cli_verdict("%s: %.1f MHz reached, %.1f MHz asked", cli->folder, b.result.fmax_mhz,
                             b.result.clock_mhz);
    return status;
}
