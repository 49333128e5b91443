/* One operation as Verilog: every row of the op table but quantize (verilog_quantize.c).
 *
 * Sums, products and choices are exact, so they are written modulo 2^W with every operand brought
 * to exactly the result's W bits; only comparisons need signedness. */
#include "compiler/emit/verilog.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct op *op_of(const struct verilog_module *module, int value)
{
    return &module->plan->program->ops[value];
}

static struct verilog_signal signal_at(struct verilog_module *module, int reader, int k, int value)
{
    const struct verilog_plan *plan = module->plan;
    int root = plan->root[value];
    const struct op *op = op_of(module, root);
    struct format format =
        op_of(module, value)->format; /* of a shift: never wider than its root's */
    struct verilog_signal signal = {.width = format.width_bits,
                                    .full_width = op->format.width_bits,
                                    .is_signed = format.is_signed};
    if (verilog_is_constant(plan, root)) {
        signal.is_constant = true;
        signal.integer = op->lo;
        return signal;
    }
    int tap = verilog_tap(plan, reader, k, root);
    verilog_local_name(plan, module->block, root, tap, signal.name);
    assert(module->first_signal[root] >= 0 && tap >= module->first_tap[root]);
    signal.used = &module->used[module->first_signal[root] + tap - module->first_tap[root]];
    return signal;
}

struct verilog_signal verilog_operand(struct verilog_module *module, int reader, int operand)
{
    const struct op *op = op_of(module, reader);
    return signal_at(module, reader, operand,
                     module->plan->program->operands[op->operands + operand]);
}

/* Left shift that brings operand i of `reader` to fraction bits `fraction`. */
static int shift_to(const struct verilog_module *module, int reader, int i, int fraction)
{
    const struct program *p = module->plan->program;
    const struct op *op = op_of(module, reader);
    int shift = fraction - op_fraction(program_operand(p, op, i));
    if (op_is_sum(op) && i == op_first_addend(op) + 1) shift += (int)op->immediate;
    assert(shift >= 0);
    return shift;
}

/* a + b or a - b in `width` bits from bit `low` up; an operand that is zero there is left out. */
static void print_sum(struct text *t, bool subtract, const struct verilog_signal *a, int a_low,
                      const struct verilog_signal *b, int b_low, int width)
{
    if (verilog_zero_above(b, b_low)) {
        verilog_field(t, a, a_low, width);
        return;
    }
    bool flip = b->is_constant && b->integer < 0 && b_low <= 0;
    struct verilog_signal positive = *b;
    if (flip) positive.integer = -b->integer;
    if (!verilog_zero_above(a, a_low)) {
        verilog_field(t, a, a_low, width);
        text_add(t, subtract != flip ? " - " : " + ");
    } else if (subtract != flip) {
        text_add(t, "-");
    }
    verilog_field(t, &positive, b_low, width);
}

/* A sum's addends and where its adder begins: below `low` one addend is zero, so that the other's
 * bits pass through, and no carry leaves them. */
struct sum {
    struct verilog_signal a, b;
    int a_shift, b_shift; /* to the result's fraction */
    int low, width;
};

static struct sum sum_of(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    int first = op_first_addend(op), fraction = op_fraction(op), width = op->format.width_bits;
    struct sum s = {verilog_operand(module, value, first),
                    verilog_operand(module, value, first + 1),
                    shift_to(module, value, first, fraction),
                    shift_to(module, value, first + 1, fraction),
                    op_lowest_carry(module->plan->program, value) + fraction,
                    width};
    if (s.low > width) s.low = width;
    return s;
}

/* The bits below `low`. */
static void print_below(struct text *t, const struct sum *s)
{
    const struct verilog_signal *lower = s->b_shift > s->a_shift ? &s->a : &s->b;
    int shift = s->b_shift > s->a_shift ? s->a_shift : s->b_shift;
    verilog_field(t, lower, -shift, s->low);
}

static void print_add(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    struct sum s = sum_of(module, value);
    if (op_is_complement(module->plan->program, value)) { /* -1 - b */
        text_add(t, "~(");
        verilog_field(t, &s.b, 0, s.width);
        text_add(t, ")");
        return;
    }
    int high = s.width - s.low;
    if (s.low > 0 && high > 0) text_add(t, "{");
    if (high > 0)
        print_sum(t, op_subtracts(op), &s.a, s.low - s.a_shift, &s.b, s.low - s.b_shift, high);
    if (s.low > 0 && high > 0) text_add(t, ", ");
    if (s.low > 0) print_below(t, &s);
    if (s.low > 0 && high > 0) text_add(t, "}");
}

