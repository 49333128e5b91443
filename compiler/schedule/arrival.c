/* Bit by bit from operands' times to results'. */
#include "compiler/schedule/arrival.h"

#include "compiler/schedule/schedule.h"

#include <assert.h>

const struct arrival arrival_zero;

static double later(double a, double b)
{
    return a > b ? a : b;
}

void arrival_fill(const struct program *p, int value, double ns, struct arrival *arrival)
{
    for (int i = 0; i < p->ops[value].format.width_bits; i++)
        arrival->bits[i] = ns;
}

double arrival_latest(const struct program *p, int value, const struct arrival *arrival)
{
    double latest = ARRIVAL_NEVER;
    for (int i = 0; i < p->ops[value].format.width_bits; i++)
        latest = later(latest, arrival->bits[i]);
    return latest;
}

/* One operation's work. */
struct work {
    const struct program *program;
    int value;
    const struct op *op;
    const struct target *target;
    const struct arrival *const *operands;
    double level; /* a route and a LUT */
};

/* Bit `bit` of operand k, extended by its sign; zeros are always there. */
static double bit_of(const struct work *w, int k, int bit)
{
    const struct op *a = program_operand(w->program, w->op, k);
    int width = a->format.width_bits;
    if (!w->operands[k] || bit < 0 || (bit >= width && !a->format.is_signed)) return ARRIVAL_NEVER;
    return w->operands[k]->bits[bit < width ? bit : width - 1];
}

static double latest_of(const struct work *w, int k)
{
    if (!w->operands[k]) return ARRIVAL_NEVER;
    return arrival_latest(w->program, w->program->operands[w->op->operands + k], w->operands[k]);
}

static double latest_of_all(const struct work *w)
{
    double latest = ARRIVAL_NEVER;
    for (int k = 0; k < w->op->operand_count; k++)
        latest = later(latest, latest_of(w, k));
    return latest;
}

static void fill(const struct work *w, double ns, struct arrival *out)
{
    arrival_fill(w->program, w->value, ns, out);
}

/* How far operand k is shifted up to a common fraction. */
static int raised(const struct work *w, int k, int fraction)
{
    int shift = fraction - op_fraction(program_operand(w->program, w->op, k));
    if (op_is_sum(w->op) && k == op_first_addend(w->op) + 1) shift += (int)w->op->immediate;
    return shift;
}

/* ---- sums and comparisons ---- */

struct chain {
    double start, bit; /* entering it with one bit, and each bit more */
    double carry;      /* the carry at its next bit */
};

static struct chain chain_of(const struct target *t)
{
    return (struct chain){t->route_ns + t->carry_base_ns + t->carry_per_bit_ns, t->carry_per_bit_ns,
                          ARRIVAL_NEVER};
}

/* The next bit of the chain with operands that come at `ns`. */
static double chain_next(struct chain *c, double ns)
{
    c->carry = later(c->carry + c->bit, ns + c->start);
    return c->carry;
}

static void sum_arrival(const struct work *w, struct arrival *out)
{
    const struct op *op = w->op;
    int fraction = op_fraction(op), first = op_first_addend(op), a = raised(w, first, fraction);
    int b = raised(w, first + 1, fraction);
    int low = op_lowest_carry(w->program, w->value) + fraction, width = op->format.width_bits;
    bool adds = op_adder_bits(w->program, w->value) > 0;
    double inverter = op_subtracts(op) && !w->target->carry_inverts_for_free ? w->level : 0;
    struct chain chain = chain_of(w->target);
    if (first && w->operands[0]) chain.carry = bit_of(w, 0, 0) + chain.start;
    for (int i = 0; i < width; i++) {
        double ns = later(bit_of(w, first, i - a), bit_of(w, first + 1, i - b) + inverter);
        out->bits[i] = i < low || !adds ? ns : chain_next(&chain, ns);
    }
}

static void negation_arrival(const struct work *w, struct arrival *out)
{
    struct chain chain = chain_of(w->target);
    double inverter = w->target->carry_inverts_for_free ? 0 : w->level;
    for (int i = 0; i < w->op->format.width_bits; i++)
        out->bits[i] = chain_next(&chain, bit_of(w, 0, i) + inverter);
}

