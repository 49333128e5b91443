/* The monitor: what the core answers to a frame. docs/reference/monitor.md is its page. */
#ifndef SLUICE_RUNTIME_MONITOR_H
#define SLUICE_RUNTIME_MONITOR_H

#include "frame.h"

enum {
    MONITOR_VERSION = 2,
    /* requests; an answer's type is the request's with bit 7 set */
    MONITOR_ID = 1,    /* no payload; answer: words VERSION, NETWORK, kHz of the network's clock and
                          of the core's, then a name */
    MONITOR_READ = 2,  /* word ADDRESS, byte COUNT, 1 to 60; answer: the words */
    MONITOR_WRITE = 3, /* word ADDRESS, words; answer: no payload */
    MONITOR_COUNTS = 4,    /* no payload; answer: words, enum monitor_count */
    MONITOR_LOAD = 5,      /* word PLACE, words for the load port; answer: no payload */
    MONITOR_SWAP = 6,      /* words COUNT and CRC of all words loaded; answer: no payload */
    MONITOR_SPY = 7,       /* byte, 1: tell when the spy freezes, 0: do not; answer: no payload */
    MONITOR_EVALUATE = 8,  /* fall-back: word PLACE, words of an event from that one on; answer: no
                              payload while words are missing, then cycles of the core and the words
                              of the answer that the core computed */
    MONITOR_RECHECK = 9,   /* fall-back: word BACK, the record of a frozen spy so many before the
                              latest; answer: words, enum recheck_word */
    MONITOR_LIVE = 10,     /* fall-back: byte, 1: recheck records of the spy, which nobody else uses
                              now, whenever there is time; 0: do not; answer: no payload */
    MONITOR_START = 11,    /* loader: words COUNT and CRC of the image in the SPRAM: start it, if it
                              does not run already; 0 and 0: back to the firmware that boots; answer:
                              no payload */
    MONITOR_FROZEN = 0x40, /* no answer: the spy has frozen; words SPY_STATE and STATUS */
    MONITOR_ANSWER = 0x80,
    MONITOR_ERROR = 0xff,   /* answer to what cannot be done: one byte, one of the codes below */
    MONITOR_UNKNOWN = 1,    /* no such request */
    MONITOR_LENGTH = 2,     /* the payload has not the length it should have */
    MONITOR_ADDRESS = 3,    /* no multiple of 4, or outside what may be touched */
    MONITOR_DAMAGED = 4,    /* the frame's CRC is wrong, or it broke off: sequence is not to be
                               trusted */
    MONITOR_INCOMPLETE = 5, /* load: not the next place; swap, start: number of words or CRC is not
                               right */
    MONITOR_NO_RECORD = 6,  /* recheck: the spy is not frozen, or has no such record */
    MONITOR_STALE = 7, /* recheck, evaluate: the core does not know the weights in use; recheck:
                          they were swapped since the spy was armed */
    MONITOR_RANGE = 8, /* evaluate: an input lies outside of its range */
    MONITOR_OTHER = 9, /* start: the image is of another network */
    MONITOR_ERRORS
};

/* Words of the answer to MONITOR_COUNTS. */
enum monitor_count {
    COUNT_DROPPED,  /* bytes received that belonged to no frame and no text */
    COUNT_DAMAGED,  /* frames received with a wrong CRC, or broken off */
    COUNT_OVERRUNS, /* times that bytes were lost because nobody took them */
    COUNT_FRAMING,  /* times that bytes had no stop bit */
    COUNT_REPEATED, /* requests that came again and were not carried out again */
    COUNT_STATE,    /* bits, STATE_... */
    COUNT_CHECKED,  /* events of the self-check */
    COUNT_WRONG,    /* of them answered wrongly, late or not at all */
    COUNTS,
    /* with the fall-back, behind the others */
    COUNT_RECHECKED = COUNTS, /* records that the core recomputed */
    COUNT_DIFFERENT,          /* of them answered differently by the fabric */
    COUNT_SKIPPED,            /* not recomputed: an input outside of its range */
    COUNT_CYCLES,             /* of the core, that the latest took */
    COUNT_FIRST,              /* the first different one: enum recheck_word but for the first two */
    COUNTS_ALL = COUNT_FIRST + 4
};
/* Words of the answer to MONITOR_RECHECK. */
enum recheck_word {
    RECHECK_OUTCOME, /* enum recheck_outcome */
    RECHECK_CYCLES,
    RECHECK_EVENT,  /* its number since play began, modulo 2^16 */
    RECHECK_WORD,   /* the first word of the answer that differs, 0xffffffff: none */
    RECHECK_CORE,   /* as the core computed it */
    RECHECK_FABRIC, /* as the spy recorded it */
    RECHECK_WORDS
};
enum recheck_outcome { RECHECK_EQUAL, RECHECK_DIFFERENT, RECHECK_SKIPPED };
enum {
    STATE_IMAGE = 1,     /* the CRC of the firmware's image was right at the start */
    STATE_CHECKED = 2,   /* the self-check was done */
    STATE_PASSED = 4,    /* and every answer was right */
    STATE_WATCHDOG = 8,  /* the last reset was the watchdog's */
    STATE_FALLBACK = 16, /* the software fall-back is there */
    STATE_STALE = 32,    /* it does not know the weights in use */
    STATE_LIVE = 64,     /* its live mode is on */
    STATE_LOADER = 128   /* a host can have firmware in the SPRAM started */
};

/* What the monitor works on; all zero to begin with but for the first line. */
struct monitor {
    uint32_t network, network_khz, core_khz;
    const char *name;
    uint32_t counts[COUNTS]; /* dropped and damaged are taken from the reader */
    bool tells_spy;
    struct frame_reader reader;

    /* The last request that changed something, and its answer. */
    bool has_last;
    uint8_t last_sequence, last_error;
    uint32_t last_crc;
    uint32_t loaded, loaded_crc; /* words of the image so far, and their CRC */
};

/* Given by whoever links the monitor: the words it may reach ... */
bool monitor_may_touch(uint32_t address, unsigned words, bool write);
uint32_t monitor_read_word(uint32_t address);
void monitor_write_word(uint32_t address, uint32_t word);
/* ... and the load port: it takes the place-th word of an image; the image is whole, swap. */
void monitor_load_word(uint32_t place, uint32_t word);
bool monitor_swap(void);

/* ... and requests that the monitor does not know: 0, an answer in the frame; or an error. */
uint8_t monitor_answer_other(struct frame *frame);
/* ... and words behind those of its counts. */
void monitor_add_counts(struct frame *frame);

/* Makes of a request its answer, but for mark and CRC. */
void monitor_answer(struct monitor *monitor, struct frame *frame);
/* Makes an error of it. */
void monitor_refuse(struct frame *frame, uint8_t code);

#endif
