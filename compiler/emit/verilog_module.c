/* Modules of the Verilog printer: one per block, one per table. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_input(const struct verilog_plan *plan, int value)
{
    return plan->program->ops[value].code == OP_INPUT;
}

/* Gives every tap present in the module its place in used[]. */
static void find_signals(struct verilog_module *module)
{
    const struct verilog_plan *plan = module->plan;
    int op_count = plan->program->op_count;
    for (int v = 0; v < op_count; v++) {
        int first, last;
        bool ported;
        module->first_signal[v] = -1;
        if (verilog_is_constant(plan, v) ||
            !verilog_taps(plan, v, module->block, &first, &last, &ported))
            continue;
        module->first_signal[v] = module->signal_count;
        module->first_tap[v] = first;
        module->signal_count += last - first + 1;
    }
    module->used = calloc((size_t)module->signal_count + 1, sizeof *module->used);
    assert(module->used);
}

struct verilog_module verilog_module_init(const struct verilog_plan *plan, int block)
{
    size_t count = (size_t)plan->program->op_count + 1;
    struct verilog_module module = {.plan = plan, .block = block};
    module.first_signal = calloc(count, sizeof *module.first_signal);
    module.first_tap = calloc(count, sizeof *module.first_tap);
    assert(module.first_signal && module.first_tap);
    find_signals(&module);
    return module;
}

void verilog_module_free(struct verilog_module *module)
{
    text_free(&module->body);
    text_free(&module->unused_extra);
    free(module->first_signal);
    free(module->first_tap);
    free(module->used);
}

static verilog_mask *used_of(struct verilog_module *module, int value, int tap)
{
    return &module->used[module->first_signal[value] + tap - module->first_tap[value]];
}

/* Whether the module holds a register that makes tap `tap` of the value. */
static bool holds_register(const struct verilog_module *module, int value, int tap)
{
    int first, last;
    bool ported;
    if (module->first_signal[value] < 0) return false;
    verilog_taps(module->plan, value, module->block, &first, &last, &ported);
    if (module->plan->is_paced) last = module->plan->values[value].chain; /* holds stand apart */
    return !ported && tap > first && tap <= last;
}

void verilog_use_all(struct verilog_module *module, int value, int tap)
{
    *used_of(module, value, tap) = ~(verilog_mask)0;
}

/* Registers between rank `stage` and rank `stage + 1`: declarations and one clocked block. Returns
 * their number. */
static int print_registers(struct verilog_module *module, int stage)
{
    const struct verilog_plan *plan = module->plan;
    struct text always = {0};
    int count = 0;
    for (int v = 0; v < plan->program->op_count; v++) {
        const struct op *op = &plan->program->ops[v];
        int tap = stage + 1 - op->stage;
        if (tap < 1 || !holds_register(module, v, tap)) continue;
        char from[160], to[160];
        verilog_local_name(plan, module->block, v, tap - 1, from);
        verilog_local_name(plan, module->block, v, tap, to);
        *used_of(module, v, tap - 1) = ~(verilog_mask)0;
        count++;
        if (plan->votes && plan->is_control[v]) {
            verilog_register(plan, &module->body, to, op->format.width_bits,
                             (struct verilog_case[]){{NULL, from}, {0}});
            continue;
        }
        verilog_declare(&module->body, "    reg", op->format.is_signed, op->format.width_bits);
        text_add(&module->body, "%s;\n", to);
        text_add(&always, "        %s <= %s;\n", to, from);
    }
    if (always.length)
        text_add(&module->body, "    always @(posedge clk_i) begin\n%s    end\n",
                 text_string(&always));
    text_free(&always);
    return count;
}

/* Everything of one pipeline stage. Returns the number of registers behind it. */
static int print_stage(struct verilog_module *module, int stage)
{
    const struct verilog_plan *plan = module->plan;
    const struct block *block = &plan->program->blocks[module->block];
    size_t before = module->body.length;
    text_add(&module->body, "\n    // Stage %d\n", stage);
    size_t start = module->body.length;
    for (int v = block->first; v < block->end; v++) {
        enum op_code code = plan->program->ops[v].code;
        bool acts = code == OP_UPDATE || code == OP_STORE; /* what they pass on is another value */
        bool makes = plan->values[v].live && plan->root[v] == v && !is_input(plan, v);
        if (plan->program->ops[v].stage == stage && (acts || makes)) verilog_op(module, v);
    }
    int registers = print_registers(module, stage);
    if (module->body.length == start) {
        module->body.length = before;
        module->body.bytes[before] = 0;
    }
    return registers;
}

