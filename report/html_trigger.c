/* The page's card on how a trigger would use the network: working points at a rate, turn-on curves,
 * resolution, and what disturbed inputs do. Nothing is added where physics.json has none of it. */
#include "report/html.h"
#include "report/plot.h"

#include "base/json.h"

#include <math.h>
#include <string.h>

enum { CURVES_MOST = 8 };

static const cJSON *rows_of(const struct page *page, const char *name)
{
    const cJSON *physics = page->fragments->json[FRAGMENT_PHYSICS];
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(physics, name);
    return cJSON_GetArraySize(rows) > 0 ? rows : NULL;
}

static const char *class_of(struct page *page, const cJSON *row)
{
    int k = (int)json_number(row, "class", -1);
    const char *path = arena_printf(&page->arena, "physics.class_names.%d", k);
    return page_string(page, path, arena_printf(&page->arena, "%d", k));
}

/* "63.8 (62.3 to 65.3)" of a member and its bounds, times `factor`. */
static void cell_interval(struct page *page, const cJSON *row, const char *name, double factor,
                          int digits)
{
    struct arena *a = &page->arena;
    double low = json_number(row, arena_printf(a, "%s_low", name), NAN);
    double high = json_number(row, arena_printf(a, "%s_high", name), NAN);
    text_add(&page->html, "<td class=\"n\">%s <small>%s to %s</small></td>",
             report_fixed(factor * json_number(row, name, NAN), digits).text,
             report_fixed(factor * low, digits).text, report_fixed(factor * high, digits).text);
}

static void add_points(struct page *page)
{
    const cJSON *rows = rows_of(page, "working_points"), *row;
    if (!rows) return;
    text_add(&page->html,
             "<p class=\"about\">%s kHz of background out of %s MHz, prescale %s; intervals of "
             "68 %%, by Clopper and Pearson.</p>\n<div class=\"wide\"><table><thead><tr>"
             "<th>Class</th><th class=\"n\">Signal efficiency, %%</th><th class=\"n\">Background "
             "efficiency, %%</th><th class=\"n\">Rate, kHz</th><th class=\"n\">Cut</th><th>Chosen "
             "on</th></tr></thead>\n<tbody>\n",
             report_significant(page_number(page, "physics.trigger.rate_khz")).text,
             report_significant(page_number(page, "physics.trigger.input_rate_mhz")).text,
             report_significant(page_number(page, "physics.trigger.prescale")).text);
    cJSON_ArrayForEach(row, rows)
    {
        text_add(&page->html, "<tr><td>%s</td>", class_of(page, row));
        cell_interval(page, row, "signal_efficiency", 100, 2);
        cell_interval(page, row, "background_efficiency", 100, 3);
        cell_interval(page, row, "rate_khz", 1, 1);
        cell_number(page, report_significant(json_number(row, "cut", NAN)));
        text_add(&page->html, "<td>%s</td></tr>\n", page_escape(page, row, "chosen_on"));
    }
    text_add(&page->html, "</tbody></table></div>\n");
}

/* Bins as points with error bars: x, y, low, high. */
static void add_bins(struct text *script, int index, const cJSON *bins, const char *value,
                     const char *low, const char *high)
{
    const cJSON *bin;
    text_add(script, "$curve%d << EOD\n", index);
    cJSON_ArrayForEach(bin, bins)
    {
        double left = json_number(bin, "low", NAN), right = json_number(bin, "high", NAN);
        double y = json_number(bin, value, NAN);
        report_plot_number(script, (left + right) / 2);
        report_plot_number(script, y);
        /* Bounds of their own, or an error on either side. */
        report_plot_number(script,
                           high ? json_number(bin, low, NAN) : y - json_number(bin, low, NAN));
        report_plot_number(script,
                           high ? json_number(bin, high, NAN) : y + json_number(bin, low, NAN));
        text_add(script, "\n");
    }
    text_add(script, "EOD\n");
}

static void add_curve(struct text *plots, int index, int colour)
{
    text_add(plots,
             "%s $curve%d using 1:2:3:4 with yerrorlines linewidth 1.1 pointtype 7 pointsize 0.3 "
             "linecolor rgb '%s'",
             index ? "," : "plot", index, report_colour(colour));
}

