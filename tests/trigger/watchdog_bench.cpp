// The core's system with tests/trigger/watchdog.S: its port for what is around the network, the watchdog, and what the external interrupt is for.
#include "Vcore_system.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>

namespace {

struct Bench {
    Vcore_system top;
    long cycles = 0;
    int wait = 0;
    uint32_t word = 0, address = 0;
    int level = 1, failures = 0;

    void cycle()
    {
        top.rx_i = static_cast<uint8_t>(level);
        top.clk_i = 0;
        top.eval();
        top.clk_i = 1;
        top.eval();
        cycles++;
        // one word around the network, which takes its time
        top.ext_ready_i = 0;
        top.ext_rdata_i = 0;
        top.eval();
        if (!top.ext_valid_o) wait = 0;
        else if (++wait == 23) {
            address = top.ext_address_o;
            if (top.ext_write_o) word = top.ext_wdata_o;
            top.ext_ready_i = 1;
            top.ext_rdata_i = word;
            wait = 0;
        }
    }
    // Cycles until the LEDs show it, -1 if they do not within the limit.
    long until(unsigned leds, long limit)
    {
        for (long c = 0; c < limit; c++) {
            if (top.leds_o == leds) return c;
            cycle();
        }
        return -1;
    }
    void send(uint8_t byte)
    {
        for (int bit = 0; bit < 10; bit++)
            for (int c = 0; c < 4; c++) {
                level = bit == 0 ? 0 : bit == 9 ? 1 : byte >> (bit - 1) & 1;
                cycle();
            }
    }
    void check(const char *name, bool right)
    {
        std::printf("%s %s\n", right ? "ok" : "not ok", name);
        failures += !right;
    }
};

} // namespace

int main()
{
    Verilated::randReset(2);
    Bench b;
    b.top.frozen_i = 0;
    b.top.rst_i = 1;
    for (int i = 0; i < 10; i++) b.cycle();
    b.top.rst_i = 0;
    b.check("after power-up the watchdog did nothing", b.until(2, 1000) >= 0);
    b.check("a word goes around the network and comes back", b.until(16, 1000) >= 0);
    b.check("at its address", b.address == (1u << 22 | 4));
    long bitten = b.until(3, 200000);
    b.check("two multiples of 65,536 cycles later the watchdog resets the core", bitten > 65536 && bitten <= 2 * 65536 + 100);
    b.send(0x55);
    for (int i = 0; i < 2000; i++) b.cycle();
    b.check("a byte interrupts nothing while that is not enabled", b.top.leds_o == 3);
    b.top.frozen_i = 1;
    b.check("the spy interrupts", b.until(4, 2000) >= 0);
    b.check("and then the byte that came before", b.until(8, 2000) >= 0);
    b.check("nothing is taken for another", b.until(0x80, 2000) < 0);
    b.top.final();
    return b.failures != 0;
}
