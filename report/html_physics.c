/* The cards about what the network decides: accuracy, ROC, confusion, float against hardware. */
#include "report/html.h"

#include "base/json.h"
#include "report/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    CLASSES_DRAWN = 12,  /* ROC curves in one picture */
    CONFUSION_MOST = 24, /* classes of a confusion matrix that fits a page */
    SCATTER_MOST = 2000, /* points of the scatter picture */
    HISTOGRAM_BINS = 41
};

static const cJSON *list(const cJSON *object, const char *name)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsArray(rows) && rows->child ? rows : NULL;
}

/* Element `index` of an array of numbers, NAN if it is none. */
static double element(const cJSON *array, int index)
{
    const cJSON *item = cJSON_IsArray(array) ? cJSON_GetArrayItem(array, index) : NULL;
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static const char *class_name(struct page *page, const cJSON *physics, int index)
{
    const cJSON *name = cJSON_GetArrayItem(list(physics, "class_names"), index);
    if (cJSON_IsString(name)) return report_escape(&page->arena, name->valuestring);
    return arena_printf(&page->arena, "class %d", index);
}

/* The class a row is about: its `class` is an index into class_names. */
static const char *class_of(struct page *page, const cJSON *physics, const cJSON *row,
                            int otherwise)
{
    double index = json_number(row, "class", otherwise);
    return class_name(page, physics, index >= 0 && index < 1e6 ? (int)index : otherwise);
}

/* One number of the strip at the head of the card. */
static void add_stat(struct page *page, const char *title, struct report_number value,
                     const char *unit, double points)
{
    if (strcmp(value.text, "-") == 0) return;
    text_add(&page->html, "<div><h3>%s</h3><p>%s%s", title, value.text, unit);
    if (isfinite(points))
        text_add(&page->html, "<small>%s%s points</small>", points > 0 ? "+" : "",
                 report_fixed(points, 2).text);
    text_add(&page->html, "</p></div>\n");
}

/* "&plusmn; ERROR" in front of the unit, where the error is known. */
static const char *with_error(struct page *page, const char *path, double factor, int digits,
                              const char *unit)
{
    double error = page_number(page, path);
    if (!isfinite(error)) return unit;
    return arena_printf(&page->arena, " <small>&plusmn;&#8239;%s</small>%s",
                        report_fixed(factor * error, digits).text, unit);
}

static void add_accuracies(struct page *page)
{
    static const struct {
        const char *path, *title;
    } rows[] = {{"physics.accuracy_float", "Float network"},
                {"physics.accuracy_quantized", "Quantized network"},
                {"physics.accuracy_hardware", "Hardware"},
                {"physics.balanced_accuracy", "Balanced"}};
    double reference = page_number(page, rows[0].path);
    text_add(&page->html, "<div class=\"stats\">\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = page_number(page, rows[i].path);
        bool compared = i == 1 || i == 2;
        const char *error_path = arena_printf(&page->arena, "%s_error", rows[i].path);
        add_stat(page, rows[i].title, report_fixed(value * 100, 2),
                 with_error(page, error_path, 100, 2, "&#8239;%"),
                 compared ? (value - reference) * 100 : NAN);
    }
    add_stat(page, "Mean AUC", report_fixed(page_number(page, "physics.auc"), 4),
             with_error(page, "physics.auc_error", 1, 4, ""), NAN);
    text_add(&page->html, "</div>\n");
}

struct column {
    const char *name, *title;
};
static const struct column columns[] = {{"auc_per_class", "AUC"},
                                        {"precision_per_class", "Precision"},
                                        {"recall_per_class", "Recall"},
                                        {"f1_per_class", "F1"}};
enum { COLUMNS = sizeof columns / sizeof *columns, RATES_MOST = 4 };

/* The background rates that appear, in their order. */
static int find_rates(const cJSON *physics, double rates[RATES_MOST])
{
    const cJSON *rows = list(physics, "efficiency_at_background"), *row;
    int count = 0;
    cJSON_ArrayForEach(row, rows)
    {
        double rate = json_number(row, "background", NAN);
        bool known = !isfinite(rate);
        for (int i = 0; i < count; i++)
            known = known || rates[i] == rate;
        if (!known && count < RATES_MOST) rates[count++] = rate;
    }
    return count;
}

/* Signal efficiency of class k at a background rate. */
static double efficiency(const cJSON *physics, int k, double rate)
{
    const cJSON *rows = list(physics, "efficiency_at_background"), *row;
    cJSON_ArrayForEach(row, rows)
    {
        if (json_number(row, "class", NAN) == k && json_number(row, "background", NAN) == rate)
            return json_number(row, "efficiency", NAN);
    }
    return NAN;
}

static void cell_with_error(struct page *page, double value, double error)
{
    if (!isfinite(error)) {
        cell_number(page, report_fixed(value, 4));
        return;
    }
    text_add(&page->html, "<td class=\"n\">%s <small>&plusmn;&#8239;%s</small></td>",
             report_fixed(value, 4).text, report_fixed(error, 4).text);
}

/* Metrics of each class, a row per class. */
static void add_classes(struct page *page, const cJSON *physics)
{
    double rates[RATES_MOST];
    int rate_count = find_rates(physics, rates);
    int classes = 0;
    for (int c = 0; c < COLUMNS; c++) {
        int count = cJSON_GetArraySize(list(physics, columns[c].name));
        if (count > classes) classes = count;
    }
    if (classes == 0) return;
    text_add(&page->html, "<div class=\"wide\"><table><thead><tr><th>Class</th>");
    for (int c = 0; c < COLUMNS; c++)
        text_add(&page->html, "<th class=\"n\">%s</th>", columns[c].title);
    for (int i = 0; i < rate_count; i++)
        text_add(&page->html, "<th class=\"n\">Signal at %s%% background</th>",
                 report_significant(rates[i] * 100).text);
    text_add(&page->html, "</tr></thead>\n<tbody>\n");
    for (int k = 0; k < classes; k++) {
        text_add(&page->html, "<tr><td>%s</td>", class_name(page, physics, k));
        for (int c = 0; c < COLUMNS; c++)
            cell_with_error(
                page, element(list(physics, columns[c].name), k),
                element(list(physics, arena_printf(&page->arena, "%s_error", columns[c].name)), k));
        for (int i = 0; i < rate_count; i++)
            cell_number(page, report_percent(efficiency(physics, k, rates[i])));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "</tbody></table></div>\n");
}

/* One data block of a ROC curve; false when it has no point with background above zero. */
static bool add_roc_block(struct text *script, int index, const cJSON *points, double *lowest)
{
    const cJSON *point;
    bool any = false;
    text_add(script, "$roc%d << EOD\n", index);
    cJSON_ArrayForEach(point, points)
    {
        double background = element(point, 0), signal = element(point, 1);
        if (!(background > 0 && background <= 1 && signal >= 0 && signal <= 1)) continue;
        report_plot_number(script, signal);
        report_plot_number(script, background);
        text_add(script, "\n");
        *lowest = fmin(*lowest, background);
        any = true;
    }
    text_add(script, "EOD\n");
    return any;
}

static void add_roc(struct page *page, const cJSON *physics)
{
    const cJSON *curves = list(physics, "roc"), *curve;
    struct text script = {0}, plots = {0};
    double lowest = 0.1;
    int index = 0;
    report_plot_begin(&script);
    cJSON_ArrayForEach(curve, curves)
    {
        if (index == CLASSES_DRAWN) break;
        if (add_roc_block(&script, index, list(curve, "points"), &lowest))
            text_add(&plots, "%s $roc%d using 1:2 with lines linewidth 1.3 linecolor rgb '%s'",
                     plots.length ? "," : "plot", index, report_colour(index));
        index++;
    }
    if (!plots.length) {
        report_plot_remove(page->folder, "roc");
        page_missing(page, "ROC curves", page_why(page, FRAGMENT_PHYSICS, "roc"));
    } else {
        text_add(&script,
                 "set logscale y\nset xrange [0:1]\nset yrange [%g:1]\nset format y '10^{%%T}'\n"
                 "set xlabel 'signal efficiency' textcolor rgb '#475569'\n"
                 "set ylabel 'background efficiency' textcolor rgb '#475569'\n%s\n",
                 pow(10, fmax(floor(log10(lowest)), -4)), text_string(&plots));
        if (page_plot(page, "roc", "ROC, each class against the rest", &script)) {
            text_add(&page->html, "<ul class=\"legend\">\n");
            for (int i = 0; i < index; i++)
                legend_entry(page, i, class_of(page, physics, cJSON_GetArrayItem(curves, i), i));
            text_add(&page->html, "</ul>\n");
        }
    }
    text_free(&script);
    text_free(&plots);
}

/* Rows are the truth and sum to 100 %; the shade is the share of the row. */
static void add_confusion(struct page *page, const cJSON *physics)
{
    const cJSON *rows = list(physics, "confusion"), *row, *cell;
    int classes = cJSON_GetArraySize(rows);
    if (classes == 0 || classes > CONFUSION_MOST) {
        page_missing(page, "Confusion matrix",
                     classes ? "too many classes for a page"
                             : page_why(page, FRAGMENT_PHYSICS, "confusion"));
        return;
    }
    const char *of = json_string(physics, "confusion_of", "hardware");
    text_add(&page->html,
             "<figure><figcaption>Confusion of the %s, %% of each true class</figcaption>\n"
             "<table class=\"confusion\"><thead><tr><th>true &darr; decided &rarr;</th>",
             report_escape(&page->arena, of));
    for (int k = 0; k < classes; k++)
        text_add(&page->html, "<th>%s</th>", class_name(page, physics, k));
    text_add(&page->html, "</tr></thead>\n<tbody>\n");
    int index = 0;
    cJSON_ArrayForEach(row, rows)
    {
        double sum = 0;
        cJSON_ArrayForEach(cell, row)
        {
            if (cJSON_IsNumber(cell)) sum += cell->valuedouble;
        }
        text_add(&page->html, "<tr><th>%s</th>", class_name(page, physics, index));
        for (int k = 0; k < classes; k++) {
            double share = sum > 0 ? element(row, k) / sum : NAN;
            double shade = share >= 0 ? fmin(share, 1) : 0;
            text_add(
                &page->html,
                "<td class=\"%s\" style=\"background:rgba(0,114,178,%.3f)\" title=\"%s events\""
                ">%s</td>",
                shade > 0.55 ? "dark" : "", shade, report_count(element(row, k)).text,
                report_fixed(share * 100, 1).text);
        }
        text_add(&page->html, "</tr>\n");
        index++;
    }
    text_add(&page->html, "</tbody></table></figure>\n");
}

void html_physics(struct page *page)
{
    const cJSON *physics = page->fragments->json[FRAGMENT_PHYSICS];
    bool softmax = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(physics, "host_softmax"));
    card_begin(page, "physics", "Physics performance",
               softmax ? "On test events, never seen in training. Curves and cuts are on the "
                         "probabilities that the host's softmax makes of the hardware's scores."
                       : "On test events, never seen in training.");
    add_accuracies(page);
    text_add(&page->html, "<div class=\"pair\">\n<div>");
    add_roc(page, physics);
    text_add(&page->html, "</div>\n<div>");
    add_confusion(page, physics);
    text_add(&page->html, "</div>\n</div>\n");
    add_classes(page, physics);
    card_end(page);
}