/* -1 - b: inverted where b is made, or in LUTs of its own. */
static void complement_arrival(const struct work *w, struct arrival *out)
{
    double ns = op_is_merged_complement(w->program, w->value) ? 0 : w->level;
    for (int i = 0; i < w->op->format.width_bits; i++)
        out->bits[i] = bit_of(w, 1, i) + ns;
}

/* The result of a < b or a <= b: the sign alone, or a subtraction whose sign takes a LUT behind the
 * chain and whose operand is inverted in front of it where the carry cannot do that (measured:
 * 30-48 % above the chain alone). */
static double comparison_ns(const struct work *w)
{
    int bits = op_carry_bits(w->program, w->value);
    if (!bits) { /* reads a sign: that of the operand that is not 0 */
        double ns = ARRIVAL_NEVER;
        for (int k = 0; k < 2; k++) {
            const struct op *a = program_operand(w->program, w->op, k);
            ns = later(ns, bit_of(w, k, a->format.width_bits - 1));
        }
        return ns;
    }
    int fraction = op_fraction(program_operand(w->program, w->op, 0));
    if (op_fraction(program_operand(w->program, w->op, 1)) > fraction)
        fraction = op_fraction(program_operand(w->program, w->op, 1));
    struct chain chain = chain_of(w->target);
    int a = raised(w, 0, fraction), b = raised(w, 1, fraction);
    for (int i = 0; i < bits; i++)
        chain_next(&chain, later(bit_of(w, 0, i - a), bit_of(w, 1, i - b)));
    return chain.carry + w->level * (w->target->carry_inverts_for_free ? 1 : 2);
}

static void limit_arrival(const struct work *w, struct arrival *out)
{
    double ns = comparison_ns(w);
    int a = raised(w, 0, op_fraction(w->op)), b = raised(w, 1, op_fraction(w->op));
    for (int i = 0; i < w->op->format.width_bits; i++)
        out->bits[i] = w->level + later(ns, later(bit_of(w, 0, i - a), bit_of(w, 1, i - b)));
}

/* ---- bits ---- */

/* Where a bit comes from through operations that only rename bits. */
struct source {
    int value, bit; /* value -1: the constant `bit` */
};

static struct source source_of(const struct program *p, int value, int bit)
{
    for (;;) {
        const struct op *op = &p->ops[value];
        int width = op->format.width_bits, drop = 0;
        if (bit < 0) return (struct source){-1, 0};
        if (bit >= width) {
            if (!op->format.is_signed) return (struct source){-1, 0};
            bit = width - 1;
        }
        if (op->code == OP_CONST) return (struct source){-1, (int)(op->lo >> bit & 1)};
        if (op->code == OP_CONCAT) {
            int k = 0;
            for (; bit >= program_operand(p, op, k)->format.width_bits; k++)
                bit -= program_operand(p, op, k)->format.width_bits;
            value = p->operands[op->operands + k];
            continue;
        }
        if (op->code == OP_QUANTIZE && op->format.rounding == ROUND_TRN &&
            op->format.overflow == OVERFLOW_WRAP)
            drop = op_fraction(program_operand(p, op, 0)) - op_fraction(op);
        else if (op->code == OP_SLICE)
            drop = (int)op->immediate;
        else if (op->code != OP_SHIFT)
            return (struct source){value, bit};
        value = p->operands[op->operands];
        bit += drop;
    }
}

int op_changed_bits(const struct program *p, int value, uint64_t *changed)
{
    const struct op *op = &p->ops[value];
    int b = p->operands[op->operands + 1], c = p->operands[op->operands + 2], count = 0;
    int shift_b = op_fraction(op) - op_fraction(&p->ops[b]);
    int shift_c = op_fraction(op) - op_fraction(&p->ops[c]);
    *changed = 0;
    for (int i = 0; i < op->format.width_bits; i++) {
        struct source x = source_of(p, b, i - shift_b), y = source_of(p, c, i - shift_c);
        if (x.value == y.value && x.bit == y.bit) continue;
        *changed |= (uint64_t)1 << i;
        count++;
    }
    return count;
}

