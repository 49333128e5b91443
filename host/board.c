/* See board.h. */
#include "host/board.h"

#include "base/error.h"
#include "base/words.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ_MOST = FRAME_PAYLOAD_MAX / 4,
    WRITE_MOST = FRAME_PAYLOAD_MAX / 4 - 1,
    CHUNK_LEAST = 4, /* words of a frame on the noisiest line */
    CHUNK_TRIES = 3, /* of a long frame, before it is sent in smaller pieces */
    FIRST_TRIES = 8, /* about a minute */
    SETTLE_TRIES = 1000
};

static _Noreturn void refuse(const struct host_board *board, const char *what, int error)
{
    static const char *const reasons[] = {"",
                                          "it does not know the request",
                                          "the request has a wrong length",
                                          "it does not allow the address",
                                          "",
                                          "what was loaded is not whole, or it has no load port",
                                          "its spy has no such record",
                                          "it does not know the weights in use",
                                          "an input is outside of its range",
                                          "the image is of another network"};
    if (error == MONITOR_UNKNOWN && board->loader && board->fallback)
        fail("%s: the board does not know the request any more: a reset, as the watchdog's, takes "
             "its core back to the firmware that boots; run again, which loads the fall-back",
             board->port.name);
    fail("%s: the board refuses %s: %s", board->port.name, what,
         error >= 1 && error < MONITOR_ERRORS ? reasons[error] : "an unknown error");
}

/* Frames grow while all goes well, and shrink when they have to be sent again. */
static void adapt(struct host_board *board, int outcome, long repeats)
{
    int *words = &board->chunk_words;
    if (outcome == LINK_NOISY || board->link.counts.repeats > repeats + 1)
        *words = *words / 2 > CHUNK_LEAST ? *words / 2 : CHUNK_LEAST;
    else if (board->link.counts.repeats == repeats && *words < READ_MOST)
        *words += 1 + *words / 16;
    if (*words > READ_MOST) *words = READ_MOST;
}

/* A request that may be split: asked a few times if it is long, for as long as it takes if not. */
static int ask_part(struct host_board *board, struct frame *request, unsigned bytes, int words,
                    struct frame *answer)
{
    long repeats = board->link.counts.repeats;
    bool is_long = words > CHUNK_LEAST;
    int outcome = host_link_ask(&board->link, request, bytes, is_long ? CHUNK_TRIES : LINK_TRIES,
                                is_long, answer);
    adapt(board, outcome, repeats);
    return outcome;
}

static int part_of(const struct host_board *board, long left, int most)
{
    int words = board->chunk_words < most ? board->chunk_words : most;
    return left < words ? (int)left : words;
}

void host_read(struct host_board *board, uint32_t address, uint32_t *words, long count)
{
    while (count > 0) {
        int part = part_of(board, count, READ_MOST);
        struct frame request = {.type = MONITOR_READ}, answer;
        frame_add_word(&request, address);
        request.payload[request.length++] = (uint8_t)part;
        int error = ask_part(board, &request, 4 * (unsigned)part, part, &answer);
        if (error == LINK_NOISY) continue;
        if (error != 0) refuse(board, "to read", error);
        if (answer.length != 4 * part) refuse(board, "to read", MONITOR_LENGTH);
        for (int i = 0; i < part; i++)
            *words++ = frame_word(&answer, (unsigned)i);
        address += 4 * (uint32_t)part;
        count -= part;
    }
}

void host_write(struct host_board *board, uint32_t address, const uint32_t *words, long count)
{
    while (count > 0) {
        int part = part_of(board, count, WRITE_MOST);
        struct frame request = {.type = MONITOR_WRITE}, answer;
        frame_add_word(&request, address);
        for (int i = 0; i < part; i++)
            frame_add_word(&request, words[i]);
        int error = ask_part(board, &request, 0, part, &answer);
        if (error == LINK_NOISY) continue; /* writing a memory twice does no harm */
        if (error != 0) refuse(board, "to write", error);
        words += part;
        address += 4 * (uint32_t)part;
        count -= part;
    }
}

uint32_t host_read_word(struct host_board *board, uint32_t address)
{
    uint32_t word;
    host_read(board, address, &word, 1);
    return word;
}

void host_write_word(struct host_board *board, uint32_t address, uint32_t word)
{
    host_write(board, address, &word, 1);
}

