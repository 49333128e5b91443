/* A byte stream to a board: a serial line (also the pseudo-terminal of a simulated board), or a TCP
 * port of this machine. Every function ends the program with one line on failure. */
#ifndef SLUICE_HOST_PORT_H
#define SLUICE_HOST_PORT_H

#include <stddef.h>
#include <stdint.h>

struct host_port {
    int file;
    char name[256];
};

/* name: a device, or "tcp:PORT" on 127.0.0.1. 8 data bits, no parity, 1 stop bit, raw, at `baud`,
 * which TCP and pseudo-terminals do not care for. What had been received before is dropped. */
void host_port_open(struct host_port *port, const char *name, double baud);
void host_port_close(struct host_port *port);

/* Waits for bytes at most timeout_s; returns how many there are, 0 when none came. Ends the program
 * when the other side has gone. */
size_t host_port_read(struct host_port *port, uint8_t *bytes, size_t most, double timeout_s);
/* Sends all bytes. */
void host_port_write(struct host_port *port, const uint8_t *bytes, size_t count);

#endif