/* One picture for each feature; a curve for each class. */
static void add_turn_on(struct page *page)
{
    const cJSON *rows = rows_of(page, "turn_on"), *row, *first;
    int pictures = 0;
    cJSON_ArrayForEach(first, rows)
    {
        const char *feature = json_string(first, "feature", "");
        bool seen = false;
        for (row = rows->child; row != first; row = row->next)
            seen = seen || strcmp(json_string(row, "feature", ""), feature) == 0;
        if (seen) continue;
        struct text script = {0}, plots = {0};
        report_plot_begin(&script);
        int curves = 0;
        for (row = first; row && curves < CURVES_MOST; row = row->next)
            if (strcmp(json_string(row, "feature", ""), feature) == 0) {
                add_bins(&script, curves, cJSON_GetObjectItemCaseSensitive(row, "bins"),
                         "efficiency", "efficiency_low", "efficiency_high");
                add_curve(&plots, curves, (int)json_number(row, "class", curves));
                curves++;
            }
        text_add(&script, "set yrange [0:1.05]\nset ylabel 'efficiency'\n%s\n",
                 text_string(&plots));
        text_add(&page->html, "<h3>Turn-on in %s</h3>\n", page_escape(page, first, "feature"));
        const char *name = arena_printf(&page->arena, "turn_on_%d", pictures++);
        if (page_plot(page, name, "Efficiency of the working point", &script))
            for (row = first; row; row = row->next)
                if (strcmp(json_string(row, "feature", ""), feature) == 0)
                    legend_entry(page, (int)json_number(row, "class", 0), class_of(page, row));
        text_free(&script);
        text_free(&plots);
    }
}

static void add_resolution(struct page *page)
{
    const cJSON *outputs = rows_of(page, "regression"), *output;
    int picture = 0;
    cJSON_ArrayForEach(output, outputs)
    {
        text_add(&page->html,
                 "<h3>%s</h3>\n<p class=\"about\">Bias %s &plusmn; %s, resolution %s &plusmn; "
                 "%s; below against the target.</p>\n",
                 page_escape(page, output, "output"),
                 report_significant(json_number(output, "bias", NAN)).text,
                 report_significant(json_number(output, "bias_error", NAN)).text,
                 report_significant(json_number(output, "resolution", NAN)).text,
                 report_significant(json_number(output, "resolution_error", NAN)).text);
        const cJSON *bins = cJSON_GetObjectItemCaseSensitive(output, "bins");
        struct text script = {0}, plots = {0};
        report_plot_begin(&script);
        add_bins(&script, 0, bins, "bias", "bias_error", NULL);
        add_bins(&script, 1, bins, "resolution", "resolution_error", NULL);
        add_curve(&plots, 0, 0);
        add_curve(&plots, 1, 1);
        text_add(&script, "set xlabel 'target'\n%s\n", text_string(&plots));
        const char *name = arena_printf(&page->arena, "resolution_%d", picture++);
        if (page_plot(page, name, "Bias and resolution", &script)) {
            legend_entry(page, 0, "bias");
            legend_entry(page, 1, "resolution");
        }
        text_free(&script);
        text_free(&plots);
    }
}

static void add_robustness(struct page *page)
{
    const cJSON *rows = rows_of(page, "robustness"), *row;
    if (!rows) return;
    bool classes = isfinite(json_number(rows->child, "accuracy", NAN));
    text_add(&page->html,
             "<h3>Disturbed inputs</h3>\n<div class=\"wide\"><table><thead><tr><th>Disturbance</th>"
             "<th class=\"n\">%s</th><th class=\"n\">Change</th></tr></thead>\n<tbody>\n",
             classes ? "Accuracy, %" : "RMS error");
    cJSON_ArrayForEach(row, rows)
    {
        double value = json_number(row, classes ? "accuracy" : "rms_error", NAN);
        double change = json_number(row, "change", NAN);
        text_add(&page->html, "<tr><td>%s</td>", page_escape(page, row, "what"));
        cell_number(page, classes ? report_fixed(100 * value, 2) : report_significant(value));
        cell_number(page, classes ? report_fixed(100 * change, 2) : report_significant(change));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "</tbody></table></div>\n");
}

void html_trigger(struct page *page)
{
    if (!rows_of(page, "working_points") && !rows_of(page, "robustness") &&
        !rows_of(page, "regression"))
        return;
    card_begin(page, "trigger", "In the trigger",
               "What the hardware would do with the test events, by the integer program.");
    add_points(page);
    add_turn_on(page);
    add_resolution(page);
    add_robustness(page);
    card_end(page);
}
