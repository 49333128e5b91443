/* For processors: all results of a matrix at one fraction, so that what follows is the same
 * operation with the same constants for each of them, and can be a loop. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

static int finest_column(const struct program *p, int matvec)
{
    int finest = INT16_MIN;
    for (int v = 0; v < p->op_count; v++)
        if (p->ops[v].code == OP_RESULT && p->operands[p->ops[v].operands] == matvec &&
            op_fraction(&p->ops[v]) > finest)
            finest = op_fraction(&p->ops[v]);
    return finest;
}

/* Who looks at stored integers gets them as they were. */
static void restore_operands(struct rewrite *r, const struct op *op)
{
    for (int i = 0; i < op->operand_count; i++) {
        int operand = r->old->operands[op->operands + i];
        struct format before = r->old->ops[operand].format;
        if (!format_same_bits(before, r->program->ops[r->map[operand]].format))
            r->map[operand] = program_add_quantize(r->program, r->map[operand], before);
    }
}

static int align(struct rewrite *r, int value)
{
    const struct op *op = &r->old->ops[value];
    const int *finest = r->pass;
    if (op_reads_bits(op->code) || op->code == OP_TABLE) restore_operands(r, op);
    int copy = rewrite_copy(r, value);
    if (op->code != OP_RESULT) return copy;
    int up = finest[r->old->operands[op->operands]] - op_fraction(op);
    struct format format = op->format;
    format.width_bits += up;
    if (up <= 0 || format.width_bits > 31) return copy;
    return program_add_quantize(r->program, copy, format);
}

struct program *optimize_lanes(const struct program *old, const struct target *target)
{
    (void)target;
    struct arena arena = {0};
    int *finest = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *finest);
    for (int v = 0; v < old->op_count; v++)
        if (old->ops[v].code == OP_MATVEC) finest[v] = finest_column(old, v);
    struct program *program = rewrite_program(old, align, finest);
    for (int i = 0; i < old->output_count; i++) {
        struct port *port = &program->outputs[i];
        struct format before = old->ops[old->outputs[i].value].format;
        if (!format_same_bits(before, program->ops[port->value].format))
            port->value = program_add_quantize(program, port->value, before);
    }
    arena_free(&arena);
    return program;
}
