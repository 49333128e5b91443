/* What follows from the iteration alone. */
#include "compiler/reuse/internal.h"

int reuse_trip(const struct reuse *r)
{
    const struct program *p = r->rewrite.program;
    return p->blocks[p->block_count - 1].trip;
}

int reuse_index(struct reuse *r)
{
    struct program *p = r->rewrite.program;
    for (int v = p->blocks[p->block_count - 1].first; v < p->op_count; v++)
        if (p->ops[v].code == OP_INDEX) return v;
    return program_add_index(p);
}

static bool all_alike(const int64_t *entries, int count)
{
    int i = 1;
    while (i < count && entries[i] == entries[0])
        i++;
    return i == count;
}

static struct format format_of(const int64_t *entries, int count, int fraction)
{
    int64_t lo = entries[0], hi = entries[0];
    for (int i = 1; i < count; i++) {
        if (entries[i] < lo) lo = entries[i];
        if (entries[i] > hi) hi = entries[i];
    }
    return format_of_interval(lo, hi, fraction);
}

int reuse_constant(struct reuse *r, const char *name, const int64_t *entries, int fraction)
{
    struct program *p = r->rewrite.program;
    int trip = reuse_trip(r);
    if (all_alike(entries, trip)) return program_add_const(p, entries[0], fraction);
    struct format format = format_of(entries, trip, fraction);
    return program_add_table(p, reuse_index(r), name, entries, format);
}
