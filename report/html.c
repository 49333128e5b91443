/* report.html: the frame of the page, its head, verdict and key numbers, and what the cards share.
 * One file that needs no other: styles and pictures inline, no script. */
#include "report/html.h"

#include "base/json.h"
#include "report/budget.h"
#include "report/plot.h"
#include "report/print.h"

#include <math.h>
#include <string.h>

double page_number(const struct page *page, const char *path)
{
    return json_number(page->report, path, NAN);
}

const char *page_string(struct page *page, const char *path, const char *otherwise)
{
    const char *string = json_string(page->report, path, NULL);
    return string ? report_escape(&page->arena, string) : otherwise;
}

const char *page_escape(struct page *page, const cJSON *object, const char *name)
{
    return report_escape(&page->arena, json_string(object, name, ""));
}

void card_begin(struct page *page, const char *id, const char *title, const char *about)
{
    text_add(&page->html, "<section class=\"card\" id=\"%s\">\n<h2>%s</h2>\n", id, title);
    if (about) text_add(&page->html, "<p class=\"about\">%s</p>\n", about);
}

void card_end(struct page *page)
{
    text_add(&page->html, "</section>\n");
}

void cell_number(struct page *page, struct report_number number)
{
    bool unknown = strcmp(number.text, "-") == 0;
    text_add(&page->html, unknown ? "<td class=\"n u\">%s</td>" : "<td class=\"n\">%s</td>",
             unknown ? "&ndash;" : number.text);
}

void page_missing(struct page *page, const char *what, const char *why)
{
    text_add(&page->html, "<p class=\"missing\"><b>%s</b> left out: %s.</p>\n", what,
             report_escape(&page->arena, why));
}

void legend_entry(struct page *page, int colour, const char *label)
{
    text_add(&page->html, "<li><i style=\"background:%s\"></i>%s</li>\n", report_colour(colour),
             label);
}

const char *page_why(struct page *page, enum report_fragment fragment, const char *key)
{
    const char *file = report_fragment_files[fragment];
    if (!page->fragments->json[fragment])
        return arena_printf(&page->arena, "%s is not there (run sluice %s)", file,
                            report_fragment_verbs[fragment]);
    return arena_printf(&page->arena, "%s has no usable %s", file, key);
}

bool page_plot(struct page *page, const char *name, const char *title, const struct text *script)
{
    const char *why = NULL;
    const char *svg = report_plot_draw(&page->arena, page->folder, name, title, script, &why);
    if (!svg) {
        page_missing(page, title, why);
        return false;
    }
    text_add(&page->html, "<figure><figcaption>%s</figcaption>\n%s</figure>\n", title, svg);
    return true;
}

static void add_fact(struct page *page, const char *name, const char *value)
{
    if (value) text_add(&page->html, "<span><b>%s</b> %s</span>\n", name, value);
}

static void add_head(struct page *page)
{
    struct text *html = &page->html;
    text_add(html,
             "<header>\n<p class=\"brand\"><svg viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path "
             "d=\"M4 3v18M20 3v18M4 8h16M8 8v9h8V8\"/></svg>Sluice <span>network report</span></p>"
             "\n<h1>%s</h1>\n<p class=\"facts\">\n",
             page_string(page, "name", "unnamed"));
    add_fact(page, "Board", page_string(page, "board", NULL));
    add_fact(page, "Part", page_string(page, "part", NULL));
    add_fact(page, "Target", page_string(page, "target", NULL));
    double clock = page_number(page, "timing.clock_mhz");
    if (isfinite(clock))
        add_fact(page, "Clock",
                 arena_printf(&page->arena, "%s MHz", report_significant(clock).text));
    add_fact(page, "Strategy", page_string(page, "strategy", NULL));
    add_fact(page, "Output", page_string(page, "output", NULL));
    text_add(html, "</p>\n</header>\n");
}

/* The misses, or else the margins, in one sentence. */
static void add_banner(struct page *page)
{
    const char *heading = report_heading(page->report);
    bool missed = strcmp(heading, "Budget missed") == 0, met = strcmp(heading, "Budget met") == 0;
    text_add(&page->html,
             "<div class=\"verdict %s\"><span class=\"mark\">%s</span><div><h2>%s</h2>"
             "<p>%s</p></div></div>\n",
             missed ? "bad"
             : met  ? "good"
                    : "open",
             missed ? "&#10007;"
             : met  ? "&#10003;"
                    : "&hellip;",
             heading, page_string(page, "budget.reason", ""));
}

/* `percent` of a bar under the number, NAN: no bar. */
static void add_tile(struct page *page, const char *name, const char *value, const char *unit,
                     const char *remark, double percent)
{
    text_add(&page->html,
             "<div class=\"tile\"><h3>%s</h3><p class=\"value\">%s<small>%s</small></p>", name,
             strcmp(value, "-") == 0 ? "&ndash;" : value, strcmp(value, "-") == 0 ? "" : unit);
    if (isfinite(percent))
        text_add(&page->html,
                 "<div class=\"bar\"><i class=\"%s\" style=\"width:%.1f%%\"></i></div>",
                 percent > 100 ? "over" : "", fmin(fmax(percent, 0), 100));
    text_add(&page->html, "<p class=\"remark\">%s</p></div>\n", remark);
}

