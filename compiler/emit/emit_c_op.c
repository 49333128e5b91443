/* One operation as a C statement. No expression overflows, shifts a negative number or depends on
 * how the compiler converts one: widths are proved by the intervals. */
#include "compiler/emit/emit_c.h"

#include "compiler/emit/roll_text.h"

#include <inttypes.h>
#include <string.h>

enum { LINE_LENGTH = 64 }; /* of a sum, before it is broken */

bool c_is_narrow(const struct op *op)
{
    return c_fits_narrow(op->lo, op->hi);
}

void c_add_integer(struct text *text, int64_t n)
{
    bool wide = n < INT32_MIN || n > INT32_MAX;
    /* -2147483648 is an expression of a wider type. */
    if (n == INT32_MIN)
        text_add(text, "(-2147483647 - 1)");
    else
        text_add(text,
                 n < 0  ? wide ? "(-INT64_C(%" PRId64 "))" : "(-%" PRId64 ")"
                 : wide ? "INT64_C(%" PRId64 ")"
                        : "%" PRId64,
                 n < 0 ? -n : n);
}

int c_named(const struct program *p, int value)
{
    while (p->ops[value].code == OP_UPDATE || p->ops[value].code == OP_STORE)
        value = p->operands[p->ops[value].operands + 1];
    return value;
}

void c_add_value(struct text *text, const struct program *p, int value, bool wide)
{
    value = c_named(p, value);
    const struct op *op = &p->ops[value];
    if (wide && c_is_narrow(op)) text_add(text, "(int64_t)");
    if (op->code == OP_CONST)
        c_add_integer(text, op->immediate);
    else
        text_add(text, "v%d", value);
}

/* A value being aligned to a finer fraction: n * 2^up. */
struct aligned {
    int value, up;
    int128 lo, hi;
};

static struct aligned align(const struct program *p, const struct op *op, int operand, int up)
{
    int value = p->operands[op->operands + operand];
    const struct op *a = &p->ops[value];
    if (a->lo == 0 && a->hi == 0) return (struct aligned){value, 0, 0, 0};
    int128 factor = (int128)1 << up;
    return (struct aligned){value, up, a->lo * factor, a->hi * factor};
}

static void align_two(const struct program *p, const struct op *op, int first, int shift,
                      struct aligned *a, struct aligned *b)
{
    int fraction_a = op_fraction(program_operand(p, op, first));
    int fraction_b = op_fraction(program_operand(p, op, first + 1)) - shift;
    int fraction = fraction_a > fraction_b ? fraction_a : fraction_b;
    *a = align(p, op, first, fraction - fraction_a);
    *b = align(p, op, first + 1, fraction - fraction_b);
}

static void add_aligned(struct text *text, const struct program *p, struct aligned a, bool wide)
{
    c_add_value(text, p, a.value, wide);
    if (!a.up) return;
    text_add(text, " * ");
    c_add_integer(text, (int64_t)1 << a.up);
}

const char *c_element_type(int64_t lo, int64_t hi)
{
    return lo >= INT8_MIN && hi <= INT8_MAX     ? "int8_t"
           : lo >= 0 && hi <= UINT8_MAX         ? "uint8_t"
           : lo >= INT16_MIN && hi <= INT16_MAX ? "int16_t"
           : lo >= 0 && hi <= UINT16_MAX        ? "uint16_t"
           : lo >= INT32_MIN && hi <= INT32_MAX ? "int32_t"
                                                : "int64_t";
}

/* Operands of a sum or comparison, printed in a type that holds both and the result. Returns
 * whether that is wide. */
static enum c_type add_pair(struct text *text, const struct program *p, const struct op *op,
                            int first, const char *between)
{
    struct aligned a, b;
    bool sum = op_is_sum(op);
    align_two(p, op, first, sum ? (int)op->immediate : 0, &a, &b);
    bool wide =
        !c_fits_narrow(a.lo, a.hi) || !c_fits_narrow(b.lo, b.hi) || (sum && !c_is_narrow(op));
    add_aligned(text, p, a, wide);
    text_add(text, "%s", between);
    add_aligned(text, p, b, wide);
    return wide ? C_WIDE : C_NARROW;
}

