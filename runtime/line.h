/* The serial line: frames and a human's text, told apart byte by byte. A mark begins a frame; what
 * comes outside frames is text. */
#ifndef SLUICE_RUNTIME_LINE_H
#define SLUICE_RUNTIME_LINE_H

#include "monitor.h"

enum { LINE_TEXT_MAX = 40 };

/* What has been received and waits to be dealt with; the hardware's FIFO, which holds a whole
 * frame, keeps what comes meanwhile. */
struct line {
    bool has_frame;  /* monitor.reader.frame is to be answered */
    bool has_damage; /* a frame was damaged: its sender is to be told */
    bool has_text;   /* text[] is a line, ended by 0 */
    char text[LINE_TEXT_MAX];
};

extern struct line line;
extern struct monitor monitor;

/* Takes what is there, unless something waits. */
void line_poll(void);
/* Cycles since the latest byte came. */
uint32_t line_quiet_cycles(void);
/* Sends monitor.reader.frame, in which no bytes are left then. */
void line_send_frame(void);
/* Text: a string; numbers in decimal and hexadecimal; a name and a number on a line. */
void line_print(const char *text);
void line_print_number(uint32_t number);
void line_print_hex(uint32_t number);
void line_print_pair(const char *name, uint32_t number);

#endif
