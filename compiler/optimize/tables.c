/* Values of few bits as tables.
 *
 * A value that depends on no more bits of other values than a LUT has inputs is a LUT for each of
 * its bits, however many operations make it; the operations that only it reads go with it.
 * Synthesis finds that for logic, but not across carry chains, which it keeps: a sum of four
 * one-bit values is three LUTs as a table (a counter) and seven as adders, a comparison of two
 * two-bit values one instead of two. Binary and ternary layers begin with such counters; from there
 * on carry chains take a bit away for each LUT, where a 3:2 compressor of LUTs would need two.
 *
 * The ways to cut a value's cone are enumerated bottom-up (Cong and Ding, "FlowMap", 1994; cuts as
 * in Mishchenko et al., 2007), with values in place of single bits. */
#include "compiler/estimate/estimate.h"
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"
#include "compiler/program/linear.h"
#include "compiler/schedule/schedule.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BITS_MOST = 6, CUTS_MOST = 8, OPERANDS_MOST = 3 };
enum { UNSEEN = -1, IMPOSSIBLE = -2 }; /* of a value not (yet) in the cone */

/* Values that another one depends on. */
struct cut {
    int count, bits;
    int leaves[BITS_MOST]; /* rising */
};
struct cuts {
    int count;
    struct cut cuts[CUTS_MOST];
};
/* The cut that was chosen for a value; count 0: none. */
struct choice {
    struct cut cut;
    struct program *cone; /* inputs: the leaves; output: the value */
};

struct tables {
    const struct program *p;
    const struct target *target;
    struct cuts *cuts;     /* [op_count], none of the value itself */
    int *readers;          /* [op_count] */
    bool *is_in_sum;       /* [op_count] a linear operation, and some reader is one */
    bool *is_read_bitwise; /* [op_count] some reader sees its bits */
    struct choice *choices;
    struct linear_forms *forms; /* of the new program */
    int *map;                   /* [op_count] values of a cone being copied */
};

static bool may_be_inside(const struct program *p, int value)
{
    const struct op *op = &p->ops[value];
    return op->operand_count > 0 && op->operand_count <= OPERANDS_MOST && op->code != OP_RESULT &&
           op->code != OP_MATVEC && op->code != OP_CONCAT;
}

/* ---- cuts ---- */

static bool add_leaf(const struct program *p, struct cut *cut, int leaf, int bits_most)
{
    int at = 0;
    while (at < cut->count && cut->leaves[at] < leaf)
        at++;
    if (at < cut->count && cut->leaves[at] == leaf) return true;
    cut->bits += p->ops[leaf].format.width_bits;
    if (cut->bits > bits_most) return false;
    memmove(cut->leaves + at + 1, cut->leaves + at,
            (size_t)(cut->count - at) * sizeof *cut->leaves);
    cut->leaves[at] = leaf;
    cut->count++;
    return true;
}

static void add_cut(struct cuts *cuts, const struct cut *cut)
{
    if (cuts->count == CUTS_MOST || !cut->count) return;
    for (int i = 0; i < cuts->count; i++)
        if (cuts->cuts[i].count == cut->count &&
            !memcmp(cuts->cuts[i].leaves, cut->leaves, (size_t)cut->count * sizeof(int)))
            return;
    cuts->cuts[cuts->count++] = *cut;
}

/* Cuts through operand k on: each of the operand's own, or the operand itself. */
static void combine(struct tables *t, int value, int k, const struct cut *so_far)
{
    const struct op *op = &t->p->ops[value];
    int bits_most = t->target->lut_inputs < BITS_MOST ? t->target->lut_inputs : BITS_MOST;
    if (k == op->operand_count) {
        add_cut(&t->cuts[value], so_far);
        return;
    }
    int a = t->p->operands[op->operands + k];
    if (t->p->ops[a].code == OP_CONST) {
        combine(t, value, k + 1, so_far);
        return;
    }
    for (int i = 0; i < t->cuts[a].count; i++) {
        struct cut cut = *so_far;
        bool fits = true;
        for (int n = 0; n < t->cuts[a].cuts[i].count && fits; n++)
            fits = add_leaf(t->p, &cut, t->cuts[a].cuts[i].leaves[n], bits_most);
        if (fits) combine(t, value, k + 1, &cut);
    }
    struct cut cut = *so_far;
    if (add_leaf(t->p, &cut, a, bits_most)) combine(t, value, k + 1, &cut);
}

static bool is_leaf(const struct cut *cut, int value)
{
    for (int i = 0; i < cut->count; i++)
        if (cut->leaves[i] == value) return true;
    return false;
}

/* ---- what a cone costs ---- */

/* Takes a reader off each operand, and so on where none is left; with `back` they come back. Gives
 * the LUTs that go, or come, with the value. */
static double count_cone(struct tables *t, int value, const struct cut *cut, bool back)
{
    const struct op *op = &t->p->ops[value];
    double luts = op_lut4(t->p, value, t->target);
    for (int k = 0; k < op->operand_count; k++) {
        int a = t->p->operands[op->operands + k], *readers = &t->readers[a];
        bool goes = back ? (*readers)++ == 0 : --*readers == 0;
        if (goes && !is_leaf(cut, a) && may_be_inside(t->p, a)) luts += count_cone(t, a, cut, back);
    }
    return luts;
}

