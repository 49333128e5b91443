/* explore.csv, explore.html and the picture of `sluice explore`: see explore.h. */
#include "report/explore.h"

#include "base/file.h"
#include "base/json.h"
#include "report/html.h"
#include "report/plot.h"

#include <math.h>
#include <string.h>

static double value(const cJSON *point, const char *path)
{
    return json_number(point, path, NAN);
}

static bool is_true(const cJSON *point, const char *name)
{
    return cJSON_IsTrue(json_find(point, name));
}

/* ---- Pareto ---- */

/* Whether a leaves nothing to choose b for; of equals, which comes first decides. */
static bool beats(const cJSON *a, const cJSON *b, bool has_widths, bool is_first)
{
    double gain[] = {
        value(b, "latency_ns") - value(a, "latency_ns"), value(b, "lut4") - value(a, "lut4"),
        has_widths ? value(a, "accuracy_hardware") - value(b, "accuracy_hardware") : 0};
    bool is_better = false;
    for (int i = 0; i < 3; i++) {
        if (gain[i] < -1e-12) return false;
        is_better = is_better || gain[i] > 1e-12;
    }
    return is_better || is_first;
}

void report_explore_mark(cJSON *points)
{
    cJSON *p;
    const cJSON *other, *first = points->child;
    bool has_widths = false;
    cJSON_ArrayForEach(p, points) has_widths = has_widths ||
                                               value(p, "bits") < value(first, "bits") ||
                                               value(p, "bits") > value(first, "bits");
    cJSON_ArrayForEach(p, points)
    {
        bool pareto = is_true(p, "exact"), is_before = true;
        cJSON_ArrayForEach(other, points)
        {
            if (other == p) is_before = false;
            if (other == p || !is_true(other, "exact")) continue;
            if (beats(other, p, has_widths, is_before)) pareto = false;
        }
        cJSON_AddBoolToObject(p, "pareto", pareto);
    }
}

/* ---- the columns of CSV and page ---- */

static const struct column {
    const char *path, *title;
    int decimals;
    double scale;
} columns[] = {{"bits", "Bits", 0, 1},
               {"reuse", "Reuse", 0, 1},
               {"lut4", "LUT4", 0, 1},
               {"ff", "Flip-flops", 0, 1},
               {"cells", "Cells", 0, 1},
               {"dsp", "DSP", 0, 1},
               {"bram", "RAM", 0, 1},
               {"latency_cycles", "Cycles", 0, 1},
               {"latency_ns", "Latency, ns", 1, 1},
               {"interval_cycles", "Interval", 0, 1},
               {"accuracy_hardware", "Accuracy, %", 2, 100},
               {"events", "Events", 0, 1},
               {"placed.lut4", "LUT4, placed", 0, 1},
               {"placed.fmax_mhz", "MHz, placed", 1, 1},
               {"placed.latency_ns", "Latency placed, ns", 1, 1}};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* Whether any point has the number. */
static bool is_known(const cJSON *points, const char *path)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, points) if (isfinite(value(p, path))) return true;
    return false;
}

/* Without a locale's comma. */
static void add_number(struct text *text, double x)
{
    struct text number = {0};
    report_plot_number(&number, x);
    text_add(text, "%s", text_string(&number) + 1); /* behind its blank */
    text_free(&number);
}

static void write_csv(const char *path, const cJSON *points)
{
    struct text csv = {0};
    text_add(&csv, "name");
    for (int i = 0; i < COLUMNS; i++) {
        text_add(&csv, ",");
        for (const char *c = columns[i].path; *c; c++)
            text_add(&csv, "%c", *c == '.' ? '_' : *c);
    }
    text_add(&csv, ",pareto,exact,over_budget,failure\n");
    const cJSON *p;
    cJSON_ArrayForEach(p, points)
    {
        text_add(&csv, "%s", json_string(p, "name", ""));
        for (int i = 0; i < COLUMNS; i++) {
            double x = value(p, columns[i].path);
            text_add(&csv, ",");
            if (isfinite(x)) add_number(&csv, x);
        }
        text_add(&csv, ",%d,%d,\"%s\",\"", is_true(p, "pareto"), is_true(p, "exact"),
                 json_string(p, "misses", ""));
        for (const char *c = json_string(p, "failure", ""); *c; c++)
            text_add(&csv, "%s%c", *c == '"' ? "\"" : "", *c);
        text_add(&csv, "\"\n");
    }
    file_write(path, text_string(&csv), csv.length);
    text_free(&csv);
}

