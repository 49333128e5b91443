/* An adder graph as operations of a program. */
#include "compiler/adders/emit_graph.h"

#include <stdlib.h>

/* A node as the program has it: node * 2^unit = value * 2^shift, as real numbers. */
struct emitted {
    int value, shift;
};

static void emit_sum(struct program *p, struct linear_forms *forms, const struct adder_node *node,
                     const struct emitted *nodes, struct emitted *out)
{
    struct emitted a = nodes[node->a], b = nodes[node->b];
    a.shift += node->shift_a;
    b.shift += node->shift_b;
    bool subtracts = node->kind == ADDER_DIFFERENCE;
    /* Of a sum the operand that reaches lower comes first, so that the other is shifted up. */
    int low_a = a.shift - op_fraction(&p->ops[a.value]);
    int low_b = b.shift - op_fraction(&p->ops[b.value]);
    if (!subtracts && low_b < low_a) {
        struct emitted other = a;
        a = b;
        b = other;
    }
    *out = (struct emitted){
        program_add2(p, subtracts ? OP_SUB : OP_ADD, a.value, b.value, b.shift - a.shift), a.shift};
    int64_t lo, hi;
    linear_interval(forms, out->value, &lo, &hi);
    program_narrow(p, out->value, lo, hi);
}

void adder_graph_emit(const struct adder_graph *graph, struct program *p,
                      struct linear_forms *forms, const struct adder_operand *operands,
                      int *results)
{
    struct emitted *nodes = calloc((size_t)graph->node_count + 1, sizeof *nodes);
    if (!nodes) abort();
    for (int i = 0; i < graph->node_count; i++) {
        const struct adder_node *node = &graph->nodes[i];
        if (node->kind == ADDER_INPUT)
            nodes[i] = (struct emitted){operands[node->a].value, operands[node->a].shift};
        else
            emit_sum(p, forms, node, nodes, &nodes[i]);
    }
    for (int j = 0; j < graph->columns; j++) {
        const struct adder_output *out = &graph->outputs[j];
        if (out->node < 0) {
            results[j] = program_add_const(p, 0, 0);
            continue;
        }
        int value = nodes[out->node].value, shift = nodes[out->node].shift + out->shift;
        if (shift) value = program_add_op(p, OP_SHIFT, &value, 1, shift);
        if (out->negative) value = program_add_op(p, OP_NEG, &value, 1, 0);
        results[j] = value;
    }
    free(nodes);
}
