/* Memories of programs with loops: arrays, or chains of registers, and the operations that load
 * from them and store to them. A module keeps copies of the memories that it loads from; the module
 * that stores sends address and data. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <stdio.h>

/* ---- parts of the plan ---- */

void verilog_plan_memories(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    plan->statics = statics_new(p);
    plan->memories = arena_alloc(&plan->arena, (size_t)p->memory_count + 1, sizeof *plan->memories);
    const char **names = arena_alloc(&plan->arena, (size_t)p->memory_count + 1, sizeof *names);
    for (int m = 0; m < p->memory_count; m++) {
        const struct memory *memory = &p->memories[m];
        struct verilog_memory *v = &plan->memories[m];
        names[m] = verilog_identifier(&plan->arena, memory->name);
        v->name =
            verilog_unique(&plan->arena, names, m, arena_printf(&plan->arena, "mem_%s", names[m]));
        names[m] = v->name;
        v->store = -1;
        v->word_bits = memory_word_bits(p, memory);
        v->buffers = memory->slots > memory->entries ? memory->slots / memory->entries : 1;
        if (memory->contents) v->buffers = 2;
        v->turn_bits = verilog_bits_for(v->buffers);
        v->address_bits = verilog_bits_for(v->buffers > 1 ? memory->entries : memory->slots);
    }
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_STORE) plan->memories[p->ops[v].immediate].store = v;
}

bool verilog_writes_memory(const struct verilog_plan *plan, int block, int memory)
{
    const struct verilog_memory *m = &plan->memories[memory];
    return m->live && m->store >= 0 && program_block_of(plan->program, m->store) == block;
}

bool verilog_reads_memory(const struct verilog_plan *plan, int block, int memory)
{
    const struct program *p = plan->program;
    for (int v = p->blocks[block].first; v < p->blocks[block].end; v++)
        if (p->ops[v].code == OP_LOAD && p->ops[v].immediate == memory && plan->values[v].live)
            return true;
    return false;
}

/* ---- arrays and chains ---- */

/* The memory's signal as a module sees it. */
static void memory_signal(const struct verilog_plan *plan, int block, int memory, const char *which,
                          char name[160])
{
    bool own = verilog_writes_memory(plan, block, memory);
    snprintf(name, 160, "%s_%s%s", plan->memories[memory].name, which, own ? "" : "_i");
}

int verilog_slot_bits(const struct verilog_memory *m)
{
    return m->address_bits + m->turn_bits;
}

/* Whether the module keeps the memory in one array (or chain) for all its loads. */
static bool is_shared(const struct program *p, int memory)
{
    if (memory_is_corrected(p, &p->memories[memory])) return false;
    return p->memories[memory].kind == MEMORY_REGISTERS || p->memories[memory].kind == MEMORY_DELAY;
}

static void add_write(struct verilog_module *module, int memory, const char *array)
{
    const struct verilog_memory *m = &module->plan->memories[memory];
    char we[160], addr[160], data[160];
    memory_signal(module->plan, module->block, memory, "we", we);
    memory_signal(module->plan, module->block, memory, "addr", addr);
    memory_signal(module->plan, module->block, memory, "data", data);
    text_add(&module->body, "if (%s) %s", we, array);
    if (verilog_slot_bits(m)) text_add(&module->body, "[%s]", addr);
    text_add(&module->body, " <= %s;\n", data);
}

static void declare_array(struct verilog_module *module, int memory, const char *name)
{
    static const char *const styles[] = {"registers", "", "distributed", "block"};
    const struct program *p = module->plan->program;
    const struct memory *memory_ = &p->memories[memory];
    const struct verilog_memory *m = &module->plan->memories[memory];
    struct text *t = &module->body;
    /* A slot is never written in the cycle in which it is read (docs/reference/program.md). */
    if (verilog_slot_bits(m))
        text_add(t, "    (* no_rw_check, ram_style = \"%s\" *)\n", styles[memory_->kind]);
    bool is_signed = memory_->format.is_signed && !m->is_corrected;
    verilog_declare(t, "    reg", is_signed, m->word_bits);
    text_add(t, "%s", name);
    if (verilog_slot_bits(m)) text_add(t, " [0:%d]", (1 << verilog_slot_bits(m)) - 1);
    text_add(t, ";\n");
    if (m->loads) verilog_load_contents(module->plan, memory, name, t);
}

