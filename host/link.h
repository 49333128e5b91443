/* Exchanges of frames with a board (docs/reference/monitor.md): each ends with the right answer, or
 * with the program and one line; never with a wrong number. */
#ifndef SLUICE_HOST_LINK_H
#define SLUICE_HOST_LINK_H

#include "host/port.h"
#include "runtime/monitor.h"

#include <stdbool.h>

struct host_link_counts {
    long exchanges; /* that ended with an answer */
    long repeats;   /* requests sent again */
    long damaged;   /* frames of the board that came damaged */
    long stale;     /* answers to requests that had been answered */
    long bytes;     /* of the board */
    long whole;     /* frames of the board that came undamaged, of whatever kind */
};

struct host_link {
    struct host_port *port;
    struct frame_reader reader;
    uint8_t sequence;
    double byte_s; /* longest time that a byte of an exchange took of late */
    struct host_link_counts counts;
    bool frozen;     /* the board told that its spy has frozen */
    int first_tries; /* requests until a board that never said a byte is given up; LINK_TRIES */
};

void host_link_init(struct host_link *link, struct host_port *port);

/* What became of a request: 0, answered; an error of the monitor, MONITOR_UNKNOWN to
 * MONITOR_INCOMPLETE; or, only with may_give_up, LINK_NOISY: `tries` went unanswered. */
enum { LINK_NOISY = -1 };

/* Sends the request and waits for its answer, which takes `bytes` of payload. Asks again as often
 * as need be; without may_give_up, silence of `tries` requests in turn ends the program, and so do
 * 30 times as many that were answered by damaged frames alone. The sequence number and the CRC of
 * the request are set here. */
int host_link_ask(struct host_link *link, struct frame *request, unsigned bytes, int tries,
                  bool may_give_up, struct frame *answer);
enum { LINK_TRIES = 60 };

/* Sends nothing and listens until the board tells that its spy has frozen: true, or timeout_s have
 * passed. */
bool host_link_listen(struct host_link *link, double timeout_s);

#endif
