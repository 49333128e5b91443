/* Longest paths: arrivals forwards, then back along the bits that made them. */
#include "compiler/estimate/critical.h"

#include "compiler/schedule/schedule.h"

/* A bit of a value. */
struct bit {
    int value, number;
};

static struct bit latest_bit(const struct program *p, const struct arrival *all, int value)
{
    struct bit bit = {value, 0};
    for (int i = 1; i < p->ops[value].format.width_bits; i++)
        if (all[value].bits[i] > all[value].bits[bit.number]) bit.number = i;
    return bit;
}

/* The bit of an operand that makes `to` as late as it is; value -1: that comes out of registers, or
 * is a constant. Operand bits are tried one by one, the latest of all ways being the sum of none.
 */
static struct bit bit_before(const struct program *p, const struct target *target,
                             const struct arrival *all, bool whole, const struct arrival **operands,
                             struct bit to)
{
    const struct op *op = &p->ops[to.value];
    for (int k = 0; k < op->operand_count; k++)
        operands[k] = NULL;
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k];
        const struct arrival *from = arrival_of_operand(p, all, to.value, k, whole);
        if (from != &all[a]) continue;
        for (int i = 0; i < p->ops[a].format.width_bits; i++) {
            struct arrival one, out;
            arrival_fill(p, a, ARRIVAL_NEVER, &one);
            one.bits[i] = from->bits[i];
            operands[k] = &one;
            op_arrival(p, to.value, target, operands, &out);
            if (from->bits[i] >= 0 && out.bits[to.number] >= all[to.value].bits[to.number] - 1e-9)
                return (struct bit){a, i};
        }
        operands[k] = NULL;
    }
    return (struct bit){-1, 0};
}

int critical_last(const struct program *p, const struct arrival *all, int stage)
{
    int last = -1;
    for (int v = 0; v < p->op_count; v++) {
        if (p->ops[v].code == OP_CONST || (stage >= 0 && p->ops[v].stage != stage)) continue;
        if (last < 0 || arrival_latest(p, v, &all[v]) > arrival_latest(p, last, &all[last]))
            last = v;
    }
    return last;
}

struct logic_path critical_path(struct arena *arena, const struct program *p,
                                const struct target *target, const struct arrival *all, bool whole,
                                int value)
{
    struct logic_path path = {0};
    if (value < 0) return path;
    const struct arrival **operands =
        arena_alloc(arena, (size_t)arrival_operands_most(p), sizeof *operands);
    path.values = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *path.values);
    path.ns = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *path.ns);
    struct bit at = latest_bit(p, all, value);
    path.total_ns = all[value].bits[at.number] > 0 ? all[value].bits[at.number] : 0;
    while (at.value >= 0) { /* from the last to the first */
        struct bit before = bit_before(p, target, all, whole, operands, at);
        double ns = all[at.value].bits[at.number];
        if (before.value >= 0) ns -= all[before.value].bits[before.number];
        if (ns > 0) {
            path.values[path.count] = at.value;
            path.ns[path.count++] = ns;
        }
        at = before;
    }
    for (int i = 0; i < path.count / 2; i++) {
        int other = path.count - 1 - i, v = path.values[i];
        double ns = path.ns[i];
        path.values[i] = path.values[other];
        path.ns[i] = path.ns[other];
        path.values[other] = v;
        path.ns[other] = ns;
    }
    return path;
}