/* A carry that comes in at the lowest bit of the adder is what leaves one bit more below: carry +
 * carry, or 0 - borrow. */
static void print_carry_in(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    const char *name = module->plan->values[value].name;
    struct text *t = &module->body;
    struct sum s = sum_of(module, value);
    struct verilog_signal carry = verilog_operand(module, value, 0);
    int high = s.width - s.low;
    verilog_declare(t, "    wire", false, high + 1);
    text_add(t, "%s_c = {", name);
    verilog_field(t, &s.a, s.low - s.a_shift, high);
    text_add(t, ", ");
    if (op->code == OP_ADC)
        verilog_field(t, &carry, 0, 1);
    else
        text_add(t, "1'd0");
    text_add(t, "} %s {", op->code == OP_ADC ? "+" : "-");
    verilog_field(t, &s.b, s.low - s.b_shift, high);
    text_add(t, ", ");
    verilog_field(t, &carry, 0, 1);
    text_add(t, "};\n");
    text_add(&module->unused_extra, ", %s_c[0]", name);
    verilog_declare(t, "    wire", op->format.is_signed, s.width);
    text_add(t, s.low > 0 ? "%s = {%s_c[%d:1], " : "%s = %s_c[%d:1]", name, name, high);
    if (s.low > 0) {
        print_below(t, &s);
        text_add(t, "}");
    }
    text_add(t, ";\n");
}

/* Three terms, where the carry stands at any other bit. */
static void print_three(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    int fraction = op_fraction(op);
    static const int order[] = {1, 2, 0};
    for (int i = 0; i < 3; i++) {
        struct verilog_signal term = verilog_operand(module, value, order[i]);
        if (i > 0) text_add(t, op->code == OP_ADC ? " + " : " - ");
        verilog_field(t, &term, -shift_to(module, value, order[i], fraction),
                      op->format.width_bits);
    }
}

/* Whether a sum with carry is one of digits of at most two bits: the last sums of a digit-serial
 * adder. A carry chain would spend as many cells on its two ends as on the digits. */
static bool is_digit_sum(struct verilog_module *module, int value)
{
    const struct program *p = module->plan->program;
    const struct op *op = op_of(module, value);
    bool sums = op->code == OP_ADC || op->code == OP_SBB;
    if (!sums || op->immediate || op->format.width_bits > 3) return false;
    for (int i = 0; i < 3; i++) {
        const struct op *a = program_operand(p, op, i);
        bool reaches_top = i > 0 && a->format.width_bits >= op->format.width_bits;
        if (a->format.is_signed || reaches_top || op_fraction(a) != op_fraction(op)) return false;
    }
    return true;
}

/* Full adders, each carry a wire of its own. */
static void print_digit_sum(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    const char *name = module->plan->values[value].name;
    struct text *t = &module->body, sum = {0};
    struct verilog_signal carry = verilog_operand(module, value, 0),
                          a = verilog_operand(module, value, 1),
                          b = verilog_operand(module, value, 2);
    int width = op->format.width_bits;
    char in[200]; /* the carry into the bit at hand */
    struct text first = {0};
    verilog_field(&first, &carry, 0, 1);
    snprintf(in, sizeof in, "%s", text_string(&first));
    text_free(&first);
    bool subtracts = op->code == OP_SBB;
    for (int bit = 0; bit < width; bit++) {
        struct text x = {0}, y = {0}, digit = {0};
        verilog_field(&x, &a, bit, 1);
        verilog_field(&y, &b, bit, 1);
        if (bit == width - 1) /* nothing adds up there but the carry */
            text_add(&digit, "%s", in);
        else
            text_add(&digit, "%s ^ %s ^ %s", text_string(&x), text_string(&y), in);
        if (bit) text_add(&digit, ", %s", text_string(&sum));
        text_free(&sum);
        sum = digit;
        if (bit < width - 1) {
            const char *not = subtracts ? "~" : "";
            text_add(t, "    wire %s_c%d = (%s%s & %s) | (%s & %s(%s ^ %s));\n", name, bit + 1, not,
                     text_string(&x), text_string(&y), in, not, text_string(&x), text_string(&y));
            snprintf(in, sizeof in, "%s_c%d", name, bit + 1);
        }
        text_free(&x);
        text_free(&y);
    }
    size_t start = t->length;
    verilog_declare(t, "    wire", op->format.is_signed, width);
    text_add(t, width > 1 ? "%s = {%s};\n" : "%s = %s;\n", name, text_string(&sum));
    text_free(&sum);
    verilog_note(module, start, value);
}

