/* Writing, showing and picking from a frontier: see frontier.h. */
#include "cli/frontier.h"

#include "base/error.h"
#include "base/file.h"
#include "model/onnx.h"
#include "report/plot.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- frontier.json ----------------------------------------------------------------------------
 */

static const char *point_file(struct cli *cli, int i)
{
    return arena_printf(&cli->arena, "frontier/%02d.onnx", i);
}

static cJSON *point_json(struct cli *cli, const struct train_point *p, int i)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "file", point_file(cli, i));
    json_add_number(row, "price", p->price);
    json_add_number(row, "adder_bits", p->compiled ? p->cost.total.adder_bits : NAN);
    json_add_number(row, "lut4", p->compiled ? p->cost.total.lut4 : NAN);
    json_add_number(row, "cells", p->compiled ? p->cost.total.cells : NAN);
    json_add_number(row, "ff", p->compiled ? p->cost.total.ff : NAN);
    json_add_number(row, "latency_cycles", p->compiled ? (double)p->cost.latency_cycles : NAN);
    json_add_number(row, "clock_mhz", p->compiled ? p->cost.clock_mhz : NAN);
    json_add_number(row, "latency_ns",
                    p->compiled ? p->cost.latency_cycles / p->cost.clock_mhz * 1e3 : NAN);
    json_add_number(row, "accuracy", p->accuracy);
    json_add_number(row, "auc", p->auc);
    json_add_number(row, "loss", p->loss);
    json_add_number(row, "train_loss", p->train_loss);
    json_add_number(row, "weights", (double)p->weights);
    json_add_number(row, "nonzero_weights", (double)p->nonzero);
    json_add_number(row, "signed_digits", (double)p->digits);
    json_add_number(row, "price_weight", p->price_weight);
    json_add_number(row, "epoch", p->epoch);
    return row;
}

/* Points of an earlier training beyond the present ones. */
static void remove_others(struct cli *cli, int first)
{
    while (unlink(cli_path(cli, point_file(cli, first))) == 0)
        first++;
}

/* Accuracy, or the loss where there are no classes, against LUT4 or, not compiled, the price. */
static void draw(struct cli *cli, const cJSON *points)
{
    bool compiled = isfinite(json_number(cJSON_GetArrayItem(points, 0), "lut4", NAN));
    bool classes = isfinite(json_number(cJSON_GetArrayItem(points, 0), "accuracy", NAN));
    struct text script = {0};
    report_plot_begin(&script);
    text_add(&script, "$points << EOD\n");
    const cJSON *p;
    cJSON_ArrayForEach(p, points)
    {
        report_plot_number(&script, json_number(p, compiled ? "lut4" : "price", NAN));
        report_plot_number(&script, json_number(p, classes ? "accuracy" : "loss", NAN) *
                                        (classes ? 100 : 1));
        text_add(&script, "\n");
    }
    text_add(&script,
             "EOD\nset logscale x\nset xlabel '%s'\nset ylabel '%s'\n"
             "plot $points using 1:2 with linespoints linewidth 1.3 pointtype 7 pointsize 0.4 "
             "linecolor rgb '%s'\n",
             compiled ? "4-input look-up tables (estimate)" : "price",
             classes ? "validation accuracy, %" : "validation loss", report_colour(0));
    const char *why = NULL;
    if (!report_plot_draw(&cli->arena, cli->folder, "frontier", "Accuracy against look-up tables",
                          &script, &why))
        warn("no picture of the frontier: %s", why);
    text_free(&script);
}

void frontier_write(struct cli *cli, const struct train_result *result, int picked)
{
    file_make_folder(cli_path(cli, "frontier"));
    cJSON *json = cJSON_CreateObject();
    json_add_number(json, "schema", 1);
    cJSON_AddStringToObject(json, "name", cli->job->name);
    cJSON_AddStringToObject(json, "price", cli->job->training->price);
    json_add_number(json, "picked", picked);
    cJSON *points = cJSON_AddArrayToObject(json, "points");
    for (int i = 0; i < result->point_count; i++) {
        onnx_write(cli_path(cli, point_file(cli, i)), result->points[i].network);
        cJSON_AddItemToArray(points, point_json(cli, &result->points[i], i));
    }
    remove_others(cli, result->point_count);
    json_write(cli_path(cli, "frontier.json"), json);
    draw(cli, points);
    cJSON_Delete(json);
}

/* ---- The table --------------------------------------------------------------------------------
 */

void frontier_print_number(double value, const char *format, int width)
{
    char text[32] = "-";
    if (isfinite(value)) snprintf(text, sizeof text, format, value);
    printf(" %*s", width, text);
}

