/* sluice report: merge what the verbs left, judge the budget. */
#include "base/error.h"
#include "cli/cli.h"
#include "report/report.h"

#include <math.h>
#include <stdio.h>

int verb_report(struct cli *cli)
{
    struct report_options options;
    report_options_init(&options);
    options.version = SLUICE_VERSION;
    if (cli->job) {
        const struct job_budget *from = cli->job->budget;
        options.budget.bunch_crossing_mhz = *from->bunch_crossing_mhz;
        options.budget.events_per_crossing = *from->events_per_crossing;
        options.budget.latency_ns = *from->latency_ns;
        options.budget.max_cells = *from->max_cells;
        options.budget.max_lut4 = *from->max_lut4;
        options.budget.max_dsp = *from->max_dsp;
        options.budget.max_bram = *from->max_bram;
        options.budget.float_tolerance = *from->float_tolerance;
        options.budget.accuracy_loss = *from->accuracy_loss;
    }
    if (!isnan(cli->flags.latency_ns)) options.budget.latency_ns = cli->flags.latency_ns;
    if (!isnan(cli->flags.bunch_crossing_mhz))
        options.budget.bunch_crossing_mhz = cli->flags.bunch_crossing_mhz;
    struct report_verdict verdict = report_run(cli->folder, &options);
    cli_print_json(cli, cli_path(cli, "report.json"));
    if (!verdict.met && cli->verdict_given) return 1;
    if (!verdict.met) return cli_verdict("%s: %s", cli->folder, verdict.reason);
    info("%s: %s", cli_path(cli, "report.html"), verdict.reason);
    return 0;
}