static bool carries_in(struct verilog_module *module, int value)
{
    const struct program *p = module->plan->program;
    const struct op *op = op_of(module, value);
    if (op->code != OP_ADC && op->code != OP_SBB) return false;
    int low = op_lowest_carry(p, value);
    return -op_fraction(program_operand(p, op, 0)) == low &&
           low + op_fraction(op) < op->format.width_bits;
}

/* a OP b with both at their finest fraction and a width that holds either. */
static void print_compare(struct verilog_module *module, int value, const char *operator_text)
{
    const struct program *p = module->plan->program;
    const struct op *op = op_of(module, value);
    struct verilog_signal signal[2];
    int fraction = op_fraction(program_operand(p, op, 0)), shift[2], width = 1;
    if (op_fraction(program_operand(p, op, 1)) > fraction)
        fraction = op_fraction(program_operand(p, op, 1));
    for (int i = 0; i < 2; i++) {
        signal[i] = verilog_operand(module, value, i);
        shift[i] = shift_to(module, value, i, fraction);
    }
    bool is_signed = signal[0].is_signed || signal[1].is_signed;
    for (int i = 0; i < 2; i++) {
        int needed = signal[i].width + shift[i] + (is_signed && !signal[i].is_signed);
        if (needed > width) width = needed;
    }
    for (int i = 0; i < 2; i++) {
        if (i == 1) text_add(&module->body, " %s ", operator_text);
        (is_signed ? verilog_signed_field : verilog_field)(&module->body, &signal[i], -shift[i],
                                                           width);
    }
}

static void print_limit(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    int width = op->format.width_bits;
    struct verilog_signal a = verilog_operand(module, value, 0),
                          b = verilog_operand(module, value, 1);
    int shift[2] = {shift_to(module, value, 0, op_fraction(op)),
                    shift_to(module, value, 1, op_fraction(op))};
    /* Where the intervals decide, the comparison would be a constant. */
    struct op less = *op;
    less.code = OP_LT;
    struct format format;
    int64_t always, possible;
    if (op_infer(module->plan->program, &less, &format, &always, &possible))
        assert(!"checked program");
    if (always == possible) {
        bool second = (always == 1) == (op->code == OP_MAX);
        verilog_field(t, second ? &b : &a, -shift[second], width);
        return;
    }
    if (op->code == OP_MAX && b.is_constant && b.integer == 0 && !a.is_constant && a.is_signed) {
        verilog_field(t, &a, a.width - 1, 1);
        text_add(t, " ? ");
    } else {
        text_add(t, "(");
        print_compare(module, value, op->code == OP_MAX ? "<" : ">");
        text_add(t, ") ? ");
    }
    verilog_field(t, &b, -shift[1], width);
    text_add(t, " : ");
    verilog_field(t, &a, -shift[0], width);
}

static void print_select(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    struct verilog_signal condition = verilog_operand(module, value, 0);
    int chosen = condition.is_constant ? (condition.integer ? 1 : 2) : 0;
    if (!chosen) verilog_field(t, &condition, 0, 1);
    for (int i = 1; i < 3; i++) {
        struct verilog_signal choice = verilog_operand(module, value, i);
        if (chosen && i != chosen) continue;
        if (!chosen) text_add(t, i == 1 ? " ? " : " : ");
        verilog_field(t, &choice, -shift_to(module, value, i, op_fraction(op)),
                      op->format.width_bits);
    }
}

/* A constant magnitude times a field; 1 is left out. A sign may stand before it, so constants are
 * bracketed. */
static void print_term(struct text *t, const struct verilog_signal *x, uint64_t magnitude,
                       int width)
{
    if (x->is_constant) text_add(t, "(");
    if (magnitude == 1)
        verilog_field(t, x, 0, width);
    else
        verilog_signed_field(t, x, 0, width);
    if (x->is_constant) text_add(t, ")");
    if (magnitude == 1) return;
    if (width < 64) magnitude &= (UINT64_C(1) << width) - 1;
    text_add(t, " * %d'sd%" PRIu64, width, magnitude);
}

