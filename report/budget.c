/* Does the design do what was asked: see budget.h. Each check is one function that adds one row. */
#include "report/budget.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "report/number.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *const report_state_names[] = {"unknown", "met", "at_risk", "missed"};

/* Two numbers this close (relative) are the same: sums of decimal fractions are not exact. */
static const double tie = 1e-9;

struct judge {
    const cJSON *report;
    const struct report_budget *budget;
    cJSON *checks;
    struct arena arena;
    bool estimated; /* resources and fmax are estimates */
    int counts[REPORT_MISSED + 1];
    struct text missed, risks, met;
};

static double number(const struct judge *j, const char *path)
{
    return json_number(j->report, path, NAN);
}

static struct text *summary_of(struct judge *j, enum report_state state)
{
    return state == REPORT_MISSED ? &j->missed : state == REPORT_AT_RISK ? &j->risks : &j->met;
}

/* One row; `text` says it in words and joins the reason. */
static void add_check(struct judge *j, const char *name, enum report_state state, double value,
                      double limit, double margin, const char *unit, const char *text)
{
    cJSON *check = cJSON_CreateObject();
    cJSON_AddStringToObject(check, "name", name);
    cJSON_AddStringToObject(check, "state", report_state_names[state]);
    json_add_number(check, "value", value);
    json_add_number(check, "limit", limit);
    json_add_number(check, "margin", margin);
    cJSON_AddStringToObject(check, "unit", unit);
    cJSON_AddStringToObject(check, "text", text);
    cJSON_AddItemToArray(j->checks, check);
    j->counts[state]++;
    if (state == REPORT_UNKNOWN) return;
    bool minor = strcmp(name, "reference") == 0 || strcmp(name, "gate_level") == 0 ||
                 (strcmp(name, "mismatches") != 0 && value == 0);
    if (state == REPORT_MET && minor) return; /* the line has room for margins */
    struct text *summary = summary_of(j, state);
    text_add(summary, "%s%s", summary->length ? "; " : "", text);
}

static void add_unknown(struct judge *j, const char *name, double limit, const char *unit)
{
    add_check(j, name, REPORT_UNKNOWN, NAN, limit, NAN, unit + (*unit == ' '), "not known yet");
}

/* A count that has to be zero. */
static void check_zero(struct judge *j, const char *name, const char *path, const char *text)
{
    double count = number(j, path);
    if (!isfinite(count)) return;
    add_check(j, name, count == 0 ? REPORT_MET : REPORT_MISSED, count, 0, -fabs(count), "", text);
}

/* ", first in event 17, layer dense2, element 3": what is known of where. */
static const char *first_mismatch(struct judge *j)
{
    const cJSON *first = json_find(j->report, "verify.first_mismatch");
    double event = json_number(first, "event", NAN), element = json_number(first, "element", NAN);
    const char *layer = json_string(first, "layer", ""), *fault = json_string(first, "fault", "");
    if (!isfinite(event)) return "";
    const char *where = arena_printf(&j->arena, ", first in event %s", report_count(event).text);
    if (*layer)
        where = arena_printf(&j->arena, "%s, layer %s", where, report_clean(&j->arena, layer));
    if (*layer && isfinite(element))
        where = arena_printf(&j->arena, "%s, element %s", where, report_count(element).text);
    if (*fault && strcmp(fault, "value") != 0)
        where = arena_printf(&j->arena, "%s (%s)", where, report_clean(&j->arena, fault));
    return where;
}

static const char *mismatch_text(struct judge *j, double mismatches, double events)
{
    return arena_printf(&j->arena, "%s %s in %s simulated events%s", report_count(mismatches).text,
                        mismatches == 1 ? "mismatch" : "mismatches", report_count(events).text,
                        mismatches > 0 ? first_mismatch(j) : "");
}

