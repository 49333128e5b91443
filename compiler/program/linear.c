/* Linear forms: computed value by value in program order, kept in one arena. */
#include "compiler/program/internal.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct term {
    int leaf;
    int64_t coefficient;
};

struct form {
    int count;
    int64_t constant;
    struct term *terms; /* by rising leaf */
};

struct linear_forms {
    const struct program *program;
    struct arena arena;
    struct form *forms; /* of the first `done` values */
    int done;
    size_t capacity;
    struct term
        sum[2][2 * LINEAR_MAX_TERMS]; /* the sum being made, and the one before the last addition */
};

struct linear_forms *linear_new(const struct program *program)
{
    struct linear_forms *f = calloc(1, sizeof *f);
    if (!f) fail("out of memory");
    f->program = program;
    return f;
}

void linear_free(struct linear_forms *f)
{
    if (!f) return;
    free(f->forms);
    arena_free(&f->arena);
    free(f);
}

/* A sum under way: result = terms in sum[which]. */
struct partial {
    int which, count;
    int64_t constant;
    bool ok;
};

static bool multiply_add(int64_t factor, int64_t a, int64_t b, int64_t *result)
{
    int64_t product;
    return !__builtin_mul_overflow(factor, a, &product) &&
           !__builtin_add_overflow(product, b, result);
}

/* partial += factor * form */
static void add_form(struct linear_forms *f, struct partial *partial, const struct form *form,
                     int64_t factor)
{
    if (!partial->ok || !factor) return;
    const struct term *a = f->sum[partial->which], *b = form->terms;
    struct term *to = f->sum[!partial->which];
    int i = 0, j = 0, count = 0;
    bool ok = partial->count + form->count <= 2 * LINEAR_MAX_TERMS &&
              multiply_add(factor, form->constant, partial->constant, &partial->constant);
    while (ok && (i < partial->count || j < form->count)) {
        bool has_a = i < partial->count && (j >= form->count || a[i].leaf <= b[j].leaf);
        bool has_b = j < form->count && (i >= partial->count || b[j].leaf <= a[i].leaf);
        to[count] = (struct term){has_a ? a[i].leaf : b[j].leaf, has_a ? a[i].coefficient : 0};
        if (has_b)
            ok = multiply_add(factor, b[j].coefficient, to[count].coefficient,
                              &to[count].coefficient);
        i += has_a;
        j += has_b;
        if (to[count].coefficient) count++;
    }
    partial->which = !partial->which;
    partial->count = count;
    partial->ok = ok && count <= LINEAR_MAX_TERMS;
}

/* 2^shift as a factor, 0 with ok = false when out of reach. */
static int64_t power(int shift, bool *ok)
{
    if (shift < 0 || shift > 61) *ok = false;
    return *ok ? (int64_t)1 << shift : 0;
}

/* ---- tables that are sums ---- */

enum { TABLE_MOST = 64 }; /* entries, and so operands side by side, that are looked at */

/* The entry for given stored integers of a concat's operands. */
static int64_t entry_for(const struct program *p, const struct op *op, const int64_t *x)
{
    const struct op *index = program_operand(p, op, 0);
    const struct table *table = &p->tables[op->immediate];
    int64_t n = 0;
    int offset = 0;
    for (int k = 0; k < index->operand_count; k++) {
        int width = program_operand(p, index, k)->format.width_bits;
        n |= (x[k] & (((int64_t)1 << width) - 1)) << offset;
        offset += width;
    }
    return table->entries[n - table->first];
}

/* The next combination of the operands' values; false after the last. */
static bool next_values(const struct program *p, const struct op *index, int64_t *x)
{
    for (int k = 0; k < index->operand_count; k++) {
        const struct op *a = program_operand(p, index, k);
        if (x[k]++ < a->hi) return true;
        x[k] = a->lo;
    }
    return false;
}

/* A small table of a concat whose entries are a weighted sum of the concat's operands, as the adder
 * graph makes them, is that sum. */
static void table_of(struct linear_forms *f, const struct op *op, struct partial *partial)
{
    const struct program *p = f->program;
    const struct op *index = program_operand(p, op, 0);
    int64_t x[TABLE_MOST] = {0}, weights[TABLE_MOST], constant;
    partial->ok = index->code == OP_CONCAT && index->hi - index->lo < TABLE_MOST &&
                  index->operand_count < TABLE_MOST;
    if (!partial->ok) return;
    for (int k = 0; k < index->operand_count; k++)
        x[k] = program_operand(p, index, k)->lo;
    const int64_t first = constant = entry_for(p, op, x);
    for (int k = 0; k < index->operand_count; k++) {
        const struct op *a = program_operand(p, index, k);
        int64_t steps = a->hi - a->lo;
        x[k] = a->hi;
        weights[k] = steps ? (entry_for(p, op, x) - first) / steps : 0;
        x[k] = a->lo;
        constant -= weights[k] * a->lo;
    }
    do {
        int64_t sum = constant;
        for (int k = 0; k < index->operand_count; k++)
            sum += weights[k] * x[k];
        partial->ok = sum == entry_for(p, op, x);
    } while (partial->ok && next_values(p, index, x));
    partial->constant = constant;
    for (int k = 0; k < index->operand_count; k++)
        add_form(f, partial, &f->forms[p->operands[index->operands + k]], weights[k]);
}

