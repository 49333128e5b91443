// A board's top (clk_i, rx_i, tx_o, leds_o) as a process: its serial line is a pseudo-terminal, and a TCP port of this machine if asked for,
// so that who is at the other end cannot tell it from a board. Who is connected to the port has the line for itself: two at once would
// take each other's answers. Runs until it is killed.
//
//   bench KEY=VALUE ...     bit_cycles=N  clk_i cycles of a bit
//                           tcp=PORT      0: none; on 127.0.0.1 alone, one client at a time
//                           noise=N       of 10,000 bytes of each direction so many are changed, lost or doubled
//                           seed=N
// Prints the path of the pseudo-terminal on a line of its own, once the line can be used.
#include "Vnet.h"
#include "verilated.h"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

namespace {

// Cycles between two looks at what came from outside; seconds without a byte after which the board is simulated
// at a small part of its speed, as nobody is there.
constexpr uint64_t POLL_CYCLES = 2000;
constexpr double IDLE_S = 20;
constexpr size_t HELD_MOST = 1 << 16; // bytes held for somebody who does not read

struct Options {
    uint64_t bit_cycles = 0, tcp = 0, noise = 0, seed = 1;
};

[[noreturn]] void fail(const char *what)
{
    std::fprintf(stderr, "error: %s: %s\n", what, std::strerror(errno));
    std::exit(2);
}

double seconds()
{
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Bytes to and from one file, never waiting.
class Outside {
  public:
    int file = -1;
    std::deque<uint8_t> held; // to be written

    // False when the other side has gone.
    bool read_to(std::deque<uint8_t> &bytes)
    {
        uint8_t buffer[512];
        if (file < 0 || bytes.size() > sizeof buffer) return true;
        ssize_t got = read(file, buffer, sizeof buffer);
        if (got > 0) bytes.insert(bytes.end(), buffer, buffer + got);
        return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
    }
    void give(uint8_t byte)
    {
        if (file >= 0 && held.size() < HELD_MOST) held.push_back(byte);
    }
    void write_held()
    {
        while (file >= 0 && !held.empty()) {
            uint8_t buffer[512];
            size_t count = 0;
            while (count < sizeof buffer && count < held.size()) {
                buffer[count] = held[count];
                count++;
            }
            ssize_t sent = write(file, buffer, count);
            if (sent <= 0) return;
            held.erase(held.begin(), held.begin() + sent);
        }
    }
};

void open_terminal(Outside &terminal)
{
    terminal.file = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal.file < 0 || grantpt(terminal.file) != 0 || unlockpt(terminal.file) != 0) fail("cannot make a pseudo-terminal");
    const char *path = ptsname(terminal.file);
    // Its other end stays open here too, so that clients may come and go.
    int other = open(path, O_RDWR | O_NOCTTY);
    termios settings;
    if (other < 0 || tcgetattr(other, &settings) != 0) fail(path);
    cfmakeraw(&settings);
    tcsetattr(other, TCSANOW, &settings);
    fcntl(terminal.file, F_SETFL, O_NONBLOCK);
    std::printf("%s\n", path);
}

int open_listener(uint64_t port)
{
    int file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (file < 0 || bind(file, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 || listen(file, 1) != 0)
        fail("the TCP port cannot be opened");
    return file;
}

class Board {
  public:
    explicit Board(const Options &o) : options(o), state(o.seed)
    {
        if (o.tcp) listener = open_listener(o.tcp);
        open_terminal(terminal);
        std::fflush(stdout);
        step = o.bit_cycles / 8 > 0 ? o.bit_cycles / 8 : 1;
        top.rx_i = 1;
        advance(20 * o.bit_cycles); // reset: the line is not yet what the board sends
        last_byte = seconds();
    }
    [[noreturn]] void run()
    {
        for (;;) {
            uint64_t end = cycle + POLL_CYCLES;
            while (cycle < end) {
                drive();
                listen_to();
                uint64_t next = cycle + step;
                if (next > edge && edge > cycle) next = edge;
                advance(next);
            }
            poll_outside();
        }
    }

  private:
    Options options;
    Vnet top;
    Outside terminal, client;
    int listener = -1;
    uint64_t state, cycle = 0, step;
    double last_byte;
    std::deque<uint8_t> to_send, incoming;

    // Sender: bits that are left of a byte, and the cycle of the next edge.
    unsigned bits = 0;
    int bits_left = 0;
    uint64_t edge = 0;
    // Receiver: bits to come, the cycle in which the next is looked at.
    int to_come = 0;
    uint64_t look = 0;
    unsigned shift = 0;

    void advance(uint64_t to)
    {
        for (; cycle < to; cycle++) {
            top.clk_i = 1;
            top.eval();
            top.clk_i = 0;
            top.eval();
        }
    }
    uint32_t next()
    {
        uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return static_cast<uint32_t>((z ^ z >> 31) >> 16);
    }
    template <typename F> void damage(uint8_t byte, F deliver)
    {
        if (options.noise == 0 || next() % 10000 >= options.noise) {
            deliver(byte);
            return;
        }
        switch (next() % 3) {
        case 0: return;
        case 1: deliver(byte); deliver(static_cast<uint8_t>(next())); return;
        default: deliver(static_cast<uint8_t>(byte ^ 1u << next() % 8));
        }
    }
    // The line towards the board.
    void drive()
    {
        if (cycle < edge) return;
        if (bits_left == 0) {
            if (to_send.empty()) return;
            bits = 0x200u | static_cast<unsigned>(to_send.front()) << 1;
            to_send.pop_front();
            bits_left = 10;
        }
        top.rx_i = bits & 1;
        bits >>= 1;
        bits_left--;
        edge = cycle + options.bit_cycles;
    }
    // The line from the board.
    void listen_to()
    {
        if (to_come == 0) {
            if (top.tx_o) return;
            to_come = 10;
            look = cycle + options.bit_cycles / 2;
        }
        if (cycle < look) return;
        look += options.bit_cycles;
        unsigned level = top.tx_o;
        if (--to_come > 0) {
            if (to_come < 9) shift = shift >> 1 | level << 7;
            return;
        }
        last_byte = seconds();
        if (level)
            damage(static_cast<uint8_t>(shift), [this](uint8_t byte) { (client.file >= 0 ? client : terminal).give(byte); });
    }
    // One at a time, which has the line for itself.
    void take_client()
    {
        int on = 1, file = listener < 0 ? -1 : accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (file < 0) return;
        if (client.file >= 0) {
            close(file);
            return;
        }
        client.file = file;
        client.held.clear();
        setsockopt(client.file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    void poll_outside()
    {
        take_client();
        terminal.read_to(incoming);
        if (client.file >= 0) incoming.clear();
        if (!client.read_to(incoming)) {
            close(client.file);
            client.file = -1;
        }
        if (!incoming.empty()) last_byte = seconds();
        for (uint8_t byte : incoming)
            damage(byte, [this](uint8_t b) { to_send.push_back(b); });
        incoming.clear();
        terminal.write_held();
        client.write_held();
        if (seconds() - last_byte > IDLE_S) usleep(20000);
    }
};

} // namespace

int main(int argc, char **argv)
{
    Options options;
    for (int i = 1; i < argc; i++) {
        std::string argument = argv[i];
        size_t equals = argument.find('=');
        if (equals == std::string::npos) return 2;
        std::string key = argument.substr(0, equals);
        uint64_t value = std::strtoull(argument.c_str() + equals + 1, nullptr, 10);
        if (key == "bit_cycles") options.bit_cycles = value;
        else if (key == "tcp") options.tcp = value;
        else if (key == "noise") options.noise = value;
        else if (key == "seed") options.seed = value;
        else return 2;
    }
    if (options.bit_cycles < 4) return 2;
    std::signal(SIGPIPE, SIG_IGN);
    Verilated::randReset(0); // as these parts begin: every flip-flop and memory cell that no initial value is given for is 0
    Board board(options);
    board.run();
}
