/* See port.h. Linux's own terminal interface, as that of POSIX has no rates but its listed ones. */
#include "host/port.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WRITE_TIMEOUT_MS = 20000 };

static int open_tcp(const char *name)
{
    char *end;
    long number = strtol(name + 4, &end, 10);
    if (end == name + 4 || *end || number < 1 || number > 65535)
        fail("%s: the port is a number from 1 to 65535, as in tcp:5000", name);
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (file < 0 || connect(file, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("%s: cannot connect to 127.0.0.1: %s", name, strerror(errno));
    setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return file;
}

static void make_raw(int file, const char *name, double baud)
{
    struct termios2 settings;
    if (ioctl(file, TCGETS2, &settings) != 0)
        fail("%s: not a serial port; a board's is something like /dev/ttyUSB1", name);
    settings.c_iflag = IGNBRK | IGNPAR;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL | BOTHER;
    settings.c_ispeed = settings.c_ospeed = (speed_t)(baud + 0.5);
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    if (ioctl(file, TCSETS2, &settings) != 0)
        fail("%s: cannot be set to %.0f baud: %s", name, baud, strerror(errno));
    ioctl(file, TCFLSH, TCIOFLUSH);
    /* An FT2232H holds what it received for 16 ms otherwise; other ports may not know this. */
    struct serial_struct serial;
    if (ioctl(file, TIOCGSERIAL, &serial) == 0) {
        serial.flags = (int)((unsigned)serial.flags | ASYNC_LOW_LATENCY);
        ioctl(file, TIOCSSERIAL, &serial);
    }
}

void host_port_open(struct host_port *port, const char *name, double baud)
{
    snprintf(port->name, sizeof port->name, "%s", name);
    if (strncmp(name, "tcp:", 4) == 0) {
        port->file = open_tcp(name);
        return;
    }
    port->file = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->file < 0) fail("%s: cannot open: %s", name, strerror(errno));
    /* Before anything of another program's exchanges is touched. */
    if (flock(port->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        fail("%s: another program has locked it; one at a time can talk to a board", name);
    make_raw(port->file, name, baud);
}

void host_port_close(struct host_port *port)
{
    if (port->file >= 0) close(port->file);
    port->file = -1;
}

size_t host_port_read(struct host_port *port, uint8_t *bytes, size_t most, double timeout_s)
{
    struct pollfd wait = {.fd = port->file, .events = POLLIN};
    int ready = poll(&wait, 1, timeout_s > 0 ? (int)(timeout_s * 1000 + 0.999) : 0);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return 0;
    ssize_t got = read(port->file, bytes, most);
    if (got > 0) return (size_t)got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    bool is_tcp = strncmp(port->name, "tcp:", 4) == 0;
    if (is_tcp)
        fail("%s: the other end has closed the connection, as it does where it has one already",
             port->name);
    fail("%s: the board has gone%s%s", port->name, got < 0 ? ": " : "",
         got < 0 ? strerror(errno) : "");
}

void host_port_write(struct host_port *port, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = write(port->file, bytes, count);
        if (sent > 0) {
            bytes += sent;
            count -= (size_t)sent;
            continue;
        }
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            fail("%s: the board has gone: %s", port->name, strerror(errno));
        struct pollfd wait = {.fd = port->file, .events = POLLOUT};
        if (poll(&wait, 1, WRITE_TIMEOUT_MS) == 0)
            fail("%s: nothing can be sent for %d s", port->name, WRITE_TIMEOUT_MS / 1000);
    }
}