/* Ports out of the module; the bits that leave count as used. */
static void print_outputs(struct verilog_module *module, struct text *ports, struct text *assigns)
{
    const struct verilog_plan *plan = module->plan;
    const struct block *block = &plan->program->blocks[module->block];
    for (int v = block->first; v < block->end; v++) {
        const struct verilog_value *value = &plan->values[v];
        int last_tap = -1;
        if (value->home != module->block || !value->live) continue;
        for (int tap = 0; tap <= value->chain + value->hold_count; tap++) {
            for (int i = 0; i < value->use_count && last_tap < tap; i++) {
                const struct verilog_use *use = &plan->uses[value->first_use + i];
                if (use->tap != tap || !verilog_is_port(plan, use)) continue;
                char name[160];
                verilog_tap_name(plan, v, tap, name);
                const struct format *format = &plan->program->ops[v].format;
                text_add(ports, "%s", ports->length ? ",\n" : "");
                verilog_declare(ports, "    output wire", format->is_signed, format->width_bits);
                text_add(ports, "%s_o", name);
                text_add(assigns, "    assign %s_o = %s;\n", name, name);
                *used_of(module, v, tap) = ~(verilog_mask)0;
                last_tap = tap;
            }
        }
    }
}

/* Ports into the module. */
static void print_inputs(struct verilog_module *module, struct text *ports)
{
    const struct verilog_plan *plan = module->plan;
    for (int i = 0; i < plan->use_count; i++) {
        const struct verilog_use *use = &plan->uses[i];
        if (use->block != module->block || !verilog_is_port(plan, use)) continue;
        char name[160];
        const struct format *format = &plan->program->ops[use->value].format;
        verilog_tap_name(plan, use->value, use->tap, name);
        text_add(ports, "%s", ports->length ? ",\n" : "");
        verilog_declare(ports, "    input  wire", format->is_signed, format->width_bits);
        text_add(ports, "%s_i", name);
    }
}

/* One bit that reads whatever nothing else reads, so that the tools' lists of unused signals stay
 * empty. */
static void print_unused(struct verilog_module *module, struct text *text)
{
    const struct verilog_plan *plan = module->plan;
    struct text list = {0};
    text_add(&list, "%s", text_string(&module->unused_extra));
    for (int v = 0; v < plan->program->op_count; v++) {
        int first, last;
        bool ported;
        if (module->first_signal[v] < 0) continue;
        verilog_taps(plan, v, module->block, &first, &last, &ported);
        int width = plan->program->ops[v].format.width_bits;
        for (int tap = first; tap <= last; tap++) {
            struct verilog_use use = {v, module->block, tap};
            bool here = !ported;
            for (int i = 0; i < plan->values[v].use_count && !here; i++) {
                const struct verilog_use *u = &plan->uses[plan->values[v].first_use + i];
                here = u->block == use.block && u->tap == tap;
            }
            verilog_mask used = *used_of(module, v, tap), all = ((verilog_mask)1 << width) - 1;
            if (!here || (used & all) == all) continue;
            char name[160];
            verilog_local_name(plan, module->block, v, tap, name);
            for (int bit = 0; bit < width; bit++) {
                int end = bit;
                while (end < width && !(used >> end & 1))
                    end++;
                if (end == bit) continue;
                text_add(&list, ", %s", name);
                if (end - bit < width)
                    text_add(&list, end - bit > 1 ? "[%d:%d]" : "[%d]", end - 1, bit);
                bit = end;
            }
        }
    }
    if (list.length > 0)
        text_add(text,
                 "\n    // Bits that the arithmetic shows to carry nothing.\n"
                 "    wire unused_bits = &{1'b0%s};\n",
                 text_string(&list));
    text_free(&list);
}