static uint32_t field(uint32_t word, int low, int bits)
{
    return word >> low & ((UINT32_C(1) << bits) - 1);
}

static void ask_id(struct host_board *board)
{
    struct frame request = {.type = MONITOR_ID}, answer;
    int error =
        host_link_ask(&board->link, &request, FRAME_PAYLOAD_MAX / 2, LINK_TRIES, false, &answer);
    if (error != 0 || answer.length < 16) refuse(board, "to say who it is", error);
    if (frame_word(&answer, 0) != MONITOR_VERSION)
        fail("%s: the board speaks version %u of the protocol, this is for version %d; build its "
             "bitstream again",
             board->port.name, frame_word(&answer, 0), MONITOR_VERSION);
    board->network = frame_word(&answer, 1);
    board->network_mhz = frame_word(&answer, 2) / 1000.0;
    board->core_mhz = frame_word(&answer, 3) / 1000.0;
    memcpy(board->name, answer.payload + 16, answer.length - 16u);
    board->name[answer.length - 16] = 0;
}

/* What its firmware can do. */
static void ask_firmware(struct host_board *board)
{
    uint32_t counts[COUNTS_ALL];
    host_monitor_counts(board, counts);
    board->fallback = counts[COUNT_STATE] & STATE_FALLBACK;
    board->loader = counts[COUNT_STATE] & STATE_LOADER;
}

void host_open(struct host_board *board, const char *port, double baud, bool is_simulated)
{
    uint32_t words[5];
    *board = (struct host_board){.chunk_words = READ_MOST};
    host_port_open(&board->port, port, baud);
    host_link_init(&board->link, &board->port);
    if (!is_simulated) board->link.first_tries = FIRST_TRIES;
    ask_id(board);
    host_read(board, ADDRESS_GEOMETRY, words, 5);
    board->input_bits = (int)field(words[0], 0, 16);
    board->output_bits = (int)field(words[0], 16, 16);
    board->events = (int)field(words[1], 0, 16);
    board->records = (int)field(words[1], 16, 16);
    board->event_words = (int)field(words[2], 0, 8);
    board->answer_words = (int)field(words[2], 8, 8);
    board->record_words = (int)field(words[2], 16, 8);
    board->spied_words = (int)field(words[2], 24, 8);
    board->latency_cycles = (int)field(words[3], 0, 16);
    board->interval_cycles = (int)field(words[3], 16, 16);
    board->classes = (int)field(words[4], 0, 8);
    board->threshold_bits = (int)field(words[4], 8, 8);
    board->prescale_bits = (int)field(words[4], 16, 8);
    board->counters = (int)field(words[4], 24, 8);
    if (board->input_bits == 0)
        fail("%s: there is no network around the core that answers", board->port.name);
    ask_firmware(board);
    board->loadable = host_read_word(board, ADDRESS_STATUS) & STATUS_LOADABLE;
}

void host_close(struct host_board *board)
{
    host_port_close(&board->port);
}

void host_monitor_counts(struct host_board *board, uint32_t counts[COUNTS_ALL])
{
    struct frame request = {.type = MONITOR_COUNTS}, answer;
    int error = host_link_ask(&board->link, &request, 4 * COUNTS_ALL, LINK_TRIES, false, &answer);
    if (error != 0 || answer.length < 4 * COUNTS || answer.length > 4 * COUNTS_ALL)
        refuse(board, "to count", error);
    for (int i = 0; i < COUNTS_ALL; i++)
        counts[i] = 4 * i < answer.length ? frame_word(&answer, (unsigned)i) : 0;
    board->evaluate_cycles = counts[COUNT_CYCLES];
}

void host_counters(struct host_board *board, struct host_counters *counters)
{
    int count = board->counters < COUNTERS_MAX ? board->counters : COUNTERS_MAX;
    *counters = (struct host_counters){{0}};
    host_read(board, ADDRESS_COUNTER(0), counters->number, count);
}

void host_add_difference(const struct host_counters *before, const struct host_counters *now,
                         double sum[COUNTERS_MAX])
{
    for (int i = 0; i < COUNTERS_MAX; i++)
        sum[i] += (double)(uint32_t)(now->number[i] - before->number[i]);
}

/* ---- events ---- */