/* A chain of registers: %s_d[k] is what was stored k + 1 cycles ago. */
static void add_delay(struct verilog_module *module, int memory)
{
    const struct verilog_memory *m = &module->plan->memories[memory];
    const struct memory *memory_ = &module->plan->program->memories[memory];
    struct text *t = &module->body;
    char data[160];
    int longest = verilog_longest_delay(module->plan, module->block, memory);
    memory_signal(module->plan, module->block, memory, "data", data);
    for (int k = 1; k <= longest; k++) {
        verilog_declare(t, "    reg", memory_->format.is_signed, memory_->format.width_bits);
        text_add(t, "%s_d%d;\n", m->name, k);
    }
    text_add(t, "    always @(posedge clk_i) begin\n");
    for (int k = 1; k <= longest; k++) {
        text_add(t, "        %s_d%d <= ", m->name, k);
        if (k == 1)
            text_add(t, "%s;\n", data);
        else
            text_add(t, "%s_d%d;\n", m->name, k - 1);
    }
    text_add(t, "    end\n");
}

void verilog_memories(struct verilog_module *module)
{
    const struct verilog_plan *plan = module->plan;
    const struct program *p = plan->program;
    struct text *t = &module->body;
    for (int m = 0; m < p->memory_count; m++) {
        const struct verilog_memory *v = &plan->memories[m];
        const struct format format = p->memories[m].format;
        bool writes = verilog_writes_memory(plan, module->block, m);
        bool reads = verilog_reads_memory(plan, module->block, m);
        if (!writes && !reads) continue;
        text_add(t, "\n    // Memory %s: %d entries of %d bits%s.\n", v->name,
                 p->memories[m].entries, format.width_bits,
                 v->is_corrected ? ", two banks to be loaded, words corrected"
                 : v->loads      ? ", two banks to be loaded"
                                 : "");
        if (writes) {
            bool chain = p->memories[m].kind == MEMORY_DELAY;
            if (!chain) text_add(t, "    wire %s_we;\n", v->name);
            if (verilog_slot_bits(v) && !chain) {
                verilog_declare(t, "    wire", false, verilog_slot_bits(v));
                text_add(t, "%s_addr;\n", v->name);
            }
            verilog_declare(t, "    wire", format.is_signed, format.width_bits);
            text_add(t, "%s_data;\n", v->name);
        }
        if (!reads || !is_shared(p, m)) continue;
        if (p->memories[m].kind == MEMORY_DELAY) {
            add_delay(module, m);
            continue;
        }
        char name[160];
        snprintf(name, sizeof name, "%s_r", v->name);
        declare_array(module, m, name);
        text_add(t, "    always @(posedge clk_i) ");
        add_write(module, m, name);
    }
}

/* "{turn_q2, n7[1:0]}": the slot that op `value` reads or writes in stage `stage`. */
static void add_slot(struct verilog_module *module, int value, int memory, int stage,
                     struct text *t)
{
    const struct verilog_memory *m = &module->plan->memories[memory];
    if (m->loads) {
        char bank[24];
        if (module->plan->is_paced)
            verilog_control_signal(module, VERILOG_BANK, stage, bank);
        else
            verilog_bank_name(stage, bank);
        text_add(t, "%s%s%s", m->address_bits ? "{" : "", bank, m->address_bits ? ", " : "");
    } else if (m->turn_bits) {
        char turn[24];
        verilog_control_signal(module, VERILOG_TURN, stage, turn);
        text_add(t, "%s%s", m->address_bits ? "{" : "", turn);
        int bits = verilog_bits_for(verilog_buffers(module->plan, module->block));
        if (bits > m->turn_bits) text_add(t, "[%d:0]", m->turn_bits - 1);
        if (m->address_bits) text_add(t, ", ");
    }
    if (m->address_bits) {
        struct verilog_signal address = verilog_operand(module, value, 0);
        verilog_field(t, &address, 0, m->address_bits);
    }
    if (m->turn_bits && m->address_bits) text_add(t, "}");
}

