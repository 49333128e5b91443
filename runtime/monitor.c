/* See monitor.h. Numbers of several bytes go lowest byte first. */
#include "monitor.h"

static uint32_t get_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void add_word(struct frame *frame, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        frame->payload[frame->length++] = (uint8_t)(word >> 8 * i);
}

static void refuse(struct frame *answer, uint8_t code)
{
    answer->type = MONITOR_ERROR;
    answer->length = 1;
    answer->payload[0] = code;
}

static bool all_allowed(const struct monitor *monitor, uint32_t address, unsigned words, bool write)
{
    if (address & 3) return false;
    for (unsigned i = 0; i < words; i++)
        if (!monitor->allowed(address + 4 * i, write)) return false;
    return true;
}

static void answer_id(const struct monitor *monitor, struct frame *answer)
{
    answer->payload[answer->length++] = MONITOR_VERSION;
    for (const char *c = monitor->name; *c && answer->length < FRAME_PAYLOAD_MAX; c++)
        answer->payload[answer->length++] = (uint8_t)*c;
}

static void answer_read(const struct monitor *monitor, const struct frame *request,
                        struct frame *answer)
{
    unsigned words = request->payload[4];
    uint32_t address = get_word(request->payload);
    if (request->length != 5 || words < 1 || words > FRAME_PAYLOAD_MAX / 4) {
        refuse(answer, MONITOR_LENGTH);
        return;
    }
    if (!all_allowed(monitor, address, words, false)) {
        refuse(answer, MONITOR_ADDRESS);
        return;
    }
    for (unsigned i = 0; i < words; i++)
        add_word(answer, monitor->read(address + 4 * i));
}

static void answer_write(const struct monitor *monitor, const struct frame *request,
                         struct frame *answer)
{
    unsigned words = request->length / 4u - 1;
    uint32_t address = get_word(request->payload);
    if (request->length < 8 || request->length % 4) {
        refuse(answer, MONITOR_LENGTH);
        return;
    }
    if (!all_allowed(monitor, address, words, true)) {
        refuse(answer, MONITOR_ADDRESS);
        return;
    }
    for (unsigned i = 0; i < words; i++)
        monitor->write(address + 4 * i, get_word(&request->payload[4 + 4 * i]));
}

void monitor_answer(struct monitor *monitor, const struct frame *request, struct frame *answer)
{
    answer->length = 0;
    answer->sequence = request->sequence;
    answer->type = request->type | MONITOR_ANSWER;
    switch (request->type) {
    case MONITOR_ID:
    case MONITOR_COUNTS:
        if (request->length != 0) {
            refuse(answer, MONITOR_LENGTH);
        } else if (request->type == MONITOR_ID) {
            answer_id(monitor, answer);
        } else {
            add_word(answer, monitor->reader.dropped);
            add_word(answer, monitor->overruns);
            add_word(answer, monitor->framing_errors);
        }
        break;
    case MONITOR_READ: answer_read(monitor, request, answer); break;
    case MONITOR_WRITE: answer_write(monitor, request, answer); break;
    default: refuse(answer, MONITOR_UNKNOWN);
    }
}
