/* See trigger.h. */
#include "trigger.h"

#include "line.h"
#include "recheck.h"

/* Cycles that playing all events takes at most, and that the counters lag behind. */
enum { CHECK_CYCLES = 1 << 22, LAG_CYCLES = 512, LED_PASS = 1, LED_FAIL = 2, LED_BLINK = 4 };

void trigger_play(uint32_t events, uint32_t gap)
{
    REGISTER_PLAY_EVENTS = events;
    REGISTER_PLAY_GAP = gap;
    REGISTER_PLAY_BURST = 0;
    REGISTER_PLAY_PAUSE = 0;
    REGISTER_CONTROL = CONTROL_PLAY;
}

void trigger_let_pass(void)
{
    REGISTER_ACCEPT_MASK = 0xffff;
    for (unsigned k = 0; k < PRESCALES_MAX; k++)
        REGISTER_PRESCALE(k) = 1;
    REGISTER_CONTROL = CONTROL_APPLY;
}

/* Sets the counts of the check to what the counters are more than they were. */
static void take_counts(uint32_t events)
{
    uint32_t *counts = monitor.counts;
    for (uint32_t start = REGISTER_TIME; REGISTER_TIME - start < LAG_CYCLES;) {
    }
    counts[COUNT_WRONG] = REGISTER_COUNTER(COUNTER_MISMATCHES) + REGISTER_COUNTER(COUNTER_LATE) +
                          (events - REGISTER_COUNTER(COUNTER_ANSWERS)) - counts[COUNT_WRONG];
}

void trigger_check(void)
{
    uint32_t events = REGISTER_MEMORIES & 0xffff, *counts = monitor.counts;
    counts[COUNT_WRONG] = 0;
    take_counts(0);
    REGISTER_MODE = 0;
    REGISTER_PLAY_LAST = events - 1;
    trigger_play(events, 0);
    for (uint32_t start = REGISTER_TIME;
         REGISTER_STATUS & STATUS_PLAYING && REGISTER_TIME - start < CHECK_CYCLES;) {
    }
    take_counts(events);
    counts[COUNT_CHECKED] = events;
    counts[COUNT_STATE] = (counts[COUNT_STATE] & ~(uint32_t)STATE_PASSED) | STATE_CHECKED |
                          (counts[COUNT_WRONG] ? 0 : STATE_PASSED);
}

void trigger_blink(void)
{
    uint32_t state = monitor.counts[COUNT_STATE], leds = ~REGISTER_LEDS & LED_BLINK;
    bool fails = !(state & STATE_IMAGE) || recheck_differs() ||
                 (state & (STATE_CHECKED | STATE_PASSED)) == STATE_CHECKED;
    if (fails) leds |= LED_FAIL;
    if (!fails && state & STATE_PASSED) leds |= LED_PASS;
    REGISTER_LEDS = leds;
}
