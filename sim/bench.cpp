// The Verilator bench: drives a generated top module and judges every cycle of it. Written for Vnet, whatever its
// widths; compiled by sim/bench.c against the Verilated model. The expected integers come from the interpreter.
//
//   bench KEY=VALUE ...     keys: struct Options below
// Writes its verdict as JSON to the file `result`. Exit status 0 unless it could not run at all.
//
// Time: cycle c ends with rising edge c. In it the inputs are set while the clock is low, the model settles, the
// outputs are judged, then the clock rises. An event presented in cycle t is due in cycle t + latency.
#include "Vnet.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

#ifdef BENCH_FAULTS
#include "Vnet___024root.h"
#include <algorithm>
#include <array>
#endif
#include <cinttypes>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <type_traits>
#include <vector>

namespace {

struct Options {
    std::string inputs, expected, result, trace;
    std::string loaded, words; // expected with the other contents; both images, word by word
    int address_bits = 1, data_bits = 1;
    long first = 0, count = 0; // events of the files
    int input_bytes = 0, output_bytes = 0;
    long latency = 1, interval = 1, crossing = 1, stall = 0;
    uint64_t seed = 1;
    uint64_t trace_from = 0, trace_to = 0; // cycles
    bool control = false;                  // also reset in flight and events that come too early
    long mutants = 0;                      // mutation mode: how many
    long flips = 0, first_flip = 0, bits = 1; // of a campaign of upsets, and the number of its first
};

struct Random { // splitmix64
    uint64_t state;
    uint64_t next()
    {
        uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        return z ^ z >> 31;
    }
};

enum class Gap { INTERVAL, CROSSING, RANDOM };

struct Failure {
    std::string kind, phase; // value, missing, spurious, error, latency
    long event = -1;         // of the files; -1 none
    uint64_t presented = 0, cycle = 0;
    std::vector<uint8_t> got;
};

std::vector<uint8_t> read_part(const std::string &path, long first, long count, int bytes)
{
    std::vector<uint8_t> data(static_cast<size_t>(count) * static_cast<size_t>(bytes));
    FILE *file = std::fopen(path.c_str(), "rb");
    if (!file || std::fseek(file, first * bytes, SEEK_SET) != 0 ||
        std::fread(data.data(), 1, data.size(), file) != data.size()) {
        std::fprintf(stderr, "bench: error: %s holds too few events\n", path.c_str());
        std::exit(2);
    }
    std::fclose(file);
    return data;
}

// An event on its way: its number in the files, when it was presented, what contents it has.
struct Flying {
    long event;
    uint64_t presented;
    int bank, image;
};

#ifdef BENCH_LOAD
#include "load_bench.h"
#endif

#ifdef BENCH_AXIS
#include "axis_bench.h"
#else
class Bench {
  public:
    explicit Bench(const Options &o)
        : options(o), random{o.seed}
#ifdef BENCH_LOAD
          ,
          loader(options, random)
#endif
    {
        inputs = read_part(o.inputs, o.first, o.count, o.input_bytes);
        expected[0] = read_part(o.expected, o.first, o.count, o.output_bytes);
#ifdef BENCH_LOAD
        expected[1] = read_part(o.loaded, o.first, o.count, o.output_bytes);
#endif
        top.clk_i = 0;
        top.rst_i = 1;
        top.valid_i = 0;
    }
    ~Bench()
    {
        close_trace();
        top.final();
    }

    uint64_t cycle = 0;
    long checked = 0, mismatches = 0; // presentations of events judged; those judged wrong
    long measured_latency = -1;
    bool failed = false;
    Failure first_failure;

    // Lets the outputs settle for this cycle's inputs.
    void settle()
    {
#ifdef BENCH_LOAD
        loader.drive(top);
#endif
        top.eval();
        dump(0);
    }
    void rise()
    {
        top.clk_i = 1;
        top.eval();
        dump(1);
        top.clk_i = 0;
#ifdef BENCH_LOAD
        loader.rise(top.rst_i);
        if (top.rst_i) next_start = cycle + 1;
        loader.may_start = cycle + 1 >= next_start;
#endif
        cycle++;
    }
    void set_idle()
    {
        top.valid_i = 0;
        noise.resize(static_cast<size_t>(options.input_bytes));
        for (auto &byte : noise)
            byte = static_cast<uint8_t>(random.next());
        set_data(noise.data());
    }
    void reset(int cycles = 2)
    {
        top.rst_i = 1;
        for (int i = 0; i < cycles; i++) {
            set_idle();
            settle();
            rise();
        }
        top.rst_i = 0;
    }

