/* Loops as C: states are variables sN, values that later blocks read are declared before the loop.
 */
#include "compiler/emit/emit_c.h"

const bool *c_find_outliving(struct arena *arena, const struct program *p, const bool *live)
{
    bool *outlives = arena_alloc(arena, (size_t)p->op_count + 1, sizeof *outlives);
    for (int v = 0; v < p->op_count; v++) {
        const struct op *op = &p->ops[v];
        const struct op *reader = op->code == OP_RESULT ? program_operand(p, op, 0) : op;
        int first = p->blocks[program_block_of(p, v)].first;
        for (int k = 0; live[v] && k < reader->operand_count; k++)
            if (p->operands[reader->operands + k] < first)
                outlives[c_named(p, p->operands[reader->operands + k])] = true;
    }
    for (int i = 0; i < p->output_count; i++)
        outlives[c_named(p, p->outputs[i].value)] = true;
    for (int v = 0; v < p->op_count; v++)
        if (!block_is_loop(&p->blocks[program_block_of(p, v)])) outlives[v] = false;
    return outlives;
}

/* Values to pick from that do not change in the loop are put side by side before it. */
static void add_choices(struct c_printer *c, const struct block *block, int value)
{
    const struct program *p = c->program;
    const struct op *op = &p->ops[value];
    for (int k = 1; k < op->operand_count; k++)
        if (p->operands[op->operands + k] >= block->first) return;
    c_add_choices(c, value);
}

void c_begin_loop(struct c_printer *c, const struct block *block, const bool *live)
{
    const struct program *p = c->program;
    for (int v = block->first; v < block->end; v++) {
        const struct op *op = &p->ops[v];
        if (!live[v] || op->code == OP_CONST) continue;
        if (c->outlives[v]) text_add(&c->body, "    %s v%d = 0;\n", c_value_type(op), v);
        if (op->code == OP_STATE) {
            text_add(&c->body, "    %s s%d = ", c_value_type(op), v);
            c_add_value(&c->body, p, p->operands[op->operands], false);
            text_add(&c->body, ";\n");
        }
        if (op->code == OP_PICK) add_choices(c, block, v);
    }
    text_add(&c->body, "    for (int i = 0; i < %d; i++) {\n", block->trip);
    c->indent = "        ";
}

void c_end_loop(struct c_printer *c, const struct block *block, const bool *live)
{
    const struct program *p = c->program;
    for (int v = block->first; v < block->end; v++)
        if (live[v] && p->ops[v].code == OP_UPDATE) {
            text_add(&c->body, "        s%d = ", p->operands[p->ops[v].operands]);
            c_add_value(&c->body, p, v, false);
            text_add(&c->body, ";\n");
        }
    text_add(&c->body, "    }\n");
    c->indent = "    ";
}
