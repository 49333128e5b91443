/* See shell.h. Small before all: the core has 6 KiB. */
#include "shell.h"

#include "line.h"
#include "recheck.h"
#include "trigger.h"

/* Rates are counted for 2^-4 seconds. */
enum { ARGUMENTS = 2, RATE_SHIFT = 4, SPY_LINES = 8 };

/* Names of the commands, in the order of enum command, then of counters. */
enum command {
    HELP,
    ID,
    COUNTS_,
    RATES,
    SELFCHECK,
    PLAY,
    STOP,
    THRESHOLD,
    PRESCALE,
    SPY,
    FREEZE,
    COMMANDS
};
static const char commands[] =
    "help\0id\0counts\0rates\0selfcheck\0play\0stop\0threshold\0prescale\0spy\0freeze\0";
static const char help[] =
    "id counts rates selfcheck stop freeze\r\nplay [EVENTS [GAP]]\r\nthreshold CLASS VALUE\r\n"
    "prescale CLASS N\r\nspy [1 accept|2 mismatch|4 late [AFTER]]\r\n" RECHECK_HELP;
static const char counters[] =
    "events\0answers\0mismatches\0late\0accepts\0dead\0refused\0upsets\0";

static uint32_t argument[ARGUMENTS]; /* 0 where there is none */
static bool waits_for_spy;

static const char *next_name(const char *name)
{
    while (*name++) {
    }
    return name;
}

static void note_counters(unsigned count, struct frame *note)
{
    note->length = 0;
    for (unsigned i = 0; i < count; i++)
        frame_add_word(note, REGISTER_COUNTER(i));
}

/* Counters by their names, those of classes by "class K": what they are, or by how much they grow
 * in 2^-4 s, times 2^4. No frame is on its way while a command is carried out: its place holds what
 * the counters were. */
static void print_counters(bool rates)
{
    const char *name = counters;
    struct frame *before = &monitor.reader.frame;
    uint32_t khz = monitor.core_khz, start = REGISTER_TIME;
    unsigned count = COUNTER_CLASS + (REGISTER_CLASSES & 0xff);
    note_counters(count, before);
    while (rates && REGISTER_TIME - start < (khz << 6) - khz - (khz >> 1)) {
    }
    for (unsigned i = 0; i < count; i++) {
        uint32_t number = REGISTER_COUNTER(i);
        if (rates) number = (number - frame_word(before, i)) << RATE_SHIFT;
        if (i >= COUNTER_CLASS) {
            line_print("class ");
            line_print_number(i - COUNTER_CLASS);
        }
        line_print_pair(name, number);
        if (i < COUNTER_CLASS) name = next_name(name);
    }
}

static void print_id(void)
{
    line_print(monitor.name);
    line_print_hex(monitor.network);
    line_print_pair(" state", monitor.counts[COUNT_STATE]);
}

static void print_check(void)
{
    trigger_check();
    line_print_pair("checked", monitor.counts[COUNT_CHECKED]);
    line_print_pair("wrong", monitor.counts[COUNT_WRONG]);
}

static void set(uint32_t address)
{
    REGISTER_AT(address + 4 * argument[0]) = argument[1];
    REGISTER_CONTROL = CONTROL_APPLY;
}

static void arm(void)
{
    recheck_leave_spy();
    REGISTER_SPY_TRIGGER = argument[0] ? argument[0] : SPY_ON_ACCEPT;
    REGISTER_SPY_AFTER = argument[1];
    waits_for_spy = true;
    monitor_write_word(ADDRESS_CONTROL, CONTROL_ARM);
}

