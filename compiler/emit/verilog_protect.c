/* Control registers, in one copy or in three that vote, and what is seen and counted of upsets
 * (docs/guide/protection.md). */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Files of rtl/, byte by byte (compiler.mk holds the dependencies). */
#define EMBED(symbol, path)                                                                        \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #symbol "\n" #symbol ":\n"                                                  \
            ".incbin \"" path "\"\n"                                                               \
            ".byte 0\n"                                                                            \
            ".previous\n");                                                                        \
    extern const char symbol[]

EMBED(emit_voted_register, "rtl/voted_register.v");
EMBED(emit_voted_copy, "rtl/voted_copy.v");
EMBED(emit_majority, "rtl/majority.v");
EMBED(emit_upset_counter, "rtl/upset_counter.v");
EMBED(emit_secded_encode, "rtl/secded_encode.v");
EMBED(emit_secded_decode, "rtl/secded_decode.v");
EMBED(emit_secded_guard, "rtl/secded_guard.v");

/* Signal and counter of what is watched, and bits of the counter. */
static const struct watch_row {
    const char *pulse, *counter;
} watch_rows[WATCH_COUNT] = {[WATCH_UPSET] = {"upset", "upsets_o"},
                             [WATCH_CORRECTED] = {"corrected", "corrected_words_o"},
                             [WATCH_UNCORRECTABLE] = {"uncorrectable", "uncorrectable_words_o"}};

const struct verilog_library *verilog_libraries(const struct verilog_plan *plan,
                                                struct arena *arena)
{
    struct verilog_library *list = arena_alloc(arena, 8, sizeof *list), *end = list;
    if (plan->program->protect)
        *end++ = (struct verilog_library){"upset_counter", emit_upset_counter};
    if (plan->votes) {
        *end++ = (struct verilog_library){"voted_register", emit_voted_register};
        *end++ = (struct verilog_library){"voted_copy", emit_voted_copy};
        *end++ = (struct verilog_library){"majority", emit_majority};
    }
    if (plan->program->protect & PROTECT_ECC) {
        *end++ = (struct verilog_library){"secded_encode", emit_secded_encode};
        *end++ = (struct verilog_library){"secded_decode", emit_secded_decode};
        *end++ = (struct verilog_library){"secded_guard", emit_secded_guard};
    }
    return list;
}

/* ---- which values are control ---- */

/* What an address or condition follows from: all of it if it is static, else those operands of bits
 * side by side that are. */
static void mark(struct verilog_plan *plan, int value)
{
    const struct program *p = plan->program;
    int root = plan->root[value];
    const struct op *op = &p->ops[root];
    if (plan->is_control[root] || verilog_is_constant(plan, root)) return;
    bool is_static = value_in_loop(p, root) && statics_of(plan->statics, root);
    if (!is_static && op->code != OP_CONCAT) return;
    plan->is_control[root] = is_static;
    if (is_static && op->code == OP_TABLE && p->tables[op->immediate].in_block)
        plan->votes_table[op->immediate] = true;
    for (int k = 0; k < op->operand_count; k++)
        mark(plan, p->operands[op->operands + k]);
}

static void mark_operand(struct verilog_plan *plan, const struct op *op, int k)
{
    if (k < op->operand_count) mark(plan, plan->program->operands[op->operands + k]);
}

void verilog_plan_protection(struct verilog_plan *plan)
{
    const struct program *p = plan->program;
    plan->voted_bits = arena_alloc(&plan->arena, 1, sizeof *plan->voted_bits);
    plan->watched = arena_alloc(&plan->arena, WATCH_COUNT, sizeof *plan->watched);
    plan->watches = arena_alloc(&plan->arena, (size_t)p->block_count + 1, sizeof *plan->watches);
    plan->is_control = arena_alloc(&plan->arena, (size_t)p->op_count + 1, sizeof(bool));
    plan->votes_table = arena_alloc(&plan->arena, (size_t)p->table_count + 1, sizeof(bool));
    plan->votes = p->protect & PROTECT_TMR;
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        switch (op->code) {
        case OP_LOAD:
            mark_operand(plan, op, 0);
            mark_operand(plan, op, 1);
            break;
        case OP_STORE:
            mark_operand(plan, op, 0);
            mark_operand(plan, op, 2);
            break;
        case OP_TABLE:
        case OP_SELECT:
        case OP_PICK: mark_operand(plan, op, 0); break;
        default: break;
        }
    }
}

