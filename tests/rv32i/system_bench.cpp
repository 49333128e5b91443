// The core's system with its firmware, spoken to as a host would: bit by bit over the UART.
//
//   bench EXCHANGES      prints ok and not ok lines; the second part, left out for 0 exchanges, has 1 % of the bytes of both directions changed, lost or doubled
#include "Vcore_system.h"
#include "verilated.h"

extern "C" {
#include "monitor.h"
}

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

namespace {

#ifndef UART_DIVIDER
#define UART_DIVIDER 4
#endif
constexpr int DIVIDER = UART_DIVIDER, TRIES = 40;
constexpr long ANSWER_CYCLES = 15000 * DIVIDER; // the longest frame is 2,500 bits
constexpr int BOOT_CYCLES = 200000;
// What the firmware leaves to others: the rest of its block memory, or the SPRAM but for its data.
#ifdef SLUICE_LOADER
constexpr bool LOADER = true;
constexpr uint32_t FREE = 0x40000000, FREE_END = 0x4000fc00;
#else
constexpr bool LOADER = false;
constexpr uint32_t FREE = 0x1900, FREE_END = 0x2000;
#endif

void add(frame &f, uint32_t word) { frame_add_word(&f, word); }
bool is_error(const frame &f, uint8_t code) { return f.type == MONITOR_ERROR && f.length == 1 && f.payload[0] == code; }

struct Host {
    Vcore_system top;
    std::deque<int> to_send; // line levels, one a cycle
    std::vector<uint8_t> heard;
    frame_reader reader = {};
    uint64_t state = 7, cycles = 0;
    bool noisy = false;
    long retries = 0, damaged = 0;
    int wait = 0, left = 0; // receiver: cycles to the next sample, bits to come
    unsigned shift = 0;
    uint8_t sequence = 0;

    uint32_t next()
    {
        uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return static_cast<uint32_t>((z ^ z >> 31) >> 16);
    }
    void reset()
    {
        top.ext_ready_i = 0;
        top.ext_rdata_i = 0;
        top.frozen_i = 0;
        top.rst_i = 1;
        for (int i = 0; i < 10; i++)
            cycle();
        top.rst_i = 0;
    }
    void cycle()
    {
        top.rx_i = 1;
        if (!to_send.empty()) {
            top.rx_i = static_cast<uint8_t>(to_send.front());
            to_send.pop_front();
        }
        top.clk_i = 0;
        top.eval();
        bool outside = top.ext_valid_o && !top.ext_ready_i; // nothing is there: reads 0
        top.clk_i = 1;
        top.eval();
        top.ext_ready_i = outside;
        cycles++;
        listen(top.tx_o);
    }
    void listen(int line)
    {
        if (left == 0) {
            if (line) return;
            left = 10;
            wait = DIVIDER / 2;
        }
        if (wait-- > 0) return;
        wait = DIVIDER - 1;
        if (--left == 0) {
            if (line) damage(static_cast<uint8_t>(shift), [this](uint8_t byte) { heard.push_back(byte); });
        } else if (left < 9) {
            shift = shift >> 1 | static_cast<unsigned>(line) << 7;
        }
    }
    template <typename F> void damage(uint8_t byte, F deliver)
    {
        uint32_t dice = noisy ? next() % 300 : 3;
        damaged += dice < 3;
        if (dice == 0) return;
        if (dice == 1) deliver(static_cast<uint8_t>(next()));
        deliver(dice == 2 ? static_cast<uint8_t>(byte ^ 1u << next() % 8) : byte);
    }
    void send_byte(uint8_t byte)
    {
        for (int bit = 0; bit < 10; bit++)
            to_send.insert(to_send.end(), DIVIDER, bit == 0 ? 0 : bit == 9 ? 1 : byte >> (bit - 1) & 1);
    }
    // Asks until the answer with the request's sequence number comes; false if it never does.
    bool ask(frame request, frame &answer)
    {
        request.sequence = ++sequence;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            unsigned count = frame_seal(&request);
            for (unsigned i = 0; i < count; i++)
                damage(reinterpret_cast<uint8_t *>(&request)[i], [this](uint8_t byte) { send_byte(byte); });
            for (long c = 0; c < ANSWER_CYCLES; c++) {
                cycle();
                if (heard.empty()) continue;
                uint8_t byte = heard.front();
                heard.erase(heard.begin());
                bool is_told = false, is_right = false;
                for (bool found = frame_read(&reader, byte); found; found = frame_next(&reader)) {
                    if (is_error(reader.frame, MONITOR_DAMAGED)) {
                        is_told = true;
                    } else if (reader.frame.sequence == request.sequence &&
                               (reader.frame.type == (request.type | MONITOR_ANSWER) || reader.frame.type == MONITOR_ERROR)) {
                        answer = reader.frame;
                        is_right = true;
                    }
                }
                if (is_right) return true;
                if (is_told) break;
            }
            retries++;
        }
        return false;
    }
};