/* Rows of `bytes` each as rows of `words` words, lowest first, padded with 0. */
static void to_words(const uint8_t *rows, long count, int bytes, int words, uint32_t *out)
{
    memset(out, 0, (size_t)count * (size_t)words * sizeof *out);
    for (long row = 0; row < count; row++)
        words_from_bytes(rows + row * bytes, (size_t)bytes, out + row * words);
}

static void to_bytes(const uint32_t *in, long count, int words, int bytes, uint8_t *rows)
{
    for (long row = 0; row < count; row++)
        words_to_bytes(in + row * words, (size_t)bytes, rows + row * bytes);
}

static int bytes_of(int bits)
{
    return (bits + 7) / 8;
}

static void store(struct host_board *board, uint32_t memory, const uint8_t *rows, long count,
                  int bits, int words)
{
    struct arena arena = {0};
    uint32_t *all = arena_alloc(&arena, (size_t)count * (size_t)words, sizeof *all);
    to_words(rows, count, bytes_of(bits), words, all);
    host_write(board, memory, all, count * words);
    arena_free(&arena);
}

void host_store_events(struct host_board *board, const uint8_t *inputs, const uint8_t *outputs,
                       long count)
{
    if (inputs) store(board, MEMORY_PLAYBACK, inputs, count, board->input_bits, board->event_words);
    if (outputs)
        store(board, MEMORY_EXPECTED, outputs, count, board->output_bits, board->answer_words);
}

void host_read_answers(struct host_board *board, uint8_t *outputs, long count)
{
    struct arena arena = {0};
    long words = count * board->answer_words;
    uint32_t *all = arena_alloc(&arena, (size_t)words, sizeof *all);
    host_read(board, MEMORY_EXPECTED, all, words);
    to_bytes(all, count, board->answer_words, bytes_of(board->output_bits), outputs);
    arena_free(&arena);
}

void host_play(struct host_board *board, const struct host_play *play)
{
    uint32_t settings[] = {(uint32_t)play->stored - 1,   (uint32_t)play->events,
                           (uint32_t)play->gap_cycles,   (uint32_t)play->burst,
                           (uint32_t)play->pause_cycles, play->record ? MODE_RECORD : 0};
    host_write(board, ADDRESS_PLAY_LAST, settings, 6);
    host_write_word(board, ADDRESS_CONTROL, CONTROL_PLAY);
}

void host_stop(struct host_board *board)
{
    host_write_word(board, ADDRESS_CONTROL, CONTROL_STOP);
}

bool host_is_playing(struct host_board *board, uint32_t *status)
{
    *status = host_read_word(board, ADDRESS_STATUS);
    return *status & STATUS_PLAYING;
}

/* ---- decisions, spy, load port ---- */

/* Until the bits of the status are as wanted. */
static void wait_status(struct host_board *board, uint32_t mask, uint32_t wanted, const char *what)
{
    for (int i = 0; i < SETTLE_TRIES; i++)
        if ((host_read_word(board, ADDRESS_STATUS) & mask) == wanted) return;
    fail("%s: the board does not get done with %s", board->port.name, what);
}

void host_decide(struct host_board *board, const int64_t *thresholds, const uint32_t *prescales,
                 const uint32_t *mask)
{
    uint32_t words[THRESHOLDS_MAX];
    for (int k = 0; thresholds && k < board->classes; k++)
        words[k] = (uint32_t)thresholds[k];
    if (thresholds) host_write(board, ADDRESS_THRESHOLD(0), words, board->classes);
    if (prescales) host_write(board, ADDRESS_PRESCALE(0), prescales, board->classes);
    if (mask) host_write_word(board, ADDRESS_ACCEPT_MASK, *mask);
    host_write_word(board, ADDRESS_CONTROL, CONTROL_APPLY);
    wait_status(board, STATUS_APPLYING, 0, "applying thresholds");
}

void host_arm_spy(struct host_board *board, uint32_t trigger, uint32_t after)
{
    uint32_t settings[] = {trigger, after};
    board->link.frozen = false;
    host_write(board, ADDRESS_SPY_TRIGGER, settings, 2);
    host_write_word(board, ADDRESS_CONTROL, CONTROL_ARM);
}

void host_hear_of_spy(struct host_board *board)
{
    struct frame request = {.type = MONITOR_SPY, .length = 1, .payload = {1}}, answer;
    int error = host_link_ask(&board->link, &request, 0, LINK_TRIES, false, &answer);
    if (error != 0) refuse(board, "to tell of its spy", error);
}