/* ---- float against hardware ---- */

struct points {
    double float_score[SCATTER_MOST], hardware[SCATTER_MOST];
    int output[SCATTER_MOST], count;
    double low, high; /* of both */
    double worst;     /* largest |hardware - float| */
};

static void read_points(struct points *points, const cJSON *scatter)
{
    const cJSON *item;
    points->low = INFINITY;
    points->high = -INFINITY;
    cJSON_ArrayForEach(item, scatter)
    {
        if (points->count == SCATTER_MOST) break;
        double x = element(item, 0), y = element(item, 1), output = element(item, 2);
        if (!isfinite(x) || !isfinite(y)) continue;
        points->float_score[points->count] = x;
        points->hardware[points->count] = y;
        points->output[points->count++] = output >= 0 && output < 1e6 ? (int)output : 0;
        points->low = fmin(points->low, fmin(x, y));
        points->high = fmax(points->high, fmax(x, y));
        points->worst = fmax(points->worst, fabs(y - x));
    }
}

static void draw_scatter(struct page *page, const struct points *points)
{
    struct text script = {0};
    double edge = points->high > points->low ? 0.04 * (points->high - points->low) : 1;
    report_plot_begin(&script);
    text_add(&script, "$points << EOD\n");
    for (int i = 0; i < points->count; i++) {
        report_plot_number(&script, points->float_score[i]);
        report_plot_number(&script, points->hardware[i]);
        unsigned colour = (unsigned)strtoul(report_colour(points->output[i]) + 1, NULL, 16);
        text_add(&script, " %u\n", colour);
    }
    text_add(&script, "EOD\nset xrange [%.7g:%.7g]\nset yrange [%.7g:%.7g]\n", points->low - edge,
             points->high + edge, points->low - edge, points->high + edge);
    text_add(&script, "set xlabel 'score of the float network' textcolor rgb '#475569'\n"
                      "set ylabel 'score of the hardware' textcolor rgb '#475569'\n"
                      "plot x with lines linewidth 0.7 linecolor rgb '#94a3b8', $points using "
                      "1:2:3 with points pointtype 7 pointsize 0.22 linecolor rgb variable\n");
    page_plot(page, "scatter", "Score of the hardware against float", &script);
    text_free(&script);
}

