// The trigger system against its model: random episodes of playing with gaps, bursts, thresholds and prescales that change on the way, spying,
// uploads, and a network that now and then answers wrongly, late, or not at all. Every port, counter, record and stored word must agree.
//
//   bench EPISODES SEED [FAULT]      exit status 1 and a line on the first difference
#include "Vtrigger_system.h"
#include "verilated.h"

extern "C" {
#include "model.h"
#include "random.h"
#include "registers.h"
}

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

namespace {

// The shape is given to the compiler as it is given to Verilator.
constexpr shape SHAPE = {IN_BITS,     OUT_BITS,   LATENCY_CYCLES, INTERVAL_CYCLES, CLASSES,     SCORE_BITS, CLASS_NUMBER,
                         EVENT_LANES, EVENT_ROWS, ANSWER_LANES,   ANSWER_ROWS,     EVENTS,      RECORDS,    SPY_INPUTS,
                         LOAD_ADDRESS_BITS, LOAD_DATA_BITS};
constexpr int EVENT_WORDS = EVENT_LANES * EVENT_ROWS, ANSWER_WORDS = ANSWER_LANES * ANSWER_ROWS;
constexpr int LEAST_GAP = INTERVAL_CYCLES > EVENT_ROWS ? INTERVAL_CYCLES : EVENT_ROWS;
constexpr int COUNTERS = 8 + CLASSES, EFFECT = 11, SEEN = 0x5a3c96; // cycles from the start of an access to what it does

constexpr int power_of_two(int least) { return least <= 1 ? 1 : 2 * power_of_two((least + 1) / 2); }
constexpr int RECORD_WORDS = power_of_two(1 + ANSWER_WORDS), INPUT_WORDS = SPY_INPUTS ? EVENT_LANES * power_of_two(EVENT_ROWS) : 0;

template <typename T> uint32_t word_of(const T &port, int i) { return static_cast<uint32_t>(static_cast<uint64_t>(port) >> (32 * i)); }
template <std::size_t N> uint32_t word_of(const VlWide<N> &port, int i) { return port[i]; }
template <typename T> void set_words(T &port, const uint32_t *words, int bits)
{
    uint64_t value = words[0];
    if (bits > 32) value |= static_cast<uint64_t>(words[1]) << 32;
    port = static_cast<T>(bits < 64 ? value & ((UINT64_C(1) << bits) - 1) : value);
}
template <std::size_t N> void set_words(VlWide<N> &port, const uint32_t *words, int bits)
{
    for (std::size_t i = 0; i < N; i++) port[i] = words[i];
    if (bits % 32) port[N - 1] &= (UINT32_C(1) << bits % 32) - 1;
}

[[noreturn]] void fail(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    std::vprintf(format, list);
    va_end(list);
    std::printf("\n");
    std::exit(1);
}

struct Answer {
    bool there;
    uint32_t words[WORDS_MAX];
};

struct Bench : Random {
    std::unique_ptr<Vtrigger_system> top;
    std::unique_ptr<model> m{new model};
    uint32_t events[EVENTS_MAX][WORDS_MAX] = {}, expected[EVENTS_MAX][WORDS_MAX] = {};
    long time = 0, given = 0, faults = 0, loaded = 0, freezes = 0, records_seen = 0, late_seen = 0;
    std::map<long, Answer> answers; // of the network, by cycle
    std::map<long, step> inside;    // pulses of CONTROL, by cycle
    bool frozen_before = false;
    int fault_of_1000 = 0;

    bool often(uint32_t of_100) { return below(100) < of_100; }

    static void mask(uint32_t *words, int bits, int count)
    {
        for (int i = 0; i < count; i++) {
            int left = bits - 32 * i;
            if (left <= 0) words[i] = 0;
            else if (left < 32) words[i] &= (UINT32_C(1) << left) - 1;
        }
    }
    // What the network makes of an event: any function will do.
    static void compute(const uint32_t *event, uint32_t *answer)
    {
        uint32_t hash = 2166136261u;
        for (int i = 0; i < EVENT_WORDS; i++) hash = (hash ^ event[i]) * 16777619u ^ hash >> 15;
        for (int i = 0; i < ANSWER_WORDS; i++) answer[i] = hash = (hash ^ static_cast<uint32_t>(i)) * 2654435761u ^ hash >> 13;
        mask(answer, OUT_BITS, ANSWER_WORDS);
    }
    void random_event(int e)
    {
        for (int i = 0; i < EVENT_WORDS; i++) events[e][i] = next();
        mask(events[e], IN_BITS, EVENT_WORDS);
        compute(events[e], expected[e]);
        if (often(2)) expected[e][0] ^= 1u << below(OUT_BITS < 32 ? OUT_BITS : 32);
    }
    static void write_rows(const char *name, uint32_t (*data)[WORDS_MAX], int rows, int lanes)
    {
        FILE *file = std::fopen(name, "w");
        if (!file) fail("cannot write %s", name);
        for (int e = 0; e < EVENTS; e++)
            for (int row = 0; row < rows; row++) {
                for (int lane = lanes - 1; lane >= 0; lane--) std::fprintf(file, "%08x", data[e][row * lanes + lane]);
                std::fprintf(file, "\n");
            }
        std::fclose(file);
    }

