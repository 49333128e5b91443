/* See processor.h. The figures are of gcc's code for RV32, -O2, fitted by eye on the examples:
 * `make bench-softcore` prints what they choose beside what is measured. */
#include "compiler/estimate/processor.h"

#include "compiler/emit/roll.h"
#include "compiler/lower/dyadic.h"

#include <math.h>

/* Instructions. */
static const double of_sum = 3.6 /* with its shift and what spills */, of_quantize = 8,
                    of_table = 3, of_choice = 3, of_branch = 1.5, of_bits = 4, of_other = 2;
static const double of_product = 7, of_library_product = 60, of_loop = 12;
/* Without multiplication: a signed digit of a weight, and a plane of digits in a row. */
static const double of_digit = 5.4, of_plane = 9, bytes_of_plane = 3;
static const double bytes_of_instruction = 4;

static double of_multiplication(bool multiplies)
{
    return multiplies ? 3 : of_library_product;
}

static double operation(const struct op *op, bool multiplies)
{
    switch (op->code) {
    case OP_CONST:
    case OP_MATVEC:
    case OP_SHIFT: return 0;
    case OP_INPUT: return 1;
    case OP_ADD:
    case OP_SUB:
    case OP_ADC:
    case OP_SBB:
    case OP_NEG: return of_sum;
    case OP_MUL: return of_multiplication(multiplies);
    case OP_QUANTIZE: return of_quantize;
    case OP_TABLE: return of_table;
    case OP_SELECT:
    case OP_LT:
    case OP_LE:
    case OP_EQ: return of_branch;
    case OP_MIN:
    case OP_MAX: return of_choice;
    case OP_LUT:
    case OP_CONCAT:
    case OP_SLICE:
    case OP_POPCOUNT: return of_bits * (op->operand_count ? op->operand_count : 1);
    default: return of_other;
    }
}

struct processor_cost processor_straight(const struct program *p, bool multiplies)
{
    struct processor_cost cost = {0};
    struct arena arena = {0};
    /* How often each value is computed: an arm of a selection on half of the events. */
    double *share = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *share);
    bool *live = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *live);
    int *readers = arena_alloc(&arena, (size_t)p->op_count + 1, sizeof *readers);
    program_find_live(p, false, live);
    for (int v = 0; v < p->op_count; v++)
        for (int k = 0; live[v] && k < p->ops[v].operand_count; k++)
            readers[p->operands[p->ops[v].operands + k]]++;
    for (int v = 0; v < p->op_count; v++)
        share[v] = 1;
    for (int v = p->op_count - 1; v >= 0; v--) {
        const struct op *op = &p->ops[v];
        for (int k = 0; k < op->operand_count; k++) {
            int operand = p->operands[op->operands + k];
            if (readers[operand] == 1)
                share[operand] = share[v] * (op->code == OP_SELECT && k ? 0.5 : 1);
        }
        if (!live[v]) continue;
        double each = operation(op, multiplies);
        cost.instructions += share[v] * each * p->blocks[program_block_of(p, v)].trip;
        cost.bytes += each * bytes_of_instruction;
    }
    for (int t = 0; t < p->table_count; t++)
        cost.bytes += p->tables[t].count * (p->tables[t].format.width_bits > 8 ? 2 : 1);
    arena_free(&arena);
    return cost;
}

struct processor_cost processor_loops(const struct program *p, bool multiplies, int *matrices)
{
    struct roll *roll = roll_program(p);
    struct processor_cost cost = {0};
    *matrices = roll->matrix_count;
    for (int i = 0; i < roll->step_count; i++) {
        const struct roll_step *step = &roll->steps[i];
        double each = step->statement_count * of_quantize;
        if (step->kind == ROLL_SCALAR) each = of_choice;
        if (step->kind == ROLL_GATHER) each = 2;
        double count = step->kind == ROLL_SCALAR ? 1 : step->count;
        cost.instructions += count * each;
        cost.bytes += bytes_of_instruction * (step->kind == ROLL_GATHER ? count * each : each);
        if (step->kind != ROLL_MATRIX && step->kind != ROLL_LOOP) continue;
        cost.instructions += count * of_loop;
        cost.bytes += bytes_of_instruction * of_loop;
        if (step->kind != ROLL_MATRIX) continue;
        double digits = 0, planes = 0;
        for (long k = 0; k < (long)step->count * step->inputs; k++) {
            signed char places[CSD_MAX_DIGITS];
            digits += csd_count(step->weights[k]);
            planes = fmax(planes, csd_digits(step->weights[k], places));
        }
        planes *= step->count;
        cost.instructions +=
            multiplies ? (double)step->nonzero * of_product : digits * of_digit + planes * of_plane;
        cost.bytes +=
            multiplies ? (double)step->count * step->inputs : digits + planes * bytes_of_plane;
    }
    for (int t = 0; t < roll->table_count; t++)
        cost.bytes += roll->tables[t].count * 2.0;
    roll_free(roll);
    return cost;
}

bool processor_prefers_loops(const struct processor_cost *straight,
                             const struct processor_cost *loops, double memory_bytes)
{
    bool straight_fits = straight->bytes <= memory_bytes, loops_fit = loops->bytes <= memory_bytes;
    if (straight_fits != loops_fit) return loops_fit;
    if (straight_fits) return loops->instructions < straight->instructions;
    return loops->bytes < straight->bytes;
}
