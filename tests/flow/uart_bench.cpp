// rtl/uart.v with DIVIDER 20 on lines of 15 to 25 cycles a bit: argument "measured" expects all bytes behind the first one of each line
// to come right and to be sent at the line's rate, "given" that those far from 20 do not.
#include "Vuart.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

enum { DIVIDER = 20, BYTES = 300, IDLE = 40 * DIVIDER };

struct Line {
    Vuart top;
    uint32_t random = 1;
    std::vector<uint8_t> heard;
    std::vector<int> sent;  // the level that the UART sends, cycle by cycle

    uint32_t next()
    {
        random = random * 1664525 + 1013904223;
        return random >> 8;
    }
    void cycle(int level)
    {
        top.rx_i = level;
        top.rx_take_i = top.rx_valid_o;
        if (top.rx_valid_o) heard.push_back(top.rx_data_o);
        top.clk_i = 0;
        top.eval();
        top.clk_i = 1;
        top.eval();
        sent.push_back(top.tx_o);
    }
    void rest(int cycles)
    {
        while (cycles-- > 0)
            cycle(1);
    }
    void send(uint8_t byte, int length)
    {
        for (int bit = 0; bit < 10; bit++)
            for (int c = 0; c < length; c++)
                cycle(bit == 0 ? 0 : bit == 9 ? 1 : byte >> (bit - 1) & 1);
    }
    // Bytes of the BYTES behind the first that did not come, in order, as they were sent.
    int lost(int length)
    {
        std::vector<uint8_t> told;
        rest(IDLE);
        send(0xc5, length);
        rest(IDLE);
        heard.clear();
        for (int i = 0; i < BYTES; i++) {
            told.push_back(static_cast<uint8_t>(next()));
            send(told.back(), length);
            rest(static_cast<int>(next() % 3) * length);
        }
        rest(IDLE);
        size_t right = 0;
        for (size_t i = 0; i < told.size() && i < heard.size(); i++)
            right += told[i] == heard[i];
        return BYTES - static_cast<int>(right) + (heard.size() > told.size() ? 1 : 0);
    }
    // Cycles of the start bit of a byte that the UART sends.
    int sent_length()
    {
        sent.clear();
        top.tx_give_i = 1;
        top.tx_data_i = 0xff;
        cycle(1);
        top.tx_give_i = 0;
        rest(IDLE);
        int low = 0;
        for (int level : sent)
            low += level == 0;
        return low;
    }
};

int main(int argc, char **argv)
{
    Verilated::commandArgs(argc, argv);
    bool measured = argc > 1 && std::strcmp(argv[1], "measured") == 0;
    Line line;
    int failures = 0;
    line.top.rst_i = 1;
    line.rest(4);
    line.top.rst_i = 0;
    // Jumps among the rates: a byte without a stop bit, or none that makes sense, makes it measure again.
    for (int length : {20, 18, 22, 16, 24, 15, 25, 19, 21, 17, 23, 20}) {
        int lost = line.lost(length);
        for (int again = 0; measured && lost && again < 3; again++)
            lost = line.lost(length);
        int low = line.sent_length(), want = measured ? length : DIVIDER;
        bool near = length == DIVIDER, good = (measured || near ? lost == 0 : length < 19 || length > 21 ? lost > 0 : true) && low == want;
        std::printf("%s %d cycles a bit: %d of %d lost, %d cycles a bit sent\n", good ? "ok" : "not ok", length, lost, int(BYTES), low);
        failures += !good;
    }
    return failures != 0;
}
