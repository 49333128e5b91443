/* The monitor: what the core answers to a frame. docs/reference/monitor.md is its page. */
#ifndef SLUICE_RUNTIME_MONITOR_H
#define SLUICE_RUNTIME_MONITOR_H

#include "frame.h"

enum {
    MONITOR_VERSION = 1,
    /* requests; an answer's type is the request's with bit 7 set */
    MONITOR_ID = 1,     /* no payload; answer: version, then a name */
    MONITOR_READ = 2,   /* address, 4 bytes; words to read, 1 byte, 1 to 16; answer: the words */
    MONITOR_WRITE = 3,  /* address, 4 bytes; words; answer: no payload */
    MONITOR_COUNTS = 4, /* no payload; answer: bytes that belonged to no frame, overruns, framing
                           errors, 4 bytes each */
    MONITOR_ANSWER = 0x80,
    MONITOR_ERROR = 0xff, /* answer to what cannot be done: one of the codes below */
    MONITOR_UNKNOWN = 1,  /* no such request */
    MONITOR_LENGTH = 2,   /* the payload has not the length it should have */
    MONITOR_ADDRESS = 3   /* no multiple of 4, or outside what may be touched */
};

/* What the monitor works on: given by the core's main, or by a test. */
struct monitor {
    const char *name;
    uint32_t (*read)(uint32_t address);
    void (*write)(uint32_t address, uint32_t word);
    bool (*allowed)(uint32_t address, bool write);
    uint32_t overruns, framing_errors;
    struct frame_reader reader;
};

/* Fills *answer. */
void monitor_answer(struct monitor *monitor, const struct frame *request, struct frame *answer);

#endif
