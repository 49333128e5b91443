/* sluice all: the whole road, one verb after another; it ends at the first that fails. */
#include "base/error.h"
#include "cli/cli.h"

int verb_all(struct cli *cli)
{
    static int (*const steps[])(struct cli *) = {verb_train, verb_compile, verb_verify, verb_build,
                                                 verb_report};
    bool json = cli->flags.json;
    int status = 0;
    /* A mismatch still gets its report, so that the verdict stands in it; status keeps the worst.
     */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i] == verb_train && cli->job->model) continue;
        cli->flags.json = json && steps[i] == verb_report;
        int now = steps[i](cli);
        if (now > status) status = now;
    }
    return status;
}
