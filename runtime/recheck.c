/* See recheck.h. network.h, which boards/flow/fallback.c makes of the program's ports, names the
 * network's own C: NETWORK_EVAL, types, counts, and the format of each field of data_i and data_o.
 */
#include "recheck.h"

#include "fields.h"
#include "line.h"
#include "network.h"
#include "trigger.h"

#include <stddef.h>

enum {
    EVENT_WORDS = (NETWORK_IN_BITS + 31) / 32,
    ANSWER_WORDS = (NETWORK_OUT_BITS + 31) / 32,
    QUIET_CYCLES = 1 << 16, /* without a byte received: nobody waits for an answer */
    PAUSE_CYCLES = 1 << 15, /* from one live recheck to the next: the spy is frozen for 3 % of it */
    SHELL_RECORDS = 8
};

static uint32_t counts[COUNTS_ALL - COUNTS]; /* from COUNT_RECHECKED on */
static uint32_t event[EVENT_WORDS], asked[EVENT_WORDS], answer[ANSWER_WORDS],
    recorded[ANSWER_WORDS];
static unsigned given; /* words in asked[] so far */
static bool is_live, is_taken;
static bool is_mixed; /* weights were swapped since the spy was armed */

static uint32_t *count(enum monitor_count name)
{
    return &counts[(unsigned)name - COUNTS];
}

bool recheck_differs(void)
{
    return *count(COUNT_DIFFERENT) != 0;
}

/* ---- an event through the network's C ---- */

/* Fields and elements of in[] and out[] that are wider than 32 bits are rare, and cost. */
static network_in take(const uint32_t *words, unsigned at, const struct network_field *field)
{
    if (NETWORK_IN_WIDE || sizeof(network_in) > 4)
        return (network_in)field_wide(words, at, field->width, field->is_signed);
    return (network_in)field_narrow(words, at, field->width, field->is_signed);
}

static void put(unsigned at, unsigned width, network_out number)
{
    if (NETWORK_OUT_WIDE || sizeof(network_out) > 4)
        field_put_wide(answer, at, width, number);
    else
        field_put_narrow(answer, at, width, (int32_t)number);
}

#ifdef NETWORK_LOAD
/* As the fabric's, but for their names: bank_o tells of an event, and so nothing after a swap. */
static struct network_memories banks[2];
static bool is_unknown[2]; /* the fabric's holds what the core did not see */
static unsigned bank;      /* in use */
RECHECK_KEPT;

static bool is_stale(void)
{
    return is_unknown[bank];
}
#else
static bool is_stale(void)
{
    return false;
}
#endif

/* An event through the network into answer[]; false: an input lies outside of its range. */
static bool evaluate(const uint32_t *words)
{
    static network_in in[NETWORK_INPUTS];
    static network_out out[NETWORK_OUTPUTS];
    uint32_t start = REGISTER_TIME;
    unsigned at = 0;
    for (unsigned i = 0; i < NETWORK_INPUTS; at += network_in_fields[i++].width) {
        in[i] = take(words, at, &network_in_fields[i]);
        if (in[i] < network_in_least[i] || in[i] > network_in_most[i]) return false;
    }
#ifdef NETWORK_LOAD
    NETWORK_EVAL(&banks[bank], in, out);
#else
    NETWORK_EVAL(in, out);
#endif
    for (unsigned i = 0; i < ANSWER_WORDS; i++)
        answer[i] = 0;
    at = 0;
    for (unsigned i = 0; i < NETWORK_OUTPUTS; at += network_out_widths[i++])
        put(at, network_out_widths[i], out[i]);
    *count(COUNT_CYCLES) = REGISTER_TIME - start;
    return true;
}

/* ---- records of the spy ---- */

/* The record `back` before the latest of a frozen spy, and its event, into recorded[] and event[];
 * false: there is none. */
