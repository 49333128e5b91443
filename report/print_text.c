/* report.txt: the same numbers as the page, without its pictures. */
#include "report/print.h"

#include "base/json.h"
#include "report/budget.h"
#include "report/number.h"

#include <math.h>
#include <string.h>

struct printer {
    struct text *out;
    const cJSON *report;
    struct arena arena;
};

static double number(const struct printer *p, const char *path)
{
    return json_number(p->report, path, NAN);
}

/* A string of the report, clean; NULL if unknown. */
static const char *string(struct printer *p, const cJSON *object, const char *path)
{
    const char *value = json_string(object, path, NULL);
    return value ? report_clean(&p->arena, value) : NULL;
}

static void add_title(struct printer *p, const char *title)
{
    text_add(p->out, "\n%s\n", title);
}

/* Left-aligned in a column of `width` characters. */
static void add_left(struct printer *p, const char *value, int width)
{
    int pad = width - report_length(value);
    text_add(p->out, "%s%*s", value, pad > 0 ? pad : 0, "");
}

static void add_row(struct printer *p, const char *name, const char *value)
{
    text_add(p->out, "  ");
    add_left(p, name, 22);
    text_add(p->out, " %s\n", value);
}

static void add_facts(struct printer *p)
{
    static const char *const keys[] = {"board", "part", "target", "strategy", "output"};
    const char *name = string(p, p->report, "name");
    text_add(p->out, "Sluice report: %s\n", name ? name : "-");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *value = string(p, p->report, keys[i]);
        if (value) add_row(p, keys[i], value);
    }
}

/* Words up to column 100, then a new line. */
static void add_wrapped(struct printer *p, const char *words)
{
    enum { LAST_COLUMN = 100 };
    int column = 0;
    while (*words) {
        int length = (int)strcspn(words, " ");
        if (column > 0 && column + 1 + length > LAST_COLUMN) {
            text_add(p->out, "\n");
            column = 0;
        }
        text_add(p->out, "%s%.*s", column ? " " : "  ", length, words);
        column += length + (column ? 1 : 2);
        words += length;
        words += *words == ' ';
    }
    text_add(p->out, "\n");
}

static void add_verdict(struct printer *p)
{
    const char *reason = string(p, p->report, "budget.reason");
    text_add(p->out, "\n%s\n", report_heading(p->report));
    add_wrapped(p, reason ? reason : "-");
}

/* Every schedule that was placed, when the first missed its clock. */
static void add_tries(struct printer *p)
{
    const cJSON *tries = json_find(p->report, "tries"), *row;
    int count = 0;
    if (cJSON_GetArraySize(tries) < 2) return;
    cJSON_ArrayForEach(row, tries)
    {
        struct arena *a = &p->arena;
        add_row(p, arena_printf(a, "try %d", ++count),
                arena_printf(a, "%s cycles, %s MHz reached, delays %s times the model's",
                             report_count(json_number(row, "latency_cycles", NAN)).text,
                             report_fixed(json_number(row, "fmax_mhz", NAN), 1).text,
                             report_fixed(json_number(row, "delay_scale", NAN), 2).text));
    }
}

static void add_timing(struct printer *p)
{
    bool placed = strcmp(json_string(p->report, "resources.source", ""), "placed") == 0;
    double slack = number(p, "timing.slack_ns");
    struct arena *a = &p->arena;
    add_title(p, "Timing");
    add_row(p, "latency",
            arena_printf(a, "%s ns = %s cycles = %s bunch crossings of %s MHz",
                         report_fixed(number(p, "timing.latency_ns"), 1).text,
                         report_count(number(p, "timing.latency_cycles")).text,
                         report_fixed(number(p, "timing.latency_bx"), 2).text,
                         report_significant(number(p, "timing.bunch_crossing_mhz")).text));
    add_row(p, "interval",
            arena_printf(a, "%s %s, %sevents/s",
                         report_count(number(p, "timing.interval_cycles")).text,
                         number(p, "timing.interval_cycles") == 1 ? "cycle" : "cycles",
                         report_si(number(p, "timing.events_per_s")).text));
    add_row(p, "clock",
            arena_printf(a, "%s MHz, highest %s MHz (%s), slack %s ns",
                         report_significant(number(p, "timing.clock_mhz")).text,
                         report_fixed(number(p, "timing.fmax_mhz"), 1).text,
                         placed ? "placed" : "estimate", report_fixed(slack, 2).text));
    add_tries(p);
}

