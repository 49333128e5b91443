/* sluice run: events through a board, real or simulated. */
#include "base/error.h"
#include "base/interrupt.h"
#include "base/process.h"
#include "base/progress.h"
#include "cli/run.h"

#include <math.h>
#include <unistd.h>

enum { BAUD_MOST = 100000000 };

/* Until Ctrl-C. */
static void serve(struct run *run)
{
    printf("%s\n", run->sim.terminal);
    fflush(stdout);
    interrupt_defer(true);
    while (!interrupt_requested() && process_runs(run->sim.process))
        usleep(100000);
}

/* What no board is needed for to see that it is wrong. */
static void check_flags(const struct flags *flags)
{
    if (flags->baud <= 0 || flags->baud > BAUD_MOST)
        fail("--baud %g: above 0, at most %g", flags->baud, (double)BAUD_MOST);
    if (flags->seconds < 0) fail("--seconds %g: at least 0", flags->seconds);
    if (flags->swap_after < 0) fail("--swap-after %g: at least 0", flags->swap_after);
    if (!isnan(flags->seconds) && !flags->watch) fail("--seconds: goes with --watch");
    if (flags->noise < 0 || flags->noise > 0.2) fail("--noise %g: from 0 to 0.2", flags->noise);
    if (flags->tcp == 0 || flags->tcp > 65535) fail("--tcp %d: from 1 to 65535", flags->tcp);
    if (flags->board_port && (flags->tcp > 0 || flags->noise > 0 || flags->serve))
        fail("--tcp, --noise and --serve are for the simulated board, not with --board-port");
    if (flags->gap > 65535 || flags->burst > 65535 || flags->pause > 65535)
        fail("--gap, --burst, --pause: at most 65535");
    if (flags->pause > 0 && flags->burst <= 0) fail("--pause: goes with --burst");
    if (flags->distinct == 0) fail("--distinct 0: at least 1");
    run_spy_trigger(flags->spy);
    if (flags->captures == 0) fail("--captures 0: at least 1");
    if (flags->captures > 0 && !(flags->watch && flags->spy))
        fail("--captures: goes with --watch --spy");
    if (flags->swap && !flags->watch) fail("--swap: goes with --watch");
    if (flags->swap && flags->spy) fail("--swap: the spy looks at it; not with --spy");
    if (!isnan(flags->swap_after) && !flags->swap) fail("--swap-after: goes with --swap");
    if (flags->swaps >= 0 && !flags->swap) fail("--swaps: goes with --swap");
    if (flags->swaps == 0) fail("--swaps 0: at least 1");
    if (flags->swap && flags->seconds <= (isnan(flags->swap_after) ? 1 : flags->swap_after))
        fail("--swap: the swap comes after --seconds are over; see --swap-after");
}

int verb_run(struct cli *cli)
{
    static struct run run; /* large */
    check_flags(&cli->flags);
    run = (struct run){.cli = cli, .start_s = clock_seconds()};
    run.program = program_read(cli_need(cli, "program.sluice", "compile"));
    cli_remove_stale(cli, (const char *const[]){"run.json", "run_scores.csv", "spy.csv", NULL});
    run_read_swap(&run);
    if (!cli->flags.serve) run_read_events(&run);
    run_open_board(&run);
    int status = 0;
    if (cli->flags.serve) {
        serve(&run);
    } else {
        run_load_image(&run);
        run_compute_events(&run);
        run_set_decisions(&run);
        run_choose_rhythm(&run);
        run_prepare_recheck(&run);
        run_arm_spy(&run);
        if (cli->flags.watch)
            run_watch(&run);
        else
            run_play_all(&run);
        run_print_spy(&run);
        run_recheck(&run);
        status = run_finish(&run);
    }
    run_close_board(&run);
    program_free(run.program);
    if (run.swap.program) program_free(run.swap.program);
    return status;
}
