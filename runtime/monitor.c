/* See monitor.h. Each request is read before the answer takes its place in the frame. */
#include "monitor.h"

enum { READ_WORDS_MAX = FRAME_PAYLOAD_MAX / 4 };

void monitor_refuse(struct frame *frame, uint8_t code)
{
    frame->type = MONITOR_ERROR;
    frame->length = 1;
    frame->payload[0] = code;
}

static bool may_touch(uint32_t address, unsigned words, bool write)
{
    return (address & 3) == 0 && monitor_may_touch(address, words, write);
}

static uint8_t answer_id(struct monitor *monitor, struct frame *frame)
{
    if (frame->length != 0) return MONITOR_LENGTH;
    monitor->has_last = false; /* a session begins */
    frame_add_word(frame, MONITOR_VERSION);
    frame_add_word(frame, monitor->network);
    frame_add_word(frame, monitor->network_khz);
    frame_add_word(frame, monitor->core_khz);
    for (const char *c = monitor->name; *c && frame->length < FRAME_PAYLOAD_MAX; c++)
        frame->payload[frame->length++] = (uint8_t)*c;
    return 0;
}

static uint8_t answer_counts(struct monitor *monitor, struct frame *frame)
{
    if (frame->length != 0) return MONITOR_LENGTH;
    monitor->counts[COUNT_DROPPED] = monitor->reader.dropped;
    monitor->counts[COUNT_DAMAGED] = monitor->reader.damaged;
    for (int i = 0; i < COUNTS; i++)
        frame_add_word(frame, monitor->counts[i]);
    monitor_add_counts(frame);
    return 0;
}

static uint8_t answer_read(struct frame *frame)
{
    unsigned words = frame->payload[4];
    uint32_t address = frame_word(frame, 0);
    if (frame->length != 5 || words < 1 || words > READ_WORDS_MAX) return MONITOR_LENGTH;
    if (!may_touch(address, words, false)) return MONITOR_ADDRESS;
    frame->length = 0;
    for (; words > 0; words--, address += 4)
        frame_add_word(frame, monitor_read_word(address));
    return 0;
}

/* Words for the load port are in order: place 0 begins anew. */
static uint8_t write(struct monitor *monitor, const struct frame *frame)
{
    unsigned words = frame->length / 4u;
    uint32_t at = frame_word(frame, 0);
    bool loads = frame->type == MONITOR_LOAD;
    if (words < 2 || frame->length % 4) return MONITOR_LENGTH;
    if (loads && at == 0) monitor->loaded = monitor->loaded_crc = 0;
    if (loads && at != monitor->loaded) return MONITOR_INCOMPLETE;
    if (!loads && !may_touch(at, words - 1, true)) return MONITOR_ADDRESS;
    for (unsigned i = 1; i < words; i++) {
        uint32_t word = frame_word(frame, i);
        if (loads) {
            monitor_load_word(monitor->loaded++, word);
            monitor->loaded_crc = frame_crc_word(monitor->loaded_crc, word);
        } else {
            monitor_write_word(at, word);
            at += 4;
        }
    }
    return 0;
}

static uint8_t swap(struct monitor *monitor, const struct frame *frame)
{
    if (frame->length != 8) return MONITOR_LENGTH;
    bool whole = monitor->loaded > 0 && frame_word(frame, 0) == monitor->loaded &&
                 frame_word(frame, 1) == monitor->loaded_crc;
    monitor->loaded = 0;
    return whole && monitor_swap() ? 0 : MONITOR_INCOMPLETE;
}

static uint8_t change(struct monitor *monitor, const struct frame *frame)
{
    if (frame->type == MONITOR_SWAP) return swap(monitor, frame);
    if (frame->type != MONITOR_SPY) return write(monitor, frame);
    if (frame->length != 1) return MONITOR_LENGTH;
    monitor->tells_spy = frame->payload[0] & 1;
    return 0;
}

/* What changes something is carried out once, however often its answer is lost: the same sequence
 * number and CRC as the request before is that request. */
static uint8_t change_once(struct monitor *monitor, struct frame *frame)
{
    uint32_t crc = 0;
    for (unsigned i = 4; i-- > 0;)
        crc = crc << 8 | frame->payload[frame->length + i];
    if (monitor->has_last && monitor->last_sequence == frame->sequence &&
        monitor->last_crc == crc) {
        monitor->counts[COUNT_REPEATED]++;
    } else {
        monitor->last_error = change(monitor, frame);
        monitor->has_last = true;
        monitor->last_sequence = frame->sequence;
        monitor->last_crc = crc;
    }
    frame->length = 0;
    return monitor->last_error;
}

void monitor_answer(struct monitor *monitor, struct frame *frame)
{
    uint8_t error, type = frame->type;
    switch (type) {
    case MONITOR_ID: error = answer_id(monitor, frame); break;
    case MONITOR_COUNTS: error = answer_counts(monitor, frame); break;
    case MONITOR_READ: error = answer_read(frame); break;
    case MONITOR_WRITE:
    case MONITOR_LOAD:
    case MONITOR_SWAP:
    case MONITOR_SPY: error = change_once(monitor, frame); break;
    default: error = monitor_answer_other(frame);
    }
    frame->type = type | MONITOR_ANSWER;
    if (error) monitor_refuse(frame, error);
}