static void add_slot_index(struct verilog_module *module, int value, int memory, int stage,
                           struct text *t)
{
    if (!verilog_slot_bits(&module->plan->memories[memory])) return;
    text_add(t, "[");
    add_slot(module, value, memory, stage, t);
    text_add(t, "]");
}

bool verilog_reads_corrected(const struct verilog_plan *plan, int block)
{
    for (int m = 0; m < plan->program->memory_count; m++)
        if (plan->memories[m].is_corrected && verilog_reads_memory(plan, block, m)) return true;
    return false;
}

static void watch_load(struct verilog_module *module, const char *name, enum verilog_watch watch,
                       const char *suffix)
{
    char signal[192];
    snprintf(signal, sizeof signal, "%s_%s", name, suffix);
    text_add(&module->body, "    wire %s;\n", signal);
    verilog_watch(module->plan, watch, signal);
}

/* A memory of codes and its guard; NAME_data is the corrected word. Where an event may come every
 * cycle the memory is always read. */
static void add_corrected(struct verilog_module *module, int value)
{
    const struct verilog_plan *plan = module->plan;
    const struct op *op = &plan->program->ops[value];
    int memory = (int)op->immediate, stage = load_read_stage(plan->program, op);
    const struct verilog_memory *m = &plan->memories[memory];
    const struct memory *memory_ = &plan->program->memories[memory];
    const char *name = plan->values[value].name;
    struct text *t = &module->body;
    char array[160], busy[24] = "1'b1", we[160], addr[160], data[160];
    int data_bits = memory_->format.width_bits, slot_bits = verilog_slot_bits(m);
    snprintf(array, sizeof array, "%s_ram", name);
    memory_signal(plan, module->block, memory, "we", we);
    memory_signal(plan, module->block, memory, "addr", addr);
    memory_signal(plan, module->block, memory, "data", data);
    if (plan->is_paced) verilog_control_signal(module, VERILOG_RUN, stage, busy);
    declare_array(module, memory, array);
    text_add(t, "    wire %s_we;\n    wire [%d:0] %s_read_addr, %s_write_addr;\n", name,
             slot_bits - 1, name, name);
    text_add(t, "    wire [%d:0] %s_write;\n    reg [%d:0] %s_q0;\n", m->word_bits - 1, name,
             m->word_bits - 1, name);
    text_add(t,
             "    always @(posedge clk_i) if (%s_we) %s[%s_write_addr] <= %s_write;\n"
             "    always @(posedge clk_i) %s_q0 <= %s[%s_read_addr];\n",
             name, array, name, name, name, array, name);
    verilog_declare(t, "    wire", false, data_bits);
    text_add(t, "%s_data;\n", name);
    watch_load(module, name, WATCH_CORRECTED, "corrected");
    watch_load(module, name, WATCH_UNCORRECTABLE, "uncorrectable");
    text_add(t,
             "    secded_guard #(\n        .DATA_BITS(%d),\n        .HAMMING_BITS(%d),\n"
             "        .ADDRESS_BITS(%d),\n        .CORRECTION_CYCLES(%d)\n    ) guard_%s (\n       "
             " .clk_i(clk_i),\n"
             "        .busy_i(%s),\n        .addr_i(",
             data_bits, m->word_bits - data_bits - 1, slot_bits, plan->program->correction_cycles,
             name, busy);
    add_slot(module, value, memory, stage, t);
    text_add(t,
             "),\n        .load_we_i(%s),\n        .load_addr_i(%s),\n        .load_code_i(%s),\n"
             "        .ram_addr_o(%s_read_addr),\n        .ram_code_i(%s_q0),\n"
             "        .ram_we_o(%s_we),\n        .ram_write_addr_o(%s_write_addr),\n"
             "        .ram_write_code_o(%s_write),\n        .data_o(%s_data),\n"
             "        .corrected_o(%s_corrected),\n        .uncorrectable_o(%s_uncorrectable)\n"
             "    );\n",
             we, addr, data, name, name, name, name, name, name, name, name);
}

