/* sluice run: events into the board's memories, played, compared on the chip, some of them read
 * back. */
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/run.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { STREAM_DEFAULT = 200, CROSSING_MHZ = 40 };
static const double show_s = 0.5; /* between two looks at the counters */

/* One load of the memories: events first to first + count - 1. */
struct load {
    long first, count;
};

void run_count(struct run *run)
{
    struct host_counters now;
    host_counters(&run->board, &now);
    host_add_difference(&run->last, &now, run->counted);
    run->last = now;
}

void run_choose_rhythm(struct run *run)
{
    const struct flags *flags = &run->cli->flags;
    const struct host_board *board = &run->board;
    int crossing = (int)(board->network_mhz / CROSSING_MHZ + 1e-9);
    int least = board->interval_cycles > 1 ? board->interval_cycles : 1;
    run->play.gap_cycles = crossing > least ? crossing : least;
    if (flags->gap >= 0) {
        if (flags->gap < least)
            fail("--gap %d: the network takes an event every %d cycles", flags->gap, least);
        run->play.gap_cycles = flags->gap;
    }
    if (flags->burst >= 0) run->play.burst = flags->burst;
    if (flags->pause >= 0) run->play.pause_cycles = flags->pause;
}

static void wait_play(struct run *run)
{
    uint32_t status;
    double shown = clock_seconds();
    while (host_is_playing(&run->board, &status)) {
        nanosleep(&(struct timespec){0, 1000000}, NULL);
        if (run->board.link.frozen) run_print_spy(run);
        if (clock_seconds() - shown < show_s) continue;
        run_count(run);
        run_show(run, "playing", false);
        shown = clock_seconds();
    }
    if (status & STATUS_ERROR) run->faults.error = true;
}

/* What the rhythm comes to. */
static double event_rate(const struct run *run)
{
    const struct host_play *play = &run->play;
    double cycles = play->gap_cycles;
    if (play->burst > 0) cycles += (double)play->pause_cycles / play->burst;
    return run->board.network_mhz * 1e6 / cycles;
}

/* Plays the load's first `stored` events, `events` times one in all, and judges what was counted.
 */
static void play(struct run *run, const struct load *load, long stored, long events, bool record)
{
    run->play.stored = stored;
    run->play.record = record;
    run_count(run);
    double answers = run->counted[COUNTER_ANSWERS], given = run->counted[COUNTER_EVENTS],
           late = run->counted[COUNTER_LATE], different = run->counted[COUNTER_MISMATCHES];
    for (long left = events; left > 0; left -= run->play.events) {
        run->play.events = left < HOST_PLAY_MOST ? left : HOST_PLAY_MOST;
        for (long i = 0; i < run->play.events; i++)
            run_expect_decision(run, load->first + i % stored);
        host_play(&run->board, &run->play);
        wait_play(run);
    }
    run_count(run);
    run->played += (double)events;
    run->events_per_s = event_rate(run);
    double missing = (double)events - (run->counted[COUNTER_ANSWERS] - answers),
           not_given = (double)events - (run->counted[COUNTER_EVENTS] - given);
    run->faults.lost += fmax(0, fmax(missing, not_given));
    run->faults.doubled += fmax(0, -fmin(missing, not_given));
    run->faults.late += run->counted[COUNTER_LATE] - late;
    run->faults.different += run->counted[COUNTER_MISMATCHES] - different;
}

/* What the board's own core makes of event e, in words. */
static const char *ask_core(struct run *run, long e)
{
    struct run_events *events = &run->events;
    uint8_t *packed = arena_alloc(&run->cli->arena, (size_t)events->output_bytes, 1);
    if (!run_rechecks(run) ||
        !host_evaluate(&run->board, events->packed_inputs + e * events->input_bytes, packed))
        return "";
    bool agrees = memcmp(packed, events->packed_outputs + e * events->output_bytes,
                         (size_t)events->output_bytes) == 0;
    return agrees ? ", which the board's core computes too"
                  : "; the board's core disagrees as well";
}