static bool copy_record(uint32_t back, uint32_t *number)
{
    uint32_t state = REGISTER_SPY_STATE, strides = REGISTER_STRIDES;
    uint32_t records = REGISTER_MEMORIES >> 16; /* a power of two */
    if (!(REGISTER_STATUS & STATUS_FROZEN) || back >= state >> 16) return false;
    uint32_t place = ((state & 0xffff) - 1 - back) & (records - 1);
    const volatile uint32_t *record = &REGISTER_AT(MEMORY_SPY),
                            *input = &REGISTER_AT(MEMORY_SPY_INPUTS);
    for (; place > 0; place--) {
        record += strides >> 16 & 0xff;
        input += strides >> 24;
    }
    *number = record[0] & 0xffff;
    for (unsigned i = 0; i < ANSWER_WORDS; i++)
        recorded[i] = record[1 + i];
    for (unsigned i = 0; i < EVENT_WORDS; i++)
        event[i] = input[i];
    return true;
}

static uint32_t first_difference(void)
{
    for (unsigned i = 0; i < ANSWER_WORDS; i++)
        if (answer[i] != recorded[i]) return i;
    return UINT32_MAX;
}

/* What was copied, recomputed, compared, counted. */
static void compare(uint32_t number, uint32_t result[RECHECK_WORDS])
{
    for (unsigned i = 0; i < RECHECK_WORDS; i++)
        result[i] = 0;
    result[RECHECK_EVENT] = number;
    result[RECHECK_WORD] = UINT32_MAX;
    if (!evaluate(event)) {
        result[RECHECK_OUTCOME] = RECHECK_SKIPPED;
        (*count(COUNT_SKIPPED))++;
        return;
    }
    (*count(COUNT_RECHECKED))++;
    result[RECHECK_CYCLES] = *count(COUNT_CYCLES);
    uint32_t word = first_difference();
    if (word == UINT32_MAX) return;
    result[RECHECK_OUTCOME] = RECHECK_DIFFERENT;
    result[RECHECK_WORD] = word;
    result[RECHECK_CORE] = answer[word];
    result[RECHECK_FABRIC] = recorded[word];
    if ((*count(COUNT_DIFFERENT))++ > 0) return;
    for (unsigned i = 0; i < RECHECK_WORDS - RECHECK_EVENT; i++)
        count(COUNT_FIRST)[i] = result[RECHECK_EVENT + i];
}

/* 0, or an error of the monitor. */
static uint8_t recheck(uint32_t back, uint32_t result[RECHECK_WORDS])
{
    uint32_t number;
    if (is_stale() || is_mixed) return MONITOR_STALE;
    if (!copy_record(back, &number)) return MONITOR_NO_RECORD;
    compare(number, result);
    return 0;
}

/* ---- whose spy it is; the live mode ---- */

static bool load_is_done(void)
{
    uint32_t status = REGISTER_STATUS;
    return !(status & STATUS_LOADABLE) || (status & STATUS_LOAD_READY);
}

static void arm(void)
{
    REGISTER_SPY_TRIGGER = REGISTER_SPY_AFTER = 0;
    is_mixed = !load_is_done();
    REGISTER_CONTROL = CONTROL_ARM;
}

void recheck_leave_spy(void)
{
    is_taken = true;
    is_mixed = !load_is_done();
}

void recheck_take_spy(void)
{
    is_taken = false;
}

void recheck_start(void)
{
    uint32_t status = REGISTER_STATUS;
    is_taken = status & STATUS_FROZEN || (status & STATUS_ARMED && REGISTER_SPY_TRIGGER != 0);
    is_live = true;
#ifdef NETWORK_LOAD
    is_unknown[0] = is_unknown[1] = was_loaded == RECHECK_LOADED;
    banks[0] = banks[1] = NETWORK_INITIAL;
#endif
}

