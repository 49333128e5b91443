/* nextpnr, one seed after the other until the clock is met, and the packer. */
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "boards/flow/job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From here on nextpnr 0.4's placer for iCE40 has a hard time: it does not look at which registers
 * may share a tile (clock, enable, reset) before it puts cells into tiles. Some designs never get
 * out of that (HX1K, 1,192 of 1,280 cells); others come out with longer wires (HX8K, 7,082 of 7,680
 * cells: 51,600 of wire and 110.0 MHz, where 0.11.1 gives 45,500 and 112.4 MHz from the same
 * netlist and seed). */
enum { NEARLY_FULL_PERCENT = 85 };

void arguments_add(struct arguments *arguments, const char *flag, const char *value)
{
    assert(arguments->count + 2 < (int)(sizeof arguments->list / sizeof arguments->list[0]));
    arguments->list[arguments->count++] = flag;
    if (value != NULL) arguments->list[arguments->count++] = value;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool has_config(const struct build_job *job)
{
    return !job->request->pins_free || !job->family->out_of_context;
}

static const char *number(struct build_job *job, double value)
{
    return arena_printf(&job->arena, "%.12g", value);
}

/* Names of one attempt's files, by its seed. */
struct attempt {
    int seed;
    const char *log, *report, *config;
    double fmax_mhz, core_fmax_mhz, cells_used, cells_available;
    bool met, limited_by_control;
};

static struct attempt name_attempt(struct build_job *job, int seed)
{
    struct arena *arena = &job->arena;
    return (struct attempt){
        .seed = seed,
        .log = arena_printf(arena, "place_seed%d.log", seed),
        .report = arena_printf(arena, "report_seed%d.json", seed),
        .config = arena_printf(arena, "top_seed%d.%s", seed, job->family->config_type)};
}

/* The arguments that every run has. */
static struct arguments begin_nextpnr(struct build_job *job, const char *netlist,
                                      const char *report)
{
    struct arguments arguments = {0};
    arguments_add(&arguments, job->nextpnr.program, NULL);
    job->family->add_part(job, &arguments);
    arguments_add(&arguments, "--json", netlist);
    arguments_add(&arguments, "--report", report);
    return arguments;
}

static void add_pins(const struct build_job *job, struct arguments *arguments)
{
    if (job->request->pins_free && job->family->pins_free)
        arguments_add(arguments, job->family->pins_free, NULL);
    else
        job->family->add_constraints(arguments);
}

static bool run_nextpnr(struct build_job *job, const struct attempt *attempt, char *reason,
                        size_t size)
{
    const struct family *family = job->family;
    struct arguments arguments = begin_nextpnr(job, "design.json", attempt->report);
    arguments_add(&arguments, "--seed", number(job, attempt->seed));
    arguments_add(&arguments, "--freq", number(job, job_fastest_mhz(job, job->clock_mhz)));
    arguments_add(&arguments, "--timing-allow-fail", NULL);
    if (family->router) arguments_add(&arguments, "--router", family->router);
    add_pins(job, &arguments);
    if (has_config(job)) arguments_add(&arguments, family->config_flag, attempt->config);
    return job_try(job, arguments.list, attempt->log, job->request->place_limit_s, reason, size);
}

/* Reads used and available cells from a report. */
static void read_use(struct build_job *job, const char *file, const cJSON *report, double *used,
                     double *available)
{
    const char *cell = job->board.target.cell;
    const cJSON *use = json_find(json_find(report, "utilization"), cell);
    *used = json_number(use, "used", -1);
    const char *more = job->family->more_cells;
    if (more) *used += json_number(json_find(json_find(report, "utilization"), more), "used", -1);
    *available = json_number(use, "available", -1);
    if (*used < 0 || *available < 0) fail_at(file, 0, "does not say how many %s are used", cell);
}

/* Where nothing is packed without pins a LUT is a cell. */
static void pack_network(struct build_job *job)
{
    struct build_result *result = job->result;
    if (job->family->pins_free == NULL) {
        result->cells = result->lut4;
        result->cells_available = job->board.cells;
        return;
    }
    struct arguments arguments = begin_nextpnr(job, "network.json", "network_report.json");
    arguments_add(&arguments, "--top", job->top);
    arguments_add(&arguments, "--pack-only", NULL);
    arguments_add(&arguments, job->family->pins_free, NULL);
    job_run(job, arguments.list, "network_pack.log", job->request->place_limit_s);
    const char *file = flow_path(job, "network_report.json");
    cJSON *report = json_read(file);
    read_use(job, file, report, &result->cells, &result->cells_available);
    cJSON_Delete(report);
}

void job_pack_network(struct build_job *job)
{
    pack_network(job);
    const struct build_result *result = job->result;
    if (result->cells > result->cells_available)
        fail("%s does not fit on %s: it needs %g of %g logic cells", job->top, job->board.part,
             result->cells, result->cells_available);
}

/* The net of the network's clock in the report: its name, or that with what nextpnr adds on its way
 * to a global network ("clk_i$SB_IO_IN_$glb_clk", "$glbnet$clk_sys"). */
static bool is_clock(const char *net, const char *name)
{
    if (starts_with(net, "$glbnet$") || starts_with(net, "network.")) net += 8;
    size_t length = strlen(name);
    return strncmp(net, name, length) == 0 &&
           (net[length] == '\0' || net[length] == '$' || net[length] == '_');
}

/* Whether the slowest path from clock to clock, among those of a core's top, has no cell of the
 * network. */
static bool is_limited_by_control(const struct build_job *job, const cJSON *report,
                                  const char *clock)
{
    const cJSON *path, *step;
    if (!job->request->control_core) return false;
    cJSON_ArrayForEach(path, json_find(report, "critical_paths"))
    {
        static const char edge[] = "posedge ";
        const char *from = json_string(path, "from", ""), *to = json_string(path, "to", "");
        if (!starts_with(from, edge) || !is_clock(from + sizeof edge - 1, clock)) continue;
        if (!starts_with(to, edge) || !is_clock(to + sizeof edge - 1, clock)) continue;
        cJSON_ArrayForEach(step, json_find(path, "path"))
        {
            if (starts_with(json_string(step, "to.cell", ""), "network.")) return false;
        }
        return true;
    }
    return false;
}

/* The network's clock by its name in the report. A net of two names, as that of an oscillator
 * without a PLL is, has either. */
static const char *clock_name(const struct build_job *job, const cJSON *report)
{
    const cJSON *clock;
    if (job->request->pins_free) return "clk_i";
    cJSON_ArrayForEach(clock, json_find(report, "fmax"))
    {
        if (is_clock(clock->string, "clk_sys")) return "clk_sys";
    }
    return job->pll.bypass ? "clk_i" : "clk_sys";
}

/* Reads the achieved clock and the use of the part. Clocks other than the network's (the PLL's
 * before a divider) must reach what was asked of them as well. */
static void read_report(struct build_job *job, struct attempt *attempt)
{
    const char *file = flow_path(job, attempt->report);
    cJSON *report = json_read(file);
    const char *name = clock_name(job, report);
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
            asked = job_fastest_mhz(job, job->clock_mhz);
        } else if (starts_with(clock->string, "$PACKER_")) {
            continue; /* multipliers without registers hang on a constant as their clock */
        }
        if (is_clock(clock->string, "clk_core")) attempt->core_fmax_mhz = achieved;
        if (achieved < asked) attempt->met = false;
    }
    if (job->control.divide == 1) attempt->core_fmax_mhz = attempt->fmax_mhz;
    if (!found) fail_at(file, 0, "names no clock \"%s\"", name);
    attempt->limited_by_control = is_limited_by_control(job, report, name);
    read_use(job, file, report, &attempt->cells_used, &attempt->cells_available);
    cJSON_Delete(report);
}

