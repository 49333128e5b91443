/* What loops add to a module: an iteration counter that a pulse starts, carried registers, and
 * registers that hold values for later blocks; memories are in verilog_memory.c.
 *
 * All control is counted from one pulse, start_i, a cycle before the block's first stage F. Signals
 * of stage F + d are those of stage F, d registers later:
 *   run    an iteration of some event is in the stage
 *   keep   and it is not the last: what is carried goes on, else it falls back to its constant
 *   start  the cycle before iteration 0 is in the stage: states take their first value
 *   done   the last iteration is in the stage
 *   turn   which of a memory's buffers the event has
 *   bank   which bank of the loadable memories the event has
 * Only run is reset, and the pulses: what comes after is flushed before the next event arrives. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int verilog_bits_for(int count)
{
    return count > 1 ? format_of_interval(0, count - 1, 0).width_bits : 0;
}

static int trip_of(const struct verilog_plan *plan, int block)
{
    return plan->program->blocks[block].trip;
}

/* ---- parts of the plan ---- */

bool verilog_has_control(const struct verilog_plan *plan, int block)
{
    if (trip_of(plan, block) > 1 || verilog_reads_corrected(plan, block)) return true;
    for (int m = 0; m < plan->program->memory_count; m++) {
        if (verilog_writes_memory(plan, block, m)) return true;
        if (plan->memories[m].turn_bits && verilog_reads_memory(plan, block, m)) return true;
    }
    return false;
}

/* The first stage of all that a loop does; in straight code, of what needs control. */
static int find_first_stage(const struct verilog_plan *plan, int block)
{
    const struct program *p = plan->program;
    int first = p->latency_cycles;
    for (int v = p->blocks[block].first; v < p->blocks[block].end; v++) {
        const struct op *op = &p->ops[v];
        bool active = plan->values[plan->root[v]].live && op->code != OP_CONST;
        if (trip_of(plan, block) == 1 && op->code != OP_STORE && op->code != OP_LOAD) continue;
        int stage = op->code == OP_LOAD ? load_read_stage(p, op) : op->stage;
        if (active && stage < first) first = stage;
    }
    return first;
}

/* Pulses that a hold of the value needs: a loop's first hold has its done. */
static bool needs_pulse(const struct verilog_plan *plan, int value, int hold)
{
    int home = plan->values[value].home;
    return hold > 1 || home == VERILOG_TOP || trip_of(plan, home) == 1;
}

void verilog_plan_pulses(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    if (!plan->is_paced) return;
    plan->first_stage =
        arena_alloc(&plan->arena, (size_t)p->block_count + 1, sizeof *plan->first_stage);
    plan->is_pulse =
        arena_alloc(&plan->arena, (size_t)p->latency_cycles + 2, sizeof *plan->is_pulse);
    plan->is_pulse[p->latency_cycles] = true;
    for (int b = 0; b < p->block_count; b++) {
        plan->first_stage[b] = find_first_stage(plan, b);
        if (verilog_has_module(plan, b) && verilog_has_control(plan, b)) {
            assert(plan->first_stage[b] > 0);
            plan->is_pulse[plan->first_stage[b] - 1] = true;
        }
    }
    for (int v = 0; v < p->op_count; v++)
        for (int hold = 1; hold <= plan->values[v].hold_count; hold++)
            if (needs_pulse(plan, v, hold))
                plan->is_pulse[verilog_hold_cycle(plan, v, hold)] = true;
}

/* ---- control signals ---- */

void verilog_control_signal(struct verilog_module *module, enum verilog_control_name signal,
                            int stage, char name[24])
{
    static const char *const names[] = {"run_q", "keep", "start_i", "done", "turn_q", "bank_q"};
    static const char *const delayed[] = {"run_q",  "keep_q", "start_q",
                                          "done_q", "turn_q", "bank_q"};
    struct verilog_control *c = &module->control;
    int *counts[] = {&c->runs, &c->keeps, &c->starts, &c->dones, &c->turns, &c->banks};
    int d = stage - module->plan->first_stage[module->block];
    assert(d >= 0);
    if (*counts[signal] < d + 1) *counts[signal] = d + 1;
    if (d == 0)
        snprintf(name, 24, "%s", names[signal]);
    else
        snprintf(name, 24, "%s%d", delayed[signal], d);
}

