/* The readable form of `sluice explain`: aligned tables. */
#include "cli/explain.h"
#include "report/number.h"

#include <math.h>
#include <stdio.h>

enum { ROWS = 10, LAYER_WIDTH = 16, NAME_WIDTH = 24 };

struct printer {
    struct text *out;
    const cJSON *json;
};

static double number(const cJSON *row, const char *path)
{
    return json_number(row, path, NAN);
}

static struct report_number fixed(const cJSON *row, const char *path, int decimals)
{
    return report_fixed(number(row, path), decimals);
}

static const char *word(const cJSON *row, const char *path)
{
    return json_string(row, path, "-");
}

/* Left-aligned in a column. */
static void add_left(const struct printer *p, const char *value, int width)
{
    int pad = width - report_length(value);
    text_add(p->out, "%s%*s", value, pad > 0 ? pad : 0, "");
}

static void add_title(const struct printer *p, const char *title)
{
    text_add(p->out, "\n%s\n", title);
}

/* How many rows of an array are left out. */
static void add_rest(const struct printer *p, const cJSON *rows)
{
    int rest = cJSON_GetArraySize(rows) - ROWS;
    if (rest > 0) text_add(p->out, "  and %s more (--json)\n", report_count(rest).text);
}

/* ---- cells ---- */

static void add_cost_head(const struct printer *p, const char *own)
{
    text_add(p->out, "  %*s %10s %10s %10s %11s %11s %10s\n", NAME_WIDTH, "", "cells", "of all",
             "LUT4", "adder bits", own, "registers");
}

static void add_cost_row(const struct printer *p, const char *name, const cJSON *row)
{
    double share = number(row, "cells") / number(p->json, "total.cells");
    double own = number(row, "own_adder_bits");
    text_add(p->out, "  ");
    add_left(p, name, NAME_WIDTH);
    text_add(p->out, " %10s %10s %10s %11s %11s %10s\n", fixed(row, "cells", 1).text,
             report_percent(share).text, fixed(row, "lut4", 1).text,
             fixed(row, "adder_bits", 1).text, isnan(own) ? "" : report_fixed(own, 1).text,
             fixed(row, "register_bits", 1).text);
}

static void add_layers(const struct printer *p)
{
    const cJSON *row, *unused = json_find(p->json, "unused");
    add_title(p, "Layers (cells are estimates)");
    add_cost_head(p, "");
    cJSON_ArrayForEach(row, json_find(p->json, "layers")) add_cost_row(p, word(row, "name"), row);
    add_cost_row(p,
                 json_number(p->json, "control.lut4", 0) > 0 ? "(valid bits, protection)"
                                                             : "(valid bits)",
                 json_find(p->json, "control"));
    if (number(unused, "cells") > 0) add_cost_row(p, "(unused)", unused);
    add_cost_row(p, "total", json_find(p->json, "total"));
}

static void add_neurons(const struct printer *p)
{
    const cJSON *row, *rows = json_find(p->json, "neurons");
    int left = ROWS;
    add_title(p, "Most expensive neurons (what several use is divided among them)");
    add_cost_head(p, "its alone");
    cJSON_ArrayForEach(row, rows)
    {
        if (left-- == 0) break;
        add_cost_row(p, word(row, "name"), row);
    }
    add_rest(p, rows);
}

static void add_weights(const struct printer *p)
{
    const cJSON *row, *rows = json_find(p->json, "weights");
    int left = ROWS;
    if (cJSON_GetArraySize(rows) == 0) return;
    add_title(p,
              "Most expensive weights (adder bits: its share; goes at once: if it alone were 0)");
    text_add(p->out, "  %-*s %-*s %12s %12s %14s\n", NAME_WIDTH, "of", NAME_WIDTH, "in", "weight",
             "adder bits", "goes at once");
    cJSON_ArrayForEach(row, rows)
    {
        if (left-- == 0) break;
        text_add(p->out, "  ");
        add_left(p, word(row, "from"), NAME_WIDTH);
        text_add(p->out, " ");
        add_left(p, word(row, "to"), NAME_WIDTH);
        text_add(p->out, " %12s %12s %14s\n", report_significant(number(row, "weight")).text,
                 fixed(row, "adder_bits", 2).text,
                 report_count(number(row, "saved_adder_bits")).text);
    }
    add_rest(p, rows);
}

/* ---- nanoseconds ---- */

