/* Dead code: operations that no output depends on. */
#include "compiler/optimize/optimize.h"
#include "compiler/optimize/rewrite.h"

static int keep_live(struct rewrite *r, int value)
{
    const bool *live = r->pass;
    return live[value] ? rewrite_copy(r, value) : -1;
}

struct program *optimize_dead(const struct program *old, const struct target *target)
{
    (void)target;
    struct arena arena = {0};
    bool *live = arena_alloc(&arena, (size_t)old->op_count + 1, sizeof *live);
    for (int i = 0; i < old->output_count; i++)
        live[old->outputs[i].value] = true;
    for (int i = old->op_count - 1; i >= 0; i--) {
        const struct op *op = &old->ops[i];
        live[i] = live[i] || op->code == OP_INPUT;
        for (int k = 0; live[i] && k < op->operand_count; k++)
            live[old->operands[op->operands + k]] = true;
    }
    struct program *program = rewrite_program(old, keep_live, live);
    arena_free(&arena);
    return program;
}