static void print_loop_header(const struct verilog_plan *plan, const struct emit_header *header,
                              int block, int first_stage, int last_stage, struct text *text)
{
    const struct program *p = plan->program;
    const struct block *b = &p->blocks[block];
    char module[160], rate[40];
    text_add(
        text,
        "// %s: layer %s (%s) of %s, a loop of %d iterations, one a cycle.\n"
        "// Generated by sluice %s from model %s.\n"
        "//\n"
        "// Iteration 0 is in stages %d to %d; a new event %s. A pulse on start_i a cycle before\n"
        "// stage %d starts the loop; nothing stalls it. nN is value %%N of program.sluice, _qK "
        "the same K\n"
        "// iterations later, _hK held for later blocks; behind each value stand its "
        "fixed-point format and\n"
        "// the interval of its integer. Reset: ends the loop; the data path has none.\n\n"
        "`default_nettype none\n\n",
        verilog_module(plan, block, module), b->name, b->kind, p->name, b->trip,
        header->tool_version, header->model_hash, first_stage, last_stage, verilog_rate(p, rate),
        plan->first_stage[block]);
}

static void print_header(const struct verilog_plan *plan, const struct emit_header *header,
                         int block, int first_stage, int last_stage, struct text *text)
{
    const struct program *p = plan->program;
    const struct block *b = &p->blocks[block];
    char module[160], rate[40];
    if (block_is_loop(b)) {
        print_loop_header(plan, header, block, first_stage, last_stage, text);
        return;
    }
    text_add(text,
             "// %s: layer %s (%s) of %s.\n"
             "// Generated by sluice %s from model %s.\n"
             "//\n"
             "// Pipeline stages %d to %d; a new event %s; fixed latency, no "
             "handshake: validity travels\n"
             "// in %s. nN is value %%N of program.sluice, _qK the same K clock cycles later; "
             "behind each value\n"
             "// stand its fixed-point format and the interval of its integer. Reset: none, data "
             "path only.\n\n"
             "`default_nettype none\n\n",
             verilog_module(plan, block, module), b->name, b->kind, p->name, header->tool_version,
             header->model_hash, first_stage, last_stage, verilog_rate(p, rate), plan->top);
}

static bool any_memory(const struct verilog_plan *plan, int block)
{
    for (int m = 0; m < plan->program->memory_count; m++)
        if (verilog_reads_memory(plan, block, m)) return true;
    return false;
}

bool verilog_has_clock(const struct verilog_plan *plan, int block)
{
    const struct program *p = plan->program;
    if ((plan->is_paced && verilog_has_control(plan, block)) || any_memory(plan, block))
        return true;
    for (int v = 0; v < p->op_count; v++) {
        int first, last;
        bool ported;
        if (!verilog_is_constant(plan, v) && verilog_taps(plan, v, block, &first, &last, &ported) &&
            !ported && last > first)
            return true;
    }
    for (int v = p->blocks[block].first; v < p->blocks[block].end; v++)
        if (plan->values[v].live && op_read_cycles(p, &p->ops[v])) return true;
    return false;
}

static void stage_range(const struct verilog_plan *plan, int block, int *first, int *last)
{
    const struct block *b = &plan->program->blocks[block];
    *first = plan->program->latency_cycles - 1;
    *last = 0;
    for (int v = b->first; v < b->end; v++) {
        int stage = plan->program->ops[v].stage;
        if (!plan->values[v].live || plan->root[v] != v || is_input(plan, v)) continue;
        if (stage < *first) *first = stage;
        if (stage > *last) *last = stage;
    }
}

void verilog_block_text(const struct verilog_plan *plan, const struct emit_header *header,
                        int block, struct text *text)
{
    struct verilog_module module = verilog_module_init(plan, block);
    struct text inputs = {0}, outputs = {0}, assigns = {0}, control = {0};
    char name[160];
    int registers = 0, first_stage, last_stage;
    verilog_extra_ports(plan, block, false, &inputs, NULL);
    print_inputs(&module, &inputs);
    verilog_memories(&module);
    for (int stage = 0; stage < plan->program->latency_cycles; stage++)
        registers += print_stage(&module, stage);
    if (plan->is_paced) registers += verilog_holds(&module);
    print_outputs(&module, &outputs, &assigns);
    verilog_memory_assigns(plan, block, &assigns);
    verilog_control_text(&module, &control);
    verilog_watch_outputs(plan, block, &outputs, &assigns);

    stage_range(plan, block, &first_stage, &last_stage);
    print_header(plan, header, block, first_stage, last_stage, text);
    text_add(text, "module %s (\n", verilog_module(plan, block, name));
    if (registers > 0 || verilog_has_clock(plan, block))
        text_add(text, "    input  wire clk_i%s", inputs.length + outputs.length ? ",\n" : "");
    text_add(text, "%s%s%s\n);\n", text_string(&inputs),
             inputs.length && outputs.length ? ",\n" : "", text_string(&outputs));
    text_add(text, "%s%s", text_string(&control), text_string(&module.body));
    print_unused(&module, text);
    if (assigns.length) text_add(text, "\n%s", text_string(&assigns));
    text_add(text, "endmodule\n\n`default_nettype wire\n");
    text_free(&inputs);
    text_free(&outputs);
    text_free(&assigns);
    text_free(&control);
    verilog_module_free(&module);
}