static void print_result(struct verilog_module *module, int value)
{
    const struct program *p = module->plan->program;
    const struct op *op = op_of(module, value), *matvec = program_operand(p, op, 0);
    struct text *t = &module->body;
    int width = op->format.width_bits;
    bool any = false;
    for (int i = 0; i < matvec->operand_count; i++) {
        int64_t weight;
        if (!result_weight(p, op, op_fraction(op), i, &weight)) assert(!"checked program");
        if (weight == 0) continue;
        struct verilog_signal x = signal_at(module, value, i, p->operands[matvec->operands + i]);
        text_add(t, "\n        %s", weight < 0 ? (any ? "- " : "-") : (any ? "+ " : ""));
        print_term(t, &x, weight < 0 ? -(uint64_t)weight : (uint64_t)weight, width);
        any = true;
    }
    int64_t bias;
    if (!result_bias(p, op, op_fraction(op), &bias)) assert(!"checked program");
    if (bias == 0 && any) return;
    struct verilog_signal constant = {.is_constant = true,
                                      .integer = any && bias < 0 ? -bias : bias};
    if (any) text_add(t, "\n        %s", bias < 0 ? "- " : "+ ");
    verilog_field(t, &constant, 0, width);
}

static void print_mul(struct verilog_module *module, int value)
{
    int width = op_of(module, value)->format.width_bits;
    struct verilog_signal a = verilog_operand(module, value, 0),
                          b = verilog_operand(module, value, 1);
    bool is_signed = a.is_signed || b.is_signed;
    (is_signed ? verilog_signed_field : verilog_field)(&module->body, &a, 0, width);
    text_add(&module->body, " * ");
    (is_signed ? verilog_signed_field : verilog_field)(&module->body, &b, 0, width);
}

static void print_logic(struct verilog_module *module, int value, const char *operator_text)
{
    for (int i = 0; i < 2; i++) {
        struct verilog_signal signal = verilog_operand(module, value, i);
        if (i == 1) text_add(&module->body, " %s ", operator_text);
        verilog_field(&module->body, &signal, 0, op_of(module, value)->format.width_bits);
    }
}

static void print_popcount(struct verilog_module *module, int value)
{
    int width = op_of(module, value)->format.width_bits;
    struct verilog_signal a = verilog_operand(module, value, 0);
    for (int bit = 0; bit < a.width; bit++) {
        if (bit > 0) text_add(&module->body, bit % 6 ? " + " : " +\n        ");
        if (width > 1) text_add(&module->body, "{%d'd0, ", width - 1);
        verilog_field(&module->body, &a, bit, 1);
        if (width > 1) text_add(&module->body, "}");
    }
}

static void print_concat(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    int rest = op->format.width_bits, width[FORMAT_MAX_BITS], fields = 0;
    /* The interval may need fewer bits than the operands have: their top bits are then always zero.
     */
    for (int i = 0; i < op->operand_count && rest > 0; i++, fields++) {
        struct verilog_signal a = verilog_operand(module, value, i);
        width[i] = a.width < rest ? a.width : rest;
        rest -= width[i];
    }
    if (fields > 1 || rest > 0) text_add(&module->body, "{");
    if (rest > 0) text_add(&module->body, "%d'd0, ", rest);
    for (int i = fields - 1; i >= 0; i--) {
        struct verilog_signal a = verilog_operand(module, value, i);
        verilog_field(&module->body, &a, 0, width[i]);
        if (i > 0) text_add(&module->body, ", ");
    }
    if (fields > 1 || rest > 0) text_add(&module->body, "}");
}

static void print_unary(struct verilog_module *module, int value, const char *operator_text,
                        int low)
{
    struct verilog_signal a = verilog_operand(module, value, 0);
    text_add(&module->body, a.is_constant ? "%s(" : "%s", operator_text);
    verilog_field(&module->body, &a, low, op_of(module, value)->format.width_bits);
    if (a.is_constant) text_add(&module->body, ")");
}

