/* What follows from the iteration alone. */
#include "compiler/reuse/internal.h"

#include <string.h>

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

/* The bits of the iteration's number from `low` on that the entries are; -1: they are none. */
static int index_bits(const int64_t *entries, int trip, int width)
{
    for (int low = 0; (trip - 1) >> low; low++) {
        int i = 0;
        while (i < trip && entries[i] == (i >> low & ((1 << width) - 1)))
            i++;
        if (i == trip) return low;
    }
    return -1;
}

/* The same table, if it is there already. */
static int find_table(const struct reuse *r, int index, const int64_t *entries,
                      struct format format)
{
    const struct program *p = r->rewrite.program;
    for (int v = index + 1; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        if (op->code != OP_TABLE || p->operands[op->operands] != index) continue;
        const struct table *table = &p->tables[op->immediate];
        if (format_same_bits(table->format, format) &&
            !memcmp(table->entries, entries, (size_t)table->count * sizeof *entries))
            return v;
    }
    return -1;
}

int reuse_constant(struct reuse *r, const char *name, const int64_t *entries, int fraction)
{
    struct program *p = r->rewrite.program;
    int trip = reuse_trip(r);
    if (all_alike(entries, trip)) return program_add_const(p, entries[0], fraction);
    struct format format = format_of(entries, trip, fraction);
    int index = reuse_index(r), width = format.width_bits;
    int low = fraction || format.is_signed || width > 16 ? -1 : index_bits(entries, trip, width);
    if (low == 0 && width == p->ops[index].format.width_bits) return index;
    if (low >= 0) return program_add_slice(p, index, low, format_make(false, width, width));
    int same = find_table(r, index, entries, format);
    return same >= 0 ? same : program_add_table(p, index, name, entries, format);
}