/* The same through complements: an inverter is part of the LUT behind it. */
static struct source true_source(const struct program *p, int value, int bit)
{
    struct source s = source_of(p, value, bit);
    while (s.value >= 0 && op_is_complement(p, s.value))
        s = source_of(p, p->operands[p->ops[s.value].operands + 1], s.bit);
    return s;
}

bool op_picks_in_one_lut(const struct program *p, int value, const struct target *target)
{
    const struct op *op = &p->ops[value];
    int room = target->lut_inputs - program_operand(p, op, 0)->format.width_bits;
    if (room < 1 || op->operand_count - 1 > 1 << target->lut_inputs) return false;
    for (int i = 0; i < op->format.width_bits; i++) {
        struct source known[8];
        int count = 0;
        for (int k = 1; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k], j = 0;
            int shift = op_fraction(op) - op_fraction(&p->ops[a]);
            struct source s = true_source(p, a, i - shift);
            while (j < count && (known[j].value != s.value || known[j].bit != s.bit))
                j++;
            if (s.value < 0 || j < count) continue;
            if (count == room || count == 8) return false;
            known[count++] = s;
        }
    }
    return true;
}

static void select_arrival(const struct work *w, struct arrival *out)
{
    int b = raised(w, 1, op_fraction(w->op)), c = raised(w, 2, op_fraction(w->op));
    uint64_t changed;
    op_changed_bits(w->program, w->value, &changed);
    for (int i = 0; i < w->op->format.width_bits; i++) {
        double ns = later(bit_of(w, 1, i - b), bit_of(w, 2, i - c));
        out->bits[i] = changed >> i & 1 ? w->level + later(ns, latest_of(w, 0)) : ns;
    }
}

static void logic_arrival(const struct work *w, struct arrival *out)
{
    for (int i = 0; i < w->op->format.width_bits; i++) {
        double ns = bit_of(w, 0, i);
        if (w->op->operand_count > 1) ns = later(ns, bit_of(w, 1, i));
        out->bits[i] = ns + w->level;
    }
}

static void concat_arrival(const struct work *w, struct arrival *out)
{
    int offset = 0;
    for (int k = 0; k < w->op->operand_count; k++) {
        int width = program_operand(w->program, w->op, k)->format.width_bits;
        for (int i = 0; i < width && offset < w->op->format.width_bits; i++)
            out->bits[offset++] = bit_of(w, k, i);
    }
    while (offset < w->op->format.width_bits)
        out->bits[offset++] = ARRIVAL_NEVER;
}

static void quantize_arrival(const struct work *w, struct arrival *out)
{
    const struct op *op = w->op, *a = program_operand(w->program, op, 0);
    int drop = op_fraction(a) - op_fraction(op), width = op->format.width_bits;
    if (op_carry_bits(w->program, w->value)) { /* an incrementer in front */
        fill(w, latest_of(w, 0) + op_whole_delay_ns(w->program, w->value, w->target), out);
        return;
    }
    int top = op_limit_bits(w->program, w->value), levels = op_limit_levels(top, w->target);
    double limit = ARRIVAL_NEVER;
    for (int i = a->format.width_bits - top; i < a->format.width_bits; i++)
        limit = later(limit, bit_of(w, 0, i));
    for (int i = 0; i < width; i++) {
        double ns = bit_of(w, 0, i + drop);
        out->bits[i] = top ? w->level + later(ns, limit + (levels - 1) * w->level) : ns;
    }
}

