/* sluice all: the whole road, one verb after another; a bad verdict ends it, with its report. */
#include "cli/cli.h"

int verb_all(struct cli *cli)
{
    static int (*const steps[])(struct cli *) = {verb_train, verb_compile, verb_verify, verb_build};
    bool json = cli->flags.json;
    int status = 0;
    cli->flags.json = false;
    bool soft_core = cli->job->soft_core->isa != NULL;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0] && status == 0; i++)
        if (!(steps[i] == verb_train && cli->job->model)) status = steps[i](cli);
    if (status == 0 && soft_core) status = verb_softcore(cli);
    /* What went wrong stands in the report too, but is said once. */
    cli->flags.json = json;
    cli->verdict_given = status != 0;
    int judged = verb_report(cli);
    return judged > status ? judged : status;
}
