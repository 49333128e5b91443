/* The checker: what every pass must leave true. */
#include "compiler/program/internal.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define REASON(...) (snprintf(reason, size, __VA_ARGS__), reason)

const char *value_verify(const struct program *p, struct linear_forms *forms, int value,
                         char *reason, size_t size)
{
    const struct op *op = &p->ops[value];
    struct format format;
    int64_t lo, hi;
    if (op->code < 0 || op->code >= OP_COUNT) return REASON("%%%d is no operation", value);
    const char *name = op_rows[op->code].name;
    if (op->operand_count < 0 || op->operands < 0 ||
        op->operands > p->operand_count - op->operand_count)
        return REASON("%%%d (%s): its operands are outside the program's", value, name);
    for (int i = 0; i < op->operand_count; i++) {
        int a = p->operands[op->operands + i];
        if (a < 0 || a >= value)
            return REASON("%%%d (%s): operand %%%d does not come before it", value, name, a);
    }
    bool own = op->code == OP_INPUT || op->code == OP_QUANTIZE || op->code == OP_SLICE;
    if (own && (op->format.width_bits < 1 || op->format.width_bits > FORMAT_MAX_BITS))
        return REASON("%%%d (%s): a format of %d bits", value, name, op->format.width_bits);
    const char *wrong = op_infer(p, op, &format, &lo, &hi);
    if (wrong) return REASON("%%%d (%s): %s", value, name, wrong);
    if (op->lo > op->hi) return REASON("%%%d (%s): its interval is empty", value, name);
    if (op->lo < lo || op->hi > hi)
        return REASON("%%%d (%s): interval [%" PRId64 ", %" PRId64
                      "] is wider than the rule's [%" PRId64 ", %" PRId64 "]",
                      value, name, op->lo, op->hi, lo, hi);
    /* A claim in a loop is proved by running the loop (loops.c). */
    bool is_loop = block_is_loop(&p->blocks[program_block_of(p, value)]);
    if (!is_loop && (op->lo > lo || op->hi < hi)) {
        linear_interval(forms, value, &lo, &hi);
        if (op->code == OP_INPUT || op->lo > lo || op->hi < hi)
            return REASON("%%%d (%s): interval [%" PRId64 ", %" PRId64 "] is claimed, [%" PRId64
                          ", %" PRId64 "] is what can be proved",
                          value, name, op->lo, op->hi, lo, hi);
    }
    format = op_format_for(op, op->lo, op->hi, format_fraction_bits(format));
    if (!format_equal(format, op->format)) {
        char has[FORMAT_TEXT_BYTES], wants[FORMAT_TEXT_BYTES];
        format_print(op->format, has);
        format_print(format, wants);
        return REASON("%%%d (%s): format %s, its interval asks for %s", value, name, has, wants);
    }
    return NULL;
}

static const char *blocks_verify(const struct program *p, char *reason, size_t size)
{
    int end = 0;
    for (int i = 0; i < p->block_count; i++) {
        const struct block *b = &p->blocks[i];
        if (b->first != end || b->end < b->first)
            return REASON("block %s is [%d, %d), the one before it ends at %d", b->name, b->first,
                          b->end, end);
        if (b->trip < 1 || b->interval != 1)
            return REASON("block %s: trip %d interval %d", b->name, b->trip, b->interval);
        end = b->end;
    }
    if (end != p->op_count)
        return REASON("the blocks end at %d, the program at %d", end, p->op_count);
    return NULL;
}

static const char *ports_verify(const struct program *p, char *reason, size_t size)
{
    int inputs = 0;
    for (int i = 0; i < p->input_count; i++) {
        int value = p->inputs[i].value;
        if (value < 0 || value >= p->op_count || p->ops[value].code != OP_INPUT ||
            p->ops[value].immediate != i)
            return REASON("input %d (%s) has no input operation", i, p->inputs[i].name);
    }
    for (int value = 0; value < p->op_count; value++)
        inputs += p->ops[value].code == OP_INPUT;
    if (inputs != p->input_count)
        return REASON("%d input operations for %d inputs", inputs, p->input_count);
    if (!p->output_count) return REASON("there is no output");
    for (int i = 0; i < p->output_count; i++) {
        int value = p->outputs[i].value;
        if (value < 0 || value >= p->op_count || p->ops[value].code == OP_MATVEC)
            return REASON("output %d (%s) is not a value", i, p->outputs[i].name);
    }
    static const char *const kinds[] = {"logits", "argmax", "softmax", "threshold"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i], p->output_kind)) return NULL;
    return REASON("output kind %s is unknown", p->output_kind);
}

