/* `sluice report`: see report.h. */
#include "report/report.h"

#include "base/file.h"
#include "base/json.h"
#include "report/budget.h"
#include "report/merge.h"
#include "report/print.h"

#include <string.h>

void report_options_init(struct report_options *options)
{
    memset(options, 0, sizeof *options);
}

static void write_text(struct arena *arena, const char *folder, const char *name,
                       const struct text *text)
{
    file_write(file_join(arena, folder, name), text_string(text), text->length);
}

struct report_verdict report_run(const char *folder, const struct report_options *options)
{
    struct report_options asked = *options;
    struct report_fragments fragments;
    struct arena arena = {0};
    struct text text = {0}, html = {0};
    report_fragments_read(&fragments, folder);
    report_budget_from(&asked.budget, fragments.json[FRAGMENT_COMPILE]);
    if (asked.budget.bunch_crossing_mhz == 0) asked.budget.bunch_crossing_mhz = 40;
    if (asked.budget.events_per_crossing == 0) asked.budget.events_per_crossing = 1;
    cJSON *report = report_merge(&fragments, folder, &asked);
    struct report_verdict verdict = report_judge(report, &asked.budget);
    report_print_text(&text, report);
    report_print_html(&html, report, &fragments, folder);
    json_write(file_join(&arena, folder, "report.json"), report);
    write_text(&arena, folder, "report.txt", &text);
    write_text(&arena, folder, "report.html", &html);
    text_free(&text);
    text_free(&html);
    cJSON_Delete(report);
    report_fragments_free(&fragments);
    arena_free(&arena);
    return verdict;
}
