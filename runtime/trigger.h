/* The driver of what stands around the network: playback, counters, spy, and the verdict on the
 * LEDs. */
#ifndef SLUICE_RUNTIME_TRIGGER_H
#define SLUICE_RUNTIME_TRIGGER_H

#include "registers.h"

#include <stdbool.h>

/* What the watchdog is given, of 2^16 cycles each: 0.4 s at 40 MHz. */
enum { WATCHDOG_TICKS = 255 };

static inline bool trigger_is_there(void)
{
    return REGISTER_GEOMETRY != 0;
}

/* Plays stored events, so many in all, 0: without end; `gap` cycles apart, 0: at the network's
 * interval. */
void trigger_play(uint32_t events, uint32_t gap);
/* Every class may accept, each event that passes in it. */
void trigger_let_pass(void);
/* Plays each stored event once and compares. Sets the counts of the monitor. */
void trigger_check(void);
/* LED 0: the image and the check are right, LED 1: they are not, LED 2 blinks. Called by the
 * timer's interrupt. */
void trigger_blink(void);

#endif
