/* Resources and clock of a scheduled program before synthesis: sums over operation classes with the
 * target's fitted coefficients. */
#include "compiler/estimate/estimate.h"

#include "compiler/schedule/schedule.h"

#include <assert.h>
#include <math.h>

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

/* A table of up to lut_inputs address bits. */
static double truth_luts(const struct program *p, const struct op *op)
{
    const struct op *a = program_operand(p, op, 0);
    const struct table *table = &p->tables[op->immediate];
    int address_bits = a->format.width_bits, width = op->format.width_bits;
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

static bool is_truth_table(const struct op *argument, const struct target *t)
{
    return argument->format.width_bits <= t->lut_inputs && argument->format.width_bits <= 6;
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

/* LUTs of the operation by themselves, as the small circuits of tools/fit-delay-model say. */
static void add_luts(const struct program *p, int value, const struct target *t,
                     double luts[LUT_CLASS_COUNT])
{
    const struct op *op = &p->ops[value];
    int carry = op_carry_bits(p, value), width = op->format.width_bits;
    double select = t->lut_per_select_bit * width;
    if (op_is_complement(p, value)) {
        if (!op_is_merged_complement(p, value)) luts[LUT_logic] += select;
        return;
    }
    switch (op->code) {
    case OP_ADD: luts[LUT_adder] += t->lut_per_adder_bit * carry; break;
    case OP_ADC: luts[LUT_serial] += t->lut_per_adder_bit * carry; break;
    case OP_SBB: luts[LUT_serial] += t->lut_per_subtractor_bit * carry; break;
    case OP_SUB:
    case OP_NEG: luts[LUT_subtractor] += t->lut_per_subtractor_bit * carry; break;
    case OP_LT:
    case OP_LE: luts[LUT_compare] += t->lut_per_compare_bit * carry; break;
    case OP_EQ:
        luts[LUT_compare] +=
            t->lut_per_compare_bit * program_operand(p, op, 0)->format.width_bits / 3;
        break;
    case OP_MIN:
    case OP_MAX:
        luts[LUT_compare] += t->lut_per_compare_bit * carry;
        luts[carry ? LUT_select : LUT_relu] += select;
        break;
    case OP_SELECT: {
        uint64_t changed;
        luts[LUT_select] += t->lut_per_select_bit * op_changed_bits(p, value, &changed);
        break;
    }
    case OP_AND:
    case OP_OR:
    case OP_XOR:
    case OP_NOT: luts[LUT_logic] += select; break;
    case OP_QUANTIZE:
        luts[LUT_round] += t->lut_per_adder_bit * carry;
        luts[LUT_limit] += t->lut_per_select_bit * limited_bits(op);
        break;
    case OP_TABLE: {
        const struct table *table = &p->tables[op->immediate];
        const struct op *a = program_operand(p, op, 0);
        if (table->in_block) break;
        if (a->code == OP_INDEX)
            luts[LUT_loop] += index_table_luts(table, width, t);
        else if (is_truth_table(a, t))
            luts[LUT_truth] += truth_luts(p, op);
        else
            luts[LUT_table] += estimate_table_luts(p, op, t);
        break;
    }
    case OP_MUL:
        if (!op_uses_dsp(p, op, t))
            luts[LUT_multiply] +=
                t->lut_per_adder_bit * carry * (double)program_operand(p, op, 1)->format.width_bits;
        break;
    case OP_POPCOUNT:
        luts[LUT_adder] += t->lut_per_adder_bit * program_operand(p, op, 0)->format.width_bits;
        break;
    case OP_PICK:
        luts[LUT_pick] +=
            op_picks_in_one_lut(p, value, t) ? width : width * (op->operand_count - 1) / 2.0;
        break;
    case OP_LOAD: luts[LUT_pick] += load_luts(p, op, t); break;
    case OP_STATE: /* a multiplexer in front of what starts from a value */
        if (program_operand(p, op, 0)->code != OP_CONST) luts[LUT_select] += select;
        break;
    case OP_UPDATE: { /* zero instead of what else comes is the register's reset */
        const struct op *next = program_operand(p, op, 1);
        uint64_t changed;
        if (next->code == OP_SELECT && op_is_zero(program_operand(p, next, 1)))
            luts[LUT_select] -=
                t->lut_per_select_bit * op_changed_bits(p, p->operands[op->operands + 1], &changed);
        break;
    }
    case OP_INDEX: luts[LUT_loop] += width; break;
    case OP_LUT: /* two LUTs and a multiplexer behind them for each operand more */
        luts[LUT_truth] += op->operand_count > 4 ? op->operand_count > 5 ? 4 : 2 : 1;
        break;
    case OP_INPUT:
    case OP_CONST:
    case OP_SHIFT:
    case OP_MATVEC:
    case OP_RESULT:
    case OP_CONCAT:
    case OP_STORE:
    case OP_SLICE: break;
    case OP_COUNT: assert(!"an operation");
    }
}

double op_lut4(const struct program *p, int value, const struct target *t)
{
    double luts[LUT_CLASS_COUNT] = {0}, sum = 0;
    add_luts(p, value, t, luts);
    for (int k = 0; k < LUT_CLASS_COUNT; k++)
        sum += t->lut_factors[k] * luts[k];
    return sum;
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
        const struct op *op = &p->ops[i];
        double luts = op_lut4(p, i, t);
        double bits = op->format.width_bits;
        packed[i] = held[i] && op->code != OP_CONST ? luts < bits ? luts : bits : 0;
    }
    arena_free(&arena);
}

static bool reads_block_memory(const struct program *p, const struct op *op)
{
    if (op->code == OP_TABLE) return p->tables[op->immediate].in_block;
    return op->code == OP_LOAD && p->memories[op->immediate].kind == MEMORY_BLOCK;
}

/* Of a reading port, or a table, in block memories. */
static struct ram_shape op_rams(const struct program *p, int value, const struct target *t)
{
    const struct op *op = &p->ops[value];
    if (!reads_block_memory(p, op)) return (struct ram_shape){0, 1};
    if (op->code == OP_TABLE) {
        const struct table *table = &p->tables[op->immediate];
        return target_ram_shape(t, table->count, table->format.width_bits);
    }
    const struct memory *m = &p->memories[op->immediate];
    return target_ram_shape(t, memory_words(m), memory_word_bits(p, m));
}

double estimate_rams(const struct program *p, const struct target *t)
{
    double sum = 0;
    for (int i = 0; i < p->op_count; i++)
        sum += op_rams(p, i, t).count;
    return sum;
}

double op_memory_bits(const struct program *p, int value)
{
    if (p->ops[value].code != OP_STORE) return 0;
    const struct memory *m = &p->memories[p->ops[value].immediate];
    bool is_of_registers = m->kind == MEMORY_REGISTERS || m->kind == MEMORY_DELAY;
    return is_of_registers ? (double)m->slots * m->format.width_bits : 0;
}

int op_state_bits(const struct program *p, int value)
{
    return p->ops[value].code == OP_STATE ? p->ops[value].format.width_bits : 0;
}

void estimate_find_parts(const struct program *p, int first, int end, const struct target *t,
                         struct estimate_parts *parts)
{
    *parts = (struct estimate_parts){0};
    if (first >= end) return;
    struct arena arena = {0};
    double *packed = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *packed);
    int from = p->blocks[first].first, to = p->blocks[end - 1].end;
    estimate_packed_bits(p, t, packed);
    parts->register_bits = (double)program_count(p, from, to).register_bits;
    for (int i = from; i < to; i++) {
        add_luts(p, i, t, parts->luts);
        parts->memory_bits += op_memory_bits(p, i);
        parts->state_bits += op_state_bits(p, i);
        parts->carry += op_carry_bits(p, i);
        parts->dsp += op_uses_dsp(p, &p->ops[i], t);
        parts->bram += op_rams(p, i, t).count;
        parts->packed_bits += packed[i];
    }
    arena_free(&arena);
}