static void check_verify(struct judge *j)
{
    double events = number(j, "verify.events"), mismatches = number(j, "verify.mismatches");
    if (!isfinite(events) && !isfinite(mismatches)) {
        add_unknown(j, "mismatches", 0, "");
        return;
    }
    if (!(events > 0))
        add_check(j, "events", REPORT_MISSED, events, 1, NAN, "",
                  "no event was simulated: nothing is verified");
    else if (!isfinite(mismatches))
        add_unknown(j, "mismatches", 0, "");
    check_zero(j, "mismatches", "verify.mismatches", mismatch_text(j, mismatches, events));
    double wrong = number(j, "verify.reference_mismatches");
    check_zero(j, "reference", "verify.reference_mismatches",
               arena_printf(&j->arena, "%s against the quantized network in double precision",
                            wrong == 0 ? "no mismatch"
                                       : arena_printf(&j->arena, "%s mismatches",
                                                      report_count(wrong).text)));
    double measured = number(j, "verify.latency_cycles_measured");
    double stated = number(j, "timing.latency_cycles");
    if (isfinite(measured) && isfinite(stated) && measured != stated)
        add_check(j, "latency_measured", REPORT_MISSED, measured, stated, stated - measured,
                  "cycles",
                  arena_printf(&j->arena, "latency measured is %s cycles, stated are %s",
                               report_count(measured).text, report_count(stated).text));
}

/* The verdict of `sluice verify`, last: where it failed for a reason that no check here names. */
static void check_passed(struct judge *j)
{
    if (!cJSON_IsFalse(json_find(j->report, "verify.passed")) || j->counts[REPORT_MISSED]) return;
    const char *reason = report_clean(&j->arena, json_string(j->report, "verify.reason", ""));
    add_check(j, "passed", REPORT_MISSED, NAN, NAN, NAN, "",
              arena_printf(&j->arena, "verify failed: %s", *reason ? reason : "no reason given"));
}

/* What the board did with its events. */
static void check_run(struct judge *j)
{
    double events = number(j, "run.events");
    if (!json_find(j->report, "run")) return;
    bool passed = cJSON_IsTrue(json_find(j->report, "run.passed"));
    const char *reason = report_clean(&j->arena, json_string(j->report, "run.reason", ""));
    const char *board = cJSON_IsTrue(json_find(j->report, "run.board.simulated"))
                            ? "the simulated board"
                            : "the board";
    add_check(
        j, "run", passed ? REPORT_MET : REPORT_MISSED, events, NAN, NAN, "",
        passed ? arena_printf(&j->arena, "%s events on %s, none lost or different",
                              report_count(events).text, board)
               : arena_printf(&j->arena, "on %s: %s", board, *reason ? reason : "no reason given"));
}

static void check_gate_level(struct judge *j)
{
    double wrong = number(j, "gate_level.mismatches"), events = number(j, "gate_level.events");
    if (events == 0) return; /* not asked for */
    check_zero(j, "gate_level", "gate_level.mismatches",
               arena_printf(&j->arena, "%s %s in %s events at gate level",
                            wrong == 0 ? "no" : report_count(wrong).text,
                            wrong > 1 ? "mismatches" : "mismatch", report_count(events).text));
}

/* A member of the budget. */
static double limit_at(const struct report_budget *budget, size_t offset)
{
    double limit;
    memcpy(&limit, (const char *)budget + offset, sizeof limit);
    return limit;
}

/* value <= limit, in words: "latency 412.5 ns exceeds 400.0 ns by 12.5 ns". */
static void check_most(struct judge *j, const char *name, const char *words, double value,
                       double limit, const char *unit)
{
    if (!isfinite(value)) {
        add_unknown(j, name, limit, unit);
        return;
    }
    double margin = limit - value;
    bool met = margin >= -tie * fabs(limit);
    int decimals = report_decimals(margin);
    const char *text = arena_printf(
        &j->arena, "%s %s%s %s %s%s by %s%s", words, report_fixed(value, decimals).text, unit,
        met ? "is within" : "exceeds", report_fixed(limit, decimals).text, unit,
        report_fixed(fabs(margin), decimals).text, unit);
    add_check(j, name, met ? REPORT_MET : REPORT_MISSED, value, limit, margin,
              unit + (*unit == ' '), text);
}

/* `used` things of `limit`: of the part (they do not fit) or of the budget. */
static void check_count(struct judge *j, const char *name, const char *things, double used,
                        double limit, bool of_part)
{
    if (!isfinite(used)) {
        add_unknown(j, name, limit, "");
        return;
    }
    bool met = used <= limit;
    const char *estimated = j->estimated ? "estimated " : "";
    const char *text =
        met ? arena_printf(&j->arena, "%s%s of %s %s", estimated, report_count(used).text,
                           report_count(limit).text, things)
            : arena_printf(&j->arena, "%s%s%s %s exceed %s%s by %s",
                           of_part ? "does not fit: " : "", estimated, report_count(used).text,
                           things, of_part ? "the part's " : "the budget's ",
                           report_count(limit).text, report_count(used - limit).text);
    enum report_state bad = j->estimated ? REPORT_AT_RISK : REPORT_MISSED;
    add_check(j, name, met ? REPORT_MET : bad, used, limit, limit - used, "", text);
}

