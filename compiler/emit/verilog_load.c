/* Loadable memories: the port that writes them, and how each event keeps the bank that it began
 * with (docs/reference/handshakes.md, Loading).
 *
 * bank_q changes in cycles in which an event may be taken, so after an event was taken in cycle t
 * it is that event's bank in cycles t + 1 to t + II. From there on it travels with the event: in a
 * program of II 1 through one register a cycle, else through few registers that pulses load, each
 * of which keeps it for II cycles, to where a block's loop takes it when it starts. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <stdio.h>

/* ---- the event's bank ---- */

/* The last cycle in which the newest register of the chain has the bank. */
static int chain_end(const struct verilog_plan *plan)
{
    int taken = plan->bank_count ? plan->banks[plan->bank_count - 1] : 0;
    return taken + plan->program->interval_cycles;
}

/* Lets the chain reach a cycle, with pulses that are there already where they come in time. */
static void extend_chain(struct verilog_plan *plan, int cycle)
{
    while (chain_end(plan) < cycle) {
        int taken = plan->bank_count ? plan->banks[plan->bank_count - 1] : 0;
        int next = chain_end(plan);
        while (next > taken + 1 && !plan->is_pulse[next])
            next--;
        if (!plan->is_pulse[next]) next = chain_end(plan);
        plan->is_pulse[next] = true;
        plan->banks = array_grow(plan->banks, &plan->bank_capacity, (size_t)plan->bank_count + 1,
                                 sizeof *plan->banks);
        plan->banks[plan->bank_count++] = next;
    }
}

static bool reads_bank(const struct verilog_plan *plan, int block)
{
    for (int m = 0; m < plan->program->memory_count; m++)
        if (plan->memories[m].loads && verilog_reads_memory(plan, block, m)) return true;
    return false;
}

void verilog_plan_banks(struct verilog_plan *plan)
{
    if (!plan->has_banks || !plan->is_paced) return;
    for (int b = 0; b < plan->program->block_count; b++)
        if (reads_bank(plan, b)) extend_chain(plan, plan->first_stage[b] - 1);
    extend_chain(plan, plan->program->latency_cycles);
}

/* The signal of the top that has the bank, `cycle` cycles after the event was presented. */
static void bank_at(const struct verilog_plan *plan, int cycle, char name[24])
{
    int number = 0;
    if (!plan->is_paced) {
        bool is_vector = plan->program->latency_cycles > 2;
        snprintf(name, 24, cycle < 2 ? "bank_q" : is_vector ? "bank_d[%d]" : "bank_d", cycle - 2);
        return;
    }
    while (number < plan->bank_count && plan->banks[number] < cycle)
        number++;
    if (cycle == 0)
        snprintf(name, 24, "bank");
    else if (number == 0)
        snprintf(name, 24, "bank_q");
    else
        snprintf(name, 24, "bank_h%d", number);
}

void verilog_bank_name(int cycle, char name[24])
{
    snprintf(name, 24, "bank_at_%d_i", cycle);
}

void verilog_bank_ports(const struct verilog_plan *plan, int block, bool top, struct text *ports)
{
    const struct program *p = plan->program;
    char net[24], port[24];
    if (!plan->has_banks || !reads_bank(plan, block)) return;
    if (plan->is_paced) {
        bank_at(plan, plan->first_stage[block] - 1, net);
        verilog_port(ports, top, "input", 1, false, "bank_i", net);
        return;
    }
    for (int cycle = 1; cycle < p->latency_cycles; cycle++) {
        bool needed = false;
        for (int v = p->blocks[block].first; v < p->blocks[block].end && !needed; v++) {
            const struct op *op = &p->ops[v];
            needed = op->code == OP_LOAD && plan->values[v].live &&
                     plan->memories[op->immediate].loads && load_read_stage(p, op) == cycle;
        }
        if (!needed) continue;
        bank_at(plan, cycle, net);
        verilog_bank_name(cycle, port);
        verilog_port(ports, top, "input", 1, false, port, net);
    }
}