static bool is_power_of_two(int n)
{
    return (n & (n - 1)) == 0;
}

/* All entries have a slot, 2^n slots are shared, or there are 2^n buffers of all. */
static bool slots_are_good(const struct memory *m)
{
    if (m->slots < m->entries) return is_power_of_two(m->slots);
    return m->slots % m->entries == 0 && is_power_of_two(m->slots / m->entries);
}

/* Whether the integers of loadable matrices are among those declared. */
static const char *matrices_verify(const struct program *p, char *reason, size_t size)
{
    for (int i = 0; i < p->matrix_count; i++) {
        const struct matrix *m = &p->matrices[i];
        if (!m->is_loadable) continue;
        bool inside = true;
        for (int64_t k = 0; k < (int64_t)m->rows * m->columns; k++)
            inside = inside && m->integers[k] >= m->lo && m->integers[k] <= m->hi;
        for (int j = 0; j < m->columns && m->bias; j++)
            inside = inside && m->bias[j] >= m->bias_lo && m->bias[j] <= m->bias_hi;
        if (!inside) return REASON("matrix %s: an integer is outside what is declared", m->name);
    }
    return NULL;
}

/* Memories: formats, and the one store of each. */
static const char *memories_verify(const struct program *p, int *value, char *reason, size_t size)
{
    for (int i = 0; i < p->memory_count; i++) {
        const struct memory *m = &p->memories[i];
        if (m->entries < 1 || m->slots < 1 || !slots_are_good(m) || m->lo > m->hi)
            return REASON("memory %s: %d entries in %d slots, [%" PRId64 ", %" PRId64 "]", m->name,
                          m->entries, m->slots, m->lo, m->hi);
        if (!format_equal(m->format,
                          format_of_interval(m->lo, m->hi, format_fraction_bits(m->format))))
            return REASON("memory %s: its interval asks for another format", m->name);
        for (int k = 0; k < m->entries && m->contents; k++)
            if (m->contents[k] < m->lo || m->contents[k] > m->hi)
                return REASON("memory %s: entry %d holds %" PRId64 ", outside [%" PRId64
                              ", %" PRId64 "]",
                              m->name, k, m->contents[k], m->lo, m->hi);
        if (m->contents && (m->slots != m->entries || m->kind == MEMORY_DELAY))
            return REASON("memory %s is loadable: it has %d slots in %s, not %d", m->name, m->slots,
                          memory_kind_names[m->kind], m->entries);
        int stores = 0;
        for (int v = 0; v < p->op_count; v++) {
            if (p->ops[v].code != OP_STORE || p->ops[v].immediate != i) continue;
            *value = v;
            if (m->contents) return REASON("memory %s is loadable: nothing stores to it", m->name);
            if (stores++) return REASON("memory %s has a second store", m->name);
        }
        *value = -1;
    }
    return NULL;
}

const char *structure_verify(const struct program *p, int *value, char *reason, size_t size)
{
    *value = -1;
    const char *wrong = blocks_verify(p, reason, size);
    if (!wrong) wrong = ports_verify(p, reason, size);
    if (!wrong) wrong = matrices_verify(p, reason, size);
    if (!wrong) wrong = memories_verify(p, value, reason, size);
    return wrong ? wrong : timing_verify(p, value, reason, size);
}

const char *program_verify(const struct program *p, char *reason, size_t size)
{
    struct linear_forms *forms = linear_new(p);
    struct loop_check *loops = loop_check_new(p);
    const char *wrong = NULL;
    int value;
    for (value = 0; value < p->op_count && !wrong; value++)
        wrong = value_verify(p, forms, value, reason, size);
    for (int block = 0; block < p->block_count && !wrong; block++)
        wrong = loop_check_block(loops, block, &value, reason, size);
    linear_free(forms);
    loop_check_free(loops);
    return wrong ? wrong : structure_verify(p, &value, reason, size);
}

void program_check(const struct program *p, const char *pass)
{
    char reason[400];
    if (!program_verify(p, reason, sizeof reason)) return;
    fprintf(stderr, "sluice: our own mistake: program %s after pass %s: %s\n", p->name, pass,
            reason);
    abort();
}