static void check_resources(struct judge *j)
{
    static const struct {
        const char *name, *things;
        size_t most;
    } rows[] = {
        {"cells", "logic cells", offsetof(struct report_budget, max_cells)},
        {"lut4", "LUT4s", offsetof(struct report_budget, max_lut4)},
        {"ff", "flip-flops", offsetof(struct report_budget, max_ff)},
        {"bram", "block RAMs", offsetof(struct report_budget, max_bram)},
        {"dsp", "DSP blocks", offsetof(struct report_budget, max_dsp)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double most = limit_at(j->budget, rows[i].most);
        double used = number(j, arena_printf(&j->arena, "resources.%s", rows[i].name));
        double has = number(j, arena_printf(&j->arena, "resources.%s_available", rows[i].name));
        if (isfinite(has))
            check_count(j, arena_printf(&j->arena, "%s_of_part", rows[i].name), rows[i].things,
                        used, has, true);
        if (most > 0) check_count(j, rows[i].name, rows[i].things, used, most, false);
    }
}

static void check_clock(struct judge *j)
{
    double asked = j->budget->clock_mhz > 0 ? j->budget->clock_mhz : number(j, "timing.clock_mhz");
    double fmax = number(j, "timing.fmax_mhz");
    if (!isfinite(asked)) return;
    if (!isfinite(fmax)) {
        add_unknown(j, "clock", asked, "MHz");
        return;
    }
    double margin = fmax - asked;
    bool met = margin >= -tie * asked;
    int decimals = report_decimals(margin);
    const char *text = arena_printf(
        &j->arena, "%sfmax %s MHz is %s %s MHz by %s MHz", j->estimated ? "estimated " : "",
        report_fixed(fmax, decimals).text, met ? "above" : "below",
        report_fixed(asked, decimals).text, report_fixed(fabs(margin), decimals).text);
    enum report_state bad = j->estimated ? REPORT_AT_RISK : REPORT_MISSED;
    add_check(j, "clock", met ? REPORT_MET : bad, fmax, asked, margin, "MHz", text);
    if (met && cJSON_IsFalse(json_find(j->report, "timing.every_clock_met")))
        add_check(j, "clocks", REPORT_MISSED, NAN, NAN, NAN, "",
                  "a clock of the design around the network misses its constraint");
}

static void check_interval(struct judge *j)
{
    const struct report_budget *b = j->budget;
    if (!(b->bunch_crossing_mhz > 0 && b->events_per_crossing > 0)) return;
    double cycles = number(j, "timing.interval_cycles"), clock = number(j, "timing.clock_mhz");
    double busy = clock > 0 ? cycles / clock * 1000 * b->events_per_crossing : NAN;
    const char *words = "event interval";
    if (b->events_per_crossing != 1)
        words = arena_printf(&j->arena, "interval of %s events per crossing",
                             report_significant(b->events_per_crossing).text);
    check_most(j, "interval", words, busy, 1000 / b->bunch_crossing_mhz, " ns");
    if (cJSON_IsFalse(json_find(j->report, "verify.crossing_ok")))
        add_check(j, "crossing", REPORT_MISSED, NAN, NAN, NAN, "",
                  "the simulation did not keep up with the crossings");
}

static void check_quality(struct judge *j)
{
    const struct report_budget *b = j->budget;
    if (b->float_tolerance > 0)
        check_most(j, "float_tolerance", "largest deviation from float",
                   number(j, "verify.float_max_abs_error"), b->float_tolerance, "");
    double hardware = number(j, "physics.accuracy_hardware");
    if (!isfinite(hardware)) hardware = number(j, "physics.accuracy_quantized");
    if (b->accuracy_loss > 0)
        check_most(j, "accuracy_loss", "accuracy loss",
                   (number(j, "physics.accuracy_float") - hardware) * 100, b->accuracy_loss,
                   " points");
}

/* At most `size` bytes, cut at the end of a character. */
static void copy_reason(char *to, size_t size, const char *from)
{
    size_t length = strlen(from);
    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
            length--;
    }
    memcpy(to, from, length);
    to[length] = 0;
}

