/* The interval rule: an operation's format and exact interval from those of its operands. */
#include "compiler/program/internal.h"

#include <assert.h>

const char op_too_wide[] = "needs more than 63 bits";

bool shift_up(int128 v, int shift, int128 *result)
{
    assert(shift >= 0);
    if (v == 0) {
        *result = 0;
        return true;
    }
    if (shift > 63) return false;
    *result = v * ((int128)1 << shift);
    return true;
}

bool interval_fits(int128 lo, int128 hi)
{
    int128 limit = (int128)1 << (lo < 0 ? 62 : 63);
    return lo >= -limit && hi < limit;
}

struct format op_format_for(const struct op *op, int64_t lo, int64_t hi, int fraction)
{
    bool own = op->code == OP_INPUT || op->code == OP_QUANTIZE || op->code == OP_SLICE;
    return own ? op->format : format_of_interval(lo, hi, fraction);
}

/* Interval being worked out, in units of 2^-fraction. */
struct range {
    int128 lo, hi;
    int fraction;
};

static struct range range_of(const struct op *op)
{
    return (struct range){op->lo, op->hi, op_fraction(op)};
}

/* Restates a range at a finer or equal fraction; false if it then needs more than 63 bits. */
static bool range_align(struct range *r, int fraction)
{
    bool fits = shift_up(r->lo, fraction - r->fraction, &r->lo) &&
                shift_up(r->hi, fraction - r->fraction, &r->hi);
    r->fraction = fraction;
    return fits && interval_fits(r->lo, r->hi);
}

static bool range_align_both(struct range *a, struct range *b)
{
    int fraction = a->fraction > b->fraction ? a->fraction : b->fraction;
    return range_align(a, fraction) && range_align(b, fraction);
}

static const char *infer_add(bool subtracts, struct range a, struct range b, struct range *r)
{
    if (!range_align_both(&a, &b)) return op_too_wide;
    *r = (struct range){a.lo + (subtracts ? -b.hi : b.lo), a.hi + (subtracts ? -b.lo : b.hi),
                        a.fraction};
    return interval_fits(r->lo, r->hi) ? NULL : op_too_wide;
}

static bool is_bit(const struct op *op)
{
    return op->lo >= 0 && op->hi <= 1;
}

static const char *infer_sum(const struct program *p, const struct op *op, struct range *r)
{
    int first = op_first_addend(op);
    struct range a = range_of(program_operand(p, op, first)),
                 b = range_of(program_operand(p, op, first + 1));
    bool subtracts = op_subtracts(op);
    b.fraction -= (int)op->immediate;
    const char *wrong = infer_add(subtracts, a, b, r);
    if (wrong || !first) return wrong;
    const struct op *carry = program_operand(p, op, 0);
    if (!is_bit(carry)) return "the carry is not one unsigned bit";
    return infer_add(subtracts, *r, range_of(carry), r);
}