void verilog_load(struct verilog_module *module, int value)
{
    const struct verilog_plan *plan = module->plan;
    const struct op *op = &plan->program->ops[value];
    int memory = (int)op->immediate;
    const struct verilog_memory *m = &plan->memories[memory];
    const char *name = plan->values[value].name;
    bool block = op_read_cycles(plan->program, op);
    struct text *t = &module->body;
    char array[160];
    snprintf(array, sizeof array, is_shared(plan->program, memory) ? "%s_r" : "%s_ram",
             is_shared(plan->program, memory) ? m->name : name);
    if (m->is_corrected) {
        add_corrected(module, value);
    } else if (!is_shared(plan->program, memory)) {
        declare_array(module, memory, array);
        text_add(t, "    always @(posedge clk_i) ");
        add_write(module, memory, array);
    }
    size_t start = t->length;
    struct text word = {0}; /* what the memory answers */
    if (m->is_corrected) {
        text_add(&word, "%s_data", name);
    } else if (plan->program->memories[memory].kind == MEMORY_DELAY) {
        text_add(&word, "%s_d%d", m->name, verilog_delay(plan, value));
    } else if (block) {
        verilog_declare(t, "    reg", op->format.is_signed, op->format.width_bits);
        text_add(t, "%s_q0;\n    always @(posedge clk_i) %s_q0 <= %s", name, name, array);
        add_slot_index(module, value, memory, op->stage - 1, t);
        text_add(t, ";\n");
        text_add(&word, "%s_q0", name);
        start = t->length;
    } else {
        text_add(&word, "%s", array);
        add_slot_index(module, value, memory, op->stage, &word);
    }
    verilog_declare(t, "    wire", op->format.is_signed, op->format.width_bits);
    text_add(t, "%s = ", name);
    if (op->operand_count > 1) {
        struct verilog_signal condition = verilog_operand(module, value, 1);
        verilog_field(t, &condition, 0, 1);
        text_add(t, " ? %s : %d'd0;\n", text_string(&word), op->format.width_bits);
    } else {
        text_add(t, "%s;\n", text_string(&word));
    }
    text_free(&word);
    verilog_note(module, start, value);
}

void verilog_store(struct verilog_module *module, int store)
{
    const struct verilog_plan *plan = module->plan;
    const struct op *op = &plan->program->ops[store];
    int memory = (int)op->immediate;
    const struct verilog_memory *m = &plan->memories[memory];
    struct text *t = &module->body;
    if (!m->live) return;
    struct verilog_signal value = verilog_operand(module, store, 1);
    if (plan->program->memories[memory].kind != MEMORY_DELAY) {
        char run[24];
        struct verilog_signal enable = verilog_operand(module, store, 2);
        verilog_control_signal(module, VERILOG_RUN, op->stage, run);
        text_add(t, "    assign %s_we = %s", m->name, run);
        if (!enable.is_constant) text_add(t, " & "), verilog_field(t, &enable, 0, 1);
        text_add(t, ";\n");
        if (verilog_slot_bits(m)) {
            text_add(t, "    assign %s_addr = ", m->name);
            add_slot(module, store, memory, op->stage, t);
            text_add(t, ";\n");
        }
    }
    text_add(t, "    assign %s_data = ", m->name);
    verilog_field(t, &value, 0, plan->program->memories[memory].format.width_bits);
    text_add(t, ";\n");
}

/* ---- delays of a memory made of them ---- */

int verilog_delay(const struct verilog_plan *plan, int load)
{
    int least, most;
    if (!load_distances(plan->statics, load, &least, &most)) assert(!"a stored memory");
    assert(least == most);
    return least;
}

int verilog_longest_delay(const struct verilog_plan *plan, int block, int memory)
{
    const struct program *p = plan->program;
    int longest = 1;
    for (int v = p->blocks[block].first; v < p->blocks[block].end; v++) {
        if (p->ops[v].code != OP_LOAD || p->ops[v].immediate != memory || !plan->values[v].live)
            continue;
        int delay = verilog_delay(plan, v);
        if (delay > longest) longest = delay;
    }
    return longest;
}
