/* sluice run: thresholds and prescales, and what a board that has them must count. */
#include "base/error.h"
#include "cli/run.h"
#include "model/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Asked for all day while watching: nothing is allocated. */
const char *run_class_name(const struct run *run, int class)
{
    static const char *const numbers[THRESHOLDS_MAX] = {
        "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"};
    const struct program *program = run->program;
    if (!run->decide.is_number && class < program->output_count)
        return program->outputs[class].name;
    return numbers[class];
}

static int find_class(const struct run *run, const char *flag, const char *name, size_t length)
{
    char *end;
    long number = strtol(name, &end, 10);
    for (int k = 0; k < run->decide.classes; k++) {
        const char *known = run_class_name(run, k);
        if (strlen(known) == length && strncmp(known, name, length) == 0) return k;
    }
    if (end == name + length && number >= 0 && number < run->decide.classes) return (int)number;
    fail("--%s: there is no class '%.*s'; they are 0 to %d%s%s", flag, (int)length, name,
         run->decide.classes - 1, run->decide.is_number ? "" : ", the first is ",
         run->decide.is_number ? "" : run_class_name(run, 0));
}

/* A threshold in the terms of the score, as the integer that decides alike. */
static int64_t raw_threshold(const struct run *run, int class, double value)
{
    const struct program *program = run->program;
    struct format format = program->ops[program->outputs[class].value].format;
    double raw = ceil(ldexp(value, format_fraction_bits(format)));
    double most = ldexp(1, run->board.threshold_bits - 1);
    if (raw > most - 1 || raw < -most)
        fail("--threshold %s=%g: outside what the board's %d bits hold, %g to %g",
             run_class_name(run, class), value, run->board.threshold_bits,
             ldexp(-most, -format_fraction_bits(format)),
             ldexp(most - 1, -format_fraction_bits(format)));
    return (int64_t)raw;
}

/* One CLASS=VALUE of a list; returns what follows it, NULL at the end. */
static const char *read_pair(const struct run *run, const char *flag, const char *text, int *class,
                             double *value)
{
    size_t length = strcspn(text, "=,");
    char *end;
    *value = text[length] == '=' ? strtod(text + length + 1, &end) : 0;
    if (text[length] != '=' || end == text + length + 1 || (*end && *end != ',') ||
        !isfinite(*value))
        fail("--%s %s: it is CLASS=NUMBER, with commas between them", flag, text);
    *class = find_class(run, flag, text, length);
    return *end ? end + 1 : NULL;
}

static void read_thresholds(struct run *run)
{
    struct run_decide *decide = &run->decide;
    const char *text = run->cli->flags.class_thresholds;
    if (!text) return;
    if (decide->is_number)
        fail("--threshold: the network answers with the number of a class, not with scores");
    decide->mask = 0;
    while (text) {
        int class;
        double value;
        text = read_pair(run, "threshold", text, &class, &value);
        decide->thresholds[class] = raw_threshold(run, class, value);
        decide->mask |= UINT32_C(1) << class;
    }
}

static void read_prescales(struct run *run)
{
    const char *text = run->cli->flags.prescale;
    double most = ldexp(1, run->board.prescale_bits) - 1;
    while (text) {
        int class;
        double value;
        text = read_pair(run, "prescale", text, &class, &value);
        if (!(value >= 0 && value <= most) || value != floor(value))
            fail("--prescale %s=%g: a whole number from 0 to %g", run_class_name(run, class), value,
                 most);
        run->decide.prescales[class] = (uint32_t)value;
    }
}

void run_set_decisions(struct run *run)
{
    struct run_decide *decide = &run->decide;
    decide->classes = run->board.classes < THRESHOLDS_MAX ? run->board.classes : THRESHOLDS_MAX;
    decide->is_number = run->board.threshold_bits == 0;
    decide->mask = (UINT32_C(1) << decide->classes) - 1;
    bool is_bit = strcmp(run->program->output_kind, "threshold") == 0;
    for (int k = 0; k < decide->classes; k++) {
        decide->prescales[k] = 1;
        decide->thresholds[k] = is_bit; /* a bit is decided on: 1 passes */
    }
    read_thresholds(run);
    read_prescales(run);
    host_decide(&run->board, decide->is_number ? NULL : decide->thresholds, decide->prescales,
                &decide->mask);
}

void run_expect_decision(struct run *run, long e)
{
    struct run_decide *decide = &run->decide;
    const int64_t *outputs = run->events.outputs + e * run->program->output_count;
    bool accepts = false;
    for (int k = 0; k < decide->classes; k++) {
        if (decide->is_number ? outputs[0] != k : outputs[k] < decide->thresholds[k]) continue;
        decide->passes[k]++;
        if (decide->prescales[k] == 0 || ++decide->passed[k] < decide->prescales[k]) continue;
        decide->passed[k] = 0;
        accepts = accepts || decide->mask >> k & 1;
    }
    decide->accepts += accepts;
}

void run_check_decisions(struct run *run)
{
    struct run_decide *decide = &run->decide;
    double wrong = fabs(run->counted[COUNTER_ACCEPTS] - decide->accepts);
    for (int k = 0; k < decide->classes && COUNTER_CLASS + k < run->board.counters; k++)
        wrong += fabs(run->counted[COUNTER_CLASS + k] - decide->passes[k]);
    run->faults.decided_wrong = wrong;
}