static void add_resources(struct printer *p)
{
    static const char *const keys[] = {"cells", "lut4", "ff", "carry", "bram", "dsp"};
    const char *source = string(p, p->report, "resources.source");
    bool placed = source && strcmp(source, "placed") == 0;
    struct arena *a = &p->arena;
    add_title(p, arena_printf(a, "Resources (%s)", source ? source : "not known"));
    text_add(p->out, "  %-22s %12s %12s %12s %9s\n", "", "used", "of the part", "predicted",
             "ratio");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        double used = number(p, arena_printf(a, "resources.%s", keys[i]));
        double available = number(p, arena_printf(a, "resources.%s_available", keys[i]));
        double predicted = number(p, arena_printf(a, "predicted.%s", keys[i]));
        text_add(p->out, "  %-22s %12s %12s %12s %9s\n", keys[i], report_count(used).text,
                 available > 0 ? report_percent(used / available).text : "-",
                 report_count(predicted).text,
                 report_fixed(placed && predicted > 0 ? used / predicted : NAN, 2).text);
    }
    double fmax = placed ? number(p, "timing.fmax_mhz") : NAN;
    double predicted_fmax = number(p, "predicted.fmax_mhz");
    text_add(p->out, "  %-22s %12s %12s %12s %9s\n", "clock reached, MHz",
             report_fixed(fmax, 1).text, "-", report_fixed(predicted_fmax, 1).text,
             report_fixed(predicted_fmax > 0 ? fmax / predicted_fmax : NAN, 2).text);
    double wrapper = number(p, "resources.wrapper_cells");
    if (isfinite(wrapper)) add_row(p, "wrapper cells", report_count(wrapper).text);
    add_row(p, "program",
            arena_printf(a, "%s operations, %s adder bits, depth %s",
                         report_count(number(p, "program.operations")).text,
                         report_count(number(p, "program.adder_bits")).text,
                         report_count(number(p, "program.depth")).text));
}

static void add_layers(struct printer *p)
{
    const cJSON *layers = json_find(p->report, "layers"), *layer;
    if (cJSON_GetArraySize(layers) == 0) return;
    add_title(p, "Layers");
    text_add(p->out, "  %-14s %7s %8s %9s %8s %6s %7s %10s  %s\n", "", "cycles", "ns", "crossings",
             "weights", "bits", "zero", "adder bits", "format");
    cJSON_ArrayForEach(layer, layers)
    {
        const char *name = string(p, layer, "name"), *format = string(p, layer, "format");
        double bits = json_number(layer, "weight_bits", NAN);
        text_add(p->out, "  ");
        add_left(p, name ? name : "-", 14);
        text_add(p->out, " %7s %8s %9s %8s %6s %7s %10s  %s\n",
                 report_count(json_number(layer, "latency_cycles", NAN)).text,
                 report_fixed(json_number(layer, "latency_ns", NAN), 1).text,
                 report_fixed(json_number(layer, "latency_bx", NAN), 2).text,
                 report_count(json_number(layer, "weights", NAN)).text,
                 report_fixed(bits > 0 ? bits : NAN, bits == floor(bits) ? 0 : 1).text,
                 report_percent(json_number(layer, "sparsity", NAN)).text,
                 report_count(json_number(layer, "adder_bits", NAN)).text, format ? format : "-");
    }
}

/* What became of reuse factors: of how many cycles each layer was allowed it takes how many, in
 * which form, and how many of its products are left that weights of zero save. */
