// The core rtl/rv32i.v beside the C model, instruction by instruction, on directed cases or random programs.
//
//   bench directed
//   bench random INSTRUCTIONS SEED     memories of random words, random waits on the bus, random interrupts
//   bench fast INSTRUCTIONS SEED       the same with a memory that answers a cycle after it is asked: cycles per instruction
// With EXTENDED the core has the M extension and the counters, and the programs use them.
// With BUGS the core has an input bug_i, the number of a fault to switch on: a last argument.
// From 100,000 instructions on, each of the instruction set must have been taken 20 times and each cause of a trap too.
// Exit status 0: core and model agree; 1: the first difference is printed; 2: bad arguments.
#include "Vrv32i.h"
#include "verilated.h"

#include "directed.h"
#include "model.h"
#include "random_program.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <vector>

namespace {

constexpr uint32_t MEMORY_BYTES = 1 << 16, PROGRAM_INSTRUCTIONS = 1500, LONGEST_CYCLES = 300;
#ifdef EXTENDED
constexpr bool IS_EXTENDED = true;
#else
constexpr bool IS_EXTENDED = false;
#endif
constexpr uint64_t COVERED_FROM = 100000, COVERED_TIMES = 20;

// What makes an instruction another one than its neighbours.
uint32_t kind_of(uint32_t insn)
{
    uint32_t op = insn & 0x7f, f3 = insn & 0x7000;
    if (op == OP_LUI || op == OP_AUIPC || op == OP_JAL) return op;
    if (op == OP_SYSTEM && f3 == 0) return insn;
    if (op == OP_REG || (op == OP_IMM && f3 == 0x5000)) return op | f3 | (insn & (UINT32_C(1) << 30 | UINT32_C(1) << 25));
    return op | f3;
}

struct Machine {
    Vrv32i top;
    struct model model = {};
    std::vector<uint8_t> ram = std::vector<uint8_t>(MEMORY_BYTES), model_ram = ram;
    random_words random;
    bool waits = false, interrupts = false, failed = false;
    uint64_t cycles = 0, instructions = 0, traps = 0, taken_interrupts = 0;
    uint32_t read_only = 0;
    struct retired expected = {};
    std::map<uint32_t, uint64_t> seen_kinds, seen_causes;

    explicit Machine(uint64_t seed) : random{seed, IS_EXTENDED}
    {
        model.muldiv = model.counters = IS_EXTENDED;
        model.memory = model_ram.data();
        model.mask = MEMORY_BYTES - 1;
        top.clk_i = top.rst_i = 0;
    }
    ~Machine() { top.final(); }

    void load(const uint32_t *words, uint32_t protect)
    {
        std::memcpy(ram.data(), words, MEMORY_BYTES);
        std::memcpy(model_ram.data(), words, MEMORY_BYTES);
        model.read_only = read_only = protect;
    }
    void reset()
    {
        top.rst_i = 1;
        asked = false; // what was under way is dropped
        lines(false, false);
        for (int i = 0; i < 3; i++)
            cycle();
        top.rst_i = 0;
        model_reset(&model, 0);
        cycle_zero = cycles;
    }
    void lines(bool timer, bool external)
    {
        top.timer_irq_i = model.timer = timer;
        top.external_irq_i = model.external = external;
    }
    // Runs until an instruction retires and compares it with the model's.
    void step()
    {
        for (uint32_t wait = 0;; wait++) {
            cycle();
            if (top.rvfi_valid) break;
            if (wait > LONGEST_CYCLES || failed) return differ("nothing retires", wait, 0);
        }
        instructions++;
        model.cycles = cycles - 2 - cycle_zero; // two cycles ago it was read
        model_step(&model, &expected);
        if (expected.sets_cycles) cycle_zero = cycles - model.cycles;
        compare();
        traps += expected.trap;
        if (expected.trap)
            seen_causes[model.mcause]++;
        else
            seen_kinds[kind_of(expected.insn)]++;
        taken_interrupts += expected.interrupt;
        if (!interrupts) return;
        // Lines change where no instruction is under way; one that was served is taken back.
        if (expected.interrupt)
            lines(false, false);
        else if (!model.timer && !model.external && random_below(&random, 40) == 0)
            lines(random_below(&random, 2), random_below(&random, 2));
        else if (random_below(&random, 200) == 0)
            lines(false, false);
    }

  private:
    uint64_t cycle_zero = 0; // when mcycle was 0
    bool asked = false;
    uint32_t wait = 0, asked_address = 0;

