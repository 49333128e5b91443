/* Larger firmware in a memory that no bitstream fills (MEMORY_SPRAM of an iCE40 UP5K): a host
 * writes its image there and has it started (docs/reference/monitor.md, request 11). Two firmwares
 * are compiled with SLUICE_LOADER: that of the block memory, which boots, has its data at the end
 * of the SPRAM and leaves the rest to the image; and the image, with SLUICE_FALLBACK. Any reset is
 * back in the one that boots. Elsewhere everything here is empty and costs nothing. */
#ifndef SLUICE_RUNTIME_LOADER_H
#define SLUICE_RUNTIME_LOADER_H

#include "monitor.h"

enum {
    LOADER_SPRAM_BYTES = 64 << 10,
    LOADER_BOOT_DATA_BYTES = 1 << 10,                                /* runtime/link.ld */
    LOADER_IMAGE_BYTES = LOADER_SPRAM_BYTES - LOADER_BOOT_DATA_BYTES /* with data and stack */
};

#ifdef SLUICE_LOADER

enum { LOADER_STATE = STATE_LOADER };
/* Answers MONITOR_START, as monitor_answer_other() does. */
uint8_t loader_answer(struct frame *frame);
/* When the answer has been sent: goes to what was to be started, and does not return then. */
void loader_poll(void);
/* Whether the monitor may reach so much of the SPRAM. */
bool loader_may_touch(uint32_t address, uint32_t end, bool write);

#else

enum { LOADER_STATE = 0 };
static inline uint8_t loader_answer(struct frame *frame)
{
    (void)frame;
    return MONITOR_UNKNOWN;
}
static inline void loader_poll(void) {}
static inline bool loader_may_touch(uint32_t address, uint32_t end, bool write)
{
    (void)address, (void)end, (void)write;
    return false;
}

#endif

#endif
