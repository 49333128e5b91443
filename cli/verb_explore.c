/* sluice explore: a network at a list of reuse factors and widths, each point compiled, verified
 * and, if asked, built; a table, and explore.json, .csv, .html and a picture in DIR/explore. */
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "boards/board.h"
#include "cli/cli.h"
#include "cli/explore_points.h"
#include "cli/frontier.h"
#include "cli/job_use.h"
#include "model/fold.h"
#include "model/import/import.h"
#include "report/explore.h"

#include <math.h>
#include <string.h>

enum { BITS_LEAST = 2, BITS_MOST = 24 };

struct exploration {
    struct cli *cli;
    struct board board;
    struct explore_point *points;
    int point_count;
    int *bits, bits_count; /* none: the job's formats */
    long steps;            /* stretches done */
    bool failed;
};

/* ---- what is asked for ---- */

/* Widths need a training, or a float model whose formats are chosen on the job's events. */
static void check_bits(struct cli *cli)
{
    struct job *job = cli->job;
    if (job_has_trees(job)) fail("explore --bits: the job trains trees, which have no such widths");
    if (!job->model) return;
    struct network *network = model_read(job_path(job, job->model));
    if (!network_is_float(network))
        fail("explore --bits: %s brings formats of its own; widths go with a float model or a job "
             "that trains",
             job->model);
    if (!job->data->train)
        fail("explore --bits: the job has no events (data: train) to choose formats on");
    network_free(network);
}

static struct explore_point new_point(struct cli *cli, int bits, int reuse)
{
    struct explore_point point = {.reuse = reuse, .bits = bits};
    point.name = bits ? arena_printf(&cli->arena, "w%d_reuse%d", bits, reuse)
                      : arena_printf(&cli->arena, "reuse%d", reuse);
    point.folder = cli_path(cli, point.name);
    return point;
}

static void find_points(struct exploration *e)
{
    struct cli *cli = e->cli;
    int count, *factors = cli_numbers(cli, "reuse",
                                      cli->flags.reuse ? cli->flags.reuse : "1,2,4,8,16,32,64", 1,
                                      CLI_REUSE_MOST, &count);
    if (cli->flags.bits) {
        check_bits(cli);
        e->bits = cli_numbers(cli, "bits", cli->flags.bits, BITS_LEAST, BITS_MOST, &e->bits_count);
    }
    int widths = e->bits_count ? e->bits_count : 1;
    e->points = arena_alloc(&cli->arena, (size_t)(widths * count), sizeof *e->points);
    for (int b = 0; b < widths; b++)
        for (int k = 0; k < count; k++)
            e->points[e->point_count++] =
                new_point(cli, e->bits_count ? e->bits[b] : 0, factors[k]);
}

static void check_job(struct cli *cli)
{
    struct job *job = cli->job;
    if (!job->data->train && !cli->flags.events)
        fail("explore: the job has no events to verify with (data: train); give --events X.npy");
    if (!job->model && !cli->flags.bits) cli_need(cli, "train/model.onnx", "train");
}

/* ---- running ---- */

static void step(struct exploration *e, const struct explore_point *point, const char *what)
{
    progress_update(e->steps++, arena_printf(&e->cli->arena, "%s %s", what, point->name));
}

static void tell(struct exploration *e, const struct explore_point *point)
{
    if (!point->failure[0]) return;
    e->failed = true;
    info("%s: %s", point->name, point->failure);
}

/* The stretch `run` of every point that got so far. */
static void run_points(struct exploration *e, const char *what,
                       bool (*run)(struct cli *cli, struct explore_point *point))
{
    for (int i = 0; i < e->point_count; i++) {
        struct explore_point *point = &e->points[i];
        step(e, point, what);
        if (point->failure[0]) continue;
        run(e->cli, point);
        tell(e, point);
    }
}

static void run_all(struct exploration *e)
{
    bool builds = e->cli->flags.build, trains = e->bits_count && !e->cli->job->model;
    progress_begin("exploring", (2 + builds) * (long)e->point_count + (trains ? e->bits_count : 0));
    for (int b = 0; b < e->bits_count && trains; b++) {
        progress_update(e->steps++, arena_printf(&e->cli->arena, "training %d bits", e->bits[b]));
        char why[700];
        if (explore_train(e->cli, e->bits[b], why, sizeof why)) continue;
        for (int i = 0; i < e->point_count; i++)
            if (e->points[i].bits == e->bits[b])
                snprintf(e->points[i].failure, sizeof e->points[i].failure, "training: %.650s",
                         why);
        e->failed = true;
        info("%d bits: %s", e->bits[b], why);
    }
    run_points(e, "compiling", explore_compile);
    run_points(e, "verifying", explore_verify);
    if (builds) run_points(e, "building", explore_build);
    progress_update(e->steps, NULL);
    progress_end();
}

