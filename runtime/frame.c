/* See frame.h. */
#include "frame.h"

uint16_t frame_crc(uint16_t crc, uint8_t byte)
{
    crc = (uint16_t)(crc ^ byte << 8);
    for (int i = 0; i < 8; i++)
        crc = (uint16_t)(crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1);
    return crc;
}

unsigned frame_write(const struct frame *frame, uint8_t bytes[FRAME_BYTES_MAX])
{
    unsigned count = 0;
    uint16_t crc = 0xffff;
    bytes[count++] = FRAME_MARK;
    bytes[count++] = frame->length;
    bytes[count++] = frame->sequence;
    bytes[count++] = frame->type;
    for (unsigned i = 0; i < frame->length; i++)
        bytes[count++] = frame->payload[i];
    for (unsigned i = 1; i < count; i++)
        crc = frame_crc(crc, bytes[i]);
    bytes[count++] = (uint8_t)crc;
    bytes[count++] = (uint8_t)(crc >> 8);
    return count;
}

static void drop(struct frame_reader *reader, unsigned count)
{
    reader->count -= count;
    for (unsigned i = 0; i < reader->count; i++)
        reader->bytes[i] = reader->bytes[i + count];
}

/* Whether a whole frame stands at the start. */
static bool fits(const struct frame_reader *reader)
{
    unsigned end = reader->bytes[1] + 4u;
    uint16_t crc = 0xffff;
    for (unsigned i = 1; i < end; i++)
        crc = frame_crc(crc, reader->bytes[i]);
    return reader->bytes[end] == (uint8_t)crc && reader->bytes[end + 1] == (uint8_t)(crc >> 8);
}

bool frame_again(struct frame_reader *reader, struct frame *frame)
{
    while (reader->count > 0) {
        bool possible = reader->bytes[0] == FRAME_MARK &&
                        (reader->count < 2 || reader->bytes[1] <= FRAME_PAYLOAD_MAX);
        unsigned whole = reader->bytes[1] + (unsigned)FRAME_OVERHEAD;
        if (possible && (reader->count < 2 || reader->count < whole)) return false;
        if (possible && fits(reader)) {
            frame->length = reader->bytes[1];
            frame->sequence = reader->bytes[2];
            frame->type = reader->bytes[3];
            for (unsigned i = 0; i < frame->length; i++)
                frame->payload[i] = reader->bytes[4 + i];
            drop(reader, whole);
            return true;
        }
        drop(reader, 1);
        reader->dropped++;
    }
    return false;
}

bool frame_read(struct frame_reader *reader, uint8_t byte, struct frame *frame)
{
    reader->bytes[reader->count++] = byte;
    return frame_again(reader, frame);
}