/* ---- the picture ---- */

static void add_coordinates(struct text *script, const cJSON *p, const char *lut4,
                            const char *latency_ns)
{
    report_plot_number(script, value(p, lut4));
    report_plot_number(script, value(p, latency_ns));
    report_plot_number(script, value(p, "reuse"));
    text_add(script, "\n");
}

/* The points of a width, as a data block. */
static void add_block(struct text *script, const cJSON *points, const char *name, double bits)
{
    const cJSON *p;
    text_add(script, "$%s << EOD\n", name);
    cJSON_ArrayForEach(p, points)
    {
        double own = value(p, "bits");
        if (isfinite(value(p, "lut4")) && (own == bits || (isnan(own) && isnan(bits))))
            add_coordinates(script, p, "lut4", "latency_ns");
    }
    text_add(script, "EOD\n");
}

/* The Pareto points along the curve: by rising LUT4. */
static void add_curve(struct text *script, const cJSON *points)
{
    double done = -1;
    const cJSON *p, *next;
    text_add(script, "$pareto << EOD\n");
    do {
        next = NULL;
        cJSON_ArrayForEach(p, points)
        {
            double x = value(p, "lut4");
            if (!is_true(p, "pareto") || x <= done) continue;
            if (!next || x < value(next, "lut4")) next = p;
        }
        if (next) add_coordinates(script, next, "lut4", "latency_ns");
        if (next) done = value(next, "lut4");
    } while (next);
    text_add(script, "EOD\n");
}

/* Whether the Pareto points are a curve: accuracy is no third axis, and there are some. */
static bool has_curve(const cJSON *points, int widths)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, points)
    {
        if (is_true(p, "pareto")) return widths == 1;
    }
    return false;
}

static void add_placed(struct text *script, const cJSON *points)
{
    const cJSON *p;
    text_add(script, "$placed << EOD\n");
    cJSON_ArrayForEach(p, points) if (json_find(p, "placed"))
        add_coordinates(script, p, "placed.lut4", "placed.latency_ns");
    text_add(script, "EOD\n");
}

enum { MOST_WIDTHS = 32 };

/* The widths, in the order they come; NAN: the job's formats. */
static int find_widths(const cJSON *points, double widths[MOST_WIDTHS])
{
    int count = 0;
    const cJSON *p;
    cJSON_ArrayForEach(p, points)
    {
        double bits = value(p, "bits");
        bool is_new = true;
        for (int i = 0; i < count; i++)
            is_new = is_new && !(widths[i] == bits || (isnan(widths[i]) && isnan(bits)));
        if (is_new && count < MOST_WIDTHS) widths[count++] = bits;
    }
    return count;
}

/* Room around the points for their labels. */
static void add_ranges(struct text *script, const cJSON *points)
{
    static const char *const paths[][2] = {{"lut4", "placed.lut4"},
                                           {"latency_ns", "placed.latency_ns"}};
    for (int axis = 0; axis < 2; axis++) {
        double least = INFINITY, most = 0;
        const cJSON *p;
        cJSON_ArrayForEach(p, points) for (int i = 0; i < 2; i++)
        {
            double x = value(p, paths[axis][i]);
            if (isfinite(x)) least = fmin(least, x), most = fmax(most, x);
        }
        text_add(script, "set %crange [", "xy"[axis]);
        report_plot_number(script, fmax(least, 1) / 1.5);
        text_add(script, ":");
        report_plot_number(script, most * 1.6);
        text_add(script, "]\n");
    }
}

static void add_script(struct text *script, const cJSON *points, const double *widths, int count)
{
    bool placed = is_known(points, "placed.lut4");
    report_plot_begin(script);
    if (has_curve(points, count)) add_curve(script, points);
    for (int i = 0; i < count; i++) {
        char name[24];
        snprintf(name, sizeof name, "width%d", i);
        add_block(script, points, name, widths[i]);
    }
    if (placed) add_placed(script, points);
    add_ranges(script, points);
    text_add(script,
             "set logscale xy\n"
             "set xlabel '4-input look-up tables%s'\nset ylabel 'latency, ns'\n"
             "plot ",
             placed ? "" : " (estimate)");
    if (has_curve(points, count))
        text_add(script, "$pareto using 1:2 with lines linewidth 1.2 linecolor rgb '#94a3b8', ");
    for (int i = 0; i < count; i++)
        text_add(script,
                 "%s$width%d using 1:2 with points pointtype 7 pointsize 0.5 linecolor rgb '%s', "
                 "$width%d using 1:2:3 with labels offset 0.9,0.7 font ',10' textcolor rgb '%s'",
                 i ? ", " : "", i, report_colour(i), i, report_colour(i));
    if (placed)
        text_add(script, ", $placed using 1:2 with points pointtype 6 pointsize 0.7 linecolor rgb "
                         "'#0f172a'");
    text_add(script, "\n");
}