/* Whether a carry chain is inside; synthesis sees the rest by itself. */
static bool has_chain(const struct program *p, int value, const struct cut *cut)
{
    const struct op *op = &p->ops[value];
    if (op_has_carry(p, value)) return true;
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k];
        if (!is_leaf(cut, a) && p->ops[a].code != OP_CONST && has_chain(p, a, cut)) return true;
    }
    return false;
}

static bool is_linear(enum op_code code)
{
    return code == OP_ADD || code == OP_SUB || code == OP_ADC || code == OP_SBB || code == OP_NEG ||
           code == OP_SHIFT || code == OP_NOT;
}

/* Whether the table may be proved as narrow as the cone: sums know what their operands have in
 * common, and a table is a sum of its leaves if the cone is linear. */
static bool keeps_claims(const struct tables *t, int value, const struct cut *cut)
{
    const struct program *p = t->p;
    const struct op *op = &p->ops[value];
    if (!is_linear(op->code)) return false;
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k];
        if (!is_leaf(cut, a) && p->ops[a].code != OP_CONST && !keeps_claims(t, a, cut))
            return false;
    }
    return true;
}

/* ---- the cone as a program ---- */

/* Copies a value and what makes it, intervals inferred anew: leaves do not come in all combinations
 * that are tried. IMPOSSIBLE: an operation that sees bits would then see others. */
static int copy_cone(struct tables *t, struct rewrite *r, int value)
{
    const struct op *op = &t->p->ops[value];
    if (t->map[value] != UNSEEN) return t->map[value];
    t->map[value] = IMPOSSIBLE;
    for (int k = 0; k < op->operand_count; k++) {
        int a = t->p->operands[op->operands + k], copy = copy_cone(t, r, a);
        if (copy < 0) return IMPOSSIBLE;
        bool same = format_same_bits(t->p->ops[a].format, r->program->ops[copy].format);
        if (!same && op_reads_bits(op->code)) return IMPOSSIBLE;
    }
    return t->map[value] = rewrite_again(r, value);
}

static void forget_cone(struct tables *t, int value)
{
    const struct op *op = &t->p->ops[value];
    if (t->map[value] == UNSEEN) return;
    t->map[value] = UNSEEN;
    for (int k = 0; k < op->operand_count; k++)
        forget_cone(t, t->p->operands[op->operands + k]);
}

/* NULL: see copy_cone(). */
static struct program *make_cone(struct tables *t, int value, const struct cut *cut)
{
    struct rewrite r = {.old = t->p, .program = program_new("cone"), .map = t->map};
    program_begin_block(r.program, "cone", "cone");
    for (int i = 0; i < cut->count; i++) {
        const struct op *leaf = &t->p->ops[cut->leaves[i]];
        int input = program_add_input(r.program, "x", leaf->format, 1, 0);
        r.program->ops[input].lo = leaf->lo;
        r.program->ops[input].hi = leaf->hi;
        t->map[cut->leaves[i]] = input;
    }
    int copy = copy_cone(t, &r, value);
    if (copy >= 0) program_add_output(r.program, "y", copy);
    forget_cone(t, value);
    for (int i = 0; i < cut->count; i++)
        t->map[cut->leaves[i]] = UNSEEN;
    arena_free(&r.arena);
    if (copy >= 0) return r.program;
    program_free(r.program);
    return NULL;
}

/* The cone's value where the leaves, in the given formats, have the bits of the address. False:
 * they never have; the value is then one that comes. */
static bool cone_value(const struct program *cone, const struct format *formats, int64_t address,
                       int64_t *y)
{
    int64_t x[BITS_MOST];
    bool comes = true;
    for (int i = 0; i < cone->input_count; i++) {
        const struct op *leaf = &cone->ops[cone->inputs[i].value];
        int width = formats[i].width_bits;
        x[i] = address & (((int64_t)1 << width) - 1);
        address >>= width;
        if (formats[i].is_signed && x[i] >> (width - 1)) x[i] -= (int64_t)1 << width;
        comes = comes && x[i] >= leaf->lo && x[i] <= leaf->hi;
        x[i] = x[i] < leaf->lo ? leaf->lo : x[i] > leaf->hi ? leaf->hi : x[i];
    }
    program_eval(cone, x, 1, y);
    return comes;
}

/* LUTs of the cone as a table; the values it has in *lo ... *hi. */
static int count_luts(const struct program *cone, const struct cut *cut, int width_bits,
                      int64_t *lo, int64_t *hi)
{
    uint64_t bits[64] = {0}, wires[BITS_MOST] = {0}, all = 0;
    *lo = INT64_MAX, *hi = INT64_MIN;
    struct format formats[BITS_MOST];
    for (int i = 0; i < cut->count; i++)
        formats[i] = cone->ops[cone->inputs[i].value].format;
    for (int address = 0; address < 1 << cut->bits; address++) {
        int64_t y;
        uint64_t here = (uint64_t)1 << address;
        if (!cone_value(cone, formats, address, &y)) continue;
        *lo = y < *lo ? y : *lo;
        *hi = y > *hi ? y : *hi;
        all |= here;
        for (int bit = 0; bit < width_bits; bit++)
            if (y >> bit & 1) bits[bit] |= here;
        for (int k = 0; k < cut->bits; k++)
            if (address >> k & 1) wires[k] |= here;
    }
    return estimate_truth_luts(bits, width_bits, wires, cut->bits, all);
}

