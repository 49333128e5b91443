/* Longest paths: arrivals forwards, then back along the latest operands. */
#include "compiler/estimate/critical.h"

#include "compiler/schedule/schedule.h"

/* The operand that comes last; -1: all come from registers or constants. */
static int latest_operand(const struct program *p, const double *arrivals, bool whole, int value)
{
    const struct op *op = &p->ops[value];
    int latest = -1;
    for (int k = 0; k < op->operand_count; k++) {
        int a = p->operands[op->operands + k];
        if (p->ops[a].code == OP_CONST || (!whole && p->ops[a].stage != op->stage)) continue;
        if (latest < 0 || arrivals[a] > arrivals[latest]) latest = a;
    }
    return latest;
}

double *critical_arrivals(struct arena *arena, const struct program *p, const struct target *target,
                          bool whole)
{
    double *arrivals = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *arrivals);
    for (int v = 0; v < p->op_count; v++) {
        int before = latest_operand(p, arrivals, whole, v);
        arrivals[v] = (before < 0 ? 0 : arrivals[before]) + op_delay_ns(p, v, target);
    }
    return arrivals;
}

int critical_last(const struct program *p, const double *arrivals, int stage)
{
    int last = -1;
    for (int v = 0; v < p->op_count; v++) {
        if (p->ops[v].code == OP_CONST || (stage >= 0 && p->ops[v].stage != stage)) continue;
        if (last < 0 || arrivals[v] > arrivals[last]) last = v;
    }
    return last;
}

struct logic_path critical_path(struct arena *arena, const struct program *p,
                                const struct target *target, const double *arrivals, bool whole,
                                int value)
{
    struct logic_path path = {.total_ns = value < 0 ? 0 : arrivals[value]};
    for (int v = value; v >= 0; v = latest_operand(p, arrivals, whole, v))
        path.count += op_delay_ns(p, v, target) > 0;
    path.values = arena_alloc(arena, (size_t)path.count + 1, sizeof *path.values);
    path.ns = arena_alloc(arena, (size_t)path.count + 1, sizeof *path.ns);
    int at = path.count;
    for (int v = value; v >= 0; v = latest_operand(p, arrivals, whole, v)) {
        double ns = op_delay_ns(p, v, target);
        if (!(ns > 0)) continue;
        path.values[--at] = v;
        path.ns[at] = ns;
    }
    return path;
}