/* Others are not told that the spy is frozen for the time of a copy. */
void recheck_poll(void)
{
    static uint32_t latest;
    uint32_t number, result[RECHECK_WORDS];
    if (REGISTER_TIME - latest < PAUSE_CYCLES) return;
    if (!is_live || is_taken || is_stale() || line_quiet_cycles() < QUIET_CYCLES) return;
    if (!(REGISTER_STATUS & STATUS_ARMED) || (is_mixed && load_is_done())) {
        arm();
        return;
    }
    if (is_mixed || REGISTER_SPY_STATE >> 16 == 0) return;
    REGISTER_INTERRUPT = 0;
    REGISTER_CONTROL = CONTROL_FREEZE;
    latest = REGISTER_TIME;
    bool is_there = copy_record(0, &number);
    arm();
    if (is_there) compare(number, result);
}

/* ---- what goes to the fabric ---- */

void recheck_wrote(uint32_t address, uint32_t word)
{
    bool controls = address == ADDRESS_CONTROL;
    if (controls && word & CONTROL_FREEZE && !(REGISTER_STATUS & STATUS_FROZEN))
        REGISTER_INTERRUPT = INTERRUPT_FROZEN; /* which the live mode keeps away */
    if (controls && word & CONTROL_ARM) recheck_leave_spy();
    if ((controls && word & CONTROL_FREEZE) || address == ADDRESS_SPY_TRIGGER ||
        address == ADDRESS_SPY_AFTER)
        is_taken = true;
    if (controls && word & CONTROL_SWAP) recheck_swap();
#ifdef NETWORK_LOAD
    if (address == ADDRESS_LOAD_DATA) { /* past the load requests */
        was_loaded = RECHECK_LOADED;
        is_unknown[!bank] = true;
    }
#endif
}

/* Words wider than 32 bits come in two parts, the low one first. */
void recheck_load(uint32_t place, uint32_t word)
{
#ifdef NETWORK_LOAD
    static uint32_t low;
    was_loaded = RECHECK_LOADED;
    if (NETWORK_LOAD_PARTS == 1)
        NETWORK_LOAD(&banks[!bank], place, word);
    else if (place % 2 == 0)
        low = word;
    else
        NETWORK_LOAD(&banks[!bank], place / 2, (uint64_t)word << 32 | low);
    /* they come in order */
    if (place + 1 == NETWORK_LOAD_WORDS * NETWORK_LOAD_PARTS) is_unknown[!bank] = false;
#else
    (void)place, (void)word;
#endif
}

/* A swap that is asked for too early is refused. */
void recheck_swap(void)
{
#ifdef NETWORK_LOAD
    if (!load_is_done()) return;
    bank = !bank;
    is_mixed = true;
#endif
}

/* ---- requests ---- */

static uint8_t answer_evaluate(struct frame *frame)
{
    unsigned words = frame->length / 4u;
    uint32_t place = frame_word(frame, 0);
    if (words < 2 || frame->length % 4 || words - 1 > EVENT_WORDS) return MONITOR_LENGTH;
    if (place > given) return MONITOR_INCOMPLETE; /* one that was given may come again */
    if (place + words - 1 > EVENT_WORDS) return MONITOR_LENGTH;
    if (is_stale()) return MONITOR_STALE;
    for (unsigned i = 1; i < words; i++)
        asked[place++] = frame_word(frame, i);
    given = place;
    frame->length = 0;
    if (place < EVENT_WORDS) return 0;
    if (!evaluate(asked)) return MONITOR_RANGE;
    frame_add_word(frame, *count(COUNT_CYCLES));
    for (unsigned i = 0; i < ANSWER_WORDS; i++)
        frame_add_word(frame, answer[i]);
    return 0;
}

static uint8_t answer_recheck(struct frame *frame)
{
    uint32_t result[RECHECK_WORDS];
    if (frame->length != 4) return MONITOR_LENGTH;
    uint8_t error = recheck(frame_word(frame, 0), result);
    frame->length = 0;
    for (unsigned i = 0; i < RECHECK_WORDS; i++)
        frame_add_word(frame, result[i]);
    return error;
}

