/* See loader.h. */
#include "loader.h"

#include "information.h"
#include "recheck.h"
#include "registers.h"

extern const volatile struct information information; /* start.S */

enum { IMAGE_WORDS_LEAST = INFORMATION_WORD + INFORMATION_WORDS + 2 };
#ifdef SLUICE_FALLBACK
enum { IS_IMAGE = 1 };
extern uint8_t firmware_end[]; /* link.ld */
#define FREE ((uint32_t)(uintptr_t)firmware_end)
#else
enum { IS_IMAGE = 0 };
#define FREE MEMORY_SPRAM
#endif

static bool leaves; /* for the other firmware */

bool loader_may_touch(uint32_t address, uint32_t end, bool write)
{
    return address >= (write ? FREE : MEMORY_SPRAM) && end <= MEMORY_SPRAM + LOADER_IMAGE_BYTES;
}

uint8_t loader_answer(struct frame *frame)
{
    const uint8_t *image = (const uint8_t *)(uintptr_t)MEMORY_SPRAM;
    uint32_t words = frame_word(frame, 0), crc = frame_word(frame, 1);
    if (frame->length != 8) return MONITOR_LENGTH;
    frame->length = 0;
    leaves = IS_IMAGE;
    if (words == 0) return 0;
    leaves = false;
    if (words < IMAGE_WORDS_LEAST || words > LOADER_IMAGE_BYTES / 4 ||
        frame_crc(0, image, 4 * words) != crc)
        return MONITOR_INCOMPLETE;
    if (REGISTER_AT(MEMORY_SPRAM + 4 * INFORMATION_WORD) != information.network)
        return MONITOR_OTHER;
    leaves = !IS_IMAGE;
    return 0;
}

/* The other firmware's start sets stack, trap handler and data of its own. */
void loader_poll(void)
{
    if (!leaves) return;
    __asm__ volatile("csrci mstatus, 8\n\tjr %0" : : "r"(IS_IMAGE ? 0 : MEMORY_SPRAM));
    __builtin_unreachable();
}

#ifndef SLUICE_FALLBACK

RECHECK_KEPT;

/* An image that is started later does not know words that were loaded before. */
void recheck_load(uint32_t place, uint32_t word)
{
    (void)place, (void)word;
    was_loaded = RECHECK_LOADED;
}

void recheck_wrote(uint32_t address, uint32_t word)
{
    if (address == ADDRESS_LOAD_DATA) recheck_load(0, word);
}

#endif