static void add_reuse(struct printer *p)
{
    const cJSON *layers = json_find(p->report, "layers"), *layer;
    const char *slowest = string(p, p->report, "interval_layer");
    bool any = false;
    cJSON_ArrayForEach(layer, layers)
    {
        const cJSON *reuse = json_find(layer, "reuse");
        if (!cJSON_IsObject(reuse)) continue;
        if (!any) {
            add_title(p, "Reuse");
            text_add(p->out, "  %-14s %7s %7s %9s %9s %7s %9s  %s\n", "", "factor", "cycles",
                     "weights", "products", "saved", "cost", "form");
        }
        any = true;
        const char *name = string(p, layer, "name"), *form = string(p, reuse, "form");
        double weights = json_number(reuse, "weights", NAN);
        double products = json_number(reuse, "products", NAN);
        double trees = json_number(reuse, "trees", NAN);
        if (trees > 0)
            form = arena_printf(&p->arena, "%s, %s of %s trees at once", form ? form : "-",
                                report_count(json_number(reuse, "engines", NAN)).text,
                                report_count(trees).text);
        text_add(p->out, "  ");
        add_left(p, name ? name : "-", 14);
        text_add(p->out, " %7s %7s %9s %9s %7s %9s  %s\n",
                 report_count(json_number(reuse, "factor", NAN)).text,
                 report_count(json_number(reuse, "cycles", NAN)).text, report_count(weights).text,
                 report_count(products).text, report_percent(1 - products / weights).text,
                 report_count(json_number(reuse, "cost", NAN)).text, form ? form : "-");
    }
    if (any && slowest) add_row(p, "interval set by", slowest);
}

/* Both forms of the program as C for a soft core; the one that soft_core/ holds is marked. */
static void add_soft_core(struct printer *p)
{
    const cJSON *soft_core = json_find(p->report, "soft_core"), *form;
    const char *isa = string(p, soft_core, "isa"), *missing = string(p, soft_core, "missing_tool");
    if (!cJSON_IsObject(soft_core)) return;
    add_title(p, arena_printf(&p->arena, "Soft core (%s)", isa ? isa : "-"));
    text_add(p->out, "  %-14s %14s %12s %9s %9s %7s %7s  %s\n", "", "instructions", "estimate",
             "text", "rodata", "bss", "stack", "golden events");
    cJSON_ArrayForEach(form, json_find(soft_core, "forms"))
    {
        const char *name = string(p, form, "form");
        const cJSON *equal = json_find(form, "equal");
        text_add(p->out, "  ");
        add_left(p,
                 arena_printf(&p->arena, "%s%s", name ? name : "-",
                              cJSON_IsTrue(json_find(form, "picked")) ? " *" : ""),
                 14);
        text_add(p->out, " %14s %12s %9s %9s %7s %7s  %s\n",
                 report_count(json_number(form, "instructions", NAN)).text,
                 report_count(json_number(form, "estimated_instructions", NAN)).text,
                 report_count(json_number(form, "text", NAN)).text,
                 report_count(json_number(form, "rodata", NAN)).text,
                 report_count(json_number(form, "bss", NAN)).text,
                 report_count(json_number(form, "stack", NAN)).text,
                 cJSON_IsTrue(equal)    ? report_count(json_number(soft_core, "events", NAN)).text
                 : cJSON_IsFalse(equal) ? "DIFFER"
                                        : "not run");
    }
    if (missing) add_row(p, "not measured: no", missing);
}