/* ---- explore.json ---- */

static void copy_numbers(cJSON *to, const cJSON *from, const char *const *keys)
{
    for (; *keys; keys++)
        json_add_number(to, *keys, json_number(from, *keys, NAN));
}

static cJSON *read_file(struct cli *cli, const struct explore_point *point, const char *name)
{
    return json_read(file_join(&cli->arena, point->folder, name));
}

/* The budget that the compiled point misses by estimate, in words; "" if none. */
static const char *misses(struct exploration *e, const cJSON *row)
{
    const struct job_budget *budget = e->cli->job->budget;
    const struct board *board = &e->board;
    double clock = json_number(row, "clock_mhz", NAN);
    double crossings = clock / (*budget->bunch_crossing_mhz * *budget->events_per_crossing);
    double cells = *budget->max_cells > 0 ? *budget->max_cells : board->cells;
    const struct {
        const char *what;
        double value, most;
    } limits[] = {{"latency", json_number(row, "latency_ns", NAN), *budget->latency_ns},
                  {"interval", json_number(row, "interval_cycles", NAN), floor(crossings + 1e-9)},
                  {"cells", json_number(row, "cells", NAN), cells},
                  {"DSP", json_number(row, "dsp", NAN), board->dsps ? board->dsps : 0.5},
                  {"RAM", json_number(row, "bram", NAN), board->rams ? board->rams : 0.5}};
    const char *text = "";
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].most > 0 && limits[i].value > limits[i].most)
            text = arena_printf(&e->cli->arena, "%s%s%s", text, *text ? ", " : "", limits[i].what);
    return text;
}

static void add_compiled(struct exploration *e, const struct explore_point *point, cJSON *row)
{
    static const char *const timing[] = {"clock_mhz", "latency_cycles", "interval_cycles", NULL};
    static const char *const estimate[] = {"lut4", "ff", "cells", "bram", "dsp", "fmax_mhz", NULL};
    cJSON *compiled = read_file(e->cli, point, "compile.json");
    copy_numbers(row, compiled, timing);
    json_add_number(row, "latency_ns",
                    1e3 * json_number(compiled, "latency_cycles", NAN) /
                        json_number(compiled, "clock_mhz", NAN));
    copy_numbers(row, json_find(compiled, "estimate"), estimate);
    cJSON_AddStringToObject(row, "misses", misses(e, row));
    cJSON_Delete(compiled);
}

static void add_verified(struct exploration *e, const struct explore_point *point, cJSON *row)
{
    static const char *const keys[] = {"events", "presentations", "mismatches", "accuracy_hardware",
                                       NULL};
    cJSON *verified = read_file(e->cli, point, "verify.json");
    copy_numbers(row, verified, keys);
    cJSON_Delete(verified);
}

static void add_built(struct exploration *e, const struct explore_point *point, cJSON *row)
{
    static const char *const keys[] = {"lut4", "ff", "cells", "bram", "dsp", NULL};
    cJSON *built = read_file(e->cli, point, "build.json");
    cJSON *placed = cJSON_AddObjectToObject(row, "placed");
    copy_numbers(placed, json_find(built, "resources"), keys);
    double fmax = json_number(built, "timing.fmax_mhz", NAN);
    json_add_number(placed, "fmax_mhz", fmax);
    double clock = fmin(fmax, json_number(row, "clock_mhz", NAN));
    json_add_number(placed, "latency_ns", 1e3 * json_number(row, "latency_cycles", NAN) / clock);
    cJSON_Delete(built);
}

static cJSON *point_json(struct exploration *e, const struct explore_point *point)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "name", point->name);
    json_add_number(row, "reuse", point->reuse);
    json_add_number(row, "bits", point->bits ? (double)point->bits : (double)NAN);
    if (point->compiled) add_compiled(e, point, row);
    cJSON_AddBoolToObject(row, "exact", point->verified);
    if (point->verified) add_verified(e, point, row);
    if (point->built) add_built(e, point, row);
    cJSON_AddStringToObject(row, "failure", point->failure);
    return row;
}