static void remove_attempt(struct build_job *job, const struct attempt *attempt)
{
    remove(flow_path(job, attempt->config));
    remove(flow_path(job, attempt->report));
}

static void keep(struct build_job *job, const struct attempt *attempt)
{
    struct build_result *result = job->result;
    result->seed = attempt->seed;
    result->fmax_mhz = attempt->fmax_mhz;
    result->core_fmax_mhz = attempt->core_fmax_mhz;
    result->timing_met = attempt->met;
    result->limited_by_control = attempt->limited_by_control;
    result->wrapper_cells = attempt->cells_used - result->cells;
    const char *config = arena_printf(&job->arena, "top.%s", job->family->config_type);
    if ((has_config(job) && rename(flow_path(job, attempt->config), flow_path(job, config)) != 0) ||
        rename(flow_path(job, attempt->report), flow_path(job, "report.json")) != 0)
        fail("cannot rename the files of seed %d in %s", attempt->seed, job->work);
}

static void pack(struct build_job *job)
{
    const char *name = arena_printf(&job->arena, "%s.%s", job->top, job->family->bitstream_type);
    const char *config = arena_printf(&job->arena, "top.%s", job->family->config_type);
    struct arguments arguments = {0};
    arguments_add(&arguments, job->pack.program, NULL);
    job->family->add_files(job, &arguments, config, name);
    job_run(job, arguments.list, "pack.log", job->request->synth_limit_s);
    snprintf(job->result->bitstream, sizeof job->result->bitstream, "build/%s", name);
}