/* A number at *text, decimal with or without sign, or 0x...; true if it is one. */
static bool read_number(const char **text, uint32_t *number)
{
    const char *at = *text;
    bool negative = *at == '-', hex = at[0] == '0' && at[1] == 'x';
    at += negative + 2 * hex;
    const char *start = at;
    uint32_t value = 0;
    for (;; at++) {
        uint32_t digit = (uint8_t)*at - (uint32_t)'0';
        if (hex && digit > 9) digit = ((uint8_t)*at | 32u) - 'a' + 10u;
        if (digit > (hex ? 15 : 9)) break;
        value = (hex ? value << 4 : (value << 3) + (value << 1)) + digit;
    }
    *number = negative ? -value : value;
    *text = at;
    return at > start && (*at == ' ' || *at == 0);
}

/* Numbers behind a command; how many, ARGUMENTS + 1 for what cannot be. */
static unsigned read_arguments(const char *text)
{
    unsigned count = 0;
    argument[0] = argument[1] = 0;
    for (;;) {
        while (*text == ' ')
            text++;
        if (!*text) return count;
        if (count == ARGUMENTS || !read_number(&text, &argument[count++])) return ARGUMENTS + 1;
    }
}

/* The command that the text begins with; *text is set behind it. */
static unsigned find_command(const char **text)
{
    const char *name = commands;
    unsigned command = 0;
    for (; command < COMMANDS; command++) {
        const char *at = *text;
        while (*name && *at == *name)
            at++, name++;
        if (!*name && (!*at || *at == ' ')) {
            *text = at;
            break;
        }
        name = next_name(name);
    }
    return command;
}

static void carry_out(const char *text)
{
    if (recheck_command(text)) return;
    unsigned command = find_command(&text), count = read_arguments(text);
    bool sets = command == THRESHOLD || command == PRESCALE;
    if (command > ID && !trigger_is_there()) command = COMMANDS;
    uint32_t classes = REGISTER_CLASSES & 0xff;
    if (count > ARGUMENTS || (sets && (count < 2 || argument[0] >= classes))) command = COMMANDS;
    switch (command) {
    case HELP: line_print(help); break;
    case ID: print_id(); break;
    case COUNTS_: print_counters(false); break;
    case RATES: print_counters(true); break;
    case SELFCHECK: print_check(); break;
    case PLAY: trigger_play(argument[0], argument[1]); break;
    case STOP: REGISTER_CONTROL = CONTROL_STOP; break;
    case THRESHOLD: set(ADDRESS_THRESHOLD(0)); break;
    case PRESCALE: set(ADDRESS_PRESCALE(0)); break;
    case SPY: arm(); break;
    case FREEZE:
        recheck_wrote(ADDRESS_CONTROL, CONTROL_FREEZE), REGISTER_CONTROL = CONTROL_FREEZE;
        break;
    default: line_print("? try help\r\n");
    }
}

void shell_line(const char *text)
{
    line_print("\r\n");
    if (*text) carry_out(text);
    line_print("> ");
}

/* A record: event number, accepted, classes passed, the words of its scores. */
static void print_record(uint32_t place)
{
    unsigned words = REGISTER_STRIDES >> 16 & 0xff;
    const volatile uint32_t *record = &REGISTER_AT(MEMORY_SPY) + place * words;
    uint32_t head = *record;
    line_print("event ");
    line_print_number(head & 0xffff);
    line_print(head >> 31 ? " accepted" : " refused");
    line_print_hex(head >> 16 & 0x7fff);
    while (--words > 0)
        line_print_hex(*++record);
    line_print("\r\n");
}

void shell_frozen(void)
{
    if (!waits_for_spy) return;
    waits_for_spy = false;
    uint32_t state = REGISTER_SPY_STATE, records = REGISTER_MEMORIES >> 16;
    uint32_t count = REGISTER_SPY_AFTER + 1, place = state & 0xffff;
    if (count > state >> 16) count = state >> 16;
    if (count > SPY_LINES) count = SPY_LINES;
    place = place >= count ? place - count : place + records - count;
    line_print("\r\n");
    for (; count > 0; count--) {
        print_record(place++);
        if (place == records) place = 0;
    }
    recheck_take_spy();
    line_print("> ");
}