    // One event alone: the number of cycles until valid_o, -1 if it never comes.
    long measure_latency()
    {
        reset();
        for (long wait = 0; wait <= 4 * options.latency + 64; wait++) {
            if (wait == 0)
                present(0);
            else
                set_idle();
            settle();
            bool valid = top.valid_o;
            rise();
            if (valid) return wait;
        }
        return -1;
    }

    // All events in order with the given gaps. Stops at the first failure if asked to.
    void run_phase(const char *name, Gap gap, bool stop_at_failure = false, long limit = -1)
    {
        reset();
        long count = limit >= 0 && limit < options.count ? limit : options.count, next = 0, wait = 0;
        long most = 40 * count; // so that it ends when no swap ever comes
        std::deque<Flying> flying;
        long drain = options.latency + 2;
        while (next < count || !flying.empty() || drain-- > 0) {
            if (next == count && count < most && wants_more()) count++;
            if (next < count && wait == 0) {
                present(next % options.count);
                flying.push_back(take(next++ % options.count));
                wait = gap_cycles(gap);
            } else {
                set_idle();
            }
            wait--;
            settle();
            judge(name, flying);
            rise();
            if (failed && stop_at_failure) return;
        }
    }

    // A reset of one cycle with events in flight: none of them may come out. With an interval above 1: an event that comes too
    // early is ignored and error_o stays until reset.
    void run_control()
    {
        reset();
        for (long i = 0; i < options.latency; i++) {
            if (i % options.interval == 0)
                present(i % options.count);
            else
                set_idle();
            settle();
            rise();
        }
        reset(1);
        std::deque<Flying> flying;
        for (long i = 0; i < 2 * options.latency; i++) {
            set_idle();
            settle();
            judge("reset", flying);
            rise();
        }
        if (options.interval > 1) run_early();
    }

    void run_early()
    {
        reset();
        std::deque<Flying> flying;
        flying.push_back({0, cycle, 0, 0});
        for (long i = 0; i < options.latency + 2 * options.interval; i++) {
            if (i <= 1)
                present(0); // the second one comes too early
            else
                set_idle();
            settle();
            bool due = !flying.empty() && flying.front().presented + static_cast<uint64_t>(options.latency) == cycle;
            if (static_cast<bool>(top.valid_o) != due) fail(due ? "missing" : "spurious", "early", 0, cycle);
            if (static_cast<bool>(top.error_o) != (i >= 2)) fail("error", "early", 0, cycle);
            if (due) flying.pop_front();
            rise();
        }
        reset();
        set_idle();
        settle();
        if (top.error_o) fail("error", "early", 0, cycle);
        rise();
    }

    void run()
    {
        run_phase("back to back", Gap::INTERVAL);
        if (options.crossing != options.interval) run_phase("crossings", Gap::CROSSING);
        run_phase("random gaps", Gap::RANDOM);
        if (options.control) run_control();
#ifdef BENCH_LOAD
        run_loading("loading, full rate", Gap::INTERVAL, true);
        run_loading("loading, random gaps", Gap::RANDOM, false);
#endif
    }
#ifdef BENCH_LOAD
    // One image after the other, while events go on: at least four swaps.
    void run_loading(const char *name, Gap gap, bool is_hasty)
    {
        loader.is_loading = true;
        loader.is_hasty = is_hasty;
        loader.swaps = 0;
        run_phase(name, gap);
        if (loader.swaps < SWAPS_LEAST) fail("swap", name, -1, cycle);
        loader.is_loading = false;
    }
#endif
    void open_trace()
    {
#if VM_TRACE
        if (options.trace.empty()) return;
        Verilated::traceEverOn(true);
        vcd = new VerilatedVcdC;
        top.trace(vcd, 99);
        vcd->open(options.trace.c_str());
#endif
    }
    void close_trace()
    {
#if VM_TRACE
        if (!vcd) return;
        vcd->close();
        delete vcd;
        vcd = nullptr;
#endif
    }
    void clear_failure() { failed = false; }
#ifdef BENCH_FAULTS
    Vnet &model() { return top; }
    void set_event(long event)
    {
        if (event >= 0)
            present(event);
        else
            set_idle();
    }
    void drive()
    {
#ifdef BENCH_LOAD
        loader.drive(top);
#endif
    }
    void allow_loading([[maybe_unused]] bool is_allowed)
    {
#ifdef BENCH_LOAD
        loader.is_loading = is_allowed;
#endif
    }
    void rise_with(bool starts)
    {
        if (starts) take(0);
        rise();
    }
#endif
#ifdef BENCH_MUTANTS
    void select_mutant(long number)
    {
        top.mutant_i = static_cast<std::remove_reference<decltype(top.mutant_i)>::type>(number);
        top.rst_i = 1;
        for (long i = 0; i < 2 * options.latency + 2; i++) { // what the last mutant left behind flows out
            set_idle();
            settle();
            rise();
        }
    }
#endif