static void add_counter(struct verilog_module *module, struct text *text)
{
    const struct verilog_plan *plan = module->plan;
    const struct verilog_control *c = &module->control;
    int trip = trip_of(plan, module->block), bits = verilog_bits_for(trip);
    bool runs = c->runs || c->keeps || c->dones;
    if (!runs && !c->needs_counter) return;
    text_add(text, "    // Iterations in stage %d.\n", plan->first_stage[module->block]);
    if (trip > 1) {
        char zero[24], next[40];
        snprintf(zero, sizeof zero, "%d'd0", bits);
        snprintf(next, sizeof next, "iteration_q + %d'd1", bits);
        verilog_register(plan, text, "iteration_q", bits,
                         (struct verilog_case[]){{"start_i", zero}, {NULL, next}, {0}});
    }
    if (!runs) return;
    if (trip > 1)
        text_add(text, "    wire last = iteration_q == %d'd%d;\n", bits, trip - 1);
    else
        text_add(text, "    wire last = 1'b1;\n");
    verilog_register(
        plan, text, "run_q", 1,
        (struct verilog_case[]){{"rst_i", "1'b0"}, {"start_i", "1'b1"}, {"last", "1'b0"}, {0}});
    if (c->keeps) text_add(text, "    wire keep = run_q && !last;\n");
    if (c->dones) text_add(text, "    wire done = run_q && last;\n");
}

/* Counts events modulo the most buffers, a power of two: memories with fewer take its low bits. */
static void add_turn(struct verilog_module *module, struct text *text)
{
    int bits = verilog_bits_for(verilog_buffers(module->plan, module->block));
    if (!module->control.turns) return;
    char zero[24], next[40];
    snprintf(zero, sizeof zero, "%d'd0", bits);
    snprintf(next, sizeof next, "turn_q + %d'd1", bits);
    text_add(text, "    // The event's buffer.\n");
    verilog_register(module->plan, text, "turn_q", bits,
                     (struct verilog_case[]){{"rst_i", zero}, {"start_i", next}, {0}});
    verilog_register_chain(module->plan, text, "turn_q", "turn_q", module->control.turns, bits);
    for (int d = 0; d < module->control.turns && bits > 1; d++) { /* some need only low bits */
        text_add(&module->unused_extra, ", turn_q");
        if (d) text_add(&module->unused_extra, "%d", d);
    }
}

/* Taken with the event, whatever comes later. */
static void add_bank(struct verilog_module *module, struct text *text)
{
    if (!module->control.banks) return;
    text_add(text, "    // The event's bank of what is loaded.\n");
    verilog_register(module->plan, text, "bank_q", 1,
                     (struct verilog_case[]){{"start_i", "bank_i"}, {0}});
    verilog_register_chain(module->plan, text, "bank_q", "bank_q", module->control.banks, 1);
}

int verilog_buffers(const struct verilog_plan *plan, int block)
{
    int most = 1;
    for (int m = 0; m < plan->program->memory_count; m++)
        if (!plan->memories[m].loads &&
            (verilog_writes_memory(plan, block, m) || verilog_reads_memory(plan, block, m)) &&
            plan->memories[m].buffers > most)
            most = plan->memories[m].buffers;
    return most;
}

void verilog_control_text(struct verilog_module *module, struct text *text)
{
    struct verilog_control *c = &module->control;
    if (!module->plan->is_paced || !verilog_has_control(module->plan, module->block)) return;
    if (verilog_exports_done(module->plan, module->block) && !c->dones) c->dones = 1;
    text_add(text, "\n");
    add_counter(module, text);
    verilog_register_chain(module->plan, text, "run_q", "run_q", c->runs, 1);
    verilog_register_chain(module->plan, text, "keep", "keep_q", c->keeps, 1);
    verilog_register_chain(module->plan, text, "start_i", "start_q", c->starts, 1);
    verilog_register_chain(module->plan, text, "done", "done_q", c->dones, 1);
    add_turn(module, text);
    add_bank(module, text);
    if (verilog_exports_done(module->plan, module->block))
        text_add(text, "    assign done_o = done;\n");
}

/* The iteration's number d stages later, each of its registers voted. */
static void add_voted_index(struct verilog_module *module, int width, int d, const char *name)
{
    char from[168] = "iteration_q", delay[168];
    for (int i = 1; i <= d; i++) {
        snprintf(delay, sizeof delay, i < d ? "%s_d%d" : "%s", name, i);
        verilog_register(module->plan, &module->body, delay, width,
                         (struct verilog_case[]){{NULL, from}, {0}});
        memcpy(from, delay, sizeof from);
    }
}