/* Element of an array of numbers at a path. */
static double element(const struct printer *p, const char *path, int index)
{
    const cJSON *array = json_find(p->report, path);
    const cJSON *item = cJSON_IsArray(array) ? cJSON_GetArrayItem(array, index) : NULL;
    return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

/* AUC and signal efficiencies, a line per class. */
static void add_classes(struct printer *p)
{
    const cJSON *aucs = json_find(p->report, "physics.auc_per_class");
    const cJSON *rows = json_find(p->report, "physics.efficiency_at_background"), *row;
    for (int k = 0; k < cJSON_GetArraySize(aucs); k++) {
        const char *name =
            string(p, p->report, arena_printf(&p->arena, "physics.class_names.%d", k));
        text_add(p->out, "  ");
        add_left(p, arena_printf(&p->arena, "class %s", name ? name : ""), 22);
        text_add(p->out, " AUC %s", report_fixed(element(p, "physics.auc_per_class", k), 4).text);
        double error = element(p, "physics.auc_per_class_error", k);
        if (isfinite(error)) text_add(p->out, " +- %s", report_fixed(error, 4).text);
        const char *start = ", signal ", *end = "";
        cJSON_ArrayForEach(row, rows)
        {
            if (json_number(row, "class", NAN) != k) continue;
            text_add(p->out, "%s%s at %s%%", start,
                     report_percent(json_number(row, "efficiency", NAN)).text,
                     report_significant(json_number(row, "background", NAN) * 100).text);
            start = ", ", end = " background";
        }
        text_add(p->out, "%s\n", end);
    }
}

/* The row's class, else nothing. */
static const char *class_of(struct printer *p, const cJSON *row)
{
    int k = (int)json_number(row, "class", -1);
    const char *name = string(p, p->report, arena_printf(&p->arena, "physics.class_names.%d", k));
    return name ? name : arena_printf(&p->arena, "%d", k);
}

/* value (low .. high), as numbers of a member and its bounds times `factor`. */
static const char *interval(struct printer *p, const cJSON *row, const char *name, double factor,
                            int digits)
{
    struct arena *a = &p->arena;
    double low = json_number(row, arena_printf(a, "%s_low", name), NAN);
    double high = json_number(row, arena_printf(a, "%s_high", name), NAN);
    return arena_printf(
        a, "%s (%s to %s)", report_fixed(factor * json_number(row, name, NAN), digits).text,
        report_fixed(factor * low, digits).text, report_fixed(factor * high, digits).text);
}

static void add_working_points(struct printer *p)
{
    const cJSON *rows = json_find(p->report, "physics.working_points"), *row;
    if (cJSON_GetArraySize(rows) == 0) return;
    struct arena *a = &p->arena;
    add_title(p, "Working points");
    add_row(p, "asked",
            arena_printf(a, "%s kHz of background out of %s MHz, prescale %s",
                         report_significant(number(p, "physics.trigger.rate_khz")).text,
                         report_significant(number(p, "physics.trigger.input_rate_mhz")).text,
                         report_significant(number(p, "physics.trigger.prescale")).text));
    cJSON_ArrayForEach(row, rows)
    {
        const char *chosen_on = string(p, row, "chosen_on");
        add_row(p, arena_printf(a, "class %s", class_of(p, row)),
                arena_printf(a, "signal %s %%, rate %s kHz, cut %s chosen on %s",
                             interval(p, row, "signal_efficiency", 100, 2),
                             interval(p, row, "rate_khz", 1, 2),
                             report_significant(json_number(row, "cut", NAN)).text,
                             chosen_on ? chosen_on : "-"));
    }
}

static void add_regression(struct printer *p)
{
    const cJSON *outputs = json_find(p->report, "physics.regression"), *output, *row;
    struct arena *a = &p->arena;
    if (cJSON_GetArraySize(outputs) == 0) return;
    add_title(p, "Resolution");
    cJSON_ArrayForEach(output, outputs)
    {
        const char *name = string(p, output, "output");
        add_row(
            p, name ? name : "-",
            arena_printf(a, "bias %s +- %s, resolution %s +- %s",
                         report_significant(json_number(output, "bias", NAN)).text,
                         report_significant(json_number(output, "bias_error", NAN)).text,
                         report_significant(json_number(output, "resolution", NAN)).text,
                         report_significant(json_number(output, "resolution_error", NAN)).text));
        cJSON_ArrayForEach(row, json_find(output, "bins")) add_row(
            p,
            arena_printf(a, "  %s to %s", report_significant(json_number(row, "low", NAN)).text,
                         report_significant(json_number(row, "high", NAN)).text),
            arena_printf(a, "bias %s, resolution %s, %s events",
                         report_significant(json_number(row, "bias", NAN)).text,
                         report_significant(json_number(row, "resolution", NAN)).text,
                         report_count(json_number(row, "events", NAN)).text));
    }
}

static void add_robustness(struct printer *p)
{
    const cJSON *rows = json_find(p->report, "physics.robustness"), *row;
    if (cJSON_GetArraySize(rows) == 0) return;
    add_title(p, "Robustness");
    cJSON_ArrayForEach(row, rows)
    {
        double accuracy = json_number(row, "accuracy", NAN);
        double change = json_number(row, "change", NAN);
        const char *what = string(p, row, "what");
        text_add(p->out, "  ");
        add_left(p, what ? what : "-", 44);
        if (isfinite(accuracy))
            text_add(p->out, " %s %%  %s points\n", report_fixed(100 * accuracy, 2).text,
                     report_fixed(100 * change, 2).text);
        else
            text_add(p->out, " rms error %s\n",
                     report_significant(json_number(row, "rms_error", NAN)).text);
    }
}

static void add_physics(struct printer *p)
{
    static const char *const keys[] = {"float", "quantized", "hardware"};
    struct arena *a = &p->arena;
    bool any = false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        double value = number(p, arena_printf(a, "physics.accuracy_%s", keys[i]));
        if (!isfinite(value)) continue;
        if (!any) add_title(p, "Physics");
        any = true;
        double error = number(p, arena_printf(a, "physics.accuracy_%s_error", keys[i]));
        add_row(p, arena_printf(a, "accuracy, %s", keys[i]),
                isfinite(error) ? arena_printf(a, "%s +- %s %%", report_fixed(value * 100, 2).text,
                                               report_fixed(error * 100, 2).text)
                                : arena_printf(a, "%s %%", report_fixed(value * 100, 2).text));
    }
    double auc = number(p, "physics.auc");
    double auc_error = number(p, "physics.auc_error");
    if (isfinite(auc))
        add_row(p, "mean AUC",
                isfinite(auc_error) ? arena_printf(a, "%s +- %s", report_fixed(auc, 4).text,
                                                   report_fixed(auc_error, 4).text)
                                    : report_fixed(auc, 4).text);
    add_classes(p);
    add_working_points(p);
    add_regression(p);
    add_robustness(p);
}

