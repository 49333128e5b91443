/* The cards about how it came about: training, verification, what was left out, tools and times. */
#include "report/html.h"

#include "base/json.h"
#include "report/plot.h"

#include <math.h>
#include <string.h>

/* ---- training ---- */

struct curve {
    const char *key, *title;
    const char *style; /* gnuplot's */
    int colour;
};

/* Columns of the pictures; `sparsity` shares the accuracy's axis: all are fractions. */
static const struct curve loss_curves[] = {{"loss", "training", "", 0},
                                           {"val_loss", "validation", "", 1}};
static const struct curve accuracy_curves[] = {
    {"accuracy", "training", "", 0},
    {"val_accuracy", "validation", "", 1},
    {"sparsity", "weights that are zero", "dashtype 2", 6}};

static bool has_column(const cJSON *rows, const char *key)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        if (isfinite(json_number(row, key, NAN))) return true;
    }
    return false;
}

/* A dashed line where one phase of training ends and the next begins. */
static void mark_phases(struct text *script, const cJSON *rows)
{
    const char *last = NULL;
    const cJSON *row;
    int index = 0;
    cJSON_ArrayForEach(row, rows)
    {
        const char *phase = json_string(row, "phase", "");
        if (last && strcmp(last, phase) != 0)
            text_add(script,
                     "set arrow from %g, graph 0 to %g, graph 1 nohead dashtype 3 linewidth 0.8 "
                     "linecolor rgb '#64748b'\n",
                     index + 0.5, index + 0.5);
        last = phase;
        index++;
    }
}

static void draw_curves(struct page *page, const cJSON *rows, const char *name, const char *title,
                        const char *axis, const struct curve *curves, size_t count)
{
    struct text script = {0}, plots = {0};
    const cJSON *row;
    int epoch = 0;
    report_plot_begin(&script);
    mark_phases(&script, rows);
    text_add(&script, "$epochs << EOD\n");
    const char *phase = NULL;
    cJSON_ArrayForEach(row, rows)
    {
        const char *now = json_string(row, "phase", "");
        if (phase && strcmp(phase, now) != 0) text_add(&script, "\n"); /* the line ends here */
        phase = now;
        text_add(&script, "%d", ++epoch);
        for (size_t i = 0; i < count; i++)
            report_plot_number(&script, json_number(row, curves[i].key, NAN));
        text_add(&script, "\n");
    }
    text_add(&script,
             "EOD\nset xrange [0.5:%d.5]\nset xlabel 'epoch' textcolor rgb '#475569'\n"
             "set ylabel '%s' textcolor rgb '#475569'\n",
             epoch, axis);
    for (size_t i = 0; i < count; i++) {
        if (!has_column(rows, curves[i].key)) continue;
        text_add(&plots, "%s $epochs using 1:%zu with %s linewidth 1.3 linecolor rgb '%s' %s",
                 plots.length ? "," : "plot", i + 2,
                 epoch > 2 ? "lines" : "linespoints pointtype 7 pointsize 0.3",
                 report_colour(curves[i].colour), curves[i].style);
    }
    if (!plots.length) {
        report_plot_remove(page->folder, name);
        page_missing(page, title, page_why(page, FRAGMENT_TRAIN, "curves with it"));
    } else {
        text_add(&script, "%s\n", text_string(&plots));
        if (page_plot(page, name, title, &script)) {
            text_add(&page->html, "<ul class=\"legend\">\n");
            for (size_t i = 0; i < count; i++)
                if (has_column(rows, curves[i].key))
                    legend_entry(page, curves[i].colour, curves[i].title);
            text_add(&page->html, "</ul>\n");
        }
    }
    text_free(&script);
    text_free(&plots);
}

/* "float: epochs 1-20, quantized: epochs 21-40". */
static void add_phases(struct page *page, const cJSON *rows)
{
    const cJSON *row = rows->child;
    int epoch = 1;
    text_add(&page->html, "<p class=\"about\">Phases: ");
    while (row) {
        const char *phase = json_string(row, "phase", "training");
        int first = epoch;
        while (row && strcmp(json_string(row, "phase", "training"), phase) == 0) {
            row = row->next;
            epoch++;
        }
        text_add(&page->html, "%s%s, epochs %d&ndash;%d", first > 1 ? "; " : "",
                 report_escape(&page->arena, phase), first, epoch - 1);
    }
    text_add(&page->html, ".</p>\n");
}

static void add_validation(struct page *page)
{
    double events = page_number(page, "training.events_train");
    double plain = page_number(page, "training.validation_accuracy_float");
    double quantized = page_number(page, "training.validation_accuracy_quantized");
    if (!isfinite(events)) return;
    text_add(&page->html, "<p class=\"about\">%s events", report_count(events).text);
    if (isfinite(plain))
        text_add(&page->html, "; accuracy on validation events: float %s",
                 report_percent(plain).text);
    if (isfinite(quantized))
        text_add(&page->html, ", quantized %s", report_percent(quantized).text);
    text_add(&page->html, ".</p>\n");
}