    explicit Bench(uint64_t seed, int fault) : Random(seed)
    {
        for (int e = 0; e < EVENTS; e++) random_event(e);
        write_rows("patterns_in.hex", events, EVENT_ROWS, EVENT_LANES);
        write_rows("patterns_out.hex", expected, ANSWER_ROWS, ANSWER_LANES);
        top.reset(new Vtrigger_system);
        model_init(m.get(), &SHAPE);
        m->events = events;
        m->expected = expected;
#ifdef FAULTS
        top->bug_i = static_cast<uint8_t>(fault);
#else
        (void)fault;
#endif
        top->rst_i = 1;
        top->start_i = top->active_i = top->write_i = top->valid_i = top->error_i = top->load_ready_i = top->load_bank_i = 0;
        top->seen_i = SEEN;
        top->address_i = top->wdata_i = 0;
        for (int i = 0; i < 200; i++) edge();
        top->rst_i = 0;
    }

    void edge()
    {
        top->clk_i = 0;
        top->eval();
        top->clk_i = 1;
        top->eval();
    }

    // ---- a cycle: look at the outputs, let the network and the model do theirs, set the inputs
    void schedule(const uint32_t *event)
    {
        Answer answer = {true, {}};
        compute(event, answer.words);
        long due = time + LATENCY_CYCLES;
        uint32_t dice = below(1000);
        if (static_cast<int>(dice) < fault_of_1000) {
            faults++;
            switch (dice % 3) {
            case 0: answer.there = false; break;
            case 1: answer.words[0] ^= 1u << below(OUT_BITS < 32 ? OUT_BITS : 32); break;
            default: due += INTERVAL_CYCLES > 1; // late, if nothing else is due then
            }
        }
        answers[due] = answer;
    }
    void extra()
    {
        if (fault_of_1000 == 0 || below(200) != 0) return;
        auto near = answers.lower_bound(time - 3 * ANSWER_ROWS - 3);
        if (near != answers.end() && near->first <= time + ANSWER_ROWS + 1) return;
        for (int i = m->due.head; i != m->due.tail; i++)
            if (std::labs(m->due.items[i % WAITING_MAX].time - time) <= ANSWER_ROWS + 1) return;
        if (time < last_answer + ANSWER_ROWS + 2) return;
        answer_unasked(time);
    }
    long last_answer = -1000;

    void check_load()
    {
        if (top->load_valid_o != m->load_valid || top->load_swap_o != m->load_swap)
            fail("cycle %ld: load_valid_o, load_swap_o are %d, %d", time, top->load_valid_o, top->load_swap_o);
        if (!m->load_valid) return;
        loaded++;
        if (top->load_address_o != m->load_address) fail("cycle %ld: load_address_o is %u, not %u", time, top->load_address_o, m->load_address);
        mask(m->load_word, LOAD_DATA_BITS, LOAD_PARTS_MAX);
        for (int i = 0; 32 * i < LOAD_DATA_BITS; i++)
            if (word_of(top->load_data_o, i) != m->load_word[i]) fail("cycle %ld: load_data_o is wrong in its part %d", time, i);
    }

