/* The judgement of a merged report against its budget. */
#ifndef SLUICE_REPORT_BUDGET_H
#define SLUICE_REPORT_BUDGET_H

#include "report/report.h"

#include <cjson/cJSON.h>

enum report_state {
    REPORT_UNKNOWN, /* a number that it needs is missing */
    REPORT_MET,
    REPORT_AT_RISK, /* the estimate misses it; only place-and-route can tell */
    REPORT_MISSED
};
extern const char *const report_state_names[]; /* "unknown", "met", "at_risk", "missed" */

/* Adds `budget` to the report: {met (null when nothing could be judged), reason, the limits asked,
 * checks[].{name, state, value, limit, margin, unit, text}}. margin is positive on the good side.
 *
 * Judged: mismatches (simulation, quantized reference, gate level), events simulated at all,
 * measured against stated latency, cells and memories against the part and the budget, clock,
 * latency, interval x events per crossing against the crossing, deviation from float, loss of
 * accuracy. */
struct report_verdict report_judge(cJSON *report, const struct report_budget *budget);

/* The verdict of a judged report as a heading: "Budget met", "Budget missed", "Budget at risk" (by
 * the estimate), "Within budget so far" (not simulated, or not placed), "Not judged yet". */
const char *report_heading(const cJSON *report);

/* Fills members of `budget` that are 0 from compile.json's `budget` object, where the job that was
 * compiled left them. */
void report_budget_from(struct report_budget *budget, const cJSON *compiled);

#endif
