/* See frame.h. */
#include "frame.h"

static void put_word(uint8_t *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++, word >>= 8)
        bytes[i] = (uint8_t)word;
}

void frame_add_word(struct frame *frame, uint32_t word)
{
    put_word(frame->payload + frame->length, word);
    frame->length = (uint8_t)(frame->length + 4);
}

static uint32_t crc_of(const struct frame *frame)
{
    return frame_crc(0, &frame->length, frame->length + FRAME_HEAD - 1u);
}

unsigned frame_seal(struct frame *frame)
{
    frame->mark = FRAME_MARK;
    put_word(frame->payload + frame->length, crc_of(frame));
    return frame->length + (unsigned)FRAME_OVERHEAD;
}

static bool fits(const struct frame *frame)
{
    uint32_t crc = crc_of(frame);
    const uint8_t *sent = frame->payload + frame->length;
    for (int i = 0; i < 4; i++, crc >>= 8)
        if (sent[i] != (uint8_t)crc) return false;
    return true;
}

static void drop(struct frame_reader *reader, unsigned count)
{
    uint8_t *bytes = (uint8_t *)&reader->frame;
    reader->count -= count;
    for (unsigned i = 0; i < reader->count; i++)
        bytes[i] = bytes[i + count];
}

/* Drops the first byte, and what follows it up to the next mark. */
static void drop_start(struct frame_reader *reader)
{
    const uint8_t *bytes = (uint8_t *)&reader->frame;
    unsigned count = 1;
    while (count < reader->count && bytes[count] != FRAME_MARK)
        count++;
    reader->dropped += count;
    drop(reader, count);
}

bool frame_look(struct frame_reader *reader)
{
    const struct frame *frame = &reader->frame;
    while (reader->count > 0) {
        bool possible =
            frame->mark == FRAME_MARK && (reader->count < 2 || frame->length <= FRAME_PAYLOAD_MAX);
        reader->need = reader->count < 2 ? 2 : frame->length + (unsigned)FRAME_OVERHEAD;
        if (possible && reader->count < reader->need) return false;
        if (possible && fits(frame)) return true;
        reader->damaged += possible;
        drop_start(reader);
    }
    reader->need = 0;
    return false;
}

bool frame_next(struct frame_reader *reader)
{
    drop(reader, reader->frame.length + (unsigned)FRAME_OVERHEAD);
    reader->need = 0;
    return frame_look(reader);
}

bool frame_give_up(struct frame_reader *reader)
{
    while (reader->count > 0) {
        reader->damaged++;
        drop_start(reader);
        if (frame_look(reader)) return true;
    }
    return false;
}