static void add_chain(const struct verilog_plan *plan, struct text *text)
{
    int length = plan->program->latency_cycles - 1;
    char last[24];
    if (!plan->is_paced && length > 0) {
        char next[40] = "bank_q";
        if (length > 1) snprintf(next, sizeof next, "{bank_d[%d:0], bank_q}", length - 2);
        verilog_register(plan, text, "bank_d", length, (struct verilog_case[]){{NULL, next}, {0}});
    }
    for (int k = 0; k < plan->bank_count; k++) {
        char from[24];
        bank_at(plan, plan->banks[k], from);
        char name[24], at[24];
        snprintf(name, sizeof name, "bank_h%d", k + 1);
        snprintf(at, sizeof at, "at_%d", plan->banks[k]);
        verilog_register(plan, text, name, 1, (struct verilog_case[]){{at, from}, {0}});
    }
    bank_at(plan, plan->program->latency_cycles, last);
    text_add(text, "    assign bank_o = %s;\n", last);
}

/* ---- the port ---- */

void verilog_load_ports(const struct verilog_plan *plan, struct text *text)
{
    struct arena arena = {0};
    if (!plan->has_banks) return;
    struct load_map map = program_load_map(plan->program, &arena);
    text_add(text, ",\n    input  wire load_valid_i,\n");
    verilog_declare(text, "    input  wire", false, map.address_bits);
    text_add(text, "load_addr_i,\n");
    verilog_declare(text, "    input  wire", false, map.data_bits);
    text_add(text, "load_data_i,\n    input  wire load_swap_i,\n    output wire load_ready_o,\n"
                   "    output wire bank_o");
    arena_free(&arena);
}

/* The word as a code. */
static void add_code(const struct verilog_memory *m, int width, int data_bits, struct text *text)
{
    verilog_declare(text, "    wire", false, m->word_bits);
    text_add(text,
             "%s_data;\n    secded_encode #(.DATA_BITS(%d), .HAMMING_BITS(%d)) encode_%s (\n"
             "        .data_i(load_data_q",
             m->name, width, m->word_bits - width - 1, m->name);
    if (width < data_bits) text_add(text, width > 1 ? "[%d:0]" : "[0]", width - 1);
    text_add(text, "),\n        .code_o(%s_data)\n    );\n", m->name);
}

/* Which memory a word is for. */
static void add_writes(const struct verilog_plan *plan, const struct load_map *map,
                       struct text *text)
{
    verilog_mask addresses = 0;
    int widest = 0;
    for (int i = 0; i < map->count; i++) {
        const struct load_range *range = &map->ranges[i];
        const struct verilog_memory *m = &plan->memories[range->memory];
        const struct memory *memory = &plan->program->memories[range->memory];
        int low = m->address_bits, width = memory->format.width_bits;
        if (!m->loads) continue;
        if (width > widest) widest = width;
        text_add(text, "    wire %s_we = load_we_q", m->name);
        if (low < map->address_bits && map->address_bits > 1) {
            text_add(text, " && load_addr_q[%d:%d] == %d'd%u", map->address_bits - 1, low,
                     map->address_bits - low, (unsigned)(range->base >> low));
            addresses |= ~(((verilog_mask)1 << low) - 1);
        } else if (low < map->address_bits) {
            text_add(text, " && load_addr_q == 1'd%u", (unsigned)range->base);
            addresses = ~(verilog_mask)0;
        }
        text_add(text, ";\n");
        verilog_declare(text, "    wire", false, verilog_slot_bits(m));
        if (low == 0)
            text_add(text, "%s_addr = !bank_q;\n", m->name);
        else if (map->address_bits == 1)
            text_add(text, "%s_addr = {!bank_q, load_addr_q};\n", m->name);
        else
            text_add(text, "%s_addr = {!bank_q, load_addr_q[%d:0]};\n", m->name, low - 1);
        if (low) addresses |= ((verilog_mask)1 << low) - 1;
        if (m->is_corrected) {
            add_code(m, width, map->data_bits, text);
            continue;
        }
        verilog_declare(text, "    wire", memory->format.is_signed, width);
        text_add(text,
                 width == map->data_bits ? "%s_data = load_data_q;\n"
                 : width > 1             ? "%s_data = load_data_q[%d:0];\n"
                                         : "%s_data = load_data_q[%d];\n",
                 m->name, width - 1);
    }
    verilog_mask all = ((verilog_mask)1 << map->address_bits) - 1;
    if ((addresses & all) != all || widest < map->data_bits)
        text_add(text, "    // Of memories that no output depends on.\n"
                       "    wire unused_load = &{1'b0, load_addr_q, load_data_q};\n");
}