/* ---- the page ---- */

static void add_table(struct page *page, const cJSON *points)
{
    struct text *html = &page->html;
    const cJSON *p;
    text_add(html, "<table><thead><tr><th></th>");
    for (int i = 0; i < COLUMNS; i++)
        if (is_known(points, columns[i].path))
            text_add(html, "<th class=\"n\">%s</th>", columns[i].title);
    text_add(html, "<th class=\"f\">Verdict</th></tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(p, points)
    {
        text_add(html, "<tr><td>%s</td>", is_true(p, "pareto") ? "&#9733;" : "");
        for (int i = 0; i < COLUMNS; i++)
            if (is_known(points, columns[i].path))
                cell_number(page, report_fixed(columns[i].scale * value(p, columns[i].path),
                                               columns[i].decimals));
        const char *missed = page_escape(page, p, "misses"),
                   *failure = page_escape(page, p, "failure");
        text_add(html, "<td class=\"f\">%s%s%s%s%s</td></tr>\n",
                 is_true(p, "exact")          ? "bit-exact"
                 : isfinite(value(p, "lut4")) ? "not verified"
                                              : "not compiled",
                 *missed ? "; over the budget: " : "", missed, *failure ? "; " : "", failure);
    }
    text_add(html, "</tbody></table>\n");
}

static void add_picture(struct page *page, const cJSON *points)
{
    double widths[MOST_WIDTHS];
    int count = find_widths(points, widths);
    struct text script = {0};
    card_begin(page, "curve", "Latency against look-up tables",
               "Numbers are reuse factors; a line joins the points marked in the table where "
               "there is one width. Both axes are logarithmic.");
    if (!is_known(points, "lut4")) {
        page_missing(page, "Picture", "no point could be compiled");
    } else {
        add_script(&script, points, widths, count);
        page_plot(page, "explore", "Latency against look-up tables", &script);
        text_add(&page->html, "<ul class=\"legend\">\n");
        for (int i = 0; i < count; i++)
            legend_entry(page, i,
                         isnan(widths[i])
                             ? "estimate"
                             : arena_printf(&page->arena, "%.0f bits, estimate", widths[i]));
        text_add(&page->html, "</ul>\n");
        if (is_known(points, "placed.lut4"))
            text_add(&page->html, "<p class=\"about\">Circles: placed and routed.</p>\n");
    }
    text_free(&script);
    card_end(page);
}

void report_explore_write(const char *folder, const cJSON *exploration, const char *version)
{
    struct page page = {.report = exploration, .folder = folder};
    struct arena *a = &page.arena;
    const cJSON *points = json_find(exploration, "points");
    write_csv(file_join(a, folder, "explore.csv"), points);
    text_add(
        &page.html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">\n<title>%s &ndash; Sluice exploration</title>\n<style>\n",
        page_string(&page, "name", "unnamed"));
    html_add_style(&page.html);
    text_add(&page.html,
             "</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"brand\">Sluice "
             "<span>exploration</span></p>\n<h1>%s</h1>\n<p class=\"facts\"><span><b>Board</b> "
             "%s</span><span><b>Part</b> %s</span></p>\n</header>\n",
             page_string(&page, "name", "unnamed"), page_string(&page, "board", ""),
             page_string(&page, "part", ""));
    add_picture(&page, points);
    card_begin(&page, "points", "Points",
               "Resources are the compiler's estimate, the network alone; latency and interval are "
               "exact. A star marks the points that no other is better than.");
    add_table(&page, points);
    card_end(&page);
    text_add(&page.html, "<footer>Sluice %s</footer>\n</main>\n</body>\n</html>\n", version);
    file_write(file_join(a, folder, "explore.html"), text_string(&page.html), page.html.length);
    text_free(&page.html);
    arena_free(a);
}