/* ---- registers ---- */

/* "rst_i ? 1'd0 : start_i ? 1'd1 : run_q" */
static void add_next(struct text *text, const char *name, const struct verilog_case *cases)
{
    for (; cases->value; cases++) {
        if (!cases->condition) {
            text_add(text, "%s", cases->value);
            return;
        }
        text_add(text, "%s ? %s : ", cases->condition, cases->value);
    }
    text_add(text, "%s", name);
}

static void add_voted(const struct verilog_plan *plan, struct text *text, const char *name,
                      int width, bool from_0, const struct verilog_case *cases)
{
    char upset[192];
    *plan->voted_bits += width;
    snprintf(upset, sizeof upset, "%s_upset", name);
    verilog_declare(text, "    wire", false, width);
    text_add(text, "%s;\n    wire %s;\n    voted_register #(.WIDTH(%d)%s) vote_%s (\n", name, upset,
             width, from_0 ? ", .INITIALISED(1)" : "", name);
    text_add(text, "        .clk_i(clk_i),\n        .next_i(");
    add_next(text, name, cases);
    text_add(text, "),\n        .value_o(%s),\n        .upset_o(%s)\n    );\n", name, upset);
    verilog_watch(plan, WATCH_UPSET, upset);
}

static void add_plain(struct text *text, const char *name, int width, bool from_0,
                      const struct verilog_case *cases)
{
    verilog_declare(text, "    reg", false, width);
    text_add(text, "%s;\n", name);
    if (from_0) text_add(text, "    initial %s = %d'd0;\n", name, width);
    if (!cases->condition || !cases[1].value) {
        text_add(text, "    always @(posedge clk_i) ");
        if (cases->condition) text_add(text, "if (%s) ", cases->condition);
        text_add(text, "%s <= %s;\n", name, cases->value);
        return;
    }
    text_add(text, "    always @(posedge clk_i)\n");
    for (int i = 0; cases[i].value; i++) {
        text_add(text, "        %s", i ? "else " : "");
        if (cases[i].condition) text_add(text, "if (%s) ", cases[i].condition);
        text_add(text, "%s <= %s;\n", name, cases[i].value);
    }
}

static void add_register(const struct verilog_plan *plan, struct text *text, const char *name,
                         int width, bool from_0, const struct verilog_case *cases)
{
    if (plan->votes)
        add_voted(plan, text, name, width, from_0, cases);
    else
        add_plain(text, name, width, from_0, cases);
}

void verilog_register(const struct verilog_plan *plan, struct text *text, const char *name,
                      int width, const struct verilog_case *cases)
{
    add_register(plan, text, name, width, false, cases);
}

void verilog_register_from_0(const struct verilog_plan *plan, struct text *text, const char *name,
                             int width, const struct verilog_case *cases)
{
    add_register(plan, text, name, width, true, cases);
}

void verilog_register_chain(const struct verilog_plan *plan, struct text *text, const char *from,
                            const char *name, int count, int width)
{
    struct text always = {0};
    for (int d = 1; d < count; d++) {
        char source[160], to[160];
        snprintf(source, sizeof source, d == 1 ? "%s" : "%s%d", d == 1 ? from : name, d - 1);
        snprintf(to, sizeof to, "%s%d", name, d);
        if (plan->votes) {
            verilog_register(plan, text, to, width, (struct verilog_case[]){{NULL, source}, {0}});
            continue;
        }
        verilog_declare(text, "    reg", false, width);
        text_add(text, "%s;\n", to);
        text_add(&always, "        %s <= %s;\n", to, source);
    }
    if (always.length)
        text_add(text, "    always @(posedge clk_i) begin\n%s    end\n", text_string(&always));
    text_free(&always);
}