static void print_pick(struct verilog_module *module, int value)
{
    const struct program *p = module->plan->program;
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    struct verilog_signal index = verilog_operand(module, value, 0);
    int first = (int)program_operand(p, op, 0)->lo, last = (int)program_operand(p, op, 0)->hi;
    const char *name = module->plan->values[value].name;
    verilog_declare(t, "    reg", op->format.is_signed, op->format.width_bits);
    text_add(t, "%s;\n    always @* begin\n        case (", name);
    verilog_field(t, &index, 0, index.width);
    text_add(t, ")\n");
    for (int i = first; i <= last; i++) {
        struct verilog_signal choice = verilog_operand(module, value, i + 1);
        text_add(t, "            ");
        if (i < last)
            text_add(t, "%d'd%d: ", index.width, i);
        else
            text_add(t, "default: ");
        text_add(t, "%s = ", name);
        verilog_field(t, &choice, -shift_to(module, value, i + 1, op_fraction(op)),
                      op->format.width_bits);
        text_add(t, ";\n");
    }
    text_add(t, "        endcase\n    end\n");
}

static void print_expression(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    switch (op->code) {
    case OP_ADD:
    case OP_SUB: print_add(module, value); break;
    case OP_ADC:
    case OP_SBB: print_three(module, value); break;
    case OP_NEG: print_unary(module, value, "-", 0); break;
    case OP_NOT: print_unary(module, value, "~", 0); break;
    case OP_SLICE: print_unary(module, value, "", (int)op->immediate); break;
    case OP_MUL: print_mul(module, value); break;
    case OP_RESULT: print_result(module, value); break;
    case OP_LT: print_compare(module, value, "<"); break;
    case OP_LE: print_compare(module, value, "<="); break;
    case OP_EQ: print_compare(module, value, "=="); break;
    case OP_SELECT: print_select(module, value); break;
    case OP_MIN:
    case OP_MAX: print_limit(module, value); break;
    case OP_AND: print_logic(module, value, "&"); break;
    case OP_OR: print_logic(module, value, "|"); break;
    case OP_XOR: print_logic(module, value, "^"); break;
    case OP_POPCOUNT: print_popcount(module, value); break;
    case OP_CONCAT: print_concat(module, value); break;
    default: assert(!"an operation with an expression");
    }
}

bool verilog_table_is_small(const struct table *table)
{
    return !table->in_block &&
           format_of_interval(table->first, table->first + table->count - 1, 0).width_bits <= 6;
}

/* Each bit of the entry is the bit of a constant that the index numbers: a LUT. */
static void print_small_table(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    const char *name = module->plan->values[value].name;
    struct verilog_signal a = verilog_operand(module, value, 0);
    const struct table *table = &module->plan->program->tables[op->immediate];
    int index_bits =
        format_of_interval(table->first, table->first + table->count - 1, 0).width_bits;
    int addresses = 1 << index_bits, digits = (addresses + 3) / 4;
    struct text *t = &module->body;
    size_t start = t->length;
    verilog_declare(t, "    wire", op->format.is_signed, op->format.width_bits);
    text_add(t, "%s;\n", name);
    verilog_note(module, start, value);
    verilog_declare(t, "    wire", false, index_bits);
    text_add(t, "%s_index = ", name);
    verilog_field(t, &a, 0, index_bits);
    text_add(t, ";\n");
    for (int bit = 0; bit < op->format.width_bits; bit++) {
        uint64_t truth = 0;
        for (int address = 0; address < addresses; address++) {
            int64_t n = (address - table->first) & (addresses - 1);
            int64_t entry = table->entries[n < table->count ? n : table->count - 1];
            truth |= (uint64_t)(entry >> bit & 1) << address;
        }
        verilog_declare(t, "    wire", false, addresses);
        text_add(t, "%s_bit%d = %d'h%0*" PRIx64 ";\n    assign %s", name, bit, addresses, digits,
                 truth, name);
        if (op->format.width_bits > 1) text_add(t, "[%d]", bit);
        text_add(t, " = %s_bit%d[%s_index];\n", name, bit, name);
    }
}

/* One of the table's copies; the suffix says which. */
static void print_table_instance(struct verilog_module *module, int value, const char *entry,
                                 const char *suffix)
{
    const struct op *op = op_of(module, value);
    struct verilog_signal a = verilog_operand(module, value, 0);
    const struct table *table = &module->plan->program->tables[op->immediate];
    struct format index = format_of_interval(table->first, table->first + table->count - 1, 0);
    struct text *t = &module->body;
    text_add(t, "    %s u_%s%s (\n", module->plan->tables[op->immediate],
             module->plan->values[value].name, suffix);
    if (table->in_block) text_add(t, "        .clk_i(clk_i),\n");
    text_add(t, "        .index_i(");
    verilog_field(t, &a, 0, index.width_bits);
    text_add(t, "),\n        .entry_o(%s%s)\n    );\n", entry, suffix);
}