void verilog_load_control(const struct verilog_plan *plan, const char *may_start, struct text *text)
{
    struct arena arena = {0};
    struct load_map map = program_load_map(plan->program, &arena);
    int latency = plan->program->latency_cycles;
    int bits = format_of_interval(0, latency, 0).width_bits;
    text_add(text,
             "    // Words are written to the bank that new events do not have. A swap waits for a "
             "cycle in which\n"
             "    // an event may be taken, which has the new bank; then nothing is written until "
             "the last event\n"
             "    // of the old bank is out.\n"
             "    wire turns, bank;\n");
    char zero[24], drained[40], first[40], next[40], loads[] = "load_valid_i && load_ready_o";
    snprintf(zero, sizeof zero, "%d'd0", bits);
    snprintf(drained, sizeof drained, "drain_q != %d'd0", bits);
    snprintf(first, sizeof first, "%d'd%d", bits, latency);
    snprintf(next, sizeof next, "drain_q - %d'd1", bits);
    verilog_register_from_0(plan, text, "bank_q", 1,
                            (struct verilog_case[]){{"!rst_i", "bank"}, {0}});
    verilog_register(
        plan, text, "swap_q", 1,
        (struct verilog_case[]){
            {"rst_i", "1'b0"}, {"swap_q", "!turns"}, {NULL, "load_swap_i && load_ready_o"}, {0}});
    verilog_register(
        plan, text, "drain_q", bits,
        (struct verilog_case[]){{"rst_i", zero}, {"turns", first}, {drained, next}, {0}});
    text_add(text, "    assign turns = swap_q%s%s;\n    assign bank = bank_q ^ turns;\n",
             may_start ? " && " : "", may_start ? may_start : "");
    text_add(text, "    assign load_ready_o = !swap_q && drain_q == %s;\n", zero);
    verilog_register(plan, text, "load_we_q", 1,
                     (struct verilog_case[]){{"rst_i", "1'b0"}, {NULL, loads}, {0}});
    verilog_register(plan, text, "load_addr_q", map.address_bits,
                     (struct verilog_case[]){{NULL, "load_addr_i"}, {0}});
    verilog_register(plan, text, "load_data_q", map.data_bits,
                     (struct verilog_case[]){{NULL, "load_data_i"}, {0}});
    add_writes(plan, &map, text);
    arena_free(&arena);
}

void verilog_load_chain(const struct verilog_plan *plan, struct text *text)
{
    if (plan->has_banks) add_chain(plan, text);
}

/* ---- contents ---- */

void verilog_load_contents(const struct verilog_plan *plan, int memory, const char *array,
                           struct text *text)
{
    const struct memory *m = &plan->program->memories[memory];
    int places = 1 << plan->memories[memory].address_bits;
    bool is_corrected = plan->memories[memory].is_corrected;
    struct verilog_signal constant = {.is_constant = true};
    text_add(text, "    initial begin\n");
    for (int place = 0; place < 2 * places; place++) {
        constant.integer = place % places < m->entries ? m->contents[place % places] : 0;
        int width = m->format.width_bits;
        text_add(text, "        %s[%d] = ", array, place);
        if (is_corrected) {
            uint64_t word = load_port_word(m, constant.integer);
            text_add(text, "{%d'd%u, ", secded_check_bits(width), secded_check(word, width));
        }
        verilog_field(text, &constant, 0, width);
        text_add(text, is_corrected ? "};\n" : ";\n");
    }
    text_add(text, "    end\n");
}