static void add_latency(const struct printer *p)
{
    const cJSON *row;
    add_title(p, "Latency");
    text_add(
        p->out, "  %s ns = %s cycles of %s ns: logic %s, registers %s, not used %s ns\n",
        fixed(p->json, "latency.ns", 1).text, report_count(number(p->json, "latency.cycles")).text,
        fixed(p->json, "critical_path.period_ns", 2).text,
        fixed(p->json, "latency.logic_ns", 1).text, fixed(p->json, "latency.register_ns", 1).text,
        fixed(p->json, "latency.unused_ns", 1).text);
    text_add(p->out, "  %*s %8s %8s %8s %34s\n", NAME_WIDTH, "", "from", "to", "cycles",
             "ns of logic on the longest way");
    cJSON_ArrayForEach(row, json_find(p->json, "layers"))
    {
        text_add(p->out, "  ");
        add_left(p, word(row, "name"), NAME_WIDTH);
        text_add(p->out, " %8s %8s %8s %34s\n", report_count(number(row, "start_cycle")).text,
                 report_count(number(row, "end_cycle")).text,
                 report_count(number(row, "cycles")).text, fixed(row, "logic_ns", 2).text);
    }
}

/* The rank of a stage among all by what little slack it has. */
static int rank_of(const cJSON *stages, const cJSON *stage)
{
    const cJSON *other;
    int rank = 0;
    bool behind = false;
    cJSON_ArrayForEach(other, stages)
    {
        double difference = number(other, "slack_ns") - number(stage, "slack_ns");
        behind = behind || other == stage;
        rank += difference < 0 || (!(difference > 0) && !behind);
    }
    return rank;
}

static void add_stages(const struct printer *p)
{
    const cJSON *row, *rows = json_find(p->json, "stages");
    add_title(p, "Stages (the ten with the least slack, by the delay model)");
    text_add(p->out, "  %6s %10s %10s   %s\n", "stage", "logic ns", "slack ns", "ends in");
    cJSON_ArrayForEach(row, rows)
    {
        if (rank_of(rows, row) >= ROWS) continue;
        text_add(p->out, "  %6s %10s %10s   %s\n", report_count(number(row, "stage")).text,
                 fixed(row, "logic_ns", 2).text, fixed(row, "slack_ns", 2).text,
                 word(row, "neuron"));
    }
}

static void add_value(const struct printer *p, const cJSON *row)
{
    double value = number(row, "value");
    char text[24] = "-";
    if (isfinite(value)) snprintf(text, sizeof text, "%%%.0f", value);
    text_add(p->out, "  ");
    add_left(p, text, 8);
    add_left(p, word(row, "op"), 10);
}

static void add_critical(const struct printer *p)
{
    const cJSON *row, *path = json_find(p->json, "critical_path");
    add_title(p, "Critical path by the delay model");
    text_add(p->out, "  stage %s: logic %s + register %s = %s ns of %s ns, so %s MHz at most\n",
             report_count(number(path, "stage")).text, fixed(path, "logic_ns", 2).text,
             fixed(path, "register_ns", 2).text, fixed(path, "total_ns", 2).text,
             fixed(path, "period_ns", 2).text, fixed(path, "fmax_mhz", 1).text);
    cJSON_ArrayForEach(row, json_find(path, "ops"))
    {
        add_value(p, row);
        text_add(p->out, "%4s bits %8s ns   ", report_count(number(row, "width_bits")).text,
                 fixed(row, "ns", 2).text);
        add_left(p, word(row, "layer"), LAYER_WIDTH);
        text_add(p->out, " %s\n", word(row, "neuron"));
    }
}

static void add_placed(const struct printer *p)
{
    const cJSON *row, *path = json_find(p->json, "placed_path");
    if (!cJSON_IsObject(path)) return;
    add_title(p, "Critical path as placed");
    text_add(p->out, "  %s ns, %s\n", fixed(path, "ns", 2).text, word(path, "clock"));
    cJSON_ArrayForEach(row, json_find(path, "steps"))
    {
        add_value(p, row);
        text_add(p->out, "%3s levels, logic %6s routing %6s ns   ",
                 report_count(number(row, "levels")).text, fixed(row, "logic_ns", 2).text,
                 fixed(row, "routing_ns", 2).text);
        bool known = isfinite(number(row, "value"));
        add_left(p, known ? word(row, "layer") : "", known ? LAYER_WIDTH : 0);
        text_add(p->out, "%s%s\n", known ? " " : "",
                 known ? word(row, "neuron") : word(row, "cell"));
    }
}

void explain_print(struct text *out, const cJSON *json)
{
    const struct printer p = {.out = out, .json = json};
    text_add(out, "%s on %s at %s MHz\n", word(json, "name"), word(json, "target"),
             report_significant(number(json, "clock_mhz")).text);
    add_layers(&p);
    add_neurons(&p);
    add_weights(&p);
    add_latency(&p);
    add_stages(&p);
    add_critical(&p);
    add_placed(&p);
}
