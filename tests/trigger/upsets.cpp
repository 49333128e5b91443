// Flips single bits of the thresholds, prescales, mask and counts of rtl/decision.v, one after the other, while scores go through it. VOTED 1:
// no decision ever changes, and each flip is seen. VOTED 0: some do, and none is. Which bits there are is read from the model's scopes.
#include "Vdecision.h"
#include "verilated.h"
#include "verilated_syms.h"

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

enum { CLASSES = 5, SCORE_BITS = 12, ROUNDS = 4, EVENTS = 60 };

struct Bit {
    uint8_t *byte;
    int bit;
};

static uint32_t random_state = 1;
static uint32_t next()
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

static void tick(Vdecision &top)
{
    top.clk_i = 0;
    top.eval();
    top.clk_i = 1;
    top.eval();
}

static void give_scores(Vdecision &top)
{
    uint64_t scores = 0;
    for (int k = 0; k < CLASSES; k++)
        scores |= static_cast<uint64_t>(next() & 0xfff) << SCORE_BITS * k;
    top.scores_i = scores;
    top.valid_i = next() % 4 != 0;
}

static void set_up(Vdecision &top)
{
    top.rst_i = 1;
    tick(top);
    top.rst_i = 0;
    for (int k = 0; k < CLASSES; k++) {
        top.put_threshold_i = 1 << k, top.wdata_i = next() & 0xfff;
        tick(top);
        top.put_threshold_i = 0, top.put_prescale_i = 1 << k, top.wdata_i = next() % 5;
        tick(top);
        top.put_prescale_i = 0;
    }
    top.put_mask_i = 1, top.wdata_i = 0x1f;
    tick(top);
    top.put_mask_i = 0, top.apply_i = 1;
    tick(top);
    top.apply_i = 0;
}

// Every bit of every kept register (value_q, or turned_q of those that add) or copy.
static std::vector<Bit> find_bits()
{
    std::vector<Bit> bits;
    for (const auto &scope : *Verilated::threadContextp()->scopeNameMap()) {
        VerilatedVarNameMap *vars = scope.second->varsp();
        if (!vars) continue;
        for (auto &var : *vars)
            if (std::strcmp(var.first, "value_q") == 0 || std::strcmp(var.first, "turned_q") == 0)
                for (int bit = 0; bit < var.second.packed().elements(); bit++)
                    bits.push_back({static_cast<uint8_t *>(var.second.datap()) + bit / 8, bit % 8});
    }
    return bits;
}

// The outputs of EVENTS cycles, in one of which bit number `flip` is flipped (-1: none); whether an upset was seen.
static std::vector<uint32_t> play(int flip, uint32_t seed, bool &seen)
{
    Vdecision top;
    random_state = seed;
    set_up(top);
    std::vector<Bit> bits = find_bits();
    std::vector<uint32_t> outputs;
    seen = false;
    for (int cycle = 0; cycle < EVENTS; cycle++) {
        give_scores(top);
        if (flip >= 0 && cycle == 10) {
            const Bit &bit = bits[static_cast<size_t>(flip)];
            *bit.byte ^= static_cast<uint8_t>(1 << bit.bit);
        }
        tick(top);
        seen |= top.upset_o;
        outputs.push_back(static_cast<uint32_t>(top.passes_o) << 1 | top.accept_o);
    }
    return outputs;
}

int main(int argc, char **argv)
{
    Verilated::commandArgs(argc, argv);
    int count;
    {
        Vdecision top;
        count = static_cast<int>(find_bits().size());
    }
    int changed = 0, unseen = 0, alarms = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        bool seen;
        std::vector<uint32_t> right = play(-1, round + 1, seen);
        alarms += seen;
        for (int flip = 0; flip < count; flip++) {
            changed += play(flip, round + 1, seen) != right;
            unseen += !seen;
        }
    }
    int all = count * ROUNDS;
    std::printf("%d bits, %d flips: %d changed a decision, %d were not seen, %d false alarms\n", count, all, changed, unseen, alarms);
    int registers = CLASSES * (2 * SCORE_BITS + 3 * (8 + 1)) + 2 * CLASSES;
    bool good = count == (VOTED ? 3 * registers : registers) && alarms == 0 &&
                (VOTED ? changed == 0 && unseen == 0 : changed > 0 && unseen == all);
    std::printf(good ? "ok\n" : "not ok\n");
    return !good;
}