/* ---- choices ---- */

static void choose(struct tables *t, int value)
{
    struct choice *best = &t->choices[value];
    double most = 0.5; /* estimates are not that good */
    for (int i = 0; i < t->cuts[value].count; i++) {
        const struct cut *cut = &t->cuts[value].cuts[i];
        if (!has_chain(t->p, value, cut)) continue;
        bool keeps = keeps_claims(t, value, cut);
        if (t->is_in_sum[value] && !keeps) continue;
        double luts = count_cone(t, value, cut, false);
        count_cone(t, value, cut, true);
        struct program *cone = make_cone(t, value, cut);
        if (!cone) continue;
        const struct op *op = &t->p->ops[value];
        int64_t lo, hi;
        double gain = luts - count_luts(cone, cut, op->format.width_bits, &lo, &hi);
        /* Cuts of others count on its width. */
        int width_bits = format_of_interval(lo, hi, op_fraction(op)).width_bits;
        if (gain > most && (keeps || width_bits <= op->format.width_bits)) {
            most = gain;
            program_free(best->cone);
            *best = (struct choice){*cut, cone};
        } else {
            program_free(cone);
        }
    }
    if (!best->cut.count) return;
    count_cone(t, value, &best->cut, false);
    for (int i = 0; i < best->cut.count; i++)
        t->readers[best->cut.leaves[i]]++;
}

static int table_op(struct rewrite *r, int value)
{
    struct tables *t = r->pass;
    const struct choice *choice = &t->choices[value];
    if (!t->readers[value] && may_be_inside(r->old, value)) return -1;
    if (!choice->cut.count) return rewrite_copy(r, value);
    int leaves[BITS_MOST];
    struct format formats[BITS_MOST];
    for (int i = 0; i < choice->cut.count; i++) {
        leaves[i] = r->map[choice->cut.leaves[i]];
        formats[i] = r->program->ops[leaves[i]].format;
    }
    int address = program_add_op(r->program, OP_CONCAT, leaves, choice->cut.count, 0);
    const struct op *index = &r->program->ops[address], *op = &r->old->ops[value];
    int64_t entries[1 << BITS_MOST], lo = INT64_MAX, hi = INT64_MIN;
    assert(index->hi - index->lo < 1 << BITS_MOST); /* leaves are as wide as choose() saw them */
    for (int64_t n = index->lo; n <= index->hi; n++) {
        int64_t *y = &entries[n - index->lo];
        cone_value(choice->cone, formats, n, y);
        lo = *y < lo ? *y : lo;
        hi = *y > hi ? *y : hi;
    }
    int table = program_add_table(r->program, address, op_rows[op->code].name, entries,
                                  format_of_interval(lo, hi, op_fraction(op)));
    /* Leaves that have terms in common do not come in all combinations. */
    if (!t->forms) t->forms = linear_new(r->program);
    linear_interval(t->forms, table, &lo, &hi);
    program_narrow(r->program, table, lo, hi);
    return table;
}

static void init(struct tables *t, struct arena *arena)
{
    const struct program *p = t->p;
    size_t count = (size_t)p->op_count + 1;
    t->cuts = arena_alloc(arena, count, sizeof *t->cuts);
    t->readers = count_users(arena, p);
    t->is_read_bitwise = arena_alloc(arena, count, sizeof *t->is_read_bitwise);
    t->is_in_sum = arena_alloc(arena, count, sizeof *t->is_in_sum);
    t->choices = arena_alloc(arena, count, sizeof *t->choices);
    t->map = arena_alloc(arena, count, sizeof *t->map);
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        t->map[v] = UNSEEN;
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k];
            if (op_reads_bits(op->code)) t->is_read_bitwise[a] = true;
            if (is_linear(op->code) && is_linear(p->ops[a].code)) t->is_in_sum[a] = true;
        }
    }
}

struct program *optimize_tables(const struct program *old, const struct target *target)
{
    struct arena arena = {0};
    struct tables t = {.p = old, .target = target};
    init(&t, &arena);
    for (int v = 0; v < old->op_count; v++)
        if (may_be_inside(old, v)) combine(&t, v, 0, &(struct cut){0});
    for (int v = old->op_count - 1; v >= 0; v--)
        if (t.readers[v] && !t.is_read_bitwise[v]) choose(&t, v);
    struct program *program = rewrite_program(old, table_op, &t);
    linear_free(t.forms);
    for (int v = 0; v < old->op_count; v++)
        program_free(t.choices[v].cone);
    arena_free(&arena);
    return program;
}