static struct range infer_mul(struct range a, struct range b, bool square)
{
    int128 corner[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
    struct range r = {corner[0], corner[0], a.fraction + b.fraction};
    for (int i = 1; i < 4; i++) {
        if (corner[i] < r.lo) r.lo = corner[i];
        if (corner[i] > r.hi) r.hi = corner[i];
    }
    if (square && a.lo <= 0 && a.hi >= 0) r.lo = 0;
    if (square && r.lo < 0) r.lo = a.lo * a.lo < a.hi * a.hi ? a.lo * a.lo : a.hi * a.hi;
    return r;
}

static const char *infer_compare(enum op_code code, struct range a, struct range b, struct range *r)
{
    if (!range_align_both(&a, &b)) return op_too_wide;
    bool always, never;
    switch (code) {
    case OP_LT: always = a.hi < b.lo, never = a.lo >= b.hi; break;
    case OP_LE: always = a.hi <= b.lo, never = a.lo > b.hi; break;
    default:
        always = a.lo == a.hi && b.lo == b.hi && a.lo == b.lo;
        never = a.hi < b.lo || b.hi < a.lo;
    }
    *r = (struct range){always, !never, 0};
    return NULL;
}

static const char *infer_choice(const struct op *op, const struct op *const operand[],
                                struct range *r)
{
    bool select = op->code == OP_SELECT;
    struct range a = range_of(operand[select ? 1 : 0]), b = range_of(operand[select ? 2 : 1]);
    if (!range_align_both(&a, &b)) return op_too_wide;
    if (select) {
        if (!is_bit(operand[0]) || op_fraction(operand[0]))
            return "the condition is not one unsigned bit";
        if (operand[0]->lo == 1) b = a;
        if (operand[0]->hi == 0) a = b;
    }
    bool low_hi = op->code == OP_MIN, high_lo = op->code == OP_MAX;
    *r = a;
    if (high_lo ? b.lo > a.lo : b.lo < a.lo) r->lo = b.lo;
    if (low_hi ? b.hi < a.hi : b.hi > a.hi) r->hi = b.hi;
    return NULL;
}

static const char *infer_table(const struct program *p, const struct op *op, const struct op *a,
                               struct range *r)
{
    if (op->immediate < 0 || op->immediate >= p->table_count) return "there is no such table";
    const struct table *t = &p->tables[op->immediate];
    if (a->lo < t->first || (int128)a->hi - t->first >= t->count)
        return "the table does not cover the operand's interval";
    const int64_t *entry = t->entries + (a->lo - t->first);
    *r = (struct range){entry[0], entry[0], format_fraction_bits(t->format)};
    for (int64_t i = 1; i <= a->hi - a->lo; i++) {
        if (entry[i] < r->lo) r->lo = entry[i];
        if (entry[i] > r->hi) r->hi = entry[i];
    }
    return NULL;
}

/* All ones up to the top bit of n. */
static int64_t mask_over(int64_t n)
{
    return n ? (int64_t)(UINT64_MAX >> __builtin_clzll((unsigned long long)n)) : 0;
}

static const char *infer_logic(enum op_code code, const struct op *a, const struct op *b,
                               struct range *r)
{
    if (a->lo < 0 || b->lo < 0) return "an operand is signed";
    if (op_fraction(a) != op_fraction(b)) return "the operands' fraction bits differ";
    int64_t mask = mask_over(a->hi | b->hi), least = a->hi < b->hi ? a->hi : b->hi;
    bool constant = a->lo == a->hi && b->lo == b->hi;
    r->fraction = op_fraction(a);
    switch (code) {
    case OP_AND:
        r->lo = constant ? a->lo & b->lo : 0, r->hi = constant ? a->lo & b->lo : least;
        break;
    case OP_OR:
        r->lo = constant ? a->lo | b->lo : a->lo > b->lo ? a->lo : b->lo;
        r->hi = constant ? a->lo | b->lo : mask;
        break;
    default: r->lo = constant ? a->lo ^ b->lo : 0, r->hi = constant ? a->lo ^ b->lo : mask;
    }
    return NULL;
}

/* The W bits of a value as an unsigned range; exact. */
static struct range bits_of(const struct op *a)
{
    int128 window = (int128)1 << a->format.width_bits;
    if (a->lo >= 0) return (struct range){a->lo, a->hi, 0};
    if (a->hi < 0) return (struct range){a->lo + window, a->hi + window, 0};
    return (struct range){0, window - 1, 0};
}

static const char *infer_concat(const struct program *p, const struct op *op, struct range *r)
{
    int offset = 0;
    *r = (struct range){0, 0, 0};
    for (int i = 0; i < op->operand_count; i++) {
        const struct op *a = program_operand(p, op, i);
        struct range bits = bits_of(a);
        if (offset + a->format.width_bits > FORMAT_MAX_BITS) return op_too_wide;
        r->lo += bits.lo * ((int128)1 << offset);
        r->hi += bits.hi * ((int128)1 << offset);
        offset += a->format.width_bits;
    }
    return NULL;
}

/* The results for all operands' bits that can come. */
static const char *infer_lut(const struct program *p, const struct op *op, struct range *r)
{
    int count = op->operand_count, fixed = 0, free = 0;
    if (count < 6 && (uint64_t)op->immediate >> (1 << count))
        return "its constant has more bits than its operands number";
    for (int i = 0; i < count; i++) {
        const struct op *a = program_operand(p, op, i);
        if (a->lo < 0 || a->hi > 1 || op_fraction(a)) return "an operand is not one unsigned bit";
        if (a->lo == a->hi)
            fixed |= (int)a->lo << i;
        else
            free |= 1 << i;
    }
    *r = (struct range){1, 0, 0};
    if (free == (1 << count) - 1) { /* nearly always */
        uint64_t entries = count < 6 ? ((uint64_t)1 << (1 << count)) - 1 : UINT64_MAX;
        *r = (struct range){(uint64_t)op->immediate == entries, op->immediate != 0, 0};
        return NULL;
    }
    for (int n = 0; n < 1 << count; n++) {
        if ((n & ~free) != fixed) continue;
        int bit = (int)((uint64_t)op->immediate >> n & 1);
        if (bit < r->lo) r->lo = bit;
        if (bit > r->hi) r->hi = bit;
    }
    return NULL;
}

static const char *infer_slice(const struct op *op, const struct op *a, struct range *r)
{
    int width = op->format.width_bits, low = (int)op->immediate;
    if (op->immediate < 0 || op->immediate > a->format.width_bits - width)
        return "the slice is outside its operand";
    int64_t window = (int64_t)1 << (width - 1); /* half of it: 2^width may not fit */
    int64_t offset = op->format.is_signed ? window : 0;
    int128 lo = (int128)(a->lo >> low) + offset, hi = (int128)(a->hi >> low) + offset;
    *r = (struct range){op->format.is_signed ? -window : 0,
                        (int128)window * (op->format.is_signed ? 1 : 2) - 1, op_fraction(op)};
    if (lo >> width == hi >> width) {
        int128 whole = (lo >> width) * ((int128)1 << width);
        r->lo = lo - whole - offset;
        r->hi = hi - whole - offset;
    }
    return NULL;
}

static const char *infer_popcount(const struct op *a, struct range *r)
{
    struct range bits = bits_of(a);
    *r = (struct range){bits.lo > 0, a->format.width_bits, 0};
    if (bits.hi == 0) r->hi = 0;
    if (bits.lo == bits.hi) r->lo = r->hi = __builtin_popcountll((unsigned long long)bits.lo);
    return NULL;
}

/* Of a loadable matrix: whatever its integers may become. */
static const char *infer_loadable(const struct program *p, const struct op *op, struct range *r)
{
    const struct op *matvec = program_operand(p, op, 0);
    const struct matrix *m = &p->matrices[matvec->immediate];
    struct range bias = {m->bias_lo, m->bias_hi, m->bias_fraction_bits};
    r->lo = r->hi = 0;
    if (m->bias) {
        if (!range_align(&bias, r->fraction)) return op_too_wide;
        r->lo = bias.lo;
        r->hi = bias.hi;
    }
    for (int row = 0; row < matvec->operand_count; row++) {
        const struct op *a = program_operand(p, matvec, row);
        if (op_is_zero(a)) continue;
        struct range product = {0, 0, op_fraction(a) + m->fraction_bits};
        for (int k = 0; k < 4; k++) {
            int128 x = (int128)(k & 1 ? m->lo : m->hi) * (k & 2 ? a->lo : a->hi);
            if (k == 0 || x < product.lo) product.lo = x;
            if (k == 0 || x > product.hi) product.hi = x;
        }
        if (!range_align(&product, r->fraction)) return op_too_wide;
        r->lo += product.lo;
        r->hi += product.hi;
        if (r->hi >= (int128)1 << 126 || r->lo <= -((int128)1 << 126)) return op_too_wide;
    }
    return NULL;
}

static const char *infer_result(const struct program *p, const struct op *op, struct range *r)
{
    const struct op *matvec = program_operand(p, op, 0);
    if (matvec->code != OP_MATVEC) return "its operand is not a matvec";
    if (op->immediate < 0 || op->immediate >= p->matrices[matvec->immediate].columns)
        return "there is no such column";
    r->fraction = result_fraction(p, op);
    int64_t bias;
    if (r->fraction > PROGRAM_MAX_FRACTION || r->fraction < -PROGRAM_MAX_FRACTION)
        return "its fraction bits are out of bounds";
    if (p->matrices[matvec->immediate].is_loadable) return infer_loadable(p, op, r);
    if (!result_bias(p, op, r->fraction, &bias)) return op_too_wide;
    r->lo = r->hi = bias;
    for (int row = 0; row < matvec->operand_count; row++) {
        const struct op *a = program_operand(p, matvec, row);
        int64_t weight;
        if (!result_weight(p, op, r->fraction, row, &weight)) return op_too_wide;
        int128 x = (int128)weight * a->lo, y = (int128)weight * a->hi;
        r->lo += x < y ? x : y;
        r->hi += x < y ? y : x;
        if (r->hi >= (int128)1 << 126 || r->lo <= -((int128)1 << 126)) return op_too_wide;
    }
    return NULL;
}

static const char *infer_pick(const struct program *p, const struct op *op, struct range *r)
{
    const struct op *index = program_operand(p, op, 0);
    *r = (struct range){0, 0, 0};
    int fraction = op_fraction(program_operand(p, op, 1));
    if (op_fraction(index) || index->lo < 0 || index->hi > op->operand_count - 2)
        return "the index is not the number of a value";
    for (int i = 2; i < op->operand_count; i++)
        if (op_fraction(program_operand(p, op, i)) > fraction)
            fraction = op_fraction(program_operand(p, op, i));
    for (int64_t i = index->lo; i <= index->hi; i++) {
        struct range a = range_of(program_operand(p, op, (int)i + 1));
        if (!range_align(&a, fraction)) return op_too_wide;
        if (i == index->lo) *r = a;
        if (a.lo < r->lo) r->lo = a.lo;
        if (a.hi > r->hi) r->hi = a.hi;
    }
    return NULL;
}

/* Whether an operand fits a state's or memory's stated interval; NULL or what is wrong. */
static const char *check_stated(const struct op *a, int fraction, int64_t lo, int64_t hi)
{
    if (op_fraction(a) != fraction) return "an operand has other fraction bits";
    return a->lo < lo || a->hi > hi ? "an operand is not inside the stated interval" : NULL;
}

/* States and memories have stated intervals. */
static const char *infer_carried(const struct program *p, const struct op *op, struct range *r)
{
    const struct op *a = program_operand(p, op, 0);
    *r = (struct range){op->lo, op->hi, op_fraction(op)};
    if (op->code == OP_STATE) return check_stated(a, r->fraction, op->lo, op->hi);
    if (op->code == OP_UPDATE) {
        const struct op *b = program_operand(p, op, 1);
        if (a->code != OP_STATE) return "its first operand is not a state";
        *r = range_of(b);
        return check_stated(b, op_fraction(a), a->lo, a->hi);
    }
    if (op->immediate < 0 || op->immediate >= p->memory_count) return "there is no such memory";
    const struct memory *m = &p->memories[op->immediate];
    int fraction = format_fraction_bits(m->format);
    if (op_fraction(a) || a->lo < 0 || a->hi >= m->entries)
        return "the address is not the number of an entry";
    *r = (struct range){m->lo, m->hi, fraction};
    if (op->code == OP_LOAD && op->operand_count == 1) return NULL;
    const struct op *b = program_operand(p, op, 1),
                    *condition = op->code == OP_LOAD ? b : program_operand(p, op, 2);
    if (!is_bit(condition) || op_fraction(condition))
        return "the condition is not one unsigned bit";
    if (op->code == OP_LOAD) {
        if (condition->lo == 0 && m->lo > 0) r->lo = 0;
        if (condition->lo == 0 && m->hi < 0) r->hi = 0;
        return NULL;
    }
    *r = range_of(b);
    return check_stated(b, fraction, m->lo, m->hi);
}

/* Own format and range of inputs and constants. */
static const char *infer_source(const struct program *p, const struct op *op, struct range *r)
{
    int edges = op->code == OP_INPUT && op->immediate < p->input_count
                    ? p->inputs[op->immediate].edge_count
                    : 0;
    r->fraction = op_fraction(op);
    r->lo = op->code == OP_INPUT ? format_min(op->format) : op->immediate;
    r->hi = op->code == OP_INPUT ? format_max(op->format) : op->immediate;
    if (edges) r->hi = edges;
    return NULL;
}

static const char *infer_range(const struct program *p, const struct op *op, struct range *r)
{
    const struct op *operand[3] = {0};
    for (int i = 0; i < op->operand_count && i < 3; i++) {
        operand[i] = program_operand(p, op, i);
        if (operand[i]->code == OP_MATVEC && op->code != OP_RESULT)
            return "an operand is a matvec, not one of its results";
    }
    const struct op *a = operand[0], *b = operand[1];
    switch (op->code) {
    case OP_INPUT:
    case OP_CONST: return infer_source(p, op, r);
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB: return infer_sum(p, op, r);
    case OP_NEG: *r = (struct range){-(int128)a->hi, -(int128)a->lo, op_fraction(a)}; return NULL;
    case OP_SHIFT:
        *r = (struct range){a->lo, a->hi, op_fraction(a) - (int)op->immediate};
        return NULL;
    case OP_MUL:
        *r = infer_mul(range_of(a), range_of(b),
                       p->operands[op->operands] == p->operands[op->operands + 1]);
        return NULL;
    case OP_MATVEC:
        if (op->immediate < 0 || op->immediate >= p->matrix_count) return "there is no such matrix";
        if (p->matrices[op->immediate].rows != op->operand_count)
            return "operands and the matrix's rows differ in number";
        *r = (struct range){0, 0, 0};
        return NULL;
    case OP_RESULT: return infer_result(p, op, r);
    case OP_QUANTIZE: {
        int64_t lo, hi;
        quantize_interval(a->lo, a->hi, op_fraction(a), op->format, &lo, &hi);
        *r = (struct range){lo, hi, op_fraction(op)};
        return NULL;
    }
    case OP_LT:
    case OP_LE:
    case OP_EQ: return infer_compare(op->code, range_of(a), range_of(b), r);
    case OP_SELECT:
    case OP_MIN:
    case OP_MAX: return infer_choice(op, operand, r);
    case OP_TABLE: return infer_table(p, op, a, r);
    case OP_AND:
    case OP_OR:
    case OP_XOR: return infer_logic(op->code, a, b, r);
    case OP_NOT:
        *r = bits_of(a);
        *r = a->format.is_signed
                 ? (struct range){-1 - (int128)a->hi, -1 - (int128)a->lo, op_fraction(a)}
                 : (struct range){((int128)1 << a->format.width_bits) - 1 - r->hi,
                                  ((int128)1 << a->format.width_bits) - 1 - r->lo, op_fraction(a)};
        return NULL;
    case OP_POPCOUNT: return infer_popcount(a, r);
    case OP_CONCAT: return infer_concat(p, op, r);
    case OP_LUT: return infer_lut(p, op, r);
    case OP_SLICE: return infer_slice(op, a, r);
    case OP_PICK: return infer_pick(p, op, r);
    case OP_INDEX:
        if (op->immediate < 1) return "a trip count below 1";
        *r = (struct range){0, op->immediate - 1, 0};
        return NULL;
    case OP_STATE:
    case OP_UPDATE:
    case OP_LOAD:
    case OP_STORE: return infer_carried(p, op, r);
    case OP_COUNT: break;
    }
    return "is no operation";
}

const char *op_infer(const struct program *p, const struct op *op, struct format *format,
                     int64_t *lo, int64_t *hi)
{
    if (op->code < 0 || op->code >= OP_COUNT) return "is no operation";
    const struct op_row *row = &op_rows[op->code];
    if (op->operand_count < row->least_operands ||
        (row->most_operands >= 0 && op->operand_count > row->most_operands))
        return "has the wrong number of operands";
    if (row->immediate == IMMEDIATE_SHIFT &&
        (op->immediate > PROGRAM_MAX_FRACTION || op->immediate < -PROGRAM_MAX_FRACTION))
        return "its shift is out of bounds";
    struct range r;
    const char *wrong = infer_range(p, op, &r);
    if (wrong) return wrong;
    if (r.fraction > PROGRAM_MAX_FRACTION || r.fraction < -PROGRAM_MAX_FRACTION)
        return "its fraction bits are out of bounds";
    if (!interval_fits(r.lo, r.hi)) return op_too_wide;
    *lo = (int64_t)r.lo;
    *hi = (int64_t)r.hi;
    *format = op_format_for(op, *lo, *hi, r.fraction);
    if (format->integer_bits > FORMAT_MAX_INTEGER_BITS ||
        format->integer_bits < -FORMAT_MAX_INTEGER_BITS)
        return "its binary point is out of bounds";
    return NULL;
}
