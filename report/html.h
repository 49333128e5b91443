/* The pieces of report.html, between the files that write it. Inside report/ alone. */
#ifndef SLUICE_REPORT_HTML_H
#define SLUICE_REPORT_HTML_H

#include "base/text.h"
#include "report/merge.h"
#include "report/number.h"

struct page {
    struct text html;
    struct arena arena;
    const cJSON *report;
    const struct report_fragments *fragments;
    const char *folder;
};

/* The page's style sheet, appended. */
void html_add_style(struct text *html);

/* A number of the report at a dotted path, NAN if unknown. */
double page_number(const struct page *page, const char *path);
/* A string there, escaped; `otherwise` is not. */
const char *page_string(struct page *page, const char *path, const char *otherwise);
/* A member's string, escaped. */
const char *page_escape(struct page *page, const cJSON *object, const char *name);

void card_begin(struct page *page, const char *id, const char *title, const char *about);
void card_end(struct page *page);
/* A cell of a table, right-aligned. */
void cell_number(struct page *page, struct report_number number);
/* A line in the place of something that is not there, and why. `why` is escaped. */
void page_missing(struct page *page, const char *what, const char *why);
/* One coloured entry under a picture; `label` is escaped already. */
void legend_entry(struct page *page, int colour, const char *label);
/* Why data that a picture needs are not there: the fragment is missing, or has no such key. */
const char *page_why(struct page *page, enum report_fragment fragment, const char *key);
/* Draws (report/plot.h) and adds the picture in a figure with a caption, or the line why not. */
bool page_plot(struct page *page, const char *name, const char *title, const struct text *script);

/* The cards, in their order on the page. */
void html_budget(struct page *page);
void html_latency(struct page *page);
void html_resources(struct page *page);
void html_layers(struct page *page);
void html_soft_core(struct page *page);
void html_physics(struct page *page);
void html_trigger(struct page *page);
void html_scatter(struct page *page);
void html_training(struct page *page);
void html_verify(struct page *page);
void html_run(struct page *page);
void html_ports(struct page *page);
void html_notes(struct page *page);

#endif