/* All three in a type that holds each of them, the result, and the sum of two. */
static enum c_type add_carry(struct text *text, const struct program *p, const struct op *op)
{
    const char *between = op->code == OP_ADC ? " + " : " - ";
    struct aligned terms[3];
    int fraction = op_fraction(op);
    bool wide = !c_is_narrow(op);
    for (int i = 0; i < 3; i++) {
        int shift = i == 2 ? (int)op->immediate : 0;
        terms[i] = align(p, op, i, fraction - op_fraction(program_operand(p, op, i)) + shift);
        wide = wide || !c_fits_narrow(terms[i].lo, terms[i].hi);
    }
    int128 lo = terms[1].lo + (op->code == OP_ADC ? terms[2].lo : -terms[2].hi);
    int128 hi = terms[1].hi + (op->code == OP_ADC ? terms[2].hi : -terms[2].lo);
    wide = wide || !c_fits_narrow(lo, hi);
    add_aligned(text, p, terms[1], wide);
    text_add(text, "%s", between);
    add_aligned(text, p, terms[2], wide);
    text_add(text, "%s", between);
    add_aligned(text, p, terms[0], wide);
    return wide ? C_WIDE : C_NARROW;
}

static enum c_type add_choice(struct text *text, const struct program *p, const struct op *op)
{
    bool select = op->code == OP_SELECT;
    if (select)
        c_add_value(text, p, p->operands[op->operands], false);
    else
        add_pair(text, p, op, 0, op->code == OP_MIN ? " < " : " > ");
    text_add(text, " ? ");
    return add_pair(text, p, op, select, " : ");
}

static enum c_type add_negation(struct text *text, const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0);
    bool wide = !c_is_narrow(op) || !c_fits_narrow(-(int128)a->hi, -(int128)a->lo);
    text_add(text, "-");
    c_add_value(text, p, p->operands[op->operands], wide);
    return wide ? C_WIDE : C_NARROW;
}

static enum c_type add_product(struct text *text, const struct program *p, const struct op *op)
{
    bool wide = !c_is_narrow(op);
    c_add_value(text, p, p->operands[op->operands], wide);
    text_add(text, " * ");
    c_add_value(text, p, p->operands[op->operands + 1], wide);
    return wide ? C_WIDE : C_NARROW;
}

/* bias + sum of weight * operand, in 32 bits, 64 bits, or modulo 2^64 where partial sums could run
 * over. */
static enum c_type add_result(struct c_printer *c, const struct op *op)
{
    const struct program *p = c->program;
    const struct op *matvec = program_operand(p, op, 0);
    struct text *text = &c->body;
    int64_t bias, weight;
    result_bias(p, op, op_fraction(op), &bias);
    int128 reach = bias < 0 ? -(int128)bias : bias;
    for (int row = 0; row < matvec->operand_count; row++) {
        const struct op *a = program_operand(p, matvec, row);
        result_weight(p, op, op_fraction(op), row, &weight);
        int128 largest = -(int128)a->lo > a->hi ? -(int128)a->lo : a->hi;
        reach += (weight < 0 ? -(int128)weight : weight) * largest;
        if (reach > INT64_MAX) break; /* further than it matters */
    }
    bool modular = reach > INT64_MAX, wide = modular || reach > INT32_MAX, first = true;
    if (modular) c_begin_call(c, C_FROM_BITS, true, "from_bits");
    if (c->uniform && !modular) {
        for (int row = 0; row < matvec->operand_count; row++) {
            result_weight(p, op, op_fraction(op), row, &weight);
            if (!weight) continue;
            c_add_value(text, p, p->operands[matvec->operands + row], wide);
            text_add(text, " * ");
            c_add_integer(text, weight);
            text_add(text, " + ");
        }
        c_add_integer(text, bias);
        return wide ? C_WIDE : C_NARROW;
    }
    size_t line = text->length;
    for (int row = 0; row < matvec->operand_count; row++) {
        result_weight(p, op, op_fraction(op), row, &weight);
        if (!weight) continue;
        if (text->length - line > LINE_LENGTH) text_add(text, "\n       "), line = text->length;
        bool minus = weight < 0 && !modular;
        text_add(text, first ? minus ? "-" : "" : minus ? " - " : " + ");
        if (modular) text_add(text, "(uint64_t)");
        c_add_value(text, p, p->operands[matvec->operands + row], wide && !modular);
        if (minus) weight = -weight;
        if (weight != 1)
            text_add(text, modular ? " * (uint64_t)" : " * "), c_add_integer(text, weight);
        first = false;
    }
    if (bias || first) {
        bool minus = bias < 0 && !modular && !first;
        text_add(text, first ? "" : minus ? " - " : " + ");
        if (modular) text_add(text, "(uint64_t)");
        c_add_integer(text, minus ? -bias : bias);
    }
    if (modular) text_add(text, ")");
    return wide ? C_WIDE : C_NARROW;
}

