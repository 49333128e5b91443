/* Rewriting passes: a new program from an old one. Matrices and tables are kept once per content.
 */
#include "compiler/program/internal.h"

#include <assert.h>
#include <string.h>

bool matrix_equal(const struct matrix *a, const struct matrix *b)
{
    if (a->rows != b->rows || a->columns != b->columns || a->fraction_bits != b->fraction_bits ||
        !a->bias != !b->bias || a->is_loadable != b->is_loadable)
        return false;
    /* Two that are alike today need not stay so. */
    if (a->is_loadable &&
        (!a->name || !b->name || strcmp(a->name, b->name) != 0 || a->lo != b->lo ||
         a->hi != b->hi || a->bias_lo != b->bias_lo || a->bias_hi != b->bias_hi))
        return false;
    size_t entries = (size_t)a->rows * (size_t)a->columns;
    if (memcmp(a->integers, b->integers, entries * sizeof *a->integers)) return false;
    return !a->bias || (a->bias_fraction_bits == b->bias_fraction_bits &&
                        !memcmp(a->bias, b->bias, (size_t)a->columns * sizeof *a->bias));
}

bool table_equal(const struct table *a, const struct table *b)
{
    return a->first == b->first && a->count == b->count && a->in_block == b->in_block &&
           format_equal(a->format, b->format) &&
           !memcmp(a->entries, b->entries, (size_t)a->count * sizeof *a->entries);
}

static int64_t *copy_integers(struct program *p, const int64_t *from, size_t count)
{
    int64_t *to = arena_alloc(&p->arena, count, sizeof *to);
    return memcpy(to, from, count * sizeof *to);
}

/* Names are the text form's way to point at a matrix or table: `name`, or name_2, name_3 ... if
 * taken. */
#define UNIQUE_NAME(p, array, count, name)                                                         \
    static const char *unique_##array##_name(struct program *p, const char *name)                  \
    {                                                                                              \
        const char *unique = name;                                                                 \
        for (int i = 0, number = 2; i < p->count; i++) {                                           \
            if (strcmp(p->array[i].name, unique)) continue;                                        \
            unique = arena_printf(&p->arena, "%s_%d", name, number++);                             \
            i = -1;                                                                                \
        }                                                                                          \
        return unique == name ? arena_strdup(&p->arena, name) : unique;                            \
    }
UNIQUE_NAME(p, matrices, matrix_count, name)
UNIQUE_NAME(p, tables, table_count, name)
UNIQUE_NAME(p, memories, memory_count, name)

int program_append_matrix(struct program *p, const struct matrix *matrix)
{
    const char *name = matrix->name ? matrix->name : "matrix";
    for (int i = 0; i < p->matrix_count; i++)
        if (matrix_equal(&p->matrices[i], matrix)) return i;
    p->matrices = array_grow(p->matrices, &p->matrix_capacity, (size_t)p->matrix_count + 1,
                             sizeof *p->matrices);
    struct matrix *m = &p->matrices[p->matrix_count];
    *m = *matrix;
    m->name = unique_matrices_name(p, name);
    m->integers = copy_integers(p, matrix->integers, (size_t)m->rows * (size_t)m->columns);
    m->bias = matrix->bias ? copy_integers(p, matrix->bias, (size_t)m->columns) : NULL;
    if (!m->bias) m->bias_fraction_bits = 0;
    return p->matrix_count++;
}

int program_append_table(struct program *p, const struct table *table)
{
    const char *name = table->name ? table->name : "table";
    for (int i = 0; i < p->table_count; i++)
        if (table_equal(&p->tables[i], table)) return i;
    p->tables =
        array_grow(p->tables, &p->table_capacity, (size_t)p->table_count + 1, sizeof *p->tables);
    struct table *t = &p->tables[p->table_count];
    *t = *table;
    t->name = unique_tables_name(p, name);
    t->entries = copy_integers(p, table->entries, (size_t)t->count);
    return p->table_count++;
}

int program_append_memory(struct program *p, const struct memory *memory)
{
    p->memories = array_grow(p->memories, &p->memory_capacity, (size_t)p->memory_count + 1,
                             sizeof *p->memories);
    struct memory *m = &p->memories[p->memory_count];
    *m = *memory;
    m->name = unique_memories_name(p, memory->name);
    if (m->contents) m->contents = copy_integers(p, memory->contents, (size_t)m->entries);
    return p->memory_count++;
}

