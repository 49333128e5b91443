/* A byte stream to a board: a serial line (also the pseudo-terminal of a simulated board), or a TCP
 * port of this machine. Every function ends the program with one line on failure. */
#ifndef SLUICE_HOST_PORT_H
#define SLUICE_HOST_PORT_H

#include <stddef.h>
#include <stdint.h>

struct port {
    int file;
    char name[256];
};

/* name: a device, or "tcp:PORT" on 127.0.0.1. 8 data bits, no parity, 1 stop bit, raw, at `baud`,
 * which TCP and pseudo-terminals do not care for. What had been received before is dropped. */
void port_open(struct port *port, const char *name, double baud);
void port_close(struct port *port);

/* Waits for bytes at most timeout_s; returns how many there are, 0 when none came. Ends the program
 * when the other side has gone. */
size_t port_read(struct port *port, uint8_t *bytes, size_t most, double timeout_s);
/* Sends all bytes. */
void port_write(struct port *port, const uint8_t *bytes, size_t count);

#endif
