// A whole board's top, as the cells that are placed, with the firmware in its block memories: boots, and answers over the UART.
//
//   bench BIT_CYCLES     cycles of clk_i a bit; prints ok and not ok lines
#include "Vtop.h"
#include "verilated.h"

extern "C" {
#include "monitor.h"
}

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>

namespace {

constexpr long ANSWER_CYCLES = 400000;
constexpr int TRIES = 20;

struct Board {
    Vtop top;
    int bit_cycles, left = 0;
    long wait = 0, cycles = 0;
    unsigned shift = 0;
    std::deque<int> levels;
    std::deque<uint8_t> heard;
    frame_reader reader = {};

    void cycle()
    {
        top.rx_i = 1;
        if (!levels.empty()) {
            top.rx_i = static_cast<uint8_t>(levels.front());
            levels.pop_front();
        }
        top.clk_i = 0;
        top.eval();
        top.clk_i = 1;
        top.eval();
        cycles++;
        if (left == 0) {
            if (top.tx_o) return;
            left = 10;
            wait = bit_cycles / 2;
        }
        if (wait-- > 0) return;
        wait = bit_cycles - 1;
        if (--left == 0) {
            if (top.tx_o) heard.push_back(static_cast<uint8_t>(shift));
        } else if (left < 9) {
            shift = shift >> 1 | static_cast<unsigned>(top.tx_o) << 7;
        }
    }
    bool ask(uint8_t type, frame &answer)
    {
        static uint8_t sequence = 0;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            frame request = {};
            request.type = type;
            request.sequence = ++sequence;
            unsigned count = frame_seal(&request);
            const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&request);
            for (unsigned i = 0; i < count; i++)
                for (int bit = 0; bit < 10; bit++)
                    levels.insert(levels.end(), static_cast<size_t>(bit_cycles), bit == 0 ? 0 : bit == 9 ? 1 : bytes[i] >> (bit - 1) & 1);
            for (long c = 0; c < ANSWER_CYCLES; c++) {
                cycle();
                if (heard.empty()) continue;
                uint8_t byte = heard.front();
                heard.pop_front();
                for (bool found = frame_read(&reader, byte); found; found = frame_next(&reader))
                    if (reader.frame.type == (type | MONITOR_ANSWER) && reader.frame.sequence == sequence) {
                        answer = reader.frame;
                        return true;
                    }
            }
        }
        return false;
    }
};

int failures = 0;
void check(const char *name, bool right)
{
    std::printf("%s %s\n", right ? "ok" : "not ok", name);
    failures += !right;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    Board board;
    board.bit_cycles = std::atoi(argv[1]);
    frame answer = {};
    bool named = board.ask(MONITOR_ID, answer);
    check("the board answers id", named && frame_word(&answer, 0) == MONITOR_VERSION);
    std::printf("%.*s, %u and %u kHz, after %ld cycles\n", named ? answer.length - 16 : 0, reinterpret_cast<char *>(answer.payload) + 16,
                frame_word(&answer, 2), frame_word(&answer, 3), board.cycles);
    bool counted = board.ask(MONITOR_COUNTS, answer);
    uint32_t state = frame_word(&answer, COUNT_STATE);
    check("the firmware's image is whole", counted && (state & STATE_IMAGE));
    check("the self-check played the stored events and all answers were right",
          counted && (state & STATE_PASSED) && frame_word(&answer, COUNT_CHECKED) >= 32 && frame_word(&answer, COUNT_WRONG) == 0);
    std::printf("%u events checked\n", frame_word(&answer, COUNT_CHECKED));
    check("it was not the watchdog", counted && !(state & STATE_WATCHDOG));
    board.top.final();
    return failures != 0;
}