static void draw_deviation(struct page *page, const struct points *points)
{
    struct text script = {0};
    int bins[HISTOGRAM_BINS] = {0};
    double width = points->worst > 0 ? 2 * points->worst / HISTOGRAM_BINS : 1;
    for (int i = 0; i < points->count; i++) {
        double deviation = points->hardware[i] - points->float_score[i];
        int bin = (int)floor(deviation / width + HISTOGRAM_BINS / 2.0);
        bins[bin < 0 ? 0 : bin >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : bin]++;
    }
    report_plot_begin(&script);
    text_add(&script, "$bins << EOD\n");
    for (int i = 0; i < HISTOGRAM_BINS; i++) {
        report_plot_number(&script, (i - HISTOGRAM_BINS / 2) * width);
        text_add(&script, " %d\n", bins[i]);
    }
    text_add(&script,
             "EOD\nset boxwidth %.7g\nset style fill solid 0.75 noborder\nset yrange [0:*]\n"
             "set xrange [%.7g:%.7g]\n"
             "set xlabel 'hardware minus float' textcolor rgb '#475569'\n"
             "set ylabel 'scores' textcolor rgb '#475569'\n"
             "plot $bins using 1:2 with boxes linecolor rgb '#0072B2'\n",
             width * 0.92, -width * HISTOGRAM_BINS / 2, width * HISTOGRAM_BINS / 2);
    page_plot(page, "deviation", "Deviation of the hardware's scores from float", &script);
    text_free(&script);
}