    void cycle()
    {
        top.bus_ready_i = 0;
        top.bus_rdata_i = random_next(&random);
        top.eval();
        if (asked && (!top.bus_valid_o || top.bus_addr_o != asked_address)) differ("a request is withdrawn", top.bus_addr_o, asked_address);
        if (top.bus_valid_o && !asked) {
            asked = true;
            asked_address = top.bus_addr_o;
            wait = waits ? random_below(&random, 4) : 1;
        }
        if (asked && wait-- == 0) answer();
        top.eval();
        top.clk_i = 1;
        top.eval();
        top.clk_i = 0;
        top.eval();
        cycles++;
    }
    void answer()
    {
        uint32_t offset = top.bus_addr_o & (MEMORY_BYTES - 1), word;
        asked = false;
        top.bus_ready_i = 1;
        std::memcpy(&word, &ram[offset], 4);
        if (top.bus_wstrb_o == 0)
            top.bus_rdata_i = word;
        else if (offset >= read_only)
            for (int i = 0; i < 4; i++)
                if (top.bus_wstrb_o >> i & 1) ram[offset + static_cast<uint32_t>(i)] = static_cast<uint8_t>(top.bus_wdata_o >> 8 * i);
    }
    void differ(const char *what, uint32_t got, uint32_t wanted)
    {
        if (!failed)
            std::printf("differ: instruction %" PRIu64 " (%08x at %08x): %s is %08x, not %08x\n", instructions, expected.insn,
                        expected.pc, what, got, wanted);
        failed = true;
    }
    void check(const char *what, uint32_t got, uint32_t wanted)
    {
        if (got != wanted) differ(what, got, wanted);
    }
    static uint32_t lanes(uint8_t mask)
    {
        uint32_t word = 0;
        for (int i = 0; i < 4; i++)
            if (mask >> i & 1) word |= UINT32_C(0xff) << 8 * i;
        return word;
    }
    void compare()
    {
        const struct retired &e = expected;
        check("pc", top.rvfi_pc_rdata, e.pc);
        check("instruction", top.rvfi_insn, e.insn);
        check("interrupt", top.rvfi_intr, e.interrupt);
        check("trap", top.rvfi_trap, e.trap);
        check("rd", top.rvfi_rd_addr, e.rd);
        check("value of rd", top.rvfi_rd_wdata, e.rd_value);
        check("next pc", top.rvfi_pc_wdata, e.next_pc);
        check("bytes read", top.rvfi_mem_rmask, e.mem_read);
        check("bytes written", top.rvfi_mem_wmask, e.mem_write);
        if (e.mem_read | e.mem_write) check("address", top.rvfi_mem_addr, e.mem_address);
        uint32_t shift = 0;
        while (shift < 24 && !((e.mem_read | e.mem_write) >> shift / 8 & 1))
            shift += 8;
        if (e.mem_read)
            check("what is read", (top.rvfi_mem_rdata & lanes(e.mem_read)) >> shift, e.mem_value & lanes(e.mem_read) >> shift);
        if (e.mem_write)
            check("what is written", (top.rvfi_mem_wdata & lanes(e.mem_write)) >> shift, e.mem_value & lanes(e.mem_write) >> shift);
        check("order", static_cast<uint32_t>(top.rvfi_order), static_cast<uint32_t>(instructions - 1 - reset_at));
    }

