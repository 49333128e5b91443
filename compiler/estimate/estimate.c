/* Resources and clock of a scheduled program before synthesis: sums over operation classes with the
 * target's fitted coefficients. */
#include "compiler/estimate/estimate.h"

#include "compiler/schedule/schedule.h"

#include <assert.h>

/* Result bits that a quantizer's limiting touches. */
static int limited_bits(const struct op *op)
{
    return op->format.overflow == OVERFLOW_WRAP ? 0 : op->format.width_bits;
}

int estimate_truth_luts(const uint64_t *functions, int function_count, const uint64_t *arguments,
                        int argument_count, uint64_t all)
{
    int luts = 0;
    for (int i = 0; i < function_count; i++) {
        bool is_free = functions[i] == 0 || functions[i] == all;
        for (int k = 0; k < argument_count && !is_free; k++)
            is_free = functions[i] == arguments[k];
        for (int k = 0; k < i && !is_free; k++)
            is_free = functions[i] == functions[k];
        luts += !is_free;
    }
    return luts;
}

/* A table of the iteration: each bit by its entries, or by the fewer of its ones and zeros. */
static double index_table_luts(const struct table *table, int width, const struct target *t)
{
    double sum = 0;
    for (int bit = 0; bit < width; bit++) {
        int ones = 0;
        for (int i = 0; i < table->count; i++)
            ones += (int)(table->entries[i] >> bit & 1);
        int fewer = ones < table->count - ones ? ones : table->count - ones;
        double words = (double)table->count / (1 << t->lut_inputs);
        double by_entries = index_bit_luts(words);
        sum += fewer == 0 ? 0 : fewer < by_entries ? fewer : by_entries;
    }
    return sum;
}

static double table_luts(const struct program *p, const struct op *op, const struct target *t)
{
    const struct op *a = program_operand(p, op, 0);
    const struct table *table = &p->tables[op->immediate];
    int address_bits = a->format.width_bits, width = op->format.width_bits;
    if (table->in_block) return 0;
    if (a->code == OP_INDEX) return index_table_luts(table, width, t);
    if (address_bits > t->lut_inputs || address_bits > 6) {
        double words = (double)table->count / (1 << t->lut_inputs);
        return t->lut_per_table_word * (words < 1 ? 1 : words) * width;
    }
    uint64_t functions[64] = {0}, arguments[6] = {0}, all = 0;
    for (int64_t n = a->lo; n <= a->hi; n++) {
        uint64_t here = (uint64_t)1 << (n - a->lo);
        all |= here;
        for (int bit = 0; bit < width; bit++)
            if (table->entries[n - table->first] >> bit & 1) functions[bit] |= here;
        for (int k = 0; k < address_bits; k++)
            if (n >> k & 1) arguments[k] |= here;
    }
    return estimate_truth_luts(functions, width, arguments, address_bits, all);
}

/* What chooses between the words of a memory: of registers a tree, of LUTs the memory itself. */
static double load_luts(const struct program *p, const struct op *op, const struct target *t)
{
    const struct memory *m = &p->memories[op->immediate];
    int width = op->format.width_bits;
    bool is_constant = program_operand(p, op, 0)->code == OP_CONST;
    int all = memory_words(m), words = is_constant ? all / m->entries : all;
    double condition = op->operand_count > 1 ? t->lut_per_select_bit * width : 0;
    switch (m->kind) {
    case MEMORY_REGISTERS: return condition + (words > 1 ? width * words / 2.0 : 0);
    case MEMORY_DISTRIBUTED: return condition + width * 1.5 * ((all + 15) / 16);
    default: return condition;
    }
}