/* Where the network alone takes half of the part, what the whole board packs to decides on the
 * program that places it. */
static void choose_nextpnr(struct build_job *job)
{
    const struct build_result *result = job->result;
    if (job->family->tools.full_nextpnr == NULL || result->cells * 2 < result->cells_available)
        return;
    struct arguments arguments = begin_nextpnr(job, "design.json", "pack_report.json");
    arguments_add(&arguments, "--pack-only", NULL);
    add_pins(job, &arguments);
    job_run(job, arguments.list, "pack_board.log", job->request->place_limit_s);
    const char *file = flow_path(job, "pack_report.json");
    cJSON *report = json_read(file);
    double used, available;
    read_use(job, file, report, &used, &available);
    cJSON_Delete(report);
    remove(file);
    if (used * 100 > NEARLY_FULL_PERCENT * available && used <= available)
        job_use_full_nextpnr(job);
}

/* Failures go to the next seed: whether a full part can be legalised, or the router ends, hangs on
 * the seed. */
void job_place(struct build_job *job)
{
    struct attempt best = {.seed = -1};
    int runs = 0;
    char reason[700] = "";
    const char *log = "";
    bool hopeless = false;
    choose_nextpnr(job);
    for (; runs < job->request->attempts && !best.met && !hopeless; runs++) {
        struct attempt attempt = name_attempt(job, job->request->seed + runs);
        info("placing %s on %s with %s, seed %d", job->top, job->board.part, job->nextpnr.version,
             attempt.seed);
        log = flow_path(job, attempt.log);
        if (!run_nextpnr(job, &attempt, reason, sizeof reason)) {
            info("seed %d: %s", attempt.seed, reason);
            continue;
        }
        read_report(job, &attempt);
        bool better = best.seed < 0 || attempt.met || attempt.fmax_mhz > best.fmax_mhz;
        if (!better)
            remove_attempt(job, &attempt);
        else if (best.seed >= 0)
            remove_attempt(job, &best);
        if (better) best = attempt;
        hopeless = attempt.fmax_mhz < job->request->hopeless * job->clock_mhz;
    }
    if (best.seed < 0) fail("%s, with each of %d seeds; its log is %s", reason, runs, log);
    job->result->attempts = runs;
    snprintf(job->result->placed_with, sizeof job->result->placed_with, "%s", job->nextpnr.version);
    keep(job, &best);
    if (!job->request->pins_free) pack(job);
}
