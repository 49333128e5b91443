// The bench of the AXI-Stream wrapper, taken in by bench.cpp under BENCH_AXIS in place of its own
// class: drives NAME_axis with gaps and stalls and judges every transfer. The same files of events,
// options and result; `latency` and `interval` are the wrapper's, `stall` the cycles that its sink
// may stall without making the source wait.
//
// Time: in a cycle the inputs are set while the clock is low, the model settles, transfers are
// judged, then the clock rises.

// How willing the source is to send and the sink to take, in percent of the cycles; a sink that
// turns unwilling stays so for up to `sleep` cycles. The slow ones take the first `most` events
// alone.
struct Traffic {
    const char *name;
    unsigned send, take, sleep;
    long most;
};

class Bench
{
  public:
    explicit Bench(const Options &o) : options(o), random{o.seed}
    {
        inputs = read_part(o.inputs, o.first, o.count, o.input_bytes);
        expected = read_part(o.expected, o.first, o.count, o.output_bytes);
        top.aclk = 0;
        top.aresetn = 0;
        top.s_axis_tvalid = 0;
        top.m_axis_tready = 0;
    }
    ~Bench() { top.final(); }

    uint64_t cycle = 0;
    long checked = 0, mismatches = 0; // transfers judged; what was judged wrong
    long measured_latency = -1;
    bool failed = false;
    Failure first_failure;

    void open_trace() {}
    void close_trace() {}
    long measure_latency()
    {
        reset();
        uint64_t start = cycle;
        set_source(true, 0);
        for (long wait = 0; wait <= 4 * options.latency + 64; wait++) {
            settle(true);
            bool valid = top.m_axis_tvalid;
            rise();
            set_source(false, 0);
            if (valid) return static_cast<long>(cycle - start) - 1;
        }
        return -1;
    }
    void run()
    {
        static const Traffic traffic[] = {{"random stalls", 70, 60, 3, LONG_MAX},
                                          {"slow sink", 100, 8, 12, 2000},
                                          {"slow source", 15, 90, 40, 2000},
                                          {"bursts", 97, 97, 200, 2000}};
        run_full_rate("full rate", 0);
        if (options.stall > 0) run_full_rate("one stall", options.stall);
        for (const Traffic &t : traffic)
            run_traffic(t);
        if (options.control) run_reset();
    }

  private:
    Options options;
    Random random;
    Vnet top;
    std::vector<uint8_t> inputs, expected;
    long sent = 0, taken = 0; // transfers of the phase
    const char *phase = "";
    bool held = false; // a result was offered and not taken
    std::vector<uint8_t> offered;

