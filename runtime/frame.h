/* Frames of the monitor's protocol, the same C on the core and on the host
 * (docs/reference/monitor.md):
 *
 *   0xc5  length  sequence  type  payload[length]  CRC low  CRC high
 *
 * The CRC-16/CCITT (polynomial 0x1021, start 0xffff) is taken over length, sequence, type and
 * payload. A receiver that meets anything else drops bytes until a frame fits. Freestanding: no
 * allocation, no library. */
#ifndef SLUICE_RUNTIME_FRAME_H
#define SLUICE_RUNTIME_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FRAME_MARK = 0xc5,
    FRAME_PAYLOAD_MAX = 64,
    FRAME_OVERHEAD = 6,
    FRAME_BYTES_MAX = FRAME_PAYLOAD_MAX + FRAME_OVERHEAD
};

struct frame {
    uint8_t length, sequence, type;
    uint8_t payload[FRAME_PAYLOAD_MAX];
};

/* A receiver; all zero to begin with. */
struct frame_reader {
    uint8_t bytes[FRAME_BYTES_MAX];
    unsigned count;
    uint32_t dropped; /* bytes that belonged to no frame */
};

uint16_t frame_crc(uint16_t crc, uint8_t byte);
/* Returns the number of bytes written, at most FRAME_BYTES_MAX. frame->length is at most
 * FRAME_PAYLOAD_MAX. */
unsigned frame_write(const struct frame *frame, uint8_t bytes[FRAME_BYTES_MAX]);
/* Takes a byte; true when it completes a frame, which is then in *frame. */
bool frame_read(struct frame_reader *reader, uint8_t byte, struct frame *frame);
/* The next frame among bytes already taken: to be called until false after each frame. */
bool frame_again(struct frame_reader *reader, struct frame *frame);

#endif
