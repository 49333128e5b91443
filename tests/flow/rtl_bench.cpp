// Drives tests/flow/rtl_bench.v and says what is wrong; exit status 1 if anything is. The answers of tiny are computed
// here a second time, from its comment.
#include "Vrtl_bench.h"
#include "verilated.h"

#include <cstdint>
#include <cstdio>

static int failures;

static void expect(bool good, const char *what)
{
    if (good) return;
    std::printf("wrong: %s\n", what);
    failures++;
}

static int field(uint32_t data, int i)
{
    int v = (data >> (6 * i)) & 63;
    return v < 32 ? v : v - 64;
}

static uint32_t tiny(uint32_t data)
{
    int y0 = 3 * field(data, 0) - 2 * field(data, 1) + field(data, 2) + 5;
    int y1 = field(data, 0) + 4 * field(data, 1) - field(data, 2) + 2 * field(data, 3);
    if (y0 < 0) y0 = 0;
    return (uint32_t(y1) & 1023) << 10 | (uint32_t(y0) & 1023);
}

static void tick(Vrtl_bench &top)
{
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

static void check_reset(Vrtl_bench &top)
{
    for (int i = 0; i < 100; i++) {
        tick(top);
        expect(top.rst_o == 1, "reset ends without a locked PLL");
    }
    top.locked_i = 1;
    int held = 0;
    while (top.rst_o && held < 1000)
        tick(top), held++;
    expect(held >= 16 && held < 32, "reset is held for about 16 cycles after the lock");
    top.locked_i = 0;
    for (int i = 0; i < 5; i++)
        tick(top);
    expect(top.rst_o == 1, "losing the lock resets");
    top.locked_i = 1;
    while (top.rst_o)
        tick(top);
}

// One word of 24 bits behind a 1 that marks it, through the shift shell: its answer comes out bit by bit. The 0s
// in front and behind keep valid low elsewhere.
static void check_shift(Vrtl_bench &top, uint32_t data)
{
    for (int i = 0; i < 60; i++)
        top.serial_i = 0, tick(top);
    top.serial_i = 1;
    tick(top);
    for (int i = 23; i >= 0; i--)
        top.serial_i = (data >> i) & 1, tick(top);
    // Bits of data that follow the mark through the register look like valid words too: only the first answer counts,
    // and it is loaded LATENCY + 1 cycles after the mark reached the top.
    top.serial_i = 0;
    for (int i = 0; i < 4; i++)
        tick(top);
    uint32_t got = 0, known = 0;
    for (int i = 0; i < 21; i++) {
        got |= uint32_t(top.serial_o) << i;
        known++;
        // the next word marked by a data bit overwrites what is left
        int next = 22 - i;
        if (next >= 0 && ((data >> (next + 1)) & 1)) break;
        tick(top);
    }
    uint32_t mask = (1u << known) - 1;
    expect((got & mask) == (tiny(data) & mask), "the shift shell's answer");
}

int main(int argc, char **argv)
{
    Verilated::commandArgs(argc, argv);
    Vrtl_bench top;
    top.locked_i = 0;
    top.serial_i = 0;
    check_reset(top);

    int cycles = 0, passed[6] = {}, edges3 = 0, edges2 = 0, register_answers = 0, last3 = 0, last2 = 0;
    int blinks = 0, last_single = 0;
    int words_passed[2] = {};
    while (cycles < 2000) {
        tick(top);
        cycles++;
        for (int p = 0; p < 6; p++)
            if (!passed[p] && ((top.pass_o >> p) & 1)) passed[p] = cycles;
        for (int p = 0; p < 2; p++)
            if (!words_passed[p] && ((top.words_pass_o >> p) & 1)) words_passed[p] = cycles;
        top.clk_i = 0;
        top.eval();
        edges3 += top.clk3_o && !last3, last3 = top.clk3_o;
        edges2 += top.clk2_o && !last2, last2 = top.clk2_o;
        register_answers += top.register_valid_o;
        expect(top.register_error_o == 0, "no error comes out of the register shell");
    }
    expect(passed[0] > 256 && passed[0] < 280, "right answers pass after 256 events");
    expect(passed[1] > 768 && passed[1] < 800, "an event every third cycle passes after 768 cycles");
    expect(!(top.fail_o & 1) && (top.pass_o & 1), "right answers do not fail");
    expect(!(top.fail_o & 2) && (top.pass_o & 2), "right answers every third cycle do not fail");
    expect(!passed[2] && (top.fail_o & 4), "a wrong stored answer is noticed before the first pass is over");
    expect(top.wrong_o == 7, "it is counted once in each of 7 rounds");
    expect(!passed[3] && (top.fail_o & 8), "answers a cycle late are noticed");
    expect((top.fail_o & 16) != 0 && !passed[4], "a missing answer is noticed");
    expect((top.fail_o & 32) != 0 && !(top.pass_o & 32), "the error bit is noticed, after a pass too");
    expect(passed[5] != 0, "the error bit came after the first pass");
    expect(words_passed[0] > 192 && words_passed[0] < 220, "events read word by word pass after 192 cycles");
    expect(!(top.words_fail_o & 1) && (top.words_pass_o & 1), "right answers read word by word do not fail");
    expect(!words_passed[1] && (top.words_fail_o & 2), "a wrong word is noticed before the first pass is over");
    expect(register_answers > 1900, "the register shell hands events on and back");
    expect(edges3 >= 665 && edges3 <= 667, "a divider by three");
    expect(edges2 >= 999 && edges2 <= 1001, "a divider by two");
    expect(((top.pair_o >> 1) & 1) == 0, "an active low LED is low when lit");
    expect((top.row_o & 2) && !(top.row_o & 1), "the fail LED of a row is lit, the pass LED is not");
    expect(((top.row_o >> 3) & 31) == top.wrong_o, "the count is shown");
    expect(((top.row_o >> 8) & 1) == 0, "an LED without a meaning is dark");

    for (int i = 0; i < 3 * 65536; i++) {
        tick(top);
        blinks += top.single_o && !last_single, last_single = top.single_o;
    }
    expect(blinks == 3, "one LED blinks slowly when all is right");
    expect(top.wrong_o == 31, "the count of wrong answers stays at its largest value");

    uint32_t random = 1;
    for (int i = 0; i < 200; i++) {
        random = random * 1664525u + 1013904223u;
        check_shift(top, random >> 8);
    }
    std::printf("%s\n", failures ? "failed" : "ok");
    return failures != 0;
}