/* Of a memory that goes round after `records` items of `words` each, the `count` before place
 * `next`, oldest first, as packed bytes. */
static uint8_t *read_ring(struct host_board *board, struct arena *arena, uint32_t memory, int words,
                          int next, int count)
{
    size_t all = (size_t)count * (size_t)words;
    uint32_t *ring = arena_alloc(arena, all + 1, sizeof *ring);
    uint8_t *bytes = arena_alloc(arena, all + 1, sizeof *ring);
    int first = (next - count + board->records) % board->records;
    int head = board->records - first < count ? board->records - first : count;
    host_read(board, memory + 4 * (uint32_t)(first * words), ring, head * words);
    host_read(board, memory, ring + head * words, (count - head) * words);
    to_bytes(ring, count, words, 4 * words, bytes);
    return bytes;
}

int host_read_spy(struct host_board *board, struct arena *arena, int most,
                  struct host_record *records)
{
    uint32_t state = host_read_word(board, ADDRESS_SPY_STATE);
    int taken = (int)(state >> 16), next = (int)(state & 0xffff);
    int count = taken < board->records ? taken : board->records;
    if (count > most) count = most;
    int record_bytes = 4 * board->record_words, input_bytes = 4 * board->spied_words;
    uint8_t *rows = read_ring(board, arena, MEMORY_SPY, board->record_words, next, count),
            *inputs = NULL;
    if (board->spied_words)
        inputs = read_ring(board, arena, MEMORY_SPY_INPUTS, board->spied_words, next, count);
    for (int i = 0; i < count; i++) {
        const uint8_t *row = rows + i * record_bytes;
        uint32_t head = (uint32_t)row[0] | (uint32_t)row[1] << 8 | (uint32_t)row[2] << 16 |
                        (uint32_t)row[3] << 24;
        records[i] = (struct host_record){.accepted = head >> 31,
                                          .passes = head >> 16 & 0x7fff,
                                          .event = head & 0xffff,
                                          .answer = row + 4,
                                          .input = inputs ? inputs + i * input_bytes : NULL};
    }
    return count;
}

/* All words once; false: a frame was lost in a way that only a new start mends. */
static bool load_words(struct host_board *board, const uint32_t *words, long count)
{
    for (long place = 0; place < count;) {
        int part = part_of(board, count - place, WRITE_MOST);
        struct frame request = {.type = MONITOR_LOAD}, answer;
        frame_add_word(&request, (uint32_t)place);
        for (int i = 0; i < part; i++)
            frame_add_word(&request, words[place + i]);
        int error = ask_part(board, &request, 0, part, &answer);
        if (error == LINK_NOISY || error == MONITOR_INCOMPLETE) return false;
        if (error != 0) refuse(board, "to load", error);
        place += part;
    }
    return true;
}

uint32_t host_load_crc(const uint32_t *words, long count)
{
    uint32_t crc = 0;
    for (long i = 0; i < count; i++)
        crc = frame_crc_word(crc, words[i]);
    return crc;
}

void host_load(struct host_board *board, const uint32_t *words, long count)
{
    enum { STARTS = 20 };
    if (!board->loadable)
        fail("%s: the board's network has no weights that can be loaded", board->port.name);
    for (int start = 0; start < STARTS; start++) {
        wait_status(board, STATUS_LOAD_READY, STATUS_LOAD_READY, "the swap before");
        if (load_words(board, words, count)) return;
    }
    fail("%s: the line is too bad to load %ld words", board->port.name, count);
}

void host_swap(struct host_board *board, const uint32_t *words, long count)
{
    struct frame request = {.type = MONITOR_SWAP}, answer;
    frame_add_word(&request, (uint32_t)count);
    frame_add_word(&request, host_load_crc(words, count));
    int error = host_link_ask(&board->link, &request, 0, LINK_TRIES, false, &answer);
    if (error != 0) refuse(board, "to swap", error);
    wait_status(board, STATUS_LOAD_READY, STATUS_LOAD_READY, "the swap");
}

/* ---- firmware in the SPRAM ---- */

/* 0, or why not. The time that the board takes for the CRC, and that what starts takes for its own,
 * is that of so many bytes more. */
