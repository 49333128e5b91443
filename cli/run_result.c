/* sluice run: what is shown while it runs, and what is left of it. */
#include "base/error.h"
#include "base/progress.h"
#include "cli/run.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { BARS = 32 };

static double fraction(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

/* A histogram of a score, as many bars as fit. */
static void print_bars(const struct histogram_output *output)
{
    static const char *const bars[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double sums[BARS] = {0}, most = 0;
    int per_bar = (output->bins + BARS - 1) / BARS;
    for (int i = 0; i < output->bins; i++)
        sums[i / per_bar] += (double)output->count[i];
    for (int i = 0; i < BARS; i++)
        most = fmax(most, sums[i]);
    for (int i = 0; i * per_bar < output->bins; i++)
        fputs(bars[sums[i] > 0 ? 1 + (int)(7 * sums[i] / most) : 0], stdout);
}

static void show_page(const struct run *run, const char *what)
{
    const struct run_faults *faults = &run->faults;
    const double *counted = run->counted;
    const struct host_link_counts *line = &run->board.link.counts;
    printf("\033[H\033[J%s%s, %.0f s: %s\n\n", run->board.name,
           run->simulated ? " (simulated)" : "", clock_seconds() - run->start_s, what);
    printf("  events   %14.0f   answers %14.0f   %.4g events/s of the board's time\n",
           counted[COUNTER_EVENTS], counted[COUNTER_ANSWERS], run->events_per_s);
    printf("  accepted %14.0f   %7.3f %%        dead %.0f\n\n", counted[COUNTER_ACCEPTS],
           100 * fraction(counted[COUNTER_ACCEPTS], counted[COUNTER_EVENTS]),
           counted[COUNTER_DEAD]);
    for (int k = 0; k < run->decide.classes; k++) {
        double passes = counted[COUNTER_CLASS + k];
        printf("  %-20s %7.3f %% pass  ", run_class_name(run, k),
               100 * fraction(passes, counted[COUNTER_EVENTS]));
        if (!run->decide.is_number) print_bars(&run->scores.outputs[k]);
        putchar('\n');
    }
    printf("\n  different %.0f   late %.0f   refused %.0f   upsets %.0f   read back %ld, different "
           "%ld\n",
           counted[COUNTER_MISMATCHES], counted[COUNTER_LATE], counted[COUNTER_REFUSED],
           counted[COUNTER_UPSETS], faults->streamed, faults->streamed_different);
    if (run->board.fallback)
        printf("  recomputed by the core %u, different %u; %u cycles each\n",
               run->recheck.counts[COUNT_RECHECKED], run->recheck.counts[COUNT_DIFFERENT],
               run->recheck.counts[COUNT_CYCLES]);
    printf("  line: %ld exchanges, %ld asked again, %ld damaged\n", line->exchanges, line->repeats,
           line->damaged);
}

void run_show(struct run *run, const char *what, bool is_last)
{
    static double last_s;
    double now = clock_seconds(), every_s = isatty(STDOUT_FILENO) ? 0.2 : 5;
    if (error_is_quiet() || run->cli->flags.json || (!is_last && now - last_s < every_s)) return;
    last_s = now;
    if (isatty(STDOUT_FILENO))
        show_page(run, what);
    else
        printf("%s: %.0f events, %.4g %% accepted, %.0f different, %.0f late, %ld read back, "
               "%u recomputed\n",
               what, run->counted[COUNTER_EVENTS],
               100 * fraction(run->counted[COUNTER_ACCEPTS], run->counted[COUNTER_EVENTS]),
               run->counted[COUNTER_MISMATCHES], run->counted[COUNTER_LATE], run->faults.streamed,
               run->recheck.counts[COUNT_RECHECKED]);
    fflush(stdout);
}

static cJSON *classes_json(const struct run *run)
{
    cJSON *rows = cJSON_CreateArray();
    for (int k = 0; k < run->decide.classes; k++) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", run_class_name(run, k));
        double scale = 1;
        int64_t raw = run->decide.thresholds[k];
        if (!run->decide.is_number) {
            struct format format = run->program->ops[run->program->outputs[k].value].format;
            scale = ldexp(1, -format_fraction_bits(format));
        }
        json_add_number(row, "threshold", run->decide.is_number ? NAN : (double)raw * scale);
        json_add_number(row, "prescale", run->decide.prescales[k]);
        cJSON_AddBoolToObject(row, "accepts", run->decide.mask >> k & 1);
        json_add_number(row, "passes", run->counted[COUNTER_CLASS + k]);
        json_add_number(row, "fraction",
                        fraction(run->counted[COUNTER_CLASS + k], run->counted[COUNTER_EVENTS]));
        cJSON_AddItemToArray(rows, row);
    }
    return rows;
}

static cJSON *board_json(const struct run *run)
{
    cJSON *json = cJSON_CreateObject();
    const struct host_board *board = &run->board;
    cJSON_AddStringToObject(json, "name", board->name);
    cJSON_AddBoolToObject(json, "simulated", run->simulated);
    cJSON_AddStringToObject(json, "port", run->simulated ? "" : board->port.name);
    json_add_number(json, "network_mhz", board->network_mhz);
    json_add_number(json, "core_mhz", board->core_mhz);
    json_add_number(json, "stored_events", board->events);
    json_add_number(json, "spy_records", board->records);
    cJSON_AddBoolToObject(json, "firmware_crc", run->monitor[COUNT_STATE] & STATE_IMAGE);
    cJSON_AddBoolToObject(json, "self_check", run->monitor[COUNT_STATE] & STATE_PASSED);
    json_add_number(json, "self_check_events", run->monitor[COUNT_CHECKED]);
    json_add_number(json, "self_check_wrong", run->monitor[COUNT_WRONG]);
    cJSON_AddBoolToObject(json, "watchdog_reset", run->monitor[COUNT_STATE] & STATE_WATCHDOG);
    return json;
}

static void add_numbers(cJSON *json, const struct run *run)
{
    const struct run_faults *faults = &run->faults;
    const struct host_link_counts *line = &run->board.link.counts;
    const struct {
        const char *name;
        double number;
    } rows[] = {
        {"events", run->counted[COUNTER_EVENTS]},
        {"answers", run->counted[COUNTER_ANSWERS]},
        {"distinct", (double)run->events.distinct},
        {"gap_cycles", run->play.gap_cycles},
        {"burst", run->play.burst},
        {"pause_cycles", run->play.pause_cycles},
        {"events_per_s", run->events_per_s},
        {"lost", faults->lost},
        {"doubled", faults->doubled},
        {"different", faults->different},
        {"late", faults->late},
        {"streamed", (double)faults->streamed},
        {"streamed_different", (double)faults->streamed_different},
        {"accepted", run->counted[COUNTER_ACCEPTS]},
        {"accepted_fraction",
         fraction(run->counted[COUNTER_ACCEPTS], run->counted[COUNTER_EVENTS])},
        {"captures", (double)run->captures},
        {"captures_told", (double)run->told},
        {"dead", run->counted[COUNTER_DEAD]},
        {"refused", run->counted[COUNTER_REFUSED]},
        {"upsets", run->counted[COUNTER_UPSETS]},
        {"decisions_wrong", faults->decided_wrong},
        {"exchanges", (double)line->exchanges},
        {"asked_again", (double)line->repeats},
        {"frames_damaged", (double)line->damaged},
        {"seconds", clock_seconds() - run->start_s},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        json_add_number(json, rows[i].name, rows[i].number);
}

/* What is wrong, in a line; "" if nothing is. */
static void judge(const struct run *run, char *reason, size_t size)
{
    const struct run_faults *faults = &run->faults;
    const struct run_recheck *recheck = &run->recheck;
    uint32_t state = run->monitor[COUNT_STATE];
    reason[0] = 0;
    if (!(state & STATE_IMAGE))
        snprintf(reason, size, "the CRC of the board's firmware is wrong");
    else if (faults->restarted)
        snprintf(reason, size, "the watchdog reset the board's core during the run");
    else if (faults->lost_mark)
        snprintf(reason, size,
                 "the board was loaded anew during the run, or another program used it");
    else if (state & STATE_CHECKED && !(state & STATE_PASSED))
        snprintf(reason, size, "the board's self-check found %u of %u events wrong",
                 run->monitor[COUNT_WRONG], run->monitor[COUNT_CHECKED]);
    else if (run->swap.image && (run->swap.wrong[0] || run->swap.done < run->swap.times))
        snprintf(reason, size, "the swap to %s: %s", run->swap.image,
                 run->swap.wrong[0] ? run->swap.wrong : "it was not come to");
    else if (faults->lost || faults->doubled || faults->different || faults->late ||
             faults->streamed_different || faults->error)
        snprintf(reason, size,
                 "of %.0f events %.0f lost, %.0f doubled, %.0f different, %.0f late; of %ld read "
                 "back %ld different%s%s",
                 run->counted[COUNTER_EVENTS], faults->lost, faults->doubled, faults->different,
                 faults->late, faults->streamed, faults->streamed_different,
                 faults->first[0] ? "; " : "", faults->first);
    else if (recheck->different || recheck->counts[COUNT_DIFFERENT])
        snprintf(reason, size,
                 "of %ld records that the core recomputed %ld are different, and %u of %u since "
                 "its start; %s",
                 recheck->records, recheck->different, recheck->counts[COUNT_DIFFERENT],
                 recheck->counts[COUNT_RECHECKED], recheck->first);
    else if (faults->decided_wrong)
        snprintf(reason, size, "passes and accepts are %.0f off what the scores ask for",
                 faults->decided_wrong);
}

/* The core began anew: its self-check played events of its own. After a new bitstream all counters
 * did. */
static void look_for_restart(struct run *run)
{
    uint32_t counts[COUNTS_ALL];
    host_monitor_counts(&run->board, counts);
    run_take_core_counts(run, counts);
    uint32_t more = counts[COUNT_STATE] & ~run->monitor[COUNT_STATE],
             less = run->monitor[COUNT_STATE] & ~counts[COUNT_STATE];
    run->faults.restarted = more & STATE_WATCHDOG || less & STATE_FALLBACK;
    run->faults.lost_mark = host_read_word(&run->board, ADDRESS_MARK) != run->mark;
}

int run_finish(struct run *run)
{
    char reason[800];
    look_for_restart(run);
    run->bank = (host_read_word(&run->board, ADDRESS_STATUS) & STATUS_BANK) != 0;
    judge(run, reason, sizeof reason);
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "schema", 1);
    cJSON_AddBoolToObject(json, "passed", reason[0] == 0);
    cJSON_AddStringToObject(json, "reason", reason);
    cJSON_AddItemToObject(json, "board", board_json(run));
    add_numbers(json, run);
    cJSON_AddItemToObject(json, "classes", classes_json(run));
    if (run->board.loadable) cJSON_AddItemToObject(json, "weights", run_weights_json(run));
    if (run->swap.image) cJSON_AddItemToObject(json, "swap", run_swap_json(run));
    cJSON_AddItemToObject(json, "recheck", run_recheck_json(run));
    const char *path = cli_path(run->cli, "run.json");
    json_write(path, json);
    if (run->scores_read > 0)
        histogram_write(&run->scores, cli_path(run->cli, "run_scores.csv"), run->scores_read);
    cJSON_Delete(json);
    run_show(run, "done", true);
    cli_print_json(run->cli, path);
    if (reason[0]) return cli_verdict("%s: %s", run->cli->folder, reason);
    info("%.0f events played (%ld of them different), 0 lost, 0 doubled, 0 different; %ld read "
         "back, 0 different",
         run->counted[COUNTER_EVENTS], run->events.distinct, run->faults.streamed);
    if (run->recheck.records > 0)
        info("%ld records recomputed by the core, 0 different; %u of its cycles each",
             run->recheck.records, run->recheck.counts[COUNT_CYCLES]);
    return 0;
}