void op_arrival(const struct program *p, int value, const struct target *target,
                const struct arrival *const *operands, struct arrival *out)
{
    const struct op *op = &p->ops[value];
    struct work work = {p, value, op, target, operands, target->route_ns + target->lut_ns};
    const struct work *w = &work;
    switch (op->code) {
    case OP_INPUT:
    case OP_INDEX:
    case OP_STATE: fill(w, 0, out); return;
    case OP_CONST:
    case OP_MATVEC: fill(w, ARRIVAL_NEVER, out); return;
    case OP_SUB:
        if (op_is_complement(p, value)) {
            complement_arrival(w, out);
            return;
        } /* fall through */
    case OP_ADD:
    case OP_ADC:
    case OP_SBB: sum_arrival(w, out); return;
    case OP_NEG: negation_arrival(w, out); return;
    case OP_LT:
    case OP_LE: fill(w, comparison_ns(w), out); return;
    case OP_MIN:
    case OP_MAX: limit_arrival(w, out); return;
    case OP_SELECT: select_arrival(w, out); return;
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_NOT: logic_arrival(w, out); return;
    case OP_QUANTIZE: quantize_arrival(w, out); return;
    case OP_CONCAT: concat_arrival(w, out); return;
    case OP_SHIFT:
    case OP_SLICE: {
        int low = op->code == OP_SLICE ? (int)op->immediate : 0;
        for (int i = 0; i < op->format.width_bits; i++)
            out->bits[i] = bit_of(w, 0, i + low);
        return;
    }
    case OP_LOAD:
    case OP_TABLE:
        if (op_read_cycles(p, op)) { /* from the clock, perhaps under a condition */
            double condition = op->operand_count > 1 ? latest_of(w, 1) + w->level : 0;
            fill(w, later(condition, op_whole_delay_ns(p, value, target)), out);
            return;
        } /* fall through */
    case OP_EQ:
    case OP_LUT:
    case OP_POPCOUNT:
    case OP_MUL:
    case OP_STORE:
    case OP_PICK:
    case OP_UPDATE:
    case OP_RESULT: fill(w, latest_of_all(w) + op_whole_delay_ns(p, value, target), out); return;
    case OP_COUNT: break;
    }
    assert(!"an operation");
}

double op_delay_ns(const struct program *p, int value, const struct target *target)
{
    const struct op *op = &p->ops[value];
    const struct arrival *operands[6];
    struct arrival out;
    if (op->code == OP_PICK) return op_whole_delay_ns(p, value, target);
    if (op->operand_count > 6) return 0; /* wires */
    for (int k = 0; k < op->operand_count; k++)
        operands[k] = program_operand(p, op, k)->code == OP_CONST ? NULL : &arrival_zero;
    op_arrival(p, value, target, operands, &out);
    double latest = arrival_latest(p, value, &out);
    return latest > 0 ? latest : 0;
}

int arrival_operands_most(const struct program *p)
{
    int most = 1;
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].operand_count > most) most = p->ops[v].operand_count;
    return most;
}

/* What operand k brings: nothing if constant or read by the clock before, 0 from a register. */
const struct arrival *arrival_of_operand(const struct program *p, const struct arrival *all,
                                         int value, int k, bool whole)
{
    const struct op *op = &p->ops[value];
    int a = p->operands[op->operands + k];
    int distance = op_distance(p, value, k);
    if (p->ops[a].code == OP_CONST) return NULL;
    return distance == 0 && (whole || p->ops[a].stage == op->stage) ? &all[a] : &arrival_zero;
}

struct arrival *arrivals_find(struct arena *arena, const struct program *p,
                              const struct target *target, bool whole)
{
    struct arrival *all = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *all);
    const struct arrival **operands =
        arena_alloc(arena, (size_t)arrival_operands_most(p), sizeof *operands);
    for (int v = 0; v < p->op_count; v++) {
        for (int k = 0; k < p->ops[v].operand_count; k++)
            operands[k] = arrival_of_operand(p, all, v, k, whole);
        op_arrival(p, v, target, operands, &all[v]);
    }
    return all;
}

double stage_delay_ns(const struct program *p, const struct target *target)
{
    struct arena arena = {0};
    const struct arrival *all = arrivals_find(&arena, p, target, false);
    double longest = correction_delay_ns(p, target);
    for (int v = 0; v < p->op_count; v++)
        longest = later(longest, arrival_latest(p, v, &all[v]));
    arena_free(&arena);
    return longest;
}
