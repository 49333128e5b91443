/* sluice run, in parts: the board (run_board.c), its weights
 * (run_image.c, run_swap.c), its events (run_events.c), what it decides
 * (run_decide.c), playing (run_play.c), watching (run_watch.c,
 * run_capture.c), what is left of it (run_result.c).
 */
#ifndef SLUICE_CLI_RUN_H
#define SLUICE_CLI_RUN_H

#include "cli/board_request.h"
#include "cli/cli.h"
#include "compiler/program/program.h"
#include "host/board.h"
#include "sim/board.h"
#include "sim/histogram.h"

/* Different events, with the answers that the interpreter gives. */
struct run_events {
    long distinct, total;   /* total: to be played in all */
    const int64_t *inputs;  /* [distinct][input_count] */
    const int64_t *outputs; /* [distinct][output_count] */
    const uint8_t *packed_inputs, *packed_outputs;
    int input_bytes, output_bytes;
};

/* What the board is told to decide, and what it must have counted then. */
struct run_decide {
    int classes;
    bool is_number; /* the answer is the number of the class that passes */
    int64_t thresholds[THRESHOLDS_MAX];
    uint32_t prescales[THRESHOLDS_MAX], mask;
    uint32_t passed[THRESHOLDS_MAX]; /* since the last kept one */
    double passes[THRESHOLDS_MAX], accepts;
};

/* What loadable memories hold: words of 32 bits for the load port, address 0 on, those of wider
 * words in parts, the lowest first. */
struct run_weights {
    const char *image; /* its file; NULL: as compiled */
    const uint32_t *words;
    long count; /* 0: nothing can be loaded */
    uint32_t crc;
};

/* Weights that are swapped in while events go on, and what was seen of it. */
struct run_swap {
    const char *image;       /* NULL: no swap is asked for */
    struct program *program; /* with the new contents */
    struct run_weights weights;
    double after_s;                        /* since events go on */
    const int64_t *outputs;                /* of the stored events, with the new weights */
    const uint8_t *packed_outputs;         /* the same */
    int times, done;                       /* swaps: to the new weights, to the old ones, ... */
    long stored, differing;                /* stored events; of them answered differently */
    int records, old_records, new_records; /* of the spy; with an answer of the one alone */
    long change;       /* the first event with a new answer alone, modulo 2^16; -1: none */
    double event;      /* the same, not modulo */
    double mismatches; /* with the old weights' answers, from swaps to the ends of their playings */
    int bank_before, bank_after;
    char wrong[300]; /* "" if nothing is */
};

/* The rate by the board's own time, from the first look at it on. */
struct run_clock {
    bool begun;
    uint32_t last;        /* TIME, modulo 2^32 */
    double cycles, first; /* since the first look; events counted then */
};

struct run_faults {
    double lost, doubled, late, different; /* on the chip */
    long streamed, streamed_different;     /* on the host */
    double decided_wrong;                  /* passes and accepts that are not what they should be */
    bool error;                            /* the network refused an event */
    bool restarted;                        /* the watchdog reset the core */
    bool lost_mark;                        /* the board is not the one that it was */
    char first[300];                       /* the first difference, "" if none */
};

/* Of a board with the software fall-back. */
struct run_recheck {
    long records, different, skipped; /* that the core recomputed at this run's request */
    uint32_t counts[COUNTS_ALL];      /* of the board, at the latest look */
    char first[120];                  /* the first difference, "" if none */
};

struct run {
    struct cli *cli;
    struct program *program;
    bool simulated;
    struct sim_board sim;
    struct host_board board;
    uint32_t monitor[COUNTS_ALL]; /* at the start */
    uint32_t mark;                /* written into it then */
    struct run_weights weights;   /* that the board holds */
    int bank;                     /* where it has them */
    struct run_swap swap;
    struct run_events events;
    struct run_decide decide;
    struct host_play play; /* gap, burst, pause */
    struct host_counters last;
    double counted[COUNTERS_MAX]; /* since the start of the run */
    double played;                /* events that should have been */
    double events_per_s;          /* of the board's time, while it played */
    struct histogram scores;      /* of answers that were read back */
    long scores_read;
    struct run_faults faults;
    struct run_clock clock;
    struct run_recheck recheck;
    bool spy_printed;
    long captures, told; /* of the spy while watching; heard of without asking */
    double start_s;      /* of clock_seconds() */
};

/* Starts or opens the board and checks that it is this network's. */
void run_open_board(struct run *run);
void run_close_board(struct run *run);

/* Of a program's contents. */
struct run_weights run_weights(struct cli *cli, const struct program *program, const char *image);
/* --image: its weights into the program and the board, in use from then on. */
void run_load_image(struct run *run);
/* --swap: reads the image; ends with a line if it is none for this network. */
void run_read_swap(struct run *run);
/* Swaps it in while the first `stored` events are played without end, and plays on with the new
 * weights' answers. */
void run_swap(struct run *run, long stored);
cJSON *run_swap_json(const struct run *run);
cJSON *run_weights_json(const struct run *run);

/* Reads and counts what is to be played, before there is a board; then what the interpreter makes
 * of it, with the weights that are in use. */
void run_read_events(struct run *run);
void run_compute_events(struct run *run);
/* Integers of a packed answer; of a packed event. */
void run_unpack(const struct program *program, const uint8_t *packed, int64_t *outputs);
void run_unpack_inputs(const struct program *program, const uint8_t *packed, int64_t *inputs);

/* Reads --threshold and --prescale and has the board apply them. */
void run_set_decisions(struct run *run);
/* One more playing of event number e. */
void run_expect_decision(struct run *run, long e);
/* After playing: what was counted against what was expected. */
void run_check_decisions(struct run *run);

/* --gap, --burst, --pause. */
void run_choose_rhythm(struct run *run);
/* Plays all events, in as many loads as they need, with the first --stream of them read back. */
void run_play_all(struct run *run);
/* Takes the counters: their growth goes into run->counted. */
void run_count(struct run *run);
/* Plays the first load without end and shows what goes on. */
void run_watch(struct run *run);
/* While it plays: counters and rate. Ends the playing. */
void run_look(struct run *run);
void run_stop(struct run *run);
/* Captures of the spy, one after the other, into DIR/spy.csv. */
void run_capture(struct run *run, long stored, double start_s);
/* SPY_ON_... of a word of --spy, 0: on demand; a word that is none ends with a line. */
uint32_t run_spy_trigger(const char *word);
/* Arms the spy on what --spy says; prints its records, once, if it has frozen. */
void run_arm_spy(struct run *run);
void run_print_spy(struct run *run);

/* On a board whose fall-back is an image for the core's SPRAM: loads and starts it, if the core is
 * to recompute records. */
void run_start_fallback(struct run *run);
/* Whether the core is to recompute records. */
bool run_rechecks(const struct run *run);
/* Before playing: ends with a line if the board cannot do what was asked; arms the spy. */
void run_prepare_recheck(struct run *run);
/* One record of the frozen spy; the latest of them, after playing. */
void run_recheck_record(struct run *run, uint32_t back, bool *is_there);
void run_recheck(struct run *run);
/* Keeps what the board counted. */
void run_take_core_counts(struct run *run, const uint32_t counts[COUNTS_ALL]);
cJSON *run_recheck_json(const struct run *run);

/* A line, or on a terminal the page, of how the run goes. */
void run_show(struct run *run, const char *what, bool is_last);
/* DIR/run.json, and the verdict: 0 when nothing was lost, doubled or different. */
int run_finish(struct run *run);
const char *run_class_name(const struct run *run, int class);

#endif