static void sum_of(struct linear_forms *f, const struct op *op, struct partial *partial)
{
    const struct program *p = f->program;
    const int *operands = p->operands + op->operands;
    int fraction = op_fraction(op), sign = 1;
    switch (op->code) {
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB: {
        const int *addends = operands + op_first_addend(op);
        int a = op_fraction(&p->ops[addends[0]]),
            b = op_fraction(&p->ops[addends[1]]) - (int)op->immediate;
        if (op_subtracts(op)) sign = -1;
        add_form(f, partial, &f->forms[addends[0]], power(fraction - a, &partial->ok));
        add_form(f, partial, &f->forms[addends[1]], sign * power(fraction - b, &partial->ok));
        if (addends == operands) break;
        int carry = op_fraction(&p->ops[operands[0]]);
        add_form(f, partial, &f->forms[operands[0]], sign * power(fraction - carry, &partial->ok));
        break;
    }
    case OP_NEG: add_form(f, partial, &f->forms[operands[0]], -1); break;
    case OP_NOT: {
        const struct op *a = program_operand(p, op, 0);
        add_form(f, partial, &f->forms[operands[0]], -1);
        partial->ok =
            partial->ok &&
            multiply_add(1, partial->constant,
                         a->format.is_signed ? -1
                                             : (int64_t)((uint64_t)1 << a->format.width_bits) - 1,
                         &partial->constant);
        break;
    }
    case OP_SHIFT: add_form(f, partial, &f->forms[operands[0]], 1); break;
    case OP_TABLE: table_of(f, op, partial); break;
    case OP_CONST: partial->constant = op->immediate; break;
    case OP_RESULT: {
        const struct op *matvec = program_operand(p, op, 0);
        if (result_matrix(p, op)->is_loadable) {
            partial->ok = false;
            break;
        }
        partial->ok = result_bias(p, op, fraction, &partial->constant);
        for (int row = 0; row < matvec->operand_count && partial->ok; row++) {
            int64_t weight;
            partial->ok = result_weight(p, op, fraction, row, &weight);
            add_form(f, partial, &f->forms[p->operands[matvec->operands + row]], weight);
        }
        break;
    }
    default: partial->ok = false;
    }
}

static void make_form(struct linear_forms *f, int value)
{
    const struct op *op = &f->program->ops[value];
    struct form *form = &f->forms[value];
    struct partial partial = {.ok = true};
    if (op->code == OP_MATVEC) {
        *form = (struct form){0};
        return;
    }
    sum_of(f, op, &partial);
    if (!partial.ok) { /* a leaf */
        f->sum[partial.which][0] = (struct term){value, 1};
        partial.count = 1;
        partial.constant = 0;
    }
    *form = (struct form){partial.count, partial.constant, NULL};
    size_t bytes = (size_t)partial.count * sizeof *form->terms;
    form->terms = arena_alloc(&f->arena, bytes, 1);
    memcpy(form->terms, f->sum[partial.which], bytes);
}

/* A select that takes the smaller, or larger, of what its condition compares is a min, or a max. */
static struct op as_limit(const struct program *p, int value)
{
    struct op op = p->ops[value];
    if (op.code != OP_SELECT) return op;
    const struct op *condition = program_operand(p, &op, 0);
    if (condition->code != OP_LT && condition->code != OP_LE) return op;
    const int *chosen = p->operands + op.operands + 1;
    const int *compared = p->operands + condition->operands;
    bool is_min = chosen[0] == compared[0] && chosen[1] == compared[1];
    bool is_max = chosen[0] == compared[1] && chosen[1] == compared[0];
    if (!is_min && !is_max) return op;
    op.code = is_min ? OP_MIN : OP_MAX;
    op.operands++;
    op.operand_count = 2;
    return op;
}

void linear_interval(struct linear_forms *f, int value, int64_t *lo, int64_t *hi)
{
    const struct program *p = f->program;
    const struct op op = as_limit(p, value);
    struct format format;
    const char *wrong = op_infer(p, &op, &format, lo, hi);
    assert(!wrong);
    (void)wrong;
    f->forms = array_grow(f->forms, &f->capacity, (size_t)value + 1, sizeof *f->forms);
    for (; f->done <= value; f->done++)
        make_form(f, f->done);
    const struct form *form = &f->forms[value];
    if (form->count == 1 && form->terms[0].leaf == value) return;
    int128 low = form->constant, high = form->constant;
    for (int i = 0; i < form->count; i++) {
        const struct op *leaf = &p->ops[form->terms[i].leaf];
        int128 x = (int128)form->terms[i].coefficient * leaf->lo,
               y = (int128)form->terms[i].coefficient * leaf->hi;
        low += x < y ? x : y;
        high += x < y ? y : x;
        if (high >= (int128)1 << 126 || low <= -((int128)1 << 126)) return;
    }
    if (low > *lo) *lo = (int64_t)low;
    if (high < *hi) *hi = (int64_t)high;
}