/* "(uint32_t)v3 & 63u": the bits of an operand. */
static void add_bits(struct text *text, const struct program *p, int value, bool wide)
{
    const struct op *a = &p->ops[value];
    text_add(text, wide ? "(uint64_t)" : "(uint32_t)");
    c_add_value(text, p, value, false);
    if (a->lo < 0) c_add_mask(text, a->format.width_bits);
}

static enum c_type add_concat(struct text *text, const struct program *p, const struct op *op)
{
    bool wide = op->format.width_bits > 32;
    for (int i = 0, offset = 0; i < op->operand_count; i++) {
        text_add(text, i ? " | (" : "(");
        add_bits(text, p, p->operands[op->operands + i], wide);
        text_add(text, offset ? ") << %d" : ")", offset);
        offset += program_operand(p, op, i)->format.width_bits;
    }
    return wide ? C_BITS : C_NARROW_BITS;
}

static enum c_type add_lut(struct text *text, const struct program *p, const struct op *op)
{
    bool wide = op->operand_count > 5;
    text_add(text, wide ? "UINT64_C(0x%" PRIx64 ") >> (" : "0x%" PRIx64 "u >> (",
             (uint64_t)op->immediate);
    for (int i = 0; i < op->operand_count; i++) {
        text_add(text, i ? " | (" : "(");
        add_bits(text, p, p->operands[op->operands + i], false);
        text_add(text, i ? ") << %d" : ")", i);
    }
    text_add(text, ") & 1u");
    return wide ? C_BITS : C_NARROW_BITS;
}

static enum c_type add_slice(struct c_printer *c, const struct op *op)
{
    struct text *text = &c->body;
    const struct op *a = program_operand(c->program, op, 0);
    int width = op->format.width_bits;
    bool sign = op->format.is_signed, wide = !c_is_narrow(a) || width > 31 || op->immediate > 31;
    if (sign) c_begin_call(c, C_WRAP, wide, "wrap");
    text_add(text, wide ? "(uint64_t)" : "(uint32_t)");
    c_add_value(text, c->program, c->program->operands[op->operands], false);
    if (op->immediate) text_add(text, " >> %d", (int)op->immediate);
    if (sign)
        text_add(text, ", %d)", width);
    else
        c_add_mask(text, width);
    return sign ? wide ? C_WIDE : C_NARROW : wide ? C_BITS : C_NARROW_BITS;
}

static enum c_type add_popcount(struct c_printer *c, const struct op *op)
{
    bool wide = program_operand(c->program, op, 0)->format.width_bits > 32;
    c_begin_call(c, C_POPCOUNT, wide, "popcount");
    add_bits(&c->body, c->program, c->program->operands[op->operands], wide);
    text_add(&c->body, ")");
    return C_NARROW;
}

static enum c_type add_table(struct text *text, const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0);
    int64_t first = p->tables[op->immediate].first;
    bool wide = !c_is_narrow(a) || first < -INT32_MAX;
    text_add(text, "table_%d[", (int)op->immediate);
    c_add_value(text, p, p->operands[op->operands], wide);
    if (first)
        text_add(text, first < 0 ? " + " : " - "), c_add_integer(text, first < 0 ? -first : first);
    text_add(text, "]");
    return C_NARROW;
}

static enum c_type add_not(struct text *text, const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0);
    int64_t mask = (int64_t)(((uint64_t)1 << a->format.width_bits) - 1);
    if (a->format.is_signed) {
        text_add(text, "-1 - ");
        c_add_value(text, p, p->operands[op->operands], false);
        return c_is_narrow(a) ? C_NARROW : C_WIDE;
    }
    c_add_integer(text, mask);
    text_add(text, " - ");
    c_add_value(text, p, p->operands[op->operands], mask > INT32_MAX);
    return mask > INT32_MAX ? C_WIDE : C_NARROW;
}