double op_lut4(const struct program *p, int value, const struct target *t)
{
    const struct op *op = &p->ops[value];
    int carry = op_carry_bits(p, value);
    if (op_is_complement(p, value))
        return op_is_merged_complement(p, value) ? 0
                                                 : t->lut_per_select_bit * op->format.width_bits;
    switch (op->code) {
    case OP_ADD:
    case OP_ADC: return t->lut_per_adder_bit * carry;
    case OP_SUB:
    case OP_SBB:
    case OP_NEG: return t->lut_per_subtractor_bit * carry;
    case OP_LT:
    case OP_LE: return t->lut_per_compare_bit * carry;
    case OP_EQ: return t->lut_per_compare_bit * program_operand(p, op, 0)->format.width_bits / 3;
    case OP_MIN:
    case OP_MAX:
        return t->lut_per_compare_bit * carry + t->lut_per_select_bit * op->format.width_bits;
    case OP_SELECT: {
        uint64_t changed;
        return t->lut_per_select_bit * op_changed_bits(p, value, &changed);
    }
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_NOT: return t->lut_per_select_bit * op->format.width_bits;
    case OP_QUANTIZE:
        return t->lut_per_adder_bit * carry + t->lut_per_select_bit * limited_bits(op);
    case OP_TABLE: return table_luts(p, op, t);
    case OP_MUL:
        if (op_uses_dsp(p, op, t)) return 0;
        return t->lut_per_adder_bit * carry * (double)program_operand(p, op, 1)->format.width_bits;
    case OP_POPCOUNT: return t->lut_per_adder_bit * program_operand(p, op, 0)->format.width_bits;
    case OP_PICK:
        if (op_picks_in_one_lut(p, value, t)) return op->format.width_bits;
        return op->format.width_bits * (op->operand_count - 1) / 2.0;
    case OP_LOAD: return load_luts(p, op, t);
    case OP_STATE: /* a multiplexer in front of what starts from a value */
        return program_operand(p, op, 0)->code == OP_CONST
                   ? 0
                   : t->lut_per_select_bit * op->format.width_bits;
    case OP_UPDATE: { /* zero instead of what else comes is the register's reset */
        const struct op *next = program_operand(p, op, 1);
        uint64_t changed;
        if (next->code != OP_SELECT || !op_is_zero(program_operand(p, next, 1))) return 0;
        return -t->lut_per_select_bit * op_changed_bits(p, p->operands[op->operands + 1], &changed);
    }
    case OP_INDEX: return op->format.width_bits;
    case OP_LUT: /* two LUTs and a multiplexer behind them for each operand more */
        return op->operand_count > 4 ? op->operand_count > 5 ? 4 : 2 : 1;
    case OP_INPUT:
    case OP_CONST:
    case OP_SHIFT:
    case OP_MATVEC:
    case OP_RESULT:
    case OP_CONCAT:
    case OP_STORE:
    case OP_SLICE: return 0;
    case OP_COUNT: break;
    }
    assert(!"an operation");
    return 0;
}

void estimate_packed_bits(const struct program *p, const struct target *t, double *packed)
{
    struct arena arena = {0};
    bool *held = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *held);
    for (int i = 0; i < p->op_count; i++) {
        const struct op *op = &p->ops[i];
        for (int k = 0; k < op->operand_count; k++) {
            int a = p->operands[op->operands + k];
            held[a] = held[a] || p->ops[a].stage < op->stage;
        }
    }
    for (int i = 0; i < p->output_count; i++)
        held[p->outputs[i].value] = true;
    for (int i = 0; i < p->op_count; i++) {
        double luts = op_lut4(p, i, t);
        double bits = p->ops[i].format.width_bits;
        packed[i] = held[i] && p->ops[i].code != OP_CONST ? luts < bits ? luts : bits : 0;
    }
    arena_free(&arena);
}

/* Of a reading port, or a table, in block memories. */
static struct ram_shape op_rams(const struct program *p, int value, const struct target *t)
{
    const struct op *op = &p->ops[value];
    if (!op_reads_block(p, op)) return (struct ram_shape){0, 1};
    if (op->code == OP_TABLE) {
        const struct table *table = &p->tables[op->immediate];
        return target_ram_shape(t, table->count, table->format.width_bits);
    }
    const struct memory *m = &p->memories[op->immediate];
    return target_ram_shape(t, memory_words(m), m->format.width_bits);
}

double estimate_rams(const struct program *p, const struct target *t)
{
    double sum = 0;
    for (int i = 0; i < p->op_count; i++)
        sum += op_rams(p, i, t).count;
    return sum;
}

struct estimate estimate_blocks(const struct program *p, int first, int end, const struct target *t)
{
    struct estimate e = {0};
    struct arena arena = {0};
    double *packed = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *packed), alone;
    if (first >= end) return e;
    int from = p->blocks[first].first, to = p->blocks[end - 1].end;
    estimate_packed_bits(p, t, packed);
    e.ff = alone = (double)program_count(p, from, to).register_bits;
    for (int i = from; i < to; i++) {
        struct ram_shape rams = op_rams(p, i, t);
        e.lut4 += op_lut4(p, i, t) + 0.8 * (rams.deep - 1) * p->ops[i].format.width_bits;
        e.carry += op_carry_bits(p, i);
        e.dsp += op_uses_dsp(p, &p->ops[i], t);
        e.bram += rams.count;
        alone -= packed[i];
    }
    e.cells = t->cells_per_lut * e.lut4 + t->cells_per_ff * (alone > 0 ? alone : 0);
    arena_free(&arena);
    return e;
}

struct estimate estimate_program(const struct program *p, const struct target *t)
{
    struct estimate e = estimate_blocks(p, 0, p->block_count, t);
    e.ff += p->latency_cycles; /* one valid bit a stage */
    e.cells += t->cells_per_ff * p->latency_cycles;
    double path = stage_delay_ns(p, t) + t->clk_to_q_ns + t->setup_ns;
    e.fmax_mhz = path > 0 && 1000 / path < t->max_clock_mhz ? 1000 / path : t->max_clock_mhz;
    return e;
}

/* Cells that a multiplier and a block memory are worth. */
enum { DSP_PRICE = 40, RAM_PRICE = 4 };

double estimate_cost(const struct estimate *e)
{
    return e->cells + DSP_PRICE * e->dsp + RAM_PRICE * e->bram;
}