    void tick()
    {
        extra();
        step now = {};
        auto pulse = inside.find(time);
        if (pulse != inside.end()) now = pulse->second;
        auto found = answers.find(time);
        uint32_t none[WORDS_MAX];
        for (auto &word : none) word = next();
        const uint32_t *words = none;
        if (found != answers.end() && found->second.there) {
            now.valid = true;
            now.answer = words = found->second.words;
        }
        if (top->frozen_o != frozen_before) fail("cycle %ld: frozen_o is %d", time, top->frozen_o);
        now.load_ready = top->load_ready_i = LOAD_DATA_BITS > 0 && often(90);
        model_step(m.get(), time, &now);
        if (found != answers.end()) last_answer = time;
        check_load();
        if (top->valid_o != m->valid) fail("cycle %ld: valid_o is %d", time, top->valid_o);
        if (m->valid) {
            given++;
            uint32_t right[WORDS_MAX];
            std::memcpy(right, events[m->valid_event], sizeof right);
            mask(right, IN_BITS, EVENT_WORDS);
            for (int i = 0; 32 * i < IN_BITS; i++)
                if (word_of(top->data_o, i) != right[i]) fail("cycle %ld: event %u is given wrongly", time, m->valid_event);
            schedule(events[m->valid_event]);
        }
        frozen_before = m->frozen;
        top->valid_i = now.valid;
        set_words(top->data_i, words, OUT_BITS);
        uint32_t scores[WORDS_MAX] = {};
        for (int i = 0; 32 * i < OUT_BITS; i++) scores[i] = word_of(top->answer_o, i);
        set_words(top->scores_i, scores, CLASS_NUMBER ? SCORE_BITS : CLASSES * SCORE_BITS);
        edge();
        answers.erase(answers.begin(), answers.lower_bound(time - 2));
        inside.erase(inside.begin(), inside.lower_bound(time));
        time++;
    }
    void ticks(long n) { while (n-- > 0) tick(); }

    // An answer that nobody asked for, in a cycle in which nothing else happens at the network.
    void answer_unasked(long when)
    {
        Answer answer = {true, {}};
        for (int i = 0; i < ANSWER_WORDS; i++) answer.words[i] = next();
        mask(answer.words, OUT_BITS, ANSWER_WORDS);
        answers[when] = answer;
        faults++;
    }

    // ---- the bus
    uint32_t access(uint32_t address, bool write, uint32_t data)
    {
        ticks(1 + below(6));
        // Around the cycle in which the host's word is stored: chance alone hits it too rarely.
        if (write && !busy() && address >> 24 == MEMORY_EXPECTED >> 24 && often(80)) answer_unasked(time + EFFECT + 1 - below(ANSWER_ROWS + 3));
        top->start_i = top->active_i = 1;
        top->write_i = write;
        top->address_i = (address >> 24 & 7) << 22 | (address >> 2 & 0x3fffff & (address >> 24 & 7 ? 0x3fffff : 0x3fff));
        top->wdata_i = data;
        if (write && address == ADDRESS_CONTROL) {
            step &now = inside[time + EFFECT];
            now.play = (data & CONTROL_PLAY) && !busy();
            now.stop = data & CONTROL_STOP;
            now.apply = data & CONTROL_APPLY;
            now.arm = data & CONTROL_ARM;
            now.freeze = data & CONTROL_FREEZE;
            now.swap = data & CONTROL_SWAP;
            if (now.play) playing = true;
        }
        if (write && (address == ADDRESS_LOAD_ADDRESS || address == ADDRESS_LOAD_DATA)) {
            step &now = inside[time + EFFECT];
            now.load_address = address == ADDRESS_LOAD_ADDRESS;
            now.load_data = address == ADDRESS_LOAD_DATA;
            now.word = data;
        }
        tick();
        top->start_i = 0;
        int waited = 0;
        while (!top->ready_o) {
            tick();
            if (++waited > 40) fail("cycle %ld: an access does not end", time);
        }
        uint32_t got = top->rdata_o;
        ticks(1 + below(4));
        if (!write && top->rdata_o != got) fail("cycle %ld: the word read does not stay", time);
        top->active_i = 0;
        ticks(2);
        if (top->rdata_o != 0) fail("cycle %ld: the word read does not go", time);
        ticks(below(8));
        return got;
    }
    bool playing = false;
    bool busy() const { return playing; }
    void put(uint32_t address, uint32_t data) { access(address, true, data); }
    uint32_t get(uint32_t address) { return access(address, false, next()); }
    void expect(const char *what, uint32_t address, uint32_t right)
    {
        uint32_t got = get(address);
        if (got != right) fail("cycle %ld: %s at %08x is %08x, not %08x", time, what, address, got, right);
    }