void verilog_index(struct verilog_module *module, int value)
{
    const struct op *op = &module->plan->program->ops[value];
    const char *name = module->plan->values[value].name;
    int d = op->stage - module->plan->first_stage[module->block];
    module->control.needs_counter = true;
    if (d && module->plan->votes) {
        add_voted_index(module, op->format.width_bits, d, name);
        return;
    }
    verilog_declare(&module->body, d ? "    reg" : "    wire", false, op->format.width_bits);
    if (d == 0) {
        text_add(&module->body, "%s = iteration_q;\n", name);
        return;
    }
    text_add(&module->body, "%s;\n", name);
    for (int i = 1; i < d; i++) {
        verilog_declare(&module->body, "    reg", false, op->format.width_bits);
        text_add(&module->body, "%s_d%d;\n", name, i);
    }
    text_add(&module->body, "    always @(posedge clk_i) begin\n");
    for (int i = 1; i <= d; i++) {
        text_add(&module->body, "        %s", name);
        if (i < d) text_add(&module->body, "_d%d", i);
        if (i == 1)
            text_add(&module->body, " <= iteration_q;\n");
        else
            text_add(&module->body, " <= %s_d%d;\n", name, i - 1);
    }
    text_add(&module->body, "    end\n");
}

/* ---- states ---- */

void verilog_state(struct verilog_module *module, int value)
{
    const struct op *op = &module->plan->program->ops[value];
    size_t start = module->body.length;
    verilog_declare(&module->body, "    reg", op->format.is_signed, op->format.width_bits);
    text_add(&module->body, "%s;\n", module->plan->values[value].name);
    verilog_note(module, start, value);
}

void verilog_update(struct verilog_module *module, int update)
{
    const struct verilog_plan *plan = module->plan;
    const struct program *p = plan->program;
    int state = p->operands[p->ops[update].operands];
    if (!plan->values[state].live) return;
    struct verilog_signal first = verilog_operand(module, state, 0),
                          next = verilog_operand(module, update, 1);
    struct text *t = &module->body;
    const char *name = plan->values[state].name;
    char control[24];
    int width = p->ops[state].format.width_bits;
    verilog_control_signal(module, first.is_constant ? VERILOG_KEEP : VERILOG_START,
                           p->ops[state].stage, control);
    text_add(t, "    always @(posedge clk_i)\n        if (%s) %s <= ", control, name);
    verilog_field(t, first.is_constant ? &next : &first, 0, width);
    text_add(t, ";\n        else %s <= ", name);
    verilog_field(t, first.is_constant ? &first : &next, 0, width);
    text_add(t, ";\n");
}

/* ---- holds ---- */

/* The signal that makes a hold take its value. */
static void hold_enable(struct verilog_module *module, int value, int hold, char name[24])
{
    const struct verilog_plan *plan = module->plan;
    if (needs_pulse(plan, value, hold))
        snprintf(name, 24, "at_%d%s", verilog_hold_cycle(plan, value, hold),
                 module->block == VERILOG_TOP ? "" : "_i");
    else
        verilog_control_signal(module, VERILOG_DONE, plan->program->ops[value].stage, name);
}

/* The holds that `enable` loads from value `from` on, as one clocked block. */
static int add_holds(struct verilog_module *module, int from, const char *enable, bool *is_done)
{
    const struct verilog_plan *plan = module->plan;
    const struct program *p = plan->program;
    struct text always = {0};
    int count = 0;
    for (int v = from; v < p->op_count; v++) {
        const struct verilog_value *value = &plan->values[v];
        if (value->home != module->block || !value->live) continue;
        for (int hold = 1; hold <= value->hold_count; hold++) {
            char name[24], source[160], to[160];
            hold_enable(module, v, hold, name);
            if (strcmp(name, enable) != 0) continue;
            verilog_local_name(plan, module->block, v, hold > 1 ? value->chain + hold - 1 : 0,
                               source);
            verilog_local_name(plan, module->block, v, value->chain + hold, to);
            verilog_declare(&module->body, "    reg", p->ops[v].format.is_signed,
                            p->ops[v].format.width_bits);
            text_add(&module->body, "%s;\n", to);
            text_add(&always, "        %s <= %s;\n", to, source);
            verilog_use_all(module, v, hold > 1 ? value->chain + hold - 1 : 0);
            is_done[value->first_hold + hold - 1] = true;
            count++;
        }
    }
    text_add(&module->body, "    always @(posedge clk_i) if (%s) begin\n%s    end\n", enable,
             text_string(&always));
    text_free(&always);
    return count;
}