static cJSON *exploration_json(struct exploration *e)
{
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", e->cli->job->name);
    cJSON_AddStringToObject(json, "board", e->board.name);
    cJSON_AddStringToObject(json, "part", e->board.part);
    cJSON *points = cJSON_AddArrayToObject(json, "points");
    for (int i = 0; i < e->point_count; i++)
        cJSON_AddItemToArray(points, point_json(e, &e->points[i]));
    report_explore_mark(points);
    return json;
}

/* ---- the table ---- */

static void print_row(const cJSON *p, bool has_bits, bool has_placed)
{
    bool is_compiled = isfinite(json_number(p, "lut4", NAN));
    printf("%s ", cJSON_IsTrue(json_find(p, "pareto")) ? "*" : " ");
    if (has_bits) frontier_print_number(json_number(p, "bits", NAN), "%.0f", 4);
    frontier_print_number(json_number(p, "reuse", NAN), "%.0f", 6);
    frontier_print_number(json_number(p, "lut4", NAN), "%.0f", 8);
    frontier_print_number(json_number(p, "ff", NAN), "%.0f", 8);
    frontier_print_number(json_number(p, "dsp", NAN), "%.0f", 4);
    frontier_print_number(json_number(p, "bram", NAN), "%.0f", 4);
    frontier_print_number(json_number(p, "latency_cycles", NAN), "%.0f", 7);
    frontier_print_number(json_number(p, "latency_ns", NAN), "%.1f", 10);
    frontier_print_number(json_number(p, "interval_cycles", NAN), "%.0f", 9);
    frontier_print_number(100 * json_number(p, "accuracy_hardware", NAN), "%.2f %%", 9);
    frontier_print_number(json_number(p, "events", NAN), "%.0f", 7);
    if (has_placed) {
        double lut4 = json_number(p, "placed.lut4", NAN);
        frontier_print_number(lut4, "%.0f", 8);
        frontier_print_number(100 * (json_number(p, "lut4", NAN) / lut4 - 1), "%+.0f %%", 7);
        frontier_print_number(json_number(p, "placed.fmax_mhz", NAN), "%.1f", 7);
    }
    const char *failure = json_string(p, "failure", ""), *missed = json_string(p, "misses", "");
    bool is_exact = cJSON_IsTrue(json_find(p, "exact"));
    printf("  %s", is_exact ? "exact" : is_compiled ? "not verified" : "not compiled");
    if (*missed) printf("; over the budget: %s", missed);
    if (*failure) printf("; %s", failure);
    putchar('\n');
}

static void print_table(struct cli *cli, const cJSON *points)
{
    if (error_is_quiet() || cli->flags.json) return;
    bool has_bits = false, has_placed = false;
    const cJSON *p;
    cJSON_ArrayForEach(p, points)
    {
        has_bits = has_bits || isfinite(json_number(p, "bits", NAN));
        has_placed = has_placed || json_find(p, "placed");
    }
    printf("\n ");
    if (has_bits) printf(" %5s", "bits");
    printf(" %6s %8s %8s %4s %4s %7s %10s %9s %9s %7s", "reuse", "LUT4", "FF", "DSP", "RAM",
           "cycles", "latency ns", "interval", "accuracy", "events");
    if (has_placed) printf(" %8s %7s %7s", "placed", "error", "MHz");
    putchar('\n');
    cJSON_ArrayForEach(p, points) print_row(p, has_bits, has_placed);
    printf("*: no other point is as fast with as few look-up tables%s. Resources by the compiler's "
           "estimate%s.\n",
           has_bits ? " at no less accuracy" : "",
           has_placed ? "; placed: look-up tables counted after synthesis, error of the estimate"
                      : "");
}

int verb_explore(struct cli *cli)
{
    struct exploration e = {.cli = cli};
    const char *board = cli->flags.board ? cli->flags.board : cli->job->target->board;
    if (!board)
        job_fail(cli->job, "target", 0, "board",
                 "target: board is missing; see `sluice list boards`");
    board_find(&e.board, board);
    check_job(cli);
    cli->folder = cli_path(cli, "explore");
    find_points(&e);
    file_make_folder(cli->folder);
    run_all(&e);
    cJSON *json = exploration_json(&e);
    json_write(cli_path(cli, "explore.json"), json);
    report_explore_write(cli->folder, json, SLUICE_VERSION);
    print_table(cli, json_find(json, "points"));
    if (cli->flags.json) cli_print(json);
    cJSON_Delete(json);
    if (e.failed) return cli_verdict("%s: a point failed; see the table", cli->folder);
    info("%s", cli_path(cli, "explore.html"));
    return 0;
}