static void print_table(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    const char *name = module->plan->values[value].name;
    const struct table *table = &module->plan->program->tables[op->immediate];
    int entry_width = table->format.width_bits;
    struct text *t = &module->body;
    verilog_declare(t, "    wire", op->format.is_signed, op->format.width_bits);
    text_add(t, "%s;\n", name);
    bool narrow = op->format.width_bits < entry_width; /* only part of the table is reached */
    if (narrow) {
        verilog_declare(t, "    wire", false, entry_width);
        text_add(t, "%s_entry;\n    assign %s = %s_entry[%d:0];\n", name, name, name,
                 op->format.width_bits - 1);
        text_add(&module->unused_extra, ", %s_entry[%d:%d]", name, entry_width - 1,
                 op->format.width_bits);
    }
    char entry[176];
    snprintf(entry, sizeof entry, "%s%s", name, narrow ? "_entry" : "");
    if (!module->plan->votes || !module->plan->votes_table[op->immediate]) {
        print_table_instance(module, value, entry, "");
        return;
    }
    for (int copy = 0; copy < 3; copy++) {
        char suffix[] = {'_', (char)('a' + copy), 0};
        verilog_declare(t, "    wire", false, entry_width);
        text_add(t, "%s%s;\n", entry, suffix);
        print_table_instance(module, value, entry, suffix);
    }
    verilog_vote(module->plan, t, entry, entry_width);
}

static void print_any_table(struct verilog_module *module, int value)
{
    const struct table *table = &module->plan->program->tables[op_of(module, value)->immediate];
    (verilog_table_is_small(table) ? print_small_table : print_table)(module, value);
}

void verilog_note(struct verilog_module *module, size_t start, int value)
{
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    char format[FORMAT_TEXT_BYTES], note[160];
    format_print(op->format, format);
    snprintf(note, sizeof note, "// %s [%" PRId64 ", %" PRId64 "]", format, op->lo, op->hi);
    char *lines = strdup(t->bytes + start), *last = lines;
    assert(lines);
    t->length = start;
    for (char *c = lines; c[0]; c++)
        if (c[0] == '\n' && c[1]) last = c + 1;
    size_t width = strlen(last) - 1;
    if (width + strlen(note) + 2 > 100) {
        text_add(t, "    %s\n%s", note, lines);
    } else {
        lines[strlen(lines) - 1] = 0;
        text_add(t, "%s  %s\n", lines, note);
    }
    free(lines);
}

/* The constant as a vector, from which the operands choose a bit. */
static void print_lut(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    const char *name = module->plan->values[value].name;
    struct text *t = &module->body;
    int bits = 1 << op->operand_count;
    text_add(t, "    wire [%d:0] %s_lut = %d'h%" PRIx64 ";\n", bits - 1, name, bits,
             (uint64_t)op->immediate);
    text_add(t, "    wire %s = %s_lut[", name, name);
    if (op->operand_count > 1) text_add(t, "{");
    for (int i = op->operand_count - 1; i >= 0; i--) {
        struct verilog_signal a = verilog_operand(module, value, i);
        verilog_field(t, &a, 0, 1);
        if (i) text_add(t, ", ");
    }
    text_add(t, op->operand_count > 1 ? "}];\n" : "];\n");
}

void verilog_op(struct verilog_module *module, int value)
{
    const struct op *op = op_of(module, value);
    struct text *t = &module->body;
    size_t start = t->length;
    switch (op->code) {
    case OP_LUT: print_lut(module, value); return;
    case OP_TABLE: print_any_table(module, value); return;
    case OP_QUANTIZE: verilog_quantize(module, value); return;
    case OP_PICK: print_pick(module, value); return;
    case OP_INDEX: verilog_index(module, value); return;
    case OP_STATE: verilog_state(module, value); return;
    case OP_UPDATE: verilog_update(module, value); return;
    case OP_LOAD: verilog_load(module, value); return;
    case OP_STORE: verilog_store(module, value); return;
    default: break;
    }
    if (is_digit_sum(module, value)) {
        print_digit_sum(module, value);
        return;
    }
    if (carries_in(module, value)) {
        print_carry_in(module, value);
        verilog_note(module, start, value);
        return;
    }
    verilog_declare(t, "    wire", op->format.is_signed, op->format.width_bits);
    text_add(t, "%s = ", module->plan->values[value].name);
    print_expression(module, value);
    text_add(t, ";\n");
    verilog_note(module, start, value);
}
