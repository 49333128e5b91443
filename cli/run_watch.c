/* sluice run: playing without end, under somebody's eyes; the spy, printed once. */
#include "base/error.h"
#include "base/interrupt.h"
#include "base/progress.h"
#include "cli/run.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { SAMPLES = 4, SPY_RECORDS = 8 };

uint32_t run_spy_trigger(const char *word)
{
    static const struct {
        const char *name;
        uint32_t trigger;
    } rows[] = {{"accept", SPY_ON_ACCEPT},
                {"mismatch", SPY_ON_MISMATCH},
                {"late", SPY_ON_LATE},
                {"now", 0}};
    for (size_t i = 0; word && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(word, rows[i].name) == 0) return rows[i].trigger;
    if (word) fail("--spy %s: it is accept, mismatch, late or now", word);
    return 0;
}

void run_arm_spy(struct run *run)
{
    if (!run->cli->flags.spy || run->cli->flags.watch) return;
    host_hear_of_spy(&run->board);
    host_arm_spy(&run->board, run_spy_trigger(run->cli->flags.spy), SPY_RECORDS / 2);
}

void run_print_spy(struct run *run)
{
    struct arena arena = {0};
    struct host_record records[SPY_RECORDS];
    uint32_t status;
    if (!run->cli->flags.spy || run->cli->flags.watch || run->spy_printed) return;
    if (run_spy_trigger(run->cli->flags.spy) == 0)
        host_write_word(&run->board, ADDRESS_CONTROL, CONTROL_FREEZE);
    host_is_playing(&run->board, &status);
    if (!(status & STATUS_FROZEN)) {
        info("the spy has not frozen: %s never came", run->cli->flags.spy);
        return;
    }
    run->spy_printed = true;
    int count = host_read_spy(&run->board, &arena, SPY_RECORDS, records),
        outputs = run->program->output_count;
    int64_t *integers = arena_alloc(&arena, (size_t)outputs, sizeof *integers);
    double *scores = arena_alloc(&arena, (size_t)outputs, sizeof *scores);
    for (int i = 0; i < count; i++) {
        run_unpack(run->program, records[i].answer, integers);
        program_scale_outputs(run->program, integers, 1, scores);
        printf("spy: event %5u %s", records[i].event,
               records[i].accepted ? "accepted" : "refused ");
        for (int k = 0; k < outputs && k < THRESHOLDS_MAX; k++)
            printf(" %s%s=%g", run->program->outputs[k].name, records[i].passes >> k & 1 ? "*" : "",
                   scores[k]);
        putchar('\n');
    }
    arena_free(&arena);
}

/* Between two looks the spy is the core's, if it rechecks. */
static void free_spy(struct run *run)
{
    uint32_t counts[COUNTS_ALL];
    if (!run_rechecks(run)) {
        host_arm_spy(&run->board, 0, 0);
        return;
    }
    host_recheck_live(&run->board, true);
    host_monitor_counts(&run->board, counts);
    run_take_core_counts(run, counts);
}

/* Freezes the spy for a moment; its records are compared with the interpreter's answers. */
static void sample(struct run *run, long stored)
{
    struct arena arena = {0};
    struct host_record records[SAMPLES];
    int64_t *integers = arena_alloc(&arena, (size_t)run->program->output_count, sizeof *integers);
    host_write_word(&run->board, ADDRESS_CONTROL, CONTROL_FREEZE);
    int count = host_read_spy(&run->board, &arena, SAMPLES, records);
    for (int i = 0; i < count; i++) {
        const uint8_t *golden =
            run->events.packed_outputs + (records[i].event % stored) * run->events.output_bytes;
        bool differs = memcmp(records[i].answer, golden, (size_t)run->events.output_bytes) != 0;
        run->faults.streamed++;
        run->faults.streamed_different += differs;
        run_unpack(run->program, records[i].answer, integers);
        if (!differs) histogram_add(&run->scores, integers, 1);
        if (!differs) run->scores_read++;
        if (differs && !run->faults.first[0])
            snprintf(run->faults.first, sizeof run->faults.first,
                     "the spy's event %u has another answer than event %ld", records[i].event,
                     records[i].event % stored);
    }
    bool is_there;
    if (run_rechecks(run)) run_recheck_record(run, 0, &is_there);
    free_spy(run);
    arena_free(&arena);
}

static void measure_rate(struct run *run)
{
    struct run_clock *clock = &run->clock;
    uint32_t now = host_read_word(&run->board, ADDRESS_TIME);
    double events = run->counted[COUNTER_EVENTS];
    if (clock->begun) {
        clock->cycles += (uint32_t)(now - clock->last);
        run->events_per_s = (events - clock->first) * run->board.core_mhz * 1e6 / clock->cycles;
    } else {
        clock->first = events;
    }
    clock->begun = true;
    clock->last = now;
}

void run_look(struct run *run)
{
    run_count(run);
    measure_rate(run);
    run->played = run->counted[COUNTER_EVENTS];
    run_show(run, "watching", false);
}

void run_stop(struct run *run)
{
    uint32_t status;
    host_stop(&run->board);
    while (host_is_playing(&run->board, &status)) {
    }
    run->faults.error |= status & STATUS_ERROR;
    run_count(run);
    run->clock.begun = false;
}

/* Until it is interrupted or its time is over; a swap comes when it is due. */
static void look_on(struct run *run, long stored, double start_s)
{
    enum { LOOKS_LEAST = 3 }; /* a rate needs two */
    double seconds = run->cli->flags.seconds, refresh_s = 0.5;
    struct run_swap *swap = &run->swap;
    free_spy(run);
    for (int looks = 0;
         !interrupt_requested() && (looks < LOOKS_LEAST || !(clock_seconds() - start_s >= seconds));
         looks++) {
        nanosleep(&(struct timespec){0, (long)(refresh_s * 1e9)}, NULL);
        if (swap->image && !swap->done && clock_seconds() - start_s >= swap->after_s) {
            run_swap(run, stored);
            free_spy(run);
            looks = 0;
            continue;
        }
        sample(run, stored);
        run_look(run);
    }
}

void run_watch(struct run *run)
{
    long stored = 1; /* a power of two: the spy numbers events modulo 2^16 */
    while (2 * stored <= run->board.events && 2 * stored <= run->events.distinct)
        stored *= 2;
    host_store_events(&run->board, run->events.packed_inputs, run->events.packed_outputs, stored);
    run->events.distinct = stored;
    run->play.stored = stored;
    run->play.events = 0;
    run->play.record = false;
    host_counters(&run->board, &run->last);
    interrupt_defer(true);
    host_play(&run->board, &run->play);
    if (run->cli->flags.spy)
        run_capture(run, stored, clock_seconds());
    else
        look_on(run, stored, clock_seconds());
    run_stop(run);
    run->played = run->counted[COUNTER_EVENTS];
    double missing = run->counted[COUNTER_EVENTS] - run->counted[COUNTER_ANSWERS];
    run->faults.lost = fmax(0, missing);
    run->faults.doubled = fmax(0, -missing);
    run->faults.late = run->counted[COUNTER_LATE];
    run->faults.different = run->counted[COUNTER_MISMATCHES] - run->swap.mismatches;
}
