/* The firmware of rtl/core_system.v: answers the monitor's frames on the UART, and lets LED 0 blink
 * by the timer interrupt. */
#include "monitor.h"
#include "registers.h"

enum { BLINK_CYCLES = 6000000 };

extern uint8_t firmware_end[]; /* link.ld: behind code, data and the stack's place */
extern uint8_t memory_end[];

static uint32_t read_word(uint32_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

static void write_word(uint32_t address, uint32_t word)
{
    *(volatile uint32_t *)(uintptr_t)address = word;
}

/* All of the memory may be read, what the firmware does not use be written; registers but the
 * UART's, whose reads take bytes. */
static bool may_touch(uint32_t address, bool write)
{
    if (address < (uint32_t)(uintptr_t)memory_end)
        return !write || address >= (uint32_t)(uintptr_t)firmware_end;
    uint32_t uart = (uint32_t)(uintptr_t)&REGISTER_UART_DATA,
             status = (uint32_t)(uintptr_t)&REGISTER_UART_STATUS;
    return address >= REGISTERS_BASE && address <= (uint32_t)(uintptr_t)&REGISTER_CRC_DATA &&
           address != uart && address != status;
}

/* Called by start.S with interrupts off. */
void timer_interrupt(void);
void timer_interrupt(void)
{
    REGISTER_TIME_COMPARE += BLINK_CYCLES;
    REGISTER_LEDS ^= 1;
}

static void note_line_errors(struct monitor *monitor, uint32_t status)
{
    monitor->overruns += status >> 2 & 1;
    monitor->framing_errors += status >> 3 & 1;
}

static void send(struct monitor *monitor, const struct frame *frame)
{
    static uint8_t bytes[FRAME_BYTES_MAX];
    unsigned count = frame_write(frame, bytes);
    for (unsigned i = 0; i < count; i++) {
        uint32_t status;
        while ((status = REGISTER_UART_STATUS) & 2)
            note_line_errors(monitor, status);
        note_line_errors(monitor, status);
        REGISTER_UART_DATA = bytes[i];
    }
}

int main(void)
{
    static struct monitor monitor = {
        .name = "sluice core system", .read = read_word, .write = write_word, .allowed = may_touch};
    static struct frame request, answer;
    REGISTER_TIME_COMPARE = REGISTER_TIME + BLINK_CYCLES;
    for (;;) {
        uint32_t data = REGISTER_UART_DATA;
        note_line_errors(&monitor, REGISTER_UART_STATUS);
        if (!(data & 0x100)) continue;
        for (bool found = frame_read(&monitor.reader, (uint8_t)data, &request); found;
             found = frame_again(&monitor.reader, &request)) {
            monitor_answer(&monitor, &request, &answer);
            send(&monitor, &answer);
        }
    }
}