/* Whether all values that may be chosen can stand in an array that is filled before the loop. */
static bool choices_stand_before(const struct program *p, int value)
{
    const struct block *block = &p->blocks[program_block_of(p, value)];
    const struct op *op = &p->ops[value];
    if (!block_is_loop(block)) return false;
    for (int k = 1; k < op->operand_count; k++)
        if (p->operands[op->operands + k] >= block->first) return false;
    return true;
}

static void add_choice_list(struct text *text, const struct program *p, const struct op *op)
{
    const struct op *index = program_operand(p, op, 0);
    for (int k = 1; k < op->operand_count; k++) {
        int up = op_fraction(op) - op_fraction(program_operand(p, op, k));
        if (k > 1) text_add(text, k % 8 == 1 ? ",\n        " : ", ");
        if (k - 1 < index->lo || k - 1 > index->hi)
            text_add(text, "0"); /* never chosen */
        else
            add_aligned(text, p, align(p, op, k, up), !c_is_narrow(op));
    }
}

void c_add_choices(struct c_printer *c, int value)
{
    const struct op *op = &c->program->ops[value];
    text_add(&c->body, "    const %s choices_%d[%d] = {\n        ",
             c_is_narrow(op) ? "int32_t" : "int64_t", value, op->operand_count - 1);
    add_choice_list(&c->body, c->program, op);
    text_add(&c->body, "};\n");
}

static enum c_type add_pick(struct text *text, const struct program *p, const struct op *op)
{
    int value = (int)(op - p->ops);
    if (choices_stand_before(p, value))
        text_add(text, "choices_%d", value);
    else {
        text_add(text, "((const %s[]){", c_is_narrow(op) ? "int32_t" : "int64_t");
        add_choice_list(text, p, op);
        text_add(text, "})");
    }
    text_add(text, "[");
    c_add_value(text, p, p->operands[op->operands], false);
    text_add(text, "]");
    return c_is_narrow(op) ? C_NARROW : C_WIDE;
}

static enum c_type add_load(struct text *text, const struct program *p, const struct op *op)
{
    if (op->operand_count > 1) {
        c_add_value(text, p, p->operands[op->operands + 1], false);
        text_add(text, " ? ");
    }
    text_add(text, "%smemory_%d[", c_memory_prefix(p, (int)op->immediate), (int)op->immediate);
    c_add_value(text, p, p->operands[op->operands], false);
    text_add(text, op->operand_count > 1 ? "] : 0" : "]");
    return C_NARROW;
}

/* The right-hand side; returns its type. */
static enum c_type add_expression(struct c_printer *c, const struct op *op)
{
    const struct program *p = c->program;
    struct text *text = &c->body;
    int a = op->operand_count ? p->operands[op->operands] : -1;
    switch (op->code) {
    case OP_INPUT:
        text_add(text, "in[%d]", (int)op->immediate);
        return strcmp(c_port_type(p, true), "int64_t") ? C_NARROW : C_WIDE;
    case OP_ADD: return add_pair(text, p, op, 0, " + ");
    case OP_SUB: return add_pair(text, p, op, 0, " - ");
    case OP_ADC:
    case OP_SBB: return add_carry(text, p, op);
    case OP_NEG: return add_negation(text, p, op);
    case OP_SHIFT: c_add_value(text, p, a, false); return C_NARROW;
    case OP_MUL: return add_product(text, p, op);
    case OP_RESULT: return add_result(c, op);
    case OP_QUANTIZE: return c_add_quantize(c, op);
    case OP_LT: add_pair(text, p, op, 0, " < "); return C_NARROW;
    case OP_LE: add_pair(text, p, op, 0, " <= "); return C_NARROW;
    case OP_EQ: add_pair(text, p, op, 0, " == "); return C_NARROW;
    case OP_SELECT:
    case OP_MIN:
    case OP_MAX: return add_choice(text, p, op);
    case OP_TABLE: return add_table(text, p, op);
    case OP_AND: return add_pair(text, p, op, 0, " & ");
    case OP_OR: return add_pair(text, p, op, 0, " | ");
    case OP_XOR: return add_pair(text, p, op, 0, " ^ ");
    case OP_NOT: return add_not(text, p, op);
    case OP_POPCOUNT: return add_popcount(c, op);
    case OP_CONCAT: return add_concat(text, p, op);
    case OP_LUT: return add_lut(text, p, op);
    case OP_SLICE: return add_slice(c, op);
    case OP_PICK: return add_pick(text, p, op);
    case OP_INDEX: text_add(text, "i"); return C_NARROW;
    case OP_STATE: text_add(text, "s%d", (int)(op - p->ops)); return C_NARROW;
    case OP_LOAD: return add_load(text, p, op);
    case OP_UPDATE:
    case OP_STORE:
    case OP_CONST:
    case OP_MATVEC:
    case OP_COUNT: break;
    }
    return C_NARROW;
}