  public:
    uint64_t reset_at = 0; // instructions before the last reset
};

// Cycles from the retirement of the jump before it to its own, with a memory of one cycle (docs/reference/soft-core.md; a
// load's or store's sixth is the next fetch's).
uint64_t cycles_of(const directed &c)
{
    uint32_t op = c.insn & 0x7f, f3 = c.insn >> 12 & 7, n = (op == OP_REG ? c.b : c.insn >> 20) & 31;
    if (c.cause != NO_TRAP) return op == OP_BRANCH && c.cause == CAUSE_JUMP_MISALIGNED ? 9 : 8;
    if (op == OP_LOAD || op == OP_STORE) return 5;
    if (op == OP_JAL || op == OP_JALR) return 4;
    if (op == OP_BRANCH) return c.next == NEXT ? 3 : 5;
    if (op == OP_SYSTEM) return f3 ? 5 : 3;
    if (op == OP_REG && c.insn >> 25 == 1) {
        bool negative = f3 == 4 ? (c.a ^ c.b) >> 31 && c.b : f3 == 6 && c.a >> 31;
        return f3 < 4 ? 37 : negative ? 40 : 38;
    }
    return (op == OP_IMM || op == OP_REG) && (f3 == 1 || f3 == 5) ? 4 + n : 3;
}

// One case: set-up, the instruction, and the handler of its trap. Judged by the table alone; the model runs along.
bool run_directed(Machine &m, const directed &c)
{
    static uint32_t words[MEMORY_BYTES / 4];
    std::memset(words, 0, sizeof words);
    uint32_t at = 0;
    encode_constant(&words[at], 1, c.a);
    encode_constant(&words[at + 2], 2, c.b);
    encode_constant(&words[at + 4], 3, KEPT);
    words[at + 6] = encode_i(OP_IMM, 0, 4, 0, 0x100);
    words[at + 7] = encode_i(OP_SYSTEM, 1, 0, 4, 0x305);
    words[at + 8] = encode_j(0, HERE - 4 * (at + 8));
    words[HERE / 4] = c.insn;
    words[0x400 / 4] = WORD;
    words[0x100 / 4] = encode_i(OP_SYSTEM, 2, 5, 0, 0x342);
    words[0x104 / 4] = encode_i(OP_SYSTEM, 2, 6, 0, 0x343);
    words[0x108 / 4] = encode_i(OP_SYSTEM, 2, 7, 0, 0x341);
    m.load(words, 0);
    m.reset_at = m.instructions;
    m.reset();
    uint32_t x3 = KEPT;
    uint64_t before = 0;
    for (int i = 0; i < 10 && !m.failed; i++) {
        before = m.cycles;
        m.step();
        if (i == 9 && m.top.rvfi_rd_addr == 3) x3 = m.top.rvfi_rd_wdata;
    }
    uint64_t cycles = m.cycles - before;
    uint32_t next = m.top.rvfi_pc_wdata, stored, got[3] = {NO_TRAP, 0, HERE};
    bool trapped = m.top.rvfi_trap;
    for (int i = 0; i < 3 && trapped && !m.failed; i++) {
        m.step();
        got[i] = m.top.rvfi_rd_wdata;
    }
    std::memcpy(&stored, &m.ram[0x400], 4);
    bool right = !m.failed && x3 == c.result && next == c.next && stored == c.stored && trapped == (c.cause != NO_TRAP) &&
                 got[0] == c.cause && got[1] == c.value && got[2] == HERE &&
                 cycles == cycles_of(c);
    std::printf("%s %s\n", right ? "ok" : "not ok", c.name);
    if (!right)
        std::printf("    x3 %08x next %08x stored %08x mcause %08x mtval %08x mepc %08x, %" PRIu64 " cycles, not %" PRIu64 "\n", x3, next,
                    stored, got[0], got[1], got[2], cycles, cycles_of(c));
    return right;
}

std::vector<directed> all_directed()
{
    std::vector<directed> all(std::begin(directed_cases), std::end(directed_cases));
    if (IS_EXTENDED)
        all.insert(all.end(), std::begin(extended_cases), std::end(extended_cases));
    else
        all.insert(all.end(), std::begin(plain_cases), std::end(plain_cases));
    return all;
}

int run_random(Machine &m, uint64_t count)
{
    static uint32_t words[MEMORY_BYTES / 4];
    m.interrupts = true;
    while (m.instructions < count && !m.failed) {
        random_program(&m.random, words, MEMORY_BYTES / 4);
        m.load(words, HANDLER_END);
        m.reset_at = m.instructions;
        m.reset();
        for (uint32_t i = 0; i < PROGRAM_INSTRUCTIONS && m.instructions < count && !m.failed; i++)
            m.step();
        if (!m.failed && std::memcmp(m.ram.data(), m.model_ram.data(), MEMORY_BYTES) != 0) {
            std::printf("differ: the memories after instruction %" PRIu64 "\n", m.instructions);
            m.failed = true;
        }
    }
    if (!m.failed && count >= COVERED_FROM)
        for (const directed &c : all_directed()) {
            uint64_t times = c.cause == NO_TRAP ? m.seen_kinds[kind_of(c.insn)] : m.seen_causes[c.cause];
            if (times >= COVERED_TIMES) continue;
            std::printf("not covered: %s, %" PRIu64 " times\n", c.name, times);
            m.failed = true;
        }
    if (!m.failed)
        std::printf("ok %" PRIu64 " instructions, %" PRIu64 " traps, %" PRIu64 " interrupts, %.3f cycles each\n", m.instructions,
                    m.traps, m.taken_interrupts, static_cast<double>(m.cycles) / static_cast<double>(m.instructions));
    return m.failed;
}

} // namespace

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    bool directed = std::strcmp(argv[1], "directed") == 0;
    if (!directed && argc < 4) return 2;
    Verilated::randReset(2);
    Machine machine(directed ? 1 : std::strtoull(argv[3], nullptr, 10));
    machine.waits = std::strcmp(argv[1], "random") == 0;
#ifdef BUGS
    machine.top.bug_i = static_cast<uint8_t>(std::atoi(argv[argc - 1]));
#endif
    if (!directed) return run_random(machine, std::strtoull(argv[2], nullptr, 10));
    bool right = true;
    for (const struct directed &c : all_directed())
        right = run_directed(machine, c) && right;
    return !right;
}