double estimate_cells(double luts, double registers, double packed, double states,
                      const struct target *t)
{
    return t->cells_per_lut * t->cells_of_luts * luts +
           t->cells_per_ff * (t->cells_of_registers * registers - t->cells_of_packed * packed +
                              t->cells_of_states * states);
}

struct estimate estimate_of_parts(const struct estimate_parts *parts, double path_ns,
                                  const struct target *t)
{
    struct estimate e = {.carry = parts->carry,
                         .dsp = parts->dsp,
                         .bram = parts->bram + parts->guards.bram,
                         .lut4 = parts->guards.luts};
    for (int k = 0; k < LUT_CLASS_COUNT; k++)
        e.lut4 += t->lut_factors[k] * parts->luts[k];
    double registers = t->ff_of_values * parts->register_bits +
                       t->ff_of_memories * parts->memory_bits + parts->valid_bits +
                       parts->guards.registers;
    double states = t->ff_of_states * parts->state_bits;
    e.ff = registers + states;
    e.cells = estimate_cells(e.lut4, registers, parts->packed_bits, states, t);
    if (path_ns > 0) {
        double stage_mhz = 1000 / path_ns, most = stage_mhz * t->fmax_of_multipliers;
        e.fmax_mhz = stage_mhz * t->fmax_scale * pow(fmax(e.lut4, 1), t->fmax_size);
        if (e.dsp > 0 && e.fmax_mhz > most) e.fmax_mhz = most;
        if (e.fmax_mhz > t->max_clock_mhz) e.fmax_mhz = t->max_clock_mhz;
    }
    return e;
}

struct estimate estimate_blocks(const struct program *p, int first, int end, const struct target *t)
{
    struct estimate_parts parts;
    estimate_find_parts(p, first, end, t, &parts);
    return estimate_of_parts(&parts, 0, t);
}

struct estimate estimate_program(const struct program *p, const struct target *t)
{
    struct estimate_parts parts;
    estimate_find_parts(p, 0, p->block_count, t, &parts);
    parts.valid_bits = p->latency_cycles;
    if (p->protect) parts.guards = estimate_find_guards(p, t);
    return estimate_of_parts(&parts, estimate_path_ns(p, t), t);
}

double estimate_path_ns(const struct program *p, const struct target *t)
{
    return stage_delay_ns(p, t) + t->clk_to_q_ns + t->setup_ns;
}

/* Cells that a multiplier and a block memory are worth. */
enum { DSP_PRICE = 40, RAM_PRICE = 4 };

double estimate_cost(const struct estimate *e)
{
    return e->cells + DSP_PRICE * e->dsp + RAM_PRICE * e->bram;
}