void verilog_vote(const struct verilog_plan *plan, struct text *text, const char *name, int width)
{
    char upset[192];
    snprintf(upset, sizeof upset, "%s_upset", name);
    text_add(text,
             "    wire %s;\n    majority #(.WIDTH(%d)) vote_%s (\n        .a_i(%s_a),\n"
             "        .b_i(%s_b),\n        .c_i(%s_c),\n        .value_o(%s),\n"
             "        .upset_o(%s)\n    );\n",
             upset, width, name, name, name, name, name, upset);
    verilog_watch(plan, WATCH_UPSET, upset);
}

/* ---- what is seen of upsets ---- */

void verilog_watch(const struct verilog_plan *plan, enum verilog_watch watch, const char *signal)
{
    text_add(&plan->watched[watch], ", %s", signal);
}

void verilog_watch_outputs(const struct verilog_plan *plan, int block, struct text *ports,
                           struct text *assigns)
{
    for (int w = 0; w < WATCH_COUNT; w++) {
        struct text *watched = &plan->watched[w];
        plan->watches[block][w] = watched->length > 0;
        if (!watched->length) continue;
        char port[40];
        snprintf(port, sizeof port, "%s_o", watch_rows[w].pulse);
        verilog_port(ports, false, "output", 1, false, port, "");
        text_add(assigns, "    assign %s = |{%s};\n", port, text_string(watched) + 2);
        text_free(watched);
    }
}

void verilog_watch_ports(const struct verilog_plan *plan, int block, struct text *ports,
                         struct text *wires)
{
    for (int w = 0; w < WATCH_COUNT; w++) {
        char port[40], net[200];
        if (!plan->watches[block][w]) continue;
        snprintf(port, sizeof port, "%s_o", watch_rows[w].pulse);
        snprintf(net, sizeof net, "%s_%s", watch_rows[w].pulse, plan->block_names[block]);
        verilog_port(ports, true, "output", 1, false, port, net);
        text_add(wires, "    wire %s;\n", net);
        verilog_watch(plan, w, net);
    }
}

const char *verilog_counter_port(const struct verilog_plan *plan, enum verilog_watch watch)
{
    unsigned needs = watch == WATCH_UPSET ? PROTECT_TMR : PROTECT_ECC;
    return plan->program->protect & needs ? watch_rows[watch].counter : NULL;
}

void verilog_counter_ports(const struct verilog_plan *plan, struct text *text)
{
    for (int w = 0; w < WATCH_COUNT; w++)
        if (verilog_counter_port(plan, w))
            text_add(text, ",\n    output wire [%d:0] %s", EMIT_COUNTER_BITS - 1,
                     watch_rows[w].counter);
}

/* A register in front of each counter, as the signals come from all over. */
void verilog_counters(const struct verilog_plan *plan, struct text *text)
{
    if (plan->program->protect) text_add(text, "\n    // What was seen of upsets, since reset.\n");
    for (int w = 0; w < WATCH_COUNT; w++) {
        const struct watch_row *row = &watch_rows[w];
        if (!verilog_counter_port(plan, w)) continue;
        const char *list = text_string(&plan->watched[w]);
        text_add(text,
                 "    reg %s_q;\n    always @(posedge clk_i) %s_q <= !rst_i && |{1'b0%s};\n"
                 "    upset_counter #(.WIDTH(%d)) count_%s (\n        .clk_i(clk_i),\n"
                 "        .rst_i(rst_i),\n        .count_i(%s_q),\n        .count_o(%s)\n    );\n",
                 row->pulse, row->pulse, list, EMIT_COUNTER_BITS, row->pulse, row->pulse,
                 row->counter);
        text_free(&plan->watched[w]);
    }
}