/* Says where the first answer that differs does so. */
static void note_difference(struct run *run, long e, const uint8_t *packed)
{
    const struct program *program = run->program;
    const int64_t *expected = run->events.outputs + e * program->output_count;
    int64_t *got = arena_alloc(&run->cli->arena, (size_t)program->output_count, sizeof *got);
    if (run->faults.first[0]) return;
    run_unpack(program, packed, got);
    const char *core = ask_core(run, e);
    for (int k = 0; k < program->output_count; k++)
        if (got[k] != expected[k]) {
            snprintf(run->faults.first, sizeof run->faults.first,
                     "event %ld: %s is %lld, not %lld%s", e, program->outputs[k].name,
                     (long long)got[k], (long long)expected[k], core);
            return;
        }
    snprintf(run->faults.first, sizeof run->faults.first, "event %ld: padding bits are not 0", e);
}

/* Plays `count` events of the load once, reads their answers back and compares them here. Returns
 * how many differ. */
static long stream(struct run *run, const struct load *load, long count)
{
    struct run_events *events = &run->events;
    size_t bytes = (size_t)events->output_bytes;
    uint8_t *answers = arena_alloc(&run->cli->arena, (size_t)count * bytes, 1);
    const uint8_t *golden = events->packed_outputs + (size_t)load->first * bytes;
    int outputs = run->program->output_count;
    int64_t *integers = arena_alloc(&run->cli->arena, (size_t)outputs, sizeof *integers);
    long different = 0;
    play(run, load, count, count, true);
    host_read_answers(&run->board, answers, count);
    for (long i = 0; i < count; i++) {
        const uint8_t *answer = answers + (size_t)i * bytes;
        bool differs = memcmp(answer, golden + (size_t)i * bytes, bytes) != 0;
        different += differs;
        if (differs) {
            note_difference(run, load->first + i, answer);
            continue;
        }
        run_unpack(run->program, answer, integers);
        histogram_add(&run->scores, integers, 1);
        run->scores_read++;
    }
    return different;
}

static void play_load(struct run *run, const struct load *load, long events)
{
    struct run_events *all = &run->events;
    struct run_faults *faults = &run->faults;
    long wanted = run->cli->flags.stream >= 0 ? run->cli->flags.stream : STREAM_DEFAULT;
    long streamed = wanted - faults->streamed;
    const uint8_t *inputs = all->packed_inputs + load->first * all->input_bytes,
                  *outputs = all->packed_outputs + load->first * all->output_bytes;
    if (streamed > load->count) streamed = load->count;
    if (streamed > events) streamed = events;
    if (streamed > 0) {
        host_store_events(&run->board, inputs, NULL, load->count);
        faults->streamed_different += stream(run, load, streamed);
        faults->streamed += streamed;
        events -= streamed;
        if (events == 0) return;
        host_store_events(&run->board, NULL, outputs, load->count);
    } else {
        host_store_events(&run->board, inputs, outputs, load->count);
    }
    double different = faults->different;
    play(run, load, load->count, events, false);
    if (faults->different > different && !faults->first[0]) {
        stream(run, load, load->count);
        if (!faults->first[0])
            snprintf(faults->first, sizeof faults->first,
                     "events %ld to %ld: %.0f compared wrongly, and right when read back",
                     load->first, load->first + load->count - 1, faults->different - different);
    }
}

void run_play_all(struct run *run)
{
    const struct run_events *events = &run->events;
    long left = events->total, most = run->board.events;
    host_counters(&run->board, &run->last);
    for (long first = 0; first < events->distinct; first += most) {
        struct load load = {first, events->distinct - first};
        if (load.count > most) load.count = most;
        /* What is left goes to the loads that are left by their events. */
        double part = (double)load.count / (double)(events->distinct - first);
        long here = lround(part * (double)left);
        if (here > 0) play_load(run, &load, here);
        left -= here;
        run_show(run, "played", false);
    }
    run_check_decisions(run);
}
