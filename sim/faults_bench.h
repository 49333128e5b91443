// What the bench does in a campaign of upsets (sim/faults.h): one run of events recorded; then from
// the cycle of each flip on again. Part of bench.cpp. faults_state.h, written for the design, has a
// line STATE(member, words, width, kind) for each register (words 0) and memory.
template <class T> uint8_t *state_word(T &member, size_t)
{
    return reinterpret_cast<uint8_t *>(&member);
}
template <class T, std::size_t N> uint8_t *state_word(VlUnpacked<T, N> &member, size_t word)
{
    return reinterpret_cast<uint8_t *>(&member[word]);
}

enum { FAULT_KINDS = 5 };
enum FaultClass { MASKED, CORRECTED, DETECTED, SILENT, FAULT_CLASSES };

// Of one cycle: what goes in, and what comes out.
struct Inputs {
    bool valid;
    std::vector<uint8_t> data;
#ifdef BENCH_LOAD
    bool load_valid, load_swap;
    uint64_t load_addr, load_data;
#endif
};
struct Outputs {
    bool valid, error, ready, bank;
    std::vector<uint8_t> data; // where valid
    unsigned corrected, uncorrectable;
    bool same_result(const Outputs &o) const
    {
        return ready == o.ready && (!valid || (bank == o.bank && data == o.data));
    }
};

class Faults
{
  public:
    explicit Faults(const Options &o)
        : bench(o), options(o), random{o.seed ^ UINT64_C(0x5eed)}, top(bench.model())
    {
        list_state();
        window = 2 * o.latency + 8 * o.interval + 16;
        bench.reset(4);
        first = save();
        record();
        restore(first);
    }

    // Lines "row flips masked corrected detected silent", a row of faults_state.h for each that was
    // hit.
    void run(FILE *file)
    {
        struct Flip {
            size_t cycle;
            size_t bit; // of all state
        };
        std::vector<Flip> flips;
        std::vector<int> present;
        for (int kind = 0; kind < FAULT_KINDS; kind++)
            if (bits_of_kind[static_cast<size_t>(kind)]) present.push_back(kind);
        for (long i = 0; i < options.flips; i++) {
            int kind = present[(static_cast<size_t>(options.first_flip + i)) % present.size()];
            size_t bit = random.next() % bits_of_kind[static_cast<size_t>(kind)];
            flips.push_back({random.next() % (inputs.size() - static_cast<size_t>(window)),
                             find_bit(kind, bit)});
        }
        std::stable_sort(flips.begin(), flips.end(),
                         [](const Flip &a, const Flip &b) { return a.cycle < b.cycle; });
        std::vector<std::array<long, FAULT_CLASSES>> counts(rows.size());
        size_t cycle = 0;
        for (const Flip &flip : flips) {
            for (; cycle < flip.cycle; cycle++)
                step(cycle);
            std::vector<uint8_t> here = save();
            size_t row = 0, bit = flip.bit;
            for (; bit >= rows[row].bits(); row++)
                bit -= rows[row].bits();
            counts[row][try_flip(rows[row], bit, cycle)]++;
            restore(here);
        }
        for (size_t row = 0; row < rows.size(); row++) {
            const auto &c = counts[row];
            long sum = c[0] + c[1] + c[2] + c[3];
            if (sum)
                std::fprintf(file, "%zu %ld %ld %ld %ld %ld\n", row, sum, c[0], c[1], c[2], c[3]);
        }
    }

  private:
    struct Row {
        uint8_t *first;
        size_t stride, words, width;
        int kind;
        size_t bits() const { return words * width; }
    };
    Bench bench;
    const Options &options;
    Random random;
    Vnet &top;
    long window = 0;
    std::vector<Row> rows;
    std::array<size_t, FAULT_KINDS> bits_of_kind{};
    std::vector<uint8_t> first;
    std::vector<Inputs> inputs;
    std::vector<Outputs> outputs;

    void list_state()
    {
        Vnet___024root &root = *top.rootp;
#define STATE(member, words, width, kind) add_row(root.member, words, width, kind);
#include "faults_state.h"
#undef STATE
        for (const Row &row : rows)
            bits_of_kind[static_cast<size_t>(row.kind)] += row.bits();
    }
    template <class T> void add_row(T &member, size_t words, size_t width, int kind)
    {
        uint8_t *start = state_word(member, 0);
        size_t stride = words > 1 ? static_cast<size_t>(state_word(member, 1) - start) : 0;
        rows.push_back({start, stride, words ? words : 1, width, kind});
    }
    // The place of bit number `bit` of a kind among the bits of all state.
    size_t find_bit(int kind, size_t bit) const
    {
        size_t before = 0;
        for (const Row &row : rows) {
            if (row.kind == kind) {
                if (bit < row.bits()) return before + bit;
                bit -= row.bits();
            }
            before += row.bits();
        }
        return 0;
    }
    // A design in one class holds all it has in plain members; restored into the same object, its
    // pointers are right.
    std::vector<uint8_t> save() const
    {
        const auto *bytes = reinterpret_cast<const uint8_t *>(top.rootp);
        return {bytes, bytes + sizeof *top.rootp};
    }
    void restore(const std::vector<uint8_t> &saved)
    {
        std::memcpy(static_cast<void *>(top.rootp), saved.data(), saved.size());
    }

