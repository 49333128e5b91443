/* The cards about the hardware: budget, latency by layer, use of the part, the layers, the ports.
 */
#include "report/html.h"

#include "base/json.h"
#include "report/plot.h"

#include <math.h>
#include <string.h>

static const cJSON *list(const struct page *page, const char *path)
{
    const cJSON *rows = json_find(page->report, path);
    return cJSON_IsArray(rows) ? rows : NULL;
}

static double number(const cJSON *row, const char *name)
{
    return json_number(row, name, NAN);
}

/* ---- budget ---- */

static const char *check_title(const char *name)
{
    static const char *const titles[][2] = {
        {"mismatches", "Simulation equals the program, bit for bit"},
        {"events", "Events simulated"},
        {"passed", "Verdict of sluice verify"},
        {"reference", "Equals the quantized network in double precision"},
        {"latency_measured", "Latency measured in simulation"},
        {"gate_level", "Synthesised netlist equals the program"},
        {"run", "Events on the board"},
        {"cells_of_part", "Logic cells of the part"},
        {"cells", "Logic cells of the budget"},
        {"lut4_of_part", "LUT4s of the part"},
        {"lut4", "LUT4s of the budget"},
        {"ff_of_part", "Flip-flops of the part"},
        {"ff", "Flip-flops of the budget"},
        {"bram_of_part", "Block RAMs of the part"},
        {"bram", "Block RAMs of the budget"},
        {"dsp_of_part", "DSP blocks of the part"},
        {"dsp", "DSP blocks of the budget"},
        {"clock", "Clock"},
        {"clocks", "Every clock of the design"},
        {"latency", "Latency"},
        {"interval", "Events against bunch crossings"},
        {"crossing", "Crossings in simulation"},
        {"float_tolerance", "Deviation from the float network"},
        {"accuracy_loss", "Accuracy loss against float, points"},
    };
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (strcmp(titles[i][0], name) == 0) return titles[i][1];
    return name;
}

static void cell_with_unit(struct page *page, double value, int decimals, const char *unit)
{
    if (!isfinite(value))
        text_add(&page->html, "<td class=\"n u\">&ndash;</td>");
    else
        text_add(&page->html, "<td class=\"n\">%s%s%s</td>", report_fixed(value, decimals).text,
                 *unit ? "&#8239;" : "", unit);
}