int verilog_holds(struct verilog_module *module)
{
    const struct verilog_plan *plan = module->plan;
    const struct program *p = plan->program;
    struct arena arena = {0};
    bool *is_done = arena_alloc(&arena, (size_t)plan->hold_count + 1, sizeof *is_done);
    int count = 0;
    for (int v = 0; v < p->op_count; v++) {
        const struct verilog_value *value = &plan->values[v];
        if (value->home != module->block || !value->live) continue;
        for (int hold = 1; hold <= value->hold_count; hold++) {
            char enable[24];
            if (is_done[value->first_hold + hold - 1]) continue;
            if (!count)
                text_add(&module->body, "\n    // Held for %d cycles.\n", p->interval_cycles);
            hold_enable(module, v, hold, enable);
            count += add_holds(module, v, enable, is_done);
        }
    }
    arena_free(&arena);
    return count;
}

/* ---- ports and pulses ---- */

/* Whether the module has a run or turn signal: those are reset. */
static bool needs_reset(const struct verilog_plan *plan, int block)
{
    const struct program *p = plan->program;
    if (verilog_exports_done(plan, block) || verilog_buffers(plan, block) > 1 ||
        verilog_reads_corrected(plan, block))
        return true;
    for (int v = p->blocks[block].first; v < p->blocks[block].end; v++) {
        const struct verilog_value *value = &plan->values[v];
        const struct op *op = &p->ops[v];
        if (!value->live || value->home != block) continue;
        if (value->hold_count && !needs_pulse(plan, v, 1)) return true;
        if (op->code == OP_STATE &&
            verilog_is_constant(plan, plan->root[p->operands[op->operands]]))
            return true;
    }
    for (int m = 0; m < p->memory_count; m++)
        if (verilog_writes_memory(plan, block, m) && p->memories[m].kind != MEMORY_DELAY)
            return true;
    return false;
}

void verilog_port(struct text *ports, bool top, const char *direction, int width, bool is_signed,
                  const char *port, const char *net)
{
    text_add(ports, "%s", ports->length ? ",\n" : "");
    if (top) {
        text_add(ports, "        .%s(%s)", port, net);
        return;
    }
    char kind[40];
    snprintf(kind, sizeof kind, "    %-6s wire", direction);
    verilog_declare(ports, kind, is_signed, width);
    text_add(ports, "%s", port);
}

/* Whether some module of another block loads from the memory. */
static bool leaves(const struct verilog_plan *plan, int block, int memory)
{
    for (int b = 0; b < plan->program->block_count; b++)
        if (b != block && verilog_reads_memory(plan, b, memory)) return true;
    return false;
}

static void memory_port(const struct verilog_plan *plan, int memory, const char *which, int width,
                        bool is_signed, bool output, bool top, struct text *ports,
                        struct text *wires)
{
    char net[160], port[168];
    snprintf(net, sizeof net, "%s_%s", plan->memories[memory].name, which);
    snprintf(port, sizeof port, "%s_%c", net, output ? 'o' : 'i');
    verilog_port(ports, top, output ? "output" : "input", width, is_signed, port, net);
    if (!output || !top) return;
    verilog_declare(wires, "    wire", is_signed, width);
    text_add(wires, "%s;\n", net);
}

static void memory_ports(const struct verilog_plan *plan, int block, bool top, struct text *ports,
                         struct text *wires)
{
    for (int m = 0; m < plan->program->memory_count; m++) {
        const struct memory *memory = &plan->program->memories[m];
        bool writes = verilog_writes_memory(plan, block, m);
        if (writes ? !leaves(plan, block, m) : !verilog_reads_memory(plan, block, m)) continue;
        bool chain = memory->kind == MEMORY_DELAY;
        int bits = verilog_slot_bits(&plan->memories[m]);
        if (!chain) memory_port(plan, m, "we", 1, false, writes, top, ports, wires);
        if (!chain && bits) memory_port(plan, m, "addr", bits, false, writes, top, ports, wires);
        bool is_signed = memory->format.is_signed && !plan->memories[m].is_corrected;
        memory_port(plan, m, "data", plan->memories[m].word_bits, is_signed, writes, top, ports,
                    wires);
    }
}

void verilog_memory_assigns(const struct verilog_plan *plan, int block, struct text *assigns)
{
    for (int m = 0; m < plan->program->memory_count; m++) {
        const struct verilog_memory *v = &plan->memories[m];
        if (!verilog_writes_memory(plan, block, m) || !leaves(plan, block, m)) continue;
        bool chain = plan->program->memories[m].kind == MEMORY_DELAY;
        if (!chain) text_add(assigns, "    assign %s_we_o = %s_we;\n", v->name, v->name);
        if (!chain && verilog_slot_bits(v))
            text_add(assigns, "    assign %s_addr_o = %s_addr;\n", v->name, v->name);
        text_add(assigns, "    assign %s_data_o = %s_data;\n", v->name, v->name);
    }
}

