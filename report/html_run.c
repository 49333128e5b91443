/* The card about events on a board. */
#include "report/html.h"

#include "base/json.h"

#include <math.h>

static void add_facts(struct page *page)
{
    static const struct {
        const char *path, *title;
    } rows[] = {
        {"run.events", "Events played"},
        {"run.distinct", "Different events"},
        {"run.lost", "Lost"},
        {"run.doubled", "Doubled"},
        {"run.different", "Different, compared on the chip"},
        {"run.late", "Late"},
        {"run.streamed", "Read back and compared on the host"},
        {"run.streamed_different", "Of them different"},
        {"run.recheck.core_records", "Answers recomputed by the core"},
        {"run.recheck.core_different", "Of them different"},
        {"run.recheck.cycles", "Cycles of the core that one takes"},
        {"run.asked_again", "Requests repeated"},
        {"run.frames_damaged", "Frames damaged"},
    };
    text_add(&page->html, "<table><tbody>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        text_add(&page->html, "<tr><td>%s</td>", rows[i].title);
        cell_number(page, report_count(page_number(page, rows[i].path)));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "<tr><td>Events a second, by the board's clock</td>");
    cell_number(page, report_si(page_number(page, "run.events_per_s")));
    text_add(&page->html, "</tr>\n<tr><td>Accepted</td>");
    cell_number(page, report_percent(page_number(page, "run.accepted_fraction")));
    text_add(&page->html, "</tr>\n</tbody></table>\n");
}

static void add_classes(struct page *page)
{
    const cJSON *class;
    text_add(
        &page->html,
        "<table><thead><tr><th>class</th><th class=\"n\">threshold</th><th class=\"n\">prescale"
        "</th><th>accepts</th><th class=\"n\">passes</th><th class=\"n\">of all</th></tr></thead>\n"
        "<tbody>\n");
    cJSON_ArrayForEach(class, json_find(page->report, "run.classes"))
    {
        text_add(&page->html, "<tr><td>%s</td>", page_escape(page, class, "name"));
        cell_number(page, report_significant(json_number(class, "threshold", NAN)));
        cell_number(page, report_count(json_number(class, "prescale", NAN)));
        text_add(&page->html, "<td>%s</td>",
                 cJSON_IsTrue(json_find(class, "accepts")) ? "yes" : "no");
        cell_number(page, report_count(json_number(class, "passes", NAN)));
        cell_number(page, report_percent(json_number(class, "fraction", NAN)));
        text_add(&page->html, "</tr>\n");
    }
    text_add(&page->html, "</tbody></table>\n");
}

void html_run(struct page *page)
{
    if (!json_find(page->report, "run")) return;
    bool simulated = cJSON_IsTrue(json_find(page->report, "run.board.simulated"));
    card_begin(
        page, "run", "On the board",
        "Events played through the board, their answers compared with the integer program's: "
        "on the chip at full rate, and on the host for those that were read back.");
    text_add(&page->html, "<p>%s%s</p>\n<div class=\"pair\">\n",
             page_string(page, "run.board.name", "-"), simulated ? ", simulated" : "");
    add_facts(page);
    add_classes(page);
    text_add(&page->html, "</div>\n");
    card_end(page);
}