uint8_t recheck_answer(struct frame *frame)
{
    if (!trigger_is_there()) return MONITOR_UNKNOWN;
    if (frame->type == MONITOR_EVALUATE) return answer_evaluate(frame);
    if (frame->type == MONITOR_RECHECK) return answer_recheck(frame);
    if (frame->type != MONITOR_LIVE) return MONITOR_UNKNOWN;
    if (frame->length != 1) return MONITOR_LENGTH;
    is_live = frame->payload[0] & 1;
    is_taken = is_taken && !is_live;
    frame->length = 0;
    return 0;
}

void recheck_add_counts(struct frame *frame)
{
    uint32_t state = monitor.counts[COUNT_STATE] | STATE_FALLBACK;
    if (is_stale()) state |= STATE_STALE;
    if (is_live) state |= STATE_LIVE;
    frame->length = 4 * COUNT_STATE;
    frame_add_word(frame, state);
    frame->length = 4 * COUNTS;
    for (unsigned i = 0; i < COUNTS_ALL - COUNTS; i++)
        frame_add_word(frame, counts[i]);
}

/* ---- a human's commands ---- */

static void print_counts(void)
{
    line_print_pair("rechecked", *count(COUNT_RECHECKED));
    line_print_pair("different", *count(COUNT_DIFFERENT));
    line_print_pair("skipped", *count(COUNT_SKIPPED));
    line_print_pair("cycles", *count(COUNT_CYCLES));
    if (!recheck_differs()) return;
    line_print("first event ");
    line_print_number(count(COUNT_FIRST)[0]);
    line_print_pair(" word", count(COUNT_FIRST)[1]);
    line_print("core");
    line_print_hex(count(COUNT_FIRST)[2]);
    line_print(" fabric");
    line_print_hex(count(COUNT_FIRST)[3]);
    line_print("\r\n");
}

/* The latest of a spy that has frozen, or is frozen for it. */
static void recheck_some(uint32_t most)
{
    uint32_t result[RECHECK_WORDS];
    bool freezes = !(REGISTER_STATUS & STATUS_FROZEN);
    uint8_t error = 0;
    if (freezes) {
        REGISTER_INTERRUPT = 0;
        REGISTER_CONTROL = CONTROL_FREEZE;
    }
    for (uint32_t back = 0; back < most && !error; back++) {
        REGISTER_WATCHDOG = WATCHDOG_TICKS;
        error = recheck(back, result);
    }
    if (freezes && is_taken) monitor_write_word(ADDRESS_CONTROL, CONTROL_ARM);
    if (freezes && !is_taken) arm();
    if (error == MONITOR_STALE) line_print("weights were loaded: spy again\r\n");
    print_counts();
}

/* The number behind a word; `none` if there is none. False: the text is not that command. */
static bool is_command(const char *text, const char *name, uint32_t none, uint32_t *number)
{
    while (*name)
        if (*text++ != *name++) return false;
    while (*text == ' ')
        text++;
    *number = *text ? 0 : none;
    for (; *text >= '0' && *text <= '9'; text++)
        *number = 10 * *number + (uint32_t)(*text - '0');
    return *text == 0;
}

bool recheck_command(const char *text)
{
    uint32_t number;
    if (!trigger_is_there()) return false;
    if (is_command(text, "recheck", SHELL_RECORDS, &number)) {
        recheck_some(number);
    } else if (is_command(text, "live", 1, &number)) {
        is_live = number != 0;
        is_taken = is_taken && !is_live;
    } else {
        return false;
    }
    return true;
}

/* ---- what a compiler may call on its own, after it has dropped what nobody calls ---- */

__attribute__((used)) void *memcpy(void *to, const void *from, size_t bytes)
{
    uint8_t *t = to;
    const uint8_t *f = from;
    while (bytes--)
        *t++ = *f++;
    return to;
}

__attribute__((used)) void *memset(void *to, int byte, size_t bytes)
{
    uint8_t *t = to;
    while (bytes--)
        *t++ = (uint8_t)byte;
    return to;
}