static void conclude(struct judge *j, cJSON *into, struct report_verdict *verdict)
{
    struct text reason = {0};
    verdict->met = j->counts[REPORT_MISSED] == 0;
    if (j->missed.length)
        text_add(&reason, "%s", text_string(&j->missed));
    else if (j->risks.length)
        text_add(&reason, "nothing missed, but %s", text_string(&j->risks));
    else
        text_add(&reason, "%s", j->met.length ? text_string(&j->met) : "nothing to judge yet");
    bool open = isnan(number(j, "verify.events"));
    if (verdict->met && (open || j->estimated))
        text_add(&reason, " (%s%s%s)", open ? "not verified" : "", open && j->estimated ? ", " : "",
                 j->estimated ? "not placed" : "");
    copy_reason(verdict->reason, sizeof verdict->reason, text_string(&reason));
    text_free(&reason);
    bool judged = j->missed.length || j->risks.length || j->met.length;
    if (judged)
        cJSON_AddBoolToObject(into, "met", verdict->met);
    else
        cJSON_AddNullToObject(into, "met");
    cJSON_AddStringToObject(into, "reason", verdict->reason);
}

struct limit_key {
    const char *name;
    size_t offset;
};
#define LIMIT(name)                                                                                \
    {                                                                                              \
#name, offsetof(struct report_budget, name)                                                \
    }
static const struct limit_key limits[] = {LIMIT(bunch_crossing_mhz),
                                          LIMIT(events_per_crossing),
                                          LIMIT(latency_ns),
                                          LIMIT(clock_mhz),
                                          LIMIT(max_cells),
                                          LIMIT(max_lut4),
                                          LIMIT(max_ff),
                                          LIMIT(max_bram),
                                          LIMIT(max_dsp),
                                          LIMIT(float_tolerance),
                                          LIMIT(accuracy_loss)};
#undef LIMIT

struct report_verdict report_judge(cJSON *report, const struct report_budget *budget)
{
    struct report_verdict verdict;
    struct judge j = {.report = report, .budget = budget, .checks = cJSON_CreateArray()};
    j.estimated = strcmp(json_string(report, "resources.source", ""), "placed") != 0;
    check_verify(&j);
    check_gate_level(&j);
    check_run(&j);
    check_resources(&j);
    check_clock(&j);
    if (budget->latency_ns > 0)
        check_most(&j, "latency", "latency", number(&j, "timing.latency_ns"), budget->latency_ns,
                   " ns");
    check_interval(&j);
    check_quality(&j);
    check_passed(&j);
    cJSON *into = cJSON_CreateObject();
    conclude(&j, into, &verdict);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        double limit = limit_at(budget, limits[i].offset);
        json_add_number(into, limits[i].name, limit > 0 ? limit : NAN);
    }
    cJSON_AddItemToObject(into, "checks", j.checks);
    cJSON_AddItemToObject(report, "budget", into);
    text_free(&j.missed);
    text_free(&j.risks);
    text_free(&j.met);
    arena_free(&j.arena);
    return verdict;
}

static bool has_state(const cJSON *report, enum report_state state)
{
    const cJSON *checks = json_find(report, "budget.checks"), *check;
    cJSON_ArrayForEach(check, checks)
    {
        if (strcmp(json_string(check, "state", ""), report_state_names[state]) == 0) return true;
    }
    return false;
}

const char *report_heading(const cJSON *report)
{
    const cJSON *met = json_find(report, "budget.met");
    bool placed = strcmp(json_string(report, "resources.source", ""), "placed") == 0;
    if (cJSON_IsFalse(met)) return "Budget missed";
    if (!cJSON_IsTrue(met)) return "Not judged yet";
    if (has_state(report, REPORT_AT_RISK)) return "Budget at risk";
    if (!placed || isnan(json_number(report, "verify.events", NAN))) return "Within budget so far";
    return "Budget met";
}

void report_budget_from(struct report_budget *budget, const cJSON *compiled)
{
    const cJSON *from = cJSON_GetObjectItemCaseSensitive(compiled, "budget");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        double theirs = json_number(from, limits[i].name, 0);
        if (limit_at(budget, limits[i].offset) == 0 && theirs > 0)
            memcpy((char *)budget + limits[i].offset, &theirs, sizeof theirs);
    }
}