  private:
    Options options;
    Random random;
    Vnet top;
    std::vector<uint8_t> inputs, expected[2], noise;
#ifdef BENCH_LOAD
    enum { SWAPS_LEAST = 4 };
    Loader loader;
    uint64_t next_start = 0; // the first cycle in which an event may be taken
    bool wants_more() const { return loader.is_loading && loader.swaps < SWAPS_LEAST; }
    Flying take(long event)
    {
        next_start = cycle + static_cast<uint64_t>(options.interval);
        return {event, cycle, loader.bank_now(), loader.image_now()};
    }
    void judge_port(const char *phase, long event, uint64_t presented)
    {
        if (static_cast<bool>(top.load_ready_o) != loader.ready()) fail("ready", phase, event, presented);
    }
    bool is_bank(const Flying &f) const { return static_cast<int>(top.bank_o) == f.bank; }
#else
    bool wants_more() const { return false; }
    Flying take(long event) { return {event, cycle, 0, 0}; }
    void judge_port(const char *, long, uint64_t) {}
    bool is_bank(const Flying &) const { return true; }
#endif
#if VM_TRACE
    VerilatedVcdC *vcd = nullptr;
#endif

    // Nothing is flipped here, so nothing may be counted.
    bool sees_upset() const
    {
        bool sees = false;
#ifdef BENCH_TMR
        sees = sees || top.upsets_o;
#endif
#ifdef BENCH_ECC
        sees = sees || top.corrected_words_o || top.uncorrectable_words_o;
#endif
        return sees;
    }
    // Verilator holds ports of up to 64 bits as integers and wider ones as words, lowest first.
    void set_data(const uint8_t *bytes)
    {
        std::memset(static_cast<void *>(&top.data_i), 0, sizeof top.data_i);
        std::memcpy(static_cast<void *>(&top.data_i), bytes, static_cast<size_t>(options.input_bytes));
        mask_data();
    }
    void mask_data()
    {
        auto *last = reinterpret_cast<uint8_t *>(&top.data_i) + options.input_bytes - 1;
        if (BENCH_INPUT_BITS % 8) *last = static_cast<uint8_t>(*last & ((1 << BENCH_INPUT_BITS % 8) - 1));
    }
    void present(long event)
    {
        top.valid_i = 1;
        set_data(inputs.data() + event * options.input_bytes);
    }
    long gap_cycles(Gap gap)
    {
        if (gap == Gap::CROSSING) return options.crossing;
        uint64_t dice = random.next();
        long extra = gap == Gap::RANDOM && dice % 2 ? static_cast<long>(dice / 2 % 7) : 0;
        return options.interval + extra;
    }
    void dump(int half)
    {
#if VM_TRACE
        if (vcd && cycle >= options.trace_from && cycle <= options.trace_to)
            vcd->dump(2 * (cycle - options.trace_from) + static_cast<uint64_t>(half));
#else
        (void)half;
#endif
    }
    void fail(const char *kind, const char *phase, long event, uint64_t presented)
    {
        mismatches++;
        if (failed) return;
        failed = true;
        const auto *bytes = reinterpret_cast<const uint8_t *>(&top.data_o);
        first_failure = {kind, phase, event < 0 ? -1 : options.first + event, presented, cycle,
                         {bytes, bytes + options.output_bytes}};
    }
    void judge(const char *phase, std::deque<Flying> &flying)
    {
        bool due = !flying.empty() && flying.front().presented + static_cast<uint64_t>(options.latency) == cycle;
        long event = flying.empty() ? -1 : flying.front().event;
        uint64_t presented = flying.empty() ? cycle : flying.front().presented;
        if (due) {
            checked++;
            if (!top.valid_o)
                fail("missing", phase, event, presented);
            else if (std::memcmp(&top.data_o,
                                 expected[flying.front().image].data() + event * options.output_bytes,
                                 static_cast<size_t>(options.output_bytes)) != 0)
                fail("value", phase, event, presented);
            else if (!is_bank(flying.front()))
                fail("bank", phase, event, presented);
            flying.pop_front();
        } else if (top.valid_o) {
            fail("spurious", phase, event, presented);
        }
        if (top.error_o) fail("error", phase, event, presented);
        if (sees_upset()) fail("upset", phase, event, presented);
        judge_port(phase, event, presented);
    }
};
#endif

bool set_option(Options &o, const std::string &key, const char *value)
{
    struct {
        const char *name;
        std::string *text;
    } texts[] = {{"inputs", &o.inputs}, {"expected", &o.expected}, {"result", &o.result}, {"trace", &o.trace},
                 {"loaded", &o.loaded}, {"words", &o.words}};
    struct {
        const char *name;
        long *number;
    } numbers[] = {{"first", &o.first},       {"count", &o.count},       {"latency", &o.latency},
                   {"interval", &o.interval}, {"crossing", &o.crossing}, {"mutants", &o.mutants},
                   {"stall", &o.stall},       {"flips", &o.flips},       {"first_flip", &o.first_flip},
                   {"bits", &o.bits}};
    for (auto &t : texts)
        if (key == t.name) return *t.text = value, true;
    for (auto &n : numbers)
        if (key == n.name) return *n.number = std::atol(value), true;
    if (key == "input_bytes") return o.input_bytes = std::atoi(value), true;
    if (key == "output_bytes") return o.output_bytes = std::atoi(value), true;
    if (key == "address_bits") return o.address_bits = std::atoi(value), true;
    if (key == "data_bits") return o.data_bits = std::atoi(value), true;
    if (key == "seed") return o.seed = std::strtoull(value, nullptr, 10), true;
    if (key == "trace_from") return o.trace_from = std::strtoull(value, nullptr, 10), true;
    if (key == "trace_to") return o.trace_to = std::strtoull(value, nullptr, 10), true;
    if (key == "control") return o.control = std::atoi(value) != 0, true;
    return false;
}

void write_result(const Options &o, const Bench &bench)
{
    FILE *file = std::fopen(o.result.c_str(), "w");
    if (!file) {
        std::fprintf(stderr, "bench: error: cannot write %s\n", o.result.c_str());
        std::exit(2);
    }
    std::fprintf(file, "{\"checked\": %ld, \"mismatches\": %ld, \"latency\": %ld, \"cycles\": %" PRIu64, bench.checked,
                 bench.mismatches, bench.measured_latency, bench.cycle);
    if (bench.failed) {
        const Failure &f = bench.first_failure;
        std::fprintf(file,
                     ",\n \"failure\": {\"kind\": \"%s\", \"phase\": \"%s\", \"event\": %ld, \"presented\": %" PRIu64
                     ", \"cycle\": %" PRIu64 ", \"got\": \"",
                     f.kind.c_str(), f.phase.c_str(), f.event, f.presented, f.cycle);
        for (uint8_t byte : f.got)
            std::fprintf(file, "%02x", byte);
        std::fprintf(file, "\"}");
    }
    std::fprintf(file, "}\n");
    if (std::fclose(file) != 0) std::exit(2);
}

#ifdef BENCH_MUTANTS
// One line for each mutant: its number, 1 if the events noticed it, and how many events that took.
int run_mutants(const Options &o)
{
    Bench bench(o);
    FILE *file = std::fopen(o.result.c_str(), "w");
    if (!file) return 2;
    for (long number = 0; number <= o.mutants; number++) {
        bench.clear_failure();
        bench.select_mutant(number);
        long before = bench.checked;
        bench.run_phase("mutant", Gap::RANDOM, true, 256);
        if (!bench.failed) bench.run_control();
        if (!bench.failed) bench.run_phase("mutant", Gap::INTERVAL, true);
        std::fprintf(file, "%ld %d %ld\n", number, bench.failed, bench.checked - before);
    }
    return std::fclose(file) != 0 ? 2 : 0;
}
#endif

#ifdef BENCH_FAULTS
#include "faults_bench.h"
#endif

} // namespace

int main(int argc, char **argv)
{
    Options options;
    for (int i = 1; i < argc; i++) {
        const char *equals = std::strchr(argv[i], '=');
        if (!equals || !set_option(options, std::string(argv[i], static_cast<size_t>(equals - argv[i])), equals + 1)) {
            std::fprintf(stderr, "bench: error: bad argument %s\n", argv[i]);
            return 2;
        }
    }
    if (options.count < 1) {
        std::fprintf(stderr, "bench: error: no events\n");
        return 2;
    }
    Verilated::randReset(2); // registers start with random bits, as nothing resets them
    Verilated::randSeed(static_cast<int>(options.seed % 1000000 + 1));
#if defined BENCH_MUTANTS
    return run_mutants(options);
#elif defined BENCH_FAULTS
    return run_faults(options);
#else
    Bench bench(options);
    bench.open_trace();
    bench.measured_latency = bench.measure_latency();
    bench.run();
    bench.close_trace();
    write_result(options, bench);
    return 0;
#endif
}