/* The table of pruning in steps, where there is one. */
static void add_pruning_steps(struct page *page, const cJSON *train)
{
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(train, "pruning_steps"), *row;
    if (cJSON_GetArraySize(rows) == 0) return;
    static const struct {
        const char *key, *title;
        double factor;
        int digits;
    } columns[] = {{"step", "Step", 1, 0},
                   {"sparsity", "Sparsity, %", 100, 1},
                   {"nonzero_weights", "Weights", 1, 0},
                   {"signed_digits", "Digits", 1, 0},
                   {"adder_bits", "Adder bits", 1, 0},
                   {"lut4", "LUT4", 1, 0},
                   {"val_accuracy", "Validation accuracy, %", 100, 2},
                   {"val_loss", "Validation loss", 1, 4}};
    const size_t count = sizeof columns / sizeof *columns;
    text_add(&page->html, "<h3>Pruning</h3>\n<div class=\"wide\"><table><thead><tr>");
    for (size_t c = 0; c < count; c++)
        text_add(&page->html, "<th class=\"n\">%s</th>", columns[c].title);
    text_add(&page->html, "</tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(row, rows)
    {
        text_add(&page->html, "<tr>");
        for (size_t c = 0; c < count; c++)
            cell_number(page,
                        report_fixed(columns[c].factor * json_number(row, columns[c].key, NAN),
                                     columns[c].digits));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "</tbody></table></div>\n");
}

void html_training(struct page *page)
{
    const cJSON *train = page->fragments->json[FRAGMENT_TRAIN];
    const cJSON *rows = cJSON_GetObjectItemCaseSensitive(train, "curves");
    card_begin(page, "training", "Training", NULL);
    if (!cJSON_IsArray(rows) || !rows->child) {
        report_plot_remove(page->folder, "loss");
        report_plot_remove(page->folder, "accuracy");
        page_missing(page, "Training curves", page_why(page, FRAGMENT_TRAIN, "curves"));
        card_end(page);
        return;
    }
    add_phases(page, rows);
    add_validation(page);
    text_add(&page->html, "<div class=\"pair\">\n<div>");
    draw_curves(page, rows, "loss", "Loss", "loss", loss_curves,
                sizeof loss_curves / sizeof *loss_curves);
    text_add(&page->html, "</div>\n<div>");
    draw_curves(page, rows, "accuracy", "Accuracy and sparsity", "fraction", accuracy_curves,
                sizeof accuracy_curves / sizeof *accuracy_curves);
    text_add(&page->html, "</div>\n</div>\n");
    add_pruning_steps(page, train);
    card_end(page);
}

/* ---- verification ---- */

struct verify_row {
    const char *path, *title;
    bool whole;
};
static const struct verify_row event_rows[] = {
    {"verify.events", "Events simulated", true},
    {"verify.events_test", "&nbsp;&nbsp;of the test set", true},
    {"verify.events_random", "&nbsp;&nbsp;random", true},
    {"verify.events_corner", "&nbsp;&nbsp;corners", true},
    {"verify.events_overflow", "&nbsp;&nbsp;provoking overflow", true},
    {"gate_level.events", "Events at gate level", true},
    {"verify.latency_cycles_measured", "Latency measured, cycles", true},
};
static const struct verify_row agreement_rows[] = {
    {"verify.mismatches", "Mismatches, bit for bit", true},
    {"verify.reference_mismatches", "Mismatches against double precision", true},
    {"gate_level.mismatches", "Mismatches at gate level", true},
    {"verify.decision_changes", "Decisions that differ from float", true},
    {"verify.float_max_abs_error", "Largest deviation from float", false},
    {"verify.float_mean_abs_error", "Mean deviation from float", false},
};

static void add_lines(struct page *page, const struct verify_row *rows, size_t count)
{
    text_add(&page->html, "<div><table>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        double value = page_number(page, rows[i].path);
        if (!isfinite(value)) continue;
        text_add(&page->html, "<tr><td>%s</td><td class=\"n\">%s</td></tr>\n", rows[i].title,
                 rows[i].whole ? report_count(value).text : report_significant(value).text);
    }
    text_add(&page->html, "</tbody></table></div>\n");
}

/* "layer dense2, " of a member that is there and not empty. */
static void add_named(struct page *page, const cJSON *first, const char *key, const char *words)
{
    const char *value = page_escape(page, first, key);
    if (*value) text_add(&page->html, "%s%s, ", words, value);
}

static void add_first_mismatch(struct page *page)
{
    const cJSON *first = json_find(page->report, "verify.first_mismatch");
    if (!cJSON_IsObject(first)) return;
    double element = json_number(first, "element", NAN);
    text_add(&page->html, "<p class=\"missing bad\"><b>First mismatch</b> event %s, ",
             report_count(json_number(first, "event", NAN)).text);
    add_named(page, first, "kind", "of kind ");
    add_named(page, first, "phase", "");
    add_named(page, first, "fault", "fault: ");
    add_named(page, first, "layer", "layer ");
    add_named(page, first, "signal", "signal ");
    if (isfinite(element)) text_add(&page->html, "element %s, ", report_count(element).text);
    text_add(&page->html, "expected %s, got %s.",
             report_count(json_number(first, "expected", NAN)).text,
             report_count(json_number(first, "got", NAN)).text);
    const char *waveform = page_string(page, "verify.waveform", NULL);
    if (waveform) text_add(&page->html, " Waveform: <code>%s</code>", waveform);
    text_add(&page->html, "</p>\n");
}

static const char *const fault_classes[] = {"masked", "corrected", "detected", "silent"};
enum { FAULT_CLASS_COUNT = sizeof fault_classes / sizeof *fault_classes };

static void add_fault_cells(struct page *page, const cJSON *row, double flips)
{
    for (int i = 0; i < FAULT_CLASS_COUNT; i++)
        cell_number(page, report_percent(json_number(row, fault_classes[i], NAN) / flips));
    text_add(&page->html, "</tr>\n");
}

/* What flipped bits came to, a row for each kind of state. */
static void add_faults(struct page *page)
{
    const cJSON *faults = json_find(page->report, "faults"), *row;
    double flips = json_number(faults, "flips", NAN);
    if (!isfinite(flips)) return;
    text_add(&page->html,
             "<h3>Upsets</h3>\n<p>%s single bits of the network's state flipped in simulation; "
             "protection: %s.</p>\n<table>\n<thead><tr><th>state</th><th>bits</th>"
             "<th>flips</th>",
             report_count(flips).text, page_escape(page, faults, "protect"));
    for (int i = 0; i < FAULT_CLASS_COUNT; i++)
        text_add(&page->html, "<th>%s</th>", fault_classes[i]);
    text_add(&page->html, "</tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(row, json_find(faults, "kinds"))
    {
        text_add(&page->html, "<tr><td>%s</td>", page_escape(page, row, "kind"));
        cell_number(page, report_count(json_number(row, "state_bits", NAN)));
        cell_number(page, report_count(json_number(row, "flips", NAN)));
        add_fault_cells(page, row, json_number(row, "flips", NAN));
    }
    text_add(&page->html, "<tr><td>a random bit</td><td></td><td></td>");
    add_fault_cells(page, json_find(faults, "shares"), 1);
    text_add(&page->html, "</tbody></table>\n");
}

void html_verify(struct page *page)
{
    card_begin(
        page, "verify", "Verification",
        "The generated Verilog in simulation, event after event, against the integer program; "
        "the program against the quantized network in double precision and the float one.");
    if (isnan(page_number(page, "verify.events")))
        page_missing(page, "Simulation", page_why(page, FRAGMENT_VERIFY, "events"));
    text_add(&page->html, "<div class=\"pair\">\n");
    add_lines(page, event_rows, sizeof event_rows / sizeof *event_rows);
    add_lines(page, agreement_rows, sizeof agreement_rows / sizeof *agreement_rows);
    text_add(&page->html, "</div>\n");
    add_first_mismatch(page);
    add_faults(page);
    card_end(page);
}

/* ---- left out, tools, times ---- */

static void add_sentences(struct page *page, const char *title, const char *path)
{
    const cJSON *rows = json_find(page->report, path), *row;
    if (cJSON_GetArraySize(rows) == 0) return;
    text_add(&page->html, "<h3>%s</h3>\n<ul class=\"plain\">\n", title);
    cJSON_ArrayForEach(row, rows)
    {
        if (cJSON_IsString(row))
            text_add(&page->html, "<li>%s</li>\n", report_escape(&page->arena, row->valuestring));
    }
    text_add(&page->html, "</ul>\n");
}

static void add_tools(struct page *page)
{
    const cJSON *tools = json_find(page->report, "tools"), *tool;
    if (!cJSON_IsObject(tools) || !tools->child) return;
    text_add(&page->html, "<h3>Tools</h3>\n<table>\n<tbody>\n");
    cJSON_ArrayForEach(tool, tools)
    {
        if (!cJSON_IsString(tool)) continue;
        text_add(&page->html, "<tr><td>%s</td><td>%s</td></tr>\n",
                 report_escape(&page->arena, tool->string),
                 report_escape(&page->arena, tool->valuestring));
    }
    text_add(&page->html, "</tbody></table>\n");
}

void html_notes(struct page *page)
{
    static const char *const verbs[] = {"train", "compile", "verify", "build"};
    card_begin(page, "notes", "Left out, tools, times", NULL);
    add_sentences(page, "Not in the hardware", "left_out");
    add_sentences(page, "Not in this report", "notes");
    text_add(&page->html, "<div class=\"pair\">\n<div>");
    text_add(&page->html, "<h3>Seconds</h3>\n<table>\n<tbody>\n");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        double seconds = page_number(page, arena_printf(&page->arena, "seconds.%s", verbs[i]));
        text_add(&page->html, "<tr><td>sluice %s</td>", verbs[i]);
        cell_number(page, report_fixed(seconds, seconds < 1 ? 3 : 1));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "</tbody></table></div>\n<div>");
    add_tools(page);
    text_add(&page->html, "</div>\n</div>\n");
    card_end(page);
}