static int ask_start(struct host_board *board, const uint32_t *image, long count)
{
    struct frame request = {.type = MONITOR_START}, answer;
    frame_add_word(&request, (uint32_t)count);
    frame_add_word(&request, host_load_crc(image, count));
    return host_link_ask(&board->link, &request, 2 * (unsigned)count, LINK_TRIES, false, &answer);
}

bool host_start_image(struct host_board *board, const uint32_t *image, long count)
{
    int error = ask_start(board, image, count);
    bool loads = error == MONITOR_INCOMPLETE || error == MONITOR_OTHER;
    if (loads) {
        /* Firmware that runs from there cannot be written over. */
        error = board->fallback ? ask_start(board, image, 0) : 0;
        if (error != 0) refuse(board, "to return to the firmware that boots", error);
        host_write(board, MEMORY_SPRAM, image, count);
        error = ask_start(board, image, count);
    }
    if (error != 0) refuse(board, "to start the image in its SPRAM", error);
    ask_id(board);
    ask_firmware(board);
    return loads;
}

/* ---- the software fall-back ---- */

/* An exchange in which the core computes an event: its time is that of so many bytes more. */
static int ask_core(struct host_board *board, struct frame *request, int words,
                    struct frame *answer)
{
    enum { CYCLES_PER_BYTE = 100 };
    unsigned bytes = 4 * (unsigned)words + board->evaluate_cycles / CYCLES_PER_BYTE;
    return host_link_ask(&board->link, request, bytes, LINK_TRIES, false, answer);
}

/* A piece of an event; the last one's answer is the core's. */
static int give_piece(struct host_board *board, const uint32_t *words, int place, int count,
                      struct frame *answer)
{
    struct frame request = {.type = MONITOR_EVALUATE};
    frame_add_word(&request, (uint32_t)place);
    for (int i = 0; i < count; i++)
        frame_add_word(&request, words[place + i]);
    return ask_core(board, &request, 1 + (board->output_bits + 31) / 32, answer);
}

bool host_evaluate(struct host_board *board, const uint8_t *input, uint8_t *output)
{
    struct arena arena = {0};
    struct frame answer = {0};
    int total = (board->input_bits + 31) / 32, answers = (board->output_bits + 31) / 32, error = 0;
    uint32_t *words = arena_alloc(&arena, (size_t)(total + answers), sizeof *words);
    to_words(input, 1, bytes_of(board->input_bits), total, words);
    for (int place = 0, part; place < total && error == 0; place += part) {
        part = total - place < WRITE_MOST ? total - place : WRITE_MOST;
        error = give_piece(board, words, place, part, &answer);
    }
    bool computed = error == 0;
    if (error != 0 && error != MONITOR_STALE && error != MONITOR_RANGE)
        refuse(board, "to compute an event", error);
    if (computed && answer.length != 4 + 4 * answers)
        refuse(board, "to compute an event", MONITOR_LENGTH);
    for (int i = 0; computed && i < answers; i++)
        words[total + i] = frame_word(&answer, 1 + (unsigned)i);
    if (computed) to_bytes(words + total, 1, answers, bytes_of(board->output_bits), output);
    if (computed) board->evaluate_cycles = frame_word(&answer, 0);
    arena_free(&arena);
    return computed;
}

bool host_recheck(struct host_board *board, uint32_t back, uint32_t result[RECHECK_WORDS])
{
    struct frame request = {.type = MONITOR_RECHECK}, answer;
    frame_add_word(&request, back);
    int error = ask_core(board, &request, RECHECK_WORDS, &answer);
    if (error == MONITOR_STALE || error == MONITOR_NO_RECORD) return false;
    if (error != 0 || answer.length != 4 * RECHECK_WORDS) refuse(board, "to recheck", error);
    for (int i = 0; i < RECHECK_WORDS; i++)
        result[i] = frame_word(&answer, (unsigned)i);
    if (result[RECHECK_CYCLES] > 0) board->evaluate_cycles = result[RECHECK_CYCLES];
    return true;
}

void host_recheck_live(struct host_board *board, bool on)
{
    struct frame request = {.type = MONITOR_LIVE, .length = 1, .payload = {on}}, answer;
    int error = host_link_ask(&board->link, &request, 0, LINK_TRIES, false, &answer);
    if (error != 0) refuse(board, "to recheck live", error);
}