struct program *program_new_like(const struct program *old)
{
    struct program *p = program_new(old->name);
    p->output_kind = arena_strdup(&p->arena, old->output_kind);
    p->latency_cycles = old->latency_cycles;
    p->interval_cycles = old->interval_cycles;
    p->clock_mhz = old->clock_mhz;
    p->threshold = old->threshold;
    p->protect = old->protect;
    p->correction_cycles = old->correction_cycles;
    p->ops = array_grow(p->ops, &p->op_capacity, (size_t)old->op_count, sizeof *p->ops);
    p->operands = array_grow(p->operands, &p->operand_capacity, (size_t)old->operand_count,
                             sizeof *p->operands);
    for (int i = 0; i < old->matrix_count; i++)
        program_append_matrix(p, &old->matrices[i]);
    for (int i = 0; i < old->table_count; i++)
        program_append_table(p, &old->tables[i]);
    for (int i = 0; i < old->memory_count; i++)
        program_append_memory(p, &old->memories[i]);
    p->inputs =
        array_grow(p->inputs, &p->input_capacity, (size_t)old->input_count, sizeof *p->inputs);
    p->input_count = old->input_count;
    for (int i = 0; i < old->input_count; i++) {
        p->inputs[i] = old->inputs[i];
        p->inputs[i].name = arena_strdup(&p->arena, old->inputs[i].name);
        p->inputs[i].value = -1;
        if (!old->inputs[i].edge_count) continue;
        size_t bytes = (size_t)old->inputs[i].edge_count * sizeof(double);
        p->inputs[i].edges = memcpy(arena_alloc(&p->arena, bytes, 1), old->inputs[i].edges, bytes);
    }
    return p;
}

bool op_reads_bits(enum op_code code)
{
    switch (code) {
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_NOT:
    case OP_POPCOUNT:
    case OP_CONCAT:
    case OP_STATE:
    case OP_UPDATE:
    case OP_LOAD:
    case OP_STORE:
    case OP_LUT:
    case OP_SLICE: return true;
    default: return false;
    }
}

/* An interval at `from` fraction bits restated at `to`: the integers inside. */
static void restate_interval(int128 *lo, int128 *hi, int from, int to)
{
    int up = to - from;
    if (up >= 0) {
        int shift = up > 63 ? 63 : up;
        *lo *= (int128)1 << shift;
        *hi *= (int128)1 << shift;
    } else {
        int shift = -up > 64 ? 64 : -up;
        *lo = -(-*lo >> shift);
        *hi = *hi >> shift;
    }
}

int program_copy_op(struct program *p, const struct program *old, int value, const int *map)
{
    struct op op = old->ops[value];
    int few[16], *operands = op.operand_count <= 16
                                 ? few
                                 : arena_alloc(&p->arena, (size_t)op.operand_count, sizeof(int));
    for (int i = 0; i < op.operand_count; i++) {
        operands[i] = map[old->operands[op.operands + i]];
        const struct op *before = program_operand(old, &op, i), *now = &p->ops[operands[i]];
        assert(!op_reads_bits(op.code) || format_same_bits(before->format, now->format));
        assert(op.code != OP_TABLE || op_fraction(before) == op_fraction(now));
        (void)before, (void)now;
    }
    /* new_like() kept indices unless equal ones were joined, so go by content. */
    if (op.code == OP_MATVEC) op.immediate = program_append_matrix(p, &old->matrices[op.immediate]);
    if (op.code == OP_TABLE) op.immediate = program_append_table(p, &old->tables[op.immediate]);
    int copy = program_append(p, &op, operands, op.operand_count);
    struct op *new = &p->ops[copy];
    if (op.code == OP_INPUT) p->inputs[op.immediate].value = copy;
    const char *wrong = op_infer(p, new, &new->format, &new->lo, &new->hi);
    assert(!wrong);
    (void)wrong;
    int128 lo = op.lo, hi = op.hi;
    restate_interval(&lo, &hi, op_fraction(&op), op_fraction(new));
    if (lo < new->lo) lo = new->lo;
    if (hi > new->hi) hi = new->hi;
    if (op.code != OP_INPUT && op.code != OP_MATVEC && lo <= hi)
        program_narrow(p, copy, (int64_t)lo, (int64_t)hi);
    return copy;
}
