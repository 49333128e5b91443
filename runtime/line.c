/* See line.h. */
#include "line.h"

#include "registers.h"

/* A frame whose bytes stop coming for so long has broken off: 7 ms at 40 MHz. */
enum { GAP_CYCLES = 1 << 18, BACKSPACE = 8, DELETE = 127, TX_FULL = 2, OVERRUN = 4, FRAMING = 8 };

struct line line;
struct monitor monitor;

static uint8_t text_count; /* characters of the line so far */
static bool is_spoilt;     /* it is too long, or holds what nobody types */
static uint32_t last_byte; /* when it came */

/* Reading the status clears what it tells. */
static uint32_t read_status(void)
{
    uint32_t bits = REGISTER_UART_STATUS;
    if (bits & (OVERRUN | FRAMING)) {
        monitor.counts[COUNT_OVERRUNS] += bits >> 2 & 1;
        monitor.counts[COUNT_FRAMING] += bits >> 3 & 1;
    }
    return bits;
}

static void send(uint8_t byte)
{
    while (read_status() & TX_FULL) {
    }
    REGISTER_UART_DATA = byte;
}

/* A character outside frames. What no human types, as a damaged frame's remains, spoils its line.
 */
static void take_text(uint8_t byte)
{
    if (byte == '\r' || byte == '\n') {
        line.text[text_count] = 0;
        line.has_text = !is_spoilt;
        text_count = 0;
        is_spoilt = false;
    } else if (byte == BACKSPACE || byte == DELETE) {
        if (text_count == 0) return;
        text_count--;
        line_print("\b \b");
    } else if (byte < ' ' || byte > '~' || text_count == LINE_TEXT_MAX - 1) {
        monitor.reader.dropped++;
        is_spoilt = true;
    } else {
        line.text[text_count++] = (char)byte;
        if (!is_spoilt) send(byte);
    }
}

void line_poll(void)
{
    struct frame_reader *reader = &monitor.reader;
    while (!line.has_frame && !line.has_text) {
        uint32_t data = REGISTER_UART_DATA, damaged = reader->damaged;
        if (data & 0x100) {
            last_byte = REGISTER_TIME;
            if (reader->count > 0 || (uint8_t)data == FRAME_MARK)
                line.has_frame = frame_read(reader, (uint8_t)data);
            else
                take_text((uint8_t)data);
        } else {
            read_status();
            if (reader->count == 0 || REGISTER_TIME - last_byte < GAP_CYCLES) return;
            line.has_frame = frame_give_up(reader);
        }
        line.has_damage = line.has_damage || reader->damaged != damaged;
    }
}

uint32_t line_quiet_cycles(void)
{
    return REGISTER_TIME - last_byte;
}

void line_send_frame(void)
{
    struct frame *frame = &monitor.reader.frame;
    const uint8_t *byte = (const uint8_t *)frame;
    for (unsigned count = frame_seal(frame); count > 0; count--)
        send(*byte++);
    monitor.reader.count = monitor.reader.need = 0;
}

void line_print(const char *text)
{
    while (*text)
        send((uint8_t)*text++);
}

void line_print_number(uint32_t number)
{
    static const uint32_t powers[] = {1000000000, 100000000, 10000000, 1000000, 100000,
                                      10000,      1000,      100,      10,      1};
    bool begun = false;
    for (unsigned i = 0; i < sizeof powers / sizeof *powers; i++) {
        uint8_t digit = '0';
        for (; number >= powers[i]; digit++)
            number -= powers[i];
        begun = begun || digit > '0' || powers[i] == 1;
        if (begun) send(digit);
    }
}

void line_print_hex(uint32_t number)
{
    line_print(" 0x");
    for (int i = 0; i < 8; i++, number <<= 4)
        send((uint8_t) "0123456789abcdef"[number >> 28]);
}

void line_print_pair(const char *name, uint32_t number)
{
    line_print(name);
    send(' ');
    line_print_number(number);
    line_print("\r\n");
}

/* As in frame_crc.c, by the CRC unit. */
uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, unsigned count)
{
    REGISTER_CRC = crc;
    while (count-- > 0)
        REGISTER_CRC_DATA = *bytes++;
    return REGISTER_CRC;
}