    bool chance(unsigned percent) { return random.next() % 100 < percent; }
    void set_source(bool valid, long event)
    {
        top.s_axis_tvalid = valid;
        auto *bytes = reinterpret_cast<uint8_t *>(&top.s_axis_tdata);
        for (size_t i = 0; i < sizeof top.s_axis_tdata; i++) // padding and idle words are noise
            bytes[i] = static_cast<uint8_t>(i < (BENCH_INPUT_BITS + 7) / 8 ? random.next() : 0);
        if (!valid) return;
        uint8_t last = bytes[options.input_bytes - 1];
        std::memcpy(bytes, inputs.data() + event * options.input_bytes,
                    static_cast<size_t>(options.input_bytes));
        if (BENCH_INPUT_BITS % 8)
            bytes[options.input_bytes - 1] = static_cast<uint8_t>(
                bytes[options.input_bytes - 1] | (last & (0xff << BENCH_INPUT_BITS % 8)));
    }
    // Neither side's answer may depend on the other side's wish within the cycle.
    void settle(bool ready)
    {
        top.m_axis_tready = !ready;
        top.eval();
        bool can_send = top.s_axis_tready, can_take = top.m_axis_tvalid;
        top.m_axis_tready = ready;
        top.s_axis_tvalid = !top.s_axis_tvalid;
        top.eval();
        bool same = can_send == static_cast<bool>(top.s_axis_tready) &&
                    can_take == static_cast<bool>(top.m_axis_tvalid);
        top.s_axis_tvalid = !top.s_axis_tvalid;
        top.eval();
        if (!same || can_send != static_cast<bool>(top.s_axis_tready)) fail("path", taken);
    }
    void rise()
    {
        top.aclk = 1;
        top.eval();
        top.aclk = 0;
        cycle++;
    }
    void reset(int cycles = 2)
    {
        top.aresetn = 0;
        for (int i = 0; i < cycles; i++) {
            set_source(chance(50), 0);
            settle(chance(50));
            if (top.s_axis_tready) fail("reset", -1);
            rise();
        }
        top.aresetn = 1;
        sent = taken = 0;
        held = false;
        set_source(false, 0);
    }
    void fail(const char *kind, long event)
    {
        mismatches++;
        if (failed) return;
        failed = true;
        const auto *bytes = reinterpret_cast<const uint8_t *>(&top.m_axis_tdata);
        first_failure = {kind,  phase, event < 0 ? -1 : options.first + event,
                         cycle, cycle, {bytes, bytes + options.output_bytes}};
    }
    // The sink's side of this cycle, once settled.
    void judge()
    {
        const auto *data = reinterpret_cast<const uint8_t *>(&top.m_axis_tdata);
        size_t bytes = static_cast<size_t>(options.output_bytes);
        if (held && (!top.m_axis_tvalid || std::memcmp(data, offered.data(), bytes) != 0))
            fail("withdrawn", taken);
        held = top.m_axis_tvalid && !top.m_axis_tready;
        offered.assign(data, data + bytes);
        if (!top.m_axis_tvalid || !top.m_axis_tready) return;
        checked++;
        if (taken >= sent)
            fail("spurious", -1);
        else if (std::memcmp(data, expected.data() + taken % options.count * options.output_bytes,
                             bytes) != 0)
            fail("value", taken % options.count);
        taken++;
    }
    // One cycle; an event that was offered stays until it is taken.
    void step(bool send, bool take)
    {
        bool waiting = top.s_axis_tvalid;
        if (!waiting) set_source(send, sent % options.count);
        settle(take);
        judge();
        bool accepted = top.s_axis_tvalid && top.s_axis_tready;
        rise();
        if (accepted) {
            sent++;
            set_source(false, 0);
        }
    }
    void drain(long limit)
    {
        while (taken < sent && limit-- > 0)
            step(false, true);
        for (long i = 0; i < options.latency + 2; i++) // and nothing more
            step(false, true);
        if (taken < sent) fail("missing", taken % options.count);
    }
    // Events as fast as the interval allows; the sink stalls once, for `stall` cycles: the source
    // never waits.
    void run_full_rate(const char *name, long stall)
    {
        phase = name;
        reset();
        long stall_at = options.latency + 5, cycles = options.count * options.interval;
        if (cycles < stall_at + 2 * stall) cycles = stall_at + 2 * stall;
        for (long c = 0; c < cycles; c++) {
            bool due = c % options.interval == 0;
            long before = sent;
            step(due, c < stall_at || c >= stall_at + stall);
            if (due && sent == before) fail("wait", sent % options.count);
        }
        drain(options.latency + stall + cycles);
    }
    void run_traffic(const Traffic &traffic)
    {
        phase = traffic.name;
        reset();
        unsigned asleep = 0;
        long count = options.count < traffic.most ? options.count : traffic.most;
        long limit = 400 * count * options.interval + 100000;
        while (sent < count && limit-- > 0) {
            if (asleep > 0)
                asleep--;
            else if (!chance(traffic.take))
                asleep = static_cast<unsigned>(random.next() % traffic.sleep);
            step(chance(traffic.send), asleep == 0);
        }
        if (sent < count) fail("deadlock", sent);
        drain(limit);
    }
    // Events under way, offered and stored vanish with a reset, and what follows is right.
    void run_reset()
    {
        phase = "reset";
        for (int i = 0; i < 50; i++) {
            reset(1 + i % 2);
            for (uint64_t c = random.next() % static_cast<uint64_t>(3 * options.latency + 10);
                 c > 0; c--)
                step(chance(80), chance(40));
        }
        reset(1);
        for (int i = 0; i < 20; i++)
            step(true, true);
        drain(100 * options.latency);
    }
};
