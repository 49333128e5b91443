// The bus bridge between two clocks of any ratio and phase that wander: every access arrives once, with its own word, and what crosses
// unregistered is looked at only after it stood still long enough; resets of either side and accesses that are withdrawn leave nothing behind.
//
//   bench ACCESSES SEED [FAULT]      exit status 1 and a line on the first difference
#include "Vbus_bridge.h"
#include "random.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

namespace {

struct Bench : Random {
    Vbus_bridge top;
    // ---- time in steps; when each clock rises next
    long time = 0, core_next = 5, sys_next = 7, core_period = 10, sys_period = 10;
    std::map<uint32_t, uint32_t> stored, memory; // words as the core knows them, and as the other side has them
    std::set<uint32_t> unsure;                   // written by an access that was withdrawn, or not
    // core
    bool asking = false;
    int rest = 0;
    long asked_at = 0, core_cycles = 0, done = 0, withdrawn = 0, resets = 0;
    uint32_t right = 0;
    bool write = false;
    uint32_t address = 0, wdata = 0;
    // the other side
    int wait = -1;
    long started = 0, changed_core = 0, changed_sys = 0, rdata_changed_core = 0, sys_cycles = 0, frozen_changed = 0;
    uint32_t rdata = 0;
    bool active_before = false, frozen = false;

    [[noreturn]] void fail(const char *what)
    {
        std::printf("step %ld, access %ld: %s\n", time, done, what);
        std::exit(1);
    }
    explicit Bench(uint64_t seed, int fault) : Random(seed)
    {
#ifdef FAULTS
        top.bug_i = static_cast<uint8_t>(fault);
#else
        (void)fault;
#endif
        top.core_valid_i = top.ready_i = top.frozen_i = 0;
        top.rdata_i = 0;
        new_clocks();
        top.core_rst_i = top.rst_i = 1;
        steps(300);
        top.core_rst_i = top.rst_i = 0;
    }
    void new_clocks()
    {
        core_period = 8 + below(60);
        sys_period = below(3) ? 8 + below(20) : 8 + below(100);
    }

    void ask()
    {
        asking = true;
        address = below(64);
        write = below(2) || unsure.count(address);
        wdata = next();
        right = stored[address];
        asked_at = changed_core = core_cycles;
        changed_sys = sys_cycles;
        started = 0;
    }
    void end()
    {
        if (started != 1) fail(started ? "an access arrives twice" : "an access is done that never arrived");
        if (!write && top.core_rdata_o != right) fail("a word is wrong");
        if (core_cycles - rdata_changed_core < 3) fail("the word that was read is looked at too early");
        if (write) {
            stored[address] = wdata;
            unsure.erase(address);
        }
        done++;
        ending = true; // the core takes it at the end of this cycle
    }
    void withdraw() // the watchdog
    {
        asking = false;
        if (write) unsure.insert(address);
        rest = 30 + static_cast<int>(8 * sys_period / core_period);
        withdrawn++;
    }
    void core_cycle()
    {
        core_cycles++;
        if (ending) {
            ending = asking = false;
            rest = static_cast<int>(below(3) * below(6));
        }
        if (frozen_changed + 4 < core_cycles && top.core_frozen_o != frozen) fail("the level does not arrive");
        if (!asking && top.core_ready_o) fail("an answer without a question");
        top.core_rst_i = 0;
        if (asking && top.core_ready_o) {
            end();
        } else if (asking && core_cycles - asked_at > 2000) {
            fail("an access does not end");
        } else if (asking && below(300) == 0) {
            withdraw();
            top.core_rst_i = 1;
        } else if (!asking && rest-- <= 0) {
            ask();
        }
        top.core_valid_i = asking;
        top.core_write_i = write;
        top.core_address_i = address;
        top.core_wdata_i = asking ? wdata : next();
    }
    bool ending = false;

    void sys_cycle()
    {
        sys_cycles++;
        if (top.rst_i) {
            top.ready_i = 0;
            wait = -1;
            return;
        }
        if (top.active_o && !active_before && !top.start_o) fail("an access begins without its start");
        active_before = top.active_o;
        if (top.start_o) {
            if (core_cycles - changed_core < 1 || sys_cycles - changed_sys < 2) fail("an address is looked at too early");
            started++;
            wait = static_cast<int>(below(20));
        }
        top.ready_i = 0;
        if (!top.active_o) {
            wait = -1;
            set_rdata(0);
        } else if (wait == 0) {
            top.ready_i = 1;
            wait = -1;
            if (top.write_o) memory[top.address_o] = top.wdata_o;
            set_rdata(top.write_o ? next() : memory[top.address_o]);
        } else if (wait > 0) {
            wait--;
        }
        if (below(50) == 0 && frozen_changed + 6 < core_cycles) {
            frozen = !frozen;
            frozen_changed = core_cycles;
            top.frozen_i = frozen;
        }
    }
    void set_rdata(uint32_t word)
    {
        if (word != rdata) rdata_changed_core = core_cycles;
        rdata = word;
        top.rdata_i = word;
    }
    void step()
    {
        time = core_next < sys_next ? core_next : sys_next;
        bool core = core_next <= time, sys = sys_next <= time;
        if (core) core_next += core_period + (below(8) == 0);
        if (sys) sys_next += sys_period + (below(8) == 0);
        top.core_clk_i = core;
        top.clk_i = sys;
        top.eval();
        if (sys) sys_cycle();
        if (core) core_cycle();
        top.eval();
        top.core_clk_i = top.clk_i = 0;
        top.eval();
    }
    void steps(long n) { while (n-- > 0) step(); }
    void run(long accesses)
    {
        long limit = 0;
        while (done < accesses) {
            step();
            if (below(2000) == 0) new_clocks();
            if (below(5000) == 0 && !asking) { // the network's side starts anew
                top.rst_i = 1;
                resets++;
                for (long until = sys_cycles + 4; sys_cycles < until;) step();
                top.rst_i = 0;
            }
            if (++limit > 1000 * accesses + 100000) fail("it hangs");
        }
    }
};

} // namespace

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    long accesses = std::atol(argv[1]);
    Bench bench(std::strtoull(argv[2], nullptr, 10), argc > 3 ? std::atoi(argv[3]) : 0);
    bench.run(accesses);
    std::printf("%ld accesses, %ld withdrawn, %ld resets: no difference\n", bench.done, bench.withdrawn, bench.resets);
    bench.top.final();
    return 0;
}
