/* The trigger system (rtl/trigger_system.v) once more, in C, written from
 * docs/reference/trigger-system.md and the heads of the modules: event by event where the Verilog
 * goes cycle by cycle. Times are cycles since the start of the simulation. */
#ifndef SLUICE_TESTS_TRIGGER_MODEL_H
#define SLUICE_TESTS_TRIGGER_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CLASSES_MAX = 16,
    WORDS_MAX = 64,
    EVENTS_MAX = 4096,
    RECORDS_MAX = 1024,
    WAITING_MAX = 8192,
    LOAD_PARTS_MAX = 4
};

struct shape {
    int in_bits, out_bits, latency, interval, classes, score_bits, class_number, event_lanes,
        event_rows, answer_lanes, answer_rows, events, records, spy_inputs, load_address_bits,
        load_data_bits;
};

/* Registers as they were written. */
struct settings {
    uint32_t last, count, gap, burst, pause, record, trigger, after, mask, threshold[CLASSES_MAX],
        prescale[CLASSES_MAX];
};

/* What the model is told of a cycle. */
struct step {
    bool play, stop, apply, arm, freeze,
        swap;                     /* pulses inside, a fixed time after the access to CONTROL */
    bool load_address, load_data; /* likewise after a write of `word` to these */
    uint32_t word;
    bool load_ready;
    bool valid; /* the network answers */
    const uint32_t *answer;
};

struct record {
    uint32_t first, answer[WORDS_MAX], event[WORDS_MAX];
    bool missing; /* its answer's words mean nothing */
};

struct waiting {
    long time; /* when the answer is due, when its record is made */
    int event; /* stored one, -1 for an answer that was not due */
    uint32_t passes;
    bool due, there, accept, mismatch;
    uint32_t answer[WORDS_MAX];
};

struct queue {
    struct waiting items[WAITING_MAX];
    int head, tail;
};

struct model {
    struct shape shape;
    struct settings settings;
    uint32_t (*events)[WORDS_MAX], (*expected)[WORDS_MAX]; /* stored, by event */
    /* what holds */
    int32_t threshold[CLASSES_MAX];
    uint32_t prescale[CLASSES_MAX], left[CLASSES_MAX], mask;
    /* playing */
    bool running;
    long next, stopped; /* when the next event is given, when it was stopped */
    uint32_t event, last, given, in_burst;
    struct queue due, made;
    /* spy */
    bool armed, frozen, triggered;
    long recording_from, left_after;
    uint32_t number, taken, place, next_place; /* place: of the next answer that is due */
    struct record records[RECORDS_MAX];
    /* load port: where the next word goes, its parts so far */
    uint32_t load_next;
    int load_parts;
    uint32_t counters[8 + CLASSES_MAX];
    /* of this cycle */
    bool valid;
    uint32_t valid_event;
    bool load_valid, load_swap;
    uint32_t load_address, load_word[LOAD_PARTS_MAX];
};

void model_init(struct model *model, const struct shape *shape);
/* One cycle. Afterwards `valid`, `valid_event`, `frozen` and `load_...` are what the ports show in
 * it. */
void model_step(struct model *model, long time, const struct step *step);
/* Records that may be read, and how many cycles an event is on its way. */
uint32_t model_most_records(const struct model *model);

#endif