static void add_verify(struct printer *p)
{
    static const struct {
        const char *path, *title;
    } rows[] = {
        {"verify.events", "events simulated"},
        {"verify.mismatches", "mismatches"},
        {"verify.reference_mismatches", "against reference"},
        {"verify.decision_changes", "decision changes"},
        {"verify.float_max_abs_error", "deviation, largest"},
        {"verify.float_mean_abs_error", "deviation, mean"},
        {"gate_level.events", "gate-level events"},
        {"gate_level.mismatches", "gate-level mismatches"},
    };
    if (isnan(number(p, "verify.events")) && isnan(number(p, "gate_level.events"))) return;
    add_title(p, "Verification");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double value = number(p, rows[i].path);
        if (!isfinite(value)) continue;
        add_row(p, rows[i].title,
                value == floor(value) ? report_count(value).text : report_significant(value).text);
    }
    const char *waveform = string(p, p->report, "verify.waveform");
    if (waveform) add_row(p, "waveform", waveform);
}

static void add_run(struct printer *p)
{
    static const struct {
        const char *path, *title;
    } rows[] = {{"run.events", "events played"},
                {"run.distinct", "different events"},
                {"run.lost", "lost"},
                {"run.doubled", "doubled"},
                {"run.different", "different"},
                {"run.late", "late"},
                {"run.streamed", "read back"},
                {"run.streamed_different", "of them different"},
                {"run.recheck.core_records", "recomputed by the core"},
                {"run.recheck.core_different", "of them different"},
                {"run.recheck.cycles", "core cycles each"},
                {"run.asked_again", "requests repeated"}};
    const cJSON *class;
    if (!json_find(p->report, "run")) return;
    add_title(p, "On the board");
    const char *name = string(p, p->report, "run.board.name");
    bool simulated = cJSON_IsTrue(json_find(p->report, "run.board.simulated"));
    add_row(p, "board",
            arena_printf(&p->arena, "%s%s", name ? name : "", simulated ? " (simulated)" : ""));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (isfinite(number(p, rows[i].path)))
            add_row(p, rows[i].title, report_count(number(p, rows[i].path)).text);
    add_row(p, "events a second", report_si(number(p, "run.events_per_s")).text);
    add_row(p, "accepted", report_percent(number(p, "run.accepted_fraction")).text);
    cJSON_ArrayForEach(class, json_find(p->report, "run.classes"))
    {
        const char *title = string(p, class, "name");
        add_row(p, arena_printf(&p->arena, "passes %s", title ? title : ""),
                report_percent(json_number(class, "fraction", NAN)).text);
    }
}