bool write_word(Host &host, uint32_t address, uint32_t word)
{
    frame request = {}, answer;
    request.type = MONITOR_WRITE;
    add(request, address);
    add(request, word);
    return host.ask(request, answer) && answer.type == (MONITOR_WRITE | MONITOR_ANSWER) && answer.length == 0;
}
bool read_word(Host &host, uint32_t address, uint32_t &word)
{
    frame request = {}, answer;
    request.type = MONITOR_READ;
    add(request, address);
    request.payload[request.length++] = 1;
    if (!host.ask(request, answer) || answer.type != (MONITOR_READ | MONITOR_ANSWER) || answer.length != 4) return false;
    word = frame_word(&answer, 0);
    return true;
}
bool refused(Host &host, uint8_t type, std::vector<uint8_t> payload, uint8_t code)
{
    frame request = {}, answer;
    request.type = type;
    request.length = static_cast<uint8_t>(payload.size());
    std::copy(payload.begin(), payload.end(), request.payload);
    return host.ask(request, answer) && is_error(answer, code);
}
// Starts `words` words of the SPRAM, whose CRC is `crc`: 0, or why not.
int start(Host &host, uint32_t words, uint32_t crc)
{
    frame request = {}, answer;
    request.type = MONITOR_START;
    add(request, words);
    add(request, crc);
    if (!host.ask(request, answer)) return -1;
    return answer.type == MONITOR_ERROR ? answer.payload[0] : answer.type == (MONITOR_START | MONITOR_ANSWER) ? 0 : -1;
}
uint32_t state(Host &host)
{
    frame request = {}, answer;
    request.type = MONITOR_COUNTS;
    return host.ask(request, answer) ? frame_word(&answer, COUNT_STATE) : 0;
}

int failures = 0;
void check(const char *name, bool right)
{
    std::printf("%s %s\n", right ? "ok" : "not ok", name);
    failures += !right;
}

void check_quiet(Host &host)
{
    frame request = {}, answer;
    uint32_t word = 0, before = 0, after = 0;
    for (int i = 0; i < BOOT_CYCLES; i++)
        host.cycle();
    request.type = MONITOR_ID;
    bool named = host.ask(request, answer);
    std::string name(reinterpret_cast<char *>(answer.payload) + 16, answer.length >= 16 ? answer.length - 16u : 0u);
    check("id", named && frame_word(&answer, 0) == MONITOR_VERSION && frame_word(&answer, 1) == 0x12345678 && name == "sluice");
    check("register ID", read_word(host, 0x80000000, word) && word == 0x534c5543);
    check("the map's version", read_word(host, 0x80000004, word) && word == 2);
    check("memory is written and read", write_word(host, FREE_END - 4, 0x12345678) && read_word(host, FREE_END - 4, word) && word == 0x12345678);
    check("the firmware's own memory is refused", refused(host, MONITOR_WRITE, {0, 0, 0, 0, 1, 2, 3, 4}, MONITOR_ADDRESS));
    check("beyond the memory is refused", refused(host, MONITOR_READ, {0, 0x20, 0, 0, 1}, MONITOR_ADDRESS) &&
                                              refused(host, MONITOR_READ, {0, 0xfc, 0, 0x40, 1}, MONITOR_ADDRESS));
    check("a crooked address is refused", refused(host, MONITOR_READ, {2, 0x10, 0, 0, 1}, MONITOR_ADDRESS));
    check("the UART's data register is refused", refused(host, MONITOR_READ, {0x0c, 0, 0, 0x80, 1}, MONITOR_ADDRESS));
    check("the CRC unit, which frames need, is refused", refused(host, MONITOR_WRITE, {0x1c, 0, 0, 0x80, 0, 0, 0, 0}, MONITOR_ADDRESS));
    check("a wrong length is refused", refused(host, MONITOR_READ, {0, 0, 0, 0}, MONITOR_LENGTH));
    check("61 words are refused", refused(host, MONITOR_READ, {0, 0, 0, 0, 61}, MONITOR_LENGTH));
    check("an unknown request is refused", refused(host, 99, {}, MONITOR_UNKNOWN));
    frame longest = {};
    longest.type = MONITOR_WRITE;
    add(longest, FREE);
    for (uint32_t i = 0; i < 59; i++)
        add(longest, 0x01010101 * i);
    bool long_right = host.ask(longest, answer) && answer.length == 0;
    longest = {};
    longest.type = MONITOR_READ;
    add(longest, FREE);
    longest.payload[longest.length++] = 60;
    long_right = long_right && host.ask(longest, answer) && answer.length == 240;
    for (unsigned i = 0; i < 236; i++)
        long_right = long_right && answer.payload[i] == i / 4;
    check("the longest frames, both ways, at full speed", long_right);
    check("LEDs", write_word(host, 0x80000008, 0xa4) && read_word(host, 0x80000008, word) && word == 0xa4 && host.top.leds_o == 0xa4);
    bool timed = read_word(host, 0x80000014, before) && write_word(host, 0x80000018, before + 20000);
    for (int i = 0; i < 40000; i++)
        host.cycle();
    check("the timer's interrupt blinks LED 2", timed && read_word(host, 0x80000008, word) && word == 0x0);
    check("time passes", read_word(host, 0x80000014, after) && after - before > 40000);
    frame counts = {};
    counts.type = MONITOR_COUNTS;
    check("the monitor lost nothing", host.ask(counts, answer) && answer.length == 4 * COUNTS && std::count(answer.payload, answer.payload + 20, 0) == 20);
    check("the CRC of the firmware's image is right", frame_word(&answer, COUNT_STATE) == (STATE_IMAGE | (LOADER ? STATE_LOADER : 0)));
    check("nothing was asked twice", host.retries == 0);
}

