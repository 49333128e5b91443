/* The two readable forms of a judged report. */
#ifndef SLUICE_REPORT_PRINT_H
#define SLUICE_REPORT_PRINT_H

#include "base/text.h"
#include "report/merge.h"

/* report.txt: at most 100 columns but for long names. */
void report_print_text(struct text *out, const cJSON *report);

/* report.html, drawing its pictures into folder/plots on the way. */
void report_print_html(struct text *out, const cJSON *report,
                       const struct report_fragments *fragments, const char *folder);

#endif