/* "   12.3" of the row's flips, in percent. */
static const char *share_of(struct printer *p, const cJSON *row, const char *class)
{
    double share = json_number(row, class, NAN) / json_number(row, "flips", NAN);
    return arena_printf(&p->arena, "%9s %%", report_fixed(100 * share, 2).text);
}

static void add_faults(struct printer *p)
{
    const cJSON *faults = json_find(p->report, "faults"), *row;
    double flips = json_number(faults, "flips", NAN);
    if (!isfinite(flips)) return;
    add_title(p, "Upsets");
    text_add(p->out, "  %s flips of single bits, protect %s\n", report_count(flips).text,
             report_clean(&p->arena, json_string(faults, "protect", "none")));
    text_add(p->out, "  %-12s %10s %10s %11s %11s %11s %11s\n", "state", "bits", "flips", "masked",
             "corrected", "detected", "silent");
    cJSON_ArrayForEach(row, json_find(faults, "kinds"))
    {
        const char *kind = string(p, row, "kind");
        text_add(p->out, "  %-12s %10s", kind ? kind : "",
                 report_count(json_number(row, "state_bits", NAN)).text);
        text_add(p->out, " %10s", report_count(json_number(row, "flips", NAN)).text);
        text_add(p->out, " %s %s %s %s\n", share_of(p, row, "masked"),
                 share_of(p, row, "corrected"), share_of(p, row, "detected"),
                 share_of(p, row, "silent"));
    }
    text_add(p->out, "  %-12s %10s %10s", "a random bit", "", "");
    static const char *const classes[] = {"masked", "corrected", "detected", "silent"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        text_add(
            p->out, " %9s %%",
            report_fixed(100 * json_number(json_find(faults, "shares"), classes[i], NAN), 2).text);
    text_add(p->out, "\n");
}

static void add_checks(struct printer *p)
{
    const cJSON *checks = json_find(p->report, "budget.checks"), *check;
    if (cJSON_GetArraySize(checks) == 0) return;
    add_title(p, "Budget");
    cJSON_ArrayForEach(check, checks)
    {
        const char *text = string(p, check, "text");
        text_add(p->out, "  %-8s %-18s %s\n", json_string(check, "state", ""),
                 json_string(check, "name", ""), text ? text : "");
    }
}

static void add_list(struct printer *p, const char *title, const char *path)
{
    const cJSON *rows = json_find(p->report, path), *row;
    if (cJSON_GetArraySize(rows) == 0) return;
    add_title(p, title);
    cJSON_ArrayForEach(row, rows)
    {
        if (cJSON_IsString(row))
            text_add(p->out, "  %s\n", report_clean(&p->arena, row->valuestring));
    }
}

static void add_seconds(struct printer *p)
{
    const cJSON *seconds = json_find(p->report, "seconds"), *verb;
    const cJSON *tools = json_find(p->report, "tools"), *tool;
    add_title(p, "Seconds");
    cJSON_ArrayForEach(verb, seconds)
    {
        double value = cJSON_IsNumber(verb) ? verb->valuedouble : NAN;
        add_row(p, verb->string, report_fixed(value, value < 1 ? 3 : 1).text);
    }
    if (cJSON_GetArraySize(tools) > 0) add_title(p, "Tools");
    cJSON_ArrayForEach(tool, tools)
    {
        if (tool->string && cJSON_IsString(tool))
            add_row(p, report_clean(&p->arena, tool->string),
                    report_clean(&p->arena, tool->valuestring));
    }
    const char *version = string(p, p->report, "sluice");
    if (version) text_add(p->out, "\nSluice %s\n", version);
}

void report_print_text(struct text *out, const cJSON *report)
{
    struct printer p = {.out = out, .report = report};
    add_facts(&p);
    add_verdict(&p);
    add_timing(&p);
    add_resources(&p);
    add_layers(&p);
    add_reuse(&p);
    add_soft_core(&p);
    add_physics(&p);
    add_verify(&p);
    add_run(&p);
    add_faults(&p);
    add_checks(&p);
    add_list(&p, "Not in the hardware", "left_out");
    add_list(&p, "Not in this report", "notes");
    add_seconds(&p);
    arena_free(&p.arena);
}