/* Pulses that the block's holds need. */
static void pulse_ports(const struct verilog_plan *plan, int block, bool top, struct text *ports)
{
    const struct program *p = plan->program;
    for (int cycle = 0; cycle <= p->latency_cycles; cycle++) {
        bool needed = false;
        for (int v = p->blocks[block].first; v < p->blocks[block].end && !needed; v++)
            for (int hold = 1; hold <= plan->values[v].hold_count && !needed; hold++)
                needed = plan->values[v].home == block && needs_pulse(plan, v, hold) &&
                         verilog_hold_cycle(plan, v, hold) == cycle;
        if (!needed) continue;
        char net[24], port[28];
        snprintf(net, sizeof net, "at_%d", cycle);
        snprintf(port, sizeof port, "%s_i", net);
        verilog_port(ports, top, "input", 1, false, port, net);
    }
}

void verilog_extra_ports(const struct verilog_plan *plan, int block, bool top, struct text *ports,
                         struct text *wires)
{
    if (plan->is_paced && verilog_has_control(plan, block)) {
        char start[24], done[160];
        snprintf(start, sizeof start, "at_%d", plan->first_stage[block] - 1);
        if (needs_reset(plan, block)) verilog_port(ports, top, "input", 1, false, "rst_i", "rst_i");
        verilog_port(ports, top, "input", 1, false, "start_i", start);
        snprintf(done, sizeof done, "done_%s", plan->block_names[block]);
        if (verilog_exports_done(plan, block))
            verilog_port(ports, top, "output", 1, false, "done_o", done);
    }
    verilog_bank_ports(plan, block, top, ports);
    pulse_ports(plan, block, top, ports);
    memory_ports(plan, block, top, ports, wires);
}

/* Where the pulse of cycle `cycle` comes from: the latest pulse before it, or a loop's end. */
struct source {
    int cycle, block; /* block -1: a pulse; cycle 0 of those is the event's start */
};

static struct source find_source(const struct verilog_plan *plan, int cycle)
{
    struct source best = {0, -1};
    for (int c = 1; c < cycle; c++)
        if (plan->is_pulse[c]) best = (struct source){c, -1};
    for (int b = 0; b < plan->program->block_count; b++) {
        int end = plan->first_stage[b] + trip_of(plan, b) - 1;
        if (trip_of(plan, b) < 2 || !verilog_has_module(plan, b)) continue;
        if (end <= cycle && end > best.cycle + 1) best = (struct source){end, b};
    }
    return best;
}

bool verilog_exports_done(const struct verilog_plan *plan, int block)
{
    for (int cycle = 1; cycle <= plan->program->latency_cycles; cycle++)
        if (plan->is_pulse[cycle] && find_source(plan, cycle).block == block) return true;
    return false;
}

void verilog_pulses(const struct verilog_plan *plan, const char *start, struct text *text)
{
    const struct program *p = plan->program;
    text_add(text, "    // at_N is high N cycles after an event was taken.\n");
    if (plan->is_pulse[0]) text_add(text, "    wire at_0 = %s;\n", start);
    for (int b = 0; b < p->block_count; b++)
        if (trip_of(plan, b) > 1 && verilog_has_module(plan, b) && verilog_exports_done(plan, b))
            text_add(text, "    wire done_%s;\n", plan->block_names[b]);
    for (int cycle = 1; cycle <= p->latency_cycles; cycle++) {
        if (!plan->is_pulse[cycle]) continue;
        struct source source = find_source(plan, cycle);
        int count = cycle - source.cycle;
        char from[160];
        if (source.block >= 0)
            snprintf(from, sizeof from, "done_%s", plan->block_names[source.block]);
        else
            snprintf(from, sizeof from, "at_%d", source.cycle);
        if (source.block < 0 && source.cycle == 0) snprintf(from, sizeof from, "%s", start);
        if (count == 0) {
            text_add(text, "    wire at_%d = %s;\n", cycle, from);
            continue;
        }
        char name[24], zero[24], next[240];
        snprintf(name, sizeof name, "at_%d_q", cycle);
        snprintf(zero, sizeof zero, "%d'd0", count);
        if (count > 1)
            snprintf(next, sizeof next, "{%s[%d:0], %s}", name, count - 2, from);
        else
            snprintf(next, sizeof next, "%s", from);
        verilog_register(plan, text, name, count,
                         (struct verilog_case[]){{"rst_i", zero}, {NULL, next}, {0}});
        text_add(text, "    wire at_%d = at_%d_q", cycle, cycle);
        if (count > 1) text_add(text, "[%d]", count - 1);
        text_add(text, ";\n");
    }
    text_add(text, "    assign valid_o = at_%d;\n", p->latency_cycles);
}