static void add_speed_tiles(struct page *page)
{
    struct arena *a = &page->arena;
    double cycles = page_number(page, "timing.latency_cycles");
    double latency = page_number(page, "timing.latency_ns");
    double most = page_number(page, "budget.latency_ns");
    double slack = page_number(page, "timing.slack_ns");
    const char *estimated =
        strcmp(json_string(page->report, "resources.source", ""), "placed") ? "estimated, " : "";
    add_tile(page, "Latency", report_fixed(latency, 1).text, "&#8239;ns",
             isfinite(cycles)
                 ? arena_printf(a, "%s cycles &middot; %s bunch crossings",
                                report_count(cycles).text,
                                report_fixed(page_number(page, "timing.latency_bx"), 2).text)
                 : "",
             latency / most * 100);
    struct report_number rate = report_si(page_number(page, "timing.events_per_s"));
    char *prefix = strchr(rate.text, ' '); /* "120 M": the M goes to the unit */
    const char *unit = arena_printf(a, "&#8239;%sevents/s", prefix ? prefix + 1 : "");
    if (prefix) *prefix = 0;
    add_tile(page, "Throughput", rate.text, unit,
             isfinite(page_number(page, "timing.interval_cycles"))
                 ? arena_printf(
                       a, "a new event every %s",
                       page_number(page, "timing.interval_cycles") == 1
                           ? "cycle"
                           : arena_printf(
                                 a, "%s cycles",
                                 report_count(page_number(page, "timing.interval_cycles")).text))
                 : "",
             NAN);
    add_tile(page, "Highest clock", report_fixed(page_number(page, "timing.fmax_mhz"), 1).text,
             "&#8239;MHz",
             isfinite(slack)
                 ? arena_printf(a, "%sslack %s ns at %s MHz", estimated,
                                report_fixed(slack, 2).text,
                                report_significant(page_number(page, "timing.clock_mhz")).text)
                 : "",
             NAN);
}

static void add_other_tiles(struct page *page)
{
    struct arena *a = &page->arena;
    double cells = page_number(page, "resources.cells");
    double available = page_number(page, "resources.cells_available");
    bool placed = strcmp(json_string(page->report, "resources.source", ""), "placed") == 0;
    const char *of_part = isfinite(available) && available > 0
                              ? arena_printf(a, "%s of %s", report_percent(cells / available).text,
                                             report_count(available).text)
                              : "part not known";
    add_tile(page, "Logic cells", report_count(cells).text, "",
             isfinite(cells) ? arena_printf(a, "%s &middot; %s", of_part,
                                            placed ? "placed and routed" : "estimate")
                             : "",
             available > 0 ? cells / available * 100 : NAN);
    double hardware = page_number(page, "physics.accuracy_hardware");
    double quantized = page_number(page, "physics.accuracy_quantized");
    double reference = page_number(page, "physics.accuracy_float");
    const char *what = isfinite(hardware) ? "Accuracy in hardware" : "Accuracy, quantized";
    double best = isfinite(hardware) ? hardware : quantized;
    add_tile(page, what, report_fixed(best * 100, 2).text, "&#8239;%",
             isfinite(reference)
                 ? arena_printf(a, "float %s %% &middot; %s%s points",
                                report_fixed(reference * 100, 2).text, best > reference ? "+" : "",
                                report_fixed((best - reference) * 100, 2).text)
                 : "",
             NAN);
    double wrong = page_number(page, "verify.mismatches");
    add_tile(page, "Mismatches", report_count(wrong).text, "",
             isfinite(wrong) ? arena_printf(a, "in %s simulated events, bit for bit",
                                            report_count(page_number(page, "verify.events")).text)
                             : "not simulated yet",
             NAN);
}

void report_print_html(struct text *out, const cJSON *report,
                       const struct report_fragments *fragments, const char *folder)
{
    struct page page = {.report = report, .fragments = fragments, .folder = folder};
    text_add(&page.html,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "style-src 'unsafe-inline'\">\n<title>%s &ndash; Sluice report</title>\n<style>\n",
             page_string(&page, "name", "unnamed"));
    html_add_style(&page.html);
    text_add(&page.html, "</style>\n</head>\n<body>\n<main>\n");
    add_head(&page);
    add_banner(&page);
    text_add(&page.html, "<div class=\"tiles\">\n");
    add_speed_tiles(&page);
    add_other_tiles(&page);
    text_add(&page.html, "</div>\n");
    html_budget(&page);
    html_latency(&page);
    html_resources(&page);
    html_layers(&page);
    html_soft_core(&page);
    html_physics(&page);
    html_trigger(&page);
    html_scatter(&page);
    html_training(&page);
    html_verify(&page);
    html_run(&page);
    html_ports(&page);
    html_notes(&page);
    const char *version = page_string(&page, "sluice", NULL);
    text_add(&page.html, "<footer>Sluice%s%s &middot; report schema %d</footer>\n",
             version ? " " : "", version ? version : "", REPORT_SCHEMA);
    text_add(&page.html, "</main>\n</body>\n</html>\n");
    text_add(out, "%s", text_string(&page.html));
    text_free(&page.html);
    arena_free(&page.arena);
}