    // ---- the record ----

    void record()
    {
        size_t cycles = static_cast<size_t>(std::max(options.interval * 160, 6000L) + window);
        long wait = 0, event = 0;
        for (size_t cycle = 0; cycle < cycles; cycle++) {
            bool starts = wait == 0;
            bench.set_event(starts ? event++ % options.count : -1);
            // Now and then a while without events, in which memories are scrubbed.
            if (starts)
                wait = options.interval +
                       (random.next() % 4
                            ? 0
                            : static_cast<long>(random.next() %
                                                static_cast<uint64_t>(2 * options.interval + 8)));
            wait--;
            bench.allow_loading(cycle % 2048 < 512);
            bench.drive();
            inputs.push_back(read_inputs());
            top.eval();
            outputs.push_back(read_outputs());
            bench.rise_with(starts);
        }
    }
    Inputs read_inputs() const
    {
        const auto *bytes = reinterpret_cast<const uint8_t *>(&top.data_i);
        Inputs in = {};
        in.valid = top.valid_i;
        in.data.assign(bytes, bytes + sizeof top.data_i);
#ifdef BENCH_LOAD
        in.load_valid = top.load_valid_i;
        in.load_swap = top.load_swap_i;
        in.load_addr = top.load_addr_i;
        in.load_data = top.load_data_i;
#endif
        return in;
    }
    void set_inputs(const Inputs &in)
    {
        top.rst_i = 0;
        top.valid_i = in.valid;
        std::memcpy(static_cast<void *>(&top.data_i), in.data.data(), in.data.size());
#ifdef BENCH_LOAD
        top.load_valid_i = in.load_valid;
        top.load_swap_i = in.load_swap;
        top.load_addr_i =
            static_cast<std::remove_reference<decltype(top.load_addr_i)>::type>(in.load_addr);
        top.load_data_i =
            static_cast<std::remove_reference<decltype(top.load_data_i)>::type>(in.load_data);
#endif
    }
    Outputs read_outputs() const
    {
        const auto *bytes = reinterpret_cast<const uint8_t *>(&top.data_o);
        Outputs out = {};
        out.valid = top.valid_o;
        out.error = top.error_o;
        if (out.valid) out.data.assign(bytes, bytes + options.output_bytes);
#ifdef BENCH_LOAD
        out.ready = top.load_ready_o;
        out.bank = top.bank_o;
#endif
#ifdef BENCH_TMR
        out.corrected += top.upsets_o;
#endif
#ifdef BENCH_ECC
        out.corrected += top.corrected_words_o;
        out.uncorrectable = top.uncorrectable_words_o;
#endif
        return out;
    }

    // ---- flips ----

    Outputs step(size_t cycle)
    {
        set_inputs(inputs[cycle]);
        top.eval();
        Outputs out = read_outputs();
        top.clk_i = 1;
        top.eval();
        top.clk_i = 0;
        return out;
    }
    // The bit, and with `bits` 2 another one of its word; then all logic again.
    void flip(const Row &row, size_t bit)
    {
        uint8_t *word = row.first + bit / row.width * row.stride;
        size_t in_word = bit % row.width;
        word[in_word / 8] = static_cast<uint8_t>(word[in_word / 8] ^ 1 << in_word % 8);
        if (options.bits > 1 && row.width > 1) {
            size_t other = (in_word + 1 + random.next() % (row.width - 1)) % row.width;
            word[other / 8] = static_cast<uint8_t>(word[other / 8] ^ 1 << other % 8);
        }
        Vnet___024root___eval_settle(top.rootp);
    }
    FaultClass try_flip(const Row &row, size_t bit, size_t cycle)
    {
        bool differs = false, is_known = false, is_counted = false;
        flip(row, bit);
        for (size_t end = cycle + static_cast<size_t>(window); cycle < end; cycle++) {
            Outputs out = step(cycle);
            const Outputs &right = outputs[cycle];
            if (out.valid != right.valid || out.error != right.error ||
                out.uncorrectable != right.uncorrectable)
                is_known = true;
            if (!out.same_result(right)) differs = true;
            if (out.corrected != right.corrected) is_counted = true;
        }
        return is_known ? DETECTED : differs ? SILENT : is_counted ? CORRECTED : MASKED;
    }
};

int run_faults(const Options &o)
{
    FILE *file = std::fopen(o.result.c_str(), "w");
    if (!file) return 2;
    Faults faults(o);
    faults.run(file);
    return std::fclose(file) != 0 ? 2 : 0;
}