// An image that lights LEDs, then hangs until the watchdog.
void check_loader(Host &host)
{
    std::vector<uint32_t> image(16);
    image[0] = 0x0400006f; // j 0x40
    image[1] = 0x12345678; // the network
    image.insert(image.end(), {0x800002b7, 0x05500313, 0x0062a423, 0x0000006f}); // lui t0, 0x80000; li t1, 0x55; sw t1, 8(t0); j .
    auto crc = [&image] {
        uint32_t sum = 0;
        for (uint32_t word : image)
            sum = frame_crc_word(sum, word);
        return sum;
    };
    uint32_t count = static_cast<uint32_t>(image.size()), word;
    frame load = {}, answer;
    load.type = MONITOR_LOAD;
    add(load, 0);
    add(load, 1);
    bool unmarked = read_word(host, 0x17fc, word) && word != 0x10aded;
    check("words for the load port leave a mark for the image", unmarked && host.ask(load, answer) && read_word(host, 0x17fc, word) && word == 0x10aded);
    for (uint32_t i = 0; i < count; i++)
        write_word(host, FREE + 4 * i, image[i]);
    check("an image of another length is not started", start(host, count - 1, crc()) == MONITOR_INCOMPLETE);
    check("nor one whose CRC is wrong", start(host, count, crc() ^ 1) == MONITOR_INCOMPLETE);
    check("nor one beyond the memory", start(host, 0x3f01, 0) == MONITOR_INCOMPLETE);
    check("nor none at all", refused(host, MONITOR_START, {0, 0, 0, 0}, MONITOR_LENGTH));
    write_word(host, FREE + 4 * 17, 0x05500314);
    check("nor one with a word that is damaged", start(host, count, crc()) == MONITOR_INCOMPLETE);
    image[17] = 0x05500314;
    image[1] = 0x12345679;
    write_word(host, FREE + 4, image[1]);
    check("nor one of another network", start(host, count, crc()) == MONITOR_OTHER);
    check("the firmware that boots is still there", start(host, 0, 0) == 0 && state(host) == (STATE_IMAGE | STATE_LOADER));
    image[1] = 0x12345678;
    image[17] = 0x05500313;
    write_word(host, FREE + 4, image[1]);
    write_word(host, FREE + 4 * 17, image[17]);
    check("a whole image is started", start(host, count, crc()) == 0);
    for (int i = 0; i < 1000; i++)
        host.cycle();
    check("and runs", host.top.leds_o == 0x55);
    for (long i = 0; i < (256L << 16); i++)
        host.cycle();
    check("after the watchdog's reset the firmware that boots answers", state(host) == (STATE_IMAGE | STATE_LOADER | STATE_WATCHDOG));
    check("a reset leaves the image as it was", read_word(host, FREE + 4 * 17, word) && word == image[17] && start(host, count, crc()) == 0);
}

void check_noisy(Host &host, long exchanges)
{
    long wrong = 0, silent = 0;
    host.noisy = true;
    for (long i = 0; i < exchanges; i++) {
        uint32_t address = FREE + 4 * (host.next() % 256), word = host.next(), got = 0;
        bool done = write_word(host, address, word) && read_word(host, address, got);
        silent += !done;
        wrong += done && got != word;
    }
    host.noisy = false;
    std::printf("%ld exchanges, %ld bytes damaged, %ld asked again, %ld wrong, %ld unanswered, %llu cycles\n", 2 * exchanges, host.damaged,
                host.retries, wrong, silent, static_cast<unsigned long long>(host.cycles));
    check("a noisy line: never a wrong number", wrong == 0);
    check("a noisy line: every exchange ends right", silent == 0);
    check("a noisy line: bytes were damaged and asked again", host.damaged > exchanges / 10 && host.retries > exchanges / 20);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    Verilated::randReset(2);
    Host host;
    host.reset();
    check_quiet(host);
    long exchanges = std::atol(argv[1]);
    if (exchanges > 0) check_noisy(host, exchanges);
    if (LOADER) check_loader(host);
    host.top.final();
    return failures != 0;
}