void frontier_print(struct cli *cli)
{
    if (error_is_quiet() || cli->flags.json) return;
    cJSON *json = json_read(cli_path(cli, "frontier.json"));
    const cJSON *p;
    int picked = (int)json_number(json, "picked", -1), i = 0;
    printf("\n     %10s %10s %10s %10s %9s %9s %9s %9s %8s\n", "adder bits", "lut4", "cells",
           "latency ns", "accuracy", "auc", "loss", "non-zero", "digits");
    cJSON_ArrayForEach(p, json_find(json, "points"))
    {
        printf("%2d %s", i, i == picked ? "*" : " ");
        frontier_print_number(json_number(p, "adder_bits", NAN), "%.0f", 10);
        frontier_print_number(json_number(p, "lut4", NAN), "%.0f", 10);
        frontier_print_number(json_number(p, "cells", NAN), "%.0f", 10);
        frontier_print_number(json_number(p, "latency_ns", NAN), "%.1f", 10);
        frontier_print_number(100 * json_number(p, "accuracy", NAN), "%.2f %%", 9);
        frontier_print_number(json_number(p, "auc", NAN), "%.4f", 9);
        frontier_print_number(json_number(p, "loss", NAN), "%.4f", 9);
        frontier_print_number(json_number(p, "nonzero_weights", NAN), "%.0f", 9);
        frontier_print_number(json_number(p, "signed_digits", NAN), "%.0f", 8);
        putchar('\n');
        i++;
    }
    printf(
        "Accuracy on the validation events; look-up tables and cells as estimated for the target."
        "\n*: %s; another: sluice train JOB --pick 'lut4<2000'; picture: %s\n",
        cli_path(cli, "train/model.onnx"), cli_path(cli, "plots/frontier.svg"));
    cJSON_Delete(json);
}

/* ---- Picking ----------------------------------------------------------------------------------
 */

struct bound {
    char name[24], relation[3];
    double value;
};

static const char *const bound_names[] = {"lut4",  "adder_bits", "cells", "ff",  "latency_ns",
                                          "price", "accuracy",   "auc",   "loss"};
enum { BOUND_COUNT = sizeof bound_names / sizeof *bound_names, FIRST_QUALITY = 6, MOST_BOUNDS = 8 };

_Noreturn static void fail_expression(const char *expression)
{
    fail("--pick '%s': it is bounds such as 'lut4<5000' or 'accuracy>0.66,cells<3000', of lut4, "
         "adder_bits, cells, ff, latency_ns, price, accuracy, auc and loss",
         expression);
}

static int parse_bounds(const char *expression, struct bound bounds[MOST_BOUNDS])
{
    int count = 0;
    for (const char *at = expression; *at;) {
        struct bound *b = &bounds[count];
        int used = 0;
        if (count == MOST_BOUNDS ||
            sscanf(at, " %23[a-z_0-9] %2[<>=] %lf %n", b->name, b->relation, &b->value, &used) < 3)
            fail_expression(expression);
        bool known = false;
        for (int i = 0; i < BOUND_COUNT; i++)
            known = known || strcmp(b->name, bound_names[i]) == 0;
        static const char *const relations[] = {"<", "<=", ">", ">="};
        bool is_relation = false;
        for (int i = 0; i < 4; i++)
            is_relation = is_relation || strcmp(b->relation, relations[i]) == 0;
        at += used;
        if (!known || !is_relation || (*at && *at != ',')) fail_expression(expression);
        if (*at) at++;
        count++;
    }
    if (count == 0) fail_expression(expression);
    return count;
}

static bool meets(const cJSON *point, const struct bound *b)
{
    double x = json_number(point, b->name, NAN);
    switch (b->relation[0]) {
    case '<': return b->relation[1] ? x <= b->value : x < b->value;
    default: return b->relation[1] ? x >= b->value : x > b->value;
    }
}

static bool bounds_quality(const struct bound *bounds, int count)
{
    for (int i = 0; i < count; i++)
        for (int n = FIRST_QUALITY; n < BOUND_COUNT; n++)
            if (strcmp(bounds[i].name, bound_names[n]) == 0) return true;
    return false;
}

/* Smaller is better: the price, or the loss (accuracy where there is no loss). */
static double rank(const cJSON *point, bool by_price)
{
    return json_number(point, by_price ? "price" : "loss", -json_number(point, "accuracy", 0));
}

int frontier_pick(const cJSON *points, const char *expression)
{
    struct bound bounds[MOST_BOUNDS];
    int count = parse_bounds(expression, bounds), best = -1, i = 0;
    bool by_price = bounds_quality(bounds, count);
    const cJSON *p;
    cJSON_ArrayForEach(p, points)
    {
        bool all = true;
        for (int k = 0; k < count; k++)
            all = all && meets(p, &bounds[k]);
        if (all &&
            (best < 0 || rank(p, by_price) < rank(cJSON_GetArrayItem(points, best), by_price)))
            best = i;
        i++;
    }
    if (best < 0)
        fail("--pick '%s': none of the frontier's %d points meets it; see its table in "
             "frontier.json, or train with another target",
             expression, i);
    return best;
}
