/* sluice diff: what changed between two reports. */
#include "cli/cli.h"
#include "report/diff.h"

int verb_diff(struct cli *cli)
{
    if (!cli->flags.json) {
        diff_run(cli->arguments[0], cli->arguments[1], stdout);
        return 0;
    }
    cJSON *json = diff_json(cli->arguments[0], cli->arguments[1]);
    cli_print(json);
    cJSON_Delete(json);
    return 0;
}