void html_scatter(struct page *page)
{
    const cJSON *physics = page->fragments->json[FRAGMENT_PHYSICS];
    struct points *points = arena_alloc(&page->arena, 1, sizeof *points);
    read_points(points, list(physics, "scatter"));
    card_begin(page, "scatter", "Float against hardware",
               "The unquantized network in double precision against the integers of the hardware "
               "times their scale.");
    if (points->count == 0) {
        report_plot_remove(page->folder, "scatter");
        report_plot_remove(page->folder, "deviation");
        page_missing(page, "Scatter of scores", page_why(page, FRAGMENT_PHYSICS, "scatter"));
        card_end(page);
        return;
    }
    text_add(&page->html, "<div class=\"pair\">\n<div>");
    draw_scatter(page, points);
    int outputs = 0;
    for (int i = 0; i < points->count; i++)
        if (points->output[i] >= outputs) outputs = points->output[i] + 1;
    if (outputs > 1 && outputs <= CLASSES_DRAWN) {
        text_add(&page->html, "<ul class=\"legend\">\n");
        for (int k = 0; k < outputs; k++)
            legend_entry(page, k, class_name(page, physics, k));
        text_add(&page->html, "</ul>\n");
    }
    text_add(&page->html, "</div>\n<div>");
    draw_deviation(page, points);
    text_add(&page->html, "</div>\n</div>\n");
    card_end(page);
}