/* A name, an array's element or a call needs no parentheses behind a cast. */
static bool is_primary(const char *text)
{
    int depth = 0;
    for (const char *c = text; *c; c++) {
        depth += (*c == '(' || *c == '[') - (*c == ')' || *c == ']');
        if (*text == '(' || (depth == 0 && strchr(" -*", *c))) return false;
    }
    return true;
}

static void print_store(struct c_printer *c, const struct op *op)
{
    const struct program *p = c->program;
    const int *operands = p->operands + op->operands;
    text_add(&c->body, "%s", c->indent);
    if (p->ops[operands[2]].code != OP_CONST || !p->ops[operands[2]].lo) {
        text_add(&c->body, "if (");
        c_add_value(&c->body, p, operands[2], false);
        text_add(&c->body, ") ");
    }
    text_add(&c->body, "memory_%d[", (int)op->immediate);
    c_add_value(&c->body, p, operands[0], false);
    const struct memory *m = &p->memories[op->immediate];
    text_add(&c->body, "] = (%s)", c_element_type(m->lo, m->hi));
    c_add_value(&c->body, p, operands[1], false);
    text_add(&c->body, ";\n");
}

const char *c_value_type(const struct op *op)
{
    return c_is_narrow(op) ? "int32_t" : "int64_t";
}

void c_add_expression(struct c_printer *c, int value)
{
    const struct op *op = &c->program->ops[value];
    struct c_printer right = *c;
    right.body = (struct text){0};
    enum c_type has = add_expression(&right, op), wants = c_is_narrow(op) ? C_NARROW : C_WIDE;
    const char *expression = text_string(&right.body);
    if (has <= wants)
        text_add(&c->body, "%s", expression);
    else
        text_add(&c->body, is_primary(expression) ? "(%s)%s" : "(%s)(%s)", c_value_type(op),
                 expression);
    memcpy(c->used, right.used, sizeof c->used);
    c->shifts = right.shifts;
    text_free(&right.body);
}

/* Puts texts that stand inside into what was printed from `start` on. */
static void put_inside(struct c_printer *c, size_t start)
{
    struct arena arena = {0};
    struct expression e = expression_parse(&arena, c->body.bytes + start);
    c->body.length = start;
    for (int i = 0; i < e.count; i++) {
        const struct piece *piece = &e.pieces[i];
        const char *text = piece->kind == PIECE_VALUE ? c->inside[piece->number] : NULL;
        if (piece->kind == PIECE_WORDS)
            text_add(&c->body, "%s", piece->words);
        else if (piece->kind == PIECE_INTEGER)
            c_add_integer(&c->body, piece->number);
        else if (text)
            text_add(&c->body, "%s", text);
        else
            text_add(&c->body, "v%d", (int)piece->number);
    }
    arena_free(&arena);
}

static void keep_inside(struct c_printer *c, int value)
{
    size_t start = c->body.length;
    c_add_expression(c, value);
    put_inside(c, start);
    bool select = c->program->ops[value].code == OP_SELECT;
    c->inside[value] =
        arena_printf(c->arena, select ? "\n        (%s)" : "(%s)", text_string(&c->body) + start);
    c->body.length = start;
    c->body.bytes[start] = 0;
}

void c_print_op(struct c_printer *c, int value)
{
    const struct op *op = &c->program->ops[value];
    if (op->code == OP_STORE) print_store(c, op);
    if (c->inside && c->inside[value]) {
        keep_inside(c, value);
        return;
    }
    if (op->code == OP_CONST || op->code == OP_MATVEC || c_named(c->program, value) != value)
        return;
    if (c->outlives && c->outlives[value])
        text_add(&c->body, "%sv%d = ", c->indent, value);
    else
        text_add(&c->body, "%sconst %s v%d = ", c->indent, c_value_type(op), value);
    size_t start = c->body.length;
    c_add_expression(c, value);
    if (c->inside) put_inside(c, start);
    text_add(&c->body, ";\n");
}
