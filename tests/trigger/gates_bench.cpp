// A whole board's top, as the cells that are placed, with the firmware in its block memories: boots, and answers over the UART.
//
//   bench BIT_CYCLES [IMAGE]     cycles of clk_i a bit; the fall-back's image for the core's SPRAM, which is loaded, started and asked
//                                to compute stored events; prints ok and not ok lines
#include "Vtop.h"
#include "verilated.h"

extern "C" {
#include "monitor.h"
#include "registers.h"
}

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

constexpr long ANSWER_CYCLES = 400000, START_CYCLES = 4000000; // the CRC of an image takes a million
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
    bool ask(uint8_t type, frame &answer, const std::vector<uint32_t> &words = {}, int count_byte = -1)
    {
        static uint8_t sequence = 0;
        for (int attempt = 0; attempt < TRIES; attempt++) {
            frame request = {};
            request.type = type;
            for (uint32_t word : words)
                frame_add_word(&request, word);
            if (count_byte >= 0) request.payload[request.length++] = static_cast<uint8_t>(count_byte);
            request.sequence = ++sequence;
            unsigned count = frame_seal(&request);
            const uint8_t *bytes = reinterpret_cast<const uint8_t *>(&request);
            for (unsigned i = 0; i < count; i++)
                for (int bit = 0; bit < 10; bit++)
                    levels.insert(levels.end(), static_cast<size_t>(bit_cycles), bit == 0 ? 0 : bit == 9 ? 1 : bytes[i] >> (bit - 1) & 1);
            for (long c = 0; c < (type == MONITOR_START ? START_CYCLES : ANSWER_CYCLES); c++) {
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

std::vector<uint32_t> read(Board &board, uint32_t address, unsigned count)
{
    frame answer = {};
    std::vector<uint32_t> words;
    if (board.ask(MONITOR_READ, answer, {address}, static_cast<int>(count)))
        for (unsigned i = 0; i < answer.length / 4u; i++)
            words.push_back(frame_word(&answer, i));
    return words;
}

int failures = 0;
void check(const char *name, bool right)
{
    std::printf("%s %s\n", right ? "ok" : "not ok", name);
    failures += !right;
}

uint32_t state_of(Board &board)
{
    frame answer = {};
    return board.ask(MONITOR_COUNTS, answer) ? frame_word(&answer, COUNT_STATE) : 0;
}

void check_fallback(Board &board, const char *file)
{
    std::ifstream in(file, std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    std::vector<uint32_t> image(bytes.size() / 4);
    uint32_t crc = 0;
    for (size_t i = 0; i < 4 * image.size(); i++)
        image[i / 4] |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[i])) << 8 * (i % 4);
    for (uint32_t word : image)
        crc = frame_crc_word(crc, word);
    frame answer = {};
    bool written = image.size() > 100;
    for (size_t at = 0; at < image.size(); at += 59) {
        std::vector<uint32_t> words = {MEMORY_SPRAM + 4 * static_cast<uint32_t>(at)};
        for (size_t i = at; i < image.size() && i < at + 59; i++)
            words.push_back(image[i]);
        written = written && board.ask(MONITOR_WRITE, answer, words);
    }
    check("the image is written into the SPRAM", written && (state_of(board) & (STATE_LOADER | STATE_FALLBACK)) == STATE_LOADER);
    check("and started", board.ask(MONITOR_START, answer, {static_cast<uint32_t>(image.size()), crc}));
    uint32_t wanted = STATE_IMAGE | STATE_PASSED | STATE_FALLBACK;
    check("it is whole and its self-check passed", (state_of(board) & (wanted | STATE_WATCHDOG)) == wanted);
    uint32_t strides = read(board, ADDRESS_STRIDES, 1).at(0), geometry = read(board, ADDRESS_GEOMETRY, 1).at(0);
    unsigned inputs = ((geometry & 0xffff) + 31) / 32, outputs = ((geometry >> 16) + 31) / 32;
    bool equal = true;
    for (uint32_t event = 0; event < 8; event++) {
        std::vector<uint32_t> words = read(board, MEMORY_PLAYBACK + 4 * event * (strides & 0xff), inputs);
        std::vector<uint32_t> expected = read(board, MEMORY_EXPECTED + 4 * event * (strides >> 8 & 0xff), outputs);
        words.insert(words.begin(), 0);
        equal = equal && board.ask(MONITOR_EVALUATE, answer, words) && answer.length == 4 + 4 * outputs;
        for (unsigned i = 0; i < outputs; i++)
            equal = equal && frame_word(&answer, 1 + i) == expected.at(i);
    }
    check("the core computes the stored events as expected", equal);
    std::printf("%u cycles of the core for one, %ld of clk_i in all\n", frame_word(&answer, 0), board.cycles);
}

} // namespace

int main(int argc, char **argv)
{
    if (argc != 2 && argc != 3) return 2;
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
    if (argc == 3) check_fallback(board, argv[2]);
    board.top.final();
    return failures != 0;
}