    // ---- an episode
    void set(uint32_t address, uint32_t &place, uint32_t value, uint32_t bits = 0xffffffff)
    {
        put(address, value);
        place = value & bits;
        if (often(10)) expect("a setting", address, value);
    }
    static uint32_t score_of(const uint32_t *answer, int k)
    {
        uint32_t value = 0;
        for (int i = 0, bit = k * SCORE_BITS; i < SCORE_BITS; i++, bit++) value |= (answer[bit / 32] >> bit % 32 & 1) << i;
        return value;
    }
    void stage()
    {
        settings &s = m->settings;
        int32_t top_score = 1 << (SCORE_BITS - 1);
        for (int k = 0; k < CLASSES; k++) {
            if (often(60)) {
                if (!CLASS_NUMBER && often(20)) { // exactly a stored event's score
                    set(ADDRESS_THRESHOLD(k), s.threshold[k], score_of(expected[below(EVENTS)], k));
                    continue;
                }
                int32_t value = often(10) ? (often(50) ? top_score - 1 : -top_score) : static_cast<int32_t>(below(2u * static_cast<uint32_t>(top_score))) - top_score;
                set(ADDRESS_THRESHOLD(k), s.threshold[k], static_cast<uint32_t>(value));
            }
            if (often(60)) set(ADDRESS_PRESCALE(k), s.prescale[k], often(30) ? below(256) : below(5));
        }
        if (often(70)) set(ADDRESS_ACCEPT_MASK, s.mask, next() & ((1u << CLASSES) - 1));
    }
    uint32_t control(uint32_t bits)
    {
        put(ADDRESS_CONTROL, bits);
        return bits;
    }
    void upload()
    {
        for (int n = 1 + static_cast<int>(below(4)); n > 0; n--) {
            int e = static_cast<int>(below(EVENTS)), w = static_cast<int>(below(EVENT_WORDS)), v = static_cast<int>(below(ANSWER_WORDS));
            uint32_t word = next();
            put(MEMORY_PLAYBACK + 4 * static_cast<uint32_t>(e * EVENT_WORDS + w), word);
            events[e][w] = word;
            expect("an event's word", MEMORY_PLAYBACK + 4 * static_cast<uint32_t>(e * EVENT_WORDS + w), word);
            uint32_t answer[WORDS_MAX];
            compute(events[e], answer);
            put(MEMORY_EXPECTED + 4 * static_cast<uint32_t>(e * ANSWER_WORDS + v), answer[v]);
            expected[e][v] = answer[v];
        }
    }
    // Words and swaps, some of them while the port is not ready, some begun anew in the middle of a word.
    void load()
    {
        if (often(70)) put(ADDRESS_LOAD_ADDRESS, next());
        for (int n = static_cast<int>(below(8)); n > 0; n--) put(ADDRESS_LOAD_DATA, next());
        if (often(50)) control(CONTROL_SWAP);
    }
    void configure()
    {
        settings &s = m->settings;
        set(ADDRESS_PLAY_LAST, s.last, often(20) ? EVENTS - 1 : often(20) ? 0 : below(EVENTS));
        set(ADDRESS_PLAY_EVENTS, s.count, often(20) ? 0 : often(30) ? 1 + below(4) : 1 + below(700));
        set(ADDRESS_PLAY_GAP, s.gap, often(20) ? LEAST_GAP - 1 : often(50) ? below(6) : below(40));
        set(ADDRESS_PLAY_BURST, s.burst, often(50) ? 0 : 1 + below(20));
        set(ADDRESS_PLAY_PAUSE, s.pause, often(30) ? 0 : often(50) ? below(4) : below(60));
        set(ADDRESS_MODE, s.record, often(25));
        set(ADDRESS_SPY_TRIGGER, s.trigger, below(8));
        set(ADDRESS_SPY_AFTER, s.after, often(50) ? below(6) : often(10) ? next() & 0xffff : below(RECORDS));
    }
    void refused()
    {
        bool expected_memory = often(50), write = often(50);
        uint32_t address = (expected_memory ? MEMORY_EXPECTED : MEMORY_PLAYBACK) + 4 * below(EVENTS);
        uint32_t got = access(address, write, next());
        m->counters[COUNTER_REFUSED]++;
        if (!write && got != 0) fail("cycle %ld: a word of a memory that is played from is %08x", time, got);
    }
    void during()
    {
        for (int n = static_cast<int>(below(12)); n > 0; n--) {
            uint32_t dice = below(100);
            if (dice < 30) { stage(); control(CONTROL_APPLY); }
            else if (dice < 45) control(CONTROL_ARM);
            else if (dice < 52) control(CONTROL_FREEZE);
            else if (dice < 56) control(CONTROL_APPLY | CONTROL_ARM);
            else if (dice < 60 && m->running) control(CONTROL_PLAY); // nothing, while it plays
            else if (dice >= 85) load();
            else if (dice < 75 && m->running) { if (m->settings.count == 0 || m->settings.count > m->given + 60) refused(); }
            else ticks(below(300));
        }
        if (m->settings.count == 0) control(CONTROL_STOP);
        else if (often(15)) control(CONTROL_STOP);
    }
    void finish()
    {
        uint32_t status;
        int polls = 0;
        do {
            ticks(below(50));
            status = get(ADDRESS_STATUS);
            if (m->running && polls++ > 60) control(CONTROL_STOP), polls = 0;
        } while (status & STATUS_PLAYING);
        if (m->running || m->due.head != m->due.tail) fail("cycle %ld: it does not play, and should", time);
        playing = false;
        fault_of_1000 = 0;
        ticks(20);
        top->load_bank_i = LOAD_DATA_BITS > 0 && often(50);
        status = get(ADDRESS_STATUS) & ~STATUS_LOAD_READY; // which changes every cycle
        uint32_t right = static_cast<uint32_t>(SEEN) << 8 | (m->frozen ? STATUS_FROZEN : 0) | (m->armed ? STATUS_ARMED : 0) | (LOAD_DATA_BITS ? STATUS_LOADABLE : 0) |
                         (top->load_bank_i ? STATUS_BANK : 0);
        if (status != right) fail("cycle %ld: status is %02x, not %02x", time, status, right);
    }
    void check_spy()
    {
        freezes += m->frozen;
        if (!m->frozen) {
            expect("a record that is not frozen", MEMORY_SPY, 0);
            control(CONTROL_FREEZE);
        }
        ticks(4);
        if (m->taken > 0 || often(20)) {
            uint32_t state_word = get(ADDRESS_SPY_STATE);
            if (state_word >> 16 != m->taken || (m->taken && (state_word & 0xffff) != m->next_place))
                fail("cycle %ld: spy state is %08x, not place %u, %u taken", time, state_word, m->next_place, m->taken);
        }
        for (uint32_t i = 1; i <= m->taken; i++) {
            uint32_t place = (m->next_place + RECORDS - i) % RECORDS;
            const record &r = m->records[place];
            if (i > 3 && i + 3 < m->taken && !often(15)) continue;
            records_seen++;
            expect("a record", MEMORY_SPY + 4 * place * RECORD_WORDS, r.first);
            if (!r.missing)
                for (uint32_t w = 0; w < ANSWER_WORDS; w++) expect("a record's answer", MEMORY_SPY + 4 * (place * RECORD_WORDS + 1 + w), r.answer[w]);
            for (uint32_t w = 0; SPY_INPUTS && w < EVENT_WORDS; w++)
                expect("a record's event", MEMORY_SPY_INPUTS + 4 * (place * INPUT_WORDS + w), r.event[w]);
        }
    }
    void check_counters()
    {
        ticks(150);
        for (uint32_t k = 0; k < COUNTERS; k++) expect("a counter", ADDRESS_COUNTER(k), m->counters[k]);
    }
    void check_memories()
    {
        for (uint32_t e = 0; e < EVENTS; e++)
            for (uint32_t w = 0; w < ANSWER_WORDS; w++)
                if (m->settings.record || below(64) == 0)
                    expect("an expected answer", MEMORY_EXPECTED + 4 * (e * ANSWER_WORDS + w), expected[e][w]);
    }
    void episode()
    {
        configure();
        fault_of_1000 = m->settings.record ? (often(80) ? 60 : 0) : often(40) ? 20 : 0;
        stage();
        if (often(80)) control(CONTROL_APPLY);
        if (often(40)) upload();
        if (often(70)) control(CONTROL_ARM);
        control(CONTROL_PLAY);
        during();
        finish();
        check_spy();
        check_counters();
        check_memories();
    }
    // Events as close as can be, which pass until one setting after the other is turned over: each is decided by the old ones or the new.
    void turning_episode()
    {
        settings &s = m->settings;
        uint32_t lowest = 0u - (1u << (SCORE_BITS - 1)), highest = (1u << (SCORE_BITS - 1)) - 1, all = (1u << CLASSES) - 1;
        configure();
        set(ADDRESS_PLAY_LAST, s.last, EVENTS - 1);
        set(ADDRESS_PLAY_EVENTS, s.count, 0);
        set(ADDRESS_PLAY_GAP, s.gap, 0);
        set(ADDRESS_PLAY_BURST, s.burst, 0);
        set(ADDRESS_MODE, s.record, 0);
        for (int k = 0; k < CLASSES; k++) {
            set(ADDRESS_THRESHOLD(k), s.threshold[k], lowest);
            set(ADDRESS_PRESCALE(k), s.prescale[k], 1);
        }
        set(ADDRESS_ACCEPT_MASK, s.mask, all);
        control(CONTROL_APPLY | CONTROL_PLAY);
        for (int n = 0; n < 60; n++) {
            int k = static_cast<int>(below(CLASSES));
            if (n % 3 == 0) set(ADDRESS_ACCEPT_MASK, s.mask, ~s.mask & all);
            else if (n % 3 == 1) set(ADDRESS_THRESHOLD(k), s.threshold[k], s.threshold[k] == lowest ? highest : lowest);
            else set(ADDRESS_PRESCALE(k), s.prescale[k], 3 - s.prescale[k]);
            control(CONTROL_APPLY);
        }
        control(CONTROL_STOP);
        finish();
        check_spy();
        check_counters();
    }
    // So many events that counters carry and prescales go round.
    void long_episode()
    {
        settings &s = m->settings;
        configure();
        set(ADDRESS_PLAY_EVENTS, s.count, 70000);
        set(ADDRESS_PLAY_GAP, s.gap, 0);
        set(ADDRESS_PLAY_BURST, s.burst, 0);
        set(ADDRESS_MODE, s.record, 0);
        for (int k = 0; k < CLASSES; k++) {
            set(ADDRESS_THRESHOLD(k), s.threshold[k], 0u - (1u << (SCORE_BITS - 1)));
            set(ADDRESS_PRESCALE(k), s.prescale[k], k % 2 ? 255 : 0);
        }
        set(ADDRESS_ACCEPT_MASK, s.mask, (1u << CLASSES) - 1);
        control(CONTROL_APPLY | CONTROL_ARM | CONTROL_PLAY);
        while (m->running) ticks(100);
        finish();
        check_spy();
        check_counters();
    }
    void check_constants()
    {
        expect("geometry", ADDRESS_GEOMETRY, OUT_BITS << 16 | IN_BITS);
        expect("memories", ADDRESS_MEMORIES, RECORDS << 16 | EVENTS);
        expect("strides", ADDRESS_STRIDES, static_cast<uint32_t>(INPUT_WORDS) << 24 | RECORD_WORDS << 16 | ANSWER_WORDS << 8 | EVENT_WORDS);
        expect("timing", ADDRESS_TIMING, INTERVAL_CYCLES << 16 | LATENCY_CYCLES);
        expect("classes", ADDRESS_CLASSES, static_cast<uint32_t>(COUNTERS) << 24 | 8 << 16 | (CLASS_NUMBER ? 0 : SCORE_BITS) << 8 | CLASSES);
        put(ADDRESS_GEOMETRY, 0);
        put(ADDRESS_COUNTER(2), 77);
        expect("geometry, which cannot be written", ADDRESS_GEOMETRY, OUT_BITS << 16 | IN_BITS);
        expect("what is not listed", 0x80010800, 0);
    }
};

} // namespace

int main(int argc, char **argv)
{
    if (argc < 3) return 2;
    long episodes = std::atol(argv[1]);
    Bench bench(std::strtoull(argv[2], nullptr, 10), argc > 3 ? std::atoi(argv[3]) : 0);
    bench.control(CONTROL_APPLY); // what thresholds are before is not known
    bench.put(ADDRESS_LOAD_ADDRESS, 0);
    bench.check_constants();
    for (long i = 0; i < episodes; i++) bench.episode();
    bench.turning_episode();
    bench.long_episode();
    std::printf("%ld episodes, %ld cycles, %ld events, %ld faults of the network, %ld accepted, %ld records read, %ld freezes by a trigger, %ld words loaded: no difference\n",
                episodes, bench.time, bench.given, bench.faults, static_cast<long>(bench.m->counters[COUNTER_ACCEPTS]), bench.records_seen,
                bench.freezes, bench.loaded);
    bench.top->final();
    return 0;
}
