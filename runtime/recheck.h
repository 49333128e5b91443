/* The software fall-back: the network's own C, printed from the lowered program and compiled into
 * the firmware (boards/flow/fallback.c), recomputes what the fabric answered. In a firmware
 * without it, as small boards have, everything here is empty and costs nothing. */
#ifndef SLUICE_RUNTIME_RECHECK_H
#define SLUICE_RUNTIME_RECHECK_H

#include "monitor.h"

/* A word that outlives a reset, RECHECK_LOADED: words went to the load port, which firmware that
 * starts later does not know. */
enum { RECHECK_LOADED = 0x10aded };
#define RECHECK_KEPT static volatile uint32_t was_loaded __attribute__((section(".kept")))

#ifdef SLUICE_FALLBACK

/* After the start. The live mode is on; the spy is its own unless somebody's has outlived a reset.
 */
void recheck_start(void);
/* When nothing else is to be done: in the live mode takes the latest record out of the spy,
 * recomputes and compares it. */
void recheck_poll(void);
/* Somebody else uses the spy; done with it again. */
void recheck_leave_spy(void);
void recheck_take_spy(void);
/* Requests 8 to 10, as monitor_answer_other() does, and words behind those of the counts. */
uint8_t recheck_answer(struct frame *frame);
void recheck_add_counts(struct frame *frame);
/* Called for what goes to the fabric: a word written to a register, a word for the load port, the
 * swap. */
void recheck_wrote(uint32_t address, uint32_t word);
void recheck_load(uint32_t place, uint32_t word);
void recheck_swap(void);
/* Carries out a shell's command, false: it is none of these. What `help` says of them. */
bool recheck_command(const char *text);
#define RECHECK_HELP "recheck [N]\r\nlive [0|1]\r\n"

/* Whether some answer of the fabric was not the core's. */
bool recheck_differs(void);

#else

static inline void recheck_start(void) {}
static inline void recheck_poll(void) {}
static inline void recheck_leave_spy(void) {}
static inline void recheck_take_spy(void) {}
static inline uint8_t recheck_answer(struct frame *frame)
{
    (void)frame;
    return MONITOR_UNKNOWN;
}
static inline void recheck_add_counts(struct frame *frame)
{
    (void)frame;
}
#ifdef SLUICE_LOADER /* loader.c leaves a mark */
void recheck_wrote(uint32_t address, uint32_t word);
void recheck_load(uint32_t place, uint32_t word);
#else
static inline void recheck_wrote(uint32_t address, uint32_t word)
{
    (void)address, (void)word;
}
static inline void recheck_load(uint32_t place, uint32_t word)
{
    (void)place, (void)word;
}
#endif
static inline void recheck_swap(void) {}
static inline bool recheck_command(const char *text)
{
    (void)text;
    return false;
}
#define RECHECK_HELP ""
static inline bool recheck_differs(void)
{
    return false;
}

#endif

#endif
