/* The firmware: checks itself, then answers frames and a human's commands on the line. */
#include "information.h"
#include "line.h"
#include "loader.h"
#include "recheck.h"
#include "shell.h"
#include "trigger.h"

extern const volatile struct information information; /* start.S */
extern const uint8_t image_start[], image_end[];      /* start.S, link.ld */
extern uint8_t firmware_end[];                        /* behind the stack's place */

/* LEAST_MEMORY: a board's core has so much at least. */
enum { BLINK_CYCLES = 1 << 22, IRQ_TIMER = 7, LEAST_MEMORY = 6 << 10 };

static volatile bool has_frozen;

uint32_t monitor_read_word(uint32_t address)
{
    return REGISTER_AT(address);
}

/* A spy that is armed anew may freeze before the next word is read: its interrupt is let in here.
 */
void monitor_write_word(uint32_t address, uint32_t word)
{
    recheck_wrote(address, word);
    REGISTER_AT(address) = word;
    if (address != ADDRESS_CONTROL || !(word & CONTROL_ARM)) return;
    has_frozen = false;
    REGISTER_INTERRUPT = INTERRUPT_FROZEN;
}

/* The memory may be read, what the firmware does not use be written; registers but the UART's,
 * whose reads take bytes, and those the firmware needs; what stands around the network, if it is
 * there. */
bool monitor_may_touch(uint32_t address, unsigned words, bool write)
{
    uint32_t end = address + 4 * words, memory = information.memory_bytes;
    if (!memory) memory = LEAST_MEMORY;
    if (address < memory)
        return end <= memory && (!write || address >= (uint32_t)(uintptr_t)firmware_end);
    if (address >= EVENTS_BASE) return trigger_is_there();
    if (address < REGISTERS_BASE) return loader_may_touch(address, end, write);
    return end <= ADDRESS_CRC && (end <= ADDRESS_UART_DATA || address > ADDRESS_UART_STATUS);
}

/* A word for the load port, whose address goes on by itself. */
void monitor_load_word(uint32_t place, uint32_t word)
{
    if (place == 0) REGISTER_LOAD_ADDRESS = 0;
    recheck_load(place, word);
    REGISTER_LOAD_DATA = word;
}

bool monitor_swap(void)
{
    recheck_swap();
    REGISTER_CONTROL = CONTROL_SWAP;
    return REGISTER_STATUS & STATUS_LOADABLE;
}

uint8_t monitor_answer_other(struct frame *frame)
{
    return frame->type == MONITOR_START ? loader_answer(frame) : recheck_answer(frame);
}

void monitor_add_counts(struct frame *frame)
{
    recheck_add_counts(frame);
}

/* Called by start.S with interrupts off; `cause` is the low part of mcause. */
void interrupt(uint32_t cause);
void interrupt(uint32_t cause)
{
    if (cause == IRQ_TIMER) {
        REGISTER_TIME_COMPARE = REGISTER_TIME + BLINK_CYCLES;
        trigger_blink();
    } else {
        REGISTER_INTERRUPT = 0; /* until the spy is armed again */
        has_frozen = true;
    }
}

static void start(void)
{
    monitor.network = information.network;
    monitor.network_khz = information.network_khz;
    monitor.core_khz = information.core_khz;
    monitor.name = (const char *)information.name;
    if (!*monitor.name) monitor.name = "sluice";
    uint32_t crc = frame_crc(0, image_start, (unsigned)(image_end - image_start));
    monitor.counts[COUNT_STATE] = LOADER_STATE;
    if (crc == *(const uint32_t *)image_end) monitor.counts[COUNT_STATE] |= STATE_IMAGE;
    if (REGISTER_WATCHDOG & 0x100) monitor.counts[COUNT_STATE] |= STATE_WATCHDOG;
    REGISTER_WATCHDOG = WATCHDOG_TICKS;
    REGISTER_TIME_COMPARE = REGISTER_TIME;
    if (!trigger_is_there()) return;
    if (!(monitor.counts[COUNT_STATE] & STATE_WATCHDOG)) trigger_let_pass();
    trigger_check();
    recheck_start();
}

static void poll_spy(void)
{
    /* A frame that is coming in has the buffer. */
    if (!has_frozen || monitor.reader.count > 0) return;
    has_frozen = false;
    shell_frozen();
    if (!monitor.tells_spy) return;
    struct frame *frame = &monitor.reader.frame;
    frame->length = frame->sequence = 0;
    frame->type = MONITOR_FROZEN;
    frame_add_word(frame, REGISTER_SPY_STATE);
    frame_add_word(frame, REGISTER_STATUS);
    line_send_frame();
}

int main(void)
{
    struct frame *frame = &monitor.reader.frame;
    start();
    for (;;) {
        REGISTER_WATCHDOG = WATCHDOG_TICKS;
        line_poll();
        if (line.has_frame) {
            monitor_answer(&monitor, frame);
            line_send_frame();
            line.has_frame = false;
        } else if (line.has_damage && monitor.reader.count == 0) {
            line.has_damage = false;
            frame->sequence = 0;
            monitor_refuse(frame, MONITOR_DAMAGED);
            line_send_frame();
        }
        if (line.has_text) shell_line(line.text);
        line.has_text = false;
        loader_poll();
        poll_spy();
        recheck_poll();
    }
}