/* A block memory with contents, read at the clock's edge. */
static void block_table_text(const struct verilog_plan *plan, int table, struct text *text)
{
    const struct table *t = &plan->program->tables[table];
    struct format index = format_of_interval(t->first, t->first + t->count - 1, 0);
    struct verilog_signal constant = {.is_constant = true};
    verilog_declare(text, "    input  wire clk_i,\n    input  wire", false, index.width_bits);
    text_add(text, "index_i,\n");
    verilog_declare(text, "    output reg ", false, t->format.width_bits);
    text_add(text, "entry_o\n);\n    (* ram_style = \"block\" *)\n");
    verilog_declare(text, "    reg", false, t->format.width_bits);
    text_add(text,
             "entries [0:%d];\n    always @(posedge clk_i) entry_o <= entries[index_i];\n"
             "    initial begin\n",
             (1 << index.width_bits) - 1);
    for (int place = 0; place < 1 << index.width_bits; place++) {
        int64_t n = place;
        if (index.is_signed && place >> (index.width_bits - 1)) n -= (int64_t)1 << index.width_bits;
        bool known = n >= t->first && n - t->first < t->count;
        constant.integer = known ? t->entries[n - t->first] : 0;
        text_add(text, "        entries[%d] = ", place);
        verilog_field(text, &constant, 0, t->format.width_bits);
        text_add(text, ";\n");
    }
    text_add(text, "    end\nendmodule\n\n`default_nettype wire\n");
}

void verilog_table_text(const struct verilog_plan *plan, int table, struct text *text)
{
    const struct table *t = &plan->program->tables[table];
    struct format index = format_of_interval(t->first, t->first + t->count - 1, 0);
    struct verilog_signal constant = {.is_constant = true};
    char format[FORMAT_TEXT_BYTES];
    format_print(t->format, format);
    text_add(text,
             "// %s: table %s of %s, %d entries of %s for integers [%" PRId64 ", %" PRId64 "].\n"
             "//\n"
             "// %s No reset.\n\n"
             "`default_nettype none\n\n"
             "%smodule %s (\n",
             plan->tables[table], t->name, plan->program->name, t->count, format, t->first,
             t->first + t->count - 1,
             t->in_block ? "A block memory: answers in the next cycle." : "Combinational.",
             plan->votes && plan->votes_table[table] ? "(* keep_hierarchy *)\n" : "",
             plan->tables[table]);
    if (t->in_block) {
        block_table_text(plan, table, text);
        return;
    }
    verilog_declare(text, "    input  wire", false, index.width_bits);
    text_add(text, "index_i,\n");
    verilog_declare(text, "    output reg ", false, t->format.width_bits);
    text_add(text, "entry_o\n);\n    always @* begin\n        case (index_i)\n");
    bool full = t->count == 1 << index.width_bits;
    for (int i = 0; i < t->count; i++) {
        bool last = i == t->count - 1 && !full;
        constant.integer = t->first + i;
        text_add(text, "            ");
        if (last)
            text_add(text, "default");
        else
            verilog_field(text, &constant, 0, index.width_bits);
        constant.integer = t->entries[i];
        text_add(text, ": entry_o = ");
        verilog_field(text, &constant, 0, t->format.width_bits);
        text_add(text, ";\n");
    }
    text_add(text, "        endcase\n    end\nendmodule\n\n`default_nettype wire\n");
}
