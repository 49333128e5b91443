/* Frames of the monitor's protocol, the same C on the core and on the host
 * (docs/reference/monitor.md):
 *
 *   0xc5  length  sequence  type  payload[length]  CRC (4 bytes, lowest first)
 *
 * The CRC is CRC-32 as zlib and Ethernet have it, over length, sequence, type and payload. A
 * receiver that meets anything else drops bytes until a frame fits. Freestanding: no allocation,
 * no library. */
#ifndef SLUICE_RUNTIME_FRAME_H
#define SLUICE_RUNTIME_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FRAME_MARK = 0xc5,
    FRAME_PAYLOAD_MAX = 240,
    FRAME_HEAD = 4,
    FRAME_OVERHEAD = 8,
    FRAME_BYTES_MAX = FRAME_PAYLOAD_MAX + FRAME_OVERHEAD
};

/* The bytes as they are on the line, the CRC behind the last byte of the payload. */
struct frame {
    uint8_t mark, length, sequence, type;
    uint8_t payload[FRAME_PAYLOAD_MAX + 4];
} __attribute__((aligned(4)));

/* A receiver; all zero to begin with. */
struct frame_reader {
    struct frame frame;
    unsigned count, need; /* bytes that are there; that there must be before the next look */
    uint32_t dropped;     /* bytes that belonged to no frame */
    uint32_t damaged;     /* of them marks with a whole frame's bytes behind them */
};

/* CRC-32 of bytes behind others whose CRC is `crc`, 0 if there are none. frame_crc.c computes it;
 * the firmware has the CRC unit do so. */
uint32_t frame_crc(uint32_t crc, const uint8_t *bytes, unsigned count);
/* The same of a word's bytes, the lowest first. */
static inline uint32_t frame_crc_word(uint32_t crc, uint32_t word);

/* Words of a payload: the i-th; one more, which grows the frame. */
static inline uint32_t frame_word(const struct frame *frame, unsigned i);
void frame_add_word(struct frame *frame, uint32_t word);

/* Puts mark and CRC to a frame whose length, sequence, type and payload are set. Returns how many
 * bytes there are to send from its start on. */
unsigned frame_seal(struct frame *frame);

/* Takes a byte. True when reader->frame is a whole frame that fits: it is to be dealt with, then
 * frame_next() called. */
static inline bool frame_read(struct frame_reader *reader, uint8_t byte);
/* Takes the frame away; true when bytes that are there already make another. */
bool frame_next(struct frame_reader *reader);
/* No more bytes come: what has begun is no frame. True as for frame_next(). */
bool frame_give_up(struct frame_reader *reader);

bool frame_look(struct frame_reader *reader); /* for frame_read() */

static inline uint32_t frame_word(const struct frame *frame, unsigned i)
{
    const uint8_t *bytes = frame->payload + 4 * i;
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static inline uint32_t frame_crc_word(uint32_t crc, uint32_t word)
{
    uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                        (uint8_t)(word >> 24)};
    return frame_crc(crc, bytes, sizeof bytes);
}

static inline bool frame_read(struct frame_reader *reader, uint8_t byte)
{
    ((uint8_t *)&reader->frame)[reader->count++] = byte;
    return reader->count >= reader->need && frame_look(reader);
}

#endif