void html_budget(struct page *page)
{
    struct text *html = &page->html;
    const cJSON *checks = list(page, "budget.checks"), *check;
    if (cJSON_GetArraySize(checks) == 0) return;
    card_begin(page, "budget", "Budget and margin", NULL);
    text_add(html, "<table><thead><tr><th></th><th>Check</th><th class=\"n\">Value</th>"
                   "<th class=\"n\">Limit</th><th class=\"n\">Margin</th></tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(check, checks)
    {
        const char *state = json_string(check, "state", ""), *unit = json_string(check, "unit", "");
        double value = number(check, "value"), limit = number(check, "limit");
        bool whole = !*unit && (value == floor(value) || isnan(value)) && limit == floor(limit);
        int decimals = whole ? 0 : report_decimals(number(check, "margin"));
        text_add(html, "<tr><td><span class=\"state %s\">%s</span></td><td>%s</td>", state,
                 strcmp(state, "at_risk") == 0 ? "at risk" : state,
                 check_title(json_string(check, "name", "")));
        cell_with_unit(page, value, decimals, unit);
        cell_with_unit(page, limit, decimals, unit);
        cell_with_unit(page, number(check, "margin"), decimals, unit);
        text_add(html, "</tr>\n");
    }
    text_add(html, "</tbody></table>\n");
    card_end(page);
}

/* ---- latency ---- */

/* A row: what the layer adds to the latency, and its stretch of the pipeline on a scale of all
 * cycles. */
static void add_stretch(struct page *page, const char *name, double added, double start, double end,
                        const char *colour)
{
    double total = page_number(page, "timing.latency_cycles");
    double clock = page_number(page, "timing.clock_mhz");
    double crossing = page_number(page, "timing.bunch_crossing_mhz");
    double ns = clock > 0 ? added / clock * 1000 : NAN;
    text_add(&page->html, "<tr><td>%s</td>", name);
    cell_number(page, report_count(added));
    cell_number(page, report_fixed(ns, 1));
    cell_number(page, report_fixed(ns * crossing / 1000, 2));
    /* One tick per bunch crossing, as long as they can be told apart. */
    double step = clock / crossing / total * 100;
    text_add(&page->html, "<td class=\"lane\"><div%s",
             step >= 1 && step < 100 ? " class=\"ticks\"" : "");
    if (step >= 1 && step < 100) text_add(&page->html, " style=\"background-size:%.4f%%\"", step);
    text_add(&page->html,
             "><i style=\"left:%.3f%%;width:%.3f%%;background:%s\"></i></div></td></tr>\n",
             fmin(fmax(start / total, 0), 1) * 100, fmin(fmax((end - start) / total, 0), 1) * 100,
             colour);
}

void html_latency(struct page *page)
{
    static const char registers[] = "#94a3b8", whole[] = "#1e293b";
    const cJSON *layers = list(page, "layers"), *layer;
    double total = page_number(page, "timing.latency_cycles"), last = 0;
    card_begin(
        page, "latency", "Latency by layer",
        "From the clock edge that takes an event to the one that gives its answer. Bars: when "
        "each layer works, with a tick per bunch crossing. Numbers: by how much it moves the "
        "end; they add up to the whole.");
    if (!(total > 0)) {
        page_missing(page, "Latency", page_why(page, FRAGMENT_COMPILE, "latency_cycles"));
        card_end(page);
        return;
    }
    text_add(&page->html, "<table><thead><tr><th>Layer</th><th class=\"n\">Cycles</th>"
                          "<th class=\"n\">ns</th><th class=\"n\">Crossings</th><th></th></tr>"
                          "</thead>\n<tbody>\n");
    int row = 0;
    cJSON_ArrayForEach(layer, layers)
    {
        double start = number(layer, "start_cycle"), end = number(layer, "end_cycle");
        if (!(end >= start)) continue;
        if (row == 0 && start > 0) add_stretch(page, "input registers", start, 0, start, registers);
        add_stretch(page, page_escape(page, layer, "name"), number(layer, "latency_cycles"), start,
                    end, report_colour(row++));
        last = fmax(last, end);
    }
    if (row > 0 && last < total)
        add_stretch(page, "output registers", total - last, last, total, registers);
    add_stretch(page, "<b>whole network</b>", total, 0, total, whole);
    text_add(&page->html, "</tbody></table>\n");
    card_end(page);
}

/* ---- resources ---- */

static void add_use(struct page *page, const char *name, double used, double available)
{
    if (!isfinite(used) || !(available > 0)) return;
    double percent = used / available * 100;
    text_add(
        &page->html,
        "<div class=\"use\"><span>%s</span><div class=\"bar\"><i class=\"%s\" "
        "style=\"width:%.2f%%\"></i></div><span class=\"n\">%s of %s &middot; %s</span></div>\n",
        name, percent > 100 ? "over" : "", fmin(fmax(percent, 0), 100), report_count(used).text,
        report_count(available).text, report_percent(used / available).text);
}

struct resource_row {
    const char *name, *title;
};
static const struct resource_row resource_rows[] = {
    {"cells", "Logic cells"},
    {"lut4", "4-input LUTs"},
    {"ff", "Flip-flops"},
    {"carry", "Carry bits"},
    {"bram", "Block RAMs"},
    {"dsp", "DSP blocks"},
    {"fmax_mhz", "Highest clock, MHz"},
};

/* Predicted by the compiler against achieved by place-and-route. */
static void add_predictions(struct page *page)
{
    struct text *html = &page->html;
    bool placed = strcmp(json_string(page->report, "resources.source", ""), "placed") == 0;
    text_add(html, "<table><thead><tr><th>Resource</th><th class=\"n\">Predicted</th>"
                   "<th class=\"n\">Placed</th><th class=\"n\">Placed / predicted</th></tr>"
                   "</thead>\n<tbody>\n");
    for (size_t i = 0; i < sizeof resource_rows / sizeof *resource_rows; i++) {
        const char *name = resource_rows[i].name;
        bool clock = strcmp(name, "fmax_mhz") == 0;
        const char *parent = clock ? "timing" : "resources";
        double predicted = page_number(page, arena_printf(&page->arena, "predicted.%s", name));
        double achieved = page_number(page, arena_printf(&page->arena, "%s.%s", parent, name));
        if (!placed) achieved = NAN;
        text_add(html, "<tr><td>%s</td>", resource_rows[i].title);
        cell_number(page, report_fixed(predicted, clock));
        cell_number(page, report_fixed(achieved, clock));
        cell_number(page, report_fixed(predicted > 0 ? achieved / predicted : NAN, 2));
        text_add(html, "</tr>\n");
    }
    text_add(html, "</tbody></table>\n");
}

/* Every schedule that was placed, when the first missed its clock. */
static void add_tries(struct page *page)
{
    const cJSON *tries = json_find(page->report, "tries"), *row;
    struct text *html = &page->html;
    if (cJSON_GetArraySize(tries) < 2) return;
    text_add(html, "<p class=\"about\">The first schedule missed its clock when placed, so it was "
                   "tightened:</p>\n<table><thead><tr><th class=\"n\">Delays, of the model's</th>"
                   "<th class=\"n\">Cycles</th><th class=\"n\">Logic cells</th>"
                   "<th class=\"n\">Clock reached, MHz</th></tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(row, tries)
    {
        text_add(html, "<tr>");
        cell_number(page, report_fixed(json_number(row, "delay_scale", NAN), 2));
        cell_number(page, report_count(json_number(row, "latency_cycles", NAN)));
        cell_number(page, report_count(json_number(row, "cells", NAN)));
        cell_number(page, report_fixed(json_number(row, "fmax_mhz", NAN), 1));
        text_add(html, "</tr>\n");
    }
    text_add(html, "</tbody></table>\n");
}

void html_resources(struct page *page)
{
    const char *source = json_string(page->report, "resources.source", NULL);
    bool placed = source && strcmp(source, "placed") == 0;
    card_begin(page, "resources", "Use of the part",
               !source  ? NULL
               : placed ? "Counted after place-and-route, the network alone."
                        : "Estimated by the compiler; sluice build measures.");
    if (!source) {
        page_missing(page, "Resources", page_why(page, FRAGMENT_COMPILE, "estimate"));
        card_end(page);
        return;
    }
    for (size_t i = 0; i < sizeof resource_rows / sizeof *resource_rows; i++) {
        const char *name = resource_rows[i].name;
        add_use(page, resource_rows[i].title,
                page_number(page, arena_printf(&page->arena, "resources.%s", name)),
                page_number(page, arena_printf(&page->arena, "resources.%s_available", name)));
    }
    add_predictions(page);
    add_tries(page);
    double wrapper = page_number(page, "resources.wrapper_cells");
    if (isfinite(wrapper))
        text_add(&page->html,
                 "<p class=\"about\">The top around the network (%s) takes %s more "
                 "cells.</p>\n",
                 cJSON_IsTrue(json_find(page->report, "pins_free"))
                     ? "shift registers for sizing, pins free"
                     : "PLL, reset, pattern memory",
                 report_count(wrapper).text);
    card_end(page);
}

/* ---- layers ---- */

static double layer_size(const cJSON *layer)
{
    double cells = number(layer, "cells"), bits = number(layer, "adder_bits");
    return isfinite(cells) ? cells : bits;
}

static void add_layer(struct page *page, const cJSON *layer, double largest)
{
    struct text *html = &page->html;
    double sparsity = number(layer, "sparsity"), size = layer_size(layer);
    text_add(html, "<tr><td>%s</td>", page_escape(page, layer, "name"));
    if (isfinite(number(layer, "inputs")) && isfinite(number(layer, "outputs")))
        text_add(html, "<td class=\"n\">%s &times; %s</td>",
                 report_count(number(layer, "inputs")).text,
                 report_count(number(layer, "outputs")).text);
    else
        text_add(html, "<td class=\"n u\">&ndash;</td>");
    cell_number(page, report_count(number(layer, "weights")));
    double bits = number(layer, "weight_bits");
    cell_number(page, report_fixed(bits > 0 ? bits : NAN, bits == floor(bits) ? 0 : 1));
    if (isfinite(sparsity))
        text_add(html,
                 "<td class=\"n\"><span class=\"mini\"><i style=\"width:%.1f%%\"></i></span>%s"
                 "</td>",
                 fmin(fmax(sparsity, 0), 1) * 100, report_percent(sparsity).text);
    else
        text_add(html, "<td class=\"n u\">&ndash;</td>");
    text_add(html, "<td class=\"f\"><code>%s</code></td>", page_escape(page, layer, "format"));
    cell_number(page, report_count(number(layer, "operations")));
    cell_number(page, report_count(number(layer, "register_bits")));
    cell_number(page, report_count(size));
    text_add(html, "<td class=\"lane short\"><div>");
    if (size >= 0 && largest > 0)
        text_add(html, "<i style=\"left:0;width:%.2f%%\"></i>", size / largest * 100);
    text_add(html, "</div></td></tr>\n");
}

void html_layers(struct page *page)
{
    const cJSON *layers = list(page, "layers"), *layer;
    double largest = 0;
    bool cells = false;
    if (cJSON_GetArraySize(layers) == 0) return;
    cJSON_ArrayForEach(layer, layers)
    {
        largest = fmax(largest, layer_size(layer));
        cells = cells || isfinite(number(layer, "cells"));
    }
    card_begin(page, "layers", "Bits, sparsity and size by layer", NULL);
    text_add(&page->html,
             "<div class=\"wide\"><table><thead><tr><th>Layer</th><th class=\"n\">Shape</th>"
             "<th class=\"n\">Weights</th><th class=\"n\">Bits</th><th class=\"n\">Zero</th>"
             "<th class=\"f\">Output format</th><th class=\"n\">Operations</th><th "
             "class=\"n\">Register bits"
             "</th><th class=\"n\">%s</th><th></th></tr></thead>\n<tbody>\n",
             cells ? "Cells" : "Adder bits");
    cJSON_ArrayForEach(layer, layers)
    {
        add_layer(page, layer, largest);
    }
    double operations = page_number(page, "program.operations");
    text_add(&page->html, "</tbody></table></div>\n");
    if (isfinite(operations))
        text_add(
            &page->html,
            "<p class=\"about\">The whole program: %s operations, %s adder bits, depth %s.</p>\n",
            report_count(operations).text,
            report_count(page_number(page, "program.adder_bits")).text,
            report_count(page_number(page, "program.depth")).text);
    card_end(page);
}

/* ---- soft core ---- */

void html_soft_core(struct page *page)
{
    static const char *const columns[] = {"instructions", "text", "rodata", "bss", "stack"};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    const cJSON *forms = list(page, "soft_core.forms"), *form;
    if (cJSON_GetArraySize(forms) == 0) return;
    card_begin(page, "soft_core", "Soft core",
               "The program as C: instructions of an event, and bytes. The form that "
               "soft_core/ holds is marked.");
    text_add(&page->html, "<table><thead><tr><th>%s</th>", page_string(page, "soft_core.isa", "-"));
    for (int i = 0; i < COLUMNS; i++)
        text_add(&page->html, "<th class=\"n\">%s</th>", columns[i]);
    text_add(&page->html, "</tr></thead>\n<tbody>\n");
    cJSON_ArrayForEach(form, forms)
    {
        bool picked = cJSON_IsTrue(json_find(form, "picked"));
        text_add(&page->html, "<tr><td>%s%s</td>", page_escape(page, form, "form"),
                 picked ? " *" : "");
        for (int i = 0; i < COLUMNS; i++)
            cell_number(page, report_count(number(form, columns[i])));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "</tbody></table>\n");
    card_end(page);
}

/* ---- ports ---- */

enum { FIELDS_SHOWN = 16 };

static void add_port(struct page *page, const char *title, const cJSON *port)
{
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(port, "fields"), *field;
    int shown = 0, count = cJSON_GetArraySize(fields);
    text_add(&page->html,
             "<div><h3>%s</h3><p class=\"about\">%s bits, %d field%s</p><table><thead><tr>"
             "<th>Field</th><th class=\"n\">Bits</th><th "
             "class=\"f\">Format</th></tr></thead>\n<tbody>\n",
             title, report_count(number(port, "bits")).text, count, count == 1 ? "" : "s");
    cJSON_ArrayForEach(field, fields)
    {
        if (shown++ == FIELDS_SHOWN) break;
        double low = number(field, "lsb"), width = number(field, "width");
        text_add(&page->html,
                 "<tr><td>%s</td><td class=\"n\">[%s:%s]</td><td class=\"f\"><code>%s</code></td>"
                 "</tr>\n",
                 page_escape(page, field, "name"), report_count(low + width - 1).text,
                 report_count(low).text, page_escape(page, field, "format"));
    }
    text_add(&page->html, "</tbody></table>\n");
    if (count > FIELDS_SHOWN)
        text_add(&page->html, "<p class=\"about\">and %d more in interface.json</p>\n",
                 count - FIELDS_SHOWN);
    text_add(&page->html, "</div>\n");
}

void html_ports(struct page *page)
{
    const cJSON *interface = page->fragments->json[FRAGMENT_INTERFACE];
    if (!interface) return;
    card_begin(page, "ports", "Ports of the network",
               "Packed vectors of the top module; the side-car interface.json names every field.");
    text_add(&page->html, "<div class=\"pair\">\n");
    add_port(page, "Input <code>data_i</code>",
             cJSON_GetObjectItemCaseSensitive(interface, "input"));
    add_port(page, "Output <code>data_o</code>",
             cJSON_GetObjectItemCaseSensitive(interface, "output"));
    text_add(&page->html, "</div>\n");
    card_end(page);
}
