/* A board with a trigger system (docs/reference/trigger-system.md) at the other end of a line: what
 * it is, its memories and registers, playing, counting, spying, loading. Functions end the program
 * with one line when the board cannot do what is asked, or does not answer. */
#ifndef SLUICE_HOST_BOARD_H
#define SLUICE_HOST_BOARD_H

#include "base/arena.h"
#include "host/link.h"
#include "runtime/registers.h"

struct host_board {
    struct host_port port;
    struct host_link link;
    /* as the board tells */
    uint32_t network; /* identity */
    double network_mhz, core_mhz;
    char name[FRAME_PAYLOAD_MAX];
    int input_bits, output_bits, latency_cycles, interval_cycles;
    int events, records;                                      /* that its memories hold */
    int event_words, answer_words, record_words, spied_words; /* strides; spied 0: no inputs */
    int classes, threshold_bits, prescale_bits, counters;
    bool loadable;
    bool fallback;            /* the core can recompute answers */
    bool loader;              /* it starts firmware that is loaded into its SPRAM */
    uint32_t evaluate_cycles; /* of the core, that one takes as far as is known */
    int chunk_words;          /* of one frame now: less on a noisy line */
};

/* Opens the port, asks who is there and what it has. A simulated board may take minutes to begin;
 * another that says nothing at all is given up sooner. */
void host_open(struct host_board *board, const char *port, double baud, bool is_simulated);
void host_close(struct host_board *board);

void host_read(struct host_board *board, uint32_t address, uint32_t *words, long count);
void host_write(struct host_board *board, uint32_t address, const uint32_t *words, long count);
uint32_t host_read_word(struct host_board *board, uint32_t address);
void host_write_word(struct host_board *board, uint32_t address, uint32_t word);

/* Counters of the monitor, and of the trigger system (those that there are, else 0). */
void host_monitor_counts(struct host_board *board, uint32_t counts[COUNTS_ALL]);
struct host_counters {
    uint32_t number[COUNTERS_MAX];
};
void host_counters(struct host_board *board, struct host_counters *counters);
/* now - before, each modulo 2^32, added to sum. */
void host_add_difference(const struct host_counters *before, const struct host_counters *now,
                         double sum[COUNTERS_MAX]);

/* Stored events 0 to count - 1, as packed vectors of (bits + 7) / 8 bytes; either may be NULL. */
void host_store_events(struct host_board *board, const uint8_t *inputs, const uint8_t *outputs,
                       long count);
/* Their recorded answers. */
void host_read_answers(struct host_board *board, uint8_t *outputs, long count);

struct host_play {
    long stored;             /* events 0 to stored - 1 are played, then again */
    long events;             /* in all, 0: without end, at most HOST_PLAY_MOST */
    int gap_cycles;          /* from one event to the next */
    int burst, pause_cycles; /* events in a burst, 0: no bursts; cycles more between bursts */
    bool record;             /* answers into the memory, instead of comparing with it */
};
enum { HOST_PLAY_MOST = (1 << 24) - 1 };
void host_play(struct host_board *board, const struct host_play *play);
void host_stop(struct host_board *board);
bool host_is_playing(struct host_board *board, uint32_t *status);

/* Thresholds (raw integers), prescales and the mask of classes that may accept, all at once. NULL:
 * as they are. Returns when they hold. */
void host_decide(struct host_board *board, const int64_t *thresholds, const uint32_t *prescales,
                 const uint32_t *mask);

/* The spy: freezes on `trigger` (SPY_ON_...), `after` records later; its records. */
void host_arm_spy(struct host_board *board, uint32_t trigger, uint32_t after);
/* From now on the board tells when its spy freezes, in the midst of exchanges too: link.frozen is
 * set when that is heard, but for what a bad line loses. */
void host_hear_of_spy(struct host_board *board);
struct host_record {
    bool accepted;
    uint32_t passes;       /* a bit per class */
    uint32_t event;        /* number since play began, modulo 2^16 */
    const uint8_t *answer; /* packed */
    const uint8_t *input;  /* packed, NULL: inputs are not spied */
};
/* Records of a frozen spy, oldest first, at most `most`; returns how many. */
int host_read_spy(struct host_board *board, struct arena *arena, int most,
                  struct host_record *records);

/* The firmware `image` runs from the board's SPRAM then: it is loaded, unless it is there, and
 * started, unless it runs; the board checks number, CRC and the network that it is for. Returns
 * whether it was loaded. */
bool host_start_image(struct host_board *board, const uint32_t *image, long count);

/* ---- of a board with the software fall-back ---- */
/* The core computes an event by the network's own C: both packed. False: it does not know the
 * weights in use, or an input lies outside of its range. */
bool host_evaluate(struct host_board *board, const uint8_t *input, uint8_t *output);
/* The core recomputes the record `back` before the latest of a frozen spy. False: there is no such
 * record, or it does not know the weights that it was answered with. */
bool host_recheck(struct host_board *board, uint32_t back, uint32_t result[RECHECK_WORDS]);
/* The spy is the core's to recheck records of it whenever there is time; or it shall not. */
void host_recheck_live(struct host_board *board, bool on);

/* Words for the load port, address 0 on (a wider word's parts, the lowest first), into the bank
 * that is not in use; events may go on. */
void host_load(struct host_board *board, const uint32_t *words, long count);
/* Then the swap between two events, when the board has checked number and CRC of what was loaded.
 * Returns when it is done. */
void host_swap(struct host_board *board, const uint32_t *words, long count);
/* The CRC that the board checks. */
uint32_t host_load_crc(const uint32_t *words, long count);

#endif
